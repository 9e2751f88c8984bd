"""Do models dance? Print the table of goals: ``python benchmarks/dancing.py DATASET MODEL ...``.

Models are folders of trainings (or ``.safetensors``); those of one name and several seeds are
given as ``NAME=FOLDER NAME=FOLDER``. They dance to the songs of the dataset's split (`--split`),
put together from its chunks, and to recorded songs (`--recorded FOLDER`), and are measured by
the product's own evaluation: Fréchet distance of the learned features to the real training
dances; the share of motion beats on beats of the whole song, by several trackers, beside
chance; energy, jerk and frozen share; the speed where windows meet; how near segments lie to
training dances, and the share of them nearer than 95% of held-out real segments (copies). Real
dances of the split are the first row, and what bounds the measures follows them: real dances to
another song's beats and half a beat late, a frozen pose, the mean pose, noise. To recorded songs
nobody dances; what dancers like those of the corpus do when they are told their beats
(`drawn_dancers.py`) is the first row there. Intervals (95%) are bootstraps over songs.

Where some songs of the split are of kinds that are not trained on, those held out by name and
those held out by kind have a table each as well.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from drawn_dancers import DANCERS, danced_by

from choreo.beats.trackers import track_beats
from choreo.dances.generate import generate_many, load_generator
from choreo.dances.seams import seam_jumps
from choreo.dataset.audio import encode
from choreo.dataset.pack import ChunkDataset
from choreo.dataset.seen import seen_in
from choreo.evaluation import distances
from choreo.evaluation.bounds import bounding_segments
from choreo.evaluation.extractor import Extractor, train_extractor
from choreo.evaluation.inputs import check_unseen, read_real
from choreo.evaluation.measurements import MusicBeats, measure
from choreo.evaluation.segments import join, segments_from_track
from choreo.evaluation.song_beats import inside, near
from choreo.evaluation.table2x import RealSet, frechet_score, motion_scores
from choreo.media import SAMPLE_RATE
from choreo.models.songs import whole_videos
from choreo.statistics.inference import Resampling
from choreo.statistics.summaries import ratio
from choreo.videos.audio import read_song

_COPY = 5  # percentile of the held-out real segments' distances under which a segment is a copy
_SOUNDS = (".ogg", ".opus", ".wav", ".mp3", ".flac", ".m4a")


def songs_of_split(dataset, split):
    """Whole songs of a split, int16, by name: the longest of each."""
    chunks, found = ChunkDataset(dataset, split), {}
    for rows, _, _, sound in whole_videos(chunks):
        samples = encode(sound, chunks.method)
        name = chunks.clips[chunks.clip[rows[0]]]["song"]
        if len(samples) > len(found.get(name, ())):
            found[name] = samples
    chunks.close()
    return found


def held_out_by(dataset, split):
    """Songs of a split by how they are held out, where its kinds of songs tell it."""
    of = {}
    for part in ("train", split):
        chunks = ChunkDataset(dataset, part)
        own = (clip for clip in chunks.clips if clip["split"] == part)
        of[part] = {clip["song"]: clip.get("genre") for clip in own}
        chunks.close()
    trained = set(of["train"].values())
    found = {"name": [], "kind": []}
    for song, kind in of[split].items():
        found["name" if kind in trained else "kind"].append(song)
    return found if all(found.values()) else {}


def recorded(folder, seconds):
    """Sound files of a folder, int16, by name; of each the first so many seconds."""
    paths = [path for path in sorted(Path(folder).iterdir()) if path.suffix in _SOUNDS]
    return {path.stem: read_song(path)[: round(seconds * SAMPLE_RATE)] for path in paths}


def listen(segments, beats):
    """Beats of whole songs under segments, in seconds from each segment's start."""
    found = [near(beats[song], segments, k) for k, song in enumerate(segments.songs)]
    own = inside(found, segments.pixels.shape[1] / segments.fps)
    return MusicBeats(own, found, own)


