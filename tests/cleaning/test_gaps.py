import numpy as np
import pytest

from choreo.cleaning.gaps import bridgeable, fill_gaps
from choreo.pose.runs import runs


@pytest.mark.parametrize(
    ("mask", "expected"),
    [("", []), ("0", []), ("1", [(0, 0)]), ("0110", [(1, 2)]), ("1011", [(0, 0), (2, 3)])],
)
def test_runs(mask, expected):
    assert runs(np.array([c == "1" for c in mask], bool)) == expected


def test_bridgeable_gaps_lie_between_kept_frames():
    keep = np.array([0, 1, 0, 1, 0, 0, 1, 0], bool)
    assert np.flatnonzero(bridgeable(keep)).tolist() == [2, 4, 5]
    assert np.flatnonzero(bridgeable(keep, 1)).tolist() == [2]
    assert not bridgeable(np.zeros(3, bool)).any()


def test_a_cubic_is_recovered_exactly():
    t = np.arange(20.0)
    values = np.stack([t**3 - 30 * t**2, 4 - t**3 / 7], 1)
    keep = ~np.isin(t, [3, 4, 9, 15])
    corrupted = np.where(keep[:, None], values, np.nan)
    filled = fill_gaps(corrupted, keep, ~keep)
    np.testing.assert_allclose(filled, values, rtol=1e-9)
    assert np.array_equal(filled[keep], values[keep])


def test_what_is_not_to_be_filled_is_nan():
    values = np.arange(5.0)[:, None]
    keep = np.array([1, 0, 1, 0, 1], bool)
    fill = np.array([0, 1, 0, 0, 0], bool)
    np.testing.assert_allclose(fill_gaps(values, keep, fill)[:, 0], [0, 1, 2, np.nan, 4])
