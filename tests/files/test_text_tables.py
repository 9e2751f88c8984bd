"""Tables that people and spreadsheets write: what is meant is read, anything else refused."""

import codecs

import pytest

from choreo import config
from choreo.cli import main
from choreo.dataset.importers import aist, brace
from choreo.errors import ChoreoError, ConfigError, ItemError
from choreo.evaluation.own_songs import songs_in
from choreo.files.outside import load_json
from choreo.files.text_tables import read_csv, read_lines, read_rows

TABLE = "id\tsource\tsong\tnote\na1\tvideos/one.mp4\tsa\tdanse\nb1\tvideos/two.mp4\tsb\tx\n"
ENCODINGS = {
    "utf-8": TABLE.encode(),
    "utf-8 with a mark": codecs.BOM_UTF8 + TABLE.encode(),
    "utf-8 with two marks": 2 * codecs.BOM_UTF8 + TABLE.encode(),
    "utf-16": codecs.BOM_UTF16_LE + TABLE.encode("utf-16-le"),
    "utf-16, big end first": codecs.BOM_UTF16_BE + TABLE.encode("utf-16-be"),
    "utf-32": codecs.BOM_UTF32_LE + TABLE.encode("utf-32-le"),
    "Windows": TABLE.replace("\n", "\r\n").encode(),
    "old Macintosh": TABLE.replace("\n", "\r").encode(),
    "empty columns": TABLE.replace("note", "note\t\t").replace("x\n", "x\t\t\n").encode(),
    "quoted": TABLE.replace("videos/one.mp4", '"videos/one.mp4"').encode(),
    "other case": TABLE.replace("id\tsource", "ID\tSource").encode(),
    "empty lines": TABLE.replace("\n", "\n\n").replace("b1", "\t\t\t\n#c\nb1").encode(),
}


@pytest.mark.parametrize("data", ENCODINGS.values(), ids=ENCODINGS)
def test_what_is_plain_is_read(tmp_path, data):
    path = tmp_path / "videos.tsv"
    path.write_bytes(data)
    rows = config.read_table(path)
    assert [(r.id, r.source, r.song, r.note) for r in rows] == [
        ("a1", "videos/one.mp4", "sa", "danse"),
        ("b1", "videos/two.mp4", "sb", "x"),
    ]


NOT_LINE_ENDS = "\v\f\x1c\x1d\x1e\x85\u2028\u2029"


@pytest.mark.parametrize("mark", NOT_LINE_ENDS, ids=map(ascii, NOT_LINE_ENDS))
def test_only_line_ends_end_a_row(tmp_path, mark):
    path = tmp_path / "videos.tsv"
    text = f"id\tsource\tnote\na\tx.mp4\tone{mark}#two\nb\ty.mp4\tz\n"
    path.write_bytes(text.encode())
    rows = config.read_table(path)
    assert [(r.id, r.note, r.line) for r in rows] == [("a", f"one{mark}#two", 2), ("b", "z", 3)]


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ('"a, b.mp4"', "a, b.mp4"),
        ('"the ""best"".mp4"', 'the "best".mp4'),
        ('the "best".mp4', 'the "best".mp4'),
        ('"the" "best"', '"the" "best"'),
    ],
)
def test_a_spreadsheets_quotes_are_taken_off(tmp_path, cell, meant):
    path = tmp_path / "videos.tsv"
    path.write_text(f"id\tsource\na\t{cell}\n")
    assert config.read_table(path)[0].source == meant


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"id\tsource\tnote\na\tx\ts\xe9ance\n",
            r"tsv, line 2: is not UTF-8: byte 0xE9 \(in Latin-1 '.'\).*Save it as UTF-8",
        ),
        (codecs.BOM_UTF16_LE + b"i\0d\0\0", r"UTF-16 text that is cut"),
        ("id\tsource\na\tb\n".encode("utf-16-le"), r"line 1: holds a byte of 0: UTF-16"),
        (b"id\tsource\tsong\tsource\na\tx\ts\ty\n", r"line 1: the column is .* twice.*'source'"),
        (b"id\tsource\tID\na\tx\ts\n", r"line 1: the column is .* twice.*'id'"),
        (b"id;source;song\na;x;s\n", r"line 1: .*separated by semicolons.*'id;source;song'"),
        (b"id,source\na,x\n", r"line 1: .*separated by commas.*tab-separated"),
        (b'"id","source"\n"a","x"\n', r"line 1: .*separated by commas"),
        (b"id\tsource\t\ta\n", r"line 1: unknown column.*'a'"),
        (b"id\t\tsource\na\tlost\tx\n", r"line 2: column 2 has no heading.*'lost'"),
        (b"id\tsource\na\tx\ty\n", r"line 2: 3 cells under 2 headings.*'y'"),
        (b'id\tsource\tnote\na\tx\t"one\ntwo"\n', r"line 2: a quoted cell does not end.*'\"one'"),
        (b"id\tsource\na\t=HYPERLINK(1)\n", r"line 2, column: source: is a formula.*'=HYPER"),
        (b"id\tsource\na\tx\0y\n", r"line 2: holds a byte of 0"),
        (b"id\tsource\na\tx\x1by\n", r"line 2, column: source: .*control character.*x\\x1by"),
        (b"id\tsource\n" + b"a" * 65 + b"\tx\n", r"line 2, column: id: .*at most 64 characters"),
        (b"", "is empty"),
    ],
)
def test_what_is_not_plain_is_refused(tmp_path, data, message):
    path = tmp_path / "videos.tsv"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=message) as caught:
        config.read_table(path)
    assert str(path) in str(caught.value)


