"""The field's metrics as their released code computes them, faults included.

Written anew from what the released code does (docs/published_metrics.md says which commits), and
held to numbers that it gives (tests/evaluation/test_published_parity.py). Every function takes
frames for what the code takes them for: 60 a second, and 30 in EDGE's score, whatever
the file has. What is right is in `choreo.evaluation.others.right`.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import argrelextrema

from choreo.evaluation.frechet import released_distance
from choreo.evaluation.others.relations import SIZES, relations_3d

FPS = 60
"""Frames a second that the released code takes for granted."""
RELATION_FPS = 120
"""What the relations' speeds take for granted."""
HALF_WINDOW = 2
"""Frames on either side that a speed is averaged over."""
SIGMA = 3.0
"""Frames of the beat scores' Gaussian."""
BAILANDO_FRAMES = 1200
"""Bailando takes the first 20 seconds."""
_SMOOTHING = 5
_NEIGHBOURHOOD = 10
_CLOSE_TO_CONSTANT = 1e-10


def kinetic(joints, up=1):
    """AIST++'s kinetic features of a dance.

    Of each joint the mean squared speed on the floor and upwards, and the mean "acceleration",
    in which only the earlier position of the second speed is divided by the time step:
    ``(v - (p_i - p_(i-1) / dt)) / dt``. It grows with the distance from the origin.

    Parameters
    ----------
    joints : ndarray, shape (T, J, 3)
        Metres; T at least 2 `HALF_WINDOW` + 2.
    up : int
        The axis that points upwards.

    Returns
    -------
    ndarray of float32, shape (3 J,)
    """
    step = 1 / FPS
    later = np.diff(joints, axis=0) / step
    earlier = joints[1:] - joints[:-1] / step
    acceleration = (later[1:] - earlier[:-1]) / step
    return summed_up(later, acceleration, HALF_WINDOW, up).astype(np.float32)


def summed_up(velocity, acceleration, half, up=1):
    """Three values a joint from velocities and accelerations averaged over a few frames.

    Parameters
    ----------
    velocity : ndarray, shape (T - 1, J, 3)
        From each frame to the next.
    acceleration : ndarray, shape (T - 2, J, 3)
        Between these.
    half : int
        Frames on either side that both are averaged over, fewer at the ends.
    up : int

    Returns
    -------
    ndarray, shape (3 J,)
        A joint's mean squared speed on the floor and upwards, and mean acceleration.
    """
    count = len(velocity)
    mean = _around(velocity, np.arange(count), half)
    floor = np.delete(mean, up, axis=-1)
    pushed = np.linalg.norm(_around(acceleration, np.arange(count), half), axis=-1)
    parts = [(floor**2).sum(-1).mean(0), (mean[..., up] ** 2).mean(0), pushed.mean(0)]
    return np.stack(parts, axis=-1).ravel()


def _around(values, centres, half):
    """Mean of values from `half` before to `half` behind each centre, as far as there are any."""
    total = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    first = np.clip(centres - half, 0, len(values))
    last = np.clip(centres + half + 1, 0, len(values))
    shape = (-1, *[1] * (values.ndim - 1))
    return (total[last] - total[first]) / (last - first).reshape(shape)


def from_first_root(joints, pelvis=None):
    """Bailando's form of a dance: 20 seconds, with the first frame's pelvis as the origin.

    Parameters
    ----------
    joints : ndarray, shape (T, J, 3)
    pelvis : ndarray, shape (3,), optional
        In the first frame; by default the first joint.
    """
    return joints[:BAILANDO_FRAMES] - (joints[0, 0] if pelvis is None else pelvis)


def geometric(at, floor):
    """AIST++'s geometric ("manual") features of a dance: shares of frames, float32, shape (32,).

    Sizes are those of one body, speeds are of 120 frames a second, and three relations of
    hands look at another joint than they name.

    Parameters
    ----------
    at : dict of str to ndarray, shape (T, 3)
        Of `choreo.evaluation.others.bodies.relation_joints`; y upwards, metres.
    floor : ndarray, shape (T,)
        Height of the lowest joint in each frame.
    """
    found = relations_3d(at, floor, fps=RELATION_FPS, sizes=SIZES, as_released=True)
    return found.astype(np.float32).mean(0)


