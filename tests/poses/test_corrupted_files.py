"""Every reader of poses ends in one `ItemError` on files with flipped bits, holes and cuts."""

import random

import numpy as np
import pytest
from soaking import soak_after

from choreo.errors import ItemError
from choreo.pose.skeletons import SKELETONS
from choreo.pose.track import PoseTrack
from choreo.poses.formats import isolated, registry

SIZE = (640, 360)
TRIES = 40
ISOLATED_SHARE = 10
"""Of readers that start a process for each file, one in so many."""

SUFFIXES = (".json", ".pkl", ".csv", ".h5", ".nc")
ISOLATED = {".h5", ".nc"}


def standing(skeleton="coco17", frames=6):
    rng = np.random.default_rng(5)
    joints = len(SKELETONS[skeleton])
    keypoints = rng.uniform((260, 40), (380, 340), (frames, joints, 2)).astype(np.float32)
    scores = rng.uniform(0.1, 1, (frames, joints)).astype(np.float32)
    return PoseTrack(keypoints, scores, fps=30, size=SIZE, skeleton=skeleton, meta={"run": {}})


def readers():
    """Every format of the registry with every kind of file that it names, and our own tracks."""
    for format in registry.read_formats():
        entry = registry.FORMATS[format]
        for suffix in SUFFIXES:
            if suffix in entry.files:
                yield format, suffix
    yield None, ".npz"


def written(format, path):
    if format is None:
        standing().save(path)
        return None
    for skeleton in ("coco17", "body25"):
        try:
            registry.write(format, standing(skeleton), path)
        except ItemError:
            continue
        return skeleton
    raise AssertionError(f"the test has no joints for {format}")


def read(format, path, skeleton):
    if format is None:
        return PoseTrack.load(path)
    return registry.read(
        format, path, fps=30, size=SIZE, frames=6, skeleton=skeleton, units="pixels"
    )


def corrupted(whole, rng):
    """One of: bits flipped, a stretch of zeros, bytes of another place, a cut."""
    data = bytearray(whole)
    kind = rng.randrange(4)
    at = rng.randrange(len(data))
    if kind == 0:
        for _ in range(rng.choice((1, 1, 3, 20))):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == 1:
        data[at : at + rng.choice((1, 8, 100))] = bytes(min(8, len(data) - at))
    elif kind == 2:
        start = rng.randrange(len(data))
        data[at : at + 16] = data[start : start + 16]
    else:
        del data[at:]
    return bytes(data)


@pytest.mark.parametrize("tries", soak_after(1, [TRIES // 4, TRIES]))
@pytest.mark.parametrize(("format", "suffix"), list(readers()))
def test_corrupted_files_give_one_message_or_poses(tmp_path, monkeypatch, format, suffix, tries):
    path = tmp_path / f"whole{suffix}"
    skeleton = written(format, path)
    read(format, path, skeleton)
    # On some damaged files the library runs for ever.
    monkeypatch.setattr(isolated, "SECONDS", 5.0)
    whole, broken = path.read_bytes(), tmp_path / f"broken{suffix}"
    rng = random.Random(f"{format}{suffix}")
    refused = 0
    for number in range(tries // ISOLATED_SHARE if suffix in ISOLATED else tries):
        broken.write_bytes(corrupted(whole, rng) if number else whole[: len(whole) // 2])
        said = None
        try:
            track = read(format, broken, skeleton)
        except ItemError as error:
            said = str(error)
        if said is None:
            assert not np.isinf(track.keypoints).any()
            continue
        assert broken.name in said
        assert "Traceback" not in said
        refused += 1
    assert refused


def test_every_format_is_corrupted():
    assert {format for format, _ in readers()} == {*registry.read_formats(), None}


@pytest.mark.parametrize("format", registry.read_formats())
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", r"an empty file \(0 bytes\)"),
        (b"PK\x03\x04" + bytes(60), "a zip archive.*Unpack it"),
        (b"\x1f\x8b\x08" + bytes(60), "gzip-compressed.*gunzip"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        ('[{"image_id": 0}]'.encode("utf-16-le"), "UTF-16 text without its mark.*as UTF-8"),
        ("scorer,me,me,me".encode("utf-16-be"), "UTF-16 text without its mark.*as UTF-8"),
    ],
)
def test_what_is_plainly_another_kind_of_file(tmp_path, format, data, said):
    for suffix in [suffix for name, suffix in readers() if name == format]:
        path = tmp_path / f"a{suffix}"
        path.write_bytes(data)
        with pytest.raises(ItemError, match=said):
            registry.read_detections(format, path)


@pytest.mark.parametrize("format", registry.read_formats())
def test_a_file_that_is_not_there(tmp_path, format):
    for suffix in [suffix for name, suffix in readers() if name == format]:
        with pytest.raises(ItemError, match="no such file"):
            registry.read_detections(format, tmp_path / f"a{suffix}")
