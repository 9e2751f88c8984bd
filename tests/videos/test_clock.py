"""Frame i is at i / fps and sample n at n / 16000 of the same clock."""

import itertools
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from made_clips import (
    SIZE,
    clicks,
    coded,
    ffmpeg,
    flashing,
    lit_at,
    loud_at,
    make_clip,
    need,
    number_in,
)
from soaking import soak_after

from choreo import media
from choreo.errors import ItemError
from choreo.videos.audio import read_song
from choreo.videos.standardise import standardise

RATES = ["24000/1001", "50", "24", "25", "30000/1001", "30", "60000/1001", "60"]
HALF_FRAME = 1 / 60


def on_both_grids(times, fps=30, apart=0.5, within=0.003):
    """Numbers of pictures that begin within 3 ms of a frame, half a second apart."""
    chosen = []
    for k, time in enumerate(times):
        off = abs(time * fps - round(time * fps)) / fps
        rested = not chosen or time - times[chosen[-1]] >= apart
        if off <= within and rested and 0.3 < time < times[-1] - 0.3:
            chosen.append(k)
    return chosen


def expected_pictures(times, count, fps=30):
    """Which picture is due at each frame, by exact arithmetic."""
    from_ = [times[0]]
    for before, time in itertools.pairwise(times):
        from_.append(time - min(time - before, Fraction(1, fps)) / 2)
    due = np.array([float(t) for t in from_])
    return [int(np.searchsorted(due, i / fps + 1e-6, side="right")) - 1 for i in range(count)]


def in_time(frames, song, times, *, click_within=0.002):
    """Assert that flashes and clicks are within 10 ms of each other and of `times`."""
    lit, loud = lit_at(frames), loud_at(song)
    assert len(lit) == len(loud) == len(times) > 0
    assert np.abs(np.subtract(lit, loud)).max() < 0.010
    assert np.abs(np.subtract(loud, times)).max() < click_within
    assert np.abs(np.subtract(lit, times)).max() < 0.010


@pytest.mark.parametrize("rate", soak_after(2, RATES))
def test_flash_and_click_at_every_frame_rate(rate, run, tmp_path):
    count = round(6 * Fraction(rate))
    times = [k / Fraction(rate) for k in range(count)]
    flashes = on_both_grids(times)
    moments = [float(times[k]) for k in flashes]
    clip = make_clip(
        tmp_path / "clip.mp4",
        rate=rate,
        count=count,
        picture=flashing(flashes, length=4),
        sound=clicks(moments, 6.2, 44_100, channels=2),
        sample_rate=44_100,
    )
    probe, frames, song = run(clip)
    in_time(frames, song, moments)
    assert probe["frames"] == len(frames) == round(count / Fraction(rate) * 30)
    assert len(song) == round(len(frames) * 16_000 / 30)
    assert probe["source"]["fps"] == pytest.approx(float(Fraction(rate)), abs=1e-3)


@pytest.mark.parametrize(
    "rate", soak_after(1, ["25", "24000/1001", "24", "30000/1001", "50", "60000/1001"])
)
def test_flashes_anywhere_are_within_half_a_frame_and_right_in_the_mean(rate, run, tmp_path):
    count = round(20 * Fraction(rate))
    # The same step in every phase of the two grids.
    flashes = list(range(11, count - 12, round(0.37 * Fraction(rate))))
    clip = make_clip(
        tmp_path / "clip.mp4", rate=rate, count=count, picture=flashing(flashes, length=4)
    )
    _, frames, _ = run(clip, require_sound=False)
    error = np.subtract(lit_at(frames), [float(k / Fraction(rate)) for k in flashes])
    # From a faster source the picture nearest to the frame's time is shown, so a change
    # is seen up to half a source picture later than half a frame.
    late = max(0.0, HALF_FRAME - float(1 / Fraction(rate) / 2))
    assert error.min() > -HALF_FRAME - 1e-4
    assert error.max() < HALF_FRAME + late + 1e-4
    assert abs(error.mean()) < 0.010


