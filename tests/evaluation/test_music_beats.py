import mir_eval
import numpy as np
import pytest

from choreo.errors import ItemError
from choreo.evaluation.librosa_cache import librosa
from choreo.evaluation.music_beats import (
    as_float,
    mean_tempogram,
    music_beats,
    released_onset_strength,
    track_beats,
)
from choreo.media import SAMPLE_RATE


def clicks(times, seconds, rate=SAMPLE_RATE, seed=0):
    """Short decaying noise bursts at known times in silence."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(round(seconds * rate))
    burst = rng.normal(size=rate // 10) * np.exp(-np.arange(rate // 10) / (rate / 80)) * 0.2
    for time in times:
        at = round(time * rate)
        part = sound[at : at + len(burst)]
        part += burst[: len(part)]
    return sound


def test_beats_are_found_where_clicks_are():
    times = np.arange(0.3, 4.9, 0.5)
    coverage, alignment = music_beats(clicks(times, 5))
    # The tracker leaves out the first beat, which it takes for the sound's beginning.
    np.testing.assert_allclose(coverage, times[1:], atol=0.02)
    assert coverage is alignment


def test_released_takes_two_sets():
    coverage, alignment = music_beats(clicks(np.arange(0.3, 4.9, 0.5), 5), "released")
    assert len(alignment) >= len(coverage) > 0
    assert not np.array_equal(coverage, alignment)


@pytest.mark.parametrize("method", ["thesis", "released"])
@pytest.mark.parametrize("samples", [0, 100, 2047, 2048, 80_000])
def test_silence_and_short_sound_have_no_beats(method, samples):
    for beats in music_beats(np.zeros(samples, np.int16), method):
        assert beats.shape == (0,)


def test_loudness_and_offset_do_not_matter():
    sound = clicks(np.arange(0.4, 4.9, 0.6), 5)
    reference = music_beats(sound)[0]
    np.testing.assert_array_equal(music_beats(sound * 0.5)[0], reference)
    np.testing.assert_array_equal(music_beats(sound * 0.5 + 0.5)[0], reference)
    np.testing.assert_array_equal(
        music_beats(np.rint(sound * 32767).astype(np.int16))[0], reference
    )


def test_released_mel_bands_reach_beyond_the_spectrum():
    sound = clicks([1.0], 5)
    ours = librosa.onset.onset_strength(y=sound.astype(np.float32), sr=SAMPLE_RATE)
    assert released_onset_strength(sound).shape == ours.shape == (1 + len(sound) // 512,)
    assert not np.allclose(released_onset_strength(sound), ours)


@pytest.mark.parametrize("bpm", [90, 104, 117, 128, 140])
def test_tempo(bpm):
    truth = np.arange(0.25, 19.5, 60 / bpm)
    found = track_beats(clicks(truth, 20), SAMPLE_RATE)
    assert found["tempo"] == pytest.approx(bpm, abs=1)
    assert mir_eval.beat.f_measure(truth, np.array(found["beats"])) > 0.9


def test_tempo_at_another_rate():
    truth = np.arange(0.25, 9.5, 0.5)
    assert track_beats(clicks(truth, 10, 22_050), 22_050)["tempo"] == pytest.approx(120, abs=1)


def test_librosas_own_steps_give_the_same_beats():
    """What is done faster here changes nothing."""
    rng = np.random.default_rng(4)
    for bpm in (70, 97, 133):
        sound = clicks(np.arange(0.2, 9, 60 / bpm), 10) + 0.01 * rng.normal(size=160_000)
        sound = as_float(sound)
        strength = librosa.onset.onset_strength(
            y=sound - sound.mean(), sr=16_000, hop_length=160, n_fft=1024
        )
        shared = {"onset_envelope": strength, "sr": 16_000, "hop_length": 160}
        tempogram = librosa.feature.tempogram(**shared, win_length=400)
        np.testing.assert_allclose(
            mean_tempogram(strength, 400)[:, 0], tempogram.mean(1), atol=1e-12
        )
        guess = librosa.feature.tempo(**shared, ac_size=4.0)
        frames = librosa.beat.beat_track(**shared, bpm=guess)[1]
        assert track_beats(sound, 16_000)["beats"] == [float(f * 160 / 16_000) for f in frames]


def test_a_tempogram_of_nothing_is_nothing():
    assert not mean_tempogram(np.zeros(500, np.float32), 400).any()


@pytest.mark.parametrize("seconds", [0, 1, 10])
@pytest.mark.parametrize("level", [0, 0.5])
def test_silence_has_no_tempo(seconds, level):
    found = track_beats(np.full(seconds * SAMPLE_RATE, level), SAMPLE_RATE)
    assert found == {"tempo": None, "beats": []}


def test_integers_are_scaled_by_their_type():
    np.testing.assert_array_equal(as_float(np.array([-32768, 16384], np.int16)), [-1, 0.5])


def test_messages():
    with pytest.raises(ItemError, match=r"not finite"):
        music_beats(np.full(5000, np.nan))
    with pytest.raises(ItemError, match=r"sample rate must be positive \(got 0\)"):
        track_beats(np.zeros(10), 0)
    with pytest.raises(ItemError, match=r"got 'madmom'.*thesis, released"):
        music_beats(np.zeros(1000), "madmom")
