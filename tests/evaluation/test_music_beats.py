import numpy as np
import pytest

from choreo.beats.librosa_cache import librosa
from choreo.errors import ItemError
from choreo.evaluation.music_beats import music_beats, released_onset_strength
from choreo.media import SAMPLE_RATE
from choreo.synth.clicks import clicks


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


def test_another_tracker_finds_the_first_beat_too():
    times = np.arange(0.3, 4.9, 0.5)
    np.testing.assert_allclose(
        music_beats(clicks(times, 5), tracker="state_space")[0], times, atol=0.02
    )


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


def test_messages():
    with pytest.raises(ItemError, match=r"not finite"):
        music_beats(np.full(5000, np.nan))
    with pytest.raises(ItemError, match=r"got 'madmom'.*thesis, released"):
        music_beats(np.zeros(1000), "madmom")
