"""Foot sliding, against the contacts that made dances are known to have."""

from functools import cache

import numpy as np
import pytest
from evaluation_dances import BASE
from numpy.lib.stride_tricks import sliding_window_view

from choreo.evaluation.foot_sliding import SPAN, _feet, _planted, foot_sliding
from choreo.synth.dancers import make_dance, make_dancer
from choreo.synth.scene import make_scene
from choreo.synth.songs import make_song

FPS = 10


@cache
def made(dancer, song, fps=FPS, seconds=40):
    """Pixels of a made dance and, frame by frame, which foot stands for certain."""
    dance = make_dance(make_song(song, 1), make_dancer(dancer), 1, 1)
    times = np.arange(seconds * fps) / fps
    scene = make_scene(dance, start=0.0, frames=len(times), fps=fps, size=(640, 360), seed=1)
    places, lift = dance.motion.places(times), dance.motion.lift(times)
    still = (np.abs(np.diff(places, axis=0)) < 1e-4)[..., :3].all(-1)
    down = (places[..., 1] < 1e-3) & (lift < 1e-4)[:, None]
    return scene.truth().to("openpose18").keypoints[None], still & down[1:] & down[:-1]


def torso_of(pixels):
    neck, hips = pixels[0, :, 1], pixels[0][:, [8, 11]].mean(1)
    return np.median(np.linalg.norm(neck - hips, axis=-1))


def drifting(pixels, fps, speed):
    """The whole dancer goes to the side, in torsos a second."""
    moved = pixels.copy()
    moved[..., 0] += (speed * torso_of(pixels) * np.arange(pixels.shape[1]) / fps)[:, None]
    return moved


DANCES = [("ada", "neon"), ("bruno", "strut"), ("esi", "hammer")]


@pytest.mark.parametrize("dance", DANCES)
def test_planted_feet_are_those_that_stand(dance):
    pixels, stands = made(*dance)
    found = _planted(*_feet(pixels), FPS)[0]
    assert stands.mean() > 0.3
    assert (found & stands).sum() > 0.9 * stands.sum()
    assert (found & stands).sum() > 0.7 * found.sum()


@pytest.mark.parametrize("dance", DANCES)
@pytest.mark.parametrize("drift", [0.25, 0.5])
def test_a_drift_of_the_whole_dancer_is_measured(dance, drift):
    pixels, _ = made(*dance)
    assert foot_sliding(pixels, FPS)[0] < 0.06
    assert foot_sliding(drifting(pixels, FPS, drift), FPS)[0] == pytest.approx(drift, abs=0.05)


@pytest.mark.parametrize("dance", DANCES)
@pytest.mark.parametrize("fps", [30, 60])
@pytest.mark.parametrize("jitter", [0.0, 0.01, 0.02])
def test_frames_that_follow_fast_and_jitter(dance, fps, jitter):
    # A torso is 70 pixels high: 0.02 is an estimator that is off by 1.4 pixels each way.
    pixels, stands = made(*dance, fps, 15)
    rng = np.random.default_rng(1)
    pixels = pixels + rng.normal(0, jitter * torso_of(pixels), pixels.shape)
    found = _planted(*_feet(pixels), fps)[0]
    # Which foot stands all the way from the middle of one mean place to that of the next.
    frames = round(SPAN * fps)
    stands = sliding_window_view(stands[frames // 2 :], frames, axis=0).all(-1)[: len(found)]
    assert (found & stands).sum() > 0.8 * stands.sum()
    assert (found & stands).sum() > 0.7 * found.sum()
    assert foot_sliding(pixels, fps)[0] < 0.08 + 8 * jitter
    assert foot_sliding(drifting(pixels, fps, 0.5), fps)[0] == pytest.approx(0.5, abs=0.06)


def test_too_short_for_two_places():
    assert np.isnan(foot_sliding(np.zeros((1, 11, 18, 2)), 60)).all()
    assert np.isnan(foot_sliding(np.zeros((1, 3, 18, 2)), 60)).all()
    assert foot_sliding(np.zeros((1, 13, 18, 2)), 60) == 0


def test_place_and_size_change_nothing():
    pixels, _ = made(*DANCES[0])
    own = foot_sliding(pixels, FPS)
    assert foot_sliding(pixels * 3 + 100, FPS) == pytest.approx(own, rel=1e-4)


def test_a_still_dancer_does_not_slide_and_a_falling_one_has_no_planted_foot():
    still = np.broadcast_to(BASE, (1, 50, 18, 2)).astype(float)
    assert foot_sliding(still, FPS) == 0
    falling = still.copy()
    falling[..., 1] += np.arange(50)[:, None] * 20
    assert np.isnan(foot_sliding(falling, FPS)).all()
