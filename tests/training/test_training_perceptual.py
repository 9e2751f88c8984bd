import numpy as np
import pytest
import torch
from test_training_train import run
from training_dances import Dances

from choreo.errors import ConfigError, ItemError
from choreo.training.perceptual import change, load_perceptual, pretrain
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
    summary = pretrain(dances, tmp_path / "p.safetensors", steps=40, seed=0)
    assert summary["accuracy"] > 2 / 16
    network, read = load_perceptual(tmp_path / "p.safetensors")
    assert read == summary
    assert not network.training


def test_the_same_seed_gives_the_same_network(tmp_path, dances):
    told = []
    for name in "ab":
        pretrain(
            dances, tmp_path / f"{name}.safetensors", steps=2, seed=0,
            on_progress=lambda *done: told.append(done),
        )  # fmt: skip
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert told == [(1, 2), (2, 2)] * 2


def test_a_released_state_dict_serves_too(tmp_path):
    network = SpatialTemporalGraphNetwork()
    torch.save(network.state_dict(), tmp_path / "GCN.pth")
    read, summary = load_perceptual(tmp_path / "GCN.pth")
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
        "perceptual_loss": True, "epochs": 1, "batch_size": 2,
    })  # fmt: skip
    with pytest.raises(ConfigError, match="the pose perceptual loss needs its network"):
        run(dances, tmp_path, recipe)
    path = tmp_path / "perceptual.safetensors"
    pretrain(dances, path, steps=1, seed=0)
    summary = run(dances, tmp_path, recipe, perceptual=path)
    assert summary["perceptual"]["steps"] == 1
    assert summary["last_epoch"]["perceptual"] > 0
