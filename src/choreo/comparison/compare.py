"""All estimators of one video against each other: the record behind Table 1x."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from choreo.comparison.measures import inside_share, jitter, limb_joints, limb_variation
from choreo.comparison.quality import (
    against_truth,
    check_same_video,
    flags_against_truth,
    joint_distances,
    quality,
)
from choreo.errors import ItemError
from choreo.pose.misdetections import THRESHOLD_PX, flag_misdetections, missing_frames
from choreo.pose.size import height_px, torso_px
from choreo.statistics.summaries import median

if TYPE_CHECKING:
    from choreo.pose.track import PoseTrack

SWEEP_PX = tuple(range(10, 201, 10))
"""Thresholds of eq. (1) in pixels for which incorrect frames are counted."""

SWEEP_HEIGHT = tuple(round(0.02 * n, 2) for n in range(1, 21))
"""The same as fractions of the dancer's height."""

THRESHOLD_HEIGHT = 0.2
"""The scale-free threshold of Table 1x: the thesis's 50 px on a dancer 250 px tall, as in a
picture of 360 lines; about 9 m/s at 30 frames a second, which a hand in a dance rarely has."""


def share_of_height(threshold_px, height_px, fps):
    """What a threshold in pixels a frame is in heights of the dancer in a thirtieth of a second."""
    return threshold_px / height_px * fps / 30


def compare(
    tracks: Mapping[str, PoseTrack],
    *,
    truth: PoseTrack | None = None,
    threshold_px: float = THRESHOLD_PX,
    threshold_height: float = THRESHOLD_HEIGHT,
) -> dict[str, Any]:
    """Measure the tracks of several estimators on one video, each on the same samples.

    Parameters
    ----------
    tracks : dict of str to PoseTrack
        Estimator -> its track, before cleaning.
    truth : PoseTrack, optional
        The true joints, in any skeleton.
    threshold_px : float
        Of eq. (1), pixels.
    threshold_height : float
        Of eq. (1), as a fraction of the dancer's height.

    Returns
    -------
    dict
        JSON values; None where undefined.

        frames, fps, size : of the video
        torso_px, height_px : of the dancer: of the truth where it is known, else the
            median of the estimators' (each the median over its frames)
        threshold_px, threshold_height : as used
        common_frames : frames in which every estimator found someone. An estimator that
            found nobody in the whole video has no say
        estimators : name -> what `choreo.comparison.quality.quality` (method thesis)
            gives, and

            incorrect_height : frames flagged with `threshold_height`
            incorrect_limbs : frames flagged over the 12 limb joints alone
            limb_detection_rate, limb_confidence, limb_confidence_with_misses : of the 12
                limb joints in the common frames
            jitter, limb_variation : of the limb joints that all estimators give in a
                common frame (see `choreo.comparison.measures`)
            inside : share of all given joints inside the picture
            sweep : frames flagged by each threshold of the sweep, in two lists,
                `incorrect_px` and `incorrect_height`
            truth : `against_truth`, and `flags` from `flags_against_truth`; only with truth
        truth : `jitter`, `limb_variation` and `inside` of the truth on the same samples,
            and the frames that eq. (1) flags in it (`incorrect`, `incorrect_height`,
            `incorrect_limbs`, `sweep`), which are its false alarms; None without truth
        distances : a list of {a, b, joints, frames, torsos}: mean distance between two
            estimators in torsos over the joints that both have by name and both give
        sweep : thresholds of the sweep, `threshold_px` and `threshold_height`

    Raises
    ------
    ItemError
        Where there is no track, or they are not of the same video.
    """
    if not tracks:
        raise ItemError("a comparison needs at least one track")
    first = next(iter(tracks.values()))
    for name, track in tracks.items():
        check_same_video(first, track, f"tracks {next(iter(tracks))} and {name}")
    if truth is not None:
        check_same_video(first, truth)
    torso, height = _sizes(tracks, truth)
    limbs = {name: limb_joints(track) for name, track in tracks.items()}
    common, shared = _common({n: np.isfinite(k[..., 0]) for n, (k, _) in limbs.items()}, tracks)
    estimators = {}
    for name, track in tracks.items():
        estimators[name] = quality(track, threshold_px=threshold_px)
        estimators[name] |= _flagged(track, threshold_height, threshold_px, height)
        estimators[name] |= _limb_confidence(limbs[name], common)
        estimators[name] |= _shape(limbs[name][0], shared, track, torso)
        if truth is not None:
            estimators[name]["truth"] = against_truth(track, truth) | {
                "flags": flags_against_truth(track, truth, threshold_px=threshold_px)
            }
    return {
        "frames": len(first),
        "fps": first.fps,
        "size": list(first.size),
        "torso_px": torso,
        "height_px": height,
        "threshold_px": float(threshold_px),
        "threshold_height": float(threshold_height),
        "common_frames": int(common.sum()),
        "estimators": estimators,
        "truth": None
        if truth is None
        else _shape(limb_joints(truth)[0], shared, truth, torso)
        | _flagged(truth, threshold_height, threshold_px, height)
        | {"incorrect": int(flag_misdetections(truth.keypoints, threshold_px).sum())},
        "distances": [
            {"a": a, "b": b} | _distance(tracks[a], tracks[b], torso)
            for a, b in combinations(tracks, 2)
        ],
        "sweep": {"threshold_px": list(SWEEP_PX), "threshold_height": list(SWEEP_HEIGHT)},
    }


