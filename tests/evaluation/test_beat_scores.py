import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choreo.errors import ItemError
from choreo.evaluation.beat_scores import (
    BeatCounts,
    aligned,
    beat_rates,
    count_beats,
    distance,
    shifts,
)

FRAMES, FPS = 50, 10
NONE = np.zeros(0)


def count(motion, music, **options):
    return count_beats(motion, music, music, frames=FRAMES, fps=FPS, **options)


def test_counts_by_hand():
    music = [np.array([0.5, 1.0, 1.5, 2.0])]
    motion = [np.array([0.4, 0.65, 1.2, 4.0])]
    counts = count(motion, music)
    assert (counts.music[0], counts.motion[0], counts.aligned[0]) == (4, 4, 2)
    rates = beat_rates(counts, "pooled")
    assert rates["beat_coverage"] == 1
    assert rates["beat_hit_rate"] == 0.5


def test_the_tolerance_is_inclusive():
    assert aligned([np.array([1.15])], [np.array([1.0])], 0.15)[0] == 1
    assert aligned([np.array([1.1501])], [np.array([1.0])], 0.15)[0] == 0


def test_a_motion_beat_between_two_music_beats_counts_once():
    assert aligned([np.array([1.05])], [np.array([1.0, 1.1])])[0] == 1


def test_no_beats_have_a_value_and_a_count():
    music = [np.array([1.0, 2.0]), NONE, np.array([1.0])]
    motion = [NONE, np.array([1.0]), np.array([1.0, 3.0])]
    counts = count(motion, music)
    pooled, chunks = (beat_rates(counts, how) for how in ("pooled", "chunks"))
    assert pooled["beat_coverage"] == pytest.approx(3 / 3)
    assert pooled["beat_hit_rate"] == pytest.approx(1 / 3)
    assert chunks["beat_coverage"] == pytest.approx((0 / 2 + 2 / 1) / 2)
    assert chunks["beat_hit_rate"] == pytest.approx((0 / 1 + 1 / 2) / 2)
    for rates in (pooled, chunks):
        assert rates["chunks_without_music_beats"] == rates["chunks_without_motion_beats"] == 1


@pytest.mark.parametrize("aggregate", ["pooled", "chunks"])
def test_nothing_to_divide(aggregate):
    rates = beat_rates(count([NONE], [NONE]), aggregate)
    assert np.isnan(
        [rates["beat_coverage"], rates["beat_hit_rate"], rates["chance_hit_rate"]]
    ).all()
    empty = BeatCounts(*(np.zeros(0) for _ in range(4)))
    assert np.isnan(beat_rates(empty, aggregate)["beat_coverage"])


def test_chance_is_the_share_of_the_segment_near_a_music_beat():
    """One beat shifted round by every frame but 0: closed form."""
    music = np.array([1.0, 3.02])
    motion = np.array([2.0])
    frames = np.arange(FRAMES) / FPS
    near = (np.abs(frames[:, None] - music).min(1) <= 0.15) & (frames != 2.0)
    assert count([motion], [music]).chance[0] == pytest.approx(near.sum() / (FRAMES - 1))


@given(st.lists(st.integers(0, 49), max_size=10, unique=True), st.integers(0, 2**31))
@settings(max_examples=50, deadline=None)
def test_against_a_plain_count(motion, seed):
    motion = np.sort(np.array(motion)) / FPS
    music = np.sort(np.random.default_rng(seed).uniform(0, 5, 9))
    counts = count([motion], [music])

    def plain(times):
        return sum(any(abs(time - beat) <= 0.15 for beat in music) for time in times)

    assert counts.aligned[0] == plain(motion)
    moved = [[(time + step / FPS) % 5 for time in motion] for step in range(1, FRAMES)]
    assert counts.chance[0] == pytest.approx(np.mean([plain(times) for times in moved]), abs=0.05)


def test_shifts_stay_inside_the_segment():
    moved = shifts(np.array([0.0, 0.3, 4.9]), FRAMES, FPS)
    assert moved.shape == (49, 3)
    assert moved.min() >= 0
    np.testing.assert_allclose(np.sort(moved[:, 0]), np.arange(1, 50) / FPS, atol=1e-9)
    np.testing.assert_allclose(np.sort(moved[:, 2]), np.arange(49) / FPS, atol=1e-8)


def test_distance():
    np.testing.assert_allclose(distance([0, 1.2, 9], np.array([1.0, 2.0])), [1, 0.2, 7])
    assert np.isinf(distance([1.0], NONE)).all()


def test_messages():
    with pytest.raises(ItemError, match=r"different segments \(got \(1, 0, 0\)\)"):
        count([NONE], [])
    with pytest.raises(ItemError, match="got 'median'"):
        beat_rates(count([NONE], [NONE]), "median")
