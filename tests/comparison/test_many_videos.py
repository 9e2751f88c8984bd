"""Tables of many videos: what they keep of each, and what the bootstrap takes."""

import tracemalloc

import numpy as np
import pytest
from comparison_tracks import dancer, moved

from choreo.comparison.compare import compare
from choreo.comparison.quality import quality
from choreo.comparison.records import video_records
from choreo.comparison.sweep import sweep
from choreo.comparison.table1 import table1
from choreo.comparison.table1x import distances_table, table1x, threshold_table
from choreo.comparison.verdict import REPLICATES
from choreo.errors import ItemError
from choreo.files import read_json, write_json
from choreo.statistics.inference import Resampling


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Comparisons of twelve videos, and qualities of their tracks: two lists of paths."""
    folder = tmp_path_factory.mktemp("records")
    compared, qualities = [], []
    for number in range(12):
        truth = dancer(frames=40)
        tracks = {
            "a": dancer(frames=40, noise=1.0 + number, seed=number),
            "b": moved(dancer(frames=40, noise=2.0, seed=number + 50), number, "nose", 90.0),
        }
        video = {"video": f"v{number}"}
        compared.append(folder / f"v{number}.json")
        write_json(compared[-1], video | compare(tracks, truth=truth))
        for name, track in tracks.items():
            qualities.append(folder / name / f"v{number}.json")
            write_json(qualities[-1], video | {"estimator": name} | quality(track, truth=truth))
    return compared, qualities


def test_tables_are_the_same_from_packed_records(records):
    compared, qualities = records
    plain, packed = [read_json(path) for path in compared], video_records(compared)
    for table in (table1x, threshold_table, distances_table):
        assert table(packed).frame.equals(table(plain).frame)
        assert table(packed).notes == table(plain).notes
    plain, packed = [read_json(path) for path in qualities], video_records(qualities)
    assert table1(packed).frame.equals(table1(plain).frame)
    assert table1(packed).notes == table1(plain).notes


def test_records_share_their_thresholds_and_keys(records):
    packed = video_records(records[0])
    assert len({id(record["sweep"]) for record in packed}) == 1
    assert len({id(key) for record in packed for key in record}) == len(packed[0])


def test_thresholds_of_another_study_are_kept(records, tmp_path):
    other = read_json(records[0][0])
    other["sweep"]["threshold_px"][-1] += 1
    write_json(tmp_path / "other.json", other)
    first, second = video_records([records[0][0], tmp_path / "other.json"])
    assert first["sweep"]["threshold_px"][-1] + 1 == second["sweep"]["threshold_px"][-1]


def test_only_what_is_asked_for_is_kept(records, tmp_path):
    assert set(video_records(records[1], keep=("frames",))[0]) == {"frames"}
    write_json(tmp_path / "short.json", {"frames": 3})
    with pytest.raises(ItemError, match="a record of a video") as raised:
        video_records([tmp_path / "short.json"], keep=("incorrect",))
    assert str(raised.value.where).endswith("short.json")


def test_unknown_heights_are_no_numbers(records, tmp_path):
    record = read_json(records[0][0])
    size = len(record["sweep"]["threshold_height"])
    record["height_px"] = None
    for entry in [record["truth"], *record["estimators"].values()]:
        entry["sweep"]["incorrect_height"] = [None] * size
    write_json(tmp_path / "low.json", record)
    (packed,) = video_records([tmp_path / "low.json"])
    assert np.isnan(packed["truth"]["sweep"]["incorrect_height"]).all()
    assert sweep([packed], ["a", "b"], "height").videos == []


def _peak(action):
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _bootstrap(videos):
    draws = Resampling.of([f"v{k}" for k in range(videos)], replicates=REPLICATES)
    draws.means(np.arange(videos, dtype=float))


def test_a_bootstrap_holds_no_weight_of_all_draws():
    """Whole numbers of 8 bytes took three times 16 kB a video: draws, weights, as floats."""
    _bootstrap(50)  # what is loaded once
    few, many = (_peak(lambda n=videos: _bootstrap(n)) for videos in (50, 500))
    assert (many - few) / 450 < 2 * 2 * REPLICATES


@pytest.mark.parametrize("shape", [(7,), (7, 3), (200,), (40_000,)])
def test_means_are_those_of_the_weights(shape):
    draws = Resampling.of([f"v{k}" for k in range(shape[0])], replicates=70, seed=3)
    values = np.random.default_rng(0).normal(size=shape)
    expected = draws.weights(draws.songs) @ values / len(values)
    np.testing.assert_allclose(draws.means(values), expected, rtol=0, atol=1e-12)
    # The draws of old, whatever the blocks.
    size = shape[0]
    drawn = np.random.default_rng(3).multinomial(size, np.full(size, 1 / size), size=70)
    np.testing.assert_array_equal(draws.counts, drawn)
    np.testing.assert_array_equal(draws.counts.sum(1), size)
