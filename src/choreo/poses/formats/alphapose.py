"""AlphaPose's ``alphapose-results.json`` and what Pose Flow makes of it, read and written.

A list with one entry a person: ``{"image_id": "<k>.jpg", "category_id": 1,
"keypoints": [x, y, c] * K, "score": s, "box": [x, y, w, h], "idx": ...}``, where k is the
0-based number of the decoded frame. Frames with nobody have no entry. The `forvis` files
of Pose Flow (``alphapose-results-forvis-tracked.json``) hold the same by picture:
``{"<k>.jpg": [{"keypoints": [...], "scores": s, "idx": n}]}``.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from choreo.errors import ItemError
from choreo.poses.detections import COCO_OR_HALPE, Detections
from choreo.poses.formats import native
from choreo.poses.formats.people import People, flat_triples, given_triples

META = {"estimator": "alphapose", "licence": "AlphaPose: non-commercial research"}

_IMAGE_ID = re.compile(
    # A name that ends in - before the number would be a number below 0.
    r"(?P<before>[^0-9]*[A-Za-z_ ])?0*(?P<number>[0-9]{1,12})(\.[A-Za-z0-9]{1,8})?"
)


class _Pictures:
    """Frame numbers from the names of pictures, all of one folder.

    `own` tells whether all are as AlphaPose names the frames of a video: 12.jpg, and not
    000012.jpg or img12.png, as pictures of a folder are called.
    """

    def __init__(self):
        self.folder, self.own = None, True

    def number(self, image_id, where):
        if type(image_id) is int and image_id >= 0:
            return image_id
        folder, name = "", image_id
        if isinstance(image_id, str):
            folder, _, name = image_id.replace("\\", "/").rpartition("/")
        match = _IMAGE_ID.fullmatch(name) if isinstance(name, str) else None
        if match:
            folder += f"/{match['before']}" if match["before"] else ""
            self.own &= name == f"{int(match['number'])}.jpg"
        if not match:
            raise ItemError(
                "`image_id` must be a frame number such as '12.jpg'",
                where=where,
                value=image_id[:80] if isinstance(image_id, str) else _shown(image_id),
                remedy="Run AlphaPose on the video itself (--video), not on a folder of pictures",
            )
        if self.folder is None:
            self.folder = folder
        if folder != self.folder:
            raise ItemError(
                f"pictures of two folders, {self.folder[:60]!r} and {folder[:60]!r}",
                where=where,
                remedy="Give the results of one video",
            )
        return int(match["number"])


def _shown(value):
    return value if type(value) is int else type(value).__name__


def _label(idx, where):
    # int, float, list or nested list, according to the mode: the first number counts.
    depth = 0
    while isinstance(idx, list) and idx and depth < 8:
        idx, depth = idx[0], depth + 1
    if idx is None or idx == []:
        return np.nan
    if not native.is_number(idx) or abs(idx) > 1e15:
        raise ItemError(
            "`idx` must be a number or a list of numbers", where=where, value=str(idx)[:60]
        )
    return float(idx)


def _entry_of(key, number, value, path):
    """Entry of the list form out of one part of the file, and where it stands."""
    if key is None:
        where = f"{path}, entry {number}"
        if not isinstance(value, dict):
            raise ItemError("must be an object", where=where, value=type(value).__name__)
        if "image_id" not in value:
            raise ItemError("`image_id` is missing", where=where)
        return value["image_id"], value, where
    where = f"{path}, `{key[:60]}`" + ("" if number is None else f", person {number}")
    if number is None or not isinstance(value, dict):
        cmu = isinstance(value, dict) and ("bodies" in value or "people" in value)
        raise ItemError(
            "this is AlphaPose's --format cmu or open, whose necks are wrong"
            if cmu
            else "must be a list of people, or the top level a list of entries",
            where=where,
            remedy="Run AlphaPose without --format" if cmu else "Give alphapose-results.json",
        )
    return key, value, where


def read_detections(path, *, frames=None, skeleton=None, first_frame=None, nan=True):
    """Read every person of an AlphaPose file, in the file's order.

    Parameters
    ----------
    path : str or Path
        The list that AlphaPose writes by default, tracked or not, or the object of a
        `forvis` file.
    frames : int, optional
        Decoded frames of the video; without it the last frame number + 1.
    skeleton : str, optional
        Needed where a person has neither 17 (coco17) nor 26 (halpe26) joints.
    first_frame : int, optional
        Number of the first frame's picture; found out where it can be told
        (`choreo.poses.formats.people.first_number`). AlphaPose itself counts from 0.
    nan : bool
        As in `choreo.poses.formats.native.load`.

    Returns
    -------
    Detections
        Absent joints (`choreo.poses.formats.people.absent_joints`) are NaN. An empty list
        gives nobody, with 0 joints and, where it was not told, no skeleton.

    Raises
    ------
    ItemError
        With file, entry, value and remedy.
    """
    people = People(
        path, frames=frames, skeleton=skeleton, by_count=COCO_OR_HALPE, first=first_frame
    )
    pictures = _Pictures()
    for key, number, value in native.parts(path, nan=nan):
        if key is not None and value == []:
            people.see(pictures.number(key, path), f"{path}, `{key[:60]}`")
            continue
        image_id, entry, where = _entry_of(key, number, value, path)
        if "keypoints" not in entry:
            raise ItemError("`keypoints` is missing", where=where)
        index = pictures.number(image_id, where)
        where = f"{where} (frame {index})"
        # Pose Flow calls a person's score `scores`.
        score = "score" if key is None or "score" in entry else "scores"
        people.add(
            index,
            native.triples(entry["keypoints"], where=where),
            where=where,
            label=_label(entry.get("idx"), where),
            score=native.number(entry.get(score), where=where, key=score),
            box=native.box(entry.get("box"), where=where),
        )
    people.usual = 0 if pictures.own else None
    return people.detections()


def _entry(frame, triples, score, box=None, idx=None):
    entry = {"image_id": f"{frame}.jpg", "category_id": 1, "keypoints": triples}
    if np.isfinite(score):
        entry["score"] = float(score)
    if box is not None and np.isfinite(box).all():
        entry["box"] = [float(b) for b in box]
    if idx is not None and np.isfinite(idx):
        entry["idx"] = idx
    return entry


def write_detections(detections: Detections, path: str | Path) -> None:
    """Write every person in AlphaPose's format; `read_detections` gives the same back.

    Parameters
    ----------
    detections : Detections
    path : str or Path
        Absent joints are written as 0, 0, 0.
    """
    d = detections
    flat = flat_triples(d.keypoints, d.scores)
    rows = zip(d.frame, flat, d.score, d.box, d.label.astype(float).tolist())
    native.write_lines(path, [_entry(*row) for row in rows])


def write(track, path):
    """Write a track in AlphaPose's format.

    Parameters
    ----------
    track : PoseTrack
    path : str or Path
        Frames with nobody get no entry, absent joints 0, 0, 0, and a joint without a
        score the score 0. ``score`` is AlphaPose's (mean + 1.25 max of the joints'
        scores) without the detector's part, which a track does not have. ``idx`` is 1:
        it is all one person.
    """
    native.write_lines(
        path,
        [
            _entry(frame, triples, np.mean(triples[2::3]) + 1.25 * np.max(triples[2::3]), idx=1)
            for frame, triples in zip(*given_triples(track))
        ],
    )
