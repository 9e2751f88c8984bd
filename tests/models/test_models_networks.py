import itertools
import json
import pickle

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

from choreo.errors import ItemError
from choreo.models.gan.discriminators import (
    GlobalDiscriminator,
    LocalDiscriminator,
    _motion_matrix,
    windows,
)
from choreo.models.gan.music_encoder import MusicEncoder, repeated, running_statistics
from choreo.models.gan.networks import Networks, fill, load_state
from choreo.models.gan.pose_generator import DanceGenerator, draw_noise
from choreo.models.gan.stgcn import SpatialTemporalGraphNetwork, adjacency
from choreo.models.recipes import recipe_from
from choreo.models.weights import read_trained

RELEASED = {
    "initial_pose": "released",
    "music_feature_loss": "detached",
    "audio_batching": "mixed",
}
ORIGINAL = {"music_features": 256, "initial_pose": "none", "music_feature_loss": "off"}
# Layers of the released music-feature generator that nothing uses: 36 -> 250 and GRU(10, 10).
UNUSED = 36 * 250 + 250 + 2 * 30 * 10 + 2 * 30


def count(network):
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("switches", "generator", "discriminator_global"),
    [
        (ORIGINAL, 8_982_664, 3_788_393),
        ({**RELEASED, "encoder": "lstm"}, 9_448_662, 4_311_785),
        (RELEASED, 8_791_034, 3_654_377),
    ],
)
def test_networks_have_the_released_sizes(switches, generator, discriminator_global):
    networks = Networks(recipe_from(switches))
    assert count(networks.generator) == generator
    assert count(networks.discriminator_global) == discriminator_global
    assert count(networks.discriminator_local) == 1_552_001
    if networks.music_feature_generator is not None:
        assert count(networks.music_feature_generator) == 6_488_886 - UNUSED


def test_the_perceptual_network_has_the_released_size():
    assert count(SpatialTemporalGraphNetwork()) == 3_078_224


