"""The parts of containers, read from small files that are made byte by byte."""

import itertools

import numpy as np
import pytest

from choreo.videos import containers, joined
from choreo.videos.containers import CLUSTER, EBML, SEGMENT
from choreo.videos.joined import other_kind_at, stated_end


def box(kind, body, length=None):
    return (8 + len(body) if length is None else length).to_bytes(4) + kind + body


def large(kind, body, length=None):
    """As `box`, with a length of 64 bits."""
    told = (16 + len(body) if length is None else length).to_bytes(8)
    return b"\0\0\0\1" + kind + told + body


def tag(kind, body):
    return bytes([kind]) + len(body).to_bytes(3) + bytes(7) + body + (11 + len(body)).to_bytes(4)


def element(name, length, body=b""):
    return name.to_bytes(4) + length + body


def chunk(kind, body, order="little"):
    return kind + len(body).to_bytes(4, order) + body + bytes(len(body) % 2)


def page(*lengths):
    return b"OggS\0" + bytes(21) + bytes([len(lengths), *lengths]) + bytes(sum(lengths))


FLV = b"FLV\1\5\0\0\0\x09\0\0\0\0"
LIVE = b"\1" + b"\xff" * 7
# Name -> iterator, the file part by part, and of each its kind, bytes of header and of the rest.
MADE = {
    "mp4": (
        containers.boxes,
        [box(b"ftyp", bytes(4)), large(b"mdat", bytes(9)), box(b"moov", b"")],
        [(b"ftyp", 8, 4), (b"mdat", 16, 9), (b"moov", 8, 0)],
    ),
    "mp4 to its end": (
        containers.boxes,
        [box(b"ftyp", bytes(4)), box(b"mdat", bytes(20), 0)],
        [(b"ftyp", 8, 4), (b"mdat", 8, 20)],
    ),
    "large mp4 to its end": (
        containers.boxes,
        [box(b"ftyp", bytes(4)), large(b"mdat", bytes(20), 0)],
        [(b"ftyp", 8, 4), (b"mdat", 16, 20)],
    ),
    "flv": (
        containers.tags,
        [FLV, tag(18, bytes(3)), tag(9, b""), tag(8, bytes(300))],
        [(b"FLV", 13, 0), (18, 11, 3), (9, 11, 0), (8, 11, 300)],
    ),
    "matroska": (
        containers.elements,
        [
            element(EBML, b"\x83", bytes(3)),
            element(SEGMENT, LIVE),
            b"\xec\x40\x02" + bytes(2),  # nothing, in whose place something may be written
            element(CLUSTER, b"\xff"),
            b"\xa3\x81\0",
            element(CLUSTER, b"\x01" + (5).to_bytes(7), bytes(5)),
        ],
        [
            *((EBML, 5, 3), (SEGMENT, 12, None), (0xEC, 3, 2)),
            *((CLUSTER, 5, None), (0xA3, 2, 1), (CLUSTER, 12, 5)),
        ],
    ),
    "large avi": (
        containers.chunks,
        [chunk(b"RIFF", b"AVI " + bytes(11)), chunk(b"RIFF", b"AVIX" + bytes(4))],
        [(b"RIFF", 8, 15), (b"RIFF", 8, 8)],
    ),
    "aiff": (
        containers.chunks,
        [chunk(b"FORM", b"AIFF" + bytes(300), "big")],
        [(b"FORM", 8, 304)],
    ),
    "ogg": (
        containers.pages,
        [page(), page(255, 3), page(1)],
        [(b"OggS", 27, 0), (b"OggS", 27, 260), (b"OggS", 27, 2)],
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_every_part_is_told(name):
    read, file, expected = MADE[name]
    found = list(read(b"".join(file)))
    assert [(part.kind, part.head, part.length) for part in found] == expected
    places = [0, *itertools.accumulate(map(len, file))]
    assert [part.start for part in found] == places[:-1]
    assert [part.next for part in found] == places[1:]
    assert all(part.whole for part in found)


@pytest.mark.parametrize("name", MADE)
def test_of_what_breaks_off_the_last_part_is_not_whole(name):
    read, file, _ = MADE[name]
    data = b"".join(file)
    whole = list(read(data))
    seen = set()
    for size in range(1, len(data)):
        *before, last = read(data[:size])
        assert before == whole[: len(before)]
        full = whole[len(before)]
        assert last.start == full.start
        # Behind what it holds there may be a byte or four that some leave out, and the first
        # bytes of a chunk are its header only with four more.
        held = full.head + (full.length or 0)
        least = max(full.head, 12) if read is containers.chunks else full.head
        assert bool(last.head) == (size - full.start >= least)
        if "to its end" not in name or full.kind != b"mdat":
            assert last.whole == (size - full.start >= held)
        seen.add((bool(last.head), last.whole))
    assert (False, False) in seen


def test_the_parts_of_an_avi_written_to_a_pipe():
    """Its lengths are not known, but those of what is in the list of its pictures."""
    unknown = b"\xff\xff\xff\xff"
    head = b"RIFF" + unknown + b"AVI " + chunk(b"JUNK", b"123")
    data = head + b"LIST" + unknown + b"movi" + chunk(b"00dc", b"12345") + chunk(b"01wb", b"1234")
    found = list(containers.chunks(data, 12))
    assert [(part.kind, part.length) for part in found] == [
        *((b"JUNK", 3), (b"LIST", 4), (b"00dc", 5), (b"01wb", 4)),
    ]
    assert found[-1].next == len(data)
    assert not next(containers.chunks(data)).whole


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (containers.boxes, box(b"mdat", bytes(30), 7)),
        (containers.boxes, large(b"mdat", bytes(30), 15)),
        (containers.tags, FLV + b"FLV\1" + bytes(30)),
        (containers.elements, bytes(30)),
        (containers.elements, element(SEGMENT, b"\0" * 8)),
        (containers.pages, b"OggS\1" + bytes(30)),
    ],
)
def test_a_header_without_sense_is_the_last(read, data):
    *_, last = read(data)
    assert (last.head, last.length, last.whole, last.next) == (0, None, False, last.start)
    assert last.start == (len(FLV) if read is containers.tags else 0)


