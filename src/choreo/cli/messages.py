"""How the verbs of ``choreo`` answer."""

import json
import os
import sys

from choreo.cli.arguments import given
from choreo.errors import plain


def tell(text, file=None):
    """Print text that may hold names and titles from outside, which then move no cursor."""
    print(plain(text), file=file)


def say(record, lines):
    """Print a record as JSON where ``--json`` was given, else the lines."""
    if given("json"):
        print(json.dumps(record, indent=2, allow_nan=False))
    else:
        tell("\n".join(lines))


def show(value, form=".3g", unit=""):
    """Format a number for people; "none" for None."""
    return "none" if value is None else f"{value:{form}}{unit}"


def progress(total, what, unit="frames"):
    """Return a progress bar, shown where there is a terminal."""
    from tqdm import tqdm

    # Some terminals, as of a container, say that they are 0 high, and tqdm draws them nothing.
    known = not sys.stderr.isatty() or os.get_terminal_size(sys.stderr.fileno()).lines
    return tqdm(
        total=total,
        unit=f" {unit}",
        desc=what,
        disable=None,
        file=sys.stderr,
        nrows=None if known else 24,
    )


def load(path):
    """Read a track."""
    from choreo.pose.track import PoseTrack

    return PoseTrack.load(path)
