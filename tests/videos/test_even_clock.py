"""Size, rate and length of a video, as poses by frame number need them."""

import ffmpeg
import numpy as np
import pytest

from choreo import media
from choreo.errors import ItemError
from choreo.media import video_writer
from choreo.videos.source import even_clock


def made(path, fps, frames=30, size=(64, 48)):
    with video_writer(path, size, fps) as write:
        for k in range(frames):
            write(np.full((*size[::-1], 3), k, np.uint8))
    return path


@pytest.mark.parametrize("fps", [5, 24, 25, 30, 30000 / 1001, 24000 / 1001, 60])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_size_rate_and_frames(tmp_path, fps, suffix):
    size, rate, frames = even_clock(made(tmp_path / f"a{suffix}", fps))
    assert (size, frames) == ((64, 48), 30)
    assert rate == pytest.approx(fps, rel=1e-9)


def test_a_single_frame(tmp_path):
    assert even_clock(made(tmp_path / "a.mp4", 30, frames=1)) == ((64, 48), 30, 1)


def test_frames_that_do_not_come_evenly_are_refused(tmp_path):
    whole = made(tmp_path / "a.mp4", 30, frames=60)
    # Every third frame of the second half, at its own time.
    kept = media.source(whole).video.filter("select", "lt(n,30)+not(mod(n,3))")
    media.run(
        media.target(kept, tmp_path / "b.mp4", vcodec="libx264", fps_mode="vfr"),
        where=tmp_path / "b.mp4",
    )
    with pytest.raises(ItemError, match=r"do not come evenly.*choreo videos"):
        even_clock(tmp_path / "b.mp4")


def test_a_file_without_pictures(tmp_path):
    silence = ffmpeg.input("anullsrc", f="lavfi", t=1)
    media.run(media.target(silence, tmp_path / "a.wav"), where=tmp_path)
    with pytest.raises(ItemError, match="the file holds no picture"):
        even_clock(tmp_path / "a.wav")
