"""benchmarks/streaming.py on a few videos: its study is one that the rules' scripts take."""

from pathlib import Path

import pandas as pd
from scripts import load_script

from choreo.dataset.pack import info

streaming = load_script(Path(__file__).parents[2] / "benchmarks" / "streaming.py")


def test_the_scripts_take_the_study(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(streaming, "SOURCES", streaming.SOURCES[:1])
    streaming.make_study(tmp_path / "s", 21)
    for name in ("table1", "pack_dataset", "problems", "append"):
        streaming.run_rule(name, tmp_path / "s", 21)
        what, seconds, peak = capfd.readouterr().out.split()
        assert (what, float(seconds) > 0, int(peak) > 1e7) == ("measured", True, True)
    table = pd.read_csv(tmp_path / "s/tables/table1.csv")
    ours = table[table["origin"] == "this study"]
    # One of 21 is left out.
    assert ours["videos"].tolist() == [20, 20]
    assert len(pd.read_csv(tmp_path / "s/videos/problems.csv")) == 1
    splits = info(tmp_path / "s/dataset/dataset.h5")["splits"]
    # The 20 of the first song less one, and the 21st with the one more.
    assert (splits["test"]["videos"], splits["train"]["videos"]) == (19, 2)


def test_every_job_is_of_a_rule(tmp_path):
    rules = "".join(path.read_text() for path in streaming.PROJECT.glob("rules/*.smk"))
    for name in streaming.jobs(tmp_path, 3):
        assert name == "append" or f"rule {name}:" in rules
