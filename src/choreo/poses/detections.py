"""Everyone that an estimator found in a video, before one dancer is chosen."""

from dataclasses import dataclass

import numpy as np

from choreo.errors import ItemError, check_known
from choreo.pose.skeletons import SKELETONS
from choreo.pose.track import PoseTrack

COCO_OR_HALPE = {17: "coco17", 26: "halpe26"}
"""What the number of joints says of AlphaPose's, MMPose's and RTMPose's people."""

BEGIN_WITH = {136: ("halpe26", "coco17"), 133: ("coco17",), 135: ("body25b",), 137: ("body25",)}
"""Models of the whole body (Halpe, COCO-WholeBody, BODY_135, BODY_25 with face and hands): what
their first joints are."""

MAX_FRAMES = 1_000_000
"""Longest video that is accepted: over nine hours at 30 frames a second."""


@dataclass(frozen=True)
class Detections:
    """People in the order of the estimator's own output, N of them over all frames.

    Attributes
    ----------
    frame : ndarray of int, shape (N,)
        0-based number of the decoded frame.
    keypoints : ndarray of float64, shape (N, J, 2)
        x, y in pixels of the video, also outside it; NaN where the joint is absent.
    scores : ndarray of float64, shape (N, J)
        The estimator's confidence; NaN where the joint is absent.
    skeleton : str
        A key of `choreo.pose.skeletons.SKELETONS`.
    frames : int
        Frames of the video, those with nobody included.
    label : ndarray of float64, shape (N,)
        The tool's own number of the person; NaN where it gives none.
    score : ndarray of float64, shape (N,)
        The tool's score of the whole person; NaN where it gives none.
    box : ndarray of float64, shape (N, 4)
        x, y, width, height in pixels; NaN where it gives none.
    """

    frame: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray
    skeleton: str
    frames: int
    label: np.ndarray
    score: np.ndarray
    box: np.ndarray

    def __len__(self):
        return len(self.frame)

    def track(self, members, *, fps, size, meta):
        """Make the track of one person.

        Parameters
        ----------
        members : ndarray of int
            Their detections, at most one a frame.
        fps, size, meta
            As in `choreo.pose.track.PoseTrack`.

        Returns
        -------
        PoseTrack
            Over all frames of the video; NaN where the person has no detection.
        """
        joints = len(SKELETONS[self.skeleton])
        keypoints = np.full((self.frames, joints, 2), np.nan, np.float32)
        scores = np.full((self.frames, joints), np.nan, np.float32)
        keypoints[self.frame[members]] = self.keypoints[members]
        scores[self.frame[members]] = self.scores[members]
        return PoseTrack(keypoints, scores, fps=fps, size=size, skeleton=self.skeleton, meta=meta)


def skeleton_for(joints, asked, by_count, *, where):
    """Name of the skeleton of a file with `joints` joints a person.

    Parameters
    ----------
    joints : int
        Joints that each person of the file has.
    asked : str or None
        What the user says that it is.
    by_count : dict of int to str
        What the number alone decides in this format.
    where : str or Path
        The file.

    Returns
    -------
    str

    Raises
    ------
    ItemError
        Where the number decides nothing and none was asked for, or what was asked for has
        another number of joints (`BEGIN_WITH` are the exceptions).
    """
    if asked is None:
        if joints not in by_count and joints in BEGIN_WITH:
            names = BEGIN_WITH[joints]
            raise ItemError(
                "the number of joints does not tell which skeleton this is",
                where=where,
                value=joints,
                remedy="They seem to be those of a whole body with face and hands. Say which to "
                "read: "
                + " or ".join(f"--skeleton {n} (the first {len(SKELETONS[n])})" for n in names)
                + "; `skeleton` in the config",
            )
        if joints not in by_count:
            fitting = [name for name, s in SKELETONS.items() if len(s) == joints]
            raise ItemError(
                "the number of joints does not tell which skeleton this is",
                where=where,
                value=joints,
                remedy=f"Give `skeleton`: {' or '.join(fitting)}"
                if fitting
                else f"Only {', '.join(SKELETONS)} are known",
            )
        return by_count[joints]
    check_known(asked, SKELETONS, what="skeleton", kind=ItemError, where=where)
    if len(SKELETONS[asked]) != joints and asked not in BEGIN_WITH.get(joints, ()):
        raise ItemError(
            f"the file has {joints} joints a person, {asked} has {len(SKELETONS[asked])}",
            where=where,
            remedy="Give the skeleton that the estimator was run with",
        )
    return asked


def frame_count(last, frames, *, where, told=True):
    """Number of frames of the video, checked against the last frame number of a file.

    Parameters
    ----------
    last : int
        Largest 0-based frame number of the file.
    frames : int or None
        Decoded frames of the video; None takes ``last + 1``.
    where : str or Path
        The file.
    told : bool
        Whether it is known from which number the file counts.

    Returns
    -------
    int

    Raises
    ------
    ItemError
        Where the file has a frame that the video lacks, or an absurd one.
    """
    if last >= MAX_FRAMES:
        raise ItemError(
            f"frame numbers must be below {MAX_FRAMES}",
            where=where,
            value=last,
            remedy="Check that this is the estimator's output for a single video",
        )
    if frames is None:
        return last + 1
    if last >= frames:
        raise ItemError(
            f"the file has frame {last}, but the video has {frames} frames (0 to {frames - 1})",
            where=where,
            remedy="Run the estimator on the standardised video"
            + (
                ""
                if told
                else ", or say the number of its first frame, where that is not 0 (choreo import "
                "--first-frame, `first_frame` of the config)"
            ),
        )
    return int(frames)
