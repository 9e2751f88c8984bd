"""Figure 3, both frameworks, and Figure 4, the thesis's one in detail, from the real modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from choreo.figures import Box, diagram, draw_arrow, draw_box
from choreo.training.frameworks import (
    DANCER,
    ENCODER,
    GLOBAL,
    LISTENER,
    LOCAL,
    MUSIC,
    NOISE,
    START,
    Framework,
    Layer,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = {
    ENCODER: "E_m, music encoder",
    DANCER: "G_p, pose generator",
    LISTENER: "G_mf, music-feature generator",
    LOCAL: "D_local, local temporal discriminator",
    GLOBAL: "D_global, global content discriminator",
}
"""Networks as the thesis calls them (sections 4.2.1 to 4.2.4)."""

_KINDS = {ENCODER: "first", DANCER: "first", LISTENER: "first", LOCAL: "second", GLOBAL: "second"}
_SHORT = {network: name.partition(",")[0] for network, name in NAMES.items()}


def sizes(shape: tuple[int, ...], each: str = "clip") -> str:
    """A shape as people read it: ``50 × 128``, ``16 × 100 a frame``."""
    text = " × ".join(map(str, shape))
    return text if each == "clip" else f"{text} a {each}"


def losses(recipe) -> list[str]:
    """Terms of a recipe's full objective, eq. (7), with their weights.

    Parameters
    ----------
    recipe : choreo.models.gan.recipe.Recipe
    """
    weights = recipe.loss_weights
    terms = [("L_GAN", weights.adversarial)]
    if recipe.feature_matching != "off":
        terms.append(("L_FM", weights.feature_matching))
    terms.append(("L_1", weights.l1))
    if recipe.music_feature_loss != "off":
        terms.append(("L_MF", weights.music_feature))
    if recipe.perceptual_loss:
        terms.append(("pose perceptual loss (ST-GCN)", weights.perceptual))
    return [text if weight == 1 else f"{weight:g} {text}" for text, weight in terms]


def figure3(original: Framework, adapted: Framework) -> Figure:
    """Draw which network hears which, in both frameworks.

    Parameters
    ----------
    original : choreo.training.frameworks.Framework
        That of Ren et al. (2020), on top.
    adapted : choreo.training.frameworks.Framework
        The thesis's.
    """
    figure, axis = diagram(9.4, 7.5)
    _overview(axis, original, 3.85, "Original framework (Ren et al., 2020)")
    _overview(axis, adapted, 0.05, "Adapted framework (thesis)")
    return figure


# Left and middle of each part of Figure 3, in inches from its panel's corner.
_PLACES = {
    MUSIC: (0.15, 2.15),
    ENCODER: (1.5, 2.15),
    DANCER: (4.1, 2.15),
    START: (3.75, 3.0),
    NOISE: (5.1, 3.0),
    LOCAL: (7.2, 2.75),
    GLOBAL: (7.2, 1.55),
    LISTENER: (4.1, 1.1),
}
_WIDTHS = {MUSIC: 1.1, START: 1.2, NOISE: 1.2}


def _overview(axis, framework, bottom, title):
    recipe, flows = framework.recipe, framework.flows
    axis.text(0.15, bottom + 3.45, title, fontsize=11, fontweight="bold", va="center")
    boxes = {}
    given = {flow.source: flow.shape for flow in flows if flow.source not in NAMES}
    for name in (*given, *framework.networks):
        left, middle = _PLACES[name]
        height = 0.42 if name in given else 0.8
        box = Box(left, bottom + middle - height / 2, _WIDTHS.get(name, 2.05), height)
        if name in given:
            draw_box(axis, box, f"{name}\n{sizes(given[name])}", kind="given")
        else:
            draw_box(axis, box, _about(framework, name), kind=_KINDS[name])
        boxes[name] = box
    for flow in flows:
        _flow(axis, boxes, flow)
    if LISTENER in boxes:
        # What it gives is compared with what the encoder gave.
        one, other = boxes[LISTENER], boxes[ENCODER]
        x = other.at(0.5, 0)[0]
        draw_arrow(axis, one.at(0, 0.5), (x, one.at(0, 0.5)[1]), other.at(0.5, 0), linestyle="--")
        text = f"L_MF compares\n{sizes(framework.gives[LISTENER])}"
        axis.text(x + 0.08, one.at(0, 0.5)[1] + 0.06, text, fontsize=8, va="bottom")
    said = "Full objective, eq. (7): " + " + ".join(losses(recipe))
    axis.text(0.15, bottom + 0.22, said, fontsize=8.5, va="center")


def _about(framework, network):
    count = framework.parameters(network)
    name, _, what = NAMES[network].partition(", ")
    kind = f", {framework.recipe.encoder.upper()}" if network == ENCODER else ""
    gives = sizes(framework.gives[network])
    return f"{name}\n{what}{kind}\ngives {gives}; {count / 1e6:.1f} M parameters"


def _flow(axis, boxes, flow):
    one, other = boxes[flow.source], boxes[flow.target]
    text = sizes(flow.shape) if flow.source in NAMES else ""
    if flow.source in (START, NOISE):
        x = min(max(one.at(0.5, 0)[0], other.left + 0.2), other.left + other.width - 0.2)
        draw_arrow(axis, (x, one.bottom), (x, other.bottom + other.height))
    elif (flow.source, flow.target) == (MUSIC, GLOBAL):
        # Below everything that is between them.
        y = other.bottom - 0.63
        x, end = one.at(0.5, 0)[0], other.at(0.5, 0)[0]
        draw_arrow(axis, one.at(0.5, 0), (x, y), (end, y), other.at(0.5, 0))
    elif flow.target == LISTENER:
        draw_arrow(axis, one.at(0.5, 0), other.at(0.5, 1))
    elif flow.target in (LOCAL, GLOBAL):
        start, end = one.at(1, 0.5), other.at(0, 0.5)
        x = end[0] - 0.2
        draw_arrow(axis, start, (x, start[1]), (x, end[1]), end)
        if flow.target == LOCAL:
            axis.text(start[0] + 0.03, start[1] + 0.04, f"dance {text}", fontsize=7, va="bottom")
    else:
        draw_arrow(axis, one.at(1, 0.5), other.at(0, 0.5))
        if text:
            x = (one.at(1, 0)[0] + other.left) / 2
            axis.text(x, one.at(0, 0.5)[1] + 0.04, text, fontsize=7, ha="center", va="bottom")


_ROW, _GAP, _HEAD, _FOOT, _BETWEEN = 0.42, 0.1, 0.5, 0.24, 0.55
_COLUMNS, _WIDTH = (0.12, 2.98, 5.84), 2.64
_BESIDE = ("rnn_noise", "layeri")
"""Layers of the pose generator whose results are joined to the music features."""


@dataclass(frozen=True)
class Row:
    """One box of Figure 4.

    Attributes
    ----------
    text : str
        What the layer is.
    name : str
        Its module's name, and what it gives.
    """

    text: str
    name: str


def figure4(framework: Framework) -> Figure:
    """Draw the layers of every network with what each gave.

    Parameters
    ----------
    framework : choreo.training.frameworks.Framework
        The thesis's.
    """
    networks = framework.networks
    upper = {name: rows(networks[name]) for name in (ENCODER, DANCER, LISTENER) if name in networks}
    local = rows(networks[LOCAL])
    of_poses = rows(networks[GLOBAL], "pose_encoder.")
    of_music = rows(networks[GLOBAL], "audio_encoder.", "attention.")
    parts = ("pose_encoder.", "audio_encoder.", "attention.")
    ends = rows([layer for layer in networks[GLOBAL] if not layer.name.startswith(parts)])
    # The two halves of D_global have a heading each.
    deep = max(len(of_poses), len(of_music)) + len(ends)
    above, below = (
        _HEAD + _FOOT + _GAP + count * (_ROW + _GAP)
        for count in (max(map(len, upper.values())), deep)
    )
    below += 0.2
    height = above + below + _BETWEEN + 0.25
    figure, axis = diagram(8.6, height)
    places = {}
    for left, (name, found) in zip(_COLUMNS, upper.items()):
        box = Box(left, height - 0.12 - above, _WIDTH, above)
        places[name] = _outlined(axis, framework, name, box)
        _stack(axis, found, box, box.bottom + above - _HEAD - _GAP)
    box = Box(_COLUMNS[0], 0.12, _WIDTH, below)
    places[LOCAL] = _outlined(axis, framework, LOCAL, box)
    _stack(axis, local, box, box.bottom + below - _HEAD - _GAP)
    wide = Box(_COLUMNS[1], 0.12, _COLUMNS[2] + _WIDTH - _COLUMNS[1], below)
    places[GLOBAL] = _outlined(axis, framework, GLOBAL, wide)
    top = wide.bottom + below - _HEAD
    for left, name, found in ((1, "pose_encoder", of_poses), (2, "audio_encoder", of_music)):
        half = Box(_COLUMNS[left], wide.bottom, _WIDTH, below)
        axis.text(half.left + 0.1, top - 0.09, name, fontsize=7, fontstyle="italic", va="center")
        _stack(axis, found, half, top - 0.2)
    under = top - 0.2 - (deep - len(ends)) * (_ROW + _GAP)
    _stack(axis, ends, wide, under)
    for place, found in ((1, of_poses), (2, of_music)):
        x = _COLUMNS[place] + _WIDTH / 2
        last = top - 0.2 - len(found) * (_ROW + _GAP) + _GAP
        draw_arrow(axis, (x, last), (x, under), mutation_scale=6)
    for flow in framework.flows:
        if flow.source in NAMES:
            _between(axis, places[flow.source], places[flow.target], beside=flow.target in upper)
    return figure


def rows(layers: list[Layer], *prefixes: str) -> list[list[Row]]:
    """Boxes of a network, those that stand beside each other in one list.

    Parameters
    ----------
    layers : list of Layer
    *prefixes : str
        Only layers whose names begin so; the first is not said again with each.

    Returns
    -------
    list of list of Row
        BatchNorm stands with the layer before it, and layers that position and motion pass
        alike (``conv1``, ``conv1m``) in one box.
    """
    named = {layer.name: layer for layer in layers}
    found: list[list[list[str]]] = []
    for layer in layers:
        if prefixes and not layer.name.startswith(prefixes):
            continue
        name = layer.name.removeprefix(prefixes[0] if prefixes else "")
        own = name.rpartition(".")[2]
        if layer.text.startswith("BatchNorm") and found:
            found[-1][-1][0] += ", BatchNorm, ReLU"
            # Sequential numbers what it holds.
            inner = name.removesuffix(".0").rpartition(".")
            found[-1][-1][1] += f", {'.'.join([inner[0].rpartition('.')[2], inner[2]])}"
            continue
        twin = named.get(f"{layer.name}m")
        if twin is None and own.endswith("m") and _alike(named.get(layer.name[:-1]), layer):
            continue
        if _alike(twin, layer):
            name += f" (position), {own}m (motion)"
        row = [layer.text, name, sizes(layer.shape, layer.each)]
        if own in _BESIDE and found and found[-1][-1][1] in _BESIDE:
            found[-1].append(row)
        else:
            found.append([row])
    return [[Row(text, f"{name} → {gave}") for text, name, gave in row] for row in found]


def _alike(one, other):
    return one is not None and (one.text, one.shape) == (other.text, other.shape)


def _outlined(axis, framework, network, box):
    """Draw a network's outline with its name, what it takes and what it gives."""
    draw_box(axis, box, kind=_KINDS[network])
    middle = {"ha": "center", "va": "center"}
    x, top = box.at(0.5, 1)
    axis.text(x, top - 0.14, NAMES[network], fontsize=8.5, fontweight="bold", **middle)
    inputs = ", ".join(
        f"{_SHORT.get(flow.source, flow.source)} {sizes(flow.shape)}"
        for flow in framework.flows
        if flow.target == network
    )
    said = f"takes {inputs}"
    axis.text(x, top - 0.36, said, fontsize=_fitting(said, 7.5, box.width), **middle)
    count = framework.parameters(network) / 1e6
    said = f"gives {sizes(framework.gives[network])}; {count:.1f} M parameters"
    axis.text(x, box.bottom + 0.13, said, fontsize=7.5, **middle)
    return box


