import numpy as np
import pytest
from graph_units import DATA, JOINTS, dance, song

from choreo.models.graph.blend import perform
from choreo.models.graph.units import cut

FEET = [JOINTS.index("left_ankle"), JOINTS.index("right_ankle")]


def two(step=0.0, apart=0.1):
    """Two dances of one dancer, who stands elsewhere in the second."""
    music = song(16)
    first = dance(music, seed=1, step=step)
    second = dance(music, seed=1, step=step) + np.float32([apart, 0])
    second[:, JOINTS.index("left_wrist"), 1] += 0.2
    return cut([(first, music, 0, 0), (second, music, 0, 1)], 100), music, first, second


def test_without_a_jump_a_dance_is_the_dance():
    units, music, first, _ = two()
    found = perform(units, np.arange(16), music, len(first), DATA)
    np.testing.assert_allclose(found, first, atol=2e-3)


@pytest.mark.parametrize("interval", [4.0, 6.5])
def test_poses_on_beats_are_those_of_the_units_whatever_the_tempo(interval):
    units, _, first, _ = two()
    music = song(16, interval)
    found = perform(units, np.arange(16), music, int(music.beats[-1]) + 1, DATA)
    on = np.flatnonzero(music.beats[:-1] % 1 == 0)
    np.testing.assert_allclose(found[(interval * on).astype(int)], first[5 * on], atol=2e-3)


def test_a_jump_is_faded_and_no_foot_that_stands_slides():
    units, music, first, second = two()
    path = np.concatenate([np.arange(8), np.arange(24, 32)])
    found = perform(units, path, music, len(first), DATA)
    bare = np.where(np.arange(len(first))[:, None, None] < 40, first, second)
    at = 40
    assert np.abs(bare[at] - bare[at - 1]).max() > 0.15
    steps = np.abs(np.diff(found, axis=0)).max((1, 2))
    usual = np.abs(np.diff(first, axis=0)).max()
    assert steps.max() < 2 * usual
    # The feet never move, so they stay, and the body over them.
    assert np.ptp(found[:, FEET], axis=0).max() < 2e-3
    wrist = JOINTS.index("left_wrist")
    np.testing.assert_allclose(found[-1, wrist, 1], second[-1, wrist, 1], atol=5e-3)
    np.testing.assert_allclose(found[-1, wrist, 0], second[-1, wrist, 0] - 0.1, atol=5e-3)


def test_feet_that_step_come_to_where_the_unit_has_them():
    units, music, first, second = two(step=0.4)
    path = np.concatenate([np.arange(8), np.arange(24, 32)])
    found = perform(units, path, music, len(first), DATA)
    np.testing.assert_allclose(found[-1], second[-1], atol=5e-3)
    # Only while they move.
    still = np.abs(np.diff(second[:, FEET], axis=0)).max((1, 2)) < 1e-6
    still &= np.arange(len(still)) != 39
    assert np.abs(np.diff(found[:, FEET], axis=0))[still].max() < 2e-3


def test_legs_keep_about_their_lengths_where_the_feet_of_two_units_are_apart():
    music = song(16)
    first = dance(music, seed=1)
    second = first.copy()
    second[:, FEET[0], 0] += 0.3
    units = cut([(first, music, 0, 0), (second, music, 0, 1)], 100)
    path = np.concatenate([np.arange(8), np.arange(24, 32)])
    found = perform(units, path, music, len(first), DATA)
    off = np.abs(found[60:, FEET[0]] - found[60:, JOINTS.index("left_hip")])
    wanted = np.abs(second[60:, FEET[0]] - second[60:, JOINTS.index("left_hip")])
    # 0.05 of the height are 0.05 in x here, on either side of the middle.
    assert np.abs(off - wanted).max() < 0.15


def test_a_dance_goes_on_from_a_pose():
    units, music, first, _ = two()
    start = first[0] + np.float32([0.05, 0.1])
    found = perform(units, np.arange(16), music, len(first), DATA, start=start)
    np.testing.assert_allclose(found[0], start, atol=2e-3)
