"""From a file to the dataset's chunks: picture and sound stay within 10 ms."""

import numpy as np
import pytest
from flash_and_click import chain, make


@pytest.mark.parametrize(
    "kind",
    [
        {"rate": "30000/1001", "sample_rate": 44_100},
        {"rate": "25", "sample_rate": 48_000, "channels": 1, "late": 0.7},
        {"rate": "60", "sample_rate": 48_000, "channels": 6, "early_end": 20},
    ],
)
def test_flash_and_click_in_the_dataset(kind, tmp_path):
    clip, times = make(tmp_path / "clip.mp4", **kind)
    found = chain(clip, times, tmp_path / "out")
    assert len(found.times) >= 5
    assert len(found.flash_times) >= 1
    assert len(found.chunk_times) >= 4
    for name in ("flash", "sound", "chunk_sound"):
        assert np.abs(getattr(found, name)).max() < 0.010, name
    # 29.97 and 30 fps drift apart: a frame then shows a picture that is up to half a frame off.
    grid = 1 / 60 if kind["rate"] == "30000/1001" else 0.010
    for name in ("picture", "pose"):
        assert np.abs(getattr(found, name)).max() < grid, name
        assert abs(getattr(found, name).mean()) < 0.010, name


def test_a_shift_is_measured(tmp_path):
    """The measure itself: a click 0.1 s late is 0.1 s late at every place."""
    clip, times = make(tmp_path / "clip.mp4", late=0.5)
    found = chain(clip, times - 0.1, tmp_path / "out")
    for name in ("picture", "sound", "pose", "chunk_sound"):
        assert np.median(getattr(found, name)) == pytest.approx(0.1, abs=0.01), name


@pytest.mark.parametrize("rate", ["24000/1001", "25", "30000/1001"])
def test_the_source_s_own_frame_rate_has_no_drift(rate, tmp_path):
    clip, times = make(tmp_path / "clip.mp4", rate=rate)
    found = chain(clip, times, tmp_path / "out", fps=None)
    assert np.abs(found.picture).max() < 0.001
    assert np.abs(found.pose).max() < 0.002
