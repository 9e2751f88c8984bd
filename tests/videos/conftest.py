"""Standardise a file and read back what came of it."""

import pytest

from choreo import media
from choreo.videos.audio import read_song
from choreo.videos.standardise import standardise


@pytest.fixture
def run(tmp_path):
    """Standardise a file, at 30 fps: returns the probe, the frames (T, H, W, 3) and the song."""

    def standardised(source, **options):
        out = {kind: tmp_path / "out" / f"clip.{kind}" for kind in ("mp4", "wav", "json")}
        probe = standardise(
            source,
            video=out["mp4"],
            audio=out["wav"],
            probe=out["json"],
            **{"min_seconds": 1.0, "fps": 30.0, **options},
        )
        frames = list(media.read_frames(out["mp4"], (probe["width"], probe["height"])))
        return probe, frames, read_song(out["wav"])

    standardised.folder = tmp_path / "out"
    return standardised
