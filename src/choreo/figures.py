"""The one style of every figure: readable labels, told apart in grey too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib

matplotlib.use("Agg")

from cycler import cycler
from matplotlib import pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Line
from matplotlib.text import Text

from choreo.errors import plain
from choreo.files import whole
from choreo.files.sealed import seal_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# Okabe and Ito's colours (2008), dark to light, each with its own line style, so that
# neither a colour-blind reader nor a grey print loses a line.
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))

STYLE = {
    "figure.dpi": 120,
    "savefig.dpi": 150,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "axes.prop_cycle": cycler(color=COLOURS) + cycler(linestyle=LINES),
    "pdf.fonttype": 42,
}


def new(*args: Any, **options: Any) -> tuple[Any, Any]:
    """``matplotlib.pyplot.subplots`` in the project's style, laid out without overlaps."""
    with matplotlib.rc_context(STYLE):
        return plt.subplots(*args, **{"layout": "constrained", **options})


def diagram(width: float, height: float) -> tuple[Any, Any]:
    """A figure with one empty drawing area, measured in inches from its lower left corner."""
    figure, axis = new(figsize=(width, height), layout="none")
    axis.set_position((0, 0, 1, 1))
    axis.set(xlim=(0, width), ylim=(0, height))
    axis.set_axis_off()
    return figure, axis


@dataclass(frozen=True)
class Box:
    """A box of a diagram.

    Attributes
    ----------
    left, bottom, width, height : float
        Inches.
    """

    left: float
    bottom: float
    width: float
    height: float

    def at(self, right: float, up: float) -> tuple[float, float]:
        """A point of it: 0, 0 is its lower left corner and 1, 1 its upper right one."""
        return self.left + right * self.width, self.bottom + up * self.height


BOXES: dict[str, dict[str, Any]] = {
    "given": {"facecolor": "#FFFFFF", "edgecolor": "#555555", "linestyle": ":"},
    "first": {"facecolor": "#E3EEF7", "edgecolor": "#0072B2", "linestyle": "-"},
    "second": {"facecolor": "#FBE9DD", "edgecolor": "#A34700", "linestyle": "--"},
    "third": {"facecolor": "#F2F2F2", "edgecolor": "#222222", "linestyle": "-."},
    "plain": {"facecolor": "#FFFFFF", "edgecolor": "#222222", "linestyle": "-"},
}
"""Kinds of boxes, told apart in grey by their lines."""


def draw_box(
    axis: Any, box: Box, text: str = "", *, kind: str = "plain", size: float = 8, **options: Any
) -> Box:
    """Draw a box with a text in its middle.

    Parameters
    ----------
    axis : matplotlib.axes.Axes
        Of `diagram`.
    box : Box
    text : str
    kind : str
        One of `BOXES`.
    size : float
        Of the text, in points.
    **options
        Of ``Axes.text``.
    """
    shape = f"round,pad=0,rounding_size={min(0.08, box.height / 4, box.width / 4)}"
    patch = FancyBboxPatch(
        (box.left, box.bottom), box.width, box.height, boxstyle=shape, linewidth=1.2, **BOXES[kind]
    )
    axis.add_patch(patch)
    if text:
        middle = {"ha": "center", "va": "center", "linespacing": 1.25}
        axis.text(*box.at(0.5, 0.5), text, fontsize=size, **(middle | options))
    return box


def draw_arrow(axis: Any, *points: tuple[float, float], **options: Any) -> None:
    """Draw a line through points with a head at its end.

    Parameters
    ----------
    axis : matplotlib.axes.Axes
        Of `diagram`.
    *points : (float, float)
    **options
        Of ``matplotlib.patches.FancyArrowPatch``.
    """
    style: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 9, "linewidth": 1.1}
    style |= {"color": "#333333", "joinstyle": "round", "shrinkA": 0, "shrinkB": 0} | options
    if len(points) > 2:
        axis.add_patch(FancyArrowPatch(path=Line(points), **style))
    else:
        axis.add_patch(FancyArrowPatch(*points, **style))


def save(figure: Figure, stem: str | Path) -> None:
    """Write ``stem.png`` and ``stem.pdf`` without a date (same input, same bytes) and close.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    stem : str or Path
        Path without a suffix.
    """
    stem = Path(stem)
    for suffix, metadata in ((".png", {"Software": None}), (".pdf", {"CreationDate": None})):
        write(figure, stem.parent / (stem.name + suffix), metadata=metadata, close=False)
    plt.close(figure)


def write(figure: Figure, path: str | Path, *, close: bool = True, **options: Any) -> None:
    """Write a figure, whole or not at all, with every text as it stands.

    Names and messages come from outside: a ``$`` in one begins no formula, and what no font
    has (control characters, bytes of a name that are no text) is written as its escape.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : str or Path
    close : bool
        Free the figure after it.
    **options
        Of ``Figure.savefig``.
    """
    for text in figure.findobj(Text):
        said = text.get_text()
        # Labels of ticks are empty until they are drawn, and those of powers are formulas.
        if said and not said.startswith("$\\mathdefault{"):
            text.set_parse_math(False)
            text.set_text(plain(said))
    with matplotlib.rc_context(STYLE), whole(path) as temporary:
        figure.savefig(temporary, **options)
        if temporary.suffix == ".pdf":
            seal_page(temporary)
    if close:
        plt.close(figure)
