"""BRACE, the breakdancing competition dataset: one JSON file a segment.

``{"<video>/img-xxxxxx.png": {"box": [x, y, w, h, s], "keypoints": 17 x [x, y, s]}}`` in
pixels of 1920x1080, COCO order; https://github.com/dmoltisanti/brace

A dancer's turn in a video is a sequence; it is annotated as segments (toprock, footwork,
powermove), one file each: ``<video>_<first>-<last>_<movement>.json``.
"""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from choreo.errors import ItemError
from choreo.files.outside import load_json, reading
from choreo.files.text_tables import read_csv
from choreo.pose.track import PoseTrack

SIZE = (1920, 1080)

JOIN_SECONDS = 0.1
"""Segments of a sequence with no more than this between them are one: a pose of a dataset."""

_NAME = re.compile(r"_(\d{1,9})-(\d{1,9})(_|$)")
_KEY = re.compile(r"(?P<video>[A-Za-z0-9_-]{1,64})/img-(?P<number>\d{1,9})\.png")
_MAX_BYTES = 1 << 28
_MAX_FRAMES = 1_000_000
_REMEDY = "Fetch it again from BRACE's repository"


@dataclass(frozen=True)
class Segment:
    """What BRACE's ``segments.csv`` says of one file.

    Attributes
    ----------
    video : str
        YouTube id.
    sequence : int
        `seq_idx`: number of the sequence in its video.
    first, last : int
        Numbers of its first and last picture.
    dancer : str
        Name, or the number where there is none.
    """

    video: str
    sequence: int
    first: int
    last: int
    dancer: str


@dataclass(frozen=True)
class Lists:
    """What `read_lists` found.

    Attributes
    ----------
    rates : dict of str to float
        Video -> frames a second.
    segments : dict of (str, int, int) to Segment
        By video, first and last picture; empty where ``segments.csv`` was not given.
    splits : dict of (str, int) to str
        Video and sequence -> "train" or "test"; empty where the lists were not given.
    """

    rates: dict
    segments: dict = field(default_factory=dict)
    splits: dict = field(default_factory=dict)


def read_lists(path):
    """Read BRACE's own lists.

    Parameters
    ----------
    path : str or Path
        ``videos_info.csv``, or a folder with it, such as a copy of BRACE's repository. There
        ``segments.csv``, ``sequences_train.csv`` and ``sequences_test.csv``, beside it
        or in ``annotations/``, are read as well.

    Returns
    -------
    Lists

    Raises
    ------
    ItemError
        Where a list is not of this form, or a sequence is in both splits.
    """
    path = Path(path)
    if not path.is_dir():
        return Lists(read_fps(path))

    def rows(name, read, columns):
        found = [p for p in (path / "annotations" / name, path / name) if p.is_file()]
        return _table(found[0], read, columns) if found else []

    def sequence(row):
        return row["video_id"], int(row["seq_idx"])

    def segment(row):
        first, last = int(row["start_frame"]), int(row["end_frame"])
        return Segment(*sequence(row), first, last, row["dancer"].strip() or row["dancer_id"])

    columns = "video_id, seq_idx, start_frame, end_frame, dancer, dancer_id"
    segments = {(s.video, s.first, s.last): s for s in rows("segments.csv", segment, columns)}
    splits = {}
    for split in ("train", "test"):
        name = f"sequences_{split}.csv"
        for one in rows(name, sequence, "video_id, seq_idx"):
            if splits.setdefault(one, split) != split:
                raise ItemError(
                    "a sequence is in both splits", where=path, value=one, remedy=_REMEDY
                )
    return Lists(read_fps(path / "videos_info.csv"), segments, splits)


def segment_of(path, video, segments):
    """Find a file's row by its name, ``<video>_<first>-<last>_<movement>.json``.

    Parameters
    ----------
    path : str or Path
    video : str
        As `video_of` gives it.
    segments : dict
        Of `Lists`.

    Returns
    -------
    Segment or None
    """
    stem = Path(path).stem
    match = _NAME.match(stem, len(video)) if stem.startswith(video) else None
    return segments.get((video, int(match[1]), int(match[2]))) if match else None


