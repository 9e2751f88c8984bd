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
import random
import subprocess
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
_HELD: list[int] = []


def gpus() -> int:
    """Count the NVIDIA GPUs that this process may use, without importing torch.

    Returns
    -------
    int
        Those of the machine; where ``CUDA_VISIBLE_DEVICES`` names some, as a scheduler does for
        its jobs, as many as it names.
    """
    there = len([*GPUS.iterdir()]) if GPUS.is_dir() else 0
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    # CUDA stops reading at the first name that is none.
    names = there if named is None else len([*itertools.takewhile(_is_gpu, named.split(","))])
    return min(there, names)


def has_gpu() -> bool:
    """Tell whether an NVIDIA GPU is there to use, without importing torch."""
    return gpus() > 0


def percent(share: float) -> int:
    """What Snakemake is to count for a share of a GPU, as locks take it: in whole units of 5%."""
    return 100 * _units(share) // _UNITS


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


def _is_gpu(name):
    return name.strip() not in ("", "-1", "NoDevFiles")


def _own_names():
    """The own names (UUIDs) of the GPUs that this process may use; empty where they can't be told.

    Of ``nvidia-smi``, which shows a job of a cluster no other's GPUs, as /proc does, and wakes
    those that sleep, which have no name there.
    """
    asked = ["nvidia-smi", "--query-gpu=uuid,name", "--format=csv,noheader"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    cards = [[part.strip() for part in line.split(",", 1)] for line in done.stdout.splitlines()]
    if not all(len(card) == 2 and card[0].startswith("GPU-") for card in cards):
        return []
    names = [name for name, _ in cards]
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return names
    alike = len({model for _, model in cards}) <= 1
    found = []
    for one in map(str.strip, chosen.split(",")):
        if one.isdecimal() and int(one) < len(names):
            # CUDA counts the fastest first, which is another order where they differ.
            if not (alike or os.environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"):
                return []
            matching = [names[int(one)]]
        else:
            matching = [name for name in names if one and name.startswith(one)]
        if len(matching) != 1:
            # No GPU, for CUDA the end of the list; or a slice of one, whose place is not known.
            break
        found += matching
    return found


@contextlib.contextmanager
def exported(share: float = 1.0, *, device: str = "auto", locks: Path = LOCKS) -> Iterator[None]:
    """Let the programs that a block starts see one GPU alone, which is held meanwhile.

    For programs that take the first GPU they see. Where the GPUs can't be told (no driver, no
    ``nvidia-smi``, slices of one), nothing is changed.

    Parameters
    ----------
    share : float
        Of the GPU's memory, 0 to 1. Nothing keeps such a program from taking more.
    device : str
        Where the program runs: for ``cpu`` nothing is held.
    locks : Path
        See `held`.
    """
    names = [] if device == "cpu" else _own_names()
    if not names:
        yield
        return
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    with held(names, share=share, locks=locks) as number:
        os.environ["CUDA_VISIBLE_DEVICES"] = names[number]
        try:
            yield
        finally:
            if given is None:
                del os.environ["CUDA_VISIBLE_DEVICES"]
            else:
                os.environ["CUDA_VISIBLE_DEVICES"] = given


def handles() -> tuple[int, ...]:
    """Open locks of GPUs that this process holds.

    A program that is started on such a GPU is given them: where this process is killed, they
    end when that program does.
    """
    return tuple(_HELD)


@contextlib.contextmanager
def held(names: Sequence[str], *, share: float = 1.0, locks: Path = LOCKS) -> Iterator[int]:
    """Hold one of some GPUs while a block runs; waits where none is free.

    Who takes the whole of a GPU has it alone. Who takes a share (in steps of 5%, rounded up)
    has it beside others whose shares are no more than the whole together; of several GPUs
    the one with most to spare. Who has to wait keeps a GPU for himself, on which nobody begins
    any more. The locks are the operating system's and end with the process, however it ends.

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
    number, handles = _take(paths, _units(share)) or _wait(paths, share)
    _HELD.extend(handles)
    try:
        yield number
    finally:
        for handle in handles:
            _HELD.remove(handle)
        _close(handles)


def _units(share):
    # Not a hair more than is asked for: 0.15 * 20 is 3.0000000000000004 or so.
    return min(_UNITS, max(1, math.ceil(_UNITS * share - 1e-6)))


def _wait(paths, share):
    units, found, kept = _units(share), None, None
    free = "free" if units >= _UNITS else f"with {share:.0%} free"
    print(f"{len(paths)} GPUs, none of them {free}; waiting", file=sys.stderr)
    try:
        while found is None:
            kept = kept or _keep(paths)
            # Two that came at the same moment may each have kept the other out.
            time.sleep(_PATIENCE_SECONDS * (1 + random.random()))
            found = _take(paths, units, kept)
    finally:
        if kept is not None:
            os.close(kept[1])
    return found


def _keep(paths):
    """Keep a GPU for the one who waits: its path and the open lock; None where all are kept."""
    for path in paths:
        if (handle := _locked(_next(path))) is not None:
            return path, handle
    return None


def _awaited(path):
    """Whether somebody else waits for this GPU; unknown, where his lock can't be opened."""
    try:
        handle = _opened(_next(path))
    except OSError:
        return False
    try:
        hold(handle, where=path)
    except Busy:
        return True
    finally:
        os.close(handle)
    return False


def _next(path):
    return path.with_name(f"{path.stem}-next.lock")


def _take(paths, units, kept=None):
    """Lock a GPU or units of it: its number and the open locks; None where none is free."""
    best = None
    for number, path in enumerate(paths):
        if (kept is None or path != kept[0]) and _awaited(path):
            continue
        if units >= _UNITS:
            if (handle := _locked(path)) is not None:
                return number, [handle]
            continue
        free = _free(path)
        if len(free) > units and (best is None or len(free) > len(best[1])):
            best, free = (number, free), best[1] if best else []
        _close(free)
    if best is not None:
        number, found = best
        _close(found[1 + units :])
        best = number, found[: 1 + units]
    return best


def _free(path):
    """Lock all units that are free, behind the lock that says "not whole"; [] of a whole one."""
    shared = _locked(path, shared=True)
    if shared is None:
        return []
    units = (_locked(path.with_name(f"{path.stem}-{n:02d}.lock")) for n in range(_UNITS))
    return [shared, *(handle for handle in units if handle is not None)]


def _locked(path, *, shared=False):
    """Lock a file, made where it is not there: the open lock; None where it can't be had."""
    try:
        handle = _opened(path)
    except OSError:  # another user's, who lets nobody in
        return None
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
            os.close(_opened(place / name))
            return place / name
    raise AccidentError(
        "no lock of a GPU can be made", where=folder, remedy="Set TMPDIR to a folder of yours"
    )


def _opened(path):
    handle = open_lock(path)
    with contextlib.suppress(OSError):
        os.fchmod(handle, 0o666)
    return handle
