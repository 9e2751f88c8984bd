"""`choreo train`, `dance` and `export-model` with weights from elsewhere."""

from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file
from training_dances import packed

from choreo.cli import main
from choreo.models.gan import perceptual
from choreo.models.gan.networks import save_state
from choreo.models.gan.pose_generator import DanceGenerator
from choreo.models.recipes import load_recipes
from choreo.pose.track import PoseTrack
from choreo.training import model_card, train
from choreo.videos import audio

RECIPES = """\
ren2020: {epochs: 0, initial_pose: released, weights_file: PATH}
bare: {epochs: 0}
original: {epochs: 1, batch_size: 2, perceptual_loss: true}
"""


@pytest.fixture
def folder(tmp_path):
    """A dataset, a song, recipes and a released state dict."""
    packed(tmp_path)
    released = tmp_path / "generator_0350.pth"
    recipes = tmp_path / "models.yaml"
    recipes.write_text(RECIPES.replace("PATH", str(released)))
    torch.manual_seed(0)
    torch.save(DanceGenerator(load_recipes(recipes)["ren2020"]).state_dict(), released)
    song = np.random.default_rng(0).uniform(-0.5, 0.5, 16000)
    soundfile.write(tmp_path / "song.wav", song, 16000)
    return tmp_path


def choreo(folder, verb, *arguments):
    """Run a verb with the folder's files; a word with a dot or slash is one of them."""
    own = [str(folder / a) if "." in a or "/" in a else a for a in arguments]
    recipes = ["--recipes", str(folder / "models.yaml")] if verb in ("train", "dance") else []
    return main([verb, *own, *recipes])


def test_released_weights_are_used_and_saved_back(folder, capsys):
    assert choreo(folder, "train", "dataset.h5", "--model", "ren2020", "-o", "out/") == 0
    assert "generator_0350.pth, not trained" in capsys.readouterr().out
    made = {path.name for path in (folder / "out").iterdir()}
    assert made == {"weights.safetensors", "metrics.json", "losses.csv", "card.md"}
    assert "Weights of generator_0350.pth" in (folder / "out" / "card.md").read_text()
    for output in ("back.pth", "again.pth"):
        assert choreo(folder, "export-model", "out/", "-o", output) == 0
    assert (folder / "back.pth").read_bytes() == (folder / "again.pth").read_bytes()
    given, back = (
        torch.load(folder / name, weights_only=True) for name in ("generator_0350.pth", "back.pth")
    )
    assert type(back) is dict
    assert list(back) == list(given)
    assert all(torch.equal(back[name], value) for name, value in given.items())
    assert "scaled by the method released" in capsys.readouterr().out
    start = ["--initial-pose", "zero"]
    dances = []
    for name, model in (("a.npz", ["out/"]), ("b.npz", ["back.pth", "--recipe", "ren2020"])):
        assert choreo(folder, "dance", "song.wav", *start, "--model", *model, "-o", name) == 0
        dances.append(PoseTrack.load(folder / name).keypoints)
    assert np.array_equal(*dances)


def test_a_pth_is_scaled_by_the_method_that_is_said(folder):
    command = ["song.wav", "--model", "generator_0350.pth", "--recipe", "ren2020"]
    for method, size in (("thesis", (640, 320)), ("released", (640, 360))):
        assert choreo(folder, "dance", *command, "--method", method, "-o", "d.npz") == 0
        assert PoseTrack.load(folder / "d.npz").size == size


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("dance song.wav --model generator_0350.pth -o d.npz", "Name its model, such as --recipe"),
        ("dance song.wav --model generator_0350.pth --recipe x -o d.npz", "unknown model"),
        ("dance song.wav --model out/ --recipe ren2020 -o d.npz", "Leave out --recipe"),
        ("dance song.wav --model out/ --method thesis -o d.npz", "Leave out --method"),
        ("export-model generator_0350.pth -o d.pth", "generator_0350.pth: this has the released"),
        ("export-model out/ -o d.npz", "d.npz: a state dict is written as .pth"),
        ("export-model out/ -o d.pth", "out: no such file"),
        ("train dataset.h5 --model bare -o out/", "has no weights. Give its weights_file"),
    ],
)
def test_what_can_not_be_used_is_named(folder, capsys, command, message):
    assert choreo(folder, *command.split()) == 1
    assert message in capsys.readouterr().err
    assert not list(folder.glob("d.*"))


