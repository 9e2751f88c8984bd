"""Figure 1x: incorrect frames of every estimator against the threshold of eq. (1)."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from choreo import figures
from choreo.comparison.sweep import bands, ranking, sweep
from choreo.errors import ItemError
from choreo.pose.misdetections import THRESHOLD_PX

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LABELS = {"px": "threshold (px)", "height": "threshold (fraction of the dancer's height)"}
_MARKERS = "os^Dv<>Ph*"


def figure1x(
    records: Sequence[Mapping[str, Any]], *, estimators: Sequence[str] | None = None, seed: int = 1
) -> Figure:
    """Make Figure 1x from the comparisons of a study's videos.

    Parameters
    ----------
    records : list of dict
        One a video: what `choreo.comparison.compare.compare` gives, with ``video``.
    estimators : list of str, optional
        Order of the lines; one without any record is left out.
    seed : int
        Of the bootstrap over videos.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels: thresholds in pixels and in heights of the dancer. Means over the
        videos that all estimators have, with 95% intervals; and, where the truth is
        known, what eq. (1) flags in it. Below each, whether the ranking depends on it.

    Raises
    ------
    ItemError
        Where there is no video that all estimators have.
    """
    names = list(estimators or dict.fromkeys(n for r in records for n in r["estimators"]))
    found = {scale: sweep(records, names, scale) for scale in _LABELS} if records else {}
    if not found or not found["px"].videos:
        raise ItemError(
            "the threshold sweep needs a video that all estimators have",
            remedy="See problems.csv for what was left out",
        )
    texts = {
        scale: textwrap.wrap(ranking(one, seed=seed) or "", 66) for scale, one in found.items()
    }
    lines = max(map(len, texts.values()))
    figure, axes = figures.new(1, 2, figsize=(11, 5.4 + 0.17 * max(lines - 3, 0)), sharey=True)
    for axis, (scale, one) in zip(axes, found.items()):
        for n, (name, (mean, low, high)) in enumerate(bands(one, seed=seed).items()):
            colour = figures.COLOURS[n % len(figures.COLOURS)]
            line = figures.LINES[(n + n // len(figures.COLOURS)) % len(figures.LINES)]
            # Markers of different lines stand at different places, for lines that coincide.
            axis.plot(
                one.thresholds,
                mean,
                color=colour,
                linestyle=line,
                marker=_MARKERS[n % len(_MARKERS)],
                markevery=(n % 4, 4),
                markersize=5,
                label=name,
            )
            if np.isfinite(low).all():
                axis.fill_between(one.thresholds, low, high, color=colour, alpha=0.15, linewidth=0)
        if len(one.truth):
            axis.plot(
                one.thresholds,
                one.truth.mean(0),
                color="0.45",
                linestyle=(0, (1, 2)),
                linewidth=2.2,
                label="truth (false alarms)",
            )
        if scale == "px":
            axis.axvline(THRESHOLD_PX, color="0.6", linewidth=1, linestyle="-")
            axis.annotate(
                "thesis, 50 px",
                (THRESHOLD_PX, 1),
                xycoords=axis.get_xaxis_transform(),
                xytext=(4, -4),
                textcoords="offset points",
                va="top",
                color="0.35",
            )
        axis.set_xlim(0)
        axis.set_xlabel("\n".join([_LABELS[scale], "", *texts[scale]]))
    # Linear up to 1 %, where whole videos without any incorrect frame lie.
    axes[0].set_yscale("symlog", linthresh=1, linscale=0.6)
    axes[0].set_ylim(0)
    axes[0].yaxis.set_major_formatter("{x:g}")
    axes[0].set_ylabel("incorrect frames (% of all frames)")
    count = len(found["px"].videos)
    figure.suptitle(
        f"Incorrect frames by the threshold of eq. (1), mean of {count} "
        + ("video" if count == 1 else "videos, shaded: 95% interval")
    )
    # Below the panels, where it covers no line.
    handles, labels = axes[0].get_legend_handles_labels()
    columns = min(len(labels), 5)
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)
    return figure
