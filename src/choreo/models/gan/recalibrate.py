"""BatchNorm's running statistics, taken anew from a dataset."""

import numpy as np
import torch
from torch import nn

from choreo.models.data import chosen_chunks, load_batch
from choreo.models.gan.music_encoder import running_statistics
from choreo.models.gan.pose_generator import draw_noise

_BATCH = 16


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
    was_training, device = generator.training, next(generator.parameters()).device
    for layer in generator.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.reset_running_stats()
    generator.train()
    chosen = chosen_chunks(dataset)
    # Batches of nearly one size, so that none of a few frames weighs as much as the rest.
    parts = np.array_split(chosen, max(1, round(len(chosen) / _BATCH)))
    # No momentum is torch's way to say: the plain mean of all batches.
    with running_statistics(generator, lambda momentum: None), torch.random.fork_rng():
        torch.manual_seed(seed)
        for part in parts:
            batch = load_batch(dataset, part, device)
            noise = draw_noise(*batch["poses"].shape[:2]).to(device)
            generator(batch["music"], batch["initial"], noise)
    generator.train(was_training)
