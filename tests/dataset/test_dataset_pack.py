import hashlib
import json
import os
import pickle
import re
import tracemalloc
from dataclasses import replace

import h5py
import numpy as np
import pytest
import soundfile
from dataset_clips import changed, dance, song

from choreo.dataset import layout
from choreo.dataset.audio import decode, frames, network_audio
from choreo.dataset.card import describe
from choreo.dataset.check import beat_offsets, check
from choreo.dataset.normalise import normalise
from choreo.dataset.pack import (
    ChunkDataset,
    append,
    import_shard,
    info,
    make_shard,
    pack,
    split_shards,
    write_shard,
)
from choreo.dataset.samples import write_samples
from choreo.dataset.seen import same_content
from choreo.errors import ConfigError, ItemError
from choreo.evaluation.inputs import read_real
from choreo.pose.skeletons import COCO17, OPENPOSE18

VIDEOS = {"v1": ("s1", 16), "v2": ("s1", 11), "v10": ("s2", 7), "v3": ("s3", 13)}
SPLITS = {"v1": "train", "v2": "train", "v10": "test", "v3": "train"}


def _shard(folder, video, song_id, seconds, *, seed, method="thesis", **options):
    path = folder / f"{video}.h5"
    normalised = normalise(dance(seconds, seed=seed), method=method)
    write_shard(path, normalised, song(seconds, seed=seed), video=video, song=song_id, **options)
    return path


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    return [
        _shard(folder, video, song_id, seconds, seed=seed, dancer=f"d{seed % 2}", genre="house")
        for seed, (video, (song_id, seconds)) in enumerate(VIDEOS.items())
    ]


@pytest.fixture
def packed(shards, tmp_path):
    pack(shards, tmp_path / "dance.h5", splits=SPLITS)
    describe(tmp_path / "dance.h5", tmp_path / "card")
    return tmp_path / "dance.h5"


def test_everything_comes_back(packed):
    data = ChunkDataset(packed)
    assert len(data) == 3 + 1 + 2 + 2
    expected = {
        video: (normalise(dance(seconds, seed=seed)), network_audio(song(seconds, seed), "thesis"))
        for seed, (video, (_, seconds)) in enumerate(VIDEOS.items())
    }
    for i in range(len(data)):
        ids = data.ids(i)
        normalised, audio = expected[ids["video"]]
        first = round(ids["start_seconds"] * 10)
        assert first == 50 * ids["index"]
        chunk = data[i]
        np.testing.assert_array_equal(chunk["pose"], normalised.poses[first : first + 50])
        np.testing.assert_array_equal(chunk["initial_pose"], normalised.poses[first])
        heard = frames(audio, data.description)[first : first + 50]
        np.testing.assert_array_equal(chunk["audio"], heard)
        assert chunk["repaired"].shape == (50, 18)
        assert not chunk["repaired"].any()
    assert [data.ids(i)["video"] for i in range(8)] == [*["v1"] * 3, "v10", *["v2"] * 2, "v3", "v3"]
    assert data.ids(3) == {
        "video": "v10",
        "song": "s2",
        "dancer": "d0",
        "genre": "house",
        "split": "test",
        "index": 0,
        "start_seconds": 0.0,
    }


def test_types(packed):
    data = ChunkDataset(packed)
    batch = data.batch([5, 0, 0])
    shapes = {name: (values.shape, values.dtype) for name, values in batch.items()}
    assert shapes == {
        "pose": ((3, 50, 18, 2), np.float32),
        "audio": ((3, 50, 1600), np.float32),
        "initial_pose": ((3, 18, 2), np.float32),
        "repaired": ((3, 50, 18), np.bool_),
    }
    for name, values in batch.items():
        np.testing.assert_array_equal(values[0], data[5][name])
        np.testing.assert_array_equal(values[1], values[2])
    assert (data.method, data.canvas) == ("thesis", (640, 320))
    assert data.batch([])["pose"].shape == (0, 50, 18, 2)
    kept = data.stored([5, 0, 0])
    assert (kept["audio"].shape, kept["audio"].dtype) == ((3, 80_000), np.int16)
    np.testing.assert_array_equal(
        frames(decode(kept["audio"], "thesis"), data.description), batch["audio"]
    )


