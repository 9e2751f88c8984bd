"""Shares, exact tests, strengths and agreement, against closed forms, scipy and known examples."""

import json

import numpy as np
import pytest
from made_surveys import make
from scipy.stats import binomtest

from choreo.cli import main
from choreo.figures import save
from choreo.survey.answers import participants_table, read_answers
from choreo.survey.figure6 import PUBLISHED, figure6, fills
from choreo.survey.power import exact_p, power
from choreo.survey.preference import (
    agreement_table,
    dances_table,
    exact,
    krippendorff,
    preferences,
    preferences_table,
    sign_test,
    strengths,
    strengths_table,
)
from choreo.survey.simulated_answers import simulate, write_simulated


def made(folder, key, count, seed=1, careless=0, **own):
    write_simulated(simulate(key, own, count, seed=seed, careless=careless), folder)
    return read_answers(folder, key)


def test_exact_tests_are_scipy_s():
    for chosen, of in ((0, 6), (5, 6), (80, 132), (66, 132), (131, 132)):
        expected = binomtest(chosen, of).pvalue
        assert exact(chosen, of) == expected
        assert exact_p(chosen, of) == pytest.approx(expected, rel=1e-9)
    assert np.isnan(exact(0, 0))
    # Of six participants one ties: five of five.
    assert sign_test([[4, 2]] * 5 + [[3, 3]]) == pytest.approx(2 / 2**5)


def test_two_models_strengths_are_their_shares():
    won = np.array([[0, 81], [51, 0]])
    np.testing.assert_allclose(strengths(won), [81 / 132, 51 / 132], rtol=1e-6)
    np.testing.assert_allclose(strengths([[0, 5], [0, 0]]), [1, 0], atol=1e-6)


def test_strengths_of_expected_wins_are_those_they_were_made_of():
    true = np.array([0.5, 0.3, 0.2])
    won = 1000 * true[:, None] / (true[:, None] + true)
    np.fill_diagonal(won, 0)
    np.testing.assert_allclose(strengths(won), true, rtol=1e-6)
    # Several at once, as the bootstrap has them.
    np.testing.assert_allclose(strengths(np.stack([won, won.T])), [true, strengths(won.T)], 1e-5)


def test_strengths_are_nan_for_who_was_never_compared():
    won = np.zeros((3, 3))
    won[0, 1] = won[1, 0] = 4
    assert np.isnan(strengths(won)[2])


def test_alpha_is_krippendorff_s_of_his_own_examples():
    """Computing Krippendorff's alpha-reliability (2011): two observers, and four with gaps."""
    one, other = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    counts = np.stack([np.bincount(pair, minlength=2) for pair in zip(one, other)])
    assert krippendorff(counts) == pytest.approx(0.095, abs=5e-4)
    rows = (
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    )
    units = zip(*(row.split() for row in rows))
    counts = [[unit.count(str(v)) for v in range(1, 6)] for unit in units]
    assert krippendorff(counts) == pytest.approx(0.743, abs=5e-4)


def test_alpha_of_agreement_is_1_and_of_one_answer_undefined():
    assert krippendorff([[4, 0], [0, 4]]) == 1
    assert np.isnan(krippendorff([[4, 0], [4, 0]]))
    assert np.isnan(krippendorff([[1, 0], [0, 1]]))


def test_known_preferences_are_found_and_none_is_not(tmp_path):
    key = make()
    found = preferences(made(tmp_path / "a", key, 22, original=1, gru=4), key, seed=1)
    of_all = found[found.group == "all"]
    assert (abs(of_all.share - 80) < 12).all()
    assert (of_all.holm_votes < 0.01).all()
    assert (of_all.holm_participants < 0.01).all()
    assert (of_all.votes == 22 * 6).all()
    none = preferences(made(tmp_path / "b", key, 22, original=1, gru=1), key, seed=1)
    assert (none.holm_participants > 0.05).all()
    # A vote's own deviation at most, which participants who are alike do not widen.
    half = none[none.group == "all"].by_participant
    assert (abs(half - 196 * np.sqrt(0.25 / 132)) < 4).all()


def test_the_same_seed_gives_the_same_numbers(tmp_path):
    key = make()
    read = made(tmp_path, key, 8, original=1, gru=2)
    assert preferences(read, key, seed=4).equals(preferences(read, key, seed=4))


