import pytest

from choreo.comparison.table1 import PUBLISHED, table1
from choreo.errors import ItemError


def record(estimator="a", video="v1", **more):
    return {
        "estimator": estimator,
        "video": video,
        "method": "thesis",
        "threshold_px": 50.0,
        "frames": 100,
        "joints": 17,
        "joints_given": 17,
        "missing": 0,
        "incorrect": 0,
        "confidence": 0.5,
    } | more


def test_mean_and_median_over_videos():
    records = [
        record(video="v1", missing=0, incorrect=1, confidence=0.2, frames=100),
        record(video="v2", missing=0, incorrect=2, confidence=0.4, frames=200),
        record(video="v3", missing=30, incorrect=9, confidence=0.9, frames=300),
    ]
    (row,) = table1(records, published=False).frame.to_dict("records")
    assert (row["missing_mean"], row["missing_median"]) == (10, 0)
    assert (row["incorrect_mean"], row["incorrect_median"]) == (4, 2)
    assert row["confidence_mean"] == pytest.approx(0.5)
    assert (row["videos"], row["frames"], row["joints"]) == (3, 600, 17)
    assert row["origin"] == "this study"


def test_published_rows_stand_below_and_are_marked():
    table = table1([record()], study="demo")
    assert table.frame["origin"].tolist() == ["this study", *["published"] * 3]
    assert table.frame["estimator"].tolist() == ["a", "AlphaPose1", "AlphaPose2", "OpenPose"]
    for row, values in zip(table.frame.to_dict("records")[1:], PUBLISHED):
        assert row["missing_mean"] == values[2]
        assert row["confidence_mean"] == values[-1]
        assert (row["videos"], row["frames"]) == (50, 115_986)
    assert "study demo" in table.caption
    assert any(note.startswith("Published: Table 1 of the thesis") for note in table.notes)
    assert "| OpenPose | published | 25 | 15.3 | 3 | 339.1 | 340 | 0.62 |" in table.markdown()


def test_rows_follow_the_order_of_the_config():
    records = [record("b"), record("a")]
    assert table1(records, published=False).frame["estimator"].tolist() == ["b", "a"]
    chosen = table1(records, estimators=["a", "none", "b"], published=False)
    assert chosen.frame["estimator"].tolist() == ["a", "b"]


def test_what_released_counted_from_is_said():
    released = {"method": "released", "threshold_px": 100.0}
    records = [
        record("a", counted_from="file", **released),
        record("b", counted_from="track", **released),
    ]
    notes = table1(records).notes
    assert (
        "Method released, a: counted from the tool's own file, the first person of each "
        "frame." in notes
    )
    assert "Method released, b: no such file; counted from the track of the dancer." in notes
    assert not any("Method released" in note for note in table1([record()]).notes)


def test_truth_adds_columns_where_it_is_known():
    truth = {"pck_0_1": 0.9, "error_px": 4.0}
    table = table1([record(truth=truth), record(video="v2", truth=truth | {"pck_0_1": 0.7})])
    assert table.frame["pck_0_1"].tolist()[0] == pytest.approx(0.8)
    assert "PCK@0.1 torso" in table.markdown()
    assert "PCK" not in table1([record()]).markdown()


def test_undefined_values_are_left_out_of_the_mean():
    records = [record(confidence=None), record(video="v2", confidence=0.5)]
    assert table1(records, published=False).frame["confidence_mean"].tolist() == [0.5]
    assert "| – |" in table1([record(confidence=None)], published=False).markdown()


def test_notes_say_what_can_mislead():
    table = table1([record(joints=26, joints_given=23), record("b"), record("b", "v2")])
    notes = " ".join(table.notes)
    assert "a gives 23 of its 26 joints" in notes
    assert "Not every estimator has every video (a 1, b 2)" in notes
    assert "can't be compared" in notes
    assert "50 px" in notes


def test_the_four_files_are_written(tmp_path):
    table1([record()]).write(tmp_path / "table1")
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".csv", ".html", ".md", ".tex"]
    assert (tmp_path / "table1.csv").read_text().splitlines()[0].startswith("estimator,origin,")


def test_no_record():
    with pytest.raises(ItemError, match="needs the quality of at least one track"):
        table1([])


def test_the_same_track_twice():
    with pytest.raises(ItemError, match="two records of estimator a and video v1"):
        table1([record(), record()])


def test_the_verdict_stands_first_under_the_table():
    records = [record("a", f"v{n}", incorrect=n % 3, frames=200) for n in range(9)]
    records += [record("b", f"v{n}", incorrect=40 + n % 3, frames=200) for n in range(9)]
    notes = table1(records).notes
    assert notes[0] == (
        "Incorrect detections (9 videos): lowest with a (0.50% of frames); lower than with b by "
        "20.00 points (20.00 to 20.00)."
    )
    assert notes[1].startswith("Missing frames (9 videos): lowest with a and b (0.00% of frames")
    assert notes[2].startswith("Verdicts: ")
    assert table1(records, seed=7).notes[2] == notes[2].replace("seed 1", "seed 7")


def test_the_verdict_is_about_shares_not_counts():
    # A long video with more incorrect frames, and a smaller share of them.
    long = [record("a", f"v{n}", incorrect=20 + n, frames=1000) for n in range(9)]
    short = [record("b", f"v{n}", incorrect=10, frames=100) for n in range(9)]
    assert "lowest with a (2.40% of frames)" in table1(long + short).notes[0]


def test_one_estimator_has_no_verdict():
    assert not any("Verdict" in note for note in table1([record()]).notes)


def test_scale_free_thresholds_are_told_as_a_range():
    records = [record(threshold_px=41.5), record(video="v2", threshold_px=60.25)]
    assert "eq. (1)-(2) with 41.5 to 60.25 px" in " ".join(table1(records).notes)
    assert "with inf px" in " ".join(table1([record(threshold_px=None)]).notes)
