"""What trembles comes to rest; what moves is left as it is, at any rate, size and place."""

import numpy as np
import pytest

from choreo.models.flow.settling import settle

CANVAS = (640, 320)
RNG = np.random.default_rng(3)
MEAN = RNG.uniform(-70, 70, (18, 2))  # pixels
SIZE = np.hypot(*np.ptp(MEAN, axis=0))


def settled(pixels, fps=10, canvas=CANVAS, **more):
    half = np.array(canvas) / 2
    return settle(pixels / half, MEAN / half, canvas, fps, **more) * half


def mean_speed(pixels, fps=10):
    return np.linalg.norm(np.diff(pixels, axis=0), axis=-1).mean(1) * fps


def trembling(frames, pixels=0.6):
    return MEAN + RNG.normal(0, pixels, (frames, 18, 2))


def test_a_body_that_trembles_stands_still():
    before = trembling(80)
    after = settled(before)
    assert np.median(mean_speed(before)) > 8
    assert np.median(mean_speed(after)) < 1
    assert np.abs(after - MEAN).max() < 1.5


def test_a_movement_is_left_as_it_is():
    t = np.arange(80) / 10
    moved = MEAN + 60 * np.sin(2 * np.pi * t)[:, None, None]
    fast = np.abs(np.cos(2 * np.pi * t)) > 0.5
    assert np.abs(settled(moved) - moved)[fast].max() < 1


def test_between_two_pauses_it_goes_as_quickly_as_before():
    way = np.clip((np.arange(60) - 28) / 3, 0, 1)[:, None, None] * (0.4 * SIZE)
    before = trembling(60) + way
    after = settled(before)
    assert mean_speed(after).max() > 0.9 * mean_speed(before).max()
    for part in (slice(0, 24), slice(35, 60)):
        assert np.median(mean_speed(after[part])) < 1
        assert np.abs(after[part].mean(0) - before[part].mean(0)).max() < 0.5


@pytest.mark.parametrize("fps", [20, 30])
def test_the_rate_of_the_poses_changes_little(fps):
    t, fine = np.arange(60) / 10, np.arange(60 * fps // 10) / fps
    way = 40 * np.clip(np.sin(2 * np.pi * t / 3), 0, 1)
    slow, quick = (np.interp(when, t, way)[:, None, None] + MEAN for when in (t, fine))
    assert np.abs(settled(quick, fps)[:: fps // 10] - settled(slow)).max() < 3


def test_canvas_and_place_change_nothing():
    before = trembling(40)
    one = settled(before)
    assert np.allclose(settled(before, canvas=(1280, 1280)), one, atol=1e-3)
    assert np.allclose(settled(before + 50), one + 50, atol=1e-3)


def test_a_loop_has_no_end():
    t = np.arange(50) / 50
    dance = trembling(50) + 30 * np.sin(2 * np.pi * t)[:, None, None]
    one = settled(dance, loop=True)
    assert np.allclose(settled(np.roll(dance, 7, axis=0), loop=True), np.roll(one, 7, 0), atol=1e-3)


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("loop", [False, True])
def test_short_dances(frames, loop):
    assert np.isfinite(settled(trembling(frames), loop=loop)).all()
