"""Chunks, splits and sound of `method="released"` against the released code's."""

import json
import re
from types import SimpleNamespace

import numpy as np

from choreo.dataset.audio import decode, frames, stored
from choreo.dataset.chunks import initial_poses, released_bounds
from choreo.dataset.description import DataDescription
from choreo.dataset.normalise import CANVAS, from_pixels
from choreo.dataset.split import assign_splits


def _expected(parity, key):
    """What every file of the folder says under `key`, by file."""
    found = {}
    for path in sorted((parity / "08_data").glob("*.json")):
        values = json.loads(path.read_text())
        if key in values:
            found[path.stem] = values[key]
    assert found, f"no case of {key} found"
    return found


def _arrays(parity, wanted):
    """Arrays of every file of the folder that has a key for which `wanted` is true."""
    found = {}
    for path in sorted((parity / "08_data").glob("*.npz")):
        with np.load(path) as file:
            if any(map(wanted, file.files)):
                found[path.stem] = {key: file[key] for key in file.files}
    assert found, "no case found"
    return found


def test_chunk_boundaries(parity):
    files = _expected(parity, "split_pose").values()
    cases = [case for file in files for case in file.items()]
    assert cases, "no case found"
    for name, expected in cases:
        n_frames, n_samples = map(int, re.findall(r"\d+", name))
        found = [
            {
                "first_frame": f.start,
                "n_frames": f.stop - f.start,
                # What the case's sound holds: 0, 1, 2, ... modulo a prime.
                "first_sample_value_mod_30011": s.start % 30011,
                "n_samples": s.stop - s.start,
            }
            for f, s in released_bounds(n_frames, n_samples)
        ]
        print(f"08_data {name}: {len(found)} chunks")
        assert found == expected


def _videos(data):
    """Video ids in the order of the released code: sorted as strings."""
    return sorted(key.removeprefix("pose_") for key in data if key.startswith("pose_"))


def released_sides(videos, scores):
    """Videos of each side, in order: the released code deletes scored ids from each.

    So a video without a score is on both. Ours divides the scored ones, and refuses others.
    """
    rows = [
        SimpleNamespace(id=v, source=v, song=v, dancer=v, score=scores[v])
        for v in videos
        if v in scores
    ]
    splits = assign_splits(rows, by="video", score=3.5, column=None)
    return {side: [v for v in videos if splits.get(v, side) == side] for side in ("train", "test")}


def test_a_video_without_a_score_is_on_both_sides():
    sides = released_sides(["1", "10", "2", "3"], {"1": 5, "10": 3.5, "2": 3})
    assert sides == {"train": ["1", "10", "3"], "test": ["2", "3"]}


def test_dataset(parity):
    told = _expected(parity, "dataset").values()
    held = _arrays(parity, lambda key: key.startswith("pose_")).values()
    for expected, data in zip(told, held, strict=True):
        _compare_dataset(expected, data)


def _compare_dataset(expected, data):
    videos = _videos(data)
    assert videos, "no case found"
    sides = released_sides(videos, expected["score"])
    for split, label, initial in (("train", "label", "initposes"), ("test", "label_test", None)):
        chosen = sides[split]
        poses = [from_pixels(data[f"pose_{v}"], CANVAS["released"]) for v in chosen]
        joined = np.concatenate(poses).astype(np.float32)
        difference = np.abs(joined - data[label]).max()
        print(f"08_data {label}: {len(joined)} chunks of videos {chosen}: {difference:.2e}")
        assert len(joined) == expected[f"{split}_len"]
        assert difference < 1e-6
        if initial:
            found = [initial_poses(p, np.arange(len(p)), "released") for p in poses]
            difference = np.abs(np.concatenate(found) - data[initial]).max()
            print(f"08_data {initial}: {difference:.2e}")
            assert difference < 1e-6
    sound = [data[f"music_first16_{v}"] for v in sides["train"]]
    found = decode(np.concatenate(sound).astype(np.int16), "released")
    print(f"08_data audio_first16: {np.abs(found - data['audio_first16']).max():g}")
    np.testing.assert_array_equal(found, data["audio_first16"])


def test_audio_frames():
    # d.view(50, 1600) in the released code.
    chunk = np.arange(80_000)
    np.testing.assert_array_equal(frames(chunk, DataDescription())[3, :2], [4800, 4801])


def test_peak_normalisation(parity):
    compared = 0
    for data in _arrays(parity, lambda key: key.endswith("_in")).values():
        for key in (k for k in data if k.endswith("_in")):
            found = stored(data[key], "released")
            expected = data[key.removesuffix("_in") + "_out"]
            print(f"08_data {key}: {np.abs(found.astype(int) - expected).max()} apart")
            np.testing.assert_array_equal(found, expected)
            compared += 1
    assert compared, "no case found"
