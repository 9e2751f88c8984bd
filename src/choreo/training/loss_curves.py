"""Figure 7 and Figure A1: training losses over epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.ticker import MaxNLocator

from choreo import figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLES = {
    "generator": "generator, total of eq. (7)",
    "l1": "L1, eq. (6)",
    "music_feature": "music feature (mf), eq. (3)",
    "feature_matching": "feature matching, eq. (5)",
    "perceptual": "pose perceptual",
    "adversarial_local": "adversarial, D_local",
    "adversarial_global": "adversarial, D_global",
    "discriminator_local": "D_local",
    "discriminator_global": "D_global",
    "gradient_penalty": "gradient penalty, eq. (4)",
}
"""Losses that are drawn, in this order, and the titles of their panels."""


def loss_curves(paths: Sequence[str | Path]) -> Figure:
    """Draw the mean of every loss in each epoch, a panel a loss and a line a model.

    Parameters
    ----------
    paths : list of str or Path
        ``<model>/seed<seed>/losses.csv`` files of `choreo.training.train.train`.
    """
    runs = {}
    for path in map(Path, paths):
        epochs = pd.read_csv(path).drop(columns="step").groupby("epoch").mean()
        runs[f"{path.parents[1].name}, {path.parent.name.replace('seed', 'seed ')}"] = epochs
    names = [name for name in TITLES if any(name in epochs for epochs in runs.values())]
    for epochs in runs.values():
        # Of a family that has none of these, all are drawn.
        if not set(TITLES) & set(epochs):
            names += [name for name in epochs if name not in names]
    columns = min(3, len(names))
    rows = math.ceil(len(names) / columns)
    figure, axes = figures.new(rows, columns, figsize=(3.4 * columns, 2.5 * rows), squeeze=False)
    for axis in axes.flat[len(names) :]:
        axis.remove()
    for axis, name in zip(axes.flat, names):
        for number, (label, epochs) in enumerate(runs.items()):
            # The same line for a model in every panel, also where it lacks this loss.
            style = {"color": figures.COLOURS[number % 7], "linestyle": figures.LINES[number % 7]}
            marker = "o" if len(epochs) == 1 else None
            if name in epochs:
                axis.plot(epochs.index + 1, epochs[name], label=label, marker=marker, **style)
        axis.set_title(TITLES.get(name, name))
        axis.set_xlabel("epoch")
        # A common factor (1e4) would stand in the title.
        axis.yaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.margins(x=0.02)
    handles, labels = [], []
    for axis in axes.flat[: len(names)]:
        for handle, label in zip(*axis.get_legend_handles_labels()):
            if label not in labels:
                handles.append(handle)
                labels.append(label)
    figure.legend(handles, labels, loc="outside lower center", ncols=min(3, len(labels)))
    one = next(iter(runs)) if len(runs) == 1 else "all models"
    figure.suptitle(f"Training losses of {one} (mean of each epoch's steps)")
    return figure
