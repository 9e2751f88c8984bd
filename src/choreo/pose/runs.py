"""Stretches of frames."""

from __future__ import annotations

import numpy as np


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of each run of true values.

    Parameters
    ----------
    mask : ndarray of bool, shape (T,)

    Returns
    -------
    list of (int, int)
        Both ends belong to the run.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]


def spans(mask: np.ndarray, fps: float) -> list[tuple[float, float]]:
    """Begin and length in seconds of each run of true values, as matplotlib's bars have them."""
    return [(first / fps, (last + 1 - first) / fps) for first, last in runs(mask)]
