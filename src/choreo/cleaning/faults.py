"""True tracks corrupted in known ways: what the cleaning benchmark gives the methods to clean.

Kinds of fault, all at random from a seed: lone jumps of one joint; stretches of several
frames in which an arm, a leg or the whole body is elsewhere; left and right swapped; gaps,
frames with nobody; all of these mixed. Everywhere there is the small jitter of an estimator.
Apart from these, joints that flicker: wrong in frame after frame all through the clip.
"""

from dataclasses import dataclass

import numpy as np

from choreo.errors import ItemError, check_known
from choreo.pose.size import body_size
from choreo.pose.track import PoseTrack

JITTER = 0.004
"""Standard deviation of the jitter in body sizes (about 1 px for a dancer of 250 px)."""

_PARTS = {
    "left arm": ("left_elbow", "left_wrist"),
    "right arm": ("right_elbow", "right_wrist"),
    "left leg": ("left_knee", "left_ankle"),
    "right leg": ("right_knee", "right_ankle"),
}


@dataclass(frozen=True)
class Corrupted:
    """A track with known faults.

    Attributes
    ----------
    track : PoseTrack
    wrong : ndarray of bool, shape (T, J)
        Given joints that are not where they should be (the jitter apart).
    absent : ndarray of bool, shape (T, J)
        Joints that were taken away.
    """

    track: PoseTrack
    wrong: np.ndarray
    absent: np.ndarray


def corrupt(truth, rate, seed, *, kind="mixed", jitter=JITTER, doubt=False):
    """Spoil a true track.

    Parameters
    ----------
    truth : PoseTrack
        Without gaps.
    rate : float
        Fraction of frames to corrupt, from 0 to 1.
    seed : int or sequence of int
    kind : str
        A key of `KINDS`.
    jitter : float
        Standard deviation in body sizes.
    doubt : bool
        Whether the estimator is unsure of wrong joints: scores of 0.1 to 0.5 there and of
        0.5 to 1 elsewhere, instead of 1 everywhere. Positions do not depend on it.

    Returns
    -------
    Corrupted
        The first and the last two frames are left whole.

    Raises
    ------
    ItemError
        For an unknown kind.
    """
    check_known(kind, KINDS, what="kind of fault", kind=ItemError)
    rng = np.random.default_rng(seed)
    size = body_size(truth.keypoints)
    keypoints = truth.keypoints.astype(float)
    keypoints += rng.normal(0, jitter * size, keypoints.shape)
    wrong = np.zeros(keypoints.shape[:2], bool)
    absent = np.zeros(keypoints.shape[:2], bool)
    touched = np.zeros(len(truth), bool)
    faults = KINDS[kind]
    wanted = round(rate * len(truth))
    for _ in range(20 * len(truth)):
        if touched.sum() >= wanted:
            break
        fault = faults[rng.integers(len(faults))]
        length = 1 if fault is _jump else int(rng.integers(2, 9))
        first = int(rng.integers(2, max(len(truth) - 2 - length, 3)))
        span = slice(first, first + length)
        if touched[first - 1 : first + length + 1].any() or first + length > len(truth) - 2:
            continue
        touched[span] = True
        fault(keypoints, wrong, absent, span, truth.joints, size, rng)
    keypoints[absent] = np.nan
    scores = np.ones(wrong.shape)
    if doubt:
        scores = np.where(
            wrong, rng.uniform(0.1, 0.5, wrong.shape), rng.uniform(0.5, 1, wrong.shape)
        )
    track = truth.with_(keypoints=keypoints, scores=np.where(absent, np.nan, scores))
    return Corrupted(track, wrong & ~absent, absent)


def _away(size, rng):
    angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.6) * size
    return far * np.array([np.cos(angle), np.sin(angle)])


def _jump(keypoints, wrong, absent, span, skeleton, size, rng):
    joint = int(rng.integers(keypoints.shape[1]))
    keypoints[span, joint] += _away(size, rng)
    wrong[span, joint] = True


def _stretch(keypoints, wrong, absent, span, skeleton, size, rng):
    parts = [*_PARTS.values(), skeleton.joints]
    joints = [skeleton.index(j) for j in parts[rng.integers(len(parts))] if j in skeleton.joints]
    keypoints[span, joints] += _away(size, rng)
    wrong[span, joints] = True


def _swap(keypoints, wrong, absent, span, skeleton, size, rng):
    legs = rng.random() < 0.5
    for left, right in skeleton.pairs:
        low = skeleton.joints[left].endswith(("hip", "knee", "ankle", "toe", "heel"))
        if low or not legs:
            keypoints[span, [left, right]] = keypoints[span, [right, left]]
            wrong[span, [left, right]] = True


def _gap(keypoints, wrong, absent, span, skeleton, size, rng):
    absent[span] = True


KINDS = {
    "mixed": (_jump, _stretch, _swap, _gap),
    "jumps": (_jump,),
    "stretches": (_stretch,),
    "swaps": (_swap,),
    "gaps": (_gap,),
}
"""Kinds of fault. Stretches, swaps and gaps are 2 to 8 frames long, jumps one."""


FLICKERING = {
    "a wrist": (("left_wrist",),),
    "three joints": (("left_wrist",), ("right_elbow",), ("right_ankle",)),
    "an arm": (("left_elbow", "left_wrist"),),
    "a leg": (("right_knee", "right_ankle"),),
}
"""Joints that flicker; those of one group do in the same frames."""

WRITTEN = ("0, 0", "-1, -1", "NaN", "elsewhere", "elsewhere, low scores")
"""How estimators write a joint that they did not find, or take another place for it."""


def flicker(truth, rate, seed, *, joints="a wrist", written="0, 0"):
    """Let joints flicker: at random frames all through the track they are not where they are.

    Parameters
    ----------
    truth : PoseTrack
        Without gaps.
    rate : float
        Fraction of the frames, from 0 to 1, of each group of joints.
    seed : int or sequence of int
    joints : str
        A key of `FLICKERING`.
    written : str
        One of `WRITTEN`. Of a joint that is written as absent the score is 0 (NaN: none);
        elsewhere it is 0.1 to 0.6 body sizes away, each time in another direction.

    Returns
    -------
    Corrupted
        The first and the last two frames are left whole.

    Raises
    ------
    ItemError
        For unknown joints or another way of writing.
    """
    for value, known in ((joints, FLICKERING), (written, WRITTEN)):
        check_known(value, known, what="flicker", kind=ItemError)
    rng = np.random.default_rng(seed)
    size = body_size(truth.keypoints)
    keypoints = truth.keypoints + rng.normal(0, JITTER * size, truth.keypoints.shape)
    wrong = np.zeros(keypoints.shape[:2], bool)
    for group in FLICKERING[joints]:
        columns = [truth.joints.index(joint) for joint in group]
        frames = rng.choice(np.arange(2, len(truth) - 2), round(rate * len(truth)), replace=False)
        wrong[np.ix_(frames, columns)] = True
        for frame in frames:
            keypoints[frame, columns] += _away(size, rng)
    scores = np.ones(wrong.shape)
    if not written.startswith("elsewhere"):
        keypoints[wrong] = {"0, 0": 0.0, "-1, -1": -1.0, "NaN": np.nan}[written]
        scores[wrong] = np.nan if written == "NaN" else 0.0
    elif written.endswith("low scores"):
        scores[wrong] = rng.uniform(0.1, 0.5, wrong.sum())
    nothing = np.zeros_like(wrong)
    wrong, absent = (nothing, wrong) if written == "NaN" else (wrong, nothing)
    return Corrupted(truth.with_(keypoints=keypoints, scores=scores), wrong, absent)
