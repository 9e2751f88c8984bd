"""Pose sequences and music that others have extracted, cleaned and cut like our own.

An import is laid out like a study's results, so that `choreo dataset check` finds what
each chunk was made from: ``poses/<id>.npz`` as they came, ``cleaning/<id>.npz``, the music
as ``videos/<id>.wav``, and ``shards/<id>.h5``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from choreo.cleaning.clean import clean
from choreo.comparison.compare import THRESHOLD_HEIGHT
from choreo.dataset.audio import CHANNELS
from choreo.dataset.importers import aist, brace
from choreo.dataset.pack import make_shard
from choreo.errors import ItemError
from choreo.media import SAMPLE_RATE
from choreo.videos.audio import read_song
from choreo.videos.wav import write_song

THESIS_FPS = 30
"""Frames a second for which eq. (1)'s threshold is meant (section 3)."""


@dataclass(frozen=True)
class Sequence:
    """One dance of a dataset made elsewhere.

    Attributes
    ----------
    id : str
        Name of its files.
    read : callable
        Gives its `PoseTrack`; ``meta["start_seconds"]`` is where the music begins in its
        file, 0 where there is none.
    music : Path
        File with its music: sound, or a video.
    song, dancer, genre, source, licence : str
        As in a videos table.
    split : str or None
        The dataset's own split.
    """

    id: str
    read: Callable
    music: Path
    song: str
    dancer: str = ""
    genre: str = ""
    source: str = ""
    licence: str = ""
    split: str | None = None


def aist_sequences(
    keypoints: str | Path,
    music: str | Path,
    *,
    camera: str = "c01",
    splits: Mapping[str, str] | None = None,
) -> tuple[list[Sequence], dict[str, str]]:
    """List the sequences of AIST++.

    Parameters
    ----------
    keypoints : str or Path
        Folder ``keypoints2d`` with ``<sequence>.pkl``.
    music : str or Path
        Folder with the pieces of music as ``<piece>.*``, such as ``mBR0.wav``; a dance
        begins with its piece.
    camera : str
        One of `choreo.dataset.importers.aist.CAMERAS`.
    splits : dict of str to str, optional
        As `choreo.dataset.importers.aist.read_splits` gives them; sequences that are in no
        split are left out.

    Returns
    -------
    sequences : list of Sequence
    problems : dict of str to str
        File -> why it is left out, such as music that is missing.

    Raises
    ------
    ItemError
        Where a folder is missing or holds no sequence.
    """
    playing = _playing(music)

    def sequence(path):
        facts = aist.describe(path.stem)
        if splits is not None and path.stem not in splits:
            return None
        return Sequence(
            path.stem,
            lambda: aist.read(path, camera=camera),
            playing(facts["song"]),
            song=facts["song"],
            dancer=facts["dancer"],
            genre=facts["genre"],
            licence="AIST++ annotations CC BY 4.0; music: AIST terms of use",
            split=(splits or {}).get(path.stem),
        )

    return _listed(keypoints, "*.pkl", sequence)


def brace_sequences(
    keypoints: str | Path, music: str | Path, lists: str | Path, *, official: bool = False
) -> tuple[list[Sequence], dict[str, str]]:
    """List the sequences of BRACE: segments of one that follow each other are joined.

    Parameters
    ----------
    keypoints : str or Path
        Folder with a ``.json`` a segment, at any depth.
    music : str or Path
        Folder with the sound of the videos as ``<YouTube id>.*``.
    lists : str or Path
        See `choreo.dataset.importers.brace.read_lists`. Without ``segments.csv`` each
        segment stands alone and its dancer is unknown.
    official : bool
        Take BRACE's own split of sequences, and leave out what is in neither part. A video's
        sequences are then sources of their own.

    Returns
    -------
    sequences : list of Sequence
        The dataset's files name no songs: all segments of a video count as one song.
    problems : dict of str to str
        File -> why it is left out, such as a video without sound or frame rate.

    Raises
    ------
    ItemError
        Where a folder is missing or holds no segment, or a list is not of its form.
    """
    known, playing = brace.read_lists(lists), _playing(music)
    if official and not (known.segments and known.splits):
        raise ItemError(
            "BRACE's own split needs segments.csv, sequences_train.csv and sequences_test.csv",
            where=lists,
            remedy="Give --lists a copy of BRACE's repository",
        )

    def segment(path):
        video = brace.video_of(path)
        if video not in known.rates:
            raise ItemError(
                "the video of this segment has no frame rate",
                where=path,
                value=video,
                remedy=f"It must be in {lists}",
            )
        row = brace.segment_of(path, video, known.segments)
        split = known.splits.get((row.video, row.sequence)) if official and row else None
        if official and not split:
            raise ItemError("in neither part of BRACE's own split", where=path)
        return path, video, playing(video), row, split

    found, problems = _listed(keypoints, "**/*.json", segment)
    alone = [(f"brace-{one[0].stem}", [one]) for one in found if one[3] is None]
    rows = {one[3]: one for one in found if one[3] is not None}
    if len(alone) + len(rows) < len(found):
        raise ItemError(
            "two files of one segment",
            where=keypoints,
            remedy="Name the folder of one kind of segments",
        )
    turns: dict[Any, Any] = {}
    for row in rows:
        turns.setdefault((row.video, row.sequence), []).append(row)
    for (video, _), turn in turns.items():
        for joined in brace.contiguous(turn, known.rates[video]):
            name = f"brace-{video}_{joined[0].first}-{max(row.last for row in joined)}"
            alone.append((name, [rows[row] for row in joined]))
    sequences = [_brace(name, parts, known.rates, official) for name, parts in alone]
    names = [sequence.id for sequence in sequences]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ItemError(
            "two segments of one name",
            where=keypoints,
            value=twice[0],
            remedy="Name the folder of one kind of segments",
        )
    return sequences, problems


