"""A few rounds of the soak; `python tests/faults soak` does as many as are wanted."""

import sys

import pandas as pd
import pytest
from growth import MEMORY
from soak import SONGS, Soak, rows

OF_A_VIDEO = {"simulated_poses", "clean_track", "measure_quality", "write_shard"}
OF_ALL = {"pack_dataset", "describe_dataset", "table1"}


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.workflow
@pytest.mark.skipif(sys.platform != "linux", reason="a process's open files are counted in /proc")
def test_a_study_grows_by_a_video_a_round(tmp_path):
    soak = Soak(tmp_path)
    row = soak.round()
    assert (row["videos"], row["own_jobs"]) == (3, 3 * len(OF_A_VIDEO))
    assert (row["left_behind"], row["no_targets"]) == (0, 0)
    # As if it had been killed when a fourth video stood in the table.
    soak.place.project.joinpath("config", "tiny.tsv").write_text(rows(4))
    soak = Soak(tmp_path)
    soak.catch_up()
    soak.place.results.joinpath("tables", "table1.csv.bak").touch()
    soak.place.temporary.joinpath("left").touch()

    row = soak.round()
    ran = {name.removeprefix(MEMORY) for name in row if name.startswith(MEMORY)}
    assert ran == OF_A_VIDEO | OF_ALL
    assert (row["round"], row["videos"]) == (2, 5)
    assert (row["own_jobs"], row["others_jobs"]) == (len(OF_A_VIDEO), 0)
    assert row["jobs"] == len(ran) + 1  # `dataset`, which makes nothing itself
    assert row["main_mb"] > 10
    assert row["main_files"] > 3
    assert row["cpu_seconds"] > 0.1
    assert row["snakemake_kb"] > soak.frame.snakemake_kb[0]
    assert soak.no_targets() == ["results/tiny/tables/table1.csv.bak"]
    assert (row["left_behind"], row["no_targets"]) == (1, 1)

    judged = soak.write()
    assert set(judged.verdict) == {"too few rounds", "too many"}
    assert pd.read_csv(soak.table).videos.tolist() == [3, 5]
    assert "in 2 round(s)" in (tmp_path / "soak.md").read_text()
    assert (tmp_path / "soak.png").stat().st_size > 10_000


def test_a_table_without_its_study_is_refused(tmp_path):
    tmp_path.joinpath("soak.csv").write_text("round,videos\n1,3\n")
    with pytest.raises(SystemExit, match="its study is gone"):
        Soak(tmp_path)


def test_a_video_more_is_a_line_more_and_no_song():
    few, more = rows(7).splitlines(), rows(8).splitlines()
    assert [more[0], *more[2:]] == few
    songs = {tuple(line.split("\t")[4:]) for line in more[1:]}
    assert songs == set(SONGS)
    assert len({line.split("\t")[1] for line in more}) == len(more)
