import torch

from choreo.models.gan.pose_generator import DanceGenerator
from choreo.models.gan.recalibrate import recalibrate
from choreo.models.recipes import recipe_from


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
