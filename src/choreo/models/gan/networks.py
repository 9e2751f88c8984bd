"""All networks of a model together, and state dicts from elsewhere."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from choreo.errors import ItemError
from choreo.files.outside import reading
from choreo.files.sealed import load_torch, save_torch
from choreo.models.gan.discriminators import GlobalDiscriminator, LocalDiscriminator
from choreo.models.gan.music_feature_generator import UNUSED, MusicFeatureGenerator
from choreo.models.gan.pose_generator import DanceGenerator

# A state dict of the largest network has 15 MB; what is far larger is something else.
_MAXIMUM_BYTES = 1 << 30


class Networks(nn.Module):
    """The networks that one recipe trains.

    Parameters
    ----------
    recipe : Recipe
    generator : DanceGenerator, optional
        Made already.

    Attributes
    ----------
    generator : DanceGenerator
    music_feature_generator : MusicFeatureGenerator or None
        None where the recipe has no L_MF.
    discriminator_local : LocalDiscriminator
    discriminator_global : GlobalDiscriminator
    """

    def __init__(self, recipe, generator=None):
        super().__init__()
        self.generator = DanceGenerator(recipe) if generator is None else generator
        self.music_feature_generator = (
            None
            if recipe.music_feature_loss == "off"
            else MusicFeatureGenerator(recipe.music_features)
        )
        self.discriminator_local = LocalDiscriminator(
            dropout=recipe.dropout, kernels=recipe.kernels
        )
        self.discriminator_global = GlobalDiscriminator(
            recipe.encoder,
            recipe.music_features,
            audio_batching=recipe.audio_batching,
            dropout=recipe.dropout,
            kernels=recipe.kernels,
        )

    def trained(self):
        """Names and networks, in the order in which they are updated."""
        return [(name, network) for name, network in self.named_children() if network is not None]


def load_state(network, path):
    """Load a state dict that another program wrote into a network.

    Nothing in the file can run code. Layers that the released music-feature generator
    holds but never uses are left out.

    Parameters
    ----------
    network : nn.Module
    path : str or Path
        A ``.pth`` file.

    Raises
    ------
    ItemError
        Where the file is missing, no state dict, or made for another network.
    """
    path = Path(path)
    remedy = "Give a .pth file that holds only tensors by name"
    with reading(path, "a state dict", remedy=remedy):
        if path.stat().st_size > _MAXIMUM_BYTES:
            raise ItemError("too large for a state dict", where=path, value=path.stat().st_size)
    state = load_torch(path, "a state dict", remedy=remedy)
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise ItemError(
            "not a state dict", where=path, remedy="Give a .pth file that holds tensors by name"
        )
    fill(network, state, where=path)


def save_state(network: nn.Module, path: str | Path) -> None:
    """Write a network's state dict as the released code reads it.

    ``torch.load(path, weights_only=True)`` gives tensors by name, in the order of the
    network's parameters, which with a ``released`` recipe is that of the released files.

    Parameters
    ----------
    network : nn.Module
    path : str or Path
        The ``.pth`` to write.
    """
    state = {n: value.detach().cpu().clone() for n, value in network.state_dict().items()}
    save_torch(path, state)


def fill(network, state, *, where=None):
    """Put a state dict into a network, strictly; see `load_state`."""
    if isinstance(network, MusicFeatureGenerator):
        state = {name: value for name, value in state.items() if not name.startswith(UNUSED)}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        problem = "; ".join(line.strip() for line in str(error).splitlines()[1:3])
        raise ItemError(
            f"weights of another network: {problem[:300]}",
            where=where,
            remedy="Check the model's switches (encoder, music_features, initial_pose)",
        ) from error
