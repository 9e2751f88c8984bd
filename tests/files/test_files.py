"""Files are whole or not there, and ids are safe."""

import re
from pathlib import Path

import pytest

from choreo import files
from choreo.errors import ChoreoError, ItemError
from choreo.files import ending, is_id, read_json, sha256, whole, write_json


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def half_written():
        with whole(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_written()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_temporary_file_keeps_the_suffix_and_folder(tmp_path):
    with whole(tmp_path / "deep" / "a.mp4") as temporary:
        assert temporary.suffix == ".mp4"
        assert temporary.parent == tmp_path / "deep"
    assert (tmp_path / "deep" / "a.mp4").exists()


def test_json(tmp_path):
    write_json(tmp_path / "a.json", {"b": [1, None]})
    assert read_json(tmp_path / "a.json") == {"b": [1, None]}
    with pytest.raises(ValueError, match="nan"):
        write_json(tmp_path / "b.json", float("nan"))
    assert not (tmp_path / "b.json").exists()


def test_sha256_of_abc(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a").startswith("ba7816bf8f01cfea414140de5dae2223b00361a3")


@pytest.mark.parametrize("text", ["a", "a-b_C9", "0", "x" * 64])
def test_ids(text):
    assert is_id(text)


@pytest.mark.parametrize("text", ["", "a/b", "..", "-a", "a b", "a\n", "ä", "x" * 65, "a.b", "_a"])
def test_no_ids(text):
    assert not is_id(text)


def test_errors_are_one_line_with_everything():
    error = ItemError("is\nempty", where="a.mp4", value=0, remedy="Fetch it again")
    assert str(error) == "a.mp4: is empty (got 0). Fetch it again"
    assert isinstance(error, ChoreoError)


def test_an_ending_is_the_same_in_capitals():
    assert ending("a/SONG.MP3") == ending(Path("song.mp3")) == ".mp3"
    assert ending("a.b/none") == ""


def test_no_code_compares_a_suffix_as_it_is_written():
    """`ending` is for that: people's files end in capitals, too."""
    compares = re.compile(r"\.suffix (==|!=|in|not in) |\.get\(\w+\.suffix\)")
    package = Path(files.__file__).parents[1]
    # Of files that the package names itself.
    own = {"reruns.py", "download.py", "figures.py"}
    for path in package.rglob("*.py"):
        if path.name not in own:
            assert not compares.search(path.read_text()), path
