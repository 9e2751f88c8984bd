"""The metrics as published give the numbers that their released code gave once."""

import json
from pathlib import Path

import numpy as np
import pytest

from choreo.evaluation.others import published
from choreo.evaluation.others.bodies import SMPL, relation_joints
from choreo.evaluation.others.reading import joints_of_features

RECORDED = json.loads(
    (Path(__file__).parents[1] / "data" / "published" / "recorded.json").read_text()
)
MUSIC = np.arange(7, 299, 31)
SEEDS = range(3)


def dance(seed, frames=60):
    """What the released code was run on: 24 joints that wander."""
    rng = np.random.default_rng(seed)
    rest = rng.normal(0, 0.4, (24, 3)) + np.array([0, 1, 0])
    own = np.cumsum(rng.normal(0, 0.01, (frames, 24, 3)), axis=0)
    return rest + own + np.cumsum(rng.normal(0, 0.02, (frames, 1, 3)), axis=0)


def gaussians():
    """Features of real and of made dances."""
    rng = np.random.default_rng(9)
    return rng.normal(2, 3, (60, 12)), rng.normal(1, 4, (50, 12))


def features(frames=5):
    """Features in the order of InfiniteDance's, float32."""
    return np.random.default_rng(4).normal(0, 0.5, (frames, 264)).astype(np.float32)


@pytest.mark.parametrize("seed", SEEDS)
def test_kinetic_features(seed):
    assert published.kinetic(dance(seed)) == pytest.approx(RECORDED["kinetic"][seed], rel=1e-5)
    moved = published.from_first_root(dance(seed))
    assert published.kinetic(moved) == pytest.approx(RECORDED["bailando_kinetic"][seed], rel=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_geometric_features(seed):
    joints = dance(seed)
    at = relation_joints({name: joints[:, j] for j, name in enumerate(SMPL)})
    found = published.geometric(at, joints[..., 1].min(1))
    assert found == pytest.approx(RECORDED["manual"][seed], abs=1e-7)
    assert found == pytest.approx(RECORDED["bailando_manual"][seed], abs=1e-7)


def test_distances():
    real, made = gaussians()
    assert published.frechet(made, real) == pytest.approx(RECORDED["fid_mint"], rel=1e-6)
    assert published.frechet(made, real) == pytest.approx(RECORDED["fid_bailando"], rel=1e-6)
    made, real = published.scaled(made, real)
    assert published.mean_distance(made) == pytest.approx(RECORDED["distance"], rel=1e-9)
    assert published.mean_distance(real) == pytest.approx(RECORDED["distance_real"], rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_beats(seed):
    joints = dance(seed, 300)
    beats = published.bailando_beats(joints)
    assert beats.tolist() == RECORDED["bailando_beats"][seed]
    assert published.alignment(MUSIC, beats) == pytest.approx(RECORDED["bailando_ba"][seed])
    beats = published.mint_beats(joints)
    assert beats.tolist() == RECORDED["mint_beats"][seed]
    assert published.alignment(beats, MUSIC) == pytest.approx(RECORDED["mint_ba"][seed])


@pytest.mark.parametrize("seed", SEEDS)
def test_physical_contact(seed):
    joints = dance(seed, 300)
    feet = [
        joints[:, SMPL.index(f"{side}_{part}")]
        for side in ("left", "right")
        for part in ("ankle", "toe")
    ]
    found = published.physical_contact(joints[:, 0], feet)
    assert found == pytest.approx(RECORDED["pfc"][seed], rel=1e-9)


def test_joints_of_features():
    found = joints_of_features(features().astype(float))
    assert found == pytest.approx(np.array(RECORDED["infinitedance_joints"]), abs=2e-6)
