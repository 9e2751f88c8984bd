"""Geometric features of a segment of dance: which shapes the body takes, and how often.

Müller et al.'s relational features ask of each frame which of a list of relations
between joints hold. AIST++ uses them in 3-D; these are relations that a 2-D pose shows.
Lengths are in units of the dancer's torso, so that place and size change nothing.
"""

import numpy as np

from choreo.pose.skeletons import OPENPOSE18

_SIDES = ("left", "right")
SHARE_FLOOR, CHANGE_FLOOR = 0.1, 0.5
"""Deviations that the features count with at least: a tenth of the frames, a change in two
seconds. A relation that real training dances hardly ever show would outweigh all others."""


def geometric_features(pixels, fps):
    """How often each relation holds, and how often it changes.

    Parameters
    ----------
    pixels : ndarray, shape (N, T, 18, 2)
        OpenPose-18, one unit for x and y, y downwards.
    fps : float
        Frames a second.

    Returns
    -------
    ndarray, shape (N, 2 R)
        For each of R relations (see `relations`) the share of frames in which it holds
        (0 to 1), then its changes a second.
    """
    holds = relations(pixels)
    changes = (holds[:, 1:] != holds[:, :-1]).sum(1) * (fps / max(1, holds.shape[1] - 1))
    return np.concatenate([holds.mean(1), changes], axis=-1)


def geometric_floor(count):
    """Deviations that `count` geometric features count with at least, shape (count,)."""
    return np.repeat([SHARE_FLOOR, CHANGE_FLOOR], count // 2)


def relations(pixels):
    """Which relations hold in each frame.

    Parameters
    ----------
    pixels : ndarray, shape (N, T, 18, 2)

    Returns
    -------
    ndarray of bool, shape (N, T, R)
        A side's wrist above its shoulder, above the nose, below its hip, out at its
        side, across the body; its elbow above its shoulder, bent, sharply bent; its knee
        bent, strongly bent; its foot raised. Hands together, far apart; feet apart,
        crossed; torso leaning to the left, to the right; crouching; turned sideways;
        turned away.
    """
    at = {name: pixels[..., i, :] for i, name in enumerate(OPENPOSE18.joints)}
    hip = (at["left_hip"] + at["right_hip"]) / 2
    spine = at["neck"] - hip
    # The median: a dancer who bends forward has no shorter limbs.
    unit = np.median(np.linalg.norm(spine, axis=-1), axis=1)[:, None]
    unit = np.maximum(unit, 1e-6)
    found = []
    for side, other in (_SIDES, _SIDES[::-1]):
        wrist, elbow, shoulder, knee, ankle, own_hip = (
            at[f"{side}_{joint}"]
            for joint in ("wrist", "elbow", "shoulder", "knee", "ankle", "hip")
        )
        outwards = np.sign(shoulder[..., 0] - at[f"{other}_shoulder"][..., 0])
        reach = (wrist[..., 0] - at["neck"][..., 0]) * outwards / unit
        found += [
            wrist[..., 1] < shoulder[..., 1],
            wrist[..., 1] < at["nose"][..., 1],
            wrist[..., 1] > own_hip[..., 1],
            reach > 1,
            reach < 0,
            elbow[..., 1] < shoulder[..., 1],
            _angle(shoulder, elbow, wrist) < 120,
            _angle(shoulder, elbow, wrist) < 70,
            _angle(own_hip, knee, ankle) < 150,
            _angle(own_hip, knee, ankle) < 110,
            (at[f"{other}_ankle"][..., 1] - ankle[..., 1]) / unit > 0.25,
        ]
    hands = np.linalg.norm(at["left_wrist"] - at["right_wrist"], axis=-1) / unit
    feet = (at["left_ankle"] - at["right_ankle"])[..., 0]
    hips = (at["left_hip"] - at["right_hip"])[..., 0]
    shoulders = (at["left_shoulder"] - at["right_shoulder"])[..., 0]
    lean = np.degrees(np.arctan2(spine[..., 0], -spine[..., 1]))
    depth = ((at["left_ankle"] + at["right_ankle"]) / 2 - hip)[..., 1] / unit
    found += [
        hands < 0.4,
        hands > 2,
        np.abs(feet) / unit > 1,
        feet * hips < 0,
        lean < -12,
        lean > 12,
        depth < 1.2,
        np.abs(shoulders) / unit < 0.35,
        shoulders < 0,
    ]
    return np.stack(found, axis=-1)


def _angle(a, corner, b):
    """Angle at `corner` in degrees; 180 where a limb has no length."""
    one, two = a - corner, b - corner
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(two, axis=-1)
    cosine = np.divide(
        (one * two).sum(-1), lengths, out=np.full(lengths.shape, -1.0), where=lengths > 0
    )
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))
