"""Pose sequences and music that others have extracted, cleaned and cut like our own.

An import is laid out like a study's results, so that `choreo dataset check` finds what
each chunk was made from: ``poses/<id>.npz`` as they came, ``cleaning/<id>.npz``, the music
as ``videos/<id>.wav``, and ``shards/<id>.h5``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from choreo.cleaning.clean import clean
from choreo.dataset.audio import CHANNELS
from choreo.dataset.importers import aist, brace
from choreo.dataset.pack import make_shard
from choreo.errors import ItemError
from choreo.media import SAMPLE_RATE
from choreo.videos.audio import read_song, write_song


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


def aist_sequences(keypoints, music, *, camera="c01", splits=None):
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
    list of Sequence

    Raises
    ------
    ItemError
        Where the folder holds no sequence, or a piece of music is missing.
    """
    found = []
    for path in _files(keypoints, "*.pkl"):
        facts = aist.describe(path.stem)
        if splits is None or path.stem in splits:
            found.append(
                Sequence(
                    path.stem,
                    lambda path=path: aist.read(path, camera=camera),
                    _music(music, facts["song"]),
                    song=facts["song"],
                    dancer=facts["dancer"],
                    genre=facts["genre"],
                    licence="AIST++ annotations CC BY 4.0; music: AIST terms of use",
                    split=(splits or {}).get(path.stem),
                )
            )
    return _some(found, keypoints)


def brace_sequences(keypoints, music, videos):
    """List the segments of BRACE.

    Parameters
    ----------
    keypoints : str or Path
        Folder with a ``.json`` a segment, at any depth.
    music : str or Path
        Folder with the sound of the videos as ``<YouTube id>.*``.
    videos : str or Path
        ``videos_info.csv``.

    Returns
    -------
    list of Sequence
        The dataset's files name no songs: all segments of a video count as one song.

    Raises
    ------
    ItemError
        Where the folder holds no segment, or a video has no sound or no frame rate.
    """
    rates, found = brace.read_fps(videos), []
    for path in _files(keypoints, "**/*.json"):
        video = brace.video_of(path)
        if video not in rates:
            raise ItemError(
                "the video of this segment has no frame rate",
                where=path,
                value=video,
                remedy=f"It must be in {videos}",
            )
        found.append(
            Sequence(
                re.sub(r"[^A-Za-z0-9_-]", "-", f"brace-{path.stem}")[:64],
                lambda path=path, fps=rates[video]: brace.read(path, fps=fps),
                _music(music, video),
                song=f"brace-{video}"[:64],
                genre="breaking",
                source=video,
                licence="BRACE annotations; video: YouTube",
            )
        )
    names = [sequence.id for sequence in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ItemError(
            "two segments of one name",
            where=keypoints,
            value=twice[0],
            remedy="Name the folder of one kind of segments",
        )
    return _some(found, keypoints)


def write_shards(sequences, folder, *, cleaning="thesis", on_item=None, **dataset):
    """Clean, normalise and cut sequences: one shard each.

    Parameters
    ----------
    sequences : list of Sequence
    folder : str or Path
        See this module's docstring.
    cleaning : str
        Method of `choreo.cleaning.clean.clean`.
    on_item : callable, optional
        Called with each sequence's id, when it is done.
    **dataset
        `method`, `outside` and `stride_seconds` of `choreo.dataset.pack.make_shard`.

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
    # Dances to one piece follow each other, so that it is read once.
    playing = None, None
    for sequence in sorted(sequences, key=lambda sequence: (str(sequence.music), sequence.id)):
        try:
            if playing[0] != sequence.music:
                channels = CHANNELS[dataset.get("method", "thesis")]
                playing = sequence.music, read_song(sequence.music, channels=channels)
            shards.append(_write(sequence, playing[1], folder, cleaning, dataset))
        except ItemError as error:
            problems[sequence.id] = str(error)
        if on_item:
            on_item(sequence.id)
    if not shards:
        raise ItemError(
            f"none of {len(problems)} sequences could be used; the first says: "
            f"{next(iter(problems.values()))}",
            where=folder,
        )
    return shards, problems


def _write(sequence, song, folder, cleaning, dataset):
    name = f"{sequence.id}.npz"
    track = sequence.read()
    track.save(folder / "poses" / name)
    cleaned, _ = clean(track, method=cleaning)
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
        provenance={"licence": sequence.licence, "cleaning": cleaning},
        **dataset,
    )
    return shard


def _files(folder, pattern):
    if not Path(folder).is_dir():
        raise ItemError("no such folder", where=folder)
    return sorted(path for path in Path(folder).glob(pattern) if path.is_file())


def _music(folder, name):
    found = [path for path in _files(folder, "*") if path.stem == name]
    if not found:
        raise ItemError(f"it holds no file {name}.*", where=folder, remedy="Put the music there")
    return found[0]


def _some(found, folder):
    if not found:
        raise ItemError("no sequence is in this folder", where=folder)
    return found
