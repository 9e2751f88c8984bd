"""Tables from a packed dataset and a folder of dances; leaks that a dataset's file would bring."""

import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import soundfile
from evaluation_dances import CANVAS, swaying

from choreo.cli.verify import verify
from choreo.dataset import layout
from choreo.dataset.check import check
from choreo.dataset.normalise import Normalised, Transform
from choreo.dataset.pack import ChunkDataset, append, pack, write_shard
from choreo.dataset.seen import same_content, seen_in
from choreo.errors import ConfigError, ItemError
from choreo.evaluation.extractor import Extractor, train_extractor
from choreo.evaluation.from_files import evaluate_dances, find_dances, find_songs, made_of
from choreo.evaluation.inputs import (
    check_unseen,
    known_beats,
    load_extractor,
    read_held_out,
    read_real,
    shared_dancers,
    trained_on,
)
from choreo.evaluation.systems import measure_model
from choreo.evaluation.table2x import TABLES
from choreo.files import sha256, write_json
from choreo.pose.track import PoseTrack
from choreo.provenance import commit
from choreo.videos.audio import read_song

CLIPS = (("v1", "a", "ada"), ("v2", "b", "bo"), ("v3", "c", "cy"), ("v4", "d", "ada"))
KNOWN = (swaying(2, sound=False).pixels, ["a", "b"])
SPLITS = {"v1": "train", "v2": "train", "v3": "test", "v4": "test"}


def make_shard(folder, video, song, dancer, *, seed, sound_of=None):
    segments = swaying(2, seed=seed, songs=(sound_of or song,))
    poses = (segments.pixels / (np.array(CANVAS) / 2) - 1).reshape(100, 18, 2).astype(np.float32)
    missing, still = np.zeros((100, 18), bool), Transform((1, 1), (0, 0))
    normalised = Normalised(poses, missing, still, CANVAS, 0.0, 0, poses.size, 0, "thesis", "clip")
    path = folder / f"{video}.h5"
    write_shard(path, normalised, segments.audio.reshape(-1), video=video, song=song, dancer=dancer)
    return path


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    shards = [make_shard(folder, *clip, seed=n) for n, clip in enumerate(CLIPS)]
    pack(shards, folder / "d.h5", splits=SPLITS)
    return folder / "d.h5"


@pytest.fixture(scope="module")
def extractor(tmp_path_factory, dataset):
    path = tmp_path_factory.mktemp("extractor") / "e.safetensors"
    real = read_real(dataset, "train", sound=False)
    seen = seen_in(ChunkDataset(dataset, "train"))
    train_extractor(real.pixels, real.songs, seen=seen, steps=20).save(path)
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


def test_tables_carry_what_they_were_made_of(dataset, extractor, dances):
    found, songs = find_dances(dances), find_songs(dances / "songs", "cd")
    stems = ("table2", *(f"table2x_{part}" for part in TABLES))

    def made(name, **options):
        out = dances / name
        evaluate_dances(dataset, found, songs, out, extractor=extractor, **options)
        rows = [pd.read_csv(out / f"{stem}.csv", dtype=str) for stem in stems]
        carried = [rows[0].iloc[0][list(made_of(dataset, found, {}))].to_dict()]
        for stem, frame in zip(stems, rows):
            assert all((frame[name] == carried[0][name]).all() for name in carried[0])
            for suffix in (".md", ".tex", ".html"):
                text = (out / f"{stem}{suffix}").read_text()
                assert carried[0]["dataset"] in text
                assert "gru 1 2; mine 1" in text
        return carried[0]

    first = made("first")
    assert first["dataset"] == sha256(dataset)[:12]
    assert first["test_songs"] == "2"
    assert first["training_seeds"] == "gru 1 2; mine 1"
    assert first["commit"] == commit(Path(__file__).parents[2])
    assert first["options"].startswith("method thesis, tolerance 0.15, seed 1, extractor e.safe")
    assert first["options"].endswith("judge none, tracker librosa")
    dance(dances, "mine", seed=10)
    second = made("second", seed=2)
    assert second["dances"] != first["dances"]
    assert "seed 2" in second["options"]


