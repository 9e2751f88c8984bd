import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choreo.evaluation.geometric import geometric_features, geometric_floor, relations
from choreo.pose.skeletons import OPENPOSE18

# A dancer who faces the camera, arms hanging; the dancer's left is on the picture's right.
STANDING = {
    "nose": (0, -70),
    "neck": (0, -50),
    "right_shoulder": (-15, -50),
    "right_elbow": (-18, -25),
    "right_wrist": (-18, 2),
    "left_shoulder": (15, -50),
    "left_elbow": (18, -25),
    "left_wrist": (18, 2),
    "right_hip": (-10, 0),
    "right_knee": (-10, 40),
    "right_ankle": (-10, 80),
    "left_hip": (10, 0),
    "left_knee": (10, 40),
    "left_ankle": (10, 80),
    "right_eye": (-4, -74),
    "left_eye": (4, -74),
    "right_ear": (-8, -72),
    "left_ear": (8, -72),
}
SIDE = 11
LEFT_UP, LEFT_HIGH, LEFT_ACROSS, LEFT_BENT, LEFT_SHARP, LEFT_FOOT = 0, 1, 4, 6, 7, 10
TOGETHER, FEET_APART, LEAN_LEFT, LEAN_RIGHT, CROUCH, SIDEWAYS, AWAY = (
    2 * SIDE + i for i in (0, 2, 4, 5, 6, 7, 8)
)


def pose(**changes):
    return np.array([(STANDING | changes)[joint] for joint in OPENPOSE18.joints], float)


def holding(**changes):
    """Indices of the relations that this pose has and the standing one has not, and back."""
    both = relations(np.stack([pose(), pose(**changes)])[:, None].repeat(3, 1))[:, 0]
    return set(np.flatnonzero(both[1] & ~both[0])), set(np.flatnonzero(both[0] & ~both[1]))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"left_wrist": (18, -60)}, {LEFT_UP, LEFT_SHARP, LEFT_BENT}),
        ({"left_elbow": (20, -75), "left_wrist": (20, -100)}, {LEFT_UP, LEFT_HIGH, 5}),
        ({"left_ankle": (10, 60)}, {LEFT_FOOT}),
        ({"left_ankle": (50, 80), "left_knee": (30, 40)}, {FEET_APART}),
        ({"left_wrist": (-8, -8)}, {LEFT_ACROSS, TOGETHER}),
        ({"right_shoulder": (15, -50), "left_shoulder": (-15, -50)}, {AWAY}),
        ({"right_shoulder": (-2, -50), "left_shoulder": (2, -50)}, {SIDEWAYS}),
    ],
)
def test_relations(changes, expected):
    gained, _ = holding(**changes)
    assert expected <= gained


def test_leaning():
    for sign, index in ((-1, LEAN_LEFT), (1, LEAN_RIGHT)):
        leaning = pose(neck=(sign * 25, -45))
        assert relations(leaning[None, None])[0, 0, index]
    assert not relations(pose()[None, None])[0, 0, [LEAN_LEFT, LEAN_RIGHT]].any()


def test_sides_are_mirrored():
    mirrored = pose() * [-1, 1]
    order = np.arange(18)
    for left, right in OPENPOSE18.pairs:
        order[[left, right]] = right, left
    up = pose(left_wrist=(18, -100))
    one = relations(up[None, None])[0, 0]
    two = relations((up * [-1, 1])[order][None, None])[0, 0]
    np.testing.assert_array_equal(one[:SIDE], two[SIDE : 2 * SIDE])
    assert mirrored.shape == (18, 2)


def test_shares_and_changes():
    frames = np.stack([pose(), pose(left_wrist=(18, -100))] * 10)[None]
    features = geometric_features(frames, 10)[0]
    count = len(features) // 2
    assert features[LEFT_HIGH] == 0.5
    assert features[count + LEFT_HIGH] == pytest.approx(10)
    assert geometric_floor(2 * count).shape == features.shape


@given(st.integers(0, 2**31), st.floats(0.2, 5), st.floats(-300, 300), st.floats(-300, 300))
@settings(max_examples=25, deadline=None)
def test_place_and_size_change_nothing(seed, size, x, y):
    poses = np.random.default_rng(seed).normal(0, 60, (2, 9, 18, 2))
    moved = poses * size + np.array([x, y])
    ours, theirs = (relations(p) for p in (poses, moved))
    assert (ours != theirs).mean() < 0.002


def test_a_collapsed_pose_is_finite():
    assert np.isfinite(geometric_features(np.zeros((1, 50, 18, 2)), 10)).all()
