import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choreo.errors import ItemError
from choreo.pose.track import PoseTrack
from choreo.poses.formats import alphapose, native, people, registry

SIZE = (640, 360)


def entry(frame, x=100.0, joints=17, **more):
    keypoints = [v for j in range(joints) for v in (x + 3 * j, 50.0 + 7 * j, 0.5 + j / 100)]
    return {"image_id": f"{frame}.jpg", "category_id": 1, "keypoints": keypoints} | more


def write(path, entries):
    path.write_text(entries if isinstance(entries, str) else json.dumps(entries))
    return path


@pytest.fixture
def file(tmp_path):
    return lambda entries: write(tmp_path / "alphapose-results.json", entries)


def read(path, **options):
    return registry.read("alphapose", path, **{"fps": 30, "size": SIZE} | options)


def test_frames_are_read_by_their_number(file):
    # As text "10.jpg" comes before "2.jpg"; zero padding changes nothing.
    track = read(file([entry("10", 110.0), entry("000002", 102.0), entry(0)]), frames=12)
    assert track.skeleton == "coco17"
    assert len(track) == 12
    assert np.flatnonzero(track.given.any(1)).tolist() == [0, 2, 10]
    assert track.keypoints[10, 0].tolist() == [110, 50]
    assert track.keypoints[2, 1].tolist() == [105, 57]
    assert track.scores[2, 1] == np.float32(0.51)
    assert np.isnan(track.scores[1]).all()
    assert track.meta["frames_from"] == "video"


def test_image_id_may_be_a_number(file):
    assert np.flatnonzero(read(file([entry(0) | {"image_id": 3}])).given.any(1)).tolist() == [3]


def test_without_the_number_of_frames_the_last_entry_ends_the_track(file):
    track = read(file([entry(0), entry(4)]))
    assert len(track) == 5
    assert track.meta["frames_from"] == "the file's last frame"


@pytest.mark.parametrize(("joints", "skeleton"), [(17, "coco17"), (26, "halpe26")])
def test_the_number_of_joints_decides(file, joints, skeleton):
    assert read(file([entry(0, joints=joints)])).skeleton == skeleton


def test_another_number_of_joints_must_be_told(file):
    path = file([entry(0, joints=25)])
    with pytest.raises(ItemError, match=r"does not tell which skeleton.*\(got 25\).*body25"):
        read(path)
    assert read(path, skeleton="body25").skeleton == "body25"
    with pytest.raises(ItemError, match=r"\(got 27\)\. Only coco17, halpe26"):
        read(file([entry(0, joints=27)]))


def test_a_skeleton_that_does_not_fit_is_refused(file):
    with pytest.raises(ItemError, match="has 26 joints a person, coco17 has 17"):
        read(file([entry(0, joints=26)]), skeleton="coco17")
    with pytest.raises(ItemError, match=r"unknown skeleton \(got 'coco'\)"):
        read(file([entry(0)]), skeleton="coco")


@pytest.mark.parametrize(
    ("idx", "label"),
    [(3, 3), (3.0, 3), ([3.0], 3), ([[3, 9], 4], 3), (None, np.nan), ([], np.nan), ([[]], np.nan)],
)
def test_every_form_of_idx(file, idx, label):
    found = alphapose.read_detections(file([entry(0, idx=idx)]))
    assert np.array_equal(found.label, [label], equal_nan=True)


def test_idx_may_be_absent(file):
    assert np.isnan(alphapose.read_detections(file([entry(0)])).label).all()


def test_coordinates_outside_the_picture_are_kept(file):
    one = entry(0)
    one["keypoints"][0:2] = [-25.5, 1000.25]
    assert read(file([one])).keypoints[0, 0].tolist() == [-25.5, 1000.25]


def test_a_joint_of_zeros_is_absent(file):
    one = entry(0)
    one["keypoints"][3:6] = [0, 0, 0]
    track = read(file([one]))
    assert track.given[0].tolist() == [True, False] + [True] * 15
    assert np.isnan(track.scores[0, 1])


def test_duplicates_give_one_pose_a_frame(file):
    track = read(file([entry(0), entry(0), entry(1), entry(1, 400.0)]))
    assert track.keypoints[:, 0, 0].tolist() == [100, 100]
    assert track.meta["dancer"]["rejected_count"] >= 1


