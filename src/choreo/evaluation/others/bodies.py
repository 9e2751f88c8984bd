"""Bodies in 3-D that other projects dance with: joints by name, upright, in metres, filmed.

What a file does not say is read off the dancer: up is where the head is over the feet, and the
unit is the one of metres, centimetres and millimetres in which the torso is as long as a
person's.
"""

from dataclasses import dataclass

import numpy as np

from choreo.errors import ItemError
from choreo.pose.skeletons import OPENPOSE18, SKELETONS

SMPL = tuple(
    "pelvis left_hip right_hip belly left_knee right_knee spine left_ankle right_ankle chest "
    "left_toe right_toe neck left_collar right_collar head left_shoulder right_shoulder "
    "left_elbow right_elbow left_wrist right_wrist left_hand right_hand".split()
)
"""SMPL's 24 joints in order, in the names that are used here."""

_NAMES = {
    "hip": "pelvis",
    "hips": "pelvis",
    "root": "pelvis",
    "spine1": "belly",
    "spine2": "spine",
    "spine3": "chest",
    "upper_neck": "neck",
    **{
        f"{side}_{other}": f"{side}_{name}"
        for side in ("left", "right")
        for other, name in (("foot", "toe"), ("toes", "toe"), ("big_toe", "toe"))
    },
}
_MIDDLES = {"pelvis": "hip", "neck": "shoulder"}
_RELATED = (
    "pelvis",
    "belly",
    "chest",
    "neck",
    *(
        f"{side}_{part}"
        for side in ("left", "right")
        for part in ("hip", "knee", "ankle", "toe", "shoulder", "elbow", "wrist")
    ),
)
FEET = ("left_ankle", "left_toe", "right_ankle", "right_toe")
_TORSO = (0.2, 1.0)
"""Metres that the torso of anybody is between."""
_UNITS = (1.0, 0.01, 0.001)
VIEWS = {"front": 0, "left": 90, "back": 180, "right": 270}
"""Where the camera stands, in degrees round the dancer from in front of their mean facing to
their left. Its picture is orthographic and level."""


@dataclass(frozen=True)
class Dance:
    """A dance by anybody.

    Attributes
    ----------
    name : str
    joints : dict of str to ndarray, shape (T, 3) or (T, 2)
        In 3-D y upwards and metres; in 2-D y downwards, any unit. Finite.
    fps : float
        Frames a second.
    beats : ndarray or None
        Beats of its music in seconds from its first frame.
    about : str
        What was read off the dancer, for the table's notes.
    own : tuple of str
        The joints that the file has; others were put between them.
    """

    name: str
    joints: dict
    fps: float
    beats: np.ndarray | None = None
    about: str = ""
    own: tuple = ()

    def __len__(self):
        return len(next(iter(self.joints.values())))

    @property
    def solid(self):
        """Whether the joints are in 3-D."""
        return next(iter(self.joints.values())).shape[1] == 3

    def array(self, names=None):
        """Joints as an array of shape (T, J, 3 or 2): `names`, or the file's own."""
        return np.stack([self.joints[name] for name in names or self.own], axis=1)


def named(joints, names):
    """Joints by the names used here, from an array and any names of them; then those between.

    Parameters
    ----------
    joints : ndarray, shape (T, J, 3 or 2)
    names : sequence of str
        SMPL's, COCO's, or those of any skeleton that names sides ``left_`` and ``right_``.

    Returns
    -------
    dict of str to ndarray
    """
    found = {}
    for index, name in enumerate(map(str, names)):
        # Of several joints with one meaning, such as foot and toe, the last goes farther out.
        found[_NAMES.get(name, name)] = joints[:, index]
    for middle, ends in _MIDDLES.items():
        sides = [f"left_{ends}", f"right_{ends}"]
        if middle not in found and all(side in found for side in sides):
            found[middle] = (found[sides[0]] + found[sides[1]]) / 2
    if "spine" in found:
        # A spine of one joint under the chest.
        found.setdefault("belly", found["spine"])
    return found


def relation_joints(joints):
    """The joints that `choreo.evaluation.others.relations` needs, or None where one lacks."""
    if not all(name in joints for name in _RELATED):
        return None
    return {name: np.asarray(joints[name], float) for name in _RELATED}


