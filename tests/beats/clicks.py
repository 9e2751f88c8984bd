"""Clicks at known times."""

import numpy as np

from choreo.media import SAMPLE_RATE


def clicks(times, seconds, rate=SAMPLE_RATE, seed=0):
    """Short decaying noise bursts at known times in silence."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(round(seconds * rate))
    burst = rng.normal(size=rate // 10) * np.exp(-np.arange(rate // 10) / (rate / 80)) * 0.2
    for time in times:
        at = round(time * rate)
        part = sound[at : at + len(burst)]
        part += burst[: len(part)]
    return sound
