"""What a header states is bounded, and what a title says is believed of nothing."""

import struct
import tracemalloc

import numpy as np
import pytest
import soundfile
from made_clips import clicks, ffmpeg, loud_at, make_clip

from choreo.errors import ItemError
from choreo.videos.audio import read_song
from choreo.videos.source import look
from choreo.videos.standardise import standardise
from choreo.videos.wav import write_song


def wav(path, samples, *, rate=16_000, size=None, channels=1):
    """A 16-bit wav that states `size` bytes of sound (int16 samples, shape (n * channels,))."""
    data = np.asarray(samples, "<i2").tobytes()
    size = len(data) if size is None else size
    head = struct.pack("<IHHII", 16, 1, channels, rate, rate * channels * 2 & 0xFFFFFFFF)
    head += struct.pack("<HH", channels * 2, 16)
    path.write_bytes(
        b"RIFF" + struct.pack("<I", (36 + size) & 0xFFFFFFFF) + b"WAVEfmt " + head
        + b"data" + struct.pack("<I", size) + data
    )  # fmt: skip
    return path


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (16_000, 2), (44_100, 1)])
def test_a_wav_of_unknown_size_is_read_to_its_end(size, rate, channels, tmp_path):
    samples = np.full(2 * rate * channels, 4096)
    song = read_song(wav(tmp_path / "a.wav", samples, rate=rate, size=size, channels=channels))
    assert len(song) == 32_000
    assert np.abs(song[500:-500] - 0.125).max() < 1e-3


@pytest.mark.parametrize("rate", [1, 100, 3_999, 768_001, 4_000_000_000])
def test_a_rate_that_no_sound_has_is_refused(rate, tmp_path):
    path = wav(tmp_path / "a.wav", np.ones(40_000), rate=rate)
    tracemalloc.start()
    with pytest.raises(ItemError, match=r"a\.wav: "):
        read_song(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6


@pytest.mark.parametrize("rate", [16_000, 8_000])
def test_a_song_is_held_once_in_memory(rate, tmp_path):
    path = tmp_path / "a.wav"
    write_song(path, (np.full(8_000, 0.1, np.float32) for _ in range(240)), 1_920_000, rate=rate)
    read_song(path)
    tracemalloc.start()
    song = read_song(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert song.nbytes == 1_920_000 * 16_000 // rate * 4
    assert peak < 1.3 * song.nbytes + 3e6


def test_pictures_larger_than_any_are_refused_before_they_are_decoded(tmp_path):
    clip = make_clip(tmp_path / "a.avi", count=10, encoder="mjpeg")
    data = clip.read_bytes()
    # The start of frame of a JPEG: 8 bits, height, width.
    place, found = data.find(b"\xff\xc0\x00\x11\x08"), 0
    while place >= 0:
        data = data[: place + 5] + struct.pack(">HH", 30_000, 30_000) + data[place + 9 :]
        place, found = data.find(b"\xff\xc0\x00\x11\x08", place + 1), found + 1
    assert found == 10
    clip.write_bytes(data)
    with pytest.raises(ItemError, match=r"larger than 67,108,864 pixels \(got '30000x30000'\)"):
        look(clip)


def test_a_decoder_that_says_it_in_other_words(monkeypatch, tmp_path):
    """That of FFV1 names the bound, where that of a JPEG calls the size invalid."""
    clip = make_clip(tmp_path / "a.mkv", count=2, encoder="ffv1")
    size = look(clip).picture.size
    monkeypatch.setattr("choreo.videos.source._MAX_PIXELS", 16)
    with pytest.raises(ItemError, match=rf"larger than 16 pixels \(got '{size[0]}x{size[1]}'\)"):
        look(clip)


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
@pytest.mark.parametrize(
    "title",
    [
        "rotation of 90.00 degrees",
        "rotation of -.-. degrees",
        "x\n    Side data:\n      Display Matrix: rotation of 90.00 degrees",
        # Python takes it for the end of a line, ffmpeg does not.
        "x\u2028    Side data:\u2028      Display Matrix: rotation of 90.00 degrees",
        "  Stream #0:7: Video: h264, yuv420p, 99999x99999",
        "\x1b[31mred\x1b[0m \u202e",
    ],
)
def test_a_title_turns_no_video(kind, title, tmp_path):
    clip = make_clip(tmp_path / "a.mp4", count=10)
    titled = tmp_path / f"b.{kind}"
    said = [f"{key}={title}" for key in ("title", "handler_name", "comment")]
    options = [word for pair in said for word in ("-metadata:s:v:0", pair, "-metadata", pair)]
    ffmpeg("-i", clip, "-c", "copy", *options, "-movflags", "use_metadata_tags", titled)
    assert look(titled).picture.rotation == 0
    assert look(titled).picture.size == look(clip).picture.size


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_the_music_of_opposite_channels_is_no_silence(rate, tmp_path):
    click = clicks([0.5, 1.5], 2.0, rate)[:, 0]
    clip = make_clip(
        tmp_path / "a.mkv", count=60, sound=np.stack([click, -click], 1), sample_rate=rate
    )
    out = {kind: tmp_path / f"out.{kind}" for kind in ("mp4", "wav", "json")}
    probe = standardise(
        clip, video=out["mp4"], audio=out["wav"], probe=out["json"], min_seconds=1.0
    )
    assert probe["audio"]["channels"] == "left"
    assert loud_at(read_song(out["wav"])) == pytest.approx([0.5, 1.5], abs=0.002)
    assert loud_at(read_song(clip)) == pytest.approx([0.5, 1.5], abs=0.002)


def test_silence_stays_silence(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((16_000, 2)), 16_000)
    assert not read_song(tmp_path / "a.wav").any()
