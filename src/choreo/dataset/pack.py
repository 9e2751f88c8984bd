"""One packed dataset file, written from one shard a video and read chunk by chunk.

Shard and packed file have one layout (HDF5; docs/dataset.md), so that a shard can be
read, checked and looked at like a dataset.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from choreo.choices import SPLITS
from choreo.dataset import audio as sound
from choreo.dataset import chunks as cutting
from choreo.dataset import layout
from choreo.dataset.normalise import Transform, normalise
from choreo.dataset.seen import Content
from choreo.dataset.split import assign_splits, check_no_leak
from choreo.errors import ConfigError, ItemError, check_known
from choreo.files import is_id, sha256
from choreo.files.sealed import damaged
from choreo.pose.track import PoseTrack
from choreo.poses.formats import isolated
from choreo.rates import CHUNK_SECONDS, POSE_FPS
from choreo.videos.wav import Reader, read_wav, write_song


@dataclass(frozen=True)
class _Ids:
    """What `choreo.dataset.split` asks of a row."""

    id: str
    source: str
    song: str
    dancer: str
    split: str | None = None
    score: float | None = None

    @classmethod
    def of(cls, clip, split=None):
        score = clip["provenance"].get("score")
        return cls(clip["video"], clip["source"], clip["song"], clip["dancer"], split, score)


def make_shard(
    track: str | Path,
    song: str | Path,
    path: str | Path,
    *,
    video: str,
    song_id: str,
    dancer: str = "",
    genre: str = "",
    source: str = "",
    method: str = "thesis",
    outside: str | None = None,
    antialias: bool = True,
    fps: float = POSE_FPS,
    chunk_seconds: float = CHUNK_SECONDS,
    stride_seconds: float | None = None,
    max_repaired: float = cutting.MAX_REPAIRED,
    provenance: Mapping[str, Any] | None = None,
    read: Reader = read_wav,
) -> dict[str, Any]:
    """Normalise, cut and write one video: what the rule and the CLI call.

    Parameters
    ----------
    track : str or Path
        A cleaned `PoseTrack`.
    song : str or Path
        Its song, from the video's first frame on: averaged over its channels for `thesis`,
        the left one for `released`. A mono file is taken as it is.
    path : str or Path
        The shard (``.h5``).
    video, song_id : str
        Ids of the video and of its song.
    dancer, genre, source : str
        Further ids; an empty dancer or source is the video's own.
    method, outside, antialias, fps
        See `choreo.dataset.normalise.normalise`.
    chunk_seconds, stride_seconds, max_repaired : float
        See `choreo.dataset.chunks.cut`.
    provenance : dict, optional
        Such as licence and settings; the hashes of both inputs are added.
    read : callable
        Reads the song: `choreo.videos.audio.read_song` where choreo did not write it.

    Returns
    -------
    dict
        The clip's record (docs/dataset.md).

    Raises
    ------
    ItemError
        Naming the video, where it gives no chunk.
    """
    normalised = normalise(
        PoseTrack.load(track),
        method=method,
        outside=outside,
        antialias=antialias,
        fps=fps,
        where=video,
    )
    return write_shard(
        path,
        normalised,
        read(song, channels=sound.CHANNELS[method]),
        video=video,
        song=song_id,
        dancer=dancer,
        genre=genre,
        source=source,
        chunk_seconds=chunk_seconds,
        stride_seconds=stride_seconds,
        max_repaired=max_repaired,
        provenance={
            **(provenance or {}),
            "track_sha256": sha256(track),
            "song_sha256": sha256(song),
        },
    )


def write_shard(
    path,
    normalised,
    samples,
    *,
    video,
    chunk_seconds=CHUNK_SECONDS,
    stride_seconds=None,
    max_repaired=cutting.MAX_REPAIRED,
    **clip,
):
    """Write the chunks of one clip, whole or not at all.

    Parameters
    ----------
    path : str or Path
        The shard (``.h5``).
    normalised : Normalised
        The clip's poses.
    samples : ndarray, shape (n,) or (n, channels)
        Its song at 16 kHz from the video's first frame on, not scaled yet.
    video : str
    chunk_seconds, stride_seconds, max_repaired : float
        See `choreo.dataset.chunks.cut`.
    **clip
        Further ids and `provenance`: see `write_chunks`.

    Returns
    -------
    dict
        The clip's record.
    """
    chunks = cutting.cut(
        normalised,
        sound.stored(samples, normalised.method, where=video),
        chunk_seconds=chunk_seconds,
        stride_seconds=stride_seconds,
        max_repaired=max_repaired,
        where=video,
    )
    return write_chunks(
        path, normalised, chunks, video=video, stride_seconds=stride_seconds, **clip
    )


def write_chunks(
    path,
    normalised,
    chunks,
    *,
    video,
    song,
    dancer="",
    genre="",
    source="",
    stride_seconds=None,
    provenance=None,
):
    """Write chunks that are cut already, as importers have them; else as `write_shard`.

    Parameters
    ----------
    path : str or Path
        The shard (``.h5``).
    normalised : Normalised
        The clip that the chunks are from; its counts and transform go into the record.
    chunks : Chunks
        What is written.
    video, song, dancer, genre, source : str
        Ids; an empty dancer or source is the video's own.
    stride_seconds : float, optional
        Step between the chunks; their length where there is none.
    provenance : dict, optional
        JSON values that are kept in the record.

    Returns
    -------
    dict
        The clip's record.
    """
    for name, value in {"video": video, "song": song}.items():
        if not is_id(value):
            raise ConfigError(f"the {name} needs an id", value=value, remedy="Letters, digits, _ -")
    data = normalised.description(chunks.poses.shape[1] / normalised.fps)
    rows = {
        "pose": chunks.poses,
        "audio": chunks.audio,
        "initial_pose": chunks.initial_poses,
        "repaired": chunks.repaired,
        "index": chunks.index,
        "start_seconds": chunks.start_seconds,
    }
    record = {
        "chunks": len(chunks),
        "dropped": chunks.dropped,
        "remainder_seconds": chunks.remainder_seconds,
        "stride_seconds": float(stride_seconds or data.chunk_seconds),
        "start_seconds": normalised.start_seconds,
        "cut_frames": normalised.cut_frames,
        "values": normalised.values,
        "values_outside": normalised.values_outside,
        "repaired_joints": int(chunks.repaired.sum()),
        "outside": normalised.outside,
        "transform": {k: list(v) for k, v in asdict(normalised.transform).items()},
        "provenance": provenance or {},
    }
    ids = {
        "video": video,
        "source": source or video,
        "song": song,
        "dancer": dancer or video,
        "genre": genre,
    }
    layout.check_values(rows, {"video": video, "outside": normalised.outside}, path)
    with layout.created(path, data, {}) as file:
        digest = hashlib.sha256()
        layout.append_rows(file, rows, 0)
        layout.hash_rows(rows, digest)
        layout.append_clip(file, {**ids, "split": "", "sha256": digest.hexdigest()}, record)
    return record


def look_first(paths: Sequence[str | Path]) -> None:
    """Open files of others in another process: some crash HDF5, or keep it busy for ever.

    Parameters
    ----------
    paths : sequence of str or Path
        Dataset files.

    Raises
    ------
    ItemError
        Naming the first that can't be read.
    """
    if not paths:
        return
    first, *others = map(str, paths)
    try:
        isolated.arrays(layout.__name__, first, besides=[os.path.abspath(path) for path in others])
    except ItemError:
        # One process for all takes a second in all, but does not say which it was.
        for path in paths if others else ():
            isolated.arrays(layout.__name__, path)
        raise


def import_shard(
    source: str | Path,
    path: str | Path,
    song: str | Path,
    *,
    video: str,
    song_id: str,
    dancer: str = "",
    genre: str = "",
    method: str = "thesis",
    outside: str | None = None,
    fps: float | None = None,
    chunk_seconds: float | None = None,
    stride_seconds: float | None = None,
    max_repaired: float = cutting.MAX_REPAIRED,
    licence: str = "",
    score: float | None = None,
) -> None:
    """Take a shard that was made elsewhere into a study: what the rule calls.

    Parameters
    ----------
    source : str or Path
        A shard, such as `choreo dataset import` writes.
    path : str or Path
        Where it goes, with the ids below in the place of its own.
    song : str or Path
        Where its sound goes (``.wav``): its longest row of consecutive chunks.
    video, song_id, dancer, genre
        As for `make_shard`.
    method, outside, fps, chunk_seconds, stride_seconds
        The study's; a shard that was made with others is refused. None: any.
    max_repaired : float
        Chunks with more are left out: see `choreo.dataset.chunks.too_repaired`.
    licence, score
        As in a videos table; an empty licence is the shard's own.

    Raises
    ------
    ItemError
        Where it is no shard, damaged, made with other settings than the study's, or of
        made-up joints throughout.
    """
    look_first([source])
    _, clip, looked = _look_at(source)
    data = looked.description
    made = {**clip, "method": data.method, "fps": data.fps, "chunk_seconds": data.chunk_seconds}
    wanted = {"method": method, "outside": outside, "stride_seconds": stride_seconds}
    wanted |= {"fps": fps, "chunk_seconds": chunk_seconds}
    for name, value in wanted.items():
        if value not in (None, made[name]):
            raise ItemError(
                f"this shard was made with another {name} than the study's ({value})",
                where=source,
                value=made[name],
                remedy=f"Set dataset.{name} to the shard's, or import it anew",
            )
    provenance = {**clip["provenance"], "score": score, "shard_sha256": sha256(source)}
    if licence:
        provenance["licence"] = licence
    ids = {"video": video, "song": song_id, "dancer": dancer or video, "genre": genre}
    kept = {**clip, **ids, "split": "", "provenance": provenance}
    with layout.open_dataset(source, looked) as part:
        usable = np.flatnonzero(~_made_up(part, source, max_repaired))
        starts = part["start_seconds"][:][usable]
        rows = max(cutting.rows_in_a_row(starts, usable, data.chunk_seconds), key=len)
        # What is stored is the sound itself, scaled.
        blocks = (part["audio"][row] / np.float32(32768) for row in rows)
        write_song(song, blocks, len(rows) * data.chunk_samples)
        with layout.created(path, data, {}) as file:
            _stream(part, file, kept, source, max_repaired)


def pack(
    shards: Sequence[str | Path],
    path: str | Path,
    *,
    splits: Mapping[str, str],
    by: str | Sequence[str] = ("song",),
    max_repaired: float = cutting.MAX_REPAIRED,
    provenance: Mapping[str, Any] | None = None,
) -> None:
    """Pack shards into one file (its data card: `choreo.dataset.card.describe`).

    The shards are streamed: memory does not grow with them. Chunks stand in the order
    of the videos' ids, so that the same shards make the same bytes. Of overlapping
    chunks, validation and test take only the consecutive ones.

    Parameters
    ----------
    shards : sequence of str or Path
        Files of `write_shard`.
    path : str or Path
        The packed file (``.h5``).
    splits : dict of str to str
        Video -> "train", "validation" or "test"
        (`choreo.dataset.split.assign_splits`).
    by : str or sequence of str
        What no two splits may share: "song", "video", "dancer".
    max_repaired : float
        Chunks with more are left out, whoever made the shard: see
        `choreo.dataset.chunks.too_repaired`.
    provenance : dict, optional
        JSON values about the study, such as its name, settings and version.

    Raises
    ------
    ItemError
        Where a shard is missing, damaged, not of this layout, or of made-up joints throughout.
    ConfigError
        Where a video has no split, a split would leak (by a name, or by the same poses or
        sound under two names), or there is no shard.
    """
    planned = _planned(shards, splits)
    if not planned:
        raise ConfigError(
            "there is no video to pack",
            where=path,
            remedy="Every video was left out: problems.csv says why",
        )
    by = [by] if isinstance(by, str) else list(by)
    check_splits([one.clip for one in planned], by)
    about = {"by": by, "study": provenance or {}}
    with layout.created(path, planned[0].looked.description, about) as file:
        # What splits share an evaluation would refuse, after all trainings.
        _add(file, planned, max_repaired, refuse=partial(Content().refuse_shared, where=path))


def split_shards(shards, *, asked=None, **options):
    """Put shards into splits by the ids that they hold, without a videos table.

    Parameters
    ----------
    shards : sequence of str or Path
        Files of `write_shard`.
    asked : dict of str to str, optional
        Video -> split, for videos whose whole group shall be there.
    **options
        `by`, `test`, `validation`, `seed` and `score` of
        `choreo.dataset.split.assign_splits`.

    Returns
    -------
    dict of str to str
        Video -> split, for `pack`.
    """
    clips = [_clip_of(shard) for shard in shards]
    rows = [_Ids.of(clip, (asked or {}).get(clip["video"])) for clip in clips]
    return assign_splits(rows, **options)


def shard_videos(shards: Sequence[str | Path]) -> list[str]:
    """Ids of the videos of shards, in their order."""
    return [_clip_of(shard)["video"] for shard in shards]


def append(
    shards: Sequence[str | Path],
    path: str | Path,
    *,
    splits: Mapping[str, str],
    max_repaired: float = cutting.MAX_REPAIRED,
) -> None:
    """Add shards to a packed file in place; nothing that is there is written again.

    The time depends on what is added, not on what is there. After an error the file is as
    it was. A process that is killed while it appends leaves a file that every reader
    refuses; pack the shards anew then.

    Parameters
    ----------
    shards : sequence of str or Path
        Files of `write_shard`, of videos that are not in the file yet.
    path
        As given to `pack`.
    splits : dict of str to str
        Video -> split, for the new videos.
    max_repaired : float
        As for `pack`.
    """
    planned = _planned(shards, splits)
    with layout.open_dataset(path) as file:
        there, by = layout.clips_of(file), layout.provenance_of(file).get("by")
    videos = {clip["video"] for clip in there}
    for shard, clip, _ in planned:
        if clip["video"] in videos:
            raise ItemError("the video is in the dataset already", where=shard, value=clip["video"])
    # The whole of it is checked before anything is written.
    if not by:
        raise ItemError(
            "this is a shard of one video", where=path, remedy="Append to a packed file"
        )
    check_splits([*there, *(one.clip for one in planned)], by)
    more = sum(Path(one.shard).stat().st_size for one in planned)
    with layout.appending(path, more) as file:
        _add(file, planned, max_repaired)


def info(path: str | Path) -> dict[str, Any]:
    """The data card of a packed file or shard, from its tables of clips.

    Parameters
    ----------
    path : str or Path
        A packed file or a shard.

    Returns
    -------
    dict
        JSON values; docs/dataset.md says which.
    """
    with layout.open_dataset(path) as file:
        clips, header = layout.clips_of(file), layout.header_of(file)
        data = layout.description_of(file)
        provenance = layout.provenance_of(file)
    splits = {}
    for split in (*SPLITS, ""):
        members = [clip for clip in clips if clip["split"] == split]
        if members:
            splits[split or "none"] = _summary(members, data)
    dropped: dict[str, int] = {}
    for clip in clips:
        for reason, count in clip["dropped"].items():
            dropped[reason] = dropped.get(reason, 0) + count
    digest = hashlib.sha256("".join(clip["sha256"] for clip in clips).encode()).hexdigest()
    return {
        **header,
        "provenance": provenance,
        "splits": splits,
        "all": _summary(clips, data),
        "dropped_chunks": dict(sorted(dropped.items())),
        "unused_seconds": round(
            sum(c["remainder_seconds"] + c["cut_frames"] / data.fps for c in clips), 3
        ),
        "data_sha256": digest,
        "clips": clips,
    }


class ChunkDataset:
    """Chunks of a packed file (or shard), read when they are asked for.

    Usable as a map-style dataset of torch's DataLoader without importing torch: every
    process opens the file for itself, and what is passed to a worker is only the path
    and the table of chunks.

    Parameters
    ----------
    path : str or Path
        A packed file or a shard.
    split : {"train", "validation", "test"}, optional
        Only these chunks; all by default.

    Attributes
    ----------
    clips : list of dict
        Every clip's ids and record.
    clip : ndarray of int32, shape (N,)
        Which clip each chunk belongs to.
    index : ndarray of int32, shape (N,)
        Number of each chunk in its clip.
    start_seconds : ndarray of float64, shape (N,)
        Time of each chunk's first pose in its video.
    description : DataDescription
        What the file says it is.
    """

    clip: np.ndarray
    index: np.ndarray
    start_seconds: np.ndarray

    def __init__(self, path, split=None):
        if split is not None:
            check_known(split, SPLITS, what="split")
        self.path, self.split = Path(path), split
        with layout.open_dataset(path) as file:
            self.description = layout.description_of(file)
            self.clips, self._looked = layout.clips_of(file), file.looked
            columns = {name: file[name][:] for name in layout.COLUMNS}
            self._checksums = file[layout.CHECKSUM][:] if layout.CHECKSUM in file else None
        self._owner = columns["clip"]
        self._seen = np.zeros(len(self._owner), bool)
        chosen = np.array([split in (None, clip["split"]) for clip in self.clips], bool)
        self._rows = np.flatnonzero(chosen[columns["clip"]])
        for name, values in columns.items():
            setattr(self, name, values[self._rows])
        self._file, self._pid = None, None

    @property
    def method(self):
        """How the data were normalised."""
        return self.description.method

    @property
    def canvas(self):
        """Width and height of the window in pixels."""
        return self.description.canvas

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, i):
        """One chunk; see `batch`, without the first axis."""
        if not -len(self) <= i < len(self):
            raise IndexError(f"chunk {i} of {len(self)}")
        return {name: values[0] for name, values in self.batch([i]).items()}

    def batch(self, indices):
        """Several chunks.

        Parameters
        ----------
        indices : sequence of int
            Positions in this dataset, in any order.

        Returns
        -------
        dict of str to ndarray
            ``pose`` float32 (B, T, J, 2) in [-1, 1]; ``audio`` float32 (B, T, S), one
            frame a pose, scaled as `choreo.dataset.audio.decode` says; ``initial_pose``
            float32 (B, J, 2); ``repaired`` bool (B, T, J).
        """
        out = self.stored(indices)
        out["audio"] = sound.frames(sound.decode(out["audio"], self.method), self.description)
        return out

    def stored(self, indices):
        """Several chunks as `batch` gives them, but ``audio`` as stored: int16 (B, N)."""
        arrays = self._open()
        rows = self._rows[np.asarray(indices, dtype=np.int64)]
        out = {
            name: np.empty((len(rows), *shape), layout.ARRAYS[name])
            for name, shape in layout.shapes(self.description).items()
        }
        for name, values in out.items():
            # One row is one unfiltered HDF5 chunk: its bytes are the array's.
            read, rest = arrays[name].id.read_direct_chunk, (0,) * (values.ndim - 1)
            raw = values.reshape(len(rows), math.prod(values.shape[1:])).view(np.uint8)
            for k, row in enumerate(rows.tolist()):
                read((row, *rest), out=raw[k])
        self._compare(out, rows)
        return out

    def _compare(self, out, rows):
        """Refuse chunks that have changed since they were written; each is looked at once."""
        new = np.flatnonzero(~self._seen[rows])
        if not len(new):
            return
        found = {name: values[new] for name, values in out.items()}
        for k, row in enumerate(rows[new].tolist()):
            clip = self.clips[self._owner[row]]
            one = {name: values[k : k + 1] for name, values in found.items()}
            if self._checksums is not None and layout.checksums(one)[0] != self._checksums[row]:
                raise damaged(self.path, f"row {row}, a chunk of {clip['video']}")
            layout.check_values(one, clip, self.path)
        self._seen[rows[new]] = True

    def ids(self, i):
        """Ids of one chunk: dict of video, song, dancer, genre, split, index, start_seconds."""
        clip = self._clip(i)
        names = ("video", "song", "dancer", "genre", "split")
        return {
            **{name: clip[name] for name in names},
            "index": int(self.index[i]),
            "start_seconds": float(self.start_seconds[i]),
        }

    def transform(self, i):
        """`choreo.dataset.normalise.Transform` from the video's pixels to chunk i's poses."""
        return Transform(**{k: tuple(v) for k, v in self._clip(i)["transform"].items()})

    def close(self):
        """Close the file; the next read opens it again."""
        if self._file is not None and self._pid == os.getpid():
            self._file.close()
        self._file, self._arrays = None, None

    def _clip(self, i):
        return self.clips[self.clip[i]]

    def _open(self):
        # A forked worker must not use its parent's handle: HDF5's state can't be shared.
        if self._file is None or self._pid != os.getpid():
            self._file = layout.open_dataset(self.path, self._looked)
            self._pid = os.getpid()
            self._arrays = {name: self._file[name] for name in layout.ARRAYS}
        return self._arrays

    def __getstate__(self):
        return {**self.__dict__, "_file": None, "_arrays": None, "_pid": None}


class _Planned(NamedTuple):
    """A shard, what its clip is to be called, and what a look at it gave."""

    shard: str | Path
    clip: dict[str, Any]
    looked: layout.Looked


def _look_at(shard):
    with layout.open_dataset(shard) as file:
        clips, looked = layout.clips_of(file), file.looked
    if len(clips) != 1:
        raise ItemError("not a shard: it must hold one clip", where=shard, value=len(clips))
    return _Planned(shard, clips[0], looked)


def _clip_of(shard):
    return _look_at(shard).clip


def _planned(shards, splits):
    """List of `_Planned`, with the splits, in the order of the videos' ids."""
    found = {}
    for shard in shards:
        one = _look_at(shard)
        video = one.clip["video"]
        if video in found:
            raise ItemError(
                "two shards of one video", where=f"{found[video].shard} and {shard}", value=video
            )
        found[video] = one._replace(clip={**one.clip, "split": splits.get(video)})
    return [found[video] for video in sorted(found)]


