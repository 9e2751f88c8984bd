"""Files that are two: where another one begins behind the end of the first.

Many readers stop at the end that the first one states; in other containers what follows is read,
too, and its times tell (`choreo.videos.source.scan`, `choreo.videos.source.sound_frames`).
"""

from __future__ import annotations

import functools
import itertools
import re
from pathlib import Path

import numpy as np

from choreo.videos import containers
from choreo.videos.containers import CLUSTER, EBML, SEGMENT, Data, mapped

# Kind -> how such a file begins for certain, bytes in it that are found fast, and where in it.
_BEGINNINGS = {
    "wav": (rb"(?:RIFF|RF64|BW64).{4}WAVE(?:fmt |JUNK|bext|LIST|ds64|fact)", (b"WAVE",), 8),
    "avi": (rb"RIFF.{4}AVI LIST", (b"RIFF",), 0),
    "aiff": (rb"FORM.{4}AIF[FC](?:FVER|COMM|COMT|MARK|ID3 )", (b"FORM",), 0),
    "flac": (rb"fLaC[\0\x80]\0\0\x22", (b"fLaC",), 0),
    "mp4": (rb"\0\0\0[\x10-\x60]ftyp[0-9A-Za-z ]{4}.{4}[0-9A-Za-z ]{4}", (b"ftyp",), 4),
    "matroska": (rb"\x1a\x45\xdf\xa3.{1,80}?\x42\x82.(?:matroska|webm)", (b"\x1a\x45\xdf\xa3",), 0),
    "ogg": (rb"OggS\0\x02\0{8}", (b"OggS\0\x02",), 0),
    "flv": (rb"FLV\x01[\x01\x04\x05]\0\0\0\x09\0\0\0\0", (b"FLV\1",), 0),
    "au": (rb"\.snd\0\0\0[\x18-\xff].{4}\0\0\0[\x01-\x1b]\0", (b".snd\0",), 0),
    "amr": (rb"#!AMR(?:-WB)?\n", (b"#!AMR",), 0),
    # Such a one occurs nowhere else in a file of its kind.
    **{
        kind: (re.escape(sign), (sign,), 0)
        for kind, sign in {
            "asf": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
            "w64": b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000"),
            "caf": b"caff\0\1\0\0desc",
            "nut": b"nut/multimedia container\0",
            "mxf": bytes.fromhex("060e2b34020501010d01020101020400"),
        }.items()
    },
    # A tag alone may stand in any file: with the first frame of sound behind it, or the
    # encoder's own words in that frame.
    "mp3": (rb"\xff[\xe2-\xfb].{7,34}?(?:Xing|Info)\0\0\0", (b"Xing\0\0\0", b"Info\0\0\0"), 36),
    # The tables of programs, of which nothing but packets follows.
    "mpegts": (rb"G[\x40\x60][\0\x11].(?:.{184}G.{3}){6}", (b"G@\0", b"G@\x11"), 0),
    # The head of a pack, of MPEG-2 and of MPEG-1, and of what follows it.
    "mpeg": (
        rb"\0\0\x01\xba(?:[\x44-\x7f].{8}[\xf8-\xff]\xff*|[\x21-\x2f].{7})\0\0\x01[\xbb-\xef]",
        (b"\0\1\xba",),
        1,
    ),
}
_FARTHEST = max(ahead for _, _, ahead in _BEGINNINGS.values())
_BEGIN = {kind: re.compile(pattern, re.DOTALL) for kind, (pattern, _, _) in _BEGINNINGS.items()}
# Kinds of which ffmpeg reads the first file alone, or the head of the next as sound.
_READ_ALONE = ("wav", "aiff", "au", "amr", "asf", "w64", "caf", "nut", "mxf")
_SHOWN = 4096
# Bytes that are looked through at once.
_BLOCK = 1 << 18
# Parts of Matroska behind its head: the segment, lists of places, of tracks, tags and so on.
_IN_MATROSKA = {
    *(0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367),
    *(SEGMENT, CLUSTER, 0xEC, 0xBF),
}
# Tags, pictures and so on, which a flac has before its frames.
_MOST_BLOCKS, _FLAC_FRAMES = 64, (b"\xff\xf8", b"\xff\xf9")
_NAME = re.compile(rb"[0-9A-Za-z\xa9 -]{4}")

