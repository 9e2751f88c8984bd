import os
import pickle

import numpy as np
import pytest

from choreo.errors import ItemError
from choreo.pose.track import PoseTrack
from choreo.poses.formats import aist, pickled, registry

SIZE = (1920, 1080)


def made(views=9, frames=12, **changes):
    joints = np.random.default_rng(0).uniform(1, 1000, (views, frames, 17, 3))
    joints[..., 2] /= 1000
    return {
        "keypoints2d": joints,
        "det_scores": np.linspace(0, 1, views * frames).reshape(views, frames),
        "timestamps": np.arange(frames) * 16_667,
    } | changes


@pytest.fixture
def file(tmp_path):
    def write(value, protocol=4):
        data = value if isinstance(value, bytes) else pickle.dumps(value, protocol=protocol)
        (tmp_path / "gBR.pkl").write_bytes(data)
        return tmp_path / "gBR.pkl"

    return write


@pytest.mark.parametrize("protocol", range(6))
def test_a_view_is_read(file, protocol):
    value = made()
    value["keypoints2d"][2, 3] = np.nan
    value["keypoints2d"][2, 4, 5, 2] = np.inf
    found = aist.read_detections(file(value, protocol), view="c03")
    assert (found.skeleton, found.frames, len(found)) == ("coco17", 12, 11)
    np.testing.assert_array_equal(found.keypoints[0], value["keypoints2d"][2, 0, :, :2])
    np.testing.assert_array_equal(found.scores[0], value["keypoints2d"][2, 0, :, 2])
    np.testing.assert_array_equal(found.score, np.delete(value["det_scores"][2], 3))
    assert np.isnan(found.keypoints[3, 5]).all()
    track = registry.read("aist", file(value, protocol), fps=60, size=SIZE, view="c03")
    assert "dancer" not in track.meta
    assert track.given.any(1).sum() == 11


def test_the_view_must_be_told(file):
    path = file(made())
    with pytest.raises(ItemError, match=r"several views: say which.*--view\): c01, c02, .*c09"):
        aist.read_detections(path)
    with pytest.raises(ItemError, match=r"there is no such view \(got 'c10'\)"):
        aist.read_detections(path, view="c10")
    assert len(aist.read_detections(file(made(views=1)))) == 12


def test_frames_that_the_stamps_leave_out(file):
    stamps = np.array([0, 1, 2, 5, 6]) / 60
    found = aist.read_detections(file(made(1, 5, timestamps=stamps)), frames=9)
    assert found.frame.tolist() == [0, 1, 2, 5, 6]
    assert found.frames == 9


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"keypoints2d": np.zeros((9, 12, 18, 3))}, r"must hold keypoints2d of shape \(views, N"),
        ({"keypoints2d": np.zeros((0, 12, 17, 3))}, "must hold keypoints2d"),
        ({"keypoints2d": np.full((9, 12, 17, 3), "x")}, "must hold keypoints2d"),
        ({"keypoints2d": [1, 2]}, "must hold keypoints2d"),
        ({"timestamps": np.arange(3)}, r"timestamps of shape \(N,\)"),
        ({"timestamps": np.zeros(12)}, "time stamps that do not rise evenly"),
        ({"timestamps": np.full(12, np.nan)}, "time stamps that are no numbers"),
        ({"keypoints2d": np.full((9, 12, 17, 3), 1e9)}, r"within 1000000 of 0 \(got 1000000000"),
    ],
)
def test_other_arrays_are_refused(file, changes, message):
    with pytest.raises(ItemError, match=message):
        aist.read_detections(file(made(**changes)), view="c01")


def test_another_skeleton_is_refused(file, tmp_path):
    with pytest.raises(ItemError, match=r"COCO's 17 joints \(coco17\) \(got 'body25'\)"):
        aist.read_detections(file(made()), skeleton="body25", view="c01")
    track = PoseTrack(np.zeros((1, 25, 2)), np.zeros((1, 25)), 30, SIZE, "body25")
    with pytest.raises(ItemError, match=r"got 'body25'\).*--skeleton"):
        aist.write(track, tmp_path / "x.pkl")


