"""How well and how fast every beat tracker finds beats that are known.

``python benchmarks/beats.py [--seconds 30] [--seed 0]`` makes songs with a known grid
(`choreo.synth` at many tempi; clicks and drums with swing, a changing tempo, half time, sparse
hits, a silent beginning, hiss, one bang), tracks them by every tracker that needs no weights, whole
and in segments of 5 s, and prints tables: F-measure at 70 ms, the share of the beats in the longest
run of right ones at the right (CMLt) or at any (AMLt) metrical level, how often the octave is
another (F-measure over 0.9 at half or double tempo), how often the first beat is found, CPU seconds
a minute of music, and the largest memory of a process that tracks ten minutes of it.

``--python ENV/bin/python --others beatnet essentia ...`` adds trackers of other packages, installed
in an environment of their own (`benchmarks/beat_worker.py` knows how they are called).
``--song FILE BPM`` adds a recording of known, constant tempo: the share of its beats on a grid of
that tempo, whose phase is the one that fits best.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import mir_eval
import numpy as np
import pandas as pd
import soxr

from choreo.beats.registry import without_weights
from choreo.beats.trackers import tempo_of
from choreo.media import SAMPLE_RATE
from choreo.synth import songs
from choreo.synth.clicks import clicks
from choreo.videos.audio import read_song

WORKER = Path(__file__).with_name("beat_worker.py")
TEMPI = np.array((48, 60, 75, 90, 105, 120, 140, 165, 190))
FAST = 210.0
WITHIN, SEGMENT = 0.07, 5.0  # seconds
NOISE = 0.002  # deviation, under clicks and drums

# Of a bar: beat, share of the beat, drum, loudness.
STRAIGHT = [(0, 0, "kick", 0.9), (2, 0, "kick", 0.8), (1, 0, "snare", 0.7), (3, 0, "snare", 0.7)]
EIGHTHS = [(beat, half / 2, "hat", 0.4 - 0.1 * half) for beat in range(4) for half in (0, 1)]
HALF_TIME = [(0, 0, "kick", 0.9), (2, 0, "snare", 0.8), *EIGHTHS]
SHUFFLE = [
    *STRAIGHT,
    *((beat, at, "hat", 0.4 - 0.15 * at) for beat in range(4) for at in (0, 2 / 3)),
]
RIDE = [
    *((beat, 0, "open", 0.6) for beat in range(4)),
    *((beat, 2 / 3, "open", 0.4) for beat in (1, 3)),
    *((beat, 0, "rim", 0.4) for beat in (1, 3)),
    *((beat, 0, "kick", 0.25) for beat in (0, 2)),
]


def synthetic(tempo, style, seconds, seed):
    """A song of `choreo.synth` at any tempo: sound and beats."""
    name = f"{style}-{tempo:.3f}"
    songs._CATALOGUE[name] = (float(tempo), style)
    song = songs.make_song(name, seed)
    audio = song.audio[: int(seconds * songs.SAMPLE_RATE)].mean(1)
    beats = song.beats[song.beats < len(audio) / songs.SAMPLE_RATE - 0.1]
    return soxr.resample(audio, songs.SAMPLE_RATE, SAMPLE_RATE), beats


def drums(beats, bar, seconds, rng, kept=1.0):
    """Drums on beats that may be uneven, with a share of the hits left out."""
    kit, rate = songs._kit(rng), songs.SAMPLE_RATE
    sound = np.zeros(round(seconds * rate))
    steps = np.diff(beats, append=2 * beats[-1] - beats[-2])
    for index, (beat, step) in enumerate(zip(beats, steps)):
        for place, share, drum, loudness in bar:
            if place == index % 4 and rng.random() < kept:
                part = sound[round((beat + share * step) * rate) :][: len(kit[drum])]
                part += loudness * kit[drum][: len(part)]
    return 0.5 * soxr.resample(sound, rate, SAMPLE_RATE)


def made(seconds, seed):
    """Yield kind, sound and beats."""
    rng = np.random.default_rng([seed, 0])
    tempi = TEMPI * rng.uniform(0.96, 1.04, len(TEMPI))
    for style in songs.STYLES:
        for tempo in tempi:
            pace = "85 to 150" if 85 <= tempo <= 150 else "under 85" if tempo < 85 else "over 150"
            yield f"songs, {pace} BPM", *synthetic(tempo, style, seconds, seed)
        yield "songs, 210 BPM", *synthetic(FAST, style, seconds, seed)
        late, beats = synthetic(rng.uniform(90, 140), style, seconds - 8, seed)
        yield "songs, 8 s of silence before", np.r_[np.zeros(8 * SAMPLE_RATE), late], beats + 8
    for tempo in np.r_[tempi, FAST]:
        step = 60 / tempo
        even = np.arange(0.4, seconds - 0.2, step)

        def noisy(times, loudness=1.0):
            sound = clicks(times, seconds, seed=int(rng.integers(2**31)), loudness=loudness)
            return sound + NOISE * rng.standard_normal(len(sound))

        yield "clicks", noisy(even), even
        both = np.r_[even, even + step * 2 / 3]
        yield "clicks, swing", noisy(both, np.repeat([1.0, 0.5], len(even))), even
        kept = even[rng.random(len(even)) > 0.3]
        yield "clicks, three in ten missing", noisy(kept), even
        there = np.linspace(tempo, min(tempo * 1.4, 215), round(seconds * tempo / 60))
        rising = 0.4 + np.cumsum(60 / there)
        rising = rising[rising < seconds - 0.2]
        yield "clicks, tempo rises by 40%", noisy(rising), rising
        yield "drums, tempo rises by 40%", drums(rising, STRAIGHT + EIGHTHS, seconds, rng), rising
        yield "drums, shuffle", drums(even, SHUFFLE, seconds, rng), even
        yield "drums, jazz ride", drums(even, RIDE, seconds, rng), even
        yield "drums, half time", drums(even, HALF_TIME, seconds, rng), even
        yield "drums, half of the hits", drums(even, STRAIGHT + EIGHTHS, seconds, rng, 0.5), even
        after = even[even > 4]
        hiss = clicks(after, seconds, seed=int(rng.integers(2**31)))
        yield "clicks after 4 s of hiss", hiss + 0.0003 * rng.standard_normal(len(hiss)), after
        bang = drums(even, STRAIGHT + EIGHTHS, seconds, rng)
        bang *= 10 ** (-74 / 20) / np.abs(bang).max()
        bang += clicks([rng.uniform(0.3, 0.7) * seconds], seconds, loudness=2.0)
        yield "drums, one bang 74 dB louder", bang, even


def levels(beats):
    """The same pulse at half and at double tempo."""
    between = (beats[1:] + beats[:-1]) / 2
    return beats[::2], beats[1::2], np.sort(np.r_[beats, between])


def on_grid(beats, tempo):
    """Largest share of beats near a grid of `tempo`, over all phases."""
    step = 60 / tempo
    turns = (beats[:, None] - np.arange(0, step, 0.005)) / step
    return (np.abs(turns - np.rint(turns)) * step <= min(WITHIN, step / 5)).mean(0).max()


def tracked(tracker, folder, python):
    """Beats of all songs of a folder, and what they took, by a process of its own."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [python, WORKER, tracker, folder]
    subprocess.run(command, check=True, env=os.environ | one, stdout=subprocess.DEVNULL)
    return json.loads((folder / f"{tracker}.json").read_text())


