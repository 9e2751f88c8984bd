"""A gap that is not bridged splits a clip: what the dataset makes of the segments."""

import numpy as np
import pytest
from test_robust import dance

from choreo.cleaning.clean import clean
from choreo.dataset.chunks import cut
from choreo.dataset.normalise import normalise
from choreo.errors import ItemError

SECONDS = 30


@pytest.mark.parametrize(("method", "limit"), [("robust", None), ("robust", 0.2), ("thesis", 0.5)])
@pytest.mark.parametrize("first", [230, 295])
def test_no_chunk_spans_a_gap(method, limit, first):
    truth = dance(30 * SECONDS, swing=0.2)
    keypoints = truth.keypoints.copy()
    gap = slice(first, first + 30)
    keypoints[gap] = np.nan
    keypoints[600:603] = np.nan
    cleaned, record = clean(truth.with_(keypoints=keypoints), method=method, max_gap_seconds=limit)
    assert record["segments"] == [[0, first - 1], [first + 30, 30 * SECONDS - 1]]
    assert np.isnan(cleaned.keypoints[gap]).all()
    assert cleaned.repaired[600:603].all()
    assert not cleaned.repaired[gap].any()

    audio = np.zeros(SECONDS * 16_000, np.int16)
    chunks = cut(normalise(cleaned), audio)
    whole = cut(normalise(truth), audio)
    assert np.isfinite(chunks.poses).all()
    assert len(chunks) >= 4
    for start in chunks.start_seconds:
        assert start + 5 <= first / 30 or start >= (first + 30) / 30
    # Beside the gap nothing of it is left in the poses: they are those of the whole dance,
    # but for what was filled in, and the first and last pose at a gap, less smoothed there.
    at = np.searchsorted(whole.start_seconds, chunks.start_seconds)
    same = np.isclose(whole.start_seconds[at], chunks.start_seconds)
    assert same.any()
    here, there = chunks.poses[same], whole.poses[at[same]]
    np.testing.assert_allclose(here, there, atol=0.02)


def test_a_clip_whose_segments_are_all_short_gives_no_chunk():
    truth = dance(300)
    keypoints = truth.keypoints.copy()
    for first in (100, 200):
        keypoints[first : first + 20] = np.nan
    cleaned, record = clean(truth.with_(keypoints=keypoints), method="robust")
    assert record["segments"] == [[0, 99], [120, 199], [220, 299]]
    with pytest.raises(ItemError, match=r"no 5 seconds on end have all joints: 3.4 of 10.0 s"):
        cut(normalise(cleaned), np.zeros(160_000, np.int16))
