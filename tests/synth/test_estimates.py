from dataclasses import replace

import numpy as np
import pytest

from choreo.synth.clips import film
from choreo.synth.estimates import estimate, frames_right


@pytest.fixture(scope="module")
def scene():
    return film("demo:sunset/esi/1?bystanders=3", start=5, end=15, seed=0)


def test_most_detections_lie_on_their_figure(scene):
    found, who = estimate(scene, seed=1)
    truth = np.stack([scene.truth(i).keypoints for i in range(4)])
    apart = np.hypot(*np.moveaxis(truth[who, found.frame] - found.keypoints, -1, 0))
    height = np.ptp(truth[who, found.frame][..., 1], axis=1)
    assert np.nanmedian(apart / height[:, None]) < 0.01
    # Joints taken from whoever is in front, and outliers.
    assert 0.005 < np.nanmean(apart / height[:, None] > 0.05) < 0.2


def test_detections_are_as_an_estimator_gives_them(scene):
    found, who = estimate(scene, seed=1)
    assert (found.frames, found.skeleton) == (300, "coco17")
    assert (np.diff(found.frame) >= 0).all()
    assert len(np.unique(found.frame * 10 + who)) == len(found)
    # In any order, partly lost, inside the picture, boxes around them.
    assert (np.diff(who)[np.diff(found.frame) == 0] < 0).any()
    absent = np.isnan(found.keypoints).any(-1)
    assert 0.01 < absent.mean() < 0.5
    assert np.array_equal(absent, np.isnan(found.scores))
    np.testing.assert_allclose(found.box[:, :2], np.nanmin(found.keypoints, 1))
    assert 200 < (who == 0).sum() < 300
    again, same = estimate(scene, seed=1)
    assert np.array_equal(again.keypoints, found.keypoints, equal_nan=True)
    assert np.array_equal(same, who)
    assert len(estimate(scene, seed=2)[1]) != len(who)


def test_labels_change_over_where_people_cross(scene):
    found, who = estimate(scene, seed=1)
    kept = [len(set(found.label[who == w].tolist())) for w in range(4)]
    assert max(kept) > 1
    for frame in range(300):
        here = found.label[found.frame == frame]
        assert len(set(here.tolist())) == len(here)


def test_someone_behind_another_is_lost(scene):
    found, who = estimate(scene, seed=1)
    near = [figure.pose.joints[..., 2].mean(1) for figure in scene.figures]
    middle = [scene.truth(i).keypoints[..., 0].mean(1) for i in range(4)]
    crossings = []
    for front in range(4):
        for back in range(4):
            aside = np.abs(middle[front] - middle[back])
            crossing = (aside < 8) & (near[front] > near[back] + 0.5)
            seen = np.isin(np.arange(300), found.frame[who == back])
            crossings.append(seen[crossing])
    assert sum(map(len, crossings)) >= 10
    assert np.concatenate(crossings).mean() < 0.4


def test_right_frames_are_told_by_the_nearest_figure(scene):
    found, who = estimate(scene, seed=1)
    dancer, other = np.flatnonzero(who == 0), np.flatnonzero(who == 1)
    assert frames_right(scene, found, dancer).mean() > 0.97
    assert frames_right(scene, found, other)[found.frame[other]].mean() < 0.1
    # Nobody chosen is right only where the dancer was not found.
    nobody = frames_right(scene, found, dancer[:0])
    assert nobody.sum() == pytest.approx(300 - len(dancer), abs=5)
    moved = replace(found, keypoints=found.keypoints + 1.0)
    assert np.array_equal(frames_right(scene, moved, dancer), frames_right(scene, found, dancer))
