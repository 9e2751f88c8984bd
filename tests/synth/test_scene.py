import numpy as np
import pytest

from choreo.pose.skeletons import COCO17, HALPE26
from choreo.synth.dancers import make_dance, make_dancer
from choreo.synth.scene import (
    DISTANCE,
    EYE_LEVEL,
    Camera,
    Walker,
    bystanders,
    fit_camera,
    make_scene,
)


def film(song, *, dancer="ada", size=(640, 360), frames=300, start=8.0, seed=0, walkers=()):
    dance = make_dance(song, make_dancer(dancer), 1, 0)
    return make_scene(
        dance, start=start, frames=frames, fps=30, size=size, seed=seed, walkers=walkers
    )


def test_projection_in_closed_form():
    camera = Camera((640, 360), 560.0, (320.0, 200.0))
    points = np.array([[0, EYE_LEVEL, 0], [1, EYE_LEVEL, 0], [0, EYE_LEVEL - 1, DISTANCE / 2]])
    expected = [(320, 200), (320 + 560 / DISTANCE, 200), (320, 200 + 2 * 560 / DISTANCE)]
    assert np.allclose(camera.project(points), expected)
    assert np.allclose(camera.depth(points), [DISTANCE, DISTANCE, DISTANCE / 2])


@pytest.mark.parametrize("size", [(640, 360), (360, 640), (1280, 720), (480, 480)])
def test_the_whole_dance_is_in_the_picture(songs, size):
    for name in ("midnight", "sunset", "neon"):
        song = songs[name]
        scene = film(song, size=size, start=0, frames=int(song.duration * 30))
        keypoints = scene.truth(skeleton="halpe26").keypoints
        assert keypoints.min() > 0
        assert (keypoints < size).all()


def test_a_dancer_is_about_as_large_as_asked_for():
    standing = np.zeros((1, 2, 3))
    standing[0, 0] = (0, 1.72, 0)
    camera = fit_camera((640, 360), standing, 0.6)
    head, foot = camera.project(standing)[0]
    assert foot[1] - head[1] == pytest.approx(0.6 * 360)
    assert foot[1] == pytest.approx(0.945 * 360)


def test_truth_is_a_pose_track(songs):
    scene = film(songs["neon"], frames=30)
    track = scene.truth(meta={"source": "here"})
    assert (track.skeleton, track.fps, track.size, len(track)) == ("coco17", 30.0, (640, 360), 30)
    assert track.meta == {"estimator": "truth", "source": "here"}
    assert (track.scores == 1).all()
    full = scene.truth(skeleton="halpe26")
    assert np.array_equal(full.keypoints[:, : len(COCO17)], track.keypoints)
    order = [HALPE26.index(name) for name in ("head", "nose", "neck", "hip", "left_heel")]
    middle = full.keypoints[:, order, 1].mean(0)
    assert (np.diff(middle) > 0).all()


def test_left_is_the_dancers_left(songs):
    """Who faces the camera has the left side at the picture's right."""
    scene = film(songs["neon"], start=0.0, frames=10)
    keypoints = scene.truth(skeleton="halpe26").keypoints
    for left, right in HALPE26.pairs:
        assert (keypoints[:, left, 0] > keypoints[:, right, 0]).all()


def walker(speed=1.2, z=1.5, phase=0.3):
    return Walker(make_dancer("passer-by"), 4.0, speed, z, phase)


