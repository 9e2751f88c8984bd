import numpy as np
import pytest
from graph_units import song

from choreo.models.graph.song_units import folded, song_units, units_of_beats
from choreo.models.music_features.rhythm import Rhythm


@pytest.mark.parametrize("fps", [10, 30])
def test_beats_come_back_from_the_features_of_their_phase(fps):
    rng = np.random.default_rng(0)
    beats = 0.33 + np.concatenate([[0], np.cumsum(rng.uniform(0.4, 0.6, 30))])
    loudness = np.linspace(-1, 1, 50 * 16)[:, None].repeat(4, 1)
    rhythm = Rhythm(beats, np.arange(31) - 2, loudness.astype(np.float32))
    times = np.arange(15 * fps) / fps
    found = song_units(rhythm.at(times), fps)
    own = beats * fps
    inside = found.beats[(found.beats > own[0] - 1) & (found.beats < own[-1] + 1)]
    np.testing.assert_allclose(inside, own[: len(inside)], atol=0.02)
    assert found.beats[0] <= 0
    assert found.beats[-1] >= len(times) - 1
    # The third beat begins a bar.
    number = int(np.argmin(np.abs(found.beats - own[2])))
    assert found.places[number] == 0
    assert found.loudness.shape == (len(found), 8)
    assert np.all((found.loudness >= 0) & (found.loudness <= 1))
    assert found.loudness[0, 0] < 0.1 < 0.9 < found.loudness[-1, 0]


def test_a_song_without_beats_has_some_all_the_same():
    silence = Rhythm(np.zeros(0), np.zeros(0, int), np.zeros((500, 4), np.float32))
    found = song_units(silence.at(np.arange(70) / 10), 10)
    assert found.beats[0] <= 0
    assert found.beats[-1] >= 69
    assert set(found.intervals) == {5.0}


def test_beats_before_the_first_and_after_the_last_go_on():
    found = units_of_beats(100, [32.0, 37.0, 43.0], [1, 2, 3], np.zeros((100, 4)), 10)
    assert found.beats[0] == -3
    assert found.beats[7] == 32
    assert found.places[7] == 1
    assert found.places[0] == (1 - 7) % 4
    assert np.diff(found.beats)[-1] == 6


@pytest.mark.parametrize("first", [0.0, 1.5])
def test_a_fast_song_is_counted_half_and_a_slow_one_double(first):
    fast, slow = song(32, 2.9, first), song(16, 10.0, first)
    same = folded(song(16, 5.0), 5.0)
    assert len(same) == 16
    half = folded(fast, 5.0)
    np.testing.assert_allclose(half.intervals, 5.8)
    assert half.beats[0] <= first
    assert half.beats[-1] >= fast.beats[-1]
    # Bars are two of the song's: downbeats lie on every second of its.
    downbeats = half.beats[:-1][half.places == 0]
    own = fast.beats[:-1][fast.places == 0]
    assert np.isin(downbeats.round(6), own.round(6)).all()
    assert len(downbeats) == pytest.approx(len(own) / 2, abs=1)
    double = folded(slow, 5.0)
    np.testing.assert_allclose(double.intervals, 5.0)
    assert len(double) == 2 * len(slow)
    assert double.places[:9].tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0] or slow.places[0] != 0
