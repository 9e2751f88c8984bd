import numpy as np
import pytest

from choreo.evaluation.listening import measure_listening


def song(period, seconds=5.0):
    return np.arange(-seconds, 2 * seconds, period)


def test_a_dance_on_its_song_loses_with_another_and_half_a_beat_later():
    music = [song(0.6), song(0.6), song(0.47)]
    motion = [beats[(beats >= 0) & (beats < 5)] for beats in music]
    names, starts = np.array(["a", "a", "b"]), np.array([0.0, 5.0, 0.0])
    found = measure_listening(motion, music, names, starts)
    assert found["own_hits"].tolist() == [len(m) for m in motion]
    assert found["shifted_hits"].tolist() == [0, 0, 0]
    # A beat of 0.47 s is near one of 0.6 s half of the time: 0.3 s of each 0.6.
    share = found["other_hits"][:2] / [len(m) for m in motion[:2]]
    assert share == pytest.approx(0.3 / 0.47, abs=0.15)


def test_other_songs_are_taken_at_the_same_moment():
    music = [np.array([1.0]), np.array([1.0]), np.array([3.0])]
    names, starts = np.array(["a", "b", "b"]), np.array([5.0, 0.0, 5.0])
    found = measure_listening([np.array([3.0])] * 3, music, names, starts)
    assert found["other_hits"].tolist() == [1, 0, 0]
    assert found["own_hits"].tolist() == [0, 0, 1]


def test_one_song_has_no_other():
    found = measure_listening([np.array([1.0])], [np.array([1.0])], np.array(["a"]), np.zeros(1))
    assert np.isnan(found["other_hits"]).all()


def test_still_dancers_and_silent_songs_have_no_hits():
    none = np.array([])
    found = measure_listening([none, none], [none, song(0.5)], np.array(["a", "b"]), np.zeros(2))
    assert not any(values.any() for values in found.values())
