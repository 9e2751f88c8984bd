from dataclasses import replace

import numpy as np
import pytest
from evaluation_dances import swaying

from choreo.config.reserved import BOUNDS, RESERVED
from choreo.errors import ItemError
from choreo.evaluation import bounds
from choreo.evaluation.beat_scores import beat_rates
from choreo.evaluation.extractor import train_extractor
from choreo.evaluation.measurements import (
    Measurements,
    listen,
    load_systems,
    measure,
    save_systems,
)
from choreo.evaluation.metrics import METRICS, worths
from choreo.evaluation.music_spectra import music_spectra
from choreo.evaluation.table2 import LABELS
from choreo.evaluation.table2x import (
    BEATS,
    DISTANCES,
    INVENTION,
    LISTENING,
    MOTION,
    SONG_HIT,
    TABLES,
    Extended,
    RealSet,
    Score,
    beats_table,
    distances_table,
    extended,
    frechet_score,
    listening_table,
    motion_table,
    pairs_table,
    sentence,
    summary_table,
)
from choreo.statistics.inference import Resampling

SONGS = ("c", "d", "e", "f", "g", "h")


def held_out(**options):
    """Six songs of their own tempo, three segments each."""
    from choreo.evaluation.segments import join

    return join(
        swaying(3, seed=9 + i, songs=(song,), prefix="w", period=period, **options)
        for i, (song, period) in enumerate(zip(SONGS, (0.4, 0.45, 0.5, 0.55, 0.6, 0.8)))
    )


TRAIN = swaying(48, seed=1)
TEST = held_out()


@pytest.fixture(scope="module")
def extractor():
    return train_extractor(TRAIN.pixels, TRAIN.songs, steps=80)


@pytest.fixture(scope="module")
def real(extractor):
    return measure(replace(TRAIN, audio=None), extractor)


@pytest.fixture(scope="module")
def bounding(extractor):
    return bounds.measure_bounds(
        TEST, TRAIN, extractor, training_music=music_spectra(TRAIN.audio), seed=2
    )


def model(extractor, *, jitter, delay, seed):
    """Real dances made worse: trembling, and late by some frames."""
    rng = np.random.default_rng(seed)
    pixels = np.roll(TEST.pixels, delay, axis=1) + rng.normal(0, jitter, TEST.pixels.shape)
    names = [f"generated:{song}" for song in TEST.songs]
    return measure(replace(TEST, pixels=pixels, dances=names), extractor, training=TRAIN)


@pytest.fixture(scope="module")
def found(extractor, real, bounding):
    models = {
        "original": [model(extractor, jitter=6, delay=2, seed=s) for s in (1, 2, 3)],
        "gru": [model(extractor, jitter=0.1, delay=0, seed=s) for s in (1, 2, 3)],
    }
    return extended(models, bounding, real, replicates=100)


@pytest.fixture(scope="module")
def fewer(extractor, real, bounding):
    """The same of five songs, which are too few."""

    def without_one(measured):
        return measured.take(np.flatnonzero(measured.songs != SONGS[-1]))

    models = {
        name: [without_one(model(extractor, jitter=1, delay=delay, seed=1))]
        for name, delay in (("original", 2), ("gru", 0))
    }
    bounds_of = {name: without_one(measured) for name, measured in bounding.items()}
    return extended(models, bounds_of, real, replicates=50)


@pytest.mark.parametrize("part", TABLES)
def test_intervals_of_too_few_songs_are_numbers_in_the_csv_alone(found, fewer, part):
    table, few = TABLES[part](found), TABLES[part](fewer)
    assert "too few songs" not in str(table.cells())
    assert "±" not in str(few.cells())
    shown = [place for place, heading in enumerate(few.headers.values()) if heading == "±"]
    instead = {row[place] for row in few.cells() for place in shown}
    assert instead <= {"too few songs", "–"}
    assert "too few songs" in str(few.cells())
    numbers = few.frame.filter(regex="interval$|half_width$")
    assert numbers.notna().any(axis=None)
    assert not numbers.map(lambda value: isinstance(value, str)).any(axis=None)


def test_all_bounding_rows_are_there(bounding):
    assert list(bounding) == ["real", *BOUNDS]
    assert len({len(m) for m in bounding.values()}) == 1


