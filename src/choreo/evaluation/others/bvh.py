"""Joints of a BVH file: a skeleton of offsets, and a row of angles for every frame."""

import re

import numpy as np
from scipy.spatial.transform import Rotation

from choreo.errors import ItemError

MAX_JOINTS, MAX_FRAMES = 500, 1_000_000
_WORDS = {
    "hips": "pelvis",
    "pelvis": "pelvis",
    "root": "pelvis",
    "head": "head",
    "neck": "neck",
    "neck01": "neck",
    "chest": "chest",
    "collar": "collar",
    "shoulder": "shoulder",
    "clavicle": "collar",
    "arm": "shoulder",
    "upperarm": "shoulder",
    "uparm": "shoulder",
    "forearm": "elbow",
    "elbow": "elbow",
    "lowarm": "elbow",
    "lowerarm": "elbow",
    "hand": "wrist",
    "wrist": "wrist",
    "upleg": "hip",
    "hip": "hip",
    "thigh": "hip",
    "leg": "knee",
    "knee": "knee",
    "lowleg": "knee",
    "lowerleg": "knee",
    "shin": "knee",
    "calf": "knee",
    "foot": "ankle",
    "ankle": "ankle",
    "toebase": "toe",
    "toe": "toe",
    "toes": "toe",
    "ball": "toe",
}
"""Parts in the usual names of joints, and what they are called here."""
_SIDES = (("left", "left"), ("right", "right"), ("l", "left"), ("r", "right"))


def read(path):
    """Read a BVH file.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict
        `joints` (T, J, 3) in the file's unit, `names`, those that are known by their meaning, and
        `fps`.

    Raises
    ------
    ItemError
        Where it is none.
    """
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    hierarchy, found, motion = text.partition("MOTION")
    if not found or "HIERARCHY" not in hierarchy:
        raise ValueError("HIERARCHY and MOTION are missing")
    names, parents, offsets, channels = _hierarchy(hierarchy.split())
    head = re.match(r"\s*Frames:\s*(\d+)\s+Frame Time:\s*([0-9.eE+-]+)\s", motion)
    if not head:
        raise ItemError("a BVH file without Frames and Frame Time", where=path)
    frames, step = int(head[1]), float(head[2])
    width = sum(map(len, channels))
    if not 0 < frames <= MAX_FRAMES or not step > 0 or not width:
        raise ItemError("a BVH file without frames", where=path, value=f"{frames} of {step} s")
    values = np.array(motion[head.end() :].split(), float)
    if len(values) != frames * width:
        raise ItemError(
            "a cut BVH file", where=path, value=f"{len(values)} values for {frames} x {width}"
        )
    joints = _posed(values.reshape(frames, width), parents, offsets, channels)
    chosen = meanings(names)
    return {
        "joints": joints[:, list(chosen.values())],
        "names": list(chosen),
        "fps": round(1 / step, 3),
    }


def _hierarchy(words):
    """Names, parents, offsets and channels of the joints; ends of limbs have no channels."""
    names, parents, offsets, channels, above = [], [], [], [], []
    at = 0
    while at < len(words):
        word = words[at]
        if word in ("ROOT", "JOINT", "End"):
            if len(names) >= MAX_JOINTS:
                raise ItemError(f"a BVH file of more than {MAX_JOINTS} joints")
            names.append("" if word == "End" else words[at + 1])
            parents.append(above[-1] if above else -1)
            offsets.append(np.zeros(3))
            channels.append([])
            at += 2
        elif word == "{":
            above.append(len(names) - 1)
            at += 1
        elif word == "}":
            above.pop()
            at += 1
        elif word == "OFFSET":
            offsets[-1] = np.array(words[at + 1 : at + 4], float)
            at += 4
        elif word == "CHANNELS":
            count = int(words[at + 1])
            channels[-1] = words[at + 2 : at + 2 + count]
            at += 2 + count
        else:
            at += 1
    return names, parents, offsets, channels


def _posed(values, parents, offsets, channels):
    turned, places, column = [], [], 0
    for parent, offset, own in zip(parents, offsets, channels):
        place, turn = np.tile(offset, (len(values), 1)), Rotation.identity(len(values))
        moved = [name for name in own if name.lower().endswith("position")]
        for name in own:
            axis = "xyz".find(name[:1].lower())
            if axis < 0:
                raise ItemError("an unknown channel", value=name)
            if name in moved:
                # A joint with a position of its own is at it, not at its offset.
                place[:, axis] = values[:, column]
            else:
                turn *= Rotation.from_euler("xyz"[axis], values[:, [column]], degrees=True)
            column += 1
        if parent >= 0:
            place = places[parent] + turned[parent].apply(place)
            turn = turned[parent] * turn
        places.append(place)
        turned.append(turn)
    return np.stack(places, axis=1)


def meanings(names):
    """Find what the joints of a BVH are, by the usual forms of their names.

    Parameters
    ----------
    names : list of str

    Returns
    -------
    dict of str to int
        Name used here -> index; joints of unknown names are left out.
    """
    found, spines = {}, []
    for index, name in enumerate(names):
        plain = name.rpartition(":")[2].lower().removeprefix("mixamorig")
        plain = re.sub(r"[^a-z0-9]", "", plain)
        if re.fullmatch(r"spine\d*", plain):
            spines.append(index)
        meaning = _WORDS.get(plain)
        if meaning in ("pelvis", "chest", "neck", "head"):
            found.setdefault(meaning, index)
            continue
        if (part := _of_a_side(plain)) is not None:
            found.setdefault(part, index)
    # However many there are: the lowest, one between, and the highest.
    for meaning, index in zip(("belly", "chest", "spine"), [*spines[:1], *spines[:0:-1]]):
        found.setdefault(meaning, index)
    for side in ("left", "right"):
        # "Shoulder, Arm, ForeArm": the first is the collar, and the arm begins at the second.
        arms = [n for n in names if re.search(rf"{side}.?(up(per)?.?)?arm$", n, re.IGNORECASE)]
        if arms and f"{side}_shoulder" in found and names[found[f"{side}_shoulder"]] not in arms:
            found.setdefault(f"{side}_collar", found[f"{side}_shoulder"])
            found[f"{side}_shoulder"] = names.index(arms[0])
    return found


def _of_a_side(name):
    """The joint of a side that a name in small letters means, its sign before or behind it."""
    for sign, side in _SIDES:
        for rest in (name.removeprefix(sign), name.removesuffix(sign)):
            if rest != name and rest in _WORDS:
                return f"{side}_{_WORDS[rest]}"
    return None
