"""librosa's tracker: librosa's own numbers, in blocks or not."""

import numpy as np
import pytest

from choreo.beats.librosa_cache import librosa
from choreo.beats.librosa_tracker import find_beats, mean_tempogram, onset_strength
from choreo.beats.sound import as_float
from choreo.beats.trackers import track_beats
from choreo.synth.clicks import clicks


def noisy(bpm):
    rng = np.random.default_rng(4)
    return as_float(clicks(np.arange(0.2, 9, 60 / bpm), 10) + 0.01 * rng.normal(size=160_000))


@pytest.mark.parametrize("bpm", [70, 97, 133])
def test_librosas_own_steps_give_the_same_beats(bpm):
    """What is done faster, or in blocks, changes nothing."""
    sound = noisy(bpm)
    shared = {"sr": 16_000, "hop_length": 160}
    strength = librosa.onset.onset_strength(y=sound - sound.mean(), n_fft=1024, **shared)
    shared["onset_envelope"] = strength
    tempogram = librosa.feature.tempogram(**shared, win_length=400)
    guess = librosa.feature.tempo(**shared, ac_size=4.0)
    frames = librosa.beat.beat_track(**shared, bpm=guess)[1]
    for block in (170, 6000):
        ours = onset_strength(sound, 16_000, 160, 1024, block)
        np.testing.assert_allclose(ours, strength, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(
            mean_tempogram(strength, 400, block)[:, 0], tempogram.mean(1), atol=1e-12
        )
        np.testing.assert_array_equal(find_beats(sound, 16_000, block=block), frames * 160 / 16_000)


def test_a_tempogram_of_nothing_is_nothing():
    assert not mean_tempogram(np.zeros(500, np.float32), 400).any()


def test_it_is_in_the_registry():
    sound = noisy(97)
    assert track_beats(sound, 16_000, "librosa")["beats"] == find_beats(sound, 16_000).tolist()
