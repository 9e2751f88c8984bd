"""One training a GPU: which of the visible GPUs a training takes."""

import contextlib
import sys
import tempfile
import time
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from choreo.errors import ConfigError
from choreo.training.numerics import choose_device

_LOCKS = Path(tempfile.gettempdir()) / "choreo-gpus"
_PATIENCE_SECONDS = 1.0


@contextlib.contextmanager
def claimed(name, count=1, *, locks=_LOCKS):
    """Hold devices for oneself while a block runs.

    Snakemake counts GPUs (resource ``gpu``) but doesn't say which; so each training locks
    the first that no other one holds, and waits where there are too few. The locks are
    the operating system's and end with the process, however it ends.

    Parameters
    ----------
    name : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
    count : int
        Devices, one for each process of the training. The processes share a CPU.
    locks : Path
        Folder of the locks; all processes of a machine must share it.

    Yields
    ------
    list of str
        The devices: ``cuda:<number>`` on GPUs.

    Raises
    ------
    ConfigError
        Where the machine has no such device, or not so many.
    """
    device = choose_device(name)
    if count < 1:
        raise ConfigError("a training needs a process", where="processes", value=count)
    if device.type == "cpu":
        yield ["cpu"] * count
        return
    indices = [0]
    if device.type == "cuda":
        indices = [*range(torch.cuda.device_count())] if device.index is None else [device.index]
    if count > len(indices):
        raise ConfigError(
            f"one device a process, and there are {len(indices)} of {name}",
            where="processes",
            value=count,
            remedy="Take fewer processes",
        )
    if device.type == "mps":
        yield ["mps"]
        return
    locks.mkdir(mode=0o777, parents=True, exist_ok=True)
    held = [FileLock(locks / f"gpu{index}.lock", mode=0o666) for index in indices]
    taken = _take(held, count)
    if taken is None:
        print(f"{len(held)} GPUs, too few of them free; waiting", file=sys.stderr)
    while taken is None:
        time.sleep(_PATIENCE_SECONDS)
        taken = _take(held, count)
    try:
        yield [f"cuda:{indices[number]}" for number in taken]
    finally:
        for number in taken:
            held[number].release()


def _take(locks, count):
    """Take the first `count` free locks; None, and no lock, where there are fewer."""
    # Whoever kept some while waiting for more could wait for another one for ever.
    taken = []
    for number, lock in enumerate(locks):
        if len(taken) < count and _free(lock):
            taken.append(number)
    if len(taken) == count:
        return taken
    for number in taken:
        locks[number].release()
    return None


def _free(lock):
    """Take a lock if no one holds it."""
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True
