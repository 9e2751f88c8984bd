"""Motion beats: moments where many joints slow down at once (Yalta et al. 2019).

A dancer marks a beat by stopping or turning a movement. Each joint's speed falls from a
peak to a minimum there; the falls of all joints are added a frame, and frames where the
sum exceeds its own standard deviation are beats (thesis section 4.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from choreo.choices import METHODS
from choreo.errors import ItemError, check_known

_ROUNDING = 1e-5
"""Falls under this share of the largest coordinate are float32 rounding, not movement."""


@dataclass(frozen=True)
class MotionBeats:
    """Motion beats of one segment of dance.

    Attributes
    ----------
    frames : ndarray of int
        Frames with a beat, rising.
    drop : ndarray, shape (T,)
        Sum over the joints of their fall in speed that ends at each frame.
    crash : bool
        Whether the thesis's released code stops with an error on this input (only
        where the method is "released").
    """

    frames: np.ndarray
    drop: np.ndarray
    crash: bool = False


def motion_beats(poses: np.ndarray, fps: float, method: str = "thesis"):
    """Times of the motion beats of many segments.

    Parameters
    ----------
    poses : ndarray, shape (N, T, J, 2)
        Positions in any unit, without NaN.
    fps : float
        Frames a second.
    method : {"thesis", "released"}
        See `speed_drops` and `released_speed_drops`.

    Returns
    -------
    list of ndarray
        Seconds from the start of each segment. Empty for a still dancer and for a segment
        that is too short to have a minimum of speed.

    Raises
    ------
    ItemError
        Where `poses` has another shape or a value that is not finite.
    """
    check_known(method, METHODS, what="way to find motion beats", kind=ItemError)
    poses = _checked(poses)
    if method == "thesis":
        return [np.flatnonzero(row) / fps for row in speed_drops(poses)[1]]
    return [released_speed_drops(segment).frames / fps for segment in poses]


def speed_drops(poses):
    """Find drops of speed in many segments as the thesis's text says.

    The speed of a joint at frame t is half its way from frame t - 1 to t + 1, so that
    a movement that turns at frame t has its minimum there. At each minimum of a joint
    (the first frame of a rest) its drop is the highest speed since its last minimum
    less the speed there. Drops are added over the joints; sums of at least their
    standard deviation over the segment are kept, of neighbouring frames only the largest.

    Parameters
    ----------
    poses : ndarray, shape (N, T, J, 2)
        Positions, finite.

    Returns
    -------
    drop : ndarray, shape (N, T)
        Sum of the drops a frame, in the unit of `poses` a frame.
    beat : ndarray of bool, shape (N, T)
        Whether the frame is a beat.
    """
    segments, length, joints, _ = poses.shape
    drop = np.zeros((segments, length))
    beat = np.zeros((segments, length), bool)
    if length < 4 or not segments:
        return drop, beat
    poses = np.asarray(poses, float)
    speed = np.linalg.norm(poses[:, 2:] - poses[:, :-2], axis=-1) / 2
    minimum = (speed[:, 1:-1] < speed[:, :-2]) & (speed[:, 1:-1] <= speed[:, 2:])
    peak = speed[:, 0].copy()
    for t in range(1, speed.shape[1] - 1):
        here, low = speed[:, t], minimum[:, t - 1]
        drop[:, t + 1] = np.where(low, peak - here, 0).sum(-1)
        peak = np.where(low, here, np.maximum(peak, here))
    floor = _ROUNDING * np.abs(poses).max(axis=(1, 2, 3)) * joints
    enough = (drop >= drop.std(1, keepdims=True)) & (drop > floor[:, None])
    return drop, _largest_of_runs(drop, enough)


def _largest_of_runs(values, chosen):
    """Keep, in each run of chosen frames, the first that holds the run's largest value."""
    kept = np.zeros_like(chosen)
    rows = np.arange(len(values))
    best = np.zeros(len(values), int)
    inside = np.zeros(len(values), bool)
    for t in range(values.shape[1] + 1):
        now = chosen[:, t] if t < values.shape[1] else np.zeros_like(inside)
        ended = inside & ~now
        kept[rows[ended], best[ended]] = True
        if t < values.shape[1]:
            better = now & (~inside | (values[:, t] > values[rows, best]))
            best = np.where(better, t, best)
        inside = now
    return kept


