"""`normalise(method="released")` against the released code's normalize_pose."""

import json

import numpy as np
import pytest
from named_counts import named_count

from choreo.dataset.normalise import (
    CANVAS,
    normalise,
    released_joints,
    released_transform,
    to_pixels,
)
from choreo.errors import ItemError
from choreo.pose.track import PoseTrack


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


def _edges(parity):
    """Every input that the folder names without holding it: (name, frames, outcome)."""
    found = []
    for path in sorted((parity / "02_normalize").glob("*.json")):
        told = json.loads(path.read_text())
        for name, outcome in {**told.pop("edge_cases", {}), **told}.items():
            count, what = named_count(name)
            assert what in ("frame", "frames"), f"{path.name}: {name!r} is not understood"
            found.append((name, count, outcome))
    return found


def test_crashes_become_item_errors(parity):
    edges, compared = _edges(parity), 0
    if not edges:
        pytest.skip("no .json in 02_normalize names an edge case")
    clip = max((given for given, _ in _clips(parity).values()), key=len)
    for name, count, outcome in edges:
        track = _track(np.resize(clip, (count, *clip.shape[1:])))
        print(f"02_normalize {name} ({count} frames): the released code: {outcome}")
        if "Error" in str(outcome):
            with pytest.raises(ItemError, match=r"crashes on fewer than 20|no frame"):
                normalise(track, method="released")
        else:
            assert len(normalise(track, method="released").poses) == count
        compared += 1
    assert compared == len(edges) > 0


def test_edges_are_read_by_their_whole_names(tmp_path):
    folder = tmp_path / "02_normalize"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps({"nineteen_frames": "IndexError"}))
    (folder / "b.json").write_text(json.dumps({"edge_cases": {"twenty_five_frames": "fine"}}))
    found = [("nineteen_frames", 19, "IndexError"), ("twenty_five_frames", 25, "fine")]
    assert _edges(tmp_path) == found
