"""Table 2 at the size of a large study: 1,000 generated against 10,000 real chunks.

Run: ``python benchmarks/evaluation.py [generated] [real]``. Makes what the rules
`train_extractor`, `evaluate_real`, `evaluate_model` and `table2` make, with as many held-out
real chunks as generated ones, one after the other in one process. Prints wall time and CPU
time of each part and the peak memory. The dances are made up, so that only the times mean
anything; reading the dataset and the tracks is not timed.
"""

import resource
import sys
import time

import numpy as np

from choreo.evaluation.extractor import train_extractor
from choreo.evaluation.measurements import measure
from choreo.evaluation.segments import Segments
from choreo.evaluation.table2 import evaluate, table2


def dances(count, name, seed, *, sound):
    """Swaying figures to noise bursts."""
    rng = np.random.default_rng(seed)
    time_ = np.arange(50, dtype=np.float32)[:, None, None] / 10
    phase = np.float32(2 * np.pi) * rng.uniform(0.3, 1, (count, 1, 1, 2)).astype(np.float32)
    pixels = np.sin(phase * time_ + rng.uniform(0, 6, (count, 1, 18, 2)).astype(np.float32))
    pixels *= rng.uniform(5, 40, (count, 1, 18, 2)).astype(np.float32)
    pixels += np.float32([320, 160])
    audio = None
    if sound:
        burst = (rng.integers(-4500, 4500, 80_000) * (np.arange(80_000) % 8000 < 1200)).astype("i2")
        audio = np.stack([np.roll(burst, int(rng.integers(8000))) for _ in range(count)])
    songs = [f"{name}{i // 8}" for i in range(count)]
    named = [f"{name}:{song}" for song in songs]
    return Segments(pixels, songs, named, np.arange(count) % 8 * 5.0, audio, 10, (640, 320))


def main(generated=1000, real=10_000):
    """Print one line a part."""
    training = dances(real, "train", 1, sound=False)
    held_out = dances(generated, "test", 2, sound=True)
    made = dances(generated, "test", 3, sound=True)

    def timed(what, function, *args, **options):
        wall, own = time.perf_counter(), time.process_time()
        value = function(*args, **options)
        wall, own = time.perf_counter() - wall, time.process_time() - own
        print(f"{what:45s} {wall:7.2f} s  CPU {own:7.2f} s", flush=True)
        return value

    def everything():
        extractor = timed(
            f"extractor on {real} chunks", train_extractor, training.pixels, training.songs
        )
        reference = timed(f"features of {real} real chunks", measure, training, extractor)
        records = []
        for system, segments in (("real", held_out), ("gru", made)):
            what = f"features and beats of {generated} {system} chunks"
            measured = timed(what, measure, segments, extractor)
            records.append(
                timed("distance and rates", evaluate, measured, reference, system=system)
            )
        timed("table", table2, records)

    timed("all of Table 2", everything)
    print(f"{'peak memory':45s} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:7.2f} GB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
