"""The registry, and our own tracker on beats that are known."""

import mir_eval
import numpy as np
import pytest
import soxr

from choreo.beats.registry import DEFAULT, TRACKERS, without_weights
from choreo.beats.sound import as_float
from choreo.beats.state_space import find_beats
from choreo.beats.trackers import track_beats
from choreo.errors import ConfigError, ItemError
from choreo.media import SAMPLE_RATE
from choreo.synth import songs
from choreo.synth.clicks import clicks

FREE = without_weights()


def f_measure(truth, sound):
    return mir_eval.beat.f_measure(truth, np.array(track_beats(sound, SAMPLE_RATE)["beats"]))


def test_every_entry_has_its_function():
    assert DEFAULT in FREE
    for name, tracker in TRACKERS.items():
        assert tracker.name == name
        assert tracker.text
        assert callable(tracker.finder())
    assert len({tracker.finder() for tracker in TRACKERS.values()}) == len(TRACKERS)


@pytest.mark.parametrize("tracker", FREE)
@pytest.mark.parametrize("bpm", [90, 117, 140])
def test_tempo(tracker, bpm):
    truth = np.arange(0.25, 19.5, 60 / bpm)
    found = track_beats(clicks(truth, 20), SAMPLE_RATE, tracker)
    assert found["tempo"] == pytest.approx(bpm, abs=1)
    assert mir_eval.beat.f_measure(truth, np.array(found["beats"])) > 0.9


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100])
def test_tempo_at_another_rate(rate):
    truth = np.arange(0.25, 9.5, 0.5)
    assert track_beats(clicks(truth, 10, rate), rate)["tempo"] == pytest.approx(120, abs=1)


@pytest.mark.parametrize("bpm", [48, 60, 75, 120, 170, 210])
def test_every_beat_is_found_the_first_and_the_last_too(bpm):
    truth = np.arange(0.3, 14.8, 60 / bpm)
    found = track_beats(clicks(truth, 15), SAMPLE_RATE)["beats"]
    np.testing.assert_allclose(found, truth, atol=0.015)


@pytest.mark.parametrize(
    "intervals",
    [np.linspace(60 / 90, 60 / 140, 50), np.r_[np.full(20, 0.6), np.full(30, 60 / 140)]],
    ids=["faster and faster", "another tempo"],
)
def test_a_tempo_that_changes_is_followed(intervals):
    truth = np.cumsum(intervals)
    assert f_measure(truth, clicks(truth, truth[-1] + 1)) > 0.98


@pytest.mark.parametrize("bpm", [50, 75, 95, 120, 180])
@pytest.mark.parametrize("loudness", [0.5, 1.0])
def test_swing_is_counted_by_its_beats(bpm, loudness):
    truth = np.arange(0.4, 20, 60 / bpm)
    swung = clicks(truth, 21) + loudness * clicks(truth + 40 / bpm, 21, seed=1)
    assert f_measure(truth, swung) > 0.98


def test_beats_without_a_sound():
    truth = np.arange(0.4, 20, 0.5)
    sparse = truth[np.random.default_rng(2).random(len(truth)) > 0.3]
    assert f_measure(truth, clicks(sparse, 21)) > 0.95


@pytest.mark.parametrize(("tempo", "style"), [(50.0, "house"), (112.0, "funk"), (190.0, "disco")])
def test_songs_of_known_beats_at_their_own_octave(monkeypatch, tempo, style):
    monkeypatch.setitem(songs._CATALOGUE, "known", (tempo, style))
    song = songs.make_song("known", 3)
    until = 40 * songs.SAMPLE_RATE
    sound = soxr.resample(song.audio[:until].mean(1), songs.SAMPLE_RATE, SAMPLE_RATE)
    assert f_measure(song.beats[song.beats < 40], sound) > 0.98


def test_in_blocks_as_in_one_segment_and_every_time_the_same():
    rng = np.random.default_rng(0)
    sound = as_float(clicks(np.arange(0.3, 29, 0.47), 30) + 0.02 * rng.normal(size=480_000))
    whole = find_beats(sound, SAMPLE_RATE, block=10**9)
    assert len(whole) > 50
    for block in (137, 1000, 2000):
        np.testing.assert_allclose(find_beats(sound, SAMPLE_RATE, block=block), whole, atol=1e-4)
    np.testing.assert_array_equal(find_beats(sound, SAMPLE_RATE), find_beats(sound, SAMPLE_RATE))


def test_loudness_and_offset_do_not_matter():
    sound = clicks(np.arange(0.4, 9.9, 0.6), 10)
    reference = track_beats(sound, SAMPLE_RATE)["beats"]
    for other in (sound * 0.1, sound * 0.5 + 0.3, np.rint(sound * 32767).astype(np.int16)):
        np.testing.assert_allclose(track_beats(other, SAMPLE_RATE)["beats"], reference, atol=0.002)


