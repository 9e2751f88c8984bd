"""What the thesis's published FID measured: its released code's loader and features.

Not a way to compare models: see docs/evaluation.md.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from choreo.dataset import description
from choreo.errors import ItemError
from choreo.evaluation.frechet import released_clips, released_fid
from choreo.evaluation.segments import Segments
from choreo.models.gan.networks import Networks, fill
from choreo.models.weights import read_trained

CANVAS = description.CANVAS["released"]
"""Which the constants of the released code's loader are made for."""
BATCH = 16
"""Clips at once; a last batch of fewer is left out there."""


def load_discriminator(path):
    """Read D_global from the weights of a trained model.

    The released code takes its GRU model's, after 350 epochs: one of the models that it
    compares.

    Parameters
    ----------
    path : str or Path
        ``weights.safetensors`` of `choreo.training.train`.

    Returns
    -------
    GlobalDiscriminator

    Raises
    ------
    ItemError
        Where the file is missing or no such file.
    """
    recipe, _, state = read_trained(path, prefix="discriminator_global.", family="gan")
    network = Networks(recipe).discriminator_global
    fill(network, state, where=path)
    return network


def discriminator_features(network, clips, *, seed=0):
    """Features of clips from D_global's sixth layer, with dropout on.

    Parameters
    ----------
    network : GlobalDiscriminator
    clips : ndarray, shape (N, 50, 18, 2)
        As `choreo.evaluation.frechet.released_clips` gives them.
    seed : int
        Of the dropout, which the released code leaves on and does not seed.

    Returns
    -------
    ndarray of float64, shape (N - N % 16, 1536)
    """
    batches = torch.from_numpy(np.ascontiguousarray(clips, np.float32)).flatten(2)
    found = [torch.zeros(0, 1536)]
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for start in range(0, len(batches) - BATCH + 1, BATCH):
            stem = network.look(batches[start : start + BATCH])
            found.append(network.pose_encoder.head(stem, drop=True).conv6.flatten(1))
    return torch.cat(found).double().numpy()


def published_fid(generated, real, network, *, seed=0):
    """The four numbers that the released code would print as FID of these dances.

    Parameters
    ----------
    generated, real : Segments
        On the released canvas. Generated positions are cut to whole pixels, which its
        loader then turns into zeros; real ones keep their fractions.
    network : GlobalDiscriminator
    seed : int
        Of the dropout.

    Returns
    -------
    dict
        See `choreo.evaluation.frechet.released_fid`.

    Raises
    ------
    ItemError
        Where the canvas is another, or there are fewer than 16 segments.
    """
    features = []
    for segments, kind in ((generated, np.int64), (real, np.float64)):
        if segments.canvas != CANVAS:
            raise ItemError(
                "the published FID needs dances on the released canvas",
                value=segments.canvas,
                remedy="Set dataset.method to released",
            )
        if len(segments) < BATCH:
            raise ItemError(
                f"the published FID needs at least {BATCH} segments", value=len(segments)
            )
        clips = released_clips(segments.pixels.astype(kind))
        features.append(discriminator_features(network, clips, seed=seed))
    return released_fid(*features)


def fid_or_reason(
    generated: Segments, real: Segments, path: str | Path, *, seed: int = 0
) -> dict[str, Any]:
    """`published_fid`, or why there is none.

    Parameters
    ----------
    generated, real : Segments
    path : str or Path
        Weights of the model whose D_global gives the features.
    seed : int
        Of the dropout.

    Returns
    -------
    dict
        Of `published_fid`, or ``{"missing": reason}`` for dances on another canvas and
        for too few of them.
    """
    few = min(len(generated), len(real))
    if generated.canvas != CANVAS:
        return {"missing": "it needs dataset.method: released"}
    if few < BATCH:
        return {"missing": f"it needs {BATCH} segments of 5 s, and there are {few}"}
    return published_fid(generated, real, load_discriminator(path), seed=seed)
