import hashlib
import json
import os
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from alphapose_stand_in import commit_all, git, make_checkout

from choreo.errors import AccidentError, ConfigError, ItemError
from choreo.poses import coverage
from choreo.poses.alphapose_run import (
    ASSETS,
    COMMIT,
    SUMMARY,
    clone,
    commit_of,
    fetch_part,
    located,
    run,
)
from choreo.poses.estimator_weights import Asset, verify
from choreo.poses.formats.alphapose import read_detections

FRAMES = 12


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    (folder / "pose.pth").write_text('{"conv.weight": 0}')
    (folder / "detector.weights").write_bytes(b"darknet!")
    return folder


@pytest.fixture
def start(tmp_path, weights, monkeypatch):
    """Run the adapter on a stand-in with a fault; what it wrote."""
    for part in ("weights17", "weights26", "detector"):
        monkeypatch.setitem(ASSETS, part, Asset(ASSETS[part].name, ASSETS[part].url))
    # The path of a video may hold anything.
    video = tmp_path / "a dänce; $(x).mp4"
    video.write_bytes(b"no frames are read from it")

    def start(fault="", light=True, **settings):
        checkout = make_checkout(tmp_path / "checkout", fault, light)
        before = {p: p.read_bytes() for p in checkout.rglob("*") if p.is_file()}
        values = {
            "model": 17,
            "checkout": checkout,
            "weights": weights / "pose.pth",
            "detector": weights / "detector.weights",
            "stall_seconds": 120,
            "frames": FRAMES,
            "log": tmp_path / "log.txt",
            "poll_seconds": 0.1,
            **settings,
        }
        paths = tmp_path / "out" / "people.json", tmp_path / "out" / "run.json"
        try:
            return (*paths, run(video, *paths, **values))
        finally:
            # Whatever happened, nothing is written to the user's checkout.
            assert {p: p.read_bytes() for p in checkout.rglob("*") if p.is_file()} == before

    return start


@pytest.mark.parametrize("model", [17, 26])
def test_everyone_and_the_record(start, model, tmp_path):
    people, record_json, record = start(model=model, device="cpu", threads=2)
    detections = read_detections(people, frames=FRAMES)
    assert detections.keypoints.shape == (FRAMES, model, 2)
    assert json.loads(record_json.read_text()) == record
    assert record["tool"] == "AlphaPose"
    assert record["commit"] is None
    assert record["device"] == "cpu"
    assert record["torch"] == "light"
    assert record["stand_ins"] is True
    assert record["people"] == record["frames_with_people"] == FRAMES
    assert 0 < record["seconds"] < 60
    assert sorted(record["weights"]) == sorted(
        [ASSETS[f"weights{model}"].name, ASSETS["detector"].name]
    )
    assert all(len(digest) == 64 for digest in record["weights"].values())
    command = record["command"]
    assert command[0] == sys.executable
    for word in ("--gpus=-1", "--detbatch=1", "--posebatch=30", "--qsize=64", "--sp"):
        assert word in command
    assert "--video=WORK/video.mp4" in command
    assert not [word for word in command if "pose_track" in word or "save_video" in word]
    log = (tmp_path / "log.txt").read_text()
    assert "detector b'darknet!'" in log
    assert "loading ['conv.weight']" in log


def test_the_commit_stands_in_the_record_and_whether_it_was_changed(start, tmp_path):
    commit = commit_all(make_checkout(tmp_path / "checkout"))
    assert start()[2]["commit"] == commit
    assert start()[2]["changed"] is False
    (tmp_path / "checkout" / "LICENSE").write_text("changed")
    assert commit_of(tmp_path / "checkout") == (commit, True)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("caught", "ended with exit status 70.*without its results"),
        ("printed", r"reported success after an error \(got \"KeyError: 'box'\"\)"),
        ("raises", "ended with exit status 70.*size mismatch for conv_out.weight"),
        ("thread", "ended with exit status 70.*in a worker"),
        ("nothing", "ended with exit status 70.*without its results"),
        ("nobody", "found nobody in any of 12 frames. Likely its weights .*pose.pth"),
        ("few", "OpenCV reads 10 frames, the video has 12"),
        ("beyond", r"entry 3.*frame 12, but the video has 12 frames"),
        ("other joints", "16 joints"),
        ("nan", "entry 3"),
        ("cut", "ends in the middle"),
    ],
)
def test_a_failure_is_told_and_leaves_nothing(start, tmp_path, fault, message):
    (tmp_path / "out").mkdir()
    for name in ("people.json", "run.json"):
        (tmp_path / "out" / name).write_text("[]")
    begin = time.monotonic()
    with pytest.raises(ItemError, match=rf"(?s){message}"):
        start(fault)
    assert not any((tmp_path / "out").iterdir())
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize("fault", ["hangs", "waits"])
def test_one_that_gets_no_further_is_stopped(start, fault):
    # "waits" prints without end.
    with pytest.raises(ItemError, match=r"no progress for 2 seconds"):
        start(fault, stall_seconds=2)


@pytest.mark.soak
def test_slow_progress_is_progress(start):
    assert start("slow", stall_seconds=8)[2]["people"] == FRAMES


