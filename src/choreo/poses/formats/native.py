"""Reading the JSON that estimators write, as if an enemy had written it.

Files are bounded in size, numbers must be finite (``NaN`` and ``Infinity`` are no JSON),
and lists are taken apart one entry at a time, so that memory stays near the size of the
file instead of a dozen times that.
"""

import json
import math
import re
from pathlib import Path

from choreo.errors import ItemError
from choreo.files import write_text

MAX_BYTES = 1 << 30
"""Largest file that is read; an hour of AlphaPose's 26 joints takes about a quarter of it."""

MAX_OBJECT_BYTES = 1 << 26
"""Largest file that is read in one piece, as those with a single frame are."""

MAX_PIXELS = 1e6
"""Coordinates beyond this are no pixels of any video."""

_SPACE = re.compile(r"[ \t\r\n]*")


def _refuse_constant(text):
    raise ValueError(f"{text} is no number in JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def read_text(path, limit=None):
    """Text of a JSON file of at most `limit` bytes (by default `MAX_BYTES`).

    Raises
    ------
    ItemError
        Where it is missing, too large or no UTF-8.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        limit = MAX_BYTES if limit is None else limit
        if size > limit:
            raise ItemError(
                f"larger than {limit} bytes",
                where=path,
                value=size,
                remedy="Split the video, or check that this is a pose file",
            )
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ItemError("no such file", where=path) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ItemError(f"can't be read as JSON text ({error})", where=path) from error


def _skip(text, position):
    return _SPACE.match(text, position).end()


def _decode(text, position, where):
    try:
        return _DECODER.raw_decode(text, position)
    except (ValueError, RecursionError) as error:
        whole = text.rstrip()
        at = getattr(error, "pos", 0)
        if at >= len(whole) or not whole.endswith(("]", "}")):
            raise ItemError(
                "ends in the middle",
                where=where,
                remedy="The estimator was stopped while it wrote: run it again",
            ) from error
        raise ItemError(f"not JSON ({error})", where=where) from error


def load(path):
    """Read a whole (small) JSON file.

    Raises
    ------
    ItemError
        Where it is no JSON, or larger than `MAX_OBJECT_BYTES`.
    """
    text = read_text(path, MAX_OBJECT_BYTES)
    value, end = _decode(text, _skip(text, 0), path)
    _only(text, end, path, "JSON")
    return value


def _only(text, end, path, what):
    if _skip(text, end) != len(text):
        raise ItemError(f"has more text after its {what}", where=path)


class _Text:
    """A JSON text and how far it is read."""

    def __init__(self, text, path):
        self.text, self.path, self.at = text, path, _skip(text, 0)

    def on(self, character):
        """Go past `character` if it is next."""
        found = self.text.startswith(character, self.at)
        if found:
            self.at = _skip(self.text, self.at + 1)
        return found

    def value(self, where):
        value, end = _decode(self.text, self.at, where)
        self.at = _skip(self.text, end)
        return value

    def list_(self, name):
        """Values of a list whose bracket is behind us; `name` is what an entry is called."""
        number = 0
        if not self.on("]"):
            while True:
                yield number, self.value(f"{self.path}, {name} {number}")
                number += 1
                if not self.on(","):
                    break
            self.end("]", f"{self.path}, after {name} {number - 1}")

    def end(self, bracket, where):
        if not self.on(bracket):
            ended = self.at >= len(self.text)
            raise ItemError(
                "ends in the middle" if ended else f"not JSON (a comma or {bracket} is missing)",
                where=where,
                remedy="The estimator was stopped while it wrote: run it again" if ended else None,
            )


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


def parts(path):
    """Read a JSON file whose top level is a list, or an object, piece by piece.

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
    text = _Text(read_text(path), path)
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
    _only(text.text, text.at, path, "list")


def _members(text, path):
    if text.on("}"):
        return
    while True:
        key = text.value(path)
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
            yield key, None, text.value(f"{path}, `{shown}`")
        if not text.on(","):
            break
    text.end("}", f"{path}, after `{shown}`")


def is_number(value):
    """Tell whether `value` is a finite JSON number."""
    return type(value) in (int, float) and abs(value) < math.inf


def coordinates(values, *, where, key):
    """Check a list of numbers.

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
        The same numbers.

    Raises
    ------
    ItemError
        Where one is no number, not finite or beyond `MAX_PIXELS`.
    """
    for i, value in enumerate(values):
        # Also false for NaN, and for integers too large for a float.
        if type(value) not in (int, float) or not -MAX_PIXELS <= value <= MAX_PIXELS:
            raise ItemError(
                f"`{key}`[{i}] must be a number within {MAX_PIXELS:.0f} of 0",
                where=where,
                value=value if is_number(value) else str(value)[:40],
            )
    return values


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
    if value is None:
        return math.nan
    if not is_number(value) or abs(value) > MAX_PIXELS:
        raise ItemError(f"`{key}` must be a number", where=where, value=str(value)[:40])
    return float(value)


def box(value, *, where, key="box"):
    """Check x, y, width, height; NaN where there are none."""
    if value is None:
        return [math.nan] * 4
    if not isinstance(value, list) or len(value) != 4:
        raise ItemError(
            f"`{key}` must be [x, y, width, height]", where=where, value=str(value)[:60]
        )
    for part in value:
        if not is_number(part) or abs(part) > MAX_PIXELS:
            raise ItemError(
                f"`{key}` must be [x, y, width, height]", where=where, value=str(value)[:60]
            )
    return value


def frame_number(value, *, where, key):
    """Check a whole number of 0 or more."""
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
