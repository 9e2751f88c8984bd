"""The released rules one by one; the parity tests hold their sum."""

import numpy as np
import pytest

from choreo.comparison.released_counts import count_alphapose, count_openpose
from choreo.errors import ItemError


def poses(xs, joints=25):
    keypoints = np.full((len(xs), joints, 2), 300.0)
    keypoints[:, 3, 0] = xs
    return keypoints


def alphapose(frame, xs, scores=None):
    scores = np.full((len(xs), 25), 0.5) if scores is None else scores
    return count_alphapose(frame, poses(xs), scores)


def openpose(frame, keypoints, frames):
    return count_openpose(frame, keypoints, np.full(keypoints.shape[:2], 0.5), frames)


def test_more_than_100_px_from_the_entry_before():
    assert alphapose([0, 1, 2, 3], [300, 400, 500.1, 300])["incorrect"] == 2


def test_an_outlier_counts_twice_since_eq_2_is_not_applied():
    assert alphapose([0, 1, 2, 3], [300, 300, 900, 300])["incorrect"] == 2


def test_only_gaps_are_missing():
    assert alphapose([5, 6, 9, 10], [300] * 4)["missing"] == 2


def test_a_repeated_frame_is_passed_over():
    record = alphapose([0, 1, 1, 2], [300, 300, 900, 300])
    assert (record["incorrect"], record["missing"], record["entries"]) == (0, 0, 4)
    assert record["confidence"] == pytest.approx(0.5 * 2 / 4)


def test_a_number_that_goes_backwards_moves_the_count_on():
    # 4 comes at count 8, which becomes 9: the 10 after it is then no gap.
    assert alphapose([7, 8, 4, 10], [300] * 4)["missing"] == 0


def test_smallest_confidence_is_at_most_zero():
    scores = np.full((3, 25), 0.5)
    assert alphapose([0, 1, 2], [300] * 3, scores)["confidence_min"] == 0
    scores[2, 2] = -0.25
    assert alphapose([0, 1, 2], [300] * 3, scores)["confidence_min"] == -0.25


def test_no_entry():
    with pytest.raises(ItemError, match="need at least one person"):
        count_alphapose([], np.zeros((0, 17, 2)), np.zeros((0, 17)))


def test_empty_frames_of_openpose_keep_the_pose_before_them():
    record = openpose([0, 2, 3], poses([300, 900, 900]), 5)
    assert (record["missing"], record["incorrect"], record["entries"]) == (2, 1, 5)
    assert record["confidence"] == pytest.approx(0.5 * 2 / 5)


def test_the_first_person_of_a_frame_counts():
    assert openpose([0, 1, 1, 2], poses([300, 300, 900, 300]), 3)["incorrect"] == 0


def test_a_zero_of_a_foot_excuses_a_frame_in_either_pose():
    keypoints = poses([300, 900, 300, 900])
    assert openpose([0, 1, 2, 3], keypoints, 4)["incorrect"] == 3
    keypoints[1, 22] = np.nan
    assert openpose([0, 1, 2, 3], keypoints, 4)["incorrect"] == 1
    keypoints[1, 22] = 300, 0
    assert openpose([0, 1, 2, 3], keypoints, 4)["incorrect"] == 1


def test_a_zero_of_another_joint_counts():
    keypoints = poses([300, 300, 300])
    keypoints[1, 18] = np.nan
    assert openpose([0, 1, 2], keypoints, 3)["incorrect"] == 2


def test_18_joints_have_no_feet():
    keypoints = poses([300, 900], joints=18)
    keypoints[1, 17] = np.nan
    assert openpose([0, 1], keypoints, 2)["incorrect"] == 1


def test_openpose_with_nobody_at_all():
    record = openpose([], np.zeros((0, 25, 2)), 4)
    assert (record["missing"], record["incorrect"], record["confidence"]) == (4, 0, 0)


def test_openpose_where_the_released_code_stops():
    with pytest.raises(ItemError, match="first frame holds nobody"):
        openpose([1], poses([300]), 3)
    with pytest.raises(ItemError, match="at least one frame"):
        openpose([], np.zeros((0, 25, 2)), 0)
