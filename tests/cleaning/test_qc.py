import matplotlib.pyplot as plt
import numpy as np
import pytest
from test_figure5 import SIZE, track

from choreo import media
from choreo.cleaning import qc
from choreo.cleaning.beats import beats_record
from choreo.cleaning.clean import clean


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_the_timeline_shows_counts_and_spans():
    before = track([(5, 3, 80.0)], missing=[0, 10, 11])
    after, record = clean(before)
    curve, bars = qc.timeline(plt.figure(), before, after, record, title="clip")
    assert curve.get_title() == (
        "clip\nthesis: 3 missing, 1 incorrect, 3 of 30 frames repaired, longest gap 0.20 s"
    )
    assert curve.get_yticks().tolist() == [0, 25, 50]
    spans = {
        label.get_text(): [p.get_extents().bounds for p in group.get_paths()]
        for label, group in zip(bars.get_yticklabels(), bars.collections)
    }
    assert [(x, w) for x, _, w, _ in spans["missing"]] == [
        (0, pytest.approx(0.1)),
        (1, pytest.approx(0.2)),
    ]
    assert [(x, w) for x, _, w, _ in spans["flagged"]] == [(0.5, pytest.approx(0.1))]
    assert len(spans["repaired"]) == 2
    assert [(x, w) for x, _, w, _ in spans["left empty"]] == [(0, pytest.approx(0.1))]


def test_a_page_shows_the_worst_frames_before_and_after(tmp_path):
    before = track([(5, 3, 80.0), (15, 3, 90.0)])
    after, record = clean(before)
    record["motion_beats"] = beats_record(before, after, before)
    with media.video_writer(tmp_path / "v.mp4", SIZE, 10) as write:
        for i in range(30):
            write(np.full((SIZE[1], SIZE[0], 3), 8 * i, np.uint8))
    figure = qc.page(before, after, record, title="clip", video=tmp_path / "v.mp4")
    timeline, *shown = [axis for axis in figure.axes if axis.get_title()]
    assert "motion beats: " in timeline.get_title()
    assert "F against the truth before 1.000, after " in timeline.get_title()
    assert [axis.get_title() for axis in shown] == ["1.50 s: 90 px", "0.50 s: 80 px"]
    # The pictures of frames 15 and 5, in the grey that was written.
    greys = [axis.images[0].get_array()[0, 0, 0] for axis in shown]
    assert greys == [pytest.approx(120, abs=6), pytest.approx(40, abs=6)]
    qc.write(figure, tmp_path / "clip.png")
    assert plt.imread(tmp_path / "clip.png").shape[:2] == (900, 1100)
    again = qc.page(before, after, record, title="clip", video=tmp_path / "v.mp4")
    qc.write(again, tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "clip.png").read_bytes()


def test_a_page_without_a_video_or_anything_flagged():
    before = track([(7, 2, 30.0)])
    after, record = clean(before)
    figure = qc.page(before, after, record, title="calm")
    assert figure.axes[2].get_title() == "0.70 s: nothing flagged"
    assert (figure.axes[2].images[0].get_array()[0, 0] == 255).all()


def test_a_clip_that_was_left_out_says_why():
    (axis,) = qc.left_out("clip", "poses: nobody was found").axes
    assert axis.get_title() == "clip: left out of the study"
    assert axis.texts[0].get_text() == "poses: nobody was found"


def test_states_of_joints():
    before = track([(5, 3, 80.0)], missing=[0, 10])
    after, _ = clean(before)
    found = qc.states(before, after)
    assert (found[5] == 1).all()
    assert (found[10] == 2).all()
    assert (found[0] == 3).all()
    assert (np.delete(found, [0, 5, 10], axis=0) == 0).all()


def test_all_methods_side_by_side():
    before = track([(5, 3, 80.0)], missing=[12])
    figure = qc.comparison(before, title="clip", threshold_px=40)
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[:3] == [
        "thesis: 1 frames flagged, 17 of 493 joints replaced",
        "before, 0.50 s",
        "after, 0.50 s",
    ]
    assert titles[6] == "robust: 1 frames flagged, 1 of 493 joints replaced"
    raster = figure.axes[6].images[0].get_array()
    assert raster.shape == (17, 30)
    assert np.argwhere(raster == 1).tolist() == [[3, 5]]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["kept", "removed and replaced", "absent and filled", "left empty"]
