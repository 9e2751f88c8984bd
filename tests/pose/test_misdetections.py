import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choreo.pose.misdetections import (
    displacement,
    flag_misdetections,
    joints_in_use,
    missing_frames,
    partial_frames,
)

NOBODY = np.nan


def track(xs, joints=3):
    """Keypoints (T, joints, 2) in which joint 1 is at x = xs[i], y = 0; the others at 0."""
    keypoints = np.zeros((len(xs), joints, 2))
    keypoints[:, 1, 0] = xs
    keypoints[np.isnan(xs)] = np.nan
    return keypoints


def flags(xs, **options):
    return np.flatnonzero(flag_misdetections(track(np.array(xs, float)), **options)).tolist()


@pytest.mark.parametrize(
    ("xs", "flagged"),
    [
        ([0, 10, 20, 30], []),
        # Exactly the threshold is no misdetection (eq. 1 has ">").
        ([0, 50, 100], []),
        ([0, 50.5, 0], [1]),
        # A lone outlier: the frame after it is compared with the one before it.
        ([0, 0, 200, 0, 0], [2]),
        # Two outliers in a row: the second is compared with i-2 and flagged too; the third
        # frame has two flagged before it, so it is compared with i-1.
        ([0, 0, 200, 200, 200, 200], [2, 3]),
        # So the good frame that ends a run of two is flagged as well.
        ([0, 0, 200, 200, 0, 0], [2, 3, 4]),
        ([0, 0, 200, 400, 600, 600], [2, 3, 4]),
        # The first frame is never flagged; where it is the bad one, two good ones are.
        ([200, 0, 0, 0], [1, 2]),
        ([0, 200], [1]),
        ([0], []),
        ([], []),
    ],
)
def test_closed_cases(xs, flagged):
    assert flags(xs) == flagged


def test_threshold_is_in_pixels():
    assert flags([0, 90, 0], threshold_px=100) == []
    assert flags([0, 30, 0], threshold_px=20) == [1]


def test_any_coordinate_of_any_joint_counts_in_either_direction():
    for joint in range(3):
        for axis in range(2):
            for sign in (-1, 1):
                keypoints = np.zeros((3, 3, 2))
                keypoints[1, joint, axis] = sign * 51
                assert flag_misdetections(keypoints).tolist() == [False, True, False]


def test_x_and_y_are_not_added():
    keypoints = np.zeros((2, 3, 2))
    keypoints[1, 0] = 40, 40
    assert not flag_misdetections(keypoints).any()


def test_missing_frames_are_not_flagged_and_stepped_over():
    xs = [0, NOBODY, 10, NOBODY, 200, 10, NOBODY]
    assert np.flatnonzero(missing_frames(track(np.array(xs)))).tolist() == [1, 3, 6]
    # 4 is compared with 2, the last frame with a person; 5 with 2 again.
    assert flags(xs) == [4]


def test_each_missing_frame_between_allows_for_the_threshold_again():
    # Two frames missing: 150 px may have been travelled, 151 not.
    assert flags([0, NOBODY, NOBODY, 150]) == []
    assert flags([0, NOBODY, NOBODY, 151]) == [3]
    # Stepping over an outlier: one frame is missing between 0 and 3.
    assert flags([0, NOBODY, 900, 100]) == [2]
    assert flags([0, NOBODY, 900, 101]) == [2, 3]


def test_a_partial_frame_is_incorrect_and_stepped_over():
    keypoints = track(np.array([0.0, 10, 20, 30, 40]))
    keypoints[2, 0] = np.nan
    assert partial_frames(keypoints).tolist() == [False, False, True, False, False]
    assert flag_misdetections(keypoints).tolist() == [False, False, True, False, False]


def test_joints_that_are_never_given_take_no_part():
    keypoints = track(np.array([0.0, 10, 20]))
    keypoints[:, 2] = np.nan
    assert joints_in_use(keypoints).tolist() == [True, True, False]
    assert not partial_frames(keypoints).any()
    assert not flag_misdetections(keypoints).any()


def test_nobody_in_any_frame():
    keypoints = np.full((4, 3, 2), np.nan)
    assert missing_frames(keypoints).all()
    assert not flag_misdetections(keypoints).any()
    assert not partial_frames(keypoints).any()


def test_displacement_passes_over_absent_joints():
    keypoints = track(np.array([0.0, 7, NOBODY, 9, 30]))
    keypoints[4, 0] = np.nan
    np.testing.assert_array_equal(displacement(keypoints), [np.nan, 7, np.nan, np.nan, 21])
    np.testing.assert_array_equal(displacement(keypoints, 2), [np.nan] * 3 + [2, np.nan])
    assert np.isnan(displacement(keypoints, 9)).all()


def literal(xs, threshold=50.0):
    """Eq. (1)-(2) word by word for whole frames."""

    def f(i):
        if i <= 0:
            return False
        previous = i - 2 if f(i - 1) and i >= 2 and not f(i - 2) else i - 1
        return abs(xs[i] - xs[previous]) > threshold

    return [f(i) for i in range(len(xs))]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([0.0, 30.0, 60.0, 120.0, 500.0]), max_size=12))
def test_equals_the_recursion_of_the_text(xs):
    assert flag_misdetections(track(np.array(xs))).tolist() == literal(xs)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 30.0, 60.0, 120.0, NOBODY]), min_size=1, max_size=12),
    st.floats(-300, 300),
)
def test_does_not_depend_on_where_the_dancer_stands(xs, shift):
    here = track(np.array(xs))
    shift = round(shift)  # whole pixels: the differences stay exact
    assert (flag_misdetections(here) == flag_misdetections(here + shift)).all()
