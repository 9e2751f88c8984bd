"""How well a generator fits a dataset, against the mean pose and against wrong music."""

import numpy as np
import torch
from torch import nn

from choreo.training.data import load_batch
from choreo.training.pose_generator import draw_noise

_MOST_CHUNKS = 512
_BATCH = 16


def _chosen(dataset):
    return np.unique(np.linspace(0, len(dataset) - 1, _MOST_CHUNKS).astype(int))


@torch.no_grad()
def measure_fit(generator, dataset, *, seed):
    """Mean absolute error of generated poses, in network coordinates ([-1, 1]).

    Parameters
    ----------
    generator : DanceGenerator
        Used in eval mode.
    dataset : Chunks
        At most 512 evenly spaced chunks are used.
    seed : int
        Of the noise.

    Returns
    -------
    dict of str to float
        ``l1``: of the generator. ``l1_shuffled_music``: with each chunk's music replaced
        by that of another one. ``l1_mean_pose``: of the mean pose of all frames, in place
        of a generator.
    """
    was_training = generator.training
    generator.eval()
    device = next(generator.parameters()).device
    chosen = _chosen(dataset)
    random = torch.Generator().manual_seed(seed)
    # Half the dataset away: another song, where a song's chunks follow each other.
    other = np.roll(chosen, len(chosen) // 2)
    mean = mean_pose(dataset)
    sums = dict.fromkeys(("l1", "l1_shuffled_music", "l1_mean_pose"), 0.0)
    for first in range(0, len(chosen), _BATCH):
        part = load_batch(dataset, chosen[first : first + _BATCH], device)
        wrong = load_batch(dataset, other[first : first + _BATCH], device)
        noise = draw_noise(*part["poses"].shape[:2], generator=random).to(device)
        guesses = {
            "l1": generator(part["audio"], part["initial"], noise),
            "l1_shuffled_music": generator(wrong["audio"], part["initial"], noise),
            "l1_mean_pose": mean.to(device),
        }
        for name, guess in guesses.items():
            # On the host: mps has no float64.
            errors = (guess - part["poses"]).abs().cpu().double().mean((1, 2))
            sums[name] += float(errors.sum())
    generator.train(was_training)
    return {name: value / len(chosen) for name, value in sums.items()}


def mean_pose(dataset):
    """Mean pose of a dataset's frames, in [-1, 1], shape (36,).

    At most 512 evenly spaced chunks are used.
    """
    total, count, chosen = 0.0, 0, _chosen(dataset)
    for first in range(0, len(chosen), _BATCH):
        poses = load_batch(dataset, chosen[first : first + _BATCH])["poses"]
        total = total + poses.double().sum((0, 1))
        count += poses.shape[0] * poses.shape[1]
    return (total / count).float()


@torch.no_grad()
def recalibrate(generator, dataset, *, seed):
    """Take BatchNorm's running statistics anew, as means over a dataset.

    Parameters
    ----------
    generator : DanceGenerator
    dataset : Chunks
        At most 512 evenly spaced chunks are used, in batches of 16.
    seed : int
        Of the noise and the dropout.
    """
    layers = [m for m in generator.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    own = [layer.momentum for layer in layers]
    was_training, device = generator.training, next(generator.parameters()).device
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # torch's way to say: the plain mean of all batches
    generator.train()
    chosen = _chosen(dataset)
    # Batches of nearly one size, so that none of a few frames weighs as much as the rest.
    parts = np.array_split(chosen, max(1, round(len(chosen) / _BATCH)))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for part in parts:
            batch = load_batch(dataset, part, device)
            noise = draw_noise(*batch["poses"].shape[:2]).to(device)
            generator(batch["audio"], batch["initial"], noise)
    for layer, momentum in zip(layers, own, strict=True):
        layer.momentum = momentum
    generator.train(was_training)
