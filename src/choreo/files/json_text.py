"""A JSON text taken apart value by value, so that memory holds one value at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

BLOCK = 1 << 20
_SPACE = re.compile(r"[ \t\r\n]*")


class JsonText:
    """What is left of a JSON text that comes in blocks.

    Parameters
    ----------
    blocks : iterable of str
    decoder : json.JSONDecoder
        Of the values.
    limit : int or None
        Characters that one value may have.

    Attributes
    ----------
    text : str
        What is in memory of it.
    at : int
        How far `text` is read.
    """

    def __init__(
        self,
        blocks: Iterable[str],
        decoder: json.JSONDecoder = json.JSONDecoder(),  # noqa: B008
        limit: int | None = None,
    ) -> None:
        self._blocks, self._decoder, self._limit = iter(blocks), decoder, limit
        self.text, self.at, self._before = "", 0, 0

    @property
    def position(self) -> int:
        """Characters of the whole that are read."""
        return self._before + self.at

    @property
    def too_long(self) -> bool:
        """Whether more than a value may have is in memory."""
        return self._limit is not None and len(self.text) - self.at > self._limit

    def _past_space(self) -> int:
        found = _SPACE.match(self.text, self.at)
        return found.end() if found else self.at

    def next(self) -> str:
        """Give the next character that is no white space, without going past it; "" at the end."""
        while (end := self._past_space()) == len(self.text):
            self.at = end
            if not self._more():
                return ""
        self.at = end
        return self.text[end]

    def on(self, character: str) -> bool:
        """Go past `character` if it is next, and tell whether it was."""
        found = self.next() == character
        self.at += found
        return found

    def value(self) -> Any:
        """Read the next value.

        Raises
        ------
        ValueError, RecursionError
            Of the decoder, where what is left holds no value (`too_long`: none so short).
            Its ``pos`` is a place in `text`.
        """
        while True:
            start = self._past_space()
            try:
                value, end = self._decoder.raw_decode(self.text, start)
            except ValueError as error:
                before = self.at
                if self.too_long or not self._more():
                    # Of what is left now, of which what was read is cut off.
                    if isinstance(error, json.JSONDecodeError):
                        error.pos -= before - self.at
                    raise
                continue
            # A number at the end of the text may go on in the next block.
            if end < len(self.text) or not self._more():
                self.at = end
                return value

    def _more(self):
        """Read at least as much as is there, so that retries cost linear time in all."""
        parts, wanted = [self.text[self.at :]], max(BLOCK, len(self.text) - self.at)
        self._before, self.at = self.position, 0
        while wanted > 0 and (block := next(self._blocks, None)) is not None:
            parts.append(block)
            wanted -= len(block)
        self.text = "".join(parts)
        return len(parts) > 1
