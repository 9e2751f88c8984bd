"""The ffmpeg wrapper: frames in, frames out, nothing of the outside world."""

import os
import subprocess
import sys
from pathlib import Path

import ffmpeg
import numpy as np
import pytest

from choreo import media
from choreo.drawing import Picture
from choreo.errors import ItemError
from choreo.files import sha256
from choreo.videos.source import picture_times


def gray(level, size=(32, 24)):
    return np.full((size[1], size[0], 3), level, np.uint8)


def write(path, levels, size=(32, 24), fps=30, **options):
    with media.video_writer(path, size, fps, **options) as put:
        for level in levels:
            put(gray(level, size))
    return path


def test_frames_that_were_written_are_read(tmp_path):
    levels = list(range(20, 220, 4))
    path = write(tmp_path / "x.mp4", levels)
    read = [float(frame.mean()) for frame in media.read_frames(path, (32, 24))]
    assert read == pytest.approx(levels, abs=4)
    assert list(picture_times(path)) == pytest.approx(np.arange(len(levels)) / 30, abs=2e-6)


def test_frames_are_arrays_of_their_own(tmp_path):
    path = write(tmp_path / "x.mp4", [20, 200])
    first, second = media.read_frames(path, (32, 24))
    assert first.shape == (24, 32, 3)
    assert first.mean() < 40 < 180 < second.mean()


def test_the_order_of_the_colours(tmp_path):
    with media.video_writer(tmp_path / "x.mp4", (32, 24), 30) as put:
        for _ in range(3):
            put(np.full((24, 32, 3), (250, 0, 0), np.uint8))
    red = next(media.read_frames(tmp_path / "x.mp4", (32, 24)))[12, 16]
    blue = next(media.read_frames(tmp_path / "x.mp4", (32, 24), pixels="bgr24"))[12, 16]
    assert red[0] > 200 > 60 > red[2]
    assert list(red) == list(blue[::-1])


def test_an_odd_size_is_padded(tmp_path):
    path = write(tmp_path / "x.mp4", [100] * 3, size=(33, 25))
    assert next(media.read_frames(path, (34, 26))).shape == (26, 34, 3)


def test_two_writers_make_the_same_bytes(tmp_path):
    paths = [write(tmp_path / name, range(40)) for name in ("a.mp4", "b.mp4")]
    assert sha256(paths[0]) == sha256(paths[1])


def test_a_frame_of_another_shape_is_refused(tmp_path):
    with (
        pytest.raises(ValueError, match=r"frame must be uint8 \(24, 32, 3\)"),
        media.video_writer(tmp_path / "x.mp4", (32, 24), 30) as put,
    ):
        put(np.zeros((24, 31, 3), np.uint8))
    assert not list(tmp_path.iterdir())


def test_an_error_while_writing_leaves_nothing(tmp_path):
    def fail(put):
        put(gray(1))
        raise KeyError

    with pytest.raises(KeyError), media.video_writer(tmp_path / "x.mp4", (32, 24), 30) as put:
        fail(put)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_video(tmp_path):
    path = tmp_path / "x.mp4"
    path.write_text("not a video" * 50)
    with pytest.raises(ItemError, match=r"x\.mp4: ffmpeg can't decode this file"):
        list(media.read_frames(path, (32, 24)))
    node = media.target(media.source(path).video, tmp_path / "y.mp4")
    with pytest.raises(ItemError, match=r"x\.mp4: ffmpeg can't use this file"):
        media.run(node, where=path)


def test_a_reader_may_stop_early(tmp_path):
    path = write(tmp_path / "x.mp4", [50] * 300)
    frames = media.read_frames(path, (32, 24))
    next(frames)
    frames.close()


def test_a_pipe_that_is_left_leaves_no_process(tmp_path):
    path = write(tmp_path / "x.mp4", [50] * 60)
    node = ffmpeg.output(media.source(path, stream_loop=-1).video, "pipe:1", format="rawvideo")
    with media.Pipe(node, where=tmp_path) as pipe:
        assert len(pipe.stdout.read(100)) == 100
        process = pipe._process
    assert process.returncode is not None


