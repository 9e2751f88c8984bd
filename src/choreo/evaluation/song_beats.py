"""Beats of whole songs, cut to the segments of dances.

A tracker that hears five seconds errs at both ends and now and then takes another tempo: even
a dance that keeps every beat of its song has a hit rate of 87% then. Here the sound of each
dance is laid together again from its segments, tracked as a whole, and its beats are cut.
"""

import numpy as np

from choreo.beats.trackers import track_beats
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
        sound, first = _whole(segments, own)
        known = truth.get(dance, truth.get(str(segments.songs[own[0]])))
        for name in names:
            weights = beat_this if name == "beat_this" else None
            beats = np.array(track_beats(sound, SAMPLE_RATE, name, weights)["beats"]) + first
            _cut(beats, segments, own, found[name])
        if known is not None:
            _cut(np.asarray(known, float), segments, own, found[TRUTH])
    if any(beats is None for beats in found[TRUTH]):
        del found[TRUTH]
    return found


def _whole(segments, own):
    """Sound of one dance from its first segment on, silent where it has none, and its time."""
    first = float(segments.starts[own].min())
    at = np.rint((segments.starts[own] - first) * SAMPLE_RATE).astype(int)
    length = segments.audio.shape[1]
    sound = np.zeros(at.max() + length, segments.audio.dtype)
    for k, start in zip(own, at):
        sound[start : start + length] = segments.audio[k]
    return sound, first


def _cut(beats, segments, own, found):
    seconds = segments.pixels.shape[1] / segments.fps
    for k in own:
        times = beats - segments.starts[k]
        found[k] = times[(times >= -seconds) & (times < 2 * seconds)]


def inside(beats, seconds):
    """Those beats of each segment that lie in it."""
    return [times[(times >= 0) & (times < seconds)] for times in beats]
