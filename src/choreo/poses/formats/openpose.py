"""OpenPose's JSON output (``--write_json``), read.

One object a frame, ``{"version": 1.3, "people": [{"pose_keypoints_2d": [x, y, c] * K}]}``,
in a folder of files ``<stem>_<12 digits>_keypoints.json``, or all of them in one list.
"""

import re
from pathlib import Path

import numpy as np

from choreo.errors import ItemError
from choreo.poses import native
from choreo.poses.detections import MAX_FRAMES, Detections, frame_count, skeleton_for
from choreo.poses.selection import dancer_track

SKELETON_BY_COUNT = {18: "openpose18"}
"""25 joints may be BODY_25 or BODY_25B, which have different orders: that must be told."""

_NAME = re.compile(r".*?([0-9]{1,12})(_keypoints)?\.json")


def _numbered_files(folder):
    numbered = {}
    for path in sorted(folder.glob("*.json")):
        match = _NAME.fullmatch(path.name)
        if not match:
            raise ItemError(
                "the file name must hold the frame number",
                where=path,
                remedy="Keep OpenPose's names, <stem>_000000000012_keypoints.json",
            )
        number = int(match[1])
        if number in numbered:
            raise ItemError(
                f"frame {number} is there twice: {numbered[number].name} and {path.name}",
                where=folder,
                remedy="Keep the output of one video in a folder of its own",
            )
        numbered[number] = path
    return numbered


def _objects(path):
    """Give (frame number, object, where) for a folder or a list."""
    path = Path(path)
    if not path.is_dir():
        for number, value in native.entries(path):
            yield number, value, f"{path}, frame {number}"
        return
    numbered = _numbered_files(path)
    if not numbered:
        raise ItemError(
            "holds no .json files", where=path, remedy="Give the folder of --write_json"
        )
    for number, file in sorted(numbered.items()):
        yield number, native.load(file), str(file)


def _people(value, where):
    people = value.get("people") if isinstance(value, dict) else None
    if not isinstance(people, list):
        raise ItemError(
            "must be an object with a list `people`",
            where=where,
            remedy="Give the JSON files of OpenPose's --write_json",
        )
    for index, person in enumerate(people):
        where_person = f"{where}, person {index}"
        if not isinstance(person, dict):
            raise ItemError("must be an object", where=where_person, value=type(person).__name__)
        # The name that very old versions use.
        key = "pose_keypoints" if "pose_keypoints" in person else "pose_keypoints_2d"
        yield native.triples(person.get(key), where=where_person, key=key), where_person


def read_detections(path, *, frames=None, skeleton=None):
    """Read every person of an OpenPose output, in its order.

    Parameters
    ----------
    path : str or Path
        A folder of JSON files, or one file with the list of their contents.
    frames : int, optional
        Decoded frames of the video; without it the last frame's number + 1. OpenPose may
        double the last frame: one frame too many is dropped.
    skeleton : str, optional
        Needed for 25 joints: ``body25``.

    Returns
    -------
    Detections
        A joint written as 0, 0, 0 is absent (NaN). Where nobody is found there are 0
        joints and, where it was not told, no skeleton.

    Raises
    ------
    ItemError
        With file, frame, value and remedy.
    """
    frame, keypoints = [], []
    count, last = None, -1
    for number, value, where in _objects(path):
        if number >= MAX_FRAMES or (frames is not None and number > frames):
            frame_count(number, frames, where=where)
        people = list(_people(value, where))
        if number == frames:
            continue
        last = max(last, number)
        for values, where_person in people:
            if count is None:
                count = len(values) // 3
                skeleton = skeleton_for(count, skeleton, SKELETON_BY_COUNT, where=path)
            if len(values) != 3 * count:
                raise ItemError(
                    f"has {len(values) // 3} joints, those before {count}", where=where_person
                )
            frame.append(number)
            keypoints.append(np.array(values, float))
    values = np.array(keypoints, float).reshape(len(frame), count or 0, 3)
    values[(values == 0).all(-1)] = np.nan
    nothing = np.full(len(frame), np.nan)
    return Detections(
        frame=np.array(frame, int),
        keypoints=values[..., :2],
        scores=values[..., 2],
        skeleton=skeleton,
        frames=frame_count(last, frames, where=path),
        label=nothing,
        score=nothing,
        box=np.full((len(frame), 4), np.nan),
    )


def read(path, *, fps, size, frames=None, skeleton=None):
    """Read an OpenPose output as the track of its dancer.

    Parameters
    ----------
    path : str or Path
        A folder of JSON files, or one file with the list of their contents.
    fps : float
        Frames a second of the video.
    size : tuple of int
        Width and height of the video in pixels.
    frames : int, optional
        Decoded frames of the video. Without it the last frame's number + 1.
    skeleton : str, optional
        As in `read_detections`.

    Returns
    -------
    PoseTrack
        `meta` records the choice of the dancer.

    Raises
    ------
    ItemError
    """
    detections = read_detections(path, frames=frames, skeleton=skeleton)
    meta = {
        "estimator": "openpose",
        "licence": "OpenPose: non-commercial research",
        "frames_from": "last frame + 1" if frames is None else "video",
    }
    return dancer_track(detections, fps=fps, size=size, meta=meta, source=path)