def test_a_name_that_no_system_takes_is_the_jobs_to_refuse(tmp_path):
    path = tmp_path / "videos.tsv"
    path.write_text(f"id\tsource\na\t{'n' * 300}.mp4\nb\t~nobody-of-this-name/x.mp4\n")
    for row in config.read_table(path):
        assert str(config.local_path(row, path)) == row.source


NAME = "gBR_sBM_c01_d04_mBR0_ch01"


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + f"{NAME}\r\n\r\n{NAME}.mp4\r\n".encode(),
        codecs.BOM_UTF16_LE + f"{NAME}\n{NAME}\n".encode("utf-16-le"),
        f'# mine\n"{NAME}"\n{NAME}.mp4,\n'.encode(),
        f"{NAME}\r  '{NAME}';\r".encode(),
    ],
)
def test_lists_of_names_are_read_in_the_same_way(tmp_path, data):
    path = tmp_path / "list.txt"
    path.write_bytes(data)
    assert aist.read_names(path) == [NAME, NAME]


def test_a_wrong_name_is_named_with_its_line(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text(f"{NAME}\n\nother\n")
    with pytest.raises(ItemError, match=r"list.txt, line 3: not a name of AIST \(got 'other'\)"):
        aist.read_names(path)


@pytest.mark.parametrize("text", ["", "\n\n", "# no name\n"])
def test_an_empty_list_is_named_and_not_its_table(tmp_path, capsys, text):
    (tmp_path / "list.txt").write_text(text)
    assert main(["videos-table", str(tmp_path / "list.txt"), "-o", str(tmp_path / "t.tsv")]) == 1
    assert f"{tmp_path / 'list.txt'}: the list holds no name. Write one" in capsys.readouterr().err


def test_comma_separated_lists_too(tmp_path):
    path = tmp_path / "videos_info.csv"
    path.write_bytes(codecs.BOM_UTF16_LE + 'video_id,fps\n"a\u2028b",25\n'.encode("utf-16-le"))
    assert brace.read_fps(path) == {"a\u2028b": 25.0}


def test_a_column_that_is_there_twice_is_refused_by_every_reader(tmp_path):
    """Of a table, of a list and of a text of keys: one of the two would be lost."""
    songs = "song\tpath\tpath\na\tx\ty\n"
    twice = {
        "t.tsv": (config.read_table, "id\tsource\tsource\na\tx\ty\n", "source"),
        "c.csv": (read_csv, "id,b,b\na,1,2\n", "b"),
        "s.csv": (read_csv, "id;b;b\na;1;2\n", "b"),
        "videos_info.csv": (brace.read_fps, "video_id,fps,fps\na,25,30\n", "fps"),
        "songs.tsv": (lambda p: songs_in(p, where="songs"), songs, "path"),
        "j.json": (lambda p: load_json(p, "beats"), '{"a": [1], "b": 2, "a": [3]}', "a"),
        "i.json": (lambda p: load_json(p, "beats"), '{"b": {"a": [1], "a": [3]}}', "a"),
    }
    for name, (read, text, column) in twice.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(ChoreoError, match="there twice, and one of them would") as error:
            read(tmp_path / name)
        assert error.value.value == column
        assert name in error.value.where
        assert error.value.remedy


def test_a_cell_under_no_heading_is_refused(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("id,b,,\na,1,,\nb,2,3,4,5,\n", encoding="utf-8")
    with pytest.raises(ItemError, match=r"c\.csv, line 3: cell 3 has no heading \(got '3'\)"):
        read_csv(path)
    path.write_text("id,b,,\na,1,,\n\nb\n", encoding="utf-8")
    assert read_csv(path) == [{"id": "a", "b": "1"}, {"id": "b", "b": None}]


def test_rows_of_nothing_are_none(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("\n,,\nid,b\n,\na,1\n\n , \n,2\n,,\n", encoding="utf-8")
    assert read_csv(path) == [{"id": "a", "b": "1"}, {"id": "", "b": "2"}]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_what_separates_cells_is_seen(tmp_path, mark):
    path = tmp_path / "c.csv"
    path.write_text(f"id{mark}b\na{mark}1.5\n", encoding="utf-8")
    assert read_csv(path) == [{"id": "a", "b": "1.5"}]


READERS = {
    "lines": read_lines,
    "rows": lambda path: read_rows(path, ("id",)),
    "csv": read_csv,
    "videos table": config.read_table,
    "names": aist.read_names,
    "BRACE": brace.read_fps,
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_every_reader_names_the_line_of_a_byte_that_it_cannot_read(tmp_path, read):
    path = tmp_path / "some"
    path.write_bytes(b"id\nb\xfc\n")
    with pytest.raises(ChoreoError, match="some, line 2: is not UTF-8: byte 0xFC"):
        read(path)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04" + bytes(60), "a zip archive, not a text. Unpack it"),
        (
            b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml",
            "a workbook of a spreadsheet program, not a text. Save it as text",
        ),
        (
            b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument",
            "a workbook of a spreadsheet program, not a text. Save it as text",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60), "a workbook of a spreadsheet program"),
        (b"\x1f\x8b\x08" + bytes(60), "gzip-compressed, not a text. Unpack it"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF, not a text"),
        (b"<!DOCTYPE html><html></html>", "a web page, not a text"),
    ],
)
@pytest.mark.parametrize("read", [config.read_table, read_lines, read_csv])
def test_other_kinds_of_files_are_named(tmp_path, read, data, said):
    path = tmp_path / "videos.tsv"
    path.write_bytes(data)
    with pytest.raises(ChoreoError, match=said) as caught:
        read(path)
    assert "videos.tsv" in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "remedy"),
    [
        ("1,5", "Decimals are written with a point: 1.5"),
        ("\u22121,5", "Decimals are written with a point: -1.5"),
        ("1:30", "Write it in seconds, such as 90"),
        ("00:01:30,5", "Write it in seconds, such as 90.5"),
        ("5 s", "Write the number without a unit: 5"),
        ("5 weeks", "'5 weeks'). Allowed: a number"),
    ],
)
def test_how_to_write_a_number_is_said(tmp_path, cell, remedy):
    path = tmp_path / "videos.tsv"
    path.write_text(f"id\tsource\tstart\na\tx.mp4\t{cell}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="line 2, column: start") as caught:
        config.read_table(path)
    assert remedy in str(caught.value)
    with pytest.raises(ConfigError, match=r"videos\.min_seconds") as caught:
        config.read_config({"study": "s", "table": "t", "videos": {"min_seconds": cell}})
    assert remedy in str(caught.value)


def test_an_address_of_a_file_is_its_path(tmp_path):
    path = tmp_path / "videos.tsv"
    path.write_text("id\tsource\na\tfile:///my%20videos/x.mp4\n", encoding="utf-8")
    assert [(r.source, r.kind) for r in config.read_table(path)] == [("/my videos/x.mp4", "path")]
