import numpy as np
import pytest
from dataset_clips import STANDING, dance
from hypothesis import given, settings
from hypothesis import strategies as st

from choreo.dataset.normalise import (
    CANVAS,
    DANCER_SHARE,
    Transform,
    from_pixels,
    normalise,
    to_pixels,
)
from choreo.errors import ConfigError, ItemError
from choreo.pose.skeletons import COCO17, OPENPOSE18, SKELETONS, convert
from choreo.pose.track import PoseTrack

CANVASES = sorted(CANVAS.values())


def _still(seconds=6, **changes):
    pose = np.array([{**STANDING, **changes}[joint] for joint in COCO17.joints], float)
    keypoints = np.repeat(pose[None], round(seconds * 30), axis=0)
    scores = np.ones(keypoints.shape[:2])
    return PoseTrack(keypoints, scores, fps=30, size=(640, 360), skeleton="coco17")


@pytest.mark.parametrize("canvas", CANVASES)
def test_canvas_corners(canvas):
    width, height = canvas
    pixels = np.array([[0, 0], [width, height], [width / 2, height / 2]])
    np.testing.assert_array_equal(from_pixels(pixels, canvas), [[-1, -1], [1, 1], [0, 0]])


@given(st.sampled_from(CANVASES), st.floats(-2000, 2000), st.floats(-2000, 2000))
def test_pixels_and_back(canvas, x, y):
    there = from_pixels(np.array([x, y]), canvas)
    np.testing.assert_allclose(to_pixels(there, canvas), [x, y], atol=1e-9)


@given(st.floats(1e-4, 1e2), st.floats(-50, 50), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_transform_and_inverse(scale, offset, x, y):
    transform = Transform((scale, 2 * scale), (offset, -offset))
    np.testing.assert_allclose(
        transform.invert(transform.apply([x, y])), [x, y], rtol=1e-9, atol=1e-6
    )


@pytest.mark.parametrize("method", ["thesis", "released"])
def test_poses_lead_back_to_the_video(method):
    track = dance(8)
    result = normalise(track, method=method, outside="keep", antialias=False)
    back = result.transform.invert(result.poses)
    nose = track.keypoints[::3, COCO17.index("nose")]
    np.testing.assert_allclose(back[:, OPENPOSE18.index("nose")], nose, atol=1e-3)


def test_first_pose_is_in_the_middle_and_the_dancer_has_the_stated_size():
    result = normalise(_still())
    first = to_pixels(result.poses[0], CANVAS["thesis"])
    np.testing.assert_allclose((first.min(0) + first.max(0)) / 2, [320, 160], atol=1e-3)
    nose, ankle = (first[OPENPOSE18.index(j)] for j in ("nose", "left_ankle"))
    assert np.linalg.norm(ankle - nose) == pytest.approx(DANCER_SHARE * 320, rel=1e-4)


def test_raised_wrists_fit():
    """What the margin is for: 0.3 of the dancer's size above the nose is inside."""
    track = _still()
    keypoints = np.array(track.keypoints)
    for side in ("left", "right"):
        keypoints[90:, COCO17.index(f"{side}_wrist"), 1] = 100 - 0.29 * 210
    result = normalise(track.with_(keypoints=keypoints), outside="keep")
    assert result.values_outside == 0


def test_one_scale_for_x_and_y():
    """In canvas pixels a square stays a square."""
    transform = normalise(dance(6)).transform
    width, height = CANVAS["thesis"]
    assert transform.scale[0] * width == pytest.approx(transform.scale[1] * height)


def test_size_is_a_robust_maximum():
    """A few wrong ankles do not shrink the dance; a crouch at the start neither."""
    track = _still(10)
    keypoints = np.array(track.keypoints)
    keypoints[30:36, COCO17.index("left_ankle"), 1] += 900
    keypoints[:100] = keypoints[:1] * [1, 0.4] + [0, 186]
    wrong = normalise(track.with_(keypoints=keypoints), outside="keep").transform
    assert wrong.scale == pytest.approx(normalise(track).transform.scale, rel=1e-6)


def test_size_does_not_depend_on_which_way_up():
    track = _still()
    turned = np.array(track.keypoints)[..., ::-1]
    upright = normalise(track).transform.scale[0]
    assert normalise(track.with_(keypoints=turned)).transform.scale[0] == pytest.approx(upright)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.2, 5), st.floats(-500, 500), st.floats(-500, 500), st.integers(0, 5))
