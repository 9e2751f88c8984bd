"""Beats beyond Table 2: F-measure, alignment in both directions, and tempo agreement."""

import numpy as np

from choreo.beats.motion import speed_drops
from choreo.evaluation.beat_scores import distance, shifts

F_TOLERANCE = 0.07
"""Seconds of the F-measure (the field's and mir_eval's)."""
SIGMA = 0.05
"""Seconds of the alignment's Gaussian (AIST++: 3 frames at 60 frames a second)."""
TEMPO_TOLERANCE = 0.08
"""Share by which two tempi may differ (mir_eval)."""
_ROUNDING = 1e-9
_SLOWEST, _FASTEST = 0.5, 4.0  # Hz: 30 to 240 beats a minute
_SPECTRUM = 1024


def measure_alignment(motion, music, *, frames, fps):
    """Sums over the beats of each segment, and their means over all circular shifts.

    Parameters
    ----------
    motion, music : list of ndarray
        Beats of each segment in seconds from its start, rising.
    frames : int
        Frames of a segment.
    fps : float
        Frames a second.

    Returns
    -------
    dict of str to ndarray, shape (N,)
        `matched`: motion beats that have a music beat of their own within 70 ms (the
        largest such matching); `motion_to_music`: sum over the motion beats of
        ``exp(-d^2 / 2 sigma^2)`` with d to the nearest music beat; `music_to_motion`:
        the same over the music beats; each with its chance level in `..._chance`
        (`choreo.evaluation.beat_scores.shifts`); `music_beats`: number of music beats.
    """
    names = ("matched", "motion_to_music", "music_to_motion")
    found = {name: np.zeros(len(motion)) for name in names}
    found |= {f"{name}_chance": np.zeros(len(motion)) for name in names}
    found["music_beats"] = np.array([len(beats) for beats in music], float)
    for i, (moved, music_beats) in enumerate(zip(motion, music, strict=True)):
        if not len(moved) or not len(music_beats):
            continue
        found["matched"][i] = matched(moved, music_beats)
        found["motion_to_music"][i] = closeness(moved, music_beats).sum()
        found["music_to_motion"][i] = closeness(music_beats, moved).sum()
        others = np.sort(shifts(moved, frames, fps), axis=1)
        found["matched_chance"][i] = np.mean([matched(row, music_beats) for row in others])
        found["motion_to_music_chance"][i] = closeness(others, music_beats).sum(1).mean()
        away = np.abs(others[:, None, :] - music_beats[:, None]).min(-1)
        found["music_to_motion_chance"][i] = _gauss(away).sum(1).mean()
    return found


def closeness(times, references):
    """``exp(-d^2 / 2 sigma^2)`` with d from each time to the nearest reference."""
    return _gauss(distance(times, references))


def _gauss(seconds):
    return np.exp(-((seconds / SIGMA) ** 2) / 2)


def matched(times, references, tolerance=F_TOLERANCE):
    """Size of the largest matching of times to references within a tolerance.

    Parameters
    ----------
    times, references : ndarray
        Seconds, rising. Each is matched once at most. Taking them in order and
        matching whenever possible is optimal on a line.
    tolerance : float
        Seconds, inclusive.

    Returns
    -------
    int
    """
    count = i = j = 0
    while i < len(times) and j < len(references):
        gap = times[i] - references[j]
        if abs(gap) <= tolerance + _ROUNDING:
            count += 1
            i += 1
            j += 1
        elif gap < 0:
            i += 1
        else:
            j += 1
    return count


def motion_tempo(pixels, fps):
    """Tempo of the movement of each segment.

    The frequency of the highest peak in the spectrum of the speed drops
    (`choreo.beats.motion.speed_drops`), from 30 to 240 a minute, as far as
    the frame rate allows.

    Parameters
    ----------
    pixels : ndarray, shape (N, T, J, 2)
    fps : float

    Returns
    -------
    ndarray, shape (N,)
        Beats a minute; NaN for a dancer who stands still.
    """
    drop = speed_drops(pixels)[0]
    drop = drop - drop.mean(1, keepdims=True)
    power = np.abs(np.fft.rfft(drop * np.hanning(drop.shape[1]), _SPECTRUM, axis=1)) ** 2
    frequency = np.fft.rfftfreq(_SPECTRUM, 1 / fps)
    inside = (frequency >= _SLOWEST) & (frequency <= min(_FASTEST, fps / 2))
    best = frequency[inside][power[:, inside].argmax(1)]
    return np.where(drop.any(1), 60 * best, np.nan)


def tempi_agree(a, b):
    """Whether two tempi agree within 8%, also at half or double the tempo.

    Parameters
    ----------
    a, b : ndarray
        Beats a minute, shapes that fit together; nothing agrees with NaN.

    Returns
    -------
    ndarray of bool
    """
    ratio = np.asarray(a) / np.asarray(b)
    return np.any([np.abs(ratio / k - 1) <= TEMPO_TOLERANCE for k in (0.5, 1, 2)], axis=0)
