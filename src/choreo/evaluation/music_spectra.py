"""What segments of music sound like, to find similar ones."""

import numpy as np

from choreo.beats.librosa_cache import librosa
from choreo.beats.sound import as_float
from choreo.media import SAMPLE_RATE

_BANDS, _WINDOW, _HOP = 20, 2048, 1024


def music_spectra(audio):
    """Describe segments of music by their spectra.

    Parameters
    ----------
    audio : ndarray, shape (N, S)
        16 kHz.

    Returns
    -------
    ndarray, shape (N, 60)
        Of 20 mel bands in decibels: mean, standard deviation, and mean increase from
        one spectrum to the next.
    """
    bank = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=_WINDOW, n_mels=_BANDS)
    found = []
    for sound in audio:
        sound = as_float(sound)
        # Loudness is the recording's, not the music's.
        sound = sound / max(float(np.sqrt(np.mean(sound**2))), 1e-6)
        spectrum = np.abs(librosa.stft(sound, n_fft=_WINDOW, hop_length=_HOP)) ** 2
        level = 10 * np.log10(bank @ spectrum + 1e-4)
        rise = np.maximum(np.diff(level, axis=1), 0)
        found.append(np.concatenate([level.mean(1), level.std(1), rise.mean(1)]))
    return np.array(found).reshape(len(found), 3 * _BANDS)
