"""The four forms of a table hold the same cells, escaped for each."""

import csv

import pandas as pd

from choreo.tables import PORTRAIT_COLUMNS, SUFFIXES, Table

TABLE = Table(
    pd.DataFrame({"name": ["a_b & c", "x|y"], "value": [1.256, None], "hidden": [1, 2]}),
    caption="50% of <all>",
    headers={"name": "Name", "value": "Value (px)"},
    formats={"value": ".1f"},
    notes=("A note.",),
)


def test_csv_is_tidy_and_whole(tmp_path):
    TABLE.write(tmp_path / "t")
    back = pd.read_csv(tmp_path / "t.csv")
    pd.testing.assert_frame_equal(back, TABLE.frame)


def test_markdown():
    lines = TABLE.markdown().splitlines()
    assert lines[2:6] == [
        "| Name | Value (px) |",
        "|---|--:|",
        "| a_b & c | 1.3 |",
        r"| x\|y | – |",
    ]
    assert lines[-1] == "A note."


def test_names_of_others_are_no_markup_in_markdown():
    frame = pd.DataFrame({"name": ["<img src=x onerror=y>", "[a](javascript:b)", "p < 0.05"]})
    rows = Table(frame, "Names", {"name": "Name"}).markdown().splitlines()[4:7]
    assert rows == [
        "| &lt;img src=x onerror=y> |",
        r"| [a]\(javascript:b) |",
        "| p < 0.05 |",
    ]


def test_latex():
    text = TABLE.latex()
    assert r"a\_b \& c & 1.3 \\" in text
    assert r"\caption{50\% of <all>}" in text
    assert text.count("{") == text.count("}")


def test_a_wide_table_is_turned_and_fitted_in_latex():
    columns = [f"c{n}" for n in range(PORTRAIT_COLUMNS + 1)]
    frame = pd.DataFrame([range(len(columns))], columns=columns)
    text = Table(frame, "Wide", dict(zip(columns, columns))).latex()
    assert r"\begin{sidewaystable}" in text
    assert r"\end{sidewaystable}" in text
    assert r"\resizebox{\linewidth}{!}{%" in text
    assert r"\end{tabular}}" in text
    assert text.count("{") == text.count("}")
    narrow = Table(frame, "Narrow", dict(zip(columns[1:], columns[1:]))).latex()
    assert r"\begin{table}" in narrow
    assert "resizebox" not in narrow


def test_people_read_why_an_interval_says_nothing_and_the_csv_has_its_number(tmp_path):
    frame = pd.DataFrame({"value": [1.0, 2.0, 3.0], "half": [0.5, 612.3, None]})
    heads, doubts = (
        {"value": "Value", "half": "±"},
        {"half": ["", "too few songs", "too few songs"]},
    )
    table = Table(frame, "Half-widths", heads, {"half": ".1f"}, doubts=doubts)
    assert [row[1] for row in table.cells()] == ["0.5", "too few songs", "–"]
    table.write(tmp_path / "t")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "t.csv"), frame)
    for suffix in (".md", ".tex", ".html"):
        said = (tmp_path / f"t{suffix}").read_text()
        assert "too few songs" in said
        assert "612" not in said


def test_html():
    text = TABLE.html()
    assert "<caption>50% of &lt;all&gt;</caption>" in text
    assert '<td>a_b &amp; c</td><td class="n">1.3</td>' in text


def test_two_writes_have_the_same_bytes(tmp_path):
    for name in "ab":
        TABLE.write(tmp_path / name)
    for suffix in ("csv", "md", "tex", "html"):
        first, second = (tmp_path / f"{name}.{suffix}" for name in "ab")
        assert first.read_bytes() == second.read_bytes()


def test_no_text_of_a_csv_is_a_formula(tmp_path):
    texts = ["=HYPERLINK(1)", "+x", "-x", "@x", "-1.5", "plain", "–"]
    frame = pd.DataFrame({"text": texts, "number": [-1.5, 2, 3, 4, 5, 6, 7]})
    Table(frame, "A", {"text": "Text"}).write(tmp_path / "t")
    back = pd.read_csv(tmp_path / "t.csv")
    assert back["text"].tolist() == [*(f"'{text}" for text in texts[:4]), *texts[4:]]
    assert back["number"].tolist() == frame["number"].tolist()


def test_control_characters_of_outside_are_escaped_in_every_form(tmp_path):
    frame = pd.DataFrame({"text": ["\x1b[2Ja\u202eb", "\r=cmd", "\uff1dcmd", "\n=cmd", "naïve"]})
    Table(frame, "A", {"text": "Text"}).write(tmp_path / "t")
    for suffix in SUFFIXES:
        text = (tmp_path / f"t{suffix}").read_text(encoding="utf-8")
        assert not set("\x1b\u202e\r") & set(text), suffix
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        cells = [row["text"] for row in csv.DictReader(file)]
    assert cells == ["\\x1b[2Ja\\u202eb", "\\r=cmd", "'\uff1dcmd", "'\n=cmd", "naïve"]
