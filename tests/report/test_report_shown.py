"""Tables as a reader sees them."""

import pandas as pd
import pytest

from choreo.errors import ItemError
from choreo.report.shown import (
    COLUMNS,
    FEW_SONGS,
    FEW_TRAININGS,
    Shown,
    groups,
    read_table,
    with_intervals,
    without_few,
)
from choreo.tables import Table


def shown(tmp_path, rows, headers, notes=()):
    formats = {name: ".1f" for name in headers if name.startswith("x")}
    Table(pd.DataFrame(rows), "A caption", headers, formats, notes).write(tmp_path / "t")
    return read_table(tmp_path / "t")


HEADS = {"label": "Dances", "x": "FID", "x_interval": "±", "songs": "Songs"}


def test_a_table_is_read_as_it_was_written(tmp_path):
    name = 'a & <b> "c"'
    table = shown(tmp_path, [{"label": name, "x": 1.23, "x_interval": 0.5, "songs": 9}], HEADS)
    assert table.caption == "A caption"
    assert table.headings == list(HEADS.values())
    assert table.numeric == [False, True, True, True]
    assert table.cells == [[name, "1.2", "0.5", "9"]]
    assert table.records[0]["x"] == "1.23"


def test_an_interval_joins_its_value_unless_it_is_of_too_few_songs(tmp_path):
    rows = [
        {"label": "many", "x": 1.0, "x_interval": 0.5, "songs": 6},
        {"label": "few", "x": 1.0, "x_interval": 600.0, "songs": 5},
        {"label": "none", "x": 1.0, "x_interval": float("nan"), "songs": 6},
    ]
    table = with_intervals(shown(tmp_path, rows, HEADS))
    assert table.headings == ["Dances", "FID", "Songs"]
    assert [row[1] for row in table.cells] == ["1.0 ± 0.5", f"1.0 ({FEW_SONGS})", "1.0"]


def test_an_interval_after_a_chance_level_belongs_to_the_value_before(tmp_path):
    heads = {"x": "Hit rate", "xc": "chance", "xi": "±"}
    table = with_intervals(shown(tmp_path, [{"x": 5.0, "xc": 2.0, "xi": 1.0}], heads))
    assert table.cells == [["5.0 ± 1.0", "2.0"]]


def test_an_interval_inside_a_text_goes_too(tmp_path):
    rows = [{"label": "61.2 ± 600.0 and 3 ± 1e+02%", "songs": 2}]
    table = with_intervals(shown(tmp_path, rows, {"label": "Said"}))
    assert table.cells == [[f"61.2 and 3 ({FEW_SONGS})"]]


def test_an_interval_of_trainings_needs_trainings(tmp_path):
    rows = [
        {"label": "two", "x": 1.0, "x_interval": 9.0, "songs": 8, "seeds": 2},
        {"label": "three", "x": 1.0, "x_interval": 9.0, "songs": 8, "seeds": 3},
    ]
    note = "±: half the width of the 95% interval of the mean over training seeds (Student's t)."
    table = with_intervals(shown(tmp_path, rows, HEADS, notes=(note,)))
    assert [row[1] for row in table.cells] == [f"1.0 ({FEW_TRAININGS})", "1.0 ± 9.0"]


@pytest.mark.parametrize("count", [1, 8, 9, 10, 17, 18, 33])
def test_no_more_than_eight_columns_at_once_and_each_is_shown(count):
    table = Shown(headings=list("X" * count), numeric=[False] + [True] * (count - 1))
    parts = groups(table)
    assert all(len(part) <= 1 + COLUMNS and part[0] == 0 for part in parts)
    assert sorted({column for part in parts for column in part}) == list(range(count))
    assert sum(len(part) - 1 for part in parts) == count - 1


def test_columns_that_belong_together_are_not_parted():
    headings = ["Dances", "Cover", "Hit", "chance", "over chance", "F", "chance", "over chance"]
    headings += ["Lock", "chance", "Chunks", "Songs", "Seeds"]
    table = Shown(headings=headings, numeric=[False] + [True] * 12)
    parts = [[headings[column] for column in part] for part in groups(table)]
    assert [part[0] for part in parts] == ["Dances"] * len(parts)
    assert all(part[1] in ("Cover", "Hit", "F", "Lock", "Chunks") for part in parts), parts
    assert sum(len(part) - 1 for part in parts) == 12


def test_a_verdict_keeps_its_intervals_where_there_are_videos_enough():
    said = "Error ({} videos): lowest with a (1 px); lower than with b by 2 px (1.1 to 2.9); can't "
    said += "be told apart with {} videos from c (0.1 px worse, -0.5 to 0.7)."
    assert without_few(said.format(6, 6)) == said.format(6, 6)
    few = without_few(said.format(5, 5))
    assert few.count("too few videos") == 2
    assert " to " not in few
    assert without_few("2.0 to 3.0 of something") == "2.0 to 3.0 of something"


def test_a_page_and_its_numbers_must_belong_together(tmp_path):
    shown(tmp_path, [{"label": "a", "x": 1.0, "x_interval": 1.0, "songs": 1}], HEADS)
    (tmp_path / "t.csv").write_text("label\na\nb\n")
    with pytest.raises(ItemError, match="not the same rows"):
        read_table(tmp_path / "t")
