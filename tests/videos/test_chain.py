"""From a file to the dataset's chunks: picture, poses and sound stay within 10 ms."""

import json

import numpy as np
import pytest
from flash_and_click import chain, make, phone
from made_clips import make_clip
from soaking import soak_after

from choreo.dataset.audio import CHANNELS
from choreo.dataset.pack import ChunkDataset, make_shard
from choreo.pose.track import PoseTrack
from choreo.videos.audio import read_song
from choreo.videos.standardise import standardise
from choreo.videos.wav import read_wav

RATES = ["24000/1001", "15", "24", "25", "30000/1001", "30", "50", "60000/1001", "60", "12"]
EVERYTHING = ("flash", "picture", "sound", "pose", "chunk_sound")


def largest(found, name):
    return np.abs(getattr(found, name)).max()


@pytest.mark.parametrize("rate", soak_after(2, RATES))
def test_all_is_within_10_ms_at_every_rate(rate, tmp_path):
    clip, times = make(tmp_path / "clip.mp4", rate=rate)
    found = chain(clip, times, tmp_path / "out")
    assert len(found.times) >= 5
    assert len(found.chunk_times) >= 4
    for name in EVERYTHING:
        assert largest(found, name) < 0.010, name
    # Nothing is moved in time, and no picture is shown again.
    assert largest(found, "picture") < 0.001
    assert largest(found, "held") < 0.001
    assert largest(found, "pose") < 0.004


@pytest.mark.soak
@pytest.mark.parametrize("method", ["thesis", "robust"])
def test_all_is_within_10_ms_at_a_variable_rate(method, tmp_path):
    """A phone, 30 fps with jitter, then 15, then 60: its mean, about 30, is no grid of it."""
    clip, times = make(tmp_path / "clip.mp4", ticks=phone(12.0))
    found = chain(clip, times, tmp_path / "out", method=method)
    probe = json.loads((tmp_path / "out" / "clip.json").read_text())
    assert (probe["fps"], probe["source"]["fps_even"]) == (60.0, None)
    assert probe["source"]["fps_stated"] == pytest.approx(29.95)
    for name in EVERYTHING:
        assert largest(found, name) < 0.010, name
    assert largest(found, "pose") < 0.004
    # What is seen on the screen is late where pictures of 15 a second stand for 67 ms.
    assert 0.020 < found.held.max() < 0.027


@pytest.mark.parametrize(
    "kind",
    [
        {"rate": "25", "sample_rate": 48_000, "channels": 1, "late": 0.7},
        {"rate": "60", "sample_rate": 48_000, "channels": 6, "early_end": 20},
    ],
)
def test_late_and_many_channelled_sound(kind, tmp_path):
    clip, times = make(tmp_path / "clip.mp4", **kind)
    found = chain(clip, times, tmp_path / "out")
    for name in EVERYTHING:
        assert largest(found, name) < 0.010, name


def test_a_shift_is_measured(tmp_path):
    """The measure itself: a click 0.1 s late is 0.1 s late at every place."""
    clip, times = make(tmp_path / "clip.mp4", late=0.5)
    found = chain(clip, times - 0.1, tmp_path / "out")
    for name in (*EVERYTHING, "held"):
        assert np.median(getattr(found, name)) == pytest.approx(0.1, abs=0.01), name


@pytest.mark.parametrize(
    "rate", soak_after(2, ["25", None, *(rate for rate in RATES if rate != "25")])
)
def test_poses_and_sound_are_within_10_ms_at_30_too(rate, tmp_path):
    """Pictures move by half a frame at most; the poses are brought back to their times."""
    kind = {"rate": rate} if rate else {"ticks": phone(12.0)}
    clip, times = make(tmp_path / "clip.mp4", **kind)
    found = chain(clip, times, tmp_path / "out", fps=30.0)
    for name in ("pose", "sound", "chunk_sound"):
        assert largest(found, name) < 0.010, name
    assert largest(found, "pose") < 0.004
    assert largest(found, "picture") < 1 / 60


@pytest.mark.parametrize(
    ("rate", "late"), soak_after(1, [("24", 0.0086), ("15", 0.0171), ("12", 0.0340)])
)
def test_held_pictures_are_seen_late_at_30(rate, late, tmp_path):
    clip, times = make(tmp_path / "clip.mp4", rate=rate)
    found = chain(clip, times, tmp_path / "out", fps=30.0)
    assert late / 2 < found.held.mean() < late
    assert largest(found, "held") < late


@pytest.mark.slow
@pytest.mark.soak
def test_ten_minutes_of_a_variable_rate(tmp_path):
    """The phone's stretches again and again, with sound of 44.1 kHz."""
    clip, times = make(tmp_path / "clip.mp4", ticks=phone(600.0), seconds=600.0)
    found = chain(clip, times, tmp_path / "out")
    assert found.times[-1] > 590
    assert len(found.chunk_times) > 300
    for name in EVERYTHING:
        assert largest(found, name) < 0.010, name


@pytest.mark.parametrize(("method", "right"), [("released", 0.0), ("thesis", 1.0)])
def test_the_channels_that_a_method_takes_reach_the_dataset(method, right, tmp_path):
    """440 Hz at the left, 1500 Hz at the right: what standardise_video and write_shard do."""
    seconds = np.arange(7 * 44_100) / 44_100
    sides = [0.4 * np.sin(2 * np.pi * f * seconds) for f in (440, 1500)]
    clip = make_clip(
        tmp_path / "clip.mov",
        count=200,
        sound=np.stack(sides, 1),
        sample_rate=44_100,
        sound_encoder="pcm_s16le",
    )
    out = {kind: tmp_path / f"out.{kind}" for kind in ("mp4", "wav", "json", "npz", "h5")}
    probe = standardise(
        clip,
        video=out["mp4"],
        audio=out["wav"],
        probe=out["json"],
        channels=CHANNELS[method],
    )
    assert probe["audio"]["channels"] == CHANNELS[method]
    joints = np.stack([300 + 10.0 * np.arange(17) % 40, np.linspace(100, 300, 17)], 1)
    keypoints = np.repeat(joints[None], probe["frames"], axis=0)
    track = PoseTrack(keypoints, np.ones(keypoints.shape[:2]), 30.0, (640, 360), skeleton="coco17")
    track.save(out["npz"])
    # The song of the study, and (`choreo dataset shard`) the file itself.
    for sound, read in ((out["wav"], read_wav), (clip, read_song)):
        options = {"method": method, "read": read}
        make_shard(out["npz"], sound, out["h5"], video="v", song_id="s", **options)
        samples = ChunkDataset(out["h5"])[0]["audio"].reshape(-1).astype(float)
        at = np.arange(len(samples)) / 16_000
        low, high = (abs(np.mean(samples * np.exp(-2j * np.pi * f * at))) for f in (440, 1500))
        assert high / low == pytest.approx(right, abs=0.01)
