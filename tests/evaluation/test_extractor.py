import json

import numpy as np
import pytest
import torch
from evaluation_dances import swaying
from safetensors.torch import save_file

from choreo.errors import ItemError
from choreo.evaluation.extractor import DIMENSIONS, Extractor, train_extractor
from choreo.evaluation.frechet import Gaussian, Scale, frechet_distance
from choreo.models.gan.recipe import Recipe

REAL = swaying(60, seed=1, sound=False)


@pytest.fixture(scope="module")
def extractor():
    return train_extractor(REAL.pixels, REAL.songs, seed=3, steps=60)


def test_two_runs_give_the_same_bytes(extractor, tmp_path):
    extractor.save(tmp_path / "a.safetensors")
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    torch.rand(5)
    again = train_extractor(REAL.pixels, REAL.songs, seed=3, steps=60)
    again.save(tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert torch.get_num_threads() == threads
    assert not torch.equal(torch.random.get_rng_state(), state)


def test_what_it_was_trained_on_is_kept(extractor, tmp_path):
    extractor.save(tmp_path / "x.safetensors")
    loaded = Extractor.load(tmp_path / "x.safetensors")
    assert loaded.meta == extractor.meta
    assert loaded.songs == {"a", "b"}
    assert loaded.meta["segments"] == 60
    other = train_extractor(REAL.pixels[:30], REAL.songs[:30], seed=3, steps=1)
    assert other.meta["data_sha256"] != loaded.meta["data_sha256"]
    np.testing.assert_array_equal(loaded.features(REAL.pixels), extractor.features(REAL.pixels))


def test_features_tell_dances_apart(extractor):
    scale = Scale(extractor.features(REAL.pixels))
    real = Gaussian.of(scale(extractor.features(REAL.pixels)))

    def distance(pixels):
        return frechet_distance(Gaussian.of(scale(extractor.features(pixels))), real)

    held_out = swaying(60, seed=9, sound=False).pixels
    frozen = held_out[:, :1].repeat(50, 1)
    noise = np.random.default_rng(0).uniform(0, [640, 320], held_out.shape)
    assert distance(held_out) < distance(frozen) < distance(noise)
    assert extractor.features(held_out).shape == (60, DIMENSIONS)
    assert extractor.features(held_out[:0]).shape == (0, DIMENSIONS)


def test_a_still_set_can_be_learned():
    still = REAL.pixels[:4, :1].repeat(50, 1)
    assert np.isfinite(train_extractor(still, "abcd", steps=3).features(still)).all()


def test_a_model_is_no_extractor(tmp_path):
    """What is evaluated can't measure: weights of a trained model are refused."""
    path = tmp_path / "weights.safetensors"
    header = {"recipe": Recipe().model_dump(), "format": "choreo-model-1"}
    state = {"generator.head.weight": torch.zeros(2, 2)}
    save_file(state, path, metadata={"choreo": json.dumps(header)})
    with pytest.raises(ItemError, match="not a feature extractor"):
        Extractor.load(path)


def test_messages(extractor, tmp_path):
    with pytest.raises(ItemError, match="at least two training segments"):
        train_extractor(REAL.pixels[:1], ["a"])
    with pytest.raises(ItemError, match="60 segments, 1 songs"):
        train_extractor(REAL.pixels, ["a"])
    with pytest.raises(ItemError, match=r"\(N, 50, 18, 2\) \(got \(60, 49, 18, 2\)\)"):
        extractor.features(REAL.pixels[:, 1:])
    with pytest.raises(ItemError, match="not finite"):
        extractor.features(REAL.pixels * np.nan)
    with pytest.raises(ItemError, match="no such file"):
        Extractor.load(tmp_path / "none.safetensors")
    for name, write in {
        "text": lambda path: path.write_text("hello"),
        "other": lambda path: save_file({"a": torch.zeros(2)}, path),
    }.items():
        write(tmp_path / name)
        with pytest.raises(ItemError, match=f"{name}: not a feature extractor.*Delete it"):
            Extractor.load(tmp_path / name)
