import numpy as np
import pytest
from test_robust import dance, exchanged, moved

from choreo.cleaning.estimators import estimator_errors, estimators_table
from choreo.errors import ItemError


def test_a_perfect_estimator():
    truth = dance()
    for row in estimator_errors(truth.to("halpe26"), truth, methods=("none", "robust")):
        assert row["error_px"] == 0
        assert row["beat_f"] == 1
        assert np.isnan(row["recall"])
        assert np.isnan(row["repaired_px"])


def test_errors_are_over_the_joints_that_both_have():
    truth = dance()
    corrupted = exchanged(moved(truth, range(40, 42), [9], (90, 0)), slice(100, 103))
    rows = {r["method"]: r for r in estimator_errors(corrupted.to("halpe26"), truth)}
    # The torso is 0.3 of 200 px: at 90 px the wrist is wrong, at 0.5 torsos the limit.
    assert rows["robust"]["recall"] == 1
    assert rows["robust"]["precision"] == 1
    assert rows["robust"]["repaired_px"] < rows["thesis"]["repaired_px"] / 2
    assert rows["none"]["repaired_torso"] == pytest.approx(rows["none"]["repaired_px"] / 60)


def test_the_table_is_made_from_the_studys_files(tmp_path):
    truth = dance(90)
    for video in ("one", "two"):
        truth.save(tmp_path / f"{video}.truth.npz")
    for estimator, video in (("good", "one"), ("good", "two"), ("bad", "one")):
        track = truth if estimator == "good" else moved(truth, [50], [9], (90, 0))
        track.save(tmp_path / estimator / f"{video}.npz")
    tracks = [*(tmp_path / "good").iterdir(), *(tmp_path / "bad").iterdir()]
    truths = sorted(tmp_path.glob("*.truth.npz"))
    table = estimators_table(tracks, truths, methods=("none", "robust"))
    assert table.frame[["estimator", "method", "videos"]].values.tolist() == [
        ["good", "none", 2],
        ["good", "robust", 2],
        ["bad", "none", 1],
        ["bad", "robust", 1],
    ]
    assert table.frame["repaired_px"].tolist()[2] == pytest.approx(90, abs=1e-3)
    assert table.frame["repaired_px"].tolist()[3] < 5
    assert "| bad | robust | 1.00 | 1.00 |" in table.markdown()


def test_videos_that_were_all_left_out_give_an_empty_table(tmp_path):
    table = estimators_table([], [])
    assert len(table.frame) == 0
    table.write(tmp_path / "t")
    assert (tmp_path / "t.csv").read_text().startswith("estimator,method,precision")


def test_other_videos_are_refused():
    with pytest.raises(ItemError, match="track and truth differ in frames: 150 and 90"):
        estimator_errors(dance(), dance(90))
