"""Grids that `make test` runs a part of, and `make test-all` the whole."""

import pytest


def soak_after(count, values):
    """Parameters of a test of which all but the first `count` are marked soak."""
    values = list(values)
    rest = (value if isinstance(value, tuple) else (value,) for value in values[count:])
    return values[:count] + [pytest.param(*value, marks=pytest.mark.soak) for value in rest]