def test_splits(packed):
    assert {s: len(ChunkDataset(packed, s)) for s in ("train", "validation", "test")} == {
        "train": 7,
        "validation": 0,
        "test": 1,
    }
    test = ChunkDataset(packed, "test")
    assert test.ids(0)["video"] == "v10"
    np.testing.assert_array_equal(test[-1]["pose"], ChunkDataset(packed)[3]["pose"])
    with pytest.raises(IndexError, match="chunk 1 of 1"):
        test[1]
    with pytest.raises(ConfigError, match="unknown split"):
        ChunkDataset(packed, "dev")


def test_same_shards_same_bytes(shards, packed, tmp_path):
    pack(shards[::-1], tmp_path / "again.h5", splits=SPLITS)
    describe(tmp_path / "again.h5", tmp_path / "again")
    assert (tmp_path / "again.h5").read_bytes() == packed.read_bytes()
    for suffix in (".json", ".md"):
        assert (tmp_path / f"again{suffix}").read_bytes() == (
            tmp_path / f"card{suffix}"
        ).read_bytes()


def test_same_clip_same_bytes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    a, b = (_shard(tmp_path / n, "v", "s", 6, seed=1).read_bytes() for n in ("a", "b"))
    assert a == b


def test_card(packed, tmp_path):
    card = json.loads((tmp_path / "card.json").read_text())
    assert card == info(packed)
    assert card["splits"]["train"]["chunks"] == 7
    assert card["splits"]["test"] == {
        "chunks": 1,
        "seconds": 5,
        "videos": 1,
        "songs": 1,
        "dancers": 1,
        "share_repaired": 0.0,
        "share_outside": 0.0,
    }
    assert card["all"]["videos"] == 4
    assert (card["all"]["songs"], card["all"]["dancers"]) == (3, 2)
    # 16 + 11 + 7 + 13 s, of which 8 chunks.
    assert card["unused_seconds"] == pytest.approx(47 - 40)
    assert card["dropped_chunks"] == {}
    text = (tmp_path / "card.md").read_text()
    assert "| train | 7 | 35 | 3 | 2 | 2 | 0.00% | 0.00% |" in text
    assert "No two splits share a song." in text
    assert card["data_sha256"] in text


def test_card_counts_repaired_outside_dropped_and_unused(tmp_path):
    track = dance(21)
    keypoints, flags = np.array(track.keypoints), np.zeros((630, 17), bool)
    keypoints[159:168] = np.nan
    flags[0:150:3, 9] = True
    keypoints[320:460] += [700, 0]
    normalised = normalise(track.with_(keypoints=keypoints, repaired=flags), outside="drop")
    write_shard(tmp_path / "a.h5", normalised, song(21), video="a", song="s")
    pack([tmp_path / "a.h5"], tmp_path / "d.h5", splits={"a": "train"})
    card = describe(tmp_path / "d.h5", tmp_path / "c")
    # Whole chunks at 0, 5.6, 10.6 and 15.6 s, of which one leaves the window.
    assert card["dropped_chunks"] == {"outside": 1}
    assert card["unused_seconds"] == pytest.approx(21 - 20)
    assert card["all"]["share_repaired"] == pytest.approx(50 / (150 * 18), abs=1e-6)
    assert card["all"]["share_outside"] == pytest.approx(
        normalised.values_outside / normalised.values, abs=1e-6
    )
    assert normalised.values_outside > 0
    data = ChunkDataset(tmp_path / "d.h5")
    assert data.index.tolist() == [0, 1, 3]
    assert data.start_seconds.tolist() == [0, 5.6, 15.6]
    text = (tmp_path / "c.md").read_text()
    assert "Chunks left out of these videos: 1 (outside)." in text
    assert "gaps in the poses, or too short for a whole chunk: 1 s." in text


def test_gaps_and_overlap(tmp_path):
    """Training takes all of each piece, the test set the consecutive chunks of each piece."""
    keypoints = np.array(dance(20).keypoints)
    keypoints[150:153] = np.nan
    normalised = normalise(dance(20).with_(keypoints=keypoints))
    write_shard(tmp_path / "a.h5", normalised, song(20), video="a", song="s", stride_seconds=2.5)
    for split, starts in (("train", [0, 5.1, 7.6, 10.1, 12.6]), ("test", [0, 5.1, 10.1])):
        packed = tmp_path / f"{split}.h5"
        pack([tmp_path / "a.h5"], packed, splits={"a": split})
        assert ChunkDataset(packed).start_seconds.tolist() == starts
        assert check(packed) == []


