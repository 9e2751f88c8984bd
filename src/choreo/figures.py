"""The one style of every figure: readable labels, told apart in grey too."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from cycler import cycler
from matplotlib import pyplot as plt

from choreo.files import whole

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


def new(*args, **options):
    """``matplotlib.pyplot.subplots`` in the project's style, laid out without overlaps."""
    with matplotlib.rc_context(STYLE):
        return plt.subplots(*args, **{"layout": "constrained", **options})


def save(figure, stem):
    """Write ``stem.png`` and ``stem.pdf`` without a date (same input, same bytes) and close.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    stem : str or Path
        Path without a suffix.
    """
    stem = Path(stem)
    with matplotlib.rc_context(STYLE):
        for suffix, metadata in ((".png", {"Software": None}), (".pdf", {"CreationDate": None})):
            with whole(stem.parent / (stem.name + suffix)) as temporary:
                figure.savefig(temporary, metadata=metadata)
    plt.close(figure)
