from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from evaluation_dances import swaying

from choreo.errors import ItemError
from choreo.evaluation import sensitivity as module
from choreo.evaluation.distances import nearest
from choreo.evaluation.extractor import train_extractor
from choreo.evaluation.measurements import listen, measure
from choreo.evaluation.sensitivity import (
    DAMAGES,
    STUDIED,
    Study,
    damage,
    demo_study,
    learned_scores,
    movement,
    sensitivity,
    sensitivity_figure,
    sensitivity_table,
    trend,
)
from choreo.evaluation.table2x import RealSet
from choreo.statistics.inference import Resampling

TEST = swaying(8, seed=4, songs=("c", "d"), prefix="w")
STUDY = Study(TEST, swaying(24, seed=1))


@pytest.fixture(scope="module")
def music_beats():
    return listen(TEST.audio)


@pytest.fixture(scope="module")
def frame():
    return of(DAMAGES)


def of(damages):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "DAMAGES", damages)
        patch.setattr(module, "train_extractor", partial(train_extractor, steps=60))
        return sensitivity(STUDY)


@pytest.mark.parametrize("kind", DAMAGES)
def test_the_first_level_is_no_damage(kind, music_beats):
    segments, found = damage(TEST, music_beats, kind, DAMAGES[kind][1][0])
    np.testing.assert_allclose(segments.pixels, TEST.pixels, atol=1e-4)
    np.testing.assert_array_equal(segments.audio, TEST.audio)
    for ours, theirs in zip(found.tracked, music_beats.tracked):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_damages_do_what_they_say(music_beats):
    jitter = damage(TEST, music_beats, "jitter", 4)[0].pixels - TEST.pixels
    assert jitter.std() == pytest.approx(4, rel=0.02)
    frozen = damage(TEST, music_beats, "freeze", 0.4)[0].pixels
    assert (np.diff(frozen, axis=1) == 0).all((2, 3)).sum(1).tolist() == [19] * 8
    swapped = damage(TEST, music_beats, "swap", 0.5)[0].pixels
    share = (swapped != TEST.pixels).any((2, 3)).mean()
    assert share == pytest.approx(0.5, abs=0.1)
    faster, found = damage(TEST, music_beats, "tempo", 1.25)
    # Four segments a dance become three.
    assert len(faster) == len(found.tracked) == 6
    assert faster.songs.tolist() == ["c"] * 3 + ["d"] * 3
    np.testing.assert_allclose(faster.pixels[0, 4], TEST.pixels[0, 5], atol=1e-3)
    with pytest.raises(ItemError, match="got 'blur'"):
        damage(TEST, music_beats, "blur", 1)


def test_every_metric_at_the_ends_of_two_damages():
    damages = {kind: (DAMAGES[kind][0], DAMAGES[kind][1][::5]) for kind in ("jitter", "shift")}
    check(of(damages), damages)


@pytest.mark.soak
def test_every_metric_at_every_level(frame):
    check(frame, DAMAGES)


def check(frame, damages):
    assert len(frame) == len(STUDIED) * sum(len(levels) for _, levels in damages.values())
    own = frame[(frame.metric == "frechet learned") & (frame.damage == "jitter")].value
    assert own.is_monotonic_increasing
    shift = frame[(frame.metric == "frechet kinetic") & (frame.damage == "shift")].value
    assert shift.nunique() == 1


@pytest.mark.soak
def test_table_and_figure(frame, tmp_path):
    table = sensitivity_table(frame, STUDY)
    assert table.frame.chunks.tolist() == [8] * len(STUDIED)
    assert "8 chunks of 5 s to 2 held-out songs, compared with 24 chunks" in table.notes[0]
    assert [row[0] for row in table.cells()] == [text for text, _, _ in STUDIED.values()]
    cells = {row[0]: row[1:] for row in table.cells()}
    # In brackets: what it is not meant to notice, and how it moves all the same.
    assert cells["Limb drift"][1] == cells["FID, learned"][1] == "(does not move)"
    assert cells["Frozen share"][2] == "monotone"
    assert all(found.startswith("(") for found in cells["Out of frame"])
    assert cells["FID, kinetic"][0] == "monotone"
    sensitivity_figure(frame, tmp_path / "a")
    assert (tmp_path / "a.png").stat().st_size > 5000
    assert (tmp_path / "a.pdf").stat().st_size > 5000


def test_verdicts():
    none = np.zeros(4)
    assert trend([1, 2, 3, 4], +1, none, none) == "monotone"
    assert trend([1, 2, 3, 4], -1, none, none) == "wrong way"
    assert trend([1, 3, 2, 4], +1, none, none) == "not monotone"
    assert trend([1, 3, 2, 4], +1, [0, 0, 1, 0], none) == "monotone"
    assert trend([4, 3, np.nan, 1], -1, none, none) == "monotone"
    assert trend([2, 2, 2, 2], +1, none, none) == "does not move"
    assert trend([1, 2, 1.5, 1.2], +1, none, [0, 1, 1, 1]) == "does not move"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1, 2, 3], "monotone"),
        ([3, 2, 1], "wrong way"),
        ([3, 9, 1], "not monotone"),
        ([1, 9, 3], "not monotone"),
        ([2, 2, 2], "does not move"),
    ],
)
def test_movement(values, said):
    own = pd.DataFrame({"value": values, "step_error": 0.0, "whole_error": 0.0})
    assert movement(own, +1) == said


def test_every_metric_has_its_errors():
    """Those without a bootstrap are left out song by song; four songs give each an error."""
    songs = tuple("cdef")
    test = swaying(32, seed=4, songs=songs, prefix="w")
    training = swaying(24, seed=1, sound=False)
    extractor = train_extractor(training.pixels, training.songs, steps=20)
    measured = measure(replace(test, audio=None), extractor)
    real = RealSet(measure(training, extractor).features["learned"])
    resampling = Resampling.of(songs)
    found = learned_scores(measured, real, resampling)
    means = [
        nearest(real.scale(measured.features["learned"][measured.songs != s]), real.scaled).mean()
        for s in songs
    ]
    # The jackknife's standard error.
    error = np.sqrt(3 / 4 * np.square(means - np.mean(means)).sum())
    assert resampling.error(found["nearest"].replicates) == pytest.approx(error)
    assert all(np.isfinite(resampling.error(found[name].replicates)) for name in found)


def test_no_song_is_on_both_sides():
    assert not {*module.TRAIN_SONGS} & {*module.TEST_SONGS}


@pytest.mark.slow
@pytest.mark.soak
def test_the_demo_study_has_no_song_twice():
    study = demo_study(seconds=8, dancers=1)
    assert not set(study.held_out.songs) & set(study.training.songs)
    assert len(study.held_out) == len(study.training) == 4
    assert study.held_out.audio.shape == (4, 80_000)