def test_released_method(tmp_path):
    shard = _shard(tmp_path, "a", "s", 12, seed=1, method="released")
    pack([shard], tmp_path / "d.h5", splits={"a": "train"})
    data = ChunkDataset(tmp_path / "d.h5")
    assert (data.method, data.canvas, len(data)) == ("released", (640, 360), 3)
    assert not data[0]["initial_pose"].any()
    np.testing.assert_array_equal(data[2]["initial_pose"], data[2]["pose"][0])
    assert np.abs(data[0]["audio"]).max() > 20_000
    assert check(tmp_path / "d.h5") == []


def test_overlapping_chunks_are_for_training_only(tmp_path):
    shards = [
        _shard(tmp_path, v, f"s{k}", 11, seed=k, stride_seconds=1) for k, v in enumerate("ab")
    ]
    splits = {"a": "train", "b": "test"}
    pack(shards, tmp_path / "d.h5", splits=splits)
    card = info(tmp_path / "d.h5")
    assert ChunkDataset(tmp_path / "d.h5", "train").start_seconds.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert ChunkDataset(tmp_path / "d.h5", "test").start_seconds.tolist() == [0, 5]
    assert [clip["chunks"] for clip in card["clips"]] == [7, 2]
    assert check(tmp_path / "d.h5") == []


def test_append_writes_only_what_is_new(shards, packed, tmp_path):
    pack(shards[:3], tmp_path / "part.h5", splits=SPLITS)
    before = (tmp_path / "part.h5").stat()
    append(shards[3:], tmp_path / "part.h5", splits=SPLITS)
    assert (tmp_path / "part.h5").stat().st_ino == before.st_ino
    assert check(tmp_path / "part.h5") == []
    whole, grown = ChunkDataset(packed), ChunkDataset(tmp_path / "part.h5")
    assert len(whole) == len(grown)
    for name, values in whole.batch(range(len(whole))).items():
        np.testing.assert_array_equal(values, grown.batch(range(len(grown)))[name])
    grown.close()
    described = describe(tmp_path / "part.h5", tmp_path / "part")
    assert json.loads((tmp_path / "part.json").read_text()) == described
    with pytest.raises(ItemError, match=r"in the dataset already \(got 'v3'\)"):
        append(shards[3:], tmp_path / "part.h5", splits=SPLITS)


def test_append_refuses_a_leak_and_leaves_the_file_alone(shards, tmp_path):
    pack(shards[:1], tmp_path / "part.h5", splits=SPLITS)
    before = (tmp_path / "part.h5").read_bytes()
    with pytest.raises(ConfigError, match="song 's1' is in two splits"):
        append(shards[1:2], tmp_path / "part.h5", splits={"v2": "test"})
    with pytest.raises(ConfigError, match="v2: the video has no split"):
        append(shards[1:2], tmp_path / "part.h5", splits={})
    assert (tmp_path / "part.h5").read_bytes() == before


def test_a_killed_append_is_seen(packed):
    with changed(packed) as file:
        file.attrs["complete"] = False
    with pytest.raises(ItemError, match=r"killed while it appended.*Pack the shards anew"):
        ChunkDataset(packed)


def test_pack_refuses_leaks(shards, tmp_path):
    leak = {**SPLITS, "v2": "test"}
    with pytest.raises(
        ConfigError, match=r"rows v1 \(train\) and v2 \(test\): song 's1' is in two"
    ):
        pack(shards, tmp_path / "d.h5", splits=leak)
    assert not (tmp_path / "d.h5").exists()
    with pytest.raises(ConfigError, match="dancer 'd0' is in two splits"):
        pack(shards, tmp_path / "d.h5", splits=SPLITS, by=["song", "dancer"])
    # By video alone it is no leak, and the card says what was asked for.
    pack(shards, tmp_path / "d.h5", splits=leak, by="video")
    describe(tmp_path / "d.h5", tmp_path / "c")
    assert "No two splits share a video." in (tmp_path / "c.md").read_text()
    assert check(tmp_path / "d.h5") == []


