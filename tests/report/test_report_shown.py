"""Tables as a reader sees them."""

import pandas as pd
import pytest

from choreo.errors import ItemError
from choreo.report.shown import (
    COLUMNS,
    Shown,
    doubt,
    groups,
    read_table,
    with_intervals,
)
from choreo.statistics.inference import too_few
from choreo.tables import Table


def shown(tmp_path, rows, headers, notes=(), doubts=None):
    formats = {name: ".1f" for name in headers if name.startswith("x")}
    Table(pd.DataFrame(rows), "A caption", headers, formats, notes, doubts or {}).write(
        tmp_path / "t"
    )
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


def test_an_interval_joins_its_value_and_so_does_what_stands_in_its_place(tmp_path):
    rows = [
        {"label": "many", "x": 1.0, "x_interval": 0.5, "songs": 6},
        {"label": "few", "x": 1.0, "x_interval": 600.0, "songs": 5},
        {"label": "none", "x": 1.0, "x_interval": float("nan"), "songs": 5},
    ]
    doubts = {"x_interval": [too_few(row["songs"]) for row in rows]}
    table = with_intervals(shown(tmp_path, rows, HEADS, doubts=doubts))
    assert table.headings == ["Dances", "FID", "Songs"]
    assert [row[1] for row in table.cells] == ["1.0 ± 0.5", "1.0 (too few songs)", "1.0"]
    assert [row["x_interval"] for row in table.records] == ["0.5", "600.0", ""]


def test_an_interval_after_a_chance_level_belongs_to_the_value_before(tmp_path):
    heads = {"x": "Hit rate", "xc": "chance", "xi": "±"}
    table = with_intervals(shown(tmp_path, [{"x": 5.0, "xc": 2.0, "xi": 1.0}], heads))
    assert table.cells == [["5.0 ± 1.0", "2.0"]]


def test_two_intervals_of_one_value_keep_their_names(tmp_path):
    heads = {"x": "%", "xp": "± by participant", "xs": "± by song"}
    table = with_intervals(shown(tmp_path, [{"x": 5.0, "xp": 2.0, "xs": 1.0}], heads))
    assert table.headings == list(heads.values())
    assert table.cells == [["5.0", "2.0", "1.0"]]


@pytest.mark.parametrize(
    ("songs", "seeds", "doubt_of_songs", "doubt_of_seeds"),
    [
        ("5", "9", "too few songs", "too few songs"),
        ("6", "2", "", "too few trainings"),
        ("6", "3", "", ""),
        ("", "", "", ""),
    ],
)
def test_what_a_row_of_a_csv_is_too_few_for(songs, seeds, doubt_of_songs, doubt_of_seeds):
    row = {"songs": songs, "seeds": seeds}
    assert (doubt(row), doubt(row, over_seeds=True)) == (doubt_of_songs, doubt_of_seeds)


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


def test_rows_that_are_alike_in_two_texts_are_named_by_three():
    names = [["all", "a over b", question] for question in ("natural", "dynamic")]
    numeric = [False] * 3 + [True] * 10
    table = Shown(headings=list("ABCDEFGHIJKLM"), numeric=numeric)
    table.cells = [[*name, *"0123456789"] for name in names]
    assert [part[:3] for part in groups(table)] == [[0, 1, 2]] * 2
    for row in table.cells:
        row[1] = row[2]
    assert [part[:3] for part in groups(table)] == [[0, 1, 2], [0, 1, 8]]


def test_a_page_and_its_numbers_must_belong_together(tmp_path):
    shown(tmp_path, [{"label": "a", "x": 1.0, "x_interval": 1.0, "songs": 1}], HEADS)
    (tmp_path / "t.csv").write_text("label\na\nb\n")
    with pytest.raises(ItemError, match="not the same rows"):
        read_table(tmp_path / "t")


def test_a_cell_without_a_row_is_no_table_of_ours(tmp_path):
    """Found by `python tests/fuzz --cases 1500 --dear-cases 60 --seed 13`."""
    (tmp_path / "table.html").write_text("<td></td>")
    (tmp_path / "table.csv").write_text("a\n1\n")
    with pytest.raises(ItemError, match="not the same rows"):
        read_table(tmp_path / "table")