def check_splits(clips, by):
    """Refuse clips without a split, and splits that share what `by` says.

    Parameters
    ----------
    clips : list of dict
        With ``video``, ``source``, ``song``, ``dancer`` and ``split``.
    by : list of str
        See `choreo.dataset.split.check_no_leak`.

    Raises
    ------
    ConfigError
        Naming the videos.
    """
    for clip in clips:
        if clip["split"] not in SPLITS:
            raise ConfigError("the video has no split", where=clip["video"], value=clip["split"])
    ids = [_Ids.of(clip) for clip in clips]
    check_no_leak(ids, {clip["video"]: clip["split"] for clip in clips}, by=by)


def _add(file, planned, max_repaired, *, refuse=None):
    for shard, clip, looked in planned:
        with layout.open_dataset(shard, looked) as part:
            data = layout.description_of(part)
            differences = data.differences(layout.description_of(file))
            if differences:
                raise ItemError(
                    f"made with another {differences[0].split()[0]} than the others",
                    where=shard,
                    value="; ".join(differences),
                )
            _stream(part, file, clip, shard, max_repaired, refuse=refuse)


def _made_up(part, shard, max_repaired):
    """Which chunks of a shard are left out as made up, shape (N,); not all of them may be."""
    made_up = cutting.too_repaired(
        part["repaired"][:], layout.description_of(part).method, max_repaired
    )
    if len(made_up) and made_up.all():
        raise ItemError(
            f"more than {max_repaired:.0%} of the joints of each of its {len(made_up)} chunks are "
            "made up: repaired by cleaning, or guessed outside the picture",
            where=shard,
            remedy="Leave it out, or set dataset.max_repaired (--max-repaired)",
        )
    return made_up


