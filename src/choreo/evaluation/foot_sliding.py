"""Foot sliding in 2-D: how fast a foot that carries the dancer drifts over the floor.

A picture shows no contacts. A foot is taken as planted from one frame to the next where it
is low, no higher than the other one but for a little, and neither rises nor falls.
"""

import numpy as np

from choreo.pose.skeletons import OPENPOSE18
from choreo.statistics.summaries import ratio

LOW = 0.12
"""Torsos that a planted ankle may be above the lower one of both."""
LEVEL = 0.25
"""Torsos a second that it may rise or fall."""
_ANKLES = [OPENPOSE18.index(f"{side}_ankle") for side in ("left", "right")]


def _planted(feet, torso, fps):
    """Which foot, left or right, is planted from each frame to the next: (N, T - 1, 2)."""
    height = feet[..., 1].max(-1, keepdims=True) - feet[..., 1]
    low = np.maximum(height[:, 1:], height[:, :-1]) < LOW * torso
    rising = np.abs(np.diff(feet[..., 1], axis=1)) * fps
    return low & (rising < LEVEL * torso)


def foot_sliding(pixels, fps):
    """Mean sideways speed of planted feet, in torsos a second.

    Parameters
    ----------
    pixels : ndarray, shape (N, T, 18, 2)
        OpenPose-18, y downwards.
    fps : float

    Returns
    -------
    ndarray, shape (N,)
        NaN where no foot is planted.
    """
    feet, torso = _feet(pixels)
    drift = np.abs(np.diff(feet[..., 0], axis=1)) * fps / torso
    stands = _planted(feet, torso, fps)
    count = stands.sum((1, 2))
    total = np.where(stands, drift, 0).sum((1, 2))
    return ratio(total, count)


def _feet(pixels):
    """Ankles, shape (N, T, 2, 2), and the median torso of each segment, shape (N, 1, 1)."""
    pixels = np.asarray(pixels, float)
    at = {name: pixels[..., i, :] for i, name in enumerate(OPENPOSE18.joints)}
    spine = at["neck"] - (at["left_hip"] + at["right_hip"]) / 2
    torso = np.median(np.linalg.norm(spine, axis=-1), axis=1)
    return pixels[:, :, _ANKLES], np.maximum(torso, 1e-6)[:, None, None]
