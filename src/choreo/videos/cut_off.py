"""Files that go on beyond their end: a copy, a recording or a download that broke off.

Where a file says how long it lasts, what can be decoded tells. Streams say nothing of it
(fragmented mp4, Matroska and FLV as they are recorded, MPEG-TS): half of one plays like the whole.
"""

from __future__ import annotations

from pathlib import Path

from choreo.videos import containers
from choreo.videos.containers import CLUSTER, EBML, SEGMENT, TAGS, Data, mapped

_PICTURES = {b"mdat", b"moof"}
_BEGINS_MP4 = _PICTURES | {b"ftyp", b"styp", b"moov", b"free", b"skip", b"wide", b"sidx"}


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
    with mapped(path) as data:
        head = data[:1000]
        if head[4:8] in _BEGINS_MP4:
            return _cut_mp4(data, streams_only)
        if head.startswith(EBML.to_bytes(4)):
            return _cut_matroska(data, streams_only)
        if head.startswith(b"FLV"):
            return any(tag.kind in TAGS and not tag.whole for tag in containers.tags(data))
        if _piped_avi(head):
            return any(chunk.head and not chunk.whole for chunk in containers.chunks(data, 12))
        length = containers.packet_bytes(head)
        return length is not None and len(data) % length != 0


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


def _cut_mp4(data: Data, streams_only: bool) -> bool:
    told = streams_only
    for box in containers.boxes(data):
        told = told and box.kind != b"moof"
        if box.head and not box.whole:
            return box.kind in _PICTURES and not told
    return False


def _cut_matroska(data: Data, streams_only: bool) -> bool:
    for part in containers.elements(data):
        if not part.head:
            return part.kind is not None and len(data) - part.start < 12
        if part.length is None and part.kind not in (SEGMENT, CLUSTER):
            return False
        if part.kind == SEGMENT and part.length is not None and streams_only:
            return False
        if not part.whole:
            return True
    return False
