import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_selection import DANCER, T, body, detections

from choreo import media
from choreo.errors import ItemError
from choreo.poses import pose_flow as flow
from choreo.poses.selection import select_dancer

SIZE = (640, 360)


def test_boxes_are_a_tenth_larger_inside_the_picture_and_whole():
    pose = np.array([[[100, 50], [201, 90], [np.nan, np.nan]], [[-20, 300], [700, 359], [5, 310]]])
    assert flow.boxes(pose, SIZE).tolist() == [[89, 211, 46, 94], [0, 640, 294, 360]]


def test_overlap_counts_edges_as_pixels():
    one = np.array([[0, 9, 0, 9.0], [0, 9, 0, 9]])
    other = np.array([[0, 9, 0, 9.0], [5, 14, 0, 9], [9, 20, 0, 9], [np.nan] * 4])
    expected = [1, 50 / 150, 0, 0]  # the third only touches
    np.testing.assert_allclose(flow.overlap(one, other), [expected, expected], atol=1e-6)


def test_the_pose_term_is_the_mean_of_the_seven_best():
    pose = np.stack([np.arange(17) * 100.0, np.zeros(17)], -1)
    other = pose.copy()
    other[7:] += 1000
    grade = flow.grades(
        (np.array([[0, 1, 0, 1.0]]), pose[None]),
        np.array([False]),
        (np.array([[5, 6, 5, 6.0]]), other[None]),
    )
    assert grade == pytest.approx(1, abs=1e-5)
    other[:7] += 30  # 31 x 31 of 61 x 61 pixels are shared
    share = 31**2 / (2 * 61**2 - 31**2)
    people = np.array([[0, 1, 0, 1.0]]), pose[None]
    assert flow.grades(people, np.array([False]), (np.array([[5, 6, 5, 6.0]]), other[None])) == (
        pytest.approx(share, abs=1e-5)
    )


def test_weights_of_the_newest_frame_and_of_older_ones():
    pose = np.tile([100.0, 100.0], (1, 17, 1))
    box = np.array([[50, 150, 50, 150.0]])
    points = np.array([[100.0, 100.0], [120, 120], [300, 300]])
    matches = flow.Matches(points, points)
    for newest, given_matches, expected in (
        (True, matches, 6),
        (True, None, 4),
        (False, matches, 2),
        (False, None, 2),
    ):
        grade = flow.grades((box, pose), np.array([newest]), (box, pose), given_matches)
        assert grade.item() == pytest.approx(expected, abs=1e-4)


def test_absent_joints_overlap_with_nothing():
    pose = np.full((1, 17, 2), np.nan)
    pose[0, :3] = 100
    box = np.array([[90, 110, 90, 110.0]])
    matches = flow.Matches(np.array([[100.0, 100.0]]), np.array([[100.0, 100.0]]))
    grade = flow.grades((box, pose), np.array([True]), (box, pose), matches)
    assert grade.item() == pytest.approx(1 + 2 + 3 / 7 * 3, abs=1e-4)


def test_matches_are_shared_by_where_they_begin_and_end():
    first = np.array([[5.0, 5], [6, 6], [50, 50], [7, 7]])
    second = np.array([[105.0, 5], [106, 6], [107, 7], [300, 300]])
    share = flow.Matches(first, second).overlap(
        np.array([[0, 10, 0, 10.0]]), np.array([[100, 110, 0, 10.0], [0, 10, 0, 10]])
    )
    # Begin in the box: 0, 1, 3. End in the first box: 0, 1, 2; in the second none.
    np.testing.assert_allclose(share, [[2 / 4, 0]], atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-20, 60), min_size=8, max_size=8))
def test_the_same_picture_is_every_pixel_matched_with_itself(numbers):
    one, other = np.sort(np.array(numbers).reshape(2, 2, 2), axis=-1).reshape(2, 1, 4)
    size = (40, 30)
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    pixels = np.stack([x.ravel(), y.ravel()], 1).astype(float)
    np.testing.assert_allclose(
        flow.SamePicture(size).overlap(one, other), flow.Matches(pixels, pixels).overlap(one, other)
    )


def test_two_who_pass_each_other_keep_their_numbers():
    found, who = detections(
        (T, body(T, np.linspace(60, 580, 300), 150)),
        (T, body(T, np.linspace(580, 60, 300), 330)),
        frames=300,
        order=1,
    )
    label = flow.pose_flow(found, size=SIZE)
    assert [set(label[who == w].tolist()) for w in (0, 1)] in ([{0}, {1}], [{1}, {0}])


