import math

import pytest
from comparison_tracks import dancer, moved

from choreo.comparison.compare import compare
from choreo.comparison.table1x import distances_table, table1x, threshold_table
from choreo.errors import ItemError


def record(video="v1", truth=True, **tracks):
    tracks = tracks or {"a": dancer(), "b": moved(dancer(), slice(None), None, (3.0, 4.0))}
    return {"video": video} | compare(tracks, truth=dancer() if truth else None)


def row(table, name):
    (found,) = (r for r in table.frame.to_dict("records") if r["estimator"] == name)
    return found


def test_means_over_videos_in_percent():
    half = dancer()
    for frame in range(4):
        half = moved(half, frame, None, math.nan)
    wrist = moved(dancer(), 3, "left_wrist", (95.0, 0.0))
    table = table1x([record(a=half), record("v2", a=wrist)])
    found = row(table, "a")
    assert (found["missing"], found["incorrect"], found["incorrect_height"]) == (25, 6.25, 6.25)
    assert (found["detection_rate"], found["inside"], found["joints"]) == (75, 100, 17)
    assert found["confidence"] == 0.5
    assert found["confidence_with_misses"] == pytest.approx(0.375)
    assert found["limb_confidence_with_misses"] == 0.5
    assert (found["videos"], found["frames"], found["common_frames"]) == (2, 16, 12)


def test_truth_columns_and_row():
    table = table1x([record(), record("v2")], study="demo")
    assert table.frame["estimator"].tolist() == ["a", "b", "truth"]
    found = row(table, "b")
    assert (found["pck_0_05"], found["pck_0_1"]) == (1, 1)
    assert found["error_px"] == pytest.approx(5)
    assert found["error_torso"] == pytest.approx(0.05)
    truth = row(table, "truth")
    assert (truth["jitter"], truth["incorrect"], truth["inside"]) == (0, 0, 100)
    assert math.isnan(truth["joints"])
    assert math.isnan(truth["missing"])
    text = table.markdown()
    assert "Table 1x: extended comparison of pose estimators, study demo (2 videos)" in text
    assert "Eq. (1): precision" in text
    assert "a: 0 wrong, 0 flagged; b: 0 wrong, 0 flagged" in text


def test_without_truth_there_is_no_such_column():
    table = table1x([record(truth=False)])
    assert table.frame["estimator"].tolist() == ["a", "b"]
    assert "PCK" not in table.markdown()
    assert "truth" not in table.markdown()


def test_precision_and_recall_are_ratios_of_sums():
    far = moved(dancer(), 3, "left_wrist", (95.0, 0.0))
    stays = moved(dancer(), slice(4, None), "left_wrist", (95.0, 0.0))
    found = row(table1x([record(a=far), record("v2", a=stays), record("v3", a=dancer())]), "a")
    # far: 1 wrong, flagged. stays: 4 wrong, the first two flagged.
    assert (found["wrong"], found["flagged"]) == (5, 3)
    assert (found["precision"], found["recall"]) == (1, pytest.approx(3 / 5))
    nothing = row(table1x([record(a=dancer())]), "a")
    assert math.isnan(nothing["precision"])
    assert math.isnan(nothing["recall"])


def test_rows_follow_the_config():
    table = table1x([record()], estimators=["b", "none", "a"])
    assert table.frame["estimator"].tolist() == ["b", "a", "truth"]
    distances = distances_table([record()], estimators=["b", "none", "a"])
    assert distances.frame.columns.tolist() == ["estimator", "b", "a", "truth"]


def test_notes_say_what_can_mislead():
    made = [record(a=dancer(skeleton="halpe26"), b=dancer()), record("v2", b=dancer())]
    notes = " ".join(table1x(made).notes)
    assert "a gives 19 of its 26 joints" in notes
    assert "Not every estimator has every video (a 1, b 2)" in notes
    assert "can't be compared by it" in notes
    assert "50 px; scale-free: with 0.2 of the dancer's height" in notes
    assert "dancers are 260 to 260 px tall" in notes
    assert (
        "there is no ranking: all estimators are equal at every threshold from 10 to 200 px"
        in notes
    )
    assert "Jitter (1 video): lowest with a and b" in notes


def test_distances():
    table = distances_table([record(), record("v2")], study="demo")
    assert table.frame["estimator"].tolist() == ["a", "b"]
    assert table.frame["b"].tolist() == [pytest.approx(0.05), pytest.approx(math.nan, nan_ok=True)]
    assert table.frame["truth"].tolist() == [0, pytest.approx(0.05)]
    assert "| a | – | 0.050 | 0.000 |" in table.markdown()
    assert "truth" not in distances_table([record(truth=False)]).headers


def test_no_record_or_the_same_video_twice():
    for make in (table1x, distances_table):
        with pytest.raises(ItemError, match="needs the comparison of at least one video"):
            make([])
        with pytest.raises(ItemError, match="two records of video v1"):
            make([record(), record()])


def test_nobody_found_anywhere():
    nobody = moved(dancer(), slice(None), None, math.nan)
    table = table1x([record(a=nobody, truth=False)])
    assert row(table, "a")["missing"] == 100
    assert math.isnan(row(table, "a")["jitter"])
    assert "| a | 17 | 100.00 | 0.00 | – |" in table.markdown()
    assert math.isnan(distances_table([record(a=nobody, truth=False)]).frame["a"][0])


def test_two_runs_write_the_same_bytes(tmp_path):
    for folder in ("one", "two"):
        table1x([record(), record("v2")]).write(tmp_path / folder / "table1x")
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_what_a_threshold_in_pixels_means_at_a_videos_size():
    seen = record(fair=dancer()) | {"fps": 30.0}
    sizes = {"thesis": 250, "phone": 1000, "tiny": 60, "nobody": None}
    records = [seen | {"video": name, "height_px": height} for name, height in sizes.items()]
    records.append(seen | {"video": "fast", "height_px": 250, "fps": 120.0})
    frame = threshold_table(records).frame.set_index("video")
    assert frame["share"]["thesis"] == pytest.approx(50 / 250)
    assert frame["means"].to_dict() == {
        "thesis": "as in the thesis",
        "phone": "fast moves count as errors",
        "tiny": "errors are missed",
        "nobody": "unknown",
        "fast": "errors are missed",
    }
