"""What a model needs of a dataset, whatever its family."""

from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from choreo.dataset.description import DataDescription
from choreo.files import sha256
from choreo.models.music_features import FEATURES
from choreo.models.songs import songs_of

_MOST_CHUNKS = 512
_BATCH = 16


class Chunks(Protocol):
    """What training needs of a dataset.

    `choreo.dataset.pack.ChunkDataset` is one.

    Attributes
    ----------
    path : Path
        The file that holds the data.
    split : str or None
        Which part of it this is.
    description : DataDescription
        What the file says it is.
    """

    path: Path
    split: str | None
    description: DataDescription

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
            ``pose`` (B, T, J, 2) in [-1, 1], ``audio`` (B, T, S), ``initial_pose``
            (B, J, 2).
        """


def data_hash(dataset):
    """Hash of a dataset's file and split."""
    return f"{sha256(dataset.path)}-{dataset.split or 'all'}"


def load_batch(dataset, indices, device="cpu", *, music="raw"):
    """Read chunks as tensors.

    Parameters
    ----------
    dataset : Chunks
    indices : sequence of int
    device : torch.device or str
    music : str
        Key of `choreo.models.music_features.FEATURES`. What is of whole songs comes from the
        songs of the dataset, put together from their chunks (`choreo.models.songs`).

    Returns
    -------
    dict of str to Tensor of float32
        ``poses`` (B, T, 2 J), ``music`` (B, T, n), ``initial`` (B, 2 J).
    """
    arrays = dataset.batch(indices)
    music_features = arrays["audio"]  # which is what `raw` is
    if FEATURES[music].whole:
        music_features = songs_of(dataset, music).features(indices, arrays["pose"].shape[1])
    pose, music_features, initial = (
        torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(device)
        for values in (arrays["pose"], music_features, arrays["initial_pose"])
    )
    return {"poses": pose.flatten(2), "music": music_features, "initial": initial.flatten(1)}


def chosen_chunks(dataset):
    """Numbers of at most 512 evenly spaced chunks, by which a dataset is measured."""
    return np.unique(np.linspace(0, len(dataset) - 1, _MOST_CHUNKS).astype(int))


def mean_pose(dataset):
    """Mean pose of a dataset's frames, in [-1, 1], shape (2 J,).

    At most 512 evenly spaced chunks are used.
    """
    total, count, chosen = 0.0, 0, chosen_chunks(dataset)
    for first in range(0, len(chosen), _BATCH):
        poses = load_batch(dataset, chosen[first : first + _BATCH])["poses"]
        total = total + poses.double().sum((0, 1))
        count += poses.shape[0] * poses.shape[1]
    return (total / count).float()


def features_of_song(features, samples, data):
    """Features of a song: a row for every begun audio frame.

    Parameters
    ----------
    features : choreo.models.music_features.Features
    samples : ndarray of float32, shape (N,)
        As the data scale them.
    data : DataDescription

    Returns
    -------
    ndarray of float32, shape (T, size)
    """
    times = np.arange(data.frames_of(len(samples))) / data.fps
    return features.hear(samples, data).at(times)


def to_device(value, device):
    """Copy a small tensor to a device without waiting for it."""
    if device.type == "cuda":
        value = value.pin_memory()
    return value.to(device, non_blocking=True)
