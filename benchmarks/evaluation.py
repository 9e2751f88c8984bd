"""Table 2 at the size of a large study: 1,000 generated against 10,000 real chunks.

Run: ``python benchmarks/evaluation.py [generated] [real]``. Prints the time of each part
and the peak memory; the dances are made up, so that only the times mean anything.
"""

import resource
import sys
import time

import numpy as np

from choreo.evaluation.extractor import train_extractor
from choreo.evaluation.measurements import measure
from choreo.evaluation.pieces import Pieces
from choreo.evaluation.table2 import evaluate, table2


def dances(count, name, seed, *, sound):
    """Swaying figures to noise bursts."""
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * rng.uniform(0.3, 1, (count, 1, 1, 2)) * np.arange(50)[:, None, None] / 10
    pixels = np.sin(phase + rng.uniform(0, 6, (count, 1, 18, 2)))
    pixels *= rng.uniform(5, 40, (count, 1, 18, 2))
    audio = None
    if sound:
        audio = (rng.integers(-9000, 9000, 80_000) * (np.arange(80_000) % 8000 < 1200)) >> 1
        audio = np.stack([np.roll(audio, int(rng.integers(8000))) for _ in range(count)])
        audio = audio.astype(np.int16)
    pixels += np.array([320, 160])
    songs = [f"{name}{i // 8}" for i in range(count)]
    return Pieces(pixels, songs, songs, np.arange(count) % 8 * 5.0, audio, 10, (640, 320))


def main(generated=1000, real=10_000):
    """Print one line a part."""
    training = dances(real, "train", 1, sound=False)
    made = dances(generated, "test", 2, sound=True)
    total = time.perf_counter()

    def timed(what, function, *args, **options):
        start = time.perf_counter()
        value = function(*args, **options)
        print(f"{what:45s} {time.perf_counter() - start:7.2f} s")
        return value

    extractor = timed(
        f"extractor on {real} chunks", train_extractor, training.pixels, training.songs
    )
    reference = timed(f"features of {real} real chunks", measure, training, extractor)
    measured = timed(f"features and beats of {generated} chunks", measure, made, extractor)
    record = timed("distance and rates", evaluate, measured, reference, system="gru", seed=1)
    timed("table", table2, [record])
    print(f"{'all of Table 2':45s} {time.perf_counter() - total:7.2f} s")
    print(f"{'peak memory':45s} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:7.2f} GB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
