"""Phase locking of whole dances to the beats of their songs, from the segments of a table."""

import numpy as np

from choreo.beats.locking import phase_locking
from choreo.evaluation.listening import other_songs
from choreo.evaluation.segments import parts_of

SKELETON = "openpose18"
"""Of `choreo.evaluation.segments.Segments`."""
_SAME = 1e-4
"""Seconds between times of one beat, at most."""


def dance_locking(segments, beats):
    """How well each dance is told from other tempi by its phase locking.

    Parameters
    ----------
    segments : Segments
    beats : list of ndarray or None
        Beats of whole songs under each segment (`choreo.evaluation.song_beats.known_best`).

    Returns
    -------
    dict of str to ndarray, shape (N,)
        Of the dance that each segment was cut from, over its longest part without a gap:
        `phase_locking`, `choreo.beats.locking.Locking.above` with its song's beats (0.5 is
        chance); `phase_locking_other`, the mean with those of other songs
        (`choreo.evaluation.listening.other_songs`) in their place. NaN where there are no beats
        of whole songs, too few, or no other song.
    """
    own_song, other_song = np.full((2, len(segments)), np.nan)
    if beats is not None:
        dances = {name: np.flatnonzero(segments.dances == name) for name in segments.dances}
        at = {name: _beats_of(segments, beats, own) for name, own in dances.items()}
        danced_to = {segments.songs[own[0]]: name for name, own in dances.items()}
        others = other_songs(segments.songs)
        for name, own in dances.items():
            poses, first = max(parts_of(segments, own), key=lambda part: len(part[0]))
            own_song[own] = phase_locking(poses, segments.fps, at[name] - first, SKELETON).above
            foreign = [at[danced_to[song]] for song in others[segments.songs[own[0]]]]
            found = [_over_beats(poses, segments.fps, times - first) for times in foreign]
            found = [value for value in found if np.isfinite(value)]
            if found:
                other_song[own] = np.mean(found)
    return {"phase_locking": own_song, "phase_locking_other": other_song}


def _over_beats(poses, fps, beats):
    """Locking of as much of a dance as the beats last: another song may be shorter."""
    last = beats.max(initial=0) * fps
    return phase_locking(poses[: max(int(last), 0) + 1], fps, beats, SKELETON).above


def _beats_of(segments, beats, own):
    """Beats of the song of one dance, in seconds from the dance's start."""
    times = np.sort(np.concatenate([beats[k] + segments.starts[k] for k in own]))
    # A beat is there once for each segment near it, a rounding error apart.
    return times[np.diff(times, prepend=-np.inf) > _SAME]
