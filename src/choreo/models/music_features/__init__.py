"""What a model hears: features of a song, one row a pose, named in its recipe.

Each is made from the samples as the data scale them (`choreo.dataset.audio.decode`). A module
of features has ``size(data)``, the number of values a pose, and ``hear(samples, data)``, which
listens to a whole song, ndarray of float32, shape (N,), and gives a `SongFeatures`.

Nothing heavy is imported before a feature is computed: the process that builds the DAG checks
names.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

    from choreo.dataset.description import DataDescription


class SongFeatures(Protocol):
    """A song that was listened to."""

    def at(self, seconds: np.ndarray, speed: float = 1.0) -> np.ndarray:
        """Features at any times of the song.

        Parameters
        ----------
        seconds : ndarray, shape (T,)
        speed : float
            How many times faster the song is taken to be played: what is measured in
            seconds, such as the time between two beats, is divided by it.

        Returns
        -------
        ndarray of float32, shape (T, size)
        """


@dataclass(frozen=True)
class Features:
    """Features of music.

    Attributes
    ----------
    name : str
    source : str
        Where they come from, for people.
    module : str
        Dotted name of the module that computes them.
    whole : bool
        Whether they are of whole songs: a chunk's cannot be made from its own samples.
    """

    name: str
    source: str
    module: str
    whole: bool = True

    def size(self, data: DataDescription) -> int:
        """Number of values a pose."""
        return importlib.import_module(self.module).size(data)

    def hear(self, samples: np.ndarray, data: DataDescription) -> SongFeatures:
        """Listen to a whole song, shape (N,), as the data scale it."""
        return importlib.import_module(self.module).hear(samples, data)


_HERE = "choreo.models.music_features"

FEATURES = {
    entry.name: entry
    for entry in (
        Features(
            "raw",
            "the samples themselves (thesis section 4.2.1)",
            f"{_HERE}.waveform",
            whole=False,
        ),
        Features(
            "phase",
            "beats of the whole song by the tracker state_space (choreo.beats), bars by changes "
            "of chroma, and loudness of four bands over 1 s as ranks within the song",
            f"{_HERE}.rhythm",
        ),
        Features(
            "mel",
            "log-mel spectrum of 32 bands and onset strength, relative to the song's own, "
            "beside `phase`",
            f"{_HERE}.spectrum",
        ),
    )
}
"""Name in a recipe's ``music`` -> features."""


def check_name(name: str) -> str:
    """Give a name back if there are such features.

    Raises
    ------
    ValueError
    """
    if name not in FEATURES:
        raise ValueError(f"no such music features: use {', '.join(FEATURES)}")
    return name
