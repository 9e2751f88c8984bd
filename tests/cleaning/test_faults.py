import numpy as np
import pytest
from test_robust import dance

from choreo.cleaning.faults import JITTER, KINDS, corrupt
from choreo.errors import ItemError


@pytest.mark.parametrize("kind", KINDS)
def test_faults_are_known_and_as_many_as_wanted(kind):
    truth = dance(300)
    spoiled = corrupt(truth, 0.2, 1, kind=kind, jitter=0)
    touched = (spoiled.wrong | spoiled.absent).any(1)
    assert 0.2 * 300 <= touched.sum() <= 0.2 * 300 + 8
    assert not touched[[0, 1, -2, -1]].any()
    moved = np.linalg.norm(spoiled.track.keypoints - truth.keypoints, axis=-1)
    assert (moved[spoiled.wrong] > 0).all()
    assert (moved[~spoiled.wrong & ~spoiled.absent] == 0).all()
    assert np.array_equal(~spoiled.track.given, spoiled.absent)


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
def test_kinds_spoil_what_they_say(kind, joints):
    spoiled = corrupt(dance(3000), 0.2, 2, kind=kind, jitter=0)
    assert set(spoiled.wrong[2:-2].sum(1).tolist()) == joints | {0}
    assert spoiled.absent.any() == (kind in ("gaps", "mixed"))
    if kind == "swaps":
        assert (spoiled.track.keypoints[spoiled.wrong[:, 15], 15, 0]).mean() < 320


def test_nothing_is_spoiled_at_rate_0_but_for_jitter():
    truth = dance()
    spoiled = corrupt(truth, 0, 3)
    assert not spoiled.wrong.any()
    assert not spoiled.absent.any()
    sigma = (spoiled.track.keypoints - truth.keypoints).std()
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
