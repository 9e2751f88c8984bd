"""The verdict of a soak on tables of which it is known whether something grows."""

import numpy as np
import pandas as pd
import pytest
from growth import BOUNDS, FEWEST, MEMORY, bound_of, judge, sentence

RULE = f"{MEMORY}clean_track"
JUDGED = [*BOUNDS, RULE]


def judged(values, column=RULE):
    """The one row of a table with one column, after a first round that took much more."""
    most = bound_of(column).most
    found = judge(pd.DataFrame({column: [min(9999.0, most), *values]}))
    assert len(found) == 1
    return found.iloc[0]


@pytest.mark.parametrize("column", JUDGED)
@pytest.mark.parametrize("rounds", [FEWEST, 200])
def test_what_stays_is_flat(column, rounds):
    value = 0 if bound_of(column).most == 0 else 123.0
    row = judged([value] * rounds, column)
    assert row.verdict == "flat"
    found = row[["first", "last", "slope", "low", "high"]].tolist()
    assert found == [value, value, 0, 0, 0]


@pytest.mark.parametrize("column", JUDGED)
def test_what_grows_by_more_than_its_bound_is_seen(column):
    slope = 2 * bound_of(column).slope or 1
    row = judged(100 + slope * np.arange(FEWEST), column)
    assert row.verdict in ("grows", "too many")
    np.testing.assert_allclose([row.slope, row.low, row.high], slope)


@pytest.mark.parametrize("column", [c for c in JUDGED if bound_of(c).slope])
def test_what_grows_by_less_than_its_bound_passes(column):
    assert judged(100 + bound_of(column).slope / 2 * np.arange(FEWEST), column).verdict == "flat"


@pytest.mark.parametrize("seed", range(5))
def test_a_megabyte_a_round_is_seen_through_the_spread_of_short_jobs(seed):
    spread = np.random.default_rng(seed).normal(100, 10, 150)
    assert judged(spread + np.arange(150)).verdict == "grows"
    assert judged(spread).verdict == "flat"


def test_a_few_busy_rounds_decide_nothing():
    values = np.full(60, 100.0)
    values[-10:] = 1000
    row = judged(values)
    assert (row.verdict, row.slope) == ("flat", 0)


def test_of_few_rounds_nothing_is_said():
    row = judged(100 + np.arange(FEWEST - 1.0))
    assert (row.verdict, row.slope) == ("too few rounds", 1)


def test_between_the_two_nothing_is_said():
    values = 100 + np.random.default_rng(0).normal(0, 50, 12)
    assert judged(values).verdict == "not told apart"


@pytest.mark.parametrize("column", [c for c in JUDGED if bound_of(c).most == 0])
def test_one_file_left_once_is_seen(column):
    assert judged([0, 0, 1, *[0] * 30], column).verdict == "too many"
    assert judged([0, 1], column).verdict == "too many"


def test_rules_that_ran_once_and_what_was_not_measured_are_left_out():
    nan = float("nan")
    made = {"mb_song": [50.0] + [nan] * 20, RULE: [50.0] + [nan, 7.0] * 10, "round": range(21)}
    (row,) = judge(pd.DataFrame(made)).itertuples()
    assert (row.quantity, row.rounds, row.verdict) == ("memory of clean_track, MB", 10, "flat")


def test_slopes_are_a_round_also_where_rounds_are_missing():
    values = 100.0 + np.arange(40)
    values[1::2] = float("nan")
    assert judged(values).slope == 1


def test_the_sentence_names_what_grows():
    rounds = np.arange(30.0)
    made = pd.DataFrame({RULE: 50 + rounds, "main_files": 0 * rounds, "left_behind": 0 * rounds})
    assert sentence(judge(made)) == "not flat: memory of clean_track, MB (grows)"
    assert sentence(judge(made.drop(columns=RULE))) == "flat: all 2 within their bounds"
    few = sentence(judge(made.drop(columns=RULE)[:4]))
    assert few == "nothing grows, and of 2 of 2 it can't be said: too few rounds"
