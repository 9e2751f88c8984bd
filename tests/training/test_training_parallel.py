import csv
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest
import torch
from test_training_train import outputs, run
from training_dances import packed

from choreo.dataset.pack import ChunkDataset
from choreo.errors import ConfigError, ItemError
from choreo.training import parallel
from choreo.training.recipes import recipe_from

RECIPE = recipe_from({"epochs": 3, "batch_size": 2, "dropout": 0.0, "recalibrate": True})
TWO = {"device": ["cpu", "cpu"], "checkpoint_steps": 1}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return ChunkDataset(packed(tmp_path_factory.mktemp("packed"), 4), split="train")


@pytest.fixture(scope="module")
def shared(dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared")
    return folder, run(dataset, folder, RECIPE, **TWO)


def losses(folder):
    with open(folder / "losses.csv", newline="") as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one(dataset, shared, tmp_path):
    folder, summary = shared
    alone = run(dataset, tmp_path, RECIPE)
    assert (summary["processes"], alone["processes"]) == (2, 1)
    # Sums are rounded apart; Adam's first steps, which are signs of gradients, magnify that.
    assert losses(folder)[0] == pytest.approx(losses(tmp_path)[0], rel=1e-4)
    for own, other in zip(losses(folder), losses(tmp_path), strict=True):
        assert own == pytest.approx(other, rel=0.1)
    assert not list((folder / "checkpoints").glob("*/*"))


PROCESS = """
    import sys
    from pathlib import Path
    import torch
    from torch import distributed
    from choreo.training.captured import CheckedStep
    from choreo.training.networks import Networks
    from choreo.training.parallel import Team
    from choreo.training.recipes import recipe_from
    from choreo.training.step import TrainingStep

    folder, rank, size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    team = None
    if size > 1:
        meet = (folder / "meet").as_uri()
        distributed.init_process_group("gloo", init_method=meet, rank=rank, world_size=size)
        team = Team(rank, size, "cpu")
    part = team.part if team else lambda values: values
    torch.manual_seed(0)
    recipe = recipe_from({"dropout": 0.0})
    networks = Networks(recipe).double()
    batch = {
        "poses": torch.rand(4, 20, 36) - 0.5,
        "audio": torch.rand(4, 20, 1600),
        "initial": torch.rand(4, 36) - 0.5,
    }
    batch = {name: part(value).double() for name, value in batch.items()}
    noise, alpha = (part(torch.rand(4, *n)).double() for n in ((20, 10), (1, 1)))
    if team:
        shared = team.shared_statistics(networks)
        shared.__enter__()
    checked = CheckedStep(
        TrainingStep(networks, recipe), device="cpu", average=team.average if team else None
    )
    checked(batch, noise, alpha)
    found = {name: p.grad for name, p in networks.named_parameters()}
    found |= dict(networks.named_buffers())
    torch.save(found, folder / f"{rank}of{size}.pt")
"""


@pytest.mark.slow
def test_two_processes_have_the_gradients_and_statistics_of_one(tmp_path):
    started = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PROCESS), str(tmp_path), str(rank), str(size)]
        )
        for rank, size in ((0, 2), (1, 2), (0, 1))
    ]
    assert [process.wait() for process in started] == [0, 0, 0]
    one = torch.load(tmp_path / "0of1.pt", weights_only=True)
    for rank in range(2):
        own = torch.load(tmp_path / f"{rank}of2.pt", weights_only=True)
        assert own.keys() == one.keys()
        for name, value in one.items():
            torch.testing.assert_close(own[name], value, rtol=1e-4, atol=1e-7, msg=name)


@pytest.mark.slow
def test_processes_that_are_killed_and_terminated_go_on_to_the_same_bytes(
    dataset, shared, tmp_path, monkeypatch, capfd
):
    started, start = [], parallel._start

    def known(*arguments):
        started.append(start(*arguments))
        return started[-1]

    monkeypatch.setattr(parallel, "_start", known)

    def saved():
        return [path.stat().st_mtime_ns for path in (tmp_path / "checkpoints").glob("*/state.pt")]

    def once_saved(action):
        before = saved()

        def wait():
            while saved() == before:
                time.sleep(0.02)
            action()

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()

    once_saved(lambda: started[1].kill())
    with pytest.raises(ItemError, match="process 1 of the 2 of this training ended by SIGKILL"):
        run(dataset, tmp_path, RECIPE, **TWO)
    assert all(process.poll() is not None for process in started)
    once_saved(lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(SystemExit, match="143"):
        run(dataset, tmp_path, RECIPE, **TWO)
    run(dataset, tmp_path, RECIPE, **TWO)
    assert "goes on from step" in capfd.readouterr().err
    assert outputs(tmp_path) == outputs(shared[0])


@pytest.mark.slow
def test_what_is_wrong_in_a_process_is_said_by_the_one_that_started_it(dataset, tmp_path):
    with pytest.raises(ConfigError, match=r"a batch of 3 can't be shared out evenly \(got '2'\)"):
        run(dataset, tmp_path, RECIPE.with_(batch_size=3), **TWO)
