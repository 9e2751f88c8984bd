"""Temporary files and folders whose names say whose they are, so that those of the dead can go.

A process that ends in order removes what it made for a while. One that is killed can't; the
next run finds its leavings by their names: each holds a mark of the machine (its start and the
container counted) and the number of the process. What belongs to a process that lives stays,
also that of a verb that someone runs by hand meanwhile.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import functools
import hashlib
import json
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

_NAME = re.compile(r"choreo-([0-9a-f]{6})-(\d{1,10})-[a-z0-9_]{8}(?:\.|$)")
_NOTE = ".folders"
_OF_SNAKEMAKE = ("snakemake", "tmp")
"""How the names of its temporary folders begin."""
_OTHERS_SECONDS = 86_400.0
"""What another machine left is removed when it is that old: its processes can't be asked for."""

# What file systems say that have no such thing.
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF}


@functools.cache
def _machine():
    """Six hex digits of what numbers the processes: machine, its start, the container."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text())
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:6]


def owned() -> str:
    """Begin of the names of this process's temporary files, such as ``choreo-1f3a9c-4711-``."""
    return f"choreo-{_machine()}-{os.getpid()}-"


@contextlib.contextmanager
def temporary_folder(folder: str | Path | None = None) -> Iterator[Path]:
    """Give a folder that is gone after the block; if this process is killed, after the next run.

    Parameters
    ----------
    folder : str or Path, optional
        Where it shall lie; by default in that of the system (TMPDIR).

    Yields
    ------
    Path
    """
    with tempfile.TemporaryDirectory(
        prefix=owned(), dir=folder, ignore_cleanup_errors=True
    ) as name:
        yield Path(name)


def settle(path: str | Path) -> None:
    """Wait until the bytes of a file, or of all files in a folder, are on the disk.

    A name may reach the disk before the bytes: where the power is cut, the file would be there
    and empty. So this comes before the renaming that gives a file its name.

    Raises
    ------
    OSError
        Where the disk did not take them, as a network's may say late.
    """
    if os.path.isdir(path):
        if hasattr(os, "sync"):
            os.sync()  # once, not for each of thousands of files
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)


def publish(temporary: str | Path, path: str | Path) -> None:
    """Give a finished temporary file or folder its name, its bytes first.

    Parameters
    ----------
    temporary : str or Path
        In the folder of `path`, so that the step is one.
    path : str or Path
        Written over where it is a file, or an empty folder.
    """
    settle(temporary)
    os.replace(temporary, path)


def note(folder: str | Path, paths: Iterable[str | Path]) -> None:
    """Note temporary folders that Snakemake made for this process, whose names say nothing.

    Parameters
    ----------
    folder : str or Path
        Where the note is kept until this process ends. If it is killed, `sweep` of this folder
        removes what is noted.
    paths : iterable of str or Path
    """
    handle, name = tempfile.mkstemp(prefix=owned(), suffix=_NOTE, dir=folder)
    with open(handle, "w", encoding="utf-8") as file:
        json.dump([str(path) for path in paths], file)
    atexit.register(_end_note, Path(name))


def _end_note(path):
    # The folders first, which nothing needs any more: Snakemake removes them later, and a kill
    # between both would leave them, with no note of them.
    _remove_noted(path)
    path.unlink(missing_ok=True)


def sweep(folder: str | Path, *, deep: bool = False) -> list[Path]:
    """Remove what processes that are no more have left.

    Parameters
    ----------
    folder : str or Path
        Where it isn't there, nothing is done.
    deep : bool
        Look in the folders inside, too; links are not followed.

    Returns
    -------
    list of Path
        What was removed. What can't be is left.
    """
    swept = []
    for place, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            if not (found := _NAME.search(name)):
                continue
            path = Path(place, name)
            with contextlib.suppress(OSError):
                if _is_left(path, *found.groups()):
                    if name.endswith(_NOTE):
                        _remove_noted(path)
                    shutil.rmtree(path) if name in folders else path.unlink()
                    swept.append(path)
        # What is a process's own is looked at whole.
        folders[:] = [name for name in folders if deep and not _NAME.search(name)]
    return swept


def _remove_noted(path):
    # It may be cut off: the process was killed. Or it is gone.
    with contextlib.suppress(ValueError, FileNotFoundError):
        for noted in map(Path, json.loads(path.read_bytes())):
            if noted.name.startswith(_OF_SNAKEMAKE) and not noted.is_symlink():
                shutil.rmtree(noted, ignore_errors=True)


def _is_left(path, machine, process):
    status = path.lstat()
    if hasattr(os, "getuid") and status.st_uid != os.getuid():
        return False
    if machine != _machine():
        return time.time() - status.st_mtime > _OTHERS_SECONDS
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
