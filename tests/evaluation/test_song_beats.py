"""Beats of whole songs in the measurements and tables."""

from dataclasses import replace

import numpy as np
import pytest
from evaluation_dances import swaying

from choreo.evaluation.bounds import measure_bounds
from choreo.evaluation.extractor import train_extractor
from choreo.evaluation.listeners import TRUTH, references
from choreo.evaluation.measurements import Measurements, measure
from choreo.evaluation.segments import Segments, join
from choreo.evaluation.song_beats import beats_of_songs
from choreo.evaluation.table2 import evaluate, table2
from choreo.evaluation.table2x import SONG_HIT, extended, song_beats_table


def clicking(chunks=4, *, period=0.47, first=0.2, fps=10, song="a", missing=()):
    """A dancer who nods with the clicks of a song, cut into segments; some may be missing."""
    seconds = 5 * chunks
    beats = np.arange(first, seconds, period)
    sound = np.random.default_rng(0).normal(0, 20, seconds * 16_000)
    for beat in beats:
        at = round(beat * 16_000)
        burst = 12_000 * np.exp(-np.arange(1600) / 300) * np.sin(np.arange(1600) / 3)
        sound[at : at + 1600] += burst[: len(sound) - at]
    times = np.arange(seconds * fps) / fps
    nod = np.cos(2 * np.pi * (times - first) / (2 * period))
    still = np.random.default_rng(1).uniform((260, 100), (380, 220), (18, 2))
    poses = still + 20 * np.stack([np.zeros(len(times)), nod], 1)[:, None]
    kept = [k for k in range(chunks) if k not in missing]
    segments = Segments(
        poses.reshape(chunks, 5 * fps, 18, 2)[kept],
        [song] * len(kept),
        [f"v{song}"] * len(kept),
        5.0 * np.array(kept),
        sound.astype(np.int16).reshape(chunks, -1)[kept],
        fps,
        (640, 320),
    )
    return segments, beats


def test_there_are_always_two_trackers():
    assert references("librosa") == ("librosa", "state_space")
    assert references("state_space") == ("state_space", "librosa")
    assert references("librosa", "weights.ckpt") == ("beat_this", "state_space")


@pytest.mark.parametrize("missing", [(), (2,), (0,)])
def test_beats_of_a_song_are_cut_to_its_segments(missing):
    segments, beats = clicking(5, missing=missing)
    found = beats_of_songs(segments, truth={"a": beats})
    assert list(found) == ["librosa", "state_space", TRUTH]
    for times, start in zip(found[TRUTH], segments.starts):
        own = beats[(beats >= start - 5) & (beats < start + 10)] - start
        np.testing.assert_allclose(times, own)
    # Trackers hear them to their edges, where the song is there.
    for name in ("librosa", "state_space"):
        for times, true in zip(found[name], found[TRUTH]):
            here = true[(true > 0.3) & (true < 4.7)]
            away = np.abs(here[:, None] - times).min(1)
            assert np.mean(away < 0.07) > 0.9, name


def test_truth_is_of_a_dance_before_it_is_of_a_song_and_of_all_or_none():
    one, beats = clicking(2)
    other = replace(one, songs=["b", "b"], dances=["vb", "vb"])
    assert beats_of_songs(one, truth={"va": beats + 0.1, "a": beats})[TRUTH][0][0] == pytest.approx(
        beats[0] + 0.1
    )
    assert TRUTH not in beats_of_songs(other, truth={"a": beats})
    assert TRUTH not in beats_of_songs(one)


@pytest.fixture(scope="module")
def measured():
    """Held-out dances, and two models of which one holds still half the time."""
    training = swaying(6, songs=("x", "y"), prefix="t")
    extractor = train_extractor(training.pixels, training.songs, steps=3)
    held_out, beats = clicking(4)
    truth = {"a": beats}
    bounds = measure_bounds(held_out, training, extractor, truth=truth)
    late = replace(held_out, dances=["generated:a"] * 4)
    late = replace(late, pixels=np.roll(late.pixels, 2, axis=1))
    real = measure(replace(training, audio=None), extractor)
    model = measure(late, extractor, truth=truth)
    return real, bounds, model


