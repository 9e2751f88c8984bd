import json

import numpy as np
import pytest

from choreo.errors import ItemError
from choreo.pose.track import PoseTrack
from choreo.poses.formats import coco, registry

SIZE = (640, 360)


def entry(frame, x=100.0, joints=17, **more):
    keypoints = [v for j in range(joints) for v in (x + 3 * j, 50.0 + 7 * j, 0.5)]
    return {"image_id": frame, "category_id": 1, "keypoints": keypoints, "score": 0.9} | more


@pytest.fixture
def file(tmp_path):
    def write(value):
        (tmp_path / "results.json").write_text(json.dumps(value))
        return tmp_path / "results.json"

    return write


def test_results_are_read(file):
    # Detectors' boxes have a score; pandas writes 2.0.
    path = file(
        [
            entry(0, bbox=[]),
            entry(2.0, 101.0, bbox=[1, 2, 3, 4, 0.9], track_id=5),
            entry(2, 400.0),
        ]
    )
    found = coco.read_detections(path, frames=4)
    assert (found.skeleton, found.frames) == ("coco17", 4)
    assert found.frame.tolist() == [0, 2, 2]
    assert found.score.tolist() == [0.9] * 3
    assert np.array_equal(found.label, [np.nan, 5, np.nan], equal_nan=True)
    assert found.box[1].tolist() == [1, 2, 3, 4]
    assert found.keypoints[1, 0].tolist() == [101, 50]


def test_where_counting_begins_must_be_known(file):
    path = file([entry(1), entry(3)])
    with pytest.raises(ItemError, match=r"no frame 0 \(got 'frames 1 to 3'\)\. Say it.*--first-fr"):
        coco.read_detections(path)
    with pytest.raises(ItemError, match="can't tell the number of the first frame"):
        coco.read_detections(path, frames=10)
    assert coco.read_detections(path, first_frame=0).frame.tolist() == [1, 3]
    assert coco.read_detections(path, first_frame=1).frame.tolist() == [0, 2]
    # As many frames as the largest number: it counts from 1.
    assert coco.read_detections(path, frames=3).frame.tolist() == [0, 2]
    with pytest.raises(ItemError, match="has frame 3, but the video has 2 frames"):
        coco.read_detections(path, frames=2)


def test_a_file_with_frame_0_and_one_more_than_the_video_has(file):
    with pytest.raises(ItemError, match="has frame 3, but the video has 3 frames"):
        coco.read_detections(file([entry(0), entry(3)]), frames=3)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"annotations": []}, "the top level must be a list"),
        ([1], r"entry 0: must be an object \(got 'int'\)"),
        ([entry("1.jpg")], r"`image_id` must be a number \(got '1.jpg'\).*import alphapose"),
        ([entry(-1)], r"`image_id` must be a frame number \(got -1\)"),
        ([entry(True)], "`image_id` must be a frame number"),
        ([{"keypoints": [1, 2, 3]}], "`image_id` must be a frame number"),
        ([entry(0, category_id=3)], r"`category_id` must be 1 \(person\) \(got '3'\)"),
        ([{"image_id": 0}], "`keypoints` must be a list of x, y, confidence"),
        ([entry(0, score="a")], "`score` must be a number"),
        ([entry(0, bbox=[1])], "`bbox` must be"),
        ([entry(0, track_id=[1])], "`track_id` must be a number"),
        ([entry(0, joints=25)], r"does not tell which skeleton.*\(got 25\)"),
        ([entry(0), entry(1, joints=26)], r"entry 1 \(frame 1\): has 26 joints, those before"),
        ([entry(10**9)], "frame numbers must be below 1000000"),
    ],
)
def test_what_is_no_result_is_refused(file, value, message):
    with pytest.raises(ItemError, match=message):
        coco.read_detections(file(value))


def test_what_a_written_entry_holds(tmp_path):
    keypoints = np.full((3, 17, 2), np.nan)
    keypoints[1] = 5.5
    keypoints[1, 2] = np.nan
    scores = np.full((3, 17), 0.5)
    track = PoseTrack(keypoints, scores, fps=30, size=SIZE, skeleton="coco17")
    coco.write(track, tmp_path / "a.json")
    (only,) = json.loads((tmp_path / "a.json").read_text())
    assert (only["image_id"], only["category_id"], only["track_id"]) == (1, 1, 1)
    assert only["keypoints"][3:9] == [5.5, 5.5, 0.5, 0, 0, 0]
    assert only["score"] == pytest.approx(0.5 * 16 / 17)
    again = registry.read("coco", tmp_path / "a.json", fps=30, size=SIZE, frames=3, first_frame=0)
    assert np.array_equal(again.keypoints, track.keypoints, equal_nan=True)
