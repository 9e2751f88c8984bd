import sys
import warnings

import numpy as np
import pytest
from comparison_tracks import dancer, moved

from choreo import media
from choreo.comparison.recording import write_recording
from choreo.errors import ItemError

KNOWN = {"size": (640, 360), "fps": 10.0, "frames": 6}


@pytest.fixture
def video(tmp_path):
    with media.video_writer(tmp_path / "v.mp4", KNOWN["size"], KNOWN["fps"]) as write:
        for i in range(KNOWN["frames"]):
            write(np.full((360, 640, 3), 40 * i, np.uint8))
    return tmp_path / "v.mp4"


def test_without_rerun_the_message_says_what_to_install(video, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rerun", None)
    with pytest.raises(ItemError, match=r"needs the package rerun-sdk .*pip install rerun-sdk=="):
        write_recording(video, {}, tmp_path / "x.rrd", **KNOWN)
    assert not (tmp_path / "x.rrd").exists()


def test_another_suffix(video, tmp_path):
    with pytest.raises(ItemError, match=r"written as \.rrd"):
        write_recording(video, {}, tmp_path / "x.mp4", **KNOWN)


def test_the_recording_holds_every_frame(video, tmp_path):
    rr = pytest.importorskip("rerun")
    track = moved(moved(dancer(6), 2, None, np.nan), 4, "left_wrist", 300.0)
    short = dancer(5, skeleton="halpe26")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Rerun warns where a value can't be taken
        write_recording(video, {"a": track, "b": short}, tmp_path / "x.rrd", **KNOWN)
    recording = rr.dataframe.load_recording(tmp_path / "x.rrd")
    rows = recording.view(index="frame", contents="/**").select().read_all().to_pydict()
    assert len(rows["frame"]) == 6
    assert [row is not None for row in rows["/video:Blob"]] == [True] * 6
    joints = rows["/video/a/joints:Position2D"]
    assert [len(row) for row in joints] == [17, 17, 0, 17, 17, 17]
    np.testing.assert_allclose(joints[1], track.keypoints[1])
    assert rows["/video/a/joints:Text"][0][0] == "nose"
    assert [len(row) for row in rows["/video/b/joints:Position2D"]] == [19] * 5 + [0]
    assert [row[0] for row in rows["/missing/a:Scalar"]] == [0, 0, 1, 0, 0, 0]
    assert [row[0] for row in rows["/incorrect/a:Scalar"]] == [0, 0, 0, 0, 1, 0]
    assert [row[0] for row in rows["/confidence/a:Scalar"]] == [0.5, 0.5, 0, 0.5, 0.5, 0.5]