def test_where_and_how_large_the_dancer_was_does_not_matter(factor, dx, dy, seed):
    track = dance(6, seed=seed)
    moved = track.with_(keypoints=track.keypoints * np.float64(factor) + [dx, dy])
    for method in ("thesis", "released"):
        a, b = (normalise(t, method=method, outside="keep").poses for t in (track, moved))
        np.testing.assert_allclose(a, b, atol=2e-4)


def test_left_stays_left():
    result = normalise(_still())
    for joint, position in STANDING.items():
        k = OPENPOSE18.index(joint)
        found = result.transform.invert(result.poses[0, k])
        np.testing.assert_allclose(found, position, atol=1e-3, err_msg=joint)
    left, right = (OPENPOSE18.index(f"{side}_shoulder") for side in ("left", "right"))
    assert result.poses[0, left, 0] > result.poses[0, right, 0]
    np.testing.assert_allclose(
        result.poses[:, OPENPOSE18.index("neck")],
        (result.poses[:, left] + result.poses[:, right]) / 2,
        atol=1e-6,
    )


def test_released_swaps_left_and_right():
    """The difference between the text and the code: COCO's left in the right slots."""
    track = _still()
    thesis, released = (normalise(track, method=m) for m in ("thesis", "released"))
    for left, right in OPENPOSE18.pairs:
        a = thesis.transform.invert(thesis.poses[0, left])
        b = released.transform.invert(released.poses[0, right])
        np.testing.assert_allclose(a, b, atol=1e-3)
    assert thesis.canvas == (640, 320)
    assert released.canvas == (640, 360)


@pytest.mark.parametrize("skeleton", ["halpe26", "body25", "openpose18"])
def test_neck_is_the_shoulders_midpoint_for_every_estimator(skeleton):
    track = dance(6)
    keypoints, scores = convert(track.keypoints, track.scores, COCO17, SKELETONS[skeleton])
    neck = SKELETONS[skeleton].index("neck")
    keypoints[:, neck] = 7.0
    other = track.with_(keypoints=keypoints, scores=scores, skeleton=skeleton)
    np.testing.assert_allclose(normalise(other).poses, normalise(track).poses, atol=1e-6)


def test_repaired_joints_are_followed():
    track = _still()
    flags = np.zeros((len(track), 17), bool)
    flags[30:33, COCO17.index("left_shoulder")] = True
    flags[60, COCO17.index("right_wrist")] = True
    for method, shoulder, wrist in (
        ("thesis", "left_shoulder", "right_wrist"),
        ("released", "right_shoulder", "left_wrist"),
    ):
        repaired = normalise(track.with_(repaired=flags), method=method).repaired
        assert set(np.argwhere(repaired)[:, 0]) == {10, 20}
        expected = {(10, shoulder), (10, "neck"), (20, wrist)}
        assert {(f, OPENPOSE18.joints[j]) for f, j in np.argwhere(repaired)} == expected


@pytest.mark.parametrize("fps", [24, 25, 29.97, 50, 60])
def test_any_frame_rate_has_exact_timing(fps):
    """The nose moves by 10 px a second: at time t it is 10 t further."""
    track = _still(6)
    times = np.arange(round(6 * fps)) / fps
    keypoints = np.repeat(track.keypoints[:1], len(times), axis=0) + 10 * times[:, None, None]
    scores = np.ones(keypoints.shape[:2])
    result = normalise(track.with_(keypoints=keypoints, scores=scores, fps=fps))
    nose = result.transform.invert(result.poses[:, 0])[:, 0]
    np.testing.assert_allclose(nose, 320 + 10 * np.arange(len(nose)) / 10, atol=1e-3)
    assert len(nose) >= 59