def test_the_perceptual_network_of_other_data_seeds_or_steps_is_not_taken(folder, monkeypatch):
    taken, steps = [], SimpleNamespace(perceptual_steps=1)
    monkeypatch.setattr("choreo.cli.training.Training", lambda: steps)

    def advance(pretraining):
        """Count a step: what the network learns decides nothing here."""
        pretraining.right.append(1.0)
        pretraining.step += 1

    monkeypatch.setattr(perceptual.Pretraining, "advance", advance)
    monkeypatch.setattr(train, "train", lambda *_, **given: taken.append(given["files"]))
    monkeypatch.setattr(model_card, "write_card", lambda *_: None)
    path = folder / "out" / "perceptual.safetensors"

    def made(*arguments):
        """Whether the network was trained anew, and what it was made of."""
        before = path.stat().st_ino if path.exists() else None
        command = ["dataset.h5", "--model", "original", "-o", "out/", *arguments]
        assert choreo(folder, "train", *command) == 0
        assert taken.pop() == {"perceptual": path}
        summary = perceptual.load_perceptual(path)[1]
        return path.stat().st_ino != before, summary["seed"], summary["steps"]

    assert made() == (True, 1, 1)
    assert made() == (False, 1, 1)
    assert made("--seed", "2") == (True, 2, 1)
    steps.perceptual_steps = 2
    assert made("--seed", "2") == (True, 2, 2)
    steps.perceptual_steps = 1
    packed(folder, chunks=6)
    assert made() == (True, 1, 1)
    path.write_bytes(b"half")
    assert made() == (True, 1, 1)
    # One that is given is taken as it is.
    given = folder / "given.safetensors"
    command = ["dataset.h5", "--model", "original", "-o", "out/", "--perceptual", given.name]
    assert choreo(folder, "train", *command) == 0
    assert taken == [{"perceptual": given}]


def test_a_networks_state_is_saved_without_its_training(folder):
    network = DanceGenerator(load_recipes(folder / "models.yaml")["ren2020"])
    save_state(network, folder / "new" / "g.pth")
    state = torch.load(folder / "new" / "g.pth", weights_only=True)
    assert not any(value.requires_grad for value in state.values())
    assert choreo(folder, "train", "dataset.h5", "--model", "ren2020", "-o", "out/") == 0
    kept = load_file(folder / "out" / "weights.safetensors")
    assert {f"generator.{name}" for name in state} == kept.keys() - {"initial_poses"}


def test_a_song_is_read_once_for_all_models(folder, monkeypatch):
    assert choreo(folder, "train", "dataset.h5", "--model", "ren2020", "-o", "out/") == 0
    read_song, read, shown = audio.read_song, [], []

    def reading(path, **options):
        read.append(path)
        return read_song(path, **options)

    monkeypatch.setattr(audio, "read_song", reading)
    monkeypatch.setattr("choreo.cli.dances._film", lambda tracks, *_, **__: shown.append(tracks))
    assert choreo(folder, "dance", "song.wav", "--model", "out/", "-o", "alone.npz") == 0
    models = ["--model", "out/", "--compare", "out/", "--compare", "alone.npz"]
    assert choreo(folder, "dance", "song.wav", "-o", "all.mp4", *models) == 0
    assert read == [folder / "song.wav"] * 2
    ((first, second, track),) = shown
    for other in (second, track):
        np.testing.assert_array_equal(first.keypoints, other.keypoints)
