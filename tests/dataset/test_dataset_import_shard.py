"""Shards that were made elsewhere, taken into a study."""

import numpy as np
import pytest
import soundfile
from dataset_clips import dance, song

from choreo.config import Import, read_table
from choreo.dataset.check import check
from choreo.dataset.normalise import normalise
from choreo.dataset.pack import ChunkDataset, import_shard, info, pack, write_shard
from choreo.errors import ConfigError, ItemError
from choreo.poses.formats import isolated


@pytest.fixture
def shard(tmp_path):
    """A clip with a gap: a chunk from 0 s on, then from 5.6 s on three."""
    keypoints = np.array(dance(21).keypoints)
    keypoints[159:168] = np.nan
    normalised = normalise(dance(21).with_(keypoints=keypoints))
    path = tmp_path / "made.h5"
    about = {"licence": "CC", "cleaning": "thesis"}
    write_shard(path, normalised, song(21), video="made", song="s", provenance=about)
    return path


def _load_given(shard, folder, **options):
    ids = {"video": "mine", "song_id": "tune", "dancer": "ada", "genre": "jazz"}
    import_shard(shard, folder / "mine.h5", folder / "mine.wav", **{**ids, **options})
    return folder / "mine.h5"


def test_the_chunks_are_the_shard_s_and_the_ids_the_table_s(shard, tmp_path):
    path = _load_given(shard, tmp_path, score=4.0)
    ours, theirs = ChunkDataset(path), ChunkDataset(shard)
    for name, values in theirs.batch(range(4)).items():
        np.testing.assert_array_equal(ours.batch(range(4))[name], values)
    clip, made = info(path)["clips"][0], info(shard)["clips"][0]
    ids = ("video", "song", "dancer", "genre", "split")
    assert [clip[name] for name in ids] == ["mine", "tune", "ada", "jazz", ""]
    assert (clip["sha256"], clip["transform"]) == (made["sha256"], made["transform"])
    assert clip["provenance"]["licence"] == "CC"
    assert clip["provenance"]["score"] == 4
    assert check(path) == []
    pack([path], tmp_path / "d.h5", splits={"mine": "test"})
    card = info(tmp_path / "d.h5")
    assert card["splits"]["test"]["chunks"] == 4


def test_its_song_is_the_longest_row_of_chunks(shard, tmp_path):
    _load_given(shard, tmp_path)
    samples, rate = soundfile.read(tmp_path / "mine.wav", dtype="int16")
    sound = ChunkDataset(shard).batch([1, 2, 3])["audio"].reshape(-1)
    assert (rate, len(samples)) == (16_000, 240_000)
    np.testing.assert_array_equal(samples, np.rint(sound * 65_535 - 32_768))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "released"}, r"another method than the study's \(released\).*got 'thesis'"),
        ({"outside": "drop"}, r"another outside than the study's \(drop\).*got 'clip'"),
        ({"stride_seconds": 2.5}, r"another stride_seconds .*\(2.5\).*Set dataset.stride_seconds"),
    ],
)
def test_settings_that_it_was_not_made_with(shard, tmp_path, options, message):
    with pytest.raises(ItemError, match=message):
        _load_given(shard, tmp_path, **options)
    assert not (tmp_path / "mine.h5").exists()


def test_a_damaged_shard_is_refused(shard, tmp_path):
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 4
    shard.write_bytes(data)
    with pytest.raises(ItemError, match="do not have the hash in its record"):
        _load_given(shard, tmp_path)
    assert not (tmp_path / "mine.h5").exists()


def test_rows_of_shards(tmp_path):
    table = tmp_path / "t.tsv"
    table.write_text("id\tsource\na\tshards/a.h5\nb\thttps://x/b.h5\nc\tc.mp4\n")
    assert [row.kind for row in read_table(table)] == ["shard", "url", "path"]
    table.write_text("id\tsource\tend\na\ta.h5\t3\n")
    with pytest.raises(ConfigError, match=r"line 2.*end has no effect on a shard"):
        read_table(table)


def test_aist_s_files_hold_all_cameras(tmp_path):
    aist = Import(path=f"{tmp_path}/{{video}}.pkl", format="aist", view="c01")
    assert aist.of("gBR_sBM_c01_d04_mBR0_ch01").endswith("/gBR_sBM_cAll_d04_mBR0_ch01.pkl")
    (tmp_path / "gBR_sBM_c01_d04_mBR0_ch01.pkl").touch()
    assert aist.of("gBR_sBM_c01_d04_mBR0_ch01").endswith("/gBR_sBM_c01_d04_mBR0_ch01.pkl")
    assert Import(path="{video}.json").of("a_c01_b") == "a_c01_b.json"


def test_a_shard_that_keeps_hdf5_busy_is_refused(shard, tmp_path, monkeypatch):
    """It is opened in a process of its own first, which may crash or run for ever."""
    monkeypatch.setattr(isolated, "SECONDS", 0.001)
    with pytest.raises(ItemError, match=r"made\.h5: a damaged HDF5 file .it can't be read within"):
        _load_given(shard, tmp_path)
    assert not (tmp_path / "mine.h5").exists()
