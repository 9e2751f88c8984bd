import itertools
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from soaking import soak_after
from test_robust import dance

from choreo.cleaning import benchmark
from choreo.cleaning.faults import JITTER, corrupt
from choreo.cleaning.truths import CLIPS, held_out, stress
from choreo.errors import ItemError
from choreo.synth.names import DANCERS

DOCS = Path(__file__).parents[2] / "docs"


def test_perfect_cleaning_scores_perfectly():
    truth = dance()
    corrupted = corrupt(truth, 0.1, 6, jitter=0)
    record = benchmark.measure(corrupted, truth, corrupted.wrong, truth)
    assert record.pop("accent") == pytest.approx(1)
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
    corrupted = corrupt(truth, 0.2, 7)
    flagged = np.zeros_like(corrupted.wrong)
    bad = np.flatnonzero(corrupted.wrong.any(1))
    good = np.flatnonzero(~corrupted.wrong.any(1))
    flagged[bad[:4], 0] = True
    flagged[good[:12], 0] = True
    record = benchmark.measure(corrupted, corrupted.track, flagged, truth)
    assert record["precision"] == 0.25
    assert record["recall"] == pytest.approx(4 / len(bad))


def test_accents_that_are_halved_count_half():
    truth = dance(swing=0.4).keypoints.astype(float)
    middle = truth.mean(0)
    assert benchmark.accent_kept(middle + (truth - middle) / 2, truth) == pytest.approx(0.5)
    gap = truth.copy()
    gap[40:60] = np.nan
    assert benchmark.accent_kept(gap, truth) == pytest.approx(1)
    assert np.isnan(benchmark.accent_kept(truth, np.zeros_like(truth)))


def test_acceleration_error_of_a_lone_jump():
    truth = dance().keypoints.astype(float)
    jump = truth.copy()
    jump[50, 3, 0] += 10
    # 10, -20, 10 px at three of (150 - 2) * 17 places.
    expected = 40 / (148 * 17)
    assert benchmark.acceleration_error(jump, truth) == pytest.approx(expected)


@pytest.mark.parametrize("method", ["median", "savgol", "lowpass"])
def test_filters_fill_gaps_and_decide_nothing(method):
    corrupted = corrupt(dance(), 0.1, 8)
    track, flagged = benchmark.apply(corrupted.track, method)
    assert flagged is None
    assert track.given.all()


def test_filters_leave_what_is_never_given():
    truth = dance()
    truth.keypoints[:, 16] = np.nan
    track, _ = benchmark.apply(truth, "lowpass")
    assert np.isnan(track.keypoints[:, 16]).all()
    assert track.given[:, :16].all()


def test_none_leaves_the_track():
    track = dance()
    assert benchmark.apply(track, "none") == (track, None)


def test_the_lowpass_rounds_accents_and_keeps_slow_sway():
    fast = dance(swing=0.3)
    sharp = fast.keypoints.astype(float)
    # An arm that stops dead twice a second.
    sharp[:, 9, 1] += 20 * np.abs((np.arange(150) % 15) - 7)
    track = fast.with_(keypoints=sharp)
    filtered, _ = benchmark.apply(track, "lowpass")
    assert benchmark.accent_kept(filtered.keypoints, sharp) < 0.6
    slow = dance(swing=0)
    filtered, _ = benchmark.apply(slow, "lowpass")
    np.testing.assert_allclose(filtered.keypoints[20:-20], slow.keypoints[20:-20], atol=0.1)


def test_held_out_dances_are_not_the_demo_studys():
    table = Path("config/demo.tsv").read_text(encoding="utf-8")
    songs = {song for song, _, _ in CLIPS}
    assert not any(f"demo:{song}/" in table for song in songs)
    known = {line.split("\t")[1].split("/")[1] for line in table.splitlines()[2:]}
    assert known <= set(DANCERS)
    assert not {dancer for _, dancer, _ in CLIPS} & known


