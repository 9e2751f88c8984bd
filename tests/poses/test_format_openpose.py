import json

import numpy as np
import pytest

from choreo.errors import ItemError
from choreo.poses.formats import native, openpose, registry

SIZE = (640, 360)


def person(x=100.0, joints=25, key="pose_keypoints_2d"):
    return {
        "person_id": [-1],
        key: [v for j in range(joints) for v in (x + 3 * j, 50.0 + 9 * j, 0.5)],
    }


def frame(*people):
    return {"version": 1.3, "people": list(people)}


@pytest.fixture
def folder(tmp_path):
    def make(frames, name="clip_{:012d}_keypoints.json"):
        for number, value in frames.items():
            (tmp_path / name.format(number)).write_text(json.dumps(value))
        return tmp_path

    return make


def read(path, **options):
    told = {"fps": 30, "size": SIZE, "skeleton": "body25"}
    return registry.read("openpose", path, **told | options)


def test_a_folder_is_read_by_the_numbers_in_its_names(folder):
    one = person(101.0)
    one["pose_keypoints_2d"][3:6] = [0, 0, 0]
    track = read(folder({0: frame(person()), 2: frame(one), 3: frame()}))
    assert (track.skeleton, len(track)) == ("body25", 4)
    assert np.flatnonzero(track.given.any(1)).tolist() == [0, 2]
    assert not track.given[2, 1]
    assert track.keypoints[2, 0].tolist() == [101, 50]


def test_a_list_of_frames(tmp_path):
    path = tmp_path / "all.json"
    path.write_text(json.dumps([frame(), frame(person()), frame(person(102.0), person(400.0))]))
    track = read(path)
    assert np.flatnonzero(track.given.any(1)).tolist() == [1, 2]
    assert track.keypoints[2, 0, 0] == 102
    found = openpose.read_detections(path, skeleton="body25")
    assert (found.frame.tolist(), found.frames) == ([1, 2, 2], 3)


def test_25_joints_must_be_told(folder):
    path = folder({0: frame(person())})
    with pytest.raises(ItemError, match=r"does not tell which skeleton.*body25"):
        read(path, skeleton=None)


def test_18_joints_are_the_coco_model(folder):
    assert read(folder({0: frame(person(joints=18))}), skeleton=None).skeleton == "openpose18"


def test_the_key_of_very_old_versions(folder):
    assert read(folder({0: frame(person(key="pose_keypoints"))})).given.all()


def test_one_frame_too_many_is_dropped_two_are_not(folder):
    path = folder({0: frame(person()), 1: frame(person()), 2: frame(person())})
    assert len(read(path, frames=2)) == 2
    with pytest.raises(ItemError, match="has frame 2, but the video has 1 frames"):
        read(path, frames=1)


def test_a_missing_last_frame_is_missing(folder):
    track = read(folder({0: frame(person())}), frames=2)
    assert track.given.any(1).tolist() == [True, False]


def test_bad_folders(tmp_path, folder):
    with pytest.raises(ItemError, match=r"holds no \.json files"):
        read(tmp_path)
    (tmp_path / "x_1_keypoints.json").write_text("{}")
    with pytest.raises(ItemError, match="must be an object with a list `people`"):
        read(tmp_path)
    (tmp_path / "y_1_keypoints.json").write_text("{}")
    with pytest.raises(ItemError, match=r"frame 1 is there twice: x_1.*y_1"):
        read(tmp_path)
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(ItemError, match="the file name must hold the frame number"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (frame(3), r"person 0: must be an object"),
        (frame({}), r"`pose_keypoints_2d` must be a list"),
        (frame(person(), person(joints=18)), r"person 1: has 18 joints, those before it 25"),
        ([frame()], r"must be an object with a list"),
    ],
)
def test_bad_frames(folder, value, message):
    with pytest.raises(ItemError, match=message):
        read(folder({0: value}))


def test_more_text_after_a_frame(tmp_path):
    (tmp_path / "a_0_keypoints.json").write_text("{} {}")
    with pytest.raises(ItemError, match="has more text after its JSON"):
        read(tmp_path)


def test_nobody(folder):
    with pytest.raises(ItemError, match="nobody was found in any frame"):
        read(folder({0: frame(), 1: frame()}))


def test_body25b_is_read_when_told(folder):
    track = read(folder({0: frame(person())}), skeleton="body25b")
    assert track.skeleton == "body25b"
    # Joint 17 of the file, under the chin.
    assert track.keypoints[0, track.joints.index("upper_neck")].tolist() == [151, 203]


