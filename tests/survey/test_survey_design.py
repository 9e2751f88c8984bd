"""The design: balanced over participants, and silent on what is whose."""

import json
from collections import Counter
from itertools import pairwise

import pytest
from made_surveys import make

from choreo.errors import ItemError
from choreo.survey.design import Key, latin_square, make_key, schedule, shown


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 11])
def test_each_thing_is_everywhere_and_after_each_other_equally_often(count):
    square = latin_square(count)
    times = len(square) // count
    for place in square.T:
        assert Counter(place.tolist()) == dict.fromkeys(range(count), times)
    after = Counter((a, b) for row in square.tolist() for a, b in pairwise(row))
    assert len(after) == count * (count - 1)
    assert len(set(after.values())) <= 1


@pytest.mark.parametrize("songs", [["a", "b", "c"], ["a", "b", "c", "d"]])
def test_sides_are_balanced_over_participants_and_within_each(songs):
    key = make(songs=songs, catches=["a"])
    rows = schedule(key)
    for one, other in zip(rows[::2], rows[1::2]):
        assert [name for name, _ in one] == [name for name, _ in other]
        assert [turned for _, turned in one] == [not turned for _, turned in other]
    for row in rows:
        assert sorted(name for name, _ in row) == sorted(pair.id for pair in key.pairs)
        assert abs(sum(turned for _, turned in row) - len(row) / 2) <= 0.5
    turned = Counter(name for row in rows for name, turn in row if turn)
    assert set(turned.values()) == {len(rows) // 2}


def test_the_same_seed_gives_the_same_design_and_another_another():
    assert make() == make()
    assert schedule(make()) == schedule(make())
    assert make().survey != make(seed=4).survey
    assert schedule(make())[0] != schedule(make(seed=4))[0]


def test_three_models_are_each_compared_with_each_other_to_each_song():
    key = make(models=["x", "y", "z"], songs=["a", "b"], catches=[])
    assert [pair.models for pair in key.pairs] == [("x", "y"), ("x", "z"), ("y", "z")] * 2
    assert key.model_pairs == [("x", "y"), ("x", "z"), ("y", "z")]


def test_what_the_page_is_told_names_no_model_song_or_catch_trial():
    design = json.dumps(shown(make(songs=["waltz", "tango"], catches=["waltz", "tango"])))
    for word in ("original", "gru", "waltz", "tango", "real", "frozen", "noise", "tiny"):
        assert word not in design


def test_a_survey_of_one_model_or_no_song_is_refused():
    with pytest.raises(ItemError, match=r"survey\.models"):
        make_key("s", ["gru"], ["a"], [], seed=1)
    with pytest.raises(ItemError, match="songs"):
        make_key("s", ["gru", "lstm"], [], [], seed=1)


def test_a_key_is_read_back_and_another_file_is_refused(tmp_path):
    path = tmp_path / "key.json"
    path.write_text(make().model_dump_json())
    assert Key.load(path) == make()
    path.write_text('{"survey": 3}')
    with pytest.raises(ItemError, match="a survey's key"):
        Key.load(path)