@pytest.mark.parametrize("rate", soak_after(2, ["15", "60000/1001", "120", *RATES[:-2], "60"]))
def test_every_frame_shows_the_picture_that_is_due(rate, run, tmp_path):
    rate = Fraction(rate)
    count = round(3 * rate)
    clip = make_clip(tmp_path / "clip.mp4", rate=str(rate), count=count)
    _, frames, _ = run(clip, require_sound=False)
    shown = [number_in(frame) for frame in frames]
    times = [k / rate for k in range(count)]
    due = expected_pictures(times, len(frames))
    # 24 fps: a picture in four lies exactly between two frames; either is right.
    tied = {i for i in range(len(frames)) if rate == 24 and i % 5 == 2}
    assert [n for i, n in enumerate(shown) if i not in tied] == [
        n for i, n in enumerate(due) if i not in tied
    ]
    # From a faster source, never further off than half a picture of it.
    off = max(abs(float(times[k]) - i / 30) for i, k in enumerate(shown[:-1]))
    assert off <= max(float(1 / rate) - HALF_FRAME, HALF_FRAME if rate < 31 else 0.5 / rate) + 1e-4


def test_a_variable_frame_rate(run, tmp_path):
    # A phone: about 30 a second with jitter, then a stretch of 15, then one of 60.
    ticks = [
        3000 * k
        + int(np.floor(500 * np.sin(1.7 * k) + 0.5))
        + 3000 * max(k - 90, 0)
        - 4500 * max(k - 120, 0)
        for k in range(240)
    ]
    formula = "N*3000+floor(500*sin(1.7*N)+0.5)+3000*max(N-90,0)-4500*max(N-120,0)"
    times = [Fraction(tick, 90_000) for tick in ticks]
    flashes = on_both_grids(times)
    moments = [float(times[k]) for k in flashes]
    options = {
        "count": len(ticks),
        "times": f"'{formula}'",
        "sound": clicks(moments, 7.0),
        "options": ["-video_track_timescale", 90_000],
    }
    clip = make_clip(tmp_path / "flash.mp4", picture=flashing(flashes), **options)
    probe, frames, song = run(clip)
    in_time(frames, song, moments)
    assert probe["source"]["longest_gap"] == pytest.approx(
        max(float(b - a) for a, b in itertools.pairwise(times)), abs=1e-4
    )
    _, frames, _ = run(make_clip(tmp_path / "coded.mp4", **options))
    assert [number_in(frame) for frame in frames] == expected_pictures(times, len(frames))


def test_a_picture_that_stands_still_does_not_give_way_early(run, tmp_path):
    # Two seconds without a new picture: the next one begins at its own time.
    clip = make_clip(tmp_path / "clip.mkv", count=60, times="'(N+gte(N,30)*60)*3000'")
    _, frames, _ = run(clip, require_sound=False)
    shown = [number_in(frame) for frame in frames]
    assert shown == [*range(30), *[29] * 60, *range(30, 60)]


@pytest.mark.parametrize(
    ("rate", "channels", "encoder", "container"),
    soak_after(
        4,
        [
            (48_000, 1, "aac", "mp4"),
            (48_000, 6, "ac3", "mkv"),
            (44_100, 2, "libvorbis", "mkv"),
            (44_100, 2, "aac", "ts"),
            (44_100, 6, "aac", "mp4"),
            (48_000, 2, "libopus", "webm"),
            (44_100, 2, "libmp3lame", "mp4"),
            (22_050, 2, "pcm_s16le", "mov"),
            (16_000, 1, "flac", "mkv"),
            (44_100, 2, "aac", "flv"),
        ],
    ),
)
def test_kinds_of_sound(rate, channels, encoder, container, run, tmp_path):
    need(encoder)
    flashes = [15, 60, 90, 141]
    moments = [k / 30 for k in flashes]
    clip = make_clip(
        tmp_path / f"clip.{container}",
        picture=flashing(flashes),
        encoder="libvpx-vp9" if container == "webm" else "libx264",
        sound=clicks(moments, 6.0, rate, channels),
        sample_rate=rate,
        sound_encoder=encoder,
    )
    probe, frames, song = run(clip)
    # ffmpeg 5 writes the pictures of a webm with Opus 7 ms late.
    in_time(frames, song, moments, click_within=0.008 if encoder == "libopus" else 0.002)
    sound = probe["source"]["audio"]
    assert (sound["rate"], sound["channels"]) == (rate, channels)


