"""Files that are two: where another one begins behind the end of the first.

Many readers stop at the end that the first one states; in other containers what follows is read,
too, and its times tell (`choreo.videos.source.scan`, `choreo.videos.source.sound_frames`).
"""

from __future__ import annotations

import functools
import mmap
import re
import struct
from pathlib import Path

from choreo.videos.cut_off import CLUSTER, EBML, SEGMENT, ebml_number, packet_bytes

# How files begin of which ffmpeg reads the first alone where several are joined, and which
# occurs nowhere else in them: asf, w64, caf, nut, mxf.
_SIGNS = (
    bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
    b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000"),
    b"caff\0\1\0\0desc",
    b"nut/multimedia container\0",
    bytes.fromhex("060e2b34020501010d01020101020400"),
)

# Kind -> how such a file begins for certain, bytes in it that are found fast, and where in it.
_BEGINNINGS = {
    "wav": (rb"RIFF.{4}WAVE(?:fmt |JUNK|bext|LIST|ds64|fact)", b"RIFF", 0),
    "avi": (rb"RIFF.{4}AVI LIST", b"RIFF", 0),
    "aiff": (rb"FORM.{4}AIF[FC](?:FVER|COMM|COMT|MARK|ID3 )", b"FORM", 0),
    "flac": (rb"fLaC[\0\x80]\0\0\x22", b"fLaC", 0),
    "mp4": (rb"\0\0\0[\x10-\x60]ftyp[0-9A-Za-z ]{4}.{4}[0-9A-Za-z ]{4}", b"ftyp", 4),
    "matroska": (rb"\x1a\x45\xdf\xa3.{1,80}?\x42\x82.(?:matroska|webm)", b"\x1a\x45\xdf\xa3", 0),
    "ogg": (rb"OggS\0\x02\0{8}", b"OggS\0\x02", 0),
    "flv": (rb"FLV\x01[\x01\x04\x05]\0\0\0\x09\0\0\0\0", b"FLV\1", 0),
    "au": (rb"\.snd\0\0\0[\x18-\xff].{4}\0\0\0[\x01-\x1b]\0", b".snd\0", 0),
    "asf": (re.escape(_SIGNS[0]), _SIGNS[0], 0),
    "w64": (re.escape(_SIGNS[1]), _SIGNS[1], 0),
    "caf": (re.escape(_SIGNS[2]), _SIGNS[2], 0),
    "mxf": (re.escape(_SIGNS[4]), _SIGNS[4], 0),
    # A tag alone may stand in any file: with the first frame of sound behind it, or the
    # encoder's own words in that frame.
    "mp3": (rb"\xff[\xe2-\xfb].{7,34}?(?:Xing|Info)\0\0\0", (b"Xing\0\0\0", b"Info\0\0\0"), -36),
    # The tables of programs, of which nothing but packets follows.
    "mpegts": (rb"G[\x40\x60][\0\x11].(?:.{184}G.{3}){6}", (b"G@\0", b"G@\x11"), 0),
}
_BEGIN = {kind: re.compile(pattern, re.DOTALL) for kind, (pattern, _, _) in _BEGINNINGS.items()}
_SHOWN = 4096
_GOES_ON = (b"RIFF", b"AVIX")
_BOX = re.compile(rb"(.{4})[0-9A-Za-z\xa9 -]{4}", re.DOTALL)
# What a segment of Matroska holds: lists of places, of tracks, tags and so on.
_IN_SEGMENT = {
    *(0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367),
    *(CLUSTER, 0xEC, 0xBF),
}
# Bare frames of aac say their own length, so that several in a row are no accident; streams that
# carry such frames in packets break every row.
_AAC, _ROW, _CARRY_AAC = (b"\xff\xf1", b"\xff\xf9"), 8, {"mpegts", "mpeg", "aac"}
# Tags, pictures and so on, which a flac has before its frames.
_MOST_BLOCKS, _FLAC_FRAMES = 64, (b"\xff\xf8", b"\xff\xf9")
_PROGRAM_STREAM = b"\0\0\x01\xba"


