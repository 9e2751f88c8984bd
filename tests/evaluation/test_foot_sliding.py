"""Foot sliding, against the contacts that made dances are known to have."""

from functools import cache

import numpy as np
import pytest
from evaluation_dances import BASE

from choreo.evaluation.foot_sliding import _feet, _planted, foot_sliding
from choreo.synth.dancers import make_dance, make_dancer
from choreo.synth.scene import make_scene
from choreo.synth.songs import make_song

FPS = 10


@cache
def made(dancer, song):
    """Pixels of a made dance and, frame by frame, which foot stands for certain."""
    dance = make_dance(make_song(song, 1), make_dancer(dancer), 1, 1)
    times = np.arange(40 * FPS) / FPS
    scene = make_scene(dance, start=0.0, frames=len(times), fps=FPS, size=(640, 360), seed=1)
    places, lift = dance.motion.places(times), dance.motion.lift(times)
    still = (np.abs(np.diff(places, axis=0)) < 1e-4)[..., :3].all(-1)
    down = (places[..., 1] < 1e-3) & (lift < 1e-4)[:, None]
    return scene.truth().to("openpose18").keypoints[None], still & down[1:] & down[:-1]


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
    own = foot_sliding(pixels, FPS)[0]
    assert own < 0.06
    neck, hips = pixels[0, :, 1], pixels[0][:, [8, 11]].mean(1)
    torso = np.median(np.linalg.norm(neck - hips, axis=-1))
    moved = pixels.copy()
    moved[..., 0] += (drift * torso * np.arange(pixels.shape[1]) / FPS)[:, None]
    assert foot_sliding(moved, FPS)[0] == pytest.approx(drift, abs=0.05)


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
