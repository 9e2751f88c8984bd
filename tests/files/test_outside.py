"""Whatever an outside file causes becomes one message; accidents stay accidents."""

import errno
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from choreo.errors import AccidentError, ItemError, accident, plain
from choreo.files.outside import ANEW, array_of, load_json, looks_like, reading
from choreo.files.sealed import load_arrays
from choreo.poses.formats import pickled


@pytest.mark.parametrize(
    "error",
    [ValueError("bad"), KeyError("x"), RecursionError(), IndexError(3), TypeError("t"), OSError(7)],
)
def test_whatever_a_reader_raises_names_the_file(error):
    with (
        pytest.raises(ItemError, match=r"^a\.x: not a track \(.+\)\. Make it"),
        reading("a.x", "a track", remedy="Make it"),
    ):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "full"),
        OSError(errno.EIO, "io"),
        MemoryError(),
        PermissionError(13, "p"),
        OSError(errno.ENOTCONN, "a file system whose server went away"),
        OSError(errno.EBUSY, "busy"),
        *(
            OSError(getattr(errno, name), name)
            for name in ("EBADMSG", "EUCLEAN", "EREMOTEIO", "EHOSTDOWN")
            if hasattr(errno, name)
        ),
        RuntimeError("can't start new thread"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate "
            "memory: you tried to allocate 4000 bytes. Error code 12 (Cannot allocate memory)"
        ),
        RuntimeError("std::bad_alloc"),
    ],
)
def test_an_accident_is_nothing_about_the_file(error):
    with pytest.raises(AccidentError), reading("a.x", "a track"):
        raise error


@pytest.mark.parametrize("error", [ValueError("nothing there"), ItemError("not a dataset")])
def test_a_file_that_can_not_be_read_to_its_end_is_not_blamed(tmp_path, monkeypatch, error):
    """Some libraries take a place that can't be read for something that is not there."""
    path = tmp_path / "a.h5"
    path.write_bytes(b"whole")
    with pytest.raises(ItemError), reading(path, "a dataset"):
        raise error
    file = FailingDisk(3)
    monkeypatch.setattr("builtins.open", lambda *_, **__: file)
    with (
        pytest.raises(AccidentError, match=r"a\.h5: .*The disk or its connection failed"),
        reading(path, "a dataset"),
    ):
        raise error
    assert file.closed


class FailingDisk(io.RawIOBase):
    """A file that can be read up to a place."""

    def __init__(self, good):
        self._good = good

    def read(self, size=-1):
        if not self._good:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        given, self._good = self._good, 0
        return bytes(given)


def test_an_error_of_ours_keeps_its_words_and_gets_a_place():
    with pytest.raises(ItemError, match=r"^a\.x: too short\. Make or"), reading("a.x", "a track"):
        raise ItemError("too short")
    assert accident(ValueError()) is None


@pytest.mark.parametrize("error", [ValueError("bad"), ItemError("too short"), IsADirectoryError()])
@pytest.mark.parametrize(
    ("inner", "outer", "said"),
    [
        (None, None, ANEW),
        (None, "Train it anew", "Train it anew"),
        ("Train it anew", None, "Train it anew"),
        ("Train it anew", "Do something", "Train it anew"),
    ],
)
def test_every_refusal_has_a_remedy_the_best_that_is_known(error, inner, outer, said):
    with (
        pytest.raises(ItemError) as refused,
        reading("a.x", "a model", remedy=outer),
        reading("a.x", "tensors", remedy=inner),
    ):
        raise error
    assert refused.value.remedy == said


def test_an_error_with_a_remedy_keeps_it():
    with pytest.raises(ItemError, match=r"Cut it$"), reading("a.x", "a track", remedy="Make it"):
        raise ItemError("too long", remedy="Cut it")


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(ItemError, match="no such file"):
        load_json(tmp_path / "a", "a record")
    with pytest.raises(ItemError, match="a folder, not a record"):
        load_json(tmp_path, "a record")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "0 bytes"),
        (b"PK\x03\x04xx", "zip archive.*Unpack"),
        (b"\x1f\x8bxx", "gzip.*gunzip"),
        ("{}".encode("utf-16"), "UTF-16.*UTF-8"),
        (b"\n<!DOCTYPE html>", "web page"),
        (b"<!doctype html>", "web page"),
        (b"<HTML>", "web page"),
        (b'<?xml version="1.0"?><Error/>', "XML.*fetch the file itself"),
        (b"PK\x05\x06" + bytes(18), "an empty zip archive"),
        (b"BZh91AY&SY", "bzip2.*bunzip2"),
        (b"\x28\xb5\x2f\xfdxx", "zstd.*unzstd"),
        (b"Rar!\x1a\x07\x01\x00", "rar archive.*Unpack"),
        (b"a" * 257 + b"ustar\x0000", "tar archive.*Unpack"),
        (bytes(5000), "a file of zeros.*broke off"),
        (b"/annex/objects/SHA256E-s1--a.json\n", "git-annex pointer.*git annex get"),
        (b"GIF89a" + bytes(9), "a picture.*ffmpeg -i NAME.gif"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\xff\xd8\xff\xe0", "a picture"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{", "not a record"),
    ],
)
def test_a_file_of_another_kind_is_told_by_its_first_bytes(tmp_path, content, said):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ItemError, match=said):
        load_json(path, "a record")
    assert looks_like(tmp_path / "none") is None


