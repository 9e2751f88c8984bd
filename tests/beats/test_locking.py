"""Phase locking of a body to beats."""

import numpy as np
import pytest

from choreo.beats.locking import (
    DETUNED,
    beat_phase,
    hit_locking,
    locking_at,
    phase_locking,
    rhythm_signals,
    sharp_hits,
)
from choreo.pose.skeletons import SKELETONS

JOINTS = SKELETONS["coco17"].joints


def dancer(seconds, fps, bounce, *, noise=0.0, seed=0):
    """A body that bounces on standing feet and swings its arms, with noise on every joint."""
    time = np.arange(round(seconds * fps)) / fps
    y = {"shoulder": 100, "hip": 170, "knee": 230, "ankle": 290, "elbow": 130, "wrist": 160}
    base = np.array([[300.0, y.get(name.split("_")[-1], 80)] for name in JOINTS])
    body = np.repeat(base[None], len(time), axis=0)
    share = {"ankle": 0.0, "knee": 0.5}
    share = np.array([share.get(name.split("_")[-1], 1.0) for name in JOINTS])
    body[..., 1] += share * bounce(time)[:, None]
    for side in (9, 10):
        body[:, side, 0] += 4 * bounce(time)
    return body + np.random.default_rng(seed).normal(0, noise, body.shape)


def bouncing(bpm, level):
    return lambda time: 6 * np.cos(2 * np.pi * level * bpm / 60 * time + 1.1)


@pytest.mark.parametrize("level", [0.5, 1.0])
@pytest.mark.parametrize("bpm", [80, 120, 135])
@pytest.mark.parametrize("fps", [10, 30])
def test_a_bounce_on_a_level_of_the_beat_is_told_from_other_tempi(bpm, level, fps):
    body = dancer(12, fps, bouncing(bpm, level), noise=1.0)
    found = phase_locking(body, fps, np.arange(0, 12, 60 / bpm), "coco17")
    assert found.above > 0.95
    assert found.score > 1
    assert found.each["height", level] > 0.6
    other = 1.0 if level == 0.5 else 0.5
    assert found.each["height", other] < 0.3


def test_a_bounce_twice_a_beat_is_told_by_its_level_alone():
    body = dancer(12, 30, bouncing(120, 2.0), noise=0.5)
    found = phase_locking(body, 30, np.arange(0, 12, 0.5), "coco17")
    assert found.level_above[2.0] > 0.95
    assert found.each["height", 2.0] > 0.6 > 0.3 > found.each["height", 1.0]
    other = phase_locking(body, 30, np.arange(0, 12, 0.6), "coco17")
    assert other.level_above[2.0] < 0.9
    slow = phase_locking(body[::3], 10, np.arange(0, 12, 0.5), "coco17")
    assert 2.0 not in slow.level_above
    assert set(slow.level_above) == {0.5, 1.0}