def test_a_pipe_tells_what_ffmpeg_says(tmp_path):
    node = ffmpeg.output(media.source(tmp_path / "gone.mp4").video, "pipe:1", format="rawvideo")
    with media.Pipe(node, where=tmp_path) as pipe:
        assert pipe.stdout.read() == b""
        assert pipe.wait() != 0
        assert "No such file" in pipe.messages()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        # Without an end mark ffmpeg would read this one again and again.
        ("x.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/a.ts\n"),
        ("x.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/a.ts\n"),
        ("x.ffconcat", "ffconcat version 1.0\nfile other.mp4\n"),
        ("x.txt", "a text that ffmpeg would draw\n" * 100),
    ],
)
def test_playlists_and_texts_are_not_opened(name, text, tmp_path):
    path = tmp_path / name
    path.write_text(text)
    node = ffmpeg.output(media.source(path).video, "pipe:1", format="rawvideo")
    with media.Pipe(node, where=path) as pipe:
        assert pipe.stdout.read() == b""
        assert pipe.wait() != 0
        assert "not on whitelist" in pipe.messages() or "Invalid data" in pipe.messages()


def test_last_lines():
    assert media.last_lines("one\n\n two \nthree\nfour\n") == "two; three; four"
    assert media.last_lines("one\ntwo", 1) == "two"
    assert media.last_lines(" \n") == "no message"
    assert media.last_lines("[in#0 @ 0x1f0a] [h264 @ 0x55d0] no frame!") == "no frame!"


def test_a_name_that_is_no_text_is_told_as_it_was_given(tmp_path):
    """Not by the hidden name that is written to first."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    with (
        pytest.raises(ItemError, match=r"v\.mp4: its name or folder is no UTF-8 text") as found,
        media.video_writer(folder / "v.mp4", (32, 32), 30),
    ):
        pass
    assert found.value.where == str(folder / "v.mp4")


@pytest.mark.parametrize("settings", [{}, {"PYTHONUTF8": "0"}])
def test_names_in_a_terminal_of_ascii(tmp_path, settings):
    """`LC_ALL=C`: names with other letters are read and written all the same."""
    work = (
        "import sys, numpy as np; from choreo import media\n"
        "with media.video_writer(sys.argv[1], (32, 32), 10) as put:\n"
        "    put(np.zeros((32, 32, 3), np.uint8))\n"
        "print(len(list(media.read_frames(sys.argv[1], (32, 32)))))"
    )
    path = tmp_path / "ü" / "ü.mp4"
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", work, path],
        env=kept | {"LC_ALL": "C"} | settings,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "1\n", done.stderr
    assert [one.name for one in path.parent.iterdir()] == ["ü.mp4"]


@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
def test_planes_give_the_pictures_that_were_drawn(tmp_path, size):
    drawn = Picture(size)
    with media.video_writer(tmp_path / "v.mp4", size, 30, pixels="yuv420p", quick=True) as put:
        for left in range(0, 40, 8):
            drawn.image[:] = 240
            drawn.image[8:32, left : left + 16] = (200, 60, 30)
            drawn.changed(slice(0, size[1]), slice(0, size[0]))
            put(drawn.planes)
    frames = list(media.read_frames(tmp_path / "v.mp4", size))
    assert len(frames) == 5
    for number, frame in enumerate(frames):
        left = 8 * number
        assert np.abs(frame[12:28, left + 4 : left + 12] - np.array([200.0, 60, 30])).max() < 12
        assert np.abs(frame[36:].astype(float) - 240).max() < 12


def test_planes_of_another_size_are_refused(tmp_path):
    with (
        pytest.raises(ValueError, match="frame must be uint8"),
        media.video_writer(tmp_path / "v.mp4", (64, 48), 30, pixels="yuv420p") as put,
    ):
        put(Picture((32, 48)).planes)
