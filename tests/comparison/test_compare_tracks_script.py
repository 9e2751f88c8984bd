"""The rule's script: one estimator's failure leaves the others to be compared."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
from comparison_tracks import dancer

from choreo.files import read_json
from choreo.pipeline.tombstones import problem_in, write_problem

SCRIPT = Path(__file__).parents[2] / "workflow" / "scripts" / "compare_tracks.py"


class Inputs(list):
    """What Snakemake gives: a list whose parts have names."""

    def __init__(self, tracks, truth):
        super().__init__([*tracks, *([truth] if truth else [])])
        self.tracks, self.truth = tracks, truth

    def get(self, name):
        return getattr(self, name)


@pytest.fixture
def run(tmp_path):
    def run(bad=(), truth=None, frames=8, threshold_height=None):
        tracks = []
        for estimator in ("a", "b"):
            tracks.append(str(tmp_path / "poses" / estimator / "v1.npz"))
            dancer(frames if estimator == "b" else 8).save(tracks[-1])
            if estimator in bad:
                write_problem(tracks[-1], {"item": "v1", "message": f"{estimator} failed"})
        output = str(tmp_path / "comparison" / "v1.json")
        job = SimpleNamespace(
            rule="compare_tracks",
            input=Inputs(tracks, truth),
            output=[output],
            log=[str(tmp_path / "log")],
            wildcards=SimpleNamespace(video="v1"),
            params=SimpleNamespace(
                item="v1",
                stage="comparison",
                on_bad_video="skip",
                threshold_px=70.0,
                threshold_height=threshold_height,
            ),
        )
        runpy.run_path(str(SCRIPT), init_globals={"snakemake": job})
        return output

    return run


def test_all_are_compared(run, tmp_path):
    dancer().save(tmp_path / "truth.npz")
    record = read_json(run(truth=str(tmp_path / "truth.npz")))
    assert list(record["estimators"]) == ["a", "b"]
    assert (record["video"], record["threshold_px"]) == ("v1", 70)
    assert record["truth"]["incorrect"] == 0
    assert record["threshold_height"] == 0.2


def test_the_threshold_by_height_is_the_studys(run):
    assert read_json(run(threshold_height=0.3))["threshold_height"] == 0.3


def test_a_failure_leaves_the_others(run):
    assert list(read_json(run(bad=["a"]))["estimators"]) == ["b"]


def test_where_all_failed_the_problem_is_passed_on(run):
    assert problem_in(run(bad=["a", "b"]))["message"] == "a failed"


def test_what_can_not_be_compared_becomes_a_problem(run):
    assert "differ in frames: 8 and 9" in problem_in(run(frames=9))["message"]