def joined_at(path: str | Path) -> int | None:
    """Find where another file of its kind begins behind the end of the first one.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    int or None
        Its first byte.
    """
    size = Path(path).stat().st_size
    with open(path, "rb") as file:
        head = file.read(12)
        if head[4:8] == b"ftyp":
            return _second_mp4(file, size)
        if head[:3] == b"FLV":
            return _second_flv(file)
        for group, kind, order in (
            (b"RIFF", b"WAVE", "<I"),
            (b"FORM", b"AIFF", ">I"),
            (b"FORM", b"AIFC", ">I"),
        ):
            if (head[:4], head[8:]) == (group, kind):
                return _second_chunk(file, 8 + struct.unpack(order, head[4:8])[0], group, kind)
        for sign in _SIGNS:
            if head.startswith(sign[:12]) and size > len(sign):
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                    place = data.find(sign, len(sign))
                return None if place < 0 else place
    return None


def other_kind_at(path: str | Path, container: str = "") -> tuple[int, str] | None:
    """Find where a file of another kind begins in a file.

    Parameters
    ----------
    path : str or Path
    container : str
        ffmpeg's names of its container, separated by commas: it reads some of which the first
        bytes do not tell, such as a stream that was recorded from the middle of a packet on.

    Returns
    -------
    (int, str) or None
        Its first byte and its kind. Bare frames of mp3 without an encoder's words and MPEG-PS
        have no beginning that is theirs alone, and are not found.
    """
    about = Path(path).stat()
    return _other_kind(str(path), container, about.st_size, about.st_mtime_ns)


@functools.lru_cache(maxsize=64)  # a file is looked at several times
def _other_kind(path, container, size, _):
    if not size:
        return None
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        begin = _after_tags(data)
        own = set(container.split(","))
        own |= {kind for kind, pattern in _BEGIN.items() if pattern.match(data, begin)}
        if packet_bytes(data[begin : begin + 1000]):
            own.add("mpegts")
        elif data[begin : begin + 4] == _PROGRAM_STREAM:
            own.add("mpeg")
        elif data[begin : begin + 2] in _AAC:
            own.add("aac")
        elif data[begin : begin + 1] == b"\xff":
            own.add("mp3")
        # Padding and tags may stand between the two.
        first = max(1, begin, stated_end(data) - 1)
        found = []
        for kind, (_, marks, ahead) in _BEGINNINGS.items():
            if kind in own:
                continue
            for mark in marks if isinstance(marks, tuple) else (marks,):
                place = data.find(mark, first)
                while place >= 0:
                    if (start := _begins(data, kind, place, ahead, first)) is not None:
                        found.append((start, kind))
                        break
                    place = data.find(mark, place + 1)
        if not own & _CARRY_AAC and (start := _aac_in(data, first)) is not None:
            found.append((start, "aac"))
    return min(found, default=None)


def _after_tags(data):
    """Byte behind the tags (ID3) that may stand before any kind, with pictures in them."""
    place = 0
    while data[place : place + 3] == b"ID3":
        length = 0
        for byte in data[place + 6 : place + 10]:
            length = length << 7 | byte & 0x7F
        place += 10 + length
    return place


