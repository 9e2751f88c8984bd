"""RTMPose with tiny networks of the same shapes: rtmlib's own steps really run."""

import tracemalloc
import zipfile

import numpy as np
import onnxruntime
import pytest
import rtmlib
from tiny_onnx import detector, pose

from choreo import media
from choreo.errors import ConfigError, ItemError
from choreo.poses import coverage, rtmpose, rtmpose_weights
from choreo.poses.estimator_weights import verify
from choreo.poses.formats import alphapose
from choreo.poses.rtmpose import load, people

SIZE = (160, 96)
BLUE, GREEN, RED = (0, 0, 255), (0, 255, 0), (255, 0, 0)


def picture(*rectangles):
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for x, y, width, height, colour in rectangles:
        image[y : y + height, x : x + width] = colour
    return image


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    return load(detector(folder / "det.onnx"), pose(folder / "pose.onnx"), joints=17)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two people; one; only something red; nobody."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with media.video_writer(path, SIZE, 30, crf=1) as write:
        write(picture((20, 16, 32, 60, BLUE), (100, 30, 24, 40, GREEN)))
        write(picture((40, 16, 32, 60, BLUE), (0, 0, 12, 12, RED)))
        write(picture((40, 16, 32, 60, RED)))
        write(picture())
        write(picture((100, 30, 24, 40, GREEN)))
    return path


def test_everyone_is_found_where_they_are(networks, clip):
    found = people(clip, networks, size=SIZE, frames=5)
    assert (found.frame.tolist(), found.frames) == ([0, 0, 1, 4], 5)
    assert found.skeleton == "coco17"
    rectangles = np.array(
        [[20, 16, 32, 60], [100, 30, 24, 40], [40, 16, 32, 60], [100, 30, 24, 40]], float
    )
    # Halves of chroma pixels, and the detector's picture is smaller by 0.8.
    np.testing.assert_allclose(found.box, rectangles, atol=3)
    left, top = rectangles[:, 0], rectangles[:, 1]
    right, bottom = left + rectangles[:, 2], top + rectangles[:, 3]
    corners = [(right, bottom), (left, bottom), (right, top), (left, top)]
    for joint, (x, y) in enumerate(corners):
        np.testing.assert_allclose(found.keypoints[:, joint, 0], x, atol=3)
        np.testing.assert_allclose(found.keypoints[:, joint, 1], y, atol=3)
        np.testing.assert_array_equal(found.keypoints[:, joint], found.keypoints[:, joint + 4])
    assert np.isnan(found.label).all()
    assert np.isnan(found.score).all()


def test_a_joint_without_a_response_is_absent(networks, clip):
    found = people(clip, networks, size=SIZE, frames=5)
    assert np.isnan(found.keypoints[:, 16]).all()
    assert np.isnan(found.scores[:, 16]).all()
    assert (found.scores[:, :16] > 0.5).all()


def test_channels_are_blue_green_red(networks, tmp_path):
    """The tiny detector sees the first two channels only."""
    path = tmp_path / "clip.mp4"
    with media.video_writer(path, SIZE, 30, crf=1) as write:
        write(picture((40, 16, 32, 60, RED)))
    with pytest.raises(ItemError, match="found nobody in any of 1 frames"):
        people(path, networks, size=SIZE, frames=1)


def test_nobody_is_an_error_and_no_invented_person(networks, tmp_path):
    path = tmp_path / "clip.mp4"
    with media.video_writer(path, SIZE, 30) as write:
        for _ in range(3):
            write(picture())
    with pytest.raises(ItemError, match=r"detector found nobody in any of 3 .*rtmpose\.detector"):
        people(path, networks, size=SIZE, frames=3)


def test_too_few_frames_with_people(networks, clip, monkeypatch):
    """Somebody is in three of five."""
    monkeypatch.setattr(coverage, "MIN_COVERAGE", 3 / 5)
    assert len(np.unique(people(clip, networks, size=SIZE, frames=5).frame)) == 3
    monkeypatch.setattr(coverage, "MIN_COVERAGE", 0.7)
    with pytest.raises(ItemError, match="detector found somebody in only 3 of 5 frames"):
        people(clip, networks, size=SIZE, frames=5)


