"""Answer files: what is refused with which reason, and that it changes nothing else."""

import json

import pandas as pd
import pytest
from made_surveys import make

from choreo.errors import ItemError
from choreo.survey.answers import read_answers, refused_table, wins
from choreo.survey.simulated_answers import main, simulate, write_simulated

EVEN = {"original": 1, "gru": 2}


@pytest.fixture(scope="module")
def key():
    return make()


@pytest.fixture
def folder(tmp_path, key):
    write_simulated(simulate(key, EVEN, 4), tmp_path)
    return tmp_path


def one(key, place=9, **changes):
    return simulate(key, EVEN, place + 1)[place] | changes


def in_first(key, **changes):
    found = one(key)
    found["answers"][0] |= changes
    return found


def without(key, name):
    found = one(key)
    del found[name]
    return found


def repeated_pair(key):
    found = one(key)
    found["answers"][1] = found["answers"][0]
    return found


def unfinished(key):
    found = one(key)
    found["answers"] = found["answers"][:3]
    return found


def swapped(key):
    found = one(key)
    first = found["answers"][0]
    first["left"], first["right"] = first["right"], first["left"]
    return found


def chosen(key, **choices):
    found = one(key)
    found["answers"][0]["choices"] |= choices
    return found


SCRIPT = "<script>alert(1)</script>"
HOSTILE = {
    "nothing": (lambda key: b"", "empty file"),
    "no JSON": (lambda key: b"{'a': 1}", "not a participant's answers"),
    "a list": (lambda key: [], "valid dictionary"),
    "a page": (lambda key: b"<html>", "web page"),
    "UTF-16": (lambda key: "{}".encode("utf-16"), "UTF-16"),
    "nested": (lambda key: b"[" * 100_000, "nested too deeply"),
    "10 MB": (lambda key: b" " * (10 << 20) + b"{}", "larger than 1 MiB"),
    "another survey": (lambda key: one(make(seed=8)), "another survey"),
    "a wrong survey": (lambda key: one(key, survey="../../x"), "survey: "),
    "a missing field": (lambda key: without(key, "background"), "background: Field required"),
    "an unknown field": (lambda key: one(key, admin=True), "admin: Extra inputs"),
    "no consent": (lambda key: one(key, consent=False), "consent: "),
    "a script as name": (lambda key: one(key, participant=SCRIPT), "participant: "),
    "a script as language": (lambda key: one(key, language=SCRIPT), "language: "),
    "a script as pair": (lambda key: in_first(key, pair=SCRIPT), r"answers\.0\.pair"),
    "an unknown pair": (lambda key: in_first(key, pair="p999"), "no pair of this survey"),
    "a pair twice": (repeated_pair, "a pair twice"),
    "not finished": (unfinished, "not finished: 5 of 8"),
    "other videos": (lambda key: in_first(key, left="0" * 16), "other videos"),
    "sides exchanged": (swapped, "other videos"),
    "a third side": (lambda key: chosen(key, like="both"), r"choices\.like"),
    "a question left out": (lambda key: chosen(key, like=None), r"choices\.like"),
    "NaN": (lambda key: in_first(key, seconds=float("nan")), "seconds: .*finite"),
    "endless": (lambda key: in_first(key, seconds=float("inf")), "seconds"),
    "before it began": (lambda key: in_first(key, seconds=-1), "seconds"),
    "a text as number": (lambda key: one(key, number="7"), "number: "),
    "a date that is none": (lambda key: one(key, started=SCRIPT), "isoformat"),
    "another number's order": (
        lambda key: {**one(key), "answers": one(key)["answers"][::-1]},
        "another order",
    ),
    "the same participant": (
        lambda key: one(key, participant=one(key, 0)["participant"]),
        "the same participant as in simulated-",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_its_reason_and_changes_nothing_else(folder, key, name):
    before = read_answers(folder, key)
    assert len(before.participants) == 4
    made, reason = HOSTILE[name]
    value = made(key)
    path = folder / "zzz.json"
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    after = read_answers(folder, key)
    pd.testing.assert_frame_equal(after.votes, before.votes)
    pd.testing.assert_frame_equal(after.participants, before.participants)
    assert after.refused.file.tolist() == ["zzz.json"]
    assert pd.Series(after.refused.reason).str.contains(reason).all(), after.refused.reason[0]


def test_names_and_reasons_are_no_markup_in_the_table(folder, key):
    (folder / "<img src=x onerror=alert(1)>\u202e.json").write_text('{"<script>": 1}')
    page = refused_table(read_answers(folder, key)).html()
    assert "<img" not in page
    assert "<script" not in page
    assert "&lt;img" in page
    assert "\u202e" not in page


def test_folders_and_links_to_nowhere_are_refused_and_hidden_files_passed_over(folder, key):
    (folder / "more").mkdir()
    (folder / "lost.json").symlink_to("nowhere.json")
    (folder / ".DS_Store").write_bytes(b"x")
    assert read_answers(folder, key).refused.file.tolist() == ["lost.json", "more"]


def test_made_up_participants_never_count_among_real_ones(folder, key):
    assert read_answers(folder, key).simulated
    (folder / "a.json").write_text(json.dumps(one(key, simulated=False)))
    found = read_answers(folder, key)
    assert not found.simulated
    assert found.participants.file.tolist() == ["a.json"]
    assert found.refused.reason.str.contains("made-up").sum() == 4


def test_who_called_noise_natural_is_caught(tmp_path, key):
    write_simulated(simulate(key, EVEN, 30, careless=12, seed=2), tmp_path)
    found = read_answers(tmp_path, key)
    careless = {a["participant"] for a in simulate(key, EVEN, 12, careless=12, seed=2)}
    caught = set(found.participants.participant) - found.attentive()
    assert caught <= careless
    assert len(caught) >= 6  # each of two catch trials is failed by half of the careless


def test_sides_are_turned_back_into_models(tmp_path, key):
    always = {"original": 0, "gru": 1}
    write_simulated(simulate(key, always, 6), tmp_path)
    votes = read_answers(tmp_path, key).votes
    assert set(votes.chosen) == {"gru"}
    assert set(votes.side) == {"left", "right"}
    assert len(votes) == 6 * 6 * 4
    counted = wins(votes, key.models, sorted(set(votes.participant)))
    assert counted.sum(0).tolist() == [[0, 0], [6 * 6 * 4, 0]]


def test_no_folder_is_said_with_what_to_do(tmp_path, key):
    with pytest.raises(ItemError, match=r"survey\.answers"):
        read_answers(tmp_path / "none", key)


def test_made_up_answers_without_a_survey_are_refused_in_one_line(tmp_path):
    with pytest.raises(SystemExit, match=r"^usage: .* KEY FOLDER$"):
        main(["key.json"])
    with pytest.raises(SystemExit, match=r"^\S*key\.json: no such file[^\n]*$"):
        main([str(tmp_path / "key.json"), str(tmp_path / "answers")])
    (tmp_path / "key.json").write_text("[]")
    with pytest.raises(SystemExit, match="not a survey's key"):
        main([str(tmp_path / "key.json"), str(tmp_path / "answers")])
    assert not (tmp_path / "answers").exists()
