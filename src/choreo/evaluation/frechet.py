"""Frechet distance between two sets of features (Heusel et al. 2017, thesis section 4.4)."""

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import LinAlgWarning, eigh, sqrtm

from choreo.errors import ItemError


@dataclass(frozen=True)
class Gaussian:
    """Mean and covariance of a set of features.

    Attributes
    ----------
    mean : ndarray, shape (D,)
    covariance : ndarray, shape (D, D)
        With n - 1 in the denominator; zeros for one vector.
    n : int
        Vectors that it was taken from.
    """

    mean: np.ndarray
    covariance: np.ndarray
    n: int

    @classmethod
    def of(cls, features):
        """Take it from features of shape (n, D).

        Raises
        ------
        ItemError
            Where there is no vector, or a value is not finite.
        """
        features = np.asarray(features, float)
        if features.ndim != 2 or not len(features):
            raise ItemError(
                "a Frechet distance needs features of shape (n, D) with n >= 1",
                value=features.shape,
            )
        if not np.isfinite(features).all():
            raise ItemError("features must be finite")
        mean = features.mean(0)
        centred = features - mean
        return cls(mean, centred.T @ centred / max(1, len(features) - 1), len(features))

    @cached_property
    def root(self):
        """Symmetric square root of the covariance: one side of many distances is the same."""
        values, vectors = eigh(self.covariance)
        return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def frechet_distance(a, b):
    """Squared Frechet (2-Wasserstein) distance between two Gaussians.

    ``|mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2))``. The trace of the square root is
    the sum of the singular values of ``A^(1/2) B^(1/2)``, taken from symmetric
    eigendecompositions, so that nothing is complex and a covariance of low rank (fewer
    vectors than features) does no harm.

    Parameters
    ----------
    a, b : Gaussian

    Returns
    -------
    float
        At least 0.
    """
    if a.mean.shape != b.mean.shape:
        raise ItemError("the two sets have different features", value=(a.mean.shape, b.mean.shape))
    shift = a.mean - b.mean
    common = np.linalg.svd(a.root @ b.root, compute_uv=False).sum()
    spread = np.trace(a.covariance) + np.trace(b.covariance) - 2 * common
    return float(max(0.0, shift @ shift + spread))


class Scale:
    """Z-scoring with the mean and deviation of the real set.

    A feature that is constant in the real set is centred and not scaled.

    Parameters
    ----------
    real : ndarray, shape (n, D)
        Features of real dances.
    floor : float or ndarray, shape (D,)
        A deviation that every feature has at least, so that one that hardly ever occurs
        in the real set does not outweigh all others.
    """

    def __init__(self, real, floor=0.0):
        real = np.asarray(real, float)
        self.mean = real.mean(0)
        deviation, floor = np.broadcast_arrays(real.std(0), floor)
        constant = deviation <= 1e-12 * np.maximum(1, np.abs(self.mean))
        self.deviation = np.maximum(np.where(constant & (floor == 0), 1, deviation), floor)

    def __call__(self, features):
        """Scale features of shape (m, D)."""
        return (np.asarray(features, float) - self.mean) / self.deviation


def released_distance(a, b):
    """Frechet distance as the thesis's released code computes it from two arrays.

    Two vectors are taken as that many scalar samples each, so that only their means and
    variances matter: ``(mean_a - mean_b)^2 + (deviation_a - deviation_b)^2``. Two
    matrices are compared as in `frechet_distance`, without z-scoring, but with the root
    of the covariances' product from scipy's `sqrtm`. With fewer vectors than features it
    is off in the eighth digit, so that a set can be a little under 0 from itself.

    Parameters
    ----------
    a, b : ndarray, shape (D,) or (n, D)

    Returns
    -------
    float
    """
    a, b = (x[:, None] if x.ndim == 1 else x for x in (np.asarray(a), np.asarray(b)))
    shift = Gaussian.of(a).mean - Gaussian.of(b).mean
    # By numpy's sums: the last digit of a low-rank covariance is the eighth of its root.
    a, b = (np.atleast_2d(np.cov(x, rowvar=False, ddof=min(1, len(x) - 1))) for x in (a, b))
    root = _released_root(a, b)
    if not np.isfinite(root).all():
        offset = 1e-6 * np.eye(len(shift))
        root = _released_root(a + offset, b + offset)
    return float(shift @ shift + np.trace(a) + np.trace(b) - 2 * np.trace(root.real))


def _released_root(a, b):
    with warnings.catch_warnings():
        # scipy warns that a product of low rank may have no accurate root.
        warnings.simplefilter("ignore", LinAlgWarning)
        return sqrtm(a @ b)


def released_fid(generated, real):
    """The four numbers that the thesis's released code prints as FID.

    The distance of every pair of clips is `released_distance` of their two feature
    vectors. Which of the four the thesis's Table 2 reports is not known.

    Parameters
    ----------
    generated, real : ndarray, shapes (n, D) and (m, D)
        One feature vector a clip; the thesis: 1536 values of D_global.

    Returns
    -------
    dict
        `mean_of_means`, `min_of_means`, `mean_of_minima`, `min_of_minima`, where mean
        and minimum a generated clip run over the real clips.
    """
    sets = [np.asarray(x, float) for x in (generated, real)]
    if any(x.ndim != 2 or not len(x) or x.shape[1] < 2 for x in sets):
        raise ItemError(
            "released_fid needs a vector of at least two values a clip and at least one clip",
            value=tuple(x.shape for x in sets),
        )
    means = [x.mean(1) for x in sets]
    deviations = [x.std(1, ddof=1) for x in sets]
    pairs = np.subtract.outer(*means) ** 2 + np.subtract.outer(*deviations) ** 2
    mean, minimum = pairs.mean(1), pairs.min(1)
    return {
        "mean_of_means": float(mean.mean()),
        "min_of_means": float(mean.min()),
        "mean_of_minima": float(minimum.mean()),
        "min_of_minima": float(minimum.min()),
    }


def released_clips(pixels):
    """What the released loader feeds to the network from poses in pixels.

    It writes ``x / 320 - 1`` and ``y / 180 - 1`` back into the array it read: generated
    poses are stored as whole pixels, so that the result is cut to a whole number there
    and almost every coordinate becomes 0. Real poses are stored with fractions and keep
    them.

    Parameters
    ----------
    pixels : ndarray, shape (..., 2)
        Positions on the released code's 640 x 360 canvas; integers for generated
        dances, floats for real ones.

    Returns
    -------
    ndarray of float32, the same shape
    """
    clips = np.array(pixels)
    for axis, half in enumerate((320, 180)):
        clips[..., axis] = clips[..., axis] / half - 1
    return clips.astype(np.float32)
