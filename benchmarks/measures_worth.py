"""How well each beat measure tells a real dancer's own tempo from others.

``python benchmarks/measures_worth.py FOLDER [-o TABLE] [--summary TABLE]`` reads every
``FOLDER/*.npz``, a dance to music whose beats are known: ``keypoints_coco17`` (T, 17, 2 or more),
pixels or any unit with y downwards; ``fps``; ``beats`` in seconds; and optionally ``group`` (a
name: dances of one group count as one). Each measure is taken with the dance's own beats and
with beats of other tempi (`choreo.beats.locking.DETUNED`, each at 8 phases for measures that
depend on it); what is printed is the share of others that score less: the area under the curve of
a dance, 0.5 where a measure tells nothing. Intervals are of 2,000 resamplings of groups.
``--made N`` takes N made dances in the place of a folder, one to each of N made songs.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from choreo.beats.locking import DETUNED, phase_locking
from choreo.beats.motion import speed_drops
from choreo.evaluation.alignment import F_TOLERANCE, closeness, matched
from choreo.evaluation.beat_scores import TOLERANCE, distance
from choreo.synth.clips import make_truth
from choreo.synth.kinds import KINDS
from choreo.synth.names import PREFIX

RATE = 10
"""Poses a second, as the thesis's dataset has them, beside the dances' own rate."""
PHASES = np.arange(8) / 8
SEED = 14
"""Of the made dances."""
METRICS = {
    "phase locking": "phase_locking",
    "hit rate (thesis, 0.15 s)": "beat_hit_rate",
    "beat alignment, motion to music": "motion_to_music",
    "beat alignment, music to motion": "music_to_motion",
    "F-measure (70 ms)": "f_measure",
}
"""Measure -> its name in `choreo.evaluation.metrics`."""


def main():
    """Measure every dance and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--made", type=int, default=0, metavar="N", help="made dances")
    parser.add_argument(
        "-o", "--output", type=Path, help="also write every dance's area here (.csv)"
    )
    parser.add_argument(
        "--summary", type=Path, help="also write the table here (.csv), with the metrics' names"
    )
    options = parser.parse_args()
    if (options.folder is None) == (options.made == 0):
        parser.error("give a folder of dances, or --made N")
    dances = made(options.made) if options.made else stored(options.folder)
    rows = []
    for name, group, keypoints, fps, beats in dances:
        for rate, poses, every in (
            ("own", keypoints, fps),
            (f"{RATE}", resampled(keypoints, fps, RATE), RATE),
        ):
            for measure, worth in worths(poses, every, beats).items():
                rows.append(
                    {"measure": measure, "rate": rate, "group": group, "dance": name}
                    | {"area": worth}
                )
    found = pd.DataFrame(rows)
    table = [summary(key, part) for key, part in found.groupby(["measure", "rate"])]
    table = pd.DataFrame(table).sort_values("area", ascending=False)
    print(table.to_string(index=False, float_format="%.3f"))
    if options.output:
        found.to_csv(options.output, index=False)
    if options.summary:
        table.insert(0, "metric", table["measure"].map(METRICS))
        table.insert(0, "dancers", "made" if options.made else "real")
        table.to_csv(options.summary, index=False, float_format="%.4f")


def stored(folder):
    """Name, group, poses (T, 17, 2), frames a second and beats of each dance of a folder."""
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            group = str(file["group"]) if "group" in file else path.stem
            keypoints = file["keypoints_coco17"][..., :2].astype(float)
            yield path.stem, group, keypoints, float(file["fps"]), file["beats"].astype(float)


def made(count):
    """The same of made dances, whose songs are of all kinds in turn."""
    kinds = list(KINDS)
    for number in range(count):
        song = f"{kinds[number % len(kinds)]}-worth-{number // len(kinds):02d}"
        track, music = make_truth(f"{PREFIX}{song}/worth{number:03d}/1", seed=SEED)
        yield song, song, track.keypoints.astype(float), track.fps, music.beats


def resampled(keypoints, fps, rate):
    """Poses at another rate, on lines between the frames."""
    at = np.arange(0, (len(keypoints) - 1) / fps, 1 / rate) * fps
    before = np.floor(at).astype(int)
    share = (at - before)[:, None, None]
    return keypoints[before] * (1 - share) + keypoints[before + 1] * share


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