def test_real_is_best_and_noise_worst(found):
    for features in ("learned", "kinetic", "geometric"):
        value = {s: found.scores[s, "frechet", features].value for s in found.systems}
        assert value["noise"] == max(value.values())
        assert value["real"] < min(value["frozen"], value["mean_pose"], value["noise"])
    for quantity in ("beat_hit_rate", "f_measure", "motion_to_music"):
        over = {s: found.scores[s, quantity, ""].corrected for s in found.systems}
        assert over["real"] > 0.5
        for bound in ("other_music", "shifted", "noise"):
            assert over[bound] < over["real"] - 0.3


def test_bounding_rows_are_what_they_say(found, bounding):
    real = bounding["real"]
    for name in ("other_music", "shifted"):
        np.testing.assert_array_equal(bounding[name].features["learned"], real.features["learned"])
        np.testing.assert_array_equal(bounding[name].beats.motion, real.beats.motion)
    assert (bounding["frozen"].values["freeze"] == 1).all()
    assert (bounding["mean_pose"].beats.motion == 0).all()
    assert np.ptp(bounding["mean_pose"].features["learned"], axis=0).max() < 1e-4
    assert found.scores["retrieval", "nearest", "learned"].value == pytest.approx(0, abs=1e-5)
    assert found.scores["real", "nearest", "learned"].value > 0.1


def test_bounds_by_the_released_rules(extractor, real):
    """A frozen dance stops the released code; here it is counted, and the tables are made."""
    rows = bounds.measure_bounds(TEST.take(slice(0, 6)), TRAIN, extractor, method="released")
    assert {m.meta["method"] for m in rows.values()} == {"released"}
    assert rows["frozen"].meta["crashes"] == 6
    found = extended({}, rows, real, replicates=20)
    assert np.isnan(found.scores["frozen", "beat_hit_rate", ""].value)
    assert len(beats_table(found).cells()) == len(rows)


def test_own_songs_beats_are_missed_and_copies_are_found(found):
    score = {s: {q: found.scores.get((s, q, "")) for q in LISTENING} for s in found.systems}
    for drop in ("hit_drop_other", "hit_drop_shifted"):
        assert score["real"][drop].value > 0.2
        assert abs(score["noise"][drop].value) < score["real"][drop].value / 2
    # Half a beat later the other way round: what was missed is hit.
    assert score["shifted"]["hit_drop_shifted"].value < 0
    copied = {s: found.scores[s, "copied_share", ""].value for s in found.systems}
    assert copied["retrieval"] == 100
    assert copied["noise"] == 0
    assert copied["real"] < 100
    table = listening_table(found)
    assert len(table.cells()) == len(found.systems)
    assert {*LISTENING, *INVENTION} <= set(table.frame.columns)
    near = table.frame.set_index("system")["nearest"]
    assert near["retrieval"] == pytest.approx(0, abs=1e-3)
    assert 0.1 < near["real"] < near["noise"]


def test_the_summary_has_eight_columns_with_chance_and_worth(found):
    table = summary_table(found)
    cells = {row[0]: row[1:] for row in table.cells()}
    assert {len(row) for row in cells.values()} == {8}
    assert " ± " in cells["GRU"][0]
    assert cells["Chance level"] == ["as real", "0", "50", "0", *["as real"] * 4]
    worth = worths()
    assert worth["phase_locking"].low > 0.85 > 0.7 > worth["beat_hit_rate"].high
    assert cells["Worth on real dancers (%)"][2] == "93 (89 to 96)"
    assert worths("made")["beat_hit_rate"].low > 0.85
    assert worth["locking_drop_other"].low > 0.85 > 0.65 > worth["hit_drop_other"].high
    assert cells["Worth on real dancers (%)"][3] == "90 (86 to 93)"
    # FID, copied, energy, jerk and frozen tell spoiled dances.
    assert cells["Worth on real dancers (%)"][0] == "76 (74 to 79)"
    assert cells["Worth on made dancers (%)"][4] == "63 (58 to 68)"
    spoiled = ("frechet", "copied_share", "energy", "jerk", "freeze")
    assert min(worth[name].low for name in spoiled) > 0.65
    assert set(worths("made")) <= set(worth) <= set(METRICS)
    told = "It tells professional dancers' own music from other tempi in 93% of cases"
    assert told in " ".join(beats_table(found).notes)
    numbers = table.frame[table.frame.kind != "note"].set_index("system")
    assert numbers.loc["gru", "fid"] == found.scores["gru", "frechet", "learned"].value
    assert numbers.loc["gru", "hit"] == pytest.approx(
        100 * found.scores["gru", SONG_HIT, "librosa"].corrected
    )


