"""``choreo dance`` in every format that the ending of its file can say."""

import json
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from test_dance_video import standing

from choreo.cli import dances, main
from choreo.pose.track import PoseTrack
from choreo.poses.formats import registry


@pytest.fixture
def dancing(tmp_path, monkeypatch):
    """Runs the verb with a model that stands still, and gives its exit status."""
    model = SimpleNamespace(data=SimpleNamespace(method="thesis"))
    monkeypatch.setattr("choreo.dances.generate.load_generator", lambda *_, **__: model)
    monkeypatch.setattr(dances, "find_weights", lambda _: tmp_path / "model.safetensors")
    monkeypatch.setattr(dances, "_read", lambda *_: None)
    monkeypatch.setattr("choreo.dances.generate.dance_to", lambda *_, **__: standing(frames=5))
    (tmp_path / "song.wav").write_bytes(b"RIFF")

    def run(name, *words):
        return main(["dance", str(tmp_path / "song.wav"), "-o", str(tmp_path / name), *words])

    return run


READ_BACK = {
    ".npz": lambda path: len(PoseTrack.load(path)) == 5,
    ".csv": lambda path: len(pd.read_csv(path)) == 5 * 18,
    ".json": lambda path: [len(e["keypoints"]) for e in json.loads(path.read_text())] == [51] * 5,
    ".nc": lambda path: h5py.File(path)["position"].shape == (5, 2, 18, 1),
    ".trc": lambda path: path.read_text().splitlines()[2].split("\t")[2:5] == ["5", "18", "mm"],
    ".bvh": lambda path: "Frames: 5\n" in path.read_text(),
    ".gif": lambda path: Image.open(path).size == (360, 360),
}


@pytest.mark.parametrize("ending", [*READ_BACK, *map(str.upper, READ_BACK)])
def test_the_ending_decides(dancing, tmp_path, ending):
    path, readable = tmp_path / f"d{ending}", READ_BACK[ending.lower()]
    for _ in range(2):  # the same command again
        assert dancing(path.name) == 0
        assert readable(path)
    path.write_bytes(b"someone's own")
    assert dancing(path.name) == 1
    assert path.read_bytes() == b"someone's own"
    assert dancing(path.name, "--force") == 0
    assert readable(path)


def test_every_ending_of_the_registry_is_read_back_here():
    endings = {entry.ending for entry in registry.FORMATS.values() if entry.ending}
    assert endings == READ_BACK.keys() - {".npz", ".gif"}
    assert len(endings) == sum(bool(entry.ending) for entry in registry.FORMATS.values())


def test_a_format_by_name(dancing, tmp_path, capsys):
    assert dancing("folder", "--format", "openpose") == 0
    files = sorted((tmp_path / "folder").iterdir())
    frame = json.loads(files[0].read_text())
    assert (len(files), frame["canvas_width"], frame["canvas_height"]) == (5, 640, 360)
    again = registry.read("openpose", tmp_path / "folder", fps=10, size=(640, 360))
    np.testing.assert_allclose(again.keypoints, standing(frames=5).keypoints)
    (tmp_path / "folder" / "mine.txt").touch()
    assert dancing("folder", "--format", "openpose") == 1
    assert "Name a new folder" in capsys.readouterr().err
    assert dancing("d.csv", "--format", "deeplabcut") == 0
    assert (tmp_path / "d.csv").read_text().startswith("scorer,")
    assert dancing("d.bvh", "--format", "trc") == 1
    said = capsys.readouterr().err
    assert "d.bvh: a dance is written as .trc" in said
    assert "leave out --format trc" in said
    assert "need --format" not in said


def test_beats_are_refused_where_there_is_no_floor(dancing, capsys):
    assert dancing("d.mp4", "--beats", "--style", "openpose") == 1
    assert "has no floor" in capsys.readouterr().err


def test_another_ending_and_two_dances_in_a_file_are_refused(dancing, capsys):
    assert dancing("d.avi") == 1
    said = capsys.readouterr().err
    assert "a dance is written as .mp4 or .gif or .npz or .json" in said
    assert "need --format" in said
    assert dancing("d.bvh", "--compare", "gru") == 1
    assert "a track holds one dance" in capsys.readouterr().err
