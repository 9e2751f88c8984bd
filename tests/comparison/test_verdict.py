import numpy as np
import pytest

from choreo.comparison.verdict import Measure, paired_difference, resample, verdicts


def measure(better="lower", **values):
    of = {e: {f"v{i}": x for i, x in enumerate(xs)} for e, xs in values.items()}
    return Measure("Faults", of, better=better)


def test_a_clear_difference_is_told():
    rng = np.random.default_rng(0)
    a = rng.uniform(1, 2, 12)
    line, how = verdicts([measure(b=a + 5 + rng.uniform(-1, 1, 12), a=a)])
    assert line.startswith(f"Faults (12 videos): lowest with a ({a.mean():.2f}% of frames); ")
    assert "lower than with b by " in line
    assert "can't" not in line
    assert "95% interval" in how
    assert "seed 1" in how


def test_the_higher_may_be_better():
    a = np.linspace(0.8, 0.9, 12)
    line, _ = verdicts([measure("higher", a=a, b=a - 0.2 - a / 100)])
    assert "highest with a" in line
    assert "higher than with b by 0.21" in line


def test_noise_is_not_told():
    rng = np.random.default_rng(1)
    line, _ = verdicts([measure(a=rng.normal(5, 2, 10), b=rng.normal(5, 2, 10))])
    assert "can't be told apart with 10 videos from" in line
    assert "worse, " in line


def test_one_video_tells_nothing():
    line, _ = verdicts([measure(a=[1.0], b=[9.0])])
    assert line == (
        "Faults (1 video): lowest with a (1.00% of frames); can't be told apart with 1 video "
        "from b (8.00 points worse)."
    )


def test_few_videos_need_a_larger_difference():
    # The same kind of values: not told with 3, told with 30.
    three = [1.0, 2.0, 3.0]
    found = [verdicts([measure(a=[0.0, 1.5, 1.0] * n, b=three * n)])[0] for n in (1, 10)]
    assert "can't be told apart with 3 videos" in found[0]
    assert "lower than with b" in found[1]


def test_an_interval_of_a_few_videos_is_no_number():
    few, enough = (
        verdicts([measure(a=np.arange(n) % 2, b=np.arange(n) % 2 + 9 + np.arange(n) / 10)])[0]
        for n in (5, 6)
    )
    assert "(too few videos)" in few or ", too few videos)" in few
    assert "too few" not in enough
    assert " to " not in few
    assert " to " in enough


def test_equals_are_named_together():
    line, _ = verdicts([measure(a=[1.0, 2.0, 3.0], b=[1.0, 2.0, 3.0], c=[11.0, 12.0, 13.5])])
    assert "lowest with a and b (2.00% of frames, the same in every video)" in line
    assert "lower than with c by 10.17 points" in line


def test_only_videos_that_all_have_count():
    of = {"a": {"v1": 1.0, "v2": 100.0, "v3": None}, "b": {"v1": 2.0, "v3": 1.0}}
    line, _ = verdicts([Measure("Faults", of)])
    assert line.startswith("Faults (1 video): lowest with a (1.00% of frames)")


def test_nothing_to_compare():
    assert verdicts([measure(a=[1.0, 2.0])]) == []
    assert verdicts([Measure("Faults", {"a": {"v1": 1.0}, "b": {"v2": 1.0}})]) == []
    assert verdicts([Measure("Faults", {"a": {"v1": None}, "b": {"v1": np.nan}})]) == []
    assert verdicts([]) == []


def test_holm_makes_many_comparisons_stricter():
    rng = np.random.default_rng(3)
    a = rng.normal(5, 1, 12)
    b = a + 0.55 + rng.normal(0, 0.8, 12)
    alone = paired_difference(b, a, resample([f"v{i}" for i in range(12)], 1))
    assert 0.005 < alone["p"] < 0.05
    assert "lower than with b" in verdicts([measure(a=a, b=b)])[0]
    others = {f"n{i}": a + rng.normal(0.5, 3, 12) for i in range(9)}
    assert "lower than with" not in verdicts([measure(a=a, b=b, **others)])[0]


def test_the_interval_covers_what_it_says():
    rng = np.random.default_rng(0)
    names = [f"v{i:02}" for i in range(12)]
    hits = 0
    for trial in range(100):
        x = rng.normal(3, 2, 12)
        found = paired_difference(x, np.zeros(12), resample(names, trial))
        assert found["difference"] == pytest.approx(x.mean())
        hits += found["low"] <= 3 <= found["high"]
    assert 88 <= hits <= 100


def test_two_runs_say_the_same():
    values = measure(a=[1.0, 4.0, 2.0, 2.0], b=[2.0, 3.0, 4.0, 4.0])
    assert verdicts([values], seed=5) == verdicts([values], seed=5)
