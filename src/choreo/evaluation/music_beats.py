"""Music beats from onset strength (thesis section 4.4), and a song's tempo."""

import functools
import warnings

import numpy as np
from scipy import fft
from scipy.signal import get_window

from choreo.errors import ConfigError, ItemError
from choreo.evaluation.librosa_cache import librosa
from choreo.media import SAMPLE_RATE

METHODS = ("thesis", "released")
HOP = 512
"""Samples between two values of the released onset strength: 32 ms at 16 kHz."""
_SPECTRUM = 2048
"""Samples of one spectrum: a shorter sound has no change of spectrum."""
_STEP_SECONDS, _WINDOW_SECONDS = 0.01, 0.064
_TEMPO_SECONDS = 4.0  # a longer window costs time and finds no better tempo in 5 s of sound
_SILENCE = 1e-4  # full scale; -80 dB, under the last bit of most recordings' noise


def as_float(audio):
    """Bring samples to float32 in [-1, 1].

    Parameters
    ----------
    audio : ndarray
        One channel; integers are divided by their type's full scale.

    Returns
    -------
    ndarray of float32, the same shape

    Raises
    ------
    ItemError
        Where a sample is not finite.
    """
    audio = np.asarray(audio)
    if np.issubdtype(audio.dtype, np.signedinteger):
        return audio.astype(np.float32) / np.float32(-float(np.iinfo(audio.dtype).min))
    audio = audio.astype(np.float32)
    if not np.isfinite(audio).all():
        raise ItemError("the sound has samples that are not finite", remedy="Decode it again")
    return audio


def released_onset_strength(audio):
    """Onset strength as the thesis's released code has it (librosa 0.8.1's defaults).

    Its mel bands reach up to 11,025 Hz, so that those over 8 kHz are empty, and the
    edges are mirrored.

    Parameters
    ----------
    audio : ndarray, shape (S,)
        Samples at 16 kHz.

    Returns
    -------
    ndarray, shape (1 + S // 512,)
        Value k is at ``k * 512 / 16000`` seconds.
    """
    with warnings.catch_warnings():
        # librosa warns of the empty bands, which are what is reproduced here.
        warnings.filterwarnings("ignore", message="Empty filters")
        return librosa.onset.onset_strength(
            y=as_float(audio), sr=SAMPLE_RATE, hop_length=HOP, fmax=11025.0, pad_mode="reflect"
        )


def music_beats(audio, method="thesis", beat_this=None):
    """Music beats of one piece of sound.

    Parameters
    ----------
    audio : ndarray, shape (S,)
        Samples at 16 kHz.
    method : {"thesis", "released"}
        "thesis": the beats of `track_beats`, one set that counts in both ratios. The
        text says "computing onset strength (Ellis, 2007)", and Ellis's beats are those
        moments of high onset strength that keep a steady tempo. "released": two sets,
        both of all onsets and not of beats. Coverage counts values of the onset
        strength that are the largest within 3 values (0.1 s) on both sides, at least
        0.5 over their mean and more than 2 values after the last; the hit rate is
        measured against the denser set of librosa's `onset_detect`.
    beat_this : str or Path, optional
        For "thesis": the beats are those of `learned_beats` with these weights.

    Returns
    -------
    for_coverage, for_alignment : ndarray
        Seconds from the start of the sound, rising. Empty for silence.

    Raises
    ------
    ItemError
        Where a sample is not finite.
    """
    _check(method)
    if method == "thesis":
        if beat_this is None:
            beats = np.array(track_beats(audio, SAMPLE_RATE)["beats"])
        else:
            beats = learned_beats(audio, SAMPLE_RATE, beat_this)
        return beats, beats
    if len(audio) < _SPECTRUM:
        return np.zeros(0), np.zeros(0)
    strength = released_onset_strength(audio)
    peaks = librosa.util.peak_pick(
        strength, pre_max=3, post_max=3, pre_avg=3, post_avg=3, delta=0.5, wait=2
    )
    onsets = librosa.onset.onset_detect(onset_envelope=strength, sr=SAMPLE_RATE, hop_length=HOP)
    return _seconds(peaks), _seconds(onsets)


