import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choreo.beats.motion import motion_beats, released_speed_drops, speed_drops
from choreo.errors import ItemError

FPS = 10


def swings(turns, frames=50, joints=18, amplitude=40):
    """All joints move to and fro and turn at the given frames, slowing down smoothly."""
    turns = np.asarray(turns)
    phase = np.interp(np.arange(frames), turns, np.arange(len(turns)))
    path = amplitude * np.cos(np.pi * phase)
    poses = np.full((frames, joints, 2), 100.0)
    poses[..., 0] += path[:, None]
    return poses


def test_beats_are_where_the_movement_turns():
    turns = np.arange(0, 61, 6)
    beats = motion_beats(swings(turns)[None], FPS)[0]
    np.testing.assert_allclose(beats, turns[1:8] / FPS)


def test_uneven_beats():
    turns = [0, 7, 12, 20, 26, 35, 41, 49, 58]
    beats = motion_beats(swings(turns)[None], FPS)[0]
    np.testing.assert_allclose(beats, np.array([7, 12, 20, 26, 35, 41]) / FPS)


def test_a_rest_counts_where_it_begins():
    path = np.concatenate([np.arange(10) * 10.0, np.full(10, 90.0), 90 + np.arange(10) * 10.0])
    poses = np.zeros((1, 30, 18, 2))
    poses[..., 1] = path[:, None]
    np.testing.assert_allclose(motion_beats(poses, FPS)[0], [1.0])


@pytest.mark.parametrize("method", ["thesis", "released"])
@pytest.mark.parametrize("frames", [0, 1, 2, 3, 4, 50])
def test_still_dancer_has_no_beats(method, frames):
    poses = np.random.default_rng(0).uniform(0, 300, (1, 1, 18, 2)).repeat(frames, 1)
    assert motion_beats(poses, FPS, method)[0].shape == (0,)


def test_rounding_of_a_constant_speed_is_no_beat():
    poses = np.zeros((1, 50, 18, 2), np.float32)
    poses[..., 0] = (100 + 7.3 * np.arange(50, dtype=np.float32) * np.float32(0.7))[:, None]
    assert len(motion_beats(poses, FPS)[0]) == 0


@given(st.integers(0, 2**31), st.integers(2, 30), st.floats(0, 300))
@settings(max_examples=40, deadline=None)
def test_segments_do_not_mix_and_units_do_not_matter(seed, frames, level):
    rng = np.random.default_rng(seed)
    poses = level + rng.integers(-40, 40, (3, frames, 18, 2)).cumsum(1).astype(float)
    drop, beat = speed_drops(poses)
    for number in range(3):
        np.testing.assert_allclose(drop[number], speed_drops(poses[number : number + 1])[0][0])
    np.testing.assert_array_equal(speed_drops(poses * 4)[1], beat)
    assert (drop >= 0).all()
    assert not (beat[:, 1:] & beat[:, :-1]).any()
    assert (drop[beat] >= np.broadcast_to(drop.std(1, keepdims=True), drop.shape)[beat]).all()


@given(st.integers(0, 2**31), st.integers(0, 60), st.booleans())
@settings(max_examples=40, deadline=None)
def test_released_never_crashes(seed, frames, smooth):
    rng = np.random.default_rng(seed)
    poses = rng.integers(0, 3, (frames, 18, 2))
    if smooth:
        poses = poses.cumsum(0)
    found = released_speed_drops(poses)
    assert found.drop.shape == (frames,)
    assert (found.drop[found.frames] > 0).all()
    rejected = np.delete(found.drop, found.frames)
    assert (rejected <= 0).all()


def test_released_says_where_the_code_stops():
    """One turn: a minimum of speed, and no window that could hold a peak of the angle."""
    rng = np.random.default_rng(3)
    crashes = [
        released_speed_drops(rng.integers(0, 2, (8, 18, 2)).cumsum(0)).crash for _ in range(20)
    ]
    assert any(crashes)


def test_a_trembling_joint_counts_in_released_only():
    """The difference between the methods: each joint divided by its own maximum."""
    poses = swings(np.arange(0, 61, 10), joints=18)
    poses[:, 1:] = poses[:1, 1:]
    rng = np.random.default_rng(0)
    poses[:, 1:] += rng.normal(0, 0.2, poses[:, 1:].shape)
    turns = np.arange(10, 50, 10) / FPS
    np.testing.assert_allclose(motion_beats(poses[None], FPS, "thesis")[0], turns)
    assert not np.array_equal(motion_beats(poses[None], FPS, "released")[0], turns)


def test_messages():
    poses = np.zeros((1, 5, 18, 2))
    poses[0, 2, 3] = np.nan
    with pytest.raises(ItemError, match=r"not finite \(got '2 of 180'\).*choreo clean"):
        motion_beats(poses, FPS)
    with pytest.raises(ItemError, match=r"shape \(N, T, J, 2\) \(got \(5, 36\)\)"):
        motion_beats(np.zeros((5, 36)), FPS)
    with pytest.raises(ItemError, match=r"got 'aist'.*thesis, released"):
        motion_beats(np.zeros((1, 5, 18, 2)), FPS, "aist")
