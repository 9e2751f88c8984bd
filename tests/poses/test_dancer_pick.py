import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_selection import DANCER, FPS, SIZE, T, body, detections

from choreo.errors import ConfigError, ItemError
from choreo.pose.pick import FORMS, Pick, PickError, parse
from choreo.poses.selection import dancer_track, select_dancer

WATCHER = (T, body(T, 540, 140))
PASSER = (T[100:200], body(T[100:200], np.linspace(0, 640, 100), 260))
EVERYONE = detections(DANCER, WATCHER, PASSER, frames=300, order=4)


def chosen(pick, people=EVERYONE):
    found, who = people
    members, report = select_dancer(found, fps=FPS, size=SIZE, pick=pick)
    assert len(np.unique(found.frame[members])) == len(members)
    return who[members], report


@pytest.mark.parametrize(
    ("text", "pick"),
    [
        ("310,200@12.5", Pick(point=(310.0, 200.0), seconds=12.5)),
        (" 310 , 200.25 @ 0 ", Pick(point=(310.0, 200.25), seconds=0.0)),
        ("250,80,120,260@12.5", Pick(box=(250.0, 80.0, 120.0, 260.0), seconds=12.5)),
        ("id:3", Pick(label=3)),
        (" id: 0 ", Pick(label=0)),
    ],
)
def test_forms(text, pick):
    assert parse(text) == pick
    assert parse(str(pick)) == pick


@pytest.mark.parametrize(
    "text",
    ["", "dancer", "310,200", "310@2", "-5,20@1", "1,2,3@4", "1,2@nan", "id:x", "id:-1", "1,2@3s"],
)
def test_other_texts_are_refused_with_the_forms(text):
    for kind in (ConfigError, ValueError):
        with pytest.raises(kind) as caught:
            parse(text)
        assert FORMS in str(caught.value)
        assert repr(text) in str(caught.value)


def test_an_empty_box_is_refused():
    with pytest.raises(ConfigError, match="no width or no height"):
        parse("10,10,0,50@1")


@given(st.text(max_size=30))
def test_any_text_is_a_pick_or_a_config_error(text):
    try:
        pick = parse(text)
    except PickError:
        return
    assert parse(str(pick)) == pick


def test_reading_a_pick_imports_nothing_heavy():
    code = "import sys, choreo.pose.pick; print([m for m in ('numpy', 'cv2') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_click_chooses_who_is_there():
    assert set(chosen(None)[0]) == {0}
    who, report = chosen("540,180@5")
    assert (who == 1).all()
    assert len(who) == 300
    assert report["pick"] == "540,180@5"
    assert report["rejected"][0]["frames"] == 300  # the dancer, now rejected


def test_a_click_on_two_people_means_the_nearer_limb():
    # At frame 150 the passer-by's middle is at 323, the dancer's within 40 pixels of 320.
    middle = 320 + 40 * np.sin(150 / 40)
    for who, x, y, height in ((0, middle, 180, 150), (2, 323.2, 180, 260)):
        ankle = f"{x + 0.07 * height:.1f},{y + 0.5 * height:.1f}@5"
        assert set(chosen(ankle)[0]) == {who}


def test_a_click_may_be_half_a_second_off_in_time():
    # The passer-by is there from frame 100 on.
    assert set(chosen("20,180@3.1")[0]) == {2}
    with pytest.raises(ItemError, match="meets nobody"):
        chosen("20,180@2.5")


def test_a_box_chooses_whom_it_overlaps_most():
    assert set(chosen("510,110,60,150@5")[0]) == {1}
    assert set(chosen("240,60,160,250@5")[0]) == {2}


@pytest.mark.parametrize("pick", ["620,20@0.5", "600,0,30,30@0.5"])
def test_a_pick_that_meets_nobody_names_the_nearest(pick):
    with pytest.raises(ItemError) as caught:
        chosen(pick)
    assert pick in str(caught.value)
    nearest = caught.value.remedy.removeprefix("The nearest people are at ").split("; ")
    assert len(nearest) == 3
    assert set(chosen(nearest[0])[0]) == {1}
    assert {int(chosen(text)[0][0]) for text in nearest} == {0, 1, 2}


def test_a_pick_outside_the_video_is_refused():
    with pytest.raises(ItemError, match="outside the picture of 640 x 360 pixels"):
        chosen("640,20@1")
    with pytest.raises(ItemError, match=r"after the video's end at 10\.00 s"):
        chosen("20,20@10.1")


def labelled(labels, scores=None):
    found, who = detections(DANCER, WATCHER, frames=300, order=5)
    label = np.array(labels, float)[who]
    return type(found)(**{**vars(found), "label": label, "score": np.arange(len(found)) * 1.0}), who


def test_a_number_chooses_exactly_its_detections():
    who, report = chosen("id:7", labelled([3, 7]))
    assert (who == 1).all()
    assert len(who) == 300
    assert report["chosen"]["label"] == 7
    assert report["rejected"][0]["label"] == 3


def test_a_number_that_a_frame_has_twice_counts_once():
    found, _ = labelled([3, 7])
    found.label[found.frame < 20] = 3
    members, _ = select_dancer(found, fps=FPS, size=SIZE, pick="id:3")
    assert len(members) == 300
    for frame, index in zip(found.frame[members][:20], members):
        assert found.score[index] == found.score[found.frame == frame].max()


@pytest.mark.parametrize("choice", [{"pick": "id:0"}, {"linker": "labels"}])
def test_numbers_that_are_the_same_for_everyone_are_refused(choice):
    found, _ = labelled([0, 0])
    with pytest.raises(ItemError, match="do not tell people apart"):
        select_dancer(found, fps=FPS, size=SIZE, **choice)


def test_someone_outside_the_picture_is_named_by_its_edge():
    beyond = (T, body(T, 660, 150))
    people = detections(DANCER, beyond, frames=300)
    _, report = chosen(None, people)
    x, y = report["rejected"][0]["click"].split("@")[0].split(",")
    assert (x, y) == ("639", "158")
    with pytest.raises(ItemError, match=r"639,158@"):
        chosen("600,350@1", people)


def test_a_number_that_nobody_has_names_those_there_are():
    with pytest.raises(ItemError, match=r"id:3 \(300 frames\), id:7 \(300 frames\)"):
        chosen("id:4", labelled([3, 7]))
    with pytest.raises(ItemError, match="The estimator gave no numbers"):
        chosen("id:4")


def test_the_report_gives_a_pick_for_every_candidate():
    _, report = chosen(None)
    sizes = {chosen(c["click"])[1]["chosen"]["frames"] for c in report["rejected"]}
    assert sizes == {300, 100}
    for candidate in report["rejected"]:
        again = chosen(candidate["click"])[1]["chosen"]
        assert again["centre"] == candidate["centre"]
    assert chosen(report["chosen"]["click"])[1]["chosen"]["centre"] == report["chosen"]["centre"]


def test_a_track_carries_the_pick_and_its_errors_name_the_file():
    found, _ = EVERYONE
    track = dancer_track(
        found, fps=FPS, size=SIZE, meta={}, source="a/b.json", pick="540,180@5", linker="poses"
    )
    assert track.meta["dancer"]["pick"] == "540,180@5"
    np.testing.assert_array_equal(track.keypoints, WATCHER[1].astype(np.float32))
    with pytest.raises(ItemError, match=r"a/b\.json: the pick of the dancer meets nobody"):
        dancer_track(found, fps=FPS, size=SIZE, meta={}, source="a/b.json", pick="620,20@0.5")