def test_any_bytes_come_to_an_end():
    rng = np.random.default_rng(0)
    files = [bytes(3000), b"\xff" * 3000, b"\x80" * 3000, b"\xec\x80" * 1500, b""]
    for read, parts, _ in MADE.values():
        good = b"".join(parts)
        for _ in range(200):
            data = bytearray(good * 3)
            for place in rng.integers(len(data), size=4):
                data[place] = rng.choice([0, 1, 8, 127, 255])
            files.append(bytes(data))
        for data in files:
            found = list(read(data))
            assert len(found) <= len(data) / 2 or not data
            for one, following in itertools.pairwise(found):
                assert one.whole
                assert one.start < one.next == following.start < len(data)
            assert stated_end(data) <= len(data)


def test_a_second_file_is_seen_wherever_the_pass_divides_the_first(tmp_path, monkeypatch):
    """Bytes are looked through a block at a time, for every kind at once."""
    monkeypatch.setattr(joined, "_BLOCK", 16)
    frame = b"\xff\xf1\0" + (24 << 5).to_bytes(3) + bytes(18)
    seconds = {
        "amr": b"#!AMR\n",
        "caf": b"caff\0\1\0\0desc",
        "au": b".snd\0\0\0\x18" + bytes(4) + b"\0\0\0\1\0",
        "wav": b"RIFF" + bytes(4) + b"WAVEfmt ",
        "mpeg": b"\0\0\1\xba\x21" + bytes(7) + b"\0\0\1\xbb",
        # It is told by bytes behind those of a file that begins later.
        "mp3": b"\xff\xfb" + bytes(5) + b"#!AMR\n" + bytes(9) + b"Info\0\0\0",
        "aac": frame * 8,
    }
    for count in range(40):
        first = chunk(b"RIFF", b"AVI ") + bytes(count)
        for kind, second in seconds.items():
            path = tmp_path / f"{count}.{kind}"
            # A later one of another kind is not the first.
            path.write_bytes(first + second + bytes(5) + b"#!AMR\n" + seconds["au"])
            assert other_kind_at(path, "avi") == (len(first), kind)
