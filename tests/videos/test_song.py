"""Songs: channels averaged, rate converted, nothing moved."""

import wave

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from made_clips import clicks, ffmpeg, loud_at, make_clip

from choreo.errors import ConfigError, ItemError
from choreo.videos.audio import read_song, shifted, shifts_of
from choreo.videos.wav import resampled, write_song


def sine(frequency, seconds, rate, level=0.5):
    return level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


def test_a_song_is_read_as_it_was_written(tmp_path):
    song = np.random.default_rng(1).uniform(-1, 1, 40_000).astype(np.float32)
    facts = write_song(tmp_path / "song.wav", [song[:7], song[7:]], 40_000)
    read = read_song(tmp_path / "song.wav")
    assert read.dtype == np.float32
    assert np.abs(read - song).max() <= 0.5 / 32768 + 1e-9
    assert facts["samples"] == 40_000
    assert facts["peak"] == pytest.approx(np.abs(song).max())
    assert facts["rms"] == pytest.approx(np.sqrt(np.mean(song.astype(float) ** 2)))
    with wave.open(str(tmp_path / "song.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 50), max_size=6), st.integers(0, 200))
def test_a_song_has_the_length_that_is_asked_for(tmp_path_factory, lengths, count):
    path = tmp_path_factory.mktemp("song") / "song.wav"
    facts = write_song(path, [np.full(n, 0.5, np.float32) for n in lengths], count)
    assert facts["samples"] == min(sum(lengths), count)
    with wave.open(str(path)) as file:
        data = np.frombuffer(file.readframes(10_000), "<i2")
    expected = np.zeros(count, int)
    expected[: facts["samples"]] = 16_384
    assert data.tolist() == expected.tolist()


def test_what_is_too_loud_is_clipped(tmp_path):
    write_song(tmp_path / "song.wav", [np.float32([2.0, -2.0, 1.0, -1.0])], 4)
    with wave.open(str(tmp_path / "song.wav")) as file:
        assert np.frombuffer(file.readframes(4), "<i2").tolist() == [32767, -32768, 32767, -32768]


def test_stereo_is_averaged(tmp_path):
    left, right = sine(440, 1, 16_000), sine(1000, 1, 16_000, 0.3)
    soundfile.write(tmp_path / "s.wav", np.stack([left, right], 1), 16_000, subtype="FLOAT")
    assert np.abs(read_song(tmp_path / "s.wav") - (left + right) / 2).max() < 1e-6


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_of_opposite_channels_the_left_is_read(rate, tmp_path):
    left = sine(440, 1, rate)
    soundfile.write(tmp_path / "s.wav", np.stack([left, -left], 1), rate, subtype="PCM_16")
    song = read_song(tmp_path / "s.wav")
    assert np.abs(song - sine(440, 1, 16_000))[500:-500].max() < 1e-3


def test_channels_that_partly_cancel_are_averaged(tmp_path):
    left, voice = sine(440, 1, 16_000), sine(900, 1, 16_000, 0.1)
    sides = np.stack([left + voice, -left + voice], 1)
    soundfile.write(tmp_path / "s.wav", sides, 16_000, subtype="FLOAT")
    assert np.abs(read_song(tmp_path / "s.wav") - voice).max() < 1e-6


def test_surround_keeps_front_centre_and_back_but_not_the_bass_effects(tmp_path):
    # FL FR FC LFE SL SR, one at a time.
    levels = []
    for channel in range(6):
        sound = np.zeros((16_000, 6))
        sound[:, channel] = sine(440, 1, 16_000)
        soundfile.write(tmp_path / "s.wav", sound, 16_000, subtype="FLOAT")
        levels.append(np.abs(read_song(tmp_path / "s.wav")[1000:-1000]).max())
    front, _, centre, effects, surround, _ = levels
    assert levels[0] == pytest.approx(levels[1], rel=1e-3)
    # Of the centre, both halves hear 0.707; of the others, one of them hears all of it.
    assert centre / front == pytest.approx(2 * 0.7071, rel=1e-2)
    assert surround / front == pytest.approx(0.7071, rel=1e-2)
    assert effects < 1e-4 * front


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000])
def test_resampling_keeps_the_music_and_its_place(rate, tmp_path):
    soundfile.write(tmp_path / "s.wav", sine(1000, 2, rate), rate, subtype="FLOAT")
    song = read_song(tmp_path / "s.wav")
    assert len(song) == 32_000
    assert np.abs(song - sine(1000, 2, 16_000))[500:-500].max() < 1e-4


