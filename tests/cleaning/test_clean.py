import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choreo.cleaning.clean import AT_THE_ENDS, clean
from choreo.config import Cleaning
from choreo.config.cleaning import UNUSED
from choreo.errors import ConfigError, ItemError
from choreo.pose.track import PoseTrack


def parabola(frames=12):
    """Every coordinate is a quadratic in time: a cubic spline through any 4 frames is exact."""
    t = np.arange(frames)[:, None, None]
    slope = np.linspace(1, 4, 34).reshape(17, 2)
    return PoseTrack(
        100 + slope * t + 0.25 * t**2,
        np.full((frames, 17), 0.5),
        fps=30,
        size=(640, 360),
        skeleton="coco17",
        meta={"source": "dance.mp4"},
    )


def corrupt(track, changes, value=np.nan):
    """Set (frame, joint) pairs, or whole frames, to `value`."""
    keypoints, scores = track.keypoints.copy(), track.scores.copy()
    for at in changes:
        keypoints[at] = value
        if np.isnan(value):
            scores[at] = np.nan
    return track.with_(keypoints=keypoints, scores=scores)


def assert_restored(cleaned, truth, frames=slice(None)):
    np.testing.assert_allclose(cleaned.keypoints[frames], truth.keypoints[frames], atol=1e-3)


def test_a_good_track_is_unchanged():
    truth = parabola()
    cleaned, record = clean(truth)
    assert np.array_equal(cleaned.keypoints, truth.keypoints)
    assert np.array_equal(cleaned.scores, truth.scores)
    assert not cleaned.repaired.any()
    assert record["flagged"] == record["missing_runs"] == record["unrepaired"] == []
    assert record["longest_gap"] == 0


def test_missing_and_incorrect_frames_are_recovered():
    truth = parabola()
    cleaned, record = clean(corrupt(corrupt(truth, [2, 7, 8]), [(4, 3)], 900))
    assert_restored(cleaned, truth)
    assert np.flatnonzero(cleaned.repaired.all(1)).tolist() == [2, 4, 7, 8]
    assert np.flatnonzero(cleaned.repaired.any(1)).tolist() == [2, 4, 7, 8]
    assert np.isnan(cleaned.scores[[2, 4, 7, 8]]).all()
    assert (cleaned.scores[[0, 1, 3]] == 0.5).all()
    assert record == {
        "method": "thesis",
        "threshold_px": 50.0,
        "threshold_height": None,
        "max_gap_seconds": None,
        "fps": 30.0,
        "frames": 12,
        "missing": 3,
        "incorrect": 1,
        "partial": 0,
        "flagged": [4],
        "missing_runs": [[2, 2], [7, 8]],
        "repaired_runs": [[2, 2], [4, 4], [7, 8]],
        "repaired_frames": 4,
        "repaired_joints": 68,
        "longest_gap": 2,
        "longest_gap_seconds": pytest.approx(2 / 30),
        "unrepaired": [],
        "segments": [[0, 11]],
    }
    json.dumps(record, allow_nan=False)


def test_kept_frames_are_the_same_bits():
    truth = parabola()
    cleaned, _ = clean(corrupt(truth, [5]))
    kept = [i for i in range(12) if i != 5]
    assert np.array_equal(cleaned.keypoints[kept], truth.keypoints[kept])


def test_nothing_is_extrapolated():
    truth = parabola()
    cleaned, record = clean(corrupt(truth, [0, 1, 11]))
    assert np.isnan(cleaned.keypoints[[0, 1, 11]]).all()
    assert not cleaned.repaired.any()
    assert record["unrepaired"] == [
        {"first": 0, "last": 1, "joints": "all", "reason": AT_THE_ENDS},
        {"first": 11, "last": 11, "joints": "all", "reason": AT_THE_ENDS},
    ]


def test_a_partial_frame_is_recovered_whole():
    truth = parabola()
    cleaned, record = clean(corrupt(truth, [(5, 9)]))
    assert_restored(cleaned, truth)
    assert cleaned.repaired[5].all()
    assert (record["incorrect"], record["partial"], record["flagged"]) == (1, 1, [5])


