"""One training a GPU: which of the visible GPUs a process takes."""

import contextlib
import sys
import tempfile
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from choreo.training.train import choose_device

_LOCKS = Path(tempfile.gettempdir()) / "choreo-gpus"


@contextlib.contextmanager
def claimed(name, *, locks=_LOCKS):
    """Hold a device for oneself while a block runs.

    Snakemake counts GPUs (resource ``gpu``) but doesn't say which; so each process locks
    the first that no other one holds, and waits where all are held. The lock is the
    operating system's and ends with the process, however it ends.

    Parameters
    ----------
    name : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
    locks : Path
        Folder of the locks; all processes of a machine must share it.

    Yields
    ------
    str
        The device: ``cuda:<number>`` on a GPU.
    """
    device = choose_device(name)
    if device.type != "cuda":
        yield device.type
        return
    indices = range(torch.cuda.device_count()) if device.index is None else [device.index]
    locks.mkdir(mode=0o777, parents=True, exist_ok=True)
    held = [FileLock(locks / f"gpu{index}.lock", mode=0o666) for index in indices]
    taken = next((n for n, lock in enumerate(held) if _free(lock)), None)
    if taken is None:
        print(f"all {len(held)} GPUs are in use by other trainings; waiting", file=sys.stderr)
        taken = 0
        held[0].acquire()
    try:
        yield f"cuda:{indices[taken]}"
    finally:
        held[taken].release()


def _free(lock):
    """Take a lock if no one holds it."""
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True
