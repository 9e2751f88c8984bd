"""benchmarks/measures_spoiled.py: what tells a dance from one that is spoiled."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scripts import load_script

from choreo.evaluation.metrics import METRICS, worths

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def spoiled():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")  # as Python does for a script
        return load_script(ROOT / "benchmarks" / "measures_spoiled.py")


@pytest.fixture(scope="module")
def dances(spoiled):
    """Six dances of three dancers, of whom the last moves far more than the others."""
    rng = np.random.default_rng(2)
    found = load_script(ROOT / "benchmarks" / "measures_worth.py").made(6)
    names = [f"gBR_sBM_d0{1 + k // 2}_ch0{k}" for k in range(6)]
    sway = 20 * np.sin(np.arange(len(found[0].poses)) / 2)[:, None] * rng.normal(size=(1, 17))
    more = found[5].poses + sway[: len(found[5].poses), :, None]
    return [
        spoiled.replace(dance, group=name, poses=more if k == 5 else dance.poses)
        for k, (dance, name) in enumerate(zip(found, names, strict=True))
    ]


def test_a_dancer_is_in_one_half(spoiled):
    groups = ["gBR_sBM_d01_ch02", "gHO_sBM_d01_ch01", "gBR_sBM_d04_ch02", "gLO_sBM_d07_ch02"]
    assert spoiled.halved(groups).tolist() == [0, 0, 1, 0]
    assert spoiled.halved(["b", "a", "c"]).tolist() == [1, 0, 0]


def test_a_dance_is_spoiled_as_told(spoiled, dances):
    cut = spoiled.segmented(dances)
    own, other = cut.real.take(cut.real.songs < "3"), cut.real.take(cut.real.songs >= "3")
    assert own.pixels.shape[1] == 50
    assert (own.pixels[:, :, 0, 1] < own.pixels[:, :, 10, 1]).mean() > 0.9  # y downwards
    # A dance lasts less long when it is played faster, and moves as much farther a frame.
    assert len(cut.faster) < len(cut.real)
    first = [of.take(of.songs == "0").pixels for of in (cut.real, cut.faster)]
    energies = [np.square(np.diff(pixels, axis=1)).mean() for pixels in first]
    assert energies[1] == pytest.approx(1.44 * energies[0], rel=0.3)
    changed = {
        way: (spoiled.spoil(own, other, way).pixels != own.pixels).any((2, 3))
        for way in ("jitter", "freeze", "swap", "copied")
    }
    assert changed["jitter"].all()
    assert (changed["freeze"].sum(1) == 9).all()  # the first of ten frozen frames is itself
    assert 0.05 < changed["swap"].mean() < 0.15
    assert (changed["copied"].sum(1) == 20).all()
    copied = spoiled.spoil(own, other, "copied").pixels
    for segment, here in zip(copied, changed["copied"], strict=True):
        laid = segment[here]
        assert any(
            (laid == pixels[at : at + 20]).all() for pixels in other.pixels for at in range(31)
        )


def test_areas_are_shares_of_real_dances_of_other_groups(spoiled, dances):
    table = spoiled.measured(spoiled.segmented(dances))
    assert table.dance.tolist() == [dance.name for dance in dances]
    ways = (spoiled.UNSPOILT, *spoiled.SPOILT)
    columns = [f"{metric} | {way}" for metric in spoiled.NOTICES for way in ways]
    assert set(columns) == set(table.columns) - {"dancers", "genre", "group", "dance"}
    # Two dancers of three are in one half: four dances, three of other groups than one's own.
    shares = table["energy | swap"].to_numpy()
    count = 6 * shares[[0, 1, 4, 5]]
    assert count == pytest.approx(np.round(count))
    assert shares[5] == 1.0  # who moves most, spoiled
    assert table["jerk | jitter"].mean() > 0.8
    summary = spoiled.summary(table)
    meant = summary[summary.spoilt == spoiled.MEANT].set_index("metric").area
    jerk = table[["jerk | jitter", "jerk | swap"]].mean(axis=1)
    assert meant["jerk"] == pytest.approx(jerk.mean())


def test_who_dances_much_is_not_the_measure(spoiled, dances):
    """A dance that is not spoiled is told from no other, however many its group has."""
    moved = [0, 0, 0, 0, 1, 2]
    unlike = [spoiled.replace(d, group=f"g{k}") for d, k in zip(dances, moved, strict=True)]
    table = spoiled.measured(spoiled.segmented(unlike))
    summary = spoiled.summary(table)
    plain = summary[summary.spoilt == spoiled.UNSPOILT].set_index("metric").area
    assert plain[["energy", "jerk", "freeze", "limb_drift"]].to_numpy() == pytest.approx(0.5)
    assert table["energy | not at all"].mean() != pytest.approx(0.5)


def test_equal_dances_count_half_and_groups_alike(spoiled):
    weights = np.array([1.0, 1.0, 2.0, 1.0])
    assert spoiled.less(1.0, np.array([0.0, 1.0, 2.0, np.nan]), weights) == pytest.approx(1.5 / 4)
    assert np.isnan(spoiled.less(np.nan, np.array([0.0]), np.ones(1)))


def test_what_is_kept_is_of_the_dances_that_are_kept(spoiled):
    kept = spoiled.summary(pd.read_csv(ROOT / "docs" / "worth_spoiled_dances.csv"))
    path = ROOT / "src" / "choreo" / "evaluation" / "worth_spoiled.csv"
    pd.testing.assert_frame_equal(kept, pd.read_csv(path), atol=6e-5)
    assert set(kept.metric) <= set(METRICS)
    for dancers, part in kept[kept.spoilt == spoiled.MEANT].groupby("dancers"):
        for row in part.itertuples():
            assert worths(dancers)[row.metric].area == pytest.approx(row.area, abs=6e-5)


def test_the_docs_have_what_was_measured(spoiled):
    text = (ROOT / "docs" / "evaluation.md").read_text()
    rows = text[text.index("### What hears no music") : text.index("- The dancers are halved")]
    rows = [line.strip("| ").split(" | ") for line in rows.splitlines() if line.startswith("| ")]
    kept = pd.read_csv(ROOT / "src" / "choreo" / "evaluation" / "worth_spoiled.csv")
    kept = kept.set_index(["dancers", "metric", "spoilt"])
    body = [row for row in rows if len(row) == 8 and "(" in row[1]]
    for metric, row in zip(spoiled.NOTICES, body, strict=True):
        keys = [("real", way) for way in (spoiled.MEANT, *spoiled.SPOILT)]
        for (dancers, way), cell in zip([*keys, ("made", spoiled.MEANT)], row[1:], strict=True):
            found = kept.loc[(dancers, metric, way)]
            area, low, high = (f"{100 * found[key]:.0f}" for key in ("area", "low", "high"))
            said = f"{area} ({low} to {high})"
            meant = way in spoiled.NOTICES[metric]
            assert cell == (f"**{said}**" if meant else said), (metric, way)