def _fitting(words, size, width):
    """Size in points at which a line of words is not wider than a box."""
    return min(size, 72 * width / (0.56 * max(1, len(words))))


def _stack(axis, found, outline, top):
    for number, row in enumerate(found):
        width = (outline.width - 0.08 * (1 + len(row))) / len(row)
        bottom = top - number * (_ROW + _GAP) - _ROW
        for place, words in enumerate(row):
            left = outline.left + 0.08 + place * (width + 0.08)
            box = draw_box(axis, Box(left, bottom, width, _ROW))
            for text, up, size, colour in (
                (words.text, 0.7, 7, "#000000"),
                (words.name, 0.28, 6.5, "#333333"),
            ):
                style = {"ha": "center", "va": "center", "color": colour}
                fitting = _fitting(text, size, width)
                axis.text(*box.at(0.5, up), text, fontsize=fitting, **style)
            if number:
                x, end = box.at(0.5, 1)
                # From those beside each other to the one that takes both.
                before = found[number - 1]
                for start in range(len(before)):
                    shift = (start - (len(before) - 1) / 2) * outline.width / len(before)
                    draw_arrow(axis, (x + shift, end + _GAP), (x + shift, end), mutation_scale=6)


def _between(axis, one, other, *, beside):
    if beside:
        start = one.at(1, 0)[0], one.bottom + 0.13
        end = other.left, other.bottom + other.height - 0.14
        x = (start[0] + end[0]) / 2
        draw_arrow(axis, start, (x, start[1]), (x, end[1]), end)
        return
    start, end = one.at(0.5, 0), other.at(0.5, 1)
    y = (start[1] + end[1]) / 2
    draw_arrow(axis, start, (start[0], y), (end[0], y), end)
