import pytest
from dataset_clips import dance, song

from choreo.dataset.normalise import normalise
from choreo.dataset.pack import write_shard
from choreo.dataset.samples import write_samples
from choreo.errors import ItemError
from choreo.media import read_frames


def test_samples(tmp_path):
    shard = tmp_path / "v.h5"
    write_shard(shard, normalise(dance(11)), song(11), video="v", song="s")
    paths = write_samples(shard, tmp_path / "out", count=5)
    assert [p.name for p in paths] == ["v_0.mp4", "v_1.mp4"]
    frames = list(read_frames(paths[0], (720, 360)))
    assert len(frames) == 150
    # Somebody is drawn on the white.
    assert (frames[0].min(2) < 100).sum() > 500
    (one,) = write_samples(shard, tmp_path / "one", count=1, seed=3)
    assert one.stat().st_size > 10_000
    with pytest.raises(ItemError, match=r"no chunk to show \(got 'test'\)"):
        write_samples(shard, tmp_path / "out", split="test")
