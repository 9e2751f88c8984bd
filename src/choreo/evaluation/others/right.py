"""What the field's metrics mean to measure, without their faults.

Times are seconds by the file's own rate, speeds are differences over time, sizes are the
dancer's own, dances are compared in parts of equal length, and beat scores are told from what
the same dance scores at any other time.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import argrelextrema

from choreo.evaluation.alignment import closeness
from choreo.evaluation.beat_scores import shifts
from choreo.evaluation.distances import apart
from choreo.evaluation.frechet import Gaussian, Scale, frechet_distance
from choreo.evaluation.geometric import SHARE_FLOOR, geometric_floor
from choreo.evaluation.others.published import HALF_WINDOW, summed_up
from choreo.evaluation.others.relations import RELATIONS, own_sizes, relations_3d
from choreo.rates import CHUNK_SECONDS

GRAVITY = 9.81
_REFERENCE = 60
_SMOOTHING = 5 / _REFERENCE
"""Seconds of the speed's smoothing: what Bailando's five frames mean."""
_STEP = 1 / 30
"""Seconds over which EDGE's score takes its differences."""
SPEED_FLOOR, ACCELERATION_FLOOR = 0.2, 1.0
"""Metres a second, and a second squared: what nobody sees a joint do."""
_TORSO = 0.5
"""Metres of a torso, which is the unit in 2-D."""
SHIFTS = 100
"""Shifts of the null at most, spread evenly."""


def parts(dance):
    """First frames of the parts of a dance that distances compare, and their length.

    Parameters
    ----------
    dance : Dance

    Returns
    -------
    list of slice
        Parts of `CHUNK_SECONDS`, without the rest behind them; none in a shorter dance.
    """
    length = round(CHUNK_SECONDS * dance.fps)
    return [slice(i, i + length) for i in range(0, len(dance) - length + 1, length)]


def kinetic(joints, fps):
    """Kinetic features of part of a dance in 3-D: AIST++'s, with a true acceleration.

    Parameters
    ----------
    joints : ndarray, shape (T, J, 3)
        Metres, y upwards.
    fps : float

    Returns
    -------
    ndarray, shape (3 J,)
        Of each joint the mean squared speed on the floor and upwards and the mean
        acceleration. Where the dancer stands changes nothing.
    """
    velocity = np.diff(joints, axis=0) * fps
    half = max(1, round(HALF_WINDOW * fps / _REFERENCE))
    return summed_up(velocity, np.diff(velocity, axis=0) * fps, half)


def geometric(at, floor, fps):
    """Geometric features of part of a dance in 3-D: shares of frames, shape (32,).

    Speeds are of the file's rate, lengths the dancer's own, and a hand is looked at where a hand
    is named.
    """
    return relations_3d(at, floor, fps=fps, sizes=own_sizes(at)).mean(0)


def frechet(features, real, floor=0.0):
    """Frechet distance of z-scored features; NaN for fewer than two on a side."""
    if min(len(features), len(real)) < 2:
        return float("nan")
    scale = Scale(real, floor)
    return frechet_distance(Gaussian.of(scale(features)), Gaussian.of(scale(real)))


def mean_distance(features, real, floor=0.0):
    """Mean distance of all pairs of parts, z-scored by the real ones; NaN for fewer than two."""
    if len(features) < 2 or len(real) < 2:
        return float("nan")
    lengths = apart(*[Scale(real, floor)(features)] * 2)
    return float(lengths[np.triu_indices(len(features), 1)].mean())


def floor_of(name, count, dimensions):
    """Deviations that features count with at least.

    A joint that hardly moves in real dances, such as a pelvis that a project nails to its place,
    would outweigh all others.

    Parameters
    ----------
    name : {"kinetic", "geometric"}
    count : int
        Features.
    dimensions : {2, 3}

    Returns
    -------
    ndarray, shape (count,)
    """
    if name == "geometric":
        # Where a picture is all there is, `geometric_features` counts changes too.
        return np.full(count, SHARE_FLOOR) if count == RELATIONS else geometric_floor(count)
    if dimensions == 3:
        return np.tile([SPEED_FLOOR**2, SPEED_FLOOR**2, ACCELERATION_FLOOR], count // 3)
    floors = np.array([SPEED_FLOOR**2, SPEED_FLOOR**2, ACCELERATION_FLOOR])
    return np.repeat(floors / np.array([_TORSO**2, _TORSO**2, _TORSO]), count // 3)


def motion_beats(array, fps):
    """Seconds of the minima of the joints' smoothed mean speed.

    A speed lies between two frames, and so does its minimum.

    Parameters
    ----------
    array : ndarray, shape (T, J, 2 or 3)
    fps : float

    Returns
    -------
    ndarray
    """
    speed = np.linalg.norm(np.diff(array, axis=0), axis=-1).mean(1)
    found = argrelextrema(gaussian_filter1d(speed, _SMOOTHING * fps), np.less)[0]
    return (found + 0.5) / fps


def alignment_over_chance(motion, music, frames, fps):
    """Beat alignment both ways, less what the dance scores at other times.

    Parameters
    ----------
    motion, music : ndarray
        Seconds, rising.
    frames : int
    fps : float

    Returns
    -------
    dict of str to (float, float)
        `motion_to_music` and `music_to_motion`: the score less its chance, and the chance; NaN
        without motion or music beats.
    """
    music = music[(music >= 0) & (music < frames / fps)]
    names = ("motion_to_music", "music_to_motion")
    if not len(motion) or not len(music):
        return dict.fromkeys(names, (float("nan"), float("nan")))
    others = np.sort(shifted(motion, frames, fps), axis=1)
    both = {
        "motion_to_music": (
            closeness(motion, music).mean(),
            np.mean([closeness(row, music).mean() for row in others]),
        ),
        "music_to_motion": (
            closeness(music, motion).mean(),
            np.mean([closeness(music, row).mean() for row in others]),
        ),
    }
    return {name: (float(own - chance), float(chance)) for name, (own, chance) in both.items()}


def shifted(times, frames, fps):
    """Times turned round the dance, at most `SHIFTS` rows of `choreo.evaluation.beat_scores`."""
    rows = shifts(times, frames, fps)
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(SHIFTS, len(rows))).astype(int))]


def physical_contact(pelvis, feet, fps):
    """Both feet's speed while the body is pushed: EDGE's score in m^2/s^2.

    Parameters
    ----------
    pelvis : ndarray, shape (T, 3)
        Metres, y upwards.
    feet : sequence of four ndarray, shape (T, 3)
        Left ankle and toe, right ankle and toe.
    fps : float

    Returns
    -------
    float
        Mean product of both feet's slower speed on the floor and the pelvis's acceleration in
        units of gravity. Differences are taken over a thirtieth of a second whatever the rate,
        and no dance is divided by its own largest jerk. NaN for too short a dance.
    """
    lag = max(1, round(_STEP * fps))
    seconds = lag / fps
    if len(pelvis) < 2 * lag + 1:
        return float("nan")
    velocity = (pelvis[lag:] - pelvis[:-lag]) / seconds
    pushed = (velocity[lag:] - velocity[:-lag]) / seconds
    pushed[:, 1] = np.maximum(pushed[:, 1], 0)
    pushed = np.linalg.norm(pushed, axis=-1) / GRAVITY
    middle = slice(lag // 2, lag // 2 + len(pushed))
    speeds = [np.linalg.norm((f[lag:] - f[:-lag])[:, [0, 2]], axis=-1) / seconds for f in feet]
    left, right = np.minimum(*speeds[:2]), np.minimum(*speeds[2:])
    return float(((left * right)[middle] * pushed).mean())