def test_someone_is_found_again_within_a_hundred_frames_with_people():
    def seen(gap):
        dancer = np.concatenate([T[:10], T[10 + gap : 20 + gap]])
        found, who = detections(
            (dancer, body(dancer, 100, 150)), (T[:200], body(T[:200], 500, 150)), frames=300
        )
        label = flow.pose_flow(found, size=SIZE)[who == 0]
        return label[0] == label[-1]

    assert seen(99)
    assert not seen(100)


def test_frames_with_nobody_do_not_count():
    frames = np.array([0, 250])
    found, _ = detections((frames, body(frames, 100, 150)), frames=300)
    assert flow.pose_flow(found, size=SIZE).tolist() == [0, 0]


def test_a_match_must_exceed_the_threshold():
    # Bones 200 pixels apart: no overlap of boxes or joints.
    found, _ = detections((T[:2], body(T[:2], np.array([100, 400]), 100)), frames=2)
    assert flow.pose_flow(found, size=SIZE).tolist() == [0, 1]


def test_a_detection_without_joints_is_no_one():
    found, _ = detections((T[:2], np.full((2, 17, 2), np.nan)), (T[:2], DANCER[1][:2]), frames=2)
    assert flow.pose_flow(found, size=SIZE).tolist() == [-1, -1, 0, 0]
    found, _ = detections((T[:2], np.full((2, 17, 2), np.nan)), frames=2)
    assert flow.pose_flow(found, size=SIZE).tolist() == [-1, -1]


def textured(shift, seed=0):
    noise = np.random.default_rng(seed).integers(0, 255, (12, 30, 3), np.uint8)
    picture = np.kron(noise, np.ones((30, 30, 1), np.uint8))
    return np.ascontiguousarray(picture[:, shift : shift + 640])


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A textured wall that moves 22 pixels a frame to the left."""
    path = tmp_path_factory.mktemp("flow") / "wall.mp4"
    with media.video_writer(path, SIZE, 30, crf=5) as write:
        for frame in range(4):
            write(textured(22 * frame))
    return path


def test_features_follow_the_picture():
    found = list(flow_features(textured(0), textured(8)))
    matches = flow.match_pictures(*found, SIZE)
    moved = matches.second - matches.first
    assert len(moved) >= flow.FEW_MATCHES
    np.testing.assert_allclose(np.median(moved, axis=0), (-8, 0), atol=1)


def flow_features(*pictures):
    orb = flow.cv2.ORB_create(nfeatures=2000, scoreType=flow.cv2.ORB_FAST_SCORE)
    for picture in pictures:
        yield flow._features(orb, picture)


def test_pictures_without_texture_are_the_same_picture():
    grey = np.full((360, 640, 3), 128, np.uint8)
    noise = np.random.default_rng(0).integers(0, 255, grey.shape, np.uint8)
    for pair in ((grey, grey), (textured(0), grey), (textured(0), noise)):
        assert isinstance(flow.match_pictures(*flow_features(*pair), SIZE), flow.SamePicture)


def test_the_pictures_decide_where_overlap_is_wrong(video):
    # One of two moves with the wall, to nearer where the other was, who is gone.
    found, _ = detections(
        (np.array([0]), body(np.array([0]), 300, 200)),
        (np.array([0, 1]), body(np.array([0, 1]), np.array([340, 318]), 200)),
        frames=4,
    )
    stayed, before, after = flow.pose_flow(found, size=SIZE, video=video)
    assert after == before != stayed
    stayed, before, after = flow.pose_flow(found, size=SIZE)
    assert after == stayed != before


def test_the_selector_says_whether_pictures_were_used(video):
    frames = np.arange(4)
    found, _ = detections((frames, body(frames, 320, 200)), frames=4)
    for given_video, said in ((None, "0, since no pictures were given"), (video, "used")):
        members, report = select_dancer(
            found, fps=30, size=SIZE, linker="pose_flow", video=given_video
        )
        assert report["linker"] == {"name": "pose_flow", "orb_terms": said}
        assert len(members) == 4


def test_a_video_that_ends_early_is_told(video):
    frames = np.arange(6)
    found, _ = detections((frames, body(frames, 320, 200)), frames=6)
    with pytest.raises(ItemError, match="has 4 frames, but people were found in frame 5"):
        flow.pose_flow(found, size=SIZE, video=video)
