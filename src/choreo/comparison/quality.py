"""Quality of one pose track: the counts of Table 1, and the error where truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from choreo.choices import METHODS
from choreo.comparison import released_counts
from choreo.errors import ConfigError, ItemError, check_known
from choreo.pose.misdetections import (
    THRESHOLD_PX,
    flag_misdetections,
    joints_in_use,
    missing_frames,
    partial_frames,
)
from choreo.pose.size import height_px, torso_px
from choreo.pose.track import PoseTrack
from choreo.statistics.summaries import median

PCK_FRACTIONS = (0.05, 0.1)
"""Fractions of the torso within which a joint counts as correct."""

OPENPOSE = ("body25", "openpose18")
"""Skeletons whose `released` counts follow OpenPose's rules."""

WRONG_TORSO = 0.5
"""A frame is truly wrong where some joint is further than this from the truth, in torsos."""


def quality(
    track: PoseTrack,
    *,
    method: str = "thesis",
    threshold_px: float = THRESHOLD_PX,
    threshold_height: float | None = None,
    counts: dict[str, Any] | None = None,
    truth: PoseTrack | None = None,
) -> dict[str, Any]:
    """Count missing frames and incorrect detections of a track, and average its confidence.

    Parameters
    ----------
    track : PoseTrack
        As the estimator gave it, before cleaning.
    method : {"thesis", "released"}
        ``thesis``: section 3.4, eq. (1)-(2) over the decoded frames (see
        `choreo.pose.misdetections.flag_misdetections` for what happens at gaps and at the
        start). ``released``: the rules of the thesis's code (see
        `choreo.comparison.released_counts`), with its own 100 px: OpenPose's for a track in
        one of OpenPose's skeletons (`body25`, `openpose18`), else AlphaPose's.
    threshold_px : float
        For ``thesis``, pixels.
    threshold_height : float, optional
        The same as a fraction of the dancer's height (see `height_px`), which does not
        depend on the resolution; it takes the place of `threshold_px`. Where no frame
        shows the whole height, no move is too far.
    counts : dict, optional
        For ``released``, what `choreo.comparison.released_counts.count_people` gives for the
        tool's own file. That code counted the first person of each frame, repeated entries
        included, which the track of the chosen dancer no longer has. Without it the frames
        of the track stand for the entries.
    truth : PoseTrack, optional
        The true track, for `truth` in the record (see `against_truth`).

    Returns
    -------
    dict
        JSON values; None where undefined.

        method, threshold_px : as used
        height_px : median height of the dancer in this track
        threshold_height : the threshold as a fraction of it
        frames : decoded frames
        joints, joints_given : joints of the skeleton, and those that the estimator gives
            at least once; the others are no misses and no part of eq. (1)
        missing : decoded frames with nobody
        incorrect : frames flagged by eq. (1)-(2), those with a joint missing included
        partial : the latter alone
        confidence : mean confidence over all given joints
        confidence_with_misses : the same with absent joints and missing frames as 0; not
            for ``released``, whose mean is another one
        detection_rate : given joints of all joints in use in all decoded frames
        counted_from : only for ``released``, "file" or "track": what missing, incorrect
            and confidence are from. All else is of the track

    Raises
    ------
    ConfigError
        For an unknown method, and for a threshold of one's own with ``released``.
    ItemError
        Where ``released`` is undefined.
    """
    record = _counted(track, method, threshold_px, threshold_height, counts)
    return record if truth is None else record | {"truth": against_truth(track, truth)}


def _counted(track, method, threshold_px, threshold_height, counts):
    check_known(method, METHODS, what="method of comparison")
    if method == "released" and (threshold_px, threshold_height) != (THRESHOLD_PX, None):
        raise ConfigError(
            f"method released has a threshold of its own, {released_counts.THRESHOLD_PX:g} px",
            remedy="Leave the threshold out, or use method thesis",
        )
    height = median(height_px(track))
    if threshold_height is not None:
        threshold_px = threshold_height * height if height else np.inf
    in_use = joints_in_use(track.keypoints)
    keypoints = track.keypoints[:, in_use]
    given = track.given[:, in_use]
    scores = np.where(given, track.scores[:, in_use], np.nan).astype(float)
    scored = np.isfinite(scores)
    result = {
        "method": method,
        "frames": len(track),
        "joints": len(in_use),
        "joints_given": int(in_use.sum()),
        "partial": int(partial_frames(keypoints).sum()),
        "detection_rate": float(given.mean()) if given.size else None,
    }
    if method == "released":
        result |= _threshold(released_counts.THRESHOLD_PX, height)
        result["counted_from"] = "track" if counts is None else "file"
        counts = _released(track) if counts is None else counts
        return result | {key: counts[key] for key in ("missing", "incorrect", "confidence")}
    result |= _threshold(threshold_px, height)
    return result | {
        "missing": int(missing_frames(keypoints).sum()),
        "incorrect": int(flag_misdetections(keypoints, threshold_px).sum()),
        "confidence": float(scores[scored].mean()) if scored.any() else None,
        "confidence_with_misses": float(scores[scored].sum() / scores.size)
        if scored.any()
        else None,
    }


def _released(track):
    """Counts of the released code; for OpenPose a joint never given is always 0, 0."""
    present = np.flatnonzero(~missing_frames(track.keypoints))
    keypoints = np.where(track.given[..., None], track.keypoints, np.nan)[present].astype(float)
    scores = np.where(track.given, track.scores, np.nan)[present].astype(float)
    if track.skeleton in OPENPOSE:
        return released_counts.count_openpose(present.tolist(), keypoints, scores, len(track))
    # AlphaPose gives all its joints: what is never given is none of them (MediaPipe's head).
    used = joints_in_use(track.keypoints)
    return released_counts.count_alphapose(present.tolist(), keypoints[:, used], scores[:, used])


