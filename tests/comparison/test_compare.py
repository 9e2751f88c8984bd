import json

import numpy as np
import pytest
from comparison_tracks import HEIGHT, TORSO, dancer, moved

from choreo.comparison.compare import SWEEP_HEIGHT, SWEEP_PX, compare
from choreo.comparison.quality import quality
from choreo.errors import ItemError


def test_two_that_agree():
    record = compare({"a": dancer(), "b": dancer(skeleton="halpe26")})
    assert (record["torso_px"], record["height_px"]) == (TORSO, HEIGHT)
    assert (record["frames"], record["common_frames"], record["truth"]) == (8, 8, None)
    a, b = record["estimators"]["a"], record["estimators"]["b"]
    assert (b["joints"], b["joints_given"]) == (26, 19)  # the made dancer has no feet
    for found in (a, b):
        assert (found["incorrect"], found["incorrect_height"], found["incorrect_limbs"]) == (
            0,
            0,
            0,
        )
        assert (found["jitter"], found["limb_variation"], found["inside"]) == (0, 0, 1)
        assert found["limb_confidence"] == found["limb_confidence_with_misses"] == 0.5
        assert "truth" not in found
    assert record["distances"] == [{"a": "a", "b": "b", "joints": 17, "frames": 8, "torsos": 0.0}]
    json.dumps(record, allow_nan=False)


def test_it_holds_the_counts_of_table_1():
    corrupted = moved(moved(dancer(), 3, "left_wrist", 90.0), 6, None, np.nan)
    found = compare({"a": corrupted}, threshold_px=70)["estimators"]["a"]
    assert found.items() >= quality(corrupted, threshold_px=70).items()
    assert (found["incorrect"], found["missing"]) == (1, 1)


def test_distance_is_in_torsos_over_common_joints_and_frames():
    shifted = moved(dancer(), slice(None), None, (3.0, 4.0))
    away = moved(moved(shifted, 0, None, np.nan), slice(None), "nose", np.nan)
    record = compare({"a": dancer(), "b": away, "c": dancer(skeleton="body25")})
    pairs = {(p["a"], p["b"]): p for p in record["distances"]}
    assert list(pairs) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert pairs["a", "b"]["torsos"] == pytest.approx(0.05)
    assert (pairs["a", "b"]["joints"], pairs["a", "b"]["frames"]) == (16, 7)
    assert pairs["b", "c"]["torsos"] == pytest.approx(0.05)


def test_limb_measures_are_over_what_all_have():
    # b shakes in the frames that a misses: no difference in what both have.
    calm = moved(dancer(12), slice(0, 4), None, np.nan)
    shaky = moved(dancer(12), 1, "left_wrist", 30.0)
    record = compare({"a": calm, "b": shaky})
    assert record["common_frames"] == 8
    for found in record["estimators"].values():
        assert (found["jitter"], found["limb_variation"]) == (0, 0)
        assert found["limb_detection_rate"] == 1
    assert compare({"b": shaky})["estimators"]["b"]["jitter"] > 0


def test_limb_confidence_with_misses_as_zero():
    lost = moved(dancer(4), 1, "left_wrist", np.nan)
    lost = moved(lost, slice(None), "left_ear", np.nan)  # no limb joint
    found = compare({"a": lost})["estimators"]["a"]
    assert found["limb_confidence"] == 0.5
    assert found["limb_confidence_with_misses"] == pytest.approx(0.5 * 47 / 48)
    assert found["limb_detection_rate"] == pytest.approx(47 / 48)


def test_who_finds_nobody_has_no_say_in_the_common_frames():
    nobody = moved(dancer(), slice(None), None, np.nan)
    record = compare({"a": dancer(), "none": nobody})
    assert record["common_frames"] == 8
    assert record["estimators"]["a"]["jitter"] == 0
    found = record["estimators"]["none"]
    assert (found["missing"], found["jitter"], found["limb_confidence"]) == (8, None, None)
    assert found["limb_detection_rate"] == 0
    assert record["distances"][0]["torsos"] is None
    json.dumps(record, allow_nan=False)


def test_nobody_at_all():
    record = compare({"a": moved(dancer(), slice(None), None, np.nan)})
    assert (record["torso_px"], record["height_px"], record["common_frames"]) == (None, None, 0)
    assert record["estimators"]["a"]["incorrect_height"] is None
    assert record["estimators"]["a"]["sweep"]["incorrect_px"] == [0] * len(SWEEP_PX)
    json.dumps(record, allow_nan=False)


def test_the_sweep_counts_each_threshold():
    corrupted = moved(dancer(), 3, "left_wrist", (95.0, 0.0))
    sweep = compare({"a": corrupted})["estimators"]["a"]["sweep"]
    assert (SWEEP_PX[0], SWEEP_PX[-1]) == (10, 200)
    assert sweep["incorrect_px"] == [int(t < 95) for t in SWEEP_PX]
    assert sweep["incorrect_height"] == [int(f * HEIGHT < 95) for f in SWEEP_HEIGHT]


def test_scale_free_does_not_depend_on_the_resolution():
    corrupted = moved(dancer(), 3, "left_wrist", (95.0, 0.0))
    large = corrupted.with_(keypoints=corrupted.keypoints * 3, size=(1920, 1080))
    small, large = (compare({"a": t})["estimators"]["a"] for t in (corrupted, large))
    for key in ("incorrect_height", "jitter", "limb_variation"):
        assert small[key] == pytest.approx(large[key], rel=1e-5)
    assert small["sweep"]["incorrect_height"] == large["sweep"]["incorrect_height"]
    assert small["sweep"]["incorrect_px"] != large["sweep"]["incorrect_px"]


def test_feet_do_not_count_for_the_limb_joints():
    corrupted = moved(dancer(skeleton="openpose18"), 3, "left_eye", 90.0)
    found = compare({"a": corrupted})["estimators"]["a"]
    assert (found["incorrect"], found["incorrect_limbs"]) == (1, 0)


def test_the_truth_is_measured_too():
    truth = moved(dancer(), 3, "left_wrist", (95.0, 0.0))
    record = compare({"a": dancer()}, truth=truth)
    assert record["truth"]["incorrect"] == 1  # a real move that eq. (1) would flag
    assert record["truth"]["jitter"] > record["estimators"]["a"]["jitter"]
    found = record["estimators"]["a"]["truth"]
    assert found["flags"]["wrong"] == 1
    assert (found["flags"]["flagged"], found["flags"]["recall"]) == (0, 0)
    assert found["error_px"] == pytest.approx(95 / (8 * 17))


def test_the_truth_gives_the_torso():
    half = dancer().keypoints / 2
    record = compare({"a": dancer().with_(keypoints=half)}, truth=dancer())
    assert record["torso_px"] == TORSO
    assert compare({"a": dancer().with_(keypoints=half)})["torso_px"] == TORSO / 2


def test_without_a_track():
    with pytest.raises(ItemError, match="at least one track"):
        compare({})


def test_tracks_of_different_videos():
    with pytest.raises(ItemError, match="tracks a and b differ in frames: 8 and 9"):
        compare({"a": dancer(8), "b": dancer(9)})
    with pytest.raises(ItemError, match="track and truth differ in size"):
        compare({"a": dancer()}, truth=dancer(size=(320, 180)))