def test_pack_errors(shards, tmp_path):
    out = {"splits": SPLITS}
    with pytest.raises(ConfigError, match="there is no video to pack"):
        pack([], tmp_path / "d.h5", **out)
    with pytest.raises(ConfigError, match="v1: the video has no split"):
        pack(shards, tmp_path / "d.h5", splits={})
    with pytest.raises(ItemError, match=r"two shards of one video \(got 'v1'\)"):
        pack([shards[0], shards[0]], tmp_path / "d.h5", **out)
    with pytest.raises(ItemError, match=r"none\.h5: no such file"):
        pack([tmp_path / "none.h5"], tmp_path / "d.h5", **out)
    other = _shard(tmp_path, "v3", "s3", 6, seed=1, method="released")
    with pytest.raises(ItemError, match=r"another method than the others.*released, not thesis"):
        pack([shards[0], other], tmp_path / "d.h5", **out)
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(shards[0].read_bytes())
    with changed(damaged) as file:
        file["pose"][1, 3] = 0
    with pytest.raises(ItemError, match="the shard is damaged"):
        pack([damaged], tmp_path / "d.h5", **out)
    pack(shards, tmp_path / "whole.h5", **out)
    with pytest.raises(ItemError, match=r"not a shard: it must hold one clip \(got 4\)"):
        pack([tmp_path / "whole.h5"], tmp_path / "d.h5", **out)
    assert not (tmp_path / "d.h5").exists()


def test_files_that_are_no_dataset(packed, tmp_path):
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(ItemError, match=r"text\.h5: not a dataset"):
        ChunkDataset(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w"):
        pass
    with pytest.raises(ItemError, match=r"not a dataset of choreo-dataset 1"):
        check(tmp_path / "other.h5")
    with changed(packed) as file:
        del file["audio"]
    with pytest.raises(ItemError, match="'audio' is missing or has another shape"):
        info(packed)


def test_links_out_of_the_file_are_refused(packed, tmp_path):
    """A hostile dataset can't make the reader open another file."""
    with changed(packed) as file:
        del file["pose"]
        file["pose"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "pose")
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["pose"] = np.zeros((8, 50, 18, 2), np.float32)
    with pytest.raises(ItemError, match="'pose' is missing or has another shape"):
        ChunkDataset(packed)


def _break(path, name, row, value):
    with changed(path) as file:
        file[name][row] = value


@pytest.mark.parametrize(
    ("name", "row", "value", "expected"),
    [
        ("pose", 3, np.nan, "v10: poses that are not finite"),
        ("audio", 3, 5, "v10: its data do not have the hash in its record"),
        ("initial_pose", 4, 0.5, "v2: initial poses that do not belong to its chunks"),
        ("clips/split", 2, "test", "song 's1' is in two splits"),
    ],
)
def test_check_finds(packed, name, row, value, expected):
    assert check(packed) == []
    _break(packed, name, row, value)
    assert any(expected in problem for problem in check(packed)), check(packed)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("name", "row", "value", "expected"),
    [
        ("clip", 3, 0, "v1: 4 chunks, and 3 by its record"),
        ("clip", slice(2, 4), [1, 0], "v1: chunks of a clip that do not lie together"),
        ("index", 1, 7, "v1: chunks out of order"),
        ("index", 0, -1, "v1: a chunk's number is negative"),
        ("start_seconds", 1, 99, "v1: times that do not rise"),
        ("start_seconds", 1, 1e-9, "v1: times that do not rise"),
        ("start_seconds", 1, np.nan, "v1: a chunk's start is no time in seconds"),
        ("start_seconds", 0, -5, "v1: a chunk's start is no time in seconds"),
        ("start_seconds", 7, 1e30, "v3: a chunk's start is no time in seconds"),
        ("clips/video", 0, "../../x", r"the video of a clip is no id .*got '../../x'"),
        ("clips/video", 0, "v2", "two clips of one video"),
        ("clips/song", 1, "a/b", "the song of a clip is no id"),
        ("clips/dancer", 1, "a\x1b[2J", "the dancer of a clip holds control characters"),
        ("clips/split", 0, "dev", "unknown split of a clip"),
        ("clips/sha256", 0, "0", "no hash of a clip"),
    ],
)
def test_every_reader_refuses_what_no_writer_writes(packed, tmp_path, name, row, value, expected):
    """A right digest does not help: whoever made the file."""
    _break(packed, name, row, value)
    for read in (
        check,
        info,
        ChunkDataset,
        lambda path: write_samples(path, tmp_path / "a" / "b" / "c"),
        lambda path: append([], path, splits={}),
        lambda path: pack([path], tmp_path / "new.h5", splits={}),
        lambda path: import_shard(
            path, tmp_path / "s.h5", tmp_path / "s.wav", video="v", song_id="s"
        ),
        same_content,
        beat_offsets,
        lambda path: read_real(path, "train", sound=False),
    ):
        with pytest.raises(ItemError, match=expected):
            read(packed)
    assert {path.name for path in tmp_path.iterdir()} == {"dance.h5", "card.json", "card.md"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"stride_seconds": 0}, "stride_seconds: Input should be greater than or equal to 0.008"),
        ({"stride_seconds": 1e-300}, "stride_seconds: Input should be greater than or equal"),
        ({"chunks": -1}, "chunks"),
        ({"dropped": {"outside": "x"}}, "dropped.outside"),
        ({"values": -1}, "values"),
        ({"transform": {"scale": [1, 0], "offset": [0, 0]}}, "transform.scale.1"),
        ({"transform": {"scale": [1, None], "offset": [0, 0]}}, "transform.scale.1"),
        ({"outside": "../x"}, "outside: Input should be 'clip'"),
        ({"provenance": []}, "provenance: Input should be a valid dict"),
        ({"provenance": {"score": "x"}}, "provenance.score: Input should be a valid number"),
        ({"provenance": {"licence": {"a": [1]}}}, "provenance.licence: Input should be a valid s"),
        ({"provenance": {"licence": "x" * 5000}}, "provenance.licence: String should have at m"),
    ],
)
def test_records_are_typed(packed, change, expected):
    record = info(packed)["clips"][0]
    text = json.dumps({**record, **change})
    _break(packed, "clips/record", 0, text)
    with pytest.raises(ItemError, match=f"the record of v1: {expected}"):
        ChunkDataset(packed)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e400])