def contiguous(segments, fps):
    """Divide a sequence's segments where more than `JOIN_SECONDS` lie between two.

    Parameters
    ----------
    segments : sequence of Segment
        Of one video and sequence.
    fps : float

    Returns
    -------
    list of list of Segment
        In their order; segments may overlap by a few pictures.
    """
    found, last = [], None
    for segment in sorted(segments, key=lambda segment: (segment.first, segment.last)):
        if last is None or segment.first - last - 1 > JOIN_SECONDS * fps:
            found.append([])
            last = segment.last
        found[-1].append(segment)
        last = max(last, segment.last)
    return found


def read(paths, *, fps):
    """Read one segment, or several that follow each other, as a track.

    Parameters
    ----------
    paths : str, Path or sequence of them
        The JSON files of one video. A picture that two of them hold is the first one's.
    fps : float
        Frames a second of its video (`read_fps`).

    Returns
    -------
    PoseTrack
        COCO-17. Its first frame is the first segment's first; frames that the files leave
        out are NaN. ``meta["start_seconds"]`` is where the segment begins in its video
        (frame images are numbered from 1), which is where its music must be cut.

    Raises
    ------
    ItemError
        Where a file is missing or not of this form.
    """
    video, poses = None, {}
    for path in [paths] if isinstance(paths, (str, Path)) else paths:
        numbers, values = [], []
        for key, entry in _load(path).items():
            match = _KEY.fullmatch(key)
            if not match or (video is not None and match["video"] != video):
                raise ItemError(
                    "not a frame of one video", where=path, value=key[:80], remedy=_REMEDY
                )
            video = match["video"]
            numbers.append(int(match["number"]))
            values.append(_keypoints(entry, path, key))
        poses = dict(zip(numbers, values)) | poses
        first, last = min(poses), max(poses)
        if first < 1 or last - first >= _MAX_FRAMES or len(set(numbers)) != len(numbers):
            raise ItemError(
                "impossible frame numbers",
                where=path,
                value=f"{first} to {last}",
                remedy=_REMEDY,
            )
    full = np.full((last - first + 1, 17, 3), np.nan, np.float32)
    full[np.array(list(poses)) - first] = list(poses.values())
    return PoseTrack(
        full[..., :2],
        full[..., 2],
        fps=fps,
        size=SIZE,
        skeleton="coco17",
        meta={
            "estimator": "brace",
            "source": video,
            "first_frame": first - 1,
            "start_seconds": (first - 1) / fps,
        },
    )


def video_of(path):
    """YouTube id of a segment's video, from the beginning of its file.

    Raises
    ------
    ItemError
        Where the file is missing or begins otherwise.
    """
    with reading(path, "a BRACE segment", remedy=_REMEDY), open(path, encoding="utf-8") as file:
        match = re.match(r'\s*\{\s*"' + _KEY.pattern + '"', file.read(1000))
    if not match:
        raise ItemError(
            "not a BRACE segment", where=path, remedy='It begins with {"<video>/img-000001.png":'
        )
    return match["video"]


def read_fps(path):
    """Frames a second of every video, from ``videos_info.csv``.

    Returns
    -------
    dict of str to float
        YouTube id -> frames a second, without rows that have none. The file has 29.97002997
        for 30000/1001.
    """
    pairs = _table(path, lambda row: (row["video_id"], _rate(row["fps"])), "video_id, fps")
    return {video: rate for video, rate in pairs if rate}


def _rate(text):
    try:
        return float(text) if 0 < float(text) < math.inf else None
    except ValueError:
        return None


def _table(path, read, columns):
    with reading(path, "BRACE's list", remedy=f"It needs the columns {columns}"):
        return [read(row) for row in read_csv(path)]


def _load(path):
    entries = load_json(path, "a BRACE segment", limit=_MAX_BYTES)
    if not isinstance(entries, dict) or not entries:
        raise ItemError(
            "not a BRACE segment: it must be an object with a key a frame",
            where=path,
            remedy=_REMEDY,
        )
    return entries


def _keypoints(entry, path, key):
    try:
        values = np.asarray(entry["keypoints"], np.float32)
    except (KeyError, TypeError, ValueError, OverflowError):
        values = np.empty(0)
    if values.shape != (17, 3) or np.isinf(values).any():
        raise ItemError(
            "keypoints must be 17 times x, y, score", where=path, value=key, remedy=_REMEDY
        )
    return values
