"""Print how fast cleaning is and what `robust` misses: the tables of docs/cleaning.md.

Run as ``python benchmarks/cleaning.py COMMAND [--tracks tuning|held-out|fresh]``:

speed
    CPU milliseconds for 1000 frames of 17 joints, median and fastest of 50 runs.
stretches
    Share of wrong joints that are kept, by length, offset and place of one wrong stretch.
rates
    What happens to true tracks, and how much is found, at frame rates from 10 to 60.
draws
    Recall, precision and error over six draws of the faults.
beats FILE
    Motion beats of an estimator's track, counted against the bars of all its versions.
"""

import argparse
import time
from statistics import median

import numpy as np

from choreo.beats.motion import speed_drops
from choreo.cleaning import benchmark, robust
from choreo.cleaning.clean import clean
from choreo.cleaning.faults import JITTER, corrupt
from choreo.cleaning.gaps import fill_linearly
from choreo.cleaning.truths import CLIPS, SEED, TUNING, TUNING_SEED, held_out
from choreo.pose.misdetections import joints_in_use
from choreo.pose.runs import runs
from choreo.pose.track import PoseTrack

FRAMES = 1000
TRACKS = {"tuning": (TUNING, TUNING_SEED), "held-out": (CLIPS, SEED), "fresh": (CLIPS, 4711)}
"""Clips and seed. On `tuning` the constants were chosen; `fresh` was made when all was done."""

RATES = (10, 12, 15, 20, 24, 25, 30, 50, 60)
OFFSETS = (0.15, 0.3, 0.5)
PARTS = {
    "body": None,
    "arm": ("left_elbow", "left_wrist"),
    "wrist": ("left_wrist",),
    "hip": ("left_hip",),
}
PLACES = {
    "": (4, 8, 12, 16, 20),
    " 3 before the end": (8, 12),
    " at the end": (8, 12),
}
AFTER = {"": None, " 3 before the end": 3, " at the end": 0}


def main():
    """Run the command."""
    commands = {"speed": speed, "stretches": stretches, "rates": rates, "draws": draws}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=[*commands, "beats"])
    parser.add_argument("file", nargs="?", help="for beats: a track (.npz)")
    parser.add_argument("--tracks", choices=TRACKS, default="held-out")
    parser.add_argument("--fps", type=int, default=30, help="for stretches and draws")
    given = parser.parse_args()
    if given.command == "beats":
        if not given.file:
            parser.error("beats needs a track")
        beats(PoseTrack.load(given.file))
    else:
        commands[given.command](given)


def tracks(name, fps):
    """True tracks."""
    clips, seed = TRACKS[name]
    return list(held_out(clips, seed=seed, fps=fps).values())


