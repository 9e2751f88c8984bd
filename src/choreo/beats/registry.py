"""Every beat tracker by its name: what `choreo beats`, studies and benchmarks use.

Imports nothing heavy: config and command line read the names from here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tracker:
    """A way to find the beats of a song.

    Attributes
    ----------
    name : str
        As in ``choreo beats --tracker NAME`` and ``evaluation.tracker`` of a config. Its
        module in `choreo.beats` has ``find_beats(audio, rate)``, which gives the beats in
        seconds, rising; `audio` is float32 in [-1, 1], shape (S,), two seconds or longer
        and not silent.
    text : str
        What it is, in one line.
    needs_weights : bool
        Whether it reads a file that Choreo does not bring; the path is then the third
        argument of ``find_beats``.
    """

    name: str
    text: str
    needs_weights: bool = False


TRACKERS = {
    entry.name: entry
    for entry in (
        Tracker("state_space", "ours: dynamic Bayes on onsets in three bands, octaves checked"),
        Tracker("librosa", "Ellis (2007): dynamic programming at the song's mean tempo"),
        Tracker("beat_this", "Foscarin et al. (2024): learned", needs_weights=True),
    )
}
"""Tracker by name."""

DEFAULT = "state_space"
"""The best of those that need no weights (`benchmarks/beats.py`)."""


def finder(name):
    """Function `find_beats` of a tracker."""
    # One by one, so that no job waits for what its tracker does not use.
    if name == "state_space":
        from choreo.beats import state_space as module
    elif name == "librosa":
        from choreo.beats import librosa_tracker as module
    else:
        from choreo.beats import beat_this as module
    return module.find_beats
