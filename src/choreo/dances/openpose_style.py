"""A pose in OpenPose's colours on black, as pose-to-video models were trained on.

Limbs, colours and widths are those of OpenPose's 18-joint COCO model as ControlNet's
annotator draws them (lllyasviel/ControlNet-v1-1, annotator/openpose/util.py): limbs are
filled ellipses 4 pixels to each side at six tenths of their colour, joints are discs of
radius 4.
"""

import cv2
import numpy as np

from choreo.pose.skeletons import SKELETONS

WIDTH = 4
"""Half the width of a limb, and radius of a joint, in pixels."""

_SHADE = 0.6
COLOURS = (
    *((255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0)),
    *((0, 255, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255)),
    *((0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85)),
)
"""RGB of the 18 joints, in OpenPose's order; the first 17 are also those of the limbs."""

LIMBS = (
    *(("neck", "right_shoulder"), ("neck", "left_shoulder")),
    *(("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist")),
    *(("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist")),
    *(("neck", "right_hip"), ("right_hip", "right_knee"), ("right_knee", "right_ankle")),
    *(("neck", "left_hip"), ("left_hip", "left_knee"), ("left_knee", "left_ankle")),
    *(("neck", "nose"), ("nose", "right_eye"), ("right_eye", "right_ear")),
    *(("nose", "left_eye"), ("left_eye", "left_ear")),
)
"""Limbs in the order of their colours."""


def draw_openpose(image, joints, skeleton):
    """Draw a pose in OpenPose's colours, in place.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, 3)
        RGB; black, if it is to be a control picture.
    joints : ndarray, shape (J, 2)
        Pixels; NaN joints and the limbs to them are left out.
    skeleton : str
        Any; the neck is the middle of the shoulders where it has none.
    """
    at = dict(zip(SKELETONS[skeleton].joints, np.asarray(joints, float), strict=True))
    if "neck" not in at:
        at["neck"] = (at["left_shoulder"] + at["right_shoulder"]) / 2
    at = {name: point for name, point in at.items() if np.isfinite(point).all()}
    for (start, end), colour in zip(LIMBS, COLOURS):
        if start not in at or end not in at:
            continue
        (x1, y1), (x2, y2) = at[start], at[end]
        angle = int(np.degrees(np.arctan2(y1 - y2, x1 - x2)))
        middle = int((x1 + x2) / 2), int((y1 + y2) / 2)
        axes = int(np.hypot(x1 - x2, y1 - y2) / 2), WIDTH
        outline = cv2.ellipse2Poly(middle, axes, angle, 0, 360, 1)
        cv2.fillConvexPoly(image, outline, tuple(int(c * _SHADE) for c in colour))
    for name, colour in zip(SKELETONS["openpose18"].joints, COLOURS, strict=True):
        if name in at:
            x, y = at[name]
            cv2.circle(image, (int(x), int(y)), WIDTH, colour, -1)