def upright(joints, where):
    """Turn joints so that y points upwards, and give them in metres.

    Parameters
    ----------
    joints : dict of str to ndarray, shape (T, 3)
    where : str or Path
        The file, for messages.

    Returns
    -------
    joints : dict of str to ndarray
    about : str
        The axis and the unit that were found.

    Raises
    ------
    ItemError
        Where there is no head or neck and ankle, or nothing stands upright.
    """
    over, axis, torso = _standing(joints, where, axes=(0, 1, 2))
    unit = next((u for u in _UNITS if _TORSO[0] <= torso * u <= _TORSO[1]), 0.5 / torso)
    turn = _turn(axis, np.sign(over[axis]))
    about = f"up {'+-'[int(over[axis] < 0)]}{'xyz'[axis]}, unit {unit:.3g} m"
    return {name: joint @ turn.T * unit for name, joint in joints.items()}, about


def downwards(joints, where):
    """Joints of a body without a face in 2-D, such as SMPL's, with y downwards as in pictures.

    A camera model may give y upwards: it does where the head is under the feet.

    Parameters
    ----------
    joints : dict of str to ndarray, shape (T, 2)
    where : str or Path
        The file, for messages.

    Returns
    -------
    joints : dict of str to ndarray
    about : str
        The direction that was found.

    Raises
    ------
    ItemError
        Where there is no neck, hips or ankle, or nobody stands upright.
    """
    over, _, _ = _standing(joints, where, axes=(1,))
    if over[1] < 0:
        return joints, "up -y"
    return {name: joint * [1, -1] for name, joint in joints.items()}, "up +y"


def _standing(joints, where, axes):
    """Mean way from the feet to the head, its axis, one of `axes`, and the median torso."""
    top = joints.get("head", joints.get("nose", joints.get("neck")))
    ankles = [joints.get(f"{side}_ankle") for side in ("left", "right")]
    if (
        top is None
        or "neck" not in joints
        or "pelvis" not in joints
        or any(a is None for a in ankles)
    ):
        raise ItemError(
            "neck, hips and ankles are needed to see which way is up",
            where=where,
            value=", ".join(list(joints)[:8]),
        )
    over = np.mean(top - (ankles[0] + ankles[1]) / 2, axis=0)
    axis = int(np.abs(over).argmax())
    torso = float(np.median(np.linalg.norm(joints["neck"] - joints["pelvis"], axis=-1)))
    if axis not in axes or not torso > 0 or not abs(over[axis]) > torso / 2:
        raise ItemError("nobody stands upright in it", where=where, value=over.round(3).tolist())
    return over, axis, torso


def _turn(axis, sign):
    """Rotation (never a mirror) that brings an axis to +y."""
    up = np.zeros(3)
    up[axis] = sign
    side = np.eye(3)[(axis + 1) % 3]
    # Rows: what becomes x, y and z.
    rows = np.stack([side, up, np.cross(side, up)])
    if axis == 1 and sign > 0:
        return np.eye(3)
    return rows


def film(dance, view="front"):
    """The 18 joints of a dance as a camera sees them, in torsos.

    Parameters
    ----------
    dance : Dance
        In 2-D it is what the camera saw.
    view : str
        One of `VIEWS`.

    Returns
    -------
    ndarray, shape (T, 18, 2)
        OpenPose-18, y downwards; the median torso is 1 long. A body without a face has its
        nose in front of the head, and eyes and ears beside it; in 2-D, where nobody knows what
        is in front, as seen from there.

    Raises
    ------
    ItemError
        Where a joint of the 18 can't be told.
    """
    joints = _with_face(dict(dance.joints), solid=dance.solid)
    lacking = [name for name in (*OPENPOSE18.joints, "pelvis") if name not in joints]
    if lacking:
        raise ItemError("a dance lacks joints", where=dance.name, value=", ".join(lacking[:5]))
    if dance.solid:
        joints = _flat(joints, VIEWS[view])
    torso = np.median(np.linalg.norm(joints["neck"] - joints["pelvis"], axis=-1))
    return np.stack([joints[name] for name in OPENPOSE18.joints], axis=1) / max(torso, 1e-9)


def across(joints):
    """Way on the floor from the dancer's right to their left, by hips and shoulders."""
    left = sum(joints[f"left_{part}"] - joints[f"right_{part}"] for part in ("hip", "shoulder"))
    return left * [1, 0, 1]


