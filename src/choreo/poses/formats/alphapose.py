"""AlphaPose's ``alphapose-results.json``, read and written.

A list with one entry a person: ``{"image_id": "<k>.jpg", "category_id": 1,
"keypoints": [x, y, c] * K, "score": s, "box": [x, y, w, h], "idx": ...}``, where k is the
0-based number of the decoded frame. Frames with nobody have no entry.
"""

import json
import re

import numpy as np

from choreo.errors import ItemError
from choreo.files import write_text
from choreo.poses import native
from choreo.poses.detections import Detections, frame_count, skeleton_for
from choreo.poses.selection import dancer_track

SKELETON_BY_COUNT = {17: "coco17", 26: "halpe26"}

_IMAGE_ID = re.compile(r"0*([0-9]{1,12})(\.[A-Za-z0-9]{1,8})?")


def _frame_number(image_id, where):
    if type(image_id) is int and image_id >= 0:
        return image_id
    match = _IMAGE_ID.fullmatch(image_id) if isinstance(image_id, str) else None
    if not match:
        raise ItemError(
            "`image_id` must be a frame number such as '12.jpg'",
            where=where,
            value=image_id if isinstance(image_id, (str, int)) else type(image_id).__name__,
            remedy="Run AlphaPose on the video itself (--video), not on a folder of pictures",
        )
    return int(match[1])


def _label(idx, where):
    # int, float, list or nested list, according to the mode: the first number counts.
    depth = 0
    while isinstance(idx, list) and idx and depth < 8:
        idx, depth = idx[0], depth + 1
    if idx is None or idx == []:
        return np.nan
    if not native.is_number(idx) or abs(idx) > 1e15:
        raise ItemError("`idx` must be a number or a list of numbers", where=where, value=str(idx))
    return float(idx)


def _score(score, where):
    if score is None:
        return np.nan
    if not native.is_number(score) or abs(score) > native.MAX_PIXELS:
        raise ItemError("`score` must be a number", where=where, value=str(score)[:40])
    return float(score)


def _box(box, where):
    if box is None:
        return [np.nan] * 4
    fits = isinstance(box, list) and len(box) == 4
    if not fits or not all(native.is_number(b) and abs(b) <= native.MAX_PIXELS for b in box):
        raise ItemError("`box` must be [x, y, width, height]", where=where, value=str(box)[:60])
    return box


def read_detections(path, *, frames=None, skeleton=None):
    """Read every person of an AlphaPose file, in the file's order.

    Parameters
    ----------
    path : str or Path
        The list that AlphaPose writes by default.
    frames : int, optional
        Decoded frames of the video; without it the last frame number + 1.
    skeleton : str, optional
        Needed where a person has neither 17 (coco17) nor 26 (halpe26) joints.

    Returns
    -------
    Detections
        A joint written as 0, 0, 0 is absent (NaN). An empty list gives nobody, with 0
        joints and, where it was not told, no skeleton.

    Raises
    ------
    ItemError
        With file, entry, value and remedy.
    """
    frame, keypoints, labels, scores, boxes = [], [], [], [], []
    count = None
    for number, entry in native.entries(path):
        where = f"{path}, entry {number}"
        if not isinstance(entry, dict):
            raise ItemError("must be an object", where=where, value=type(entry).__name__)
        for key in ("image_id", "keypoints"):
            if key not in entry:
                raise ItemError(f"`{key}` is missing", where=where)
        index = _frame_number(entry["image_id"], where)
        where = f"{where} (frame {index})"
        values = native.triples(entry["keypoints"], where=where)
        if count is None:
            count = len(values) // 3
            skeleton = skeleton_for(count, skeleton, SKELETON_BY_COUNT, where=path)
        if len(values) != 3 * count:
            raise ItemError(
                f"has {len(values) // 3} joints, the entries before it {count}",
                where=where,
                remedy="Two estimators' outputs were mixed: run it again",
            )
        # Checked here, entry by entry, so that the message names the entry.
        frame_count(index, frames, where=where)
        frame.append(index)
        keypoints.append(np.array(values, float))
        labels.append(_label(entry.get("idx"), where))
        scores.append(_score(entry.get("score"), where))
        boxes.append(_box(entry.get("box"), where))
    values = np.array(keypoints, float).reshape(len(frame), count or 0, 3)
    values[(values == 0).all(-1)] = np.nan
    return Detections(
        frame=np.array(frame, int),
        keypoints=values[..., :2],
        scores=values[..., 2],
        skeleton=skeleton,
        frames=frame_count(max(frame, default=-1), frames, where=path),
        label=np.array(labels, float),
        score=np.array(scores, float),
        box=np.array(boxes, float).reshape(-1, 4),
    )


