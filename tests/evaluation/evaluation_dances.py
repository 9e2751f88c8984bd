"""Made-up dances for the tests of this stage."""

import numpy as np

from choreo.evaluation.segments import Segments

CANVAS = (640, 320)
BASE = np.random.default_rng(1).uniform((260, 100), (380, 220), (18, 2))


def swaying(count, *, seed=0, amplitude=20.0, songs=("a", "b"), prefix="v", period=0.5, sound=True):
    """Segments in which every joint sways, with a click at each turn, another in each song."""
    rng = np.random.default_rng(seed)
    time = np.arange(50) / 10
    size = rng.uniform(0.5, 1, (count, 1, 18, 2)) * amplitude
    slow = np.sin(2 * np.pi * rng.uniform(0.05, 0.2, (count, 1, 1, 2)) * time[:, None, None])
    pixels = BASE + size * (np.cos(np.pi * time / period)[:, None, None] + 0.3 * slow)
    names = [songs[i * len(songs) // count] for i in range(count)]
    audio = None
    if sound:
        audio = np.zeros((count, 80_000), np.int16)
        for name in songs:
            own = np.array([n == name for n in names])
            noise = np.random.default_rng([2, *name.encode()]).normal(0, 6000, 1600)
            burst = noise * np.exp(-np.arange(1600) / 300)
            for beat in np.arange(period, 4.9, period):
                at = round(beat * 16_000)
                audio[own, at : at + 1600] = burst[: 80_000 - at]
    starts = np.concatenate([np.arange(names.count(s)) * 5.0 for s in songs])
    return Segments(pixels, names, [prefix + n for n in names], starts, audio, 10, CANVAS)
