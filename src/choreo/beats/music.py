"""The music beats of Table 2, from onset strength (thesis section 4.4)."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from choreo.beats.librosa_cache import librosa
from choreo.beats.sound import as_float
from choreo.beats.trackers import track_beats
from choreo.choices import METHODS
from choreo.errors import ItemError, check_known
from choreo.media import SAMPLE_RATE

HOP = 512
"""Samples between two values of the released onset strength: 32 ms at 16 kHz."""
_SPECTRUM = 2048
"""Samples of one spectrum: a shorter sound has no change of spectrum."""


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


def music_beats(
    audio: np.ndarray,
    method: str = "thesis",
    tracker: str = "librosa",
    beat_this: str | Path | None = None,
):
    """Music beats of one segment of sound.

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
    tracker : str
        For "thesis": whose beats (`choreo.beats.registry.TRACKERS`). The text means librosa's.
    beat_this : str or Path, optional
        Weights of the tracker ``beat_this``, which is then the tracker.

    Returns
    -------
    for_coverage, for_alignment : ndarray
        Seconds from the start of the sound, rising. Empty for silence.

    Raises
    ------
    ItemError
        Where a sample is not finite.
    """
    check_known(method, METHODS, what="way to find music beats", kind=ItemError)
    if method == "thesis":
        chosen = tracker if beat_this is None else "beat_this"
        beats = np.array(track_beats(audio, SAMPLE_RATE, chosen, beat_this)["beats"])
        return beats, beats
    if len(audio) < _SPECTRUM:
        return np.zeros(0), np.zeros(0)
    strength = released_onset_strength(audio)
    peaks = librosa.util.peak_pick(
        strength, pre_max=3, post_max=3, pre_avg=3, post_avg=3, delta=0.5, wait=2
    )
    onsets = librosa.onset.onset_detect(onset_envelope=strength, sr=SAMPLE_RATE, hop_length=HOP)
    return _seconds(peaks), _seconds(onsets)


def _seconds(frames):
    return np.asarray(frames, float) * HOP / SAMPLE_RATE
