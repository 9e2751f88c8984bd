"""A family that no stage knows: one file, one line, and it goes all the way to Table 2."""

import csv
import subprocess
import sys

import numpy as np
import own_family
import pandas as pd
import pytest
import soundfile
from test_training_train import outputs, run
from training_dances import Dances

from choreo import models
from choreo.cli import main
from choreo.dances.generate import generate, load_generator
from choreo.dances.seams import seam_table
from choreo.dataset.description import DataDescription
from choreo.dataset.pack import ChunkDataset, info, make_shard, pack
from choreo.errors import ConfigError, ItemError
from choreo.evaluation.extractor import train_extractor
from choreo.evaluation.from_files import evaluate_dances, find_dances
from choreo.evaluation.inputs import read_real
from choreo.models.divergence import TrainingDiverged
from choreo.models.recipes import check_all, load_recipes, recipe_from
from choreo.pipeline.digest import digest
from choreo.pose.track import PoseTrack
from choreo.training.loss_curves import loss_curves
from choreo.training.model_card import model_card
from choreo.training.train import code_of

SONGS = {"a": "train", "b": "train", "c": "test"}


@pytest.fixture
def nod(tmp_path, monkeypatch):
    """The example of the docs, registered."""
    own_family.write(tmp_path / "own_nod.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_nod", raising=False)
    monkeypatch.setitem(models.FAMILIES, "nod", "own_nod")
    return recipe_from({"family": "nod"})


def nodding(folder, song, seconds=12, depth=30.0, period=0.5):
    """A dancer who nods with a click, and the song: files."""
    times = np.arange(round(seconds * 30)) / 30
    on = (times % period < 0.1).astype(float)
    still = np.random.default_rng(3).uniform((260, 140), (380, 300), (18, 2))
    still[[0, 14, 15, 16, 17]] = (320, 100)
    still[[10, 13]] = (320, 330)
    own = np.random.default_rng([2, *song.encode()]).normal(0, 0.2, (18, 2))
    keypoints = still + own + np.zeros((len(times), 1, 1))
    keypoints[:, [0, 14, 15, 16, 17], 1] += depth * on[:, None]
    sound = np.random.default_rng([1, *song.encode()]).normal(0, 0.002, round(seconds * 16000))
    for beat in np.arange(0, seconds - 0.1, period):
        at = round(beat * 16000)
        sound[at : at + 1000] += 0.5 * np.sin(np.arange(1000) / 3)
    soundfile.write(folder / f"{song}.wav", sound, 16000)
    track = folder / f"{song}.npz"
    PoseTrack(keypoints, np.ones(keypoints.shape[:2]), 30, (640, 360), "openpose18").save(track)
    return track, folder / f"{song}.wav"


def packed(folder, **options):
    """A packed file of three dances, two of them to train on."""
    folder.mkdir(exist_ok=True)
    shards = []
    for song in SONGS:
        shards.append(folder / f"v{song}.h5")
        make_shard(*nodding(folder, song), shards[-1], video=f"v{song}", song_id=song, **options)
    splits = {f"v{song}": split for song, split in SONGS.items()}
    pack(shards, folder / "dataset.h5", splits=splits)
    return folder / "dataset.h5"


