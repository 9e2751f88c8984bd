"""The default rate, and what the probe says of the picture that each frame shows."""

import json
from fractions import Fraction

import numpy as np
import pytest
from flash_and_click import phone
from made_clips import make_clip, number_in
from soaking import soak_after

from choreo.cleaning.retime import times_taken

RATES = ["24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60"]


def made_by_a_phone(path):
    ticks, formula = phone(10.0)
    make_clip(
        path,
        count=len(ticks),
        times=f"'{formula}'",
        options=["-video_track_timescale", 90_000],
    )
    return np.array(ticks) / 90_000


def shown_and_said(run, clip, times, **options):
    """Numbers in the frames, and times of their pictures: as made, and as the probe says."""
    probe, frames, _ = run(clip, require_sound=False, **options)
    shown = [number_in(frame) for frame in frames]
    true = times[shown] - probe["start"]
    said = times_taken(run.folder / "clip.json")
    return probe, shown, true, said


@pytest.mark.parametrize("rate", soak_after(2, RATES))
def test_by_default_every_picture_is_there_once_at_its_time(rate, run, tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", rate=rate, count=90)
    probe, shown, _, said = shown_and_said(run, clip, np.arange(90.0), fps=None)
    assert probe["fps"] == pytest.approx(float(Fraction(rate)), rel=1e-9)
    assert shown == list(range(90))
    assert (probe["shift"], said) == (None, None)
    # H.264 in mp4, on the grid: the pictures are not encoded again.
    assert probe["copied"]


def test_a_variable_rate_becomes_60_and_pictures_begin_on_time(run, tmp_path):
    times = made_by_a_phone(tmp_path / "clip.mp4")
    probe, shown, true, said = shown_and_said(run, tmp_path / "clip.mp4", times, fps=None)
    assert (probe["fps"], probe["source"]["fps_even"]) == (60.0, None)
    assert sorted(set(shown)) == list(range(len(times)))
    begins = np.flatnonzero(np.diff(shown, prepend=-1))
    assert np.abs(begins / 60 - times).max() < 1 / 120 + 1e-5
    np.testing.assert_allclose(said, true, atol=1e-4)


@pytest.mark.parametrize("rate", ["5", "7", "120"])
def test_what_is_too_slow_or_too_fast_becomes_60(rate, run, tmp_path):
    rate = Fraction(rate)
    clip = make_clip(tmp_path / "clip.mp4", rate=str(rate), count=int(3 * rate))
    times = np.arange(3 * rate).astype(float) / float(rate)
    probe, _, true, said = shown_and_said(run, clip, times, fps=None)
    assert probe["fps"] == 60.0
    assert np.abs(np.diff(true)).max() == pytest.approx(max(1 / float(rate), 1 / 60), abs=1e-6)
    if probe["shift"]:
        np.testing.assert_allclose(said, true, atol=1e-4)
    else:
        np.testing.assert_allclose(true, np.arange(len(true)) / 60, atol=0.004)


@pytest.mark.parametrize(
    ("start", "rate"),
    soak_after(
        3,
        [(None, "25"), (0.777, "24000/1001"), (0.777, "60000/1001")]
        + [(None, rate) for rate in ("24000/1001", "24", "30000/1001", "50", "60000/1001", "15")]
        + [(0.777, rate) for rate in ("24", "25", "30000/1001", "50", "15")],
    ),
)
def test_the_probe_knows_the_picture_of_each_frame(rate, start, run, tmp_path):
    """Against the numbers in the pictures, also in ties between two frames."""
    count = round(5 * Fraction(rate))
    clip = make_clip(tmp_path / "clip.mp4", rate=rate, count=count)
    times = np.arange(count) / float(Fraction(rate))
    probe, _, true, said = shown_and_said(run, clip, times, start=start)
    off = np.abs(true - np.arange(len(true)) / 30)
    assert off.max() > 0.004
    np.testing.assert_allclose(said, true, atol=1e-4)
    assert len(probe["shift"].split()) == probe["frames"]


def test_the_probe_knows_the_pictures_of_a_variable_rate_at_30(run, tmp_path):
    times = made_by_a_phone(tmp_path / "clip.mp4")
    for start in (None, 1.234):
        _, _, true, said = shown_and_said(run, tmp_path / "clip.mp4", times, start=start)
        np.testing.assert_allclose(said, true, atol=1e-4)


@pytest.mark.parametrize("rate", ["30", "60"])
def test_nothing_is_said_where_all_are_on_time(rate, run, tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", rate=rate, count=90)
    probe, _, _ = run(clip, require_sound=False)
    assert probe["shift"] is None
    assert json.loads((run.folder / "clip.json").read_text()) == probe


def test_a_start_between_two_pictures(run, tmp_path):
    """At its own rate all are off by the same; the nearest picture is shown."""
    clip = make_clip(tmp_path / "clip.mp4", rate="25", count=100)
    times = np.arange(100) / 25
    probe, _, true, said = shown_and_said(run, clip, times, fps=None, start=1.01)
    assert probe["fps"] == 25.0
    np.testing.assert_allclose(said, true, atol=1e-4)
    late = said - np.arange(len(said)) / 25
    assert np.abs(late).max() < 0.0201
    assert np.ptp(late) < 2e-4
