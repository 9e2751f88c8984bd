"""One packed dataset file, written from one shard a video and read chunk by chunk.

Shard and packed file have one layout (HDF5; docs/dataset.md), so that a shard can be
read, checked and looked at like a dataset. Every chunk of poses and of audio is one
HDF5 chunk without a filter: a sample is read in one piece from where it lies.
"""

import contextlib
import hashlib
import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import h5py
import numpy as np

from choreo.dataset import audio as sound
from choreo.dataset import chunks as cutting
from choreo.dataset.normalise import CANVAS, POSE_FPS, normalise
from choreo.dataset.split import SPLITS, check_no_leak
from choreo.errors import ConfigError, ItemError
from choreo.files import is_id, sha256, whole, write_json, write_text
from choreo.track import PoseTrack

FORMAT, VERSION = "choreo-dataset", 1

_JOINTS = 18
_ARRAYS = {
    "pose": ((cutting.CHUNK_FRAMES, _JOINTS, 2), np.float32),
    "audio": ((cutting.CHUNK_SAMPLES,), np.int16),
    "initial_pose": ((_JOINTS, 2), np.float32),
    "repaired": ((cutting.CHUNK_FRAMES, _JOINTS), np.bool_),
}
_COLUMNS = {"clip": np.int32, "index": np.int32, "start_seconds": np.float64}
_TEXTS = ("video", "source", "song", "dancer", "genre", "split", "sha256", "record")
_RECORD = (
    "chunks",
    "dropped",
    "remainder_seconds",
    "stride_seconds",
    "start_seconds",
    "cut_frames",
    "values",
    "values_outside",
    "repaired_joints",
    "outside",
    "transform",
    "provenance",
)
_BLOCK = 64
"""Chunks that are in memory at once while packing and checking: 11 MB."""


@dataclass(frozen=True)
class _Ids:
    """What `choreo.dataset.split` asks of a row."""

    id: str
    source: str
    song: str
    dancer: str


