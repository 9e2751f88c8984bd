import cv2
import numpy as np
import pytest
from test_selection import BYSTANDERS, DANCER, FPS, SIZE, T, detections

from choreo import media
from choreo.errors import ItemError
from choreo.pose.track import PoseTrack
from choreo.poses.qc import NAMED, box_at, picture, shown_frames
from choreo.poses.selection import dancer_track

PATH = [[10, 0, 0, 20, 40], [20, 100, 50, 20, 40], [80, 200, 50, 30, 60]]


def test_a_candidate_is_between_boxes_that_are_near_in_time():
    assert box_at(PATH, 10, FPS) == (0, 0, 20, 40)
    assert box_at(PATH, 15, FPS) == (50, 25, 20, 40)
    assert box_at(PATH, 20, FPS) == (100, 50, 20, 40)
    # Two seconds to the next: only close to either box.
    assert box_at(PATH, 26, FPS) == (100, 50, 20, 40)
    assert box_at(PATH, 50, FPS) is None
    assert box_at(PATH, 75, FPS) == (200, 50, 30, 60)
    assert box_at(PATH, 4, FPS) == (0, 0, 20, 40)
    assert box_at(PATH, 0, FPS) is None
    assert box_at(PATH, 99, FPS) is None
    assert box_at(PATH[:1], 10, FPS) == (0, 0, 20, 40)


@pytest.fixture(scope="module")
def track():
    seen = np.concatenate([T[:120], T[140:]])
    found, _ = detections((seen, DANCER[1][seen]), *BYSTANDERS.values(), frames=300, order=1)
    return dancer_track(found, fps=FPS, size=SIZE, meta={"estimator": "x"}, source="x.json")


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("qc") / "clip.mp4"
    with media.video_writer(path, SIZE, FPS) as write:
        for _ in range(300):
            write(np.full((360, 640, 3), 90, np.uint8))
    return path


def test_frames_are_spread_and_show_the_rejected(track):
    frames = shown_frames(track)
    assert len(frames) == 8
    best = track.meta["dancer"]["rejected"][0]
    for i, frame in enumerate(frames):
        assert i * 37.5 <= frame < (i + 1) * 37.5
        if best["first"] <= frame <= best["last"]:
            assert frame in [row[0] for row in best["path"]]
    alone = PoseTrack(np.zeros((5, 17, 2)), np.zeros((5, 17)), 30, SIZE, "coco17")
    assert shown_frames(alone) == [0, 1, 2, 3, 4]
    assert len(track.meta["dancer"]["rejected"]) <= NAMED


def strip(path):
    """The picture in grey, and how much of each of its thirds is not white."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    return image, [(part < 250).mean() for part in np.array_split(image, 3)]


def test_the_picture(track, video, tmp_path):
    picture(track, video, tmp_path / "a.png")
    image, filled = strip(tmp_path / "a.png")
    assert image.shape[1] > 1500
    assert filled[0] > 0.7  # frames
    assert min(filled[1:]) > 0.02  # timeline and notes
    picture(track, video, tmp_path / "again" / "a.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "again" / "a.png").read_bytes()
    # A dancer who is missing elsewhere makes another picture.
    keypoints = track.keypoints.copy()
    keypoints[200:] = np.nan
    picture(track.with_(keypoints=keypoints), video, tmp_path / "c.png")
    other, _ = strip(tmp_path / "c.png")
    assert other.shape == image.shape
    assert (other != image).mean() > 0.005


def test_a_tool_that_follows_one_person_has_its_picture_too(track, video, tmp_path):
    picture(track.with_(meta={"estimator": "mediapipe"}), video, tmp_path / "a.png")
    assert strip(tmp_path / "a.png")[1][0] > 0.7


def test_no_picture_of_a_video_that_cannot_be_read(track, tmp_path):
    (tmp_path / "no.mp4").write_bytes(b"no video")
    with pytest.raises(ItemError, match=r"no\.mp4"):
        picture(track, tmp_path / "no.mp4", tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()
