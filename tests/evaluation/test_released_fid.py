import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from evaluation_dances import swaying
from safetensors.torch import save_file

from choreo.errors import ItemError
from choreo.evaluation.frechet import released_clips
from choreo.evaluation.released_fid import (
    CANVAS,
    discriminator_features,
    fid_or_reason,
    load_discriminator,
    published_fid,
)
from choreo.models.gan.networks import Networks
from choreo.models.gan.recipe import Recipe


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(0)
    return Networks(Recipe())


def on_canvas(segments):
    return replace(segments, canvas=CANVAS)


def test_features_are_of_whole_batches_and_seeded(networks):
    clips = released_clips(swaying(37, seed=1, sound=False).pixels)
    network = networks.discriminator_global
    features = discriminator_features(network, clips, seed=5)
    assert features.shape == (32, 1536)
    np.testing.assert_array_equal(features, discriminator_features(network, clips, seed=5))
    assert not np.array_equal(features, discriminator_features(network, clips, seed=6))
    assert discriminator_features(network, clips[:15]).shape == (0, 1536)


def test_it_ignores_the_poses(networks):
    """Whole pixels inside the canvas all become 0, whatever the dance is."""
    real = on_canvas(swaying(16, seed=1, sound=False))
    still = replace(real, pixels=real.pixels[:, :1].repeat(50, 1))
    other = on_canvas(swaying(16, seed=7, amplitude=60, sound=False))
    network = networks.discriminator_global
    first = published_fid(real, real, network)
    for dances in (still, other):
        assert published_fid(dances, real, network) == first
    assert first["mean_of_means"] > 0


def test_weights_of_a_trained_model(networks, tmp_path):
    path = tmp_path / "weights.safetensors"
    header = {"recipe": Recipe().model_dump()}
    state = {name: value.contiguous() for name, value in networks.state_dict().items()}
    save_file(state, path, metadata={"choreo": json.dumps(header)})
    loaded = load_discriminator(path)
    for name, value in networks.discriminator_global.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)


def test_why_there_is_none(networks, tmp_path):
    path = tmp_path / "weights.safetensors"
    header = {"recipe": Recipe().model_dump()}
    state = {name: value.contiguous() for name, value in networks.state_dict().items()}
    save_file(state, path, metadata={"choreo": json.dumps(header)})
    real = on_canvas(swaying(16, seed=1, sound=False))
    whole = fid_or_reason(real, real, path, seed=3)
    assert whole == published_fid(real, real, networks.discriminator_global, seed=3)
    few = real.take(range(9))
    assert fid_or_reason(few, real, path)["missing"].endswith("there are 9")
    other = swaying(16, sound=False)
    assert "dataset.method: released" in fid_or_reason(other, other, path)["missing"]


def test_messages(networks, tmp_path):
    dances = swaying(16, sound=False)
    with pytest.raises(ItemError, match=r"released canvas \(got \(640, 320\)\).*released"):
        published_fid(dances, dances, networks.discriminator_global)
    few = on_canvas(swaying(15, sound=False))
    with pytest.raises(ItemError, match=r"at least 16 segments \(got 15\)"):
        published_fid(few, few, networks.discriminator_global)
    with pytest.raises(ItemError, match="no such file"):
        load_discriminator(tmp_path / "none")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ItemError, match="not a model of choreo"):
        load_discriminator(tmp_path / "text")
