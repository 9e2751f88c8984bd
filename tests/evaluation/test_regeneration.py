import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from choreo.errors import ItemError
from choreo.evaluation.regeneration import identification_rates, load_networks, regenerate
from choreo.models.gan.networks import Networks
from choreo.models.gan.recipe import Recipe

RNG = np.random.default_rng(0)
ENCODED = RNG.normal(size=(40, 5, 8)) * RNG.uniform(0.1, 10, 8)
SONGS = [f"s{i // 4}" for i in range(40)]


def test_the_same_features_are_always_found():
    np.testing.assert_array_equal(identification_rates(ENCODED, ENCODED, SONGS), 1)


def test_features_of_other_music_are_found_by_chance():
    other = np.random.default_rng(1).normal(size=ENCODED.shape) * ENCODED.std((0, 1))
    assert identification_rates(ENCODED, other, SONGS).mean() == pytest.approx(0.5, abs=0.12)


def test_features_that_all_became_alike_give_chance():
    """A collapsed encoder makes the training's loss 0, and finds nothing."""
    alike = np.ones_like(ENCODED)
    np.testing.assert_array_equal(identification_rates(alike, alike, SONGS), 0.5)


def test_more_noise_finds_less():
    noise = np.random.default_rng(2).normal(size=ENCODED.shape) * ENCODED.std((0, 1))
    rates = [
        identification_rates(ENCODED, ENCODED + k * noise, SONGS).mean() for k in (0, 2, 6, 20)
    ]
    assert sorted(rates, reverse=True) == rates
    assert rates[0] == 1
    assert rates[-1] < 0.85


def test_scales_of_features_do_not_matter():
    noisy = ENCODED + np.random.default_rng(3).normal(size=ENCODED.shape)
    factor = np.geomspace(0.01, 100, 8)
    np.testing.assert_allclose(
        identification_rates(ENCODED, noisy, SONGS),
        identification_rates(ENCODED * factor, noisy * factor, SONGS),
    )


def test_one_song_is_not_defined():
    assert np.isnan(identification_rates(ENCODED[:4], ENCODED[:4], SONGS[:4])).all()


def save(path, recipe):
    torch.manual_seed(0)
    networks = Networks(recipe)
    state = {name: value.contiguous() for name, value in networks.state_dict().items()}
    state["initial_poses"] = torch.zeros(1, 18, 2)
    header = {"recipe": recipe.model_dump(), "data": {"method": "thesis"}}
    save_file(state, path, metadata={"choreo": json.dumps(header)})
    return networks.eval()


def test_networks_of_a_trained_model(tmp_path):
    saved = save(tmp_path / "w.safetensors", Recipe())
    networks, method = load_networks(tmp_path / "w.safetensors")
    assert method == "thesis"
    poses = RNG.uniform(-1, 1, (3, 50, 18, 2))
    audio = RNG.uniform(0, 1, (3, 50, 1600))
    encoded, regenerated = regenerate(networks, poses, audio)
    assert encoded.shape == regenerated.shape == (3, 50, 128)
    with torch.no_grad():
        expected = saved.music_feature_generator(torch.from_numpy(poses).float().flatten(2))
    np.testing.assert_allclose(regenerated, expected.numpy(), atol=1e-5)


def test_messages(tmp_path):
    save(tmp_path / "off.safetensors", Recipe(music_feature_loss="off"))
    with pytest.raises(ItemError, match="no music-feature generator"):
        load_networks(tmp_path / "off.safetensors")
    with pytest.raises(ItemError, match="no such file"):
        load_networks(tmp_path / "none")
    (tmp_path / "text").write_text("no")
    with pytest.raises(ItemError, match="not a model of choreo"):
        load_networks(tmp_path / "text")
