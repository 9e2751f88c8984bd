"""Figure 1: the complete process, drawn from the rules of the workflow."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise, permutations, product, zip_longest
from typing import TYPE_CHECKING

from choreo.figures import Box, diagram, draw_arrow, draw_box

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PARTS = {
    "Pose estimation": ("first", ("videos", "poses", "comparison", "cleaning")),
    "Dance generation": (
        "second",
        ("dataset", "corpus", "training", "songs", "dances", "evaluation"),
    ),
}
"""The two experiments of the thesis, how they are drawn, and their stages; others are of both."""
OTHERS = "third"

_HEAD = re.compile(r"Stage `(\w+)`: (.+?)(?:;|\.(?= |$)|$)")


@dataclass(frozen=True)
class Stages:
    """The rule graph, a stage a node.

    Attributes
    ----------
    rules : dict of str to list of str
        Stage, in the order of the Snakefile -> its rules that the study uses.
    edges : set of (str, str)
        Stages of which one's rules take what the other's make.
    said : dict of str to str
        Stage -> what it makes.
    """

    rules: dict
    edges: set
    said: dict = field(default_factory=dict)

    def shown(self) -> set[tuple[str, str]]:
        """Edges that follow from no others."""
        after = {stage: {b for a, b in self.edges if a == stage} for stage in self.rules}
        return {
            (one, other)
            for one, other in self.edges
            if not any(other in _reached(after, third) for third in after[one] - {other})
        }

    def layers(self) -> list[list[str]]:
        """Stages by the longest way to them."""
        left, found = list(self.rules), []
        while left:
            waiting = {other for one, other in self.edges if one in left}
            found.append([stage for stage in left if stage not in waiting])
            left = [stage for stage in left if stage in waiting]
        return found


def stages_of(dot: str, files: Mapping[str, str], said: Mapping[str, str]) -> Stages:
    """Gather rules into stages.

    Parameters
    ----------
    dot : str
        What ``snakemake --rulegraph dot`` prints.
    files : dict of str to str
        Rule -> stem of the file that it stands in, which is its stage's name.
    said : dict of str to str
        Stage -> what it makes; rules of files of no stage (`said_of`) are left out.

    Returns
    -------
    Stages
        Stages that each take something of the
        other are one: ``songs and dances``.
    """
    rules = dict(re.findall(r'(\d+)\[label = "(\w+)"', dot))
    used = set(rules.values())
    files = {rule: stage for rule, stage in files.items() if stage in said}
    found: dict[str, list[str]] = {}
    for rule, stage in files.items():
        if rule in used:
            found.setdefault(stage, []).append(rule)
    edges = {
        (files[rules[one]], files[rules[other]])
        for one, other in re.findall(r"(\d+) -> (\d+)", dot)
        if rules[one] in files and rules[other] in files
    }
    after = {stage: {b for a, b in edges if a == stage} for stage in found}
    one_of = {
        stage: " and ".join(
            other
            for other in found
            if other == stage
            or (other in _reached(after, stage) and stage in _reached(after, other))
        )
        for stage in found
    }
    together: dict[str, list[str]] = {}
    for stage, own in found.items():
        together.setdefault(one_of[stage], []).extend(own)
    edges = {(one_of[one], one_of[other]) for one, other in edges}
    return Stages(together, {(one, other) for one, other in edges if one != other}, dict(said))


def _reached(after, stage):
    """What can be reached from a stage by one edge or more."""
    seen: set[str] = set()
    todo = list(after[stage])
    while todo:
        other = todo.pop()
        if other not in seen:
            seen.add(other)
            todo.extend(after[other])
    return seen


def said_of(text: str) -> tuple[str, str]:
    """What a file of rules says that its stage makes, in its first comment.

    Parameters
    ----------
    text : str
        Of the file.

    Returns
    -------
    (str, str)
        Stage and what it makes; both empty where the comment names no stage.
    """
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    found = _HEAD.match(" ".join(lines))
    return (found[1], found[2]) if found else ("", "")


_WIDTH, _BOX, _LANE, _GAP, _LINE = 7.4, 3.05, 0.3, 0.34, 0.135
_LETTERS = 54
_TRIED = 5
"""Parts of a layer, and long edges, all of whose orders are tried."""


def figure1(stages: Stages) -> Figure:
    """Draw the stages from top to bottom.

    Parameters
    ----------
    stages : Stages
    """
    edges = stages.shown()
    layers = _with_lanes(stages.layers(), edges)
    texts = {stage: _text(stages, stage) for stage in stages.rules}
    heights = [
        max(0.34 + _LINE * len(texts[s][1]) for s in layer if s in texts) for layer in layers
    ]
    height = 0.75 + sum(heights) + _GAP * (len(heights) - 1) + 0.12
    figure, axis = diagram(_WIDTH, height)
    _legend(axis, stages, height - 0.3)
    boxes, top = {}, height - 0.75
    for layer, tall in zip(layers, heights):
        widths = [_BOX if part in texts else _LANE for part in layer]
        space = (_WIDTH - sum(widths)) / (len(layer) + 1)
        left = space
        for part, width in zip(layer, widths):
            boxes[part] = Box(left, top - tall, width, tall)
            left += width + space
            if part in texts:
                _stage(axis, boxes[part], part, *texts[part])
        top -= tall + _GAP
    chains = _chains(stages.layers(), edges)
    for chain in chains:
        points = []
        for before, part in pairwise(chain):
            points.append(_port(boxes, before, part, chains, leaving=True))
            points.append(_port(boxes, part, before, chains, leaving=False))
        draw_arrow(axis, *points)
    return figure


def _chains(layers, edges):
    """Each edge as the parts that it goes through: its stages, and a lane in each layer between."""
    depth = {stage: number for number, layer in enumerate(layers) for stage in layer}
    return [
        [one, *((one, other, number) for number in range(depth[one] + 1, depth[other])), other]
        for one, other in sorted(edges)
    ]


def _with_lanes(layers, edges):
    """The layers with lanes for edges that go past, ordered so that few lines cross."""
    chains = _chains(layers, edges)
    long = [chain for chain in chains if len(chain) > 2]
    segments = {pair for chain in chains for pair in pairwise(chain)}
    found = []
    # Each long edge on the left or on the right; then the best order of each layer in turn.
    for sides in product((False, True), repeat=min(len(long), _TRIED)):
        tried = [list(layer) for layer in layers]
        for chain, left in zip_longest(long, sides, fillvalue=False):
            for part in chain[1:-1]:
                tried[part[2]].insert(0 if left else len(tried[part[2]]), part)
        for number in [*range(len(tried)), *reversed(range(len(tried)))]:
            near = range(max(0, number - 1), min(len(tried), number + 2))

            def count(order, number=number, near=near, tried=tried):
                return _crossings(
                    [order if place == number else tried[place] for place in near], segments
                )

            if 1 < len(tried[number]) <= _TRIED:
                tried[number] = list(min(permutations(tried[number]), key=count))
        found.append(tried)
    return min(found, key=lambda tried: _crossings(tried, segments))


def _crossings(layers, segments):
    """How many pairs of lines cross, from each layer to the next."""
    total = 0
    for upper, lower in pairwise(layers):
        lines = [
            (i, j) for i, a in enumerate(upper) for j, b in enumerate(lower) if (a, b) in segments
        ]
        total += sum((i - k) * (j - m) < 0 for n, (i, j) in enumerate(lines) for k, m in lines[:n])
    return total


def _port(boxes, part, other, chains, *, leaving):
    """Where a line leaves or enters a box: side by side, in the order of where they go."""
    pairs = [pair for chain in chains for pair in pairwise(chain)]
    own = [b for a, b in pairs if a == part] if leaving else [a for a, b in pairs if b == part]
    own.sort(key=lambda end: boxes[end].at(0.5, 0)[0])
    return boxes[part].at((own.index(other) + 1) / (len(own) + 1), 0 if leaving else 1)


def _text(stages, stage):
    """Title of a stage's box, and its other lines with how many of them say what it makes."""
    said = [stages.said[own] for own in stage.split(" and ") if own in stages.said]
    said = textwrap.wrap("; ".join(said), _LETTERS)
    names = textwrap.wrap(", ".join(stages.rules[stage]), _LETTERS + 6)
    return stage, said + names, len(said)


def _kind(stage):
    first = stage.partition(" and ")[0]
    return next((kind for kind, own in PARTS.values() if first in own), OTHERS)


def _stage(axis, box, stage, title, lines, said):
    draw_box(axis, box, kind=_kind(stage))
    x, top = box.at(0.5, 1)
    axis.text(x, top - 0.15, title, fontsize=9.5, fontweight="bold", ha="center", va="center")
    for number, line in enumerate(lines):
        style = {"fontsize": 7.5} if number < said else {"fontsize": 6.5, "color": "#444444"}
        y = top - 0.33 - _LINE * number
        axis.text(x, y, line, ha="center", va="center", **style)


def _legend(axis, stages, y):
    parts = [
        (name, kind)
        for name, (kind, _) in PARTS.items()
        if any(_kind(stage) == kind for stage in stages.rules)
    ]
    if any(_kind(stage) == OTHERS for stage in stages.rules):
        parts.append(("Both", OTHERS))
    step = _WIDTH / (len(parts) + 1)
    for number, (name, kind) in enumerate(parts, 1):
        draw_box(axis, Box(number * step - 0.75, y - 0.14, 1.5, 0.28), name, kind=kind, size=8.5)
