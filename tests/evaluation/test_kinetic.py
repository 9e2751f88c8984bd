import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choreo.errors import ItemError
from choreo.evaluation.kinetic import kinetic_features


def test_constant_speed():
    poses = np.zeros((1, 50, 18, 2))
    poses[..., 0] = 3 * np.arange(50)[:, None]
    poses[..., 1] = -4 * np.arange(50)[:, None]
    features = kinetic_features(poses, 10)[0]
    np.testing.assert_allclose(features[:18], 900)
    np.testing.assert_allclose(features[18:36], 1600)
    np.testing.assert_allclose(features[36:], 0, atol=1e-9)


def test_constant_acceleration():
    time = np.arange(50) / 10
    poses = np.zeros((1, 50, 18, 2))
    poses[..., 1] = (0.5 * 9.81 * time**2)[:, None]
    np.testing.assert_allclose(kinetic_features(poses, 10)[0, 36:], 9.81)


@given(st.integers(0, 2**31), st.floats(-1000, 1000), st.floats(-1000, 1000))
@settings(max_examples=25, deadline=None)
def test_translation_changes_nothing(seed, x, y):
    poses = np.random.default_rng(seed).normal(0, 50, (3, 20, 18, 2)).cumsum(1)
    np.testing.assert_allclose(
        kinetic_features(poses + np.array([x, y]), 10), kinetic_features(poses, 10), rtol=1e-6
    )


def test_frame_rate_changes_units_only():
    """The same smooth motion at twice the frame rate."""

    def features(fps):
        time = np.arange(0, 5, 1 / fps)
        poses = np.sin(time)[None, :, None, None] * np.ones((1, 1, 18, 2)) * 100
        return kinetic_features(poses, fps)

    np.testing.assert_allclose(features(20), features(10), rtol=0.03)


def test_message():
    with pytest.raises(ItemError, match=r"at least 3 frames.*got \(1, 2, 18, 2\)"):
        kinetic_features(np.zeros((1, 2, 18, 2)), 10)
