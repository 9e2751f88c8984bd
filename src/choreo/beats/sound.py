"""Samples as every tracker takes them, and what has no beats."""

from __future__ import annotations

import numpy as np

from choreo.errors import ItemError

_SILENCE = 1e-4  # full scale; -80 dB, under the last bit of most recordings' noise


def as_float(audio: np.ndarray) -> np.ndarray:
    """Bring samples to float32 in [-1, 1].

    Parameters
    ----------
    audio : ndarray
        One channel; integers are divided by their type's full scale.

    Returns
    -------
    ndarray of float32, the same shape
        `audio` itself where it is float32 already.

    Raises
    ------
    ItemError
        Where a sample is not finite.
    """
    audio = np.asarray(audio)
    if np.issubdtype(audio.dtype, np.signedinteger):
        return audio.astype(np.float32) / np.float32(-float(np.iinfo(audio.dtype).min))
    audio = audio.astype(np.float32, copy=False)
    # No array of truths as long as the song: NaN and infinity survive both extremes.
    if len(audio) and not np.isfinite([audio.min(), audio.max()]).all():
        raise ItemError("the sound has samples that are not finite", remedy="Decode it again")
    return audio


def beatless(audio: np.ndarray, rate: int) -> bool:
    """Tell whether there is nothing to track: silence, or less than two seconds.

    Parameters
    ----------
    audio : ndarray of float32, shape (S,)
    rate : int
        Samples a second.
    """
    return len(audio) < 2 * rate or max(audio.max(), -audio.min()) < _SILENCE


def framed(audio, first, last, hop, window, beyond="constant"):
    """Cut the samples of some frames of a sound without its mean.

    Frame k is centred on sample ``k * hop``.

    Parameters
    ----------
    audio : ndarray of float32, shape (S,)
    first, last : int
        Frames [first, last).
    hop, window : int
        Samples between frames and of a frame.
    beyond : str
        What is beyond both ends of the sound, by `numpy.pad`: zeros, or with ``"edge"`` its
        first and last sample, so that a silent end makes no step by the mean taken away.

    Returns
    -------
    ndarray of float32, shape ((last - first - 1) * hop + window,)
    """
    begin = first * hop - window // 2
    end = (last - 1) * hop - window // 2 + window
    signal = audio[max(begin, 0) : max(end, 0)] - audio.mean()
    return np.pad(signal, (max(-begin, 0), max(end - len(audio), 0)), beyond)


def triangles(edges, rate, window):
    """Triangular filters of unit area over the bins of a spectrum.

    Parameters
    ----------
    edges : array_like, shape (B + 2,)
        Hz, rising: filter b begins at edge b, is largest at b + 1 and ends at b + 2.
    rate, window : int
        Samples a second and of a spectrum.

    Returns
    -------
    ndarray of float32, shape (B, 1 + window // 2)
    """
    edges = np.asarray(edges, float)
    steps = np.diff(edges)
    away = edges[:, None] - np.fft.rfftfreq(window, 1 / rate)
    rise, fall = -away[:-2] / steps[:-1, None], away[2:] / steps[1:, None]
    filters = np.maximum(0, np.minimum(rise, fall)).astype(np.float32)
    # Rounded twice, as librosa's are.
    return (filters * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)
