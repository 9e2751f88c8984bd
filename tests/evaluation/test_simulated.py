"""Poses without pictures, for the large audit."""

import numpy as np
import soundfile

from choreo.evaluation.simulated_poses import simulate
from choreo.pose.track import PoseTrack


def test_true_joints_with_faults_and_the_song(tmp_path):
    for name in "ab":
        simulate(
            "demo:neon/ada/1",
            track=tmp_path / f"{name}.npz",
            audio=tmp_path / f"{name}.wav",
            start=2,
            end=8,
            seed=1,
        )
    track = PoseTrack.load(tmp_path / "a.npz")
    assert (track.skeleton, track.fps, len(track)) == ("coco17", 30, 180)
    assert track.meta["estimator"] == "simulated"
    jumps = np.abs(np.diff(track.keypoints, axis=0)).max((1, 2)) > 30
    assert 0 < (jumps | ~track.given.all(1)[1:]).mean() < 0.3
    samples, rate = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert (rate, len(samples)) == (16_000, 96_000)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
