"""Fixtures that tests of `models`, too, take (each conftest.py imports them)."""

import json

import pytest
import torch
from filelock import FileLock
from training_dances import FRAMES, Dances


@pytest.fixture
def dances(tmp_path):
    return Dances(tmp_path / "dances.npz")


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, worker_id):
    """Folder, summary and what was told of a training of these dances; not to be changed.

    Made once, by the first of the parallel test processes that asks; the others wait.
    """
    from test_training_train import run

    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "undisturbed"
    made = folder / "made.json"
    with FileLock(folder.with_suffix(".lock")):
        if not made.exists():
            folder.mkdir()
            told = []
            torch.set_num_threads(1)
            summary = run(
                Dances(folder / "dances.npz"), folder, on_progress=lambda *a: told.append(a)
            )
            made.write_text(json.dumps([summary, told]))
    return folder, *json.loads(made.read_text())


@pytest.fixture
def batch():
    """Two clips as tensors, with noise and the share of real poses."""
    random = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.rand(shape, generator=random) * 2 - 1

    poses = draw(2, FRAMES, 36) / 2
    batch = {"poses": poses, "music": draw(2, FRAMES, 1600), "initial": poses[:, 0]}
    return batch, draw(2, FRAMES, 10) / 3, draw(2, 1, 1) / 2 + 0.5


@pytest.fixture(autouse=True)
def on_one_thread(one_thread):
    """Each test of trainings."""
