import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from test_training_train import SWITCHES, run
from training_dances import packed

from choreo.dances.generate import generate, load_generator
from choreo.dataset.pack import ChunkDataset
from choreo.dataset.seen import seen_in
from choreo.errors import ConfigError, ItemError
from choreo.models.gan.pose_generator import DanceGenerator
from choreo.models.recipes import recipe_from
from choreo.training.model_card import model_card

REN = {"epochs": 0, "music_features": 256, "initial_pose": "none", "music_feature_loss": "off"}


def take(dances, folder, **switches):
    return run(dances, folder, recipe_from({**REN, **switches}), seed=3)


def test_released_weights_dance_as_they_did(dances, tmp_path):
    torch.manual_seed(0)
    network = DanceGenerator(recipe_from(REN)).eval()
    torch.save(network.state_dict(), tmp_path / "generator.pth")
    summary = take(dances, tmp_path, weights_file=str(tmp_path / "generator.pth"))
    assert summary["imported"]["file"] == "generator.pth"
    assert summary["data"]["method"] == "released"
    assert json.loads((tmp_path / "metrics.json").read_text()) == summary
    assert (tmp_path / "losses.csv").read_text() == "epoch,step\n"
    song = np.random.default_rng(0).uniform(-1, 1, 80_000).astype(np.float32)
    taken = generate(load_generator(tmp_path), song, seed=1, initial_pose="zero")
    given = load_generator(tmp_path / "generator.pth", recipe=recipe_from(REN))
    wanted = generate(given, song, seed=1, initial_pose="zero")
    np.testing.assert_array_equal(taken.keypoints, wanted.keypoints)
    assert taken.size == (640, 360)
    with safe_open(tmp_path / "weights.safetensors", "pt") as file:
        assert file.get_tensor("initial_poses").shape[1:] == (18, 2)


def test_a_model_of_another_study_is_taken_with_its_scaling(undisturbed, dances, tmp_path):
    other, _, _ = undisturbed
    path = other / "weights.safetensors"
    summary = take(dances, tmp_path, **SWITCHES | {"epochs": 0}, weights_file=str(path))
    assert summary["recipe"] == json.loads((other / "metrics.json").read_text())["recipe"]
    assert summary["data"]["method"] == dances.description.method
    assert summary["trained_on"] is None  # of chunks without clips


def test_what_a_model_was_trained_on_goes_with_its_weights(tmp_path):
    data = ChunkDataset(packed(tmp_path, 2), split="train")
    summary = run(data, tmp_path / "own", recipe_from({"epochs": 1, "batch_size": 2}))
    seen = summary["trained_on"]
    assert seen == seen_in(data)
    assert (seen["songs"], seen["videos"], seen["dancers"]) == (["song"], ["dance"], ["dance"])
    path = tmp_path / "own" / "weights.safetensors"
    taken = take(data, tmp_path, epochs=0, weights_file=str(path))
    assert taken["trained_on"] == seen


def test_without_weights_it_is_said(dances, tmp_path):
    with pytest.raises(ConfigError, match="has no weights"):
        take(dances, tmp_path)
    with pytest.raises(ItemError, match=r"none\.pth: no such file"):
        take(dances, tmp_path, weights_file=str(tmp_path / "none.pth"))


def test_the_card_names_what_a_reader_must_know(undisturbed):
    _, summary, _ = undisturbed
    card = model_card(summary, "gru", ["CC0-1.0", "", "CC BY 4.0"])
    assert card.startswith("# gru, seed 1\n")
    assert "6 steps of 2 chunks (3 epochs)" in card
    assert "| licences of the training videos | CC BY 4.0, CC0-1.0; 1 videos without |" in card
    assert f"| l1 | {summary['fit']['l1']:.4g} |" in card
    assert f"| hash | {summary['data']['hash']} |" in card
    assert "| learning_rate_schedule | cosine |" in card