def test_what_16_khz_can_not_carry_is_filtered_out(tmp_path):
    soundfile.write(tmp_path / "s.wav", sine(9000, 2, 44_100), 44_100, subtype="FLOAT")
    assert np.abs(read_song(tmp_path / "s.wav")[500:-500]).max() < 1e-4


def test_pieces_are_resampled_as_the_whole():
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, 50_000).astype(np.float32)
    pieces = [sound[i : i + 777] for i in range(0, len(sound), 777)]
    joined = np.concatenate(list(resampled(pieces, 44_100, 16_000)))
    assert np.abs(joined - soxr.resample(sound, 44_100, 16_000, quality="VHQ")).max() < 1e-5


@pytest.mark.parametrize("kind", ["ogg", "flac", "mp3", "m4a", "aiff"])
def test_sound_files_of_other_kinds(kind, tmp_path):
    moments = [0.5, 1.25, 2.9]
    soundfile.write(tmp_path / "s.wav", clicks(moments, 4.0, 44_100, 2), 44_100)
    codec = {"ogg": "libvorbis", "m4a": "aac", "mp3": "libmp3lame"}.get(kind)
    ffmpeg("-i", tmp_path / "s.wav", *(("-c:a", codec) if codec else ()), tmp_path / f"s.{kind}")
    song = read_song(tmp_path / f"s.{kind}")
    assert loud_at(song) == pytest.approx(moments, abs=0.001)
    assert len(song) == pytest.approx(64_000, abs=1_200)


def test_the_song_of_a_video_begins_with_its_first_picture(tmp_path):
    clip = make_clip(
        tmp_path / "clip.mp4", count=60, sound=clicks([0.8, 1.5], 2.5), video_offset=0.5
    )
    assert loud_at(read_song(clip)) == pytest.approx([0.3, 1.0], abs=0.002)


def test_another_rate(tmp_path):
    write_song(tmp_path / "s.wav", [sine(440, 1, 16_000).astype(np.float32)], 16_000)
    song = read_song(tmp_path / "s.wav", rate=22_050)
    assert len(song) == 22_050
    assert np.abs(song - sine(440, 1, 22_050))[500:-500].max() < 1e-3


def test_not_a_number_is_silence(tmp_path):
    sound = sine(440, 1, 16_000)
    sound[8_000] = np.nan
    soundfile.write(tmp_path / "s.wav", sound, 16_000, subtype="FLOAT")
    song = read_song(tmp_path / "s.wav")
    assert np.isfinite(song).all()
    assert np.abs(song - np.nan_to_num(sound)).max() < 1e-6