def _threshold(pixels, height):
    """Threshold in pixels and in heights."""
    finite = bool(np.isfinite(pixels))
    return {
        "threshold_px": float(pixels) if finite else None,
        "threshold_height": float(pixels / height) if finite and height else None,
        "height_px": height,
    }


def check_same_video(track, other, what="track and truth"):
    """Refuse two tracks that can't be of the same standardised video.

    Parameters
    ----------
    track, other : PoseTrack
    what : str
        What they are, for the message.

    Raises
    ------
    ItemError
        Where the number of frames, the picture or the frame rate differs.
    """
    for name, ours, theirs in (
        ("frames", len(track), len(other)),
        ("size", track.size, other.size),
        ("frames a second", round(track.fps, 6), round(other.fps, 6)),
    ):
        if ours != theirs:
            raise ItemError(
                f"{what} differ in {name}: {ours} and {theirs}",
                remedy="Both must be of the same standardised video",
            )


def shared_joints(track, other):
    """Joints that two skeletons have by the same name and that both tracks give at least once.

    Parameters
    ----------
    track, other : PoseTrack
        One in which nobody was found at all is taken to miss every joint that it has.

    Returns
    -------
    ours, theirs : ndarray of int, shape (n,)
        Their indices.
    """
    used, used_there = (
        found if found.any() else ~found
        for found in (joints_in_use(t.keypoints) for t in (track, other))
    )
    found = [
        (i, other.joints.index(joint))
        for i, joint in enumerate(track.joints.joints)
        if joint in other.joints.joints and used[i] and used_there[other.joints.index(joint)]
    ]
    return tuple(np.array(found, int).reshape(-1, 2).T)


def joint_distances(track, other):
    """Distance between the joints that two tracks share.

    Parameters
    ----------
    track, other : PoseTrack
        Of the same video.

    Returns
    -------
    ndarray of float, shape (T, n)
        Pixels, over `shared_joints`; NaN where either has no joint.
    """
    ours, theirs = shared_joints(track, other)
    return np.linalg.norm(
        track.keypoints[:, ours].astype(float) - other.keypoints[:, theirs], axis=-1
    )


def against_truth(track, truth):
    """Error of a track against the true joints.

    Parameters
    ----------
    track : PoseTrack
    truth : PoseTrack
        True joints of the same frames, in any skeleton.

    Returns
    -------
    dict
        JSON values; None where undefined.

        joints_compared : joints that both skeletons have under the same name and that
            both tracks give at least once
        error_px : mean distance in pixels over the joints that both give
        error_torso : the same in units of the true torso of the clip (the median over
            frames of the distance between the shoulders' and the hips' midpoints), which
            does not depend on the resolution
        pck_0_05, pck_0_1 : fraction of the true joints for which the track gives one
            within 0.05 or 0.1 of that torso; an absent joint is wrong

    Raises
    ------
    ItemError
        Where the two do not have the same frames or picture.
    """
    check_same_video(track, truth)
    _, theirs = shared_joints(track, truth)
    distance = joint_distances(track, truth)
    true = truth.given[:, theirs]
    torso = median(torso_px(truth)) or np.nan
    both = np.isfinite(distance)
    result = {
        "joints_compared": len(theirs),
        "error_px": float(distance[both].mean()) if both.any() else None,
        "error_torso": float(distance[both].mean() / torso) if both.any() and torso > 0 else None,
    }
    for fraction in PCK_FRACTIONS:
        key = f"pck_{fraction}".replace(".", "_")
        right = distance <= fraction * torso  # False for NaN: an absent joint is wrong
        result[key] = float(right[true].mean()) if true.any() and torso > 0 else None
    return result


def flags_against_truth(track, truth, *, threshold_px=THRESHOLD_PX, wrong_torso=WRONG_TORSO):
    """Hold eq. (1)-(2) itself to the truth: whether it flags the frames that are wrong.

    Only over the joints that track and truth share, so that both mean the same joints, and
    over frames in which the track gives all of them: the thesis calls a partial frame
    incorrect by a rule of its own.

    Parameters
    ----------
    track, truth : PoseTrack
        Of the same video.
    threshold_px : float
        Of eq. (1), pixels.
    wrong_torso : float
        A frame is truly wrong where some joint is further from the truth than this
        fraction of the clip's true torso.

    Returns
    -------
    dict
        Numbers of frames `wrong`, `flagged`, `wrong_and_flagged`, and `precision`
        (wrong / flagged) and `recall` (flagged / wrong); None where nothing is flagged or
        nothing is wrong.

    Raises
    ------
    ItemError
        Where the two do not have the same frames or picture.
    """
    check_same_video(track, truth)
    ours, _ = shared_joints(track, truth)
    keypoints = track.keypoints[:, ours]
    judged = track.given[:, ours].all(1) if len(ours) else np.zeros(len(track), bool)
    limit = wrong_torso * (median(torso_px(truth)) or np.nan)
    wrong = judged & (joint_distances(track, truth) > limit).any(1)
    flagged = judged & flag_misdetections(keypoints, threshold_px)
    both = int((wrong & flagged).sum())
    return {
        "wrong": int(wrong.sum()),
        "flagged": int(flagged.sum()),
        "wrong_and_flagged": both,
        "precision": both / int(flagged.sum()) if flagged.any() else None,
        "recall": both / int(wrong.sum()) if wrong.any() else None,
    }
