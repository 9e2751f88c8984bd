"""Batches of a training on its device.

On a CPU a batch is read when it is wanted. A GPU would have to wait for that: there the
whole dataset lies in its memory where it fits, and else a thread reads the next batch
into pinned memory while the device makes a step.
"""

import functools
import sys
from concurrent.futures import ThreadPoolExecutor

import torch

from choreo.models.data import load_batch, to_device

RESIDENT_SHARE = 0.5
"""Share of a GPU's free memory that a dataset may take; the rest is the training's."""

_READ_AT_ONCE = 64


def open_batches(dataset, device, indices, *, music="raw"):
    """Choose how a training gets its batches.

    Parameters
    ----------
    dataset : Chunks
    device : torch.device
    indices : callable
        From the number of a step to the indices of its chunks; None after the last step.
    music : str
        What the model hears (`choreo.models.music_features.FEATURES`).

    Returns
    -------
    callable
        From the number of a step to its batch, as `load_batch` gives it. With ``close``.
    """
    read = functools.partial(load_batch, dataset, music=music)
    if device.type != "cuda":
        return Read(read, device, indices)
    free, there = torch.cuda.mem_get_info(device)
    # A training that shares a GPU may take no more than its share.
    free = min(free, int(there * torch.cuda.get_per_process_memory_fraction(device)))
    size = dataset_bytes(read, len(dataset))
    if size <= RESIDENT_SHARE * free:
        return Resident(read, device, indices, len(dataset))
    print(
        f"the dataset ({size / 2**30:.1f} GiB) is more than half of the GPU's free memory "
        f"({free / 2**30:.1f} GiB), so it is read during the training",
        file=sys.stderr,
    )
    return Prefetched(read, device, indices)


def dataset_bytes(read, count):
    """Bytes of all chunks as float32."""
    one = read([0])
    return count * sum(value.numel() * value.element_size() for value in one.values())


class Read:
    """Reads each batch when it is asked for."""

    def __init__(self, read, device, indices):
        self._read, self._device, self._indices = read, device, indices

    def __call__(self, step):
        """Batch of a step."""
        return self._read(self._indices(step), self._device)

    def close(self):
        """Nothing is held."""


class Resident:
    """Holds all chunks on the device and picks from them there."""

    def __init__(self, read, device, indices, count):
        self._device, self._indices = device, indices
        self._chunks = {}
        for first in range(0, count, _READ_AT_ONCE):
            part = read(range(first, min(first + _READ_AT_ONCE, count)))
            for name, value in part.items():
                if first == 0:
                    shape = (count, *value.shape[1:])
                    self._chunks[name] = torch.empty(shape, device=device)
                self._chunks[name][first : first + len(value)].copy_(value)

    def __call__(self, step):
        """Batch of a step."""
        rows = to_device(torch.as_tensor(self._indices(step)), self._device)
        return {name: value.index_select(0, rows) for name, value in self._chunks.items()}

    def close(self):
        """Let the memory go."""
        self._chunks = {}


class Prefetched:
    """Reads one batch ahead, in a thread."""

    def __init__(self, read, device, indices):
        self._load, self._device, self._indices = read, device, indices
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._next = None, None

    def __call__(self, step):
        """Batch of a step; the next one is begun."""
        known, coming = self._next
        if known != step:
            coming = self._thread.submit(self._read, step)
        # One thread: the next is read after this one.
        self._next = step + 1, self._thread.submit(self._read, step + 1)
        batch = coming.result()
        return {name: value.to(self._device, non_blocking=True) for name, value in batch.items()}

    def _read(self, step):
        indices = self._indices(step)
        if indices is None:
            return None
        batch = self._load(indices)
        pinned = self._device.type == "cuda"
        return {name: value.pin_memory() if pinned else value for name, value in batch.items()}

    def close(self):
        """Stop the thread."""
        self._thread.shutdown(cancel_futures=True)