@pytest.mark.parametrize("name", ["real", "frozen", "Noise", "Real dances"])
def test_a_model_can_not_have_the_name_of_another_row(dances, name):
    dance(dances, name, seed=3)
    with pytest.raises(ItemError, match=f"{name}: .*another row.*something else than real, other"):
        find_dances(dances)


def test_leaks_between_dances_and_training_are_refused(dataset, extractor, dances):
    dance(dances, "leak", songs=("a",))
    found = {("leak", 1): {"a": dances / "leak" / "a.npz"}}
    songs = {"a": dances / "songs" / "c.wav"}
    with pytest.raises(ItemError, match="a song is evaluated that is also trained on"):
        evaluate_dances(dataset, found, songs, dances / "out", extractor=extractor)
    # The weights of a model, in the extractor's place.
    with pytest.raises(ItemError, match="not a feature extractor"):
        evaluate_dances(dataset, found, songs, dances / "out", extractor=dances / "leak" / "a.npz")


@pytest.mark.parametrize("song", ["a", "e"])
def test_dances_to_songs_of_the_dataset_or_extractor_are_refused(dataset, dances, song):
    """Where a model's dances come in, whoever measures them: tables ask no more."""
    extractor = train_extractor(KNOWN[0], ["e", "f"], steps=1)
    dance(dances, "leak", songs=(song,))
    sound = {song: dances / "songs" / "c.wav"}
    with pytest.raises(ItemError, match=rf"a song is evaluated that is also trained on.*'{song}'"):
        measure_model(
            {song: dances / "leak" / f"{song}.npz"},
            sound,
            dataset,
            extractor,
            model="leak",
            seed=1,
            seen=None,
            read=read_song,
        )


def test_held_out_dances_to_a_song_of_the_training_dances_are_refused(tmp_path):
    """A dataset may be divided by something else; it can't be evaluated on then."""
    shards = [
        make_shard(tmp_path, "v1", "a", "ada", seed=1),
        make_shard(tmp_path, "v2", "a", "bo", seed=2, sound_of="b"),
    ]
    pack(shards, tmp_path / "d.h5", splits={"v1": "train", "v2": "test"}, by="dancer")
    assert len(read_real(tmp_path / "d.h5", "test", sound=False)) == 2
    with pytest.raises(ItemError, match=r"a song is evaluated that is also trained on.*'a'"):
        read_held_out(tmp_path / "d.h5")


def test_an_extractor_of_the_test_data_is_refused(dataset, extractor):
    """Whatever its songs are called: by songs, videos and the hashes of its clips."""
    known = Extractor.load(extractor).meta["seen"]
    assert (known["songs"], known["videos"]) == (["a", "b"], ["v1", "v2"])
    assert load_extractor(extractor, dataset).videos == {"v1", "v2"}
    tested = seen_in(ChunkDataset(dataset, "test"))
    assert tested["dancers"] == ["ada", "cy"]
    for key, what in (("songs", "song"), ("videos", "video"), ("clips", "clip under another")):
        path = extractor.with_name(f"{key}.safetensors")
        trained = train_extractor(*KNOWN, steps=1, seen=known | {key: tested[key]})
        trained.save(path)
        with pytest.raises(ItemError, match=f"{key}.*: was trained on a test {what}"):
            load_extractor(path, dataset)


def test_a_model_of_the_test_data_is_refused(dataset, extractor, dances):
    """By metrics.json, as training writes it; what has none is told under the table."""
    songs, out = find_songs(dances / "songs", "cd"), dances / "out"
    known = seen_in(ChunkDataset(dataset, "train"))
    found = find_dances(dances)
    for place, seen in (("gru/seed1", known), ("gru/seed2", known), ("mine", None)):
        write_json(dances / place / "metrics.json", {"trained_on": seen})
    evaluate_dances(dataset, found, songs, out, extractor=extractor)
    note = "test songs among it could not be looked for: mine."
    assert note in (out / "table2.md").read_text()
    for key, value, what in (("songs", "d", "song"), ("videos", "v3", "video")):
        write_json(dances / "gru/seed2/metrics.json", {"trained_on": known | {key: [value]}})
        with pytest.raises(ItemError, match=f"gru, seed 2: was trained on a test {what} .*{value}"):
            evaluate_dances(dataset, found, songs, out, extractor=extractor)
    (dances / "gru/seed2/metrics.json").write_text("no")
    with pytest.raises(ItemError, match=r"metrics\.json: not a metrics\.json of a training"):
        trained_on(dances / "gru/seed2/c.npz")