@pytest.mark.soak
@pytest.mark.parametrize("encoder", ["gru", "lstm"])
@torch.no_grad()
def test_any_batch_size_and_any_length(encoder):
    networks = Networks(recipe_from({"encoder": encoder})).eval()
    perceptual = SpatialTemporalGraphNetwork()
    for clips, frames in itertools.product((1, 3), (18, 50, 61)):
        audio = torch.rand(clips, frames, 1600)
        poses = networks.generator(audio, torch.zeros(clips, 36), draw_noise(clips, frames))
        assert poses.shape == (clips, frames, 36)
        assert poses.abs().max() < 1
        assert networks.music_feature_generator(poses).shape == (clips, frames, 128)
        assert networks.discriminator_global(poses, audio).shape == (clips, 1)
        assert networks.discriminator_local(poses).shape == (clips, (frames - 5) // 3 + 1)
        assert perceptual(poses).shape == (clips, 16)


def test_sequences_that_are_too_short_are_refused():
    networks = Networks(recipe_from({}))
    with pytest.raises(ValueError, match="D_local needs at least 5 frames, got 4"):
        networks.discriminator_local(torch.rand(2, 4, 36))
    with pytest.raises(ValueError, match="D_global needs at least 18 frames, got 17"):
        networks.discriminator_global(torch.rand(2, 17, 36), torch.rand(2, 17, 1600))


def generator_outputs(initial_pose, *, training):
    torch.manual_seed(0)
    network = DanceGenerator(recipe_from({"initial_pose": initial_pose, "dropout": 0.0}))
    network.train(training)
    audio, noise = torch.rand(2, 20, 1600), draw_noise(2, 20)
    with torch.no_grad():
        return [
            network(audio, pose, noise) for pose in (torch.zeros(2, 36), torch.full((2, 36), 0.5))
        ]


def test_an_initial_pose_among_the_features_changes_the_dance():
    a, b = generator_outputs("features", training=False)
    assert (a - b).abs().max() > 1e-3


def test_the_released_initial_pose_changes_nothing_when_the_network_is_used():
    a, b = generator_outputs("released", training=False)
    assert torch.equal(a, b)


def test_the_released_initial_pose_is_part_of_the_batch_statistics_in_training():
    a, b = generator_outputs("released", training=True)
    assert (a - b).abs().max() > 1e-4


def test_without_an_initial_pose_it_can_not_change_anything():
    for training in (False, True):
        a, b = generator_outputs("none", training=training)
        assert torch.equal(a, b)


@pytest.mark.parametrize("noise", [True, False])
def test_noise_changes_the_dance_where_the_recipe_has_it(noise):
    network = DanceGenerator(recipe_from({"noise": noise})).eval()
    audio, pose = torch.rand(1, 20, 1600), torch.zeros(1, 36)
    with torch.no_grad():
        a, b = (network(audio, pose, draw_noise(1, 20)) for _ in range(2))
    assert torch.equal(a, b) != noise


def test_noise_has_the_released_spread_and_the_temperature_scales_it():
    random = torch.Generator().manual_seed(1)
    noise = draw_noise(100, 100, generator=random)
    assert noise.std().item() == pytest.approx(0.33, abs=0.005)
    again = draw_noise(100, 100, generator=torch.Generator().manual_seed(1), temperature=0.5)
    torch.testing.assert_close(again, noise / 2)


@pytest.mark.parametrize(("batching", "mixes"), [("clean", False), ("mixed", True)])
def test_a_clip_is_judged_by_its_own_music_or_by_the_whole_batch(batching, mixes):
    torch.manual_seed(0)
    network = GlobalDiscriminator("gru", 128, audio_batching=batching).eval()
    poses, audio = torch.rand(2, 20, 36), torch.rand(2, 20, 1600)
    other = audio.clone()
    other[1] = torch.rand(20, 1600)
    with torch.no_grad():
        before, after = network(poses, audio)[0], network(poses, other)[0]
    assert (before != after).any().item() == mixes


def test_the_mixture_is_the_released_one():
    network = GlobalDiscriminator("gru", 128, audio_batching="mixed").eval()
    audio = torch.rand(3, 20, 1600)
    with torch.no_grad():
        own, mixed = network.audio_encoder(audio), network.listen(audio)
    flat = own.reshape(60, 128)
    for clip in range(3):
        for time in range(20):
            assert torch.equal(mixed[clip, time], flat[time * 3 + clip])


def test_motion_is_the_difference_of_frames_stretched_to_their_number():
    poses = torch.rand(4, 5, 18, 2)
    moves = (poses[:, 1:] - poses[:, :-1]).permute(0, 3, 1, 2)
    expected = functional.interpolate(moves, (5, 18), mode="bilinear", align_corners=False)
    got = torch.einsum("st,ntvc->ncsv", _motion_matrix(5, poses.device, poses.dtype), poses)
    torch.testing.assert_close(got, expected)


def test_windows_are_five_frames_three_apart():
    poses = torch.arange(50.0)[None, :, None].expand(1, 50, 36)
    first = windows(poses)[:, :, 0, 0]
    assert len(first) == 16
    assert torch.equal(first, 3.0 * torch.arange(16)[:, None] + torch.arange(5.0))


def test_leaving_out_rows_that_pooling_drops_changes_nothing():
    torch.manual_seed(0)
    network, maps = LocalDiscriminator(), torch.rand(6, 128, 3, 32)
    got, wanted = (functional.max_pool2d(c(maps), 2) for c in (network._conv6, network.conv6))
    torch.testing.assert_close(got, wanted)


def test_one_pass_can_move_running_statistics_as_several_do():
    torch.manual_seed(0)
    x, y = torch.randn(2, 30, 4)
    one, many = (nn.BatchNorm1d(4).train() for _ in range(2))
    with repeated(one, 4):
        one(x)
    for _ in range(4):
        many(x)
    for name, value in many.state_dict().items():
        torch.testing.assert_close(one.state_dict()[name], value)
    assert one.momentum == 0.1
    with running_statistics(one, lambda m: 1.0):
        one(y)
    torch.testing.assert_close(one.running_mean, y.mean(0))


def test_every_joint_gathers_from_itself_and_its_neighbours():
    weights = adjacency()
    torch.testing.assert_close(weights.sum((0, 1)), torch.ones(18))
    assert weights[0].count_nonzero() == 18
    assert (weights > 0).sum().item() == 18 + 2 * 17


def test_state_dicts_load_and_save_back(tmp_path):
    torch.manual_seed(0)
    network = MusicEncoder("gru", 128)
    path = tmp_path / "encoder.pth"
    torch.save(network.state_dict(), path)
    other = MusicEncoder("gru", 128)
    load_state(other, path)
    torch.save(other.state_dict(), tmp_path / "again.pth")
    again = torch.load(tmp_path / "again.pth", weights_only=True)
    assert list(again) == list(network.state_dict())
    assert all(torch.equal(again[name], value) for name, value in network.state_dict().items())


def test_unused_layers_of_the_released_music_feature_generator_are_left_out():
    network = Networks(recipe_from(RELEASED)).music_feature_generator
    state = {**network.state_dict(), "layeri.bias": torch.zeros(250)}
    fill(network, {**state, "rnn_noise.bias_ih_l0": torch.zeros(30)})


class _Payload:
    def __reduce__(self):
        return (print, ("run",))


def _pickle(path):
    path.write_bytes(pickle.dumps(_Payload()))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.write_bytes(b"no weights"), "not a state dict"),
        (lambda path: torch.save([1, 2], path), "not a state dict"),
        (lambda path: torch.save(_Payload(), path), "not a state dict"),
        (_pickle, "not a state dict"),
        (
            lambda path: torch.save(MusicEncoder("lstm", 128).state_dict(), path),
            "weights of another network.*Check the model's switches",
        ),
    ],
)
def test_wrong_state_dicts_are_named(tmp_path, capsys, write, message):
    path = tmp_path / "weights.pth"
    write(path)
    with pytest.raises(ItemError, match=f"weights.pth: {message}"):
        load_state(MusicEncoder("gru", 128), path)
    assert "run" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("recipe", "problem"),
    [
        ({"no_such": 1}, r"\(no_such: unknown switch of a recipe\)"),
        ({"encoder": "rnn"}, r"\(encoder: Input should be .*\) \(got 'rnn'\)"),
    ],
)
def test_a_recipe_of_another_version_names_the_file_and_what_to_do(tmp_path, recipe, problem):
    path = tmp_path / "weights.safetensors"
    save_file({"x": torch.zeros(1)}, path, metadata={"choreo": json.dumps({"recipe": recipe})})
    with pytest.raises(
        ItemError, match=rf"weights.safetensors: the recipe .*{problem}.* Train it anew, or use"
    ):
        read_trained(path)
