"""Distances between feature sets beyond the Frechet distance, and what they need."""

import numpy as np

from choreo.errors import ItemError
from choreo.evaluation.frechet import Gaussian, frechet_distance

NEIGHBOURS = 5
"""k of precision, recall, density and coverage."""
NEIGHBOUR_SCORES = ("precision", "recall", "density", "coverage")
KID_SEGMENTS = 2000
"""Real segments that KID takes at most: its kernel matrix grows with their square."""
FRACTIONS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Shares of the segments at which the Frechet distance is taken for its limit."""
REPEATS = 8
_BLOCK = 512
"""Segments whose distances to all others are held at once."""


def frechet_at_infinity(features, real):
    """Frechet distance extrapolated to infinitely many segments (arXiv:1911.07023).

    The distance of n segments is biased upwards by about a constant over n. It is taken
    for random parts of the segments, and a line in 1 / n is drawn through the means.

    Parameters
    ----------
    features : ndarray, shape (n, D)
        Scaled features.
    real : Gaussian
        Of the scaled real features.

    Returns
    -------
    float
        NaN for fewer than 10 segments. May be under 0 by chance.
    """
    total = len(features)
    if total < 10:
        return float("nan")
    rng = np.random.default_rng(0)
    sizes, means = [], []
    for fraction in FRACTIONS:
        size = round(fraction * total)
        repeats = REPEATS if size < total else 1
        parts = (rng.permutation(total)[:size] for _ in range(repeats))
        means.append(
            np.mean([frechet_distance(Gaussian.of(features[part]), real) for part in parts])
        )
        sizes.append(size)
    return float(np.polyfit(1 / np.array(sizes), means, 1)[1])


def kernel_distance(features, real):
    """KID: unbiased squared maximum mean discrepancy, kernel ``(x.y / D + 1)^3``.

    Parameters
    ----------
    features, real : ndarray, shapes (n, D) and (m, D)
        Scaled features. More than 2,000 real ones are thinned by chance.

    Returns
    -------
    float
        NaN for fewer than two segments in a set. May be under 0 by chance.
    """
    if len(features) < 2 or len(real) < 2:
        return float("nan")
    rng = np.random.default_rng(0)
    features, real = (
        x[np.sort(rng.permutation(len(x))[:KID_SEGMENTS])] if len(x) > KID_SEGMENTS else x
        for x in (features, real)
    )
    within = kernel_within(features) + kernel_within(real)
    return float(within - 2 * kernel(features, real).mean())


def kernel(a, b):
    """KID's kernel of all pairs, shapes (n, D) and (m, D) to (n, m)."""
    return (a @ b.T / a.shape[1] + 1) ** 3


def kernel_within(a):
    """Mean of KID's kernel over the pairs of different rows."""
    values = kernel(a, a)
    return (values.sum() - np.trace(values)) / (len(a) * (len(a) - 1))


def neighbour_scores(features, real, real_ball, k=NEIGHBOURS):
    """Precision, recall (arXiv:1904.06991), density and coverage (arXiv:2002.09797).

    Parameters
    ----------
    features, real : ndarray, shapes (n, D) and (m, D)
        Scaled features.
    real_ball : ndarray, shape (m,)
        `neighbourhoods` of the real segments.
    k : int
        Neighbours that make the ball round a segment.

    Returns
    -------
    dict
        `precision`: share of segments inside a real segment's ball; `recall`: share of real
        segments inside a segment's ball; `density`: mean number of real balls a segment is
        in, over k; `coverage`: share of real segments with a segment in their ball. NaN
        where a set has k segments or fewer.
    """
    if min(len(features), len(real)) <= k:
        return dict.fromkeys(NEIGHBOUR_SCORES, float("nan"))
    own_ball = neighbourhoods(features, k)
    between = apart(features, real)
    inside = between <= real_ball
    return {
        "precision": float(inside.any(1).mean()),
        "recall": float((between <= own_ball[:, None]).any(0).mean()),
        "density": float(inside.sum(1).mean() / k),
        "coverage": float((between.min(0) <= real_ball).mean()),
    }


def neighbourhoods(features, k=NEIGHBOURS):
    """Distance of each segment to its k-th nearest other segment: the radius of its ball.

    Parameters
    ----------
    features : ndarray, shape (n, D)
    k : int

    Returns
    -------
    ndarray, shape (n,)
        NaN where there are k segments or fewer.
    """
    if len(features) <= k:
        return np.full(len(features), np.nan)
    blocks = range(0, len(features), _BLOCK)
    return np.concatenate(
        [
            np.partition(apart(features[start : start + _BLOCK], features), k, axis=1)[:, k]
            for start in blocks
        ]
    )


def apart(a, b):
    """Euclidean distances, shapes (n, D) and (m, D) to (n, m)."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0))


def nearest(features, real):
    """Distance of each segment to the nearest real segment: 0 for a copy.

    Parameters
    ----------
    features, real : ndarray, shapes (n, D) and (m, D)
        Scaled features.

    Returns
    -------
    ndarray, shape (n,)
    """
    if not len(real):
        raise ItemError("there is no real segment to compare with")
    blocks = range(0, len(features), _BLOCK)
    return np.concatenate(
        [apart(features[start : start + _BLOCK], real).min(1) for start in blocks]
    )


def diversity(features, songs):
    """Mean distance between segments of one song, and of different songs.

    Parameters
    ----------
    features : ndarray, shape (n, D)
        Scaled features.
    songs : ndarray of str, shape (n,)

    Returns
    -------
    within, across : float
        NaN where there is no such pair.
    """
    lengths = apart(features, features)
    same = songs[:, None] == songs[None]
    pair = np.triu(np.ones_like(same), 1)
    return tuple(
        float(lengths[chosen].mean()) if chosen.any() else float("nan")
        for chosen in (pair & same, pair & ~same)
    )