def test_where_the_training_of_a_dance_is_found(tmp_path):
    track = tmp_path / "dances" / "gru" / "seed1" / "c.npz"
    assert trained_on(track) is None
    write_json(tmp_path / "training/gru/seed1/metrics.json", {"trained_on": {"songs": ["a"]}})
    assert trained_on(track) == {"songs": ["a"]}
    write_json(track.with_name("metrics.json"), {"trained_on": {"songs": ["b"]}})
    assert trained_on(track) == {"songs": ["b"]}


def test_true_beats_are_found_in_the_study_around_a_dance(tmp_path):
    track = tmp_path / "dances/gru/seed1/x.npz"
    assert known_beats(track) == {}
    path = tmp_path / "evaluation/true_beats.json"
    write_json(path, {"x": [0.5, 1.0]})
    assert known_beats(track) == {"x": [0.5, 1.0]}
    for wrong in ({"x": ["a"]}, [1], {"x": [float("nan")]}):
        path.write_text(json.dumps(wrong))
        with pytest.raises(ItemError, match=r"true_beats\.json"):
            known_beats(track)


@pytest.mark.parametrize("by", ["song", "dancer"])
def test_dancers_count_where_the_dataset_is_divided_by_them(tmp_path, by):
    shards = [make_shard(tmp_path, *clip, seed=n) for n, clip in enumerate(CLIPS[:3])]
    splits = {"v1": "train", "v2": "train", "v3": "test"}
    pack(shards, tmp_path / "d.h5", splits=splits, by=by)
    seen = {"songs": [], "videos": [], "clips": [], "dancers": ["cy"]}
    if by == "song":
        assert check_unseen(seen, tmp_path / "d.h5", where="gru")
    else:
        with pytest.raises(ItemError, match="gru: was trained on a test dancer"):
            check_unseen(seen, tmp_path / "d.h5", where="gru")
    assert not check_unseen(None, tmp_path / "d.h5", where="gru")


@pytest.mark.parametrize("what", ["poses", "sound"])
def test_the_same_content_under_another_name_is_refused(tmp_path, what):
    """By its chunks; `choreo dataset check` tells it too. Silence and still poses are none."""
    own = make_shard(tmp_path, "v1", "a", "ada", seed=1)
    other = {"poses": {"seed": 1}, "sound": {"seed": 2, "sound_of": "a"}}[what]
    other = make_shard(tmp_path, "v2", "b", "bo", **other)
    path = tmp_path / "d.h5"
    # A study is told before its trainings.
    with pytest.raises(ConfigError, match=rf"same {what} under.*v1 \(train\) and v2 \(test\)"):
        pack([own, other], path, splits={"v1": "train", "v2": "test"})
    assert not path.exists()
    pack([own], path, splits={"v1": "train"})
    append([other], path, splits={"v2": "test"})
    # What is in the dataset is not damaged.
    assert verify(path)[0] == {}
    with pytest.raises(ItemError, match=f"v2 .test. has the same {what} in a chunk as v1"):
        read_real(path, "test", sound=False)
    assert check(path) == [f"v2 (test) has the same {what} in a chunk as v1 (train)"]
    with h5py.File(path, "r+") as file:
        file["pose" if what == "poses" else "audio"][:] = 0
    layout.seal(path)
    assert same_content(path) == []


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
        layout.seal(shards[-1])
    path = tmp_path / "d.h5"
    harmless = "song" if by == "dancer" else "dancer"
    splits = {"v1": "train", "v2": "test"}
    pack(shards, path, splits=splits, by=harmless)
    assert shared_dancers(path) == (["ada"] if by == "dancer" else [])
    assert len(read_real(path, "test", sound=False)) == 2
    with h5py.File(path, "r+") as file:
        about = json.loads(file.attrs["provenance"])
        file.attrs["provenance"] = json.dumps(about | {"by": [by]})
    layout.seal(path)
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
