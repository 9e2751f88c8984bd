import numpy as np
import pytest

from choreo.errors import ItemError
from choreo.pose.skeletons import SKELETONS
from choreo.poses.formats.joint_names import joint_named, placed, skeleton_of


@pytest.mark.parametrize(
    ("name", "joint"),
    [
        ("left_shoulder", "left_shoulder"),
        ("Left Shoulder", "left_shoulder"),
        ("leftShoulder", "left_shoulder"),
        ("LShoulder", "left_shoulder"),
        ("shoulder_L", "left_shoulder"),
        ("R-BigToe", "right_big_toe"),
        ("r big toe", "right_big_toe"),
        ("MidHip", "hip"),
        ("HeadTop", "head"),
        ("UpperNeck", "upper_neck"),
        ("NOSE", "nose"),
        ("mouth_left", "left_mouth"),
        ("snout", None),
        ("shoulder", None),
        ("shoulder1", None),
        ("left_right_hip", None),
        ("left_nose", None),
        ("", None),
        ("_", None),
    ],
)
def test_joint_named(name, joint):
    assert joint_named(name) == joint


@pytest.mark.parametrize("skeleton", SKELETONS)
def test_every_skeleton_is_found_by_its_own_names(skeleton):
    joints = SKELETONS[skeleton].joints
    assert all(joint_named(joint) == joint for joint in joints)
    assert skeleton_of(joints, None, where="x") == (skeleton, list(range(len(joints))))


def test_the_smallest_skeleton_that_has_them_all():
    assert skeleton_of(["left_hip", "nose"], None, where="x") == ("coco17", [11, 0])
    assert skeleton_of(["nose", "neck"], None, where="x")[0] == "openpose18"
    assert skeleton_of(["nose", "left_heel", "hip"], None, where="x")[0] == "body25"
    assert skeleton_of(["nose"], "halpe26", where="x") == ("halpe26", [0])


@pytest.mark.parametrize(
    ("names", "told", "message"),
    [
        (["nose", "snout", "tail"], None, r"no skeleton has \(got 'snout, tail'\).*left_shoulder"),
        ([], None, "body parts that no skeleton has"),
        (["LHip", "left_hip"], None, "mean one joint: left_hip"),
        (["head", "neck", "left_thumb"], None, "no skeleton has all its joints"),
        (["nose", "neck"], "coco17", "coco17 has no neck"),
        (["nose"], "coco18", r"unknown skeleton \(got 'coco18'\)"),
    ],
)
def test_names_that_are_refused(names, told, message):
    with pytest.raises(ItemError, match=message):
        skeleton_of(names, told, where="file")


def test_placed():
    keypoints = np.arange(8.0).reshape(2, 2, 2)
    out, scores = placed(keypoints, np.ones((2, 2)), [11, 0], "coco17")
    assert out[1, 11].tolist() == [4, 5]
    assert out[1, 0].tolist() == [6, 7]
    assert np.isfinite(out).all(-1).sum() == np.isfinite(scores).sum() == 4
