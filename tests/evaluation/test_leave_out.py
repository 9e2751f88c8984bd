"""Left-out songs give what the distances of the other songs' segments give."""

import numpy as np
import pytest

from choreo.evaluation import distances
from choreo.evaluation.leave_out import without_each_song
from choreo.evaluation.table2x import RealSet


@pytest.mark.parametrize(
    "songs",
    [np.repeat(list("abcde"), 4), np.array(list("aaaaaaaaabbbcde")), np.repeat(list("ab"), 4)],
)
def test_equal_to_the_distances_of_the_others(songs):
    rng = np.random.default_rng(len(songs))
    real = RealSet(rng.normal(size=(60, 5)))
    features = rng.normal(0.3, 1.2, (len(songs), 5))
    names = np.unique(songs)
    found = without_each_song(features, songs, real, names)
    for g, name in enumerate(names):
        kept, others = features[songs != name], songs[songs != name]
        expected = distances.neighbour_scores(kept, real.scaled, real.balls)
        expected["kid"] = distances.kernel_distance(kept, real.scaled)
        expected["nearest"] = distances.nearest(kept, real.scaled).mean()
        within, across = distances.diversity(kept, others)
        expected |= {"diversity_within": within, "diversity_across": across}
        assert expected.keys() == found.keys()
        for quantity, value in expected.items():
            np.testing.assert_allclose(found[quantity][g], value, atol=1e-6, err_msg=quantity)


def test_kid_of_many_real_segments_is_thinned_alike():
    rng = np.random.default_rng(1)
    real = RealSet(rng.normal(size=(2100, 3)))
    songs, features = np.repeat(list("abc"), 5), rng.normal(size=(15, 3))
    found = without_each_song(features, songs, real, np.array(list("abc")))["kid"]
    expected = distances.kernel_distance(features[5:], real.scaled)
    assert found[0] == pytest.approx(expected, rel=1e-9)


def test_a_song_that_is_not_there_changes_nothing():
    rng = np.random.default_rng(2)
    real, features = RealSet(rng.normal(size=(30, 3))), rng.normal(size=(12, 3))
    found = without_each_song(features, np.repeat(["a", "b"], 6), real, np.array(["z"]))
    assert (
        found["precision"][0]
        == distances.neighbour_scores(features, real.scaled, real.balls)["precision"]
    )
