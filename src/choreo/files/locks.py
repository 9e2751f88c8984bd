"""Locks of the operating system on files: they end with their process, however it ends.

One place for what file systems do about them: some have none (a few network and user-space
file systems), in which case the work goes on without, and says so once.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows: no advisory locks
    fcntl = None  # type: ignore[assignment]

# EBADF: NFS gives no exclusive lock on what may only be read.
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL, errno.EBADF}
_BUSY = {errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK}
_said: set[str] = set()


class Busy(Exception):
    """Another process holds the lock."""


def open_lock(path: str | Path) -> int:
    """Open a lock file, made where it is not there.

    A file of another user that may only be read is enough: `flock` needs no right to write.

    Parameters
    ----------
    path : str or Path
        Its folder must exist. A link is not followed: the folder may be everybody's.

    Returns
    -------
    int
        A descriptor that children don't inherit.

    Raises
    ------
    OSError
        Where it is not there and can't be made.
    """
    flags = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    # Without O_CREAT first: in a sticky folder Linux refuses to "make" what is another's.
    for attempt in (os.O_RDWR, os.O_RDONLY):
        with contextlib.suppress(OSError):
            return os.open(path, attempt | flags)
    return os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o666)


def hold(
    handle: int | IO, *, shared: bool = False, wait: bool = False, where: str | Path = ""
) -> bool:
    """Lock an open file, until it is closed or the process ends.

    Parameters
    ----------
    handle : int or file
        Also one that was locked otherwise before: an exclusive lock becomes a shared one.
    shared : bool
        Others may hold it shared too.
    wait : bool
        Wait for another process that holds it.
    where : str or Path
        What is locked, for the warning of a file system without locks.

    Returns
    -------
    bool
        False where the file system has no locks; nothing is held then.

    Raises
    ------
    Busy
        Where another process holds it and `wait` is false.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(
            handle,
            (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB),
        )
    except OSError as error:
        if error.errno in _BUSY:
            raise Busy(str(where)) from None
        if error.errno not in _NO_LOCKS:
            raise
        folder = os.path.dirname(str(where))
        if folder not in _said:
            _said.add(folder)
            print(
                f"{where}: this file system has no locks ({error.strerror}); take care that no two "
                "runs use the same folder at the same time",
                file=sys.stderr,
            )
        return False
    return True


@contextlib.contextmanager
def held_folder(folder: Path, *, on_wait: Callable[[], object] | None = None) -> Iterator[bool]:
    """Hold a folder that is removed when its work is done; a second process waits.

    Parameters
    ----------
    folder : Path
        Made where it isn't there; its lock is the file `lock` in it.
    on_wait : callable, optional
        Called once where another process has to be waited for.

    Yields
    ------
    bool
        Whether another process had to be waited for.
    """
    waited = False
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            handle = open_lock(folder / "lock")
        except FileNotFoundError:
            # Removed by the one before, between the two lines above.
            continue
        try:
            try:
                hold(handle, where=folder / "lock")
            except Busy:
                if on_wait and not waited:
                    on_wait()
                waited = True
                hold(handle, wait=True, where=folder / "lock")
            # The one before may have finished and removed the folder meanwhile.
            same = False
            with contextlib.suppress(FileNotFoundError):
                same = os.path.samestat(os.fstat(handle), os.stat(folder / "lock"))
            if same:
                yield waited
                return
        finally:
            os.close(handle)