def test_what_is_written(tmp_path):
    keypoints = np.random.default_rng(0).uniform(0, 500, (30, 17, 2)).astype(np.float32)
    keypoints[[0, 7]] = np.nan
    scores = np.where(np.isnan(keypoints[..., 0]), np.nan, 0.5)
    track = PoseTrack(keypoints, scores, fps=29.97, size=SIZE, skeleton="coco17")
    aist.write(track, tmp_path / "x.pkl")
    value = pickle.loads((tmp_path / "x.pkl").read_bytes())
    assert {key: array.shape for key, array in value.items()} == {
        "keypoints2d": (1, 30, 17, 3),
        "det_scores": (1, 30),
        "timestamps": (30,),
    }
    assert value["timestamps"][3] == pytest.approx(3e6 / 29.97)
    again = registry.read("aist", tmp_path / "x.pkl", fps=29.97, size=SIZE)
    assert np.array_equal(again.keypoints, keypoints, equal_nan=True)


# The unpickler


class Calls:
    """A pickle that runs something when it is read."""

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_is_ever_run(file, tmp_path, protocol):
    evil = Calls(os.mkdir, str(tmp_path / "ran"))
    for value in (evil, {"keypoints2d": evil}, made(timestamps=[evil])):
        with pytest.raises(ItemError, match=r"it asks for posix\.mkdir, which is not an array"):
            aist.load(file(value, protocol))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Calls(eval, "1"), "it asks for"),
        (Calls(getattr, "a", "b"), "it asks for"),
        (Calls(np.load, "x.npy"), "it asks for numpy"),
        (np.random.default_rng(0), "it asks for numpy"),
        ({"a": np.array([{}, None])}, "an array of type|an array of objects"),
        ({"a": np.zeros(2, [("x", "f4")])}, "an array of type|an array of records"),
        ({"a": np.zeros(2, "M8[s]")}, "an array of type"),
        (Calls(np.ndarray, (1 << 40,), np.dtype("f8")), "made in an unusual way"),
        ([1, 2], "holds no dict"),
    ],
)
def test_what_is_no_plain_array_is_refused(file, value, message):
    with pytest.raises(ItemError, match=f"not a pickle of arrays.*({message})"):
        pickled.arrays(file(value))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        pickle.dumps(made())[:-30],
        # Room for two milliards of values, in ten bytes.
        b"\x80\x02Nr\xff\xff\xff\x7f.",
        b"\x80\x02]" + b"(" * 100_000 + b".",
        b"cposix\nsystem\n.",
        b"\x80\x04P1\n.",
        b"(i__main__\nX\n.",
        b"\x80\x02\x82\x01.",
    ],
)
def test_damaged_pickles_are_refused(file, data):
    with pytest.raises(ItemError, match="not a pickle of arrays"):
        pickled.arrays(file(data))


def test_an_array_that_promises_more_than_it_has(file):
    value = pickle.dumps({"a": np.zeros(3)}, protocol=2)
    assert pickled.arrays(file(value))["a"].tolist() == [0, 0, 0]
    # The shape (3,) as a tuple of one small number.
    assert value.count(b"K\x03\x85") == 1
    with pytest.raises(ItemError, match="not a pickle of arrays"):
        pickled.arrays(file(value.replace(b"K\x03\x85", b"K\xff\x85")))


def test_kinds_of_arrays(file):
    value = {
        "a": np.arange(6.0).reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "big endian": np.arange(3, dtype=">i4"),
        "flags": np.array([True, False]),
        "text": np.array(["x"]),
        3: np.zeros(1),
        "one": 4,
        "scalar": np.float64(0.5),
    }
    for protocol in range(6):
        found = pickled.arrays(file(value, protocol))
        assert set(found) == {"a", "fortran", "big endian", "flags"}
        for key, array in found.items():
            np.testing.assert_array_equal(array, value[key])


def test_size_and_absence(file, tmp_path, monkeypatch):
    path = file(made())
    monkeypatch.setattr(pickled, "MAX_BYTES", 1 << 10)
    with pytest.raises(ItemError, match="larger than 0 MiB"):
        pickled.arrays(path)
    with pytest.raises(ItemError, match="no such file"):
        pickled.arrays(tmp_path / "none.pkl")
