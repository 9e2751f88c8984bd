"""MMPose's predictions, read and written.

``[{"frame_id": n, "instances": [{"keypoints": [[x, y], ...], "keypoint_scores": [...],
"bbox": [[x1, y1, x2, y2]], "bbox_score": s}]}]``, one object for every frame; its demos
wrap that as ``{"meta_info": {...}, "instance_info": [...]}``. The inferencer counts frames
from 0, the demos from 1: the first object tells.
"""

import numpy as np

from choreo.errors import ItemError
from choreo.pose.skeletons import SKELETONS
from choreo.poses.detections import COCO_OR_HALPE
from choreo.poses.formats import native
from choreo.poses.formats.people import People, flat_triples

META = {"estimator": "mmpose", "licence": "MMPose: Apache-2.0; its models have their own"}


def _names(meta, where):
    """Joint names of ``meta_info`` in order; None where it has none."""
    names = meta.get("keypoint_id2name") if isinstance(meta, dict) else None
    if names is None:
        return None
    if not isinstance(names, dict) or not all(isinstance(n, str) for n in names.values()):
        raise ItemError("`keypoint_id2name` must be number -> name", where=where)
    try:
        numbered = {int(key): name for key, name in names.items()}
    except ValueError as error:
        raise ItemError("`keypoint_id2name` must be number -> name", where=where) from error
    return [numbered[key] for key in sorted(numbered)]


def _check_names(names, skeleton, path):
    """Refuse a file whose own joint names are not those of the skeleton."""
    if names is None or skeleton is None:
        return
    expected = SKELETONS[skeleton].joints
    for number, (name, joint) in enumerate(zip(names, expected)):
        if name != joint:
            raise ItemError(
                f"its joint {number} is {name[:40]!r}, but {skeleton} has {joint!r} there",
                where=path,
                remedy="Use an MMPose model for COCO's 17 or Halpe's 26 joints",
            )


def _triples(instance, where):
    if not isinstance(instance, dict):
        raise ItemError("must be an object", where=where, value=type(instance).__name__)
    points, scores = instance.get("keypoints"), instance.get("keypoint_scores")
    if not isinstance(points, list) or not points:
        raise ItemError("`keypoints` must be a list of [x, y]", where=where)
    if not isinstance(scores, list) or len(scores) != len(points):
        raise ItemError("`keypoint_scores` must be a number for each of `keypoints`", where=where)
    flat = []
    for point, score in zip(points, scores):
        if not isinstance(point, list) or len(point) != 2:
            raise ItemError(
                "`keypoints` must be a list of [x, y]",
                where=where,
                value=str(point)[:60],
                remedy="3-D poses are not read",
            )
        flat += [*point, score]
    return native.coordinates(flat, where=where, key="keypoints, keypoint_scores")


def _box(value, where):
    # Corners, in a list of their own (a slip in MMPose that has become its format).
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    x1, y1, x2, y2 = native.box(value, where=where, key="bbox")
    return [x1, y1, x2 - x1, y2 - y1]


def _frame(value, number, where):
    """Frame number and instances of one object."""
    if isinstance(value, list):
        # The inferencer's first versions wrote the instances alone.
        return number, value
    if not isinstance(value, dict):
        raise ItemError("must be an object", where=where, value=type(value).__name__)
    if "frame_id" not in value and "keypoints" in value:
        raise ItemError(
            "has no frames: these are the people of one picture",
            where=where,
            remedy="Give MMPose's predictions for a video",
        )
    index = native.frame_number(value.get("frame_id"), where=where, key="frame_id")
    instances = value.get("instances")
    if not isinstance(instances, list):
        raise ItemError("`instances` must be a list", where=where)
    return index, instances


def read_detections(path, *, frames=None, skeleton=None, first_frame=None):
    """Read every person of MMPose's predictions for a video.

    Parameters
    ----------
    path : str or Path
        The list, or the object that wraps it.
    frames : int, optional
        Decoded frames of the video; without it the last frame + 1.
    skeleton : str, optional
        Needed where a person has neither 17 (coco17) nor 26 (halpe26) joints.
    first_frame : int, optional
        Number of the first frame; without it the first object's, 0 or 1.

    Returns
    -------
    Detections
        Absent joints (`choreo.poses.formats.people.absent_joints`) are NaN.

    Raises
    ------
    ItemError
        With file, frame, value and remedy.
    """
    people = People(
        path, frames=frames, skeleton=skeleton, by_count=COCO_OR_HALPE, first=first_frame
    )
    names = None
    for key, number, value in native.parts(path):
        where = f"{path}, `{key[:60]}`" if key else str(path)
        if key == "meta_info":
            if number is None:
                names = _names(value, where)
            continue
        if key not in (None, "instance_info"):
            continue
        if number is None:
            if value != []:
                raise ItemError("must be a list of frames", where=where)
            continue
        where = f"{where}, entry {number}"
        index, instances = _frame(value, number, where)
        if people.first is None and number == 0 and index in (0, 1):
            people.first = index
        people.see(index, where)
        for person, instance in enumerate(instances):
            here = f"{where} (frame {index}), person {person}"
            triples = _triples(instance, here)
            people.add(
                index,
                triples,
                where=here,
                label=native.number(instance.get("track_id"), where=here, key="track_id"),
                score=native.number(instance.get("bbox_score"), where=here, key="bbox_score"),
                box=_box(instance.get("bbox"), here),
            )
    _check_names(names, people.skeleton, path)
    return people.detections()


def write(track, path):
    """Write a track as MMPose's inferencer writes a video's predictions.

    Parameters
    ----------
    track : PoseTrack
    path : str or Path
        An object for every frame, counted from 0. Absent joints are at 0, 0 with the score
        0, and a joint without a score has the score 0. ``bbox`` is the box around the
        joints, and ``track_id`` 1: it is all one person.
    """
    flat = flat_triples(track.keypoints, track.scores)
    given = track.given
    native.write_lines(
        path,
        [
            {
                "frame_id": frame,
                "instances": [_instance(triples, track.keypoints[frame][given[frame]])]
                if given[frame].any()
                else [],
            }
            for frame, triples in enumerate(flat)
        ],
    )


def _instance(triples, joints):
    corners = np.concatenate([joints.min(0), joints.max(0)]).astype(float).tolist()
    return {
        "keypoints": [list(point) for point in zip(triples[::3], triples[1::3])],
        "keypoint_scores": triples[2::3],
        "bbox": [corners],
        "bbox_score": float(np.mean(triples[2::3])),
        "track_id": 1,
    }