@pytest.mark.parametrize("tracker", FREE)
@pytest.mark.parametrize("seconds", [0, 1, 2, 10])
@pytest.mark.parametrize("level", [0, 0.5])
def test_silence_has_no_tempo(tracker, seconds, level):
    found = track_beats(np.full(seconds * SAMPLE_RATE, level), SAMPLE_RATE, tracker)
    assert found == {"tempo": None, "beats": []}


def test_one_or_two_clicks_are_no_pulse():
    for times in ([1.0], [1.0, 1.6]):
        assert not track_beats(clicks(times, 6), SAMPLE_RATE)["beats"]


@pytest.mark.parametrize("tracker", FREE)
def test_one_click_and_noise_are_no_error(tracker):
    noise = np.random.default_rng(1).normal(size=3 * SAMPLE_RATE) * 0.1
    for sound in (clicks([1.0], 2.5), noise):
        beats = track_beats(sound, SAMPLE_RATE, tracker)["beats"]
        assert beats == sorted(beats)
        assert all(0 <= beat <= 3 for beat in beats)


@pytest.mark.parametrize("hertz", [50, 440])
def test_a_tone_has_no_beats(hertz):
    tone = 0.5 * np.sin(2 * np.pi * hertz * np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE)
    assert track_beats(tone, SAMPLE_RATE) == {"tempo": None, "beats": []}


def test_no_beat_before_the_song_begins_and_the_tempo_holds_through_a_break():
    truth = np.arange(15.0, 29.5, 0.5)
    late = clicks(truth, 30)
    late[: 14 * SAMPLE_RATE] = 0
    np.testing.assert_allclose(track_beats(late, SAMPLE_RATE)["beats"], truth, atol=0.02)
    truth = np.r_[np.arange(0.4, 10, 0.5), np.arange(20.4, 29.5, 0.5)]
    broken = clicks(truth, 30)
    broken[11 * SAMPLE_RATE : 20 * SAMPLE_RATE] = 0
    assert track_beats(broken, SAMPLE_RATE)["tempo"] == pytest.approx(120, abs=3)


def kick_and_snare(truth, seconds):
    """Alternating low thuds and noise bursts: neither is between the beats."""
    sound = clicks(truth[1::2], seconds)
    time = np.arange(int(0.3 * SAMPLE_RATE)) / SAMPLE_RATE
    thud = 0.6 * np.sin(2 * np.pi * 60 * time) * np.exp(-time / 0.08)
    for beat in truth[::2]:
        part = sound[round(beat * SAMPLE_RATE) :][: len(thud)]
        part += thud[: len(part)]
    return sound


@pytest.mark.parametrize("bpm", [85, 125, 170, 205])
def test_kick_and_snare_in_turns_are_both_beats(bpm):
    truth = np.arange(0.4, 19.5, 60 / bpm)
    assert f_measure(truth, kick_and_snare(truth, 20)) > 0.98


@pytest.mark.parametrize("loudness", [30.0, 5000.0])
def test_one_bang_takes_no_beats_away(loudness):
    """Up to 74 dB over what is usual."""
    truth = np.arange(0.4, 19.5, 0.5)
    sound = kick_and_snare(truth, 20) + loudness * clicks([9.13], 20, seed=1)
    assert f_measure(truth, sound / loudness) > 0.98


def test_an_intro_30_db_down_keeps_its_beats():
    truth = np.arange(0.4, 29.5, 0.5)
    sound = kick_and_snare(truth, 30)
    sound[: 12 * SAMPLE_RATE] *= 10 ** (-30 / 20)
    found = np.array(track_beats(sound, SAMPLE_RATE)["beats"])
    np.testing.assert_allclose(found, truth, atol=0.03)


@pytest.mark.parametrize("hiss", [2e-4, 2e-3])
def test_hiss_before_and_after_has_no_beats(hiss):
    truth = np.arange(6.0, 20, 0.5)
    sound = clicks(truth, 26) + hiss * np.random.default_rng(0).normal(size=26 * SAMPLE_RATE)
    np.testing.assert_allclose(track_beats(sound, SAMPLE_RATE)["beats"], truth, atol=0.03)


def test_integers_are_scaled_by_their_type():
    np.testing.assert_array_equal(as_float(np.array([-32768, 16384], np.int16)), [-1, 0.5])


def test_messages():
    with pytest.raises(ItemError, match="not finite"):
        track_beats(np.full(50_000, np.nan), SAMPLE_RATE)
    with pytest.raises(ItemError, match=r"sample rate must be positive \(got 0\)"):
        track_beats(np.zeros(10), 0)
    with pytest.raises(ItemError, match=r"too low for beats \(got 10\)"):
        track_beats(np.ones(100), 10)
    with pytest.raises(ConfigError, match=r"got 'madmom'.*librosa, state_space, beat_this"):
        track_beats(np.zeros(10), SAMPLE_RATE, "madmom")
    with pytest.raises(ConfigError, match="beat_this needs its weights"):
        track_beats(np.zeros(10), SAMPLE_RATE, "beat_this")
    with pytest.raises(ConfigError, match="takes no weights"):
        track_beats(np.zeros(10), SAMPLE_RATE, "librosa", "final0.ckpt")
