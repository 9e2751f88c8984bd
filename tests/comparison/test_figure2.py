import matplotlib.pyplot as plt
import numpy as np
import pytest

from choreo import media
from choreo.comparison.figure2 import common_frames, figure2
from choreo.errors import ItemError
from choreo.poses.pictures import crop, pictures
from choreo.track import PoseTrack

SIZE = (64, 48)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def track(frames=20, gone=(), joints=17):
    keypoints = np.random.default_rng(0).uniform(12, 36, (1, joints, 2)).repeat(frames, 0)
    keypoints[list(gone)] = np.nan
    return PoseTrack(
        keypoints, np.full((frames, joints), 0.9), fps=10, size=SIZE, skeleton="coco17"
    )


def write_video(path, frames=20):
    with media.video_writer(path, SIZE, 10) as write:
        for i in range(frames):
            write(np.full((SIZE[1], SIZE[0], 3), 10 * i, np.uint8))
    return path


def test_frames_are_spread_over_those_that_all_have():
    assert common_frames([track()], 2) == [5, 15]
    assert common_frames([track(), track(gone=range(10))], 2) == [10, 15]
    # Nobody has all: the frames which most have.
    halves = [track(gone=range(10)), track(gone=range(10, 20))]
    assert common_frames(halves, 2) == [5, 15]
    assert common_frames([track(3)], 9) == [0, 1, 2]


def test_flagged_and_partial_frames_are_not_shown():
    spoiled = track().keypoints.copy()
    spoiled[5, 3] += 500
    spoiled[15, 3] = np.nan
    chosen = common_frames([track().with_(keypoints=spoiled)], 2)
    assert 5 not in chosen
    assert 15 not in chosen


def test_single_frames_of_a_video(tmp_path):
    found = pictures(write_video(tmp_path / "v.mp4"), SIZE, {2, 11, 400})
    assert sorted(found) == [2, 11]
    assert found[2].shape == (48, 64, 3)
    assert abs(int(found[11].mean()) - 110) < 6


def test_the_crop_holds_everyone_and_stays_inside():
    other = track().with_(keypoints=track().keypoints * 100)
    rows, columns = crop([track()], 0)
    assert 0 <= rows.start < 12 < 36 < rows.stop <= 48
    assert 0 <= columns.start < 12 < 36 < columns.stop <= 64
    assert crop([track(gone=[0])], 0) == (slice(0, 48), slice(0, 64))
    rows, columns = crop([other], 0)
    assert (rows.stop, columns.stop) == (48, 64)
    assert rows.start < rows.stop
    assert columns.start < columns.stop


def test_figure_2_of_a_study(tmp_path):
    paths = []
    for estimator, gone in (("b", []), ("a", range(20))):
        paths.append(tmp_path / "poses" / estimator / "v.npz")
        track(gone=gone).save(paths[-1])
    videos = [tmp_path / "other.mp4", write_video(tmp_path / "v.mp4")]
    figure = figure2(videos, paths, estimators=["a", "b", "c"])
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[:2] == ["a\n0 joints", "b\n17 joints"]
    assert len(figure.axes) == 8
    assert figure.axes[0].get_ylabel() == "0.50 s, on the video"
    assert figure.axes[2].get_xlabel() == "nobody found"
    assert figure.get_suptitle() == "Sample poses, v"


def test_figure_2_without_any_track(tmp_path):
    with pytest.raises(ItemError, match="Figure 2 needs a video with a pose track"):
        figure2([tmp_path / "v.mp4"], [], estimators=["a"])
