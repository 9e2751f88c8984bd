"""Phase locking: whether a body moves in the tempo of the music, on any level of its beat.

The field's beat scores ask for stops of the movement near beats, and professional dancers
score a few hundredths over chance. What real dancers keep is the rhythm of the whole body: how
high it stands, how far the knees give, how fast hands and feet go, all rise and fall with the
beat, half of it or twice of it, wherever in the beat a style puts its accent. A signal y(t) is
locked to a level m of beats at phase phi(t) (a whole number at each beat) as far as

    |sum_t w(t) y(t) exp(-2 pi i m phi(t))| / sqrt(sum_t w(t) y(t)^2 * sum_t w(t))

is larger than for beats of other tempi. On real dancers with known beats it tells the own
tempo from others where beat scores do not (docs/evaluation.md).
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from choreo.pose.skeletons import SKELETONS

DRIFT_SECONDS = 1.0
"""Deviation of the Gaussian whose slow part is taken off each signal."""
DETUNED = np.concatenate([np.linspace(0.70, 0.90, 21), np.linspace(1.10, 1.40, 25)])
"""Tempi of the null as shares of the music's own; nearer ones are no others in a short dance."""
LEAST_BEATS = 8
"""Beats that a dance must last: over fewer a tempo can't be told from its neighbours."""
_STILL = 1e-4
"""Movements smaller than this, in torsos or torsos a second, are rounding."""
LIMBS = tuple("shoulder elbow wrist hip knee ankle".split())
LEVELS = (0.5, 1.0, 2.0)
"""Cycles a beat."""
SCORED_LEVELS = (0.5, 1.0)
"""Levels of the score. All signals count alike: nothing was chosen by how it came out."""
HIT_SECONDS = 0.03
"""Deviation of the Gaussian that accelerations are smoothed with before their peaks are sought."""


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
    level_above : dict of float to float
        Level -> `above` by all signals at that level alone.
    signal_above : dict of str to float
        Signal -> `above` by that signal alone, at `SCORED_LEVELS`.
    """

    score: float
    above: float
    each: dict
    level_above: dict
    signal_above: dict


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
    shoulders, hips, knees = (_middle(at, part) for part in ("shoulder", "hip", "knee"))
    torso = _torso(at)

    def speed(*parts):
        joints = np.stack([at[f"{side}_{part}"] for part in parts for side in ("left", "right")])
        moved = np.linalg.norm(np.diff(joints, axis=1), axis=-1) * fps / torso
        return np.log1p(moved).mean(0)

    found = {
        "height": ((shoulders + hips)[:, 1] / 2 / torso, 0.0),
        "knees": (np.abs((knees - hips)[:, 1]) / torso, 0.0),
        "hands": (speed("wrist"), 0.5),
        "feet": (speed("ankle"), 0.5),
        "speed": (speed(*LIMBS), 0.5),
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
    if not _long_enough(keypoints, fps, beats):
        return _told({})
    tempi = np.concatenate([[1.0], DETUNED])
    locked = {}
    for name, (signal, first) in rhythm_signals(keypoints, fps, skeleton).items():
        phase = beat_phase((np.arange(len(signal)) + first) / fps, beats)
        fastest = np.diff(phase).max() * DETUNED.max()
        for level in LEVELS:
            if level * fastest <= 0.5:
                locked[name, level] = locking_at(signal, level * tempi[:, None] * phase)
    return _told(locked)


def sharp_hits(keypoints, fps, skeleton):
    """Single accents: the moments in which hands, feet or all limbs are pushed hardest.

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)
        Pixels or any unit; finite.
    fps : float
    skeleton : str

    Returns
    -------
    dict of str to (ndarray, ndarray)
        Of ``hands``, ``feet`` and all ``limbs`` the times in seconds and the heights of the
        peaks of ln(1 + acceleration), in torsos a second squared, that stand out by its
        standard deviation or more.
    """
    at = {name: keypoints[:, j].astype(float) for j, name in enumerate(SKELETONS[skeleton].joints)}
    torso = _torso(at)
    parts = {"hands": ["wrist"], "feet": ["ankle"], "limbs": LIMBS}
    found = {}
    for name, joints in parts.items():
        moved = np.stack([at[f"{side}_{part}"] for part in joints for side in ("left", "right")])
        pushed = np.linalg.norm(np.diff(moved, n=2, axis=1), axis=-1) * fps**2 / torso
        pushed = gaussian_filter1d(np.log1p(pushed).mean(0), HIT_SECONDS * fps, mode="nearest")
        if np.ptp(pushed) <= _STILL:
            found[name] = np.zeros(0), np.zeros(0)
            continue
        peaks = find_peaks(pushed, prominence=pushed.std())[0]
        found[name] = (peaks + 1) / fps, pushed[peaks]
    return found


def hit_locking(keypoints, fps, beats, skeleton):
    """Measure how the single accents of a dance (`sharp_hits`) are locked to beats.

    As `phase_locking`, with |sum h exp(-2 pi i m phi)| / sum h over the hits of heights h in the
    place of the locking of a signal.

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)
    fps : float
    beats : ndarray
    skeleton : str

    Returns
    -------
    Locking
        Its signals are the parts of `sharp_hits`; locking is 0 for a part without a hit.
    """
    beats = np.asarray(beats, float)
    if not _long_enough(keypoints, fps, beats):
        return _told({})
    tempi = np.concatenate([[1.0], DETUNED])
    fastest = DETUNED.max() / np.diff(beats).min() / fps
    locked = {}
    for name, (times, heights) in sharp_hits(keypoints, fps, skeleton).items():
        phase = beat_phase(times, beats) if len(times) else times
        for level in LEVELS:
            if level * fastest <= 0.5:
                turned = np.exp(-2j * np.pi * level * tempi[:, None] * phase)
                locked[name, level] = np.abs(turned @ heights) / max(heights.sum(), 1e-12)
    return _told(locked)


def _long_enough(keypoints, fps, beats):
    return len(beats) >= 2 and len(keypoints) / fps >= LEAST_BEATS * np.median(np.diff(beats))


def _told(locked):
    """`Locking` from that of each signal and level to the own tempo and to all detuned ones."""
    standing = {
        key: (values - values[1:].mean()) / max(values[1:].std(), 1e-12)
        for key, values in locked.items()
    }
    each = {key: float(values[0]) for key, values in locked.items()}
    scored = {key: row for key, row in standing.items() if key[1] in SCORED_LEVELS}
    alone = _above_by(standing, 1), _above_by(scored, 0)
    if not scored:
        return Locking(np.nan, np.nan, each, *alone)
    scores = np.mean(list(scored.values()), axis=0)
    return Locking(float(scores[0]), _above(scores), each, *alone)


def _above_by(standing, part):
    """`above` of the rows that share a part of their key, by that part."""
    shared = dict.fromkeys(key[part] for key in standing)
    return {
        one: _above(np.mean([row for key, row in standing.items() if key[part] == one], axis=0))
        for one in shared
    }


def _above(scores):
    """Share of the detuned tempi under the own, which is the first."""
    return float(np.mean(scores[1:] < scores[0]) + np.mean(scores[1:] == scores[0]) / 2)


def _torso(at):
    shoulders, hips = (_middle(at, part) for part in ("shoulder", "hip"))
    return max(float(np.median(np.linalg.norm(shoulders - hips, axis=-1))), 1e-9)


def _middle(at, part):
    return (at[f"left_{part}"] + at[f"right_{part}"]) / 2


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
