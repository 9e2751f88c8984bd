"""librosa's beat tracker (Ellis 2007, dynamic programming), in bounded memory."""

from __future__ import annotations

import numpy as np
from scipy import fft
from scipy.signal import get_window

from choreo.beats.librosa_cache import librosa
from choreo.beats.sound import framed, triangles

_STEP_SECONDS, _WINDOW_SECONDS = 0.01, 0.064
_TEMPO_SECONDS = 4.0  # a longer window costs time and finds no better tempo in 5 s of sound
_BLOCK = 6000  # frames whose spectra are held at a time: a minute
_BANDS = 128  # of mel
_FLOOR, _RANGE = 1e-10, 80  # librosa's: the least power, and dB under the loudest


def find_beats(audio: np.ndarray, rate: int, *, block: int = _BLOCK) -> np.ndarray:
    """Find beats.

    Parameters
    ----------
    audio : ndarray of float32, shape (S,)
    rate : int
        Samples a second.
    block : int
        Frames whose spectra are held at a time.

    Returns
    -------
    ndarray
        Seconds, rising.
    """
    hop = max(1, round(_STEP_SECONDS * rate))
    window = 2 ** round(np.log2(_WINDOW_SECONDS * rate))
    strength = onset_strength(audio, rate, hop, window, block)
    if not strength.any():
        return np.zeros(0)
    lags = int(_TEMPO_SECONDS * rate) // hop
    guess = librosa.feature.tempo(sr=rate, hop_length=hop, tg=mean_tempogram(strength, lags, block))
    _, frames = librosa.beat.beat_track(onset_envelope=strength, sr=rate, hop_length=hop, bpm=guess)
    return np.asarray(frames) * hop / rate


def onset_strength(audio, rate, hop, window, block=_BLOCK):
    """librosa's `onset_strength` of a sound without its mean, block by block.

    Parameters
    ----------
    audio : ndarray of float32, shape (S,)
    rate, hop, window : int
        Samples a second, between two values and of a spectrum.
    block : int
        Values found at a time.

    Returns
    -------
    ndarray of float32, shape (1 + S // hop,)
    """
    edges = librosa.mel_frequencies(_BANDS + 2, fmin=0, fmax=rate / 2)
    filters = triangles(edges, rate, window)
    decibels = np.empty((len(filters), 1 + len(audio) // hop), np.float32)
    starts = range(0, decibels.shape[1], block)
    for start in starts:
        stop = min(start + block, decibels.shape[1])
        signal = framed(audio, start, stop, hop, window)
        spectra = librosa.stft(signal, n_fft=window, hop_length=hop, center=False)
        powers = np.einsum("ft,mf->mt", np.abs(spectra) ** 2, filters, optimize=True)
        decibels[:, start:stop] = 10 * np.log10(np.maximum(_FLOOR, powers))
    floor = decibels.max() - np.float32(_RANGE)
    rises = [np.zeros(0, np.float32)]
    for start in starts:
        part = np.maximum(decibels[:, max(start - 1, 0) : start + block], floor)
        rises.append(np.maximum(0, part[:, 1:] - part[:, :-1]).mean(0))
    # A rise is told between two frames; librosa moves it by half a window as well.
    moved = np.pad(np.concatenate(rises), (1 + window // (2 * hop), 0))
    return moved[: decibels.shape[1]]


def mean_tempogram(strength, lags, block=_BLOCK):
    """Mean over time of librosa's `tempogram`, in half its time.

    The autocorrelations of all windows, each divided by its largest value, which is that
    of lag 0, are averaged before and not after the inverse transform.

    Parameters
    ----------
    strength : ndarray, shape (n,)
        Onset strength.
    lags : int
        Values of a window.
    block : int
        Windows held at a time.

    Returns
    -------
    ndarray, shape (lags, 1)
    """
    padded = np.pad(strength, lags // 2, mode="linear_ramp")
    windows = np.lib.stride_tricks.sliding_window_view(padded, lags)[: len(strength)]
    size = fft.next_fast_len(2 * lags - 1, real=True)
    power = 0
    for start in range(0, len(windows), block):
        part = windows[start : start + block] * get_window("hann", lags)
        energy = np.einsum("nt,nt->n", part, part)
        energy[energy < np.finfo(float).tiny] = 1
        spectra = fft.rfft(part, size)
        power = power + np.einsum("nf,n->f", spectra.real**2 + spectra.imag**2, 1 / energy)
    return fft.irfft(power / len(windows), size)[:lags, None]
