"""The song as the networks see it.

Whatever the method, the samples are stored as int16 and become float32 by one rule
(`decode`), in training and in generation alike.
"""

import math

import numpy as np

from choreo.choices import METHODS
from choreo.errors import ItemError, check_known

CHANNELS = {"thesis": "mean", "released": "left"}
"""Method -> how `choreo.videos.audio.read_song` makes its song mono."""

# `thesis`: [0, 1] in steps of 1/65535, moved to where int16 begins.
_LEVELS, _LOWEST = 65535, -32768


def stored(samples, method, *, where=None):
    """Scale a whole song as `method` does, as the int16 values that the dataset keeps.

    ``thesis``: channels averaged, then min-max scaling of the whole clip: its smallest
    sample becomes 0, its largest 1 (section 4.1). The whole clip and not the chunk, so
    that loud and quiet passages stay apart. The 65,536 levels are all used: the largest
    error is 1/131,070 of the range, less than that of a 16-bit file.

    ``released``: the left channel, then gain to a peak of -0.1 dB of full scale,
    rounded down and clipped (what pydub's `normalize` computes); silence stays.

    Parameters
    ----------
    samples : ndarray, shape (n,) or (n, channels)
        int16, or float with full scale at 1.
    method : {"thesis", "released"}
        The text, or what the released code did.
    where : str, optional
        What an error names.

    Returns
    -------
    ndarray of int16, shape (n,)

    Raises
    ------
    ItemError
        Where the song is empty, not finite or, for `thesis`, silent.
    """
    check_known(method, METHODS, what="method")
    samples = np.asarray(samples)
    if not len(samples):
        raise ItemError("the song is empty", where=where)
    if not np.isfinite(samples).all():
        raise ItemError("the song has samples that are not finite", where=where)
    return (_stored_thesis if method == "thesis" else _stored_released)(samples, where)


def _stored_thesis(samples, where):
    values = samples.astype(np.float64)
    if values.ndim == 2:
        values = values.mean(1)
    low, high = values.min(), values.max()
    if low == high:
        raise ItemError(
            "the song is silent",
            where=where,
            remedy="A dance needs its music: give a video with sound, or leave it out",
        )
    return (np.rint((values - low) / (high - low) * _LEVELS) + _LOWEST).astype(np.int16)


def _stored_released(samples, where):
    left = samples if samples.ndim == 1 else samples[:, 0]
    if left.dtype.kind == "f":
        left = np.clip(np.rint(left * 32768.0), -32768, 32767)
    left = left.astype(np.float64)
    peak = np.abs(left).max()
    if peak == 0:
        return left.astype(np.int16)
    # By way of decibels, as pydub goes: the last bit of the factor decides about floors.
    decibels = 20 * math.log(32768 * 10 ** (-0.1 / 20) / peak, 10)
    return np.clip(np.floor(left * 10 ** (decibels / 20)), -32768, 32767).astype(np.int16)


def decode(values, method):
    """Turn stored int16 values into what the networks get.

    Parameters
    ----------
    values : ndarray of int16
        As `stored` gives them.
    method : {"thesis", "released"}
        As given to `stored`.

    Returns
    -------
    ndarray of float32, same shape
        [0, 1] for `thesis`, whole numbers of the int16 range for `released`.
    """
    out = np.asarray(values).astype(np.float32)
    if method == "thesis":
        out -= np.float32(_LOWEST)
        out *= np.float32(1 / _LEVELS)
    return out


def encode(values, method):
    """Give back the stored int16 values that `decode` was given, exactly."""
    values = np.asarray(values)
    if method == "thesis":
        values = values * _LEVELS + _LOWEST
    return np.rint(values).astype(np.int16)


def network_audio(samples, method):
    """A whole song as the networks get it, for generation: ``decode(stored(...))``.

    The released code does not peak-normalise at inference; to do as it did, give
    ``decode`` the int16 samples themselves.

    Returns
    -------
    ndarray of float32, shape (n,)
    """
    return decode(stored(samples, method), method)


def frames(audio, data):
    """Samples as audio frames, one a pose.

    Where a pose is no whole number of samples, as at 30 a second, each frame begins with
    the sample at its time and shares one with the next.

    Parameters
    ----------
    audio : ndarray, shape (..., N)
        The last frame is filled up with the last sample.
    data : DataDescription

    Returns
    -------
    ndarray, shape (..., T, S)
        T is `data.frames_of(N)`, S `data.audio_frame`.
    """
    audio = np.asarray(audio)
    count, size = data.frames_of(audio.shape[-1]), data.audio_frame
    starts = [data.samples_at(frame) for frame in range(count)]
    missing = (starts[-1] + size if starts else 0) - audio.shape[-1]
    if missing > 0:
        audio = np.pad(audio, [(0, 0)] * (audio.ndim - 1) + [(0, missing)], mode="edge")
    if data.sample_rate % data.fps == 0:
        return audio.reshape(*audio.shape[:-1], count, size)
    return audio[..., np.add.outer(np.array(starts, int), np.arange(size))]


def unframed(frames, data):
    """Samples, (..., N), of audio frames that `frames` made, (..., T, S), filled up."""
    *rest, count, size = np.shape(frames)
    if data.sample_rate % data.fps == 0:
        return np.reshape(frames, (*rest, count * size))
    # As many of each as lie before the next begins; all of the last.
    ends = [data.samples_at(k + 1) - data.samples_at(k) for k in range(count - 1)] + [size]
    return np.concatenate([frames[..., k, :end] for k, end in enumerate(ends)], axis=-1)
