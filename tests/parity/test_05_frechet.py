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
    with np.load(folder / "custom_loader_int_bug.npz") as data:
        pixels = data["pose_int"]
        cases = {"int": pixels, "float": pixels.astype(float)}
        for kind, array in cases.items():
            loaded = released_clips(array)
            difference = np.abs(loaded - data[f"loaded_from_{kind}"]).max()
            print(f"loader, {kind}: {difference:.1e}")
            assert loaded.dtype == np.float32
            assert difference == 0
