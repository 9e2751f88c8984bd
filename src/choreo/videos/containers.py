"""The parts that containers of video and sound are made of, read one behind the other."""

from __future__ import annotations

import contextlib
import functools
import mmap
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

EBML, SEGMENT, CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
"""Names of parts of Matroska: its head, what holds all else, and a stretch of what it plays."""
TAGS = (8, 9, 18)
"""Kinds of parts of FLV: sound, picture, and what is said of them."""
Data = bytes | mmap.mmap
_Header = tuple[bytes | int | None, int, int | None, int]


class Part(NamedTuple):
    """One part of a container.

    Attributes
    ----------
    kind : bytes or int or None
        Its name, a number in FLV and Matroska; None for none.
    start : int
        Its first byte.
    head : int
        Bytes of its header; 0 where that breaks off or makes no sense.
    length : int or None
        Bytes behind the header, as that says; None where it does not: what is in it comes next.
    whole : bool
        Whether the file holds all of that.
    next : int
        Byte where the next one begins.
    """

    kind: bytes | int | None
    start: int
    head: int
    length: int | None
    whole: bool
    next: int


def _each(header: Callable[[Data, int], _Header]) -> Callable[..., Iterator[Part]]:
    """Iterator of parts by what reads one's kind, head, length, and the bytes behind that.

    It ends with the file or a part that is not whole; each is some bytes long in any file.
    """

    @functools.wraps(header)
    def parts(data: Data, place: int = 0) -> Iterator[Part]:
        whole = True
        while whole and place < len(data):
            kind, head, length, behind = header(data, place)
            if not 0 < head <= len(data) - place:
                head, length, behind = 0, None, 0
            end = place + head + (length or 0)
            whole = head > 0 and end <= len(data)
            yield Part(kind, place, head, length, whole, end + behind)
            place = end + behind

    return parts


@_each
def boxes(data: Data, place: int) -> _Header:
    """Read the boxes of an mp4."""
    head = data[place : place + 16]
    kind, length, count = head[4:8], int.from_bytes(head[:4]), 8
    if length == 1:
        length, count = int.from_bytes(head[8:]), 16
    # 0: up to the end of the file, wherever that is.
    length = length or len(data) - place
    return kind, count if count <= length else 0, length - count, 0


@_each
def tags(data: Data, place: int) -> _Header:
    """Read the tags of an FLV, of which the file's own head is the first."""
    if place == 0:
        return data[:3], 13, 0, 0
    kind = data[place] & 0x1F
    # The length of the tag comes again behind it; of the last one some leave that out.
    return kind, 11 if kind in TAGS else 0, int.from_bytes(data[place + 1 : place + 4]), 4


@_each
def elements(data: Data, place: int) -> _Header:
    """Read the elements of a Matroska file."""
    head = data[place : place + 12]
    name = _ebml_number(head[:4], name=True)
    length = _ebml_number(head[name[1] :]) if name else None
    if not name or not length:
        return name[0] if name else None, 0, None, 0
    return name[0], name[1] + length[1], length[0], 0


@_each
def chunks(data: Data, place: int) -> _Header:
    """Read the chunks of a RIFF or an AIFF; from byte 12 on those within the first."""
    head = data[place : place + 12]
    length = int.from_bytes(head[4:8], "big" if data[:4] == b"FORM" else "little")
    if head[:4] == b"LIST" and head[8:] == b"movi":
        length = 4  # its own is one of those that are not known
    # Some leave the byte that makes its length even out of the last one.
    return head[:4], 8 if len(head) == 12 else 0, length, length % 2


@_each
def pages(data: Data, place: int) -> _Header:
    """Read the pages of an Ogg."""
    head = data[place : place + 27]
    count = sum(head[26:])
    lengths = data[place + 27 : place + 27 + count]
    return head[:4], 27 if head[:5] == b"OggS\0" else 0, count + sum(lengths), 0


def _ebml_number(data: bytes, *, name: bool = False) -> tuple[int | None, int] | None:
    """A number of Matroska and its length, which its first bits tell; all ones for not known."""
    count = 9 - data[0].bit_length() if data and data[0] else 9
    if count > min(8, len(data)):
        return None
    value, ones = int.from_bytes(data[:count]), (1 << 7 * count) - 1
    if name:
        return value, count
    return None if value & ones == ones else value & ones, count


def packet_bytes(head: bytes) -> int | None:
    """Length of the packets of an MPEG-TS of which these are the first 1000; else None."""
    # Where in a packet its mark lies: in broadcast, in camcorders.
    for length, mark in ((188, 0), (192, 4)):
        marks = head[mark:1000:length]
        if len(marks) >= 5 and set(marks) == {0x47}:
            return length
    return None


@contextlib.contextmanager
def mapped(path: str | Path) -> Iterator[Data]:
    """Give the bytes of a file, of which only those that are looked at are read."""
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                yield data
        else:
            yield b""
