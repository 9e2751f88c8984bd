"""Joints by their names, as in DeepLabCut and `movement`."""

import re

import numpy as np

from choreo.errors import ItemError, check_known
from choreo.pose.skeletons import SKELETONS

_JOINTS = {joint for skeleton in SKELETONS.values() for joint in skeleton.joints}
_SIDES = {"l": "left", "left": "left", "r": "right", "right": "right"}
_OTHER_NAMES = {
    "midhip": "hip",
    "mid_hip": "hip",
    "headtop": "head",
    "head_top": "head",
    "upperneck": "upper_neck",
    "bigtoe": "big_toe",
    "smalltoe": "small_toe",
}


def joint_named(name):
    """Our name of a body part; None where there is no such joint.

    Case, spaces and the place of the side do not matter: ``Left Shoulder``,
    ``shoulder_L`` and ``LShoulder`` are all ``left_shoulder``.

    Parameters
    ----------
    name : str

    Returns
    -------
    str or None
    """
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    spaced = re.sub(r"([A-Z])([A-Z][a-z])", r"\1 \2", spaced)
    tokens = [token for token in re.split(r"[^a-z0-9]+", spaced.lower()) if token]
    sides = [_SIDES[token] for token in tokens if token in _SIDES]
    part = "_".join(token for token in tokens if token not in _SIDES)
    part = _OTHER_NAMES.get(part, part)
    if len(sides) > 1:
        return None
    joint = "_".join([*sides, part])
    return joint if joint in _JOINTS else None


def skeleton_of(names, given, *, where):
    """Find the skeleton that has all joints of a file.

    Parameters
    ----------
    names : sequence of str
        Body parts as the file calls them.
    given : str or None
        What the user says that it is.
    where : str or Path
        The file.

    Returns
    -------
    skeleton : str
        What was given, else the smallest that has them all; joints that the file lacks
        will be absent.
    places : list of int
        Index in the skeleton of each name.

    Raises
    ------
    ItemError
        For names that are no joints of it, or two names of one joint.
    """
    joints = [joint_named(name) for name in names]
    unknown = [name for name, joint in zip(names, joints) if joint is None]
    if unknown or not joints:
        raise ItemError(
            "body parts that no skeleton has",
            where=where,
            value=", ".join(name[:40] for name in unknown[:8]),
            remedy="Name them as docs/poses.md does: nose, left_shoulder, right_big_toe, ...; "
            "remove those that are no joints of a dancer",
        )
    twice = {joint for joint in joints if joints.count(joint) > 1}
    if twice:
        raise ItemError(f"body parts that mean one joint: {', '.join(sorted(twice))}", where=where)
    if given is not None:
        check_known(given, SKELETONS, what="skeleton", kind=ItemError, where=where)
    fitting = [name for name, s in SKELETONS.items() if set(joints) <= set(s.joints)]
    if not fitting:
        raise ItemError("no skeleton has all its joints", where=where, value=", ".join(joints))
    if given is not None and given not in fitting:
        more = [joint for joint in joints if joint not in SKELETONS[given].joints]
        raise ItemError(f"{given} has no {', '.join(more)}", where=where)
    skeleton = given or min(fitting, key=lambda name: len(SKELETONS[name]))
    return skeleton, [SKELETONS[skeleton].index(joint) for joint in joints]


def placed(keypoints, scores, places, skeleton):
    """Bring joints into a skeleton's order.

    Parameters
    ----------
    keypoints : ndarray, shape (T, K, 2)
    scores : ndarray, shape (T, K)
    places : sequence of int, length K
        Index in the skeleton of each joint, as `skeleton_of` gives it.
    skeleton : str

    Returns
    -------
    keypoints : ndarray, shape (T, J, 2)
        NaN where the file has no such joint.
    scores : ndarray, shape (T, J)
    """
    count = len(SKELETONS[skeleton])
    out = np.full((len(keypoints), count, 2), np.nan)
    out_scores = np.full((len(keypoints), count), np.nan)
    out[:, places] = keypoints
    out_scores[:, places] = scores
    return out, out_scores
