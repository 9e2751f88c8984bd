"""Quality of one pose track: the counts of Table 1, and the error where truth is known."""

import numpy as np

from choreo.comparison import released
from choreo.displacement import (
    THRESHOLD_PX,
    flag_misdetections,
    joints_in_use,
    missing_frames,
    partial_frames,
)
from choreo.errors import ConfigError, ItemError

PCK_FRACTIONS = (0.05, 0.1)
"""Fractions of the torso within which a joint counts as correct."""


def quality(track, *, method="thesis", threshold_px=THRESHOLD_PX):
    """Count missing frames and incorrect detections of a track, and average its confidence.

    Parameters
    ----------
    track : PoseTrack
        As the estimator gave it, before cleaning.
    method : {"thesis", "released"}
        ``thesis``: section 3.4, eq. (1)-(2) over the decoded frames (see
        `choreo.displacement.flag_misdetections` for what happens at gaps and at the
        start). ``released``: the rules of the thesis's code (see
        `choreo.comparison.released`), with its own 100 px. The frames of the track stand
        for the entries of AlphaPose's file, by whose rules every estimator is counted.
    threshold_px : float
        For ``thesis``, pixels.

    Returns
    -------
    dict
        JSON values; None where undefined.

        method, threshold_px : as used
        frames : decoded frames
        joints, joints_given : joints of the skeleton, and those that the estimator gives
            at least once; the others are no misses and no part of eq. (1)
        missing : decoded frames with nobody
        incorrect : frames flagged by eq. (1)-(2), those with a joint missing included
        partial : the latter alone
        confidence : mean confidence over all given joints
        confidence_with_misses : the same with absent joints and missing frames as 0
        detection_rate : given joints of all joints in use in all decoded frames

    Raises
    ------
    ConfigError
        For an unknown method.
    ItemError
        Where ``released`` is undefined.
    """
    if method not in ("thesis", "released"):
        raise ConfigError(
            "unknown method of comparison", value=method, remedy="Use thesis or released"
        )
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
        "confidence_with_misses": float(scores[scored].sum() / scores.size)
        if scored.any()
        else None,
        "detection_rate": float(given.mean()) if given.size else None,
    }
    if method == "released":
        present = np.flatnonzero(~missing_frames(keypoints))
        counts = released.count_alphapose(
            present.tolist(), keypoints[present].astype(float), scores[present]
        )
        return result | {
            "threshold_px": released.THRESHOLD_PX,
            "missing": counts["missing"],
            "incorrect": counts["incorrect"],
            "confidence": counts["confidence"],
        }
    return result | {
        "threshold_px": float(threshold_px),
        "missing": int(missing_frames(keypoints).sum()),
        "incorrect": int(flag_misdetections(keypoints, threshold_px).sum()),
        "confidence": float(scores[scored].mean()) if scored.any() else None,
    }


def torso_px(track):
    """Length of the torso in each frame: shoulders' midpoint to hips' midpoint.

    Parameters
    ----------
    track : PoseTrack

    Returns
    -------
    ndarray of float, shape (T,)
        Pixels; NaN where one of the four joints is absent.
    """
    corner = {
        joint: track.keypoints[:, track.joints.index(joint)].astype(float)
        for joint in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
    }
    shoulders = (corner["left_shoulder"] + corner["right_shoulder"]) / 2
    hips = (corner["left_hip"] + corner["right_hip"]) / 2
    return np.hypot(*(shoulders - hips).T)


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
            the track gives at least once
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
    for name, ours, theirs in (
        ("frames", len(track), len(truth)),
        ("size", track.size, truth.size),
        ("frames a second", round(track.fps, 6), round(truth.fps, 6)),
    ):
        if ours != theirs:
            raise ItemError(
                f"track and truth differ in {name}: {ours} and {theirs}",
                remedy="Both must be of the same standardised video",
            )
    used = joints_in_use(track.keypoints)
    shared = [
        (i, truth.joints.index(joint))
        for i, joint in enumerate(track.joints.joints)
        if joint in truth.joints.joints and used[i]
    ]
    ours, theirs = np.array(shared, int).reshape(-1, 2).T
    distance = np.linalg.norm(
        track.keypoints[:, ours].astype(float) - truth.keypoints[:, theirs], axis=-1
    )
    true = truth.given[:, theirs]
    torsos = torso_px(truth)
    torso = float(np.nanmedian(torsos)) if np.isfinite(torsos).any() else np.nan
    both = np.isfinite(distance)
    result = {
        "joints_compared": len(shared),
        "error_px": float(distance[both].mean()) if both.any() else None,
        "error_torso": float(distance[both].mean() / torso) if both.any() and torso > 0 else None,
    }
    for fraction in PCK_FRACTIONS:
        key = f"pck_{fraction}".replace(".", "_")
        right = distance <= fraction * torso  # False for NaN: an absent joint is wrong
        result[key] = float(right[true].mean()) if true.any() and torso > 0 else None
    return result
