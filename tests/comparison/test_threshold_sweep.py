import matplotlib.pyplot as plt
import numpy as np
import pytest
from comparison_tracks import dancer, moved

from choreo.comparison.compare import SWEEP_PX, compare
from choreo.comparison.figure1x import figure1x
from choreo.comparison.sweep import bands, crossings, ranking, sweep, ties
from choreo.errors import ItemError


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def records(count=8, *, frames=20, truth=False, **jumps):
    """Videos in which each estimator's wrist jumps by so many pixels in so many frames."""
    made = []
    for video in range(count):
        tracks = {}
        for name, wanted in jumps.items():
            tracks[name] = dancer(frames)
            for n, by in enumerate(wanted):
                frame = 1 + (2 * n + video) % (frames - 2)
                tracks[name] = moved(tracks[name], frame, "left_wrist", (float(by), 0.0))
        made.append(
            {"video": f"v{video}"} | compare(tracks, truth=dancer(frames) if truth else None)
        )
    return made


def test_shares_by_threshold():
    found = sweep(records(2, a=[95], b=[15]), ["b", "a", "none"], "px")
    assert list(found.shares) == ["b", "a"]
    assert found.videos == ["v0", "v1"]
    np.testing.assert_array_equal(found.thresholds, SWEEP_PX)
    assert found.shares["b"][0].tolist() == [5, *[0] * 19]
    assert found.shares["a"][1].tolist() == [5] * 9 + [0] * 11


def test_a_ranking_that_does_not_depend_on_it():
    found = sweep(records(a=[], b=[95], c=[95, 150]), ["c", "b", "a"], "px")
    assert crossings(found) == []
    assert ranking(found) == (
        "The ranking does not depend on the threshold from 10 to 140 px (fewest incorrect first: "
        "a, b, c). Without any incorrect frame, so equal: a everywhere, b from 100, c from 150 px "
        "on."
    )


def test_rows_that_are_equal_are_named():
    found = sweep(records(b=[95], a=[95], c=[500]), ["a", "b", "c"], "px")
    assert ties(found) == [
        {"names": ["a", "b"], "start": 10, "zero": False},
    ]
    assert ranking(found).endswith(
        "(fewest incorrect first: a = b, c). a and b are equal at every threshold. "
        "Without any incorrect frame, so equal: a and b from 100 px on."
    )
    grows = sweep(records(a=[], b=[35], c=[500, 55]), ["c", "b", "a"], "px")
    assert ties(grows) == [{"names": ["b", "a"], "start": 40, "zero": True}]
    assert "so equal: a everywhere, b from 40 px on." in ranking(grows)
    alone = sweep(records(a=[500, 500], b=[95], c=[500]), ["a", "b", "c"], "px")
    assert "Without" not in ranking(alone)
    late = sweep(records(a=[500, 35], b=[500]), ["a", "b"], "px")
    assert ranking(late).endswith(
        "from 10 to 30 px (fewest incorrect first: b, a). All are equal from 40 px on."
    )


def test_rows_that_are_all_equal_have_no_ranking():
    text = "There is no ranking: all estimators are equal at every threshold from 10 to 200 px."
    assert ranking(sweep(records(a=[95], b=[95]), ["a", "b"], "px")) == text
    assert ranking(sweep(records(a=[], b=[]), ["a", "b"], "px")) == text


def test_from_which_threshold_the_noise_is_larger_is_said():
    # 35 px in every video, 150 px in one of six.
    made = records(5, a=[35, 35], b=[]) + [
        r | {"video": "w"} for r in records(1, a=[35, 150], b=[])
    ]
    text = ranking(sweep(made, ["a", "b"], "px"))
    assert "No difference is beyond the noise of 6 videos from 40 px on." in text


def test_a_ranking_that_does():
    # Small jumps, many; or large, few.
    found = sweep(records(a=[35, 35, 35], b=[150]), ["a", "b"], "px")
    (crossing,) = crossings(found)
    assert (crossing["low"], crossing["high"]) == (30, 40)
    assert crossing["beyond_noise"]
    assert ranking(found) == (
        "The ranking depends on the threshold from 10 to 140 px. These change places: a and b "
        "(at 30-40 px). Without any incorrect frame, so equal: a from 40, b from 150 px on."
    )


