"""Pose Flow's matching of people from frame to frame, on any estimator's detections.

Xiu, Li, Wang, Fang and Lu (2018), *Pose Flow: Efficient Online Pose Tracking*, with the
terms, weights and limits of its general tracker: someone of the newest frame with people
is compared by ORB features and by overlap, someone last seen in an older one by overlap
alone, and the Hungarian method maximises the sum of the grades.
"""

import contextlib
import itertools

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from choreo import media
from choreo.errors import ItemError

LINK_FRAMES = 100
"""Frames with people in which someone is looked for."""

TOP_JOINTS = 7
"""The joints that overlap most make up the pose terms."""

REACH = 30
"""Half the side of the box around a joint, in pixels."""

MATCH = 0.2
"""Smallest grade of a match; the largest possible is 6, and 2 for an older frame."""

NEWEST = (1.0, 2.0, 1.0, 2.0)
"""Weights of box by ORB, box, pose by ORB and pose for people of the newest frame."""

OLDER = (0.0, 1.0, 0.0, 1.0)
"""The same for people last seen before that."""

FEW_MATCHES = 40
"""With fewer ORB matches than this two pictures are taken to be the same picture."""

_FEATURES = 10_000
_RATIO = 0.8
_EXPAND = 0.1
_TINY = 1e-5


def boxes(keypoints, size):
    """Boxes around poses, a tenth larger on each side, inside the picture.

    Parameters
    ----------
    keypoints : ndarray, shape (N, J, 2)
        Pixels; absent joints are NaN, and each person has one at least.
    size : tuple of int
        Width and height of the picture.

    Returns
    -------
    ndarray, shape (N, 4)
        Left, right, top, bottom, in whole pixels.
    """
    low, high = np.nanmin(keypoints, axis=1), np.nanmax(keypoints, axis=1)
    margin = _EXPAND * (high - low)
    low, high = np.clip(low - margin, 0, size), np.clip(high + margin, 0, size)
    return np.trunc(np.stack([low[:, 0], high[:, 0], low[:, 1], high[:, 1]], 1))


def joint_boxes(keypoints):
    """Boxes (..., 4) of `REACH` pixels to each side around joints (..., 2)."""
    x, y = keypoints[..., 0], keypoints[..., 1]
    return np.stack([x - REACH, x + REACH, y - REACH, y + REACH], -1)


def overlap(one, other):
    """Intersection over union of P with D boxes whose edges count as pixels.

    Parameters
    ----------
    one, other : ndarray, shapes (P, ..., 4) and (D, ..., 4)
        Left, right, top, bottom; NaN for an absent joint.

    Returns
    -------
    ndarray, shape (P, D, ...)
        0 where two boxes only touch, or one is NaN.
    """
    one, other = one[:, None], other[None]
    low, high = np.maximum(one, other), np.minimum(one, other)
    width, height = high[..., 1] - low[..., 0], high[..., 3] - low[..., 2]
    meet = (width > 0) & (height > 0)
    inside = np.where(meet, (width + 1) * (height + 1), 0.0)
    areas = sum((b[..., 1] - b[..., 0] + 1) * (b[..., 3] - b[..., 2] + 1) for b in (one, other))
    return np.where(meet, inside / np.where(meet, areas - inside + _TINY, 1), 0.0)


class Matches:
    """Points of one picture that were found again in the next.

    Parameters
    ----------
    first, second : ndarray of float, shape (K, 2)
        The same points in the two pictures, in whole pixels.
    """

    def __init__(self, first, second):
        self.first, self.second = first, second

    def overlap(self, one, other):
        """Shared over all matches that begin in boxes `one` or end in boxes `other`.

        Parameters
        ----------
        one, other : ndarray, shapes (P, ..., 4) and (D, ..., 4)
            Boxes in the first and in the second picture.

        Returns
        -------
        ndarray, shape (P, D, ...)
        """
        begins, ends = _within(self.first, one), _within(self.second, other)
        both = np.einsum("p...k,d...k->pd...", begins, ends)
        return both / (begins.sum(-1)[:, None] + ends.sum(-1)[None] - both + _TINY)


def _within(points, box):
    x, y, box = points[:, 0], points[:, 1], box[..., None]
    left, right, top, bottom = (box[..., i, :] for i in range(4))
    inside = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
    return inside.astype(float)


class SamePicture:
    """Every pixel found again where it was: for pictures with too little texture.

    Parameters
    ----------
    size : tuple of int
        Width and height.
    """

    def __init__(self, size):
        self.size = size

    def overlap(self, one, other):
        """As `Matches.overlap`."""
        one, other = one[:, None], other[None]
        shared = self._pixels(np.maximum(one, other), np.minimum(one, other))
        return shared / (self._pixels(one, one) + self._pixels(other, other) - shared + _TINY)

    def _pixels(self, low, high):
        """Whole pixels from the lower edges of `low` to the upper ones of `high`."""
        count = 1.0
        for axis, length in enumerate(self.size):
            start = np.maximum(np.ceil(low[..., 2 * axis]), 0)
            stop = np.minimum(np.floor(high[..., 2 * axis + 1]), length - 1)
            count = count * np.nan_to_num(np.maximum(stop - start + 1, 0))
        return count


