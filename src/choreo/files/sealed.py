"""Digests that files carry in themselves, and compare when they are opened.

A disk, a cable or a copy may turn a bit, and weights or poses with one bit turned look as
good as ever. So the binary files of this package hold the SHA-256 of all their bytes (its
own 64 digits taken as zeros) between two marks, of which one turned bit can't break both:

- ``.safetensors``: in the header, as ``seal`` beside ``choreo``;
- ``.npz``, ``.pt``, ``.pth`` (zip archives): as the archive's comment, at the very end;
- ``.h5``: after the end of what HDF5 knows (`choreo.dataset.layout`, where chunks have
  checksums of their own, so that a huge file need not be read whole);
- ``.mp4``: in a box ``free``, ``.wav``: in a chunk ``JUNK``, ``.pdf``: in a comment, each at
  the end. These are what the formats have for bytes that readers pass over.

No other file has to be kept beside them, and other programs read them as before. A text (tables,
records) has no room for one: `choreo.files.write_text` gives it as an attribute of the file, which
only its own file system keeps.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickletools
import re
import struct
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from choreo.errors import DamagedError, ItemError
from choreo.files import TEXT_DIGEST, ending, sha256, whole
from choreo.files.outside import reading

if TYPE_CHECKING:
    import torch


BEGIN, END = b"choreo-sha256:", b":choreo-seal"
DIGITS = 64
LENGTH = len(BEGIN) + DIGITS + len(END)
BLANK = BEGIN + b"0" * DIGITS + END
"""A seal that is not filled in yet; what the digest is taken over."""

SEALED = (".safetensors", ".npz", ".pt", ".pth", ".h5", ".mp4", ".wav", ".pdf")
"""Suffixes of the files that hold their digest, where this package wrote them."""

MAX_ARRAYS_BYTES = 1 << 30
"""Most that the arrays of one .npz may take in memory; an hour of tracks takes 70 MB."""

_NEAR = 4096
"""A seal lies in the first or the last so many bytes of its file."""
_BLOCK = 1 << 20
_OLD_PICKLES = 5
_MAX_DEPTH = 40
_END_OF_ZIP = struct.Struct("<4s4H2LH")


def place(data: bytes) -> int | None:
    """Find the seal in some bytes.

    Returns
    -------
    int or None
        Where its digits begin, by either of its marks.
    """
    if (at := data.find(BEGIN)) >= 0:
        return at + len(BEGIN)
    if (at := data.find(END)) >= DIGITS:
        return at - DIGITS
    return None


def filled(data: bytes, at: int) -> bytes:
    """Bytes that hold `BLANK`, with the digest of them all at `at`, where its digits begin."""
    digits = hashlib.sha256(data).hexdigest().encode()
    return data[:at] + digits + data[at + DIGITS :]


def filled_zip(data: bytes) -> bytes:
    """Bytes of a zip archive without a comment, with the digest of them all as its comment."""
    end = len(data) - _END_OF_ZIP.size
    mark, *numbers, comment = _END_OF_ZIP.unpack_from(data, end)
    if mark != b"PK\5\6" or comment:
        raise ValueError("a zip archive with a comment, or none")
    data = data[:end] + _END_OF_ZIP.pack(mark, *numbers, LENGTH) + BLANK
    return filled(data, len(data) - len(END) - DIGITS)


def seal_video(path: str | Path) -> None:
    """Put the digest of an mp4 into a box at its end, in place.

    Parameters
    ----------
    path : str or Path
        An mp4 that is not in its place yet (`choreo.files.whole`).
    """
    with open(path, "r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(struct.pack(">I4s", 8 + LENGTH, b"free") + BLANK)
        _fill(file)


def seal_sound(path: str | Path) -> None:
    """Put the digest of a wav into a chunk at its end, in place.

    Parameters
    ----------
    path : str or Path
        A wav that is not in its place yet (`choreo.files.whole`).
    """
    with open(path, "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        # Chunks begin at even places.
        file.write(b"\0" * (size % 2) + struct.pack("<4sI", b"JUNK", LENGTH) + BLANK)
        size = file.tell()
        file.seek(4)
        file.write(struct.pack("<I", size - 8))
        _fill(file)


def seal_page(path: str | Path) -> None:
    """Put the digest of a PDF into a comment at its end, in place.

    Parameters
    ----------
    path : str or Path
        A PDF that is not in its place yet (`choreo.files.whole`).
    """
    with open(path, "r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(b"%" + BLANK)
        _fill(file)


def _fill(file):
    """Fill in the blank seal that an open file ends in."""
    file.seek(0)
    digits = hashlib.file_digest(file, "sha256").hexdigest().encode()
    file.seek(-len(END) - DIGITS, os.SEEK_END)
    file.write(digits)


def compare(path: str | Path) -> bool:
    """Compare a file with the digest in it.

    Returns
    -------
    bool
        False where it has none: another program wrote it, or an older version.

    Raises
    ------
    ItemError
        Where they differ.
    """
    size = Path(path).stat().st_size
    with open(path, "rb") as file:
        at = place(file.read(_NEAR))
        if at is None and size > _NEAR:
            first = max(_NEAR, size - _NEAR) - LENGTH
            file.seek(first)
            found = place(file.read())
            at = None if found is None else first + found
        if at is None:
            return False
        digest = hashlib.sha256()
        file.seek(0)
        for _ in range(at // _BLOCK):
            digest.update(file.read(_BLOCK))
        digest.update(file.read(at % _BLOCK))
        digits = file.read(DIGITS)
        digest.update(b"0" * DIGITS)
        # A broken mark is damage too: the digest is taken over it.
        while block := file.read(_BLOCK):
            digest.update(block)
    if digest.hexdigest().encode() != digits:
        raise damaged(path)
    return True


def is_whole(path: str | Path) -> bool:
    """Tell whether a file of one of `SEALED`, which this package wrote, has its digest."""
    if ending(path) == ".h5":  # whose readers compare it (`choreo.dataset.layout`)
        with open(path, "rb") as file:
            file.seek(max(0, os.path.getsize(path) - LENGTH))
            return place(file.read()) is not None
    try:
        return compare(path)
    except DamagedError:
        return False


def compare_text(path: str | Path) -> bool:
    """Compare a text with the digest that its file has as an attribute.

    Returns
    -------
    bool
        False where it has none: it was copied, another program wrote it, or the file system
        has no attributes.

    Raises
    ------
    DamagedError
        Where they differ.
    """
    try:
        digits = os.getxattr(path, TEXT_DIGEST).decode()
    except (AttributeError, OSError):
        return False
    if sha256(path) != digits:
        raise damaged(path, "its bytes do not have the digest that is kept with it")
    return True


def damaged(
    path: str | Path, what: str = "its bytes do not have the digest that is kept in it"
) -> DamagedError:
    """Give the error of a file that has changed since it was written."""
    return DamagedError(
        f"damaged since it was written: {what}",
        where=path,
        remedy="Delete it and make it again, or copy it again from where it is whole "
        "(`choreo verify FOLDER` looks for more)",
    )


_warned: set[str] = set()


def say_unsealed(path: str | Path, kind: str) -> None:
    """Say, once a process and kind, that damage of a file can't be told."""
    if kind not in _warned:
        _warned.add(kind)
        print(
            f"{path}: an older version of choreo, or another program, wrote it without a digest: "
            f"damage to {kind} like this can't be seen",
            file=sys.stderr,
        )


