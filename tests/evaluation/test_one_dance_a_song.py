"""Real dances are evaluated to the same music and in as many chunks as generated ones."""

from dataclasses import replace

import numpy as np
from evaluation_dances import swaying

from choreo.evaluation.measurements import Measurements, one_dance_a_song


def test_the_longest_dance_of_each_song_is_kept():
    songs = np.array(["a", "a", "a", "b", "b"])
    dances = np.array(["a1", "a2", "a2", "b1", "b2"])
    features = {"kinetic": np.arange(5.0)[:, None]}
    kept = one_dance_a_song(Measurements(songs, dances, features, None, {}, {}))
    assert kept.dances.tolist() == ["a2", "a2", "b1"]
    assert kept.features["kinetic"].ravel().tolist() == [1, 2, 3]


def test_segments_too():
    segments = swaying(6, songs=("a", "b"), prefix="v")
    dances = ["v1", "v2", "v2", "w", "w", "w"]
    kept = one_dance_a_song(replace(segments, dances=dances))
    assert kept.dances.tolist() == ["v2", "v2", "w", "w", "w"]
    np.testing.assert_array_equal(kept.audio, segments.audio[1:])
    np.testing.assert_array_equal(kept.starts, segments.starts[1:])
