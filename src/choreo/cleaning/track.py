"""The stage `cleaning` of one video: what its rule, `choreo clean` and a script call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from choreo.cleaning.beats import beats_record
from choreo.cleaning.retime import clean_at_frame_times, times_taken
from choreo.cleaning.warning import warning
from choreo.comparison.quality import check_same_video
from choreo.pose.track import PoseTrack


def clean_track(
    before: PoseTrack,
    *,
    probe: str | Path | None = None,
    truth: PoseTrack | None = None,
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
    truth : PoseTrack, optional
        The true joints of the same video, for its motion beats.
    item : str
        The video, as people know it.
    **settings
        Of `choreo.cleaning.clean.clean`.

    Returns
    -------
    after : PoseTrack
    record : dict
        Of `choreo.cleaning.retime.clean_at_frame_times`, and as ``motion_beats`` that of
        `choreo.cleaning.beats.beats_record`, as ``warning`` that of
        `choreo.cleaning.warning.warning`.

    Raises
    ------
    ItemError
        Where the track can't be cleaned, or probe or truth are of another video.
    """
    if truth is not None:
        check_same_video(before, truth)
    after, record = clean_at_frame_times(before, times_taken(probe) if probe else None, **settings)
    record["motion_beats"] = beats_record(before, after, truth)
    record["warning"] = warning(before, after, record, item)
    return after, record
