import runpy
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from comparison_tracks import dancer

from choreo.comparison.speed import benchmark_seconds, speed_table, track_speed
from choreo.errors import ItemError
from choreo.pipeline.tombstones import write_problem

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
BENCHMARK = "s\th:m:s\tmax_rss\n20.0\t0:00:20\t200\n"


@pytest.mark.parametrize("text", ["", "s\th:m:s\n", "h:m:s\n0:01\n", "s\nNA\n"])
def test_what_is_no_benchmark_has_no_time(tmp_path, text):
    (tmp_path / "b.tsv").write_text(text)
    assert benchmark_seconds(tmp_path / "b.tsv") is None
    assert benchmark_seconds(tmp_path / "none.tsv") is None


def ran(**record):
    return dancer().with_(meta={"run": record})


def test_time_of_the_job_or_of_the_tool(tmp_path):
    path = tmp_path / "b.tsv"
    path.write_text(BENCHMARK)
    job = track_speed(dancer(), path)
    assert (job["seconds"], job["device"], job["measured"]) == (20, "cpu", "whole job")
    tool = track_speed(ran(seconds=6, device="cuda"), path)
    assert (tool["seconds"], tool["device"], tool["measured"]) == (6, "cuda", "tool's run")
    assert track_speed(dancer()) is None
    assert track_speed(ran(seconds=0)) is None


def test_the_table():
    fast = {"frames": 600, "seconds": 10.0, "device": "cpu", "measured": "whole job"}
    speeds = {"a": [fast, fast | {"seconds": 20.0}, fast | {"seconds": 30.0}], "b": [None]}
    table = speed_table(speeds, study="demo")
    a, b = table.frame.to_dict("records")
    assert (a["median"], a["least"], a["most"]) == (30, 20, 60)
    assert (a["frames"], a["seconds"], a["videos"]) == (1800, 60, 3)
    assert (b["videos"], pd.isna(b["median"])) == (0, True)
    assert "| a | 30.0 | 20.0 | 60.0 | 1800 | 60.0 | 3 | cpu | whole job |" in table.markdown()
    assert "| b | – | – | – | – | – | 0 |" in table.markdown()
    with pytest.raises(ItemError, match="no estimator to time"):
        speed_table({})


def test_the_rule_s_script(tmp_path):
    tracks = []
    for video in ("v1", "v2"):
        for estimator in ("mediapipe17", "alphapose17"):
            tracks.append(tmp_path / "poses" / estimator / f"{video}.npz")
            made = dancer(100)
            if estimator == "alphapose17":
                made = made.with_(meta={"run": {"seconds": 50.0, "device": "cpu"}})
            made.save(tracks[-1])
    write_problem(tracks[-1], {"item": "v2", "message": "too short"})
    (tmp_path / "mediapipe_poses").mkdir()
    (tmp_path / "mediapipe_poses" / "v1.tsv").write_text(BENCHMARK)
    job = SimpleNamespace(
        rule="estimator_speed",
        input=type("Inputs", (list,), {"tracks": tracks})(tracks),
        output=[str(tmp_path / "speed.html")],
        log=[str(tmp_path / "log")],
        params=SimpleNamespace(
            estimators=["mediapipe17", "alphapose17"],
            study="demo",
            benchmarks=str(tmp_path),
            jobs={"mediapipe17": "mediapipe_poses"},
        ),
    )
    runpy.run_path(str(SCRIPTS / "estimator_speed.py"), init_globals={"snakemake": job})
    table = pd.read_csv(tmp_path / "speed.csv")
    assert table["median"].tolist() == [5, 2]
    assert table["videos"].tolist() == [1, 1]
