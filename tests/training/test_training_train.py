import csv
import io
import json
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from training_dances import FRAMES, Dances

from choreo import media
from choreo.errors import ConfigError, ItemError
from choreo.models.gan.model import learning_rate_factor, start_from_mean_pose
from choreo.models.gan.pose_generator import DanceGenerator
from choreo.models.recipes import recipe_from
from choreo.pose.track import PoseTrack
from choreo.training import checkpoints
from choreo.training.train import (
    TrainingDiverged,
    choose_device,
    train,
)

SWITCHES = {"epochs": 3, "batch_size": 2, "learning_rate_schedule": "cosine"}


def run(dances, folder, recipe=None, **options):
    options = {"seed": 1, "threads": 1, "checkpoint_dir": folder / "checkpoints", **options}
    return train(
        dances,
        recipe or recipe_from(SWITCHES),
        weights=folder / "weights.safetensors",
        metrics=folder / "metrics.json",
        losses=folder / "losses.csv",
        log_dir=folder / "log",
        **options,
    )


def outputs(folder):
    names = ("weights.safetensors", "metrics.json", "losses.csv")
    return {name: (folder / name).read_bytes() for name in names}


def test_a_training_leaves_weights_metrics_and_losses(undisturbed):
    folder, summary, told = undisturbed
    assert json.loads((folder / "metrics.json").read_text()) == summary
    assert summary["steps"] == 6  # 5 chunks are 2 batches of 2 an epoch
    assert [(step, steps) for step, steps, _ in told] == [(i, 6) for i in range(1, 7)]
    with open(folder / "losses.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["epoch"], r["step"]) for r in rows] == [(str(i // 2), str(i)) for i in range(6)]
    assert all(np.float32(r["l1"]) == np.float32(t[2]["l1"]) for r, t in zip(rows, told))
    assert set(summary["fit"]) == {"l1", "l1_shuffled_music", "l1_mean_pose"}
    assert summary["last_epoch"]["l1"] == pytest.approx(
        np.mean([float(r["l1"]) for r in rows[-2:]])
    )
    assert not list((folder / "checkpoints").glob("*/*"))
    assert list((folder / "log").glob("events.out.tfevents.*"))


def test_weights_hold_all_networks_and_their_card(undisturbed):
    folder, summary, _ = undisturbed
    with safe_open(folder / "weights.safetensors", "pt") as file:
        assert json.loads(file.metadata()["choreo"]) == summary
        names = {name.split(".")[0] for name in file.keys()}  # noqa: SIM118
        assert file.get_tensor("initial_poses").shape == (5, 18, 2)
    networks = {"generator", "music_feature_generator", "discriminator_local"}
    assert names == networks | {"discriminator_global", "initial_poses"}


@pytest.mark.soak
def test_two_runs_give_the_same_bytes(undisturbed, dances, tmp_path):
    """As do those below that are looked at, or of which a part is done again."""
    run(dances, tmp_path)
    assert outputs(tmp_path) == outputs(undisturbed[0])


def test_another_seed_gives_other_losses(undisturbed, dances, tmp_path):
    folder, _, _ = undisturbed
    run(dances, tmp_path, seed=2, epochs=1)
    steps = [(place / "losses.csv").read_text().splitlines() for place in (folder, tmp_path)]
    assert steps[0][0] == steps[1][0]
    assert steps[0][1] != steps[1][1]


SCRIPT = """
    import os, signal, sys, time
    sys.path.insert(0, {tests!r})
    from pathlib import Path
    from test_training_train import run
    from training_dances import Dances

    folder, stop = Path(sys.argv[1]), int(sys.argv[2])

    def tell(step, steps, losses):
        if step == stop:
            os.kill(os.getpid(), signal.{signal})

    run(Dances(folder / "dances.npz"), folder, on_progress=tell, checkpoint_steps={every})
"""


def start(folder, stop, name="SIGKILL", every=2):
    folder.mkdir(exist_ok=True)
    code = textwrap.dedent(SCRIPT).format(
        tests=str(Path(__file__).parent), signal=name, every=every
    )
    command = [sys.executable, "-c", code, str(folder), str(stop)]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_run_that_is_terminated_goes_on_to_the_same_bytes(undisturbed, tmp_path, capsys):
    stopped = start(tmp_path, 3, "SIGTERM", every=100)
    assert "stopped by SIGTERM" in stopped.stderr
    assert stopped.returncode == 143
    (losses,) = (tmp_path / "checkpoints").glob("*/losses.csv")
    whole = (undisturbed[0] / "losses.csv").read_text().splitlines()
    assert losses.read_text().splitlines() == whole[:4]
    assert not (tmp_path / "losses.csv").exists()
    run(Dances(tmp_path / "dances.npz"), tmp_path)
    assert "goes on from step 3 of 6" in capsys.readouterr().err
    assert outputs(tmp_path) == outputs(undisturbed[0])


@pytest.mark.slow
@pytest.mark.soak
def test_a_run_that_is_killed_and_terminated_goes_on_to_the_same_bytes(undisturbed, tmp_path):
    folder = tmp_path / "killed"
    assert start(folder, 3).returncode == -signal.SIGKILL
    assert not (folder / "weights.safetensors").exists()
    stopped = start(folder, 5, "SIGTERM", every=100)
    assert "goes on from step 2 of 6" in stopped.stderr
    assert "stopped by SIGTERM" in stopped.stderr
    assert stopped.returncode == 143
    (losses,) = (folder / "checkpoints").glob("*/losses.csv")
    whole = (undisturbed[0] / "losses.csv").read_text().splitlines()
    assert losses.read_text().splitlines() == whole[:6]
    assert not (folder / "losses.csv").exists()
    done = start(folder, 0)
    assert "goes on from step 5 of 6" in done.stderr
    assert outputs(folder) == outputs(undisturbed[0])


@pytest.mark.soak
def test_a_broken_checkpoint_is_said_and_left_out(undisturbed, dances, tmp_path, capsys):
    def fail(step, steps, losses):
        if step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(dances, tmp_path, on_progress=fail, checkpoint_steps=1)
    (state,) = (tmp_path / "checkpoints").glob("*/state.pt")
    state.write_bytes(state.read_bytes()[:1000])
    run(dances, tmp_path)
    said = capsys.readouterr().err
    assert "state.pt: " in said
    assert "Training starts anew" in said
    assert outputs(tmp_path) == outputs(undisturbed[0])


def test_a_checkpoint_serves_no_other_recipe_seed_or_data():
    keys = {
        checkpoints.run_key(["choreo.models.gan"], recipe=recipe, seed=seed, data=data)
        for recipe in ({"epochs": 1}, {"epochs": 2})
        for seed in (1, 2)
        for data in ("a", "b")
    }
    assert len(keys) == 8


@pytest.mark.soak
def test_another_number_of_threads_is_another_run(dances, tmp_path):
    def fail(step, steps, losses):
        if step == 2:
            raise KeyboardInterrupt

    for threads in (1, 2, 1):
        with pytest.raises(KeyboardInterrupt):
            run(dances, tmp_path, threads=threads, on_progress=fail, checkpoint_steps=1)
    assert len(list((tmp_path / "checkpoints").glob("*/state.pt"))) == 2
    for threads in (0, -1):
        with pytest.raises(ConfigError, match=r"threads.*at least 1"):
            run(dances, tmp_path, threads=threads)


def test_a_second_process_waits_for_the_first(tmp_path):
    folder, order = tmp_path / "run", []

    def second():
        with checkpoints.locked(folder) as waited:
            order.append(("second", waited))

    with checkpoints.locked(folder) as waited:
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.3)
        order.append(("first", waited))
        checkpoints.remove(folder)
    thread.join(10)
    assert order == [("first", False), ("second", True)]


