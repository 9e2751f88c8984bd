"""Everyone of a file, gathered one by one; and what a track has for a file.

What holds for the poses of all formats is decided here, once: which joints are absent
(`absent_joints`) and what number the first frame has (`first_number`).
"""

import numpy as np

from choreo.errors import ItemError
from choreo.pose.skeletons import SKELETONS
from choreo.poses.detections import Detections, frame_count, skeleton_for
from choreo.poses.formats.native import MAX_PIXELS

MAX_PEOPLE = 2_000_000
"""Most people in all frames of a file; they take about two gigabytes."""

_FAR_OUTSIDE = -99
"""From here on the same number twice is a mark for "absent", such as -999, -999."""


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
        Number that the file gives the first frame. None finds it out (`first_number`).

    Attributes
    ----------
    usual : int or None
        Number that the tool itself gives the first frame, as in `first_number`.
    """

    def __init__(self, path, *, frames, skeleton, by_count, first=0):
        self.path, self.frames, self.skeleton = path, frames, skeleton
        self.by_count, self.first, self.usual = by_count, first, None
        self.count, self.lowest, self.last = None, None, None
        self._kept = 0
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
            told = self.first is not None or self.lowest == 0
            frame_count(index, self.frames, where=where, told=told)
        self.lowest = number if self.lowest is None else min(self.lowest, number)
        self.last = number if self.last is None else max(self.last, number)

    def add(self, number, triples, *, where, label=np.nan, score=np.nan, box=None):
        """Add a person.

        Parameters
        ----------
        number : int
            Number that the file gives the frame.
        triples : sequence of float, length 3 J
            x, y, confidence of each joint; `absent_joints` says which are none.
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
            # Models of the whole body begin with the joints of a smaller one.
            self._kept = len(SKELETONS[self.skeleton])
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
        self._keypoints.append(np.array(triples[: 3 * self._kept], float))

    def detections(self):
        """All of them as `Detections`, in the order in which they were added.

        Raises
        ------
        ItemError
            Where the number of the first frame can't be told.
        """
        first = self.first
        if first is None:
            first = first_number(
                self.lowest, self.last, self.frames, where=self.path, usual=self.usual
            )
        values = np.array(self._keypoints, float).reshape(len(self._rows), self._kept, 3)
        values[absent_joints(values[..., :2], values[..., 2])] = np.nan
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


def first_number(lowest, last, frames, *, where, every_frame=False, usual=None):
    """Find the number that a file gives the first frame of the video.

    Parameters
    ----------
    lowest, last : int or None
        Smallest and largest number of the file; None where it has no frame.
    frames : int or None
        Decoded frames of the video, where they are known.
    where : str or Path
        The file.
    every_frame : bool
        The tool writes every frame, those with nobody too.
    usual : int, optional
        What the tool itself does, which holds where nothing speaks against it: frames with
        nobody may have no entry.

    Returns
    -------
    int
        0 where there is a frame 0. 1 where the last number is the number of frames, or
        where every frame is written, the first is 1 and none is missing at the end; the
        lowest where there are as many numbers as frames of the video, all of them written.

    Raises
    ------
    ItemError
        Where it can't be told, with the option that says it.
    """
    if last is None or lowest == 0:
        return 0
    if every_frame and lowest == 1 and (frames is None or last >= frames):
        return 1
    if every_frame and frames == last - lowest + 1:
        return lowest
    if not every_frame and last == frames:
        return 1
    if usual is not None:
        return usual
    raise ItemError(
        "can't tell the number of the first frame: there is no frame 0",
        where=where,
        value=f"frames {lowest} to {last}" + (f" of {frames}" if frames is not None else ""),
        remedy="Say it (choreo import --first-frame, `first_frame` of the config): 0 where frame "
        "1 is the second picture, 1 where it is the first, or whatever the first picture has",
    )


def absent_joints(keypoints, scores):
    """Tell which joints are absent, however a tool writes that.

    NaN in a coordinate, both coordinates exactly 0, or the same negative number twice
    (-5, -5) without a positive score; -1, -1 and what is as far outside as -999, -999
    whatever its score. Tools leave a score above 0 beside 0, 0 and -1, -1; no joint lies
    exactly in the corner, or beside it.

    Parameters
    ----------
    keypoints : ndarray, shape (..., 2)
    scores : ndarray, shape (...)

    Returns
    -------
    ndarray of bool, shape (...)
    """
    nowhere = ~np.isfinite(keypoints).all(-1) | (keypoints == 0).all(-1)
    x, y = keypoints[..., 0], keypoints[..., 1]
    # An estimator may put a joint at -5, -5, which it can't see; nothing at a mark.
    mark = (x == -1) | (x <= _FAR_OUTSIDE)
    return nowhere | ((x < 0) & (x == y) & (mark | ~(scores > 0)))


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


def upwards(track):
    """Joints (T, J, 2) of a track, NaN for what is absent, Y up from the picture's lower edge."""
    places = np.where(track.given[..., None], track.keypoints, np.nan).astype(float)
    places[..., 1] = track.size[1] - places[..., 1]
    return places


def given_triples(track):
    """Numbers of the frames with somebody, and their joints as `flat_triples` gives them."""
    present = np.flatnonzero(track.given.any(1))
    return present.tolist(), flat_triples(track.keypoints[present], track.scores[present])


def columns(people, *, at, path, frames, skeleton, first=0):
    """Gather people whose joints are in arrays over all frames.

    Parameters
    ----------
    people : sequence of (ndarray (T, J, 2), ndarray (T, J), ndarray (T,))
        Keypoints, their scores and the score of the whole person; `absent_joints` says
        which are none.
    at : ndarray of int, shape (T,)
        Frame number of each row.
    path : str or Path
        The file, for messages.
    frames : int or None
        Decoded frames of the video; None takes the file's last.
    skeleton : str
        A key of `choreo.pose.skeletons.SKELETONS`.
    first : int or None
        Number of the first frame. None finds it out (`first_number`): there is a row for
        every frame.

    Returns
    -------
    Detections
        `label` is the number of the individual, from 1.

    Raises
    ------
    ItemError
        Where frame numbers do not rise, or the video does not have one.
    """
    back = np.diff(at, prepend=-1) < 1
    if back.any():
        row = int(back.argmax())
        raise ItemError(
            "frame numbers must rise from row to row, from 0 on",
            where=f"{path}, row {row + 1} of the frames",
            value=int(at[row]),
            remedy="Write the file again, a row a frame in their order",
        )
    last = int(at[-1]) if len(at) else -1
    frame_count(last, None, where=path)
    if first is None and len(at):
        first = first_number(int(at[0]), int(at[-1]), frames, where=path, every_frame=True)
    at = at - (first or 0)
    if len(at) and at[0] < 0:
        raise ItemError(
            f"frame {at[0] + first} lies before the first, which is said to be {first}", where=path
        )
    total = frame_count(int(at[-1]) if len(at) else -1, frames, where=path)
    found = []
    for number, (keypoints, scores, score) in enumerate(people, 1):
        there = ~absent_joints(keypoints, scores)
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