@pytest.mark.parametrize("every", soak_after(1, [6, 2]))
def test_robust_halves_the_error_of_thesis_on_held_out_dances_and_spares_clean_data(every):
    truths = held_out(CLIPS[::every])
    assert all(len(truth) == 300 and truth.given.all() for truth in truths.values())
    conditions = [c for c in benchmark.conditions() if c["kind"] == "mixed"]
    conditions = [c for c in conditions if c["rate"] or c["jitter"] in (0, JITTER)]
    results = benchmark.run(truths, conditions=conditions, methods=("none", "thesis", "robust"))
    shares, harm = benchmark.goal(results)
    assert list(shares) == list(benchmark.RATES)
    assert max(shares.values()) < 0.5
    assert harm == 0
    mean = results.groupby(["method", "rate", "jitter"]).mean(numeric_only=True)
    assert mean.loc["robust", 0]["beat_f"].equals(mean.loc["none", 0]["beat_f"])
    for rate in benchmark.RATES:
        thesis, robust = (mean.loc[m, rate].iloc[0] for m in ("thesis", "robust"))
        assert robust["error_px"] < thesis["error_px"]
        assert robust["empty"] < 0.01
        assert robust["recall"] > thesis["recall"]
    methods = ("none", "thesis", "robust")
    stressed = benchmark.run(stress(), conditions=benchmark.faultless(), methods=methods)
    assert benchmark.goal(pd.concat([results, stressed]))[1] == 0
    assert not stressed.loc[stressed["method"] == "robust", "empty"].any()
    text = benchmark.summary(results, stressed).markdown()
    assert "| none, no jitter; in depth | robust |" in text
    assert "stand up" in text
    assert "| 20% | robust |" in text
    assert "| none, no jitter | thesis |" in text
    assert "amber/farid" in text


def test_tables_and_figure_of_every_kind():
    truths = {"a": dance(90, swing=0.2), "b": dance(90, swing=0.1)}
    methods = ("none", "thesis", "robust", "lowpass")
    results = benchmark.run(truths, conditions=benchmark.conditions(), methods=methods)
    assert len(results) == 2 * 25 * 4
    again = benchmark.run(truths, conditions=benchmark.conditions(), methods=methods)
    assert results.equals(again)
    kinds = benchmark.kinds_table(results)
    assert kinds.frame["kind"].drop_duplicates().tolist() == [
        "jumps",
        "stretches",
        "swaps",
        "gaps",
        "jitter",
    ]
    assert len(kinds.frame) == 20
    swaps = kinds.frame[kinds.frame["kind"] == "swaps"]
    assert (swaps["robust"] < swaps["thesis"] / 2).all()
    assert np.isnan(kinds.frame.loc[kinds.frame["kind"] == "gaps", "none"]).all()
    figure = benchmark.plot(results)
    assert [line.get_label() for line in figure.axes[0].lines] == list(methods)
    plt.close(figure)


@pytest.mark.soak
def test_draws_show_their_spread_and_what_low_scores_are_worth():
    truths = held_out(CLIPS[2:4]) | {"slower": held_out(CLIPS[2:3], fps=24).popitem()[1]}
    results = benchmark.draws(truths, rates=(0.1,), number=4)
    assert len(results) == 2 * 2 * 2 * 4 * 2
    recall = results[results["method"] == "robust"].groupby(["kind", "doubt"])["recall"].mean()
    assert (recall.xs(True, level="doubt") >= recall.xs(False, level="doubt")).all()
    table = benchmark.draws_table(results)
    assert table.frame["fps"].tolist() == ["30"] * 4 + ["24"] * 4
    part = results[(results["fps"] == 30) & (results["kind"] == "mixed") & ~results["doubt"]]
    recall = part[part["method"] == "robust"]["recall"]
    assert table.frame["recall"][0] == f"{recall.min():.2f}-{recall.max():.2f}"
    assert "low at wrong joints" in table.markdown()