def test_the_two_orders_of_25_joints(folder):
    path = folder({0: frame(person())})
    one, other = read(path), read(path, skeleton="body25b")
    # Joint 5 is the left shoulder in both, joint 2 the right shoulder or the right eye.
    assert one.joints.joints[2] == "right_shoulder"
    assert other.joints.joints[2] == "right_eye"
    right_eye = other.to("coco17").keypoints[0, 2]
    assert right_eye.tolist() == one.keypoints[0, 2].tolist() == [106, 68]


@pytest.mark.parametrize(
    ("person_id", "label"), [([-1], np.nan), ([3], 3), (3, 3), ([], np.nan), (None, np.nan)]
)
def test_the_number_of_a_person(folder, person_id, label):
    path = folder({0: frame(person() | {"person_id": person_id})})
    found = openpose.read_detections(path, skeleton="body25")
    assert np.array_equal(found.label, [label], equal_nan=True)


def test_a_number_that_is_none(folder):
    with pytest.raises(ItemError, match=r"person 0: `person_id` must be \[number\]"):
        read(folder({0: frame(person() | {"person_id": ["a"]})}))


def test_files_that_count_from_1(folder):
    path = folder({1: frame(person()), 3: frame()})
    assert read(path, first_frame=1, frames=3).given.any(1).tolist() == [True, False, False]
    # The doubled last frame, counted from 1.
    assert len(read(path, first_frame=1, frames=2)) == 2


@pytest.mark.parametrize(
    ("extra", "told"),
    [(frame(person(101.0)), False), (frame(person(102.0)), True), (frame(), True)],
)
def test_one_frame_too_many_is_told_where_it_is_no_double(folder, capsys, extra, told):
    path = folder({0: frame(person()), 1: frame(person(101.0)), 2: extra})
    assert len(read(path, frames=2)) == 2
    said = capsys.readouterr().err
    assert ("one frame more than the video has (2)" in said) == told
    assert not told or path.name in said


@pytest.mark.parametrize("name", ["made", "made.json"])
def test_everyone_is_written_back_without_loss(folder, tmp_path, name):
    absent = person(300.0)
    absent["pose_keypoints_2d"][6:9] = [0, 0, 0]
    path = folder({0: frame(person(), absent), 2: frame(person() | {"person_id": [7]}), 3: frame()})
    first = openpose.read_detections(path, skeleton="body25")
    openpose.write_detections(first, tmp_path / "out" / name)
    second = openpose.read_detections(tmp_path / "out" / name, skeleton="body25")
    for key in ("frame", "keypoints", "scores", "label"):
        np.testing.assert_array_equal(getattr(first, key), getattr(second, key))
    assert second.frames == 4


def test_the_files_of_a_folder(folder, tmp_path):
    track = read(folder({0: frame(person()), 2: frame(person(101.0))}))
    out = tmp_path / "clip"
    openpose.write(track, out)
    assert sorted(p.name for p in out.iterdir()) == [
        f"clip_00000000000{k}_keypoints.json" for k in range(3)
    ]
    nobody = json.loads((out / "clip_000000000001_keypoints.json").read_text())
    assert nobody == {"version": 1.3, "people": [], "canvas_width": 640, "canvas_height": 360}
    (one,) = json.loads((out / "clip_000000000002_keypoints.json").read_text())["people"]
    assert one["person_id"] == [1]
    assert one["pose_keypoints_2d"][:3] == [101, 50, 0.5]
    assert one["hand_left_keypoints_2d"] == []
    assert not list(tmp_path.glob(".clip*"))


def test_a_folder_that_holds_something_is_not_written_over(folder, tmp_path):
    track = read(folder({0: frame(person())}))
    with pytest.raises(ItemError, match="is there already and holds something"):
        openpose.write(track, tmp_path)
    (tmp_path / "empty").mkdir()
    openpose.write(track, tmp_path / "empty")
    assert len(list((tmp_path / "empty").iterdir())) == 1


def test_joints_that_openpose_does_not_have(folder, tmp_path):
    track = read(folder({0: frame(person())})).to("coco17")
    with pytest.raises(ItemError, match=r"no model with these joints \(got 'coco17'\).*body25"):
        openpose.write(track, tmp_path / "out")


def test_a_frame_that_is_too_large_is_refused(folder, monkeypatch):
    path = folder({0: frame(person())})
    monkeypatch.setattr(native, "MAX_OBJECT_BYTES", 100)
    with pytest.raises(
        ItemError, match=r"clip_000000000000_keypoints\.json: larger than 100 bytes"
    ):
        read(path)
