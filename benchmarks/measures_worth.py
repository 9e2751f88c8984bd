"""How well each beat measure tells a real dancer's own tempo from others.

``python benchmarks/measures_worth.py FOLDER [-o TABLE]`` reads ``FOLDER/*.npz``, each a dance to
music whose beats are known: ``keypoints_coco17`` (T, 17, 2 or more), pixels or any unit with y
downwards; ``fps``; ``beats`` in seconds; and optionally ``group`` (a name: dances of one group
count as one). Each measure is taken with the dance's own beats and with beats of other tempi
(`choreo.beats.locking.DETUNED`, each at 8 phases for measures that depend on it); what is printed
is the share of others that score less: the area under the curve of a dance, 0.5 where a measure
tells nothing. Intervals are of 2,000 resamplings of groups.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from choreo.beats.locking import DETUNED, phase_locking
from choreo.beats.motion import speed_drops
from choreo.dataset.resample import resample
from choreo.evaluation.alignment import F_TOLERANCE, closeness, matched
from choreo.evaluation.beat_scores import TOLERANCE, distance

RATE = 10
"""Poses a second, as the thesis's dataset has them, beside the dances' own rate."""
PHASES = np.arange(8) / 8


def main():
    """Measure every dance and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="also write the table here (.csv)")
    options = parser.parse_args()
    rows = []
    for path in sorted(options.folder.glob("*.npz")):
        with np.load(path) as file:
            keypoints = file["keypoints_coco17"][..., :2].astype(float)
            fps, beats = float(file["fps"]), file["beats"].astype(float)
            group = str(file["group"]) if "group" in file else path.stem
        known = np.zeros(keypoints.shape[:2], bool)
        for name, poses, rate in (
            ("own", keypoints, fps),
            (f"{RATE}", resample(keypoints, known, fps, RATE, antialias=False)[0], RATE),
        ):
            for measure, worth in worths(poses, rate, beats).items():
                rows.append(
                    {"measure": measure, "rate": name, "group": group, "dance": path.stem}
                    | {"area": worth}
                )
    found = pd.DataFrame(rows)
    table = [summary(key, part) for key, part in found.groupby(["measure", "rate"])]
    table = pd.DataFrame(table).sort_values("area", ascending=False)
    print(table.to_string(index=False, float_format="%.3f"))
    if options.output:
        found.to_csv(options.output, index=False)


def worths(poses, fps, beats):
    """Share of foreign tempi that each measure puts below the own one."""
    times = np.flatnonzero(speed_drops(poses[None])[1][0]) / fps
    seconds = len(poses) / fps
    found = {"phase locking": phase_locking(poses, fps, beats, "coco17").above}
    for name, score in (
        ("hit rate (thesis, 0.15 s)", hits),
        ("beat alignment, motion to music", lambda m, b: closeness(m, b).mean() if len(m) else 0),
        ("beat alignment, music to motion", lambda m, b: closeness(b, m).mean() if len(m) else 0),
        ("F-measure (70 ms)", f_measure),
    ):
        own = score(times, beats)
        others = np.array([score(times, other) for other in foreign(beats, seconds)])
        found[name] = np.mean(others < own) + np.mean(others == own) / 2
    return found


def foreign(beats, seconds):
    """Beats of other tempi at several phases."""
    step = np.median(np.diff(beats))
    for tempo in DETUNED:
        for phase in PHASES:
            yield np.arange(beats[0] + phase * step / tempo, seconds, step / tempo)


def hits(motion, beats):
    """Share of motion beats within the thesis's tolerance of a music beat."""
    return np.mean(distance(motion, beats) <= TOLERANCE) if len(motion) else 0.0


def f_measure(motion, beats):
    """F-measure of motion beats."""
    both = len(motion) + len(beats)
    return 2 * matched(motion, beats, F_TOLERANCE) / both if both else 0.0


def summary(key, part):
    """Mean area over groups with its interval."""
    groups = part.groupby("group").area.mean().dropna().to_numpy()
    seed = int(hashlib.sha256("".join(key).encode()).hexdigest()[:8], 16)
    rng = np.random.default_rng(seed)
    means = rng.choice(groups, (2000, len(groups))).mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return dict(zip(("measure", "rate"), key)) | {
        "area": groups.mean(),
        "low": low,
        "high": high,
        "groups": len(groups),
        "dances": len(part),
    }


if __name__ == "__main__":
    main()