def _id(text):
    """The same name as an id: el niño becomes el-nino."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_-]", "-", plain)[:64]


def _brace(name, parts, rates, official):
    _, video, music, row, split = parts[0]
    paths = [part[0] for part in parts]
    return Sequence(
        _id(name),
        lambda: brace.read(paths, fps=rates[video]),
        music,
        song=f"brace-{video}"[:64],
        dancer=_id(row.dancer).strip("-_") if row else "",
        genre="breaking",
        source=f"{video}.{row.sequence}" if official else video,
        licence="BRACE annotations; video: YouTube",
        split=split,
    )


def write_shards(
    sequences,
    folder,
    *,
    cleaning="thesis",
    threshold_px=None,
    threshold_height=None,
    on_item=None,
    **dataset,
):
    """Clean, normalise and cut sequences: one shard each.

    Parameters
    ----------
    sequences : list of Sequence
    folder : str or Path
        See this module's docstring.
    cleaning : str
        Method of `choreo.cleaning.clean.clean`.
    threshold_px, threshold_height : float, optional
        Eq. (1)'s threshold a frame, in pixels or in heights of the dancer. By default
        what the thesis's 50 px are, whatever the pictures' size and rate:
        `choreo.comparison.compare.THRESHOLD_HEIGHT` in 1/30 s. Not with ``robust``.
    on_item : callable, optional
        Called with each sequence's id, when it is done.
    **dataset
        `method`, `outside`, `stride_seconds` and `max_repaired` of
        `choreo.dataset.pack.make_shard`.

    Returns
    -------
    shards : list of Path
    problems : dict of str to str
        Id -> why it was left out.

    Raises
    ------
    ItemError
        Where not one of them could be used.
    """
    folder, shards, problems = Path(folder), [], {}
    threshold = {"threshold_px": threshold_px, "threshold_height": threshold_height}
    # Dances to one piece follow each other, so that it is read once.
    playing = None, None
    for sequence in sorted(sequences, key=lambda sequence: (str(sequence.music), sequence.id)):
        try:
            if playing[0] != sequence.music:
                channels = CHANNELS[dataset.get("method", "thesis")]
                playing = sequence.music, read_song(sequence.music, channels=channels)
            shards.append(_write(sequence, playing[1], folder, cleaning, threshold, dataset))
        except ItemError as error:
            problems[sequence.id] = str(error)
        if on_item:
            on_item(sequence.id)
    if not shards:
        raise _none_of(problems, folder)
    return shards, problems


def _settings(method, threshold, fps):
    """Settings of `clean`: what was asked for, or by default the thesis's way in time."""
    given = {name: value for name, value in threshold.items() if value is not None}
    if not given and method != "robust":
        given = {"threshold_height": THRESHOLD_HEIGHT * THESIS_FPS / fps}
    return {"method": method, **given}


def _write(sequence, song, folder, cleaning, threshold, dataset):
    name = f"{sequence.id}.npz"
    track = sequence.read()
    track.save(folder / "poses" / name)
    cleaned, record = clean(track, **_settings(cleaning, threshold, track.fps))
    cleaned.save(folder / "cleaning" / name)
    first = round(track.meta.get("start_seconds", 0.0) * SAMPLE_RATE)
    part = song[first : first + round(track.seconds * SAMPLE_RATE)]
    sound = folder / "videos" / f"{sequence.id}.wav"
    write_song(sound, [part], len(part))
    shard = folder / "shards" / f"{sequence.id}.h5"
    make_shard(
        folder / "cleaning" / name,
        sound,
        shard,
        video=sequence.id,
        song_id=sequence.song,
        dancer=sequence.dancer,
        genre=sequence.genre,
        source=sequence.source,
        provenance={
            "licence": sequence.licence,
            "cleaning": cleaned.meta["cleaning"]
            | {"frames": record["frames"], "flagged": record["incorrect"]},
        },
        **dataset,
    )
    return shard


def _files(folder, pattern):
    if not Path(folder).is_dir():
        raise ItemError("no such folder", where=folder)
    return sorted(path for path in Path(folder).glob(pattern) if path.is_file())


def _playing(folder):
    """Find a folder's pieces of music by their names."""
    pieces = {}
    for path in _files(folder, "*"):
        pieces.setdefault(path.stem, path)

    def find(name):
        if name not in pieces:
            raise ItemError(
                f"it holds no file {name}.*", where=folder, remedy="Put the music there"
            )
        return pieces[name]

    return find


def _listed(folder, pattern, make):
    """What `make` gives for each file (None: nothing), and why it could not for the others."""
    found, problems = [], {}
    for path in _files(folder, pattern):
        try:
            made = make(path)
        except ItemError as error:
            problems[path.name] = str(error)
        else:
            found += [] if made is None else [made]
    if not found:
        if not problems:
            raise ItemError("no sequence is in this folder", where=folder)
        raise _none_of(problems, folder)
    return found, problems


def _none_of(problems, folder):
    return ItemError(
        f"none of {len(problems)} sequences could be used; the first says: "
        f"{next(iter(problems.values()))}",
        where=folder,
    )
