import numpy as np
import pytest
from evaluation_dances import swaying

from choreo.errors import ItemError
from choreo.evaluation.beat_scores import beat_rates
from choreo.evaluation.extractor import train_extractor
from choreo.evaluation.frechet import Gaussian, frechet_distance
from choreo.evaluation.measurements import Measurements, measure
from choreo.evaluation.segments import Segments
from choreo.evaluation.table2 import PUBLISHED, evaluate, mean_and_interval, table2, training_note
from choreo.files import write_json

TRAIN = swaying(50, seed=1, sound=False)
TEST = swaying(12, seed=2, songs=("c", "d"), prefix="w")


@pytest.fixture(scope="module")
def extractor():
    return train_extractor(TRAIN.pixels, TRAIN.songs, steps=40)


@pytest.fixture(scope="module")
def real(extractor):
    return measure(TRAIN, extractor)


@pytest.fixture(scope="module")
def held_out(extractor):
    return measure(TEST, extractor)


def changed(pixels, audio=None):
    return Segments(
        pixels,
        TEST.songs,
        TEST.dances,
        TEST.starts,
        TEST.audio if audio is None else audio,
        10,
        TEST.canvas,
    )


def test_known_beats(held_out):
    """Turns every half second on a click each: every motion beat is aligned."""
    rates = beat_rates(held_out.beats, "pooled")
    assert rates["beat_hit_rate"] == 1
    assert rates["beat_coverage"] == pytest.approx(1, abs=0.12)
    assert 0.4 < rates["chance_hit_rate"] < 0.75
    assert held_out.meta["crashes"] == 0


def test_distance_by_hand(real, held_out):
    record = evaluate(held_out, real, system="real")
    a, b = held_out.features["learned"], real.features["learned"]
    scaled = [(x - b.mean(0)) / b.std(0) for x in (a, b)]
    assert record["distance"] == pytest.approx(frechet_distance(*map(Gaussian.of, scaled)))
    assert (record["chunks"], record["songs"], record["real_chunks"]) == (12, 2, 50)


def test_bad_dances_are_far(extractor, real, held_out):
    noise = np.random.default_rng(0).uniform(0, [640, 320], TEST.pixels.shape)
    frozen = TEST.pixels[:, :1].repeat(50, 1)
    distances = [
        evaluate(m, real, system="x")["distance"]
        for m in (held_out, *(measure(changed(p), extractor) for p in (frozen, noise)))
    ]
    assert distances == sorted(distances)


@pytest.mark.parametrize("method", ["thesis", "released"])
def test_degenerate_dances_have_values_and_counts(extractor, real, method, tmp_path):
    still = changed(TEST.pixels[:, :1].repeat(50, 1), np.zeros_like(TEST.audio))
    record = evaluate(measure(still, extractor, method=method), real, system="still")
    assert record["beat_coverage"] is record["beat_hit_rate"] is record["chance_hit_rate"] is None
    assert record["chunks_without_music_beats"] == record["chunks_without_motion_beats"] == 12
    assert record["crashes"] == (12 if method == "released" else 0)
    assert np.isfinite(record["distance"])
    write_json(tmp_path / "r.json", record)
    table = table2([record])
    assert table.cells()[1][0] == "still"
    assert "Chunks without music beats: 12; without motion beats: 12." in table.notes
    one = evaluate(measure(still, extractor).take([0]), real, system="one")
    assert np.isfinite(one["distance"])


def test_the_methods_differ(extractor, real):
    """One set of music beats against two; sums against means of ratios."""
    thesis, released = (measure(TEST, extractor, method=m) for m in ("thesis", "released"))
    assert thesis.beats.music.sum() > 0
    assert not np.array_equal(thesis.beats.chance, released.beats.chance)
    records = [evaluate(m, real, system="real") for m in (thesis, released)]
    with pytest.raises(ItemError, match=r"mix records of different method.*released.*thesis"):
        table2(records)


def test_two_runs_give_the_same_bytes(extractor, held_out, tmp_path):
    held_out.save(tmp_path / "a.npz")
    measure(TEST, extractor).save(tmp_path / "b.npz")
    Measurements.load(tmp_path / "a.npz").save(tmp_path / "c.npz")
    a, b, c = ((tmp_path / f"{n}.npz").read_bytes() for n in "abc")
    assert a == b == c


def test_take(held_out):
    part = held_out.take([3, 3, 0])
    assert len(part) == 3
    np.testing.assert_array_equal(part.features["learned"][0], held_out.features["learned"][3])
    np.testing.assert_array_equal(part.beats.motion, held_out.beats.motion[[3, 3, 0]])


def record(system, seed, distance, hit=80.0):
    return {
        "system": system,
        "seed": seed,
        "method": "thesis",
        "features": "learned",
        "distance": distance,
        "beat_coverage": 50.0,
        "beat_hit_rate": hit,
        "chance_hit_rate": 60.0,
        "chunks": 10,
        "songs": 2,
        "real_chunks": 99,
        "dimensions": 32,
        "tolerance": 0.15,
        "crashes": 0,
        "chunks_without_music_beats": 0,
        "chunks_without_motion_beats": 1,
        "released_fid": None,
        "released_fid_missing": None,
    }


