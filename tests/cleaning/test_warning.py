import json

import numpy as np
import pytest
from test_robust import dance, moved

from choreo.cleaning.clean import clean
from choreo.cleaning.truths import CLIPS, held_out
from choreo.cleaning.warning import share_removed, warning
from choreo.cli import main
from choreo.pipeline.problems import LEFT_OUT, USED, problems_table
from choreo.pipeline.tombstones import warnings, write_problem
from choreo.pipeline.workflow import list_problems

SIZES = {
    "landscape": ((640, 360), 1.0, (0, 0)),
    "portrait": ((270, 480), 0.9, (-150, 60)),
    "phone": ((720, 1280), 3.2, (-660, 100)),
    "4K": ((3840, 2160), 6.0, (0, 0)),
    "close-up": ((1280, 720), 6.0, (-1280, -300)),
    "tiny": ((160, 90), 0.25, (0, 0)),
}
"""Size of the picture, what the dance of 640x360 is scaled by, and by how much it is moved."""


@pytest.fixture(scope="module")
def faulty():
    """A dance with faults of every length."""
    (truth,) = held_out(CLIPS[:1], seconds=8).values()
    track = moved(truth, [40], [9], (60, 20))
    track = moved(track, [90, 91, 92], [7, 9], (-70, 30))
    return moved(track, range(150, 230, 4), [10], (50, 50))


def _seen_as(track, name):
    size, scale, shift = SIZES[name]
    return track.with_(keypoints=scale * track.keypoints + np.array(shift), size=size)


@pytest.mark.parametrize("name", SIZES)
def test_the_same_dance_is_kept_at_every_size(name, faulty):
    """With the settings of config/mine.yaml, whatever the camera."""
    settings = {"method": "robust", "max_gap_seconds": 0.5}
    expected, _ = clean(faulty, **settings)
    seen = _seen_as(faulty, name)
    found, record = clean(seen, **settings)
    assert expected.repaired.sum() >= 1 + 2 * 3 + 20
    np.testing.assert_array_equal(found.repaired, expected.repaired)
    np.testing.assert_allclose(
        found.keypoints, _seen_as(expected, name).keypoints, atol=2e-3 * SIZES[name][1], rtol=1e-4
    )
    said = warning(seen, found, record, "a")
    if name == "close-up":
        # Nothing is wrong with the joints, but the camera did not see the legs.
        assert "of the joints lie outside the picture, where they are guessed" in said["message"]
        assert "close-up: ankles are out of the picture" in said["message"]
        assert "removed" not in said["message"]
        assert "shows the whole dancer" in said["remedy"]
    else:
        assert said is None


def test_pixels_mean_nothing_in_a_large_picture():
    """50 px remove a dance of 4K, and that is said, with the cause and what helps."""
    (truth,) = held_out(CLIPS[:1], seconds=8).values()
    large = _seen_as(truth, "4K")
    after, record = clean(large, method="thesis")
    share = share_removed(large, after)
    assert share > 0.1
    said = warning(large, after, record, "mine (config/mine.tsv, line 2)")
    assert said["item"] == "mine (config/mine.tsv, line 2)"
    assert f"removed {share:.0%} of the joints" in said["message"]
    assert "50 px a frame is 0.0" in said["message"]
    assert "cleaning.method to robust, or cleaning.threshold_height to 0.2" in said["remedy"]
    small, _ = clean(truth, method="thesis")
    assert share_removed(truth, small) <= 0.1


def _cleaned(track, wrong):
    """The track with what is wrong left empty."""
    keypoints = np.where(wrong[..., None], np.nan, track.keypoints)
    after = track.with_(keypoints=keypoints, repaired=np.zeros_like(wrong))
    return after, {"method": "robust", "threshold_px": None}