def test_two_runs_give_the_same_bits_and_the_file_keeps_them(networks, clip, tmp_path):
    one, two = (people(clip, networks, size=SIZE, frames=5) for _ in range(2))
    alphapose.write_detections(one, tmp_path / "a.json")
    back = alphapose.read_detections(tmp_path / "a.json", frames=5)
    for name in ("frame", "keypoints", "scores", "box", "label", "score"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
        np.testing.assert_array_equal(getattr(one, name), getattr(back, name))


def test_26_joints(tmp_path, clip):
    networks = load(
        detector(tmp_path / "det.onnx"), pose(tmp_path / "pose.onnx", joints=26), joints=26
    )
    found = people(clip, networks, size=SIZE, frames=5)
    assert (found.skeleton, found.keypoints.shape) == ("halpe26", (4, 26, 2))


def test_doubtful_boxes_are_not_people(tmp_path, clip):
    networks = load(
        detector(tmp_path / "det.onnx", score=0.2), pose(tmp_path / "pose.onnx"), joints=17
    )
    with pytest.raises(ItemError, match="found nobody in any of 5 frames"):
        people(clip, networks, size=SIZE, frames=5)


def test_progress_and_frames(networks, clip):
    done = []
    people(clip, networks, size=SIZE, frames=5, on_progress=done.append)
    assert done == [1, 2, 3, 4, 5]
    with pytest.raises(ItemError, match="decodes to 5 frames, not 6"):
        people(clip, networks, size=SIZE, frames=6)


def test_memory_does_not_grow_with_the_video(networks, tmp_path):
    peaks = []
    for frames in (10, 60):
        path = tmp_path / f"{frames}.mp4"
        with media.video_writer(path, SIZE, 30) as write:
            for i in range(frames):
                write(picture((20 + i, 16, 32, 60, BLUE)))
        tracemalloc.start()
        people(path, networks, size=SIZE, frames=frames)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Fifty frames of pictures would be 2.3 MB.
    assert peaks[1] - peaks[0] < 300_000


def test_boxes_of_no_size_or_place_are_left_out():
    given = [[0, 0, 10, 10], [5, 5, 5, 20], [3, 3, np.nan, 9], [9, 9, 3, 3], [0, 0, np.inf, 9]]
    boxes = rtmpose._boxes(lambda frame: given, None)
    assert boxes.tolist() == [[0, 0, 10, 10]]
    assert rtmpose._boxes(lambda frame: np.array([]), None).shape == (0, 4)


def test_the_record(networks):
    record = networks.record
    assert record["tool"] == "rtmlib 0.0.16"
    assert (record["device"], record["threads"]) == ("cpu", 1)
    assert (record["detector"], record["weights"]) == ("det.onnx", "pose.onnx")
    assert len(record["detector_sha256"]) == len(record["weights_sha256"]) == 64
    assert "Apache-2.0" in record["licence"]


def test_wrong_networks(tmp_path):
    find, joints17 = detector(tmp_path / "det.onnx"), pose(tmp_path / "17.onnx")
    with pytest.raises(ConfigError, match=r"17\.onnx: gives 17 joints, not 26"):
        load(find, joints17, joints=26)
    with pytest.raises(ConfigError, match=r"17\.onnx: is no network of the kind"):
        load(joints17, joints17, joints=17)
    with pytest.raises(ConfigError, match=r"det\.onnx: is no network of the kind"):
        load(find, find, joints=17)
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "none.onnx", joints17, joints=17)
    (tmp_path / "cut.onnx").write_bytes(find.read_bytes()[:99])
    with pytest.raises(ConfigError, match=r"cut\.onnx: is no network that can be run"):
        load(tmp_path / "cut.onnx", joints17, joints=17)


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_gpu_that_is_not_there(tmp_path, monkeypatch):
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has a GPU")
    find, joints17 = detector(tmp_path / "det.onnx"), pose(tmp_path / "pose.onnx")
    with pytest.raises(ConfigError, match=r"can't use a GPU.*onnxruntime-gpu"):
        load(find, joints17, joints=17, device="cuda")
    # A build for GPUs on a machine without: onnxruntime goes on with the CPU by itself.
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPU"]
    )
    with pytest.raises(ConfigError, match="could not start on the GPU"):
        load(find, joints17, joints=17, device="cuda")
    assert load(find, joints17, joints=17, device="auto").record["device"] == "cpu"


def test_nothing_of_rtmlib_downloads(networks, clip, monkeypatch, tmp_path):
    def refuse(*_, **__):
        raise AssertionError("a download")

    monkeypatch.setattr("rtmlib.tools.base.download_checkpoint", refuse)
    monkeypatch.setattr("rtmlib.tools.file.download_url_to_file", refuse)
    test_26_joints(tmp_path, clip)


