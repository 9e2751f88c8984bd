"""What a training step must keep to, whatever the family: losses that are finite and bounded."""

from choreo.errors import ItemError

DIVERGED_LOSS = 1e6
"""A loss above this has diverged; sums over a 5-second chunk start below."""

GRADIENT = "gradient of "
"""Begins the names of those of a step's numbers that are norms of gradients."""


class TrainingDiverged(ItemError):
    """A loss or a gradient became infinite, NaN or far too large."""


def diverged(values):
    """Names of those numbers of a step for which it counts as diverged.

    Parameters
    ----------
    values : dict of str to float
        Losses, and norms of gradients whose names begin with `GRADIENT`.
    """
    limit = {name: float("inf") if name.startswith(GRADIENT) else DIVERGED_LOSS for name in values}
    return [name for name, value in values.items() if not abs(value) < limit[name]]


def losses_of(values):
    """Those of a step's numbers that are losses."""
    return {name: value for name, value in values.items() if not name.startswith(GRADIENT)}
