"""What a dataset file looks like: made, opened, checked and appended to (docs/dataset.md).

Every chunk of poses and of audio is one HDF5 chunk without a filter, so that a sample is
read in one piece from where it lies. Every row of chunks has a checksum (`crc32`), and all
other bytes of the file have one digest together, which stands after them: so damage is
seen without reading a huge file whole.

This is the one reader of such files: what is checked when they are written is checked
here when they are read, whoever made them.
"""

import contextlib
import functools
import hashlib
import json
import math
import os
import re
import zlib
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import h5py
import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationError

from choreo.choices import KEYS, OUTSIDE, SPLITS
from choreo.dataset.description import CANVAS, SKELETON, DataDescription
from choreo.errors import AccidentError, ConfigError, ItemError, accident, first_complaint, plain
from choreo.files import is_id, sealed, whole
from choreo.files.outside import reading
from choreo.rates import (
    CHUNK_SECONDS,
    MAX_CHUNK_SECONDS,
    MAX_FPS,
    POSE_FPS,
    SAMPLE_RATE,
)

FORMAT, VERSION = "choreo-dataset", 1

ARRAYS = {
    "pose": np.float32,
    "audio": np.int16,
    "initial_pose": np.float32,
    "repaired": np.bool_,
}
"""Name -> type of what a chunk is; the file's description says the shapes (`shapes`)."""
COLUMNS = {"clip": np.int32, "index": np.int32, "start_seconds": np.float64}
CHECKSUM = "crc32"
"""Name of the column of checksums, uint32; files of older versions have none."""
TEXTS = ("video", "source", "song", "dancer", "genre", "split", "sha256", "record")
_FREE_TEXTS = ("source", "dancer", "genre")
BLOCK = 64
"""Chunks that are in memory at once while packing and checking: 11 MB."""
FARTHEST = 1e4
"""Largest coordinate: a million pixels, where coordinates outside [-1, 1] are kept."""
_LONGEST_SECONDS = 1e7
_LONGEST_TEXT = 4096
_LARGEST_RECORD = 1 << 24
_BLOCK = 1 << 20


def shapes(data):
    """Shape of each of `ARRAYS` of one chunk, by its name.

    Parameters
    ----------
    data : DataDescription
    """
    return {
        "pose": (data.chunk_frames, data.joints, 2),
        "audio": (data.chunk_samples,),
        "initial_pose": (data.joints, 2),
        "repaired": (data.chunk_frames, data.joints),
    }


_Count = Annotated[int, Field(ge=0)]
_Seconds = Annotated[float, Field(ge=0, le=_LONGEST_SECONDS)]
_Finite = Annotated[float, Field(allow_inf_nan=False)]


def _not_zero(value):
    if not value:
        raise ValueError("a scale of 0")
    return value


_Scale = Annotated[_Finite, AfterValidator(_not_zero)]


class _Transform(BaseModel):
    scale: tuple[_Scale, _Scale]
    offset: tuple[_Finite, _Finite]


class _Made(BaseModel):
    """Of how a clip was made, what the package reads again."""

    model_config = ConfigDict(extra="allow")

    licence: Annotated[str, Field(max_length=_LONGEST_TEXT)] = ""
    score: Annotated[_Finite, Strict()] | None = None


class Record(BaseModel):
    """What the record of a clip must say (docs/dataset.md); more is kept as it is."""

    model_config = ConfigDict(extra="allow")

    chunks: _Count
    dropped: dict[str, _Count]
    remainder_seconds: _Seconds
    stride_seconds: Annotated[float, Field(ge=0.5 / MAX_FPS, le=_LONGEST_SECONDS)]
    start_seconds: _Seconds
    cut_frames: _Count
    values: _Count
    values_outside: _Count
    repaired_joints: _Count
    outside: Literal[(*OUTSIDE, "keep")]
    transform: _Transform
    provenance: _Made


class _Rates(BaseModel):
    fps: Annotated[int, Field(ge=1, le=MAX_FPS)]
    chunk_seconds: Annotated[float, Field(gt=0, le=MAX_CHUNK_SECONDS)]


