"""Distances without each song in turn (jackknife), from what is computed once."""

import numpy as np

from choreo.evaluation.distances import (
    KID_SEGMENTS,
    NEIGHBOUR_SCORES,
    NEIGHBOURS,
    apart,
    kernel,
    kernel_within,
)
from choreo.statistics.summaries import ratio


def without_each_song(features, songs, real, names):
    """The distances that would be found if one song were not there.

    Equal to `choreo.evaluation.distances` on the other songs' segments, but for KID of more than
    2,000 segments, which are thinned anew there. A bootstrap would hold a song twice, which
    neighbours and KID's kernel notice.

    Parameters
    ----------
    features : ndarray, shape (n, D)
        Scaled features.
    songs : ndarray of str, shape (n,)
    real : choreo.evaluation.table2x.RealSet
    names : ndarray of str, shape (G,)
        The songs to leave out.

    Returns
    -------
    dict of str to ndarray, shape (G,)
        `kid`, `precision`, `recall`, `density`, `coverage`, `nearest`, `diversity_within`,
        `diversity_across`; NaN where it is not defined.
    """
    k = NEIGHBOURS
    own = (songs == np.asarray(names)[:, None]).astype(float)
    size = own.sum(1)
    left = len(features) - size
    between = apart(features, real.scaled)
    lengths = apart(features, features)
    inside = between <= real.balls

    def mean(values):
        return ratio(values.sum() - own @ values, left)

    pairs = own @ lengths @ own.T
    same = np.diag(pairs)
    # All pairs but those of which at least one segment is of the song.
    every = lengths.sum() - 2 * own @ lengths.sum(1) + same
    within = lengths[songs[:, None] == songs].sum() - same
    twins = (songs[:, None] == songs).sum() - size**2
    found = {
        "kid": _kernel_distances(features, real.scaled, own, left),
        "precision": mean(inside.any(1) * 1.0),
        "recall": _recalls(between, lengths, own, k),
        "density": mean(inside.sum(1) / k),
        "coverage": _others(inside, own).mean(1),
        "nearest": mean(between.min(1)),
        "diversity_within": ratio(within, twins - left),
        "diversity_across": ratio(every - within, left**2 - twins),
    }
    few = (left <= k) | (len(real.scaled) <= k)
    for name in NEIGHBOUR_SCORES:
        found[name] = np.where(few, np.nan, found[name])
    return found


def _others(hits, own):
    """Which columns some segment hits that is not of the song, shape (G, m)."""
    return hits.sum(0) - own @ hits > 0


def _recalls(between, lengths, own, k):
    count = len(lengths)
    found = np.full(len(own), np.nan)
    if count <= k:
        return found
    ball = np.partition(lengths, k, axis=1)[:, k]
    hits = _others(between <= ball[:, None], own)
    for g, gone in enumerate(own.astype(bool)):
        if count - gone.sum() <= k:
            continue
        kept = np.flatnonzero(~gone)
        # Without the song a ball can only grow.
        grown = np.partition(lengths[np.ix_(kept, kept)], k, axis=1)[:, k]
        more = grown > ball[kept]
        hits[g] |= (between[kept[more]] <= grown[more][:, None]).any(0)
        found[g] = hits[g].mean()
    return found


def _kernel_distances(features, real, own, left):
    if len(real) > KID_SEGMENTS:
        rng = np.random.default_rng(0)
        real = real[np.sort(rng.permutation(len(real))[:KID_SEGMENTS])]
    if len(real) < 2:
        return np.full(len(own), np.nan)
    inner = kernel(features, features)
    np.fill_diagonal(inner, 0)
    inner_left = inner.sum() - 2 * own @ inner.sum(1) + np.diag(own @ inner @ own.T)
    cross = kernel(features, real).sum(1)
    cross_left = cross.sum() - own @ cross
    return (
        ratio(inner_left, left * (left - 1))
        + kernel_within(real)
        - 2 * ratio(cross_left, left * len(real))
    )
