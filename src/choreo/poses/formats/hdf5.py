"""HDF5 files (DeepLabCut, netCDF 4): opening those that an enemy may have written, saving ours.

HDF5 can point to other files (links, raw data kept outside, virtual datasets) and can
promise more data than memory holds. Both are refused before anything is read.
"""

import contextlib
import math
from pathlib import Path

import h5py
import numpy as np

from choreo.errors import ItemError
from choreo.files import whole
from choreo.files.outside import reading
from choreo.pose.track import MOST_COMPRESSED
from choreo.poses.formats import native

MAX_BYTES = 1 << 30
"""Largest file, and most that all its datasets may take after decompression."""

SMALL_BYTES = 1 << 26
"""What the datasets of any file may take, an hour of one dancer's joints for example."""

MAX_OBJECTS = 10_000
"""Most groups and datasets; DeepLabCut's tables have about twenty."""

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


@contextlib.contextmanager
def opened(path):
    """Open a file after checking that all of it is in it.

    Parameters
    ----------
    path : str or Path

    Yields
    ------
    h5py.File
        Open for reading.

    Raises
    ------
    ItemError
        Where the file is missing, too large, no HDF5, damaged (whatever reading in the
        block raises, too), reaches outside of itself, or declares more than it can hold.
    """
    path = Path(path)
    # Damaged files make h5py raise nearly anything, even SystemError.
    with reading(path, "a whole HDF5 file"):
        size = path.stat().st_size
        with open(path, "rb") as file:
            head = file.read(8)
        if size > MAX_BYTES:
            raise ItemError(f"larger than {MAX_BYTES} bytes", value=size)
        if head[:3] == b"CDF":
            raise ItemError(
                "this is netCDF 3",
                remedy="Save it as netCDF 4: dataset.to_netcdf(path, engine='h5netcdf')",
            )
        if head != _SIGNATURE:
            native.refuse_other(path, "an HDF5 file")
            raise ItemError(
                "this is no HDF5 file",
                remedy="Give the file that the tool wrote, with the ending that it has there",
            )
        with h5py.File(path, "r") as file:
            _check(file, path)
            yield file


def _check(file, path):
    seen, total = 0, 0
    most = min(MAX_BYTES, max(SMALL_BYTES, MOST_COMPRESSED * path.stat().st_size))

    def wrong(name, link):
        nonlocal seen, total
        seen += 1
        if seen > MAX_OBJECTS:
            return f"more than {MAX_OBJECTS} objects"
        # A soft link may lead over an external one.
        if not isinstance(link, h5py.HardLink):
            return f"`{name[:80]}` is a link, perhaps to another file"
        item = file[name]
        if isinstance(item, h5py.Dataset) and (item.is_virtual or item.external):
            return f"`{name[:80]}` keeps its data in another file"
        if isinstance(item, h5py.Dataset) and item.shape is not None:
            # A chunk is unpacked whole, however little of it is asked for.
            total += max(_bytes(item.shape, item.dtype), _bytes(item.chunks or (), item.dtype))
            if total > most:
                return (
                    f"a table that takes more than {most >> 20} MiB with those before it "
                    f"(`{name[:80]}`: {item.shape} {item.dtype}), in a file of "
                    f"{path.stat().st_size} bytes"
                )
        return None

    message = file.visititems_links(wrong)
    if message:
        raise ItemError(message, where=path)


def _bytes(shape, dtype):
    return math.prod(int(n) for n in shape) * max(np.dtype(dtype).itemsize, 1)


def save(path, image):
    """Write an HDF5 file that was made in memory, whole or not at all.

    Where the disk is full, the HDF5 library itself may crash, or say nothing.

    Parameters
    ----------
    path : str or Path
    image : bytes-like
    """
    with whole(path) as temporary:
        temporary.write_bytes(image)


def values(dataset, *, path):
    """Read a dataset whole.

    Parameters
    ----------
    dataset : h5py.Dataset
    path : str or Path
        The file, for messages.

    Returns
    -------
    ndarray

    Raises
    ------
    ItemError
        Where it is missing or not compressed in a way that h5py reads.
    """
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        raise ItemError("a table is missing", where=path)
    try:
        return np.asarray(dataset[()])
    except OSError as error:
        if "filter" in str(error):
            raise ItemError(
                "compressed in a way that h5py does not read",
                where=path,
                remedy="Write it without blosc, or as .csv",
            ) from error
        raise


def attribute(item, name, *, path):
    """Bytes of an attribute that is text or bytes; None where there is no such one.

    Raises
    ------
    ItemError
        Where it is larger than a megabyte.
    """
    if name not in item.attrs:
        return None
    if item.attrs.get_id(name).get_storage_size() > 1 << 20:
        raise ItemError(f"the attribute {name} is too large", where=path)
    value = item.attrs[name]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, h5py.Empty):
        return b""
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    return value if isinstance(value, bytes) else None
