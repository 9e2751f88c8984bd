"""One number of many, where some are missing."""

import numpy as np


def median(values):
    """Median of those values that are numbers; None where there is none.

    Parameters
    ----------
    values : ndarray

    Returns
    -------
    float or None
    """
    finite = np.isfinite(values)
    return float(np.median(values[finite])) if finite.any() else None
