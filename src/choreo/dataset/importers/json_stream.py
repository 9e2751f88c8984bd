"""The values of a huge JSON object, one at a time."""

import json

from choreo.errors import ItemError
from choreo.files import json_text
from choreo.files.outside import reading

_LIMIT = 1 << 29
"""Characters that one value may have: half a billion, 500 clips of 5 s."""


def entries(path, *, encoded=False):
    """Go through the keys of the object that a file holds.

    The file is read in blocks; in memory is one key's value at a time.

    Parameters
    ----------
    path : str or Path
        A JSON object, UTF-8.
    encoded : bool
        The file is a JSON string in which the object's JSON stands (what encoding
        twice gives).

    Yields
    ------
    str, object
        A key and its value.

    Raises
    ------
    ItemError
        Where the file is missing or not of this form, naming the character.
    """
    found = _found(path, encoded)
    while True:
        # Not what is done with a value in between is this file's fault.
        with reading(path, "a JSON file"):
            value = next(found, None)
        if value is None:
            return
        yield value


def _found(path, encoded):
    with open(path, encoding="utf-8") as file:
        blocks = _decoded(file, path) if encoded else _blocks(file)
        yield from _entries(json_text.JsonText(blocks, limit=_LIMIT), path)


def _blocks(file):
    while block := file.read(json_text.BLOCK):
        yield block


def _decoded(file, path):
    """Blocks of the text inside a JSON string."""
    rest = file.read(json_text.BLOCK).lstrip()
    if not rest.startswith('"'):
        raise ItemError(
            "the object is not encoded twice: the file must begin with a quotation mark",
            where=path,
            value=rest[:20],
        )
    rest, more = rest[1:], True
    while rest or more:
        more = file.read(json_text.BLOCK)
        # A comma is never part of an escape: after one, the text can be cut.
        cut = rest.rfind(",") + 1 if more else len(rest)
        part, rest = rest[:cut], rest[cut:] + more
        if not more:
            part = part.rstrip()
            if not part.endswith('"'):
                raise ItemError("the file ends too soon", where=path)
            part = part[:-1]
        try:
            yield json.loads(f'"{part}"')
        except ValueError as error:
            raise ItemError(f"not an encoded JSON text ({error})", where=path) from error


def _wrong(text, path, message):
    return ItemError(
        f"not the JSON object that is expected: {message} at character {text.position}",
        where=path,
        remedy="The download may be cut off: fetch it again",
    )


def _skip(text, path, characters):
    """Go past the next character, and give it if it is one of these."""
    found = text.next()
    if not found:
        raise _wrong(text, path, "the file ends too soon")
    if found not in characters:
        raise _wrong(text, path, f"expected one of {' '.join(characters)}")
    text.at += 1
    return found


def _value(text, path):
    try:
        return text.value()
    except ValueError as error:
        long = f"a value of more than {_LIMIT} characters"
        raise _wrong(text, path, long if text.too_long else "no JSON value") from error
    except RecursionError as error:
        raise _wrong(text, path, "lists in lists too deep") from error


def _entries(text, path):
    _skip(text, path, "{")
    if _skip(text, path, '"}') == "}":
        return
    while True:
        text.at -= 1
        key = _value(text, path)
        _skip(text, path, ":")
        yield key, _value(text, path)
        if _skip(text, path, ",}") == "}":
            return
        _skip(text, path, '"')
