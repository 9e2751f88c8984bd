"""A made dancer whose measures have closed answers."""

import numpy as np

from choreo.pose.skeletons import SKELETONS, convert
from choreo.pose.track import PoseTrack

# Torso 100 px, thighs and shins 50 px: 260 px from the nose along the body to the ankles.
_BODY = {
    "nose": (300, 40),
    "left_eye": (304, 36),
    "right_eye": (296, 36),
    "left_ear": (310, 38),
    "right_ear": (290, 38),
    "left_shoulder": (320, 100),
    "right_shoulder": (280, 100),
    "left_elbow": (340, 130),
    "right_elbow": (260, 130),
    "left_wrist": (340, 160),
    "right_wrist": (260, 160),
    "left_hip": (310, 200),
    "right_hip": (290, 200),
    "left_knee": (310, 250),
    "right_knee": (290, 250),
    "left_ankle": (310, 300),
    "right_ankle": (290, 300),
}
TORSO, HEIGHT = 100.0, 260.0


def dancer(frames=8, skeleton="coco17", *, fps=10, size=(640, 360), scores=0.5, noise=0.0, seed=0):
    """A dancer who stands still, with noise of so many pixels."""
    pose = np.array(list(_BODY.values()), float)
    pose, _ = convert(pose, np.ones(17), SKELETONS["coco17"], SKELETONS[skeleton])
    keypoints = np.repeat(pose[None], frames, 0)
    keypoints += noise * np.random.default_rng(seed).normal(size=keypoints.shape)
    given = np.isfinite(keypoints).all(-1)
    return PoseTrack(keypoints, np.where(given, scores, np.nan), fps, size, skeleton)


def moved(track, frame, joint, by):
    """The same track with a joint moved (NaN: taken away) in a frame, or a slice of frames."""
    keypoints, scores = track.keypoints.copy(), track.scores.copy()
    j = slice(None) if joint is None else track.joints.index(joint)
    keypoints[frame, j] += by
    scores[~np.isfinite(keypoints).all(-1)] = np.nan
    return track.with_(keypoints=keypoints, scores=scores)
