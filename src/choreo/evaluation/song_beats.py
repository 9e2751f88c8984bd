"""Beats of whole songs, cut to the pieces of dances.

A tracker that hears five seconds errs at both ends and now and then takes another tempo: even
a dance that keeps every beat of its song has a hit rate of 87% then. Here the sound of each
dance is laid together again from its pieces, tracked as a whole, and its beats are cut.
"""

import numpy as np

from choreo.beats.registry import DEFAULT
from choreo.beats.trackers import track_beats
from choreo.media import SAMPLE_RATE

TRUTH = "truth"
"""Name of the beats of a song that was made, which are known."""
LABELS = {
    TRUTH: "the truth (made songs)",
    "librosa": "librosa",
    "state_space": "ours (state_space)",
    "beat_this": "Beat This!",
}
"""Whose beats, and what people see."""


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


def song_beats(pieces, *, tracker="librosa", beat_this=None, truth=None):
    """Beats of the songs under pieces, found in whole songs.

    Parameters
    ----------
    pieces : Pieces
        With sound.
    tracker, beat_this
        See `references`.
    truth : dict of str to array_like, optional
        Dance (of `Pieces.dances`) or song -> its true beats, in seconds from the first frame
        of the dance.

    Returns
    -------
    dict of str to list of ndarray
        Tracker, or `TRUTH` where the beats of all pieces are known -> seconds of the beats
        from the start of each piece. Those up to a piece before and behind it are there too:
        a motion at its edge belongs to a beat outside.
    """
    names = references(tracker, beat_this)
    found = {name: [None] * len(pieces) for name in (*names, TRUTH)}
    truth = truth or {}
    for dance in dict.fromkeys(pieces.dances.tolist()):
        own = np.flatnonzero(pieces.dances == dance)
        sound, first = _whole(pieces, own)
        known = truth.get(dance, truth.get(str(pieces.songs[own[0]])))
        for name in names:
            weights = beat_this if name == "beat_this" else None
            beats = np.array(track_beats(sound, SAMPLE_RATE, name, weights)["beats"]) + first
            _cut(beats, pieces, own, found[name])
        if known is not None:
            _cut(np.asarray(known, float), pieces, own, found[TRUTH])
    if any(beats is None for beats in found[TRUTH]):
        del found[TRUTH]
    return found


def _whole(pieces, own):
    """Sound of one dance from its first piece on, silent where it has none, and its time."""
    first = float(pieces.starts[own].min())
    at = np.rint((pieces.starts[own] - first) * SAMPLE_RATE).astype(int)
    length = pieces.audio.shape[1]
    sound = np.zeros(at.max() + length, pieces.audio.dtype)
    for k, start in zip(own, at):
        sound[start : start + length] = pieces.audio[k]
    return sound, first


def _cut(beats, pieces, own, found):
    seconds = pieces.pixels.shape[1] / pieces.fps
    for k in own:
        times = beats - pieces.starts[k]
        found[k] = times[(times >= -seconds) & (times < 2 * seconds)]


def inside(beats, seconds):
    """Those beats of each piece that lie in it."""
    return [times[(times >= 0) & (times < seconds)] for times in beats]
