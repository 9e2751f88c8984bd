"""Files are whole or not there, and ids are safe."""

import pytest

from choreo.errors import ChoreoError, ItemError
from choreo.files import is_id, read_json, sha256, whole, write_json


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
