"""Phase locking of whole dances to the beats of their songs, from the segments of a table."""

import numpy as np

from choreo.beats.locking import phase_locking
from choreo.dataset.chunks import laid_out
from choreo.evaluation.song_beats import TRUTH
from choreo.pose.runs import runs

SKELETON = "openpose18"
"""Of `choreo.evaluation.segments.Segments`."""


def dance_locking(segments, songs):
    """How well each dance is told from other tempi by its phase locking.

    Parameters
    ----------
    segments : Segments
    songs : dict of str to list of ndarray
        Beats of whole songs (`choreo.evaluation.song_beats.song_beats`): the true ones are
        taken where they are known, else those of the first tracker.

    Returns
    -------
    ndarray, shape (N,)
        `choreo.beats.locking.Locking.above` of the dance that each segment was cut from, over
        its longest part without a gap: 0.5 is chance. NaN where the beats of whole songs were
        not looked for, or there are too few.
    """
    found = np.full(len(segments), np.nan)
    beats = songs.get(TRUTH) or next(iter(songs.values()), None)
    if beats is None:
        return found
    for dance in dict.fromkeys(segments.dances.tolist()):
        own = np.flatnonzero(segments.dances == dance)
        poses, first = _longest_part(segments, own)
        music_beats = np.concatenate([beats[k] + segments.starts[k] for k in own])
        # A beat is there once for each segment near it; rounding must not make two of one.
        music_beats = np.unique(np.round(music_beats, 6)) - first
        found[own] = phase_locking(poses, segments.fps, music_beats, SKELETON).above
    return found


def _longest_part(segments, own):
    """Poses of the longest part of a dance without a gap, and its time in the dance."""
    at = np.rint(segments.starts[own] * segments.fps).astype(int)
    poses = laid_out(segments.pixels[own].astype(np.float32), at, np.nan)
    start, last = max(runs(np.isfinite(poses[:, 0, 0])), key=lambda run: run[1] - run[0])
    return poses[start : last + 1], start / segments.fps
