"""Biovision hierarchies (.bvh), as Blender and other animation tools read them, written.

A planar skeleton whose bones have constant lengths, the medians of the dance's. Bones turn
in the picture's plane alone, about Z; X goes to the picture's right and Y up from its lower
edge, and a unit is a pixel. Its root is the middle of the hips. At rest the skeleton stands
with its arms stretched to the sides and faces us, so that its left is at the picture's right.

A joint of the file is where a bone begins, and turns it. Where several bones begin at one
place, each has a joint of its own there, since a picture's hips and shoulders do not turn
together.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from choreo.errors import ItemError
from choreo.files import write_text
from choreo.poses.formats.people import upwards

SKELETON = "openpose18"
"""Joints that a track is converted to first."""

ROOT = "hips"
MIDDLE = "middle of the hips"
SHORTEST = 1e-3
"""Pixels below which two joints say nothing of a bone's direction."""


@dataclass(frozen=True)
class Bone:
    """A bone of the hierarchy.

    Attributes
    ----------
    name : str
        In the file.
    parent : str
        The bone, or `ROOT`, at whose end it begins.
    start, end : str
        Joints of `SKELETON`, or `MIDDLE`.
    rest : (float, float)
        Where it points at rest: to the right and up; of any length.
    """

    name: str
    parent: str
    start: str
    end: str
    rest: tuple[float, float]


def _side(side, out):
    return (
        Bone(f"{side}_pelvis", ROOT, MIDDLE, f"{side}_hip", (out, 0)),
        Bone(f"{side}_thigh", f"{side}_pelvis", f"{side}_hip", f"{side}_knee", (0, -1)),
        Bone(f"{side}_shin", f"{side}_thigh", f"{side}_knee", f"{side}_ankle", (0, -1)),
        Bone(f"{side}_collar", "spine", "neck", f"{side}_shoulder", (out, 0)),
        Bone(f"{side}_upper_arm", f"{side}_collar", f"{side}_shoulder", f"{side}_elbow", (out, 0)),
        Bone(f"{side}_forearm", f"{side}_upper_arm", f"{side}_elbow", f"{side}_wrist", (out, 0)),
        Bone(f"{side}_face", "head", "nose", f"{side}_eye", (out, 1)),
        Bone(f"{side}_temple", f"{side}_face", f"{side}_eye", f"{side}_ear", (out, 0)),
    )


BONES = (
    Bone("spine", ROOT, MIDDLE, "neck", (0, 1)),
    Bone("head", "spine", "neck", "nose", (0, 1)),
    *_side("left", 1),
    *_side("right", -1),
)
"""A bone comes after its parent."""


def write(track, path):
    """Write a track as a planar skeleton.

    Parameters
    ----------
    track : PoseTrack
        Of any skeleton that has hips. The format knows no absent joints: a bone keeps its
        way between the frames in which it is seen, and one that never is is left out, with
        what hangs on it.
    path : str or Path
        ``.bvh``.

    Raises
    ------
    ItemError
        Where no frame has both hips.
    """
    joints = _joints(track)
    root = joints[MIDDLE]
    seen = np.isfinite(root).all(-1)
    if not seen.any():
        raise ItemError(
            "no frame has both hips, which the skeleton hangs on",
            where=path,
            remedy="Give a track in which the dancer's hips are seen",
        )
    root = np.stack([_bridged(axis, seen) for axis in root.T], -1)
    turns, lengths = _turns(joints)
    bones = [bone for bone in BONES if bone.name in turns]
    lines = ["HIERARCHY", f"ROOT {ROOT}", "{", "  OFFSET 0 0 0"]
    lines.append("  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation")
    order = []
    for bone in bones:
        if bone.parent == ROOT:
            _describe(bone, (0.0, 0.0), bones, lengths, lines, order, 1)
    lines += ["}", "MOTION", f"Frames: {len(track)}", f"Frame Time: {1 / track.fps:.8f}"]
    own = {bone.name: turns[bone.name] - turns.get(bone.parent, 0.0) for bone in bones}
    # The short way round: what a tool makes between two frames must not whirl about.
    own = {name: np.rad2deg(np.unwrap(_half_turn(turn))) for name, turn in own.items()}
    for frame, (x, y) in enumerate(root.tolist()):
        cells = [f"{x:.4f} {y:.4f} 0 0 0 0"]
        cells += [f"{own[name][frame]:.5f} 0 0" for name in order]
        lines.append(" ".join(cells))
    write_text(Path(path), "\n".join(lines) + "\n")


def _joints(track):
    """Places (T, 2) of joints by name, X to the right and Y up."""
    track = track.to(SKELETON)
    joints = dict(zip(track.joints.joints, upwards(track).transpose(1, 0, 2)))
    return joints | {MIDDLE: (joints["left_hip"] + joints["right_hip"]) / 2}


def _turns(joints):
    """How each bone is turned from rest (T,) in radians, and its length, by name."""
    turns, lengths = {}, {}
    for bone in BONES:
        along = joints[bone.end] - joints[bone.start]
        length = np.hypot(*along.T)
        # NaN is not above either.
        seen = length > SHORTEST
        if not seen.any() or (bone.parent != ROOT and bone.parent not in turns):
            continue
        turn = np.arctan2(along[:, 1], along[:, 0]) - np.arctan2(*bone.rest[::-1])
        turn[seen] = np.unwrap(turn[seen])
        turns[bone.name] = _bridged(turn, seen)
        lengths[bone.name] = float(np.median(length[seen]))
    return turns, lengths


def _bridged(values, seen):
    """Values (T,) with straight lines between those that are seen."""
    return np.interp(np.arange(len(values)), np.flatnonzero(seen), values[seen])


def _half_turn(angles):
    return (angles + np.pi) % (2 * np.pi) - np.pi


def _describe(bone, offset, bones, lengths, lines, order, depth):
    """Write a bone and what hangs on it; `order` is that of the channels."""
    pad = "  " * depth
    order.append(bone.name)
    lines += [f"{pad}JOINT {bone.name}", f"{pad}{{"]
    lines.append(f"{pad}  OFFSET {offset[0]:.6f} {offset[1]:.6f} 0")
    lines.append(f"{pad}  CHANNELS 3 Zrotation Xrotation Yrotation")
    scale = lengths[bone.name] / np.hypot(*bone.rest)
    end = bone.rest[0] * scale, bone.rest[1] * scale
    children = [child for child in bones if child.parent == bone.name]
    for child in children:
        _describe(child, end, bones, lengths, lines, order, depth + 1)
    if not children:
        lines += [f"{pad}  End Site", f"{pad}  {{"]
        lines += [f"{pad}    OFFSET {end[0]:.6f} {end[1]:.6f} 0", f"{pad}  }}"]
    lines.append(f"{pad}}}")
