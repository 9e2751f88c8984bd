"""The released code's "FID": every pair of every file of this layout."""

import json

import numpy as np
import pytest

from choreo.evaluation.frechet import (
    Gaussian,
    frechet_distance,
    released_clips,
    released_distance,
    released_fid,
)


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
            ours, low_rank = released_distance(a, b), _low_rank(a, b)
            # There the root depends on scipy's version, in the eighth digit.
            tolerance = 1e-9 + low_rank
            print(f"{file.name} {pair}: {abs(ours - value):.1e} (at most {tolerance:.0e})")
            assert ours == pytest.approx(value, rel=1e-9, abs=tolerance)
            # So does the distance that Table 2 takes, by another root.
            exact = frechet_distance(*(Gaussian.of(x.reshape(len(x), -1)) for x in (a, b)))
            assert exact == pytest.approx(value, rel=1e-9, abs=tolerance)
            if a.ndim == 1:
                fid = released_fid(a[None], b[None])
                assert list(fid.values()) == pytest.approx([value] * 4, rel=1e-9, abs=1e-9)


def _low_rank(a, b):
    """1e-7 of the covariances' traces where one has fewer vectors than features, else 0."""
    if a.ndim == 1 or min(len(a), len(b)) > a.shape[1]:
        return 0.0
    return 1e-7 * float(np.var(a, axis=0).sum() + np.var(b, axis=0).sum())


def test_loader(folder):
    files = sorted(folder.glob("custom_loader*.npz"))
    assert files, f"no custom_loader*.npz in {folder}"
    for file in files:
        with np.load(file) as data:
            arrays = dict(data)
        poses = [name for name in arrays if name.startswith("pose_")]
        expected = [name for name in arrays if name.startswith("loaded_from_")]
        assert poses, f"{file.name} has {', '.join(arrays)}"
        assert expected, f"{file.name} has {', '.join(arrays)}"
        for name in expected:
            # The file doesn't say which of its poses it was: the one that fits, as that type.
            dtype = {"int": int, "float": float}[name.rpartition("_")[2]]
            differences = {}
            for pose in poses:
                loaded = released_clips(arrays[pose].astype(dtype))
                assert loaded.dtype == np.float32
                if loaded.shape == arrays[name].shape:
                    differences[pose] = float(np.abs(loaded - arrays[name]).max())
            print(f"{file.name}, {name}: {differences}")
            assert min(differences.values()) == 0
