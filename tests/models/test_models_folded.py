import pytest
import torch
from soaking import soak_after

from choreo.models.gan.kernels.folded import FoldedGenerator
from choreo.models.gan.pose_generator import DanceGenerator, draw_noise
from choreo.models.recipes import recipe_from


def trained(recipe):
    """A generator whose BatchNorm layers are not what they begin as."""
    torch.manual_seed(1)
    network = DanceGenerator(recipe)
    for layer in network.modules():
        if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):
            with torch.no_grad():
                layer.weight.normal_(1, 0.3)
                layer.bias.normal_(0, 0.3)
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.2, 2)
    return network.eval()


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"encoder": "lstm"},
        {"music_features": 256, "initial_pose": "none", "music_feature_loss": "off"},
        {"initial_pose": "released"},
        {"noise": False},
    ],
)
@pytest.mark.parametrize("loudness", soak_after(1, [32767, 1]))
def test_it_does_what_the_network_does(switches, loudness):
    network = trained(recipe_from(switches))
    audio = (2 * torch.rand(9, 50, 1600) - 1) * loudness  # more than one block of rows
    start, noise = torch.rand(9, 36) - 0.5, draw_noise(9, 50)
    folded = FoldedGenerator(network)
    with torch.no_grad():
        features = network.audio_encoder(audio)
        wanted = network(audio, start, noise)
    torch.testing.assert_close(folded.encode(audio), features, atol=1e-5, rtol=1e-5)
    got = folded.poses(folded.listen(folded.encode(audio), noise), start)
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=0)


def test_a_frame_is_what_it_is_among_others():
    network = trained(recipe_from({}))
    folded = FoldedGenerator(network)
    start = torch.rand(2, 36) - 0.5
    heard = folded.listen(torch.rand(2, 50, 128), draw_noise(2, 50))
    alone = folded.poses(heard[:, 49:], start)
    torch.testing.assert_close(alone, folded.poses(heard, start)[:, 49:], atol=1e-5, rtol=0)


def test_whether_the_initial_pose_has_an_effect():
    for chosen, effect in (("features", True), ("released", False), ("none", False)):
        network = DanceGenerator(recipe_from({"initial_pose": chosen})).eval()
        folded = FoldedGenerator(network)
        heard = folded.listen(torch.rand(1, 50, 128), draw_noise(1, 50))
        dances = [folded.poses(heard, torch.full((1, 36), value)) for value in (0.0, 0.5)]
        assert folded.follows is effect
        assert torch.equal(*dances) is not effect
