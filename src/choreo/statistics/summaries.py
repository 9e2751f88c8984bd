"""One number of many, where some are missing."""

from __future__ import annotations

from typing import Any

import numpy as np


def median(values: np.ndarray) -> float | None:
    """Median of those values that are numbers; None where there is none."""
    finite = np.isfinite(values)
    return float(np.median(values[finite])) if finite.any() else None


def mean(values: np.ndarray) -> float:
    """Mean of those values that are numbers; NaN where there is none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else np.nan


def ratio(top: Any, bottom: Any) -> np.ndarray:
    """Quotient, NaN where it is of nothing.

    Parameters
    ----------
    top, bottom : array_like
        Of shapes that go together; counts or sums, not negative.
    """
    top, bottom = np.asarray(top, float), np.asarray(bottom, float)
    shape = np.broadcast_shapes(top.shape, bottom.shape)
    return np.divide(top, bottom, out=np.full(shape, np.nan), where=bottom > 0)