def hitting(seconds, fps, every, *, noise=0.1):
    """A body that throws its hands to the other side in a tenth of a second, and holds them."""
    time = np.arange(round(seconds * fps)) / fps
    share = np.clip((time % every) / 0.1, 0, 1)
    thrown = 40 * np.where((time // every) % 2, 1 - share, share)
    body = dancer(seconds, fps, lambda t: 0 * t, noise=noise)
    body[:, 9:11, 0] += thrown[:, None]
    return body


@pytest.mark.parametrize("every", [0.5, 1.0])
def test_single_hits_on_beats_are_told_from_other_tempi(every):
    beats = np.arange(0, 12, 0.5)
    body = hitting(12, 30, every)
    times, heights = sharp_hits(body, 30, "coco17")["hands"]
    assert len(times) == len(heights) >= 12 / every - 2
    found = hit_locking(body, 30, beats, "coco17")
    assert found.each["hands", 1.0] > 0.6
    assert found.level_above[1.0] > 0.95
    other = hit_locking(hitting(12, 30, 1.2 * every), 30, beats, "coco17")
    assert other.level_above[1.0] < 0.9


def test_a_still_body_has_no_hits():
    body = dancer(12, 30, lambda t: 0 * t)
    assert all(len(times) == 0 for times, _ in sharp_hits(body, 30, "coco17").values())
    assert hit_locking(body, 30, np.arange(0, 12, 0.5), "coco17").above == 0.5
    assert np.isnan(hit_locking(body, 30, np.arange(0, 12, 2.0), "coco17").above)


def test_a_body_that_bounces_in_another_tempo_is_not_locked():
    body = dancer(12, 30, bouncing(120 * 1.25, 1.0), noise=1.0)
    found = phase_locking(body, 30, np.arange(0, 12, 0.5), "coco17")
    assert found.above < 0.9
    assert found.score < 0.5


def test_noise_is_at_chance():
    beats = np.arange(0, 12, 0.5)
    still = lambda time: 0 * time  # noqa: E731
    above = [
        phase_locking(dancer(12, 30, still, noise=2.0, seed=s), 30, beats, "coco17").above
        for s in range(40)
    ]
    assert 0.4 < np.mean(above) < 0.6


def test_a_still_body_is_at_chance_and_locks_nowhere():
    found = phase_locking(dancer(12, 30, lambda t: 0 * t), 30, np.arange(0, 12, 0.5), "coco17")
    assert found.above == 0.5
    assert found.score == 0
    assert set(found.each.values()) == {0.0}


def test_where_in_the_beat_the_accent_lies_does_not_matter():
    beats = np.arange(0, 12, 0.5)
    body = dancer(12, 30, bouncing(120, 1.0), noise=1.0)
    early = phase_locking(body, 30, beats, "coco17")
    late = phase_locking(body, 30, beats + 0.17, "coco17")
    assert late.each["height", 1.0] == pytest.approx(early.each["height", 1.0])


def test_beats_of_a_changing_tempo_are_followed():
    beats = np.cumsum(np.linspace(0.6, 0.4, 24))
    body = dancer(beats[-1], 30, lambda t: 6 * np.cos(2 * np.pi * beat_phase(t, beats)), noise=1.0)
    assert phase_locking(body, 30, beats, "coco17").above > 0.95
    steady = np.linspace(beats[0], beats[-1], 24)
    assert (
        phase_locking(body, 30, steady, "coco17").each["height", 1.0]
        < 0.7 * phase_locking(body, 30, beats, "coco17").each["height", 1.0]
    )


def test_phase_is_whole_on_beats_and_goes_on_outside():
    beats = np.array([1.0, 1.5, 2.1])
    times = np.array([-1.0, 0.0, 0.5, 1.0, 1.25, 2.1, 2.7, 6.3])
    assert beat_phase(times, beats) == pytest.approx([-4, -2, -1, 0, 0.5, 2, 3, 9])


def test_locking_has_its_closed_form():
    phase = np.arange(400) / 20
    assert locking_at(np.cos(2 * np.pi * phase), phase[None]) == pytest.approx(
        1 / np.sqrt(2), rel=1e-3
    )
    assert locking_at(np.cos(2 * np.pi * phase), 1.5 * phase[None])[0] < 1e-3


def test_levels_above_half_the_rate_are_left_out():
    body = dancer(12, 10, bouncing(160, 1.0), noise=1.0)
    found = phase_locking(body, 10, np.arange(0, 12, 60 / 160), "coco17")
    assert {level for _, level in found.each} == {0.5, 1.0}
    assert 2.0 * 160 / 60 * DETUNED.max() > 5


@pytest.mark.parametrize("beats", [[], [1.0], [0.0, 2.0, 4.0, 6.0]])
def test_too_few_beats_tell_nothing(beats):
    found = phase_locking(dancer(12, 30, bouncing(30, 1.0)), 30, beats, "coco17")
    assert np.isnan(found.above)
    assert np.isnan(found.score)


def test_signals_are_those_of_the_body():
    body = dancer(12, 30, bouncing(120, 1.0))
    found = rhythm_signals(body, 30, "coco17")
    assert set(found) == {"height", "knees", "hands", "feet", "speed"}
    assert np.abs(found["feet"][0]).max() == 0
    assert np.ptp(found["height"][0]) == pytest.approx(12 / 70, rel=0.2)
