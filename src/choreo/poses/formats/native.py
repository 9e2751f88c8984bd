"""Reading the JSON that estimators write, as if an enemy had written it.

Files are bounded in size, numbers must be finite or ``NaN`` (as numpy and Pose2Sim write
what is absent; ``null`` says the same), and lists are taken apart one entry at a time, so
that memory stays near the size of the file instead of a dozen times that.
"""

import json
import math
from pathlib import Path

from choreo.errors import ItemError
from choreo.files import write_text
from choreo.files.json_text import JsonText
from choreo.files.outside import looks_like, reading

MAX_BYTES = 1 << 30
"""Largest file that is read; an hour of AlphaPose's 26 joints takes about a quarter of it."""

MAX_OBJECT_BYTES = 1 << 26
"""Largest file that is read in one piece, as those with a single frame are."""

MAX_PIXELS = 1e6
"""Coordinates beyond this are no pixels of any video."""

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""How text begins that some shells and spreadsheets write in UTF-16."""

UTF_32 = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
"""The same in UTF-32, of which one begins as UTF-16 does."""


def _refuse(text):
    raise ValueError(f"{text} is no number in JSON")


def _constant(text):
    return math.nan if text == "NaN" else _refuse(text)


_DECODER = json.JSONDecoder(parse_constant=_constant)
_STRICT = json.JSONDecoder(parse_constant=_refuse)


def read_text(path, limit=None):
    """Text of a JSON file of at most `limit` bytes (by default `MAX_BYTES`).

    Raises
    ------
    ItemError
        Where it is missing, too large, another kind of file, or neither UTF-8 nor UTF-16.
    """
    path = Path(path)
    with reading(path, "JSON text"):
        size = path.stat().st_size
        limit = MAX_BYTES if limit is None else limit
        if size > limit:
            raise ItemError(
                f"larger than {limit} bytes",
                where=path,
                value=size,
                remedy="Split the video, or check that this is a pose file",
            )
        refuse_other(path, "JSON text")
        found = encoding(path)
        try:
            return path.read_text(encoding=found)
        except UnicodeDecodeError as error:
            raise ItemError(
                f"not JSON text: byte {error.start} is not {found.removesuffix('-sig').upper()}",
                where=path,
                remedy="Save it as UTF-8, or give the tool's .json",
            ) from None


def encoding(path):
    """Encoding of a text file: UTF-16 or UTF-32 where its first bytes say so, else UTF-8."""
    if not Path(path).is_file():
        # A pipe, of which nothing may be read twice.
        return "utf-8-sig"
    with open(path, "rb") as file:
        head = file.read(4)
    if head in UTF_32:
        return "utf-32"
    return "utf-16" if head[:2] in UTF_16 else "utf-8-sig"


def refuse_other(path, what):
    """Refuse a file of 0 bytes and what is plainly another kind of file, with the remedy.

    Raises
    ------
    ItemError
        UTF-16 is not refused: text readers read it.
    """
    kind = looks_like(path, besides=("UTF-16 text",)) if Path(path).is_file() else None
    if kind is not None:
        raise ItemError(f"{kind[0]}, not {what}", where=path, remedy=kind[1])


class _Text(JsonText):
    """The JSON text of a file of poses."""

    def __init__(self, path, nan, limit=None):
        super().__init__([read_text(path, limit)], _DECODER if nan else _STRICT)
        self.path = path

    def value_of(self, where):
        """Read the next value; `where` names it."""
        try:
            return self.value()
        except RecursionError as error:
            raise ItemError("not JSON of poses (nested too deeply)", where=where) from error
        except ValueError as error:
            whole = self.text.rstrip()
            at = getattr(error, "pos", 0)
            if at >= len(whole) or not whole.endswith(("]", "}")):
                raise _cut(where) from error
            # Without its place: lines and columns of this value alone.
            said, shown = error, None
            if isinstance(error, json.JSONDecodeError):
                said, shown = error.msg, " ".join(self.text[at : at + 30].split())
            raise ItemError(
                f"not JSON ({said})",
                where=where,
                value=shown,
                remedy="Write it as JSON has it (of Python: json.dump), or run the tool again",
            ) from error

    def list_(self, name):
        """Values of a list whose bracket is behind us; `name` is what an entry is called."""
        number = 0
        if not self.on("]"):
            while True:
                yield number, self.value_of(f"{self.path}, {name} {number}")
                number += 1
                if not self.on(","):
                    break
            self.end("]", f"{self.path}, after {name} {number - 1}")

    def end(self, bracket, where):
        """Go past a bracket that must be next."""
        if not self.on(bracket):
            if not self.next():
                raise _cut(where)
            raise ItemError(f"not JSON (a comma or {bracket} is missing)", where=where)

    def only(self, what):
        """Refuse more text."""
        if self.next():
            raise ItemError(f"has more text after its {what}", where=self.path)


def _cut(where):
    return ItemError(
        "ends in the middle",
        where=where,
        remedy="The estimator was stopped while it wrote: run it again",
    )


def load(path, *, nan=True):
    """Read a whole (small) JSON file.

    Parameters
    ----------
    path : str or Path
    nan : bool
        Whether ``NaN`` is read; False for what a tool has just written, where it is a fault.

    Raises
    ------
    ItemError
        Where it is no JSON, or larger than `MAX_OBJECT_BYTES`.
    """
    text = _Text(path, nan, MAX_OBJECT_BYTES)
    value = text.value_of(path)
    text.only("JSON")
    return value


def entries(path):
    """Read a JSON file whose top level is a list, one entry at a time.

    Yields
    ------
    int, object
        Number of the entry from 0, and the entry.

    Raises
    ------
    ItemError
        Where the file is no such list.
    """
    for key, number, value in parts(path):
        if key is not None:
            raise ItemError(
                "the top level must be a list",
                where=path,
                value="{",
                remedy="Give the tool's default output, not another of its formats",
            )
        yield number, value


def parts(path, *, nan=True):
    """Read a JSON file whose top level is a list, or an object, piece by piece.

    Parameters
    ----------
    path : str or Path
    nan : bool
        As in `load`.

    Yields
    ------
    str or None, int or None, object
        Of a list: None, the number of the entry from 0, the entry. Of an object: its
        key, and where the value is a list each of its entries with its number, otherwise
        None and the value. An empty list gives its key, None and the empty list.

    Raises
    ------
    ItemError
        Where the file is neither.
    """
    text = _Text(path, nan)
    if text.on("["):
        for number, value in text.list_("entry"):
            yield None, number, value
    elif text.on("{"):
        yield from _members(text, path)
    else:
        raise ItemError(
            "the top level must be a list",
            where=path,
            value=text.text[text.at : text.at + 20],
            remedy="Give the tool's default output, not another of its formats",
        )
    text.only("list")


def _members(text, path):
    if text.on("}"):
        return
    while True:
        key = text.value_of(path)
        if not isinstance(key, str):
            raise ItemError("not JSON (a key must be text)", where=path)
        shown = key[:60]
        if not text.on(":"):
            text.end(":", f"{path}, after `{shown}`")
        if text.on("["):
            empty = True
            for number, value in text.list_(f"`{shown}`, entry"):
                empty = False
                yield key, number, value
            if empty:
                yield key, None, []
        else:
            yield key, None, text.value_of(f"{path}, `{shown}`")
        if not text.on(","):
            break
    text.end("}", f"{path}, after `{shown}`")


def is_number(value):
    """Tell whether `value` is a finite JSON number."""
    return type(value) in (int, float) and abs(value) < math.inf


def coordinates(values, *, where, key):
    """Check a list of numbers, in which NaN and null are what is absent.

    Parameters
    ----------
    values : list
        What stands at `key`.
    where : str
        The file and entry.
    key : str
        Its name, for messages.

    Returns
    -------
    list of float
        The same numbers; NaN for null.

    Raises
    ------
    ItemError
        Where one is no number, infinite or beyond `MAX_PIXELS`.
    """
    absent = False
    for i, value in enumerate(values):
        # Also false for NaN, and for integers too large for a float.
        if type(value) in (int, float) and -MAX_PIXELS <= value <= MAX_PIXELS:
            continue
        if value is None or value != value:
            absent = True
            continue
        raise ItemError(
            f"`{key}`[{i}] must be a number within {MAX_PIXELS:.0f} of 0",
            where=where,
            value=value if is_number(value) else str(value)[:40],
        )
    return [math.nan if value is None else value for value in values] if absent else values


def triples(values, *, where, key="keypoints"):
    """Check a flat list x, y, confidence, x, y, confidence, ...

    Parameters
    ----------
    values : object
        What stands at `key`.
    where : str
        The file and entry.
    key : str
        Its name, for messages.

    Returns
    -------
    list of float
        The same numbers.

    Raises
    ------
    ItemError
    """
    if not isinstance(values, list) or not values or len(values) % 3:
        raise ItemError(
            f"`{key}` must be a list of x, y, confidence for each joint",
            where=where,
            value=len(values) if isinstance(values, list) else type(values).__name__,
        )
    return coordinates(values, where=where, key=key)


def number(value, *, where, key):
    """Check a number that may be absent (NaN then)."""
    if value is None or value != value:
        return math.nan
    if not is_number(value) or abs(value) > MAX_PIXELS:
        raise ItemError(f"`{key}` must be a number", where=where, value=str(value)[:40])
    return float(value)


def box(value, *, where, key="box"):
    """Check x, y, width, height; NaN where there are none.

    Detectors' boxes have their score as a fifth number, which is left out.
    """
    if isinstance(value, list) and len(value) == 5:
        value = value[:4]
    if value is None or value == []:
        return [math.nan] * 4
    if not isinstance(value, list) or len(value) != 4:
        raise ItemError(
            f"`{key}` must be [x, y, width, height]", where=where, value=str(value)[:60]
        )
    if any(part is None or part != part for part in value):
        return [math.nan] * 4
    for part in value:
        if not is_number(part) or abs(part) > MAX_PIXELS:
            raise ItemError(
                f"`{key}` must be [x, y, width, height]", where=where, value=str(value)[:60]
            )
    return value


def frame_number(value, *, where, key):
    """Check a whole number of 0 or more; 3.0 is one."""
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int or value < 0:
        raise ItemError(
            f"`{key}` must be a frame number",
            where=where,
            value=value if is_number(value) else str(value)[:40],
        )
    return value


def write_lines(path, values):
    """Write a list, one entry a line: fit for text tools, and the same bytes at any size."""
    lines = ",\n".join(json.dumps(value, allow_nan=False) for value in values)
    write_text(path, f"[\n{lines}\n]\n" if lines else "[]\n")
