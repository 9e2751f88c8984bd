import json

import numpy as np
import pytest

from choreo.comparison.quality import against_truth, quality, torso_px
from choreo.errors import ConfigError, ItemError
from choreo.track import PoseTrack

JOINTS = {"coco17": 17, "halpe26": 26, "body25": 25}


def track(frames=6, skeleton="coco17", fps=30, size=(640, 360), **changes):
    joints = JOINTS[skeleton]
    keypoints = np.zeros((frames, joints, 2))
    keypoints[:] = np.arange(joints)[:, None] * (3, 5) + 100
    scores = np.full((frames, joints), 0.5)
    return PoseTrack(keypoints, scores, fps=fps, size=size, skeleton=skeleton).with_(**changes)


def changed(base, frame, value, joint=slice(None), scores=None):
    keypoints, given = base.keypoints.copy(), base.scores.copy()
    keypoints[frame, joint] = value
    given[frame, joint] = np.nan if np.isnan(value) else given[frame, joint]
    if scores is not None:
        given[frame, joint] = scores
    return base.with_(keypoints=keypoints, scores=given)


def test_a_clean_track():
    assert quality(track()) == {
        "method": "thesis",
        "threshold_px": 50.0,
        "frames": 6,
        "joints": 17,
        "joints_given": 17,
        "missing": 0,
        "incorrect": 0,
        "partial": 0,
        "confidence": 0.5,
        "confidence_with_misses": 0.5,
        "detection_rate": 1.0,
    }


def test_missing_frames_are_counted_over_all_decoded_frames():
    # At the start, inside and at the end.
    spoiled = changed(changed(changed(track(), 0, np.nan), 2, np.nan), 5, np.nan)
    record = quality(spoiled)
    assert (record["missing"], record["incorrect"]) == (3, 0)
    assert record["confidence"] == 0.5
    assert record["confidence_with_misses"] == 0.25
    assert record["detection_rate"] == 0.5


def test_an_outlier_and_a_partial_frame_are_incorrect():
    spoiled = changed(changed(track(), 2, 900.0, joint=3), 4, np.nan, joint=7)
    record = quality(spoiled)
    assert (record["incorrect"], record["partial"], record["missing"]) == (2, 1, 0)
    assert record["confidence"] == 0.5
    assert record["confidence_with_misses"] == pytest.approx(0.5 * (6 * 17 - 1) / (6 * 17))


def test_the_threshold_is_a_setting():
    spoiled = changed(track(), 2, 300.0, joint=3)
    assert quality(spoiled, threshold_px=500)["incorrect"] == 0
    assert quality(spoiled, threshold_px=20)["incorrect"] == 1


def test_joints_that_the_estimator_never_gives_are_no_misses():
    halpe = track(skeleton="halpe26")
    for joint in ("head", "left_small_toe", "right_small_toe"):
        halpe = changed(halpe, slice(None), np.nan, joint=halpe.joints.index(joint))
    record = quality(halpe)
    assert (record["joints"], record["joints_given"]) == (26, 23)
    assert (record["incorrect"], record["partial"]) == (0, 0)
    assert record["detection_rate"] == 1
    assert record["confidence_with_misses"] == 0.5


def test_nobody_found():
    record = quality(changed(track(), slice(None), np.nan))
    assert (record["missing"], record["incorrect"], record["joints_given"]) == (6, 0, 0)
    assert record["confidence"] is None
    assert record["confidence_with_misses"] is None
    assert record["detection_rate"] is None
    json.dumps(record, allow_nan=False)


def test_an_estimator_without_scores():
    record = quality(track().with_(scores=np.full((6, 17), np.nan)))
    assert record["confidence"] is None
    assert record["detection_rate"] == 1


def test_one_frame():
    assert quality(track(1))["incorrect"] == 0


