"""A disk that is full meanwhile: one message, nothing half-written, what was there stays."""

import contextlib
import os
import subprocess
import sys
import tempfile

import numpy as np
import pytest
import torch
from soaking import soak_after

from choreo.cli import main
from choreo.dataset import layout
from choreo.dataset.normalise import CANVAS, POSE_FPS, Normalised, Transform
from choreo.dataset.pack import ChunkDataset, append, import_shard, pack, write_shard
from choreo.errors import AccidentError
from choreo.evaluation.extractor import train_extractor
from choreo.evaluation.measurements import Measurements
from choreo.files import write_json
from choreo.models.gan.networks import Networks, save_state
from choreo.models.gan.recipe import Recipe
from choreo.models.weights import save_weights
from choreo.pose.track import PoseTrack
from choreo.poses.formats import registry
from choreo.training import checkpoints

resource = pytest.importorskip("resource")


@contextlib.contextmanager
def full_after(size):
    """No file may grow beyond so many bytes, which writers meet as they meet a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _shard(path, video, seed=0, chunks=2):
    rng = np.random.default_rng(seed)
    frames = 50 * chunks
    normalised = Normalised(
        poses=rng.uniform(-1, 1, (frames, 18, 2)).astype(np.float32),
        repaired=np.zeros((frames, 18), bool),
        transform=Transform((1.0, 1.0), (0.0, 0.0)),
        canvas=CANVAS["thesis"],
        start_seconds=0.0,
        cut_frames=0,
        values=frames * 36,
        values_outside=0,
        method="thesis",
        outside="clip",
    )
    song = rng.integers(-20_000, 20_000, frames * 1600, np.int16)
    write_shard(path, normalised, song, video=video, song=video)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folder with a dataset, two shards, and what each writer writes, in memory."""
    folder = tmp_path_factory.mktemp("made")
    shards = [_shard(folder / f"{v}.h5", v, k) for k, v in enumerate("ab")]
    pack(shards[:1], folder / "d.h5", splits={"a": "train"})
    pieces = np.random.default_rng(0).normal(100, 20, (4, 50, 18, 2)).astype(np.float32)
    return folder, shards, ChunkDataset(folder / "d.h5"), train_extractor(pieces, "abab", steps=1)


NETWORKS = Networks(Recipe())
STATE = {"w": torch.arange(9000.0)}
TRACK = PoseTrack(
    np.random.default_rng(0).uniform(0, 90, (99, 18, 2)),
    np.ones((99, 18)),
    POSE_FPS,
    (96, 96),
    "openpose18",
)
NAMES = np.array(["a"])

WRITERS = {
    "shard": lambda out, made: _shard(out / "s.h5", "s"),
    "imported shard": lambda out, made: import_shard(
        made[1][0], out / "a.h5", out / "a.wav", video="v", song_id="s"
    ),
    "dataset": lambda out, made: pack(made[1], out / "p.h5", splits=dict.fromkeys("ab", "train")),
    "weights": lambda out, made: save_weights(STATE, made[2], out / "w.safetensors", {}),
    "extractor": lambda out, made: made[3].save(out / "e.safetensors"),
    "checkpoint": lambda out, made: checkpoints.save(out, STATE),
    "exported model": lambda out, made: save_state(NETWORKS.generator, out / "g.pth"),
    "track": lambda out, made: TRACK.save(out / "t.npz"),
    "measurements": lambda out, made: Measurements(
        NAMES, NAMES, {"learned": np.random.default_rng(0).normal(size=(1, 9000))}, None, {}, {}
    ).save(out / "m.npz"),
    "text": lambda out, made: write_json(out / "j.json", ["x" * 9000]),
}


@pytest.mark.parametrize("size", [0, 300])
@pytest.mark.parametrize(
    ("format", "name"),
    [
        ("alphapose", "a.json"),
        ("openpose", "folder"),
        ("coco", "a.json"),
        ("mmpose", "a.json"),
        ("aist", "a.pkl"),
        ("deeplabcut", "a.csv"),
        ("deeplabcut", "a.h5"),
        ("movement", "a.nc"),
        ("csv", "a.csv"),
        ("trc", "a.trc"),
        ("bvh", "a.bvh"),
    ],
)
def test_nor_in_another_tools_format(tmp_path, format, name, size):
    track = TRACK if format == "openpose" else TRACK.to("coco17")
    with full_after(size), pytest.raises(AccidentError) as caught:
        registry.write(format, track, tmp_path / name)
    assert str(tmp_path) in caught.value.where
    assert list(tmp_path.iterdir()) == []
    registry.write(format, track, tmp_path / name)
    assert list(tmp_path.iterdir()) != []


