from dataclasses import replace

import numpy as np
import pytest
from dataset_clips import dance, song
from hypothesis import given, settings
from hypothesis import strategies as st

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


def _with_gap(seconds, first, stop):
    """Dance without the frames from `first` to `stop` (30 a second); its song counts the poses."""
    track = dance(seconds)
    keypoints = np.array(track.keypoints)
    keypoints[first:stop, 9] = np.nan
    normalised = normalise(track.with_(keypoints=keypoints))
    return normalised, np.arange(seconds * 16_000) // 1600


def test_a_frame_that_no_pose_needs_is_no_gap():
    track = dance(10)
    keypoints = np.array(track.keypoints)
    keypoints[100, 9] = np.nan
    normalised = normalise(track.with_(keypoints=keypoints), antialias=False)
    assert len(cut(normalised, stored(song(10), "thesis"))) == 2


def test_chunks_begin_anew_after_a_gap():
    # Pose 20, at 2 s, is missing: chunks at 0, 5 and 10 s would lose the first of three.
    normalised, sound = _with_gap(17, 60, 61)
    chunks = cut(normalised, sound)
    assert chunks.start_seconds.tolist() == [2.1, 7.1]
    assert chunks.index.tolist() == [0, 1]
    assert chunks.remainder_seconds == pytest.approx(17 - 10)
    for poses, samples, start in zip(chunks.poses, chunks.audio, (21, 71)):
        np.testing.assert_array_equal(poses, normalised.poses[start : start + 50])
        # Sample n of the sound is pose n // 1600's: the two begin together.
        np.testing.assert_array_equal(samples, np.repeat(np.arange(start, start + 50), 1600))
    np.testing.assert_array_equal(chunks.initial_poses, normalised.poses[[21, 71]])
    # Counted from the clip's start, only the chunk from 10 s on would be whole.
    normalised, sound = _with_gap(17, 165, 168)
    chunks = cut(normalised, sound)
    assert chunks.start_seconds.tolist() == [0, 5.6, 10.6]


def test_a_gap_with_overlapping_chunks():
    normalised, sound = _with_gap(20, 240, 243)
    chunks = cut(normalised, sound, stride_seconds=2.5)
    # 8 s give a second that overlaps, 11.9 s three; the second row begins at an even number.
    assert chunks.start_seconds.tolist() == [0, 2.5, 8.1, 10.6, 13.1]
    assert chunks.index.tolist() == [0, 1, 2, 3, 4]
    normalised, sound = _with_gap(20, 150, 153)
    chunks = cut(normalised, sound, stride_seconds=2.5)
    assert chunks.index.tolist() == [0, 2, 3, 4, 5]
    consecutive = chunks.start_seconds[chunks.index % 2 == 0]
    np.testing.assert_array_equal(consecutive, cut(normalised, sound).start_seconds)