BAD = [
    ('{"0.jpg": 1}', "`0.jpg`: must be a list of people, or the top level a list"),
    ('{"0.jpg": [1]}', "`0.jpg`, person 0: must be a list of people"),
    ('{"0.jpg": {"version": "v0.3", "bodies": []}}', "--format cmu or open.*without --format"),
    ('{"0.jpg": [{"idx": 1}]}', "`0.jpg`, person 0: `keypoints` is missing"),
    ('{"0.jpg": []', "after `0.jpg`: ends in the middle"),
    ('{"0.jpg": [', "ends in the middle"),
    ('{"0.jpg" []}', r"after `0.jpg`: not JSON \(a comma or : is missing\)"),
    ('{"0.jpg": [] "1.jpg": []}', r"after `0.jpg`: not JSON \(a comma or } is missing\)"),
    ("{1: []}", "not JSON"),
    ("{[]: []}", "a key must be text"),
    ("", r"an empty file \(0 bytes\)"),
    ("[1]", r"entry 0: must be an object \(got 'int'\)"),
    ('[{"keypoints": []}]', "entry 0: `image_id` is missing"),
    ('[{"image_id": "0.jpg"}]', "entry 0: `keypoints` is missing"),
    ('[{"image_id": "0.jpg", "keypoints": [1, Infinity, 1]}]', "entry 0: not JSON.*Infinity is"),
    ('[{"image_id": "0.jpg", "keypoints": [1, -Infinity, 1]}]', "-Infinity is no number"),
    ('[{"image_id": "0.jpg", "keypoints": [1, 1e999, 1]}]', r"`keypoints`\[1\] must be a number"),
    ('[{"image_id": "0.jpg", "keypoints": [1, 1e300, 1]}]', r"`keypoints`\[1\].*got 1e\+300"),
    ('[{"image_id": "0.jpg", "keypoints": [1, true, 1]}]', r"`keypoints`\[1\].*got 'True'"),
    ('[{"image_id": "0.jpg", "keypoints": [1, "2", 1]}]', r"`keypoints`\[1\].*got '2'"),
    ('[{"image_id": "0.jpg", "keypoints": [1, 2, 3, 4]}]', r"x, y, confidence.*got 4"),
    ('[{"image_id": "0.jpg", "keypoints": {}}]', r"x, y, confidence.*got 'dict'"),
    ('[{"image_id": "a.jpg", "keypoints": [1, 2, 3]}]', "must be a frame number.*got 'a.jpg'"),
    ('[{"image_id": "-1.jpg", "keypoints": [1, 2, 3]}]', "must be a frame number"),
    ('[{"image_id": -1, "keypoints": [1, 2, 3]}]', "must be a frame number"),
    ('[{"image_id": null, "keypoints": [1, 2, 3]}]', "must be a frame number.*got 'NoneType'"),
    ('[{"image_id": "٣.jpg", "keypoints": [1, 2, 3]}]', "must be a frame number"),
    (
        '[{"image_id": "0.jpg", "keypoints": [' + "9" * 5000 + ", 2, 3]}]",
        "not JSON|must be a number",
    ),
    ("[" * 100_000 + "]" * 100_000, "not JSON"),
    ("[ ", "ends in the middle.*run it again"),
    ('[{"image_id": "0.jpg", "key', "ends in the middle"),
    ("[1, 2]", "entry 0: must be an object"),
    ("[] []", "more text after its list"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_what_is_no_alphapose_file_is_refused(file, text, message):
    path = file(text)
    with pytest.raises(ItemError, match=message) as error:
        read(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text[:-1] + ",]", r"entry 3: not JSON \(Expecting value\) \(got ']'\)"),
        (lambda text: text[:-1] + ", 'a']", r"entry 3: not JSON .*\(got .'a'\]"),
        (lambda text: text[:-1] + ', {"x": nan}]', r"entry 3: not JSON .*\(got 'nan}\]'\)"),
        (lambda text: text[:-1] + ', {"x": Infinity}]', "entry 3: not JSON .Infinity is no number"),
        (lambda text: text[:-1] + ', {"x": ', "entry 3: ends in the middle"),
    ],
)
def test_what_is_wrong_far_into_a_list_is_not_its_end(file, spoil, said):
    with pytest.raises(ItemError, match=said):
        read(file(spoil(json.dumps([entry(0)] * 3))))


def test_a_list_that_was_cut_or_corrupted_between_entries(file):
    whole = json.dumps([entry(0)])
    with pytest.raises(ItemError, match="after entry 0: ends in the middle"):
        read(file(whole[:-1]))
    with pytest.raises(ItemError, match=r"after entry 0: not JSON \(a comma or \] is missing\)"):
        read(file(whole[:-1] + " 4]"))


