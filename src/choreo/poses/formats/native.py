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

MAX_BYTES = 1 << 30
"""Largest file that is read; an hour of AlphaPose's 26 joints takes about a quarter of it."""

MAX_PIXELS = 1e6
"""Coordinates beyond this are no pixels of any video."""

_SPACE = re.compile(r"[ \t\r\n]*")


def _refuse_constant(text):
    raise ValueError(f"{text} is no number in JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def read_text(path):
    """Text of a JSON file.

    Raises
    ------
    ItemError
        Where it is missing, too large or no UTF-8.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ItemError(
                f"larger than {MAX_BYTES} bytes",
                where=path,
                value=size,
                remedy="Split the video, or check that this is a pose file",
            )
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ItemError("no such file", where=path) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ItemError(f"can't be read as JSON text ({error})", where=path) from error


def _decode(text, position, path, entry):
    try:
        return _DECODER.raw_decode(text, position)
    except (ValueError, RecursionError) as error:
        where = path if entry is None else f"{path}, entry {entry}"
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
        Where it is no JSON.
    """
    text = read_text(path)
    value, end = _decode(text, _SPACE.match(text).end(), path, None)
    if _SPACE.match(text, end).end() != len(text):
        raise ItemError("has more text after its JSON", where=path)
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
    text = read_text(path)
    position = _SPACE.match(text).end()
    if not text.startswith("[", position):
        raise ItemError(
            "the top level must be a list",
            where=path,
            value=text[position : position + 20],
            remedy="Give the tool's default output, not another of its formats",
        )
    position = _SPACE.match(text, position + 1).end()
    number = 0
    if not text.startswith("]", position):
        while True:
            value, position = _decode(text, position, path, number)
            yield number, value
            number += 1
            position = _SPACE.match(text, position).end()
            if not text.startswith(",", position):
                break
            position = _SPACE.match(text, position + 1).end()
    if not text.startswith("]", position):
        ended = position >= len(text)
        raise ItemError(
            "ends in the middle" if ended else "not JSON (a comma or ] is missing)",
            where=f"{path}, after entry {number - 1}",
            remedy="The estimator was stopped while it wrote: run it again" if ended else None,
        )
    if _SPACE.match(text, position + 1).end() != len(text):
        raise ItemError("has more text after its list", where=path)


def is_number(value):
    """Tell whether `value` is a finite JSON number."""
    return type(value) in (int, float) and abs(value) < math.inf


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
    for i, value in enumerate(values):
        # Also false for NaN, and for integers too large for a float.
        if type(value) not in (int, float) or not -MAX_PIXELS <= value <= MAX_PIXELS:
            raise ItemError(
                f"`{key}`[{i}] must be a number within {MAX_PIXELS:.0f} of 0",
                where=where,
                value=value if is_number(value) else str(value)[:40],
            )
    return values