@given(
    missing=st.lists(st.integers(0, 199), max_size=12),
    stride=st.sampled_from([0.5, 1, 2.5, 5]),
    samples=st.integers(100_000, 330_000),
)
@settings(max_examples=60, deadline=None)
def test_any_gaps(missing, stride, samples):
    """Every chunk is whole and in time, and no 5 seconds that one could have are left."""
    poses = np.array(np.broadcast_to(np.arange(200.0)[:, None, None] / 200, (200, 18, 2)))
    poses[missing] = np.nan
    whole = replace(normalise(dance(20)), poses=poses.astype(np.float32))
    sound = np.arange(samples) // 1600
    try:
        chunks = cut(whole, sound, stride_seconds=stride)
    except ItemError:
        chunks = None
    used = np.zeros(200, bool)
    for k in range(len(chunks) if chunks else 0):
        first = round(chunks.start_seconds[k] * 10)
        np.testing.assert_array_equal(chunks.poses[k], whole.poses[first : first + 50])
        assert np.isfinite(chunks.poses[k]).all()
        ends = min(first + 50, -(-samples // 1600))
        np.testing.assert_array_equal(
            chunks.audio[k, ::1600][: ends - first], np.arange(first, ends)
        )
        used[first : first + 50] = True
    if chunks:
        assert chunks.remainder_seconds == pytest.approx((~used).sum() / 10)
        assert (np.diff(chunks.index) > 0).all()
    free = np.isfinite(poses).all((1, 2)) & ~used & (np.arange(200) < -(-samples // 1600))
    edges = np.flatnonzero(np.diff(free.astype(int), prepend=0, append=0)).reshape(-1, 2)
    assert (edges[:, 1] - edges[:, 0] < 50).all()


def test_repaired_follows_the_poses():
    flags = np.zeros((450, 17), bool)
    flags[309] = True
    track = dance(15).with_(repaired=flags)
    chunks = cut(normalise(track), stored(song(15), "thesis"))
    assert [bool(r.any()) for r in chunks.repaired] == [False, False, True]


def test_outside_drop():
    track = dance(15)
    path = np.zeros((450, 1, 2))
    path[160:290] = [600, 0]
    track = track.with_(keypoints=track.keypoints + path, size=(1280, 360))
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
    sound = stored(song(10), "thesis")
    message = r"vid: no 5 seconds on end have all joints: 3.4 of 10.0 s at.*max_gap_seconds"
    with pytest.raises(ItemError, match=message):
        cut(normalised, sound, where="vid")
    far = normalise(dance(10).with_(keypoints=dance(10).keypoints * 9), outside="drop")
    far = replace(far, poses=far.poses + 5)
    with pytest.raises(
        ItemError, match=r"vid: none of its 2 chunks can be used \(outside \[-1, 1\]: 2\)"
    ):
        cut(far, sound, where="vid")


def test_released_has_no_other_stride():
    normalised = normalise(dance(12), method="released")
    samples = stored(song(12), "released")
    assert len(cut(normalised, samples)) == 3
    with pytest.raises(ConfigError, match=r"dataset.stride_seconds.*consecutive.*\(got 1\)"):
        cut(normalised, samples, stride_seconds=1)
    with pytest.raises(ValueError, match="stride_seconds has no effect with method released"):
        Dataset(method="released", stride_seconds=1)
    assert Dataset(method="released", stride_seconds=5).stride_seconds == 5


@pytest.mark.parametrize("stride", [5, 2.5])
def test_chunks_that_cleaning_made_up_are_left_out(stride):
    normalised = normalise(dance(20))
    repaired = np.zeros_like(normalised.repaired)
    repaired[50:63] = True  # 26 % of the second five seconds
    repaired[100:110] = True  # exactly a fifth of the third
    normalised = replace(normalised, repaired=repaired)
    sound = stored(song(20), "thesis")
    chunks = cut(normalised, sound, stride_seconds=stride)
    shares = np.array([repaired[round(10 * s) :][:50].mean() for s in chunks.start_seconds])
    assert shares.max() == 0.2
    whole = cut(normalised, sound, stride_seconds=stride, max_repaired=1)
    assert whole.dropped == {}
    assert chunks.dropped == {"repaired": len(whole) - len(chunks)}
    # The others keep their numbers, so that the consecutive ones can be told.
    at = np.isin(whole.index, chunks.index)
    np.testing.assert_array_equal(whole.poses[at], chunks.poses)
    assert 5.0 in whole.start_seconds
    assert 5.0 not in chunks.start_seconds
    with pytest.raises(
        ItemError,
        match=r"\(joints repaired, or outside the picture: \d+\).*raise dataset.max_repaired",
    ):
        cut(replace(normalised, repaired=np.ones_like(repaired)), sound)


def test_released_takes_what_cleaning_made_up():
    normalised = normalise(dance(12), method="released")
    normalised = replace(normalised, repaired=np.ones_like(normalised.repaired))
    assert cut(normalised, stored(song(12), "released")).dropped == {}
    with pytest.raises(ValueError, match="max_repaired has no effect with method released"):
        Dataset(method="released", max_repaired=0.5)
