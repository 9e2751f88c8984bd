"""The corpus: thousands of dances whose truth is known, made from a seed, to learn from.

Nothing is drawn, found or cleaned: true poses are normalised, cut and packed like those of a
study (docs/dataset.md). What it holds out: songs by name, whole kinds of songs, and dancers;
no song and no dancer is in two splits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from choreo.choices import SPLITS
from choreo.dataset.normalise import normalise
from choreo.dataset.pack import pack, write_shard
from choreo.errors import ConfigError
from choreo.media import SAMPLE_RATE
from choreo.rates import CHUNK_SECONDS, POSE_FPS
from choreo.synth.clips import LICENCE, make_truth
from choreo.synth.kinds import KINDS
from choreo.synth.names import PREFIX, derived_seed
from choreo.synth.songs import SAMPLE_RATE as SONG_RATE


@dataclass(frozen=True)
class CorpusClip:
    """One dance of the corpus.

    Attributes
    ----------
    id, song, dancer : str
    kind : str
        Of the song: a key of `choreo.synth.kinds.KINDS`.
    split : str
    """

    id: str
    song: str
    dancer: str
    kind: str
    split: str

    @property
    def source(self):
        """What `choreo.synth.clips` makes it of."""
        return f"{PREFIX}{self.song}/{self.dancer}/1"


def plan(
    *,
    songs: int,
    dancers: int,
    dances: int,
    seed: int,
    test_kinds: Sequence[str] = (),
    validation_kinds: Sequence[str] = (),
    test: float = 0.06,
    validation: float = 0.06,
) -> list[CorpusClip]:
    """What the corpus holds.

    Parameters
    ----------
    songs, dancers : int
        How many there are.
    dances : int
        Dancers to a song.
    seed : int
        Of songs, dancers, dances and splits.
    test_kinds, validation_kinds : sequence of str
        Kinds of songs of which none is for training.
    test, validation : float
        Shares of the dancers, and of the songs of all other kinds, for testing and validation;
        at least one of each.

    Returns
    -------
    list of CorpusClip
        Song by song. A larger corpus of the same seed begins with the same songs.

    Raises
    ------
    ConfigError
        For an unknown kind, or too few songs or dancers to divide.
    """
    held = dict.fromkeys(validation_kinds, "validation") | dict.fromkeys(test_kinds, "test")
    unknown = set(held) - set(KINDS)
    if unknown or set(test_kinds) & set(validation_kinds):
        raise ConfigError(
            "kinds of songs for testing and validation must be known, and none be both",
            where="corpus",
            value=", ".join(sorted(unknown or set(test_kinds) & set(validation_kinds))),
            remedy=f"Known are {', '.join(KINDS)}",
        )
    names = [f"corpus{seed}-{number:03d}" for number in range(dancers)]
    groups = _divided(names, test, validation, seed)
    if not all(groups[split] for split in SPLITS):
        raise ConfigError(
            "too few dancers for training, validation and test",
            where="corpus.dancers",
            value=dancers,
            remedy="Use three or more",
        )
    kinds = list(KINDS)
    found = []
    for number in range(songs):
        kind = kinds[number % len(kinds)]
        song = f"{kind}-{seed}-{number // len(kinds):04d}"
        split = held.get(kind) or _drawn(seed, song, test, validation)
        members = groups[split]
        rng = np.random.default_rng(derived_seed("corpus", song))
        for which in rng.permutation(len(members))[:dances]:
            dancer = members[which]
            found.append(CorpusClip(f"{song}_{dancer}", song, dancer, kind, split))
    if {clip.split for clip in found} != set(SPLITS):
        raise ConfigError(
            "too few songs for training, validation and test",
            where="corpus.songs",
            value=songs,
            remedy=f"There are {len(kinds)} kinds of songs: use more songs than that",
        )
    return found


def _share(seed, name):
    digest = hashlib.sha256(f"{seed}\n{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _drawn(seed, name, test, validation):
    # By a hash of the name alone, so that more songs change no split.
    share = _share(seed, name)
    return "test" if share < test else "validation" if share < test + validation else "train"


def _divided(names, test, validation, seed):
    order = sorted(names, key=lambda name: _share(seed, name))
    first = max(1, round(test * len(names)))
    second = first + max(1, round(validation * len(names)))
    members = {"test": order[:first], "validation": order[first:second], "train": order[second:]}
    return {split: sorted(some) for split, some in members.items()}


def parts(clips: Iterable[CorpusClip], songs_a_part: int) -> list[list[CorpusClip]]:
    """Divide a plan into parts of so many songs, each made by a job of its own."""
    songs = list(dict.fromkeys(clip.song for clip in clips))
    number = {song: index // songs_a_part for index, song in enumerate(songs)}
    found: list[list[CorpusClip]] = [[] for _ in range(-(-len(songs) // songs_a_part))]
    for clip in clips:
        found[number[clip.song]].append(clip)
    return found


def make_part(
    clips: Iterable[CorpusClip],
    folder: str | Path,
    *,
    seed: int,
    fps: float = POSE_FPS,
    chunk_seconds: float = CHUNK_SECONDS,
) -> None:
    """Make some dances of the corpus, each as a shard in a folder.

    Parameters
    ----------
    clips : iterable of CorpusClip
        Song by song.
    folder : str or Path
        Made where it is not there; the shard of a clip is ``<id>.h5``.
    seed : int
        Of the corpus.
    fps, chunk_seconds
        See `choreo.dataset.pack.make_shard`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    last_song: tuple[str, np.ndarray] | None = None
    for clip in clips:
        track, song = make_truth(clip.source, seed=seed)
        if last_song is None or last_song[0] != clip.song:
            sound = soxr.resample(song.audio.mean(1), SONG_RATE, SAMPLE_RATE)
            last_song = clip.song, sound
        write_shard(
            folder / f"{clip.id}.h5",
            normalise(track, fps=fps, where=clip.id),
            last_song[1],
            video=clip.id,
            song=clip.song,
            dancer=clip.dancer,
            genre=clip.kind,
            source=clip.source,
            chunk_seconds=chunk_seconds,
            provenance={"licence": LICENCE, "truth": True, "seed": seed},
        )


def pack_corpus(
    folders: Iterable[str | Path],
    path: str | Path,
    clips: Iterable[CorpusClip],
    *,
    provenance: Mapping[str, Any] | None = None,
) -> None:
    """Pack the shards of all parts into one file.

    Parameters
    ----------
    folders : iterable of str or Path
        Of `make_part`.
    path : str or Path
        The packed file (``.h5``).
    clips : iterable of CorpusClip
        The plan.
    provenance : dict, optional
        JSON values that are kept in the file.
    """
    shards = [shard for folder in folders for shard in sorted(Path(folder).glob("*.h5"))]
    pack(
        shards,
        path,
        splits={clip.id: clip.split for clip in clips},
        by=("song", "dancer"),
        provenance={"corpus": provenance or {}},
    )
