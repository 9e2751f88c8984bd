import json

import numpy as np
import pytest

from choreo.comparison.quality import against_truth, flags_against_truth, quality
from choreo.errors import ConfigError, ItemError
from choreo.pose.size import height_px, torso_px
from choreo.pose.track import PoseTrack
from choreo.poses.formats import alphapose, openpose

JOINTS = {"coco17": 17, "halpe26": 26, "body25": 25}


def track(frames=6, skeleton="coco17", fps=30, size=(640, 360), **changes):
    joints = JOINTS[skeleton]
    keypoints = np.zeros((frames, joints, 2))
    keypoints[:] = np.arange(joints)[:, None] * (3, 5) + 100
    scores = np.full((frames, joints), 0.5)
    return PoseTrack(keypoints, scores, fps=fps, size=size, skeleton=skeleton).with_(**changes)


# Joints lie on one line, 34**0.5 px apart: nose 0, shoulders 5 and 6, hips 11 and 12,
# knees 13 and 14, ankles 15 and 16.
HEIGHT = 34**0.5 * (5.5 + 6 + 2 + 2)


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
        "threshold_height": pytest.approx(50 / HEIGHT),
        "height_px": pytest.approx(HEIGHT),
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
    corrupted = changed(changed(changed(track(), 0, np.nan), 2, np.nan), 5, np.nan)
    record = quality(corrupted)
    assert (record["missing"], record["incorrect"]) == (3, 0)
    assert record["confidence"] == 0.5
    assert record["confidence_with_misses"] == 0.25
    assert record["detection_rate"] == 0.5


def test_an_outlier_and_a_partial_frame_are_incorrect():
    corrupted = changed(changed(track(), 2, 900.0, joint=3), 4, np.nan, joint=7)
    record = quality(corrupted)
    assert (record["incorrect"], record["partial"], record["missing"]) == (2, 1, 0)
    assert record["confidence"] == 0.5
    assert record["confidence_with_misses"] == pytest.approx(0.5 * (6 * 17 - 1) / (6 * 17))


def test_the_threshold_is_a_setting():
    corrupted = changed(track(), 2, 300.0, joint=3)
    assert quality(corrupted, threshold_px=500)["incorrect"] == 0
    assert quality(corrupted, threshold_px=20)["incorrect"] == 1


def test_the_threshold_may_be_a_fraction_of_the_height():
    corrupted = changed(track(), 2, 300.0, joint=3)  # moves by 191 px in x
    record = quality(corrupted, threshold_height=2)
    assert (record["incorrect"], record["threshold_px"]) == (1, pytest.approx(2 * HEIGHT))
    assert quality(corrupted, threshold_height=3)["incorrect"] == 0
    bigger = corrupted.with_(keypoints=corrupted.keypoints * 4)
    assert quality(bigger, threshold_height=2)["incorrect"] == 1
    assert quality(bigger, threshold_height=3)["incorrect"] == 0


def test_without_a_height_no_move_is_too_far():
    corrupted = changed(changed(track(), 2, 300.0, joint=3), slice(None), np.nan, joint=15)
    record = quality(corrupted, threshold_height=0.1)
    assert (record["incorrect"], record["threshold_px"], record["height_px"]) == (0, None, None)
    assert quality(corrupted)["threshold_height"] is None
    assert quality(corrupted)["incorrect"] == 1


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
    corrupted = changed(changed(track(), 2, 70 + 100.0, joint=0), 5, np.nan)
    thesis, released = quality(corrupted), quality(corrupted, method="released")
    assert (thesis["missing"], thesis["incorrect"], thesis["threshold_px"]) == (1, 1, 50)
    assert (released["missing"], released["incorrect"], released["threshold_px"]) == (0, 0, 100)
    assert thesis["confidence"] == 0.5
    assert (released["counted_from"], released["detection_rate"]) == ("track", 5 / 6)
    # Its mean is no mean over the given joints, to which the other would be compared.
    assert "confidence_with_misses" not in released
    assert "counted_from" not in thesis
    # The first frame's confidence is not in the sum, but in the number of entries.
    assert released["confidence"] == pytest.approx(0.5 * 4 / 5)


def test_released_sees_absent_joints_as_zeros():
    corrupted = changed(track(), 2, np.nan, joint=7)
    assert quality(corrupted, method="released")["incorrect"] == 2
    assert quality(corrupted)["incorrect"] == 1


def as_track(path):
    """The first person of each frame of a tool's file."""
    tool, skeleton = alphapose, None
    if "people" in path.read_text()[:2000]:
        tool, skeleton = openpose, "body25"
    found = tool.read_detections(path, skeleton=skeleton)
    keypoints = np.full((found.frames, *found.keypoints.shape[1:]), np.nan)
    scores = np.full(keypoints.shape[:2], np.nan)
    frames, first = np.unique(found.frame, return_index=True)
    keypoints[frames], scores[frames] = found.keypoints[first], found.scores[first]
    made = PoseTrack(keypoints, scores, fps=30, size=(640, 360), skeleton=found.skeleton)
    return made, len(found.frame) - len(frames)


