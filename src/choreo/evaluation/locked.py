"""Phase locking of whole dances to the beats of their songs, from the pieces of a table."""

import numpy as np

from choreo.beats.locking import phase_locking
from choreo.evaluation.song_beats import TRUTH
from choreo.pose.runs import runs

SKELETON = "openpose18"
"""Of `choreo.evaluation.pieces.Pieces`."""


def dance_locking(pieces, songs):
    """How well each dance is told from other tempi by its phase locking.

    Parameters
    ----------
    pieces : Pieces
    songs : dict of str to list of ndarray
        Beats of whole songs (`choreo.evaluation.song_beats.song_beats`): the true ones are
        taken where they are known, else those of the first tracker.

    Returns
    -------
    ndarray, shape (N,)
        `choreo.beats.locking.Locking.above` of the dance that each piece was cut from, over
        its longest part without a gap: 0.5 is chance. NaN where the beats of whole songs were
        not looked for, or there are too few.
    """
    found = np.full(len(pieces), np.nan)
    beats = songs.get(TRUTH) or next(iter(songs.values()), None)
    if beats is None:
        return found
    for dance in dict.fromkeys(pieces.dances.tolist()):
        own = np.flatnonzero(pieces.dances == dance)
        poses, first = _longest_part(pieces, own)
        heard = np.concatenate([beats[k] + pieces.starts[k] for k in own])
        # A beat is there once for each piece near it; rounding must not make two of one.
        heard = np.unique(np.round(heard, 6)) - first
        found[own] = phase_locking(poses, pieces.fps, heard, SKELETON).above
    return found


def _longest_part(pieces, own):
    """Poses of the longest part of a dance without a gap, and its time in the dance."""
    length = pieces.pixels.shape[1]
    at = np.rint(pieces.starts[own] * pieces.fps).astype(int)
    poses = np.full((at.max() + length, *pieces.pixels.shape[2:]), np.nan, np.float32)
    for k, start in zip(own, at):
        poses[start : start + length] = pieces.pixels[k]
    start, last = max(runs(np.isfinite(poses[:, 0, 0])), key=lambda run: run[1] - run[0])
    return poses[start : last + 1], start / pieces.fps
