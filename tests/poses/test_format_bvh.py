"""BVH: a planar skeleton of constant bones, by a reader of its own and by Blender."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from choreo.errors import ItemError
from choreo.pose.skeletons import SKELETONS
from choreo.pose.track import PoseTrack
from choreo.poses.formats import bvh

SIZE = (640, 320)
FPS = 25.0
NAMES = SKELETONS["openpose18"].joints


def dance(frames=40, seed=0):
    """Limbs that turn all around, of lengths that change a little."""
    rng = np.random.default_rng(seed)
    joints = {}
    middle = np.array([320.0, 170.0]) + rng.normal(0, 3, (frames, 2)).cumsum(0)
    joints["right_hip"], joints["left_hip"] = middle - 15, middle + 14
    ends = {bone.start: middle for bone in bvh.BONES if bone.start == bvh.MIDDLE}
    for bone in bvh.BONES:
        if bone.end in joints:
            ends[bone.end] = joints[bone.end]
            continue
        turn = rng.uniform(0, 6) + rng.normal(0, 0.4, frames).cumsum()
        length = rng.uniform(10, 60) * rng.uniform(0.9, 1.1, frames)
        along = np.stack([np.cos(turn), np.sin(turn)], -1) * length[:, None]
        ends[bone.end] = ends[bone.start] + along
    keypoints = np.stack([ends[name] for name in NAMES], 1)
    return PoseTrack(keypoints, np.ones(keypoints.shape[:2]), FPS, SIZE, "openpose18")


def constant_bones(track):
    """Places (T, 2) of joints in the file's axes, bones laid end to end at median lengths."""
    places = track.keypoints.astype(float) * (1, -1) + (0, SIZE[1])
    places = dict(zip(NAMES, places.transpose(1, 0, 2)))
    places[bvh.MIDDLE] = (places["left_hip"] + places["right_hip"]) / 2
    laid = {bvh.MIDDLE: places[bvh.MIDDLE]}
    for bone in bvh.BONES:
        along = places[bone.end] - places[bone.start]
        length = np.linalg.norm(along, axis=-1, keepdims=True)
        laid[bone.end] = laid[bone.start] + along / length * np.median(length)
    return laid


def forward(text):
    """Where bones end (T, 3) in a file, by name: any BVH, any order of rotations.

    Bones are matrices in space here, while the writer adds angles in a plane.
    """
    hierarchy, motion = text.split("MOTION")
    joints, stack, channels = [], [], 0
    words = iter(hierarchy.split())
    for word in words:
        if word in ("ROOT", "JOINT", "End"):
            name = next(words)
            parent = stack[-1] if stack else None
            joints.append({"name": name, "parent": parent, "channels": []})
        elif word == "{":
            stack.append(len(joints) - 1)
        elif word == "}":
            stack.pop()
        elif word == "OFFSET":
            joints[stack[-1]]["offset"] = np.array([float(next(words)) for _ in "xyz"])
        elif word == "CHANNELS":
            count = int(next(words))
            joints[stack[-1]]["channels"] = [next(words) for _ in range(count)]
            joints[stack[-1]]["first"] = channels
            channels += count
    assert not stack
    frames, _, rows = motion.strip().partition("\n")
    time, _, rows = rows.partition("\n")
    values = np.array([line.split() for line in rows.splitlines()], float)
    assert values.shape == (int(frames.removeprefix("Frames:")), channels)
    ends, turned = {}, []
    for joint in joints:
        move, turn = np.zeros((len(values), 3)), np.broadcast_to(np.eye(3), (len(values), 3, 3))
        for number, channel in enumerate(joint["channels"]):
            column = values[:, joint["first"] + number]
            if channel.endswith("position"):
                move[:, "XYZ".index(channel[0])] = column
            else:
                turn = turn @ rotation(channel[0], np.deg2rad(column))
        if joint["parent"] is None:
            turned.append((move + joint["offset"], turn))
            continue
        place, above = turned[joint["parent"]]
        own = place + np.einsum("tij,j->ti", above, joint["offset"]) + move
        turned.append((own, above @ turn))
        # A bone ends where those that hang on it begin.
        ends.setdefault(joints[joint["parent"]]["name"], own)
    return ends, float(time.removeprefix("Frame Time:"))


def rotation(axis, angles):
    matrix = np.zeros((len(angles), 3, 3))
    first, second = {"X": (1, 2), "Y": (2, 0), "Z": (0, 1)}[axis]
    k = "XYZ".index(axis)
    matrix[:, k, k] = 1
    matrix[:, first, first] = matrix[:, second, second] = np.cos(angles)
    matrix[:, second, first] = np.sin(angles)
    matrix[:, first, second] = -np.sin(angles)
    return matrix