def test_the_addresses_are_those_of_rtmlib():
    mode = {
        name: c.MODE["balanced"] for name, c in (("17", rtmlib.Body), ("26", rtmlib.BodyWithFeet))
    }
    assets = rtmpose_weights.ASSETS
    assert assets["detector"].url == mode["17"]["det"] == mode["26"]["det"]
    assert assets["weights17"].url == mode["17"]["pose"]
    assert assets["weights26"].url == mode["26"]["pose"]


def test_settings_equal_those_of_rtmlibs_own_constructors(tmp_path):
    find, joints17 = detector(tmp_path / "det.onnx"), pose(tmp_path / "pose.onnx")
    networks = load(find, joints17, joints=17)
    theirs = rtmlib.YOLOX(str(find), model_input_size=(128, 128))
    for name in ("model_input_size", "det_mode", "nms_thr", "score_thr", "backend"):
        assert getattr(networks.detector, name) == getattr(theirs, name), name
    theirs = rtmlib.RTMPose(str(joints17), model_input_size=(48, 64))
    for name in ("model_input_size", "to_openpose", "backend"):
        assert getattr(networks.pose, name) == getattr(theirs, name), name
    np.testing.assert_array_equal(networks.pose.mean, theirs.mean)
    np.testing.assert_array_equal(networks.pose.std, theirs.std)


# As ONNX's files begin.
NETWORK = b"\x08\x07network"


def archive(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name.replace("__", "/").replace("_onnx", ".onnx"), data)
    return path


def test_the_one_network_of_a_zip(tmp_path):
    given = archive(tmp_path / "a.zip", x__end2end_onnx=NETWORK, x__deploy_json=b"{}", y=b"text")
    rtmpose_weights.unpack(given, tmp_path / "out" / "n.onnx")
    assert (tmp_path / "out" / "n.onnx").read_bytes() == NETWORK
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["n.onnx"]


def test_bad_zips(tmp_path, monkeypatch):
    output = tmp_path / "out" / "n.onnx"

    def refused(path, message):
        with pytest.raises(ConfigError, match=message):
            rtmpose_weights.unpack(path, output)
        assert not output.exists()

    refused(archive(tmp_path / "0.zip", x=b""), "one .onnx file, but has 0")
    refused(archive(tmp_path / "2.zip", a_onnx=b"", b_onnx=b""), "one .onnx file, but has 2")
    refused(archive(tmp_path / "page.zip", a_onnx=b"<html>"), "its .onnx file is no network")
    refused(archive(tmp_path / "empty.zip", a_onnx=b""), "its .onnx file is no network")
    (tmp_path / "text.zip").write_text("no zip")
    refused(tmp_path / "text.zip", "can't be unpacked .*not a zip")
    good = archive(tmp_path / "good.zip", a_onnx=NETWORK + bytes(range(256)) * 40).read_bytes()
    at = good.index(b"a.onnx") + 20
    (tmp_path / "damaged.zip").write_bytes(good[:at] + b"????????" + good[at + 8 :])
    refused(tmp_path / "damaged.zip", "can't be unpacked")
    monkeypatch.setattr(rtmpose_weights, "MAX_BYTES", 1000)
    refused(
        archive(tmp_path / "bomb.zip", a_onnx=NETWORK + bytes(5_000_000)), "more than 1000 bytes"
    )
    # A way out of the folder is no way: the output's name is ours.
    monkeypatch.undo()
    rtmpose_weights.unpack(archive(tmp_path / "up.zip", **{"..__..__up_onnx": NETWORK}), output)
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix == ".onnx") == []


def test_fetching_goes_through_the_one_way(tmp_path, monkeypatch):
    asked = []

    def fetch(asset, folder, *, terminal):
        asked.append((asset.name, terminal))
        folder.mkdir()
        return archive(folder / asset.name, end2end_onnx=NETWORK)

    monkeypatch.setattr(rtmpose_weights, "fetch", fetch)
    output = tmp_path / "resources" / "detector.onnx"
    rtmpose_weights.fetch_network("detector", output, terminal=None)
    assert output.read_bytes() == NETWORK
    assert asked == [("yolox_m_8xb8-300e_humanart-c2c7a14a.zip", None)]


def test_a_download_that_is_no_zip_is_refused(tmp_path):
    known = rtmpose_weights.ASSETS["weights17"]
    path = archive(tmp_path / "whole.zip", a_onnx=NETWORK + bytes(range(256)))
    assert len(verify(path, known)) == 64
    for name, data in (("noise", b"PK\x03\x04" + bytes(500)), ("cut", path.read_bytes()[:-30])):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ConfigError, match="is no zip, or was cut"):
            verify(tmp_path / name, known)