@pytest.mark.parametrize("name", ["values", "provenance", "of another program"])
def test_numbers_that_json_has_not_are_refused_when_read(packed, tmp_path, name, value):
    """Not when a dataset that takes the clip in can't be written."""
    record = info(packed)["clips"][0]
    text = json.dumps({**record, name: {"deep": [value]} if name != "values" else value})
    _break(packed, "clips/record", 0, text.replace("Infinity", "1e999"))
    for read in (ChunkDataset, lambda path: pack([path], tmp_path / "new.h5", splits=SPLITS)):
        with pytest.raises(ItemError, match="the record of v1 is no JSON"):
            read(packed)


def test_records_and_provenance_that_are_nested_deeply(packed):
    data = packed.read_bytes()
    _break(packed, "clips/record", 0, "[" * 100_000)
    with pytest.raises(ItemError, match="the record of v1 is no JSON"):
        ChunkDataset(packed)
    packed.write_bytes(data)
    with changed(packed) as file:
        file.attrs["provenance"] = "[" * 60_000
    with pytest.raises(ItemError, match="the attribute provenance is no JSON"):
        check(packed)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.nan, "v: poses that are not finite"),
        (np.inf, "v: poses that are not finite"),
        (1e30, "v: coordinates beyond 1"),
        (-1.01, "v: coordinates beyond 1"),
    ],
)
def test_numbers_in_shards_are_looked_at(tmp_path, value, expected):
    """Also under right hashes: when imported, when packed, and when a training reads them."""
    shard = _shard(tmp_path, "v", "s", 12, seed=0)
    with changed(shard) as file:
        file["pose"][1, 3, 4, 0] = value
        rows = {name: file[name][:] for name in (*layout.ARRAYS, "index")}
        digest = hashlib.sha256()
        layout.hash_rows(rows, digest)
        file["clips/sha256"][0] = digest.hexdigest()
    out = tmp_path / "out"
    for write in (
        lambda: import_shard(shard, out / "v.h5", out / "v.wav", video="v", song_id="s"),
        lambda: pack([shard], out / "d.h5", splits={"v": "train"}),
        lambda: ChunkDataset(shard).batch([0, 1]),
    ):
        with pytest.raises(ItemError, match=expected):
            write()
    assert not list(out.glob("*.h5"))
    assert ChunkDataset(shard).batch([0])["pose"].shape == (1, 50, 18, 2)


