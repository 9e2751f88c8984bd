"""Phase locking: whether a body moves in the tempo of the music, on any level of its beat.

The field's beat scores ask for stops of the movement near beats, and professional dancers
score as chance does. What real dancers keep is the rhythm of the whole body: how high it
stands, how far the knees give, how fast hands and feet go, all rise and fall with the beat,
half of it or twice of it, wherever in the beat a style puts its accent. A signal y(t) is
locked to a level m of beats at phase phi(t) (a whole number at each beat) as far as

    |sum_t w(t) y(t) exp(-2 pi i m phi(t))| / sqrt(sum_t w(t) y(t)^2 * sum_t w(t))

is larger than for beats of other tempi. On real dancers with known beats it tells the own
tempo from others where beat scores do not (docs/evaluation.md).
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from choreo.pose.skeletons import SKELETONS

DRIFT_SECONDS = 1.0
"""Deviation of the Gaussian whose slow part is taken off each signal."""
DETUNED = np.concatenate([np.linspace(0.70, 0.90, 21), np.linspace(1.10, 1.40, 25)])
"""Tempi of the null as shares of the music's own; nearer ones are no others in a short dance."""
LEAST_BEATS = 8
"""Beats that a dance must last: over fewer a tempo can't be told from its neighbours."""
_STILL = 1e-4
"""Movements smaller than this, in torsos or torsos a second, are rounding."""
LEVELS = (0.5, 1.0, 2.0)
"""Cycles a beat."""


@dataclass(frozen=True)
class Locking:
    """How a dance is locked to its beats.

    Attributes
    ----------
    score : float
        Mean over all signals, at `SCORED_LEVELS`, of the locking's distance from that to
        detuned beats, in the latter's deviations; NaN where there is too little to tell.
    above : float
        Share of the detuned tempi to which the dance is locked less: 0.5 is chance, 1 tells
        own from foreign tempi without error.
    each : dict of (str, float) to float
        Signal and level -> locking, 0 to 1.
    """

    score: float
    above: float
    each: dict


SCORED_LEVELS = (0.5, 1.0)
"""Levels of the score. All signals count alike: nothing was chosen by how it came out."""


def rhythm_signals(keypoints, fps, skeleton):
    """Movements that may keep time, without their slow drift.

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)
        Pixels or any unit; finite.
    fps : float
    skeleton : str

    Returns
    -------
    dict of str to (ndarray, float)
        The signal and the time of its first value in frames: ``height`` of shoulders and
        hips and ``knees`` (height of the hips over them) in torsos, and ln(1 + speed) in
        torsos a second of ``hands``, ``feet`` and, as ``speed``, of all limbs.
    """
    at = {name: keypoints[:, j].astype(float) for j, name in enumerate(SKELETONS[skeleton].joints)}

    def middle(part):
        return (at[f"left_{part}"] + at[f"right_{part}"]) / 2

    shoulders, hips = middle("shoulder"), middle("hip")
    torso = max(float(np.median(np.linalg.norm(shoulders - hips, axis=-1))), 1e-9)

    def speed(*parts):
        joints = np.stack([at[f"{side}_{part}"] for part in parts for side in ("left", "right")])
        moved = np.linalg.norm(np.diff(joints, axis=1), axis=-1) * fps / torso
        return np.log1p(moved).mean(0)

    limbs = "shoulder elbow wrist hip knee ankle".split()
    found = {
        "height": ((shoulders + hips)[:, 1] / 2 / torso, 0.0),
        "knees": (np.abs((middle("knee") - hips)[:, 1]) / torso, 0.0),
        "hands": (speed("wrist"), 0.5),
        "feet": (speed("ankle"), 0.5),
        "speed": (speed(*limbs), 0.5),
    }
    return {name: (_without_drift(y, fps), first) for name, (y, first) in found.items()}


def phase_locking(keypoints, fps, beats, skeleton):
    """Measure how a dance is locked to beats.

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)
        Finite; frame i is at i / fps seconds.
    fps : float
        10 or more; a level whose detuned frequencies come above half of it is left out.
    beats : ndarray
        Seconds, rising.
    skeleton : str

    Returns
    -------
    Locking
    """
    beats = np.asarray(beats, float)
    seconds = len(keypoints) / fps
    if len(beats) < 2 or seconds < LEAST_BEATS * np.median(np.diff(beats)):
        return Locking(np.nan, np.nan, {})
    tempi = np.concatenate([[1.0], DETUNED])
    each, scores = {}, []
    for name, (signal, first) in rhythm_signals(keypoints, fps, skeleton).items():
        phase = beat_phase((np.arange(len(signal)) + first) / fps, beats)
        fastest = np.diff(phase).max() * DETUNED.max()
        for level in LEVELS:
            if level * fastest > 0.5:
                continue
            locked = locking_at(signal, level * tempi[:, None] * phase)
            each[name, level] = float(locked[0])
            if level in SCORED_LEVELS:
                null = locked[1:]
                scores.append((locked - null.mean()) / max(null.std(), 1e-12))
    if not scores:
        return Locking(np.nan, np.nan, each)
    scores = np.mean(scores, axis=0)
    below = np.mean(scores[1:] < scores[0]) + np.mean(scores[1:] == scores[0]) / 2
    return Locking(float(scores[0]), float(below), each)


def beat_phase(times, beats):
    """Beats since the first, at any times: whole numbers at beats, steady between them.

    Parameters
    ----------
    times : ndarray
        Seconds; before the first and after the last beat the tempo there goes on.
    beats : ndarray
        At least two.

    Returns
    -------
    ndarray
    """
    first, last = beats[1] - beats[0], beats[-1] - beats[-2]
    reach = 2 + int(np.ceil(max(beats[0] - times.min(), 0) / first))
    ahead = 2 + int(np.ceil(max(times.max() - beats[-1], 0) / last))
    known = np.concatenate(
        [
            beats[0] - first * np.arange(reach, 0, -1),
            beats,
            beats[-1] + last * np.arange(1, ahead + 1),
        ]
    )
    return np.interp(times, known, np.arange(len(known)) - reach)


def locking_at(signal, phase):
    """Locking of a signal to phases, 0 to 1.

    Parameters
    ----------
    signal : ndarray, shape (T,)
    phase : ndarray, shape (..., T)
        In cycles.

    Returns
    -------
    ndarray, shape (...)
        0 for a signal that is still.
    """
    window = np.hanning(len(signal) + 2)[1:-1]
    power = (window * signal**2).sum() * window.sum()
    if not power > 0:
        return np.zeros(phase.shape[:-1])
    return np.abs(np.exp(-2j * np.pi * phase) @ (window * signal)) / np.sqrt(power)


def _without_drift(signal, fps):
    rest = signal - gaussian_filter1d(signal, DRIFT_SECONDS * fps, mode="nearest")
    return rest if np.ptp(rest) > _STILL else np.zeros_like(rest)
