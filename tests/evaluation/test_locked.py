"""Phase locking of dances from their segments."""

import numpy as np
import pytest

from choreo.beats.locking import phase_locking
from choreo.evaluation.locked import dance_locking
from choreo.evaluation.segments import Segments
from choreo.evaluation.song_beats import known_best
from choreo.pose.skeletons import SKELETONS

JOINTS = SKELETONS["openpose18"].joints
BEATS = np.arange(0.1, 20, 0.5)


def danced(seconds=20, fps=10, bpm=120, seed=0):
    time = np.arange(round(seconds * fps)) / fps
    y = {"shoulder": 100, "hip": 170, "knee": 230, "ankle": 290, "neck": 100, "wrist": 160}
    base = np.array([[300.0, y.get(name.split("_")[-1], 80)] for name in JOINTS])
    share = np.array([0.0 if name.endswith("ankle") else 1.0 for name in JOINTS])
    bounce = 6 * np.cos(2 * np.pi * bpm / 60 * time)
    poses = base + np.random.default_rng(seed).normal(0, 0.5, (len(time), len(JOINTS), 2))
    poses[..., 1] += share * bounce[:, None]
    poses[:, [4, 7], 0] += 4 * bounce[:, None]
    return poses.astype(np.float32)


def segments_of(dances, starts=(0.0, 5.0, 10.0, 15.0)):
    pixels, names, times = [], [], []
    for name, poses in dances.items():
        for start in starts:
            first = round(start * 10)
            pixels.append(poses[first : first + 50])
            names.append(name)
            times.append(start)
    return Segments(np.array(pixels), names, names, times, None, 10.0, (640, 360))


def cut(segments, beats=BEATS):
    moved = [beats - start for start in segments.starts]
    return [times[(times >= -5) & (times < 10)] for times in moved]


def test_every_segment_has_its_whole_dances_value():
    dances = {"a": danced(), "b": danced(bpm=150, seed=1)}
    segments = segments_of(dances)
    found = dance_locking(segments, cut(segments))["phase_locking"]
    for name, poses in dances.items():
        whole = phase_locking(poses, 10, BEATS, "openpose18").above
        assert found[segments.dances == name] == pytest.approx(whole)
    assert found[0] == 1 > found[-1]


def test_a_beat_of_several_segments_is_one_where_rounding_falls_both_ways():
    """Half a beat later, a beat of six digits lies between two numbers of six digits."""
    segments = segments_of({"a": danced()})
    period = 0.500001
    beats = np.round(np.arange(0.1, 20, period), 6)
    late = [times + period / 2 for times in cut(segments, beats)]
    found = dance_locking(segments, late)["phase_locking"]
    assert found == pytest.approx(np.ones(4))


def test_true_beats_go_before_a_trackers():
    songs = {"librosa": [np.array([1.0])], "truth": [np.array([2.0])]}
    assert known_best(songs)[0] == 2
    assert known_best({"librosa": songs["librosa"]})[0] == 1
    assert known_best({}) is None


def test_another_songs_beats_are_no_beats_of_the_dance():
    dances = {"a": danced(), "b": danced(bpm=150, seed=1)}
    segments = segments_of(dances)
    beats = [BEATS, np.arange(0.1, 20, 0.4)]
    own = [cut(segments.take(segments.dances == n), b) for n, b in zip("ab", beats)]
    found = dance_locking(segments, own[0] + own[1])
    assert found["phase_locking"] == pytest.approx(1)
    assert (found["phase_locking_other"] < found["phase_locking"]).all()


def test_a_gap_is_not_danced_over():
    poses = danced()
    segments = segments_of({"a": poses}, starts=(0.0, 5.0, 15.0))
    found = dance_locking(segments, cut(segments))["phase_locking"]
    assert found == pytest.approx(phase_locking(poses[:100], 10, BEATS, "openpose18").above)


def test_without_beats_of_whole_songs_there_is_none():
    found = dance_locking(segments_of({"a": danced()}), None)
    assert all(np.isnan(values).all() for values in found.values())


def test_one_song_has_no_other():
    segments = segments_of({"a": danced()})
    assert np.isnan(dance_locking(segments, cut(segments))["phase_locking_other"]).all()
