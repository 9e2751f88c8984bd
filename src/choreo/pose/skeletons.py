"""Joint names, limbs, left-right pairs and the mappings between skeletons.

Orders are those of the tools: COCO-17 and Halpe-26 as AlphaPose writes them, BODY_25,
BODY_25B and the 18-joint COCO model as OpenPose writes them, 33 landmarks as MediaPipe
gives them. "Left" is the dancer's left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Skeleton:
    """A set of joints in a fixed order.

    Attributes
    ----------
    name : str
        As stored in `PoseTrack.skeleton`.
    joints : tuple of str
        Joint names in order; the same joint has the same name in every skeleton.
    limbs : tuple of (int, int)
        Joint index pairs that are drawn as bones.
    """

    name: str
    joints: tuple
    limbs: tuple

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Tuple of (left, right) joint indices."""
        found = []
        for index, joint in enumerate(self.joints):
            if joint.startswith("left_"):
                other = "right_" + joint.removeprefix("left_")
                found.append((index, self.joints.index(other)))
        return tuple(found)

    @property
    def mirror(self) -> list[int]:
        """List of joint indices with left and right exchanged, to index joints with."""
        order = list(range(len(self)))
        for left, right in self.pairs:
            order[left], order[right] = right, left
        return order

    def mirrored(self, poses: np.ndarray) -> np.ndarray:
        """Mirror images of poses, shape (..., J, 2), whose middle is x = 0."""
        image = poses[..., self.mirror, :]
        image[..., 0] *= -1
        return image

    def index(self, joint: str) -> int:
        """Index of the joint called `joint`; ValueError where there is none."""
        return self.joints.index(joint)

    def __len__(self):
        return len(self.joints)


_COCO = (
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow "
    "right_elbow left_wrist right_wrist left_hip right_hip left_knee right_knee "
    "left_ankle right_ankle"
).split()
_FEET = "left_big_toe right_big_toe left_small_toe right_small_toe left_heel right_heel".split()
_HALPE = [*_COCO, "head", "neck", "hip", *_FEET]
_BODY25 = (
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist hip "
    "right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear "
    "left_ear left_big_toe left_small_toe left_heel right_big_toe right_small_toe right_heel"
).split()
# OpenPose's experimental model: the first 25 of POSE_BODY_135_BODY_PARTS in its
# poseParameters.cpp. Its upper neck is MPII's, under the chin, and not BODY_25's neck.
_BODY25B = [
    *_COCO,
    *"upper_neck head left_big_toe left_small_toe left_heel".split(),
    *"right_big_toe right_small_toe right_heel".split(),
]
_OPENPOSE18 = (
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist "
    "right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear "
    "left_ear"
).split()
_MEDIAPIPE33 = (
    "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer "
    "left_ear right_ear left_mouth right_mouth left_shoulder right_shoulder left_elbow "
    "right_elbow left_wrist right_wrist left_pinky right_pinky left_index right_index "
    "left_thumb right_thumb left_hip right_hip left_knee right_knee left_ankle right_ankle "
    "left_heel right_heel left_big_toe right_big_toe"
).split()

_BONES = [
    ("nose", "left_eye"),
    ("nose", "right_eye"),
    ("left_eye", "left_ear"),
    ("right_eye", "right_ear"),
    ("left_shoulder", "right_shoulder"),
    ("left_shoulder", "left_elbow"),
    ("left_elbow", "left_wrist"),
    ("right_shoulder", "right_elbow"),
    ("right_elbow", "right_wrist"),
    ("left_shoulder", "left_hip"),
    ("right_shoulder", "right_hip"),
    ("left_hip", "right_hip"),
    ("left_hip", "left_knee"),
    ("left_knee", "left_ankle"),
    ("right_hip", "right_knee"),
    ("right_knee", "right_ankle"),
    ("head", "neck"),
    ("head", "upper_neck"),
    ("upper_neck", "nose"),
    ("neck", "nose"),
    ("neck", "hip"),
    ("left_ankle", "left_heel"),
    ("left_ankle", "left_big_toe"),
    ("left_big_toe", "left_small_toe"),
    ("right_ankle", "right_heel"),
    ("right_ankle", "right_big_toe"),
    ("right_big_toe", "right_small_toe"),
]


def _skeleton(name, joints):
    limbs = tuple(
        (joints.index(a), joints.index(b)) for a, b in _BONES if a in joints and b in joints
    )
    return Skeleton(name, tuple(joints), limbs)


COCO17 = _skeleton("coco17", _COCO)
HALPE26 = _skeleton("halpe26", _HALPE)
BODY25 = _skeleton("body25", _BODY25)
BODY25B = _skeleton("body25b", _BODY25B)
OPENPOSE18 = _skeleton("openpose18", _OPENPOSE18)
MEDIAPIPE33 = _skeleton("mediapipe33", _MEDIAPIPE33)

SKELETONS = {s.name: s for s in (COCO17, HALPE26, BODY25, BODY25B, OPENPOSE18, MEDIAPIPE33)}

# Joints that lie halfway between two others where a skeleton does not have them itself.
_MIDPOINTS = {"neck": ("left_shoulder", "right_shoulder"), "hip": ("left_hip", "right_hip")}


def convert(
    keypoints: np.ndarray, scores: np.ndarray, source: Skeleton, target: Skeleton
) -> tuple[np.ndarray, np.ndarray]:
    """Bring keypoints from one skeleton into the order of another.

    A joint that `source` has under the same name is copied; the neck and the hip are
    the midpoints of the shoulders and the hips (thesis section 4.1) where `source` has
    none, with the smaller of the two scores; what remains is NaN.

    Parameters
    ----------
    keypoints : ndarray, shape (..., J, 2)
        Positions in any unit; NaN where there is none.
    scores : ndarray, shape (..., J)
        Confidence.
    source, target : Skeleton
        What the joints are, and what they shall be.

    Returns
    -------
    keypoints : ndarray, shape (..., K, 2)
    scores : ndarray, shape (..., K)
    """
    import numpy as np  # the process that builds the DAG reads the names alone

    keypoints = np.asarray(keypoints)
    scores = np.asarray(scores)
    out = np.full((*keypoints.shape[:-2], len(target), 2), np.nan, keypoints.dtype)
    out_scores = np.full((*scores.shape[:-1], len(target)), np.nan, scores.dtype)
    for k, joint in enumerate(target.joints):
        if joint in source.joints:
            j = source.index(joint)
            out[..., k, :] = keypoints[..., j, :]
            out_scores[..., k] = scores[..., j]
        elif joint in _MIDPOINTS and all(m in source.joints for m in _MIDPOINTS[joint]):
            a, b = (source.index(m) for m in _MIDPOINTS[joint])
            out[..., k, :] = (keypoints[..., a, :] + keypoints[..., b, :]) / 2
            out_scores[..., k] = np.minimum(scores[..., a], scores[..., b])
    return out, out_scores
