import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choreo.errors import ItemError
from choreo.synth.names import DANCERS, MOST_BYSTANDERS, SONGS, Source, derived_seed, parse_source


def test_a_source_is_read():
    assert parse_source("demo:neon/ada/1") == Source("neon", "ada", 1)
    assert parse_source("demo:my-song_2/Zoe/120?bystanders=2") == Source("my-song_2", "Zoe", 120, 2)


ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,20}", fullmatch=True)


@given(ids, ids, st.integers(1, 999_999), st.integers(0, MOST_BYSTANDERS))
def test_a_source_survives_being_written(song, dancer, take, people):
    source = Source(song, dancer, take, people)
    assert parse_source(str(source)) == source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("neon/ada/1", "not the source of a demo clip"),
        ("demo:neon/ada", "not the source of a demo clip"),
        ("demo:neon/ada/1/2", "not the source of a demo clip"),
        ("demo:../ada/1", "the song of a demo clip must be an id"),
        ("demo:..%2f/ada/1", "the song of a demo clip must be an id"),
        ("demo:/ada/1", "the song of a demo clip must be an id"),
        ("demo:neon/a da/1", "the dancer of a demo clip must be an id"),
        ("demo:neon/ada/0", "the take of a demo clip must be a number from 1 on"),
        ("demo:neon/ada/-1", "the take of a demo clip must be a number from 1 on"),
        ("demo:neon/ada/x", "the take of a demo clip must be a number from 1 on"),
        ("demo:neon/ada/1?people=2", "the only option of a demo clip is bystanders"),
        ("demo:neon/ada/1?bystanders=5", "the only option of a demo clip is bystanders"),
        ("demo:neon/ada/1?bystanders=", "the only option of a demo clip is bystanders"),
    ],
)
def test_what_is_wrong_with_a_source_is_said(text, message):
    with pytest.raises(ItemError) as error:
        parse_source(text)
    assert message in str(error.value)
    assert repr(text) in str(error.value)
    assert "demo:neon/ada/1" in error.value.remedy


def test_seeds_are_the_same_everywhere_and_differ_by_every_part():
    assert derived_seed("song", "neon", 0) == 0x54FE56CEBCA4A5B7
    seeds = {derived_seed(*parts) for parts in [("a", 1), ("a", 2), ("b", 1), ("a1",), ("a", 1, 1)]}
    assert len(seeds) == 5


def test_there_are_songs_and_dancers_enough_for_a_study():
    assert len(set(SONGS)) >= 6
    assert len(set(DANCERS)) >= 4


def test_reading_a_source_imports_nothing_heavy():
    code = (
        "import sys; from choreo.synth.names import parse_source; parse_source('demo:neon/ada/1');"
        "heavy = {'numpy', 'scipy', 'cv2', 'torch', 'librosa', 'pandas'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