def test_flicker_table_has_what_robust_finds():
    truths = held_out(CLIPS[:1], seconds=6)
    some = {"joints": ("a wrist",), "written": ("0, 0", "NaN"), "rates": (0.1, 0.4)}
    results = benchmark.flickers(truths, **some)
    table = benchmark.flicker_table(results)
    assert list(zip(table.frame["written"], table.frame["rate"])) == [
        ("0, 0", "10%"),
        ("0, 0", "40%"),
        ("NaN", "10%"),
        ("NaN", "40%"),
    ]
    assert table.frame["recall"][:2].tolist() == [1, 1]
    assert table.frame["recall"][2:].isna().all()
    # Of a wrist that is away in two frames of five, quick turns are lost.
    assert (table.frame["repaired_px"] < [2, 8, 2, 8]).all()
    with pytest.raises(ItemError, match="unknown flicker"):
        benchmark.flickers(truths, joints=("a tail",))


def _rows(after, labels):
    """Rows of the table of docs/cleaning.md below some words: labels -> cells."""
    text = (DOCS / "cleaning.md").read_text(encoding="utf-8").split(after, 1)[1]
    lines = itertools.dropwhile(lambda line: not line.strip().startswith("|"), text.splitlines())
    table = list(itertools.takewhile(lambda line: line.strip().startswith("|"), lines))
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table]
    return rows[0][labels:], {tuple(row[:labels]): row[labels:] for row in rows[2:]}


@pytest.mark.soak
def test_the_docs_say_what_the_benchmark_gives():
    """A change of the made-up dances, or of a method, makes the page's numbers old."""
    truths = held_out()
    some = {clip: truths[clip] for clip in list(truths)[::2]}
    rates, rows = _rows("A joint that flickers (`cleaning_flicker`", 2)
    assert len(rows) == 5
    for (joints, written), cells in rows.items():
        found = benchmark.flickers(
            some,
            rates=[float(rate.removesuffix("%")) / 100 for rate in rates],
            joints=(joints,),
            written=(written,),
        )
        by = {method: part.reset_index() for method, part in found.groupby("method")}
        for number, cell in enumerate(cells):
            recall, precision, px, thesis_px = map(float, re.findall(r"[\d.]+", cell))
            mine = by["robust"].loc[number]
            assert mine["recall"] == pytest.approx(recall, abs=0.011), (joints, written, cell)
            assert mine["precision"] == pytest.approx(precision, abs=0.011), (joints, written, cell)
            assert mine["repaired_px"] == pytest.approx(px, abs=0.11), (joints, written, cell)
            theirs = by["thesis"].loc[number]["repaired_px"]
            assert theirs == pytest.approx(thesis_px, rel=0.01, abs=0.6), (joints, written, cell)
    methods, rows = _rows("Mean error of the corrupted joints in pixels", 1)
    assert methods[1:4] == ["thesis", "released", "robust"]
    found = benchmark.run(truths, conditions=benchmark.conditions())
    mixed = found[(found["kind"] == "mixed") & (found["jitter"] == JITTER)]
    means = mixed.groupby(["rate", "method"])["repaired_px"].mean()
    told = [(label, cells) for (label,), cells in rows.items() if label.endswith("%")]
    assert len(told) == 4
    for label, cells in told:
        for method, cell in zip(benchmark.METHODS, cells, strict=True):
            mine = means[float(label.removesuffix("%")) / 100, method]
            assert mine == pytest.approx(float(cell), abs=0.11), (label, method)


def test_bad_input():
    with pytest.raises(ItemError, match="needs a clip whose true joints are known"):
        benchmark.run({}, conditions=benchmark.conditions())
    keypoints = dance().keypoints.copy()
    keypoints[3, 3] = np.nan
    with pytest.raises(ItemError, match="x: the true track must have every joint"):
        benchmark.run({"x": dance().with_(keypoints=keypoints)}, conditions=[])