def test_layouts_that_do_not_fit_together_are_refused(packed):
    data = packed.read_bytes()

    def refused(change, message):
        packed.write_bytes(data)
        with changed(packed) as file:
            change(file)
        for read in (check, info, ChunkDataset):
            with pytest.raises(ItemError, match=message):
                read(packed)

    refused(lambda f: f["audio"].resize(7, axis=0), "arrays of different lengths")
    refused(lambda f: f["clips/song"].resize(3, axis=0), "arrays of different lengths")
    refused(lambda f: f["clip"].write_direct(np.full(8, 9, np.int32)), "not in the table")
    # Rows that were never written: a small file that claims terabytes.
    refused(lambda f: f["pose"].resize(10**8, axis=0), "'pose' is missing or has another shape")
    refused(lambda f: f.__delitem__("clips"), "'clips' is missing")
    refused(lambda f: f.attrs.__setitem__("method", "x"), r"unknown method \(got 'x'\)")
    refused(lambda f: f.attrs.__delitem__("canvas"), "attribute 'canvas' is missing")

    def compress(file):
        poses = file["pose"][:]
        del file["pose"]
        file.create_dataset("pose", data=poses, chunks=(1, 50, 18, 2), compression="gzip")

    refused(compress, "'pose' is missing or has another shape")

    def corrupt(file):
        file["clips/record"][0] = '{"chunks": 3}'

    refused(corrupt, r"the record of v1: dropped: Field required")


def test_a_shard_is_a_dataset(shards):
    assert check(shards[0]) == []
    data = ChunkDataset(shards[0])
    assert (len(data), data.ids(0)["split"]) == (3, "")
    assert list(info(shards[0])["splits"]) == ["none"]


def test_packing_and_reading_stream(tmp_path):
    """Four times the videos, the same memory."""
    shards = [_shard(tmp_path, f"v{k}", f"s{k}", 30, seed=k) for k in range(16)]
    splits = {f"v{k}": "train" for k in range(16)}

    def peak(action):
        tracemalloc.start()
        action()
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    def packing(count):
        path = tmp_path / f"d{count}.h5"
        return peak(lambda: pack(shards[:count], path, splits=splits))

    def reading(count):
        data = ChunkDataset(tmp_path / f"d{count}.h5")
        return peak(lambda: [data.batch([i])["pose"].mean() for i in range(len(data))])

    packing(2)
    few, many = packing(4), packing(16)
    assert many < few * 1.2
    assert reading(16) < reading(4) * 1.2
    # 6 chunks of 168 KB are a shard; far less than the 16 MB that all of them are.
    assert many < 8e6


def test_workers(packed):
    """A copy for another process carries no handle and no data; a fork opens its own."""
    data = ChunkDataset(packed)
    first = data[0]["pose"]
    sent = pickle.dumps(data)
    assert len(sent) < 20_000
    np.testing.assert_array_equal(pickle.loads(sent)[0]["pose"], first)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        # No pytest in the child: it must end here whatever happens.
        try:
            same = np.array_equal(data[0]["pose"], first) and data._pid == os.getpid()
            os.write(writer, b"same" if same else b"differs")
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    assert os.read(reader, 10) == b"same"
    os.close(reader)
    data.close()
    np.testing.assert_array_equal(data[0]["pose"], first)


def test_torch_loader(packed):
    torch = pytest.importorskip("torch")
    loader = torch.utils.data.DataLoader(ChunkDataset(packed, "train"), batch_size=4)
    batches = list(loader)
    assert [len(b["pose"]) for b in batches] == [4, 3]
    assert batches[0]["audio"].dtype == torch.float32