def read(path, *, fps, size, frames=None, skeleton=None):
    """Read an AlphaPose file as the track of its dancer.

    Parameters
    ----------
    path : str or Path
        The list that AlphaPose writes by default.
    fps : float
        Frames a second of the video.
    size : tuple of int
        Width and height of the video in pixels.
    frames : int, optional
        Decoded frames of the video. Without it the last frame number + 1 is taken, and
        ``meta["frames_from"]`` says so: frames with nobody at the end are then unknown.
    skeleton : str, optional
        As in `read_detections`.

    Returns
    -------
    PoseTrack
        Coordinates as AlphaPose gave them, outside the picture too. `meta` records the
        choice of the dancer (see `choreo.poses.selection.select_dancer`).

    Raises
    ------
    ItemError
    """
    detections = read_detections(path, frames=frames, skeleton=skeleton)
    meta = {
        "estimator": "alphapose",
        "licence": "AlphaPose: non-commercial research",
        "frames_from": "last image_id + 1" if frames is None else "video",
    }
    return dancer_track(detections, fps=fps, size=size, meta=meta, source=path)


def _entry(frame, triples, score, box=None, idx=None):
    entry = {"image_id": f"{frame}.jpg", "category_id": 1, "keypoints": triples}
    if np.isfinite(score):
        entry["score"] = float(score)
    if box is not None and np.isfinite(box).all():
        entry["box"] = [float(b) for b in box]
    if idx is not None and np.isfinite(idx):
        entry["idx"] = float(idx)
    return entry


def _flat(keypoints, scores):
    triples = np.concatenate([keypoints, scores[..., None]], -1).astype(float)
    triples[~np.isfinite(keypoints).all(-1)] = 0
    # A joint that cleaning filled in has no confidence.
    return np.nan_to_num(triples, nan=0.0).reshape(len(triples), -1).tolist()


def _write(path, listed):
    # One entry a line: the same bytes whatever the size, and fit for text tools.
    lines = ",\n".join(json.dumps(entry, allow_nan=False) for entry in listed)
    write_text(path, f"[\n{lines}\n]\n" if listed else "[]\n")


def write_detections(detections, path):
    """Write every person in AlphaPose's format; `read_detections` gives the same back.

    Parameters
    ----------
    detections : Detections
    path : str or Path
        Absent joints are written as 0, 0, 0.
    """
    d = detections
    flat = _flat(d.keypoints, d.scores)
    _write(path, [_entry(*row) for row in zip(d.frame, flat, d.score, d.box, d.label)])


def write(track, path):
    """Write a track in AlphaPose's format.

    Parameters
    ----------
    track : PoseTrack
    path : str or Path
        Frames with nobody get no entry, absent joints 0, 0, 0, and a joint without a
        score the score 0. ``score`` is AlphaPose's (mean + 1.25 max of the joints'
        scores) without the detector's part, which a track does not have.
    """
    present = np.flatnonzero(track.given.any(1))
    flat = _flat(track.keypoints[present], track.scores[present])
    _write(
        path,
        [
            _entry(frame, triples, np.mean(triples[2::3]) + 1.25 * np.max(triples[2::3]))
            for frame, triples in zip(present.tolist(), flat)
        ],
    )
