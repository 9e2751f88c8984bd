"""Music beats: peaks of the onset strength (thesis section 4.4), and a song's tempo."""

import warnings

import librosa
import numpy as np

from choreo.errors import ItemError
from choreo.media import SAMPLE_RATE

METHODS = ("thesis", "released")
HOP = 512
"""Samples between two values of the onset strength: 32 ms at 16 kHz."""
_SPECTRUM = 2048
"""Samples of one spectrum: a shorter sound has no change of spectrum."""
_TRACKING_HOP_SECONDS = 0.008  # a tempo of 120 BPM is then known to 2 BPM before it is refined
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


def onset_strength(audio, method="thesis"):
    """Onset strength of one sound (Ellis 2007: increase of the mel spectrum's decibels).

    Parameters
    ----------
    audio : ndarray, shape (S,)
        Samples at 16 kHz.
    method : {"thesis", "released"}
        "released" takes the defaults of librosa 0.8.1: mel bands up to 11,025 Hz, of
        which those over 8 kHz are empty, and a mirrored edge.

    Returns
    -------
    ndarray, shape (1 + S // 512,)
        Value k is at ``k * 512 / 16000`` seconds.
    """
    _check(method)
    audio = as_float(audio)
    if method == "thesis":
        # Min-max scaled sound (section 4.1) is not centred; the offset is no music.
        return librosa.onset.onset_strength(y=audio - audio.mean(), sr=SAMPLE_RATE, hop_length=HOP)
    with warnings.catch_warnings():
        # librosa warns of the empty bands, which are what is reproduced here.
        warnings.filterwarnings("ignore", message="Empty filters")
        return librosa.onset.onset_strength(
            y=audio, sr=SAMPLE_RATE, hop_length=HOP, fmax=11025.0, pad_mode="reflect"
        )


def music_beats(audio, method="thesis"):
    """Music beats of one piece of sound.

    A beat is a value of the onset strength that is the largest within 3 values (0.1 s)
    on both sides, at least 0.5 over their mean, and more than 2 values after the last.

    Parameters
    ----------
    audio : ndarray, shape (S,)
        Samples at 16 kHz.
    method : {"thesis", "released"}
        "thesis": one set of beats, which counts in both ratios. "released": the hit
        rate is measured against another and denser set, librosa's `onset_detect`.

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
    if len(audio) < _SPECTRUM:
        return np.zeros(0), np.zeros(0)
    strength = onset_strength(audio, method)
    peaks = librosa.util.peak_pick(
        strength, pre_max=3, post_max=3, pre_avg=3, post_avg=3, delta=0.5, wait=2
    )
    coverage = _seconds(peaks)
    if method == "thesis":
        return coverage, coverage
    onsets = librosa.onset.onset_detect(onset_envelope=strength, sr=SAMPLE_RATE, hop_length=HOP)
    return coverage, _seconds(onsets)


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
    if len(audio) < 2 * rate or np.abs(audio).max() < _SILENCE:
        return none
    hop = max(1, round(_TRACKING_HOP_SECONDS * rate))
    strength = librosa.onset.onset_strength(y=audio, sr=rate, hop_length=hop)
    if not strength.any():
        return none
    _, frames = librosa.beat.beat_track(onset_envelope=strength, sr=rate, hop_length=hop)
    beats = np.asarray(frames) * hop / rate
    if len(beats) < 2:
        return none
    # The tracker's own tempo is a whole number of hops; the slope of the beats' times is
    # not, and no single misplaced beat moves it much.
    tempo = 60 / np.polyfit(np.arange(len(beats)), beats, 1)[0]
    return {"tempo": float(tempo), "beats": [float(beat) for beat in beats]}


def _seconds(frames):
    return np.asarray(frames, float) * HOP / SAMPLE_RATE


def _check(method):
    if method not in METHODS:
        raise ItemError(
            "unknown way to find music beats",
            value=method,
            remedy=f"Use one of {', '.join(METHODS)}",
        )