def test_large_json_is_not_read(tmp_path):
    (tmp_path / "a").write_text("[" + " " * 2_000_000 + "]")
    with pytest.raises(ItemError, match="larger than 1 MiB"):
        load_json(tmp_path / "a", "a record", limit=1 << 20)


def _npz(path, header, body=b""):
    out = io.BytesIO()
    out.write(b"\x93NUMPY\x01\x00")
    text = header.ljust(117).encode() + b"\n"
    out.write(len(text).to_bytes(2, "little") + text + body)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", out.getvalue())


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000,)}", "more than"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1000,)}", "holds less"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1)}", "impossible shape"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "objects"),
        ("{'descr': '<U-1', 'fortran_order': False, 'shape': ()}", "impossible size"),
        ("{'descr': '|S-4', 'fortran_order': False, 'shape': (2,)}", "impossible size"),
        ("{'descr': ('|V-8', (2,)), 'fortran_order': False, 'shape': ()}", "impossible size"),
        ("{'descr'", "not a track"),
        ("-" * 9000 + "1", "a header nested too deeply"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1+x,)}", r"malformed node .*\.\.\."),
    ],
)
def test_sizes_are_checked_before_memory_is_taken(tmp_path, header, said):
    _npz(tmp_path / "a.npz", header)
    with pytest.raises(ItemError, match=said):
        load_arrays(tmp_path / "a.npz", "a track")


def test_a_cut_npz_at_every_tenth(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.arange(1000.0), b=np.asarray("text"))
    loaded = load_arrays(path, "a track")
    assert (loaded["a"] == np.arange(1000.0)).all()
    assert str(loaded["b"]) == "text"
    whole = path.read_bytes()
    for tenth in range(10):
        path.write_bytes(whole[: len(whole) * tenth // 10])
        with pytest.raises(ItemError, match=r"a\.npz"):
            load_arrays(path, "a track")


def test_text_from_outside_moves_no_cursor():
    assert plain("a\x1b[31mb\u202ec\x07") == r"a\x1b[31mb\u202ec\x07"
    assert "\x1b" not in str(ItemError("m", value="x", where="\x1b[2Ja.mp4"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("gone.npz", r"^gone\.npz: no such file"),
        ("'gone.npz'", "Take the path out of its quotes"),
        ("\u201cgone.npz\u201d", "Take the path out of its quotes"),
        ("https://example.org/dance.mp4", "an address, and there is no such file.*of its table"),
        ("file:///home/dance.npz", "Write the path alone, without file:"),
    ],
)
@pytest.mark.parametrize("as_path", [str, Path])
def test_what_is_not_there_is_told_by_what_was_given(given, said, as_path):
    with pytest.raises(ItemError, match=said):
        load_arrays(as_path(given), "a pose track")


@pytest.mark.skipif(os.sep != "/", reason="such paths are right there")
@pytest.mark.parametrize("given", [r"C:\Videos\x.npz", "d:/x.npz", r"\\server\share\x.npz"])
def test_a_path_of_windows(given):
    with pytest.raises(ItemError, match="This looks like a path of Windows"):
        load_json(given, "a record")


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"", "an empty file"),
        (b"\x93NUMPY\x01\x00\x28\x23" + b"-" * 9000, "nested too deeply"),
        (
            b"\x93NUMPY\x01\x00\x36\x00{'descr': '<U-1', 'fortran_order': False, 'shape': ()}\n",
            "impossible size",
        ),
    ],
)
def test_an_npy_whose_header_is_no_header_is_no_accident(tmp_path, start, said):
    (tmp_path / "a.npy").write_bytes(start)
    with pytest.raises(ItemError, match=rf"a\.npy: .*{said}"):
        pickled.npy(tmp_path / "a.npy")


def test_no_message_says_where_in_memory_something_was(tmp_path):
    with pytest.raises(ItemError) as caught, reading("a.x", "a track"):
        raise ValueError(f"malformed {object()} at {hex(1 << 46)}")
    assert "0x" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ([[1, 2.5], [3, 4]], np.array([[1, 2.5], [3, 4]])),
        (7, np.array(7.0)),
        ([], np.zeros(0)),
        (["a", "bc"], np.array(["a", "bc"])),
    ],
)
def test_arrays_of_nested_lists(value, found):
    np.testing.assert_array_equal(array_of(value), found)
    assert array_of(value).dtype == found.dtype


@pytest.mark.parametrize(
    "value",
    [
        [1, "a" * 70_000] * 50_000,
        ["a" * 70_000] + [""] * 50_000,
        [[1, 2], [3]],
        [1, None],
        [True, 1],
        [10**400],
        {"a": 1},
    ],
    ids=["one long word", "a word and none", "ragged", "null", "truth", "large", "object"],
)
def test_lists_that_are_no_array_take_no_memory(value):
    """A numpy array of the first would take 28 GB."""
    with pytest.raises(ValueError, match=r"neither numbers nor texts|too large"):
        array_of(value)