def test_joints_that_are_never_given_stay_absent():
    cleaned, record = clean(corrupt(parabola(), [(slice(None), 16), 4]))
    assert np.isnan(cleaned.keypoints[:, 16]).all()
    assert not cleaned.repaired[:, 16].any()
    assert cleaned.repaired[4, :16].all()
    assert record["incorrect"] == 0


def test_long_gaps_may_be_left():
    truth = parabola(30)
    gap = corrupt(truth, [4, *range(10, 20)])
    assert_restored(clean(gap)[0], truth)
    cleaned, record = clean(gap, max_gap_seconds=0.2)
    assert np.flatnonzero(cleaned.repaired.any(1)).tolist() == [4]
    assert record["unrepaired"] == [
        {"first": 10, "last": 19, "joints": "all", "reason": "gap longer than 0.2 s"}
    ]
    assert record["segments"] == [[0, 9], [20, 29]]
    assert cleaned.meta["cleaning"]["max_gap_seconds"] == 0.2
    # Ten frames at 30 a second are exactly a third of a second.
    assert clean(gap, max_gap_seconds=1 / 3)[1]["unrepaired"] == []


def test_meta_says_how_it_was_cleaned(tmp_path):
    cleaned, _ = clean(parabola(), threshold_px=40)
    assert cleaned.meta["source"] == "dance.mp4"
    assert cleaned.meta["cleaning"] == {
        "method": "thesis",
        "threshold_px": 40.0,
        "threshold_height": None,
        "max_gap_seconds": None,
    }
    cleaned.save(tmp_path / "c.npz")
    assert np.array_equal(PoseTrack.load(tmp_path / "c.npz").repaired, cleaned.repaired)


@pytest.mark.parametrize("frames", [1, 2, 3, 4])
def test_short_tracks(frames):
    truth = parabola(frames)
    cleaned, _ = clean(truth)
    assert np.array_equal(cleaned.keypoints, truth.keypoints)


def test_two_kept_frames_give_a_line_three_a_parabola():
    truth = parabola(5)
    cleaned, _ = clean(corrupt(truth, [1, 2, 3]))
    middle = (truth.keypoints[0] + truth.keypoints[4]) / 2
    np.testing.assert_allclose(cleaned.keypoints[2], middle, atol=1e-3)
    assert_restored(clean(corrupt(truth, [1, 3]))[0], truth)


def test_a_single_kept_frame_repairs_nothing():
    cleaned, record = clean(corrupt(parabola(3), [0, 2]))
    assert cleaned.given.all(1).tolist() == [False, True, False]
    assert [u["reason"] for u in record["unrepaired"]] == [AT_THE_ENDS] * 2


@pytest.mark.parametrize("method", ["thesis", "released"])
def test_nobody_found(method):
    with pytest.raises(ItemError, match=r"dance.mp4: nobody was found in any of the 12 frames"):
        clean(corrupt(parabola(), [slice(None)]), method=method)


def test_no_frame_is_left():
    with pytest.raises(ItemError, match=r"dance.mp4: no frame is left: every frame lacks a joint"):
        clean(corrupt(parabola(4), [(0, 0), (1, 1), (2, 2), (3, 3)]))


def test_settings_are_checked():
    with pytest.raises(ConfigError, match=r"unknown method of cleaning \(got 'best'\)"):
        clean(parabola(), method="best")
    with pytest.raises(ConfigError, match=r"`threshold_px` must be above 0 \(got 0\)"):
        clean(parabola(), threshold_px=0)
    with pytest.raises(ConfigError, match=r"`threshold_height` must be above 0 \(got -1\)"):
        clean(parabola(), threshold_height=-1)
    with pytest.raises(ConfigError, match="`max_gap_seconds` must be above 0"):
        clean(parabola(), max_gap_seconds=float("nan"))


@pytest.mark.parametrize(
    ("method", "setting"),
    [
        ("released", {"max_gap_seconds": 0.01}),
        ("released", {"max_gap_seconds": 50}),
        ("robust", {"threshold_px": 5}),
        ("robust", {"threshold_height": 0.2}),
    ],
)
def test_settings_without_effect_are_refused(method, setting):
    (name,) = setting
    assert name in UNUSED[method]
    with pytest.raises(ConfigError, match=f"`{name}` has no effect with method {method}"):
        clean(parabola(), method=method, **setting)
    with pytest.raises(ValueError, match=f"{name} has no effect on cleaning with method {method}"):
        Cleaning(method=method, **setting)
    assert clean(parabola(), method=method)[1][name] is None
    assert Cleaning(method=method, threshold_px=50)