def test_likely_reasons():
    track = dance(120)
    wrong = np.zeros(track.given.shape, bool)
    wrong[::4] = True
    said = warning(track, *_cleaned(track, wrong), "a")
    assert "the estimator is unsure" in said["message"]
    away = track.with_(keypoints=track.keypoints + np.array((0, 2 * track.size[1])))
    said = warning(away, *_cleaned(away, wrong), "a")
    assert "close-up: ankles are out of the picture in 100%" in said["message"]
    for meta, several in (
        ({"dancer": {"rejected": [{"frames": 4}, {"frames": 3}]}}, True),
        ({"dancer": {"rejected": [{"frames": 1}]}}, False),  # as of a ghost in one frame
        ({"frames_dropped": 7}, True),
        ({"frames_dropped": 1}, False),
    ):
        shown = track.with_(meta=meta)
        said = warning(shown, *_cleaned(shown, wrong), "a")
        assert ("several people" in said["message"]) == several
        assert ("dancer_pick" in said["remedy"]) == several
    wrong[:] = False
    tenth = np.array(track.keypoints)
    tenth[: len(track) // 10] += 2 * track.size[0]  # walks in: a tenth is not more than a tenth
    assert warning(track.with_(keypoints=tenth), *_cleaned(track, wrong), "a") is None
    tenth[: len(track) // 10 + 1] += 2 * track.size[0]
    said = warning(track.with_(keypoints=tenth), *_cleaned(track, wrong), "a")
    assert "11% of the joints lie outside the picture" in said["message"]
    wrong[-13:] = True
    said = warning(track, *_cleaned(track, wrong), "a")
    assert f"from {108 / track.fps:.1f} s: an end card" in said["message"]
    wrong[:-12] = False  # a tenth is not more than a tenth
    assert warning(track, *_cleaned(track, wrong), "a") is None


@pytest.mark.parametrize("share", [0.07, 0.13, 0.2])
def test_someone_else_for_a_while_is_not_an_unsure_estimator(share):
    """MediaPipe gives one person: that it followed another is seen in the poses alone."""
    track = dance(300)
    # Someone half as tall again passes twice, for less than a second.
    middle = np.nanmean(track.keypoints, axis=(0, 1))
    passing = 1.5 * (track.keypoints[::-1] - middle) + middle + (150, 30)
    half = round(share * 150)
    for first in (60, 180):
        there = slice(first, first + half)
        track.keypoints[there] = passing[there]
    after, record = clean(track, method="robust", max_gap_seconds=0.5)
    assert share_removed(track, after) == pytest.approx(share, abs=0.02)
    said = warning(track, after, record, "a")
    if share <= 0.1:
        assert said is None
    else:
        assert "the whole pose is elsewhere, as where someone passes" in said["message"]
        assert "unsure" not in said["message"]
        assert "an estimator that gives everyone" in said["remedy"]
    # The text's rule removes frames whole: of one that is wrong in a joint it can't be told.
    text = warning(track, after, record | {"method": "thesis"}, "a")
    assert text is None or "elsewhere" not in text["message"]


@pytest.mark.parametrize("method", ["thesis", "released"])
@pytest.mark.parametrize(
    ("joints", "single"), [([9], True), ([7, 9], True), (list(range(17)), False)]
)
def test_frames_that_go_for_one_joint_are_told_from_poses_that_are_wrong(method, joints, single):
    """As in the real AlphaPose file of docs/cleaning.md, with one wrist in many frames."""
    track = dance(120)
    for frame in range(2, 118, 7):
        track = moved(track, [frame], joints, (90, 60))
    after, record = clean(track, method=method)
    said = warning(track, after, record, "a")
    removes = f"{method} removes the whole pose where one joint moves more than 50 px"
    assert (removes in said["message"]) == single
    assert ("cleaning.method to robust" in said["remedy"]) == single
    assert ("unsure" in said["message"]) != single


def test_a_warning_is_listed_said_and_does_not_leave_the_clip_out(tmp_path, capsys):
    keys = ("item", "stage", "message", "where", "value", "remedy")
    doubt = dict.fromkeys(keys, "x") | {"item": "b", "message": "removed 30%"}
    (tmp_path / "cleaning").mkdir()
    (tmp_path / "videos").mkdir()
    (tmp_path / "cleaning" / "b.json").write_text(json.dumps({"warning": doubt}))
    (tmp_path / "cleaning" / "c.json").write_text(json.dumps({"warning": None}))
    assert warnings(tmp_path) == [doubt]
    list_problems(tmp_path)
    said = capsys.readouterr().err
    assert "used, but look at it: b: removed 30%" in said
    assert "problems.csv" in said
    assert "left out" not in said
    assert main(["problems", str(tmp_path)]) == 0
    assert "b: used, but removed 30%" in capsys.readouterr().out
    problem = dict.fromkeys(keys, "y") | {"item": "a"}
    write_problem(tmp_path / "cleaning" / "a.json", problem)
    assert warnings(tmp_path) == [doubt]
    table = problems_table([problem], [doubt])
    assert dict(zip(table.frame["item"], table.frame["effect"])) == {"a": LEFT_OUT, "b": USED}
    assert "Left out of this study: 1 item. Used, but to be looked at: 1." in table.caption


@pytest.mark.parametrize("text", ['{"warning": nul', "[]", '{"warning": {"item": 3}}', "\x00", ""])
def test_a_damaged_record_is_told_and_ends_nothing(tmp_path, capsys, text):
    (tmp_path / "cleaning").mkdir()
    (tmp_path / "videos").mkdir()
    (tmp_path / "cleaning" / "my.clip.json").write_text(text)
    list_problems(tmp_path)
    assert "my.clip: the record of its cleaning is damaged" in capsys.readouterr().err
    assert main(["problems", str(tmp_path)]) == 0
    assert "Delete it and run again" in capsys.readouterr().out
