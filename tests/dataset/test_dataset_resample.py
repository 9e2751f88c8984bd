import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choreo.dataset.resample import resample, times_at

RATES = [23.976, 24, 25, 29.97, 30, 50, 59.94, 60, 120]


def _of(values, fps):
    poses = np.asarray(values, float)[:, None, None] * np.ones((1, 2, 2))
    return resample(poses, np.zeros((len(poses), 2), bool), fps, 10)


@pytest.mark.parametrize(
    ("count", "fps", "expected"),
    [(150, 30, 50), (148, 30, 50), (147, 30, 49), (125, 25, 50), (120, 24, 50), (300, 60, 50)],
)
def test_output_frames_lie_between_the_inputs(count, fps, expected):
    times = times_at(count, fps, 10)
    assert len(times) == expected
    assert times[-1] <= (count - 1) / fps + 1e-9


def test_no_frames():
    assert len(times_at(0, 30, 10)) == 0


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([5, 10, 12.5, *RATES]),
    st.floats(-200, 200),
    st.floats(-200, 200),
    st.floats(-200, 200),
)
def test_parabolas_pass_unchanged(fps, a, b, c):
    """Position, speed and acceleration are kept at any frame rate, at the ends too."""
    times = np.arange(round(3 * fps)) / fps
    out = times_at(len(times), fps, 10)
    # Below 30 fps some outputs have too few frames for a parabola and are linear.
    if fps < 30:
        a = 0.0
    found, _ = _of(a * times**2 + b * times + c, fps)
    middle = slice(1, -1)
    np.testing.assert_allclose(found[middle, 0, 0], (a * out**2 + b * out + c)[middle], atol=1e-6)


def test_weights_at_30_fps_are_the_five_point_parabola():
    impulse = np.zeros(31)
    impulse[15] = 35
    found, _ = _of(impulse, 30)
    assert found[5, 0, 0] == pytest.approx(17)
    for shift, weight in ((1, 12), (2, -3), (3, 0)):
        moved = np.roll(impulse, shift)
        assert _of(moved, 30)[0][5, 0, 0] == pytest.approx(weight, abs=1e-9)


@pytest.mark.parametrize("fps", RATES)
def test_an_accent_stays_where_it_is(fps):
    """A sudden reversal at 2.0 s is the extreme pose at 2.0 s, whatever the frame rate."""
    times = np.arange(round(4 * fps)) / fps
    found, _ = _of(-np.abs(times - 2.0) * 100, fps)
    assert found[:, 0, 0].argmax() == 20
    # Symmetric before and after: nothing is shifted.
    np.testing.assert_allclose(found[15:20, 0, 0], found[25:20:-1, 0, 0], atol=1.5)


def test_jitter_loses_half_of_its_variance_at_30_fps():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(9000, 2, 2))
    flags = np.zeros((9000, 2), bool)
    kept = resample(noise, flags, 30, 10)[0][1:-1].var()
    taken = resample(noise, flags, 30, 10, antialias=False)[0][1:-1].var()
    assert kept / taken == pytest.approx(17 / 35, rel=0.05)


def test_slow_motion_keeps_its_amplitude_and_fast_jitter_does_not_fold_into_it():
    times = np.arange(900) / 30
    # Two movements a second, the fastest dance beat at 120 BPM, and an 11 Hz tremor.
    dance, tremor = np.cos(2 * np.pi * 2 * times), np.cos(2 * np.pi * 11 * times)
    assert np.abs(_of(dance, 30)[0][1:-1]).max() == pytest.approx(1, abs=0.01)
    folded = resample(
        tremor[:, None, None] * np.ones((1, 2, 2)),
        np.zeros((900, 2), bool),
        30,
        10,
        antialias=False,
    )[0]
    assert np.abs(folded).max() > 0.99
    assert np.abs(_of(tremor, 30)[0][1:-1]).max() < 0.1


def test_without_antialias_every_third_frame():
    poses = np.random.default_rng(1).normal(size=(100, 3, 2))
    flags = np.random.default_rng(2).random((100, 3)) < 0.3
    found, repaired = resample(poses, flags, 30, 10, antialias=False)
    np.testing.assert_array_equal(found, poses[::3])
    np.testing.assert_array_equal(repaired, flags[::3])


def test_at_10_fps_nothing_changes():
    poses = np.random.default_rng(1).normal(size=(40, 3, 2))
    found, _ = resample(poses, np.zeros((40, 3), bool), 10, 10)
    np.testing.assert_array_equal(found, poses)


def test_between_frames_linear_and_repaired_if_either_is():
    poses = np.arange(10.0)[:, None, None] * np.ones((1, 1, 2))
    flags = np.zeros((10, 1), bool)
    flags[2] = True
    found, repaired = resample(poses, flags, 5, 10)
    np.testing.assert_allclose(found[:, 0, 0], np.arange(19) / 2)
    np.testing.assert_array_equal(np.flatnonzero(repaired[:, 0]), [3, 4, 5])


def test_a_gap_costs_only_the_poses_in_it():
    poses = np.ones((61, 2, 2))
    poses[29:32, 0] = np.nan
    found, _ = resample(poses, np.zeros((61, 2), bool), 30, 10)
    missing = np.isnan(found).any(-1)
    np.testing.assert_array_equal(np.flatnonzero(missing[:, 0]), [10])
    assert not missing[:, 1].any()
    np.testing.assert_allclose(found[~missing], 1)
