"""COCO's keypoint results, read and written.

A list with one entry a person: ``{"image_id": n, "category_id": 1,
"keypoints": [x, y, c] * K, "score": s}`` (https://cocodataset.org/#format-results). For a
video, `image_id` is the number of the frame; COCO does not say from where it counts. Tools
that follow people add ``track_id``.
"""

import numpy as np

from choreo.errors import ItemError
from choreo.poses.formats import native
from choreo.poses.formats.people import People, given_triples

SKELETON_BY_COUNT = {17: "coco17"}
META = {"estimator": "coco results"}


def read_detections(path, *, frames=None, skeleton=None, first_frame=None):
    """Read every person of a file of COCO keypoint results.

    Parameters
    ----------
    path : str or Path
        The list.
    frames : int, optional
        Decoded frames of the video; without it the last frame + 1.
    skeleton : str, optional
        Needed where a person has not 17 joints.
    first_frame : int, optional
        `image_id` of the first frame; found out where it can be told
        (`choreo.poses.formats.people.first_number`).

    Returns
    -------
    Detections
        Absent joints (`choreo.poses.formats.people.absent_joints`) are NaN.

    Raises
    ------
    ItemError
        With file, entry, value and remedy.
    """
    people = People(
        path, frames=frames, skeleton=skeleton, by_count=SKELETON_BY_COUNT, first=first_frame
    )
    for number, entry in native.entries(path):
        where = f"{path}, entry {number}"
        if not isinstance(entry, dict):
            raise ItemError("must be an object", where=where, value=type(entry).__name__)
        if isinstance(entry.get("image_id"), str):
            raise ItemError(
                "`image_id` must be a number",
                where=where,
                value=entry["image_id"][:40],
                remedy="Names of pictures are AlphaPose's: choreo import alphapose",
            )
        index = native.frame_number(entry.get("image_id"), where=where, key="image_id")
        if entry.get("category_id", 1) != 1:
            raise ItemError(
                "`category_id` must be 1 (person)",
                where=where,
                value=str(entry["category_id"])[:40],
            )
        where = f"{where} (frame {index})"
        people.add(
            index,
            native.triples(entry.get("keypoints"), where=where),
            where=where,
            label=native.number(entry.get("track_id"), where=where, key="track_id"),
            score=native.number(entry.get("score"), where=where, key="score"),
            box=native.box(entry.get("bbox"), where=where, key="bbox"),
        )
    return people.detections()


def write(track, path):
    """Write a track as COCO keypoint results.

    Parameters
    ----------
    track : PoseTrack
    path : str or Path
        Frames count from 0; those with nobody get no entry. Absent joints are 0, 0, 0, and
        a joint without a score has the score 0. ``score`` is the mean of the joints'
        scores, and ``track_id`` 1: it is all one person.
    """
    native.write_lines(
        path,
        [
            {
                "image_id": frame,
                "category_id": 1,
                "keypoints": triples,
                "score": float(np.mean(triples[2::3])),
                "track_id": 1,
            }
            for frame, triples in zip(*given_triples(track))
        ],
    )