def stated_end(data: bytes | mmap.mmap) -> int:
    """Find where a file ends as it says itself; of live Matroska, where what it plays begins.

    Parameters
    ----------
    data : bytes or mmap
        All of it.

    Returns
    -------
    int
        A byte; 0 where the file does not say it, or ends before.
    """
    size = len(data)
    head, place = data[:16], 0
    if head[:4] in (b"RIFF", b"FORM"):
        order = "<I" if head[:4] == b"RIFF" else ">I"
        # Large AVIs have several.
        while not place or (data[place : place + 4], data[place + 8 : place + 12]) == _GOES_ON:
            length = struct.unpack(order, data[place + 4 : place + 8])[0]
            if length in (0, 0xFFFFFFFF):
                return 0
            place += 8 + length + length % 2
    elif head[4:8] == b"ftyp":
        while (found := _BOX.match(data, place)) is not None:
            length = int.from_bytes(found[1])
            if length == 1:
                length = int.from_bytes(data[place + 8 : place + 16])
            if length < 8 or place + length > size:
                break
            place += length
    elif head[:3] == b"FLV":
        place = 13
        while place + 11 <= size and data[place] & 0x1F in (8, 9, 18):
            place += 15 + int.from_bytes(data[place + 1 : place + 4])
    elif head[:4] == EBML.to_bytes(4):
        place = _end_of_matroska(data)
    return place if place <= size else 0


def _end_of_matroska(data):
    """Byte behind the last part of known length; of a stream, where what it plays begins."""
    place = 0
    while place < len(data):
        name = ebml_number(data[place : place + 4], keep=True)
        length = name and ebml_number(data[place + name[1] : place + name[1] + 8])
        # A second head is of another file.
        if not length or name[0] not in (_IN_SEGMENT | {SEGMENT} if place else {EBML}):
            break
        inside = place + name[1] + length[1]
        unknown = length[0] == (1 << 7 * length[1]) - 1
        if unknown and name[0] != SEGMENT:
            break
        place = inside if unknown else inside + length[0]
    return place


def _aac_in(data, first):
    """First byte of a row of bare aac frames; None where there is none."""
    for mark in _AAC:
        place = data.find(mark, first)
        while place >= 0:
            end, frames = place, 0
            while frames < _ROW and data[end : end + 2] == mark and end + 7 <= len(data):
                length = int.from_bytes(data[end + 3 : end + 6]) >> 5 & 0x1FFF
                if length < 7:
                    break
                end, frames = end + length, frames + 1
            if frames == _ROW:
                return place
            place = data.find(mark, place + 1)
    return None


def _begins(data, kind, place, ahead, first):
    """First byte of a file of this kind of which a mark was found here; None for none."""
    if ahead < 0:
        match = _BEGIN[kind].search(data, max(first, place + ahead), place + 8)
    else:
        match = _BEGIN[kind].match(data, max(first, place - ahead), place + _SHOWN)
    if match and kind == "flac" and not _plays_flac(data, match.start()):
        return None
    return match and match.start()


def _plays_flac(data, place):
    """Whether sound follows what begins like a flac: Ogg and Matroska hold such beginnings."""
    place += 4
    for _ in range(_MOST_BLOCKS):
        head = data[place : place + 4]
        place += 4 + int.from_bytes(head[1:])
        if head >= b"\x80":
            return data[place : place + 2] in _FLAC_FRAMES
    return False


def _second_chunk(file, end, group, kind):
    # Chunks are of even length; not all who count them know.
    for place in (end, end + end % 2):
        file.seek(place)
        again = file.read(12)
        if (again[:4], again[8:]) == (group, kind):
            return place
    return None


def _second_mp4(file, size):
    place, seen = 0, set()
    while place + 8 <= size:
        file.seek(place)
        head = file.read(16)
        length, kind = struct.unpack(">I4s", head[:8])
        if kind == b"ftyp" and b"moov" in seen:
            return place
        seen.add(kind)
        if length == 1 and len(head) == 16:
            length = struct.unpack(">Q", head[8:])[0]
        if length < 8:
            # 0: up to the end of the file.
            return None
        place += length
    return None


def _second_flv(file):
    place = 13
    while True:
        file.seek(place)
        head = file.read(11)
        if head[:4] == b"FLV\1":
            return place
        if len(head) < 11 or head[0] & 0x1F not in (8, 9, 18):
            return None
        place += 15 + int.from_bytes(head[1:4])
