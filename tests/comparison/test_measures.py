import numpy as np
import pytest
from comparison_tracks import dancer, moved
from hypothesis import given
from hypothesis import strategies as st

from choreo.comparison.measures import (
    LIMB_JOINTS,
    LIMBS,
    inside_share,
    jitter,
    limb_joints,
    limb_variation,
)
from choreo.pose.skeletons import SKELETONS


def test_every_skeleton_has_the_12_limb_joints():
    assert len(LIMB_JOINTS) == len(set(LIMB_JOINTS)) == 12
    for skeleton in SKELETONS.values():
        assert set(LIMB_JOINTS) <= set(skeleton.joints)


def test_limbs_are_the_arms_and_the_legs():
    names = {tuple(LIMB_JOINTS[j] for j in limb) for limb in LIMBS}
    assert len(names) == 8
    assert ("left_shoulder", "left_elbow") in names
    assert ("right_knee", "right_ankle") in names
    assert all(a.split("_")[0] == b.split("_")[0] for a, b in names)


@pytest.mark.parametrize("skeleton", ["coco17", "halpe26", "body25", "openpose18"])
def test_limb_joints_are_the_same_in_every_skeleton(skeleton):
    keypoints, scores = limb_joints(dancer(3, skeleton))
    expected, _ = limb_joints(dancer(3))
    np.testing.assert_array_equal(keypoints, expected)
    assert (scores == 0.5).all()


def test_a_joint_half_given_is_none():
    track = dancer(3)
    keypoints = track.keypoints.copy()
    keypoints[1, track.joints.index("left_wrist"), 0] = np.nan
    found, scores = limb_joints(track.with_(keypoints=keypoints))
    at = LIMB_JOINTS.index("left_wrist")
    assert np.isnan(found[1, at]).all()
    assert np.isnan(scores[1, at])


def test_jitter_of_a_parabola_is_its_acceleration():
    # x = a t^2 / 2 with a = 300 px/s^2, so 3 torsos of 100 px a second squared.
    t = np.arange(20) / 30
    keypoints = np.zeros((20, 12, 2))
    keypoints[..., 0] = 150 * t[:, None] ** 2
    assert jitter(keypoints, 30, 100) == pytest.approx(3)
    assert jitter(keypoints, 30, 50) == pytest.approx(6)
    # Steady movement and place do not count.
    assert jitter(keypoints + 40 * t[:, None, None] + 7, 30, 100) == pytest.approx(3)


def test_jitter_takes_only_three_frames_on_end():
    keypoints = np.zeros((7, 1, 2))
    keypoints[3] = np.nan
    keypoints[2], keypoints[4] = 10, 50  # 0 0 10 - 50 0 0
    # Second differences of the two runs: 10 and 50, in both coordinates.
    assert jitter(keypoints, 1, 1) == pytest.approx(30 * 2**0.5)
    keypoints[[1, 5]] = np.nan
    assert jitter(keypoints, 1, 1) is None
    assert jitter(np.zeros((2, 12, 2)), 30, 100) is None
    assert jitter(np.zeros((9, 12, 2)), 30, None) is None


def test_jitter_grows_with_noise():
    found = [jitter(limb_joints(dancer(200, noise=n))[0], 10, 100) for n in (0, 1, 2)]
    assert found[0] == 0
    assert found[2] == pytest.approx(2 * found[1], rel=1e-3)
    # The mean length of the second difference of white noise: sqrt(6) sqrt(pi / 2) sigma.
    assert found[1] == pytest.approx(6**0.5 * (np.pi / 2) ** 0.5 * 100 / 100, rel=0.05)


def test_limb_variation_is_the_mean_coefficient():
    keypoints = np.zeros((2, 12, 2))
    for a, b in LIMBS:
        keypoints[:, b] = keypoints[:, a] + (0, 10)
    assert limb_variation(keypoints) == 0
    a, b = LIMBS[-1]
    keypoints[1, b] = keypoints[1, a] + (0, 30)  # 10 and 30: mean 20, deviation 10
    assert limb_variation(keypoints) == pytest.approx(0.5 / 8)
    keypoints[1, a] = np.nan  # one length alone varies by nothing that can be known
    assert limb_variation(keypoints) == 0
    keypoints[1] = np.nan
    assert limb_variation(keypoints) is None


@given(st.floats(0.1, 10), st.floats(-500, 500))
def test_limb_variation_knows_no_place_and_no_size(scale, place):
    keypoints, _ = limb_joints(dancer(5, noise=3))
    assert limb_variation(scale * keypoints + place) == pytest.approx(limb_variation(keypoints))


def test_inside_the_picture():
    track = dancer(2)
    assert inside_share(track) == 1
    assert inside_share(moved(track, 0, "left_wrist", (0, 500))) == pytest.approx(33 / 34)
    assert inside_share(moved(track, 0, "left_wrist", (-340, -160))) == 1  # 0, 0 is inside
    assert inside_share(moved(track, 0, "left_wrist", np.nan)) == 1
    assert inside_share(moved(track, slice(None), None, np.nan)) is None