def test_thesis_and_released_differ():
    # A move of 70 px is incorrect by the text alone, a frame missing at the end too.
    spoiled = changed(changed(track(), 2, 70 + 100.0, joint=0), 5, np.nan)
    thesis, released = quality(spoiled), quality(spoiled, method="released")
    assert (thesis["missing"], thesis["incorrect"], thesis["threshold_px"]) == (1, 1, 50)
    assert (released["missing"], released["incorrect"], released["threshold_px"]) == (0, 0, 100)
    assert thesis["confidence"] == 0.5
    # The first frame's confidence is not in the sum, but in the number of entries.
    assert released["confidence"] == pytest.approx(0.5 * 4 / 5)


def test_released_sees_absent_joints_as_zeros():
    spoiled = changed(track(), 2, np.nan, joint=7)
    assert quality(spoiled, method="released")["incorrect"] == 2
    assert quality(spoiled)["incorrect"] == 1


def test_released_needs_a_person():
    with pytest.raises(ItemError, match="need at least one person"):
        quality(changed(track(), slice(None), np.nan), method="released")


def test_unknown_method():
    with pytest.raises(ConfigError, match=r"unknown method.*'best'.*Use thesis or released"):
        quality(track(), method="best")


def upright(frames=3, skeleton="coco17"):
    """A track whose torso is 100 px long."""
    base = track(frames, skeleton)
    keypoints = base.keypoints.copy()
    for joint, at in {
        "left_shoulder": (320, 100),
        "right_shoulder": (280, 100),
        "left_hip": (310, 200),
        "right_hip": (290, 200),
    }.items():
        keypoints[:, base.joints.index(joint)] = at
    return base.with_(keypoints=keypoints)


def test_torso_runs_from_the_shoulders_to_the_hips():
    assert torso_px(upright()).tolist() == [100, 100, 100]
    lost = changed(upright(), 1, np.nan, joint=5)
    np.testing.assert_array_equal(torso_px(lost), [100, np.nan, 100])


def test_error_against_the_truth():
    truth = upright()
    record = against_truth(truth.with_(keypoints=truth.keypoints + np.array([3, 4])), truth)
    assert record == {
        "joints_compared": 17,
        "error_px": pytest.approx(5),
        "error_torso": pytest.approx(0.05),
        "pck_0_05": 1.0,
        "pck_0_1": 1.0,
    }
    record = against_truth(truth.with_(keypoints=truth.keypoints + np.array([6, 8.5])), truth)
    assert (record["pck_0_05"], record["pck_0_1"]) == (0, 0)


def test_pck_counts_an_absent_joint_as_wrong_and_the_error_leaves_it_out():
    truth = upright()
    ours = changed(changed(truth, 0, np.nan), 1, np.nan, joint=16)
    record = against_truth(ours, truth)
    assert record["error_px"] == 0
    assert record["pck_0_1"] == pytest.approx((16 + 17) / 51)


def test_pck_does_not_count_joints_without_truth():
    ours = upright()
    truth = changed(ours, 0, np.nan, joint=16)
    assert against_truth(ours, truth)["pck_0_1"] == 1


def test_only_joints_that_both_have_are_compared():
    truth = upright()
    halpe = upright(skeleton="halpe26")
    keypoints = halpe.keypoints.copy()
    keypoints[:, :17] = truth.keypoints
    keypoints[:, 17:] = -500
    halpe = halpe.with_(keypoints=keypoints)
    record = against_truth(halpe, truth)
    assert (record["joints_compared"], record["error_px"], record["pck_0_1"]) == (17, 0, 1)
    assert against_truth(changed(halpe, slice(None), np.nan, joint=0), truth)["pck_0_1"] == 1


def test_nothing_to_compare():
    truth = upright()
    nobody = changed(truth, slice(None), np.nan)
    assert against_truth(nobody, truth)["error_px"] is None
    record = against_truth(truth, nobody)
    assert (record["pck_0_1"], record["error_torso"]) == (None, None)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (track(4), "differ in frames: 3 and 4"),
        (track(3, size=(320, 180)), "differ in size"),
        (track(3, fps=25), "differ in frames a second: 30.0 and 25.0"),
    ],
)
def test_track_and_truth_must_be_of_the_same_video(other, message):
    with pytest.raises(ItemError, match=message):
        against_truth(upright(), other)