def track_beats(audio, rate):
    """Tempo and beats of a whole song (librosa: Ellis 2007, dynamic programming).

    Parameters
    ----------
    audio : ndarray, shape (S,)
        Samples of one channel.
    rate : int
        Samples a second.

    Returns
    -------
    dict
        `tempo`: beats a minute, None where no beat was found; `beats`: list of
        seconds. Silence and sounds under two seconds have no beats.

    Raises
    ------
    ItemError
        Where a sample is not finite or `rate` is not positive.
    """
    if not rate > 0:
        raise ItemError("the sample rate must be positive", value=rate)
    audio = as_float(audio)
    none = {"tempo": None, "beats": []}
    if _beatless(audio, rate):
        return none
    hop = max(1, round(_STEP_SECONDS * rate))
    window = 2 ** round(np.log2(_WINDOW_SECONDS * rate))
    strength = librosa.onset.onset_strength(
        y=audio - audio.mean(), sr=rate, hop_length=hop, n_fft=window, feature=_mel_powers
    )
    if not strength.any():
        return none
    shared = {"onset_envelope": strength, "sr": rate, "hop_length": hop}
    lags = int(_TEMPO_SECONDS * rate) // hop
    guess = librosa.feature.tempo(sr=rate, hop_length=hop, tg=mean_tempogram(strength, lags))
    _, frames = librosa.beat.beat_track(**shared, bpm=guess)
    beats = np.asarray(frames) * hop / rate
    if len(beats) < 2:
        return none
    # The tracker's own tempo is a whole number of hops; the slope of the beats' times is
    # not, and no single misplaced beat moves it much.
    tempo = 60 / np.polyfit(np.arange(len(beats)), beats, 1)[0]
    return {"tempo": float(tempo), "beats": [float(beat) for beat in beats]}


def learned_beats(audio, rate, weights):
    """Beats of the learned tracker Beat This! (Foscarin, Schlüter and Widmer, 2024).

    Parameters
    ----------
    audio : ndarray, shape (S,)
        Samples of one channel.
    rate : int
        Samples a second.
    weights : str or Path
        A checkpoint of it. Nothing is downloaded.

    Returns
    -------
    ndarray
        Seconds, rising. Empty for silence and sounds under two seconds.

    Raises
    ------
    ConfigError
        Where the package ``beat_this`` isn't installed or can't use the file.
    ItemError
        Where a sample is not finite.
    """
    audio = as_float(audio)
    if _beatless(audio, rate):
        return np.zeros(0)
    beats, _ = _learned_tracker(str(weights))(audio, rate)
    return np.unique(np.asarray(beats, float))


def median_tempo(beats):
    """Beats a minute from the median interval; None of fewer than two beats."""
    return float(60 / np.median(np.diff(beats))) if len(beats) > 1 else None


@functools.cache
def _learned_tracker(weights):
    import torch

    try:
        from beat_this.inference import Audio2Beats
    except ImportError:
        raise ConfigError(
            "the package beat_this is not installed",
            where="evaluation.beat_this",
            remedy="pip install beat_this (github.com/CPJKU/beat_this), or leave the key out",
        ) from None
    try:
        # The package takes a name that is no file for the name of a download.
        torch.load(weights, map_location="cpu", weights_only=True)
        return Audio2Beats(checkpoint_path=weights, device="cpu", dbn=False)
    except Exception as error:
        raise ConfigError(
            f"no weights of beat_this ({type(error).__name__}: {str(error).splitlines()[0][:200]})",
            where="evaluation.beat_this",
            value=weights,
            remedy="Name a checkpoint that the package's own documentation links to",
        ) from error


def mean_tempogram(strength, lags):
    """Mean over time of librosa's `tempogram`, in half its time.

    The autocorrelations of all windows, each divided by its largest value, which is that
    of lag 0, are averaged before and not after the inverse transform.

    Parameters
    ----------
    strength : ndarray, shape (n,)
        Onset strength.
    lags : int
        Values of a window.

    Returns
    -------
    ndarray, shape (lags, 1)
    """
    padded = np.pad(strength, lags // 2, mode="linear_ramp")
    windows = np.lib.stride_tricks.sliding_window_view(padded, lags)[: len(strength)]
    windows = windows * get_window("hann", lags)
    energy = np.einsum("nt,nt->n", windows, windows)
    energy[energy < np.finfo(float).tiny] = 1
    size = fft.next_fast_len(2 * lags - 1, real=True)
    spectra = fft.rfft(windows, size)
    power = np.einsum("nf,n->f", spectra.real**2 + spectra.imag**2, 1 / energy)
    return fft.irfft(power / len(windows), size)[:lags, None]


def _mel_powers(*, y, sr, n_fft, hop_length):
    """librosa's `melspectrogram`, whose filters are made once."""
    power = np.abs(librosa.stft(y, n_fft=n_fft, hop_length=hop_length)) ** 2
    return np.einsum("ft,mf->mt", power, _mel_filters(sr, n_fft), optimize=True)


@functools.cache
def _mel_filters(rate, window):
    return librosa.filters.mel(sr=rate, n_fft=window)


def _beatless(audio, rate):
    """Tell whether there is nothing to track: silence, or less than two seconds."""
    return len(audio) < 2 * rate or np.abs(audio).max() < _SILENCE


def _seconds(frames):
    return np.asarray(frames, float) * HOP / SAMPLE_RATE


def _check(method):
    if method not in METHODS:
        raise ItemError(
            "unknown way to find music beats",
            value=method,
            remedy=f"Use one of {', '.join(METHODS)}",
        )