class _Provenance(BaseModel):
    by: list[Literal[KEYS]] | None = None


class _Disk:
    """A file as HDF5 writes it, whose errors HDF5 never sees.

    After a failed write HDF5 can't close a file any more: it ends in a segmentation
    fault. Here a write that fails is kept in memory and remembered, so that HDF5 goes on,
    and who writes asks `settle` after every block.
    """

    def __init__(self, path, mode):
        self._path = Path(path)
        self._file = self._path.open(mode, buffering=0)
        self._at, self._error, self._unwritten = 0, None, []

    def __repr__(self):
        return str(self._path)

    def settle(self):
        """Raise what went wrong since."""
        if self._error is not None:
            raise accident(self._error, where=self._path) or self._error

    def seek(self, at, whence=os.SEEK_SET):
        """As of any file."""
        self._at = self._file.seek(at, whence)
        return self._at

    def tell(self):
        """As of any file."""
        return self._at

    def write(self, data):
        """As of any file, but for errors."""
        data, at = bytes(data), self._at
        try:
            while self._error is None and at < self._at + len(data):
                self._file.seek(at)
                at += self._file.write(data[at - self._at :])
        except OSError as error:
            self._error = error
        if self._error is not None:
            self._unwritten.append((self._at, data))
        self._at += len(data)
        return len(data)

    def read(self, size):
        """As of any file; h5py knows a file by it."""
        buffer = bytearray(size)
        self.readinto(buffer)
        return bytes(buffer)

    def readinto(self, buffer):
        """As of any file, with what could not be written."""
        view = memoryview(buffer).cast("B")
        self._file.seek(self._at)
        found = 0
        while found < len(view) and (more := self._file.readinto(view[found:])):
            found += more
        for start, data in self._unwritten:
            first, last = max(start, self._at), min(start + len(data), self._at + len(view))
            if first < last:
                view[first - self._at : last - self._at] = data[first - start : last - start]
        self._at += len(view)
        return len(view)

    def truncate(self, size=None):
        """As of any file, but for errors."""
        try:
            return self._file.truncate(size)
        except OSError as error:
            self._error = self._error or error
            return size

    def flush(self):
        """Nothing is kept back."""

    def close(self):
        """Close the file; HDF5 does not."""
        try:
            self._file.close()
        except OSError as error:
            self._error = self._error or error


class Looked(NamedTuple):
    """What is kept of a look at a file, which may be opened again without another."""

    mark: tuple
    description: DataDescription


class _File(h5py.File):
    """A dataset file that is open.

    A shard takes hundreds of look-ups, each of which h5py makes several objects for: packing
    thousands of them was little else. So a dataset is looked up once, and stays open.

    Attributes
    ----------
    description : DataDescription or None
        What `description_of` gives, from its first call on.
    clips : list of dict or None
        What `clips_of` gives, if the file was looked at when it was opened.
    looked : Looked or None
        For `open_dataset`.
    """

    _readonly = True

    def __init__(self, *where, **options):
        super().__init__(*where, **options)
        self._found = {}
        self.description = self.clips = self.looked = None

    def __getitem__(self, name):
        if name not in self._found:
            found = h5py.h5o.open(self.id, name.encode())
            self._found[name] = (
                h5py.Dataset(found, readonly=self._readonly)
                if isinstance(found, h5py.h5d.DatasetID)
                else super().__getitem__(name)
            )
        return self._found[name]


class _Written(_File):
    """A dataset file that is open for writing, on its `disk`."""

    _readonly = False

    def __init__(self, disk, mode, **options):
        # Of each dataset so much is kept back at most, whatever HDF5's own default is.
        super().__init__(disk, mode, rdcc_nbytes=_BLOCK, **options)
        self.disk = disk

    def append(self, name, values):
        """Append an array of the dataset's type, by HDF5's own calls: h5py's take longer."""
        found, rest = self[name].id, values.shape[1:]
        at = found.shape[0]
        found.set_extent((at + len(values), *rest))
        if name in ARRAYS:
            # One row is one unfiltered HDF5 chunk: its bytes are the array's.
            for k, row in enumerate(values):
                found.write_direct_chunk((at + k, *(0 for _ in rest)), row)
        elif len(values):
            there = found.get_space()
            there.select_hyperslab((at,), values.shape)
            found.write(h5py.h5s.create_simple(values.shape), there, values)


