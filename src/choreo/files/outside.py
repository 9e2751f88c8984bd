"""The one wrapper around every reader of an outside file.

Whatever a file that Choreo did not write itself, or may have been changed since, makes a
reader raise becomes one message that names the file; accidents of the machine stay
accidents. What a file declares is bounded before memory is taken for it. Imported while the
DAG is built, so nothing heavy is imported here.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from choreo.errors import AccidentError, ChoreoError, ItemError, accident

if TYPE_CHECKING:
    import numpy as np

MAX_JSON_BYTES = 1 << 26
"""Largest small JSON (records, probes, summaries) that is read."""
MAX_LISTS = 6_000_000
"""Lists and objects of a small JSON, each of which takes 60 bytes or more; an hour of 24 joints in
lists of their own has 2,600,000."""
_MAX_CHARACTERS = 1 << 24
"""Of an array of texts, each counted as long as the longest."""

_WORKBOOK = "a workbook of a spreadsheet program"
_AS_TEXT = "Save it as text from that program (tab-separated, Unicode; .csv where one is asked)"
_OTHERS = (
    (b"PK\x03\x04", "a zip archive", "Unpack it first"),
    (b"PK\x05\x06", "an empty zip archive", "Pack or fetch it again"),
    (b"\x1f\x8b", "gzip-compressed", "Unpack it first (gunzip)"),
    (b"\xfd7zXZ\0", "xz-compressed", "Unpack it first (unxz)"),
    (b"BZh", "bzip2-compressed", "Unpack it first (bunzip2)"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed", "Unpack it first (unzstd)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it first"),
    (b"Rar!", "a rar archive", "Unpack it first"),
    (b"\xff\xfe", "UTF-16 text", "Save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "Save it as UTF-8"),
    (b"<!doctype", "a web page", "Fetch the file itself, not the page that shows it"),
    (b"<html", "a web page", "Fetch the file itself, not the page that shows it"),
    (b"<?xml", "XML, such as a server's refusal", "Look into it, and fetch the file itself"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file", "Run `git lfs pull`"),
    (b"/annex/objects/", "a git-annex pointer, not the file", "Run `git annex get`"),
    (b"%pdf-", "a PDF", "Fetch or save the file itself"),
    (b"gif8", "a picture (gif)", "Make a video of it first: ffmpeg -i NAME.gif NAME.mp4"),
    (b"\x89PNG", "a picture (png)", "Give the file itself, not a picture of it"),
    (b"\xff\xd8\xff", "a picture (jpeg)", "Give the file itself, not a picture of it"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _WORKBOOK, _AS_TEXT),
)
_TAR = 257
"""Where a tar archive says what it is."""
# The first name in an archive, or the type in it, of an .xlsx or .ods.
_IN_WORKBOOKS = (b"[Content_Types].xml", b"_rels/.rels", b"xl/", b"mimetypeapplication/vnd.oasis")

_QUOTES = (("'", "'"), ('"', '"'), ("\u2018", "\u2019"), ("\u201c", "\u201d"))

UNMARKED = "UTF-16 text without its mark"

LOST = "is there twice, and one of them would be lost"
OTHERWISE = "Delete one, or give it another name"
ANEW = "Make or fetch it again, or give another file"
"""What can be done about any file, where its reader knows nothing better."""


def _is_unmarked_utf16(head):
    """Tell whether every second of some bytes is 0, and the others are letters and signs."""
    if len(head) < 16:
        return False
    even, odd = head[::2], head[1::2]
    return any(
        not any(none) and all(32 <= c < 127 or c in b"\t\r\n" for c in some)
        for none, some in ((even, odd), (odd, even))
    )


def looks_like(path: str | Path, besides: Collection[str] = ()) -> tuple[str, str | None] | None:
    """Tell what a file is by its first bytes, where that says more than a parser would.

    Parameters
    ----------
    path : str or Path
    besides : tuple of str
        Kinds that the reader itself reads, such as ``("a zip archive",)`` for .npz.

    Returns
    -------
    tuple of (str, str or None), or None
        What it is and the remedy.
    """
    with contextlib.suppress(OSError):
        with open(path, "rb") as file:
            start = file.read(512)
        head = start[:64]
        if not head:
            return "an empty file (0 bytes)", "Make or fetch it again"
        if not any(start):
            return "a file of zeros", "Its copy or download broke off: fetch it again"
        if start[_TAR:].startswith(b"ustar"):
            return "a tar archive", "Unpack it first"
        if head.startswith(b"PK\x03\x04") and head[30:].startswith(_IN_WORKBOOKS):
            return _WORKBOOK, _AS_TEXT
        if UNMARKED not in besides and _is_unmarked_utf16(head):
            return UNMARKED, "Save it as UTF-8"
        for magic, kind, remedy in _OTHERS:
            # Texts in any case.
            begins = head.lstrip()[: len(magic)]
            if magic in (begins, begins.lower()) and kind not in besides:
                return kind, remedy
    return None


def missing(path: str | Path) -> ItemError:
    """Error of a file that is not there, with what was given in the place of a path."""
    text = str(path)
    if os.path.isdir(path):
        return ItemError("a folder, not a file", where=path, remedy="Name a file in it")
    if re.match(r"[a-z]{2,}:/", text, re.IGNORECASE):  # pathlib leaves one slash of the two
        return ItemError(
            "an address, and there is no such file",
            where=path,
            remedy="Name a file; videos are fetched for a study, from the column `source` of its "
            "table"
            if not text.lower().startswith("file:")
            else "Write the path alone, without file:",
        )
    if len(text) > 1 and (text[0], text[-1]) in _QUOTES:
        return ItemError("no such file", where=path, remedy="Take the path out of its quotes")
    if os.sep == "/" and (re.match(r"[a-z]:[\\/]", text, re.IGNORECASE) or "\\" in text):
        return ItemError(
            "no such file", where=path, remedy="This looks like a path of Windows: write it as here"
        )
    return ItemError("no such file", where=path, remedy="Correct the path or put the file there")


def unread(path: str | Path) -> AccidentError | None:
    """Read a file that was found wrong to its end, which no disk that works refuses.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    AccidentError or None
        None where it can be read, or is no file.
    """
    try:
        if not os.path.isfile(path):
            return None
        with open(path, "rb", buffering=0) as file:
            while file.read(1 << 20):
                pass
    except OSError as error:
        return accident(error, where=path)
    except ValueError:  # a path that no file can have
        pass
    return None


@contextlib.contextmanager
def reading(
    path: str | Path, what: str, *, remedy: str | None = None, besides: Collection[str] = ()
) -> Iterator[None]:
    """Turn whatever an outside file causes in the block into one message naming it.

    Parameters
    ----------
    path : str or Path
        The file or folder that is read.
    what : str
        What it should be, such as ``"a pose track"``.
    remedy : str, optional
        What to do where it is something else; `ANEW` by default. Also for errors of ours that
        say what is wrong alone.
    besides : tuple of str
        As of `looks_like`.

    Raises
    ------
    ItemError
        For every fault of the file, with a remedy.
    AccidentError
        Where the machine failed.
    """
    try:
        yield
    except ChoreoError as error:
        if error.where is None:
            error.where = str(path)
        # Of one within the other, the one that knows something better.
        if error.remedy in (None, ANEW) and not isinstance(error, AccidentError):
            error.remedy = remedy or ANEW
        # Libraries (HDF5) take a place that can't be read for something that is not there.
        if isinstance(error, ItemError) and (found := unread(path)) is not None:
            raise found from error
        raise
    except FileNotFoundError as error:
        raise missing(path) from error
    except IsADirectoryError as error:
        raise ItemError(f"a folder, not {what}", where=path, remedy=remedy or ANEW) from error
    except Exception as error:  # a damaged file makes parsers raise nearly anything
        if (found := accident(error, where=path)) is not None:
            raise found from error
        if isinstance(error, PermissionError):
            raise AccidentError(
                "this file may not be read by you", where=path, remedy="Change its permissions"
            ) from error
        # Nor do all of them say what the disk said.
        if (found := unread(path)) is not None:
            raise found from error
        kind = looks_like(path, besides)
        if kind is not None:
            raise ItemError(f"{kind[0]}, not {what}", where=path, remedy=kind[1]) from error
        said = "nested too deeply" if isinstance(error, RecursionError) else _said(error)
        raise ItemError(f"not {what} ({said})", where=path, remedy=remedy or ANEW) from error


# What a message says of a program's insides: of no use to a person, and new in each run.
_INSIDE = re.compile(r"<[\w.]+(?: object)? at 0x[0-9a-f]+>|\b0x[0-9a-f]{9,}")


def _said(error):
    text = " ".join(_INSIDE.sub("...", str(error)).split())[:200]
    name = type(error).__name__
    if isinstance(error, SystemError):
        # Of the interpreter about a library, with addresses in memory.
        return "damaged"
    if isinstance(error, KeyError):
        return f"{text.strip(chr(39))} is missing"
    return text or name


def array_of(value: Any) -> np.ndarray:
    """Array of nested lists that a JSON text holds, in memory near the size of the text.

    numpy by itself makes texts of numbers that stand beside a text, each as long as the
    longest: a hundred thousand numbers and one long word fill the memory of any machine.

    Parameters
    ----------
    value : list
        Of lists of one length, down to numbers or to texts.

    Returns
    -------
    ndarray of float64, or of str

    Raises
    ------
    ValueError
        Where lists have different lengths, or not all values are numbers, or texts.
    """
    import numpy as np

    found = np.array(value, dtype=object)
    kinds = {type(one) for one in found.flat}
    if kinds <= {int, float}:
        try:
            return found.astype(np.float64)
        except OverflowError as error:
            raise ValueError("a number that is too large") from error
    if kinds == {str} and found.size * max(map(len, found.flat)) <= _MAX_CHARACTERS:
        return found.astype(str)
    raise ValueError("neither numbers nor texts in lists of one length")


def load_json(
    path: str | Path, what: str, *, limit: int = MAX_JSON_BYTES, remedy: str | None = None
) -> Any:
    """Read a small JSON file that anybody may have written.

    Parameters
    ----------
    path : str or Path
    what : str
        What it should be, for the message.
    limit : int
        Largest size in bytes.
    remedy : str, optional

    Raises
    ------
    ItemError
        Where it is missing, too large, or no JSON.
    """
    with reading(path, what, remedy=remedy):
        size = Path(path).stat().st_size
        if size > limit:
            raise ItemError(f"larger than {limit >> 20} MiB: not {what}", value=size)
        text = Path(path).read_text(encoding="utf-8-sig")
        if text.count("[") + text.count("{") > MAX_LISTS:
            raise ItemError(f"more than {MAX_LISTS:,} lists and objects: not {what}")
        return json.loads(text, object_pairs_hook=_each_once)


def _each_once(pairs):
    """An object of JSON, of whose keys Python would keep the last of each name."""
    if name := twice(name for name, _ in pairs):
        raise ItemError(f"the key {LOST}", value=name[:100], remedy=OTHERWISE)
    return dict(pairs)


def twice(names: Iterable[str]) -> str | None:
    """Give the first name that is there a second time; empty ones are none."""
    seen: set[str] = set()
    for name in names:
        if name and name in seen:
            return name
        seen.add(name)
    return None
