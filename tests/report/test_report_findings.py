"""The five sentences are computed from the tables, with their intervals or why there is none."""

import re

import pytest
from report_study import PAIR, UNTOLD, as_csv, summary

from choreo.report.findings import NO_SONG, best_model, findings


def qualities(videos):
    return [
        {"estimator": estimator, "video": f"v{i}", "frames": 100, "incorrect": wrong + i % 2}
        for estimator, wrong in (("worse", 5), ("better", 1))
        for i in range(videos)
    ]


def test_five_sentences_with_intervals_where_there_are_songs_enough():
    said = findings(as_csv(summary(songs=8, seeds=3)), as_csv([PAIR, UNTOLD]), qualities(8))
    assert len(said) == 5
    assert "better are incorrect in 1.50% of the frames, 4.00 points less than by worse" in said[0]
    assert "95% interval 4.00 to 4.00" in said[0]
    assert "GRU are nearest to real training dances: FID 44.4 ± 600.0" in said[1]
    assert "held-out real dances have 21.0 ± 600.0" in said[1]
    assert "its hit rate over chance is 12.0% ± 7.0" in said[2]
    assert "its phase locking is 71.0% ± 9.0, where 50 does not listen" in said[2]
    assert "(real dances: 93.0% ± 9.0)" in said[2]
    assert said[2].endswith(": it follows the beat.")
    assert "6.0 ± 3.0 points of its phase locking" in said[3]
    assert "1.5% ± 0.4 of its movement" in said[3]
    assert "Of 2 comparisons between 2 models, 1 can be told" in said[4]
    assert "11.100 ± 4.200" in said[4]


def test_intervals_of_a_handful_are_no_numbers():
    said = findings(as_csv(summary(songs=2)), as_csv([UNTOLD]), qualities(2))
    assert len(said) == 5
    for sentence in said:
        assert "±" not in sentence
        assert "600" not in sentence
        assert not re.search(r"\([^)]*\(", sentence), sentence
        assert re.search("too few (songs|videos)|can't be told", sentence), sentence


@pytest.mark.parametrize(
    ("hit", "locking", "end"),
    [
        (11.9, 20.9, "it follows the beat."),
        (12.1, 20.9, "it follows the beat, as real dancers do: its body moves in the tempo "),
        (11.9, 21.1, "it stops on beats, and its body is not shown to move in the tempo."),
        (12.1, 21.1, "it is not shown to follow the beat."),
        (11.9, None, "it follows the beat."),
        (12.1, None, "it is not shown to follow the beat."),
        (None, 20.9, "it follows the beat."),
    ],
)
def test_the_beat_is_followed_where_the_intervals_are_above_chance(hit, locking, end):
    rows = summary(songs=8)
    for column, half in (("hit", hit), ("locking", locking)):
        rows[2][f"{column}_interval"] = half
        if half is None:
            rows[2][column] = float("nan")
    said = findings(as_csv(rows), [], qualities(8))[2]
    assert f": {end}" in said
    assert "nan" not in said


def test_equal_estimators_are_not_called_different():
    same = [q | {"incorrect": 3} for q in qualities(8)]
    assert "and so are those by better, in every video." in findings([], [], same)[0]


def test_without_a_test_song_it_says_so():
    assert findings([], [], [])[1:] == [NO_SONG]
    assert best_model([]) is None


def test_the_best_model_is_of_the_lowest_distance_and_no_bound():
    rows = as_csv(summary())
    assert best_model(rows)["system"] == "gru"
    rows[2]["fid"] = ""
    assert best_model(rows)["system"] == "lstm"
