"""What a model hears: features of a song, one row a pose, named in its recipe.

Each is made from the samples as the data scale them (`choreo.dataset.audio.decode`), in
training from a chunk's and for a dance from the whole song's. Nothing heavy is imported
before a feature is computed: the process that builds the DAG checks names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from choreo.dataset.description import DataDescription

FEATURES: dict[str, Features] = {}
"""Name -> features, filled by `features`."""


@dataclass(frozen=True)
class Features:
    """Features of music.

    Attributes
    ----------
    name : str
    source : str
        Where they come from, for people.
    size : callable
        From a `DataDescription` to the number of values a pose.
    of : callable
        From samples, ndarray of float32, shape (..., N), and a `DataDescription` to
        ndarray of float32, shape (..., T, size): a row for every begun audio frame.
    """

    name: str
    source: str
    size: Callable[[DataDescription], int]
    of: Callable[[np.ndarray, DataDescription], np.ndarray]


def features(name: str, *, source: str, size: Callable[[DataDescription], int]):
    """Register the decorated function as the features of this name."""

    def add(function):
        FEATURES[name] = Features(name, source, size, function)
        return function

    return add


def check_name(name: str) -> str:
    """Give a name back if there are such features.

    Raises
    ------
    ValueError
    """
    if name not in FEATURES:
        raise ValueError(f"no such music features: use {', '.join(FEATURES)}")
    return name


@features(
    "raw", source="the samples themselves (thesis section 4.2.1)", size=lambda d: d.audio_frame
)
def _raw(samples, data):
    from choreo.dataset.audio import frames

    return frames(samples, data)