@pytest.mark.parametrize("value", [np.nan, pytest.param(np.inf, marks=pytest.mark.soak)])
def test_a_run_that_diverges_stops_and_keeps_its_batch(dances, tmp_path, value):
    class Outlier(type(dances)):
        asked = 0

        def batch(self, indices):
            arrays = super().batch(indices)
            self.asked += 1
            if self.asked == 3:
                arrays["audio"][0, 0, 0] = value
            return arrays

    dances.__class__ = Outlier
    with pytest.raises(TrainingDiverged, match="diverged at step 2 of 6") as caught:
        run(dances, tmp_path)
    assert "step 1: generator" in str(caught.value)
    assert "lower learning_rates" in str(caught.value)
    losses = Path(caught.value.where).parent / "losses.csv"
    assert f"All of it: {losses}" in str(caught.value)
    assert [line[:4] for line in losses.read_text().splitlines()] == ["epoc", "0,0,", "0,1,"]
    kept = torch.load(caught.value.where, weights_only=True)
    assert not torch.isfinite(kept["batch"]["music"][0, 0, 0])
    # BatchNorm has seen the batch; nothing else has.
    weights = {name: v for name, v in kept["model"]["networks"].items() if ".running_" not in name}
    assert all(torch.isfinite(v).all() for v in weights.values())
    assert kept["step"] == 2
    assert not (tmp_path / "weights.safetensors").exists()