def test_make_shard(tmp_path):
    track = dance(7)
    track.save(tmp_path / "t.npz")
    soundfile.write(tmp_path / "s.wav", song(7), 16_000)
    record = make_shard(
        tmp_path / "t.npz",
        tmp_path / "s.wav",
        tmp_path / "v.h5",
        video="v",
        song_id="s",
        provenance={"licence": "CC0"},
    )
    data = ChunkDataset(tmp_path / "v.h5")
    np.testing.assert_array_equal(data[0]["pose"], normalise(track).poses[:50])
    assert data.clips[0]["dancer"] == data.clips[0]["source"] == "v"
    assert re.fullmatch("[0-9a-f]{64}", record["provenance"]["track_sha256"])
    assert record["provenance"]["licence"] == "CC0"
    # The way back to the video's pixels is stored.
    scale, offset = (np.array(record["transform"][k]) for k in ("scale", "offset"))
    nose = (data[0]["pose"][:, 0] - offset) / scale
    np.testing.assert_allclose(nose, normalise(track).transform.invert(data[0]["pose"][:, 0]))


def test_shard_errors(tmp_path):
    with pytest.raises(ItemError, match=r"v: shorter than one 5-second chunk"):
        _shard(tmp_path, "v", "s", 4, seed=0)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigError, match=r"the video needs an id \(got '../v'\)"):
        write_shard(tmp_path / "a.h5", normalise(dance(6)), song(6), video="../v", song="s")
    with pytest.raises(ConfigError, match="the song needs an id"):
        write_shard(tmp_path / "a.h5", normalise(dance(6)), song(6), video="v", song="")


def _where(path):
    """Place and bytes of every chunk of poses and sound in the file."""
    data, places = path.read_bytes(), {}
    with h5py.File(path) as file:
        for name in ("pose", "audio", "initial_pose", "repaired"):
            for k in range(len(file[name])):
                info_ = file[name].id.get_chunk_info(k)
                first = info_.byte_offset
                places[name, k] = first, data[first : first + info_.size]
    return places


def test_append_leaves_the_bytes_that_are_there(shards, tmp_path):
    pack(shards[:3], tmp_path / "part.h5", splits=SPLITS)
    before = _where(tmp_path / "part.h5")
    size = (tmp_path / "part.h5").stat().st_size
    append(shards[3:], tmp_path / "part.h5", splits=SPLITS)
    after = _where(tmp_path / "part.h5")
    assert len(before) == 4 * 6
    assert {key: after[key] for key in before} == before
    assert len(after) == 4 * 8
    assert (tmp_path / "part.h5").stat().st_size > size


def test_append_of_a_damaged_shard_changes_nothing(shards, tmp_path):
    pack(shards[:2], tmp_path / "part.h5", splits=SPLITS)
    before = info(tmp_path / "part.h5")
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(shards[3].read_bytes())
    with changed(damaged) as file:
        file["pose"][1, 3] = 0
    with pytest.raises(ItemError, match="the shard is damaged"):
        append([shards[2], damaged], tmp_path / "part.h5", splits=SPLITS)
    assert check(tmp_path / "part.h5") == []
    assert info(tmp_path / "part.h5") == before
    append(shards[2:], tmp_path / "part.h5", splits=SPLITS)
    assert check(tmp_path / "part.h5") == []
    with pytest.raises(ItemError, match="this is a shard of one video"):
        append(shards[2:], shards[0], splits=SPLITS)


def test_memory_of_appending_does_not_grow(tmp_path):
    shards = [_shard(tmp_path, f"v{k}", f"s{k}", 30, seed=k) for k in range(12)]
    splits = {f"v{k}": "train" for k in range(12)}
    pack(shards[:1], tmp_path / "d.h5", splits=splits)
    peaks = []
    for part in (shards[1:3], shards[3:]):
        tracemalloc.start()
        append(part, tmp_path / "d.h5", splits=splits)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert check(tmp_path / "d.h5") == []
    # Six chunks of a video take 1 MB.
    assert peaks[1] < peaks[0] + 1e6


