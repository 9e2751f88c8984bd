"""The wavs that choreo writes are read back without what reads sound from outside."""

import numpy as np
import pytest
import soundfile

from choreo.errors import DamagedError, ItemError
from choreo.videos.audio import read_song
from choreo.videos.wav import read_wav, write_song, write_wav


@pytest.fixture
def stereo(tmp_path):
    """Two seconds of two unlike channels at 44.1 kHz, as made songs have them."""
    samples = np.random.default_rng(3).integers(-(2**15), 2**15, (88_200, 2)).astype(np.int16)
    write_wav(tmp_path / "stereo.wav", [samples[:999], samples[999:]], rate=44_100)
    return tmp_path / "stereo.wav"


@pytest.mark.parametrize("channels", ["mean", "left"])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_samples_are_bit_by_bit_those_that_the_reader_of_any_sound_gives(stereo, channels, rate):
    own = read_wav(stereo, rate, channels=channels)
    assert own.dtype == np.float32
    assert own.tobytes() == read_song(stereo, rate, channels=channels).tobytes()


def test_mono_samples_are_what_was_written(tmp_path):
    song = np.random.default_rng(4).integers(-(2**15), 2**15, 70_000) / np.float32(2**15)
    write_song(tmp_path / "s.wav", [song], len(song))
    assert read_wav(tmp_path / "s.wav").tobytes() == song.astype(np.float32).tobytes()


def test_a_wav_that_is_cut_short_is_refused(stereo):
    stereo.write_bytes(stereo.read_bytes()[:-1001])
    with pytest.raises(DamagedError, match=r"it holds \d+ of 88200 samples"):
        read_wav(stereo)


def test_a_turned_bit_is_refused(stereo):
    data = bytearray(stereo.read_bytes())
    data[2000] ^= 4
    stereo.write_bytes(data)
    with pytest.raises(DamagedError, match=r"stereo\.wav"):
        read_wav(stereo)


def test_what_choreo_does_not_write_is_refused_by_name(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(100), 16_000, subtype="PCM_24")
    with pytest.raises(ItemError, match=r"a\.wav.*not of 16 bits a sample.*24"):
        read_wav(tmp_path / "a.wav")
    (tmp_path / "b.wav").write_bytes(b"ID3 and no wav at all")
    with pytest.raises(ItemError, match=r"b\.wav.*not a 16-bit wav"):
        read_wav(tmp_path / "b.wav")
    with pytest.raises(ItemError, match=r"c\.wav.*no such file"):
        read_wav(tmp_path / "c.wav")
    write_song(tmp_path / "d.wav", [], 0)
    with pytest.raises(ItemError, match=r"d\.wav.*no sample"):
        read_wav(tmp_path / "d.wav")
