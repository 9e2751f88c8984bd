"""Made-up tracks and songs for the tests of this folder, and changes to dataset files."""

import contextlib

import h5py
import numpy as np

from choreo.dataset import layout
from choreo.pose.skeletons import COCO17
from choreo.pose.track import PoseTrack

# An upright dancer in pixels, facing the camera: the left side is at larger x.
STANDING = {
    "nose": (320, 100),
    "left_eye": (324, 96),
    "right_eye": (316, 96),
    "left_ear": (330, 98),
    "right_ear": (310, 98),
    "left_shoulder": (345, 130),
    "right_shoulder": (295, 130),
    "left_elbow": (355, 170),
    "right_elbow": (285, 170),
    "left_wrist": (358, 205),
    "right_wrist": (282, 205),
    "left_hip": (335, 210),
    "right_hip": (305, 210),
    "left_knee": (337, 260),
    "right_knee": (303, 260),
    "left_ankle": (338, 310),
    "right_ankle": (302, 310),
}


def dance(seconds, *, fps=30.0, seed=0, move=8.0, **track):
    """Track of a dancer whose joints swing at random slow phases by `move` pixels."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * fps)) / fps
    standing = np.array([STANDING[joint] for joint in COCO17.joints], float)
    phase = rng.uniform(0, 2 * np.pi, standing.shape)
    rate = rng.uniform(0.3, 1.5, standing.shape)
    swing = np.sin(2 * np.pi * rate * times[:, None, None] + phase)
    keypoints = standing + move * swing
    return PoseTrack(
        keypoints,
        np.ones(keypoints.shape[:2]),
        fps=fps,
        size=(640, 360),
        skeleton="coco17",
        **track,
    )


def song(seconds, seed=0):
    """Noise as int16 at 16 kHz."""
    return np.random.default_rng(seed).integers(-9000, 12000, round(seconds * 16_000), np.int16)


@contextlib.contextmanager
def changed(path):
    """Change a dataset file as somebody who knows how to make its digest right again."""
    with h5py.File(path, "r+") as file:
        yield file
        names = (*layout.ARRAYS, layout.CHECKSUM)
        own = [isinstance(file.get(name, getlink=True), h5py.HardLink) for name in names]
        if all(own) and len({len(file[name]) for name in names}) == 1:
            file[layout.CHECKSUM][:] = layout.checksums({n: file[n][:] for n in layout.ARRAYS})
    layout.seal(path)
