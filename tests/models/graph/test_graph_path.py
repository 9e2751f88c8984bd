import numpy as np
import pytest
from graph_units import DATA, RECIPE, dance, song, takes, units

from choreo.errors import ItemError
from choreo.models.graph.path import Joins, cheapest, first_pose, in_heights, pose_at
from choreo.models.graph.units import cut


def jumps(cut_units, path):
    return int((cut_units.following[path[:-1]] != path[1:]).sum())


def chosen(found, music, recipe=RECIPE, **options):
    return cheapest(found, Joins.of(found, recipe, DATA), music, recipe, **options)


def test_units_are_beats_of_a_dance_in_its_order():
    found = units(2, beats=16)
    assert len(found) == 32
    np.testing.assert_allclose(found.intervals, 5.0)
    assert found.following.tolist() == [*range(1, 16), -1, *range(17, 32), -1]
    assert found.places.tolist() == [0, 1, 2, 3] * 8
    found.check(DATA)


def test_gaps_cut_runs_and_no_unit_reaches_into_one():
    (one,) = takes(1)
    poses = one[0].copy()
    poses[32] = np.nan
    found = cut([(poses, *one[1:])], 100)
    assert np.isfinite(found.poses).all()
    assert len(found) == 15
    assert found.following[5] == -1
    assert (found.last <= found.high).all()
    with pytest.raises(ItemError, match="as long as a beat"):
        cut([(np.full_like(poses, np.nan), *one[1:])], 100)


@pytest.mark.parametrize("most", [1, 7, 40, 63])
def test_no_more_units_are_kept_than_asked_and_from_all_over(most):
    found = units(2, beats=32, most=most)
    assert len(found) == most
    found.check(DATA)
    if most > 32:
        assert set(found.songs) == {0, 1}


def test_to_its_own_song_a_dance_is_itself():
    found = units(3)
    path = chosen(found, song(16), start=None)
    assert jumps(found, path) == 0
    assert path.tolist() in [list(range(16 * k, 16 * k + 16)) for k in range(3)]


def test_a_dance_is_one_dancer_s_and_keeps_places_in_the_bar():
    found = units(6, dancers=3)
    rng = np.random.default_rng(0)
    for seed in range(4):
        music = song(64, level=rng.random(64))
        noisy = RECIPE.with_(noise=3.0)
        path = chosen(found, music, noisy, rng=np.random.default_rng(seed))
        assert len(set(found.dancers[path])) == 1
        assert found.places[path].tolist() == music.places.tolist()


def test_the_same_numbers_are_drawn_for_a_seed_and_none_without_temperature():
    found, music, noisy = units(6), song(64), RECIPE.with_(noise=3.0)

    def path(seed, temperature):
        rng = np.random.default_rng(seed)
        return chosen(found, music, noisy, rng=rng, temperature=temperature).tolist()

    assert path(1, 1.0) == path(1, 1.0) != path(2, 1.0)
    assert path(1, 0.0) == path(2, 0.0)


def test_loud_beats_are_danced_as_loud_ones_were():
    music = song(64, level=np.repeat([0, 1], 32))
    ways = [(dance(music, seed=k), music, 0, k) for k in range(2)]
    found = cut(ways, 1000)
    other = song(64, level=np.repeat([1, 0], 32))
    eager = RECIPE.with_(likeness=20.0, jump=0.0)
    loud = found.loudness[chosen(found, other, eager), 0]
    assert loud[:24].min() == 1
    assert loud[-24:].max() == 0


def test_energy_is_the_dancer_s_own():
    rng = np.random.default_rng(0)
    ways = []
    for k in range(8):
        music = song(32, level=rng.random(32))
        poses = dance(music, seed=1)
        mean = poses.mean(0)
        ways.append((mean + rng.uniform(0.3, 2) * (poses - mean), music, 0, k))
    found = cut(ways, 1000)
    joins = Joins.of(found, RECIPE, DATA)
    own = np.average(joins.energy, weights=found.intervals)
    # A faster song has more energy by itself.
    fast = song(128, 4.0, level=rng.random(128))
    path = cheapest(found, joins, fast, RECIPE.with_(jump=0.01, likeness=1.0))
    ratio = found.intervals[path] / fast.intervals
    assert np.mean(joins.energy[path] * ratio**2) == pytest.approx(own, rel=0.2)


def test_a_dance_begins_near_its_first_pose_by_the_dancer_whose_it_is():
    found = units(6, dancers=6)
    joins = Joins.of(found, RECIPE, DATA)
    for dancer in (2, 5):
        unit = int(np.flatnonzero((found.dancers == dancer) & (found.places == 0))[1])
        pose = found.poses[int(found.first[unit])].astype(float)
        start = first_pose(pose, joins, DATA)
        path = cheapest(found, joins, song(8), RECIPE.with_(pose=60.0), start=start)
        assert set(found.dancers[path]) == {dancer}
    assert first_pose(np.zeros((18, 2)), joins, DATA) is None


def test_units_of_a_song_can_be_left_out():
    found = units(3)
    path = chosen(found, song(16), without=1)
    assert 1 not in found.songs[path]


def test_what_follows_costs_nothing_and_a_jump_something():
    found = units(2)
    joins = Joins.of(found, RECIPE, DATA)
    every = np.arange(len(found))
    costs = joins.costs(every, every, found.following, RECIPE.jump)
    for unit, following in enumerate(found.following):
        others = costs[unit] if following < 0 else np.delete(costs[unit], following)
        assert others.min() >= RECIPE.jump
        assert following < 0 or costs[unit, following] == 0


def test_between_frames_poses_lie_on_a_cubic():
    found = units(1)
    time = np.arange(len(found.poses), dtype=float)
    curve = np.repeat((0.01 * time**2)[:, None, None], 2, 2).astype(np.float32)
    at = np.array([3.25, 7.5, 10.0])
    rows = type("Rows", (), {"low": np.zeros(3, int), "high": np.full(3, len(time) - 1)})
    np.testing.assert_allclose(pose_at(curve, at, rows)[:, 0, 0], 0.01 * at**2, rtol=1e-4)
    np.testing.assert_allclose(in_heights(np.ones(2), (640, 320)), [1, 0.5])
