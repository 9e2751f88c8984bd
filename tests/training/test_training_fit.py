import numpy as np
import pytest
import torch
from torch import nn

from choreo.training.fit import mean_pose, measure_fit, recalibrate
from choreo.training.pose_generator import DanceGenerator
from choreo.training.recipes import recipe_from


class Copy(nn.Module):
    """Gives back poses that are written into the music."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(()))

    def forward(self, audio, initial_pose, noise):
        assert not self.training
        assert noise.shape == (*audio.shape[:2], 10)
        return audio[..., :36] * self.factor


def test_the_right_music_fits_and_another_does_not(dances):
    dances.audio[..., :36] = dances.pose.reshape(5, -1, 36)
    network = Copy().train()
    fit = measure_fit(network, dances, seed=0)
    assert network.training
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


def test_recalibration_takes_the_means_of_the_data(dances):
    network = DanceGenerator(recipe_from({"dropout": 0.0})).eval()
    first = network.audio_encoder.encoder.activations[0][0]
    before = torch.get_rng_state()
    recalibrate(network, dances, seed=0)
    assert torch.equal(torch.get_rng_state(), before)
    assert not network.training
    assert first.momentum == 0.1
    frames = torch.from_numpy(dances.audio).reshape(-1, 1, 1600)
    with torch.no_grad():
        maps = network.audio_encoder.encoder.cl[0](frames)
    torch.testing.assert_close(first.running_mean, maps.mean((0, 2)), rtol=1e-4, atol=1e-5)