def test_a_wav_whose_header_promises_more_than_there_is(tmp_path):
    soundfile.write(tmp_path / "s.wav", np.full(16_000, 0.25), 16_000, subtype="PCM_16")
    data = (tmp_path / "s.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(data[:-8_001])
    song = read_song(tmp_path / "cut.wav")
    assert len(song) == 16_000 - 4_001
    assert (song == 0.25).all()


def pieces(lengths, times=None, late=0):
    """Pieces of sound that follow each other, or begin at given times."""
    ends = np.cumsum(lengths)
    if times is None:
        times = late + np.concatenate([[0], ends[:-1]])
    return list(zip([int(t) for t in times], [int(n) for n in lengths]))


def test_sound_in_step_is_not_shifted():
    assert list(shifts_of(pieces([1024] * 100), 44_100)) == []
    assert list(shifts_of(pieces([1024] * 100, late=5_000), 44_100)) == []
    assert list(shifts_of([], 44_100)) == []


def test_times_that_jitter_are_not_followed():
    # Milliseconds, as mkv has them; and a block whose time is wrong for once, as Vorbis has.
    sound = pieces([1024] * 100)
    rounded = [(round(round(t / 44.1) * 44.1), n) for t, n in sound]
    assert list(shifts_of(rounded, 44_100)) == []
    single = [(t + (448 if k == 40 else 0), n) for k, (t, n) in enumerate(sound)]
    assert list(shifts_of(single, 44_100)) == []


@pytest.mark.parametrize("shift", [500, -500, 20_000, -20_000])
def test_a_lasting_step_is_followed_from_where_it_is(shift):
    sound = [(t + (shift if k >= 30 else 0), n) for k, (t, n) in enumerate(pieces([1024] * 99))]
    assert list(shifts_of(sound, 44_100)) == [(30 * 1024, shift)]


def test_a_slow_recorder_is_followed_in_small_steps():
    sound = [(round(t * 1.001), n) for t, n in pieces([1000] * 4_000)]
    steps = list(shifts_of(sound, 48_000))
    error = [
        round(t * 1.001) - t - sum(step for begin, step in steps if begin <= t)
        for t, _ in pieces([1000] * 4_000)
    ]
    # 4000 samples in 83 s: never more than the 5 ms of the bound and what a step takes.
    assert len(steps) > 10
    assert np.abs(error).max() / 48_000 < 0.006


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 9), max_size=8),
    st.lists(st.tuples(st.integers(0, 40), st.integers(-12, 12)), max_size=4),
)
def test_shifts_put_silence_in_and_leave_sound_out(lengths, shifts):
    shifts = sorted(shifts)
    sound = np.arange(1, sum(lengths) + 1, dtype=np.float32)
    blocks = np.split(sound, np.cumsum(lengths)[:-1]) if lengths else []
    expected, drop, rest = [], 0, list(shifts)
    for k, value in enumerate(sound):
        while rest and rest[0][0] <= k:
            drop -= rest.pop(0)[1]
            if drop < 0:
                expected += [0.0] * -drop
                drop = 0
        if drop:
            drop -= 1
        else:
            expected.append(value)
    got = np.concatenate([np.zeros(0, np.float32), *shifted(blocks, shifts)])
    assert got.tolist() == expected


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_ogg_vorbis_is_read_as_libsndfile_reads_it(rate, tmp_path):
    # Its short blocks around every click have times that are off by 10 ms.
    soundfile.write(tmp_path / "s.wav", clicks(np.arange(0.2, 5, 0.31), 5.0, rate, 2), rate)
    ffmpeg("-i", tmp_path / "s.wav", "-c:a", "libvorbis", tmp_path / "s.ogg")
    sound, _ = soundfile.read(tmp_path / "s.ogg", dtype="float32")
    expected = soxr.resample(sound.mean(axis=1), rate, 16_000, quality="VHQ")
    song = read_song(tmp_path / "s.ogg")
    assert len(song) == pytest.approx(len(expected), abs=1)
    common = slice(0, min(len(song), len(expected)))
    assert np.abs(song[common] - expected[common]).max() < 1e-4


def test_files_that_are_no_song(tmp_path):
    (tmp_path / "text.wav").write_text("la la la " * 100)
    (tmp_path / "empty.wav").touch()
    write_song(tmp_path / "none.wav", [], 0)
    make_clip(tmp_path / "mute.mp4", count=30)
    for name, message in {
        "text.wav": "no video or sound file",
        "empty.wav": "0 bytes",
        "gone.wav": "no such file",
        "none.wav": "the sound has no sample",
        "mute.mp4": "the file holds no sound",
    }.items():
        with pytest.raises(ItemError, match=message) as error:
            read_song(tmp_path / name)
        assert name in str(error.value)


def level(song, frequency, rate=16_000):
    """Amplitude of a tone in a song."""
    turn = np.exp(-2j * np.pi * frequency * np.arange(len(song)) / rate)
    return 2 * abs(np.mean(np.asarray(song, float) * turn))


@pytest.mark.parametrize(("rate", "count"), [(16_000, 2), (44_100, 2), (48_000, 6)])
def test_the_left_channel_alone(rate, count, tmp_path):
    sides = [sine(440, 2, rate), sine(1500, 2, rate)] + [sine(3000, 2, rate)] * (count - 2)
    soundfile.write(tmp_path / "a.wav", np.stack(sides, 1), rate, subtype="PCM_16")
    song = read_song(tmp_path / "a.wav", channels="left")
    assert len(song) == 32_000
    assert level(song, 440) == pytest.approx(0.5, rel=0.01)
    assert level(song, 1500) < 1e-3
    assert level(song, 3000) < 1e-3
    mean = read_song(tmp_path / "a.wav")
    assert level(mean, 440) == pytest.approx(level(mean, 1500), rel=0.01)
    assert level(mean, 1500) > 0.1


def test_channels_that_are_unknown(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((100, 2)), 16_000)
    with pytest.raises(ConfigError, match=r"channels \(got 'right'\)\. Use one of mean, left"):
        read_song(tmp_path / "a.wav", channels="right")