@contextlib.contextmanager
def created(path, data, provenance):
    """Make a dataset file, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Written over where it exists.
    data : DataDescription
        What it will hold.
    provenance : dict
        JSON values.

    Yields
    ------
    h5py.File
        Open for writing.

    Raises
    ------
    AccidentError
        Where the machine failed, such as by a full disk.
    """
    with whole(path) as temporary:
        with _writing(temporary, "w+b") as disk, _create(disk, data, provenance) as file:
            yield file
        seal(temporary)


@contextlib.contextmanager
def appending(path, more):
    """Open a packed file to append to it in place.

    Parameters
    ----------
    path : str or Path
    more : int
        Bytes that it may grow by; the room for them is taken first, so that a full disk
        leaves the file as it was.

    Yields
    ------
    h5py.File
        After an error, with the rows that it had.
    """
    _take_room(path, more)
    try:
        with _writing(path, "r+b") as disk, _Written(disk, "r+") as file:
            columned = [*ARRAYS, *COLUMNS, *(f"clips/{name}" for name in TEXTS)]
            lengths = {n: len(file[n]) for n in (*columned, CHECKSUM) if n in file}
            file.attrs["complete"] = False
            file.flush()
            disk.settle()
            try:
                yield file
            except BaseException:
                # Such as a damaged shard: the dataset is as it was.
                for name, length in lengths.items():
                    file[name].resize(length, axis=0)
                raise
            finally:
                file.attrs["complete"] = True
    except AccidentError:
        raise  # what is on the disk is not known: readers refuse it
    except BaseException:
        seal(path)
        raise
    seal(path)


@contextlib.contextmanager
def _writing(path, mode):
    disk = _Disk(path, mode)
    try:
        yield disk
        disk.settle()
    except Exception:
        disk.settle()  # which is the reason of what HDF5 then says
        raise
    finally:
        disk.close()


