"""Formats that are written for others, read back by what is not ours."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from choreo.dances.framing import at_rate
from choreo.errors import ItemError
from choreo.pose.skeletons import SKELETONS
from choreo.pose.track import PoseTrack
from choreo.poses.formats import registry

SIZE = (640, 320)
FPS = 10.0


def a_dance(skeleton="openpose18", absent=True):
    rng = np.random.default_rng(0)
    joints = len(SKELETONS[skeleton])
    keypoints = rng.uniform(10, 300, (7, joints, 2)).astype(np.float32)
    scores = rng.uniform(0.2, 1, (7, joints)).astype(np.float32)
    if absent:
        keypoints[2, 3], scores[2, 3] = np.nan, np.nan
        keypoints[4], scores[4] = np.nan, np.nan
    return PoseTrack(keypoints, scores, FPS, SIZE, skeleton)


def test_pandas_reads_the_long_table(tmp_path):
    track = a_dance()
    registry.write("csv", track, tmp_path / "a.csv")
    table = pd.read_csv(tmp_path / "a.csv")
    assert list(table) == ["frame", "time", "joint", "x", "y", "score"]
    assert len(table) == 7 * 18
    np.testing.assert_allclose(table.time, table.frame / FPS)
    wide = table.pivot(index="frame", columns="joint", values=["x", "y", "score"])
    names = list(track.joints.joints)
    for k, axis in enumerate("xy"):
        np.testing.assert_array_equal(
            wide[axis][names].to_numpy(np.float32), track.keypoints[..., k]
        )
    np.testing.assert_array_equal(wide["score"][names].to_numpy(np.float32), track.scores)


def test_a_trc_s_heading_and_markers(tmp_path):
    track = a_dance()
    registry.write("trc", track, tmp_path / "my dance.trc")
    lines = (tmp_path / "my dance.trc").read_text().splitlines()
    assert lines[0].split("\t") == ["PathFileType", "4", "(X/Y/Z)", "my dance.trc"]
    told = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=True))
    assert float(told["DataRate"]) == FPS
    assert (told["NumFrames"], told["NumMarkers"], told["Units"]) == ("7", "18", "mm")
    markers = [name for name in lines[3].split("\t")[2:] if name]
    assert tuple(markers) == track.joints.joints
    axes = lines[4].split("\t")[2:]
    assert axes[:3] == ["X1", "Y1", "Z1"]
    assert axes[-1] == "Z18"
    assert lines[5] == ""
    table = pd.read_csv(tmp_path / "my dance.trc", sep="\t", skiprows=6, header=None)
    assert table.shape == (7, 2 + 3 * 18)
    np.testing.assert_array_equal(table[0], np.arange(1, 8))
    np.testing.assert_allclose(table[1], np.arange(7) / FPS)
    places = table.iloc[:, 2:].to_numpy().reshape(7, 18, 3)
    np.testing.assert_allclose(places[..., 0], track.keypoints[..., 0], atol=1e-3)
    np.testing.assert_allclose(places[..., 1], SIZE[1] - track.keypoints[..., 1], atol=1e-3)
    assert set(places[..., 2][track.given]) == {0}
    assert np.isnan(places[~track.given]).all()


def test_pycocotools_takes_the_results(tmp_path):
    track = a_dance("coco17", absent=False)
    registry.write("coco", track, tmp_path / "a.json")
    truth = COCO()
    truth.dataset = {
        "info": {},
        "images": [{"id": n, "width": SIZE[0], "height": SIZE[1]} for n in range(7)],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [
            {
                **{"id": n + 1, "image_id": n, "category_id": 1, "iscrowd": 0},
                **{"num_keypoints": 17, "area": 9e4, "bbox": [0, 0, 300, 300]},
                "keypoints": np.append(pose, np.full((17, 1), 2), 1).ravel().tolist(),
            }
            for n, pose in enumerate(track.keypoints)
        ],
    }
    truth.createIndex()
    judged = COCOeval(truth, truth.loadRes(str(tmp_path / "a.json")), "keypoints")
    judged.evaluate()
    judged.accumulate()
    judged.summarize()
    assert judged.stats[0] == pytest.approx(1)


def test_xarray_opens_the_netcdf_as_movement_lays_it_out(tmp_path):
    track = a_dance()
    registry.write("movement", track, tmp_path / "a.nc")
    with xr.open_dataset(tmp_path / "a.nc", engine="h5netcdf", decode_timedelta=False) as made:
        assert made.position.dims == ("time", "space", "keypoints", "individuals")
        assert made.attrs["fps"] == FPS
        wrist = made.position.sel(keypoints="left_wrist", individuals="dancer")
        np.testing.assert_array_equal(
            wrist.transpose("time", "space"), track.keypoints[:, track.joints.index("left_wrist")]
        )


def test_openpose_s_files_say_how_large_the_picture_is(tmp_path):
    track = a_dance()
    registry.write("openpose", track, tmp_path / "out")
    files = sorted((tmp_path / "out").iterdir())
    assert len(files) == 7
    for number, file in enumerate(files):
        frame = json.loads(file.read_text())
        assert (frame["canvas_width"], frame["canvas_height"]) == SIZE
        assert len(frame["people"]) == (number != 4)
        for person in frame["people"]:
            assert len(person["pose_keypoints_2d"]) == 3 * 18
    again = registry.read("openpose", tmp_path / "out", fps=FPS, size=SIZE, frames=7)
    np.testing.assert_array_equal(again.keypoints, track.keypoints)


def test_another_rate_goes_through_the_track_s_own_frames():
    track = a_dance(absent=False)
    finer = at_rate(track, 30)
    assert (len(finer), finer.fps) == (21, 30)
    np.testing.assert_allclose(finer.keypoints[::3], track.keypoints, atol=1e-3)
    np.testing.assert_array_equal(finer.scores[::3], track.scores)
    np.testing.assert_array_equal(finer.scores[1::3], track.scores)
    with pytest.raises(ItemError, match=r"more than 1000000 frames \(got 1e\+300\)"):
        at_rate(track, 1e300)
    gaps = at_rate(a_dance(), 30)
    assert not gaps.given[10:15].any()
    assert gaps.given[15].all()
