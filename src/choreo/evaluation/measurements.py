"""What is measured on every segment of a system's dances, once, and kept.

A system is the real dances of a split, or one model with one seed. Everything that
needs poses or sound is measured here; every row of every table, and every bootstrap
sample of one, is computed from these arrays alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np

from choreo.beats.motion import motion_beats, released_speed_drops
from choreo.beats.music import music_beats
from choreo.beats.trackers import tempo_of
from choreo.errors import ItemError
from choreo.evaluation.alignment import measure_alignment, motion_tempo
from choreo.evaluation.beat_scores import TOLERANCE, BeatCounts, count_beats
from choreo.evaluation.geometric import geometric_features
from choreo.evaluation.invention import measure_invention
from choreo.evaluation.kinetic import kinetic_features
from choreo.evaluation.listening import measure_listening
from choreo.evaluation.locked import dance_locking
from choreo.evaluation.motion_quality import motion_quality
from choreo.evaluation.song_beats import beats_of_songs, inside, known_best
from choreo.files.outside import reading
from choreo.files.sealed import load_arrays, save_arrays

_BLOCK = 512
"""Segments that are measured at once: bounds the memory."""
_COUNTS = tuple(f.name for f in fields(BeatCounts) if f.name != "tolerance")


@dataclass(frozen=True)
class Measurements:
    """Measurements of N segments.

    Attributes
    ----------
    songs, dances : ndarray of str, shape (N,)
        Song of each segment and the dance that it was cut from.
    features : dict of str to ndarray, shape (N, D)
        Feature sets: `learned` (the extractor's), `kinetic`, `geometric`.
    beats : BeatCounts or None
        None where the segments came without sound.
    values : dict of str to ndarray, shape (N,)
        What `choreo.evaluation.alignment`, `choreo.evaluation.motion_quality`,
        `choreo.evaluation.listening` and `choreo.evaluation.invention` give,
        `motion_tempo` and `music_tempo` in beats a minute (NaN where there is none).
        Empty where the segments came without sound.
    meta : dict
        `method`, `crashes` (segments on which the thesis's released code stops with an
        error; 0 in the method "thesis", which has none), `extractor_songs`,
        `extractor_videos` (what the extractor was trained on).
    song_beats : dict of str to BeatCounts
        The same counts by the beats of whole songs, by whose beats they are
        (`choreo.evaluation.song_beats`); empty in the method "released".
    """

    songs: np.ndarray
    dances: np.ndarray
    features: dict
    beats: BeatCounts | None
    values: dict
    meta: dict
    song_beats: dict = field(default_factory=dict)

    def __len__(self):
        return len(self.songs)

    def take(self, index):
        """Some of the segments, in the order of `index` (a mask or integers)."""

        def some(beats):
            return BeatCounts(*(getattr(beats, n)[index] for n in _COUNTS), beats.tolerance)

        return Measurements(
            self.songs[index],
            self.dances[index],
            {name: values[index] for name, values in self.features.items()},
            None if self.beats is None else some(self.beats),
            {name: values[index] for name, values in self.values.items()},
            self.meta,
            {name: some(beats) for name, beats in self.song_beats.items()},
        )

    def save(self, path):
        """Write as ``.npz``, whole or not at all; the same measurements give the same bytes."""
        save_systems({"": self}, path)

    @classmethod
    def load(cls, path):
        """Read what `save` wrote.

        Raises
        ------
        ItemError
            Where the file is missing or holds something else.
        """
        systems = load_systems(path)
        if list(systems) != [""]:
            raise ItemError("holds several systems", where=path, value=list(systems))
        return systems[""]

    def _arrays(self):
        arrays = {"songs": self.songs, "dances": self.dances}
        arrays |= {f"features/{name}": values for name, values in self.features.items()}
        arrays |= {f"values/{name}": values for name, values in self.values.items()}
        meta = dict(self.meta)
        if self.beats is not None:
            arrays |= {f"beats/{name}": getattr(self.beats, name) for name in _COUNTS}
            meta["tolerance"] = self.beats.tolerance
        for name, beats in self.song_beats.items():
            arrays |= {f"song_beats/{name}/{n}": getattr(beats, n) for n in _COUNTS}
        return arrays | {"meta": np.asarray(json.dumps(meta, sort_keys=True))}

    @classmethod
    def _of_arrays(cls, arrays):
        def group(prefix):
            return {
                name.removeprefix(prefix): values
                for name, values in arrays.items()
                if name.startswith(prefix)
            }

        meta = json.loads(str(arrays["meta"]))
        beats, whole = None, {}
        if "tolerance" in meta:
            tolerance = meta.pop("tolerance")
            beats = BeatCounts(**group("beats/"), tolerance=tolerance)
            names = dict.fromkeys(name.rpartition("/")[0] for name in group("song_beats/"))
            whole = {
                name: BeatCounts(**group(f"song_beats/{name}/"), tolerance=tolerance)
                for name in names
            }
        return cls(
            arrays["songs"],
            arrays["dances"],
            group("features/"),
            beats,
            group("values/"),
            meta,
            whole,
        )


def save_systems(systems: Mapping[str, Measurements], path: str | Path) -> None:
    """Write the measurements of several systems to one ``.npz``, whole or not at all.

    Parameters
    ----------
    systems : dict of str to Measurements
        By name; the order is kept.
    path : str or Path
    """
    arrays = {
        f"{system}|{name}": values
        for system, measured in systems.items()
        for name, values in measured._arrays().items()
    }
    save_arrays(path, arrays)


def load_systems(path: str | Path) -> dict[str, Measurements]:
    """Read what `save_systems` wrote.

    Raises
    ------
    ItemError
        Where the file is missing, damaged, or holds something else.
    """
    what = "a file of measurements"
    remedy = "Delete it; the evaluation stage makes it again"
    systems: dict[str, dict[str, np.ndarray]] = {}
    data = load_arrays(path, what, remedy=remedy)
    with reading(path, what, remedy=remedy):
        for name, values in data.items():
            system, mark, array = name.partition("|")
            if not mark:
                raise KeyError(name)
            systems.setdefault(system, {})[array] = values
        return {system: Measurements._of_arrays(arrays) for system, arrays in systems.items()}


@dataclass(frozen=True)
class MusicBeats:
    """Music beats of every segment, in seconds from its start.

    Attributes
    ----------
    coverage, alignment : list of ndarray
        The sets of Table 2 (`choreo.beats.music.music_beats`).
    tracked : list of ndarray
        The beats of method "thesis", whatever the method.
    songs : dict of str to list of ndarray
        The beats of whole songs (`choreo.evaluation.song_beats.beats_of_songs`), if they were
        looked for.
    """

    coverage: list
    alignment: list
    tracked: list
    songs: dict = field(default_factory=dict)

    def take(self, index):
        """Those of some segments, in the order of `index` (integers)."""

        def some(sets):
            return [sets[i] for i in index]

        return MusicBeats(
            some(self.coverage),
            some(self.alignment),
            some(self.tracked),
            {name: some(sets) for name, sets in self.songs.items()},
        )


def listen(audio, method="thesis", tracker="librosa", beat_this=None):
    """Find the music beats of many segments.

    Parameters
    ----------
    audio : ndarray, shape (N, S)
        16 kHz.
    method : {"thesis", "released"}
    tracker : str
        Whose beats "thesis" takes (`choreo.beats.registry.TRACKERS`).
    beat_this : str or Path, optional
        Weights of the tracker ``beat_this``, which is then the tracker.

    Returns
    -------
    MusicBeats
    """
    coverage, alignment = zip(*(music_beats(sound, method, tracker, beat_this) for sound in audio))
    tracked = coverage
    if method != "thesis":
        tracked = [music_beats(sound, "thesis", tracker, beat_this)[0] for sound in audio]
    return MusicBeats(list(coverage), list(alignment), list(tracked))


def listen_to_songs(segments, method="thesis", tracker="librosa", beat_this=None, truth=None):
    """Find the music beats of segments, and for the method "thesis" those of whole songs.

    Parameters
    ----------
    segments : Segments
        With sound.
    method, tracker, beat_this
        See `listen`.
    truth : dict, optional
        See `choreo.evaluation.song_beats.beats_of_songs`.

    Returns
    -------
    MusicBeats
    """
    tracked = listen(segments.audio, method, tracker, beat_this)
    if method != "thesis":  # which is there for parity
        return tracked
    found = beats_of_songs(segments, tracker=tracker, beat_this=beat_this, truth=truth)
    return replace(tracked, songs=found)


def measure(
    segments,
    extractor,
    *,
    method="thesis",
    tolerance=TOLERANCE,
    tracker="librosa",
    beat_this=None,
    truth=None,
    music_beats=None,
    training=None,
):
    """Measure segments.

    Parameters
    ----------
    segments : Segments
        Real dances of one split, or the dances of one model and seed. Where they have
        no sound, only features are measured (real training dances, which are only
        compared with).
    extractor : Extractor
        The frozen feature extractor.
    method : {"thesis", "released"}
        How beats are found.
    tolerance : float
        Seconds between a motion beat and a music beat that still count as aligned.
    tracker, beat_this, truth
        See `listen_to_songs`.
    music_beats : MusicBeats, optional
        What `listen_to_songs` finds in the sound of `segments`, where it was done before.
    training : Segments, optional
        Real training dances, to find what is copied from them.

    Returns
    -------
    Measurements
        Two runs give the same bytes on a CPU.
    """
    if not len(segments):
        raise ItemError("there is no segment of dance to evaluate")
    fps, frames = segments.fps, segments.pixels.shape[1]
    blocks = [segments.pixels[i : i + _BLOCK] for i in range(0, len(segments), _BLOCK)]
    features = {
        "learned": np.concatenate([extractor.features(block) for block in blocks]),
        "kinetic": np.concatenate([kinetic_features(block, fps) for block in blocks]),
        "geometric": np.concatenate([geometric_features(block, fps) for block in blocks]),
    }
    beats, values, crashes, whole = None, {}, 0, {}
    if segments.audio is not None:
        music_beats = music_beats or listen_to_songs(segments, method, tracker, beat_this, truth)
        motion, stops = _motion(segments, method)
        about = {"frames": frames, "fps": fps, "tolerance": tolerance}
        beats = count_beats(motion, music_beats.coverage, music_beats.alignment, **about)
        for name, times in music_beats.songs.items():
            whole[name] = count_beats(motion, inside(times, frames / fps), times, **about)
        if method == "released":
            crashes = int(np.count_nonzero(stops | (beats.music == 0) | (beats.motion == 0)))
        values = measure_alignment(motion, music_beats.tracked, frames=frames, fps=fps)
        values["music_tempo"] = np.array([_tempo(tracked) for tracked in music_beats.tracked])
        values["motion_tempo"] = np.concatenate([motion_tempo(block, fps) for block in blocks])
        values |= motion_quality(segments)
        whole_song = known_best(music_beats.songs)
        values |= dance_locking(segments, whole_song)
        if whole_song is not None:
            about = segments.songs, segments.starts
            values |= measure_listening(motion, whole_song, *about, tolerance)
        if training is not None:
            values |= measure_invention(segments, training)
    return Measurements(
        segments.songs,
        segments.dances,
        features,
        beats,
        values,
        {
            "method": method,
            "crashes": crashes,
            "extractor_songs": sorted(extractor.songs),
            "extractor_videos": sorted(extractor.videos),
        },
        whole,
    )


def _tempo(beats):
    """Beats a minute; NaN for fewer than two beats."""
    return tempo_of(beats) if len(beats) > 1 else np.nan


def _motion(segments, method):
    """Motion beats of every segment, and where the released code stops with an error."""
    if method == "released":
        found = [released_speed_drops(segment) for segment in segments.pixels]
        return [m.frames / segments.fps for m in found], np.array([m.crash for m in found])
    motion = []
    for start in range(0, len(segments), _BLOCK):
        motion += motion_beats(segments.pixels[start : start + _BLOCK], segments.fps, method)
    return motion, np.zeros(len(segments), bool)


def longest_dances(songs: np.ndarray, dances: np.ndarray) -> np.ndarray:
    """Find of each song the longest dance (the first of several as long).

    Models dance once to each song, to its longest sound: real and generated dances then
    are to the same music and as many chunks, which distances depend on.

    Parameters
    ----------
    songs, dances : ndarray of str, shape (N,)
        Of each segment of held-out real dances.

    Returns
    -------
    ndarray of int, shape (K,)
        Index of those dances' segments.
    """
    chosen = []
    for song in dict.fromkeys(songs.tolist()):
        names, counts = np.unique(dances[songs == song], return_counts=True)
        chosen.append(names[np.argmax(counts)])
    return np.flatnonzero(np.isin(dances, chosen))
