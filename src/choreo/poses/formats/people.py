"""Everyone of a file, gathered one by one; and what a track has for a file."""

import numpy as np

from choreo.errors import ItemError
from choreo.poses.detections import Detections, frame_count, skeleton_for
from choreo.poses.formats.native import MAX_PIXELS

MAX_PEOPLE = 2_000_000
"""Most people in all frames of a file; they take about two gigabytes."""


class People:
    """Gathers the people of a file, and checks each as it comes.

    Parameters
    ----------
    path : str or Path
        The file, for messages.
    frames : int or None
        Decoded frames of the video; None takes the file's last.
    skeleton : str or None
        What the user says that the joints are.
    by_count : dict of int to str
        Skeletons that the number of joints alone decides in this format.
    first : int or None
        Number that the file gives the first frame. None finds it out: 0 where there is
        a frame 0, 1 where the last number is the number of frames; otherwise it is refused.
    """

    def __init__(self, path, *, frames, skeleton, by_count, first=0):
        self.path, self.frames, self.skeleton = path, frames, skeleton
        self.by_count, self.first = by_count, first
        self.count, self.lowest, self.last = None, None, None
        self._rows, self._keypoints = [], []

    def see(self, number, where):
        """Count a frame, also one with nobody, by its number in the file.

        Raises
        ------
        ItemError
            Where the video does not have it.
        """
        index = number - (self.first or 0)
        if index < 0:
            raise ItemError(
                f"frame {number} lies before the first, which is said to be {self.first}",
                where=where,
            )
        # Where the first number isn't known yet, one more is possible.
        if self.first is not None or index != self.frames:
            frame_count(index, self.frames, where=where)
        self.lowest = number if self.lowest is None else min(self.lowest, number)
        self.last = number if self.last is None else max(self.last, number)

    def add(self, number, triples, *, where, label=np.nan, score=np.nan, box=None):
        """Add a person.

        Parameters
        ----------
        number : int
            Number that the file gives the frame.
        triples : sequence of float, length 3 J
            x, y, confidence of each joint; 0, 0, 0 is an absent joint.
        where : str
            File, entry and frame, for messages.
        label, score, box
            As in `Detections`.

        Raises
        ------
        ItemError
            Where the video does not have the frame, or the number of joints is another one.
        """
        self.see(number, where)
        if self.count is None:
            self.count = len(triples) // 3
            self.skeleton = skeleton_for(self.count, self.skeleton, self.by_count, where=self.path)
        if len(triples) != 3 * self.count:
            raise ItemError(
                f"has {len(triples) // 3} joints, those before it {self.count}",
                where=where,
                remedy="Two estimators' outputs were mixed: run it again",
            )
        if len(self._rows) >= MAX_PEOPLE:
            raise ItemError(
                f"the file has more than {MAX_PEOPLE} people", where=self.path, remedy="Split it"
            )
        self._rows.append((number, label, score, *([np.nan] * 4 if box is None else box)))
        self._keypoints.append(np.array(triples, float))

    def detections(self):
        """All of them as `Detections`, in the order in which they were added.

        Raises
        ------
        ItemError
            Where the number of the first frame can't be told.
        """
        first = self._first()
        values = np.array(self._keypoints, float).reshape(len(self._rows), self.count or 0, 3)
        values[(values == 0).all(-1)] = np.nan
        rows = np.array(self._rows, float).reshape(-1, 7)
        last = -1 if self.last is None else self.last - first
        return Detections(
            frame=rows[:, 0].astype(int) - first,
            keypoints=values[..., :2],
            scores=values[..., 2],
            skeleton=self.skeleton,
            frames=frame_count(last, self.frames, where=self.path),
            label=rows[:, 1],
            score=rows[:, 2],
            box=rows[:, 3:],
        )

    def _first(self):
        if self.first is not None or self.last is None:
            return self.first or 0
        if self.lowest == 0:
            return 0
        if self.frames is not None and self.last == self.frames:
            return 1
        raise ItemError(
            "can't tell the number of the first frame: there is no frame 0",
            where=self.path,
            value=f"frames {self.lowest} to {self.last}",
            remedy="Say it (choreo import --first-frame 0, or 1)",
        )


def flat_triples(keypoints, scores):
    """Joints as formats with 0, 0, 0 for an absent joint want them.

    Parameters
    ----------
    keypoints : ndarray, shape (N, J, 2)
    scores : ndarray, shape (N, J)
        A joint without a score, such as one that cleaning filled in, gets the score 0.

    Returns
    -------
    list of list of float, shape (N, 3 J)
    """
    triples = np.concatenate([keypoints, scores[..., None]], -1).astype(float)
    triples[~np.isfinite(keypoints).all(-1)] = 0
    return np.nan_to_num(triples, nan=0.0).reshape(len(triples), -1).tolist()


def columns(people, *, at, path, frames, skeleton):
    """Gather people whose joints are in arrays over all frames.

    Parameters
    ----------
    people : sequence of (ndarray (T, J, 2), ndarray (T, J), ndarray (T,))
        Keypoints, their scores and the score of the whole person; a joint that is NaN in
        one of its coordinates is absent.
    at : ndarray of int, shape (T,)
        Frame number of each row.
    path : str or Path
        The file, for messages.
    frames : int or None
        Decoded frames of the video; None takes the file's last.
    skeleton : str
        A key of `choreo.skeletons.SKELETONS`.

    Returns
    -------
    Detections
        `label` is the number of the individual, from 1.

    Raises
    ------
    ItemError
        Where frame numbers do not rise, or the video does not have one.
    """
    if (np.diff(at) < 1).any() or (len(at) and at[0] < 0):
        raise ItemError("frame numbers must rise from row to row, from 0 on", where=path)
    total = frame_count(int(at[-1]) if len(at) else -1, frames, where=path)
    found = []
    for number, (keypoints, scores, score) in enumerate(people, 1):
        there = np.isfinite(keypoints).all(-1)
        rows = np.flatnonzero(there.any(1))
        found.append(
            (
                at[rows],
                np.where(there[rows, :, None], keypoints[rows], np.nan),
                np.where(there[rows], scores[rows], np.nan),
                np.full(len(rows), float(number)),
                score[rows],
            )
        )
    frame, keypoints, scores, label, score = (np.concatenate(part) for part in zip(*found))
    return Detections(
        frame=frame.astype(int),
        keypoints=keypoints.astype(float),
        scores=scores.astype(float),
        skeleton=skeleton,
        frames=total,
        label=label,
        score=score.astype(float),
        box=np.full((len(frame), 4), np.nan),
    )


def check_pixels(values, *, path, what):
    """Refuse infinite numbers and those that are no pixels; NaN is allowed."""
    with np.errstate(invalid="ignore"):
        bad = np.isinf(values) | (np.abs(values) > MAX_PIXELS)
    if bad.any():
        raise ItemError(
            f"{what} must be numbers within {MAX_PIXELS:.0f} of 0",
            where=path,
            value=float(values[bad][0]),
        )
