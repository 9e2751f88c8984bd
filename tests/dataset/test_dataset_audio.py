import numpy as np
import pytest
import soundfile
from dataset_clips import song
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from choreo.dataset.audio import decode, encode, frames, network_audio, stored, unframed
from choreo.dataset.description import DataDescription
from choreo.errors import ConfigError, ItemError
from choreo.videos.audio import read_song

SOUNDS = hnp.arrays(np.int16, st.integers(2, 400), elements=st.integers(-32768, 32767))


@settings(max_examples=80, deadline=None)
@given(SOUNDS.filter(lambda x: x.min() < x.max()))
def test_thesis_is_min_max_scaling_of_the_whole_clip(samples):
    found = network_audio(samples, "thesis")
    low, high = int(samples.min()), int(samples.max())
    exact = (samples.astype(float) - low) / (high - low)
    assert found.dtype == np.float32
    assert (found.min(), found.max()) == (0, 1)
    # Half a level of 65,535 and float32's rounding.
    np.testing.assert_allclose(found, exact, atol=1 / 131_070 + 1e-7)


@settings(max_examples=40, deadline=None)
@given(SOUNDS.filter(lambda x: x.min() < x.max()), st.floats(0.01, 1))
def test_thesis_does_not_depend_on_loudness(samples, gain):
    quiet = samples.astype(float) / 32768 * gain + 0.001
    np.testing.assert_allclose(
        network_audio(samples, "thesis"), network_audio(quiet, "thesis"), atol=2e-5
    )


def test_thesis_averages_channels_and_released_takes_the_left():
    left, right = song(1, seed=1), song(1, seed=2)
    both = np.stack([left, right], 1)
    mean = (left.astype(float) + right) / 2
    np.testing.assert_array_equal(stored(both, "thesis"), stored(mean, "thesis"))
    np.testing.assert_array_equal(stored(both, "released"), stored(left, "released"))


def test_released_peak():
    """-0.1 dB of 32768 is 32393 rounded down, on the negative side too."""
    assert stored(np.array([100, -50], np.int16), "released").tolist() == [32392, -16197]
    assert stored(np.array([50, -100], np.int16), "released").tolist() == [16196, -32393]
    silent = np.zeros(10, np.int16)
    np.testing.assert_array_equal(stored(silent, "released"), silent)
    assert decode(np.array([-5, 7], np.int16), "released").tolist() == [-5.0, 7.0]


def test_released_takes_floats_with_full_scale_at_one():
    whole = song(0.1)
    np.testing.assert_array_equal(stored(whole / 32768.0, "released"), stored(whole, "released"))


@pytest.mark.parametrize("method", ["thesis", "released"])
def test_every_stored_value_comes_back(method):
    every = np.arange(-32768, 32768).astype(np.int16)
    np.testing.assert_array_equal(encode(decode(every, method), method), every)


def test_frames_are_a_tenth_of_a_second():
    audio = np.arange(3300)
    data = DataDescription()
    cut = frames(audio, data)
    assert cut.shape == (3, 1600)
    assert frames(audio[None].repeat(4, 0), data).shape == (4, 3, 1600)
    np.testing.assert_array_equal(cut[1], np.arange(1600, 3200))
    assert (cut[2, len(audio) - 3200 :] == audio[-1]).all()


@pytest.mark.parametrize("fps", [10, 12, 20, 25, 30])
def test_frames_of_any_rate_give_their_samples_back(fps):
    data = DataDescription(fps=fps, chunk_seconds=4)
    audio = np.random.default_rng(0).normal(size=(2, data.chunk_samples))
    cut = frames(audio, data)
    assert cut.shape == (2, data.chunk_frames, data.audio_frame)
    np.testing.assert_array_equal(cut[1, 7, :100], audio[1, 7 * 16000 // fps :][:100])
    np.testing.assert_array_equal(unframed(cut, data)[:, : data.chunk_samples], audio)


def test_songs_from_files_are_stored_as_their_samples(tmp_path):
    """Full scale at 1 or as int16: the same bytes."""
    samples = song(0.5)
    soundfile.write(tmp_path / "a.wav", samples, 16_000)
    for method in ("thesis", "released"):
        np.testing.assert_array_equal(
            stored(read_song(tmp_path / "a.wav"), method), stored(samples, method)
        )


def test_errors():
    with pytest.raises(ItemError, match="vid: the song is silent"):
        stored(np.full(100, 3, np.int16), "thesis", where="vid")
    with pytest.raises(ItemError, match="vid: the song is empty"):
        stored(np.zeros(0, np.int16), "thesis", where="vid")
    with pytest.raises(ItemError, match="vid: the song has samples that are not finite"):
        stored(np.array([0.0, np.nan]), "thesis", where="vid")
    with pytest.raises(ConfigError, match="unknown method"):
        stored(song(1), "loud")
