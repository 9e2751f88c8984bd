"""What is danced meets what is held."""

import numpy as np
import pytest

from choreo.models.flow.meeting import meet


def one_joint(values):
    return np.asarray(values, float)[:, None, None] * np.ones((1, 1, 2))


def spans(count, *held):
    found = np.zeros((count, 1), bool)
    for first, last in held:
        found[first:last] = True
    return found


def test_the_difference_at_an_edge_fades_away_from_it():
    held = spans(20, (0, 5))
    known = one_joint(np.full(20, 3.0))
    found = meet(one_joint(np.zeros(20)), known, held, 4)[:, 0, 0]
    np.testing.assert_array_equal(found[:5], 3)
    fade = 1.5 + 1.5 * np.cos(np.pi * np.arange(1, 5) / 4)
    np.testing.assert_allclose(found[5:9], fade, atol=1e-12)
    np.testing.assert_array_equal(found[9:], 0)


def test_what_fits_is_left_alone():
    poses = np.random.default_rng(0).normal(size=(30, 6, 2))
    held = np.random.default_rng(1).random((30, 6)) < 0.4
    np.testing.assert_array_equal(meet(poses, poses, held, 5), poses)
    np.testing.assert_array_equal(meet(poses, poses + 1, np.zeros_like(held), 5), poses)
    np.testing.assert_array_equal(meet(poses, poses + 1, np.ones_like(held), 5), poses + 1)


@pytest.mark.parametrize("gap", [1, 2, 3, 6, 7, 12])
def test_between_two_edges_one_difference_fades_into_the_other(gap):
    """However near they are: never more than the larger of both, on both sides of it."""
    count = 10 + gap
    held = spans(count, (0, 5), (5 + gap, count))
    known = one_joint(np.where(np.arange(count) < 5, 2.0, 2.0))
    found = meet(one_joint(np.zeros(count)), known, held, 6)[:, 0, 0]
    assert found.max() <= 2 + 1e-12
    assert found.min() >= 0
    assert np.abs(np.diff(found)).max() <= 2 * np.pi / 2 / min(gap + 1, 6) + 1e-9
    if gap < 6:
        np.testing.assert_allclose(found, 2)


def test_a_loop_meets_round_its_end():
    held = spans(20, (0, 3))
    known = one_joint(np.full(20, 1.0))
    still = one_joint(np.zeros(20))
    assert meet(still, known, held, 5)[-1, 0, 0] == 0
    found = meet(still, known, held, 5, loop=True)[:, 0, 0]
    np.testing.assert_allclose(found[3:7], found[-1:-5:-1])
    assert found[-1] > 0.8


def test_joints_are_led_each_by_its_own_frames():
    held = np.concatenate([spans(12, (0, 4)), spans(12), spans(12, (8, 12))], 1)
    poses, known = np.zeros((12, 3, 2)), np.ones((12, 3, 2))
    found = meet(poses, known, held, 3)[..., 0]
    np.testing.assert_array_equal(found[:, 1], 0)
    np.testing.assert_allclose(found[::-1, 2], found[:, 0])
    assert (np.diff(found[:, 0]) <= 0).all()