def test_an_exception_that_python_ignored_is_no_failure(start):
    assert start("ignored")[2]["people"] == FRAMES


@pytest.mark.parametrize(
    ("fault", "batches"),
    [
        ("killed", [(30, 64), (8, 16)]),
        ("137", [(30, 64), (8, 16)]),
        ("cuda", [(30, 64), (8, 16), (1, 4)]),
    ],
)
def test_too_little_memory_is_tried_again_with_less(start, fault, batches):
    record = start(fault)[2]
    tried = [(a["posebatch"], a["qsize"]) for a in record["attempts"]]
    assert tried == batches
    assert ["out_of_memory" in a for a in record["attempts"]] == [True] * (len(batches) - 1) + [
        False
    ]
    assert f"--qsize={batches[-1][1]}" in record["command"]


@pytest.mark.soak
def test_a_run_that_stalled_is_not_tried_again(start, tmp_path):
    with pytest.raises(ItemError, match=r"no progress"):
        start("hangs", stall_seconds=4)
    assert (tmp_path / "log.txt").read_text().count("loading") == 1


def test_too_little_memory_whatever_is_tried(start):
    with pytest.raises(AccidentError, match=r"even with the smallest batches.*videos\.height"):
        start("always killed")


def test_frames_without_people_are_no_failure_above_the_floor(start):
    people, _, record = start("missing")
    assert record["frames_with_people"] == 5
    assert sorted(set(read_detections(people, frames=FRAMES).frame.tolist())) == [4, 5, 6, 7, 8]


def test_too_few_frames_with_people(start, monkeypatch):
    monkeypatch.setattr(coverage, "MIN_COVERAGE", 0.5)
    with pytest.raises(ItemError, match=r"somebody in only 5 of 12 frames"):
        start("missing")


def test_several_people_and_places_outside_the_picture_are_kept(start):
    assert start("several")[2]["people"] == FRAMES + 6
    people = start("outside")[0]
    detections = read_detections(people, frames=FRAMES)
    assert np.array_equal(detections.keypoints[3, 0], [-250.5, 9000.0])


def test_a_file_of_many_people_is_read(start):
    assert start("huge")[2]["people"] == 200 * FRAMES


def test_a_file_too_large_is_refused(start, monkeypatch):
    from choreo.poses.formats import native

    monkeypatch.setattr(native, "MAX_BYTES", 1000)
    with pytest.raises(ItemError, match="larger than 1000 bytes"):
        start()


def test_a_python_of_ones_own(start, tmp_path):
    python = tmp_path / "my python"
    python.write_text(f'#!/bin/sh\necho "mine $PYTHONPATH"\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    record = start(python=str(python))[2]
    assert record["command"][0] == str(python)
    assert "--built" in record["command"]
    assert record["stand_ins"] is False
    assert f"mine {tmp_path / 'checkout'}" in (tmp_path / "log.txt").read_text()


def test_a_python_counts_from_here_and_not_from_the_checkout(start, tmp_path, monkeypatch):
    (tmp_path / "env").mkdir()
    # Not a link: followed, it would be the Python below this environment, without torch.
    python = tmp_path / "env" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert start(python="env/python")[2]["command"][0] == str(tmp_path / "env" / "python")


def test_a_python_that_is_not_there(start, tmp_path):
    with pytest.raises(ConfigError, match="AlphaPose can't be started: No such file"):
        start(python=str(tmp_path / "none"))


def test_cuda_where_there_is_none(start):
    with pytest.raises(ConfigError, match=r"finds no GPU; set poses\.alphapose\.device to auto"):
        start(device="cuda")


def test_a_checkpoint_that_runs_code_is_refused(start, tmp_path):
    class Harm:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "harmed"),)

    torch.save({"conv.weight": Harm()}, tmp_path / "evil.pth")
    with pytest.raises(ItemError, match=r"exit status 70.*[Ww]eights.only"):
        start(light=False, weights=tmp_path / "evil.pth", python=sys.executable)
    assert not (tmp_path / "harmed").exists()


def test_missing_weights_and_checkouts_are_named(start, tmp_path):
    with pytest.raises(ConfigError, match=r"none\.pth: there is no such file; fast_421"):
        start(weights=tmp_path / "none.pth")
    with pytest.raises(ConfigError, match=r"/nowhere: there is no such folder.*checkout"):
        start(checkout=tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"is no checkout of AlphaPose: scripts/demo_inf"):
        start(checkout=tmp_path)


def test_cut_weights_are_refused_before_the_run(start, tmp_path, weights, monkeypatch):
    monkeypatch.setitem(ASSETS, "detector", Asset("yolov3-spp.weights", "https://a", size=252))
    with pytest.raises(ConfigError, match=r"has 8 bytes, yolov3-spp\.weights has 252"):
        start()
    assert not (tmp_path / "log.txt").exists()