@pytest.mark.parametrize(
    "encoder", soak_after(2, ["libx265", "libvpx-vp9", "libsvtav1", "libaom-av1", "mpeg4"])
)
def test_kinds_of_pictures(encoder, run, tmp_path):
    flashes = [15, 60, 90, 141]
    moments = [k / 30 for k in flashes]
    clip = make_clip(
        tmp_path / "clip.mp4",
        picture=flashing(flashes),
        encoder=encoder,
        sound=clicks(moments, 6.0),
    )
    probe, frames, song = run(clip)
    in_time(frames, song, moments)
    assert probe["source"]["codec"] in {"hevc", "vp9", "av1", "mpeg4"}
    assert not probe["copied"]


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
def test_sound_that_starts_late(container, run, tmp_path):
    flashes = [40, 90, 141]
    moments = [k / 30 for k in flashes]
    clip = make_clip(
        tmp_path / f"clip.{container}",
        picture=flashing(flashes),
        sound=clicks([t - 0.7 for t in moments], 5.3),
        sound_offset=0.7,
    )
    probe, frames, song = run(clip)
    in_time(frames, song, moments)
    assert probe["source"]["audio"]["offset"] == pytest.approx(0.7, abs=0.03)
    assert np.abs(song[: int(0.6 * 16_000)]).max() < 1e-3


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_sound_that_starts_before_the_pictures(container, run, tmp_path):
    flashes = [30, 90, 141]
    clip = make_clip(
        tmp_path / f"clip.{container}",
        picture=flashing(flashes),
        sound=clicks([k / 30 + 0.5 for k in flashes], 6.5),
        video_offset=0.5,
    )
    probe, frames, song = run(clip)
    in_time(frames, song, [k / 30 for k in flashes])
    assert probe["frames"] == 180


def test_sound_with_a_hole(run, tmp_path):
    # Half a second of sound is missing between two packets: its place stays empty.
    flashes = [30, 141]
    moments = [1.0, 4.7]
    clip = make_clip(
        tmp_path / "clip.mkv",
        picture=flashing(flashes),
        sound=clicks([1.0, 4.2], 5.5),
        sound_encoder="pcm_s16le",
        sound_filter="asetpts='PTS+gte(T,3)*0.5/TB'",
    )
    _, frames, song = run(clip)
    in_time(frames, song, moments)


def test_sound_whose_recorder_ran_slow(run, tmp_path):
    # Every second of it lasts 1.004 s by the packets' times.
    flashes = [30, 300, 540]
    clip = make_clip(
        tmp_path / "clip.mkv",
        count=600,
        picture=flashing(flashes),
        sound=clicks([k / 30 / 1.004 for k in flashes], 20.0),
        sound_encoder="pcm_s16le",
        sound_filter="asetpts=PTS*1.004",
    )
    _, frames, song = run(clip)
    lit, loud = lit_at(frames), loud_at(song)
    assert np.abs(np.subtract(lit, loud)).max() < 0.010