class Judge:
    """What dances are compared with, measured once."""

    def __init__(self, dataset, split, extractor):
        self.training = training = read_real(dataset, "train", sound=False)
        if extractor is not None and Path(extractor).is_file():
            self.extractor = Extractor.load(extractor)
        else:
            seen = seen_in(ChunkDataset(dataset, "train"))
            self.extractor = train_extractor(training.pixels, training.songs, seen=seen)
            if extractor is not None:
                self.extractor.save(extractor)
        check_unseen(self.extractor.meta["seen"], dataset, where=extractor)
        self.real = RealSet(self.extractor.features(training.pixels))
        self.held_out = read_real(dataset, split, sound=True, one_a_song=True)
        own = self.real.scale(self.extractor.features(self.held_out.pixels))
        self.copied = np.percentile(distances.nearest(own, self.real.scaled), _COPY)

    def row(self, systems, beats, joins):
        """Scores of one system: value, chance and half a 95% interval by name.

        Parameters
        ----------
        systems : list of Segments
            One a training seed.
        beats : dict of str to list of MusicBeats
            Tracker -> what each system is measured by.
        joins : list of dict of str to float
            Song -> speed where windows meet; one a seed, or none.
        """
        resampling = Resampling.of(systems[0].songs)
        found, measured = {}, []
        for tracker, own in beats.items():
            seeds = [measure(p, self.extractor, music_beats=b) for p, b in zip(systems, own)]
            measured = measured or seeds
            rows = {"hit": [], "chance": []}
            for one in seeds:
                weights = resampling.weights(one.songs)
                for name, top in (("hit", one.beats.aligned), ("chance", one.beats.chance)):
                    rows[name].append(100 * ratio(weights @ top, weights @ one.beats.motion))
            for name, values in rows.items():
                found[f"{name} {tracker}"] = _interval_of(values, resampling)
        pairs = [(one.features["learned"], one.songs) for one in measured]
        score = frechet_score(pairs, self.real, resampling)
        found["FID"] = score.value, resampling.half_width(score.replicates)
        for name, score in motion_scores(measured, resampling).items():
            if name in ("energy", "jerk", "freeze"):
                found[name] = score.value, resampling.half_width(score.replicates)
        near = [distances.nearest(self.real.scale(f), self.real.scaled) for f, _ in pairs]
        for name, of in (("nearest", near), ("copied", [100 * (n < self.copied) for n in near])):
            weights = [resampling.weights(songs) for _, songs in pairs]
            rows = [ratio(w @ own, w.sum(1)) for w, own in zip(weights, of)]
            found[name] = _interval_of(rows, resampling)
        if joins:
            songs = np.array(list(joins[0]))
            weights = resampling.weights(songs)
            rows = [ratio(weights @ np.array(list(j.values())), weights.sum(1)) for j in joins]
            found["join"] = _interval_of(rows, resampling)
        return found


def _interval_of(rows, resampling):
    values = resampling.over_seeds(rows)
    return float(values[0]), resampling.half_width(values[1:])


def danced(folder, songs, seed):
    """Segments of a model's dances to songs, and the speed where windows meet, by song."""
    generator = load_generator(folder)
    tracks = generate_many(generator, list(songs.values()), seeds=[seed] * len(songs))
    segments = [segments_from_track(t, a, s) for (s, a), t in zip(songs.items(), tracks)]
    longer = {s: t for s, t in zip(songs, tracks) if t.seconds > generator.data.chunk_seconds + 1}
    return join(segments), {song: seam_jumps(track)["speed"] for song, track in longer.items()}


def of_songs(made, songs):
    """What `Judge.row` takes, of some songs alone.

    Parameters
    ----------
    made : list of (Segments, dict of str to MusicBeats, dict of str to float)
        One a training seed: its dances, the beats that each tracker heard under them, and the
        speed where windows meet, by song.
    songs : list of str
    """
    systems, beats, joins = [], {}, []
    for segments, heard, speeds in made:
        there = np.flatnonzero(np.isin(segments.songs, songs))
        systems.append(segments.take(there))
        for tracker, own in heard.items():
            beats.setdefault(tracker, []).append(own.take(there))
        joins.append({song: v for song, v in speeds.items() if song in songs})
    return systems, beats, [own for own in joins if own]


