"""PoseTrack: what it refuses, what survives the disk, and how skeletons convert."""

import numpy as np
import pytest

from choreo.errors import ItemError
from choreo.pose.skeletons import COCO17, HALPE26, OPENPOSE18, SKELETONS, convert
from choreo.pose.track import PoseTrack


def track(frames=4, skeleton="coco17", **changes):
    joints = len(SKELETONS[skeleton])
    keypoints = np.arange(frames * joints * 2, dtype=np.float32).reshape(frames, joints, 2)
    keypoints[1, 3] = np.nan
    return PoseTrack(
        **{
            "keypoints": keypoints,
            "scores": np.full((frames, joints), 0.5),
            "fps": 30,
            "size": (640, 360),
            "skeleton": skeleton,
            "meta": {"estimator": "test"},
        }
        | changes
    )


def test_saved_and_loaded_is_the_same(tmp_path):
    repaired = np.zeros((4, 17), bool)
    repaired[1, 3] = True
    first = track(repaired=repaired)
    first.save(tmp_path / "t.npz")
    second = PoseTrack.load(tmp_path / "t.npz")
    np.testing.assert_array_equal(first.keypoints, second.keypoints)
    np.testing.assert_array_equal(second.repaired, repaired)
    assert (second.fps, second.size, second.skeleton) == (30.0, (640, 360), "coco17")
    assert second.meta == {"estimator": "test"}
    assert not second.given[1, 3]
    assert second.given.sum() == 4 * 17 - 1


def test_two_saves_have_the_same_bytes(tmp_path):
    track().save(tmp_path / "a.npz")
    track().save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"skeleton": "coco18"}, "unknown skeleton"),
        ({"keypoints": np.zeros((4, 16, 2))}, r"shape \(T, 17, 2\)"),
        ({"scores": np.zeros((3, 17))}, r"scores must have shape \(4, 17\)"),
        ({"repaired": np.zeros((4, 16))}, r"repaired must have shape"),
        ({"fps": 0}, "fps must be a positive"),
        ({"fps": np.nan}, "fps must be a positive"),
        ({"size": (0, 5)}, "size must be a positive"),
        ({"keypoints": np.full((4, 17, 2), np.inf)}, "must be finite"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ItemError, match=message):
        track().with_(**changes)


def test_files_that_are_no_track_are_refused(tmp_path):
    with pytest.raises(ItemError, match="no such file"):
        PoseTrack.load(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(ItemError, match=r"text\.npz: not a pose track"):
        PoseTrack.load(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", a=1)
    with pytest.raises(ItemError, match="not a pose track"):
        PoseTrack.load(tmp_path / "other.npz")


def test_a_pickle_in_the_file_is_not_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    np.savez(tmp_path / "t.npz", keypoints=np.array([Bomb()], dtype=object))
    with pytest.raises(ItemError, match="not a pose track"):
        PoseTrack.load(tmp_path / "t.npz")
    assert not (tmp_path / "ran").exists()


def test_neck_and_hip_are_midpoints():
    keypoints = np.zeros((1, 17, 2))
    keypoints[0, COCO17.index("left_shoulder")] = 10, 20
    keypoints[0, COCO17.index("right_shoulder")] = 30, 40
    scores = np.ones((1, 17))
    scores[0, COCO17.index("left_shoulder")] = 0.3
    out, out_scores = convert(keypoints, scores, COCO17, OPENPOSE18)
    np.testing.assert_array_equal(out[0, OPENPOSE18.index("neck")], [20, 30])
    assert out_scores[0, OPENPOSE18.index("neck")] == 0.3
    np.testing.assert_array_equal(
        out[0, OPENPOSE18.index("left_shoulder")], [10, 20], "left must stay left"
    )


def test_joints_that_the_source_lacks_are_nan():
    out, out_scores = convert(np.zeros((1, 17, 2)), np.ones((1, 17)), COCO17, HALPE26)
    missing = {j for j, s in zip(HALPE26.joints, out_scores[0]) if np.isnan(s)}
    feet = {"big_toe", "small_toe", "heel"}
    assert missing == {"head"} | {f"{side}_{part}" for side in ("left", "right") for part in feet}
    assert np.isnan(out[0, HALPE26.index("head")]).all()


def test_mappings_of_the_facts():
    """BODY_25 -> COCO-17 and MediaPipe -> COCO-17 as the tools document them."""

    def sources(source, target):
        return [source.joints.index(j) for j in target.joints]

    assert sources(SKELETONS["body25"], COCO17) == [
        *(0, 16, 15, 18, 17, 5, 2, 6, 3, 7, 4, 12, 9, 13, 10, 14, 11)
    ]
    assert sources(SKELETONS["body25b"], COCO17) == list(range(17))
    assert sources(SKELETONS["mediapipe33"], COCO17) == [
        *(0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
    ]
    assert sources(HALPE26, SKELETONS["body25"]) == [
        *(0, 18, 6, 8, 10, 5, 7, 9, 19, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3, 20, 22, 24, 21, 23, 25)
    ]


def test_body25b_is_not_body25():
    """The indices that OpenPose gives the points which COCO-17 does not have."""
    body25b = SKELETONS["body25b"]
    assert len(body25b) == len(SKELETONS["body25"]) == 25
    assert {name: body25b.index(name) for name in body25b.joints[17:]} == {
        "upper_neck": 17,
        "head": 18,
        "left_big_toe": 19,
        "left_small_toe": 20,
        "left_heel": 21,
        "right_big_toe": 22,
        "right_small_toe": 23,
        "right_heel": 24,
    }
    keypoints = np.arange(50.0).reshape(1, 25, 2)
    out, _ = convert(keypoints, np.ones((1, 25)), body25b, SKELETONS["body25"])
    # The neck of BODY_25 is between the shoulders, not under the chin.
    np.testing.assert_array_equal(out[0, 1], keypoints[0, 5:7].mean(0))
    np.testing.assert_array_equal(out[0, 8], keypoints[0, 11:13].mean(0))
    assert np.isfinite(out).all()


def test_pairs_are_left_then_right():
    for skeleton in SKELETONS.values():
        for left, right in skeleton.pairs:
            assert skeleton.joints[left].replace("left_", "right_") == skeleton.joints[right]
        assert len(skeleton.pairs) >= 8
