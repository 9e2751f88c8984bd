"""Print how long cleaning takes for 1000 frames of 17 joints.

Run as ``python benchmarks/cleaning.py [--repeats 50]``; the median and the fastest run in
milliseconds, on one core. The track moves smoothly and has 4% missing frames and 4%
outliers.
"""

import argparse
import time
from statistics import median

import numpy as np

from choreo.cleaning.clean import clean
from choreo.track import PoseTrack

FRAMES = 1000


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=50, help="runs of each method")
    repeats = parser.parse_args().repeats
    track = _track()
    print(f"{'method':<10} {'median ms':>10} {'fastest ms':>11}")
    for method in ("thesis", "released", "robust"):
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            clean(track, method=method)
            times.append(1000 * (time.perf_counter() - start))
        print(f"{method:<10} {median(times):>10.2f} {min(times):>11.2f}")


def _track():
    rng = np.random.default_rng(0)
    at = np.arange(FRAMES)[:, None, None]
    keypoints = 300 + 50 * np.sin(at / 20 + rng.uniform(0, 6, (1, 17, 2)))
    keypoints[rng.choice(FRAMES, FRAMES // 25, replace=False)] += 200
    keypoints[rng.choice(FRAMES, FRAMES // 25, replace=False)] = np.nan
    return PoseTrack(
        keypoints, np.full((FRAMES, 17), 0.9), fps=30, size=(640, 360), skeleton="coco17"
    )


if __name__ == "__main__":
    main()
