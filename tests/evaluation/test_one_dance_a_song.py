"""Real dances are evaluated to the same music and in as many chunks as generated ones."""

import numpy as np

from choreo.dataset.normalise import CANVAS, Normalised, Transform
from choreo.dataset.pack import ChunkDataset, pack, write_shard
from choreo.evaluation.inputs import read_held_out, read_real
from choreo.evaluation.measurements import longest_dances


def test_the_longest_dance_of_each_song_is_kept():
    songs = np.array(["a", "a", "a", "b", "b"])
    dances = np.array(["a1", "a2", "a2", "b1", "b2"])
    assert longest_dances(songs, dances).tolist() == [1, 2, 3]
    assert longest_dances(songs[::-1], dances[::-1]).tolist() == [1, 2, 3]


def _dataset(folder, videos):
    """So many videos of one test song, the second with one chunk more, and one to train on."""
    rng = np.random.default_rng(5)
    shards, splits = [], {}
    for number in range(videos + 1):
        name, test = f"v{number:02d}", number < videos
        frames = 100 if number == 1 else 50
        normalised = Normalised(
            poses=rng.uniform(-1, 1, (frames, 18, 2)).astype(np.float32),
            repaired=np.zeros((frames, 18), bool),
            transform=Transform((1.0, 1.0), (0.0, 0.0)),
            canvas=CANVAS["thesis"],
            start_seconds=0.0,
            cut_frames=0,
            values=frames * 36,
            values_outside=0,
            method="thesis",
            outside="clip",
        )
        sound = rng.integers(-20_000, 20_000, frames * 1600, np.int16)
        shards.append(folder / f"{name}.h5")
        write_shard(shards[-1], normalised, sound, video=name, song="s" if test else "other")
        splits[name] = "test" if test else "train"
    pack(shards, folder / "d.h5", splits=splits)
    return folder / "d.h5"


def test_only_the_dances_that_are_kept_are_read(tmp_path, monkeypatch):
    """Sound takes 160 kB a chunk: that of ten times as many videos of a song is not held."""
    asked = []
    stored = ChunkDataset.stored
    monkeypatch.setattr(
        ChunkDataset, "stored", lambda self, rows: asked.append(len(rows)) or stored(self, rows)
    )
    counts = []
    for videos in (4, 40):
        folder = tmp_path / str(videos)
        folder.mkdir()
        path = _dataset(folder, videos)
        asked.clear()
        held_out = read_held_out(path)
        counts.append(sum(asked))
        every = read_real(path, "test", sound=True)
        expected = every.take(longest_dances(every.songs, every.dances))
        for name in ("pixels", "songs", "dances", "starts", "audio"):
            np.testing.assert_array_equal(getattr(held_out, name), getattr(expected, name))
        assert held_out.dances.tolist() == ["v01", "v01"]
    assert counts == [2, 2]
