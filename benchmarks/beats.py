"""How well and how fast every beat tracker finds beats that are known.

``python benchmarks/beats.py [--seconds 40] [--song FILE BPM ...]`` makes songs with a known
grid (`choreo.synth` at many tempi, clicks with swing, a changing tempo, sparse drums), tracks
them by every tracker that needs no weights and prints a table: F-measure at 70 ms, how often
the octave is another (F-measure over 0.9 at half or double tempo), how often the first beat is
found, CPU seconds a minute of music. ``--song`` adds a recording of known, constant tempo: the
share of its beats on a grid of that tempo, whose phase is the one that fits best.
"""

import argparse
import time

import mir_eval
import numpy as np
import pandas as pd
import soxr

from choreo.beats.registry import TRACKERS
from choreo.beats.trackers import track_beats
from choreo.media import SAMPLE_RATE
from choreo.synth import songs
from choreo.videos.audio import read_song

TEMPI = (48, 60, 75, 90, 105, 120, 140, 165, 190, 210)
WITHIN = 0.07


def synthetic(tempo, style, seconds):
    """A song of `choreo.synth` at any tempo."""
    name = f"{style}-{tempo}"
    songs._CATALOGUE[name] = (float(tempo), style)
    song = songs.make_song(name, tempo)
    audio = song.audio[: int(seconds * songs.SAMPLE_RATE)].mean(1)
    beats = song.beats[song.beats < len(audio) / songs.SAMPLE_RATE - 0.1]
    return soxr.resample(audio, songs.SAMPLE_RATE, SAMPLE_RATE), beats


def clicks(times, loudness, seconds, rng):
    """Decaying noise at known times."""
    sound = 0.002 * rng.standard_normal(round(seconds * SAMPLE_RATE))
    burst = rng.standard_normal(1600) * np.exp(-np.arange(1600) / 200) * 0.2
    for at, gain in zip(np.rint(times * SAMPLE_RATE).astype(int), loudness):
        part = sound[at : at + len(burst)]
        part += gain * burst[: len(part)]
    return sound.astype(np.float32)


def made(seconds):
    """Yield kind, sound and beats."""
    for style in songs.STYLES:
        for tempo in TEMPI:
            pace = "90 to 140" if 90 <= tempo <= 140 else "slower" if tempo < 90 else "faster"
            yield f"songs, {pace} BPM", *synthetic(tempo, style, seconds)
    rng = np.random.default_rng(0)
    for tempo in TEMPI:
        beats = np.arange(0.4, seconds - 0.2, 60 / tempo)
        yield "clicks", clicks(beats, np.ones(len(beats)), seconds, rng), beats
        late = beats + 60 / tempo * 2 / 3
        both, gains = np.r_[beats, late], np.r_[np.ones(len(beats)), np.full(len(beats), 0.5)]
        yield "swing", clicks(both, gains, seconds, rng), beats
        kept = beats[rng.random(len(beats)) > 0.3]
        yield "sparse", clicks(kept, np.ones(len(kept)), seconds, rng), beats
        there = np.linspace(tempo, min(tempo * 1.4, 215), round(seconds * tempo / 60))
        beats = 0.4 + np.cumsum(60 / there)
        beats = beats[beats < seconds - 0.2]
        yield "tempo rises by 40%", clicks(beats, np.ones(len(beats)), seconds, rng), beats


def levels(beats):
    """The same pulse at half and at double tempo."""
    between = (beats[1:] + beats[:-1]) / 2
    return beats[::2], beats[1::2], np.sort(np.r_[beats, between])


def on_grid(beats, tempo):
    """Largest share of beats near a grid of `tempo`, over all phases."""
    step = 60 / tempo
    turns = (beats[:, None] - np.arange(0, step, 0.005)) / step
    return (np.abs(turns - np.rint(turns)) * step <= min(WITHIN, step / 5)).mean(0).max()


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--song", nargs=2, action="append", default=[], metavar=("FILE", "BPM"))
    options = parser.parse_args()
    free = [name for name, tracker in TRACKERS.items() if not tracker.needs_weights]
    warm = clicks(np.arange(0.4, 4.5, 0.5), np.ones(9), 5, np.random.default_rng(0))
    for name in free:
        track_beats(warm, SAMPLE_RATE, name)
    rows = []
    for kind, sound, truth in made(options.seconds):
        for name in free:
            start = time.process_time()
            found = np.array(track_beats(sound, SAMPLE_RATE, name)["beats"])
            spent = time.process_time() - start
            score = mir_eval.beat.f_measure(truth, found)
            other = max(mir_eval.beat.f_measure(level, found) for level in levels(truth))
            rows.append(
                {
                    "kind": kind,
                    "tracker": name,
                    "songs": 1,
                    "f_measure": score,
                    "worst": score,
                    "other_octave": score < 0.9 < other,
                    "first_beat": len(found) > 0 and abs(found - truth[0]).min() <= WITHIN,
                    "seconds_a_minute": 60 * spent / (len(sound) / SAMPLE_RATE),
                }
            )
    table = pd.DataFrame(rows).groupby(["kind", "tracker"], sort=False)
    how = dict.fromkeys(rows[0].keys() - {"kind", "tracker"}, "mean")
    columns = [name for name in rows[0] if name in how]
    print(table.agg(how | {"songs": "sum", "worst": "min"})[columns].round(3).to_string())
    for path, tempo in options.song:
        sound = read_song(path)
        for name in free:
            found = track_beats(sound, SAMPLE_RATE, name)
            share = on_grid(np.array(found["beats"]), float(tempo))
            print(f"{path} {name}: {found['tempo']:.1f} BPM, {share:.0%} on a grid of {tempo} BPM")


if __name__ == "__main__":
    main()
