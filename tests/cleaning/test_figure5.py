import matplotlib.pyplot as plt
import numpy as np
import pytest

from choreo import media
from choreo.cleaning.clean import clean
from choreo.cleaning.figure5 import farthest_joint, figure5, worst_frames
from choreo.errors import ItemError
from choreo.files import write_json
from choreo.pose.track import PoseTrack

SIZE = (64, 48)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def track(outliers=(), missing=()):
    keypoints = np.random.default_rng(0).uniform(12, 36, (1, 17, 2)).repeat(30, 0)
    for frame, joint, by in outliers:
        keypoints[frame, joint, 0] += by
    keypoints[list(missing)] = np.nan
    return PoseTrack(keypoints, np.full((30, 17), 0.9), fps=10, size=SIZE, skeleton="coco17")


def test_the_worst_frame_of_each_run_comes_first():
    before = track([(5, 3, 80.0), (12, 4, 300.0), (20, 9, 120.0)], missing=[25])
    after, record = clean(before)
    found = worst_frames(before, after, record, 2)
    assert [frame for _, frame in found] == [12, 20]
    assert found[0][0] == pytest.approx(300, abs=1e-3)
    assert farthest_joint(before, after, 20) == 9


def test_where_nothing_is_flagged_the_fastest_frame_is_shown():
    before = track([(7, 2, 30.0)])
    after, record = clean(before)
    assert record["flagged"] == []
    assert worst_frames(before, after, record, 4) == [(0.0, 7)]
    assert farthest_joint(before, after, 7) == 2


def study(folder, **tracks):
    for name, before in tracks.items():
        after, record = clean(before)
        before.save(folder / "poses" / f"{name}.npz")
        after.save(folder / "cleaning" / f"{name}.npz")
        write_json(folder / "cleaning" / f"{name}.json", record)
        with media.video_writer(folder / f"{name}.mp4", SIZE, 10) as write:
            for i in range(30):
                write(np.full((SIZE[1], SIZE[0], 3), 8 * i, np.uint8))
    return (
        [folder / f"{name}.mp4" for name in tracks],
        sorted((folder / "poses").iterdir()),
        sorted((folder / "cleaning").glob("*.npz")),
        sorted((folder / "cleaning").glob("*.json")),
    )


def test_figure_5_shows_each_changed_video_first(tmp_path):
    paths = study(
        tmp_path,
        one=track([(5, 3, 80.0), (15, 3, 90.0)]),
        two=track([(9, 1, 70.0)]),
        calm=track(),
    )
    figure = figure5(*paths, samples=2)
    titles = [axis.get_title() for axis in figure.axes if axis.get_title()]
    assert titles == ["one\n1.50 s: removed", "two\n0.90 s: removed"]
    assert [axis.get_ylabel() for axis in figure.axes[::2]][:3] == [
        "before cleaning",
        "after cleaning",
        "pixels",
    ]
    curve = figure.axes[4]
    assert curve.get_xlabel() == "seconds (left ear, x)"
    assert [line.get_label() for line in curve.lines] == ["before", "after"]
    third = figure5(*paths, samples=3)
    assert len([1 for axis in third.axes if "one" in axis.get_title()]) == 2


def test_figure_5_where_nothing_was_flagged(tmp_path):
    figure = figure5(*study(tmp_path, calm=track()))
    assert figure.axes[0].get_title() == "calm\n0.10 s: nothing flagged"


def test_figure_5_without_videos_draws_on_white(tmp_path):
    _, *tracks = study(tmp_path, one=track([(5, 3, 80.0)]), two=track([(9, 1, 70.0)]))
    figure = figure5([], *tracks, samples=2)
    assert [axis.get_title() for axis in figure.axes[:2]] == [
        "one\n0.50 s: removed",
        "two\n0.90 s: removed",
    ]
    shown = figure.axes[0].images[0].get_array()
    assert (shown == 255).all(-1).mean() > 0.3


def test_figure_5_without_a_cleaned_video():
    with pytest.raises(ItemError, match="Figure 5 needs a video that was cleaned"):
        figure5(["a.mp4"], ["a.npz"], [], [])