def test_other_fields_are_checked(file):
    for key, value, message in (
        ("idx", "1", "`idx` must be"),
        ("idx", [True], "`idx` must be"),
        ("score", "high", "`score` must be a number"),
        ("box", [1, 2, 3], "`box` must be"),
        ("box", [1, 2, 3, "4"], "`box` must be"),
    ):
        with pytest.raises(ItemError, match=message):
            read(file([entry(0, **{key: value})]))


def test_the_message_names_file_entry_value_and_remedy(file):
    path = file([entry(0), entry(1), entry(900)])
    with pytest.raises(ItemError) as error:
        read(path, frames=400)
    assert str(error.value) == (
        f"{path}, entry 2 (frame 900): the file has frame 900, but the video has 400 frames "
        "(0 to 399). Run the estimator on the standardised video"
    )


def test_an_absurd_frame_number_is_refused_before_memory_is_taken(file):
    with pytest.raises(ItemError, match="frame numbers must be below 1000000"):
        read(file([entry(0), entry(999_999_999_999)]))


def test_mixed_outputs_are_refused(file):
    with pytest.raises(ItemError, match=r"entry 1 \(frame 1\): has 26 joints, those before it 17"):
        read(file([entry(0), entry(1, joints=26)]))


def test_a_file_that_is_too_large_is_refused(file, monkeypatch):
    monkeypatch.setattr(native, "MAX_BYTES", 100)
    with pytest.raises(ItemError, match="larger than 100 bytes"):
        read(file([entry(0)]))


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ItemError, match="no such file"):
        read(tmp_path / "none.json")
    (tmp_path / "latin.json").write_bytes(b'["\xe9"]')
    with pytest.raises(ItemError, match="not JSON text"):
        read(tmp_path / "latin.json")
    with pytest.raises(ItemError, match="a folder, not JSON text"):
        read(tmp_path)


def test_nobody_found(file):
    with pytest.raises(ItemError, match="nobody was found in any frame"):
        read(file([]))
    empty = entry(0)
    empty["keypoints"] = [0] * 51
    with pytest.raises(ItemError, match="nobody was found in any frame"):
        read(file([empty]))


