from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_ind, ttest_rel

from choreo.statistics.inference import Resampling, compare, holm


def test_holm_by_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.6, np.nan, 0.9]), [1.0, np.nan, 1.0])
    assert holm([]).shape == (0,)
    # Of a row's two hypotheses one may be true until both are rejected.
    adjusted = holm([0.01, 0.04, 0.03, 0.005, 0.02, np.nan], ["a", "b", "c", "d", "a", "b"])
    np.testing.assert_allclose(adjusted, [0.03, 0.06, 0.06, 0.02, 0.06, np.nan])


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


def test_trainings_are_compared_in_pairs_of_a_seed():
    drawn = Resampling.of([f"{i:02d}" for i in range(24)])
    luck = np.array([0.0, 9.0, 3.0, 6.0])
    one, two = models_of([luck, luck + np.array([2.0, 2.5, 1.5, 2.2])], drawn)
    found = compare(one, two, drawn)
    paired = ttest_rel(one.seeds, two.seeds)
    assert found.p == pytest.approx(paired.pvalue)
    assert found.half_width == pytest.approx(np.diff(paired.confidence_interval())[0] / 2)
    assert found.by_seeds.freedom == 3
    assert found.p < 0.01 < 0.3 < ttest_ind(one.seeds, two.seeds).pvalue
    # What is compared is the mean of the seeds, in whatever order both have them.
    turned = compare(*models_of([one.seeds[::-1], two.seeds[::-1]], drawn), drawn)
    assert turned.p == pytest.approx(found.p)
    margin = compare(one, two, drawn, margin=-2.0)
    assert margin.p == pytest.approx(ttest_rel(one.seeds + 2, two.seeds).pvalue)


def test_models_of_unlike_numbers_of_trainings_need_not_spread_alike():
    drawn = Resampling.of([f"{i:02d}" for i in range(24)])
    many, few = (models_of([row], drawn)[0] for row in ((5, 20, 35, 22), (31, 30.5, 30.8)))
    found = compare(many, few, drawn)
    welch = ttest_ind(many.seeds, few.seeds, equal_var=False)
    assert found.p == pytest.approx(welch.pvalue)
    half = np.diff(welch.confidence_interval())[0] / 2
    assert found.half_width == pytest.approx(half)
    assert found.by_seeds.freedom == pytest.approx(welch.df)


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("shared", [0.0, 1.0])
def test_models_that_spread_unalike_are_told_apart_no_oftener_than_chance_says(seeds, shared):
    """As the audit's do: one model's trainings ten times as far apart as another's."""
    drawn = Resampling.of([f"{i:02d}" for i in range(24)])
    rng = np.random.default_rng(5)
    found = []
    for _ in range(400):
        luck = rng.normal(0, shared, seeds)
        spread = np.array([0.8, 0.7, 0.2, 0.1, 0.05])[:, None]
        models = models_of(luck + rng.normal(0, spread, (5, seeds)), drawn)
        found += [compare(models[0], other, drawn).p for other in models[1:]]
    assert 0.03 < np.mean(np.array(found) < 0.05) < 0.07
    assert 0.005 < np.mean(np.array(found) < 0.0125) < 0.02


def test_two_models_are_alike_where_the_interval_lies_within_what_is_negligible():
    drawn = Resampling.of([f"{i:02d}" for i in range(24)])
    luck = np.array([0.0, 9.0, 3.0, 6.0])
    gaps = np.array([0.2, -0.1, 0.05, 0.1])
    one, two = models_of([luck + gaps, luck], drawn)
    found = compare(one, two, drawn)
    ends = [
        ttest_rel(one.seeds - two.seeds, [sign * 0.4] * 4, alternative=side).pvalue
        for sign, side in ((1, "less"), (-1, "greater"))
    ]
    assert found.p_alike(0.4) == pytest.approx(2 * max(ends))
    reach = abs(found.difference) + found.half_width
    assert found.p_alike(1.001 * reach) < 0.05 < found.p_alike(0.999 * reach)
    assert found.p_alike(0.05) == 1.0  # they differ by more, as seen
    # Songs count as the trainings do: the larger p.
    rough = [
        SimpleNamespace(
            **vars(model)
            | {"replicates": np.random.default_rng(i).normal(0, 0.3, len(drawn.counts))}
        )
        for i, model in enumerate((one, two))
    ]
    assert compare(*rough, drawn).p_alike(0.4) > 0.2 > 0.05 > found.p_alike(0.4)


@pytest.mark.parametrize("spread", [0.05, 0.1])
@pytest.mark.parametrize(
    "truth",
    [
        (0, 0, 0, 0, 0, 0),
        (1, 1, 1, 0, 0, 0),
        (1, 1, 1, 0.1, 0.1, 0.1),
        (1, 1, 0, 0.1, 0, 0),
        (0, 0, 0, 0.1, 0.1, 0),
    ],
)
def test_a_table_with_rows_of_two_hypotheses_is_wrong_no_oftener_than_told(truth, spread):
    """Of the last three rows it is asked, too, whether they differ by less than 0.1."""
    drawn = Resampling.of([f"{i:02d}" for i in range(24)])
    rng = np.random.default_rng(6)
    truth = np.array(truth, float)
    wrong = {"any": 0, "alike": 0}
    for _ in range(400):
        gaps = truth[:, None] + rng.normal(0, spread, (6, 10))
        found = [compare(*models_of([row, 0 * row], drawn), drawn) for row in gaps]
        p = [one.p for one in found] + [one.p_alike(0.1) for one in found[3:]]
        rejected = holm(p, [0, 1, 2, 3, 4, 5, 3, 4, 5]) < 0.05
        alike = (rejected[6:] & (truth[3:] >= 0.1)).any()
        wrong["any"] += alike or (rejected[:6] & (truth == 0)).any()
        wrong["alike"] += alike
    assert wrong["any"] / 400 < 0.075
    # Where three differ by just as much, each is called alike as often as told: not never.
    if truth.tolist() == [1, 1, 1, 0.1, 0.1, 0.1]:
        assert wrong["alike"] > 0
