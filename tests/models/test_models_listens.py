"""A real training on dances to music: the model beats the mean pose, and hears the music."""

import csv

import numpy as np
import pytest
from test_training_train import run

from choreo.dataset.pack import ChunkDataset, make_shard, pack
from choreo.models.recipes import recipe_from
from choreo.synth.clips import make_tracks

CLIPS = ("neon/ada/1", "strut/bruno/1", "dusty/ada/1", "sunset/ada/1")
# The demo study's (config/config.yaml), but fewer steps.
SWITCHES = {
    "epochs": 20, "batch_size": 4, "output_start": "mean_pose", "adversarial_from_epoch": 18,
    "learning_rate_schedule": "cosine", "recalibrate": True, "dropout": 0.0,
}  # fmt: skip


@pytest.fixture
def danced(tmp_path):
    """Four demo dancers' true poses with their songs, 15 s each, as the pipeline packs them."""
    shards = []
    for clip in CLIPS:
        name = clip.replace("/", "_")
        truth, song, beats = (tmp_path / f"{name}.{end}" for end in ("npz", "wav", "json"))
        make_tracks(f"demo:{clip}", truth=truth, song=song, beats=beats, start=2, end=17.2)
        shards.append(tmp_path / f"{name}.h5")
        make_shard(truth, song, shards[-1], video=name, song_id=clip.split("/")[0])
    splits = {shard.stem: "train" for shard in shards}
    pack(shards, tmp_path / "dataset.h5", splits=splits)
    return ChunkDataset(tmp_path / "dataset.h5", split="train")


@pytest.mark.slow
@pytest.mark.soak
def test_a_short_training_beats_the_mean_pose_and_listens(danced, tmp_path):
    fit = run(danced, tmp_path, recipe_from(SWITCHES))["fit"]
    print(f"{len(danced)} chunks: {fit}")
    assert fit["l1"] < 0.8 * fit["l1_mean_pose"]
    assert fit["l1"] < fit["l1_shuffled_music"]
    with open(tmp_path / "losses.csv", newline="") as file:
        l1 = [float(row["l1"]) for row in csv.DictReader(file)]
    assert np.mean(l1[-len(l1) // 10 :]) < 0.8 * np.mean(l1[: len(l1) // 10])
