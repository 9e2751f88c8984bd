"""Figures 7 and A1: what stands beside the lines can be read."""

import pandas as pd
import pytest

from choreo.training.loss_curves import loss_curves


@pytest.mark.parametrize("size", [1e-6, 0.01, 1, 2e3, 5e4, 3e7])
def test_each_tick_is_a_number_of_its_own_and_nothing_stands_in_a_title(tmp_path, size):
    path = tmp_path / "gru" / "seed1" / "losses.csv"
    path.parent.mkdir(parents=True)
    values = [1.3 * size, size, 0.9 * size]
    pd.DataFrame({"step": range(3), "epoch": range(3), "generator": values}).to_csv(path)
    figure = loss_curves([path])
    figure.canvas.draw()
    (axis,) = figure.axes
    assert axis.yaxis.get_offset_text().get_text() == ""
    texts = [t.get_text().replace("\N{MINUS SIGN}", "-") for t in axis.get_yticklabels()]
    ticks = dict(zip(axis.get_yticks(), texts))
    assert len(ticks) > 2
    assert [float(text) for text in ticks.values()] == pytest.approx(list(ticks), rel=1e-4)
