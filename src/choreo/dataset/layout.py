"""What a dataset file looks like: made, opened, checked and appended to (docs/dataset.md).

Every chunk of poses and of audio is one HDF5 chunk without a filter, so that a sample is
read in one piece from where it lies.
"""

import contextlib
import json

import h5py
import numpy as np

from choreo.dataset import chunks as cutting
from choreo.dataset.normalise import CANVAS, POSE_FPS
from choreo.errors import ItemError
from choreo.media import SAMPLE_RATE

FORMAT, VERSION = "choreo-dataset", 1

JOINTS = 18
ARRAYS = {
    "pose": ((cutting.CHUNK_FRAMES, JOINTS, 2), np.float32),
    "audio": ((cutting.CHUNK_SAMPLES,), np.int16),
    "initial_pose": ((JOINTS, 2), np.float32),
    "repaired": ((cutting.CHUNK_FRAMES, JOINTS), np.bool_),
}
COLUMNS = {"clip": np.int32, "index": np.int32, "start_seconds": np.float64}
TEXTS = ("video", "source", "song", "dancer", "genre", "split", "sha256", "record")
RECORD = (
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
COLUMNED = (*ARRAYS, *COLUMNS, *(f"clips/{name}" for name in TEXTS))
"""Every array of a file; all have a row a chunk, those of clips a row a clip."""
BLOCK = 64
"""Chunks that are in memory at once while packing and checking: 11 MB."""


def create(path, method, provenance):
    """Make an empty dataset file.

    Parameters
    ----------
    path : str or Path
        The file; written over where it exists.
    method : {"thesis", "released"}
        How its data are normalised.
    provenance : dict
        JSON values.

    Returns
    -------
    h5py.File
        Open for writing.
    """
    # v110: read by every HDF5 since 2016, and an index that appends in constant time.
    file = h5py.File(path, "w", libver=("v110", "v110"))
    file.attrs["format"], file.attrs["version"] = FORMAT, VERSION
    file.attrs["complete"] = True
    file.attrs["method"] = method
    file.attrs["canvas"] = CANVAS[method]
    file.attrs["skeleton"] = "openpose18"
    file.attrs["pose_fps"], file.attrs["sample_rate"] = POSE_FPS, SAMPLE_RATE
    file.attrs["provenance"] = json.dumps(provenance, sort_keys=True)
    for name, (shape, dtype) in ARRAYS.items():
        file.create_dataset(
            name,
            (0, *shape),
            dtype,
            chunks=(1, *shape),
            maxshape=(None, *shape),
            track_times=False,
        )
    for name, dtype in COLUMNS.items():
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


def open_dataset(path, mode="r"):
    """Open a dataset file after a look at its layout.

    Parameters
    ----------
    path : str or Path
        A packed file or a shard.
    mode : {"r", "r+"}
        To read, or to append.

    Returns
    -------
    h5py.File

    Raises
    ------
    ItemError
        Where the file is missing, not of this layout, or was left half appended to.
    """
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
    wanted = {n: (shape, np.dtype(dtype)) for n, (shape, dtype) in ARRAYS.items()}
    wanted |= {n: ((), np.dtype(dtype)) for n, dtype in COLUMNS.items()}
    wanted |= {f"clips/{n}": ((), np.dtype(object)) for n in TEXTS}
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
            or (name in ARRAYS and found.chunks != (1, *shape))
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


def header_of(file):
    """What an open file says of all its data: dict of JSON values."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "method": str(file.attrs["method"]),
        "canvas": [int(n) for n in file.attrs["canvas"]],
        "skeleton": str(file.attrs["skeleton"]),
        "pose_fps": POSE_FPS,
        "sample_rate": SAMPLE_RATE,
    }


def _texts(file, name):
    return file["clips"][name].asstr()[:].tolist()


def clips_of(file):
    """List of dicts: every clip's texts and what its record says."""
    columns = [_texts(file, name) for name in TEXTS]
    clips = []
    for row in zip(*columns):
        clip = dict(zip(TEXTS, row))
        try:
            record = json.loads(clip.pop("record"))
            missing = [key for key in RECORD if key not in record]
        except (ValueError, TypeError):
            missing = RECORD
        if missing:
            raise ItemError(
                f"the record of {clip['video']} lacks {', '.join(missing)}", where=file.filename
            )
        clips.append({**record, **clip})
    return clips


def append_rows(file, rows, clip, digest):
    """Append chunks of one clip and add them to its hash."""
    count = len(rows["index"])
    for name, values in {**rows, "clip": np.full(count, clip, np.int32)}.items():
        at = len(file[name])
        file[name].resize(at + count, axis=0)
        file[name][at:] = values
    hash_rows(rows, digest)


def hash_rows(rows, digest):
    """Add chunks (dict of array name to rows) to a hash."""
    # Chunk by chunk, so that the hash does not depend on the size of the blocks.
    for k in range(len(rows["index"])):
        for name in ARRAYS:
            digest.update(np.ascontiguousarray(rows[name][k]).tobytes())


def append_clip(file, texts, record):
    """Append a clip: its ids (dict of `TEXTS`) and its record (JSON values)."""
    record = json.dumps(record, sort_keys=True, allow_nan=False)
    for name in TEXTS:
        column = file["clips"][name]
        column.resize(len(column) + 1, axis=0)
        column[-1] = record if name == "record" else texts[name]