def heard_under(segments, beats):
    """The beats of songs under segments, by tracker."""
    return {tracker: listen(segments, own) for tracker, own in beats.items()}


def bounds(judge, beats):
    """Rows that bound the measures, as `of_songs` takes them.

    Without the row of the nearest music's dance, which needs the sound of all training dances:
    a motion graph is that, done well.
    """
    heard = heard_under(judge.held_out, beats)
    # Half a beat, of the beats themselves: whole songs' go on beyond a segment.
    late = {
        tracker: {song: own + np.median(np.diff(own)) / 2 for song, own in songs.items()}
        for tracker, songs in beats.items()
    }
    found = {"real": [(judge.held_out, heard, {})]}
    for tracker, own in heard.items():
        for name, (segments, moved) in bounding_segments(
            judge.held_out, judge.training, own
        ).items():
            found.setdefault(name, [(segments, {}, {})])[0][1][tracker] = moved
    found["shifted"] = [(judge.held_out, heard_under(judge.held_out, late), {})]
    return found


def shown(rows):
    """A Markdown table of rows of (value, half interval)."""
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = ["| model | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, row in rows.items():
        cells = (f"{v:.4g} ± {h:.2g}" for v, h in (row.get(c, (np.nan,) * 2) for c in columns))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("models", nargs="*", metavar="[NAME=]FOLDER")
    parser.add_argument("--split", default="test", help="validation, while choices are made")
    parser.add_argument("--recorded", type=Path, help="a folder of recorded songs")
    parser.add_argument("--seconds", type=float, default=120, help="of each recorded song")
    parser.add_argument("--trackers", nargs="+", default=["state_space", "librosa"])
    parser.add_argument("--extractor", type=Path, help="is made where it is not there")
    parser.add_argument("--seed", type=int, default=1, help="of the dances")
    parser.add_argument("--csv", type=Path, help="where the table goes besides")
    options = parser.parse_intermixed_args()
    torch.set_num_threads(1)
    models = {}
    for text in options.models:
        name, mark, folder = text.rpartition("=")
        models.setdefault(name if mark else Path(folder).name, []).append(folder)
    judge = Judge(options.dataset, options.split, options.extractor)
    sets = {f"held out ({options.split})": songs_of_split(options.dataset, options.split)}
    if options.recorded:
        sets["recorded"] = recorded(options.recorded, options.seconds)
    rows_of_all = []
    for number, (kind, songs) in enumerate(sets.items()):
        groups = {} if number else held_out_by(options.dataset, options.split)
        groups = {kind: list(songs)} | {f"held out by {by}": own for by, own in groups.items()}
        beats = {
            tracker: {
                song: np.array(track_beats(sound, SAMPLE_RATE, tracker)["beats"])
                for song, sound in songs.items()
            }
            for tracker in options.trackers
        }
        if number:
            # The trackers' first is the one that the models are told, too.
            heard = beats[options.trackers[0]]
            drawn = [danced_by(dancer, songs, heard) for dancer in DANCERS]
            dances = {"drawn dancers": [(own, heard_under(own, beats), {}) for own in drawn]}
        else:
            dances = bounds(judge, beats)
        for name, folders in models.items():
            made = [danced(folder, songs, options.seed) for folder in folders]
            dances[name] = [(own, heard_under(own, beats), joins) for own, joins in made]
        for group, own in groups.items():
            rows = {name: judge.row(*of_songs(made, own)) for name, made in dances.items()}
            print(f"\n## {group}: {len(own)} songs\n\n{shown(rows)}", flush=True)
            rows_of_all += [
                {"songs": group, "model": name, "measure": measure_, "value": v, "half": h}
                for name, row in rows.items()
                for measure_, (v, h) in row.items()
            ]
    if options.csv:
        pd.DataFrame(rows_of_all).to_csv(options.csv, index=False)


if __name__ == "__main__":
    main()