def scores(truth, found):
    """Measures of one song."""
    f_measure = mir_eval.beat.f_measure(truth, found, WITHIN)
    other = max(mir_eval.beat.f_measure(level, found, WITHIN) for level in levels(truth))
    _, correct, _, any_level = mir_eval.beat.continuity(truth, found)
    return {
        "songs": 1,
        "F": f_measure,
        "worst F": f_measure,
        "CMLt": correct,
        "AMLt": any_level,
        "other octave": f_measure < 0.9 < other,
        "first beat": len(found) > 0 and abs(found - truth[0]).min() <= WITHIN,
    }


def segments(sound, beats):
    """Two segments of 5 s, as the evaluation hears a song: sound and beats."""
    for share in (0.35, 0.7):
        start = share * len(sound) / SAMPLE_RATE - SEGMENT / 2
        inside = beats[(beats >= start) & (beats < start + SEGMENT)] - start
        first = round(start * SAMPLE_RATE)
        yield sound[first : first + round(SEGMENT * SAMPLE_RATE)], inside


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", metavar="TEXT", help="kinds of song that hold it")
    parser.add_argument("--share", type=float, default=1.0, help="of the songs, drawn by the seed")
    parser.add_argument("--trackers", nargs="*", metavar="NAME")
    parser.add_argument("--others", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--python", default=sys.executable, help="that has the others")
    parser.add_argument("--song", nargs=2, action="append", default=[], metavar=("FILE", "BPM"))
    options = parser.parse_args()
    free = without_weights()
    chosen = free if options.trackers is None else options.trackers
    pythons = dict.fromkeys(chosen, sys.executable)
    pythons |= dict.fromkeys(options.others, options.python)
    with tempfile.TemporaryDirectory() as temporary:
        print(measured(Path(temporary), pythons, options))


def measured(folder, pythons, options):
    """Text of all tables."""
    whole, cut, long = (folder / name for name in ("whole", "cut", "long"))
    for each in (whole, cut, long):
        each.mkdir()
    known, drawn = {}, np.random.default_rng([options.seed, 1])
    for kind, sound, truth in made(options.seconds, options.seed):
        left_out = drawn.random() >= options.share
        if options.only not in kind or left_out:
            continue
        name = f"{len(known):04}"
        known[name] = kind, truth
        np.save(whole / f"{name}.npy", sound.astype(np.float32))
        for index, (part, inside) in enumerate(segments(sound, truth)):
            if len(inside) > 2:
                known[f"{name}-{index}"] = kind, inside
                np.save(cut / f"{name}-{index}.npy", part.astype(np.float32))
    for index, (path, _) in enumerate(options.song):
        np.save(whole / f"recording-{index}.npy", read_song(path))
    np.save(long / "long.npy", np.tile(sound, -(-600 * SAMPLE_RATE // len(sound))))
    rows, costs, text = [], [], []
    for tracker, python in pythons.items():
        answers = tracked(tracker, whole, python)["songs"]
        parts = tracked(tracker, cut, python)["songs"]
        for name, (kind, truth) in known.items():
            row = {"kind": kind, "tracker": tracker}
            if name in answers:
                row |= scores(truth, np.array(answers[name]["beats"]))
            else:
                found = np.array(parts[name]["beats"])
                row["F of 5 s"] = mir_eval.beat.f_measure(truth, found, WITHIN)
            rows.append(row)
        spent = sum(answer["cpu_seconds"] for answer in answers.values())
        minutes = sum(len(np.load(path, mmap_mode="r")) for path in whole.glob("*.npy"))
        failed = [answer["failed"] for answer in (answers | parts).values() if answer["failed"]]
        costs.append(
            {
                "tracker": tracker,
                "seconds a minute": spent / (minutes / SAMPLE_RATE / 60),
                "peak MB, 10 min": tracked(tracker, long, python)["peak_mb"],
                "failed": f"{len(failed)} {sorted(set(failed))[:2] if failed else ''}",
            }
        )
        for index, (path, tempo) in enumerate(options.song):
            beats = np.array(answers[f"recording-{index}"]["beats"])
            text.append(
                f"{Path(path).name} {tracker}: {len(beats)} beats, {tempo_of(beats):.1f} BPM, "
                f"{on_grid(beats, float(tempo)):.0%} on a grid of {tempo} BPM"
            )
    rows = pd.DataFrame(rows)
    columns = [name for name in rows if name not in ("kind", "tracker")]
    how = dict.fromkeys(columns, "mean") | {"songs": "sum", "worst F": "min"}
    rows = pd.concat([rows, rows.assign(kind="all")])
    rows[columns] = rows[columns].astype(float)
    table = rows.groupby(["kind", "tracker"], sort=False).agg(how)
    costs = pd.DataFrame(costs).set_index("tracker")
    return "\n\n".join([table.round(3).to_string(), costs.round(2).to_string(), *text])


if __name__ == "__main__":
    main()
