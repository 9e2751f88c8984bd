"""BRACE, the breakdancing competition dataset: one JSON file a segment.

``{"<video>/img-xxxxxx.png": {"box": [x, y, w, h, s], "keypoints": 17 x [x, y, s]}}`` in
pixels of 1920x1080, COCO order; https://github.com/dmoltisanti/brace
"""

import csv
import json
import re
from pathlib import Path

import numpy as np

from choreo.errors import ItemError
from choreo.track import PoseTrack

SIZE = (1920, 1080)

_KEY = re.compile(r"(?P<video>[A-Za-z0-9_-]{1,64})/img-(?P<number>\d{1,9})\.png")
_MAX_BYTES = 1 << 28
_MAX_FRAMES = 1_000_000


def read(path, *, fps):
    """Read one segment as a track.

    Parameters
    ----------
    path : str or Path
        The segment's JSON file.
    fps : float
        Frames a second of its video (`read_fps`).

    Returns
    -------
    PoseTrack
        COCO-17. Its first frame is the segment's first; frames that the file leaves out
        are NaN. ``meta["start_seconds"]`` is where the segment begins in its video
        (frame images are numbered from 1), which is where its music must be cut.

    Raises
    ------
    ItemError
        Where the file is missing or not of this form.
    """
    entries = _load(path)
    video, numbers, values = None, [], []
    for key, entry in entries.items():
        match = _KEY.fullmatch(key)
        if not match or (video is not None and match["video"] != video):
            raise ItemError("not a frame of one video", where=path, value=key[:80])
        video = match["video"]
        numbers.append(int(match["number"]))
        values.append(_keypoints(entry, path, key))
    first, last = min(numbers), max(numbers)
    if first < 1 or last - first >= _MAX_FRAMES or len(set(numbers)) != len(numbers):
        raise ItemError("impossible frame numbers", where=path, value=f"{first} to {last}")
    full = np.full((last - first + 1, 17, 3), np.nan, np.float32)
    full[np.array(numbers) - first] = values
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
    try:
        with open(path, encoding="utf-8") as file:
            match = re.match(r'\s*\{\s*"' + _KEY.pattern + '"', file.read(1000))
    except (OSError, UnicodeDecodeError) as error:
        raise ItemError(f"can't read the file ({error})", where=path) from error
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
        YouTube id -> frames a second. The file has 29.97002997 for 30000/1001.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return {row["video_id"]: float(row["fps"]) for row in csv.DictReader(file)}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ItemError(
            f"not BRACE's list of videos ({error})",
            where=path,
            remedy="It needs the columns video_id and fps",
        ) from error


def _load(path):
    try:
        if Path(path).stat().st_size > _MAX_BYTES:
            raise ItemError(f"larger than {_MAX_BYTES >> 20} MiB: no BRACE segment", where=path)
        entries = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ItemError(f"can't read the file ({error.strerror})", where=path) from error
    except (ValueError, RecursionError) as error:
        raise ItemError(f"not a JSON file ({error})", where=path) from error
    if not isinstance(entries, dict) or not entries:
        raise ItemError("not a BRACE segment: it must be an object with a key a frame", where=path)
    return entries


def _keypoints(entry, path, key):
    try:
        values = np.asarray(entry["keypoints"], np.float32)
    except (KeyError, TypeError, ValueError, OverflowError):
        values = np.empty(0)
    if values.shape != (17, 3) or np.isinf(values).any():
        raise ItemError("keypoints must be 17 times x, y, score", where=path, value=key)
    return values
