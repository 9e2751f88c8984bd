"""Features `mel`: spectrum and onsets of a song, relative to its own, beside its rhythm."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from choreo.beats.sound import triangles
from choreo.models.music_features import rhythm
from choreo.models.music_features.sound import at_times, banded, centred

BANDS = 32
_LOWEST, _HIGHEST = 40.0, 8000.0  # Hz
_WINDOW, _RATE = 1024, 100
_RANGE = 60.0  # dB under what is usually loudest that are told apart
_USUAL = 95  # percentile


def size(data):
    """Bands, onsets, and the values of `phase`."""
    return BANDS + 1 + rhythm.size(data)


def hear(samples, data):
    """Listen to a song.

    Parameters
    ----------
    samples : ndarray of float32, shape (N,)
    data : DataDescription

    Returns
    -------
    Spectrum
    """
    rhythmic = rhythm.hear(samples, data)
    samples = centred(samples, data)
    mel = 2595 * np.log10(1 + np.array([_LOWEST, _HIGHEST]) / 700)
    edges = 700 * (10 ** (np.linspace(*mel, BANDS + 2) / 2595) - 1)
    filters = triangles(edges, data.sample_rate, _WINDOW).T
    powers = banded(samples, _WINDOW, data.sample_rate // _RATE, filters)
    decibels = 10 * np.log10(np.maximum(powers, 1e-12))
    top = np.percentile(decibels, _USUAL, axis=0)
    levels = np.clip((decibels - top) / _RANGE + 1, 0, 1.5) * 2 - 1
    rises = np.maximum(0, levels[1:] - levels[:-1]).mean(1, keepdims=True)
    onsets = np.concatenate([np.zeros((1, 1)), rises])
    usual = np.percentile(onsets, _USUAL)
    onsets = np.tanh(onsets / usual) if usual > 0 else np.zeros_like(onsets)
    # As wide as a pose: what lies between two poses is not lost.
    curves = np.concatenate([levels, onsets], 1)
    curves = ndimage.uniform_filter1d(curves, max(1, round(_RATE / data.fps)), axis=0)
    return Spectrum(curves.astype(np.float32), rhythmic)


@dataclass(frozen=True)
class Spectrum:
    """Curves of a song, shape (n, 33), 100 a second, and its rhythm."""

    curves: np.ndarray
    rhythm: rhythm.Rhythm

    def at(self, seconds, speed=1.0):
        """Features at times; see `choreo.models.music_features.SongFeatures`."""
        own = at_times(self.curves, _RATE, seconds)
        return np.concatenate([own, self.rhythm.at(seconds, speed)], 1)
