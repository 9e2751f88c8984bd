"""The frameworks of the thesis's Figures 3 and 4, as a real forward pass shows them.

Nothing here is known beforehand: which layers there are, what each gives and which network
hears which is read off the modules while they compute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from choreo.models.gan.discriminators import windows
from choreo.models.gan.music_encoder import FRAME_SAMPLES
from choreo.models.gan.networks import Networks
from choreo.models.gan.pose_generator import COORDINATES, ResidualBlock, draw_noise
from choreo.rates import CHUNK_SECONDS, POSE_FPS

if TYPE_CHECKING:
    from choreo.models.gan.recipe import Recipe

MUSIC, START, NOISE = "music", "initial pose", "noise"
"""What a framework is given, as `Flow` names it."""

_CLIPS = 3


@dataclass(frozen=True)
class Layer:
    """A layer as it computed.

    Attributes
    ----------
    name : str
        Of the module, from the network down: ``audio_encoder.encoder.cl.0``.
    text : str
        What it is, with its sizes.
    shape : tuple of int
        What it gave, of one clip, frame or window.
    each : {"clip", "frame", "window"}
        What `shape` is of.
    parameters : int
    """

    name: str
    text: str
    shape: tuple
    each: str
    parameters: int


@dataclass(frozen=True)
class Flow:
    """What one network gives to another.

    Attributes
    ----------
    source, target : str
        Networks by their modules' names, or `MUSIC`, `START`, `NOISE`.
    shape : tuple of int
        Of one clip.
    """

    source: str
    target: str
    shape: tuple


@dataclass(frozen=True)
class Framework:
    """The networks of a recipe.

    Attributes
    ----------
    recipe : choreo.models.gan.recipe.Recipe
    networks : dict of str to list of Layer
        Network by its module's name -> its layers, as they follow each other.
    flows : list of Flow
    gives : dict of str to tuple of int
        Network -> shape of what it gives, of one clip.
    """

    recipe: object
    networks: dict
    flows: list
    gives: dict

    def parameters(self, network):
        """Parameters of a network."""
        return sum(layer.parameters for layer in self.networks[network])


ENCODER, DANCER = "generator.audio_encoder", "generator.pose_generator"
LISTENER = "music_feature_generator"
LOCAL, GLOBAL = "discriminator_local", "discriminator_global"
NETWORKS = (ENCODER, DANCER, LISTENER, LOCAL, GLOBAL)
"""Modules of `choreo.models.gan.networks.Networks` that the figures show, if there."""


@torch.no_grad()
def trace(recipe: Recipe) -> Framework:
    """Compute one forward pass of all networks of a recipe, and note what happens.

    Parameters
    ----------
    recipe : choreo.models.gan.recipe.Recipe

    Returns
    -------
    Framework
    """
    frames = round(CHUNK_SECONDS * POSE_FPS)
    networks = Networks(recipe).eval()
    given = {
        MUSIC: torch.randn(_CLIPS, frames, FRAME_SAMPLES),
        START: torch.zeros(_CLIPS, COORDINATES),
        NOISE: draw_noise(_CLIPS, frames),
    }
    seen = _Seen(networks, given)
    poses = networks.generator(given[MUSIC], given[START], given[NOISE])
    if networks.music_feature_generator is not None:
        networks.music_feature_generator(poses)
    networks.discriminator_local(poses)
    networks.discriminator_global(poses, given[MUSIC])
    seen.end()
    # The discriminators give their maps by the layers' names, after pooling.
    cut = windows(poses)
    seen.maps(LOCAL, networks.discriminator_local, cut)
    eye = f"{GLOBAL}.pose_encoder"
    joints = poses.view(_CLIPS, frames, -1, cut.shape[-1])
    seen.maps(eye, networks.discriminator_global.pose_encoder, joints)
    return seen.framework(recipe)


class _Seen:
    """Hooks on the networks, and what they saw."""

    def __init__(self, networks, given):
        self._networks, self._windows = networks, 0
        self._sources = {id(tensor): name for name, tensor in given.items()}
        self._kept = list(given.values())  # while they are kept, no other has their id
        self._shapes, self._flows, self._gives = {}, [], {}
        self._hooks = []
        for name, module in networks.named_modules():
            if name in NETWORKS:
                hook = self._network(name)
            elif _computes(module):
                hook = self._layer(name)
            else:
                continue
            self._hooks.append(module.register_forward_hook(hook, with_kwargs=True))

    def end(self):
        for hook in self._hooks:
            hook.remove()

    def _network(self, name):
        def hook(module, inputs, named, output):
            for tensor in (*inputs, *named.values()):
                source = self._sources.get(id(tensor))
                if source and _takes(module, source):
                    self._flows.append(Flow(source, name, tuple(tensor.shape[1:])))
            # G_d gives what its pose generator gives.
            self._sources[id(output)] = name
            self._kept.append(output)
            self._gives[name] = tuple(output.shape[1:])

        return hook

    def _layer(self, name):
        def hook(module, inputs, named, output):
            output = output[0] if isinstance(output, tuple) else output
            self._shapes[name] = tuple(output.shape)

        return hook

    def maps(self, name, network, sequences):
        """Take the maps of a co-occurrence network, in their order, for those of its hooks."""
        if len(sequences) > _CLIPS:
            self._windows = len(sequences)
        stem = network.stem(sequences)
        head = network.head(stem, drop=False)
        for layer, values in (stem._asdict() | head._asdict()).items():
            self._shapes.pop(f"{name}.{layer}", None)
            self._shapes[f"{name}.{layer}"] = tuple(values.shape)

    def framework(self, recipe):
        found = {name: [] for name in NETWORKS}
        for network in NETWORKS:
            module = self._networks
            for part in network.split("."):
                module = getattr(module, part)
            if module is None:
                del found[network]
                continue
            called = list(self._shapes)
            parts = [name for name, _ in module.named_children()]
            ordered = sorted(
                _layers(module),
                key=lambda found: (
                    parts.index(found[0].split(".")[0]),
                    called.index(self._called(f"{network}.{found[0]}")),
                ),
            )
            for name, layer in ordered:
                shape = self._shapes[self._called(f"{network}.{name}")]
                each = {_CLIPS: "clip", self._windows: "window"}.get(shape[0], "frame")
                count = sum(p.numel() for p in layer.parameters())
                found[network].append(Layer(name, describe(layer), shape[1:], each, count))
        return Framework(recipe, found, self._flows, self._gives)

    def _called(self, name):
        # A convolution over all that is left is computed as a matrix product: what comes out
        # is what its network gives.
        return name if name in self._shapes else name.rpartition(".cl.")[0]


_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.GRU, nn.LSTM, nn.BatchNorm1d, ResidualBlock)


def _computes(module):
    return isinstance(module, _LAYERS) or hasattr(module, "cl")


def _takes(network, source):
    """Whether what a network was given has an effect on what it gives."""
    if source == START:
        return getattr(network, "initial_pose", "none") == "features"
    return source != NOISE or network.rnn_noise is not None


def _layers(module, name=""):
    """Layers with parameters, each once, by name; those of a residual block are one."""
    if isinstance(module, _LAYERS):
        yield name, module
        return
    children = list(module.named_children())
    if isinstance(module, nn.Sequential) and len(children) == 1:
        # Named as the map that it gives.
        yield name, children[0][1]
        return
    for child, inner in children:
        yield from _layers(inner, f"{name}.{child}" if name else child)


def describe(layer: nn.Module) -> str:
    """What a layer is, with its sizes.

    Parameters
    ----------
    layer : nn.Module
        One of those that the thesis's networks are made of.
    """
    match layer:
        case nn.Linear():
            return f"Linear, {layer.in_features} to {layer.out_features}"
        case nn.Conv1d() | nn.Conv2d():
            size = "×".join(map(str, layer.kernel_size))
            step = f", step {layer.stride[0]}" if layer.stride[0] > 1 else ""
            dimensions = len(layer.kernel_size)
            return (
                f"Conv{dimensions}d, {layer.in_channels} to {layer.out_channels}, kernel "
                f"{size}{step}"
            )
        case nn.RNNBase():
            layers = f", {layer.num_layers} layers" if layer.num_layers > 1 else ""
            ways = ", both ways" if layer.bidirectional else ""
            return f"{layer.mode}, {layer.input_size} to {layer.hidden_size}{layers}{ways}"
        case nn.BatchNorm1d():
            return f"BatchNorm, {layer.num_features}, ReLU"
        case ResidualBlock():
            parts = [type(part).__name__ for part in layer.layer]
            half = parts[: len(parts) // 2]
            if parts != half * 2:
                raise ValueError(f"a residual block of {parts}")
            names = ", ".join(part.removesuffix("1d") for part in half)
            return f"Residual block: x + 2 times ({names})"
    raise TypeError(f"no layer of the thesis's networks: {type(layer).__name__}")