def released_speed_drops(poses):
    """Find drops of speed in one piece as the thesis's released code did.

    Only joints whose direction changes count; each joint's speed is divided by its
    maximum, so that a trembling joint weighs as much as a leg. Where the released code
    stops with an error (a joint without a peak of direction change), its minima are
    kept like all others, since its test against such peaks accepts every minimum.

    Parameters
    ----------
    poses : ndarray, shape (T, J, 2)
        Positions, finite; the thesis has whole pixels of a 640 x 360 canvas.

    Returns
    -------
    MotionBeats
        `drop` is -0.1 in frames that were rejected.
    """
    poses = np.asarray(poses, float)
    length = len(poses)
    if length < 2:
        return MotionBeats(np.zeros(0, int), np.zeros(length))
    step = np.zeros_like(poses)
    step[1:] = np.diff(poses, axis=0)
    speed = np.sqrt(np.einsum("tjc,tjc->tj", step, step))
    angle = _direction_changes(step, speed)
    drops, crash = [], False
    for j in np.flatnonzero(angle.std(0) > 0):
        signal = speed[:, j] / speed[:, j].max()
        windows = _windows(signal)
        peaks = _extrema(signal, windows, np.max)
        minima = _extrema(signal, windows, np.min)
        turn = angle[:, j] / angle[:, j].max()
        crash |= bool(len(minima)) and not len(_extrema(turn, _windows(turn), np.max))
        last = np.searchsorted(peaks, minima) - 1
        minima, last = minima[last >= 0], last[last >= 0]
        drop = np.zeros(length)
        drop[minima] = signal[peaks[last]] - signal[minima] if len(minima) else 0
        drops.append(drop)
    drop = np.sum(np.stack(drops, 1), 1) if drops else np.zeros(length)
    drop[drop < drop.std()] = -0.1
    enough = drop > 0
    beat = _largest_of_runs(drop[None], enough[None])[0]
    drop[enough & ~beat] = -0.1
    return MotionBeats(np.flatnonzero(beat), drop, crash)


def _direction_changes(step, speed):
    """Angle between each step and the one before, 0 where both add up to 0."""
    unit = np.divide(step, speed[..., None], out=np.zeros_like(step), where=speed[..., None] > 0)
    angle = np.zeros(speed.shape)
    cosine = (unit[1:] * unit[:-1]).sum(-1)
    # x + y of a step, not its length: a movement straight along the anti-diagonal counts
    # as none.
    moves = (step[1:].sum(-1) != 0) | (step[:-1].sum(-1) != 0)
    angle[1:] = np.where(moves, np.arccos(np.clip(cosine, -1, 1)), 0)
    return angle


def _windows(signal):
    """Pairs [start, stop) between every second change of the gradient's sign.

    The last two changes start no window.
    """
    change = np.flatnonzero(np.diff(np.signbit(np.gradient(signal))))
    return list(zip(change[:-2], change[2:]))


def _extrema(signal, windows, choose):
    """Sorted indices of all extreme values of all windows."""
    found = [
        start + np.flatnonzero(signal[start:stop] == choose(signal[start:stop]))
        for start, stop in windows
    ]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, int)


def _checked(poses):
    poses = np.asarray(poses)
    if poses.ndim != 4 or poses.shape[-1] != 2:
        raise ItemError("poses must have shape (N, T, J, 2)", value=poses.shape)
    if not np.isfinite(poses).all():
        raise ItemError(
            "poses have values that are not finite",
            value=f"{int((~np.isfinite(poses)).sum())} of {poses.size}",
            remedy="Clean the track first (`choreo clean`)",
        )
    return poses
