"""The stage `cleaning` of one video: what its rule, `choreo clean` and a script call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from choreo.cleaning.retime import clean_at_frame_times, times_taken
from choreo.cleaning.warning import warning
from choreo.pose.track import PoseTrack


def clean_track(
    before: PoseTrack,
    *,
    probe: str | Path | None = None,
    item: str = "",
    **settings: Any,
) -> tuple[PoseTrack, dict]:
    """Clean a track, bring it to the times of its frames, and say what became of it.

    Parameters
    ----------
    before : PoseTrack
        As the estimator gave it.
    probe : str or Path, optional
        The JSON that `choreo.videos.standardise.standardise` wrote beside the video, where poses
        may belong to other times than their frames.
    item : str
        The video, as people know it.
    **settings
        Of `choreo.cleaning.clean.clean`.

    Returns
    -------
    after : PoseTrack
    record : dict
        Of `choreo.cleaning.retime.clean_at_frame_times`, and as ``warning`` that of
        `choreo.cleaning.warning.warning`.

    Raises
    ------
    ItemError
        Where the track can't be cleaned, or the probe is of another video.
    """
    after, record = clean_at_frame_times(before, times_taken(probe) if probe else None, **settings)
    record["warning"] = warning(before, after, record, item)
    return after, record
