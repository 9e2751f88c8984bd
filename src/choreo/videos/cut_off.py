"""Files that go on beyond their end: a copy, a recording or a download that broke off.

Where a file says how long it lasts, what can be decoded tells. Streams say nothing of it
(fragmented mp4, Matroska and FLV as they are recorded, MPEG-TS): half of one plays like the whole.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import IO

EBML, SEGMENT, CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
"""Names of parts of Matroska: its head, what holds all else, and a stretch of what it plays."""
_PICTURES = {b"mdat", b"moof"}
_BEGINS_MP4 = _PICTURES | {b"ftyp", b"styp", b"moov", b"free", b"skip", b"wide", b"sidx"}
# Bytes of a packet of MPEG-TS, and where in it its mark lies: broadcast, camcorders.
_PACKETS = ((188, 0), (192, 4))
_MARK = 0x47


def is_cut(path: str | Path, *, streams_only: bool = False) -> bool:
    """Tell by its container's own structure whether a file ends before it should.

    Parameters
    ----------
    path : str or Path
    streams_only : bool
        Only where no index tells how long the file should last.

    Returns
    -------
    bool
        False also for containers that are not known here.
    """
    size = Path(path).stat().st_size
    with open(path, "rb") as file:
        head = file.read(1000)
        if head[4:8] in _BEGINS_MP4:
            return _cut_mp4(file, size, streams_only)
        if head.startswith(EBML.to_bytes(4)):
            return _cut_matroska(file, size, streams_only)
        if head.startswith(b"FLV"):
            return _cut_flv(file, size)
        if _piped_avi(head):
            return _cut_avi(file, size)
        length = packet_bytes(head)
    return length is not None and size % length != 0


def states_no_length(path: str | Path) -> bool:
    """Tell an AVI that was written to a pipe: its header has no sizes and no count of pictures.

    ffmpeg makes up a length for it.

    Parameters
    ----------
    path : str or Path
    """
    with open(path, "rb") as file:
        return _piped_avi(file.read(52))


def _piped_avi(head: bytes) -> bool:
    riff = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    return riff and head[24:28] == b"avih" and head[48:52] == bytes(4)


def _cut_avi(file: IO[bytes], size: int) -> bool:
    place = end = 12
    while place + 12 <= size:
        file.seek(place)
        head = file.read(12)
        length = int.from_bytes(head[4:8], "little")
        if head[:4] == b"LIST" and head[8:] == b"movi":
            length = 4  # its own is one of those that are not known
        end = place + 8 + length
        # Some leave the byte that makes its length even out of the last one.
        place = end + length % 2
    return end > size


def packet_bytes(head: bytes) -> int | None:
    """Length of the packets of an MPEG-TS of which these are the first 1000; else None."""
    for length, mark in _PACKETS:
        marks = head[mark:1000:length]
        if len(marks) >= 5 and set(marks) == {_MARK}:
            return length
    return None


def _cut_mp4(file: IO[bytes], size: int, streams_only: bool) -> bool:
    place, seen, kind = 0, set(), b""
    while place + 8 <= size:
        file.seek(place)
        head = file.read(16)
        length, kind = struct.unpack(">I4s", head[:8])
        seen.add(kind)
        if length == 1 and len(head) == 16:
            length = struct.unpack(">Q", head[8:])[0]
        if length < 8:
            # 0: up to the end of the file, wherever that is.
            return False
        place += length
    return place > size and kind in _PICTURES and (b"moof" in seen or not streams_only)


def _cut_flv(file: IO[bytes], size: int) -> bool:
    place = 13
    while place < size:
        file.seek(place)
        head = file.read(11)
        if head[0] & 0x1F not in (8, 9, 18):
            return False
        if len(head) < 11:
            return True
        place += 11 + int.from_bytes(head[1:4])
        if place > size:
            return True
        # The length of the tag comes again behind it; of the last one some leave that out.
        place += 4
    return False


def _cut_matroska(file: IO[bytes], size: int, streams_only: bool) -> bool:
    place = 0
    while place < size:
        file.seek(place)
        head = file.read(12)
        name = ebml_number(head, keep=True)
        length = name and ebml_number(head[name[1] :])
        if not name or name[1] > 4:
            return False
        if not length:
            return len(head) < 12
        unknown = length[0] == (1 << 7 * length[1]) - 1
        if unknown and name[0] not in (SEGMENT, CLUSTER):
            return False
        if name[0] == SEGMENT and not unknown and streams_only:
            return False
        place += name[1] + length[1] + (0 if unknown else length[0])
    return place > size


def ebml_number(data: bytes, *, keep: bool = False) -> tuple[int, int] | None:
    """Read a number of Matroska, whose first bits tell its length in bytes.

    Parameters
    ----------
    data : bytes
        That begin with it.
    keep : bool
        Leave those bits in the number, as names have them.

    Returns
    -------
    (int, int) or None
        The number and its length; None where there is none.
    """
    count = 9 - data[0].bit_length() if data and data[0] else 9
    if count > min(8, len(data)):
        return None
    value = int.from_bytes(data[:count])
    return value if keep else value & ((1 << 7 * count) - 1), count