def test_rows_and_published_numbers():
    table = table2([record("gru", 1, 5.0), record("real", None, 1.0), record("mine", 1, 7.0)])
    cells = table.cells()
    assert [row[0] for row in cells] == [
        "Real dances",
        "Ren et al.",
        "GRU",
        "mine",
        "Real dances",
        "Ren et al.",
        "Original",
        "LSTM",
        "GRU",
    ]
    assert [row[-1] for row in cells] == ["this study"] * 4 + ["published"] * 5
    assert cells[1][1:4] == ["–"] * 3
    assert [row[1:4] for row in cells[4:]] == [
        ["–" if np.isnan(d) else str(d), str(c), str(h)] for _, d, c, h in PUBLISHED
    ]
    assert any("this study has no weights of it" in note for note in table.notes)
    assert any("One training seed" in note for note in table.notes)
    assert len(table2([record("gru", 1, 5.0)], published=False).cells()) == 2


def test_shared_dancers_are_told():
    real = record("real", None, 1.0)
    notes = table2([real | {"shared_dancers": ["ada", "bo"]}, record("gru", 1, 5.0)]).notes
    assert any("in the training data too: ada, bo." in note for note in notes)
    for own in (real, real | {"shared_dancers": []}):
        assert not any("in the training data too" in note for note in table2([own]).notes)


def test_seeds_become_a_mean_and_an_interval():
    table = table2([record("gru", seed, d) for seed, d in ((1, 4.0), (2, 6.0), (3, 8.0))])
    row = table.frame[(table.frame.system == "gru") & (table.frame.source == "this study")].iloc[0]
    assert row.distance == 6
    # Student's t of two degrees of freedom at 0.975: 4.3027.
    assert row.distance_interval == pytest.approx(4.302653 * 2 / np.sqrt(3))
    assert row.seeds == 3
    assert "distance_interval" in table.headers
    assert "distance_interval" not in table2([record("gru", 1, 4.0)]).headers


def test_released_fid_stands_beside(real, held_out):
    numbers = {"mean_of_means": 0.25, "min_of_means": 0.1}
    table = table2([evaluate(held_out, real, system="gru", seed=1, released_fid=numbers)])
    assert "Released “FID”" in table.headers.values()
    assert table.frame[table.frame.system == "gru"].released_fid.iloc[0] == 0.25
    assert any("ignores the poses" in note for note in table.notes)
    assert "released_fid" not in table2([record("gru", 1, 1.0)]).headers


def test_the_pretrained_model_has_a_row_where_its_weights_are_given():
    table = table2([record("ren2020", 1, 9.0), record("gru", 1, 5.0)])
    assert [row[:2] for row in table.cells()][:2] == [["Ren et al.", "9.0"], ["GRU", "5.0"]]
    assert not any("has no weights" in note for note in table.notes)


def test_why_there_is_no_released_fid(real, held_out):
    reason = {"missing": "it needs 16 segments of 5 s, and there are 12"}
    row = evaluate(held_out, real, system="gru", seed=1, released_fid=reason)
    assert row["released_fid"] is None
    notes = table2([row]).notes
    assert "Released “FID”: empty, since it needs 16 segments of 5 s, and there are 12." in notes


def test_mean_and_interval_of_few():
    assert np.isnan(mean_and_interval([])).all()
    mean, half = mean_and_interval([3.0])
    assert mean == 3
    assert np.isnan(half)


def test_messages(real, held_out, tmp_path):
    with pytest.raises(ItemError, match="at least one evaluated system"):
        table2([])
    silent = Measurements(
        held_out.songs, held_out.dances, held_out.features, None, {}, held_out.meta
    )
    with pytest.raises(ItemError, match="gru: beats can't be counted without sound"):
        evaluate(silent, real, system="gru")
    (tmp_path / "m.npz").write_text("no")
    with pytest.raises(ItemError, match=r"m\.npz: not a file of measurements.*Delete it"):
        Measurements.load(tmp_path / "m.npz")
    with pytest.raises(ItemError, match="no such file"):
        Measurements.load(tmp_path / "none.npz")


def test_the_caption_says_who_did_not_begin_at_nothing():
    data = {"chunks": 32, "chunk_seconds": 5.0}
    seen = {"songs": ["a", "b", "c"], "dancers": ["d"]}
    start = {"file": "flow.safetensors", "sha256": "0"}
    metrics = {
        "gru": {"recipe": {"epochs": 16}, "data": data, "trained_on": seen},
        "graph": {"recipe": {}, "data": data},
        "tuned": {
            "recipe": {"epochs": 200},
            "data": data,
            "started_from": start,
            "trained_on": seen,
        },
        "other": {"recipe": {"epochs": 2}, "data": data, "started_from": start, "trained_on": None},
    }
    said = training_note(metrics)
    assert said.startswith("Trained here on 32 chunks of 5 s: gru 16 epochs, graph not in steps, ")
    assert "tuned 200 epochs from flow.safetensors on (which learned from other dances" in said
    assert "before; with this study's, from 1 dancers and 3 songs in all)" in said
    assert "other 2 epochs from flow.safetensors on (what it learned from before is not" in said
