"""Clicks at known times: the simplest sound whose beats are known."""

import numpy as np

from choreo.media import SAMPLE_RATE

_PEAK = 0.2  # deviation of the noise where a click begins
_LENGTH, _DECAY = 0.1, 0.0125  # seconds


def clicks(times, seconds, rate=SAMPLE_RATE, seed=0, loudness=1.0):
    """Short decaying noise bursts at known times in silence.

    Parameters
    ----------
    times : array_like, shape (B,)
        Seconds. What does not fit before the end is cut off.
    seconds : float
        Length of the sound.
    rate : int
        Samples a second.
    seed : int
        Of the noise that every click is made of.
    loudness : float or array_like, shape (B,)
        Factor of each click.

    Returns
    -------
    ndarray, shape (seconds * rate,)
    """
    rng = np.random.default_rng(seed)
    sound = np.zeros(round(seconds * rate))
    count = round(_LENGTH * rate)
    burst = rng.normal(size=count) * np.exp(-np.arange(count) / (_DECAY * rate)) * _PEAK
    for time, gain in zip(times, np.broadcast_to(loudness, np.shape(times))):
        part = sound[round(time * rate) :][:count]
        part += gain * burst[: len(part)]
    return sound