@pytest.mark.parametrize("size", soak_after(1, [5000, 0]))
@pytest.mark.parametrize("name", WRITERS)
def test_nothing_is_left_half_written(made, tmp_path, name, size):
    with full_after(size), pytest.raises(AccidentError) as caught:
        WRITERS[name](tmp_path, made)
    # An imported shard is first read into the folder for temporary files.
    places = (str(tmp_path), tempfile.gettempdir())
    assert caught.value.where.startswith(places)
    assert "/." not in caught.value.where.removeprefix(str(tmp_path))
    assert "run" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []
    WRITERS[name](tmp_path, made)
    assert list(tmp_path.iterdir()) != []


@pytest.mark.parametrize("size", [200_000, 300_000, 800_000])
def test_datasets_fail_at_any_block(made, tmp_path, size):
    """HDF5 keeps blocks back: it may meet the full disk late, also when it closes the file."""
    with full_after(size), pytest.raises(AccidentError):
        pack(made[1], tmp_path / "p.h5", splits=dict.fromkeys("ab", "train"))
    assert list(tmp_path.iterdir()) == []


def test_appending_leaves_the_dataset_as_it_was(made, tmp_path):
    path = tmp_path / "d.h5"
    path.write_bytes(data := (made[0] / "d.h5").read_bytes())
    with full_after(len(data) + 9000), pytest.raises(AccidentError):
        append(made[1][1:], path, splits={"b": "train"})
    assert path.read_bytes() == data
    assert [p.name for p in tmp_path.iterdir()] == ["d.h5"]
    append(made[1][1:], path, splits={"b": "train"})
    assert len(ChunkDataset(path)) == 4


def test_a_disk_that_fails_while_appending_leaves_what_readers_refuse(made, tmp_path, monkeypatch):
    """Where its room could not be taken ahead."""
    path = tmp_path / "d.h5"
    path.write_bytes(data := (made[0] / "d.h5").read_bytes())
    monkeypatch.setattr(layout, "_take_room", lambda path, more: None)
    with full_after(len(data) + 9000), pytest.raises(AccidentError):
        append(made[1][1:], path, splits={"b": "train"})
    with pytest.raises(Exception, match=r"d\.h5: (a process was killed|damaged|not a dataset)"):
        ChunkDataset(path)


def test_export_model_says_it_in_one_line(made, tmp_path, capsys):
    summary = {"recipe": Recipe().model_dump(), "data": {"method": "thesis", "canvas": [640, 320]}}
    weights, out = tmp_path / "weights.safetensors", tmp_path / "out"
    save_weights(NETWORKS.state_dict(), made[2], weights, summary)
    out.mkdir()
    with full_after(9000):
        assert main(["export-model", str(weights), "-o", str(out / "g.pth")]) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "g.pth" in said
    assert list(out.iterdir()) == []


_CACHE = """
import os, sys, resource, subprocess
from pathlib import Path
os.environ.pop("NUMBA_CACHE_DIR", None)
import platformdirs
platformdirs.user_cache_path = lambda name: Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
from choreo.errors import AccidentError
try:
    import choreo.beats.librosa_cache
except AccidentError as error:
    print(error)
    sys.exit(3)
"""


def test_the_cache_of_librosa_says_it_too(tmp_path):
    """By a stand-in that writes to numba's cache, since compiling takes half a minute."""
    cache, package = tmp_path / "cache", tmp_path / "stand-in" / "librosa"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "import os, pathlib\n"
        "folder = pathlib.Path(os.environ['NUMBA_CACHE_DIR'], 'beat_1')\n"
        "folder.mkdir()\n"
        "(folder / 'beat.nbi').write_bytes(b'1' * 9000)\n"
    )
    path = os.pathsep.join([str(package.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", _CACHE, str(cache)],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert done.returncode == 3, done.stderr
    (said,) = done.stdout.splitlines()
    assert str(cache) in said
    assert "File too large" in said
    assert "run the same command again" in said
    assert {p.name for p in cache.rglob("*") if p.is_file()} <= {"lock"}
