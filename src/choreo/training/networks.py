"""All networks of a model together, and state dicts from elsewhere."""

from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, PositiveInt, ValidationError
from torch import nn

from choreo.dataset.normalise import CANVAS
from choreo.errors import ConfigError, ItemError
from choreo.outside import reading
from choreo.sealed import load_tensors, load_torch, save_torch
from choreo.training.discriminators import GlobalDiscriminator, LocalDiscriminator
from choreo.training.music_feature_generator import UNUSED, MusicFeatureGenerator
from choreo.training.pose_generator import DanceGenerator
from choreo.training.recipes import recipe_from

# A state dict of the largest network has 15 MB; what is far larger is something else.
_MAXIMUM_BYTES = 1 << 30


class _Data(BaseModel):
    method: Literal[tuple(CANVAS)] | None = None
    canvas: tuple[PositiveInt, PositiveInt] | None = None


class Summary(BaseModel):
    """What is read of a training's summary (``metrics.json``, and the header of weights)."""

    recipe: dict
    data: _Data = _Data()
    trained_on: dict[str, list[str]] | None = None

    @classmethod
    def of(cls, summary):
        """Check a summary that anybody may have written.

        Raises
        ------
        ValueError
            Naming the first entry that is wrong.
        """
        try:
            return cls.model_validate(summary)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"]))
            raise ValueError(f"{name}: {first['msg']}") from error


class Networks(nn.Module):
    """The networks that one recipe trains.

    Attributes
    ----------
    generator : DanceGenerator
    music_feature_generator : MusicFeatureGenerator or None
        None where the recipe has no L_MF.
    discriminator_local : LocalDiscriminator
    discriminator_global : GlobalDiscriminator
    """

    def __init__(self, recipe):
        super().__init__()
        self.generator = DanceGenerator(recipe)
        self.music_feature_generator = (
            None
            if recipe.music_feature_loss == "off"
            else MusicFeatureGenerator(recipe.music_features)
        )
        self.discriminator_local = LocalDiscriminator(dropout=recipe.dropout)
        self.discriminator_global = GlobalDiscriminator(
            recipe.encoder,
            recipe.music_features,
            audio_batching=recipe.audio_batching,
            dropout=recipe.dropout,
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


def save_state(network, path):
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


def read_trained(
    path, *, prefix="", also=(), data=(), remedy="Give the .safetensors that training wrote"
):
    """Read the file that training wrote.

    Parameters
    ----------
    path : str or Path
    prefix : str
        Only tensors whose names begin so, such as ``generator.``; it is taken off.
    also : tuple of str
        Whole names of further tensors.
    data : tuple of str
        What the summary must say of the data, such as ``method``.
    remedy : str
        For the message.

    Returns
    -------
    recipe : Recipe
    summary : dict
        What ``metrics.json`` holds.
    state : dict of str to Tensor

    Raises
    ------
    ItemError
        Where the file is missing, no such file, or of another version's switches.
    """
    what = "a model of choreo"
    summary, tensors = load_tensors(
        path,
        what,
        wanted=lambda name: name.startswith(prefix) or name in also,
        remedy=remedy,
    )
    with reading(path, what, remedy=remedy):
        checked = Summary.of(summary)
        read = {key: getattr(checked.data, key) for key in data}
        missing = [key for key, value in read.items() if value is None]
        missing += [name for name in also if name not in tensors]
        if missing:
            raise KeyError(missing[0])
        state = {name.removeprefix(prefix): value for name, value in tensors.items()}
        broken = [name for name, value in tensors.items() if not torch.isfinite(value).all()]
        if broken:
            raise ItemError(f"weights that are not finite ({broken[0]})", where=path)
    try:
        return recipe_from(summary["recipe"]), summary, state
    except ConfigError as error:
        raise ItemError(
            f"the recipe in its header is not of this version of choreo ({error.where}: "
            f"{error.message})",
            where=path,
            value=error.value,
            remedy="Train it anew, or use the version that wrote it (`code` in metrics.json)",
        ) from error


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
