"""From a file to the dataset's chunks: picture and sound stay within 10 ms."""

import json

import numpy as np
import pytest
from flash_and_click import chain, make
from made_clips import make_clip

from choreo.dataset.audio import CHANNELS
from choreo.dataset.pack import ChunkDataset, make_shard
from choreo.track import PoseTrack
from choreo.videos.standardise import standardise


@pytest.mark.parametrize(
    "kind",
    [
        {"rate": "30000/1001", "sample_rate": 44_100},
        {"rate": "25", "sample_rate": 48_000, "channels": 1, "late": 0.7},
        {"rate": "60", "sample_rate": 48_000, "channels": 6, "early_end": 20},
    ],
)
def test_flash_and_click_in_the_dataset(kind, tmp_path):
    clip, times = make(tmp_path / "clip.mp4", **kind)
    found = chain(clip, times, tmp_path / "out")
    assert len(found.times) >= 5
    assert len(found.flash_times) >= 1
    assert len(found.chunk_times) >= 4
    for name in ("flash", "sound", "chunk_sound"):
        assert np.abs(getattr(found, name)).max() < 0.010, name
    # 29.97 and 30 fps drift apart: a frame then shows a picture that is up to half a frame off.
    grid = 1 / 60 if kind["rate"] == "30000/1001" else 0.010
    for name in ("picture", "pose"):
        assert np.abs(getattr(found, name)).max() < grid, name
        assert abs(getattr(found, name).mean()) < 0.010, name


def test_a_shift_is_measured(tmp_path):
    """The measure itself: a click 0.1 s late is 0.1 s late at every place."""
    clip, times = make(tmp_path / "clip.mp4", late=0.5)
    found = chain(clip, times - 0.1, tmp_path / "out")
    for name in ("picture", "sound", "pose", "chunk_sound"):
        assert np.median(getattr(found, name)) == pytest.approx(0.1, abs=0.01), name


@pytest.mark.parametrize("rate", ["24000/1001", "24", "25", "30000/1001"])
def test_the_source_s_own_frame_rate_has_no_drift(rate, tmp_path):
    clip, times = make(tmp_path / "clip.mp4", rate=rate)
    found = chain(clip, times, tmp_path / "out", fps=None)
    assert np.abs(found.picture).max() < 0.001
    assert np.abs(found.pose).max() < 0.002


@pytest.mark.parametrize(("rate", "late"), [("24", 0.0084), ("15", 0.0171), ("12", 0.0338)])
def test_held_pictures_are_late_at_30_and_not_at_their_own_rate(rate, late, tmp_path):
    clip, times = make(tmp_path / "clip.mp4", rate=rate)
    held = chain(clip, times, tmp_path / "held")
    assert late / 2 < held.picture.mean() < late
    assert np.abs(held.picture).max() < late
    assert 0 < held.pose.mean() < late + 0.004
    own = chain(clip, times, tmp_path / "own", fps=None)
    assert np.abs(own.picture).max() < 0.001
    assert np.abs(own.pose).max() < 0.004


def test_a_variable_rate_has_no_rate_of_its_own(tmp_path):
    """A phone, 30 fps with jitter, then 15, then 60: its mean, 32 fps, is no grid of it."""
    ticks = [
        3000 * k
        + int(np.floor(500 * np.sin(1.7 * k) + 0.5))
        + 3000 * max(k - 90, 0)
        - 4500 * max(k - 180, 0)
        for k in range(420)
    ]
    formula = "N*3000+floor(500*sin(1.7*N)+0.5)+3000*max(N-90,0)-4500*max(N-180,0)"
    clip, times = make(tmp_path / "clip.mp4", ticks=(ticks, formula))
    found = {fps: chain(clip, times, tmp_path / str(fps), fps) for fps in (30.0, None)}
    probe = json.loads((tmp_path / "None" / "clip.json").read_text())
    assert (probe["fps"], probe["source"]["fps_even"]) == (30.0, None)
    assert probe["source"]["fps_stated"] > 32
    np.testing.assert_array_equal(found[None].picture, found[30.0].picture)
    assert np.abs(found[None].picture).max() < 0.018


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
    for sound in (out["wav"], clip):
        make_shard(out["npz"], sound, out["h5"], video="v", song_id="s", method=method)
        samples = ChunkDataset(out["h5"])[0]["audio"].reshape(-1).astype(float)
        at = np.arange(len(samples)) / 16_000
        low, high = (abs(np.mean(samples * np.exp(-2j * np.pi * f * at))) for f in (440, 1500))
        assert high / low == pytest.approx(right, abs=0.01)