def _sizes(tracks, truth):
    """Torso and height of the dancer in pixels, one for all estimators of the video."""
    sizes = []
    for measure in (torso_px, height_px):
        known = [median(measure(truth))] if truth is not None else []
        if not any(known):
            known = [median(measure(track)) for track in tracks.values()]
        sizes.append(median(np.array([size for size in known if size], float)))
    return sizes


def _common(given, tracks):
    """Frames (T,) and limb joints (T, 12) that all estimators who found anyone have."""
    present = {name: ~missing_frames(track.keypoints) for name, track in tracks.items()}
    counted = [name for name in tracks if present[name].any()]
    shape = next(iter(given.values())).shape
    if not counted:
        return np.zeros(shape[0], bool), np.zeros(shape, bool)
    common = np.all([present[name] for name in counted], axis=0)
    return common, np.all([given[name] for name in counted], axis=0) & common[:, None]


def _flags(keypoints, fraction, height):
    """Frames flagged by a threshold in heights; None where the height is unknown."""
    return int(flag_misdetections(keypoints, fraction * height).sum()) if height else None


def _flagged(track, threshold_height, threshold_px, height):
    limbs = limb_joints(track)[0]
    return {
        "incorrect_height": _flags(track.keypoints, threshold_height, height),
        "incorrect_limbs": int(flag_misdetections(limbs, threshold_px).sum()),
        "sweep": {
            "incorrect_px": [int(flag_misdetections(track.keypoints, t).sum()) for t in SWEEP_PX],
            "incorrect_height": [_flags(track.keypoints, f, height) for f in SWEEP_HEIGHT],
        },
    }


def _limb_confidence(limbs, common):
    keypoints, scores = (array[common] for array in limbs)
    given = np.isfinite(keypoints[..., 0])
    scored = np.isfinite(scores)
    return {
        "limb_detection_rate": float(given.mean()) if given.size else None,
        "limb_confidence": float(scores[scored].mean()) if scored.any() else None,
        "limb_confidence_with_misses": float(scores[scored].sum() / scores.size)
        if scored.any()
        else None,
    }


def _shape(limbs, shared, track, torso):
    counted = np.where(shared[..., None], limbs, np.nan)
    return {
        "jitter": jitter(counted, track.fps, torso),
        "limb_variation": limb_variation(counted),
        "inside": inside_share(track),
    }


def _distance(track, other, torso):
    distances = joint_distances(track, other)
    both = np.isfinite(distances)
    known = both.any() and torso
    return {
        "joints": distances.shape[1],
        "frames": int(both.any(1).sum()),
        "torsos": float(distances[both].mean() / torso) if known else None,
    }
