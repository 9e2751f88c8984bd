from dataclasses import replace

import cv2
import numpy as np
import pytest
from soaking import soak_after

from choreo.pose.skeletons import COCO17, MEDIAPIPE33, convert
from choreo.synth import backgrounds
from choreo.synth.dancers import make_dance, make_dancer
from choreo.synth.motifs import MOTIFS
from choreo.synth.names import DANCERS
from choreo.synth.render import _Drawable, render_frames
from choreo.synth.scene import Walker, fit_camera, make_scene
from choreo.synth.surface import make_surface


def film(song, *, dancer="ada", size=(640, 360), frames=10, start=8.0, seed=0, walkers=()):
    dance = make_dance(song, make_dancer(dancer), 1, 0)
    return make_scene(
        dance, start=start, frames=frames, fps=30, size=size, seed=seed, walkers=walkers
    )


def test_frames_have_the_form_that_a_writer_takes(songs):
    for size in ((640, 360), (322, 181), (720, 1280)):
        frames = list(render_frames(film(songs["neon"], size=size, frames=3)))
        assert len(frames) == 3
        assert all(frame.shape == (size[1], size[0], 3) for frame in frames)
        assert all(frame.dtype == np.uint8 for frame in frames)


def test_a_scene_is_drawn_the_same_twice_and_differs_by_seed(songs):
    one, again, other = (
        next(render_frames(film(songs["neon"], seed=seed, frames=1))) for seed in (0, 0, 1)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_frames_are_the_same_in_pieces(songs, monkeypatch):
    scene = film(songs["neon"], frames=5)
    whole = list(render_frames(scene))
    monkeypatch.setattr("choreo.synth.render._BLOCK", 2)
    for one, two in zip(whole, render_frames(scene)):
        assert np.array_equal(one, two)


@pytest.mark.parametrize("dancer", soak_after(2, DANCERS))
def test_the_figure_is_where_the_truth_is(songs, dancer):
    """Every joint of trunk and limbs lies on or next to what was drawn."""
    scene = film(songs["neon"], dancer=dancer, frames=40)
    drawn = _Drawable(scene.figures[0], scene.camera, 1, 0, 40)
    keypoints = scene.truth().keypoints
    for index in range(0, 40, 8):
        mask = np.zeros((360, 640), np.uint8)
        corners = drawn.pixels[index][drawn.mesh.facets]
        for polygon in np.round(corners).astype(np.int32):
            cv2.fillConvexPoly(mask, polygon, 255)
        away = cv2.distanceTransform(255 - mask, cv2.DIST_L2, 5)
        x, y = np.round(keypoints[index]).astype(int).T
        assert away[y, x].max() < 2.5
        # The figure is no larger than a person around these joints.
        ys = np.nonzero(mask)[0]
        assert ys.max() < keypoints[index, :, 1].max() + 25
        assert ys.min() > keypoints[index, :, 1].min() - 30


def test_only_the_bounding_box_differs_from_the_background(songs):
    scene = film(songs["dusty"], frames=1)
    frame = next(render_frames(scene)).astype(int)
    other = film(songs["dusty"], frames=1, start=9.1)
    other = replace(other, camera=scene.camera)
    change = np.abs(frame - next(render_frames(other)).astype(int)).sum(2)
    boxes = []
    for one in (scene, other):
        drawn = _Drawable(one.figures[0], one.camera, 1, 0, 1)
        boxes.append(drawn.box(0))
    left, top = np.min([box[:2] for box in boxes], 0)
    right, bottom = np.max([box[2:] for box in boxes], 0)
    assert change[top:bottom, left:right].max() > 60
    change[top:bottom, left:right] = 0
    assert change.max() == 0


def test_surface_points_are_finite_and_facets_valid(songs):
    for dancer in (*DANCERS, "x1", "x2"):
        scene = film(songs["neon"], dancer=dancer, frames=4)
        points, mesh = make_surface(make_dancer(dancer), scene.figures[0].pose)
        assert np.isfinite(points).all()
        assert mesh.facets.max() < points.shape[1]
        assert len(mesh.facets) == len(mesh.colours) == len(mesh.bias) == len(mesh.flat)
        assert points[..., 1].min() > -0.03


def test_who_is_nearer_is_drawn_over_who_is_farther(songs):
    def with_walker(z):
        near = Walker(make_dancer("bruno"), 8.0, 1.0, z, 0.0)
        return film(songs["neon"], frames=1, walkers=[near])

    alone = next(render_frames(film(songs["neon"], frames=1))).astype(int)
    x, y = film(songs["neon"], frames=1).truth().keypoints[0, [5, 6, 11, 12]].mean(0).astype(int)
    behind, before = (next(render_frames(with_walker(z))).astype(int) for z in (-1.2, 1.5))
    assert np.abs(behind - alone)[y - 4 : y + 4, x - 4 : x + 4].max() == 0
    assert np.abs(behind - alone).max() > 60
    assert np.abs(before - alone)[y - 60 : y + 60, x - 60 : x + 60].max() > 60


def test_all_places_can_be_drawn():
    standing = np.zeros((1, 2, 3))
    standing[0, 0] = (0, 1.72, 0)
    pictures = []
    for size in ((640, 360), (200, 300)):
        camera = fit_camera(size, standing, 0.65)
        for place in backgrounds._PLACES:
            rng = np.random.default_rng(0)
            wall, floor = backgrounds._Wall(camera, rng), backgrounds._Floor(camera, rng)
            place(wall, floor, rng)
            assert wall.shape[0] + floor.shape[0] == size[1]
            assert np.isfinite(wall.picture).all()
            assert np.isfinite(floor.picture).all()
            assert wall.picture.mean() > 20
            pictures.append(wall.picture.mean((0, 1)))
    assert len(np.unique(np.round(pictures), axis=0)) == len(pictures)
    picture = backgrounds.make_background(camera, np.random.default_rng(3))
    assert picture.shape == (300, 200, 3)
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("dancer", soak_after(1, ["ada", "esi"]))
def test_mediapipe_finds_the_dancer_in_every_frame(songs, dancer):
    """Through a half turn, with left and right the right way round; about 5 px of error."""
    import mediapipe

    song, turn = next(
        (song, start)
        for song in songs
        for start, name in make_dance(songs[song], make_dancer(dancer), 1, 0).motifs
        if MOTIFS[name.split("+")[0]].turning
    )
    scene = film(songs[song], dancer=dancer, start=turn - 0.5, frames=75)
    found = []
    with mediapipe.solutions.pose.Pose(model_complexity=1, smooth_landmarks=False) as model:
        for frame in render_frames(scene):
            landmarks = model.process(frame).pose_landmarks
            assert landmarks is not None
            found.append([(640 * mark.x, 360 * mark.y) for mark in landmarks.landmark])
    found, _ = convert(np.array(found), np.ones((75, 33)), MEDIAPIPE33, COCO17)
    truth = scene.truth().keypoints
    error = np.linalg.norm(found - truth, axis=-1)
    assert error.mean() < 5
    swapped = found.copy()
    for one, two in COCO17.pairs:
        swapped[:, [one, two]] = found[:, [two, one]]
    wrong = np.linalg.norm(swapped - truth, axis=-1).mean(1) < error.mean(1)
    assert wrong.mean() < 0.05