@pytest.mark.parametrize("method", ["thesis", "released"])
@pytest.mark.parametrize("scale", [1, 3])
def test_a_threshold_in_heights_does_not_depend_on_the_resolution(method, scale):
    # Nose 90, shoulders 60, hips 30 above the knees, ankles 30 below: 90 + 30 to the ankles.
    heights = {"nose": 10, "shoulder": 40, "hip": 70, "knee": 100, "ankle": 130}
    track = parabola(12)
    keypoints = np.zeros((12, 17, 2))
    for joint, name in enumerate(track.joints.joints):
        keypoints[:, joint, 1] = scale * heights.get(name.split("_")[-1], 20)
    still = track.with_(keypoints=keypoints)
    jump = corrupt(still, [])
    jump.keypoints[5, 9, 0] = 30 * scale
    assert clean(jump, method=method, threshold_height=0.3)[1]["incorrect"] == 0
    cleaned, record = clean(jump, method=method, threshold_height=0.2)
    assert record["flagged"] == [5]
    assert record["threshold_px"] == pytest.approx(0.2 * 120 * scale)
    assert record["threshold_height"] == 0.2
    assert_restored(cleaned, still)


def test_a_threshold_in_heights_needs_a_height():
    headless = corrupt(parabola(), [(slice(None), 0)])
    with pytest.raises(ItemError, match=r"dance.mp4: `threshold_height` needs the dancer's height"):
        clean(headless, threshold_height=0.2)


def test_thesis_and_released_differ():
    truth = parabola()
    # A gap at the start: the text leaves it, the code extrapolates.
    start = corrupt(truth, [0, 1])
    assert np.isnan(clean(start)[0].keypoints[0]).all()
    released, record = clean(start, method="released")
    assert_restored(released, truth)
    assert record["missing"] == 0
    # Two bad frames in a row: the text counts both, the code the first.
    run = corrupt(truth, [(5, 0), (6, 0)], 900)
    assert clean(run)[1]["incorrect"] == 3
    assert clean(run, method="released")[1]["incorrect"] == 1


def test_released_leaves_the_end_and_stops_where_the_code_does():
    truth = parabola()
    cleaned, record = clean(corrupt(truth, [5, 10, 11]), method="released")
    assert_restored(cleaned, truth, slice(10))
    assert np.isnan(cleaned.keypoints[10:]).all()
    assert record["unrepaired"] == [
        {"first": 10, "last": 11, "joints": "all", "reason": AT_THE_ENDS}
    ]
    with pytest.raises(ItemError, match=r"at least 4 frames that are kept \(got 3\)"):
        clean(parabola(3), method="released")


def test_released_sees_an_absent_joint_as_a_zero_and_keeps_it_absent():
    truth = parabola(20)
    # A zero near the joint's place is no jump: the frame is kept, the joint stays absent.
    near = truth.with_(keypoints=truth.keypoints - 95)
    near = near.with_(keypoints=np.clip(near.keypoints, 1, 45))
    cleaned, record = clean(corrupt(near, [(5, 9)]), method="released")
    assert record["incorrect"] == 0
    assert np.isnan(cleaned.keypoints[5, 9]).all()
    # Far from it the frame goes.
    assert clean(corrupt(truth, [(5, 9)]), method="released")[1]["incorrect"] == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 28), max_size=10, unique=True),
    st.sets(st.integers(1, 28), max_size=4),
)
def test_whatever_is_lost_inside_comes_back(missing, outliers):
    # Lone outliers apart from each other, with good frames on both sides.
    lone = sorted(outliers)
    lone = [o for i, o in enumerate(lone) if i == 0 or o - lone[i - 1] > 2]
    lone = [o for o in lone if not {o - 2, o - 1, o, o + 1, o + 2} & set(missing)]
    truth = parabola(30)
    cleaned, record = clean(corrupt(corrupt(truth, missing), [(o, 3) for o in lone], 5000))
    assert record["flagged"] == lone
    assert record["missing"] == len(missing)
    assert_restored(cleaned, truth)
    assert np.flatnonzero(cleaned.repaired.any(1)).tolist() == sorted({*missing, *lone})
