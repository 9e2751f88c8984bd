"""What is measured on every piece of a system's dances, once, and kept.

A system is the real dances of a split, or one model with one seed. Everything that
needs poses or sound is measured here; every row of every table, and every bootstrap
sample of one, is computed from these arrays alone.
"""

import json
import zipfile
from dataclasses import dataclass, fields

import numpy as np

from choreo.errors import ItemError
from choreo.evaluation.beat_scores import TOLERANCE, BeatCounts, count_beats
from choreo.evaluation.kinetic import kinetic_features
from choreo.evaluation.motion_beats import motion_beats, released_speed_drops
from choreo.evaluation.music_beats import music_beats
from choreo.files import whole

_BLOCK = 512
"""Pieces that are measured at once: bounds the memory."""
_COUNTS = tuple(f.name for f in fields(BeatCounts) if f.name != "tolerance")


@dataclass(frozen=True)
class Measurements:
    """Measurements of N pieces.

    Attributes
    ----------
    songs, dances : ndarray of str, shape (N,)
        Song of each piece and the dance that it was cut from.
    features : dict of str to ndarray, shape (N, D)
        Feature sets: `learned` (the extractor's), `kinetic`.
    beats : BeatCounts or None
        None where the pieces came without sound.
    meta : dict
        `method`, `crashes` (pieces on which the thesis's released code stops with an
        error; 0 in the method "thesis", which has none), `extractor_songs`.
    """

    songs: np.ndarray
    dances: np.ndarray
    features: dict
    beats: BeatCounts | None
    meta: dict

    def __len__(self):
        return len(self.songs)

    def take(self, index):
        """Some of the pieces, in the order of `index` (a mask or integers)."""
        beats = self.beats
        if beats is not None:
            beats = BeatCounts(*(getattr(beats, n)[index] for n in _COUNTS), beats.tolerance)
        return Measurements(
            self.songs[index],
            self.dances[index],
            {name: values[index] for name, values in self.features.items()},
            beats,
            self.meta,
        )

    def save(self, path):
        """Write as ``.npz``, whole or not at all; the same measurements give the same bytes."""
        arrays = {"songs": self.songs, "dances": self.dances}
        arrays |= {f"features/{name}": values for name, values in self.features.items()}
        meta = dict(self.meta)
        if self.beats is not None:
            arrays |= {f"beats/{name}": getattr(self.beats, name) for name in _COUNTS}
            meta["tolerance"] = self.beats.tolerance
        arrays["meta"] = np.asarray(json.dumps(meta, sort_keys=True))
        with whole(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path):
        """Read what `save` wrote.

        Raises
        ------
        ItemError
            Where the file is missing or holds something else.
        """
        try:
            with np.load(path, allow_pickle=False) as data:
                arrays = dict(data)
            meta = json.loads(str(arrays.pop("meta")))
            beats = None
            if "tolerance" in meta:
                counts = (arrays[f"beats/{name}"] for name in _COUNTS)
                beats = BeatCounts(*counts, meta.pop("tolerance"))
            features = {
                name.partition("/")[2]: values
                for name, values in arrays.items()
                if name.startswith("features/")
            }
            return cls(arrays["songs"], arrays["dances"], features, beats, meta)
        except FileNotFoundError:
            raise ItemError("no such file", where=path) from None
        except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise ItemError(
                f"not a file of measurements ({error})",
                where=path,
                remedy="Delete it; the evaluation stage makes it again",
            ) from None


def measure(pieces, extractor, *, method="thesis", tolerance=TOLERANCE):
    """Measure pieces.

    Parameters
    ----------
    pieces : Pieces
        Real dances of one split, or the dances of one model and seed. Where they have
        no sound, no beats are counted (real training dances, which are only compared
        with).
    extractor : Extractor
        The frozen feature extractor.
    method : {"thesis", "released"}
        How beats are found.
    tolerance : float
        Seconds between a motion beat and a music beat that still count as aligned.

    Returns
    -------
    Measurements
        Two runs give the same bytes on a CPU.
    """
    if not len(pieces):
        raise ItemError("there is no piece of dance to evaluate")
    blocks = [pieces.pixels[i : i + _BLOCK] for i in range(0, len(pieces), _BLOCK)]
    features = {
        "learned": np.concatenate([extractor.features(block) for block in blocks]),
        "kinetic": np.concatenate([kinetic_features(block, pieces.fps) for block in blocks]),
    }
    beats, crashes = None, 0
    if pieces.audio is not None:
        motion, stops = _motion(pieces, method)
        coverage, alignment = zip(*(music_beats(audio, method) for audio in pieces.audio))
        beats = count_beats(
            motion,
            coverage,
            alignment,
            frames=pieces.pixels.shape[1],
            fps=pieces.fps,
            tolerance=tolerance,
        )
        if method == "released":
            crashes = int(np.count_nonzero(stops | (beats.music == 0) | (beats.motion == 0)))
    return Measurements(
        pieces.songs,
        pieces.dances,
        features,
        beats,
        {"method": method, "crashes": crashes, "extractor_songs": sorted(extractor.songs)},
    )


def _motion(pieces, method):
    """Motion beats of every piece, and where the released code stops with an error."""
    if method == "released":
        found = [released_speed_drops(piece) for piece in pieces.pixels]
        return [m.frames / pieces.fps for m in found], np.array([m.crash for m in found])
    motion = []
    for start in range(0, len(pieces), _BLOCK):
        motion += motion_beats(pieces.pixels[start : start + _BLOCK], pieces.fps, method)
    return motion, np.zeros(len(pieces), bool)


def check_no_leak(evaluated, real):
    """Refuse to evaluate what was trained on.

    Parameters
    ----------
    evaluated : Measurements
        Of generated or held-out real dances.
    real : Measurements
        Of the real training dances.

    Raises
    ------
    ItemError
        Where they share a song or a dance, or the extractor was trained on a song of
        `evaluated`.
    """
    for what, ours, theirs in (
        ("song", evaluated.songs, real.songs),
        ("dance", evaluated.dances, real.dances),
        ("song", evaluated.songs, evaluated.meta["extractor_songs"]),
    ):
        both = sorted(set(map(str, ours)) & set(map(str, theirs)))
        if both:
            raise ItemError(
                f"a {what} is evaluated that is also trained on",
                value=", ".join(both[:5]),
                remedy="Split the dataset by song, and evaluate only the test songs",
            )
