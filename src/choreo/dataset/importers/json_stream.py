"""The values of a huge JSON object, one at a time."""

import json
import re

from choreo.errors import ItemError

_BLOCK = 1 << 20
_LIMIT = 1 << 29
"""Characters that one value may have: half a billion, 500 clips of 5 s."""
_SPACE = re.compile(r"[ \t\r\n]*")


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
    try:
        with open(path, encoding="utf-8") as file:
            yield from _entries(_Text(_decoded(file, path) if encoded else _blocks(file), path))
    except OSError as error:
        raise ItemError(f"can't read the file ({error.strerror})", where=path) from error
    except UnicodeDecodeError as error:
        raise ItemError("not a JSON file: not UTF-8", where=path) from error


def _blocks(file):
    while block := file.read(_BLOCK):
        yield block


def _decoded(file, path):
    """Blocks of the text inside a JSON string."""
    rest = file.read(_BLOCK).lstrip()
    if not rest.startswith('"'):
        raise ItemError(
            "the object is not encoded twice: the file must begin with a quotation mark",
            where=path,
            value=rest[:20],
        )
    rest, more = rest[1:], True
    while rest or more:
        more = file.read(_BLOCK)
        # A comma is never part of an escape: after one, the text can be cut.
        cut = rest.rfind(",") + 1 if more else len(rest)
        piece, rest = rest[:cut], rest[cut:] + more
        if not more:
            piece = piece.rstrip()
            if not piece.endswith('"'):
                raise ItemError("the file ends too soon", where=path)
            piece = piece[:-1]
        try:
            yield json.loads(f'"{piece}"')
        except ValueError as error:
            raise ItemError(f"not an encoded JSON text ({error})", where=path) from error


class _Text:
    """What is left of a text that comes in blocks."""

    def __init__(self, blocks, path):
        self.blocks, self.path = blocks, path
        self.text, self.at, self.before = "", 0, 0

    def more(self):
        """Read at least as much as is there, so that retries cost linear time in all."""
        parts, wanted = [self.text[self.at :]], max(_BLOCK, len(self.text) - self.at)
        self.before, self.at = self.before + self.at, 0
        while wanted > 0 and (block := next(self.blocks, None)) is not None:
            parts.append(block)
            wanted -= len(block)
        self.text = "".join(parts)
        return len(parts) > 1

    def skip(self, characters):
        """Skip white space, and give the next character if it is one of these."""
        while (end := _SPACE.match(self.text, self.at).end()) == len(self.text):
            self.at = end
            if not self.more():
                raise self.wrong("the file ends too soon")
        self.at = end + 1
        if self.text[end] not in characters:
            self.at = end
            raise self.wrong(f"expected one of {' '.join(characters)}")
        return self.text[end]

    def value(self):
        while True:
            try:
                start = _SPACE.match(self.text, self.at).end()
                value, end = json.JSONDecoder().raw_decode(self.text, start)
            except ValueError as error:
                if len(self.text) - self.at > _LIMIT:
                    raise self.wrong(f"a value of more than {_LIMIT} characters") from error
                if not self.more():
                    raise self.wrong("no JSON value") from error
            except RecursionError as error:
                raise self.wrong("lists in lists too deep") from error
            else:
                # A number at the end of the text may go on in the next block.
                if end < len(self.text) or not self.more():
                    self.at = end
                    return value

    def wrong(self, message):
        return ItemError(
            f"not the JSON object that is expected: {message} at character {self.before + self.at}",
            where=self.path,
            remedy="The download may be cut off: fetch it again",
        )


def _entries(text):
    text.skip("{")
    if text.skip('"}') == "}":
        return
    while True:
        text.at -= 1
        key = text.value()
        text.skip(":")
        yield key, text.value()
        if text.skip(",}") == "}":
            return
        text.skip('"')
