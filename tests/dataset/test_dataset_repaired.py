"""Chunks that cleaning made up enter no dataset, whoever cut them and whichever way they come."""

import numpy as np
import pytest
import soundfile
from dataset_clips import dance, song

from choreo.cli import main
from choreo.dataset.check import check
from choreo.dataset.normalise import normalise
from choreo.dataset.pack import (
    ChunkDataset,
    append,
    import_shard,
    info,
    make_shard,
    pack,
    write_shard,
)
from choreo.errors import ItemError
from choreo.videos.wav import write_song


def _made_up(seconds, fps=10.0, seed=0):
    """A dance of 20 s of which cleaning made up these spans."""
    track = dance(20, fps=fps, seed=seed)
    times = np.arange(len(track)) / track.fps
    frames = np.zeros(len(track), bool)
    for first, last in seconds:
        frames |= (first <= times) & (times < last)
    return track.with_(repaired=np.repeat(frames[:, None], len(track.joints.joints), axis=1))


SECOND = [(5, 8), (10, 10.9)]
"""3 s of the second chunk, and 0.9 s of the third, which is under a fifth."""


def _shard(path, *, spans=SECOND, method="thesis", video="v", seed=0, **options):
    normalised = normalise(_made_up(spans, seed=seed), method=method)
    options = {"max_repaired": 1, **options}
    write_shard(path, normalised, song(20, seed), video=video, song=video, **options)
    return path


def _cut(shard, folder, **limit):
    _made_up(SECOND).save(folder / "t.npz")
    write_song(folder / "s.wav", [song(20)], 320_000)
    make_shard(folder / "t.npz", folder / "s.wav", folder / "m.h5", video="v", song_id="s", **limit)
    return folder / "m.h5"


def _imported(shard, folder, **limit):
    path = folder / "a.h5"
    import_shard(shard, path, folder / "a.wav", video="v", song_id="s", **limit)
    return path


def _packed(shard, folder, **limit):
    pack([shard], folder / "p.h5", splits={"v": "train"}, **limit)
    return folder / "p.h5"


def _appended(shard, folder, **limit):
    path = folder / "d.h5"
    pack(
        [_shard(folder / "w.h5", spans=[], video="w")],
        path,
        splits={"w": "train"},
    )
    append([shard], path, splits={"v": "train"}, **limit)
    return path


WAYS = {"cut": _cut, "imported": _imported, "packed": _packed, "appended": _appended}


def _starts(path):
    data = ChunkDataset(path)
    return [data.ids(i)["start_seconds"] for i in range(len(data)) if data.ids(i)["video"] == "v"]


@pytest.mark.parametrize("way", WAYS)
def test_made_up_chunks_are_left_out_and_counted_on_every_way(tmp_path, way):
    path = WAYS[way](_shard(tmp_path / "v.h5"), tmp_path)
    assert _starts(path) == [0, 10, 15]
    (clip,) = (clip for clip in info(path)["clips"] if clip["video"] == "v")
    assert (clip["chunks"], clip["dropped"]) == (3, {"repaired": 1})
    assert clip["repaired_joints"] == 9 * 18
    assert check(path) == []


@pytest.mark.parametrize("way", WAYS)
def test_who_wants_all_chunks_gets_them(tmp_path, way):
    path = WAYS[way](_shard(tmp_path / "v.h5"), tmp_path, max_repaired=1)
    assert _starts(path) == [0, 5, 10, 15]


def test_released_takes_all_on_every_way(tmp_path):
    shard = _shard(tmp_path / "v.h5", method="released")
    for way in (_imported, _packed):
        options = {"method": "released"} if way is _imported else {}
        assert len(ChunkDataset(way(shard, tmp_path, **options))) == 4


@pytest.mark.parametrize("way", [_imported, _packed, _appended])
def test_a_shard_of_made_up_chunks_alone_is_refused_by_name(tmp_path, way):
    shard = _shard(tmp_path / "v.h5", spans=[(0, 20)])
    with pytest.raises(ItemError, match=r"v\.h5: more than 20% .* its 4 chunks"):
        way(shard, tmp_path)
    assert not (tmp_path / "a.h5").exists()
    assert not (tmp_path / "p.h5").exists()


@pytest.mark.parametrize(
    ("bottom", "left"),
    [(240, None), (290, [0, 5, 10, 15])],
    ids=["knees and ankles are out", "ankles alone are out"],
)
def test_what_lies_outside_the_picture_is_made_up(tmp_path, bottom, left):
    """MediaPipe guesses the legs that a close-up does not show: of 18 joints 4 are over a fifth."""
    whole = dance(20)
    assert not normalise(whole).repaired.any()
    close = normalise(whole.with_(size=(640, bottom)))
    write_shard(tmp_path / "v.h5", close, song(20), video="v", song="v", max_repaired=1)
    if left is None:
        with pytest.raises(ItemError, match="guessed outside the picture"):
            _packed(tmp_path / "v.h5", tmp_path)
    else:
        assert _starts(_packed(tmp_path / "v.h5", tmp_path)) == left


def test_the_sound_of_an_imported_shard_is_of_what_is_left(tmp_path):
    _imported(_shard(tmp_path / "v.h5"), tmp_path)
    # The longest row without the second chunk: the third and fourth.
    samples, _ = soundfile.read(tmp_path / "a.wav", dtype="int16")
    whole = ChunkDataset(tmp_path / "v.h5").batch([2, 3])["audio"].reshape(-1)
    np.testing.assert_array_equal(samples, np.rint(whole * 65_535 - 32_768))


def test_overlapping_chunks_of_validation_and_test_stay_consecutive(tmp_path):
    shard = _shard(tmp_path / "v.h5", stride_seconds=2.5)
    pack([shard], tmp_path / "p.h5", splits={"v": "test"})
    assert _starts(tmp_path / "p.h5") == [0, 10, 15]


def test_the_verbs_take_the_limit_and_refuse_it_where_it_has_no_effect(tmp_path, capsys):
    shard = _shard(tmp_path / "v.h5")
    released = _shard(tmp_path / "r.h5", method="released")
    other = _shard(tmp_path / "w.h5", video="w", seed=1)
    packed = tmp_path / "p.h5"
    # The verb asks for a second song to test on.
    verb = ["dataset", "pack", str(shard), str(other), "-o", str(packed)]
    assert main(verb) == 0
    assert len(ChunkDataset(packed)) == 6
    assert main([*verb, "--max-repaired", "1"]) == 0
    assert len(ChunkDataset(packed)) == 8
    capsys.readouterr()
    refused = ["--max-repaired", "0.5"]
    music = ["--music", "m", "--lists", "l"]
    for action in (
        ["pack", released, "-o", tmp_path / "q.h5"],
        ["shard", "t.npz", "s.wav", "-o", tmp_path / "q.h5", "--method", "released"],
        ["import", "brace", tmp_path, *music, "-o", tmp_path / "i", "--method", "released"],
        ["import", "ren", tmp_path / "x.json", "-o", tmp_path / "i"],
    ):
        assert main(["dataset", *map(str, action), *refused]) == 1
        assert "--max-repaired has no effect" in capsys.readouterr().err
