"""One training a GPU: which of the visible GPUs a training takes."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from choreo.errors import AccidentError
from choreo.files.locks import Busy, hold, open_lock
from choreo.training.numerics import choose_device

_LOCKS = Path(tempfile.gettempdir()) / "choreo-gpus"
_PATIENCE_SECONDS = 1.0


@contextlib.contextmanager
def claimed(name: str, *, locks: Path = _LOCKS) -> Iterator[str]:
    """Hold a device for oneself while a block runs.

    Snakemake counts GPUs (resource ``gpu``) but doesn't say which; so each training locks
    the first that no other one holds, and waits where there is none. The locks are the
    operating system's and end with the process, however it ends. A CPU is shared.

    Parameters
    ----------
    name : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
    locks : Path
        Folder of the locks; all processes of a machine must share it. Where another user
        made it and nothing may be written there, a folder of one's own beside it holds the
        locks that are not there yet.

    Yields
    ------
    str
        The device: ``cuda:<number>`` on GPUs.

    Raises
    ------
    ConfigError
        Where the machine has no such device.
    """
    device = choose_device(name)
    if device.type != "cuda":
        yield device.type
        return
    indices = [*range(torch.cuda.device_count())] if device.index is None else [device.index]
    paths = [_lock_file(locks, index) for index in indices]
    held = _take(paths)
    if held is None:
        print(f"{len(paths)} GPUs, none of them free; waiting", file=sys.stderr)
    while held is None:
        time.sleep(_PATIENCE_SECONDS)
        held = _take(paths)
    number, handle = held
    try:
        yield f"cuda:{indices[number]}"
    finally:
        os.close(handle)


def _lock_file(folder, index):
    """The lock of a GPU: everybody's, or one's own where another user's can't be opened.

    It has the GPU's own name. The number is this process's: a scheduler shows each job its
    GPUs alone, as 0, 1, ...
    """
    name = torch.cuda.get_device_properties(index).uuid
    own = folder.with_name(f"{folder.name}-{os.getuid()}")
    for place in (folder, own):
        with contextlib.suppress(OSError):
            place.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            # Other users lock the same GPUs; the umask would keep them out.
            place.chmod(0o1777 if place == folder else 0o700)
        path = place / f"gpu-{name}.lock"
        with contextlib.suppress(OSError):
            handle = open_lock(path)
            with contextlib.suppress(OSError):
                os.fchmod(handle, 0o666)
            os.close(handle)
            return path
    raise AccidentError(
        "no lock of a GPU can be made", where=folder, remedy="Set TMPDIR to a folder of yours"
    )


def _take(paths):
    """Take the first free lock: its number and the open lock; None where there is none."""
    for number, path in enumerate(paths):
        handle = open_lock(path)
        try:
            hold(handle, where=path)
        except Busy:
            os.close(handle)
        else:
            return number, handle
    return None
