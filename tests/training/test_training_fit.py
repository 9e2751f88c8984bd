from types import SimpleNamespace

import numpy as np
import pytest
import torch

from choreo.models.data import mean_pose
from choreo.training.fit import measure_fit


class Copy:
    """Gives back poses that are written into the music, moved by what is drawn."""

    recipe = SimpleNamespace(music="raw")

    def __init__(self, drawn=0.0):
        self.drawn = drawn

    def redraw(self, batch, random):
        return batch["music"][..., :36] + self.drawn * torch.rand((), generator=random)


def test_the_right_music_fits_and_another_does_not(dances):
    dances.audio[..., :36] = dances.pose.reshape(5, -1, 36)
    fit = measure_fit(Copy(), dances, seed=0)
    assert fit["l1"] == 0
    other = np.roll(dances.pose, 2, 0)
    assert fit["l1_shuffled_music"] == pytest.approx(np.abs(other - dances.pose).mean(), rel=1e-5)
    mean = dances.pose.mean((0, 1))
    assert fit["l1_mean_pose"] == pytest.approx(np.abs(dances.pose - mean).mean(), rel=1e-5)


def test_float64_is_made_on_the_host_only(dances, monkeypatch):
    """As mps has none; a tensor counts as on the host once it was asked to go there."""
    here, cpu, double = [], torch.Tensor.cpu, torch.Tensor.double

    def moved(tensor):
        here.append(cpu(tensor))
        return here[-1]

    def widened(tensor):
        assert any(tensor is other for other in here)
        return double(tensor)

    mean = mean_pose(dances)
    monkeypatch.setattr("choreo.training.fit.mean_pose", lambda _: mean)
    monkeypatch.setattr(torch.Tensor, "cpu", moved)
    monkeypatch.setattr(torch.Tensor, "double", widened)
    measure_fit(Copy(), dances, seed=0)
    assert here
