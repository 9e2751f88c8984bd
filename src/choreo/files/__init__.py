"""Files that are written whole or not at all, and their hashes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from choreo.errors import ChoreoError, accident
from choreo.files.temporary import owned, publish

NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
"""What `is_id` allows, as a regular expression."""

TEXT_DIGEST = "user.choreo.sha256"
"""Attribute of a file that holds a text's SHA-256, in hexadecimal."""

PROJECT = Path(__file__).parents[3]
"""The folder of the Snakefile, from which the package is installed."""


def ending(path: str | Path) -> str:
    """What a file's name ends in, in lower case: of ``SONG.MP3`` ``.mp3``."""
    return Path(path).suffix.lower()


@contextlib.contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Give a temporary path that becomes `path` when the block ends without an error.

    The temporary file lies in the same folder, so that the final rename is atomic, and keeps
    the suffix, in lower case (writers such as ffmpeg choose the format by it). Its bytes are on
    the disk before it has its name. `choreo.files.temporary.sweep` removes that of a process
    that was killed.

    Parameters
    ----------
    path : str or Path
        Where the file shall be. Its folder is made.

    Yields
    ------
    Path
        The temporary path to write to.

    Raises
    ------
    AccidentError
        Where the machine failed meanwhile, such as by a full disk.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=_beside(path.stem), suffix=ending(path), dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        # mkstemp makes files that only their owner reads; results are for sharing.
        with _becoming(temporary, path, 0o666):
            yield temporary
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """Give a temporary folder that becomes `path`, as `whole` does of a file.

    Parameters
    ----------
    path : str or Path
        Nothing, or an empty folder, may be there.

    Yields
    ------
    Path
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=_beside(path.name), dir=path.parent))
    try:
        with _becoming(temporary, path, 0o777):
            yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _beside(name):
    """Begin of the name of a temporary file: hidden, with its owner's mark."""
    # A name may take 255 bytes; what is put around it must not make it longer than that.
    encoding = sys.getfilesystemencoding()
    return f".{os.fsencode(name)[:64].decode(encoding, errors='ignore')}-{owned()}"


@contextlib.contextmanager
def _becoming(temporary, path, mode):
    """Give what the block writes its name; accidents meanwhile are told of by that name."""
    try:
        yield
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(mode & ~mask)
        publish(temporary, path)
    except (OSError, ChoreoError) as error:
        found = accident(error)
        # Named as it was asked for, not by the temporary name.
        if isinstance(error, ChoreoError) and error.where == str(temporary):
            error.where = str(path)
        if found is None:
            raise
        if found.where is None or Path(found.where).is_relative_to(temporary):
            found.where = str(path)
        raise found from error


def write_text(path: str | Path, text: str) -> None:
    r"""Write `text` (UTF-8, ``\n`` line ends) to `path`, whole or not at all.

    Its digest is kept beside its bytes, as an attribute `TEXT_DIGEST` of the file, where the file
    system has such (`choreo.files.sealed.compare_text`); a copy may be without.
    """
    with whole(path) as temporary:
        temporary.write_bytes(text.encode())
        keep_digest(temporary)


def keep_digest(path: str | Path) -> None:
    """Give a file its digest as the attribute `TEXT_DIGEST`, where the file system has such.

    Parameters
    ----------
    path : str or Path
        Of a kind that has no room for one, and not in its place yet (`whole`).
    """
    if hasattr(os, "setxattr"):
        with contextlib.suppress(OSError):
            os.setxattr(path, TEXT_DIGEST, sha256(path).encode())


def write_json(path: str | Path, value: object) -> None:
    """Write `value` as indented JSON with sorted keys; NaN is refused (use None)."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a record of a study: JSON that this package wrote, and anybody may have changed.

    Raises
    ------
    ItemError
        Where it is missing or damaged (`choreo.files.outside.load_json`).
    """
    from choreo.files.outside import load_json  # which a later module of the ground floor is

    return load_json(path, "a record of choreo", remedy="Delete it and run again")


def sha256(path: str | Path) -> str:
    """Hex SHA-256 of a file, read in pieces."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_id(text: str) -> bool:
    """Tell whether `text` may name a video, song or model in a file path.

    Letters, digits, ``_`` and ``-``, at most 64, the first a letter or digit: safe in
    every file system, in a shell, in a URL and in a Snakemake wildcard.
    """
    return bool(re.fullmatch(NAME, text))


def shipped(path: str | Path) -> Path:
    """A path that is not in the working folder, but is in the project, such as the demo's table.

    Returns
    -------
    Path
        As given, where it is there, is absolute, or is in neither.
    """
    path = Path(path)
    # os.path: a name that no system takes is in neither.
    ours = not path.is_absolute() and not os.path.exists(path) and os.path.exists(PROJECT / path)
    return PROJECT / path if ours else path
