"""The released code's "FID": every pair of every file of this layout."""

import json

import numpy as np
import pytest

from choreo.evaluation.frechet import released_clips, released_distance, released_fid


@pytest.fixture(scope="module")
def folder(parity):
    return parity / "05_frechet"


def test_distances(folder):
    files = sorted(folder.glob("expected_scipy*.json"))
    assert files, f"no expected_scipy*.json in {folder}"
    with np.load(folder / "data.npz") as data:
        arrays = dict(data)
    for file in files:
        values = json.loads(file.read_text())["values"]
        assert values
        for pair, value in values.items():
            a, b = (arrays[name] for name in pair.split("|"))
            ours = released_distance(a, b)
            print(f"{file.name} {pair}: {abs(ours - value):.1e}")
            assert ours == pytest.approx(value, rel=1e-9, abs=1e-9)
            if a.ndim == 1:
                fid = released_fid(a[None], b[None])
                assert list(fid.values()) == pytest.approx([value] * 4, rel=1e-9, abs=1e-9)


def test_loader(folder):
    files = sorted(folder.glob("custom_loader*.npz"))
    assert files, f"no custom_loader*.npz in {folder}"
    for file in files:
        with np.load(file) as data:
            arrays = dict(data)
        poses = [name for name in arrays if name.startswith("pose_")]
        expected = [name for name in arrays if name.startswith("loaded_from_")]
        assert len(poses) == 1, f"{file.name} has {', '.join(arrays)}"
        assert expected, f"{file.name} has {', '.join(arrays)}"
        for name in expected:
            kind = name.removeprefix("loaded_from_")
            loaded = released_clips(arrays[poses[0]].astype({"int": int, "float": float}[kind]))
            difference = np.abs(loaded - arrays[name]).max()
            print(f"{file.name}, loader, {kind}: {difference:.1e}")
            assert loaded.dtype == np.float32
            assert difference == 0
