import json

import numpy as np
import pytest
from test_robust import dance

from choreo.beats.motion import motion_beats
from choreo.cleaning.beats import beat_f, beats_record
from choreo.cleaning.clean import clean


def stepping(frames=240, every=15, shift=0):
    """Arms that swing to and fro, at rest every half second; `shift` frames early."""
    track = dance(frames, swing=0)
    turn = np.cos(np.pi * (np.arange(frames) + shift) / every)
    keypoints = np.repeat(track.keypoints[:1].astype(float), frames, 0)
    keypoints[:, [7, 8, 9, 10], 1] += 40 * turn[:, None]
    return track.with_(keypoints=keypoints)


def test_the_same_dance_has_the_same_beats():
    track = stepping()
    assert len(motion_beats(track.keypoints[None], 30)[0]) > 10
    assert beat_f(track, track) == 1


@pytest.mark.parametrize(("shift", "expected"), [(2, 1), (5, 0)])
def test_beats_are_the_same_within_70_ms(shift, expected):
    # Two frames are 67 ms, five are 167 ms; the ends may gain or lose a beat.
    assert beat_f(stepping(), stepping(shift=shift)) == pytest.approx(expected, abs=0.05)


def test_a_still_reference_has_no_beats():
    still = stepping().with_(keypoints=np.repeat(stepping().keypoints[:1], 240, 0))
    assert beat_f(still, stepping()) is None
    assert beat_f(stepping(), still) == 0


def test_gaps_are_crossed_and_joints_never_given_are_left_out():
    track = stepping()
    gap = track.keypoints.copy()
    gap[[40, 41, 100], :] = np.nan
    gap[:, 3] = np.nan
    assert beat_f(track, track.with_(keypoints=gap)) == pytest.approx(1, abs=0.05)


def test_the_record_of_a_cleaning():
    truth = stepping()
    keypoints = truth.keypoints.copy()
    for frame in (20, 66, 111, 157, 203):
        keypoints[frame, 9, 0] += 150
    before = truth.with_(keypoints=keypoints)
    after, _ = clean(before)
    record = beats_record(before, after, truth.to("halpe26"))
    assert set(record) == {
        "before",
        "after",
        "f_of_before",
        "f_of_truth_before",
        "f_of_truth_after",
    }
    assert record["f_of_truth_after"] == 1
    assert record["f_of_truth_before"] < 1
    assert record["after"] == len(motion_beats(truth.keypoints[None], 30)[0])
    assert "f_of_truth_after" not in beats_record(before, after)
    json.dumps(record, allow_nan=False)
