import matplotlib.pyplot as plt
import numpy as np
import pytest

from choreo import media
from choreo.comparison.figure2 import common_frames, figure2, layout, outside, status
from choreo.errors import ItemError
from choreo.pose.track import PoseTrack
from choreo.poses.pictures import crop, pictures

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
    corrupted = track().keypoints.copy()
    corrupted[5, 3] += 500
    corrupted[15, 3] = np.nan
    chosen = common_frames([track().with_(keypoints=corrupted)], 2)
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
    assert figure.axes[2].get_xlabel() == "missing"
    assert figure.get_suptitle() == "Sample poses, v"


def test_figure_2_without_any_track(tmp_path):
    with pytest.raises(ItemError, match="Figure 2 needs a video with a pose track"):
        figure2([tmp_path / "v.mp4"], [], estimators=["a"])


@pytest.mark.parametrize(
    ("count", "blocks"),
    [(1, [1]), (4, [4]), (5, [3, 2]), (6, [3, 3]), (8, [4, 4]), (9, [3, 3, 3])],
)
def test_many_estimators_go_into_blocks(count, blocks):
    found = layout(count)
    assert [len(block) for block in found] == blocks
    assert [n for block in found for n in block] == list(range(count))


def test_figure_2_of_five_estimators(tmp_path):
    paths = []
    for n in range(5):
        paths.append(tmp_path / f"e{n}" / "v.npz")
        track(gone=[5] if n == 4 else []).save(paths[-1])
    figure = figure2(
        [write_video(tmp_path / "v.mp4")], paths, estimators=[f"e{n}" for n in range(5)]
    )
    grid = np.array(figure.axes).reshape(8, 3)
    titles = [[axis.get_title() for axis in row] for row in grid]
    assert titles[0] == ["e0\n17 joints", "e1\n17 joints", "e2\n17 joints"]
    assert titles[4] == ["e3\n17 joints", "e4\n17 joints", ""]
    assert not grid[4, 2].axison
    assert all(t == ["", "", ""] for n, t in enumerate(titles) if n not in (0, 4))
    # The same frames, and the same part of the picture, for all.
    assert [row[0].get_ylabel() for row in grid[:4]] == [row[0].get_ylabel() for row in grid[4:]]
    assert len({axis.get_images()[0].get_array().shape for axis in grid[:2, :].flat}) == 1


def test_a_pose_outside_the_picture_is_said(tmp_path):
    away = track().with_(keypoints=track().keypoints + 500)
    assert outside(away, 5)
    assert not outside(track(), 5)
    assert not outside(track(gone=[5]), 5)
    # One joint inside is drawn.
    partly = away.keypoints.copy()
    partly[5, 3] = 20
    assert not outside(away.with_(keypoints=partly), 5)
    paths = []
    for name, made in (("a", away), ("b", track())):
        paths.append(tmp_path / name / "v.npz")
        made.save(paths[-1])
    figure = figure2([write_video(tmp_path / "v.mp4")], paths, estimators=["a", "b"])
    written = [[text.get_text() for text in axis.texts] for axis in figure.axes]
    assert written == [["outside the picture"], []] * 4


def test_what_is_wrong_with_a_shown_pose_is_said():
    corrupted = track(gone=[3]).keypoints.copy()
    corrupted[5, 3] += 500
    corrupted[15, 3] = np.nan
    said = status(track().with_(keypoints=corrupted))
    assert said[[0, 3, 5, 15]].tolist() == ["", "missing", "incorrect", "joints missing"]
