import numpy as np
import pytest
import torch
from conftest import Dances
from test_training_train import run

from choreo.errors import ItemError
from choreo.training.perceptual import change, load_perceptual, perceptual_network, pretrain
from choreo.training.recipes import recipe_from
from choreo.training.stgcn import SpatialTemporalGraphNetwork


@pytest.fixture
def poses():
    return np.arange(50.0)[:, None, None] * np.ones((1, 18, 2))


def test_no_change_is_class_0(poses):
    assert np.array_equal(change(poses, 0, np.random.default_rng(0)), poses)


def test_class_1_is_backwards(poses):
    assert np.array_equal(change(poses, 1, np.random.default_rng(0)), poses[::-1])


def test_class_2_is_twice_as_fast(poses):
    times = change(poses, 2, np.random.default_rng(0))[:, 0, 0]
    assert np.array_equal(times, np.tile(np.arange(0, 50, 2), 2))


def test_class_4_moves_pieces(poses):
    for seed in range(20):
        times = change(poses, 4, np.random.default_rng(seed))[:, 0, 0]
        assert sorted(times) == list(range(50))
        starts = times.reshape(5, 10)[:, 0]
        assert (times.reshape(5, 10) == starts[:, None] + np.arange(10)).all()
        assert not np.array_equal(starts, np.arange(0, 50, 10))


def test_class_8_delays_the_arms(poses):
    late = change(poses, 8, np.random.default_rng(0))
    assert np.array_equal(late[:, 4, 0], np.maximum(np.arange(50) - 5, 0))
    assert np.array_equal(late[:, 10], poses[:, 10])


@pytest.mark.slow
def test_it_learns_to_tell_changes_apart(tmp_path):
    dances = Dances(tmp_path / "d.npz", chunks=8)
    summary = pretrain(dances, tmp_path / "p.safetensors", data="d", steps=40, seed=0)
    assert summary["accuracy"] > 2 / 16
    network, read = load_perceptual(tmp_path / "p.safetensors")
    assert read == summary
    assert not network.training


def test_it_is_trained_once_for_the_same_data(tmp_path, dances):
    options = {"data": "d", "steps": 1, "seed": 0}
    first, _ = perceptual_network(dances, None, tmp_path / "cache", **options)
    (path,) = (tmp_path / "cache").glob("perceptual-*.safetensors")
    made = path.stat().st_mtime_ns
    again, _ = perceptual_network(dances, None, tmp_path / "cache", **options)
    assert path.stat().st_mtime_ns == made
    for name, value in first.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)
    perceptual_network(dances, None, tmp_path / "cache", **{**options, "data": "other"})
    assert len(list((tmp_path / "cache").glob("perceptual-*"))) == 2


def test_a_released_state_dict_serves_too(tmp_path, dances):
    network = SpatialTemporalGraphNetwork()
    torch.save(network.state_dict(), tmp_path / "GCN.pth")
    read, summary = perceptual_network(
        dances, tmp_path / "GCN.pth", tmp_path, data="d", steps=1, seed=0
    )
    assert summary == {"source": "GCN.pth"}
    assert torch.equal(read.fcn.weight, network.fcn.weight)


def test_wrong_files_are_named(tmp_path):
    with pytest.raises(ItemError, match=r"none.safetensors: not a perceptual network"):
        load_perceptual(tmp_path / "none.safetensors")
    with pytest.raises(ItemError, match=r"none.pth: no such file"):
        load_perceptual(tmp_path / "none.pth")


def test_the_original_trains_with_it(tmp_path, dances):
    recipe = recipe_from({
        "music_features": 256, "initial_pose": "none", "music_feature_loss": "off",
        "perceptual_loss": True, "perceptual_steps": 1, "epochs": 1, "batch_size": 2,
    })  # fmt: skip
    summary = run(dances, tmp_path, recipe)
    assert summary["perceptual"]["steps"] == 1
    assert summary["last_epoch"]["perceptual"] > 0
