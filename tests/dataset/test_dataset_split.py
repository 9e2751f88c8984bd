import subprocess
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choreo.choices import SPLITS
from choreo.dataset.split import assign_splits, check_no_leak
from choreo.errors import ConfigError


def _row(name, song="", dancer="", source="", split=None, score=None):
    return SimpleNamespace(
        id=name, song=song, dancer=dancer, source=source, split=split, score=score
    )


ROWS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("xyz"), st.sampled_from("12345")),
    min_size=1,
    max_size=20,
).map(lambda cells: [_row(f"v{i}", s, d, source) for i, (s, d, source) in enumerate(cells)])
KEYS = st.lists(st.sampled_from(["song", "video", "dancer"]), min_size=1, max_size=3)


@settings(max_examples=150, deadline=None)
@given(ROWS, KEYS, st.floats(0, 0.5), st.floats(0, 0.4), st.integers(0, 5))
def test_never_a_leak(rows, by, test, validation, seed):
    splits = assign_splits(rows, by=by, test=test, validation=validation, seed=seed)
    assert list(splits) == [row.id for row in rows]
    assert set(splits.values()) <= set(SPLITS)
    assert "train" in splits.values()
    check_no_leak(rows, splits, by=by)
    again = assign_splits(rows[::-1], by=by, test=test, validation=validation, seed=seed)
    assert again == splits


def _songs(count, videos=2):
    return [_row(f"v{s}_{k}", f"song{s}") for s in range(count) for k in range(videos)]


@pytest.mark.parametrize(
    ("songs", "test", "validation", "expected"),
    [
        (1, 0.2, 0.2, (1, 0, 0)),
        (2, 0.2, 0.2, (1, 0, 1)),
        (3, 0.2, 0.2, (1, 1, 1)),
        (4, 0.2, 0.0, (3, 0, 1)),
        (4, 0.0, 0.0, (4, 0, 0)),
        (10, 0.2, 0.1, (7, 1, 2)),
        (10, 0.5, 0.4, (1, 4, 5)),
    ],
)
def test_counts_of_groups(songs, test, validation, expected):
    splits = assign_splits(_songs(songs), test=test, validation=validation)
    found = tuple(sum(v == s for v in splits.values()) // 2 for s in SPLITS)
    assert found == expected


def test_seed_matters_and_two_runs_agree():
    rows = _songs(8)
    found = {seed: assign_splits(rows, seed=seed) for seed in range(8)}
    assert found[3] == assign_splits(rows, seed=3)
    assert len({tuple(splits.values()) for splits in found.values()}) > 1


def test_a_new_video_of_a_known_song_changes_nothing():
    rows = _songs(8)
    before = assign_splits(rows)
    after = assign_splits([*rows, _row("new", "song3")])
    assert {k: after[k] for k in before} == before
    assert after["new"] == before["v3_0"]


def test_a_new_song_moves_at_most_one_group():
    rows = _songs(10, videos=1)
    before = assign_splits(rows)
    for name in "pqrstu":
        after = assign_splits([*rows, _row("new", name)])
        assert sum(after[k] != before[k] for k in before) <= 1


def test_groups_are_connected():
    """a and c share neither song nor dancer, but both share one with b."""
    rows = [
        _row("a", "s1", "d1"),
        _row("b", "s1", "d2"),
        _row("c", "s2", "d2"),
        _row("e", "s3", "d3"),
    ]
    splits = assign_splits(rows, by=["song", "dancer"])
    assert splits["a"] == splits["b"] == splits["c"] != splits["e"]


def test_two_rows_cut_from_one_source_are_one_video():
    rows = [_row("a", "s1", source="f.mp4"), _row("b", "s2", source="f.mp4"), _row("c", "s3")]
    splits = assign_splits(rows, by="video")
    assert splits["a"] == splits["b"] != splits["c"]


def test_column_decides():
    rows = [*_songs(5), _row("x", "song2", split="test"), _row("y", "new", split="validation")]
    splits = assign_splits(rows, test=0.17)
    assert splits["v2_0"] == splits["v2_1"] == splits["x"] == "test"
    assert splits["y"] == "validation"
    # The share is reached by the song that was asked for: no other is taken.
    assert [k for k, v in splits.items() if v == "test"] == ["v2_0", "v2_1", "x"]
    assert assign_splits(rows, test=0.17, column=None) != splits


def test_all_may_be_asked_for():
    rows = [_row("a", "s1", split="train"), _row("b", "s2", split="test")]
    assert assign_splits(rows) == {"a": "train", "b": "test"}


def test_column_conflict():
    rows = [_row("a", "s1", split="train"), _row("b", "s1", split="test")]
    with pytest.raises(
        ConfigError,
        match=r"column split, rows a \(train\) and b \(test\): videos that share a song",
    ):
        assign_splits(rows)


def test_score():
    rows = [_row("a", "s1", score=5), _row("b", "s2", score=3.5), _row("c", "s3", score=3)]
    expected = {"a": "train", "b": "train", "c": "test"}
    assert assign_splits(rows, by="video", score=3.5) == expected
    assert assign_splits(rows, by="video", score=4)["b"] == "test"
    with pytest.raises(ConfigError, match="row d, column score: the score is missing"):
        assign_splits([*rows, _row("d", "s4")], score=3.5)


def test_score_that_divides_a_song():
    """The thesis divided by video whatever the song; by song that is a leak."""
    rows = [_row("a", "s1", score=5), _row("b", "s1", score=3)]
    assert assign_splits(rows, by="video", score=3.5) == {"a": "train", "b": "test"}
    with pytest.raises(
        ConfigError, match=r"rows a \(train\) and b \(test\): .* both sides of .* 3.5"
    ):
        assign_splits(rows, by="song", score=3.5)


def test_check_no_leak():
    rows = [_row("a", "s1"), _row("b", "s2"), _row("c", "s1")]
    check_no_leak(rows, {"a": "train", "b": "test", "c": "train"})
    with pytest.raises(ConfigError, match=r"rows a \(train\) and c \(test\): song 's1' is in two"):
        check_no_leak(rows, {"a": "train", "b": "test", "c": "test"})


def test_other_errors():
    with pytest.raises(ConfigError, match=r"unknown key \(got 'genre'\)"):
        assign_splits(_songs(2), by=["song", "genre"])
    with pytest.raises(ConfigError, match="no key given"):
        assign_splits(_songs(2), by=[])
    with pytest.raises(
        ConfigError, match=r"nothing is left for training.*test 0.6, validation 0.4"
    ):
        assign_splits(_songs(2), test=0.6, validation=0.4)
    with pytest.raises(ConfigError, match=r"row a, column split: unknown split \(got 'dev'\)"):
        assign_splits([_row("a", "s", split="dev")])


def test_imports_nothing_heavy():
    """The module is imported while the DAG is built."""
    code = (
        "import sys, choreo.dataset.split; "
        "print(*sorted({'numpy', 'h5py', 'torch', 'pandas', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
