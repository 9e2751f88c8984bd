import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from choreo.errors import ItemError
from choreo.evaluation.distances import kernel_distance
from choreo.evaluation.frechet import (
    Gaussian,
    Scale,
    frechet_distance,
    released_clips,
    released_distance,
    released_fid,
)

TORCHMETRICS = Path(__file__).parents[1] / "data" / "torchmetrics" / "recorded.json"


def gaussian(mean, covariance, n=100):
    return Gaussian(np.asarray(mean, float), np.asarray(covariance, float), n)


def random_covariance(rng, size, rank):
    root = rng.normal(size=(size, rank))
    return root @ root.T


def test_equal_covariances():
    rng = np.random.default_rng(0)
    covariance = random_covariance(rng, 6, 6)
    a, b = rng.normal(size=(2, 6))
    distance = frechet_distance(gaussian(a, covariance), gaussian(b, covariance))
    assert distance == pytest.approx(((a - b) ** 2).sum())


@given(*(st.floats(0.01, 10) for _ in range(2)), st.floats(-5, 5))
def test_one_dimension(a, b, shift):
    distance = frechet_distance(gaussian([0], [[a**2]]), gaussian([shift], [[b**2]]))
    assert distance == pytest.approx(shift**2 + (a - b) ** 2, abs=1e-9)


def test_commuting_covariances():
    a, b = np.array([1.0, 4, 9]), np.array([4.0, 4, 0])
    distance = frechet_distance(gaussian(np.zeros(3), np.diag(a)), gaussian(np.ones(3), np.diag(b)))
    assert distance == pytest.approx(3 + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum())


@given(st.integers(0, 2**31), st.integers(1, 12), st.integers(1, 12))
@settings(max_examples=50, deadline=None)
def test_metric_properties(seed, rank_a, rank_b):
    """Also for covariances of low rank: symmetric, at least 0, and 0 with itself."""
    rng = np.random.default_rng(seed)
    a, b = (
        gaussian(rng.normal(size=12), random_covariance(rng, 12, rank)) for rank in (rank_a, rank_b)
    )
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-6, abs=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-5)
    assert frechet_distance(a, b) >= ((a.mean - b.mean) ** 2).sum() * (1 - 1e-9)


def test_against_scipy():
    rng = np.random.default_rng(1)
    a, b = (gaussian(rng.normal(size=8), random_covariance(rng, 8, 8)) for _ in range(2))
    root = sqrtm(a.covariance @ b.covariance).real
    expected = ((a.mean - b.mean) ** 2).sum() + np.trace(a.covariance + b.covariance - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected)


def test_against_torchmetrics():
    """FID and KID that the package gave for the same features (tests/data/torchmetrics)."""
    recorded = json.loads(TORCHMETRICS.read_text())
    kids = 0
    for case in recorded["cases"]:
        features, real = np.array(case["features"]), np.array(case["real"])
        ours = frechet_distance(Gaussian.of(features), Gaussian.of(real))
        assert ours == pytest.approx(case["fid"], rel=1e-9)
        if "kid" in case:
            assert kernel_distance(features, real) == pytest.approx(case["kid"], rel=1e-9)
            kids += 1
    assert kids


def test_moments():
    features = np.random.default_rng(2).normal(size=(30, 4))
    fitted = Gaussian.of(features)
    np.testing.assert_allclose(fitted.covariance, np.cov(features, rowvar=False))
    assert fitted.n == 30
    np.testing.assert_array_equal(Gaussian.of(features[:1]).covariance, np.zeros((4, 4)))


def test_small_samples_bias_it_upwards():
    """The published expectation of two identical N(0, I_72) sets (40 against 1363): 48.0."""
    rng = np.random.default_rng(0)
    real = Gaussian.of(rng.normal(size=(1363, 72)))
    small = [frechet_distance(Gaussian.of(rng.normal(size=(40, 72))), real) for _ in range(10)]
    large = frechet_distance(Gaussian.of(rng.normal(size=(1000, 72))), real)
    assert np.mean(small) == pytest.approx(48.0, abs=1.5)
    assert large == pytest.approx(2.4, abs=0.3)


def test_scale():
    real = np.random.default_rng(3).normal(5, 3, (50, 3))
    real[:, 2] = 7
    scale = Scale(real)
    scaled = scale(real)
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(0), [1, 1, 0], atol=1e-12)
    np.testing.assert_allclose(scale([[5, 5, 8.5]])[0, 2], 1.5)


def test_released_is_no_distance_of_distributions():
    """A clip's vector shuffled is at distance 0: only mean and deviation matter."""
    rng = np.random.default_rng(4)
    clip = rng.normal(2, 3, 1536)
    assert released_distance(clip, rng.permutation(clip)) == pytest.approx(0, abs=1e-9)
    other = rng.normal(1, 1, 1536)
    expected = (clip.mean() - other.mean()) ** 2 + (clip.std(ddof=1) - other.std(ddof=1)) ** 2
    assert released_distance(clip, other) == pytest.approx(expected)


def test_released_fid_is_over_all_pairs():
    rng = np.random.default_rng(5)
    a, b = rng.normal(0, 2, (4, 40)), rng.normal(1, 1, (3, 40))
    pairs = np.array([[released_distance(x, y) for y in b] for x in a])
    found = released_fid(a, b)
    assert found["mean_of_means"] == pytest.approx(pairs.mean())
    assert found["min_of_means"] == pytest.approx(pairs.mean(1).min())
    assert found["mean_of_minima"] == pytest.approx(pairs.min(1).mean())
    assert found["min_of_minima"] == pytest.approx(pairs.min())


def test_released_loader_erases_whole_pixels():
    pixels = np.array([[0, 0], [639, 359], [640, 360], [321, 1], [-320, 540]])
    np.testing.assert_array_equal(
        released_clips(pixels), [[-1, -1], [0, 0], [1, 1], [0, 0], [-2, 2]]
    )
    kept = released_clips(pixels.astype(float))
    np.testing.assert_allclose(kept, pixels / [320, 180] - 1, rtol=1e-6)
    assert pixels[0, 0] == 0


def test_messages():
    with pytest.raises(ItemError, match=r"n >= 1 \(got \(0, 3\)\)"):
        Gaussian.of(np.zeros((0, 3)))
    with pytest.raises(ItemError, match="must be finite"):
        Gaussian.of(np.full((3, 3), np.nan))
    with pytest.raises(ItemError, match=r"different features \(got \(\(2,\), \(3,\)\)\)"):
        frechet_distance(gaussian([0, 0], np.eye(2)), gaussian([0, 0, 0], np.eye(3)))
    with pytest.raises(ItemError, match="at least one clip"):
        released_fid(np.zeros((0, 5)), np.zeros((1, 5)))
