"""Which GPU a job takes: the whole of one, or a share of its memory beside others.

Snakemake counts (resource ``gpu_percent``, 100 a GPU) but doesn't say which GPU is whose; so each
job locks its own. Nothing here imports torch: a job whose GPU another program uses has no other
need of it.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from choreo.errors import AccidentError
from choreo.files.locks import Busy, hold, open_lock

GPUS = Path("/proc/driver/nvidia/gpus")
"""Of NVIDIA's driver: a folder a GPU, by its place on the bus."""

LOCKS = Path(tempfile.gettempdir()) / "choreo-gpus"
_PATIENCE_SECONDS = 1.0
_UNITS = 20
"""Parts of a GPU's memory that jobs hold one by one: 5% each."""


def gpus() -> int:
    """Count the NVIDIA GPUs that this process may use, without importing torch.

    Returns
    -------
    int
        Those of the machine; where ``CUDA_VISIBLE_DEVICES`` names some, as a scheduler does for
        its jobs, as many as it names.
    """
    return len(_visible())


def has_gpu() -> bool:
    """Tell whether an NVIDIA GPU is there to use, without importing torch."""
    return gpus() > 0


def share_of(resources: Any) -> float:
    """Share of a GPU that a job of the workflow has, by its resource ``gpu_percent``.

    Parameters
    ----------
    resources : snakemake.iocontainers.Resources

    Returns
    -------
    float
        1 where the job asks for no GPU: it was planned on a machine without one, such as a
        cluster's login node, and what it finds where it runs is its own.
    """
    return (resources.get("gpu_percent") or 100) / 100


def _visible():
    """What CUDA would call the visible GPUs: numbers, or the names that the environment gives."""
    there = len([*GPUS.iterdir()]) if GPUS.is_dir() else 0
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return [str(number) for number in range(there)]
    # CUDA stops reading at the first name that is none.
    return [name.strip() for name in itertools.takewhile(_is_gpu, named.split(","))][:there]


def _is_gpu(name):
    return name.strip() not in ("", "-1", "NoDevFiles")


def _own_names():
    """The GPUs' own names (UUIDs), in the order of the bus; empty where the driver has none."""
    names = []
    for folder in sorted(GPUS.iterdir()):
        with contextlib.suppress(OSError):
            for line in (folder / "information").read_text().splitlines():
                key, _, value = line.partition(":")
                if key.strip() == "GPU UUID":
                    names.append(value.strip())
    return names


@contextlib.contextmanager
def exported(share: float = 1.0, *, locks: Path = LOCKS) -> Iterator[None]:
    """Let the programs that a block starts see one GPU alone, which is held meanwhile.

    For programs that take the first GPU they see. Where there is no GPU, or a scheduler
    shows this job only one, nothing is changed.

    Parameters
    ----------
    share : float
        Of the GPU's memory, 0 to 1. Nothing keeps such a program from taking more.
    locks : Path
        See `held`.
    """
    visible = _visible()
    given = {name: os.environ.get(name) for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")}
    if not visible or (len(visible) == 1 and given["CUDA_VISIBLE_DEVICES"] is not None):
        yield
        return
    own = _own_names()
    names = [own[int(n)] if n.isdecimal() and int(n) < len(own) else n for n in visible]
    with held(names, share=share, locks=locks) as number:
        os.environ["CUDA_VISIBLE_DEVICES"] = visible[number]
        # The order of `_own_names`; by itself CUDA puts the fastest first.
        os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
        try:
            yield
        finally:
            for name, value in given.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


@contextlib.contextmanager
def held(names: Sequence[str], *, share: float = 1.0, locks: Path = LOCKS) -> Iterator[int]:
    """Hold one of some GPUs while a block runs; waits where none is free.

    Who takes the whole of a GPU has it alone. Who takes a share (in steps of 5%, rounded up)
    has it beside others whose shares are no more than the whole together; of several GPUs
    the one with most to spare. The locks are the operating system's and end with the
    process, however it ends.

    Parameters
    ----------
    names : sequence of str
        The GPUs' own names (UUIDs, with ``GPU-`` before them or not): their numbers are those
        of a process, since a scheduler shows each job its GPUs alone, as 0, 1, ...
    share : float
        Of the GPU's memory, over 0, to 1.
    locks : Path
        Folder of the locks; all processes of a machine must share it. Where another user
        made it and nothing may be written there, a folder of one's own beside it holds the
        locks that are not there yet.

    Yields
    ------
    int
        Which of `names`.
    """
    paths = [_lock_file(locks, f"gpu-{name.removeprefix('GPU-')}.lock") for name in names]
    # Not a hair more than is asked for: 0.15 * 20 is 3.0000000000000004 or so.
    units = max(1, math.ceil(_UNITS * share - 1e-6))
    found = _take(paths, units)
    if found is None:
        free = "free" if units >= _UNITS else f"with {share:.0%} free"
        print(f"{len(paths)} GPUs, none of them {free}; waiting", file=sys.stderr)
    while found is None:
        # Two that came at the same moment may each have kept the other out.
        time.sleep(_PATIENCE_SECONDS * (1 + os.getpid() % 10 / 10))
        found = _take(paths, units)
    number, handles = found
    try:
        yield number
    finally:
        _close(handles)


def _take(paths, units):
    """Lock a GPU or units of it: its number and the open locks; None where none is free."""
    if units >= _UNITS:
        for number, path in enumerate(paths):
            if (handle := _locked(path)) is not None:
                return number, [handle]
        return None
    best = None
    for number, path in enumerate(paths):
        free = _free(path)
        if len(free) > units and (best is None or len(free) > len(best[1])):
            best, free = (number, free), best[1] if best else []
        _close(free)
    if best is not None:
        number, handles = best
        _close(handles[1 + units :])
        best = number, handles[: 1 + units]
    return best


def _free(path):
    """Lock all units that are free, behind the lock that says "not whole"; [] of a whole one."""
    shared = _locked(path, shared=True)
    if shared is None:
        return []
    units = (_locked(_opened(path.parent, f"{path.stem}-{n:02d}.lock")) for n in range(_UNITS))
    return [shared, *(handle for handle in units if handle is not None)]


def _locked(path, *, shared=False):
    handle = open_lock(path)
    try:
        hold(handle, shared=shared, where=path)
    except Busy:
        os.close(handle)
        return None
    return handle


def _close(handles):
    for handle in handles:
        os.close(handle)


def _lock_file(folder, name):
    """A lock: everybody's, or one's own where another user's can't be opened."""
    own = folder.with_name(f"{folder.name}-{os.getuid()}")
    for place in (folder, own):
        with contextlib.suppress(OSError):
            place.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            # Other users lock the same GPUs; the umask would keep them out.
            place.chmod(0o1777 if place == folder else 0o700)
        with contextlib.suppress(OSError):
            return _opened(place, name)
    raise AccidentError(
        "no lock of a GPU can be made", where=folder, remedy="Set TMPDIR to a folder of yours"
    )


def _opened(folder, name):
    path = folder / name
    handle = open_lock(path)
    with contextlib.suppress(OSError):
        os.fchmod(handle, 0o666)
    os.close(handle)
    return path