def save_tensors(
    path: str | Path, tensors: Mapping[str, torch.Tensor], summary: Mapping[str, Any]
) -> None:
    """Write tensors as ``.safetensors``, whole or not at all; the same give the same bytes.

    Parameters
    ----------
    path : str or Path
    tensors : dict of str to Tensor
    summary : dict
        JSON values; goes into the header under ``choreo``.
    """
    from safetensors.torch import save

    data = save({name: value.detach().contiguous().cpu() for name, value in tensors.items()})
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    # Written here, since the library's order of several entries is not fixed; the seal
    # before the summary, which may be long.
    about = {"seal": BLANK.decode(), "choreo": json.dumps(summary, sort_keys=True)}
    text = json.dumps({"__metadata__": about, **header}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    data = struct.pack("<Q", len(text)) + text + data[8 + length :]
    with whole(path) as temporary:
        # In one piece by Python: a full disk then is an error that says so.
        temporary.write_bytes(filled(data, data.index(BEGIN) + len(BEGIN)))


def tensors_header(path: str | Path, what: str) -> Any:
    """What `save_tensors` was told about the tensors, without torch and without reading them.

    Parameters
    ----------
    path : str or Path
    what : str
        What the file should be, for messages.

    Raises
    ------
    ItemError
        Where the file is missing, broken, or something else.
    """
    from safetensors import safe_open

    with reading(path, what), safe_open(path, "np") as file:
        return _about(file)


def _about(file):
    about = json.loads((file.metadata() or {})["choreo"])
    if not isinstance(about, dict):
        raise TypeError("what its header says is no mapping")
    return about


def load_tensors(
    path: str | Path,
    what: str,
    *,
    wanted: Callable[[str], bool] = lambda name: True,
    remedy: str | None = None,
) -> tuple[dict[str, torch.Tensor], Any]:
    """Read what `save_tensors` wrote.

    Parameters
    ----------
    path : str or Path
    what : str
        What it should be, for messages.
    wanted : callable, optional
        From a tensor's name to whether it is read.
    remedy : str, optional

    Raises
    ------
    ItemError
        Where the file is missing, damaged, or something else.
    """
    from safetensors import safe_open

    with reading(path, what, remedy=remedy):
        sealed = compare(path)
        with safe_open(path, "pt") as file:
            summary = _about(file)
            tensors = {
                name: file.get_tensor(name)
                for name in file.keys()  # noqa: SIM118
                if wanted(name)
            }
    if not sealed:
        say_unsealed(path, "weights")
    return summary, tensors


def save_arrays(path: str | Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays as ``.npz``, whole or not at all; the same give the same bytes.

    Parameters
    ----------
    path : str or Path
    arrays : dict of str to ndarray
        `load_arrays` reads them.
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    with whole(path) as temporary:
        temporary.write_bytes(filled_zip(buffer.getvalue()))


def array_header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Read the header of an ``.npy``, before any of its numbers.

    Parameters
    ----------
    file : binary file
        Read up to the numbers.
    name : str
        What it is called in messages.

    Returns
    -------
    shape : tuple of int
    fortran : bool
    dtype : dtype

    Raises
    ------
    ItemError, ValueError
        Where it is none.
    """
    version = np.lib.format.read_magic(file)
    header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if header is None:
        raise ItemError(f"{name}: an array of unknown layout {version}")
    try:
        shape, fortran, dtype = header(file)
    except MemoryError as error:
        # Python's parser says so of what is nested too deeply.
        raise ItemError(f"{name}: a header nested too deeply") from error
    if dtype.itemsize < 0:
        # numpy takes <U-1 for a type, and says that there is no memory for -4 bytes.
        raise ItemError(f"{name} declares values of an impossible size ({dtype})")
    return shape, fortran, dtype


def load_arrays(
    path: str | Path, what: str, *, limit: int = MAX_ARRAYS_BYTES, remedy: str | None = None
) -> dict[str, np.ndarray]:
    """Read an ``.npz`` without pickles, its declared sizes checked before any is read.

    Parameters
    ----------
    path : str or Path
    what : str
        What it should be, for the message.
    limit : int
        Most bytes that its arrays may take together.
    remedy : str, optional

    Raises
    ------
    ItemError
        Where it is missing, declares more than `limit`, is cut, has changed since choreo
        wrote it, or is no .npz.
    """
    with reading(path, what, remedy=remedy, besides=("a zip archive",)):
        compare(path)
        arrays, total = {}, 0
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                with archive.open(entry) as file:
                    shape, _, dtype = array_header(file, name)
                if dtype.hasobject:
                    raise ItemError(f"not {what} ({name} holds objects, which could run code)")
                size = dtype.itemsize
                for length in shape:
                    size *= length
                if any(length < 0 for length in shape):
                    raise ItemError(f"{name} declares an impossible shape {shape}")
                total += size
                if total > limit or entry.file_size > limit + 4096:
                    raise ItemError(
                        f"{name} declares {shape} {dtype}: more than {limit >> 20} MiB, not {what}"
                    )
                if size > entry.file_size:
                    raise ItemError(f"{name} declares {shape} {dtype}, but holds less")
                with archive.open(entry) as file:
                    arrays[name] = np.lib.format.read_array(file, allow_pickle=False)
        return arrays


def save_torch(path: str | Path, value: Any) -> None:
    """Write a checkpoint or state dict by ``torch.save``, whole or not at all.

    Parameters
    ----------
    path : str or Path
    value : object
        Of what ``torch.load(..., weights_only=True)`` reads.
    """
    import torch

    # Into memory first: torch ends in an error of its own, or not at all, on a full disk.
    buffer = io.BytesIO()
    torch.save(value, buffer)
    with whole(path) as temporary:
        temporary.write_bytes(filled_zip(buffer.getvalue()))


# What pickles of tensors name. torch allows some more in weights (``bytearray``, classes of
# tensors) that take any memory which a file of 40 bytes asks for.
_OF_TENSORS = re.compile(
    r"collections\.OrderedDict|builtins\.(?:set|complex)|__builtin__\.(?:set|complex)"
    r"|torch\.(?:\w+Storage|Size|device|u?int\d+|float\d+\w*|bfloat16|bool|complex\d+)"
    r"|torch\._utils\._rebuild_(?:tensor|tensor_v2|parameter)"
)


def _refuse_others_than_tensors(pickled):
    """Go through a pickle without running it, and stop behind it.

    Raises
    ------
    ValueError
        Where it names anything else than tensors are made of.
    """
    try:
        for opcode, argument, _ in pickletools.genops(pickled):
            # Names that come from the stack are refused by torch itself.
            if opcode.name in ("GLOBAL", "INST"):
                name = str(argument).replace(" ", ".")
                if not _OF_TENSORS.fullmatch(name):
                    raise ValueError(f"it asks for {name[:80]}, which is no tensor")
    except MemoryError as error:
        # A text that is said to be gigabytes long, in what is some kilobytes.
        raise ValueError("a damaged pickle") from error


def _check_torch(path):
    """Refuse a file of torch that would take more memory than it has bytes."""
    with open(path, "rb") as file:
        if file.read(4) != b"PK\3\4":
            file.seek(0)
            # The older form: its mark, its version, its system, the value, the storages' names.
            for _ in range(_OLD_PICKLES):
                _refuse_others_than_tensors(file)
            return
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len({entry.filename for entry in entries}) < len(entries):
            raise ValueError("a member is there twice")
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise ValueError("compressed members, which torch does not write")
        for entry in entries:
            if entry.filename.endswith(".pkl"):
                with archive.open(entry) as file:
                    _refuse_others_than_tensors(file)


def _check_tensors(value, depth=0):
    """Refuse tensors that show their bytes several times over: each copy would hold them."""
    import torch

    if isinstance(value, torch.Tensor):
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise ValueError(f"a tensor of shape {tuple(value.shape)} that holds less")
    elif isinstance(value, (dict, list, tuple, set)) and depth < _MAX_DEPTH:
        for one in value.values() if isinstance(value, dict) else value:
            _check_tensors(one, depth + 1)


def load_torch(path: str | Path, what: str, *, remedy: str | None = None) -> Any:
    """Read tensors that ``torch.save`` wrote, ours or another program's; no code can run.

    Beside tensors only what Python has by itself is read: numbers, texts, lists, dicts.

    Parameters
    ----------
    path : str or Path
    what : str
        What it should be, for messages.
    remedy : str, optional

    Raises
    ------
    ItemError
        Where the file is missing, damaged, or something else.
    """
    import torch

    with reading(path, what, remedy=remedy, besides=("a zip archive",)):
        compare(path)
        _check_torch(path)
        value = torch.load(path, map_location="cpu", weights_only=True)
        _check_tensors(value)
        return value
