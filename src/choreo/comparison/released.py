"""The counts of Table 1 as the thesis's released code made them, to compare with its numbers.

They differ from the text of the thesis (sections 3.3 and 3.4):

- a frame is incorrect where x or y of any joint moved by more than 100 px (not 50) from
  the entry before it; eq. (2) is not applied;
- AlphaPose's missing frames are the gaps between frame numbers: frames before the first
  and after the last entry are not counted. A repeated frame number is passed over;
- OpenPose's missing frames are the entries without people; the pose before them stays the
  one to compare with. Absent joints are compared as the 0, 0 that OpenPose writes, but a
  frame is not counted where a foot joint (from index 19 on) has a 0 in it or in the pose
  before;
- the person is the first of each frame;
- confidence is the sum over entries after the first of the joints' mean, divided by the
  number of all entries.
"""

import numpy as np

from choreo.errors import ItemError
from choreo.poses import alphapose, openpose

THRESHOLD_PX = 100.0
"""Displacement in pixels above which a frame is counted."""

FIRST_FOOT_JOINT = 19
"""BODY_25's big toe: from here on a 0 excuses a frame of OpenPose."""


def _result(missing, incorrect, scores, entries):
    return {
        "missing": int(missing),
        "incorrect": int(incorrect),
        "confidence": float(sum(s.mean() for s in scores) / entries),
        # The smallest score, but never above the 0 that the search began with.
        "confidence_min": float(min([0.0, *(s.min() for s in scores)])),
        "entries": int(entries),
    }


def count(frame, keypoints, scores):
    """Count by the rules for AlphaPose.

    Parameters
    ----------
    frame : sequence of int, length N
        Frame number of each entry, in the file's order.
    keypoints : ndarray of float64, shape (N, J, 2)
        Pixels, without NaN.
    scores : ndarray of float64, shape (N, J)

    Returns
    -------
    dict
        missing, incorrect, confidence, confidence_min, entries.

    Raises
    ------
    ItemError
        Where there is no entry (the released code stops there).
    """
    if not len(frame):
        raise ItemError(
            "`released` counts need at least one person",
            remedy="Use method thesis, which counts every frame as missing",
        )
    at = frame[0] - 1
    previous = None
    missing, incorrect, compared = 0, 0, []
    for number, pose, score in zip(frame, keypoints, scores):
        if number == at:
            continue
        # A number that goes backwards still moves the count on by one.
        missing += max(number - at - 1, 0)
        at = max(number, at + 1)
        if previous is not None:
            incorrect += bool(np.abs(pose - previous).max() > THRESHOLD_PX)
            compared.append(score)
        previous = pose
    return _result(missing, incorrect, compared, len(frame))


def quality_released_alphapose(path, *, skeleton=None):
    """Count missing and incorrect frames of an AlphaPose file as the released code did.

    Parameters
    ----------
    path : str or Path
        AlphaPose's list.
    skeleton : str, optional
        Needed where a person has neither 17 nor 26 joints.

    Returns
    -------
    dict
        missing, incorrect, confidence, confidence_min, entries.

    Raises
    ------
    ItemError
        Where the file can't be read or holds nobody (the released code stops there).
    """
    found = alphapose.read_detections(path, skeleton=skeleton)
    return count(found.frame.tolist(), *_as_written(found))


def quality_released_openpose(path):
    """Count missing and incorrect frames of OpenPose output as the released code did.

    Parameters
    ----------
    path : str or Path
        OpenPose's folder of JSON files, or one list of their contents.

    Returns
    -------
    dict
        missing, incorrect, confidence, confidence_min, entries.

    Raises
    ------
    ItemError
        Where it can't be read or has no frame, and where the first frame is empty and a
        later one is not: the released code stops there.
    """
    # Its rules look at positions, not at what the joints are called.
    found = openpose.read_detections(path, skeleton=openpose.ANY_ORDER)
    keypoints, scores = _as_written(found)
    first = {}
    for index, frame in enumerate(found.frame.tolist()):
        first.setdefault(frame, index)
    if not found.frames:
        raise ItemError("`released` counts need at least one frame", where=path)
    if first and 0 not in first:
        raise ItemError(
            "`released` counts are undefined where the first frame holds nobody",
            where=path,
            remedy="Use method thesis",
        )
    previous = None
    incorrect, compared = 0, []
    for frame in sorted(first):
        pose = keypoints[first[frame]]
        if previous is None:
            previous = pose
            continue
        if np.abs(pose - previous).max() > THRESHOLD_PX:
            feet = np.stack([pose, previous])[:, FIRST_FOOT_JOINT:]
            incorrect += not (feet == 0).any()
        compared.append(scores[first[frame]])
        previous = pose
    return _result(found.frames - len(first), incorrect, compared, found.frames)


def _as_written(detections):
    return np.nan_to_num(detections.keypoints), np.nan_to_num(detections.scores)
