"""Size, rate and length of a video, as poses by frame number need them."""

from fractions import Fraction

import ffmpeg
import numpy as np
import pytest

from choreo import media
from choreo.errors import ItemError
from choreo.media import video_writer
from choreo.videos.source import Scan, even_clock


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


def scanned(times):
    times = np.asarray(times, float)
    return Scan(
        frames=len(times),
        last=times[-1],
        interval=(times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else np.nan,
        longest=0.0,
        times=times,
        whole=True,
        end=times[-1],
        seek=0.0,
    )


PAL_OF_OLD = Fraction(179, 6)


@pytest.mark.parametrize(
    ("times", "stated", "rate"),
    [
        (np.arange(900) * 1001 / 30000, 29.97, Fraction(30000, 1001)),
        (np.arange(900) / 24, 24.0, 24),
        (np.arange(900) / 12, 12.0, 12),
        # A clip that is read from the middle of the file on.
        (0.417 + np.arange(900) / 25, 25.0, 25),
        # matroska rounds to milliseconds.
        (np.round(np.arange(18_000) * 1001 / 24000, 3), 23.98, Fraction(24000, 1001)),
        # What ffmpeg says has two decimals: too few for 10 minutes.
        (np.arange(18_000) / float(PAL_OF_OLD), 29.83, PAL_OF_OLD),
        # Pictures were lost: the mean rate is none of the grid.
        (np.delete(np.arange(900), np.s_[100:150]) * 1001 / 30000, 28.31, Fraction(30000, 1001)),
        # A few pictures out of step are none of the rate's fault.
        (np.arange(900) / 30 + 0.012 * (np.arange(900) == 400), 30.0, 30),
        (np.arange(900) / 30, None, 30),
        ([0.0], 25.0, 25),
        ([0.0], None, Fraction(24000, 1001)),
        # 15, 30 and 60 of a phone's clock: on the finest of them, slow pictures would be late.
        (np.cumsum(np.repeat([4, 2, 1], 100)) / 60, 25.7, None),
        (np.arange(900) / 5, 5.0, None),
        (np.arange(900) / 120, 120.0, None),
        (np.cumsum(np.random.default_rng(1).uniform(0.02, 0.05, 900)), 28.6, None),
    ],
)
def test_the_grid_that_pictures_lie_on(times, stated, rate):
    assert scanned(times).even_rate(stated) == rate
