import numpy as np
import pytest
from dataset_clips import dance, song

from choreo.config import Dataset
from choreo.dataset.audio import stored
from choreo.dataset.chunks import (
    cut,
    initial_poses,
    released_bounds,
    stride_frames,
    thesis_bounds,
)
from choreo.dataset.normalise import normalise
from choreo.errors import ConfigError, ItemError


def _starts(bounds):
    return [(f.start, s.start) for f, s in bounds]


def test_thesis_bounds_are_consecutive():
    assert _starts(thesis_bounds(120, 192_000)) == [(0, 0), (50, 80_000)]
    assert _starts(thesis_bounds(100, 160_000)) == [(0, 0), (50, 80_000)]
    assert thesis_bounds(49, 80_000) == []


def test_the_shorter_of_picture_and_sound_decides():
    assert len(thesis_bounds(150, 160_000)) == 2
    assert len(thesis_bounds(99, 300_000)) == 1
    # Less than a pose short is whole; a pose short is not.
    assert len(thesis_bounds(50, 78_401)) == 1
    assert len(thesis_bounds(50, 78_400)) == 0


def test_stride_makes_overlapping_chunks():
    assert _starts(thesis_bounds(75, 120_000, 1)) == [(10 * k, 16_000 * k) for k in range(3)]


@pytest.mark.parametrize("stride", [0, -1, 0.05, 0.3, 2, 3, 7, 10])
def test_strides_that_do_not_divide(stride):
    with pytest.raises(ConfigError, match=r"stride_seconds.*Use one of 0.1, 0.2, 0.5, 1, 2.5, 5"):
        stride_frames(stride)


def test_cut():
    track = dance(12)
    normalised = normalise(track)
    sound = stored(song(12), "thesis")
    chunks = cut(normalised, sound)
    assert len(chunks) == 2
    np.testing.assert_array_equal(chunks.poses.reshape(100, 18, 2), normalised.poses[:100])
    np.testing.assert_array_equal(chunks.audio.reshape(-1), sound[:160_000])
    np.testing.assert_array_equal(chunks.initial_poses, normalised.poses[[0, 50]])
    assert chunks.start_seconds.tolist() == [0, 5]
    assert chunks.remainder_seconds == 2
    assert chunks.dropped == {}
    assert chunks.repaired.shape == (2, 50, 18)


def test_sound_follows_poses_that_were_cut_at_the_start():
    track = dance(12)
    keypoints = np.array(track.keypoints)
    keypoints[:10] = np.nan
    normalised = normalise(track.with_(keypoints=keypoints))
    chunks = cut(normalised, np.arange(12 * 16_000) // 1600)
    assert chunks.start_seconds.tolist() == [0.4, 5.4]
    assert (chunks.audio[0, 0], chunks.audio[1, 0]) == (4, 54)


def test_chunks_with_missing_joints_are_dropped_and_counted():
    track = dance(15)
    keypoints = np.array(track.keypoints)
    keypoints[200, 9] = np.nan
    flags = np.zeros((450, 17), bool)
    flags[310] = True
    chunks = cut(
        normalise(track.with_(keypoints=keypoints, repaired=flags), antialias=False),
        stored(song(15), "thesis"),
    )
    # Frame 200 is between two poses: neither has it.
    assert chunks.dropped == {}
    keypoints[198:201, 9] = np.nan
    chunks = cut(
        normalise(track.with_(keypoints=keypoints, repaired=flags)), stored(song(15), "thesis")
    )
    assert chunks.dropped == {"missing joints": 1}
    assert chunks.index.tolist() == [0, 2]
    assert chunks.start_seconds.tolist() == [0, 10]
    assert not chunks.repaired[0].any()
    assert np.isfinite(chunks.poses).all()


def test_outside_drop():
    track = dance(15)
    path = np.zeros((450, 1, 2))
    path[160:290] = [600, 0]
    track = track.with_(keypoints=track.keypoints + path)
    sound = stored(song(15), "thesis")
    assert len(cut(normalise(track), sound)) == 3
    chunks = cut(normalise(track, outside="drop"), sound)
    assert (chunks.index.tolist(), chunks.dropped) == ([0, 2], {"outside": 1})


def test_sound_a_little_short_is_filled_with_its_last_sample():
    sound = np.arange(80_000 - 1500).astype(np.int16)
    chunks = cut(normalise(dance(5)), sound)
    assert chunks.audio.shape == (1, 80_000)
    np.testing.assert_array_equal(chunks.audio[0, -1500:], sound[-1])


def test_released():
    """The last chunk is the last 50 poses and the last 80,000 samples; poses start at 0."""
    normalised = normalise(dance(12), method="released")
    sound = stored(song(13), "released")
    chunks = cut(normalised, sound)
    assert chunks.start_seconds.tolist() == [0, 5, 7]
    np.testing.assert_array_equal(chunks.poses[2], normalised.poses[70:120])
    np.testing.assert_array_equal(chunks.audio[2], sound[-80_000:])
    np.testing.assert_array_equal(chunks.initial_poses[0], np.zeros((18, 2)))
    np.testing.assert_array_equal(chunks.initial_poses[1:], normalised.poses[[50, 70]])
    short = cut(normalised, sound[:100_000])
    assert (short.index.tolist(), short.dropped) == ([0, 2], {"short sound": 1})


def test_released_first_chunk_dropped_keeps_the_others_initial_poses():
    poses = np.ones((2, 50, 18, 2))
    assert initial_poses(poses, [0, 1], "released")[:, 0, 0].tolist() == [0, 1]
    assert initial_poses(poses, [1, 2], "released")[:, 0, 0].tolist() == [1, 1]
    assert initial_poses(poses, [0, 1], "thesis")[:, 0, 0].tolist() == [1, 1]
    assert len(released_bounds(1, 1)) == 1


@pytest.mark.parametrize("method", ["thesis", "released"])
def test_too_short(method):
    normalised = normalise(dance(4.5), method=method)
    with pytest.raises(
        ItemError,
        match=r"vid: shorter than one 5-second chunk: poses for 4.5 s, sound for 9.0 s.*longer",
    ):
        cut(normalised, stored(song(9), method), where="vid")


def test_sound_too_short():
    with pytest.raises(ItemError, match=r"poses for 9.0 s, sound for 4.5 s"):
        cut(normalise(dance(9)), stored(song(4.5), "thesis"), where="vid")


def test_nothing_left():
    keypoints = np.array(dance(10).keypoints)
    keypoints[100:110, 0] = keypoints[200:210, 0] = np.nan
    normalised = normalise(dance(10).with_(keypoints=keypoints))
    with pytest.raises(ItemError, match=r"vid: none of its 2 chunks can be used \(missing jo.*: 2"):
        cut(normalised, stored(song(10), "thesis"), where="vid")


def test_released_has_no_other_stride():
    normalised = normalise(dance(12), method="released")
    samples = stored(song(12), "released")
    assert len(cut(normalised, samples)) == 3
    with pytest.raises(ConfigError, match=r"dataset.stride_seconds.*consecutive.*\(got 1\)"):
        cut(normalised, samples, stride_seconds=1)
    with pytest.raises(ValueError, match="stride_seconds has no effect with method released"):
        Dataset(method="released", stride_seconds=1)
    assert Dataset(method="released").stride_seconds == 5