def _take_room(path, more):
    """Take room on the disk behind a file's end; HDF5 gives back what it doesn't use."""
    with open(path, "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), size, more)
            else:
                for first in range(0, more, _BLOCK):
                    file.write(bytes(min(_BLOCK, more - first)))
                file.flush()
        except OSError as error:
            file.truncate(size)
            raise accident(error, where=path) or error from error


def _is_own(file, name):
    """Tell whether something is there, and by no link that would open another file."""
    links, name = file.id.links, name.encode()
    return links.exists(name) and links.get_info(name).type == h5py.h5l.TYPE_HARD


def _is_laid_out(found, shape, dtype, chunks):
    """Tell whether a dataset has rows of that shape and type, all of them in the file itself."""
    said = found.id.get_create_plist()
    laid_out = said.get_layout()
    return (
        found.dtype == dtype
        and len(found.shape) == len(shape) + 1
        and found.shape[1:] == shape
        and laid_out != h5py.h5d.VIRTUAL
        and not said.get_external_count()
        and (not chunks or (laid_out == h5py.h5d.CHUNKED and said.get_chunk() == chunks))
        and not said.get_nfilters()
        and found.id.get_storage_size() >= math.prod(found.shape) * dtype.itemsize
    )


def _places(file):
    """Bytes from where to where are chunks: list of (first, one past the last), in order."""
    found = []

    def add(chunk):
        found.append((chunk.byte_offset, chunk.byte_offset + chunk.size))

    for name in ARRAYS:
        own = _is_own(file, name) and isinstance(file[name], h5py.Dataset)
        if own and file[name].chunks and len(file[name]):
            file[name].id.chunk_iter(add)
    return sorted(found)


def _digest(path, places, size):
    """Digest of the first `size` bytes of a file without its chunks."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        at = 0
        for first, last in [*places, (size, size)]:
            # One place at a time, so that the length of each counts too.
            file.seek(at)
            while at < first:
                block = file.read(min(_BLOCK, first - at))
                if not block:
                    break
                digest.update(block)
                at += len(block)
            at = max(at, last)
        digest.update(repr(size).encode())
    return digest.hexdigest().encode()


def seal(path):
    """Put a digest of all that has no checksum behind a dataset file that was written.

    Parameters
    ----------
    path : str or Path
        Closed, and changed in place.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        with _File(path, "r", locking=False) as file:
            places = _places(file)
        found = _digest(path, places, size)
        with open(path, "ab") as file:
            file.write(sealed.BEGIN + found + sealed.END)
    except OSError as error:
        raise accident(error, where=path) or error from error


def load(path, besides=()):
    """Look at files in a process of its own (`choreo.poses.formats.isolated`): no arrays."""
    for one in (path, *besides):
        open_dataset(one).close()
    return {}


def _compare(file, path):
    """Compare an open file with its digest; tell whether it has one."""
    size = os.stat(path).st_size - sealed.LENGTH
    with open(path, "rb") as bytes_:
        bytes_.seek(max(0, size))
        last = bytes_.read()
    at = sealed.place(last)
    if at is None:
        if CHECKSUM in file:
            raise sealed.damaged(path, "its digest is missing, or another program changed it")
        return False
    expected = sealed.BEGIN + _digest(path, _places(file), size) + sealed.END
    if last != expected:
        raise sealed.damaged(path, "its tables do not have the digest that is kept in it")
    return True


def _create(disk, data, provenance):
    """Make an empty dataset file; see `created`."""
    # v110: read by every HDF5 since 2016, and an index that appends in constant time.
    file = _Written(disk, "w", libver=("v110", "v110"))
    file.attrs["format"], file.attrs["version"] = FORMAT, VERSION
    file.attrs["complete"] = True
    file.attrs["method"], file.attrs["canvas"] = data.method, data.canvas
    file.attrs["skeleton"], file.attrs["pose_fps"] = data.skeleton, data.fps
    file.attrs["chunk_seconds"], file.attrs["sample_rate"] = data.chunk_seconds, data.sample_rate
    file.attrs["provenance"] = json.dumps(provenance, sort_keys=True)
    for name, shape in shapes(data).items():
        file.create_dataset(
            name,
            (0, *shape),
            ARRAYS[name],
            chunks=(1, *shape),
            maxshape=(None, *shape),
            track_times=False,
        )
    for name, dtype in {**COLUMNS, CHECKSUM: np.uint32}.items():
        file.create_dataset(name, (0,), dtype, chunks=(4096,), maxshape=(None,), track_times=False)
    clips = file.create_group("clips")
    for name in TEXTS:
        clips.create_dataset(
            name,
            (0,),
            h5py.string_dtype(),
            chunks=(256,),
            maxshape=(None,),
            track_times=False,
        )
    return file


def open_dataset(path, looked=None):
    """Open a dataset file to read it, after a look at all but its chunks.

    Parameters
    ----------
    path : str or Path
        A packed file or a shard.
    looked : Looked, optional
        That of the file when it was open before: if nothing has been written to it since, it
        is not looked at again.

    Returns
    -------
    h5py.File
        With what the look found, as `looked`.

    Raises
    ------
    ItemError
        Where the file is missing, damaged, not of this layout, or was left half appended
        to; or says something that none that this package writes does.
    """
    remedy = "Datasets are .h5 files made by `choreo dataset`; close it in other programs"
    with contextlib.ExitStack() as stack:
        stack.enter_context(reading(path, "a dataset", remedy=remedy))
        # Readers take no lock: file systems of clusters often have none.
        file = _File(path, "r", locking=False)
        stack.callback(file.close)
        mark = _mark(file)
        if looked is None or looked.mark != mark:
            _look(file, path)
            looked = Looked(mark, description_of(file))
        file.looked, file.description = looked, looked.description
        stack.pop_all()
    return file


def _mark(file):
    """What is another one as soon as anybody writes to an open file, or puts another there."""
    found = os.fstat(file.id.get_vfd_handle())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _look(file, path):
    """Refuse an open file that is not what `open_dataset` says."""
    kind = file.attrs.get("format"), file.attrs.get("version")
    if kind != (FORMAT, VERSION):
        raise ItemError(
            f"not a dataset of {FORMAT} {VERSION}", where=path, value=f"{kind[0]} {kind[1]}"
        )
    if not file.attrs.get("complete", True):
        raise ItemError(
            "a process was killed while it appended to this dataset",
            where=path,
            remedy="Pack the shards anew",
        )
    if not _compare(file, path):
        sealed.say_unsealed(path, "datasets")
    _check_layout(file, path)
    file.clips = clips_of(file)
    _check_rows(file, file.clips)


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
    data = description_of(file)
    _checked(_Provenance, provenance_of(file), path, "the attribute provenance")
    wanted = {name: (shape, np.dtype(ARRAYS[name])) for name, shape in shapes(data).items()}
    wanted |= {n: ((), np.dtype(dtype)) for n, dtype in COLUMNS.items()}
    wanted |= {f"clips/{n}": ((), np.dtype(object)) for n in TEXTS}
    if CHECKSUM in file:
        wanted[CHECKSUM] = (), np.dtype(np.uint32)
    if not _is_own(file, "clips"):
        raise ItemError("'clips' is missing", where=path)
    lengths = {}
    for name, (shape, dtype) in wanted.items():
        found = file[name] if _is_own(file, name) else None
        if not isinstance(found, h5py.Dataset) or not _is_laid_out(
            found, shape, dtype, chunks=(1, *shape) if name in ARRAYS else None
        ):
            raise ItemError(f"{name!r} is missing or has another shape or type", where=path)
        lengths.setdefault(name.rpartition("/")[0], {})[name] = len(found)
    for group in lengths.values():
        if len(set(group.values())) > 1:
            raise ItemError(f"arrays of different lengths: {group}", where=path)
    owner = file["clip"][:]
    if len(owner) and not 0 <= owner.min() <= owner.max() < len(file["clips/video"]):
        raise ItemError("chunks of clips that are not in the table", where=path)


def _checked(kind, value, path, what):
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        name, message, value = first_complaint(error)
        raise ItemError(
            f"{what}: {name + ': ' if name else ''}{message}", where=path, value=value
        ) from error


def _check_rows(file, clips):
    """Refuse times and numbers of chunks that are none of a clip cut into chunks."""
    path = file.filename
    owner, index, starts = (file[name][:] for name in ("clip", "index", "start_seconds"))
    data = description_of(file)
    fps = data.fps
    for clip in clips:
        if clip["stride_seconds"] > data.chunk_seconds:
            raise ItemError(
                f"the record of {clip['video']}: a stride longer than a chunk",
                where=path,
                value=clip["stride_seconds"],
            )
    for number, count in enumerate(np.bincount(owner, minlength=len(clips)).tolist()):
        if count != clips[number]["chunks"]:
            raise ItemError(
                f"{clips[number]['video']}: {count} chunks, and {clips[number]['chunks']} by its "
                "record",
                where=path,
            )
    within = np.isfinite(starts) & (starts >= 0) & (starts <= _LONGEST_SECONDS)
    same = np.diff(owner) == 0
    for wrong, what in (
        (~within, "a chunk's start is no time in seconds"),
        (index < 0, "a chunk's number is negative"),
        (np.diff(owner, prepend=0) < 0, "chunks of a clip that do not lie together"),
        (np.append(False, same & (np.diff(index) <= 0)), "chunks out of order"),
        # By less than half a frame is not at all.
        (np.append(False, same & ~(np.diff(starts) >= 0.5 / fps)), "times that do not rise"),
    ):
        if wrong[: len(owner)].any():
            row = int(wrong.argmax())
            raise ItemError(
                f"{clips[owner[row]]['video']}: {what}",
                where=path,
                value=f"row {row}: index {index[row]}, start_seconds {starts[row]:g}",
            )


def provenance_of(file):
    """What an open file says about its making: dict of JSON values."""
    try:
        found = json.loads(file.attrs["provenance"])
    except (ValueError, TypeError, RecursionError) as error:
        raise ItemError(
            f"the attribute provenance is no JSON ({error})", where=file.filename
        ) from error
    if not isinstance(found, dict):
        raise ItemError("the attribute provenance is no mapping", where=file.filename)
    return found


def description_of(file):
    """`DataDescription` of an open file; files of older versions do not say all of it.

    Raises
    ------
    ItemError
        Where it says something that none of this package's does.
    """
    said = file.attrs
    if file.description is not None:
        return file.description
    method = str(said["method"])
    right = {
        "canvas": tuple(CANVAS[method]),
        "skeleton": SKELETON,
        "sample_rate": SAMPLE_RATE,
    }
    found = {
        "canvas": tuple(int(n) for n in np.ravel(said["canvas"])),
        "skeleton": str(said["skeleton"]),
        "sample_rate": float(said.get("sample_rate", SAMPLE_RATE)),
    }
    for name, value in found.items():
        if value != right[name]:
            raise ItemError(
                f"attribute {name!r} must be {right[name]} here", where=file.filename, value=value
            )
    rates = {
        "fps": said.get("pose_fps", POSE_FPS),
        "chunk_seconds": said.get("chunk_seconds", CHUNK_SECONDS),
    }
    known = _checked(_Rates, {n: _number(v) for n, v in rates.items()}, file.filename, "attributes")
    try:
        file.description = _described(method, known.fps, known.chunk_seconds)
    except ConfigError as error:
        raise error.restated(ItemError, where=file.filename, remedy=None) from error
    return file.description


@functools.lru_cache(maxsize=64)
def _described(method, fps, chunk_seconds):
    # One object for the shards of a study.
    return DataDescription(method=method, fps=fps, chunk_seconds=chunk_seconds)


def _number(value):
    return value.item() if isinstance(value, np.generic) else value


def header_of(file):
    """What an open file says of all its data: dict of JSON values."""
    data = description_of(file)
    return {
        "format": FORMAT,
        "version": VERSION,
        "method": data.method,
        "canvas": list(data.canvas),
        "skeleton": data.skeleton,
        "pose_fps": data.fps,
        "chunk_seconds": data.chunk_seconds,
        "sample_rate": data.sample_rate,
    }


def _texts(file, name):
    found = file[f"clips/{name}"]
    texts = np.empty(found.shape, found.dtype)
    found.id.read(h5py.h5s.ALL, h5py.h5s.ALL, texts)
    return [text.decode() for text in texts]


def clips_of(file):
    """List of dicts: every clip's texts and what its record says."""
    if file.clips is not None:
        return file.clips
    columns = [_texts(file, name) for name in TEXTS]
    clips = {}
    for number, row in enumerate(zip(*columns)):
        clip = dict(zip(TEXTS, row))
        text = clip.pop("record")
        _check_ids(clip, f"{file.filename}, clip {number}")
        try:
            record = json.loads(text) if len(text) <= _LARGEST_RECORD else None
            # Python reads NaN and 1e999, which are no JSON and can't be written again.
            json.dumps(record, allow_nan=False)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise ItemError(f"the record of {clip['video']} is no JSON", where=file.filename)
        _checked(Record, record, file.filename, f"the record of {clip['video']}")
        if clip["video"] in clips:
            raise ItemError("two clips of one video", where=file.filename, value=clip["video"])
        clips[clip["video"]] = {**record, **clip}
    return list(clips.values())


def _shown(text):
    """A text of outside in one line of at most `_LONGEST_TEXT`, invisible characters escaped.

    A path may hold what joins emoji, or turns the direction of writing.
    """
    return plain(text).replace("\n", " ").replace("\t", " ")[:_LONGEST_TEXT]


def _check_ids(clip, where):
    """Refuse ids that this package does not write: files are named by them."""
    for name in ("video", "song"):
        if not is_id(clip[name]):
            raise ItemError(
                f"the {name} of a clip is no id (letters, digits, _ and -, at most 64)",
                where=where,
                value=clip[name][:100],
            )
    for name in _FREE_TEXTS:
        if clip[name] != _shown(clip[name]):
            raise ItemError(
                f"the {name} of a clip holds control characters, or is too long",
                where=where,
                value=clip[name][:100],
            )
    if clip["split"] not in (*SPLITS, ""):
        raise ItemError("unknown split of a clip", where=where, value=clip["split"][:100])
    if not re.fullmatch("[0-9a-f]{64}", clip["sha256"]):
        raise ItemError("no hash of a clip", where=where, value=clip["sha256"][:100])


def check_values(rows, clip, where):
    """Refuse chunks with values that none of this package's have.

    Parameters
    ----------
    rows : dict of str to ndarray
        Of some of `ARRAYS`.
    clip : dict
        Its record, for its name and what became of coordinates outside [-1, 1].
    where : str or Path
        The file, for the message.

    Raises
    ------
    ItemError
    """
    most = FARTHEST if clip["outside"] == "keep" else 1 + 1e-5
    for name in ("pose", "initial_pose"):
        # NaN is no larger than anything.
        wrong = ~(np.abs(rows[name]) <= most)
        if wrong.any():
            row = int(wrong.reshape(len(wrong), -1).any(1).argmax())
            value = rows[name][row][wrong[row]][0]
            raise ItemError(
                f"{clip['video']}: poses that are not finite"
                if not np.isfinite(value)
                else f"{clip['video']}: coordinates beyond {most:g}",
                where=where,
                value=f"{name} {value:g} in chunk {rows['index'][row] if 'index' in rows else row}",
                remedy="Make it anew from its track, or leave the video out",
            )
    if (rows["repaired"].view(np.uint8) > 1).any():
        raise ItemError(
            f"{clip['video']}: repaired holds more than yes and no",
            where=where,
            remedy="Make it anew from its track, or leave the video out",
        )


def checksums(rows):
    """CRC-32 of every row of `ARRAYS`: ndarray of uint32, shape (N,).

    Parameters
    ----------
    rows : dict of str to ndarray
        As they are stored.
    """
    found = np.zeros(len(rows["pose"]), np.uint32)
    for k in range(len(found)):
        crc = 0
        for name in ARRAYS:
            crc = zlib.crc32(np.ascontiguousarray(rows[name][k]).view(np.uint8), crc)
        found[k] = crc
    return found


def append_rows(file, rows, clip):
    """Append chunks of one clip."""
    types = {**ARRAYS, **COLUMNS}
    rows = {name: np.ascontiguousarray(values, types[name]) for name, values in rows.items()}
    rows["clip"] = np.full(len(rows["index"]), clip, COLUMNS["clip"])
    if CHECKSUM in file:
        rows[CHECKSUM] = checksums(rows)
    for name, values in rows.items():
        file.append(name, values)
    file.disk.settle()


def hash_rows(rows, digest):
    """Add chunks (dict of array name to rows) to a hash."""
    # Chunk by chunk, so that the hash does not depend on the size of the blocks.
    for k in range(len(rows["index"])):
        for name in ARRAYS:
            digest.update(np.ascontiguousarray(rows[name][k]).tobytes())


def append_clip(file, texts, record):
    """Append a clip: its ids (dict of `TEXTS`) and its record (JSON values)."""
    texts = {name: _shown(text) if name in _FREE_TEXTS else text for name, text in texts.items()}
    record = json.dumps(record, sort_keys=True, allow_nan=False)
    for name in TEXTS:
        text = record if name == "record" else texts[name]
        file.append(f"clips/{name}", np.array([text], h5py.string_dtype()))
