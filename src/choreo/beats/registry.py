"""Every beat tracker by its name: what `choreo beats`, studies and benchmarks use.

Imports nothing heavy: config and command line read the names from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TRACKERS: dict[str, Tracker] = {}
"""Tracker by name, filled by `tracker`."""


@dataclass(frozen=True)
class Tracker:
    """A way to find the beats of a song.

    Attributes
    ----------
    name : str
        As in ``choreo beats --tracker NAME`` and ``evaluation.tracker`` of a config.
    text : str
        What it is, in one line.
    finder : callable
        Gives its ``find_beats(audio, rate)``, which gives the beats in seconds, rising;
        `audio` is float32 in [-1, 1], shape (S,), two seconds or longer and not silent.
    label : str
        What tables call it.
    needs_weights : bool
        Whether it reads a file that Choreo does not bring; the path is then the third
        argument of ``find_beats``.
    """

    name: str
    text: str
    finder: Callable[[], Callable[..., Any]]
    label: str
    needs_weights: bool = False


def tracker(
    name: str, text: str, *, label: str | None = None, needs_weights: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register what the decorated function imports, so that no job waits for another's."""

    def add(finder):
        TRACKERS[name] = Tracker(name, text, finder, label or name, needs_weights)
        return finder

    return add


@tracker("librosa", "Ellis (2007): dynamic programming at the song's mean tempo")
def _librosa():
    from choreo.beats.librosa_tracker import find_beats

    return find_beats


@tracker(
    "state_space",
    "ours: dynamic Bayes on onsets in three bands, octaves checked",
    label="ours (state_space)",
)
def _state_space():
    from choreo.beats.state_space import find_beats

    return find_beats


@tracker("beat_this", "Foscarin et al. (2024): learned", label="Beat This!", needs_weights=True)
def _beat_this():
    from choreo.beats.beat_this import find_beats

    return find_beats


def without_weights() -> list[str]:
    """Names of the trackers that need no file of weights."""
    return [name for name, entry in TRACKERS.items() if not entry.needs_weights]


DEFAULT = "state_space"
"""The best of those that need no weights (`benchmarks/beats.py`)."""
