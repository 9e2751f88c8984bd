import matplotlib.pyplot as plt
import numpy as np
import pytest
from test_robust import dance

from choreo.cleaning import benchmark
from choreo.errors import ItemError


def test_faults_are_known_and_as_many_as_wanted():
    truth = dance(300)
    spoiled = benchmark.corrupt(truth, 0.2, 1, jitter=0)
    touched = (spoiled.wrong | spoiled.absent).any(1)
    assert 0.2 * 300 <= touched.sum() <= 0.2 * 300 + 8
    assert not touched[[0, 1, -2, -1]].any()
    moved = np.linalg.norm(spoiled.track.keypoints - truth.keypoints, axis=-1)
    assert (moved[spoiled.wrong] > 0).all()
    assert (moved[~spoiled.wrong & ~spoiled.absent] == 0).all()
    assert np.array_equal(~spoiled.track.given, spoiled.absent)


def test_every_kind_of_fault_comes_up():
    truth = dance(3000)
    spoiled = benchmark.corrupt(truth, 0.2, 2, jitter=0)
    joints = set(spoiled.wrong.sum(1).tolist())
    # A lone joint; a limb (2); the legs (6), the sides (16) or the whole body (17).
    assert {0, 1, 2, 6, 16, 17} <= joints
    assert spoiled.absent.any()


def test_nothing_is_spoiled_at_rate_0_but_for_jitter():
    truth = dance()
    spoiled = benchmark.corrupt(truth, 0, 3)
    assert not spoiled.wrong.any()
    assert not spoiled.absent.any()
    sigma = (spoiled.track.keypoints - truth.keypoints).std()
    assert sigma == pytest.approx(0.004 * np.hypot(0.34, 0.95) * 200, rel=0.1)


def test_the_same_seed_gives_the_same_faults():
    one, two = (benchmark.corrupt(dance(), 0.1, [4, 5]) for _ in range(2))
    assert np.array_equal(one.track.keypoints, two.track.keypoints, equal_nan=True)


def test_perfect_cleaning_scores_perfectly():
    truth = dance()
    spoiled = benchmark.corrupt(truth, 0.1, 6, jitter=0)
    record = benchmark.measure(spoiled, truth, spoiled.wrong, truth)
    assert record == {
        "repaired_px": 0,
        "repaired_torso": 0,
        "error_px": 0,
        "empty": 0,
        "acceleration_px": 0,
        "pck_0_1": 1,
        "beat_f": 1,
        "precision": 1,
        "recall": 1,
    }


def test_precision_and_recall_are_of_frames():
    truth = dance()
    spoiled = benchmark.corrupt(truth, 0.2, 7)
    flagged = np.zeros_like(spoiled.wrong)
    bad = np.flatnonzero(spoiled.wrong.any(1))
    good = np.flatnonzero(~spoiled.wrong.any(1))
    flagged[bad[:4], 0] = True
    flagged[good[:12], 0] = True
    record = benchmark.measure(spoiled, spoiled.track, flagged, truth)
    assert record["precision"] == 0.25
    assert record["recall"] == pytest.approx(4 / len(bad))


def test_filters_fill_gaps_and_decide_nothing():
    spoiled = benchmark.corrupt(dance(), 0.1, 8)
    for method in ("median", "savgol"):
        track, flagged = benchmark.apply(spoiled.track, method)
        assert flagged is None
        assert track.given.all()
    track, flagged = benchmark.apply(spoiled.track, "none")
    assert track is spoiled.track
    assert flagged is None


def test_robust_halves_the_error_of_thesis_and_spares_clean_data():
    truths = {f"clip{i}": dance(300, swing=swing) for i, swing in enumerate((0.05, 0.1, 0.2))}
    results = benchmark.run(truths, methods=("none", "thesis", "robust"))
    mean = results.groupby(["method", "rate"]).mean(numeric_only=True)
    for rate in benchmark.RATES:
        none, thesis, robust = (mean.loc[m, rate] for m in ("none", "thesis", "robust"))
        if rate == 0:
            assert robust["error_px"] == none["error_px"]
            assert robust["beat_f"] == none["beat_f"]
            continue
        assert robust["repaired_px"] < thesis["repaired_px"] / 2
        assert robust["error_px"] < thesis["error_px"]
        assert robust["empty"] < 0.01
    text = benchmark.summary(results).markdown()
    assert "| 20% | robust |" in text
    figure = benchmark.plot(results)
    assert [line.get_label() for line in figure.axes[0].lines] == ["none", "thesis", "robust"]
    plt.close(figure)


def test_bad_input():
    with pytest.raises(ItemError, match="needs a clip whose true joints are known"):
        benchmark.run({})
    keypoints = dance().keypoints.copy()
    keypoints[3, 3] = np.nan
    with pytest.raises(ItemError, match="x: the true track must have every joint"):
        benchmark.run({"x": dance().with_(keypoints=keypoints)})
