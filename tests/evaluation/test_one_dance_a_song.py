"""Real dances are evaluated to the same music and in as many chunks as generated ones."""

import numpy as np

from choreo.evaluation.measurements import Measurements, one_dance_a_song


def test_the_longest_dance_of_each_song_is_kept():
    songs = np.array(["a", "a", "a", "b", "b"])
    dances = np.array(["a1", "a2", "a2", "b1", "b2"])
    features = {"kinetic": np.arange(5.0)[:, None]}
    kept = one_dance_a_song(Measurements(songs, dances, features, None, {}, {}))
    assert kept.dances.tolist() == ["a2", "a2", "b1"]
    assert kept.features["kinetic"].ravel().tolist() == [1, 2, 3]
