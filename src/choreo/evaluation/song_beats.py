"""Beats of whole songs, cut to the segments of dances.

A tracker that hears five seconds errs at both ends and now and then takes another tempo: even
a dance that keeps every beat of its song has a hit rate of 87% then. Here the sound of each
dance is laid together again from its segments, tracked as a whole, and its beats are cut.
"""

import numpy as np

from choreo.beats.trackers import track_beats
from choreo.dataset.chunks import laid_out
from choreo.evaluation.listeners import TRUTH, references
from choreo.media import SAMPLE_RATE


def beats_of_songs(segments, *, tracker="librosa", beat_this=None, truth=None):
    """Beats of the songs under segments, found in whole songs.

    Parameters
    ----------
    segments : Segments
        With sound.
    tracker, beat_this
        See `references`.
    truth : dict of str to array_like, optional
        Dance (of `Segments.dances`) or song -> its true beats, in seconds from the first frame
        of the dance.

    Returns
    -------
    dict of str to list of ndarray
        Tracker, or `TRUTH` where the beats of all segments are known -> seconds of the beats
        from the start of each segment. Those up to a segment before and behind it are there too:
        a motion at its edge belongs to a beat outside.
    """
    names = references(tracker, beat_this)
    found = {name: [None] * len(segments) for name in (*names, TRUTH)}
    truth = truth or {}
    for dance in dict.fromkeys(segments.dances.tolist()):
        own = np.flatnonzero(segments.dances == dance)
        first = float(segments.starts[own].min())
        at = np.rint((segments.starts[own] - first) * SAMPLE_RATE).astype(int)
        sound = laid_out(segments.audio[own], at)
        known = truth.get(dance, truth.get(str(segments.songs[own[0]])))
        for name in names:
            weights = beat_this if name == "beat_this" else None
            beats = np.array(track_beats(sound, SAMPLE_RATE, name, weights)["beats"]) + first
            _keep(beats, segments, own, found[name])
        if known is not None:
            _keep(np.asarray(known, float), segments, own, found[TRUTH])
    if any(beats is None for beats in found[TRUTH]):
        del found[TRUTH]
    return found


def _keep(beats, segments, own, found):
    for k in own:
        found[k] = near(beats, segments, k)


def near(beats, segments, k):
    """Those beats of a dance in segment k or up to a segment from it, from its start on."""
    seconds = segments.pixels.shape[1] / segments.fps
    times = beats - segments.starts[k]
    return times[(times >= -seconds) & (times < 2 * seconds)]


def known_best(songs):
    """The true beats of whole songs where they are known, else those of the first tracker.

    Parameters
    ----------
    songs : dict of str to list of ndarray
        Of `beats_of_songs`.

    Returns
    -------
    list of ndarray or None
        None where the beats of whole songs were not looked for.
    """
    return songs.get(TRUTH) or next(iter(songs.values()), None)


def inside(beats, seconds):
    """Those beats of each segment that lie in it."""
    return [times[(times >= 0) & (times < seconds)] for times in beats]