def test_one_file_and_one_line_go_all_the_way_to_table_2(nod, tmp_path):
    dataset = packed(tmp_path / "data")
    train = ChunkDataset(dataset, "train")
    folder = tmp_path / "dances" / "nod" / "seed1"
    summary = run(train, folder, nod.with_(batch_size=2), look_every=4)
    # Trained: a loss a step, a card, an early look, a figure.
    with open(folder / "losses.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["epoch", "step", "l1"]
    assert float(rows[-1]["l1"]) < float(rows[0]["l1"])
    fit = summary["fit"]
    assert fit["l1"] < 0.95 * fit["l1_mean_pose"]
    assert summary["parameters"] == {"mean": 36, "depth": 1}
    assert "| family | nod |" in model_card(summary, "nod", ["CC0-1.0"])
    assert (folder / "log" / "looks" / "epoch0004.mp4").stat().st_size > 0
    loss_curves([folder / "losses.csv"])
    # Danced, as long as the song; from the weights alone, and seen by the seams.
    song = tmp_path / "data" / "c.wav"
    track = generate(load_generator(folder), soundfile.read(song)[0], seed=1)
    assert (len(track), track.fps, track.meta["join"]) == (120, 10, "whole")
    head, ankle = track.keypoints[:, 0, 1], track.keypoints[:, 10, 1]
    assert np.ptp(head) > 1
    assert np.ptp(ankle) == 0
    assert seam_table([("nod", track)]).frame["join"].tolist() == ["whole"]
    track.save(folder / "c.npz")
    # Evaluated: a row of Table 2.
    real = read_real(dataset, "train", sound=False)
    extractor = tmp_path / "extractor.safetensors"
    train_extractor(real.pixels, real.songs, steps=5).save(extractor)
    found = find_dances(tmp_path / "dances")
    evaluate_dances(dataset, found, {"c": song}, tmp_path / "out", extractor=extractor)
    table = pd.read_csv(tmp_path / "out" / "table2.csv").set_index("system")
    row = table[table.source == "this study"].loc["nod"]
    assert row.chunks == 2
    assert 0 < row.beat_hit_rate < 100
    assert np.isfinite(row.distance)


def test_the_command_line_takes_it(nod, tmp_path, capsys):
    dataset, recipes = packed(tmp_path / "data"), tmp_path / "models.yaml"
    recipes.write_text("mine: {family: nod, epochs: 1}\n")
    out, dance = tmp_path / "out", tmp_path / "dance.npz"
    command = ["train", dataset, "--model", "mine", "--recipes", recipes, "-o", out]
    assert main([*map(str, command), "--device", "cpu"]) == 0
    assert main(["dance", str(tmp_path / "data/c.wav"), "--model", str(out), "-o", str(dance)]) == 0
    assert len(PoseTrack.load(dance)) == 120
    assert main(["export-model", str(out), "-o", str(tmp_path / "m.pth")]) == 1
    assert "a model of family nod has no layout of the released code" in capsys.readouterr().err


def test_data_of_another_rate_and_length_are_packed_and_trained_on(nod, tmp_path):
    dataset = packed(tmp_path / "data", fps=20, chunk_seconds=4.0, stride_seconds=2.0)
    card = info(dataset)
    assert (card["pose_fps"], card["chunk_seconds"]) == (20, 4)
    train = ChunkDataset(dataset, "train")
    wanted = DataDescription(fps=20, chunk_seconds=4.0)
    assert train.description == wanted
    chunk = train[1]
    assert chunk["pose"].shape == (80, 18, 2)
    assert chunk["audio"].shape == (80, 800)
    # Chunk 1 begins 2 s later, in poses and in sound.
    np.testing.assert_array_equal(chunk["pose"][:40], train[0]["pose"][40:])
    np.testing.assert_array_equal(chunk["audio"][:40], train[0]["audio"][40:])
    assert len(ChunkDataset(dataset, "test")) == 3  # consecutive ones of 12 s
    summary = run(train, tmp_path / "nod", nod)
    assert summary["data"]["fps"] == 20
    assert summary["fit"]["l1"] < summary["fit"]["l1_mean_pose"]
    model = load_generator(tmp_path / "nod")
    assert model.data == wanted
    song = tmp_path / "data" / "c.wav"
    track = generate(model, soundfile.read(song)[0], seed=1, initial_pose="zero")
    assert (len(track), track.fps) == (240, 20)
    track.save(tmp_path / "dances" / "nod" / "c.npz")
    # Evaluated in segments of 4 s.
    real = read_real(dataset, "train", sound=False)
    extractor = tmp_path / "extractor.safetensors"
    train_extractor(real.pixels, real.songs, steps=5).save(extractor)
    found = find_dances(tmp_path / "dances")
    records = evaluate_dances(dataset, found, {"c": song}, tmp_path / "o", extractor=extractor)
    assert [(r["system"], r["chunks"]) for r in records] == [("real", 3), ("nod", 3)]
    assert all(np.isfinite(r["distance"]) for r in records)
    # The GAN says why it can't, before it makes anything.
    with pytest.raises(ConfigError, match="family gan takes chunks of 5 s, 10 poses a second"):
        run(train, tmp_path / "gan")
    other = packed(tmp_path / "other")
    with pytest.raises(ItemError, match=r"another fps than the others.*fps 10, not 20"):
        pack(
            [tmp_path / "data" / "va.h5", other.with_name("vb.h5")],
            tmp_path / "both.h5",
            splits={"va": "train", "vb": "train"},
        )


@pytest.mark.parametrize(
    "data", [{"fps": 20}, {"chunk_seconds": 4.0}, {"skeleton": "coco17"}], ids=str
)
def test_the_gan_refuses_other_data_in_one_place_and_before_anything_runs(data):
    with pytest.raises(ConfigError, match=r"model gru: family gan takes chunks of 5 s.*1,600 sam"):
        check_all({"gru": recipe_from({})}, DataDescription(**data))
    check_all({"gru": recipe_from({})}, DataDescription(method="released"))


def test_given_weights_of_other_data_are_refused_before_anything_runs(tmp_path):
    tuned = {"tuned": recipe_from({"family": "flow", "start_from": "shipped"})}
    check_all(tuned, DataDescription())
    said = "model tuned: weights of another .* to start from .*fps 20, not 10"
    with pytest.raises(ConfigError, match=said):
        check_all(tuned, DataDescription(fps=20, chunk_seconds=4.0))
    # What is not there yet, or is no such file, the training names.
    broken = tmp_path / "weights.safetensors"
    for _ in range(2):
        check_all(
            {"own": recipe_from({"family": "flow", "start_from": str(broken)})}, DataDescription()
        )
        broken.write_bytes(b"\0" * 64)


def test_a_family_without_steps_needs_no_place_of_its_own(nod, dances, tmp_path):
    summary = run(dances, tmp_path, nod.with_(epochs=0))
    assert (summary["steps"], summary["last_epoch"]) == (0, {})
    assert "not trained in steps" in model_card(summary, "nod", [])
    assert (tmp_path / "losses.csv").read_text() == "epoch,step\n"
    mean = dances.pose.mean((0, 1))
    (dance,) = load_generator(tmp_path).model.sample([_request()])
    np.testing.assert_allclose(dance, np.broadcast_to(mean, dance.shape), atol=1e-6)


def _request():
    from choreo.models.family import Request

    return Request(np.zeros((7, 1600), np.float32), np.zeros((18, 2)), np.random.default_rng(0))


def test_a_killed_training_of_it_goes_on_to_the_same_bytes(nod, dances, tmp_path):
    def stop(step, steps, values):
        if step == 3:
            raise KeyboardInterrupt

    recipe = nod.with_(batch_size=2)
    run(dances, tmp_path / "whole", recipe)
    with pytest.raises(KeyboardInterrupt):
        run(dances, tmp_path / "cut", recipe, on_progress=stop, checkpoint_steps=1)
    told = []
    run(dances, tmp_path / "cut", recipe, on_progress=lambda step, *_: told.append(step))
    assert told == [3, 4, 5, 6, 7, 8]
    assert outputs(tmp_path / "cut") == outputs(tmp_path / "whole")


def test_a_family_may_draw_its_own_batches(nod, dances, tmp_path, monkeypatch):
    import own_nod

    from choreo.models.data import load_batch

    asked = []

    class Batches:
        def __call__(self, step):
            asked.append(step)
            return load_batch(dances, [step % 2])

        def close(self):
            asked.append("closed")

    monkeypatch.setattr(
        own_nod.Nod, "batches", lambda model, dataset, setting: Batches(), raising=False
    )
    summary = run(dances, tmp_path, nod.with_(batch_size=2, epochs=2))
    assert asked == [*range(4), "closed"]
    assert summary["steps"] == 4


def test_a_step_that_is_not_finite_stops_any_family(nod, tmp_path):
    class Outlier(Dances):
        def batch(self, indices):
            arrays = super().batch(indices)
            arrays["pose"][0, 0, 0] = np.nan
            return arrays

    with pytest.raises(TrainingDiverged, match="at step 0 of 4: l1"):
        run(Outlier(tmp_path / "d.npz"), tmp_path, nod)


def test_an_edit_of_one_family_leaves_the_checkpoints_of_others_alone(nod, tmp_path):
    gan = recipe_from({})
    before = [digest(None, *code_of(recipe)) for recipe in (gan, nod)]
    path = tmp_path / "own_nod.py"
    path.write_text(path.read_text() + "\nMORE = 1\n")
    after = [digest(None, *code_of(recipe)) for recipe in (gan, nod)]
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_weights_of_another_family_are_named(nod, dances, tmp_path):
    run(dances, tmp_path, nod)
    from choreo.evaluation.released_fid import load_discriminator

    with pytest.raises(ItemError, match="not a model of family gan"):
        load_discriminator(tmp_path / "weights.safetensors")


def test_recipes_name_their_family(tmp_path):
    path = tmp_path / "models.yaml"
    path.write_text("a: {family: gan, dropout: 0.1}\nb: {epochs: 3}\n")
    recipes = load_recipes(path)
    assert [recipe.family for recipe in recipes.values()] == ["gan", "gan"]
    assert recipes["a"] == recipe_from({"dropout": 0.1})
    path.write_text("a: {family: gam}\n")
    with pytest.raises(ConfigError, match=r"a, family: unknown family.*'gam'.*mean 'gan'"):
        load_recipes(path)
    path.write_text("a: {family: [gan]}\n")
    with pytest.raises(ConfigError, match=r"a, family: unknown family.*\['gan'\]"):
        load_recipes(path)
    with pytest.raises(ConfigError, match=r"music: .*'raw'"):
        recipe_from({"music": "mel"})


def test_the_register_imports_no_family():
    code = (
        "import sys, choreo.models, choreo.models.family, choreo.models.music_features\n"
        "heavy = {'torch', 'numpy', 'h5py', 'choreo.models.gan'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_plain_networks_are_the_reference_of_the_kernels(dances, tmp_path):
    """One switch: the same training, and the same dance, but for rounding."""
    losses, summaries = [], []
    for kernels in (True, False):
        folder = tmp_path / str(kernels)
        recipe = recipe_from({"epochs": 1, "batch_size": 5, "dropout": 0.0, "kernels": kernels})
        summaries.append(run(dances, folder, recipe))
        losses.append(pd.read_csv(folder / "losses.csv"))
    pd.testing.assert_frame_equal(*losses, rtol=1e-4)
    assert [s["recipe"]["kernels"] for s in summaries] == [True, False]
    song = np.random.default_rng(0).normal(size=16000 * 7)
    fast = load_generator(tmp_path / "True")
    plain = fast.recipe.with_(kernels=False).build(fast.data)
    plain.load_state(fast.model.state())
    wanted = generate(type(fast)(plain, fast.initial_poses, {}), song, seed=1).keypoints
    np.testing.assert_allclose(generate(fast, song, seed=1).keypoints, wanted, atol=0.01)
    assert not np.array_equal(generate(fast, song, seed=1).keypoints, wanted)
