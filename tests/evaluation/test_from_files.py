"""Tables from a packed dataset and a folder of dances; leaks that a dataset's file would bring."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
import soundfile
from evaluation_dances import CANVAS, swaying

from choreo.dataset.normalise import Normalised, Transform
from choreo.dataset.pack import pack, write_shard
from choreo.errors import ConfigError, ItemError
from choreo.evaluation.extractor import train_extractor
from choreo.evaluation.from_files import evaluate_dances, find_dances, find_songs
from choreo.evaluation.inputs import read_real, shared_dancers
from choreo.track import PoseTrack

CLIPS = (("v1", "a", "ada"), ("v2", "b", "bo"), ("v3", "c", "cy"), ("v4", "d", "ada"))
SPLITS = {"v1": "train", "v2": "train", "v3": "test", "v4": "test"}


def make_shard(folder, video, song, dancer, *, seed):
    pieces = swaying(2, seed=seed, songs=(song,))
    poses = (pieces.pixels / (np.array(CANVAS) / 2) - 1).reshape(100, 18, 2).astype(np.float32)
    missing, still = np.zeros((100, 18), bool), Transform((1, 1), (0, 0))
    normalised = Normalised(poses, missing, still, CANVAS, 0.0, 0, poses.size, 0, "thesis", "clip")
    path = folder / f"{video}.h5"
    write_shard(path, normalised, pieces.audio.reshape(-1), video=video, song=song, dancer=dancer)
    return path


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    shards = [make_shard(folder, *clip, seed=n) for n, clip in enumerate(CLIPS)]
    pack(shards, folder / "d.h5", splits=SPLITS, card=folder / "card")
    return folder / "d.h5"


@pytest.fixture(scope="module")
def extractor(tmp_path_factory, dataset):
    path = tmp_path_factory.mktemp("extractor") / "e.safetensors"
    real = read_real(dataset, "train", sound=False)
    train_extractor(real.pixels, real.songs, steps=20).save(path)
    return path


def dance(folder, name, songs=("c", "d"), seed=0):
    for n, song in enumerate(songs):
        pixels = swaying(2, seed=seed + n, songs=(song,), sound=False).pixels.reshape(100, 18, 2)
        path = folder / name / f"{song}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        PoseTrack(pixels, np.ones((100, 18)), 10, CANVAS, "openpose18").save(path)


@pytest.fixture
def dances(tmp_path):
    dance(tmp_path, "gru/seed1", seed=7)
    dance(tmp_path, "gru/seed2", seed=8)
    dance(tmp_path, "mine", seed=9)
    (tmp_path / "songs").mkdir()
    for song in "cd":
        sound = swaying(2, songs=(song,)).audio.reshape(-1)
        soundfile.write(tmp_path / "songs" / f"{song}.wav", sound, 16_000, subtype="PCM_16")
    return tmp_path


def test_both_tables(dataset, extractor, dances):
    found, out = find_dances(dances), dances / "out"
    assert list(found) == [("gru", 1), ("gru", 2), ("mine", 1)]
    songs = find_songs(dances / "songs", "cd")
    records = evaluate_dances(dataset, found, songs, out, extractor=extractor, study="x")
    assert [(r["system"], r["seed"], r["chunks"]) for r in records] == [
        ("real", None, 4),
        ("gru", 1, 4),
        ("gru", 2, 4),
        ("mine", 1, 4),
    ]
    table = pd.read_csv(out / "table2.csv")
    ours = table[table.source == "this study"].set_index("system")
    assert ours.loc["gru", "distance"] == pytest.approx(
        np.mean([records[1]["distance"], records[2]["distance"]])
    )
    assert ours.loc["gru", "seeds"] == 2
    assert "in the training data too: ada." in (out / "table2.md").read_text()
    distances = pd.read_csv(out / "table2x_distances.csv")
    assert {"real", "gru", "mine", "noise", "frozen"} <= set(distances.system)
    for part in ("beats", "motion", "pairs"):
        assert (out / f"table2x_{part}.tex").stat().st_size > 0
    assert not (out / "extractor.safetensors").exists()


def test_leaks_between_dances_and_training_are_refused(dataset, extractor, dances):
    dance(dances, "leak", songs=("a",))
    found = {("leak", 1): {"a": dances / "leak" / "a.npz"}}
    songs = {"a": dances / "songs" / "c.wav"}
    with pytest.raises(ItemError, match="a song is evaluated that is also trained on"):
        evaluate_dances(dataset, found, songs, dances / "out", extractor=extractor)
    # The weights of a model, in the extractor's place.
    with pytest.raises(ItemError, match="not a feature extractor"):
        evaluate_dances(dataset, found, songs, dances / "out", extractor=dances / "leak" / "a.npz")


@pytest.mark.parametrize("by", ["song", "video", "dancer"])
def test_leaks_inside_a_dataset_are_refused(tmp_path, by):
    """Whatever packed it: two splits share what its header says they may not."""
    own = {"song": "v1 a ada s1", "video": "v1 a ada s", "dancer": "v1 a ada s1"}[by].split()
    other = {"song": "v2 a bo s2", "video": "v2 b bo s", "dancer": "v2 b ada s2"}[by].split()
    shards = []
    for n, (video, song, dancer, source) in enumerate((own, other)):
        shards.append(make_shard(tmp_path, video, song, dancer, seed=n))
        with h5py.File(shards[-1], "r+") as file:
            file["clips/source"][0] = source
    path = tmp_path / "d.h5"
    harmless = "song" if by == "dancer" else "dancer"
    splits = {"v1": "train", "v2": "test"}
    pack(shards, path, splits=splits, by=harmless, card=tmp_path / "card")
    assert shared_dancers(path) == (["ada"] if by == "dancer" else [])
    assert len(read_real(path, "test", sound=False)) == 2
    with h5py.File(path, "r+") as file:
        about = json.loads(file.attrs["provenance"])
        file.attrs["provenance"] = json.dumps(about | {"by": [by]})
    with pytest.raises(ConfigError, match=f"{by} '.*' is in two splits"):
        read_real(path, "test", sound=False)


def test_messages(tmp_path, dances):
    with pytest.raises(ItemError, match=r"no dances.*MODEL/seedN/SONG"):
        find_dances(tmp_path / "nothing")
    with pytest.raises(ItemError, match=r"one file named e\.wav .*got 'none'"):
        find_songs(dances / "songs", "ce")
    (dances / "songs" / "c.mp3").touch()
    with pytest.raises(ItemError, match=r"got 'c\.mp3, c\.wav'"):
        find_songs(dances / "songs", "c")
    dance(dances, "gru/seed3", songs=("c",))
    with pytest.raises(ItemError, match=r"gru: the seeds .* different songs \(got 'd'\)"):
        find_dances(dances)
    dance(dances, "mine/seed1", songs=("c",))
    with pytest.raises(ItemError, match="two dances of one seed"):
        find_dances(dances)
