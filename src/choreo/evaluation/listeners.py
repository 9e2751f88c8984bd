"""Whose beats of whole songs dances are measured by."""

from choreo.beats.registry import DEFAULT, TRACKERS

TRUTH = "truth"
"""Name of the beats of a song that was made, which are known."""
LABELS = {
    TRUTH: "the truth (made songs)",
    **{name: entry.label for name, entry in TRACKERS.items()},
}
"""Whose beats, and what people see; where a table has room for one, the first that is there."""


def references(tracker, beat_this=None):
    """Trackers whose beats of whole songs are taken: the study's own, and a second.

    A model that was told the beats of one tracker is measured by what it was told; so there
    are two.

    Parameters
    ----------
    tracker : str
        A key of `choreo.beats.registry.TRACKERS`.
    beat_this : str or Path, optional
        Weights of the tracker ``beat_this``, which is then the first.

    Returns
    -------
    tuple of str
    """
    first = tracker if beat_this is None else "beat_this"
    return first, "librosa" if first == DEFAULT else DEFAULT