def test_bones_end_where_the_skeleton_of_constant_bones_has_its_joints(tmp_path):
    track = dance()
    bvh.write(track, tmp_path / "a.bvh")
    ends, seconds = forward((tmp_path / "a.bvh").read_text())
    assert seconds == pytest.approx(1 / FPS)
    laid = constant_bones(track)
    assert len(ends) == len(bvh.BONES) + 1
    for bone in bvh.BONES:
        np.testing.assert_allclose(ends[bone.name][:, :2], laid[bone.end], atol=0.02)
        np.testing.assert_array_equal(ends[bone.name][:, 2], 0)
    # The dance itself, up to what bones of constant lengths can't do.
    wrist = track.keypoints[:, NAMES.index("left_wrist")] * (1, -1) + (0, SIZE[1])
    assert np.linalg.norm(ends["left_forearm"][:, :2] - wrist, axis=-1).max() < 40


def test_no_joint_whirls_between_two_frames(tmp_path):
    bvh.write(dance(), tmp_path / "a.bvh")
    rows = (tmp_path / "a.bvh").read_text().partition("Frame Time")[2].splitlines()[1:]
    turns = np.array([row.split() for row in rows], float)[:, 3:]
    assert np.abs(np.diff(turns, axis=0)).max() <= 180


def test_what_is_not_seen_is_bridged_or_left_out(tmp_path):
    track = dance()
    keypoints = track.keypoints.copy()
    whole = tmp_path / "whole.bvh"
    bvh.write(track, whole)
    keypoints[5, NAMES.index("left_wrist")] = np.nan
    keypoints[:, NAMES.index("right_knee")] = np.nan
    keypoints[0, NAMES.index("left_hip")] = np.nan
    bvh.write(track.with_(keypoints=keypoints), tmp_path / "a.bvh")
    text = (tmp_path / "a.bvh").read_text()
    assert "nan" not in text
    names = set(re.findall(r"JOINT (\w+)", text))
    assert {bone.name for bone in bvh.BONES} - names == {"right_thigh", "right_shin"}
    ends, _ = forward(text)
    known, _ = forward(whole.read_text())
    np.testing.assert_allclose(ends["left_shin"][1:], known["left_shin"][1:], atol=0.5)
    between = ends["left_forearm"] - ends["left_upper_arm"]
    angles = np.unwrap(np.arctan2(between[:, 1], between[:, 0]))
    assert angles[5] == pytest.approx((angles[4] + angles[6]) / 2, abs=0.01)


@pytest.mark.parametrize("skeleton", ["coco17", "halpe26", "body25", "mediapipe33"])
def test_other_skeletons_are_converted(tmp_path, skeleton):
    rng = np.random.default_rng(0)
    keypoints = rng.uniform(0, 300, (6, len(SKELETONS[skeleton]), 2))
    track = PoseTrack(keypoints, np.ones(keypoints.shape[:2]), FPS, SIZE, skeleton)
    bvh.write(track, tmp_path / "a.bvh")
    ends, _ = forward((tmp_path / "a.bvh").read_text())
    assert len(ends) == len(bvh.BONES) + 1


def test_a_dancer_without_hips_is_refused(tmp_path):
    track = dance()
    keypoints = track.keypoints.copy()
    keypoints[:, NAMES.index("left_hip")] = np.nan
    with pytest.raises(ItemError, match=r"a\.bvh: no frame has both hips.*are seen"):
        bvh.write(track.with_(keypoints=keypoints), tmp_path / "a.bvh")
    assert not list(tmp_path.iterdir())


IN_BLENDER = """\
import sys
import bpy
bpy.ops.wm.read_factory_settings(use_empty=True)
path, out = sys.argv[-2:]
bpy.ops.import_anim.bvh(filepath=path, axis_forward="-Z", axis_up="Y", update_scene_duration=True)
armature = bpy.context.object
with open(out, "w") as file:
    for frame in range(1, int(bpy.context.scene.frame_end) + 1):
        bpy.context.scene.frame_set(frame)
        for bone in armature.pose.bones:
            # Blender's own axes have Z up: turned back to the file's.
            x, y, z = armature.matrix_world @ bone.tail
            print(frame, bone.name, x, z, -y, file=file)
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("blender"), reason="there is no Blender here")
def test_blender_has_the_same_bones(tmp_path):
    bvh.write(dance(frames=12), tmp_path / "a.bvh")
    (tmp_path / "in.py").write_text(IN_BLENDER)
    command = ["blender", "--background", "--factory-startup", "--python-exit-code", "1"]
    command += ["--python", tmp_path / "in.py", "--", tmp_path / "a.bvh", tmp_path / "out"]
    subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL)
    ends, _ = forward((tmp_path / "a.bvh").read_text())
    check_ends(ends, (tmp_path / "out").read_text())


def check_ends(ends, told):
    """Compare where bones end, as `IN_BLENDER` told it, with `forward`."""
    names = {bone.name for bone in bvh.BONES}
    compared = 0
    for line in told.splitlines():
        frame, name, *place = line.split()
        if name in names and int(frame) <= len(ends[name]):
            expected = ends[name][int(frame) - 1]
            np.testing.assert_allclose(np.array(place, float), expected, atol=0.05)
            compared += 1
    assert compared == 12 * len(names)