@pytest.mark.parametrize("speed", [1.2, -1.0])
def test_a_walker_walks(speed):
    t = np.arange(0, 8, 1 / 120)
    one = walker(speed)
    pose = one.pose(t)
    joints = {name: pose.joints[:, i] for i, name in enumerate(HALPE26.joints)}
    hip = joints["hip"]
    assert np.allclose(hip[:, 0], speed * (t - 4.0))
    assert np.allclose(hip[:, 2], 1.5)
    body = one.dancer.body
    thigh = np.linalg.norm(joints["left_hip"] - joints["left_knee"], axis=-1)
    assert np.allclose(thigh, body.thigh)
    for side in ("left", "right"):
        ankle = joints[f"{side}_ankle"]
        assert np.abs(ankle[:, 0] - hip[:, 0]).max() < 0.62
        standing = ankle[:, 1] < body.ankle + 1e-6
        still = standing[1:] & standing[:-1]
        assert np.abs(np.diff(ankle[:, 0]))[still].max() < 0.003
        assert 0.3 < standing.mean() < 0.9
    # Someone who walks to the right turns the right side's back to nobody: nose ahead.
    assert ((joints["nose"] - joints["left_ear"])[:, 0] * speed > 0).all()


@pytest.mark.parametrize("speed", [1.2, -1.0])
@pytest.mark.parametrize("stop", [-1, 0, 2])
def test_a_walker_may_stop_on_the_way(speed, stop):
    t = np.arange(0, 20, 1 / 120)
    one = Walker(make_dancer("passer-by"), 8.0, speed, 1.5, 0.0, stop, 5.0)
    pose = one.pose(t)
    joints = {name: pose.joints[:, i] for i, name in enumerate(HALPE26.joints)}
    x = joints["hip"][:, 0]
    place = np.sign(speed) * stop * 0.4 * one.dancer.body.height
    standing = np.abs(x - place) < 1e-6
    assert standing.mean() * 20 == pytest.approx(5.0, abs=0.3)
    speeds = np.diff(x) * 120
    assert (speeds * np.sign(speed) >= -1e-6).all()
    assert speeds[0] == pytest.approx(speed)
    assert speeds[-1] == pytest.approx(speed)
    # No jerk, feet that do not slide, both on the floor where they stand.
    assert np.abs(np.diff(speeds)).max() * 120 < 1.01 * abs(speed) / 0.8
    for side in ("left", "right"):
        ankle = joints[f"{side}_ankle"]
        down = ankle[:, 1] < one.dancer.body.ankle + 1e-6
        assert down[standing].all()
        assert np.abs(np.diff(ankle[:, 0]))[down[1:] & down[:-1]].max() < 0.003
    # Those who stand move a little, but stay upright.
    nose = joints["nose"][standing]
    assert 0.01 < np.ptp(nose[:, 2]) < 0.15


def test_bystanders_pass_before_and_behind_and_stand_within_the_clip():
    kinds = set()
    for seed in range(12):
        people = bystanders(3, 10.0, 30.0, seed)
        assert people == bystanders(3, 10.0, 30.0, seed)
        passing = [one for one in people if not one.pause]
        (standing,) = [one for one in people if one.pause]
        assert sorted(one.z > 1 for one in passing) == [False, True]
        assert all(10 < one.start < 30 for one in passing)
        # Nearer the camera than the dancer, in the picture for half of the clip or more.
        assert standing.z > 1
        assert 10 <= standing.pause <= 16
        middle = standing.pose(np.array([20.0])).joints
        assert 0.5 < np.abs(middle[..., 0].mean()) < 0.9
        first = bystanders(1, 10.0, 30.0, seed)[0]
        kinds.add((first.z > 1, first.pause > 0))
    assert kinds == {(True, False), (False, False), (True, True)}
    assert bystanders(4, 10.0, 30.0, 1) != bystanders(4, 10.0, 30.0, 2)
    assert len(bystanders(4, 10.0, 30.0, 1)) == 4
    assert bystanders(0, 10.0, 30.0, 1) == []


def test_bystanders_do_not_change_the_dancers_truth(songs):
    alone = film(songs["neon"], frames=30)
    crowd = film(songs["neon"], frames=30, walkers=bystanders(2, 8.0, 9.0, 0))
    assert np.array_equal(alone.truth().keypoints, crowd.truth().keypoints)
    assert len(crowd.figures) == 3
    assert not np.allclose(crowd.truth(1).keypoints, crowd.truth(0).keypoints)