def _stream(part, file, clip, shard, max_repaired, *, refuse=None):
    """Copy the chunks of a shard in blocks, and its clip: all that enters a dataset passes here.

    `refuse` may refuse chunks: a function of the clip, their poses and their sound.
    """
    number = len(file["clips/video"])
    data = layout.description_of(part)
    step = round(data.chunk_seconds / clip["stride_seconds"])
    read, written = hashlib.sha256(), hashlib.sha256()
    made_up = _made_up(part, shard, max_repaired)
    taken = ~made_up
    if clip["split"] in ("validation", "test"):
        taken &= part["index"][:] % step == 0
    repaired = 0
    for first in range(0, len(taken), layout.BLOCK):
        rows = slice(first, first + layout.BLOCK)
        names = (*layout.ARRAYS, "index", "start_seconds")
        block = {name: part[name][rows] for name in names}
        layout.hash_rows(block, read)
        layout.check_values(block, clip, shard)
        initial = cutting.initial_poses(block["pose"], block["index"], data.method)
        if not np.array_equal(initial, block["initial_pose"]):
            raise ItemError(
                f"{clip['video']}: initial poses that do not belong to its chunks", where=shard
            )
        if not taken.all():
            block = {name: values[taken[rows]] for name, values in block.items()}
            layout.hash_rows(block, written)
        if refuse is not None:
            refuse(clip, block["pose"], block["audio"])
        layout.append_rows(file, block, number)
        repaired += int(block["repaired"].sum())
    if read.hexdigest() != clip["sha256"]:
        raise ItemError(
            "the shard is damaged: its data do not have the hash in its record",
            where=shard,
            remedy="Delete it; the next run makes it anew",
        )
    dropped = dict(clip["dropped"])
    if made_up.any():
        dropped["repaired"] = dropped.get("repaired", 0) + int(made_up.sum())
    packed = {
        **clip,
        "chunks": int(taken.sum()),
        "dropped": dict(sorted(dropped.items())),
        "repaired_joints": repaired,
        "sha256": (read if taken.all() else written).hexdigest(),
    }
    record = {name: value for name, value in packed.items() if name not in layout.TEXTS}
    layout.append_clip(file, packed, record)


def _summary(clips, data):
    chunks = sum(clip["chunks"] for clip in clips)
    values = sum(clip["values"] for clip in clips)
    return {
        "chunks": chunks,
        "seconds": chunks * data.chunk_seconds,
        "videos": len(clips),
        "songs": len({clip["song"] for clip in clips}),
        "dancers": len({clip["dancer"] for clip in clips}),
        "share_repaired": round(
            sum(clip["repaired_joints"] for clip in clips)
            / max(1, chunks * data.chunk_frames * data.joints),
            6,
        ),
        "share_outside": round(sum(clip["values_outside"] for clip in clips) / max(1, values), 6),
    }
