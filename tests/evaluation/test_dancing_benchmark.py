"""benchmarks/dancing.py: what stands beside its models."""

import numpy as np
import pytest
from evaluation_dances import swaying

from choreo.evaluation.extractor import train_extractor
from choreo.evaluation.table2x import RealSet

SONGS = tuple("abcdef")


@pytest.fixture
def dancing(of_benchmarks):
    return of_benchmarks("dancing")


@pytest.fixture
def judge(dancing):
    """Of dancers who turn on each beat, two a second."""
    training = swaying(24, seed=1, songs=SONGS)
    held_out = swaying(12, songs=SONGS)
    found = object.__new__(dancing.Judge)
    found.training, found.held_out = training, held_out
    found.extractor = train_extractor(training.pixels, training.songs, steps=40)
    found.real = RealSet(found.extractor.features(training.pixels))
    found.copied = 0.0
    return found


def test_bounds_stand_where_they_must(dancing, judge):
    beats = {"truth": {song: np.arange(0, 11, 0.5) for song in SONGS}}
    rows = {
        name: judge.row(*dancing.of_songs(made, list(SONGS)))
        for name, made in dancing.bounds(judge, beats).items()
    }
    assert list(rows) == ["real", "other_music", "shifted", "frozen", "mean_pose", "noise"]
    hits = {name: row["hit truth"][0] for name, row in rows.items()}
    assert hits["real"] > 95
    assert hits["shifted"] < 5
    assert rows["frozen"]["freeze"][0] == pytest.approx(100)
    assert rows["frozen"]["energy"][0] == pytest.approx(0, abs=1e-9)
    assert rows["real"]["FID"][0] < rows["frozen"]["FID"][0] < rows["noise"]["FID"][0]


def test_rows_are_of_the_songs_asked_for(dancing, judge):
    beats = {"truth": {song: np.arange(0, 11, 0.5) for song in SONGS}}
    made = dancing.bounds(judge, beats)["real"]
    systems, heard, joins = dancing.of_songs(made, ["b", "e"])
    assert sorted(set(systems[0].songs)) == ["b", "e"]
    assert [len(own[0].tracked) for own in heard.values()] == [len(systems[0])] == [4]
    assert joins == []
    two = [(judge.held_out, made[0][1], {"a": 1.0, "b": 2.0})] * 2
    assert dancing.of_songs(two, ["b"])[2] == [{"b": 2.0}] * 2


def test_drawn_dancers_are_told_the_beats_of_a_song(of_benchmarks):
    """A click twice a second for half a minute, loud in its second half, one beat left out."""
    drawn = of_benchmarks("drawn_dancers")
    clicks = 0.75 + 0.5 * np.arange(58)
    beats = np.delete(clicks, 11)
    sound = np.zeros(30 * 16_000, np.int16)
    for beat in clicks:
        at = round(beat * 16_000)
        sound[at : at + 400] = 20_000 if beat > 16 else 4_000
    song = drawn.told("a song", sound, beats)
    assert len(song.beats) == 56
    np.testing.assert_allclose(song.beats, 0.75 + 0.5 * np.arange(56))
    assert song.tempo == pytest.approx(120)
    energies = [section.energy for section in song.sections]
    assert energies[0] < energies[2]
    assert song.sections[-1].kind == "outro"
    fast = drawn.told("fast", sound, 0.75 + 0.25 * np.arange(112))
    assert fast.tempo == pytest.approx(120)
    segments = drawn.danced_by("recorded-1", {"a song": sound}, {"a song": beats})
    assert segments.pixels.shape == (5, 50, 18, 2)
    assert (np.ptp(segments.pixels, axis=1).max((1, 2)) > 10).all()
    # Who dances for over a minute begins anew, where the song is then.
    twice, both = np.concatenate([sound] * 3), np.concatenate([beats, beats + 30, beats + 60])
    later = drawn.danced_by("recorded-1", {"a song": twice}, {"a song": both})
    assert set(later.dances) == {"recorded-1:a song:0", "recorded-1:a song:960000"}
    assert later.starts.max() == 80
