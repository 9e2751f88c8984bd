"""The device of a training, and which of the visible GPUs it takes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import torch

from choreo import gpus
from choreo.training.numerics import choose_device


@contextlib.contextmanager
def claimed(name: str, *, share: float = 1.0, locks: Path = gpus.LOCKS) -> Iterator[str]:
    """Hold a device for oneself while a block runs; of a GPU, the whole or a share.

    A CPU is shared.

    Parameters
    ----------
    name : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
    share : float
        Of a GPU's memory (`choreo.gpus.held`); who takes more of it than that runs out of it.
    locks : Path
        Folder of the locks.

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
    names = [str(torch.cuda.get_device_properties(index).uuid) for index in indices]
    with gpus.held(names, share=share, locks=locks) as number:
        if share < 1:
            # So that who takes more than his share breaks his own training alone.
            torch.cuda.set_per_process_memory_fraction(share, indices[number])
        try:
            yield f"cuda:{indices[number]}"
        finally:
            if share < 1:
                torch.cuda.set_per_process_memory_fraction(1.0, indices[number])