def test_shifting_the_music_by_a_whole_beat_changes_little():
    music_beats = listen(TEST.audio)
    moved, beats = bounds.move_beats(TEST, music_beats, 1.0)
    again = listen(moved.audio)
    for ours, theirs in zip(beats.tracked, again.tracked):
        inner = ours[(ours > 1) & (ours < 4)]
        assert np.abs(inner[:, None] - theirs).min(1).max() < 0.05


def test_one_song_has_no_other_music(extractor, real):
    one = swaying(6, seed=3, songs=("z",))
    rows = bounds.measure_bounds(one, TRAIN, extractor)
    assert "other_music" not in rows
    assert "retrieval" not in rows
    found = extended({"gru": [rows["real"]], "lstm": [rows["noise"]]}, rows, real, replicates=20)
    pairs = pairs_table(found)
    assert set(pairs.frame.verdict) == {"cannot be told"}
    assert pairs.frame.sentence.str.contains("cannot be told from 1 song").all()
    assert any("one song gives no interval" in note for note in beats_table(found).notes)


def test_tables(found):
    systems = len(found.systems)
    distances, beats, motion = (t(found) for t in (distances_table, beats_table, motion_table))
    assert len(distances.cells()) == 3 * systems
    assert len(beats.cells()) == len(motion.cells()) == systems
    assert [row[0] for row in beats.cells()][:3] == ["Real dances", "Original", "GRU"]
    for table, quantities in ((distances, DISTANCES), (beats, BEATS), (motion, MOTION)):
        assert set(quantities) <= set(table.frame.columns)
        assert table.markdown()
        assert table.latex()
    assert any("rder (held-out real dances best, noise worst)" in n for n in distances.notes)


def test_distances_have_intervals(found):
    frame = distances_table(found).frame.set_index(["system", "features"])
    columns = {c for c in frame if c.endswith("_interval")}
    assert columns == {f"{quantity}_interval" for quantity in DISTANCES} - {
        "frechet_at_infinity_interval"
    }
    assert np.isfinite(frame.loc[("gru", "learned"), sorted(columns)]).all()
    # Trainings that differ make it wider.
    key = ("gru", "kid", "learned")
    apart = replace(found.scores[key], seeds=np.array([0.0, 5.0, 10.0]))
    wide = distances_table(replace(found, scores=found.scores | {key: apart})).frame
    wide = wide.set_index(["system", "features"]).loc["gru", "learned"]
    # Student's t of five degrees of freedom at 0.975: 2.5706.
    assert wide.kid_interval >= 2.5706 * 5 / np.sqrt(3)
    assert wide.recall_interval == frame.loc["gru", "learned"].recall_interval


def test_a_wrong_order_is_told(found):
    scores = found.scores | {("noise", "kid", "learned"): Score(-1.0)}
    notes = distances_table(replace(found, scores=scores)).notes
    wrong = [note for note in notes if note.startswith("Not in order")]
    assert len(wrong) == 1
    assert "KID, learned" in wrong[0]
    assert "FID, learned" not in wrong[0]
    # A tie is no wrong order: nothing is worse than a precision of 0.
    tied = {
        (name, "precision", "learned"): Score(1.0 if name == "real" else 0.0)
        for name in found.systems
    }
    notes = distances_table(replace(found, scores=found.scores | tied)).notes
    assert any(n.startswith("In order") and "Precision, learned" in n for n in notes)


def test_few_songs_decide_nothing(found):
    few = replace(found, resampling=Resampling.of(list("cdefg")))
    names = [("original", "frechet", "learned"), ("gru", "frechet", "learned")]
    sure = {
        key: Score(float(n), replicates=np.full(300, float(n) + 0.01 * np.arange(300) / 300))
        for n, key in enumerate(names)
    }
    row = pairs_table(replace(few, scores=found.scores | sure)).frame.iloc[0]
    assert row.p_holm < 0.05
    told = "Original or GRU in FID: cannot be told from 5 songs and 3 trainings."
    assert row.sentence == told


