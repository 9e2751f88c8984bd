"""The one style of every figure: readable labels, told apart in grey too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib

matplotlib.use("Agg")

from cycler import cycler
from matplotlib import pyplot as plt
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
