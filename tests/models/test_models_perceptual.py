import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from test_training_train import run
from training_dances import Dances

from choreo.errors import ConfigError, ItemError
from choreo.models.divergence import TrainingDiverged
from choreo.models.gan import perceptual
from choreo.models.gan.perceptual import change, load_perceptual
from choreo.models.gan.stgcn import SpatialTemporalGraphNetwork
from choreo.models.recipes import recipe_from
from choreo.training.perceptual import pretrain

NAME = "perceptual.safetensors"
HERE = Path(__file__).parent


def prepare(dances, folder, steps=1, **options):
    options = {"checkpoint_dir": folder / "checkpoints", "device": "cpu", "threads": 1, **options}
    return pretrain(dances, folder / NAME, steps=steps, seed=0, **options)


@pytest.fixture
def few(monkeypatch):
    """Two dances a step, in this process."""
    monkeypatch.setattr(perceptual, "_BATCH", 2)


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


def test_class_4_moves_segments(poses):
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
@pytest.mark.soak
def test_it_learns_to_tell_changes_apart(tmp_path):
    dances = Dances(tmp_path / "d.npz", chunks=8)
    summary = prepare(dances, tmp_path, steps=40)
    assert summary["accuracy"] > 2 / 16
    network, read = load_perceptual(tmp_path / NAME)
    assert read == summary
    assert not network.training


def test_the_same_seed_gives_the_same_network(few, tmp_path, dances):
    told = []
    for name in "ab":
        prepare(dances, tmp_path / name, steps=2, on_progress=lambda *done: told.append(done))
    assert (tmp_path / "a" / NAME).read_bytes() == (tmp_path / "b" / NAME).read_bytes()
    assert told == [(1, 2), (2, 2)] * 2
    assert not list((tmp_path / "a" / "checkpoints").glob("*/*"))


def test_one_that_is_interrupted_goes_on_to_the_same_bytes(few, tmp_path, dances):
    def stop(step, steps):
        if step == 2:
            raise KeyboardInterrupt

    prepare(dances, tmp_path, steps=3)
    folder = tmp_path / "cut"
    with pytest.raises(KeyboardInterrupt):
        prepare(dances, folder, steps=3, on_progress=stop, checkpoint_steps=1)
    told = []
    prepare(dances, folder, steps=3, on_progress=lambda step, _: told.append(step))
    assert told == [2, 3]
    assert (folder / NAME).read_bytes() == (tmp_path / NAME).read_bytes()


SCRIPT = """
    import os, signal, sys
    sys.path[:0] = {tests!r}
    from pathlib import Path
    from test_models_perceptual import prepare
    from training_dances import Dances

    folder, stop = Path(sys.argv[1]), int(sys.argv[2])

    def tell(step, steps):
        if step == stop:
            os.kill(os.getpid(), signal.{signal})

    prepare(Dances(folder / "d.npz"), folder, steps=4, on_progress=tell, checkpoint_steps={every})
"""


def start(folder, stop, name="SIGKILL", every=1):
    folder.mkdir(exist_ok=True)
    code = textwrap.dedent(SCRIPT).format(
        tests=[str(HERE), str(HERE.with_name("training"))], signal=name, every=every
    )
    command = [sys.executable, "-c", code, str(folder), str(stop)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.soak
def test_one_that_is_killed_and_terminated_goes_on_to_the_same_bytes(tmp_path, dances):
    prepare(dances, tmp_path, steps=4)
    folder = tmp_path / "killed"
    assert start(folder, 2).returncode == -signal.SIGKILL
    stopped = start(folder, 3, "SIGTERM", every=100)
    assert "goes on from step 1 of 4" in stopped.stderr
    assert "stopped by SIGTERM" in stopped.stderr
    assert stopped.returncode == 143
    assert not (folder / NAME).exists()
    done = start(folder, 0)
    assert "goes on from step 3 of 4" in done.stderr
    assert (folder / NAME).read_bytes() == (tmp_path / NAME).read_bytes()


def test_what_is_not_finite_stops_it_before_a_weight_moves(tmp_path, dances):
    dances.pose[:, 3, 0, 0] = np.nan
    with pytest.raises(TrainingDiverged, match="diverged at step 0 of 2: loss nan") as caught:
        prepare(dances, tmp_path, steps=2)
    kept = torch.load(caught.value.where, weights_only=True)
    assert kept["batch"]["poses"].isnan().any()
    weights = {name: v for name, v in kept["network"].items() if ".running_" not in name}
    assert all(torch.isfinite(v).all() for v in weights.values())
    assert not (tmp_path / NAME).exists()


@pytest.mark.soak
def test_its_device_and_threads_are_checked_and_told(tmp_path, dances):
    with pytest.raises(ConfigError, match="no such device here"):
        prepare(dances, tmp_path, device="tpu")
    with pytest.raises(ConfigError, match=r"threads.*at least 1"):
        prepare(dances, tmp_path, threads=0)
    summary = prepare(dances, tmp_path, threads=2)
    assert (summary["device"], summary["threads"]) == ("cpu", 2)
    assert torch.get_num_threads() == 1
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_released_state_dict_serves_too(tmp_path):
    network = SpatialTemporalGraphNetwork()
    torch.save(network.state_dict(), tmp_path / "GCN.pth")
    read, summary = load_perceptual(tmp_path / "GCN.pth")
    assert summary == {"source": "GCN.pth"}
    assert torch.equal(read.fcn.weight, network.fcn.weight)


def test_wrong_files_are_named(tmp_path):
    with pytest.raises(ItemError, match=r"none.safetensors: no such file"):
        load_perceptual(tmp_path / "none.safetensors")
    with pytest.raises(ItemError, match=r"none.pth: no such file"):
        load_perceptual(tmp_path / "none.pth")


def test_the_original_trains_with_it(tmp_path, dances):
    recipe = recipe_from({
        "music_features": 256, "initial_pose": "none", "music_feature_loss": "off",
        "perceptual_loss": True, "epochs": 1, "batch_size": 2,
    })  # fmt: skip
    with pytest.raises(ConfigError, match="needs a file of another training: perceptual"):
        run(dances, tmp_path, recipe)
    prepare(dances, tmp_path, steps=1)
    summary = run(dances, tmp_path, recipe, files={"perceptual": tmp_path / NAME})
    assert summary["perceptual"]["steps"] == 1
    assert summary["last_epoch"]["perceptual"] > 0
