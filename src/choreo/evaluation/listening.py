"""Whether a dance belongs to its own song: its beats against other songs' and shifted ones."""

import numpy as np

from choreo.evaluation.beat_scores import TOLERANCE, aligned

OTHER_SONGS = 8
"""Songs that each dance is compared with, at most."""
SHIFT = 0.5
"""Of a beat, by which the song is shifted."""
_BEAT = 0.5
"""Seconds of a beat where a segment has no two: 120 a minute."""


def measure_listening(motion, music, songs, starts, tolerance=TOLERANCE):
    """Motion beats on the beats of the own song, of other songs and of the shifted song.

    A dance that follows its song loses when another song is laid under it; one that only keeps
    some steady rhythm does not.

    Parameters
    ----------
    motion : list of ndarray
        Motion beats of each segment in seconds from its start, rising.
    music : list of ndarray
        Music beats of each segment, rising; those a little before and after it too.
    songs : ndarray of str, shape (N,)
        Song of each segment.
    starts : ndarray, shape (N,)
        Seconds from the start of the dance: of other songs the same moment is taken.
    tolerance : float
        Seconds between a motion beat and a music beat that count as a hit.

    Returns
    -------
    dict of str to ndarray, shape (N,)
        Hits of each segment: `own_hits`; `other_hits`, the mean over `OTHER_SONGS` other songs
        (all where there are fewer; NaN where there is none); `shifted_hits`, where the song
        comes half a beat later.
    """
    late = [np.asarray(beats) + SHIFT * _period(beats) for beats in music]
    others = _segments_of_others(songs, starts)
    hits = np.full((len(motion), max(len(index) for index in others)), np.nan)
    for k, index in enumerate(others):
        hits[k, : len(index)] = aligned(
            [motion[k]] * len(index), [music[i] for i in index], tolerance
        )
    counted = np.isfinite(hits).sum(1)
    total = np.where(np.isfinite(hits), hits, 0).sum(1)
    return {
        "own_hits": aligned(motion, music, tolerance).astype(float),
        "other_hits": np.where(counted > 0, total / np.maximum(counted, 1), np.nan),
        "shifted_hits": aligned(motion, late, tolerance).astype(float),
    }


def other_songs(songs):
    """The songs that each song is exchanged for: those that follow it in the alphabet.

    Parameters
    ----------
    songs : iterable of str

    Returns
    -------
    dict of str to list of str
        At most `OTHER_SONGS` each.
    """
    names = sorted(set(songs))
    return {song: [*names[at + 1 :], *names[:at]][:OTHER_SONGS] for at, song in enumerate(names)}


def _period(beats):
    return float(np.median(np.diff(beats))) if len(beats) > 1 else _BEAT


def _segments_of_others(songs, starts):
    """For each segment the one of each other song that begins next to it in time."""
    own = {name: np.flatnonzero(songs == name) for name in set(songs.tolist())}
    others = other_songs(songs.tolist())
    return [
        [own[name][np.abs(starts[own[name]] - start).argmin()] for name in others[song]]
        for song, start in zip(songs.tolist(), starts)
    ]