def test_a_loss_that_is_far_too_large_counts_as_diverged(dances, tmp_path):
    recipe = recipe_from({**SWITCHES, "loss_weights": {"l1": 1e9}})
    with pytest.raises(TrainingDiverged, match="step 0 of 6: generator"):
        run(dances, tmp_path, recipe)


def test_a_model_that_is_not_trained_here_is_refused(dances, tmp_path):
    with pytest.raises(ConfigError, match="has no weights"):
        run(dances, tmp_path, recipe_from({"epochs": 0}))


def test_one_chunk_is_too_little(dances, tmp_path):
    dances.pose = dances.pose[:1]
    with pytest.raises(ItemError, match="at least two chunks"):
        run(dances, tmp_path)


def test_epochs_and_batch_size_can_be_given(dances, tmp_path):
    summary = run(dances, tmp_path, epochs=1, batch_size=99)
    assert (summary["steps"], summary["batch_size"]) == (1, 5)
    assert summary["recipe"]["epochs"] == 1


def test_a_short_training_starts_from_the_mean_pose_and_lets_the_discriminators_wait(
    undisturbed, dances, tmp_path
):
    switches = {"output_start": "mean_pose", "adversarial_from_epoch": 2, "recalibrate": True}
    summary = run(dances, tmp_path, recipe_from({**SWITCHES, **switches}))
    with open(tmp_path / "losses.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [bool(row["discriminator_local"]) for row in rows] == [False] * 4 + [True] * 2
    assert all(row["l1"] for row in rows)
    folder, plain, _ = undisturbed
    with open(folder / "losses.csv", newline="") as file:
        first = float(next(csv.DictReader(file))["l1"])
    assert float(rows[0]["l1"]) < first
    assert summary["fit"] != plain["fit"]


def test_the_last_layer_starts_at_the_mean_pose(dances):
    network = DanceGenerator(recipe_from({})).eval()
    start_from_mean_pose(network, dances)
    with torch.no_grad():
        poses = network(torch.rand(2, 20, 1600), torch.zeros(2, 36), torch.zeros(2, 20, 10))
    mean = torch.from_numpy(dances.pose.mean((0, 1))).flatten()
    assert (poses - mean).abs().max() < 0.1


def test_an_unknown_device_is_refused():
    assert choose_device("cpu").type == "cpu"
    with pytest.raises(ConfigError, match=r"no such device here.*'tpu'"):
        choose_device("tpu")


def test_the_learning_rate_warms_up_and_falls():
    constant = recipe_from({"warm_up_steps": 3})
    factors = [learning_rate_factor(constant, step, 10) for step in range(5)]
    assert factors == [0.25, 0.5, 0.75, 1, 1]
    cosine = recipe_from({"learning_rate_schedule": "cosine"})
    assert learning_rate_factor(cosine, 0, 10) == 1
    assert learning_rate_factor(cosine, 5, 10) == pytest.approx(0.5)
    assert 0 < learning_rate_factor(cosine, 9, 10) < 0.03
    assert learning_rate_factor(recipe_from({}), 9, 10) == 1


def test_progress_is_told_in_lines_where_no_one_watches(dances, tmp_path, capsys):
    terminal = io.StringIO()
    run(dances, tmp_path, terminal=terminal, name="gru", epochs=1)
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("gru: step 2 of 2, epoch 1, ")
    assert "steps/s, 0:00:00 left, generator " in line
    assert terminal.getvalue().splitlines()[-1] == line


@pytest.mark.soak
def test_early_looks_change_nothing_and_leave_a_video(undisturbed, dances, tmp_path):
    run(dances, tmp_path, looks=tmp_path / "looks", look_every=2)
    assert outputs(tmp_path) == outputs(undisturbed[0])
    assert sorted(p.name for p in (tmp_path / "looks").iterdir()) == [
        "epoch0002.mp4",
        "epoch0002.npz",
        "song.wav",
    ]
    assert len(PoseTrack.load(tmp_path / "looks" / "epoch0002.npz")) == FRAMES
    frames = list(media.read_frames(tmp_path / "looks" / "epoch0002.mp4", (720, 360)))
    assert len(frames) == 3 * FRAMES
    assert min(frame.min() for frame in frames) < 100


def test_the_environment_is_left_as_it_was(dances, tmp_path):
    handler = signal.getsignal(signal.SIGTERM)
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    run(dances, tmp_path, epochs=1)
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before
    assert signal.getsignal(signal.SIGTERM) is handler
