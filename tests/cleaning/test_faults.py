import numpy as np
import pytest
from test_robust import dance

from choreo.cleaning.faults import JITTER, KINDS, corrupt
from choreo.errors import ItemError


@pytest.mark.parametrize("kind", KINDS)
def test_faults_are_known_and_as_many_as_wanted(kind):
    truth = dance(300)
    corrupted = corrupt(truth, 0.2, 1, kind=kind, jitter=0)
    touched = (corrupted.wrong | corrupted.absent).any(1)
    assert 0.2 * 300 <= touched.sum() <= 0.2 * 300 + 8
    assert not touched[[0, 1, -2, -1]].any()
    moved = np.linalg.norm(corrupted.track.keypoints - truth.keypoints, axis=-1)
    assert (moved[corrupted.wrong] > 0).all()
    assert (moved[~corrupted.wrong & ~corrupted.absent] == 0).all()
    assert np.array_equal(~corrupted.track.given, corrupted.absent)


@pytest.mark.parametrize(
    ("kind", "joints"),
    [
        ("jumps", {1}),
        ("stretches", {2, 17}),  # a limb, the whole body
        ("swaps", {6, 16}),  # the legs, all sides
        ("gaps", {0}),
        ("mixed", {0, 1, 2, 6, 16, 17}),
    ],
)
def test_kinds_corrupt_what_they_say(kind, joints):
    corrupted = corrupt(dance(3000), 0.2, 2, kind=kind, jitter=0)
    assert set(corrupted.wrong[2:-2].sum(1).tolist()) == joints | {0}
    assert corrupted.absent.any() == (kind in ("gaps", "mixed"))
    if kind == "swaps":
        assert (corrupted.track.keypoints[corrupted.wrong[:, 15], 15, 0]).mean() < 320


def test_nothing_is_corrupted_at_rate_0_but_for_jitter():
    truth = dance()
    corrupted = corrupt(truth, 0, 3)
    assert not corrupted.wrong.any()
    assert not corrupted.absent.any()
    sigma = (corrupted.track.keypoints - truth.keypoints).std()
    assert sigma == pytest.approx(JITTER * np.hypot(0.34, 0.95) * 200, rel=0.1)


def test_the_same_seed_gives_the_same_faults():
    one, two = (corrupt(dance(), 0.1, [4, 5]) for _ in range(2))
    assert np.array_equal(one.track.keypoints, two.track.keypoints, equal_nan=True)


def test_scores_doubt_wrong_joints_where_asked():
    plain, doubted = (corrupt(dance(), 0.1, 4, doubt=doubt) for doubt in (False, True))
    assert np.array_equal(plain.track.keypoints, doubted.track.keypoints, equal_nan=True)
    assert (plain.track.scores[plain.track.given] == 1).all()
    scores = doubted.track.scores
    assert scores[doubted.wrong].max() <= 0.5 <= scores[~doubted.wrong & ~doubted.absent].min()
    assert np.isnan(scores[doubted.absent]).all()


def test_an_unknown_kind():
    with pytest.raises(ItemError, match=r"unknown kind of fault \(got 'fire'\).*jumps"):
        corrupt(dance(), 0.1, 1, kind="fire")