def test_missing_ends_are_cut_and_the_middle_is_kept_as_nan():
    track = dance(10)
    keypoints = np.array(track.keypoints)
    keypoints[:31, 3] = np.nan
    keypoints[280:] = np.nan
    keypoints[150:160, 5] = np.nan
    result = normalise(track.with_(keypoints=keypoints))
    assert result.start_seconds == pytest.approx(1.1)
    assert len(result.poses) == 94 - 11
    assert result.cut_frames == 100 - len(result.poses)
    gone = np.isnan(result.poses).any(-1)
    assert set(np.flatnonzero(gone.any(1))) == {39, 40, 41, 42}
    joints = {OPENPOSE18.joints[j] for j in np.flatnonzero(gone.any(0))}
    assert joints == {"left_shoulder", "neck"}


def _travels():
    track = _still(10)
    path = np.linspace(0, 700, len(track))[:, None, None] * [1, 0]
    return track.with_(keypoints=track.keypoints + path)


def test_outside_keep_counts():
    result = normalise(_travels(), outside="keep")
    assert result.values == 100 * 18 * 2
    assert result.values_outside == (np.abs(result.poses) > 1).sum() > 0


def test_outside_clip():
    kept, clipped = (normalise(_travels(), outside=o) for o in ("keep", "clip"))
    assert clipped.values_outside == kept.values_outside
    np.testing.assert_array_equal(clipped.poses, np.clip(kept.poses, -1, 1))


def test_outside_rescale():
    result = normalise(_travels(), outside="rescale")
    assert np.abs(result.poses).max() <= 1
    assert np.abs(result.poses).max() == pytest.approx(1, abs=1e-5)
    assert result.values_outside == 0
    nose = result.transform.invert(result.poses[:, 0])
    np.testing.assert_allclose(nose, _travels().keypoints[::3, 0], atol=0.5)


def test_rescale_leaves_a_dance_that_fits_alone():
    a, b = (normalise(dance(6), outside=o) for o in ("keep", "rescale"))
    np.testing.assert_array_equal(a.poses, b.poses)


def test_defaults():
    assert normalise(dance(6)).outside == "clip"
    assert normalise(dance(6), method="released").outside == "keep"


def test_two_runs_give_the_same_bytes():
    a, b = (normalise(dance(6)).poses.tobytes() for _ in range(2))
    assert a == b


def test_errors():
    track = dance(6)
    with pytest.raises(ConfigError, match=r"unknown method \(got 'robust'\)\. Use one of thesis"):
        normalise(track, method="robust")
    with pytest.raises(ConfigError, match=r"unknown choice for `outside` \(got 'wrap'\)"):
        normalise(track, outside="wrap")
    nobody = track.with_(keypoints=np.full_like(track.keypoints, np.nan))
    for method in CANVAS:
        with pytest.raises(ItemError, match="vid: no frame has all joints"):
            normalise(nobody, method=method, where="vid")
    empty = track.with_(keypoints=track.keypoints[:0], scores=track.scores[:0])
    for method in CANVAS:
        with pytest.raises(ItemError, match="no frame has all joints"):
            normalise(empty, method=method)
    point = track.with_(keypoints=np.ones_like(track.keypoints))
    for method in CANVAS:
        with pytest.raises(ItemError, match="vid: the dancer has no size"):
            normalise(point, method=method, where="vid")


def test_released_errors():
    with pytest.raises(ItemError, match=r"every third frame.*got 25.*videos.fps to 30"):
        normalise(dance(6, fps=25), method="released", where="vid")
    with pytest.raises(ItemError, match=r"vid: the released code crashes.*got 19"):
        normalise(dance(1.9), method="released", where="vid")
    keypoints = np.array(dance(6).keypoints)
    keypoints[30] = np.nan
    with pytest.raises(ItemError, match=r"every joint from the first frame on \(got '1 frames"):
        normalise(dance(6).with_(keypoints=keypoints), method="released")
    # Missing frames at the end are not recovered by the released cleaning: they are cut.
    keypoints = np.array(dance(6).keypoints)
    keypoints[170:] = np.nan
    result = normalise(dance(6).with_(keypoints=keypoints), method="released")
    assert (len(result.poses), result.cut_frames) == (57, 3)
