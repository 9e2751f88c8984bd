"""Any video as the ground that poses found in it are drawn on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from choreo.errors import ItemError
from choreo.files.temporary import temporary_folder
from choreo.videos.source import look
from choreo.videos.standardise import standard_size, standardise

if TYPE_CHECKING:
    from choreo.pose.track import PoseTrack


@contextlib.contextmanager
def as_tracked(
    video: str | Path, track: PoseTrack | None = None
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Bring a video to the size and rate of a track that was found in it.

    Whatever is drawn on a user's own file is drawn on this: upright, of square pixels and
    of a constant rate, so that frame i of the track belongs to picture i.

    Parameters
    ----------
    video : str or Path
        The video or its original: of odd size, turned, of another size or rate.
    track : PoseTrack, optional
        Without it the video keeps its size, and its rate where that is even.

    Yields
    ------
    path : Path
        The standardised video, which is gone after the block.
    known : dict
        ``size`` (width and height, the track's own; of an odd one the video has a column or
        row more, as `choreo.media.read_frames` knows), ``fps`` and decoded ``frames``.

    Raises
    ------
    ItemError
        Where the video can't be read, or is not one in which the track can have been found.
    """
    height = None
    if track is not None:
        picture = look(video).picture
        own = picture and standard_size(picture.size, picture.sample_aspect)
        if picture and not _holds(own, track.size):
            height = track.size[1]
    with temporary_folder() as folder:
        made = folder / "video.mp4"
        probe = standardise(
            video,
            video=made,
            audio=made.with_suffix(".wav"),
            probe=made.with_suffix(".json"),
            fps=track.fps if track is not None else None,
            height=height,
            require_sound=False,
            min_seconds=0.0,
        )
        size, frames = (probe["width"], probe["height"]), probe["frames"]
        if track is not None:
            if not _holds(size, track.size) or len(track) > frames:
                raise ItemError(
                    f"the track has {len(track)} frames of {track.size[0]}x{track.size[1]}, the "
                    f"video {frames} of {size[0]}x{size[1]}",
                    where=video,
                    remedy="Give the video in which it was found",
                )
            size = track.size
        yield made, {"size": size, "fps": probe["fps"], "frames": frames}


def _holds(size, tracked):
    """Tell whether a track's picture is a video's, but for a padded column and row."""
    return all(0 <= new - old <= old % 2 for new, old in zip(size, tracked))
