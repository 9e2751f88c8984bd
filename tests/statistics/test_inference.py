from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_ind

from choreo.statistics.inference import Resampling, Spread, compare, holm


def test_holm_by_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.6, np.nan, 0.9]), [1.0, np.nan, 1.0])
    assert holm([]).shape == (0,)


def test_standard_error_of_a_mean_over_songs():
    """Songs of one segment each: the error is that of the mean, s / sqrt(n)."""
    values = np.random.default_rng(0).normal(size=40)
    songs = np.array([f"{i:02d}" for i in range(40)])
    drawn = Resampling.of(songs, replicates=4000, seed=1)
    weights = drawn.weights(songs)
    assert (weights[0] == 1).all()
    means = weights @ values / weights.sum(1)
    expected = values.std(ddof=1) / np.sqrt(40)
    assert drawn.error(means[1:]) == pytest.approx(expected, rel=0.05)
    assert drawn.half_width(means[1:]) == pytest.approx(student.ppf(0.975, 39) * expected, rel=0.05)


def test_segments_of_one_song_count_once():
    """Ten copies of each song add no information."""
    values = np.random.default_rng(1).normal(size=12)
    songs = np.array(list("abcdefghijkl"))
    errors = []
    for copies in (1, 10):
        drawn = Resampling.of(np.repeat(songs, copies), replicates=2000)
        weights = drawn.weights(np.repeat(songs, copies))
        means = weights @ np.repeat(values, copies) / weights.sum(1)
        errors.append(drawn.error(means[1:]))
    assert errors[0] == pytest.approx(errors[1])


def test_one_song_tells_nothing():
    drawn = Resampling.of(["a", "a"])
    replicates = np.ones(10)
    assert np.isnan([drawn.error(replicates), drawn.half_width(replicates)]).all()
    assert np.isnan(drawn.p_value(1.0, replicates))


def test_p_values_are_uniform_where_nothing_differs():
    rng = np.random.default_rng(2)
    songs = np.array([str(i) for i in range(12)])
    drawn = Resampling.of(songs, replicates=400)
    weights = drawn.weights(songs)
    p = []
    for _ in range(400):
        means = weights @ rng.normal(size=12) / weights.sum(1)
        p.append(drawn.p_value(means[0], means[1:]))
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.025)
    assert drawn.p_value(0.0, np.zeros(10)) == 1
    assert drawn.p_value(1.0, np.ones(10)) == 0


def test_seeds_are_drawn_too():
    drawn = Resampling.of(["a", "b"], replicates=500)
    per_seed = np.array([[1.0] * 501, [3.0] * 501])
    both = drawn.over_seeds(per_seed)
    assert both[0] == 2
    assert set(both[1:]) == {1.0, 2.0, 3.0}
    np.testing.assert_array_equal(drawn.over_seeds(per_seed[:1]), per_seed[0])


def test_draws_are_seeded():
    a, b = (Resampling.of(["x", "y", "z"], seed=4).counts for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert (a.sum(1) == 3).all()


def models_of(seeds, drawn):
    """A score a row of `seeds`, the same in every replicate of songs."""
    replicates = np.zeros(len(drawn.counts))
    return [
        SimpleNamespace(seeds=row, corrected=row.mean(), replicates=replicates + row.mean())
        for row in np.asarray(seeds, float)
    ]


def test_spread_is_the_mean_square_within_models():
    seeds = np.random.default_rng(2).normal(5, 2, (10, 3))
    drawn = Resampling.of(list("abcdef"))
    spread = Spread.of(models_of(seeds, drawn))
    assert spread.freedom == 20
    assert spread.variance == pytest.approx(seeds.var(1, ddof=1).mean())
    assert spread.of_mean(seeds[0]) == pytest.approx(spread.variance / 3)


def test_models_without_seeds_do_not_count_as_spread():
    drawn = Resampling.of(list("abcdef"))
    two = models_of([[1, 2, 3], [4, 6, 8]], drawn)
    one = SimpleNamespace(seeds=np.array([9.0]))
    none = SimpleNamespace(seeds=np.array([np.nan, 1.0]))
    assert Spread.of([*two, one, none]) == Spread.of(two)
    assert Spread.of([one]).freedom == 0
    assert np.isnan(Spread.of([one]).variance)


def test_ten_alike_models_are_told_apart_no_oftener_than_chance_says():
    drawn = Resampling.of([f"{i:02d}" for i in range(24)])
    rng = np.random.default_rng(3)
    found, power = [], []
    for _ in range(400):
        seeds = rng.normal(20, 2, (10, 3))
        models = models_of(seeds, drawn)
        spread = Spread.of(models)
        found.append(compare(models[0], models[1], drawn, spread=spread).p < 0.05)
        further = models_of(seeds[1:2] + 8, drawn)[0]
        power.append(compare(models[0], further, drawn, spread=spread).p < 0.05)
    assert 0 < np.mean(found) < 0.06
    assert np.mean(power) > 0.7


def test_three_trainings_that_happen_to_be_alike_are_not_taken_for_all():
    drawn = Resampling.of([f"{i:02d}" for i in range(24)])
    seeds = np.random.default_rng(6).normal(20, 2, (10, 3))
    seeds[0], seeds[1] = (20.0, 20.001, 20.002), (21.0, 21.001, 21.002)
    models = models_of(seeds, drawn)
    spread = Spread.of(models)
    found = compare(models[0], models[1], drawn, spread=spread)
    assert found.p > 0.3
    assert found.by_seeds.freedom == 20
    assert found.by_seeds.error == pytest.approx(np.sqrt(2 * spread.variance / 3))


def test_two_models_that_differ_more_from_seed_to_seed_are_not_taken_for_steady():
    rng = np.random.default_rng(4)
    drawn = Resampling.of([f"{i:02d}" for i in range(24)])
    seeds = rng.normal(20, 1, (10, 3))
    seeds[0] = (5, 20, 35)
    models = models_of(seeds, drawn)
    found = compare(models[0], models[1], drawn, spread=Spread.of(models))
    welch = ttest_ind(seeds[0], seeds[1], equal_var=False)
    assert found.p == pytest.approx(welch.pvalue)
    half = np.diff(welch.confidence_interval())[0] / 2
    assert found.half_width == pytest.approx(half)
    assert found.by_seeds.freedom == pytest.approx(welch.df)


def test_models_that_spread_unalike_are_told_apart_no_oftener_than_chance_says():
    """As the audit's do: one model's trainings ten times as far apart as another's."""
    drawn = Resampling.of([f"{i:02d}" for i in range(24)])
    rng = np.random.default_rng(5)
    found = []
    for _ in range(400):
        seeds = rng.normal(0, np.array([0.8, 0.7, 0.2, 0.1, 0.05])[:, None], (5, 3))
        models = models_of(seeds, drawn)
        spread = Spread.of(models)
        found += [compare(models[0], other, drawn, spread=spread).p for other in models[1:]]
    assert np.mean(np.array(found) < 0.05) < 0.06
    assert np.mean(np.array(found) < 0.0125) < 0.02