def test_every_person_is_written_back_without_loss(file, tmp_path):
    original = [
        entry(0, idx=1, score=2.5, box=[1.5, 2, 30, 40]),
        entry(0, 300.0, idx=2, score=1.25),
        entry(7, 101.25),
        entry(3, 102.0),
    ]
    original[2]["keypoints"][3:6] = [0, 0, 0]
    first = alphapose.read_detections(file(original))
    alphapose.write_detections(first, tmp_path / "back.json")
    second = alphapose.read_detections(tmp_path / "back.json")
    for name in ("frame", "keypoints", "scores", "label", "score", "box"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    back = json.loads((tmp_path / "back.json").read_text())
    assert [{k: v for k, v in e.items() if k != "idx"} for e in back] == [
        {k: v for k, v in e.items() if k != "idx"} for e in original
    ]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_track_is_written_and_read_back(tmp_path_factory, data):
    frames = data.draw(st.integers(1, 6))
    inside = st.floats(20, 350, width=32)
    anywhere = st.floats(-500, 1500, width=32).filter(lambda v: abs(v) > 1e-3)
    # Poses of which most lie outside are refused.
    numbers = [inside] * 9 + [anywhere] * 8
    keypoints = np.array([[[data.draw(number), data.draw(number)] for number in numbers]])
    # The same negative number twice may be a mark for an absent joint.
    keypoints[0, :, 0] -= (keypoints[0, :, 0] == keypoints[0, :, 1]) & (keypoints[0, :, 0] < 0)
    # As tall as somebody can be.
    keypoints[0, :2] = [100, 40], [120, 340]
    # A walk that no link breaks: the selection must keep every frame.
    keypoints = np.repeat(keypoints, frames, axis=0) + np.arange(frames)[:, None, None] * 0.25
    scores = np.full((frames, 17), data.draw(st.floats(0.125, 1, width=32)))
    gone = data.draw(st.lists(st.booleans(), min_size=frames, max_size=frames))
    gone[-1] = False
    keypoints[np.array(gone)] = np.nan
    scores[np.array(gone)] = np.nan
    track = PoseTrack(keypoints, scores, fps=30, size=SIZE, skeleton="coco17")
    path = tmp_path_factory.mktemp("write") / "a.json"
    alphapose.write(track, path)
    again = read(path)
    assert np.array_equal(again.keypoints, track.keypoints, equal_nan=True)
    assert np.array_equal(again.scores, track.scores, equal_nan=True)


def test_what_a_written_entry_holds(tmp_path):
    keypoints = np.full((2, 17, 2), np.nan)
    keypoints[1] = 5.5
    keypoints[1, 2] = np.nan
    scores = np.full((2, 17), np.nan)
    scores[1, 0] = 0.5
    track = PoseTrack(keypoints, scores, fps=30, size=SIZE, skeleton="coco17")
    alphapose.write(track, tmp_path / "a.json")
    (only,) = json.loads((tmp_path / "a.json").read_text())
    assert only["image_id"] == "1.jpg"
    assert only["category_id"] == 1
    # The absent joint as zeros; the one without a score with score 0.
    assert only["keypoints"][:9] == [5.5, 5.5, 0.5, 5.5, 5.5, 0, 0, 0, 0]
    assert only["score"] == pytest.approx(0.5 / 17 + 1.25 * 0.5)


# Pose Flow's files


def forvis(frames):
    """As `tracker-general.py` makes it from AlphaPose's list."""
    return {
        f"{frame}.jpg": [
            {"keypoints": one["keypoints"], "scores": 2.5, "idx": idx} for one, idx in people
        ]
        for frame, people in frames.items()
    }


def test_pose_flows_tracked_file(file):
    path = file(forvis({0: [(entry(0), 1), (entry(0, 400.0), 2)], 10: [(entry(0), 2)], 2: []}))
    found = alphapose.read_detections(path, frames=12)
    assert found.frame.tolist() == [0, 0, 10]
    assert found.label.tolist() == [1, 2, 2]
    assert found.score.tolist() == [2.5] * 3
    assert found.keypoints[1, 0].tolist() == [400, 50]
    assert (found.skeleton, found.frames) == ("coco17", 12)


def test_a_forvis_file_that_is_not_tracked(file):
    value = forvis({0: [(entry(0), 1)], 3: []})
    del value["0.jpg"][0]["idx"]
    found = alphapose.read_detections(file(value))
    assert np.isnan(found.label).all()
    # The frame with nobody is a frame of the video.
    assert found.frames == 4


def test_names_of_pictures_may_have_a_folder_but_not_two(file):
    people = [{"keypoints": entry(0)["keypoints"], "scores": 1.0}]
    found = alphapose.read_detections(file({"images/a/00000003.jpg": people}), first_frame=0)
    assert found.frame.tolist() == [3]
    with pytest.raises(ItemError, match="pictures of two folders, 'a' and 'b'"):
        alphapose.read_detections(file({"a/1.jpg": people, "b/2.jpg": people}))


def test_pictures_that_count_from_1(file):
    path = file([entry(1), entry(3)])
    assert read(path, first_frame=1).given.any(1).tolist() == [True, False, True]
    with pytest.raises(ItemError, match="frame 1 lies before the first, which is said to be 2"):
        read(path, first_frame=2)


def test_a_track_is_one_person_to_its_reader(tmp_path):
    # No link between frames bears this; the file says that it is one person.
    keypoints = np.random.default_rng(0).uniform(10, 600, (20, 26, 2))
    track = PoseTrack(keypoints, np.full((20, 26), 0.5), fps=30, size=SIZE, skeleton="halpe26")
    alphapose.write(track, tmp_path / "a.json")
    again = read(tmp_path / "a.json")
    assert np.array_equal(again.keypoints, track.keypoints)
    assert "dancer" not in again.meta
    assert read(tmp_path / "a.json", pick="id:1").meta["dancer"]


def test_a_person_by_number(file):
    value = forvis({k: [(entry(0, 100.0 + k), 1), (entry(0, 400.0 + k), 2)] for k in range(5)})
    assert read(file(value), pick="id:1").keypoints[3, 0, 0] == 103
    assert read(file(value), pick="id:2").keypoints[3, 0, 0] == 403


def test_more_people_than_memory_holds_are_refused(file, monkeypatch):
    monkeypatch.setattr(people, "MAX_PEOPLE", 2)
    with pytest.raises(ItemError, match="has more than 2 people"):
        read(file([entry(0), entry(1), entry(2)]))