def test_who_failed_catch_trials_is_shown_with_and_without(tmp_path):
    key = make()
    read = made(tmp_path, key, 20, careless=10, original=1, gru=9)
    found = preferences(read, key, seed=1).set_index(["group", "question"])
    left = len(read.attentive())
    assert 10 <= left < 20
    assert (found.loc["all"].participants == 20).all()
    assert (found.loc["attentive"].participants == left).all()
    assert found.loc["attentive"].share.mean() > found.loc["all"].share.mean()
    assert f"{20 - left} of 20 failed" in participants_table(read).markdown()


def test_every_table_says_that_participants_are_simulated(tmp_path):
    key = make(models=["a", "b", "c"], songs=["x", "y"], catches=["x"])
    read = made(tmp_path, key, 6, a=1, b=2, c=4)
    tables = [
        preferences_table(preferences(read, key, seed=1), read),
        dances_table(read),
        strengths_table(read, key, seed=1),
        agreement_table(read, key, seed=1),
        participants_table(read),
    ]
    for table in tables:
        assert "SIMULATED" in table.caption
        assert len(table.frame)
    order = tables[2].frame.query("group == 'all' and question == 'like'").strength.tolist()
    assert order == sorted(order)
    assert sum(order) == pytest.approx(100)


def test_a_survey_that_nobody_answered_gives_empty_tables(tmp_path):
    key = make()
    tmp_path.joinpath("in").mkdir()
    read = read_answers(tmp_path / "in", key)
    found = preferences(read, key, seed=1)
    assert (found.votes == 0).all()
    assert found.holm_votes.isna().all()
    for table in (
        preferences_table(found, read),
        dances_table(read),
        strengths_table(read, key, seed=1),
        agreement_table(read, key, seed=1),
    ):
        assert table.markdown()
    save(figure6(read, key), tmp_path / "empty")


def test_figure_6_has_bars_of_the_counts_and_the_published_pie(tmp_path):
    key = make(songs=["a", "b"])
    read = made(tmp_path, key, 10, original=1, gru=3)
    figure = figure6(read, key, study="tiny")
    titles = [axis.get_title() for axis in figure.axes]
    assert titles.count("a") == titles.count("b") == titles.count("all songs") == 1
    assert "published" in titles
    assert "SIMULATED" in figure.get_suptitle()
    bars = next(axis for axis in figure.axes if axis.get_title() == "a")
    votes = read.votes[(read.votes.song == "a") & (read.votes.question == "beats")]
    share = 100 * (votes.chosen == "gru").mean()
    assert share in [pytest.approx(bar.get_width()) for bar in bars.patches]
    assert PUBLISHED["gru"] == 61
    assert len(set(fills(["original", "gru", "x", "y", "z"]).values())) == 5
    save(figure, tmp_path / "figure6")
    assert (tmp_path / "figure6.pdf").stat().st_size > 1000


def test_power_without_spread_is_the_binomial_s():
    found = power(20, 6, 0.65, dancer_spread=0, song_spread=0, surveys=3000, seed=2)
    chosen = np.arange(121)
    from scipy.stats import binom

    exact_power = binom.pmf(chosen, 120, 0.65)[exact_p(chosen, 120) < 0.05].sum()
    assert found.votes == pytest.approx(exact_power, abs=0.02)


def test_only_both_sign_tests_together_hold_where_people_and_songs_differ():
    none = power(22, 6, 0.5, surveys=1000, seed=3)
    assert none.votes > 0.15
    assert none.both <= min(none.participants, none.songs) <= 0.05
    many = power(22, 40, 0.5, surveys=400, seed=3)
    assert many.songs > 0.08
    assert many.both < 0.08
    assert power(60, 40, 0.7, surveys=200, seed=3).both > power(22, 8, 0.7, surveys=200).both


def test_the_verb_says_power_and_how_often_each_test_is_wrong(capsys):
    words = ["study", "power", "--dancers", "22", "--songs", "6", "--effect", "0.61"]
    assert main([*words, "--surveys", "200", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["power"]["votes"] > said["wrong"]["votes"]
    assert set(said["power"]) == {"votes", "participants", "songs", "both"}
    with pytest.raises(SystemExit):
        main([*words[:-1], "0.3"])
    assert "a share of at least 0.5" in capsys.readouterr().err