def test_equal_counts_between_are_no_change_of_places():
    # 3 against 1 below 40 px, 1 and 1 up to 60 px, 0 and 1 above.
    found = sweep(records(a=[35, 35, 55], b=[150]), ["a", "b"], "px")
    (crossing,) = crossings(found)
    assert (crossing["low"], crossing["high"]) == (30, 60)


def test_a_change_within_the_noise_is_called_so():
    mixed = records(1, a=[35, 35], b=[150]) + [
        r | {"video": f"w{n}"} for n, r in enumerate(records(3, a=[150], b=[35, 35]))
    ]
    mixed += [r | {"video": f"x{n}"} for n, r in enumerate(records(2, a=[35, 35], b=[150]))]
    found = sweep(mixed, ["a", "b"], "px")
    found = crossings(found), ranking(found)
    assert all(not c["beyond_noise"] for c in found[0])
    one = sweep(records(1, a=[35, 35], b=[150]), ["a", "b"], "px")
    assert not crossings(one)[0]["beyond_noise"]
    assert ranking(one).startswith(
        "No change of the ranking from 10 to 140 px is beyond the noise of 1 video."
    )
    assert "(at 30-40 px, within the noise)" in ranking(one)
    assert ranking(one).endswith("No difference is beyond the noise of 1 video at any threshold.")


def test_only_videos_that_all_have():
    made = records(2, a=[95], b=[15]) + [r | {"video": "w"} for r in records(1, a=[95])]
    assert sweep(made, ["a", "b"], "px").videos == ["v0", "v1"]
    nobody = moved(dancer(), slice(None), None, np.nan)
    unknown = [{"video": "u"} | compare({"a": nobody, "b": nobody})]
    assert sweep(made + unknown, ["a", "b"], "height").videos == ["v0", "v1"]
    assert sweep(made + unknown, ["a", "b"], "px").videos == ["u", "v0", "v1"]
    apart = records(1, a=[]) + [r | {"video": "w"} for r in records(1, b=[])]
    assert ranking(sweep(apart, ["a", "b"], "px")) is None
    assert bands(sweep(apart, ["a", "b"], "px")) == {}


def test_bands_hold_the_mean():
    made = records(6, a=[95, 95])
    made[0] = {"video": "v0"} | compare({"a": dancer(20)})
    mean, low, high = bands(sweep(made, ["a"], "px"))["a"]
    assert mean[0] == pytest.approx(10 * 5 / 6)
    assert 0 <= low[0] < mean[0] < high[0]
    assert (low[-1], mean[-1], high[-1]) == (0, 0, 0)
    _, low, _ = bands(sweep(records(1, a=[95]), ["a"], "px"))["a"]
    assert np.isnan(low).all()


def test_the_figure():
    figure = figure1x(records(4, truth=True, a=[35, 35, 35], b=[150]), estimators=["b", "a"])
    left, right = figure.axes
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["b", "a", "truth (false alarms)"]
    figure.canvas.draw()
    below = figure.legends[0].get_window_extent().y1
    assert all(below <= axis.get_tightbbox().y0 for axis in figure.axes)
    assert left.get_xlabel().startswith("threshold (px)\n\nThe ranking depends")
    assert right.get_xlabel().startswith("threshold (fraction of the dancer's height)")
    assert left.get_ylabel() == "incorrect frames (% of all frames)"
    assert "mean of 4 videos" in figure.get_suptitle()
    line = left.get_lines()[0]
    np.testing.assert_array_equal(line.get_xdata(), SWEEP_PX)
    np.testing.assert_allclose(line.get_ydata(), [5.0] * 14 + [0.0] * 6)


def test_the_figure_of_nine_estimators_and_one_video():
    names = [f"e{n}" for n in range(9)]
    figure = figure1x(records(1, **{name: [20 * n] for n, name in enumerate(names)}))
    drawn = [
        (line.get_color(), str(line.get_linestyle()), line.get_marker())
        for line in figure.axes[1].get_lines()
    ]
    assert len(set(drawn)) == 9
    assert figure.get_suptitle().endswith("mean of 1 video")


def test_nothing_to_draw():
    with pytest.raises(ItemError, match="needs a video that all estimators have"):
        figure1x([])
    apart = records(1, a=[]) + [r | {"video": "w"} for r in records(1, b=[])]
    with pytest.raises(ItemError, match="needs a video that all estimators have"):
        figure1x(apart)
