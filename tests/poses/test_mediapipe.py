import sys

import numpy as np
import pytest
from painted_figure import SIZE, picture

from choreo import media
from choreo.cli import main
from choreo.errors import ItemError
from choreo.poses import mediapipe

FRAMES = 8


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "painted.mp4"
    with media.video_writer(path, SIZE, 30) as write:
        for i in range(FRAMES):
            # Nobody in frame 0.
            write(picture(0.1 * i, i) if i else np.full((SIZE[1], SIZE[0], 3), 128, np.uint8))
    return path


@pytest.fixture(scope="module")
def track(video):
    return mediapipe.extract(video, size=SIZE, frames=FRAMES, fps=30)


def test_finds_the_painted_joints(track):
    assert track.skeleton == "mediapipe33"
    assert (len(track), track.size, track.fps) == (FRAMES, SIZE, 30)
    assert not track.given[0].any()
    assert track.given[1:].all()
    assert np.isnan(track.scores[0]).all()
    assert (track.scores[1:] >= 0).all()
    assert (track.scores[1:] <= 1).all()
    for frame in range(1, FRAMES):
        middle = SIZE[0] / 2 + frame
        truth = {
            "left_shoulder": (middle + 27, 102),
            "right_shoulder": (middle - 27, 102),
            "left_knee": (middle + 18, 255),
            "right_knee": (middle - 18, 255),
        }
        for joint, at in truth.items():
            found = track.keypoints[frame, track.joints.index(joint)]
            assert np.hypot(*(found - at)) < 20, (frame, joint, found)


def test_gives_the_two_rows_of_table_1(track):
    coco, halpe = track.to("coco17"), track.to("halpe26")
    assert coco.given[1:].all()
    absent = {"head", "left_small_toe", "right_small_toe"}
    for j, joint in enumerate(halpe.joints.joints):
        assert halpe.given[1:, j].all() == (joint not in absent)
    assert np.array_equal(halpe.keypoints[:, :17], coco.keypoints, equal_nan=True)


def test_meta_says_what_made_the_track(track):
    assert track.meta["estimator"] == "mediapipe"
    assert track.meta["version"] == "0.10.21"
    assert track.meta["settings"]["model_complexity"] == 1
    assert track.meta["settings"]["smooth_landmarks"] is False
    assert track.meta["licence"] == "Apache-2.0"
    assert track.meta["source"] == "painted.mp4"
    assert sorted(track.meta["weights"]) == ["pose_detection.tflite", "pose_landmark_full.tflite"]
    assert all(len(digest) == 64 for digest in track.meta["weights"].values())


def test_two_runs_give_the_same_bits_and_report_progress(video, track):
    seen = []
    again = mediapipe.extract(video, size=SIZE, fps=30, on_progress=seen.append)
    assert np.array_equal(again.keypoints, track.keypoints, equal_nan=True)
    assert np.array_equal(again.scores, track.scores, equal_nan=True)
    assert seen == list(range(1, FRAMES + 1))


def test_native_libraries_do_not_print_but_the_progress_does(video, capfd):
    mediapipe.extract(video, size=SIZE, on_progress=lambda n: print(f"frame {n}", file=sys.stderr))
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines() == [f"frame {n}" for n in range(1, FRAMES + 1)]


def test_static_mode_on_quarter_frames_is_in_pixels_of_the_whole_video(video, track):
    worse = mediapipe.extract(video, size=SIZE, static=True, scale=0.25)
    assert worse.meta["settings"]["static_image_mode"] is True
    assert worse.meta["settings"]["scale"] == 0.25
    both = worse.given & track.given
    assert both.any()
    distance = np.linalg.norm(worse.keypoints - track.keypoints, axis=-1)[both]
    # Not the same estimate, yet the same person at the same scale.
    assert 0 < np.median(distance) < 25


@pytest.mark.parametrize("scale", [0, -1, 1.5, float("nan")])
def test_scale_is_checked(video, scale):
    with pytest.raises(ItemError, match="scale must be above 0"):
        mediapipe.extract(video, size=SIZE, scale=scale)


def test_nobody_in_any_frame(tmp_path):
    path = tmp_path / "empty.mp4"
    with media.video_writer(path, (64, 64), 30) as write:
        for _ in range(3):
            write(np.full((64, 64, 3), 90, np.uint8))
    with pytest.raises(ItemError) as error:
        mediapipe.extract(path, size=(64, 64))
    assert str(error.value).startswith(f"{path}: MediaPipe found nobody in its 3 frames. Check")


def test_another_number_of_frames_is_an_error(video):
    with pytest.raises(ItemError, match="has 8 decoded frames, 9 were expected"):
        mediapipe.extract(video, size=SIZE, frames=9)


def test_a_file_that_is_no_video(tmp_path):
    path = tmp_path / "no.mp4"
    path.write_bytes(b"not a video")
    with pytest.raises(ItemError, match="ffmpeg can't decode"):
        mediapipe.extract(path, size=SIZE)


BODY = f"{SIZE[0] / 2 + 4:g},180@0.13"


@pytest.mark.parametrize("pick", [None, "", BODY, "id:3"])
def test_a_pick_that_means_whom_mediapipe_follows(track, pick, capsys):
    mediapipe.check_pick(track, pick, video="a.mp4")
    out = capsys.readouterr().out
    assert out == ("dancer_pick id:3 is ignored: " if pick == "id:3" else "") + (
        "MediaPipe does not number people\n" if pick == "id:3" else ""
    )


def test_a_box_around_whom_mediapipe_follows(track):
    low, high = np.nanmin(track.keypoints[4], 0), np.nanmax(track.keypoints[4], 0)
    box = [round(float(v), 2) for v in (*np.maximum(low, 0), *(high - np.maximum(low, 0)))]
    mediapipe.check_pick(track, f"{','.join(map(str, box))}@0.13", video="a.mp4")


@pytest.mark.parametrize("pick", ["2,2@0.1", "0,0,20,20@0.1"])
def test_a_pick_of_another_person_is_an_error(track, pick):
    with pytest.raises(ItemError) as error:
        mediapipe.check_pick(track, pick, video="a.mp4")
    assert str(error.value).startswith("a.mp4: MediaPipe follows another person")
    assert pick in str(error.value)
    assert "Crop the video to the dancer, or use an estimator that finds several" in str(
        error.value
    )


def test_a_pick_outside_the_video_is_an_error_of_the_video(track):
    with pytest.raises(
        ItemError, match=r"a\.mp4: the pick of the dancer lies after the video's end"
    ):
        mediapipe.check_pick(track, "2,2@1", video="a.mp4")


def test_the_verb_names_the_video_that_was_given(tmp_path, monkeypatch, capsys):
    def nobody(path, **_):
        raise ItemError("found nobody", where=path)

    monkeypatch.setattr("choreo.poses.mediapipe.extract", nobody)
    video = tmp_path / "mine.mp4"
    with media.video_writer(video, (64, 48), 30) as write:
        for _ in range(15):
            write(np.zeros((48, 64, 3), np.uint8))
    assert main(["poses", str(video), "-o", str(tmp_path / "t.npz")]) == 1
    assert f"choreo poses: {video}: found nobody" in capsys.readouterr().err
