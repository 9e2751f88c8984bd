"""What training needs of a dataset."""

from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from choreo.files import sha256


class Chunks(Protocol):
    """What training needs of a dataset.

    `choreo.dataset.pack.ChunkDataset` is one.

    Attributes
    ----------
    path : Path
        The file that holds the data.
    split : str or None
        Which part of it this is.
    method : str
        How poses and sound were scaled, as `choreo.dataset` names it.
    canvas : tuple of int
        Width and height in pixels that [-1, 1] stands for.
    """

    path: Path
    split: str | None
    method: str
    canvas: tuple

    def __len__(self):
        """Return the number of chunks."""

    def batch(self, indices):
        """Read chunks.

        Parameters
        ----------
        indices : sequence of int

        Returns
        -------
        dict of str to ndarray of float32
            ``pose`` (B, T, 18, 2) in [-1, 1], ``audio`` (B, T, 1600), ``initial_pose``
            (B, 18, 2).
        """


def data_hash(dataset):
    """Hash of a dataset's file and split."""
    return f"{sha256(dataset.path)}-{dataset.split or 'all'}"


def load_batch(dataset, indices, device="cpu"):
    """Read chunks as tensors.

    Parameters
    ----------
    dataset : Chunks
    indices : sequence of int
    device : torch.device or str

    Returns
    -------
    dict of str to Tensor of float32
        ``poses`` (B, T, 36), ``audio`` (B, T, 1600), ``initial`` (B, 36).
    """
    arrays = dataset.batch(indices)
    pose, audio, initial = (
        torch.from_numpy(np.ascontiguousarray(arrays[name], np.float32)).to(device)
        for name in ("pose", "audio", "initial_pose")
    )
    return {"poses": pose.flatten(2), "audio": audio, "initial": initial.flatten(1)}