def make_shard(
    track,
    song,
    path,
    *,
    video,
    song_id,
    dancer="",
    genre="",
    source="",
    method="thesis",
    outside=None,
    antialias=True,
    stride_seconds=cutting.CHUNK_SECONDS,
    provenance=None,
):
    """Normalise, cut and write one video: what the rule and the CLI call.

    Parameters
    ----------
    track : str or Path
        A cleaned `PoseTrack`.
    song : str or Path
        Its song, 16 kHz, from the video's first frame on.
    path : str or Path
        The shard (``.h5``).
    video, song_id : str
        Ids of the video and of its song.
    dancer, genre, source : str
        Further ids; an empty dancer or source is the video's own.
    method, outside, antialias
        See `choreo.dataset.normalise.normalise`.
    stride_seconds : float
        See `choreo.dataset.chunks.cut`.
    provenance : dict, optional
        Such as licence and settings; the hashes of both inputs are added.

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
        PoseTrack.load(track), method=method, outside=outside, antialias=antialias, where=video
    )
    return write_shard(
        path,
        normalised,
        sound.read_song(song),
        video=video,
        song=song_id,
        dancer=dancer,
        genre=genre,
        source=source,
        stride_seconds=stride_seconds,
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
    song,
    dancer="",
    genre="",
    source="",
    stride_seconds=cutting.CHUNK_SECONDS,
    provenance=None,
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
    video, song, dancer, genre, source : str
        Ids; an empty dancer or source is the video's own.
    stride_seconds : float
        See `choreo.dataset.chunks.cut`.
    provenance : dict, optional
        JSON values that are kept in the record.

    Returns
    -------
    dict
        The clip's record.
    """
    stored = sound.stored(samples, normalised.method, where=video)
    return write_chunks(
        path,
        normalised,
        cutting.cut(normalised, stored, stride_seconds=stride_seconds, where=video),
        video=video,
        song=song,
        dancer=dancer,
        genre=genre,
        source=source,
        stride_seconds=stride_seconds,
        provenance=provenance,
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
    stride_seconds=cutting.CHUNK_SECONDS,
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
    video, song, dancer, genre, source, stride_seconds, provenance
        As for `write_shard`.

    Returns
    -------
    dict
        The clip's record.
    """
    for name, value in {"video": video, "song": song}.items():
        if not is_id(value):
            raise ConfigError(f"the {name} needs an id", value=value, remedy="Letters, digits, _ -")
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
        "stride_seconds": float(stride_seconds),
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
    with whole(path) as temporary, _create(temporary, normalised.method, {}) as file:
        digest = hashlib.sha256()
        _append_rows(file, rows, 0, digest)
        _append_clip(file, {**ids, "split": "", "sha256": digest.hexdigest()}, record)
    return record


def pack(shards, path, *, splits, card, by=("song",), provenance=None):
    """Pack shards into one file, and write its data card.

    The shards are streamed: memory does not grow with them. Chunks stand in the order
    of the videos' ids, so that the same shards make the same bytes. Of overlapping
    chunks (a stride under 5 s), validation and test take only the consecutive ones.

    Parameters
    ----------
    shards : sequence of str or Path
        Files of `write_shard`.
    path : str or Path
        The packed file (``.h5``).
    splits : dict of str to str
        Video -> "train", "validation" or "test"
        (`choreo.dataset.split.assign_splits`).
    card : str or Path
        Stem of the data card: ``.json`` and ``.md`` are written.
    by : str or sequence of str
        What no two splits may share: "song", "video", "dancer".
    provenance : dict, optional
        JSON values about the study, such as its name, settings and version.

    Returns
    -------
    dict
        The data card.

    Raises
    ------
    ItemError
        Where a shard is missing, damaged or not of this layout.
    ConfigError
        Where a video has no split, a split would leak, or there is no shard.
    """
    planned = _planned(shards, splits)
    if not planned:
        raise ConfigError(
            "there is no video to pack",
            where=path,
            remedy="Every video was left out: problems.csv says why",
        )
    by = [by] if isinstance(by, str) else list(by)
    _check_splits([clip for _, clip in planned], by)
    with whole(path) as temporary:
        about = {"by": by, "study": provenance or {}}
        with _create(temporary, _header(planned[0][0])["method"], about) as file:
            _add(file, planned)
        values = info(temporary)
    write_card(values, card)
    return values


def append(shards, path, *, splits, card):
    """Add shards to a packed file in place; nothing that is there is written again.

    The time depends on what is added, not on what is there. A process that is killed
    while it appends leaves a file that `check` and `ChunkDataset` refuse; pack the
    shards anew then.

    Parameters
    ----------
    shards : sequence of str or Path
        Files of `write_shard`, of videos that are not in the file yet.
    path, card
        As given to `pack`.
    splits : dict of str to str
        Video -> split, for the new videos.

    Returns
    -------
    dict
        The data card.
    """
    planned = _planned(shards, splits)
    with _open(path, "r+") as file:
        there = _clips(file)
        for shard, clip in planned:
            if clip["video"] in {other["video"] for other in there}:
                raise ItemError(
                    "the video is in the dataset already", where=shard, value=clip["video"]
                )
        # The whole of it is checked before anything is written.
        by = json.loads(file.attrs["provenance"])["by"]
        _check_splits([*there, *(clip for _, clip in planned)], by)
        file.attrs["complete"] = False
        file.flush()
        _add(file, planned)
        file.attrs["complete"] = True
    values = info(path)
    write_card(values, card)
    return values


def info(path):
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
    with _open(path) as file:
        clips, header = _clips(file), _header_of(file)
        provenance = json.loads(file.attrs["provenance"])
    splits = {}
    for split in (*SPLITS, ""):
        members = [clip for clip in clips if clip["split"] == split]
        if members:
            splits[split or "none"] = _summary(members)
    dropped = {}
    for clip in clips:
        for reason, count in clip["dropped"].items():
            dropped[reason] = dropped.get(reason, 0) + count
    digest = hashlib.sha256("".join(clip["sha256"] for clip in clips).encode()).hexdigest()
    return {
        **header,
        "provenance": provenance,
        "splits": splits,
        "all": _summary(clips),
        "dropped_chunks": dict(sorted(dropped.items())),
        "unused_seconds": round(
            sum(c["remainder_seconds"] + c["cut_frames"] / POSE_FPS for c in clips), 3
        ),
        "data_sha256": digest,
        "clips": clips,
    }


def write_card(card, stem):
    """Write a data card as ``stem.json`` and ``stem.md``.

    Parameters
    ----------
    card : dict
        As `info` gives it.
    stem : str or Path
        Path without suffix.
    """
    stem = Path(stem)
    write_json(stem.with_name(stem.name + ".json"), card)
    write_text(stem.with_name(stem.name + ".md"), _card_markdown(card))


def check(path):
    """Read a packed file or shard whole and say what is wrong with it.

    Hashes of every clip; finite poses; initial poses that fit; chunks in order of time;
    no leak between splits.

    Parameters
    ----------
    path : str or Path
        A packed file or a shard.

    Returns
    -------
    list of str
        Problems, each naming the video; empty where all is well.

    Raises
    ------
    ItemError
        Where the file is not of this layout.
    """
    problems = []
    with _open(path) as file:
        clips = _clips(file)
        owner = file["clip"][:]
        for number, clip in enumerate(clips):
            rows = np.flatnonzero(owner == number)
            problems += [f"{clip['video']}: {p}" for p in _check_clip(file, clip, rows)]
        by = json.loads(file.attrs["provenance"]).get("by")
    if by:
        try:
            _check_splits(clips, by)
        except ConfigError as error:
            problems.append(str(error))
    return problems


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
    method : str
        How the data were normalised.
    canvas : tuple of int
        Width and height of the window in pixels.
    """

    def __init__(self, path, split=None):
        if split is not None and split not in SPLITS:
            raise ConfigError("unknown split", value=split, remedy=f"Use {', '.join(SPLITS)}")
        self.path, self.split = Path(path), split
        with _open(path) as file:
            header = _header_of(file)
            self.clips = _clips(file)
            columns = {name: file[name][:] for name in _COLUMNS}
        self.method, self.canvas = header["method"], tuple(header["canvas"])
        chosen = np.array([split in (None, clip["split"]) for clip in self.clips], bool)
        self._rows = np.flatnonzero(chosen[columns["clip"]])
        for name, values in columns.items():
            setattr(self, name, values[self._rows])
        self._file, self._pid = None, None

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
            ``pose`` float32 (B, 50, 18, 2) in [-1, 1]; ``audio`` float32 (B, 50, 1600),
            one frame a pose, scaled as `choreo.dataset.audio.decode` says;
            ``initial_pose`` float32 (B, 18, 2); ``repaired`` bool (B, 50, 18).
        """
        arrays = self._open()
        rows = self._rows[np.asarray(indices, dtype=np.int64)]
        out = {
            name: np.empty((len(rows), *shape), dtype) for name, (shape, dtype) in _ARRAYS.items()
        }
        for name, values in out.items():
            # One row is one unfiltered HDF5 chunk: its bytes are the array's.
            read, rest = arrays[name].id.read_direct_chunk, (0,) * (values.ndim - 1)
            raw = values.reshape(len(rows), math.prod(values.shape[1:])).view(np.uint8)
            for k, row in enumerate(rows.tolist()):
                read((row, *rest), out=raw[k])
        out["audio"] = sound.frames(sound.decode(out["audio"], self.method))
        return out

    def ids(self, i):
        """Ids of one chunk: dict of video, song, dancer, genre, split, index, start_seconds."""
        clip = self.clips[self.clip[i]]
        names = ("video", "song", "dancer", "genre", "split")
        return {
            **{name: clip[name] for name in names},
            "index": int(self.index[i]),
            "start_seconds": float(self.start_seconds[i]),
        }

    def close(self):
        """Close the file; the next read opens it again."""
        if self._file is not None and self._pid == os.getpid():
            self._file.close()
        self._file, self._arrays = None, None

    def _open(self):
        # A forked worker must not use its parent's handle: HDF5's state can't be shared.
        if self._file is None or self._pid != os.getpid():
            self._file, self._pid = _open(self.path), os.getpid()
            self._arrays = {name: self._file[name] for name in _ARRAYS}
        return self._arrays

    def __getstate__(self):
        return {**self.__dict__, "_file": None, "_arrays": None, "_pid": None}


def _create(path, method, provenance):
    # v110: read by every HDF5 since 2016, and an index that appends in constant time.
    file = h5py.File(path, "w", libver=("v110", "v110"))
    file.attrs["format"], file.attrs["version"] = FORMAT, VERSION
    file.attrs["complete"] = True
    file.attrs["method"] = method
    file.attrs["canvas"] = CANVAS[method]
    file.attrs["skeleton"] = "openpose18"
    file.attrs["pose_fps"], file.attrs["sample_rate"] = POSE_FPS, sound.SAMPLE_RATE
    file.attrs["provenance"] = json.dumps(provenance, sort_keys=True)
    for name, (shape, dtype) in _ARRAYS.items():
        file.create_dataset(
            name,
            (0, *shape),
            dtype,
            chunks=(1, *shape),
            maxshape=(None, *shape),
            track_times=False,
        )
    for name, dtype in _COLUMNS.items():
        file.create_dataset(name, (0,), dtype, chunks=(4096,), maxshape=(None,), track_times=False)
    clips = file.create_group("clips")
    for name in _TEXTS:
        clips.create_dataset(
            name,
            (0,),
            h5py.string_dtype(),
            chunks=(256,),
            maxshape=(None,),
            track_times=False,
        )
    return file


def _open(path, mode="r"):
    try:
        # Readers take no lock: file systems of clusters often have none.
        file = h5py.File(path, mode, locking=False if mode == "r" else None)
    except FileNotFoundError as error:
        raise ItemError("no such file", where=path) from error
    except OSError as error:
        raise ItemError(
            f"can't be opened as a dataset ({error})",
            where=path,
            remedy="Datasets are .h5 files made by `choreo dataset`; close it in other programs",
        ) from error
    with contextlib.ExitStack() as stack:
        stack.callback(file.close)
        if file.attrs.get("format") != FORMAT or file.attrs.get("version") != VERSION:
            raise ItemError(
                f"not a dataset of {FORMAT} {VERSION}",
                where=path,
                value=f"{file.attrs.get('format')} {file.attrs.get('version')}",
            )
        _check_layout(file, path)
        if not file.attrs["complete"]:
            raise ItemError(
                "a process was killed while it appended to this dataset",
                where=path,
                remedy="Pack the shards anew",
            )
        stack.pop_all()
    return file


def _check_layout(file, path):
    """Refuse files in which anything has another shape or type than this layout's.

    Also what would make a reader open other files (links, external and virtual data) or
    take more memory than the file has bytes (chunks that were never written).
    """
    for name in ("method", "provenance", "canvas", "complete", "skeleton"):
        if name not in file.attrs:
            raise ItemError(f"attribute {name!r} is missing", where=path)
    if file.attrs["method"] not in CANVAS:
        raise ItemError("unknown method", where=path, value=file.attrs["method"])
    wanted = {n: (shape, np.dtype(dtype)) for n, (shape, dtype) in _ARRAYS.items()}
    wanted |= {n: ((), np.dtype(dtype)) for n, dtype in _COLUMNS.items()}
    wanted |= {f"clips/{n}": ((), np.dtype(object)) for n in _TEXTS}
    if not isinstance(file.get("clips", getlink=True), h5py.HardLink):
        raise ItemError("'clips' is missing", where=path)
    lengths = {}
    for name, (shape, dtype) in wanted.items():
        found = file[name] if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
        if (
            not isinstance(found, h5py.Dataset)
            or found.dtype != dtype
            or found.shape[1:] != shape
            or len(found.shape) != len(shape) + 1
            or found.is_virtual
            or found.external
            or (name in _ARRAYS and found.chunks != (1, *shape))
            or found.id.get_create_plist().get_nfilters()
            or found.id.get_storage_size() < found.size * found.dtype.itemsize
        ):
            raise ItemError(f"{name!r} is missing or has another shape or type", where=path)
        lengths.setdefault(name.rpartition("/")[0], {})[name] = len(found)
    for group in lengths.values():
        if len(set(group.values())) > 1:
            raise ItemError(f"arrays of different lengths: {group}", where=path)
    owner = file["clip"][:]
    if len(owner) and not 0 <= owner.min() <= owner.max() < len(file["clips/video"]):
        raise ItemError("chunks of clips that are not in the table", where=path)


def _header_of(file):
    return {
        "format": FORMAT,
        "version": VERSION,
        "method": str(file.attrs["method"]),
        "canvas": [int(n) for n in file.attrs["canvas"]],
        "skeleton": str(file.attrs["skeleton"]),
        "pose_fps": POSE_FPS,
        "sample_rate": sound.SAMPLE_RATE,
    }


def _header(path):
    with _open(path) as file:
        return _header_of(file)


def _texts(file, name):
    return file["clips"][name].asstr()[:].tolist()


def _clips(file):
    """List of dicts: every clip's texts and what its record says."""
    columns = [_texts(file, name) for name in _TEXTS]
    clips = []
    for row in zip(*columns):
        clip = dict(zip(_TEXTS, row))
        try:
            record = json.loads(clip.pop("record"))
            missing = [key for key in _RECORD if key not in record]
        except (ValueError, TypeError):
            missing = _RECORD
        if missing:
            raise ItemError(
                f"the record of {clip['video']} lacks {', '.join(missing)}", where=file.filename
            )
        clips.append({**record, **clip})
    return clips


def _clip_of(shard):
    with _open(shard) as file:
        clips = _clips(file)
    if len(clips) != 1:
        raise ItemError("not a shard: it must hold one clip", where=shard, value=len(clips))
    return clips[0]


def _planned(shards, splits):
    """List of (shard, its clip with the split) in the order of the videos' ids."""
    found = {}
    for shard in shards:
        clip = _clip_of(shard)
        video = clip["video"]
        if video in found:
            raise ItemError(
                "two shards of one video", where=f"{found[video][0]} and {shard}", value=video
            )
        found[video] = shard, {**clip, "split": splits.get(video)}
    return [found[video] for video in sorted(found)]


def _check_splits(clips, by):
    for clip in clips:
        if clip["split"] not in SPLITS:
            raise ConfigError("the video has no split", where=clip["video"], value=clip["split"])
    ids = [_Ids(c["video"], c["source"], c["song"], c["dancer"]) for c in clips]
    check_no_leak(ids, {clip["video"]: clip["split"] for clip in clips}, by=by)


def _add(file, planned):
    for shard, clip in planned:
        with _open(shard) as part:
            if part.attrs["method"] != file.attrs["method"]:
                raise ItemError(
                    f"made with another method than the others ({file.attrs['method']})",
                    where=shard,
                    value=part.attrs["method"],
                )
            _stream(part, file, clip, shard)


def _stream(part, file, clip, shard):
    """Copy the chunks of a shard in blocks, and its clip."""
    number = len(file["clips/video"])
    step = round(cutting.CHUNK_SECONDS / clip["stride_seconds"])
    read, written = hashlib.sha256(), hashlib.sha256()
    repaired = count = 0
    for first in range(0, len(part["clip"]), _BLOCK):
        block = {name: part[name][first : first + _BLOCK] for name in (*_ARRAYS, *_COLUMNS)}
        del block["clip"]
        _hash(block, read)
        if clip["split"] != "train":
            consecutive = block["index"] % step == 0
            block = {name: values[consecutive] for name, values in block.items()}
        _append_rows(file, block, number, written)
        repaired += int(block["repaired"].sum())
        count += len(block["index"])
    if read.hexdigest() != clip["sha256"]:
        raise ItemError(
            "the shard is damaged: its data do not have the hash in its record",
            where=shard,
            remedy="Delete it; the next run makes it anew",
        )
    packed = {**clip, "chunks": count, "repaired_joints": repaired, "sha256": written.hexdigest()}
    record = {name: value for name, value in packed.items() if name not in _TEXTS}
    _append_clip(file, packed, record)


def _append_rows(file, rows, clip, digest):
    """Append chunks of one clip and add them to its hash."""
    count = len(rows["index"])
    for name, values in {**rows, "clip": np.full(count, clip, np.int32)}.items():
        at = len(file[name])
        file[name].resize(at + count, axis=0)
        file[name][at:] = values
    _hash(rows, digest)


def _hash(rows, digest):
    # Chunk by chunk, so that the hash does not depend on the size of the blocks.
    for k in range(len(rows["index"])):
        for name in _ARRAYS:
            digest.update(np.ascontiguousarray(rows[name][k]).tobytes())


def _append_clip(file, texts, record):
    record = json.dumps(record, sort_keys=True, allow_nan=False)
    for name in _TEXTS:
        column = file["clips"][name]
        column.resize(len(column) + 1, axis=0)
        column[-1] = record if name == "record" else texts[name]


def _check_clip(file, clip, rows):
    if len(rows) != clip["chunks"]:
        return [f"{len(rows)} chunks, and {clip['chunks']} by its record"]
    digest, problems = hashlib.sha256(), []
    finite = fits = True
    for first in range(0, len(rows), _BLOCK):
        block = {name: file[name][rows[first : first + _BLOCK]] for name in (*_ARRAYS, "index")}
        _hash(block, digest)
        finite &= bool(np.isfinite(block["pose"]).all())
        initial = cutting.initial_poses(block["pose"], block["index"], file.attrs["method"])
        fits &= np.array_equal(initial, block["initial_pose"])
    if digest.hexdigest() != clip["sha256"]:
        problems.append("its data do not have the hash in its record")
    if not finite:
        problems.append("poses that are not finite")
    if not fits:
        problems.append("initial poses that do not belong to its chunks")
    if len(rows) > 1:
        if (np.diff(file["index"][rows]) <= 0).any():
            problems.append("chunks out of order")
        if (np.diff(file["start_seconds"][rows]) <= 0).any():
            problems.append("times that do not rise")
    return problems


def _summary(clips):
    chunks = sum(clip["chunks"] for clip in clips)
    values = sum(clip["values"] for clip in clips)
    return {
        "chunks": chunks,
        "seconds": chunks * cutting.CHUNK_SECONDS,
        "videos": len(clips),
        "songs": len({clip["song"] for clip in clips}),
        "dancers": len({clip["dancer"] for clip in clips}),
        "share_repaired": round(
            sum(clip["repaired_joints"] for clip in clips)
            / max(1, chunks * cutting.CHUNK_FRAMES * _JOINTS),
            6,
        ),
        "share_outside": round(sum(clip["values_outside"] for clip in clips) / max(1, values), 6),
    }


def _card_markdown(card):
    columns = {
        "chunks": "chunks",
        "seconds": "seconds",
        "videos": "videos",
        "songs": "songs",
        "dancers": "dancers",
        "share_repaired": "repaired joints",
        "share_outside": "outside [-1, 1]",
    }
    parts = {**card["splits"], "all": card["all"]}
    lines = [
        "# Data card",
        "",
        f"{card['all']['chunks']} chunks of {cutting.CHUNK_SECONDS} s: "
        f"{card['pose_fps']} poses a second (18 joints, OpenPose order, window of "
        f"{card['canvas'][0]}x{card['canvas'][1]} pixels as [-1, 1]) and mono sound at "
        f"{card['sample_rate']} Hz. Method: `{card['method']}`.",
        "",
        f"No two splits share a {' or '.join(card['provenance'].get('by', ['video']))}.",
        "",
        "| split | " + " | ".join(columns.values()) + " |",
        "|---|" + "--:|" * len(columns),
    ]
    for name, summary in parts.items():
        cells = [f"{summary[c]:.2%}" if c.startswith("share") else str(summary[c]) for c in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    dropped = ", ".join(f"{n} ({reason})" for reason, n in card["dropped_chunks"].items())
    lines += [
        "",
        f"Chunks left out: {dropped or 'none'}. Seconds at the ends of clips that give no "
        f"whole chunk: {card['unused_seconds']:g}.",
        "",
        f"SHA-256 of the data: `{card['data_sha256']}`.",
        "",
        "| video | song | dancer | genre | split | chunks | left out | licence |",
        "|---|---|---|---|---|--:|--:|---|",
    ]
    for clip in card["clips"]:
        cells = [clip[name] for name in ("video", "song", "dancer", "genre", "split")]
        cells += [str(clip["chunks"]), str(sum(clip["dropped"].values()))]
        cells.append(str(clip["provenance"].get("licence", "")))
        lines.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    return "\n".join(lines) + "\n"