def test_pictures_that_end_before_the_sound(run, tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", count=171, sound=clicks([1.0], 9.0))
    probe, frames, song = run(clip)
    assert probe["frames"] == len(frames) == 171
    assert len(song) == round(171 / 30 * 16_000)


def test_sound_that_ends_before_the_pictures(run, tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", sound=clicks([1.0], 4.0))
    probe, frames, song = run(clip)
    assert len(frames) == 180
    assert len(song) == 6 * 16_000
    assert not song[int(4.1 * 16_000) :].any()
    assert probe["audio"]["decoded_seconds"] == pytest.approx(4.0, abs=0.05)


def test_missing_pictures_in_the_middle_and_at_the_end(run, tmp_path):
    # 180 pictures of which 100..109 and the last six were lost.
    clip = make_clip(
        tmp_path / "clip.mp4",
        count=164,
        times="'(N+gte(N,100)*10)*3000'",
        picture=lambda k: coded(k + 10 * (k >= 100)),
        options=["-video_track_timescale", 90_000],
    )
    _, frames, _ = run(clip, require_sound=False)
    shown = [number_in(frame) for frame in frames]
    assert shown == [*range(100), *[99] * 10, *range(110, 174)]


def test_an_edit_list(run, tmp_path):
    # Cut without encoding: the file hides what lies before the cut.
    flashes = [100, 150, 180]
    moments = [k / 30 for k in flashes]
    whole = make_clip(
        tmp_path / "whole.mp4", count=240, picture=flashing(flashes), sound=clicks(moments, 8.0)
    )
    ffmpeg("-ss", "1.5", "-i", whole, "-c", "copy", tmp_path / "cut.mp4")
    _, frames, song = run(tmp_path / "cut.mp4")
    lit, loud = lit_at(frames), loud_at(song)
    assert len(lit) == len(loud) == 3
    assert np.abs(np.subtract(lit, loud)).max() < 0.010


@pytest.mark.parametrize(
    ("container", "start", "end"),
    [
        ("mp4", 1.0, 4.0),
        ("mp4", 0.51, 3.3),
        ("mp4", 12.0, 15.0),
        ("mp4", 13.37, None),
        ("mp4", None, 2.5),
        ("mkv", 12.0, 15.0),
        ("ts", 13.37, None),
    ],
)
def test_a_clip(container, start, end, run, tmp_path):
    # The 16 s hold jumps: reading begins 10 s before the start at most.
    flashes = [15, 45, 70, 110, 370, 400, 440, 460]
    moments = [k / 30 for k in flashes]
    sound = clicks(moments, 16.0, 44_100)
    clip = make_clip(tmp_path / f"clip.{container}", count=480, sound=sound, sample_rate=44_100)
    probe, frames, song = run(clip, start=start, end=end)
    begin, finish = start or 0.0, end or 16.0
    assert len(frames) == probe["frames"] == round((finish - begin) * 30)
    shown = [number_in(frame) for frame in frames]
    # The nearest of the pictures that begin after the grid's phase.
    assert np.abs(np.array(shown) / 30 - begin - np.arange(len(shown)) / 30).max() <= HALF_FRAME
    heard = [t - begin for t in moments if begin + 0.01 < t < finish - 0.01]
    assert loud_at(song) == pytest.approx(heard, abs=0.002)
    assert (probe["start"], probe["end"]) == (begin, pytest.approx(finish, abs=0.04))


def test_the_sound_in_the_mp4_is_the_song(run, tmp_path):
    flashes = [15, 60, 141]
    clip = make_clip(
        tmp_path / "clip.mkv",
        picture=flashing(flashes),
        sound=clicks([k / 30 for k in flashes], 6.0, 44_100, 2),
        sample_rate=44_100,
    )
    _, _, song = run(clip)
    carried = read_song(run.folder / "clip.mp4")
    assert loud_at(carried) == pytest.approx(loud_at(song), abs=0.001)
    assert len(carried) == pytest.approx(len(song), abs=1_100)


@pytest.mark.slow
@pytest.mark.soak
def test_ten_minutes_do_not_drift(run, tmp_path):
    # 29.97 fps and 44.1 kHz: both have to be converted.
    rate, count = Fraction(30_000, 1_001), 17_982
    times = [k / rate for k in range(count)]
    flashes = on_both_grids(times, apart=5.0)
    moments = [float(times[k]) for k in flashes]
    clip = make_clip(
        tmp_path / "clip.mp4",
        rate=str(rate),
        count=count,
        picture=flashing(flashes, length=4),
        sound=clicks(moments, 600.0, 44_100, 2),
        sample_rate=44_100,
    )
    out = run.folder
    tracemalloc.start()
    probe = standardise(
        clip, video=out / "clip.mp4", audio=out / "clip.wav", probe=out / "clip.json", fps=30.0
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # A second of its sound alone takes 350 kB, a minute 21 MB.
    assert peak < 8e6
    frames = [frame[::16, ::16] for frame in media.read_frames(out / "clip.mp4", SIZE)]
    song = read_song(out / "clip.wav")
    assert moments[-1] > 590
    in_time(frames, song, moments)
    assert probe["duration"] == pytest.approx(599.9994, abs=0.02)


def test_a_frame_rate_of_ones_own(run, tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", rate="50", count=150)
    probe, frames, _ = run(clip, fps=25.0, require_sound=False)
    assert probe["fps"] == 25.0
    assert [number_in(frame) for frame in frames] == list(range(0, 150, 2))


def test_fps_out_of_bounds_is_refused(run, tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", count=30)
    with pytest.raises(ItemError, match=r"fps must be from 1 to 240 \(got 0\)"):
        run(clip, fps=0)
