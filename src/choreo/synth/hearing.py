"""What a dancer hears in a song, beat by beat: loudness, timbre, silence."""

from dataclasses import dataclass

import numpy as np

RANGE = 18.0
"""Decibels below the loudest beats at which the loudness is 0."""

SILENCE = 24.0
"""Decibels below the loudest beats from which on a beat counts as silent."""


@dataclass(frozen=True)
class Audible:
    """A value a beat.

    Attributes
    ----------
    loud : ndarray, shape (B,)
        0 to 1, against the song's loudest beats.
    bright : ndarray, shape (B,)
        How much of the sound lies high, in standard deviations from the song's mean, at most 1.5.
    silent : ndarray of bool, shape (B,)
    """

    loud: np.ndarray
    bright: np.ndarray
    silent: np.ndarray


def listen(audio, rate, beats):
    """Hear a song.

    Parameters
    ----------
    audio : ndarray, shape (N, channels)
    rate : int
        Samples a second.
    beats : ndarray, shape (B,)
        Seconds, two or more.

    Returns
    -------
    Audible
    """
    sound = audio[:, 0]
    ends = np.append(beats, 2 * beats[-1] - beats[-2])
    edges = np.minimum(np.round(ends * rate).astype(int), len(sound) - 1)
    squares = sound * sound
    steps = np.diff(sound, prepend=sound[:1])
    power, high = (
        np.add.reduceat(part, edges)[:-1] / np.diff(edges) for part in (squares, steps * steps)
    )
    level = 10 * np.log10(power + 1e-12)
    level -= np.percentile(level, 95)
    silent = level < -SILENCE
    tilt = np.log(high + 1e-12) - np.log(power + 1e-12)
    known = tilt[~silent]
    bright = np.clip((tilt - known.mean()) / (known.std() + 0.05), -1.5, 1.5)
    return Audible(np.clip(1 + level / RANGE, 0, 1), np.where(silent, 0.0, bright), silent)
