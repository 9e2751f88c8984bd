"""Thousands of shards: each is looked at once, as long as nobody writes to it, and in few calls."""

import cProfile
import os
import pstats

import h5py
import numpy as np
import pytest
from dataset_clips import changed, dance, song

import choreo.dataset.pack as packing
from choreo.dataset import layout
from choreo.dataset.description import DataDescription
from choreo.dataset.normalise import normalise
from choreo.dataset.pack import ChunkDataset, append, import_shard, pack, write_shard
from choreo.errors import ItemError

VIDEOS = [f"v{number}" for number in range(6)]
SPLITS = dict.fromkeys(VIDEOS, "train")


@pytest.fixture
def shards(tmp_path):
    paths = [tmp_path / f"{video}.h5" for video in VIDEOS]
    for seed, path in enumerate(paths):
        poses, samples = normalise(dance(12, seed=seed)), song(12, seed=seed)
        write_shard(path, poses, samples, video=path.stem, song=f"s{seed}")
        # A file system may tell times no finer than some milliseconds.
        os.utime(path, ns=(0, 0))
    return paths


@pytest.fixture
def looks(monkeypatch):
    """Names of the files that were looked at."""
    found, look = [], layout._look

    def counted(file, path):
        found.append(os.path.basename(path))
        return look(file, path)

    monkeypatch.setattr(layout, "_look", counted)
    return found


def test_a_shard_is_looked_at_once(shards, looks, tmp_path):
    pack(shards[:4], tmp_path / "d.h5", splits=SPLITS)
    append(shards[4:], tmp_path / "d.h5", splits=SPLITS)
    assert looks == [*(path.name for path in shards), "d.h5"]
    looks.clear()
    import_shard(shards[0], tmp_path / "i.h5", tmp_path / "i.wav", video="v", song_id="s")
    assert looks == ["v0.h5"]
    looks.clear()
    data = ChunkDataset(tmp_path / "d.h5")
    data.batch(range(len(data)))
    assert looks == ["d.h5"]


def _nan(path):
    with changed(path) as file:
        file["start_seconds"][1] = np.nan


def _order(path):
    with changed(path) as file:
        file["index"][1] = 0


def _another_layout(path):
    with changed(path) as file:
        file["repaired"].resize(1, axis=0)


def _a_bit(path):
    data = bytearray(path.read_bytes())
    data[8] ^= 1
    path.write_bytes(data)


def _another_file(path):
    os.replace(_copied(path), path)


def _copied(path):
    copy = path.with_suffix(".copy.h5")
    copy.write_bytes(path.read_bytes())
    os.utime(copy, ns=(0, 0))
    _nan(copy)
    os.utime(copy, ns=(0, 0))
    return copy


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_nan, r"v1\.h5: v1: a chunk's start is no time in seconds"),
        (_order, r"v1\.h5: v1: chunks out of order"),
        (_another_layout, r"v1\.h5: arrays of different lengths"),
        (_a_bit, r"v1\.h5: not a dataset|v1\.h5: damaged"),
        (_another_file, r"v1\.h5: v1: a chunk's start is no time in seconds"),
    ],
)
def test_a_shard_that_changes_meanwhile_is_looked_at_again(
    shards, tmp_path, monkeypatch, change, expected
):
    """The hash of its chunks, which is compared in any case, says nothing of its tables."""
    check = packing.check_splits

    def checked(*words):
        change(shards[1])
        return check(*words)

    monkeypatch.setattr(packing, "check_splits", checked)
    with pytest.raises(ItemError, match=expected):
        pack(shards, tmp_path / "d.h5", splits=SPLITS)
    assert not (tmp_path / "d.h5").exists()


def test_a_dataset_that_changes_before_it_is_read_is_looked_at_again(shards, tmp_path):
    path = tmp_path / "d.h5"
    pack(shards, path, splits=SPLITS)
    os.utime(path, ns=(0, 0))
    data = ChunkDataset(path)
    _nan(path)
    with pytest.raises(ItemError, match="a chunk's start is no time in seconds"):
        data.batch([0])


def test_one_more_shard_takes_few_calls(shards, tmp_path):
    """Of Python's and h5py's functions, which is nearly all that packing a short video takes."""

    def calls(count):
        profile = cProfile.Profile()
        profile.runcall(pack, shards[:count], tmp_path / "d.h5", splits=SPLITS)
        return pstats.Stats(profile).total_calls

    calls(1)
    # 23,000 where everything was looked up again and again, 4,000 where once.
    assert (calls(6) - calls(2)) / 4 < 5_000


def test_rows_are_stored_in_the_layout_s_types(tmp_path):
    """Whatever type, order and strides the arrays have that are appended."""
    data = DataDescription("thesis")
    shapes = layout.shapes(data)
    rng = np.random.default_rng(0)
    rows = {
        "pose": np.asfortranarray(rng.uniform(-1, 1, (3, *shapes["pose"])).astype(">f8")),
        "audio": rng.integers(-9, 9, (6, *shapes["audio"]))[::2],
        "initial_pose": rng.uniform(-1, 1, (3, *shapes["initial_pose"])),
        "repaired": rng.integers(0, 2, (3, *shapes["repaired"])),
        "index": np.arange(3, dtype=np.int64),
        "start_seconds": np.arange(6, dtype=np.float32)[::2],
    }
    with layout.created(tmp_path / "d.h5", data, {}) as file:
        layout.append_rows(file, {name: values[:0] for name, values in rows.items()}, 0)
        layout.append_rows(file, {name: values[:2] for name, values in rows.items()}, 0)
        layout.append_rows(file, {name: values[2:] for name, values in rows.items()}, 0)
    with h5py.File(tmp_path / "d.h5") as file:
        for name, values in rows.items():
            wanted = values.astype({**layout.ARRAYS, **layout.COLUMNS}[name])
            assert file[name].dtype == wanted.dtype
            np.testing.assert_array_equal(file[name][:], wanted)
        assert file["clip"][:].tolist() == [0, 0, 0]
        stored = {name: file[name][:] for name in layout.ARRAYS}
        np.testing.assert_array_equal(file[layout.CHECKSUM][:], layout.checksums(stored))
