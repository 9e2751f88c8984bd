"""How well a model fits a dataset, against the mean pose and against wrong music."""

import numpy as np
import torch

from choreo.models.data import chosen_chunks, load_batch, mean_pose

_BATCH = 16


def measure_fit(model, dataset, *, seed, device="cpu"):
    """Mean absolute error of a model's poses, in network coordinates ([-1, 1]).

    Parameters
    ----------
    model : choreo.models.family.Model
    dataset : Chunks
        At most 512 evenly spaced chunks are used.
    seed : int
        Of what the model draws.
    device : torch.device or str
        Where the chunks are wanted.

    Returns
    -------
    dict of str to float
        ``l1``: of the model. ``l1_shuffled_music``: with each chunk's music replaced
        by that of another one. ``l1_mean_pose``: of the mean pose of all frames, in place
        of a model.
    """
    chosen = chosen_chunks(dataset)
    random = torch.Generator().manual_seed(seed)
    # Half the dataset away: another song, where a song's chunks follow each other.
    other = np.roll(chosen, len(chosen) // 2)
    mean = mean_pose(dataset)
    sums = dict.fromkeys(("l1", "l1_shuffled_music", "l1_mean_pose"), 0.0)
    for first in range(0, len(chosen), _BATCH):
        part, wrong = (
            load_batch(dataset, numbers[first : first + _BATCH], device, music=model.recipe.music)
            for numbers in (chosen, other)
        )
        before = random.get_state()
        right = model.redraw(part, random)
        random.set_state(before)  # the same is drawn for both
        guesses = {
            "l1": right,
            "l1_shuffled_music": model.redraw({**part, "music": wrong["music"]}, random),
            "l1_mean_pose": mean.to(device),
        }
        for name, guess in guesses.items():
            # On the host: mps has no float64.
            errors = (guess - part["poses"]).abs().cpu().double().mean((1, 2))
            sums[name] += float(errors.sum())
    return {name: value / len(chosen) for name, value in sums.items()}
