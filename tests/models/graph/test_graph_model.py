"""The family as a whole: made of a dataset, saved, read, and dancing to a song."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from graph_units import DATA
from test_training_train import run
from training_dances import Dances

from choreo.dances.generate import generate, load_generator
from choreo.dances.seams import seam_table
from choreo.dataset.description import DataDescription
from choreo.dataset.normalise import Normalised, Transform
from choreo.dataset.pack import ChunkDataset, pack, write_shard
from choreo.errors import ItemError
from choreo.models.recipes import load_recipes, recipe_from
from choreo.training.model_card import model_card

RATE, BEAT = 16_000, 0.5


def clicks(seconds, louder):
    """A song of clicks, whose second half or first half is louder."""
    time = np.arange(round(seconds * RATE)) / RATE
    sound = np.random.default_rng(0).normal(0, 0.001, len(time))
    for beat in np.arange(0.2, seconds - 0.2, BEAT):
        at = round(beat * RATE)
        loud = 0.9 if (beat > seconds / 2) == louder else 0.4
        sound[at : at + 800] += loud * np.hanning(1600)[800:] * np.sin(np.arange(800) * 0.9)
    return (sound * 20_000).astype(np.int16)


def packed(folder, *, fps=10, songs=4, seconds=20):
    """Path of a packed file of dances of two dancers whose arms swing with the clicks."""
    shards = []
    for k in range(songs):
        frames = seconds * fps
        swing = np.cos(np.pi * (np.arange(frames) / fps - 0.2) / BEAT)
        poses = np.random.default_rng(k % 2).uniform(-0.3, 0.3, (18, 2)) + np.zeros((frames, 1, 1))
        poses[:, [3, 4, 6, 7], 1] += 0.2 * (1 + k) / songs * swing[:, None]
        normalised = Normalised(
            poses.astype(np.float32),
            np.zeros((frames, 18), bool),
            Transform((1.0, 1.0), (0.0, 0.0)),
            DATA.canvas,
            0.0,
            0,
            frames * 36,
            0,
            "thesis",
            "clip",
            fps,
        )
        shards.append(folder / f"v{k}.h5")
        about = {"video": f"v{k}", "song": f"s{k}", "dancer": f"d{k % 2}"}
        write_shard(shards[-1], normalised, clicks(seconds, k > 1), **about)
    pack(shards, folder / "dataset.h5", splits={f"v{k}": "train" for k in range(songs)})
    return folder / "dataset.h5"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A graph of such dances: folder and summary."""
    folder = tmp_path_factory.mktemp("graph")
    recipes = load_recipes(Path(__file__).parents[3] / "config" / "models.yaml")
    data = ChunkDataset(packed(folder), "train")
    return folder, run(data, folder / "model", recipes["graph"])


def test_it_says_what_it_copies_and_how_often_it_jumps(made):
    folder, summary = made
    about = summary["graph"]
    assert about["songs"] == 4
    assert about["dancers"] == 2
    assert about["units"] > 100
    assert about["beats_a_jump"] > 1
    assert summary["steps"] == 0
    assert json.loads((folder / "model" / "metrics.json").read_text()) == summary
    card = model_card(summary, "graph", [])
    assert f"one of {about['units']} beats of real dances by 2 dancers" in card
    assert f"every {about['beats_a_jump']:.1f} beats" in card


def test_it_dances_from_its_file_alone_with_the_beats(made):
    folder, _ = made
    generator = load_generator(folder / "model")
    song = clicks(17.3, True)
    track = generate(generator, song, seed=1)
    assert len(track) == 173
    assert np.isfinite(track.keypoints).all()
    again = generate(generator, song, seed=1)
    np.testing.assert_array_equal(track.keypoints, again.keypoints)
    # The arms turn on the clicks: there they are at an end of their swing.
    wrist = track.keypoints[:, 4, 1]
    middle = (wrist.max() + wrist.min()) / 2
    beats = np.rint(np.arange(1.2, 16, BEAT) * 10).astype(int)
    between = np.rint((np.arange(1.2, 16, BEAT) + BEAT / 2) * 10).astype(int)
    assert np.abs(wrist[beats] - middle).mean() > 1.5 * np.abs(wrist[between] - middle).mean()
    assert seam_table([("graph", track)]).frame["join"].tolist() == ["whole"]


def test_it_goes_on_from_a_pose_that_is_given(made):
    generator = load_generator(made[0] / "model")
    first = generate(generator, clicks(6, True), seed=1)
    more = generate(generator, clicks(6, True), seed=2, initial_pose=first)
    np.testing.assert_allclose(more.keypoints[0], first.keypoints[-1], atol=0.2)


def test_most_units_bounds_the_file(made, tmp_path):
    folder, _ = made
    data = ChunkDataset(folder / "dataset.h5", "train")
    small = run(data, tmp_path, recipe_from({"family": "graph", "most_units": 20}))
    assert small["graph"]["units"] == 20
    sizes = [(f / "weights.safetensors").stat().st_size for f in (tmp_path, folder / "model")]
    assert sizes[0] < sizes[1] / 2
    assert len(generate(load_generator(tmp_path), clicks(7, True), seed=1)) == 70


def test_data_of_another_rate_give_dances_of_it(tmp_path):
    data = ChunkDataset(packed(tmp_path, fps=20, songs=1), "train")
    run(data, tmp_path / "model", recipe_from({"family": "graph"}))
    generator = load_generator(tmp_path / "model")
    assert generator.data == DataDescription(fps=20)
    assert len(generate(generator, clicks(6, True), seed=1, initial_pose="zero")) == 120


def test_few_chunks_without_songs_or_dancers_are_enough(tmp_path):
    run(Dances(tmp_path / "d.npz", chunks=1), tmp_path, recipe_from({"family": "graph"}))
    track = generate(load_generator(tmp_path), clicks(3, True), seed=1)
    assert len(track) == 30


@pytest.mark.parametrize(
    "change",
    [
        {"first": torch.zeros(3)},
        {"following": lambda value: value + 1_000_000},
        {"high": lambda value: value + 1_000_000},
        {"low": lambda value: value - 1},
        {"places": lambda value: value + 4},
        {"poses": lambda value: value[:, :17]},
        {"songs": None},
        {"low": lambda value: value.float()},
        {"dancers": lambda value: value[:, None]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_state_of_something_else_is_refused(made, change):
    folder, _ = made
    model = load_generator(folder / "model").model
    state = model.state()
    for name, value in change.items():
        state[name] = value(state[name]) if callable(value) else value
    state = {name: value for name, value in state.items() if value is not None}
    with pytest.raises(ItemError, match="not the units of a motion graph"):
        model.load_state(state)
    model.load_state(model.state())
