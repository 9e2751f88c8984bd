"""What features are computed from: samples around 0, and their short spectra."""

import numpy as np

_BLOCK = 2000  # spectra that are held at a time


def centred(samples, data):
    """Samples as float32 in about [-1, 1] without their mean, whatever the data's method.

    Parameters
    ----------
    samples : ndarray of float32, shape (N,)
        As `choreo.dataset.audio.decode` gives them.
    data : DataDescription
    """
    samples = np.asarray(samples, np.float32)
    scale = np.float32(2 if data.method == "thesis" else 1 / 32768)
    return (samples - samples.mean(dtype=np.float64).astype(np.float32)) * scale


def banded(samples, window, hop, filters, power=2):
    """Spectra of a song, summed in bands.

    Parameters
    ----------
    samples : ndarray of float32, shape (N,)
    window, hop : int
        Samples of a spectrum, and between two. Spectrum k is centred on sample ``k * hop``.
    filters : ndarray, shape (1 + window // 2, B)
    power : float
        Of the magnitudes before they are summed.

    Returns
    -------
    ndarray of float32, shape (1 + N // hop, B)
    """
    shape = np.hanning(window + 1)[:-1].astype(np.float32)
    padded = np.pad(samples, (window // 2, window))
    windows = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    count = 1 + len(samples) // hop
    found = np.empty((count, filters.shape[1]), np.float32)
    for first in range(0, count, _BLOCK):
        part = windows[first : min(first + _BLOCK, count)] * shape
        found[first : first + len(part)] = np.abs(np.fft.rfft(part)) ** power @ filters
    return found


def at_times(curves, rate, seconds):
    """Values of curves, (n, B), of so many a second, at times, between them linearly."""
    place = np.clip(np.asarray(seconds, float) * rate, 0, len(curves) - 1)
    before = np.minimum(place.astype(int), max(len(curves) - 2, 0))
    share = (place - before)[:, None]
    after = np.minimum(before + 1, len(curves) - 1)
    return ((1 - share) * curves[before] + share * curves[after]).astype(np.float32)