def test_released_counts_of_a_track_are_those_of_its_file(parity):
    folder = parity / "03_table1"
    cases = json.loads((folder / "expected.json").read_text())
    cases = {name: expected for name, expected in cases.items() if "crash" not in expected}
    assert cases
    for name, expected in sorted(cases.items()):
        made, repeated = as_track(folder / f"{name}.json")
        record = quality(made, method="released")
        difference = abs(record["confidence"] - expected["c_mean"])
        print(f"{name}: {repeated} repeated entries, confidence differs by {difference:.2g}")
        assert (record["missing"], record["incorrect"]) == (expected["missing"], expected["wrong"])
        # The file's repeated entries are in its denominator; a track has none.
        assert difference < 1e-6 or (repeated and made.skeleton == "coco17")


def test_released_excuses_openpose_without_feet():
    corrupted = changed(track(skeleton="body25"), 2, 900.0, joint=3)
    assert quality(corrupted, method="released")["incorrect"] == 2
    footless = changed(corrupted, slice(None), np.nan, joint=22)
    assert quality(footless, method="released")["incorrect"] == 0
    assert quality(footless)["incorrect"] == 1


def test_released_stops_where_openpose_s_first_frame_is_empty():
    with pytest.raises(ItemError, match="first frame holds nobody"):
        quality(changed(track(skeleton="body25"), 0, np.nan), method="released")


def test_released_needs_a_person():
    with pytest.raises(ItemError, match="need at least one person"):
        quality(changed(track(), slice(None), np.nan), method="released")


def test_released_takes_the_counts_of_the_file():
    counts = {"missing": 7, "incorrect": 8, "confidence": 0.9, "confidence_min": 0, "entries": 9}
    record = quality(track(), method="released", counts=counts)
    assert [record[k] for k in ("missing", "incorrect", "confidence")] == [7, 8, 0.9]
    assert (record["counted_from"], record["frames"]) == ("file", 6)


@pytest.mark.parametrize("changes", [{"threshold_px": 20}, {"threshold_height": 0.2}])
def test_released_has_a_threshold_of_its_own(changes):
    with pytest.raises(ConfigError, match="released has a threshold of its own, 100 px"):
        quality(track(), method="released", **changes)


def test_unknown_method():
    with pytest.raises(ConfigError, match=r"unknown method.*'best'.*Use one of thesis, released"):
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


def test_height_follows_the_body_whatever_the_posture():
    base = upright()
    keypoints = base.keypoints.copy()
    for joint, at in {
        "nose": (300, 60),
        "left_knee": (310, 260),
        "right_knee": (290, 280),
        "left_ankle": (310, 360),
        "right_ankle": (290, 340),
    }.items():
        keypoints[:, base.joints.index(joint)] = at
    standing = base.with_(keypoints=keypoints)
    assert height_px(standing).tolist() == [40 + 100 + (160 + 140) / 2] * 3
    keypoints[1, [9, 10]] = 300, 0  # wrists
    keypoints[2, 13], keypoints[2, 15] = (370, 200), (370, 300)  # the left leg is bent
    bent = base.with_(keypoints=keypoints)
    assert height_px(bent).tolist() == [290] * 3
    np.testing.assert_array_equal(height_px(changed(bent, 1, np.nan, joint=16)), [290, np.nan, 290])


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


def test_nobody_found_is_all_wrong():
    truth = upright()
    record = against_truth(changed(truth, slice(None), np.nan), truth)
    assert (record["pck_0_1"], record["joints_compared"], record["error_px"]) == (0, 17, None)


def flagged(track, **options):
    record = flags_against_truth(track, upright(6), **options)
    return tuple(
        record[k] for k in ("wrong", "flagged", "wrong_and_flagged", "precision", "recall")
    )


def test_eq_1_against_the_truth():
    assert flagged(upright(6)) == (0, 0, 0, None, None)
    # One frame that jumps far: eq. (1) sees it, and eq. (2) forgives the return.
    assert flagged(changed(upright(6), 2, 900.0, joint=3)) == (1, 1, 1, 1, 1)
    # A wrong pose that stays is flagged when it comes, and not again: recall 1 of 3.
    stays = changed(upright(6), slice(3, None), 900.0, joint=3)
    wrong, found, both, _, recall = flagged(stays)
    assert (wrong, both, recall) == (3, 2, 2 / 3)
    assert found == 2
    # 60 px is more than half of the torso of 100 px, and less than one of 200 px.
    shifted = upright(6).keypoints + np.array([60, 0])
    assert flagged(upright(6).with_(keypoints=shifted)) == (6, 0, 0, None, 0)
    assert flagged(upright(6).with_(keypoints=shifted), wrong_torso=0.7)[0] == 0


def test_a_false_alarm_of_eq_1():
    # Moves of 40 px that are less than half a torso from the truth.
    base = upright(6)
    keypoints = base.keypoints.copy()
    keypoints[2, 3, 0] += 40
    corrupted = base.with_(keypoints=keypoints)
    assert flagged(corrupted, threshold_px=30) == (0, 1, 0, 0, None)


def test_partial_frames_are_not_part_of_that():
    assert flagged(changed(upright(6), 2, np.nan, joint=3))[:3] == (0, 0, 0)
    halpe = upright(6, skeleton="halpe26")
    keypoints = halpe.keypoints.copy()
    keypoints[:, :17] = upright(6).keypoints
    keypoints[2, 25] = 900  # a heel, which the truth does not have
    assert flagged(halpe.with_(keypoints=keypoints)) == (0, 0, 0, None, None)


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