def _features(orb, picture):
    points, descriptors = orb.detectAndCompute(picture, None)
    return np.trunc(np.array([p.pt for p in points], float).reshape(-1, 2)), descriptors


def match_pictures(first, second, size):
    """Match the ORB features of two pictures.

    The nearest descriptors are found exactly, where the tracker searches approximately
    and not the same in each run; a match must be clearly nearer than the second nearest.

    Parameters
    ----------
    first, second : tuple
        Points (K, 2) and descriptors of each picture.
    size : tuple of int
        Width and height.

    Returns
    -------
    Matches or SamePicture
    """
    (points, descriptors), (others, their) = first, second
    if len(points) * len(others) < 400 or len(others) < 2:
        return SamePicture(size)
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(descriptors, their, k=2)
    kept = [near for near, far in pairs if near.distance < _RATIO * far.distance]
    if len(kept) < FEW_MATCHES:
        return SamePicture(size)
    return Matches(points[[m.queryIdx for m in kept]], others[[m.trainIdx for m in kept]])


def _pictures(video, size, frames):
    """Features of the frames named, in their order; the video is read once."""
    orb = cv2.ORB_create(nfeatures=_FEATURES, scoreType=cv2.ORB_FAST_SCORE)
    wanted, number = set(frames), -1
    with contextlib.closing(media.read_frames(video, size)) as stream:
        for number, picture in enumerate(stream):
            if number in wanted:
                yield _features(orb, picture)
            if number == frames[-1]:
                return
    raise ItemError(
        f"has {number + 1} frames, but people were found in frame {frames[-1]}",
        where=video,
        remedy="Run the estimator on the standardised video",
    )


def _top(terms):
    """Mean of the largest `TOP_JOINTS` along the last axis."""
    return np.sort(terms, axis=-1)[..., -TOP_JOINTS:].mean(-1)


def grades(people, newest, others, matches=None):
    """Grade each pair of someone known and someone found.

    Parameters
    ----------
    people, others : tuple of ndarray
        Boxes (P, 4) and joints (P, J, 2) of those known, and of the D found.
    newest : ndarray of bool, shape (P,)
        Who of those known is in the newest frame with people.
    matches : Matches or SamePicture, optional
        Between that frame and this one; without it the ORB terms are 0.

    Returns
    -------
    ndarray, shape (P, D)
    """
    box, joints = people[0], joint_boxes(people[1])
    their_box, their_joints = others[0], joint_boxes(others[1])
    terms = np.zeros((4, len(box), len(their_box)))
    terms[1] = overlap(box, their_box)
    terms[3] = _top(overlap(joints, their_joints))
    if matches is not None:
        terms[0, newest] = matches.overlap(box[newest], their_box)
        terms[2, newest] = _top(matches.overlap(joints[newest], their_joints))
    weights = np.where(newest[:, None], NEWEST, OLDER)
    return np.einsum("pk,kpd->pd", weights, terms)


def pose_flow(detections, *, size, video=None):
    """Number people by Pose Flow's matching.

    Parameters
    ----------
    detections : Detections
    size : tuple of int
        Width and height of the video in pixels.
    video : str or Path, optional
        The standardised video, for the ORB terms. It is read once, and memory does not
        grow with its length. Without it those terms are 0.

    Returns
    -------
    ndarray of int, shape (N,)
        Number of the person from 0 on; -1 for a detection without joints.

    Raises
    ------
    ItemError
        Where the video can't be decoded or ends before the last detection.
    """
    label = np.full(len(detections), -1)
    usable = np.flatnonzero(np.isfinite(detections.keypoints).all(-1).any(1))
    usable = usable[np.argsort(detections.frame[usable], kind="stable")]
    if not len(usable):
        return label
    keypoints = detections.keypoints
    box = np.full((len(detections), 4), np.nan)
    box[usable] = boxes(keypoints[usable], size)
    frames, starts = np.unique(detections.frame[usable], return_index=True)
    latest, people = {}, 0  # number -> (its latest detection, the step at which it was seen)
    before = None
    no_pictures = itertools.repeat(None)
    pictures = no_pictures if video is None else _pictures(video, size, frames.tolist())
    with contextlib.nullcontext() if video is None else contextlib.closing(pictures):
        for step, (here, picture) in enumerate(zip(np.split(usable, starts[1:]), pictures)):
            matches = None
            if before is not None:
                matches = match_pictures(before, picture, size)
            before = picture
            latest = {n: s for n, s in latest.items() if step - s[1] <= LINK_FRAMES}
            if latest:
                last, seen = np.array(list(latest.values())).T
                grade = grades(
                    (box[last], keypoints[last]),
                    seen == step - 1,
                    (box[here], keypoints[here]),
                    matches,
                )
                numbers = list(latest)
                for row, column in zip(*linear_sum_assignment(grade, maximize=True)):
                    if grade[row, column] > MATCH:
                        label[here[column]] = numbers[row]
            for index in here.tolist():
                if label[index] < 0:
                    label[index] = people
                    people += 1
                latest[int(label[index])] = index, step
    return label
