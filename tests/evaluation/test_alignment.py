import mir_eval
import numpy as np
import pytest
from evaluation_dances import swaying
from hypothesis import given, settings
from hypothesis import strategies as st

from choreo.evaluation.alignment import (
    SIGMA,
    closeness,
    matched,
    measure_alignment,
    motion_tempo,
    tempi_agree,
)

NONE = np.zeros(0)
beat_lists = st.lists(st.integers(0, 499), min_size=1, max_size=14, unique=True).map(
    lambda ticks: np.sort(np.array(ticks)) / 100
)


@given(beat_lists, beat_lists)
@settings(max_examples=80, deadline=None)
def test_f_measure_is_mir_evals(motion, music):
    music = music + 0.003  # no distance is the tolerance itself, which rounding decides
    ours = 2 * matched(motion, music) / (len(motion) + len(music))
    assert ours == pytest.approx(mir_eval.beat.f_measure(music, motion))


def test_matching_takes_each_beat_once():
    assert matched(np.array([1.0, 1.01, 1.02]), np.array([1.0])) == 1
    # Greedy from the left finds two; nearest first would find one.
    assert matched(np.array([0.95, 1.06]), np.array([1.0, 1.12])) == 2


def test_alignment_by_hand():
    found = measure_alignment(
        [np.array([1.0, 2.05])], [np.array([1.0, 2.0, 3.0])], frames=50, fps=10
    )
    assert found["motion_to_music"][0] == pytest.approx(1 + np.exp(-0.5))
    assert found["music_to_motion"][0] == pytest.approx(1 + np.exp(-0.5))
    assert found["matched"][0] == 2
    assert found["music_beats"][0] == 3


def test_directions_differ_and_many_beats_game_one():
    rng = np.random.default_rng(0)
    music = [np.arange(0.25, 5, 0.5)] * 40
    many = [np.sort(rng.uniform(0, 5, 100)) for _ in music]
    found = measure_alignment(many, music, frames=50, fps=10)
    assert found["music_to_motion"].sum() / 400 > 0.8
    assert found["motion_to_music"].sum() / 4000 < 0.3


@pytest.mark.parametrize("bpm", [80, 110, 130])
def test_chance_of_a_regular_pulse(bpm):
    """Random beats against a regular pulse score about sqrt(2 pi) sigma BPM / 60."""
    rng = np.random.default_rng(1)
    pulse = np.arange(-1, 8, 60 / bpm)
    found = closeness(rng.uniform(0, 5, 20_000), pulse).mean()
    assert found == pytest.approx(np.sqrt(2 * np.pi) * SIGMA * bpm / 60, abs=0.01)


def test_chance_level_is_that_of_a_dance_that_does_not_listen():
    rng = np.random.default_rng(2)
    music = [np.arange(rng.uniform(0, 0.5), 5, 0.5) for _ in range(300)]
    motion = [np.sort(rng.choice(50, 9, replace=False)) / 10 for _ in music]
    found = measure_alignment(motion, music, frames=50, fps=10)
    for name in ("matched", "motion_to_music", "music_to_motion"):
        assert found[name].sum() == pytest.approx(found[f"{name}_chance"].sum(), rel=0.06)


def test_nothing_heard_or_moved():
    found = measure_alignment([NONE, np.ones(1)], [np.ones(1), NONE], frames=50, fps=10)
    assert all((found[name] == 0).all() for name in found if name != "music_beats")


@pytest.mark.parametrize("period", [0.4, 0.5, 0.6, 0.8])
def test_motion_tempo(period):
    tempo = motion_tempo(swaying(4, period=period, sound=False).pixels, 10)
    assert tempi_agree(tempo, 60 / period).all()


def test_a_still_dancer_has_no_tempo():
    still = np.ones((2, 50, 18, 2))
    assert np.isnan(motion_tempo(still, 10)).all()
    assert not tempi_agree(motion_tempo(still, 10), 120).any()


def test_tempi_agree():
    assert tempi_agree([120, 60, 240, 129, 100], 120).tolist() == [True, True, True, True, False]