def facing(joints):
    """Mean direction of the dancer's left on the floor, and where they face; unit vectors."""
    left = across(joints)
    left = left / np.maximum(np.linalg.norm(left, axis=-1, keepdims=True), 1e-9)
    mean = left.mean(0)
    length = np.linalg.norm(mean)
    # Someone who turns all the time has no mean: as in the first frame.
    mean = mean / length if length > 0.05 else left[0]
    return mean, np.cross(mean, [0, 1, 0])


def _flat(joints, degrees):
    left, front = facing(joints)
    angle = np.radians(degrees)
    # In front of the dancer the picture's x goes to their left; from their left, backwards.
    right = np.cos(angle) * left - np.sin(angle) * front
    return {name: np.stack([p @ right, -p[:, 1]], axis=-1) for name, p in joints.items()}


def _with_face(joints, solid):
    needs = {"head", "neck", "pelvis", "left_shoulder", "right_shoulder"}
    if "nose" in joints or not needs <= joints.keys():
        return joints
    size = np.median(np.linalg.norm(joints["neck"] - joints["pelvis"], axis=-1))
    across = joints["left_shoulder"] - joints["right_shoulder"]
    width = np.linalg.norm(across, axis=-1, keepdims=True)
    if not solid:
        # Shoulders are as far apart as they are where they are seen from the front; of who is
        # seen from the side alone, half a torso, so that noise has no face.
        width = max(np.percentile(width, 95), size / 2)
    across = across / np.maximum(width, 1e-9)
    ahead = np.cross(across, [0, 1, 0]) if solid else 0.0
    face = {"nose": joints["head"] + 0.2 * size * ahead}
    for side, sign in (("left", 1), ("right", -1)):
        face[f"{side}_eye"] = joints["head"] + size * (0.15 * ahead + 0.06 * sign * across)
        face[f"{side}_ear"] = joints["head"] + size * 0.14 * sign * across
    return joints | face


def names_of(count):
    """Names of joints that only their number tells: SMPL's, or a skeleton's.

    Parameters
    ----------
    count : int

    Returns
    -------
    tuple of str or None
    """
    if count in (22, 24):
        return SMPL[:count]
    order = ("coco17", "openpose18", "body25", "halpe26")
    found = [SKELETONS[name].joints for name in order if len(SKELETONS[name]) == count]
    return found[0] if found else None


_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)
_LEFT = {
    "hip": (0.06, -0.09, 0.0),
    "knee": (0.04, -0.38, 0.0),
    "ankle": (-0.015, -0.40, -0.04),
    "toe": (0.04, -0.06, 0.12),
    "collar": (0.08, 0.115, -0.02),
    "shoulder": (0.09, 0.03, 0.0),
    "elbow": (0.26, -0.01, -0.02),
    "wrist": (0.25, 0.01, 0.0),
    "hand": (0.085, -0.01, -0.01),
}
_MIDDLE = {
    "pelvis": (0.0, 0.0, 0.0),
    "belly": (0.0, 0.11, -0.02),
    "spine": (0.0, 0.135, 0.0),
    "chest": (0.0, 0.055, 0.02),
    "neck": (0.0, 0.21, -0.03),
    "head": (0.0, 0.09, 0.05),
}


def bone(name):
    """Joint's place from its parent's in the body used for rotations alone: metres, round."""
    side, _, part = name.partition("_")
    if side not in ("left", "right"):
        return np.array(_MIDDLE[name])
    return np.array(_LEFT[part]) * [1 if side == "left" else -1, 1, 1]


def posed(rotations, root):
    """Joints of SMPL's 24 rotations, on a body of common proportions of our own.

    Parameters
    ----------
    rotations : ndarray, shape (T, 24, 3, 3)
        Of each joint against its parent.
    root : ndarray, shape (T, 3)
        Place of the pelvis in metres.

    Returns
    -------
    ndarray, shape (T, 24, 3)
    """
    turned, places = [rotations[:, 0]], [np.asarray(root, float)]
    for joint in range(1, len(SMPL)):
        parent = _PARENTS[joint]
        turned.append(turned[parent] @ rotations[:, joint])
        places.append(places[parent] + turned[parent] @ bone(SMPL[joint]))
    return np.stack(places, axis=1)
