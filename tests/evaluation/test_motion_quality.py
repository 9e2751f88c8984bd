from dataclasses import replace

import numpy as np
import pytest
from evaluation_dances import BASE, CANVAS, swaying

from choreo.evaluation.motion_quality import STILL, motion_quality, seam_jumps
from choreo.evaluation.segments import Segments


def segment(pixels):
    count = len(pixels)
    return Segments(pixels, ["a"] * count, ["v"] * count, np.arange(count) * 5.0, None, 10, CANVAS)


def test_constant_speed():
    path = np.zeros((1, 50, 18, 2))
    path[..., 0] = np.arange(50)[:, None] * 2
    found = motion_quality(segment(BASE + path))
    assert found["energy"][0] == pytest.approx(400, rel=1e-4)
    assert found["jerk"][0] == pytest.approx(0, abs=0.5)
    assert found["freeze"][0] == 0
    assert found["limb_drift"][0] == pytest.approx(0, abs=1e-5)
    assert found["step"][0] == pytest.approx(2, rel=1e-4)


def test_still_dancer():
    found = motion_quality(segment(np.broadcast_to(BASE, (2, 50, 18, 2))))
    assert (found["energy"] == 0).all()
    assert (found["freeze"] == 1).all()
    slow = BASE + np.zeros((1, 50, 18, 2))
    slow[..., 0] += np.arange(50)[:, None] * (STILL * 1.1 / 10)
    assert motion_quality(segment(slow))["freeze"][0] == 0


def test_jerk_of_a_cubic():
    time = np.arange(50) / 10
    path = np.zeros((1, 50, 18, 2))
    path[..., 1] = (5 * time**3 / 6)[:, None]
    assert motion_quality(segment(BASE + path))["jerk"][0] == pytest.approx(5, rel=0.02)


def test_half_frozen():
    segments = swaying(1, sound=False)
    pixels = segments.pixels.copy()
    pixels[:, 25:] = pixels[:, 25:26]
    assert motion_quality(replace(segments, pixels=pixels))["freeze"][0] >= 24 / 49


def test_out_of_frame():
    pixels = np.broadcast_to(BASE, (1, 50, 18, 2)).copy()
    pixels[0, :25, 3] = [-1, 100]
    pixels[0, :, 4] = [100, 321]
    assert motion_quality(segment(pixels))["out_of_frame"][0] == pytest.approx(1.5 / 18)


def test_seams():
    pixels = np.broadcast_to(BASE, (3, 50, 18, 2)).copy()
    pixels[1] += [3, 4]
    jumps = seam_jumps(segment(pixels))
    assert np.isnan(jumps[0])
    np.testing.assert_allclose(jumps[1:], 5, rtol=1e-5)
    gap = replace(segment(pixels), starts=np.array([0.0, 5.0, 15.0]))
    assert np.isnan(seam_jumps(gap)[2])
    other = replace(segment(pixels), dances=np.array(["v", "w", "w"]))
    assert np.isnan(seam_jumps(other)[:2]).all()
