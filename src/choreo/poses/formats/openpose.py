"""OpenPose's JSON output (``--write_json``), read and written.

One object a frame, ``{"version": 1.3, "people": [{"pose_keypoints_2d": [x, y, c] * K}]}``,
in a folder of files ``<stem>_<12 digits>_keypoints.json``, or all of them in one list.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np

from choreo.errors import ItemError, plain
from choreo.files import ending, whole_folder
from choreo.poses.formats import native
from choreo.poses.formats.people import People, first_number, flat_triples

SKELETON_BY_COUNT = {18: "openpose18"}
"""25 joints may be BODY_25 or BODY_25B, which have different orders: that must be told."""

META = {"estimator": "openpose", "licence": "OpenPose: non-commercial research"}
MODELS = ("body25", "body25b", "openpose18")
"""Skeletons that OpenPose has, and that are written."""

_NAME = re.compile(r".*?([0-9]{1,12})(_keypoints)?\.json")


def _numbered_files(folder):
    numbered = {}
    for path in sorted(folder.glob("*.json")):
        # What macOS and others keep beside files (._x.json) is none of OpenPose's.
        if path.name.startswith("."):
            continue
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


def _objects(path, first, frames):
    """Give (frame number from 0, object, where) for a folder or a list."""
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
    if first is None:
        first = first_number(min(numbered), max(numbered), frames, where=path, every_frame=True)
    for number, file in sorted(numbered.items()):
        if number < first:
            raise ItemError(
                f"frame {number} lies before the first, which is said to be {first}", where=file
            )
        yield number - first, native.load(file), str(file)


def _same(poses, others):
    return len(poses) == len(others or ()) and all(
        np.array_equal(np.asarray(a, float), np.asarray(b, float), equal_nan=True)
        for a, b in zip(poses, others or ())
    )


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
        triples = native.triples(person.get(key), where=where_person, key=key)
        yield triples, _label(person.get("person_id"), where_person), where_person


def _label(person_id, where):
    # [-1] where OpenPose does not track people, which is the default.
    if person_id is None or person_id == []:
        return np.nan
    number = person_id[0] if isinstance(person_id, list) else person_id
    if not native.is_number(number) or abs(number) > 1e15:
        raise ItemError("`person_id` must be [number]", where=where, value=str(person_id)[:60])
    return float(number) if number >= 0 else np.nan


def read_detections(path, *, frames=None, skeleton=None, first_frame=None):
    """Read every person of an OpenPose output, in its order.

    Parameters
    ----------
    path : str or Path
        A folder of JSON files, or one file with the list of their contents.
    frames : int, optional
        Decoded frames of the video; without it the last frame's number + 1. OpenPose may
        double the last frame: one frame too many is dropped, and told where it is no double.
    skeleton : str, optional
        Needed for 25 joints: ``body25`` or ``body25b``.
    first_frame : int, optional
        Number of the first frame's file; found out where it can be told
        (`choreo.poses.formats.people.first_number`). OpenPose itself counts from 0; pictures
        count as their names do.

    Returns
    -------
    Detections
        Absent joints (`choreo.poses.formats.people.absent_joints`) are NaN. Where nobody is
        found there are 0 joints and, where it was not told, no skeleton.

    Raises
    ------
    ItemError
        With file, frame, value and remedy.
    """
    people = People(path, frames=frames, skeleton=skeleton, by_count=SKELETON_BY_COUNT)
    last = None
    for number, value, where in _objects(path, first_frame, frames):
        found = list(_people(value, where))
        poses = [triples for triples, *_ in found]
        if number == frames:
            if not _same(poses, last):
                print(
                    f"{plain(where)}: one frame more than the video has ({frames}), and not the "
                    "last one doubled: left out. Make sure that the poses are of this video",
                    file=sys.stderr,
                )
            continue
        last = poses
        people.see(number, where)
        for triples, label, where_person in found:
            people.add(number, triples, where=where_person, label=label)
    return people.detections()


_EMPTY = (
    "face_keypoints_2d hand_left_keypoints_2d hand_right_keypoints_2d "
    "pose_keypoints_3d face_keypoints_3d hand_left_keypoints_3d hand_right_keypoints_3d"
).split()


def _person(triples, number):
    return {"person_id": [number], "pose_keypoints_2d": triples} | {key: [] for key in _EMPTY}


def write_detections(detections, path):
    """Write every person as OpenPose does; `read_detections` gives the same back.

    Parameters
    ----------
    detections : Detections
        With the joints of one of OpenPose's models (`MODELS`).
    path : str or Path
        As in `write`. ``person_id`` is the label, -1 where there is none.

    Raises
    ------
    ItemError
        As `write`.
    """
    frames = [{"version": 1.3, "people": []} for _ in range(detections.frames)]
    flat = flat_triples(detections.keypoints, detections.scores)
    for frame, triples, label in zip(detections.frame.tolist(), flat, detections.label):
        number = int(label) if np.isfinite(label) else -1
        frames[frame]["people"].append(_person(triples, number))
    _write(frames, detections.skeleton, Path(path))


def write(track, path):
    """Write a track as OpenPose does, every frame, also those with nobody.

    Parameters
    ----------
    track : PoseTrack
        With the joints of one of OpenPose's models (`MODELS`).
    path : str or Path
        A folder that does not exist yet or is empty, for one file a frame
        (``<folder's name>_<12 digits>_keypoints.json``), whole or not at all; or a
        ``.json`` file for all of them in one list. Absent joints are 0, 0, 0, and a joint
        without a score has the score 0. ``person_id`` is 1: it is all one person. Beside
        them ``canvas_width`` and ``canvas_height`` say the picture's size, which OpenPose
        itself does not, and tools that draw its poses ask for.

    Raises
    ------
    ItemError
        For another skeleton, or a folder that holds something.
    """
    flat = flat_triples(track.keypoints, track.scores)
    width, height = track.size
    canvas = {"canvas_width": width, "canvas_height": height}
    frames = [
        {"version": 1.3, "people": [_person(triples, 1)] if there else []} | canvas
        for triples, there in zip(flat, track.given.any(1))
    ]
    _write(frames, track.skeleton, Path(path))


def file_name(folder: Path, number: int) -> str:
    """Name of a frame's file in a folder."""
    return f"{folder.name}_{number:012d}_keypoints.json"


def _write(frames, skeleton, path):
    if skeleton not in MODELS:
        raise ItemError(
            "OpenPose has no model with these joints",
            value=skeleton,
            remedy=f"Convert the track to one of {', '.join(MODELS)} (--skeleton)",
        )
    if ending(path) == ".json":
        native.write_lines(path, frames)
        return
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ItemError(
            "is there already and holds something", where=path, remedy="Name a new folder"
        )
    with whole_folder(path) as temporary:
        for number, frame in enumerate(frames):
            text = json.dumps(frame, allow_nan=False) + "\n"
            (temporary / file_name(path, number)).write_text(text, encoding="utf-8", newline="\n")