def speed(given):
    """Print how long cleaning takes, on one core. 4% of frames are missing, 4% outliers."""
    rng = np.random.default_rng(0)
    at = np.arange(FRAMES)[:, None, None]
    keypoints = 300 + 50 * np.sin(at / 20 + rng.uniform(0, 6, (1, 17, 2)))
    keypoints[rng.choice(FRAMES, FRAMES // 25, replace=False)] += 200
    keypoints[rng.choice(FRAMES, FRAMES // 25, replace=False)] = np.nan
    scores = np.full((FRAMES, 17), 0.9)
    track = PoseTrack(keypoints, scores, fps=30, size=(640, 360), skeleton="coco17")
    print(f"{'method':<10} {'median ms':>10} {'fastest ms':>11}")
    for method in ("thesis", "released", "robust"):
        times = []
        for _ in range(50):
            start = time.process_time()
            clean(track, method=method)
            times.append(1000 * (time.process_time() - start))
        print(f"{method:<10} {median(times):>10.2f} {min(times):>11.2f}")


def stretches(given):
    """Print what is kept of one wrong stretch; two directions a track, scores of 1."""
    truths = tracks(given.tracks, given.fps)
    cases = [(place, length) for place, lengths in PLACES.items() for length in lengths]
    heads = [f"{length}{place}" for place, length in cases]
    print(f"| off by | part | {' | '.join(heads)} |\n|---|---|{'--:|' * len(heads)}")
    lost = joints_in_all = 0
    for offset in OFFSETS:
        for part, names in PARTS.items():
            rng = np.random.default_rng(5)
            cells = []
            for place, length in cases:
                kept = wrong = 0
                for truth in truths:
                    for draw in range(2):
                        dropped, bad = _stretch(truth, names, offset, place, length, draw, rng)
                        kept += (bad & ~dropped).sum()
                        wrong += bad.sum()
                        lost += (dropped & ~bad).sum()
                        joints_in_all += (~bad).sum()
                cells.append(f"{kept / wrong:.0%}")
            print(f"| {offset} | {part} | {' | '.join(cells)} |", flush=True)
    print(f"True joints dropped: {lost} of {joints_in_all}")


def _stretch(truth, names, offset, place, length, draw, rng):
    """What `robust` drops of a track with one wrong stretch, and what is wrong in it."""
    track = corrupt(truth, 0, draw).track
    joints = [truth.joints.index(name) for name in names or truth.joints.joints]
    after = AFTER[place]
    first = len(truth) - length - (len(truth) // 2 if after is None else after)
    bad = np.zeros(track.given.shape, bool)
    bad[first : first + length, joints] = True
    angle = rng.uniform(0, 2 * np.pi)
    way = offset * robust.body_size(truth.keypoints) * np.array([np.cos(angle), np.sin(angle)])
    keypoints = track.keypoints + np.where(bad[..., None], way, 0)
    done = robust.repair(keypoints, track.scores, truth.fps, truth.joints)
    return done.dropped, bad


def rates(given):
    """Print what becomes of true tracks and of faults in 10% of frames at many frame rates."""
    kinds = ("swaps", "jumps", "stretches")
    rows = {"true frames exchanged": [], "true joints dropped": []}
    rows |= {"true joints dropped, with jitter": []} | {f"{kind} found": [] for kind in kinds}
    for fps in RATES:
        truths = tracks(given.tracks, fps)
        exchanged = dropped = jittery = 0
        found, wrong = dict.fromkeys(kinds, 0), dict.fromkeys(kinds, 0)
        for number, truth in enumerate(truths):
            for jitter in (0.0, JITTER, 2 * JITTER, 4 * JITTER):
                done = _repair(corrupt(truth, 0, number, jitter=jitter).track)
                exchanged += done.exchanged.any(1).sum()
                dropped += 0 if jitter else done.dropped.sum()
                jittery += done.dropped.sum() if jitter else 0
            for kind in kinds:
                corrupted = corrupt(truth, 0.1, [number, 5], kind=kind)
                done = _repair(corrupted.track)
                hit = done.exchanged if kind == "swaps" else done.dropped | done.exchanged
                found[kind] += (hit & corrupted.wrong).sum()
                wrong[kind] += corrupted.wrong.sum()
        rows["true frames exchanged"].append(f"{exchanged}")
        rows["true joints dropped"].append(f"{dropped}")
        rows["true joints dropped, with jitter"].append(f"{jittery}")
        for kind in kinds:
            rows[f"{kind} found"].append(f"{found[kind] / wrong[kind]:.0%}")
    print(f"| fps | {' | '.join(map(str, RATES))} |\n|---|{'--:|' * len(RATES)}")
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(cells)} |")


def _repair(track):
    return robust.repair(track.keypoints, track.scores, track.fps, track.joints)


def draws(given):
    """Print the table `cleaning_draws` of these tracks at this frame rate."""
    truths = dict(enumerate(tracks(given.tracks, given.fps)))
    print(benchmark.draws_table(benchmark.draws(truths)).markdown())


def beats(track):
    """Print how many motion beats each version has against its own and the others' bars."""
    versions = {"before": track} | {m: clean(track, method=m)[0] for m in ("thesis", "robust")}
    used = np.logical_and.reduce([joints_in_use(t.keypoints) for t in versions.values()])
    drops = {
        name: speed_drops(fill_linearly(version.keypoints[:, used].astype(float))[None])[0][0]
        for name, version in versions.items()
    }
    print(f"{'version':<8} {'bar (px)':>9}  beats by the bar of {', '.join(drops)}")
    for name, drop in drops.items():
        counts = [len(runs(drop >= other.std())) for other in drops.values()]
        print(f"{name:<8} {drop.std():>9.1f}  {counts}")


if __name__ == "__main__":
    main()
