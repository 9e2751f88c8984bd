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

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from choreo.errors import ItemError
from choreo.poses.formats.registry import read_detections

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


def count_people(format, people):
    """Count everyone of a tool's own file, repeated and further entries included.

    Parameters
    ----------
    format : {"alphapose", "openpose"}
        Of the file.
    people : Detections
        All of its people, in the file's order, and all of its frames.

    Returns
    -------
    dict
        missing, incorrect, confidence, confidence_min, entries.

    Raises
    ------
    ItemError
        As `count_alphapose` and `count_openpose`.
    """
    if format == "openpose":
        return count_openpose(people.frame, people.keypoints, people.scores, people.frames)
    return count_alphapose(people.frame.tolist(), people.keypoints, people.scores)


def count_file(
    path: str | Path, *, format: str, skeleton: str | None = None, first_frame: int | None = None
) -> dict[str, Any]:
    """Count everyone of a tool's own file: see `count_people`.

    Parameters
    ----------
    path : str or Path
    format : {"alphapose", "openpose"}
    skeleton, first_frame
        See `choreo.poses.formats.registry.read_detections`.
    """
    # Not told the frames of the video: every entry of the file counts, from whatever
    # number on (AlphaPose's missing frames are gaps between numbers).
    if first_frame is None and format == "alphapose":
        first_frame = 0
    people = read_detections(format, path, skeleton=skeleton, first_frame=first_frame)
    return count_people(format, people)


def count_alphapose(frame, keypoints, scores):
    """Count missing and incorrect frames of AlphaPose's entries as the released code did.

    Parameters
    ----------
    frame : sequence of int, length N
        Frame number of each entry, in the file's order.
    keypoints : ndarray of float64, shape (N, J, 2)
        Pixels; NaN stands for the 0 that is written where a joint is absent.
    scores : ndarray of float64, shape (N, J)
        Likewise.

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
    for number, pose, score in zip(frame, np.nan_to_num(keypoints), np.nan_to_num(scores)):
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


def count_openpose(frame, keypoints, scores, frames):
    """Count missing and incorrect frames of OpenPose's people as the released code did.

    Parameters
    ----------
    frame : sequence of int, length N
        Frame number of each person, not decreasing; the first of each frame counts.
    keypoints : ndarray of float64, shape (N, J, 2)
        Pixels; NaN stands for the 0 that is written where a joint is absent.
    scores : ndarray of float64, shape (N, J)
        Likewise.
    frames : int
        Frames that OpenPose wrote, with people or without.

    Returns
    -------
    dict
        missing, incorrect, confidence, confidence_min, entries.

    Raises
    ------
    ItemError
        Where there is no frame, and where the first one is empty and a later one is not:
        the released code stops there.
    """
    if not frames:
        raise ItemError("`released` counts need at least one frame")
    numbers, first = np.unique(frame, return_index=True)
    if len(numbers) and numbers[0] != 0:
        raise ItemError(
            "`released` counts are undefined where the first frame holds nobody",
            remedy="Use method thesis",
        )
    poses, scores = np.nan_to_num(keypoints)[first], np.nan_to_num(scores)[first]
    incorrect = 0
    for previous, pose in pairwise(poses):
        if np.abs(pose - previous).max() > THRESHOLD_PX:
            feet = np.stack([previous, pose])[:, FIRST_FOOT_JOINT:]
            incorrect += not (feet == 0).any()
    return _result(frames - len(numbers), incorrect, scores[1:], frames)
