import numpy as np
import pytest
import soundfile

from choreo.dataset.normalise import CANVAS, Normalised, Transform
from choreo.dataset.pack import pack, write_shard
from choreo.errors import ItemError
from choreo.evaluation.inputs import read_dances, read_real
from choreo.evaluation.segments import join, segments_from_chunks, segments_from_track
from choreo.pose.track import PoseTrack


def track(frames, seed=0, skeleton="openpose18"):
    keypoints = np.random.default_rng(seed).uniform(0, 320, (frames, 18, 2))
    if skeleton != "openpose18":
        keypoints = keypoints[:, :17]
    return PoseTrack(keypoints, np.ones(keypoints.shape[:2]), 10, (640, 320), skeleton)


def test_chunks_become_pixels_of_the_canvas():
    poses = np.zeros((3, 50, 18, 2))
    poses[0, 0, 0] = [-1, 1]
    segments = segments_from_chunks(poses, ["a", "a", "b"], canvas=(640, 320), fps=10)
    np.testing.assert_array_equal(segments.pixels[0, 0, 0], [0, 320])
    np.testing.assert_array_equal(segments.pixels[2, 5, 3], [320, 160])
    np.testing.assert_array_equal(segments.starts, [0, 5, 0])


@pytest.mark.parametrize(
    ("frames", "samples", "count"),
    [(50, 80_000, 1), (149, 240_000, 2), (150, 239_999, 3), (150, 230_000, 2), (200, 80_000, 1)],
)
def test_a_dance_is_cut_into_whole_segments(frames, samples, count):
    dance, sound = track(frames), np.arange(samples) % 1000
    segments = segments_from_track(dance, sound, "song")
    assert len(segments) == count
    np.testing.assert_array_equal(segments.pixels[-1, 0], dance.keypoints[(count - 1) * 50])
    assert segments.audio.shape == (count, 80_000)
    assert segments.audio[-1, 0] == (count - 1) * 80_000 % 1000
    np.testing.assert_array_equal(segments.starts, 5.0 * np.arange(count))
    assert set(segments.songs) == {"song"}


def test_join():
    parts = [
        segments_from_track(track(n), np.zeros(160_000), s) for n, s in ((50, "a"), (100, "b"))
    ]
    both = join(parts)
    assert both.songs.tolist() == ["a", "b", "b"]
    assert both.audio.shape == (3, 80_000)
    with pytest.raises(ItemError, match="to join must be there"):
        join([])


def test_messages():
    with pytest.raises(ItemError, match=r"shorter than a segment of 5 s \(got '4.9 s, 10.0 s'\)"):
        segments_from_track(track(49), np.zeros(160_000), "a")
    with pytest.raises(ItemError, match=r"got '5.0 s, 4.0 s'"):
        segments_from_track(track(50), np.zeros(64_000), "a")
    with pytest.raises(ItemError, match=r"skeleton openpose18 .*coco17"):
        segments_from_track(track(50, skeleton="coco17"), np.zeros(80_000), "a")
    holes = np.zeros((2, 50, 18, 2))
    holes[1, 3, 2] = np.nan
    with pytest.raises(ItemError, match=r"without a position .*'1 of 2'"):
        segments_from_chunks(holes, ["a", "b"], canvas=(640, 320), fps=10)
    with pytest.raises(ItemError, match="songs must have one entry a segment"):
        segments_from_chunks(np.zeros((2, 50, 18, 2)), ["a"], canvas=(640, 320), fps=10)
    with pytest.raises(ItemError, match=r"shape \(N, T, 18, 2\)"):
        segments_from_chunks(np.zeros((2, 50, 17, 2)), ["a", "b"], canvas=(640, 320), fps=10)


@pytest.mark.parametrize("method", ["thesis", "released"])
def test_real_dances_from_a_packed_dataset(tmp_path, method):
    rng = np.random.default_rng(0)
    shards, poses, sounds = [], {}, {}
    for video, song in (("v1", "a"), ("v2", "b")):
        poses[video] = rng.uniform(-0.9, 0.9, (100, 18, 2)).astype(np.float32)
        sounds[video] = rng.integers(-20_000, 20_000, 160_000).astype(np.int16)
        normalised = Normalised(
            poses[video],
            np.zeros((100, 18), bool),
            Transform((1, 1), (0, 0)),
            CANVAS[method],
            0.0,
            0,
            poses[video].size,
            0,
            method,
            "clip",
        )
        shards.append(tmp_path / f"{video}.h5")
        write_shard(shards[-1], normalised, sounds[video], video=video, song=song)
    splits = {"v1": "train", "v2": "test"}
    pack(shards, tmp_path / "d.h5", splits=splits)
    real = read_real(tmp_path / "d.h5", "test", sound=True)
    half = np.array(CANVAS[method]) / 2
    np.testing.assert_allclose(real.pixels.reshape(100, 18, 2), (poses["v2"] + 1) * half, rtol=1e-4)
    assert (real.songs.tolist(), real.dances.tolist()) == (["b", "b"], ["v2", "v2"])
    assert real.canvas == CANVAS[method]
    # The stored samples themselves: scaled once, of one channel.
    stored, ours = sounds["v2"].astype(float), real.audio.reshape(-1).astype(float)
    assert np.corrcoef(stored, ours)[0, 1] > 0.999999
    assert read_real(tmp_path / "d.h5", "train", sound=False).audio is None
    with pytest.raises(ItemError, match=r"no validation chunk.*more songs"):
        read_real(tmp_path / "d.h5", "validation", sound=True)


def test_generated_dances_from_files(tmp_path):
    for song, seconds in (("a", 12), ("b", 5)):
        track(seconds * 10).save(tmp_path / f"{song}.npz")
        sound = np.random.default_rng(1).integers(-9, 9, seconds * 16_000).astype(np.int16)
        soundfile.write(tmp_path / f"{song}.wav", sound, 16_000, subtype="PCM_16")
    tracks, songs = ({s: tmp_path / f"{s}.{kind}" for s in "ab"} for kind in ("npz", "wav"))
    dances = read_dances(tracks, songs)
    assert dances.songs.tolist() == ["a", "a", "b"]
    whole = read_dances(tracks, songs, method="released")
    np.testing.assert_array_equal(whole.pixels, np.trunc(dances.pixels))
    track(20).save(tracks["b"])
    with pytest.raises(ItemError, match=r"b\.npz: dance or song is shorter"):
        read_dances(tracks, songs)