def test_chunks_go_back_to_the_video_s_pixels(tmp_path):
    """Pose k of a chunk is where the joints were in the video, at start_seconds + k / 10."""
    still = dance(12)
    times = np.arange(len(still)) / 30
    # A parabola in time: what is between the frames is known exactly.
    paths = np.array([[120.0, 90.0], [3.0, -2.0], [-0.4, 0.3]])
    shape = np.array(still.keypoints[0]) - still.keypoints[0, 0]

    def joints(t):
        return shape + (t[:, None] ** np.arange(3) @ paths)[:, None]

    track = still.with_(keypoints=joints(times).astype(np.float32))
    track.keypoints[:9] = np.nan
    write_shard(
        tmp_path / "v.h5", normalise(track, outside="rescale"), song(12), video="v", song="s"
    )
    pack([tmp_path / "v.h5"], tmp_path / "d.h5", splits={"v": "train"})
    data = ChunkDataset(tmp_path / "d.h5")
    assert data.start_seconds.tolist() == [0.3, 5.3]
    eyes = [OPENPOSE18.index(f"{side}_eye") for side in ("left", "right")]
    there = [COCO17.index(f"{side}_eye") for side in ("left", "right")]
    for i in range(len(data)):
        pixels = data.transform(i).invert(data[i]["pose"])
        expected = joints(data.start_seconds[i] + np.arange(50) / 10)
        # float32 of the track and of the dataset: hundredths of a pixel at most.
        np.testing.assert_allclose(pixels[:, eyes], expected[:, there], atol=2e-4)
        # And back again to the very same numbers.
        again = data.transform(i).apply(pixels).astype(np.float32)
        np.testing.assert_allclose(again, data[i]["pose"], atol=1e-7)


def test_split_shards(shards):
    splits = split_shards(shards, test=0.3)
    assert sorted(splits) == sorted(VIDEOS)
    assert splits["v1"] == splits["v2"]
    assert list(splits.values()).count("test") >= 1
    asked = split_shards(shards, asked={"v2": "validation"}, test=0.3)
    assert asked["v1"] == asked["v2"] == "validation"
    with pytest.raises(ConfigError, match="asked to be in two splits"):
        split_shards(shards, asked={"v1": "train", "v2": "test"})


@pytest.mark.parametrize("by", ["song", "video", "dancer"])
@pytest.mark.parametrize("other", ["validation", "test"])
def test_no_key_leaks_into_any_split(tmp_path, by, other):
    """Song, source and dancer, between training and both of the others."""
    ids = {"song": "s", "source": "f.mp4", "dancer": "d"}
    key = {"video": "source"}.get(by, by)
    paths = []
    for video in ("a", "b"):
        own = {name: value + video for name, value in ids.items()} | {key: ids[key]}
        paths.append(tmp_path / f"{video}.h5")
        write_shard(paths[-1], normalise(dance(6)), song(6), video=video, **own)
    splits = {"a": "train", "b": other}
    with pytest.raises(ConfigError, match=f"{by} {ids[key]!r} is in two splits"):
        pack(paths, tmp_path / "d.h5", splits=splits, by=by)
    pack(paths, tmp_path / "d.h5", splits=dict.fromkeys("ab", other), by=by)
    _break(tmp_path / "d.h5", "clips/split", 0, "train")
    assert any(
        f"{by} {ids[key]!r} is in two splits" in problem for problem in check(tmp_path / "d.h5")
    )


@pytest.mark.parametrize("start", [float("nan"), float("inf"), -1.0])
def test_a_start_that_is_no_time_is_refused(tmp_path, start):
    normalised = replace(normalise(dance(11, seed=1), method="thesis"), start_seconds=start)
    with pytest.raises(ItemError, match="v1: the poses begin at no second of the song"):
        write_shard(tmp_path / "a.h5", normalised, song(11, seed=1), video="v1", song="s1")
    assert not (tmp_path / "a.h5").exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        # As macOS names recordings of the screen.
        ("Recording at 9.41.00\u202fAM.mov", "Recording at 9.41.00\u202fAM.mov"),
        ("my\u00a0dance.mp4", "my\u00a0dance.mp4"),
        ("\U0001f469\u200d\U0001f3a4.mp4", "\U0001f469\\u200d\U0001f3a4.mp4"),
        ("\u202eab\x0bc\x1b[2J\u2028d", "\\u202eab\\x0bc\\x1b[2J\\u2028d"),
        ("two\nlines\tof text", "two lines of text"),
        ("x" * 5000, "x" * 4096),
    ],
    ids=ascii,
)
def test_what_a_table_may_say_can_be_packed_and_read(tmp_path, given, kept):
    shard = _shard(tmp_path, "v", "s", 6, seed=0, source=given, genre=given, dancer=given)
    pack([shard], tmp_path / "d.h5", splits={"v": "train"})
    clip = info(tmp_path / "d.h5")["clips"][0]
    assert [clip[name] for name in ("source", "genre", "dancer")] == [kept] * 3
