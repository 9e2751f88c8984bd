"""Foot sliding in 2-D: how fast a foot that carries the dancer drifts over the floor.

A picture shows no contacts. A foot is taken as planted over a tenth of a second where it is low,
no higher than the other one but for a little, and neither rises nor falls. Places are means over
a tenth of a second, whatever the frame rate: from one frame to the next at 60 frames a second the
jitter of an estimator is several times as fast as any slide.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from choreo.pose.skeletons import OPENPOSE18
from choreo.statistics.summaries import ratio

LOW = 0.12
"""Torsos that a planted ankle may be above the lower one of both."""
LEVEL = 0.25
"""Torsos a second that it may rise or fall."""
SPAN = 0.1
"""Seconds of a mean place, and from one to the next: a frame of the thesis's dataset."""
_ANKLES = [OPENPOSE18.index(f"{side}_ankle") for side in ("left", "right")]


def _spans(feet, fps):
    """Mean places over `SPAN`, the frames from one to the next, and how many a second that is."""
    frames = max(1, round(SPAN * fps))
    if feet.shape[1] < frames:
        return feet[:, :0], frames, fps / frames
    return sliding_window_view(feet, frames, axis=1).mean(-1), frames, fps / frames


def _planted(feet, torso, fps):
    """Which foot, left or right, is planted over each span: (N, T - 2 frames + 1, 2)."""
    places, frames, rate = _spans(feet, fps)
    height = places[..., 1].max(-1, keepdims=True) - places[..., 1]
    low = np.maximum(height[:, frames:], height[:, :-frames]) < LOW * torso
    rising = np.abs(places[:, frames:, :, 1] - places[:, :-frames, :, 1]) * rate
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
        NaN where no foot is planted, and in less than two spans.
    """
    feet, torso = _feet(pixels)
    places, frames, rate = _spans(feet, fps)
    drift = np.abs(places[:, frames:, :, 0] - places[:, :-frames, :, 0]) * rate / torso
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
