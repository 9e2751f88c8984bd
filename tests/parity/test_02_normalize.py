"""`normalise(method="released")` against the released code's normalize_pose."""

import json

import numpy as np
import pytest

from choreo.dataset.normalise import (
    CANVAS,
    normalise,
    released_joints,
    released_transform,
    to_pixels,
)
from choreo.errors import ItemError
from choreo.track import PoseTrack


def _track(keypoints, fps=10):
    scores = np.ones(keypoints.shape[:2])
    return PoseTrack(keypoints, scores, fps=fps, size=(640, 360), skeleton="coco17")


def _clips(parity):
    found = {}
    for path in sorted((parity / "02_normalize").glob("*.npz")):
        with np.load(path) as data:
            for key in data.files:
                if key.endswith("_in"):
                    name = key.removesuffix("_in")
                    found[f"{path.stem}:{name}"] = data[key], data[f"{name}_out"]
    assert found, "no case found"
    return found


def test_clips(parity):
    for name, (given, expected) in _clips(parity).items():
        exact = to_pixels(
            released_transform(given).apply(released_joints(given)), CANVAS["released"]
        )
        difference = np.abs(exact - expected).max()
        print(f"02_normalize {name}: {len(given)} frames, largest difference {difference:.2e} px")
        assert exact.shape == expected.shape
        assert difference < 1e-9


def test_clips_as_tracks(parity):
    """The same by way of a track, whose pixels are float32, at 10 and at 30 fps."""
    for name, (given, expected) in _clips(parity).items():
        for track in (_track(given), _track(np.repeat(given, 3, axis=0), fps=30)):
            poses = normalise(track, method="released").poses
            difference = np.abs(to_pixels(poses, CANVAS["released"]) - expected).max()
            print(f"02_normalize {name} at {track.fps:g} fps: {difference:.2e} px")
            assert difference < 1e-3


WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
).split()


def _frames(name):
    word = name.split("_")[0]
    return int(word) if word.isdigit() else WORDS.index(word)


def test_crashes_become_item_errors(parity):
    clip = next(iter(_clips(parity).values()))[0]
    compared = 0
    for path in sorted((parity / "02_normalize").glob("*.json")):
        for name, outcome in json.loads(path.read_text()).items():
            track = _track(clip[: _frames(name)])
            print(f"02_normalize {name}: the released code: {outcome}")
            if "Error" in outcome:
                with pytest.raises(ItemError, match=r"crashes on fewer than 20|no frame"):
                    normalise(track, method="released")
            else:
                assert len(normalise(track, method="released").poses) == len(track)
            compared += 1
    assert compared, "no case found"
