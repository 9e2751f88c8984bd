import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel
from sklearn.neighbors import NearestNeighbors

from choreo.errors import ItemError
from choreo.evaluation.distances import (
    apart,
    diversity,
    frechet_at_infinity,
    kernel_distance,
    nearest,
    neighbour_scores,
    neighbourhoods,
)
from choreo.evaluation.frechet import Gaussian, frechet_distance


def normal(n, size=16, shift=0.0, seed=0):
    return np.random.default_rng(seed).normal(shift, 1, (n, size))


def test_limit_of_the_frechet_distance_is_less_biased():
    real = Gaussian.of(normal(5000, seed=1))
    limits, plain = [], []
    for seed in range(2, 8):
        features = normal(100, seed=seed)
        limits.append(frechet_at_infinity(features, real))
        plain.append(frechet_distance(Gaussian.of(features), real))
    # The truth is 0.
    assert np.mean(plain) > 0.8
    assert abs(np.mean(limits)) < 0.35 * np.mean(plain)
    assert np.isnan(frechet_at_infinity(normal(9), real))


def test_kid_by_its_definition():
    a, b = normal(7, 3), normal(5, 3, 0.5, seed=1)

    def kernel(x, y):
        return (x @ y / 3 + 1) ** 3

    def within(x):
        pairs = [kernel(p, q) for i, p in enumerate(x) for j, q in enumerate(x) if i != j]
        return np.mean(pairs)

    expected = within(a) + within(b) - 2 * np.mean([kernel(p, q) for p in a for q in b])
    assert kernel_distance(a, b) == pytest.approx(expected)


def test_kid_is_unbiased():
    values = [kernel_distance(normal(30, seed=s), normal(30, seed=s + 500)) for s in range(200)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(200)
    assert np.isnan(kernel_distance(normal(1), normal(30)))


def scores(features, real):
    return neighbour_scores(features, real, neighbourhoods(real))


def test_neighbour_scores_of_equal_and_far_sets():
    real = normal(300, 4, seed=1)
    equal, far = scores(normal(300, 4, seed=2), real), scores(normal(300, 4, 50, seed=2), real)
    assert equal["precision"] > 0.9
    assert equal["recall"] > 0.9
    assert equal["density"] == pytest.approx(1, abs=0.2)
    assert equal["coverage"] > 0.9
    assert far == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_neighbour_scores_by_hand():
    """On a line, k = 1: balls of radius 1 round 0, 1 and of radius 4 round 5."""
    real, features = np.array([[0.0], [1], [5]]), np.array([[0.5], [8.5], [20]])
    found = neighbour_scores(features, real, neighbourhoods(real, 1), 1)
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["density"] == pytest.approx((2 + 1 + 0) / 3)
    assert found["coverage"] == 1
    # Radii of the features: 8, 8, 11.5.
    assert found["recall"] == 1


def test_mode_collapse_has_precision_and_no_recall():
    real = normal(300, 4, seed=1)
    found = scores(np.zeros((50, 4)), real)
    assert found["precision"] == 1
    assert found["recall"] == 0


def test_too_few():
    assert all(np.isnan(v) for v in scores(normal(5), normal(100)).values())
    assert all(np.isnan(v) for v in scores(normal(50), normal(5)).values())


def test_nearest_and_apart():
    real = normal(700, seed=3)
    np.testing.assert_allclose(nearest(real[::7], real), 0, atol=1e-6)
    other = normal(20, seed=4)
    expected = np.linalg.norm(other[:, None] - real[None], axis=-1)
    np.testing.assert_allclose(apart(other, real), expected)
    np.testing.assert_allclose(nearest(other, real), expected.min(1))
    with pytest.raises(ItemError, match="no real segment"):
        nearest(other, real[:0])


def test_diversity():
    features = np.array([[0.0], [2], [10]])
    within, across = diversity(features, np.array(["a", "a", "b"]))
    assert within == 2
    assert across == 9
    assert np.isnan(diversity(features[:1], np.array(["a"]))).all()


def test_kid_against_scikit_learns_kernel():
    a, b = normal(40, 6), normal(30, 6, 0.3, seed=1)

    def mean_of_others(x):
        kernel = polynomial_kernel(x, degree=3, coef0=1)
        return (kernel.sum() - np.trace(kernel)) / (len(x) * (len(x) - 1))

    expected = mean_of_others(a) + mean_of_others(b)
    expected -= 2 * polynomial_kernel(a, b, degree=3, coef0=1).mean()
    assert kernel_distance(a, b) == pytest.approx(expected)


def test_neighbour_scores_against_scikit_learns_neighbours():
    features, real = normal(60, 4, 0.4, seed=2), normal(80, 4, seed=3)

    def radii(x):
        return NearestNeighbors(n_neighbors=6).fit(x).kneighbors(x)[0][:, -1]

    between = np.sqrt(((features[:, None] - real[None]) ** 2).sum(-1))
    inside_real = between < radii(real)
    inside_own = between < radii(features)[:, None]
    found = scores(features, real)
    assert found["precision"] == pytest.approx(inside_real.any(1).mean())
    assert found["recall"] == pytest.approx(inside_own.any(0).mean())
    assert found["density"] == pytest.approx(inside_real.sum() / (5 * len(features)))
    assert found["coverage"] == pytest.approx(inside_real.any(0).mean())