def test_a_dancer_on_every_beat_hits_them_and_one_between_them_does_not(measured):
    _, bounds, late = measured
    counts = bounds["real"].song_beats
    assert list(counts) == ["librosa", "state_space", TRUTH]
    for name, beats in counts.items():
        assert beats.aligned.sum() / beats.motion.sum() > 0.9, name
        assert beats.chance.sum() / beats.motion.sum() < 0.8
        moved = bounds["shifted"].song_beats[name]
        assert moved.aligned.sum() / moved.motion.sum() < 0.5
        other = late.song_beats[name]
        assert other.aligned.sum() / other.motion.sum() < 0.5
    # Of 5 seconds alone, beats at the edges are missed.
    assert counts[TRUTH].music.sum() == len(clicking(4)[1])


def test_the_method_released_has_none(measured):
    segments, _ = clicking(2)
    training = swaying(6, songs=("x", "y"), prefix="t")
    extractor = train_extractor(training.pixels, training.songs, steps=1)
    assert measure(segments, extractor, method="released").song_beats == {}


def test_they_are_kept_in_the_file_and_with_some_of_the_segments(measured, tmp_path):
    _, bounds, _ = measured
    bounds["real"].save(tmp_path / "m.npz")
    read = Measurements.load(tmp_path / "m.npz")
    for name, beats in bounds["real"].song_beats.items():
        np.testing.assert_array_equal(read.song_beats[name].chance, beats.chance)
        some = read.take([2, 0]).song_beats[name]
        assert some.motion.tolist() == beats.motion[[2, 0]].tolist()
        assert some.tolerance == beats.tolerance


def test_table_2_has_columns_of_whole_songs_beside_the_thesis_s(measured):
    real, bounds, model = measured
    records = [
        evaluate(bounds["real"], real, system="real"),
        evaluate(model, real, system="m", seed=1),
    ]
    assert records[0]["song_listener"] == TRUTH
    table = table2(records)
    row = table.frame.set_index("system").loc["m"]
    counts = model.song_beats[TRUTH]
    assert row.song_hit_rate == pytest.approx(100 * counts.aligned.sum() / counts.motion.sum())
    assert "Hit rate, whole songs (%)" in table.headers.values()
    assert any("found in whole songs" in note for note in table.notes)
    # Records of before have none, and no empty column.
    old = [{k: v for k, v in r.items() if not k.startswith("song_")} for r in records]
    assert not [k for k in table2(old).headers if k.startswith("song_")]


def test_table_2x_has_a_row_for_each_tracker_and_the_truth(measured):
    real, bounds, model = measured
    found = extended({"m": [model, model]}, bounds, real, replicates=20)
    frame = song_beats_table(found).frame
    assert frame["beats"].nunique() == 3
    rows = frame[frame.system == "m"]
    assert len(rows) == 3
    for name, row in zip((TRUTH, "librosa", "state_space"), rows.itertuples()):
        counts = model.song_beats[name]
        share, chance = (v.sum() / counts.motion.sum() for v in (counts.aligned, counts.chance))
        assert row.hit_rate == pytest.approx(100 * share)
        assert row.chance == pytest.approx(100 * chance)
        assert row.over_chance == pytest.approx(100 * (share - chance) / (1 - chance))


def test_models_may_dance_to_more_songs_than_have_videos():
    more = []
    for k, song in enumerate("bcdef"):
        segments, _ = clicking(2, period=0.4 + 0.03 * k, song=song)
        training = swaying(6, songs=("x", "y"), prefix="t")
        more.append((segments, training))
    extractor = train_extractor(more[0][1].pixels, more[0][1].songs, steps=3)
    segments = [replace(p, dances=[f"generated:{s}" for s in p.songs]) for p, _ in more]
    many = measure(join(segments), extractor)
    real = measure(replace(more[0][1], audio=None), extractor)
    bounds = {"real": measure(clicking(4)[0], extractor)}
    found = extended({"m": [many]}, bounds, real, replicates=20)
    assert (len(found.resampling.songs), len(found.bounded.songs)) == (5, 1)
    assert np.isfinite(found.half_width("m", SONG_HIT, "librosa"))
    assert np.isnan(found.half_width("real", SONG_HIT, "librosa"))
    note = " ".join(song_beats_table(found).notes)
    assert "bootstrap of 5 songs" in note
    assert "are of 1 of them, with videos" in note