# Bare frames of sound say their own length, so that several in a row are no accident. Streams
# that carry such frames in packets, or have no end that they state, may hold rows as well.
_ROW = 8
_BARE = {"mp3", "flac", "aac", "ac3", "eac3", "amr"}
_AC3_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
_MPEG_RATES = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def _adts_bytes(head):
    return int.from_bytes(head[3:6]) >> 5 & 0x1FFF


def _ac3_bytes(head):
    if head[5] >> 3 > 10:
        return 2 * ((int.from_bytes(head[2:4]) & 0x7FF) + 1)
    rate, code = head[4] >> 6, head[4] & 0x3F
    if rate == 3 or code >= 2 * len(_AC3_KBPS):
        return 0
    kilobits = _AC3_KBPS[code // 2]
    return 2 * (2 * kilobits, kilobits * 320 // 147 + code % 2, 3 * kilobits)[rate]


def _mpeg_bytes(head):
    version, layer = 1 if head[1] & 8 else 2, 4 - (head[1] >> 1 & 3)
    rate, per_second = head[2] >> 4, head[2] >> 2 & 3
    if layer == 4 or rate in (0, 15) or per_second == 3 or head[1] & 0x18 == 8:
        return 0
    kilobits = _MPEG_RATES[version, layer if version == 1 else min(layer, 2)][rate - 1]
    hertz = (44_100, 48_000, 32_000)[per_second] >> (version - 1 + (not head[1] & 0x10))
    padding = head[2] >> 1 & 1
    if layer == 1:
        return 4 * (12_000 * kilobits // hertz + padding)
    return (72_000 if (version, layer) == (2, 3) else 144_000) * kilobits // hertz + padding


# Kind -> how its frames begin, and how long the one is whose first bytes are given.
_FRAMES = {
    "aac": ((b"\xff\xf1", b"\xff\xf9"), _adts_bytes),
    "ac3": ((b"\x0b\x77",), _ac3_bytes),
    "mp3": (
        tuple(b"\xff%c" % n for n in (*range(0xE2, 0xE8), *range(0xF2, 0xF8), *range(0xFA, 256))),
        _mpeg_bytes,
    ),
}


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
    with mapped(path) as data:
        if data[4:8] == b"ftyp":
            boxes = containers.boxes(data)
            rest = itertools.dropwhile(lambda box: box.kind != b"moov", boxes)
            return next((box.start for box in rest if box.kind == b"ftyp"), None)
        if data[:3] == b"FLV":
            end = stated_end(data)
            return end if end and data[end : end + 4] == b"FLV\1" else None
        own = [kind for kind in _READ_ALONE if _BEGIN[kind].match(data)]
        # Not all who count chunks know that those of odd length are padded.
        found = _first(data, own, (), max(1, stated_end(data) - 1)) if own else None
    return found and found[0]


def reads_on(path: str | Path) -> bool:
    """Tell that of a file joined with another one the head of that is read as if it were sound.

    Parameters
    ----------
    path : str or Path
        A file of which `joined_at` or `other_kind_at` found the second.
    """
    with mapped(path) as data:
        kind = next((kind for kind in _BEGIN if _BEGIN[kind].match(data)), None)
        told = stated_end(data)
    return kind in ("au", "amr") or (kind in ("wav", "aiff") and not told)


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
        Its first byte and its kind. Behind packets that carry such sound, and in files that
        don't say where they end, bare frames of sound are not looked for.
    """
    about = Path(path).stat()
    return _other_kind(str(path), container, about.st_size, about.st_mtime_ns)


@functools.lru_cache(maxsize=64)  # a file is looked at several times
def _other_kind(path, container, *_):
    with mapped(path) as data:
        begin = _after_tags(data)
        own = set(filter(None, container.split(",")))
        own |= {kind for kind, pattern in _BEGIN.items() if pattern.match(data, begin)}
        own |= {kind for kind, (marks, _) in _FRAMES.items() if data[begin : begin + 2] in marks}
        if containers.packet_bytes(data[begin : begin + 1000]):
            own.add("mpegts")
        elif begin and not own:
            own.add("mp3")
        stated = stated_end(data)
        rows = _FRAMES.keys() - own if stated or (own and own <= _BARE) else ()
        # Padding and tags may stand between the two.
        return _first(data, _BEGINNINGS.keys() - own, rows, max(1, begin + 1, stated - 1))


def _after_tags(data):
    """Byte behind the tags (ID3) that may stand before any kind, with pictures in them."""
    place = 0
    while data[place : place + 3] == b"ID3":
        length = data[place + 6 : place + 10]
        place += 10 + functools.reduce(lambda total, byte: total << 7 | byte & 0x7F, length, 0)
    return place


def _first(data, kinds, rows, first):
    """First byte and kind of the first file of these kinds behind `first`, or of such a row."""
    looks = {mark: (kind, _begins) for kind in kinds for mark in _BEGINNINGS[kind][1]}
    looks |= {mark: (kind, _row) for kind in rows for mark in _FRAMES[kind][0]}
    found = None
    for mark, place in _marks(data, looks, first):
        if found and place > found[0] + _FARTHEST:
            break  # none begins before it any more
        kind, look = looks[mark]
        if (start := look(data, kind, place, first)) is not None:
            found = min(found or (start, kind), (start, kind))
    return found


def _marks(data, marks, first):
    """Each of these marks behind `first` and its place: one pass for all, by their first bytes."""
    begins, goes_on = np.zeros((2, 1 << 16), bool)
    for mark in marks:
        begins[int.from_bytes(mark[:2], "little")] = True
        for third in mark[2:3] or range(256):
            goes_on[mark[1] | third << 8] = True
    found = re.compile(b"|".join(map(re.escape, marks)))
    for place in range(first, len(data), _BLOCK):
        block = data[place : place + _BLOCK + 2]
        # Each two bytes in a row as a number.
        pairs = np.ndarray(len(block) - 1, "<u2", block, strides=(1,))
        likely = np.flatnonzero(begins[pairs[:-1]])
        for one in likely[goes_on[pairs[likely + 1]]].tolist():
            if match := found.match(data, place + one):
                yield match[0], place + one


def stated_end(data: Data) -> int:
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
    head, place = data[:28], 0
    if head[:4] in (b"RF64", b"BW64") and head[12:16] == b"ds64":
        place = 8 + int.from_bytes(head[20:28], "little")
    elif head[:4] in (b"RIFF", b"FORM"):
        # Large AVIs have several.
        for chunk in containers.chunks(data):
            if chunk.start and (chunk.kind, data[place + 8 : place + 12]) != (b"RIFF", b"AVIX"):
                break
            if chunk.length in (0, 0xFFFFFFFF):
                return 0
            place = chunk.next
    elif head[4:8] == b"ftyp":
        for box in containers.boxes(data):
            if not (box.whole and _NAME.match(box.kind)):
                break
            place = box.next
    elif head[:3] == b"FLV":
        for tag in containers.tags(data):
            place = tag.next
    elif head[:4] == EBML.to_bytes(4):
        for part in containers.elements(data):
            # A second head is of another file; of a stream, what it plays has no end.
            known = _IN_MATROSKA if part.start else {EBML}
            told = part.length is not None or (part.head and part.kind == SEGMENT)
            if not told or part.kind not in known:
                break
            place = part.next
    elif head[:5] == b"OggS\0":
        # A page holds parts of files in any codec, with their own first bytes.
        for page in containers.pages(data):
            place = min(size, page.next)
    return place if place <= size else 0


def _row(data, kind, place, _):
    """First byte of a row of bare frames of which a mark was found here; None for none."""
    mark, end = data[place : place + 2], place
    for _ in range(_ROW):
        head = data[end : end + 7]
        if head[:2] != mark or len(head) < 7 or (length := _FRAMES[kind][1](head)) < 7:
            return None
        end += length
    return place


def _begins(data, kind, place, first):
    """First byte of a file of this kind of which a mark was found here; None for none."""
    pattern, (_, _, ahead) = _BEGIN[kind], _BEGINNINGS[kind]
    look, shown = (pattern.search, 8) if kind == "mp3" else (pattern.match, _SHOWN)
    match = look(data, max(first, place - ahead), place + shown)
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
