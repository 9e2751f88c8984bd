import json

import numpy as np
import pytest

from choreo.errors import ItemError
from choreo.pose.skeletons import SKELETONS
from choreo.pose.track import PoseTrack
from choreo.poses.formats import mmpose, registry

SIZE = (640, 360)


def instance(x=100.0, joints=17, **more):
    """As MMPose's split_instances makes it, box in a list of its own."""
    return {
        "keypoints": [[x + 3 * j, 50.0 + 7 * j] for j in range(joints)],
        "keypoint_scores": [0.5] * joints,
        "bbox": [[x, 50.0, x + 60, 170.0]],
        "bbox_score": 0.75,
    } | more


def frame(number, *instances):
    return {"frame_id": number, "instances": list(instances)}


@pytest.fixture
def file(tmp_path):
    def write(value):
        (tmp_path / "results.json").write_text(json.dumps(value))
        return tmp_path / "results.json"

    return write


def names(skeleton):
    return {str(number): name for number, name in enumerate(SKELETONS[skeleton].joints)}


def test_the_inferencers_list(file):
    path = file([frame(0, instance()), frame(1), frame(2, instance(101.0), instance(400.0))])
    found = mmpose.read_detections(path)
    assert (found.skeleton, found.frames) == ("coco17", 3)
    assert found.frame.tolist() == [0, 2, 2]
    assert found.keypoints[1, 0].tolist() == [101, 50]
    # Corners become x, y, width, height.
    assert found.box[1].tolist() == [101, 50, 60, 120]
    assert found.score.tolist() == [0.75] * 3


def test_the_demos_object_counts_from_1(file):
    meta = {"dataset_name": "coco", "keypoint_id2name": names("coco17")}
    info = [frame(1, instance()), frame(2), frame(3, instance(101.0))]
    for value in (
        {"meta_info": meta, "instance_info": info},
        {"instance_info": info, "meta_info": meta},
    ):
        assert mmpose.read_detections(file(value), frames=3).frame.tolist() == [0, 2]


def test_the_first_frame_may_be_told(file):
    path = file([frame(5, instance()), frame(6, instance())])
    with pytest.raises(ItemError, match="can't tell the number of the first frame"):
        mmpose.read_detections(path)
    assert mmpose.read_detections(path, first_frame=5).frame.tolist() == [0, 1]


def test_lists_without_frame_numbers(file):
    found = mmpose.read_detections(file([[instance()], [], [instance(), instance(400.0)]]))
    assert (found.frame.tolist(), found.frames) == ([0, 2, 2], 3)


def test_26_joints_and_others(file):
    assert mmpose.read_detections(file([frame(0, instance(joints=26))])).skeleton == "halpe26"
    with pytest.raises(ItemError, match=r"does not tell which skeleton.*got 133"):
        mmpose.read_detections(file([frame(0, instance(joints=133))]))


def test_other_joints_of_the_same_number(file):
    """Human3.6M has 17 joints too."""
    meta = {"keypoint_id2name": {str(k): n for k, n in enumerate(["root"] + ["x"] * 16)}}
    value = {"meta_info": meta, "instance_info": [frame(0, instance())]}
    with pytest.raises(ItemError, match="its joint 0 is 'root', but coco17 has 'nose' there"):
        mmpose.read_detections(file(value))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1], r"entry 0: must be an object \(got 'int'\)"),
        ([instance()], "has no frames: these are the people of one picture"),
        ([{"instances": []}], "`frame_id` must be a frame number"),
        ([{"frame_id": 0}], "`instances` must be a list"),
        ([frame(0, 1)], r"entry 0 \(frame 0\), person 0: must be an object"),
        ([frame(0, {})], r"`keypoints` must be a list of \[x, y\]"),
        ([frame(0, instance(keypoints=[[1, 2, 3]] * 17))], "3-D poses are not read"),
        ([frame(0, instance(keypoint_scores=[0.5]))], "a number for each of `keypoints`"),
        ([frame(0, instance(keypoints=[["1", 2]] * 17))], "must be a number within"),
        ([frame(0, instance(keypoints=[[1e300, 2]] * 17))], "must be a number within"),
        ([frame(0, instance(bbox=[1, 2]))], "`bbox` must be"),
        ({"instance_info": 3}, "`instance_info`: must be a list of frames"),
        ({"meta_info": {"keypoint_id2name": {"a": "nose"}}}, "must be number -> name"),
        ({"meta_info": {"keypoint_id2name": [1]}}, "must be number -> name"),
    ],
)
def test_what_is_no_prediction_is_refused(file, value, message):
    with pytest.raises(ItemError, match=message):
        mmpose.read_detections(file(value))


def test_what_is_written(tmp_path):
    keypoints = np.full((3, 17, 2), np.nan)
    keypoints[1] = np.arange(34).reshape(17, 2) + 5.5
    keypoints[1, 2] = np.nan
    track = PoseTrack(keypoints, np.full((3, 17), 0.5), fps=30, size=SIZE, skeleton="coco17")
    mmpose.write(track, tmp_path / "a.json")
    value = json.loads((tmp_path / "a.json").read_text())
    assert [entry["frame_id"] for entry in value] == [0, 1, 2]
    assert value[0]["instances"] == []
    (only,) = value[1]["instances"]
    assert only["keypoints"][1:3] == [[7.5, 8.5], [0, 0]]
    assert only["keypoint_scores"][1:3] == [0.5, 0]
    assert only["bbox"] == [[5.5, 6.5, 37.5, 38.5]]
    # It has every frame, so that the number of frames comes back too.
    again = registry.read("mmpose", tmp_path / "a.json", fps=30, size=SIZE)
    assert np.array_equal(again.keypoints, track.keypoints, equal_nan=True)