def frechet(features, real):
    """FID between features of dances, z-scored by the real ones, as mint and Bailando do.

    Parameters
    ----------
    features, real : ndarray, shapes (n, D) and (m, D)
        One row a dance.

    Returns
    -------
    float
        NaN for fewer than two dances on a side.
    """
    if min(len(features), len(real)) < 2:
        return float("nan")
    features, real = scaled(features, real)
    return released_distance(features, real)


def scaled(features, real):
    """Both sets with the real one's mean and deviation, as released."""
    real = np.asarray(real, float)
    mean, deviation = real.mean(0), real.std(0) + _CLOSE_TO_CONSTANT
    return (np.asarray(features, float) - mean) / deviation, (real - mean) / deviation


def mean_distance(features):
    """Dist: mean distance of all pairs of dances; NaN for fewer than two."""
    if len(features) < 2:
        return float("nan")
    first, second = np.triu_indices(len(features), 1)
    return float(np.linalg.norm(features[first] - features[second], axis=1).mean())


def bailando_beats(joints):
    """Frames of motion beats by Bailando: minima of the joints' smoothed mean speed."""
    speed = np.linalg.norm(np.diff(joints, axis=0), axis=-1).mean(1)
    return argrelextrema(gaussian_filter1d(speed, _SMOOTHING), np.less)[0]


def mint_beats(joints):
    """Frames of motion beats by mint: the summed speed is least within ten frames.

    Its first frame has the speed 0, so that no beat is found in the first ten.
    """
    speed = np.linalg.norm(np.diff(joints.astype(np.float32), axis=0), axis=-1).sum(1)
    speed = np.concatenate([[0], speed]).astype(np.float32)
    return argrelextrema(speed, np.less, order=_NEIGHBOURHOOD)[0]


def music_frames(beats, frames):
    """Music beats in frames of 60 a second, within a dance of so many frames."""
    at = np.unique(np.rint(np.asarray(beats, float) * FPS).astype(int))
    return at[(at >= 0) & (at < frames)]


def alignment(of, to):
    """Mean of ``exp(-d^2 / 2 sigma^2)``, d frames from each beat to the nearest other one.

    Parameters
    ----------
    of, to : ndarray
        Frames. mint's score goes from motion to music, Bailando's from music to motion.

    Returns
    -------
    float
        0 without beats `of`, as mint has it; NaN without beats `to`, where the code stops.
    """
    if not len(of):
        return 0.0
    if not len(to):
        return float("nan")
    away = np.abs(np.subtract.outer(np.asarray(of, float), to)).min(1)
    return float(np.exp(-(away**2) / 2 / SIGMA**2).mean())


def physical_contact(pelvis, feet, up=1):
    """EDGE's physical foot contact score (PFC) of a dance.

    Mean of the product of both feet's way a frame and the pelvis's acceleration, which is
    divided by the dance's own largest one; times 10,000.

    Parameters
    ----------
    pelvis : ndarray, shape (T, 3)
    feet : sequence of four ndarray, shape (T, 3)
        Left ankle and toe, right ankle and toe.
    up : int

    Returns
    -------
    float
    """
    pushed = np.diff(pelvis, n=2, axis=0)
    pushed[:, up] = np.maximum(pushed[:, up], 0)
    pushed = np.linalg.norm(pushed, axis=-1)
    ways = [np.linalg.norm(np.delete(foot[2:] - foot[1:-1], up, -1), axis=-1) for foot in feet]
    slowest = np.minimum(ways[0], ways[1]) * np.minimum(ways[2], ways[3])
    largest = pushed.max(initial=0)
    return float((slowest * pushed).mean() / largest * 10_000) if largest > 0 else float("nan")
