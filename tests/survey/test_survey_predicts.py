"""Which metric predicted the dancers: on scores and votes that are known, and on dances."""

import numpy as np
import pandas as pd
import pytest
from made_surveys import make
from scipy.stats import binomtest

from choreo.evaluation.measurements import measure
from choreo.evaluation.metrics import METRICS
from choreo.evaluation.segments import Segments, join
from choreo.figures import save
from choreo.survey.answers import read_answers
from choreo.survey.predicts import dance_scores, predictions, predictions_figure, predictions_table
from choreo.survey.simulated_answers import simulate, write_simulated

SONGS = ["a", "b", "c", "d", "e", "f", "g", "h"]


def liked(shares, count=10):
    """Votes of which a share went to `y`, by song."""
    rows = [
        (f"n{n}", song, "like", "x", "y", "y" if n < share * count else "x")
        for song, share in shares.items()
        for n in range(count)
    ]
    return pd.DataFrame(rows, columns=["participant", "song", "question", "a", "b", "chosen"])


def scored(**metrics):
    """Scores of `x` at 0, and of `y` as given for each song."""
    return {
        (model, song, name): value if model == "y" else 0.0
        for name, values in metrics.items()
        for song, value in zip(SONGS, values)
        for model in ("x", "y")
    }


def test_agreement_is_counted_by_what_is_better_in_each_metric():
    shares = dict(zip(SONGS, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]))
    right = [1, 1, 1, 1, 1, -1, -1, -1]
    # More of a hit rate is better, less of a Frechet distance.
    found = predictions(
        scored(beat_hit_rate=right, frechet=right, jerk=[0] * 8, kid=[np.nan] * 8),
        liked(shares),
        seed=1,
    ).set_index("metric")
    hits, distance = found.loc["beat_hit_rate"], found.loc["frechet"]
    assert (hits.right, hits.pairs, distance.right) == (7, 7, 0)
    assert hits.agreed == 100
    assert hits.votes == pytest.approx(100 * (0.9 + 0.8 + 0.7 + 0.6 + 0.5 + 0.6 + 0.7 + 0.8) / 8)
    assert hits.votes == pytest.approx(hits.most)
    assert distance.votes == pytest.approx(100 - hits.votes)
    exact = binomtest(7, 7).proportion_ci()
    assert (hits.low, hits.high) == (pytest.approx(100 * exact.low), 100)
    assert hits.p == pytest.approx(2 / 2**7)
    assert hits.holm == pytest.approx(4 / 2**7)  # of two metrics
    # Neither one that tells nothing apart nor one without a value has a row.
    assert set(found.index) == {"beat_hit_rate", "frechet"}


def test_the_interval_is_that_of_songs_drawn_anew():
    shares = dict(zip(SONGS, [1, 0] * 4))
    found = predictions(scored(beat_hit_rate=[1] * 8), liked(shares), seed=1).iloc[0]
    assert found.votes == 50
    # Student's t of 7 degrees of freedom times the deviation of songs by sqrt(8).
    expected = 2.365 * 100 * np.std([1, 0] * 4, ddof=1) / np.sqrt(8)
    assert found.interval == pytest.approx(expected, rel=0.08)


def test_a_metric_that_is_people_s_own_taste_comes_out_first(tmp_path):
    key = make(songs=SONGS, catches=[])
    taste = {song: {"original": 1, "gru": 6 if n % 2 else 1 / 6} for n, song in enumerate(SONGS)}
    write_simulated(simulate(key, {}, 22, songs=taste), tmp_path)
    read = read_answers(tmp_path, key)
    rng = np.random.default_rng(2)
    scores = {
        (model, song, name): float(rng.normal())
        for model in key.models
        for song in SONGS
        for name in ("energy", "jerk", "recall", "density")
    } | {
        (model, song, "phase_locking"): taste[song][model] for model in key.models for song in SONGS
    }
    found = predictions(scores, read.votes, seed=1)
    assert found.metric[0] == "phase_locking"
    assert found.agreed[0] == 100
    assert found.votes[0] > 75
    table = predictions_table(scores, read, seed=1)
    assert "SIMULATED" in table.caption
    assert set(table.frame.group) == {"all", "attentive"}
    assert not any("decide nothing" in note for note in table.notes)
    figure = predictions_figure(scores, read, seed=1)
    assert "SIMULATED" in figure.get_suptitle()
    save(figure, tmp_path / "metrics")


def test_few_songs_are_said_to_decide_nothing(tmp_path):
    key = make(songs=["a", "b"], catches=[])
    write_simulated(simulate(key, {"original": 1, "gru": 2}, 4), tmp_path)
    read = read_answers(tmp_path, key)
    scores = {(m, s, "jerk"): float(m == "gru") for m in key.models for s in "ab"}
    assert "decide nothing" in predictions_table(scores, read, seed=1).notes[1]
    assert predictions_table({}, read, seed=1).markdown()


class Looks:
    """In the place of a trained extractor: a few joints are its features."""

    songs = videos = ()

    def features(self, pixels):
        return pixels[:, ::10, :3].reshape(len(pixels), -1)


def danced(song, size, *, seed=0, count=3):
    """Segments in which all joints sway twice a second to clicks."""
    rng = np.random.default_rng([seed, *song.encode()])
    time = np.arange(50) / 10
    sway = np.cos(2 * np.pi * time)[:, None, None] * rng.uniform(0.5, 1, (count, 1, 18, 2))
    slow = np.sin(rng.uniform(0.5, 1, (count, 1, 18, 2)) * time[:, None, None])
    base = np.random.default_rng(1).uniform(100, 200, (18, 2))
    audio = np.zeros((count, 80_000), np.int16)
    burst = rng.normal(0, 6000, 800)
    for at in range(8000, 79_000, 8000):
        audio[:, at : at + 800] = burst
    return Segments(
        base + size * (sway + 0.3 * slow),
        [song] * count,
        [f"{seed}{song}"] * count,
        np.arange(count) * 5.0,
        audio,
        10,
        (320, 320),
    )


def test_each_dance_has_its_own_value_of_every_metric_that_one_dance_can_have():
    real = measure(danced("r", 20, seed=9, count=12), Looks())
    measured = measure(join([danced("a", 20), danced("b", 60)]), Looks())
    found = dance_scores(measured, real)
    assert set(found) == {(song, name) for song in "ab" for name in METRICS}
    assert found["a", "frechet"] < found["b", "frechet"]
    assert found["a", "energy"] < found["b", "energy"]
    values = {name for name in METRICS if np.isfinite(found["a", name])}
    assert {"beat_coverage", "beat_hit_rate", "f_measure", "jerk", "kid", "nearest"} <= values