def test_what_is_known_of_the_assets():
    for part, asset in ASSETS.items():
        assert asset.url.startswith("https://drive.usercontent.google.com/download?id=")
        assert asset.setting == f"poses.alphapose.{part}"
        assert asset.licence
        assert asset.page.startswith("https://github.com/MVIG-SJTU/AlphaPose/")
    # 63,052,381 numbers of 4 bytes behind a head of 5: Darknet's format for this network.
    assert ASSETS["detector"].size == 20 + 4 * 63_052_381


def test_what_is_no_file_of_torch_is_refused_where_no_hash_is_known(tmp_path, monkeypatch):
    known = ASSETS["weights17"]
    assert (known.size, known.sha256, known.md5) == (None, None, None)
    # The numbers of the network alone; the file is a little larger.
    assert abs(333_434_964 - known.about) < 0.01 * known.about
    path = tmp_path / known.name
    path.write_bytes(np.random.default_rng(0).bytes(10_000))
    with pytest.raises(ConfigError, match=r"has 10000 bytes, fast_421.* has about 334 MB"):
        verify(path, known)
    monkeypatch.setitem(ASSETS, "weights17", replace(known, about=10_000))
    with pytest.raises(ConfigError, match="is no file of torch, or was cut"):
        verify(path, ASSETS["weights17"])


def test_weights_are_fetched_once_after_the_licence(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(ASSETS, "detector", Asset("a.bin", "https://a/b", licence="free"))
    page = r"https://github\.com/MVIG-SJTU/AlphaPose/blob/master/LICENSE"
    with pytest.raises(ConfigError, match=f"licence is not accepted.*{page}"):
        fetch_part("detector", tmp_path, accept_licence=False)
    (tmp_path / "a.bin").write_bytes(b"there already")
    record = fetch_part("detector", tmp_path, accept_licence=True)
    assert record == {
        "path": str(tmp_path / "a.bin"),
        "sha256": hashlib.sha256(b"there already").hexdigest(),
        "licence": "free",
        "url": "https://a/b",
    }
    assert capsys.readouterr().out.count(SUMMARY) == 2


def test_where_an_asset_lies(tmp_path):
    assert located("detector", None, tmp_path) == tmp_path / "yolov3-spp.weights"
    assert located("detector", "/a/b", tmp_path).as_posix() == "/a/b"


@pytest.fixture
def origin(tmp_path):
    """A bare repository, as a server has it, and the commit before its last."""
    work = make_checkout(tmp_path / "work")
    commit = commit_all(work)
    (work / "LICENSE").write_text("of a later commit")
    commit_all(work)
    git(tmp_path, "clone", "--quiet", "--bare", str(work), str(tmp_path / "origin.git"))
    git(tmp_path / "origin.git", "config", "uploadpack.allowAnySHA1InWant", "true")
    return f"file://{tmp_path}/origin.git", commit


def test_the_source_at_its_commit_and_the_licence_in_the_log(origin, tmp_path, capsys):
    url, commit = origin
    folder = clone(tmp_path / "new" / "source", accept_licence=True, url=url, commit=commit)
    assert commit_of(folder) == (commit, False)
    # No history.
    assert git(folder, "rev-list", "--count", "HEAD") == "1"
    out = capsys.readouterr().out
    assert out.startswith(SUMMARY)
    assert "ALPHAPOSE STAND-IN: ALL OF IT IS MADE UP" in out
    assert [p.name for p in folder.parent.iterdir()] == ["source"]
    # Again: the same checkout, without the server.
    assert clone(folder, accept_licence=True, url="file:///nowhere", commit=commit) == folder


def test_nothing_is_fetched_before_the_licence_is_accepted(origin, tmp_path, capsys):
    url, commit = origin
    with pytest.raises(ConfigError, match=r"licence is not accepted.*set it to true"):
        clone(tmp_path / "source", accept_licence=False, url=url, commit=commit)
    assert capsys.readouterr().out.startswith(SUMMARY)
    assert not (tmp_path / "source").exists()


@pytest.mark.parametrize("url", ["file:///nowhere.git", None])
def test_a_source_that_cannot_be_fetched_leaves_nothing(origin, tmp_path, url):
    with pytest.raises(ConfigError, match=r"can't be fetched: git fetch failed: .*git clone"):
        clone(tmp_path / "a" / "b", accept_licence=True, url=url or origin[0], commit=COMMIT)
    assert not any((tmp_path / "a").iterdir())


def test_a_folder_that_is_something_else_is_not_touched(origin, tmp_path):
    url, commit = origin
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "mine").touch()
    with pytest.raises(ConfigError, match=rf"is not AlphaPose at commit {commit} \(found no git"):
        clone(folder, accept_licence=True, url=url, commit=commit)
    assert (folder / "mine").exists()
    folder = clone(tmp_path / "other", accept_licence=True, url=url, commit=commit)
    (folder / "LICENSE").write_text("mine")
    with pytest.raises(ConfigError, match=r"but was changed.*Delete it"):
        clone(folder, accept_licence=True, url=url, commit=commit)


def test_without_git(origin, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"can't be run: No such file.*Install git, or name"):
        clone(tmp_path / "source", accept_licence=True, url=origin[0], commit=origin[1])
    assert not (tmp_path / "source").exists()
