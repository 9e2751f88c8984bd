"""Whether cleaning keeps the dance: motion beats before and after."""

from typing import Any

import mir_eval
import numpy as np

from choreo.beats.motion import motion_beats
from choreo.cleaning.gaps import fill_linearly
from choreo.comparison.quality import check_same_video
from choreo.pose.misdetections import joints_in_use
from choreo.pose.track import PoseTrack

WINDOW_SECONDS = 0.07
"""Two beats are the same within this, the usual window of the beat-tracking literature."""


def _beats(track, joints):
    filled = fill_linearly(track.keypoints[:, joints].astype(float))
    return motion_beats(filled[None], track.fps)[0]


def beat_f(reference, track):
    """F-measure of a track's motion beats against those of another one.

    Parameters
    ----------
    reference, track : PoseTrack
        Of the same video and skeleton. Frames without a joint are filled linearly, and
        joints that either never gives are left out.

    Returns
    -------
    float or None
        None where the reference has no motion beat.
    """
    joints = joints_in_use(reference.keypoints) & joints_in_use(track.keypoints)
    true, found = _beats(reference, joints), _beats(track, joints)
    if not len(true):
        return None
    if not len(found):
        return 0.0
    # The whole clip counts: leaving out its first 5 seconds, as is usual for music, would
    # drop a good part of a short one.
    return float(mir_eval.beat.f_measure(true, found, f_measure_threshold=WINDOW_SECONDS))


def beats_record(
    before: PoseTrack, after: PoseTrack, truth: PoseTrack | None = None
) -> dict[str, Any]:
    """Motion beats of a track before and after cleaning.

    Parameters
    ----------
    before, after : PoseTrack
    truth : PoseTrack, optional
        True joints of the same video, of any skeleton.

    Returns
    -------
    dict
        JSON values; None where undefined.

        before, after : number of motion beats
        f_of_before : F-measure (70 ms) of those after against those before: 1 where
            cleaning moved none; false beats that it removed count as lost
        f_of_truth_before, f_of_truth_after : with `truth`, F-measures against its motion
            beats

    Raises
    ------
    ItemError
        Where the truth is of another video.
    """
    if truth is not None:
        check_same_video(before, truth)
    joints = joints_in_use(before.keypoints) & joints_in_use(after.keypoints)
    record = {
        "before": len(_beats(before, joints)),
        "after": len(_beats(after, joints)),
        "f_of_before": beat_f(before, after),
    }
    if truth is not None:
        for name, track in (("before", before), ("after", after)):
            record[f"f_of_truth_{name}"] = beat_f(_same_joints(truth, track), track)
    return record


def _same_joints(truth, track):
    """The truth's positions in the order of the track's skeleton; NaN where it has none."""
    keypoints = np.full(track.keypoints.shape, np.nan)
    for index, joint in enumerate(track.joints.joints):
        if joint in truth.joints.joints:
            keypoints[:, index] = truth.keypoints[:, truth.joints.index(joint)]
    scores = np.full(keypoints.shape[:2], np.nan)
    return track.with_(keypoints=keypoints, scores=scores, repaired=None)