def test_one_training_decides_nothing(found):
    """Two models of one distribution, whose trainings differ by luck in the dances' spread."""
    rng = np.random.default_rng(0)
    reference, songs = RealSet(rng.normal(size=(200, 4))), np.repeat(list("cdefghij"), 6)
    resampling = Resampling.of(songs, replicates=60)

    def score(seeds):
        spread = np.exp(rng.normal(0, 0.4, seeds))
        return frechet_score(
            [(s * rng.normal(size=(48, 4)), songs) for s in spread], reference, resampling
        )

    def told(seeds, times):
        by_songs = verdicts = 0
        for _ in range(times):
            scores = found.scores | {
                (name, "frechet", "learned"): score(seeds) for name in ("original", "gru")
            }
            systems = {name: own | {"seeds": seeds} for name, own in found.systems.items()}
            row = pairs_table(Extended(scores, systems, resampling, resampling)).frame.iloc[0]
            assert row.seeds == seeds
            by_songs += row.p < 0.05
            verdicts += row.verdict != "cannot be told"
        return by_songs / times, verdicts / times

    # The songs alone would often call luck a difference.
    by_songs, verdicts = told(1, 20)
    assert by_songs > 0.3
    assert verdicts == 0
    assert told(3, 10)[1] <= 0.1


def test_trainings_are_in_the_sentence(found):
    systems = {name: own | {"seeds": 2} for name, own in found.systems.items()}
    frame = pairs_table(replace(found, systems=systems)).frame
    assert set(frame.verdict) == {"cannot be told"}
    assert frame.sentence.str.endswith("cannot be told from 6 songs and 2 trainings.").all()


def test_chance_correction(found, bounding):
    rates = beat_rates(bounding["real"].beats, "pooled")
    score = found.scores["real", "beat_hit_rate", ""]
    assert score.value == pytest.approx(rates["beat_hit_rate"])
    assert score.chance == pytest.approx(rates["chance_hit_rate"])
    expected = (score.value - score.chance) / (1 - score.chance)
    assert score.corrected == pytest.approx(expected)
    assert np.isnan(found.scores["frozen", "beat_hit_rate", ""].value)
    assert found.scores["frozen", "f_measure", ""].corrected == 0


def test_pairs(found):
    frame = pairs_table(found).frame
    rows = frame.set_index("quantity")
    assert (frame.a + frame.b == "originalgru").all()
    assert rows.loc["frechet", "difference"] > 0
    assert rows.loc["f_measure", "difference"] < 0
    assert rows.loc["f_measure", "verdict"] == "worse"
    assert (frame.p_holm >= frame.p).all()


def test_sentences():
    row = {"text": "FID", "verdict": "better", "seeds": 3}
    said = "GRU is better than LSTM in FID (7 songs and 3 trainings each)."
    assert sentence(row, "GRU", "LSTM", 7) == said
    row |= {"verdict": "cannot be told", "seeds": 1}
    said = "GRU or LSTM in FID: cannot be told from 7 songs and 1 training."
    assert sentence(row, "GRU", "LSTM", 7) == said


@pytest.mark.soak
def test_two_runs_agree(found, extractor, real, bounding):
    again = extended(
        {
            "original": [model(extractor, jitter=6, delay=2, seed=s) for s in (1, 2, 3)],
            "gru": [model(extractor, jitter=0.1, delay=0, seed=s) for s in (1, 2, 3)],
        },
        bounding,
        real,
        replicates=100,
    )
    for table in (distances_table, beats_table, motion_table, pairs_table):
        assert table(found).frame.to_csv() == table(again).frame.to_csv()


def test_systems_in_one_file(bounding, tmp_path):
    save_systems(bounding, tmp_path / "bounds.npz")
    loaded = load_systems(tmp_path / "bounds.npz")
    assert list(loaded) == list(bounding)
    for name, measured in bounding.items():
        np.testing.assert_array_equal(loaded[name].values["jerk"], measured.values["jerk"])
    with pytest.raises(ItemError, match="holds several systems"):
        Measurements.load(tmp_path / "bounds.npz")


def test_names_of_other_rows_are_refused(real, bounding):
    assert {"real": LABELS["real"]} | BOUNDS == RESERVED
    for name in ("real", "frozen"):
        with pytest.raises(ItemError, match=f"name of another row.*'{name}'.*something else"):
            extended({name: [bounding["noise"]]}, bounding, real)


def test_missing_rows(real, bounding):
    with pytest.raises(ItemError, match="held-out real dances are missing"):
        extended({}, {"noise": bounding["noise"]}, real)


def test_music_spectra_find_the_same_music():
    features = music_spectra(TEST.audio)
    assert features.shape == (len(TEST), 60)
    assert np.isfinite(music_spectra(np.zeros((1, 80_000), np.int16))).all()
    louder = music_spectra((TEST.audio // 2).astype(np.int16))
    gaps = np.linalg.norm(features[:, None] - louder[None], axis=-1)
    # Segments of one song sound alike here; the song is what must be found.
    assert (TEST.songs[gaps.argmin(1)] == TEST.songs).all()
