"""Every reader of outside data, with whole files that it reads.

A reader is a function of a path. Its module is imported where it is called, so that a worker
needs what it reads with alone.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from choreo.poses.formats import registry

SIZE, FRAMES = (640, 360), 6

READERS: dict[str, Reader] = {}
"""Reader by name, filled by `reader`."""


@dataclass(frozen=True)
class Reader:
    """One way in for a file of others.

    Attributes
    ----------
    name : str
    kind : str
        How its files are changed, a key of `fuzz_mutations.KINDS`.
    suffix : str
        End of a file's name.
    wholes : callable
        Writes files that are read into a folder, and gives their paths.
    read : callable
        Reads a file, and gives anything.
    dear : bool
        Whether a case takes a tenth of a second or more: of large files, or by other programs.
    """

    name: str
    kind: str
    suffix: str
    wholes: Callable[[Path], list[Path]]
    read: Callable[[Path], object]
    dear: bool = False


def reader(name, kind, suffix, wholes, **attributes):
    """Register the decorated function as a reader."""

    def add(read):
        READERS[name] = Reader(name, kind, suffix, wholes, read, **attributes)
        return read

    return add


def _texts(*texts):
    """Whole files of these texts, or of what `make` gives."""

    def wholes(folder):
        paths = []
        for number, text in enumerate(texts):
            data = text() if callable(text) else text
            paths.append(folder / f"whole{number}")
            paths[-1].write_bytes(data if isinstance(data, bytes) else data.encode())
        return paths

    return wholes


def _dumped(value):
    return _texts(lambda: json.dumps(value() if callable(value) else value))


# Poses


def _track(skeleton="coco17", frames=FRAMES, **more):
    from choreo.pose.skeletons import SKELETONS
    from choreo.pose.track import PoseTrack

    rng = np.random.default_rng(5)
    joints = len(SKELETONS[skeleton])
    keypoints = rng.uniform((260, 40), (380, 340), (1, joints, 2)).repeat(frames, 0)
    keypoints += np.arange(frames)[:, None, None]
    scores = rng.uniform(0.1, 1, (frames, joints))
    return PoseTrack(
        keypoints, scores, fps=30, size=SIZE, skeleton=skeleton, **{"meta": {"run": {}}, **more}
    )


def _skeleton_of(format):
    # OpenPose's own form says nothing of its joints but their number.
    return "body25" if format == "openpose" else registry.FORMATS[format].skeleton or "coco17"


def _poses(format, suffix):
    """A file of one dancer, and of lists one in which everyone is there twice."""

    def wholes(folder):
        path = folder / f"one{suffix}"
        registry.write(format, _track(_skeleton_of(format)), path)
        paths = [path]
        if suffix == ".json":
            found = json.loads(path.read_text())
            if isinstance(found, list):
                paths.append(folder / "two.json")
                if format == "openpose":
                    found = [{**frame, "people": frame["people"] * 2} for frame in found]
                else:
                    found = [one for one in found for _ in range(2)]
                paths[-1].write_text(json.dumps(found))
        return paths

    return wholes


def _read_poses(format):
    def read(path):
        # As of a video, and without one.
        frames = None if path.stat().st_size % 2 else FRAMES
        about = {"fps": 30, "size": SIZE, "skeleton": _skeleton_of(format), "units": "pixels"}
        track = registry.read(format, path, frames=frames, **about)
        assert not np.isinf(track.keypoints).any()
        return track

    return read


_KIND_OF = {
    ".json": "json",
    ".csv": "cells",
    ".pkl": "pickle",
    ".h5": "hdf5",
    ".nc": "hdf5",
}
for _format in registry.read_formats():
    for _suffix in _KIND_OF:
        if _suffix in registry.FORMATS[_format].files:
            _name = f"poses: {_format} {_suffix}"
            reader(_name, _KIND_OF[_suffix], _suffix, _poses(_format, _suffix))(
                _read_poses(_format)
            )


def _openpose_frame(folder):
    registry.write("openpose", _track("body25"), folder / "frames")
    return sorted((folder / "frames").iterdir())[:1]


@reader("poses: openpose folder", "json", "_000000000000_keypoints.json", _openpose_frame)
def _read_openpose_folder(path):
    return registry.read("openpose", path.parent, fps=30, size=SIZE, skeleton="body25")


def _tracks(folder):
    meta = {"run": {"seconds": 1.0}, "estimator": "coco", "source": "a.json"}
    _track().save(folder / "a.npz")
    _track(meta=meta, repaired=np.zeros((FRAMES, 17), bool)).save(folder / "b.npz")
    return [unsealed(folder / "a.npz"), unsealed(folder / "b.npz")]


def unsealed(path):
    """Take the digest out of a file, so that what is behind it is read."""
    from choreo.files import sealed

    data = path.read_bytes()
    if sealed.BEGIN in data:
        if data[:2] == b"PK":
            at = data.rindex(b"PK\5\6")
            data = data[: at + 20] + b"\0\0"
        else:
            data = data.replace(sealed.BEGIN, b"x" * len(sealed.BEGIN))
            data = data.replace(sealed.END, b"y" * len(sealed.END))
        path.write_bytes(data)
    return path


@reader("pose track .npz", "zip", ".npz", _tracks)
def _read_track(path):
    from choreo.pose.track import PoseTrack

    return PoseTrack.load(path)


def _arrays(folder):
    np.savez(folder / "a.npz", a=np.arange(12.0).reshape(3, 4), b=np.array("text"), c=np.int8(3))
    return [folder / "a.npz"]


@reader("arrays .npz", "zip", ".npz", _arrays)
def _read_arrays(path):
    from choreo.files.sealed import load_arrays

    return load_arrays(path, "a file of arrays")


def _measurements(folder):
    from choreo.evaluation.measurements import Measurements, save_systems

    names = np.array(["a", "b"])
    one = Measurements(names, names, {"learned": np.eye(2)}, None, {}, {"method": "thesis"})
    save_systems({"gru": one, "real": one}, folder / "a.npz")
    return [unsealed(folder / "a.npz")]


@reader("measurements .npz", "zip", ".npz", _measurements)
def _read_measurements(path):
    from choreo.evaluation.measurements import load_systems

    return load_systems(path)


# Pickles


def _pickled():
    return {"a": np.arange(6.0).reshape(2, 3), "b": np.arange(3), "c": [1, "x", (2.5, None)]}


@reader("pickle of arrays", "pickle", ".pkl", _texts(lambda: pickle.dumps(_pickled(), 4)))
def _read_pickle(path):
    from choreo.poses.formats import pickled

    return pickled.arrays(path)


def _npys(folder):
    np.save(folder / "a.npy", np.arange(12.0).reshape(3, 4))
    np.save(folder / "b.npy", _pickled(), allow_pickle=True)
    return [folder / "a.npy", folder / "b.npy"]


@reader("numbers .npy", "npy", ".npy", _npys)
def _read_npy(path):
    from choreo.poses.formats import pickled

    return pickled.npy(path)


# Datasets of ours and of others


def _shard(folder):
    from choreo.dataset import layout
    from choreo.dataset.normalise import CANVAS, Normalised, Transform
    from choreo.dataset.pack import write_shard

    rng = np.random.default_rng(3)
    moves = np.sin(np.arange(50)[:, None, None] / rng.uniform(2, 9, (1, 18, 2)))
    normalised = Normalised(
        poses=(moves * 0.5).astype(np.float32),
        repaired=np.zeros((50, 18), bool),
        transform=Transform((1.0, 1.0), (0.0, 0.0)),
        canvas=CANVAS["thesis"],
        start_seconds=0.0,
        cut_frames=0,
        values=1800,
        values_outside=0,
        method="thesis",
        outside="clip",
    )
    song = rng.integers(-20_000, 20_000, 80_000, np.int16)
    write_shard(folder / "new.h5", normalised, song, video="a", song="a")
    # One of an older version, without digests: what is in it is seen by the checks alone.
    import h5py

    data = (folder / "new.h5").read_bytes()
    (folder / "old.h5").write_bytes(data)
    with h5py.File(folder / "old.h5", "r+") as file:
        del file[layout.CHECKSUM]
    data = (folder / "old.h5").read_bytes()
    from choreo.files import sealed

    (folder / "old.h5").write_bytes(
        data.replace(sealed.BEGIN, b"x" * len(sealed.BEGIN)).replace(
            sealed.END, b"y" * len(sealed.END)
        )
    )
    return [folder / "old.h5", folder / "old.h5", folder / "new.h5"]


@reader("dataset .h5", "hdf5", ".h5", _shard)
def _read_dataset(path):
    from choreo.dataset.check import check
    from choreo.dataset.pack import ChunkDataset, info, look_first

    look_first([path])
    info(path)
    found = check(path)
    data = ChunkDataset(path)
    try:
        data.batch(range(len(data)))
    finally:
        data.close()
    return found


_AIST = "gBR_sBM_cAll_d04_mBR0_ch01"


@reader(
    "dataset of others: names of AIST++",
    "cells",
    ".txt",
    _texts(f"# names\n{_AIST}\n'gHO_sBM_cAll_d19_mHO2_ch03',\n\n{_AIST}\n"),
)
def _read_names(path):
    from choreo.dataset.importers.aist import read_names

    return read_names(path)


def _brace_segment():
    rng = np.random.default_rng(1)
    return {
        f"abc_1/img-{number:06d}.png": {
            "box": [1, 2, 300, 400, 0.9],
            "keypoints": rng.uniform(0, 900, (17, 3)).round(1).tolist(),
        }
        for number in (3, 4, 6)
    }


@reader("dataset of others: segment of BRACE", "json", ".json", _dumped(_brace_segment))
def _read_segment(path):
    from choreo.dataset.importers import brace

    brace.video_of(path)
    return brace.read(path, fps=25)


@reader(
    "dataset of others: list of BRACE",
    "cells",
    ".csv",
    _texts(
        'video_id,fps,title\nabc_1,29.97002997,a title\nabc_2,25,"an, other"\nabc_3,,\n',
    ),
)
def _read_brace_list(path):
    from choreo.dataset.importers import brace

    return brace.read_fps(path)


def _pixels(count, seed):
    rng = np.random.default_rng(seed)
    return rng.uniform([100, 50], [500, 350], (count, 18, 2)).round().tolist()


def _ren():
    clip = {"audio_sequence": [0] * 160_000, "joint_coors": _pixels(100, 1)}
    return json.dumps({"000": {"005": clip, "015": {"audio_sequence": [], "joint_coors": []}}})


def _paired():
    return {"1": {"pose": [_pixels(50, 1)], "music": [[0] * 80_000]}}


def _out(path):
    """Where what is read may be written: beside the folder of the file."""
    folder = path.parent.parent / "out"
    folder.mkdir(exist_ok=True)
    return folder


@reader("dataset of others: Ren et al.'s", "doubled json", ".json", _dumped(_ren), dear=True)
def _read_ren(path):
    from choreo.dataset.importers.chunked import import_ren

    return import_ren(path, _out(path))


@reader("dataset of others: the thesis's", "json", ".json", _dumped(_paired), dear=True)
def _read_paired(path):
    from choreo.dataset.importers.chunked import import_paired

    return import_paired(path, _out(path))


# Tables and settings


@reader(
    "table of videos",
    "cells",
    ".tsv",
    _texts(
        "id\tsource\tstart\tend\tdancer\tlicence\n"
        "v1\tvideos/1.mp4\t0\t9\tann\tCC0-1.0\nv2\thttps://example.org/2.mp4\t\t\tbob\t\n"
        '# a comment\nv3\t"a ""name"".mov"\t1.5\t\t\t\n',
        "\ufeffsource\tid\r\na.mp4\tv1\r\n",
    ),
)
def _read_videos_table(path):
    from choreo import config

    return config.read_table(path)


@reader(
    "table of songs",
    "cells",
    ".tsv",
    _texts("song\tpath\none\tmusic/one.wav\ntwo\t~/two.mp3\n"),
)
def _read_songs_table(path):
    from choreo.evaluation.own_songs import songs_in

    return songs_in(path, where=str(path))


_CONFIG = """\
study: tiny
table: config/videos.tsv
seed: 3
poses:
  estimators: [mediapipe17, rtmpose17]
  chosen: mediapipe17
dataset:
  stride_seconds: 2.5
  split: {by: [video], test: 0.2}
training:
  models: [gru]
  seeds: [1, 2]
"""


@reader("config of a study", "yaml", ".yaml", _texts(_CONFIG, "study: a\ntable: a.tsv\n"))
def _read_config(path):
    from choreo import config
    from choreo.errors import ConfigError
    from choreo.files.strict_yaml import load_yaml
    from choreo.files.text_tables import read_text

    config.check_keys([path])
    import yaml

    try:
        values = load_yaml(read_text(path))
    except yaml.YAMLError as error:
        # What Snakemake reads itself, and says of it.
        raise ConfigError("no YAML", where=path, remedy="Snakemake says one") from error
    return config.read_config(values, where=path)


_RECIPES = """\
gru: {encoder: gru, epochs: 3}
mine: {family: flow, width: 16, heads: 2}
graph: {family: graph}
"""


@reader("recipes of models", "yaml", ".yaml", _texts(_RECIPES))
def _read_recipes(path):
    from choreo.models.recipes import load_recipes

    return load_recipes(path)


# Surveys


@cache
def _key():
    from choreo.survey.design import CATCHES, make_key

    catches = [(song, CATCHES[n % 2]) for n, song in enumerate("ab")]
    return make_key("tiny", ["original", "gru"], list("abc"), catches, seed=3)


def _answers():
    from choreo.survey.simulated_answers import simulate

    return simulate(_key(), {"original": 1, "gru": 2}, 1)[0]


@reader("answers of a survey", "json", ".json", _dumped(_answers))
def _read_answers(path):
    from choreo.survey.answers import read_file
    from choreo.survey.design import schedule

    return read_file(path, _key(), schedule(_key()))


@reader("key of a survey", "json", ".json", _dumped(lambda: json.loads(_key().model_dump_json())))
def _read_key(path):
    from choreo.survey.design import Key

    return Key.load(path)


# Weights, checkpoints and what lies beside them


def _tensors(folder):
    import torch

    from choreo.files import sealed

    tensors = {f"layer.{i}": torch.arange(12.0).reshape(3, 4) + i for i in range(4)}
    sealed.save_tensors(folder / "a", tensors, {"recipe": {"encoder": "gru", "sizes": [1, 2]}})
    return [unsealed(folder / "a")]


@reader("tensors .safetensors", "tensors", ".safetensors", _tensors)
def _read_tensors(path):
    from choreo.files import sealed

    return sealed.load_tensors(path, "weights")


def _trained(switches):
    def wholes(folder):
        import torch

        from choreo.dataset.description import DataDescription
        from choreo.files.sealed import save_tensors
        from choreo.models.recipes import recipe_from
        from choreo.models.weights import INITIAL_POSES

        torch.manual_seed(0)
        data = DataDescription()
        recipe = recipe_from(switches)
        summary = {"recipe": recipe.model_dump(), "data": data.as_json(), "trained_on": None}
        state = recipe.build(data).state()
        state[INITIAL_POSES] = torch.zeros((2, data.joints, 2))
        save_tensors(folder / "a", state, summary)
        return [unsealed(folder / "a")]

    return wholes


def _graph(folder):
    """A few of the units of the shipped graph."""
    import torch

    from choreo.files.sealed import load_tensors, save_tensors
    from choreo.models import shipped

    path = Path(shipped.__file__).with_name("graph.safetensors")
    summary, state = load_tensors(path, "weights")
    count, frames = 40, 900
    for name, value in state.items():
        if name == "poses":
            state[name] = value[:frames]
        elif len(value) > 64:
            state[name] = value[:count]
    for name in ("first", "last", "low", "high"):
        state[name] = torch.clamp(state[name], 0, frames - 1)
    state["following"] = torch.clamp(state["following"], -1, count - 1)
    save_tensors(folder / "a", state, summary)
    return [unsealed(folder / "a")]


def _read_model(path):
    from choreo.models.weights import read_model

    return read_model(path)


reader(
    "model: flow",
    "tensors",
    ".safetensors",
    _trained({"family": "flow", "width": 16, "heads": 2, "layers": 1}),
)(_read_model)
reader("model: graph", "tensors", ".safetensors", _graph)(_read_model)
reader("model: gan", "tensors", ".safetensors", _trained({"encoder": "gru"}), dear=True)(
    _read_model
)


def _extractor(folder):
    from choreo.evaluation.extractor import train_extractor

    segments = np.random.default_rng(0).normal(100, 20, (4, 50, 18, 2)).astype(np.float32)
    train_extractor(segments, ["a", "b"] * 2, steps=1).save(folder / "a")
    return [unsealed(folder / "a")]


@reader("extractor of features", "tensors", ".safetensors", _extractor)
def _read_extractor(path):
    from choreo.evaluation.extractor import Extractor

    return Extractor.load(path)


def _checkpoint(folder):
    import torch

    from choreo.files import sealed

    tensors = {f"layer.{i}": torch.arange(12.0).reshape(3, 4) + i for i in range(3)}
    state = {"step": 3, "model": tensors, "losses": [0.5, 1.5], "name": "gru"}
    sealed.save_torch(folder / "new", state)
    torch.save(state, folder / "old", _use_new_zipfile_serialization=False)
    return [unsealed(folder / "new"), folder / "old"]


@reader("checkpoint .pt", "zip", ".pt", lambda folder: _checkpoint(folder)[:1])
def _read_checkpoint(path):
    from choreo.files import sealed

    return sealed.load_torch(path, "a checkpoint")


@reader("old checkpoint .pth", "bytes", ".pth", lambda folder: _checkpoint(folder)[1:])
def _read_old_checkpoint(path):
    from choreo.files import sealed

    return sealed.load_torch(path, "a checkpoint")


@cache
def _network():
    import torch

    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))


def _state(folder):
    from choreo.models.gan.networks import save_state

    save_state(_network(), folder / "a")
    return [unsealed(folder / "a")]


@reader("state dict .pth", "zip", ".pth", _state)
def _read_state(path):
    from choreo.models.gan.networks import load_state

    return load_state(_network(), path)


_METRICS = {
    "recipe": {"family": "gan", "encoder": "gru"},
    "data": {"method": "thesis", "canvas": [640, 320], "fps": 10, "chunk_seconds": 5.0},
    "trained_on": {"songs": ["a", "b"], "videos": ["v1", "v2"]},
    "losses": {"generator": 0.5},
}


@reader("metrics of a model", "json", ".json", _dumped(_METRICS))
def _read_metrics(path):
    from choreo.evaluation.inputs import seen_in_training

    return seen_in_training(path)


# Dances and beats


def _joints():
    """A body of 24 joints that stands."""
    joints = np.zeros((20, 24, 3))
    joints[..., 1] = np.linspace(0, 1.6, 24)
    joints[..., 0, 1], joints[:, [7, 8], 1] = 1.0, 0.0
    joints[:, 3, 0] = np.arange(20) / 40
    return joints.round(2)


def _bvh():
    sides = "".join(
        f"JOINT {side}Foot {{ OFFSET {x} -80 0 CHANNELS 1 Zrotation }}\nJOINT {side}Shoulder "
        f"{{ OFFSET {x} 50 0 CHANNELS 1 Zrotation }}\n"
        for side, x in (("Left", 9), ("Right", -9))
    )
    rows = "\n".join(["90 0 0 0 0 0 0"] * 20)
    return (
        "HIERARCHY\nROOT Hips { OFFSET 0 0 0 CHANNELS 2 Yposition Zrotation\nJOINT Head "
        f"{{ OFFSET 0 70 0 CHANNELS 1 Zrotation }}\n{sides}}}\nMOTION\nFrames: 20\n"
        f"Frame Time: 0.1\n{rows}\n"
    )


def _npy_dance(folder):
    np.save(folder / "a.npy", {"pred_position": _joints().reshape(20, 72)}, allow_pickle=True)
    np.save(folder / "b.npy", _joints())
    return [folder / "a.npy", folder / "b.npy"]


def _npz_dance(folder):
    np.savez(folder / "a.npz", full_pose=_joints(), fps=10.0, beats=np.arange(3.0))
    return [folder / "a.npz"]


def _pkl_dance():
    rng = np.random.default_rng(0)
    return {
        "smpl_poses": rng.normal(0, 0.1, (20, 72)),
        "smpl_trans": np.zeros((20, 3)),
        "smpl_scaling": np.ones(1),
    }


for _suffix, _kind, _wholes in (
    (".npy", "npy", _npy_dance),
    (".npz", "zip", _npz_dance),
    (
        ".pkl",
        "pickle",
        _texts(
            lambda: pickle.dumps({"full_pose": _joints(), "fps": 10}),
            lambda: pickle.dumps(_pkl_dance()),
        ),
    ),
    (
        ".json",
        "json",
        _texts(
            lambda: json.dumps(_joints().tolist()),
            lambda: json.dumps({"joints": _joints().tolist(), "fps": 10, "beats": [0.5, 1.0]}),
        ),
    ),
    (
        ".csv",
        "cells",
        _texts(
            lambda: "\n".join(",".join(map(str, row)) for row in _joints().reshape(20, 72).tolist())
        ),
    ),
    (".bvh", "cells", _texts(_bvh)),
):

    @reader(f"dance of others {_suffix}", _kind, _suffix, _wholes)
    def _read_dance(path):
        from choreo.evaluation.others.reading import read_dance

        return read_dance(path, fps=10)


@reader("beats of songs", "json", ".json", _dumped({"one": [0.5, 1.0, 1.5], "two": []}))
def _read_beats(path):
    from choreo.evaluation.inputs import read_beats
    from choreo.evaluation.others.music import music_of

    music_of(beats=path)
    return read_beats(path)


# What a study keeps of itself, and others may have changed


def _record(folder):
    from choreo.pipeline.tombstones import write_problem

    names = ("item", "stage", "message", "where", "value", "remedy")
    write_problem(folder / "a", dict.fromkeys(names, "what is wrong"))
    return [folder / "a"]


@reader("record of a problem", "cells", ".mp4", _record)
def _read_record(path):
    from choreo.pipeline import tombstones

    return tombstones.problem_in(path)


@reader(
    "record of cleaning",
    "json",
    ".json",
    _dumped(
        {"warning": dict.fromkeys(("item", "stage", "message", "where", "value", "remedy"), "a")}
    ),
)
def _read_cleaning(path):
    from choreo.pipeline import tombstones

    return tombstones.warning_in(path)


@reader(
    "probe of a video",
    "json",
    ".json",
    _dumped({"frames": 9, "fps": 25.0, "shift": "1 2 3 4 5 6 7 8 9"}),
)
def _read_probe(path):
    from choreo.cleaning.retime import times_taken

    return times_taken(path)


@reader(
    "table of a study .csv",
    "cells",
    ".csv",
    _texts('model,FID,"low, high"\ngru,1.5,"1.2, 1.8"\noriginal,2.5,\n'),
)
def _read_records(path):
    from choreo.report.shown import read_records

    return read_records(path)


_PAGE = (
    "<!DOCTYPE html>\n<table><caption>Table 2. Scores.</caption>\n"
    '<thead><tr><th>model</th><th class="number">FID</th></tr></thead>\n'
    "<tbody><tr><td>gru</td><td>1.5</td></tr></tbody></table>\n<p>A note.</p>\n"
)


@reader("table of a study .html", "cells", ".html", _texts(_PAGE))
def _read_page(path):
    from choreo.report.shown import read_table

    numbers = path.with_suffix(".csv")
    numbers.write_text("model,FID\ngru,1.5\n")
    try:
        return read_table(path.with_suffix(""))
    finally:
        numbers.unlink()


def _picture(folder):
    import cv2

    cv2.imwrite(str(folder / "a.png"), np.arange(300, dtype=np.uint8).reshape(10, 30))
    return [folder / "a.png"]


def _pdf(folder):
    from choreo import figures

    figure, axis = figures.new(figsize=(1, 1))
    axis.plot([1, 3, 2])
    figures.save(figure, folder / "f")
    return [folder / "f.pdf"]


for _suffix, _wholes in ((".png", _picture), (".pdf", _pdf)):

    @reader(f"verified {_suffix}", "bytes", _suffix, _wholes)
    def _verify(path):
        from choreo.cli.verify import _LOOKS, look_at

        return look_at(path, _LOOKS[path.suffix])


# Videos and sounds, by ffmpeg


def _media(*endings):
    def wholes(folder):
        import wave

        import ffmpeg

        from choreo import media

        sound = folder / "sound.wav"
        with wave.open(str(sound), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            samples = np.sin(np.arange(8000) / 9) * 9000
            file.writeframes(samples.astype("<i2").tobytes())
        paths = []
        for ending, options in endings:
            paths.append(folder / f"a{ending}")
            streams = [media.source(sound).audio]
            if ending in (".mp4", ".mkv", ".ts", ".avi"):
                pictures = ffmpeg.input("testsrc=size=48x32:rate=10:duration=0.5", format="lavfi")
                streams.insert(0, pictures.video)
            media.run(media.target(streams, paths[-1], **options), where=paths[-1])
        return paths

    return wholes


@reader(
    "video",
    "media",
    ".mp4",
    _media(
        (".mp4", {"vcodec": "libx264", "acodec": "aac", "pix_fmt": "yuv420p"}),
        (".mkv", {"vcodec": "libx264", "acodec": "flac", "pix_fmt": "yuv420p"}),
        (".ts", {"vcodec": "mpeg2video", "acodec": "mp2"}),
        (".avi", {"vcodec": "mpeg4", "acodec": "pcm_s16le"}),
    ),
    dear=True,
)
def _read_video(path):
    from choreo.videos.standardise import standardise

    folder = _out(path)
    return standardise(
        path,
        video=folder / "v.mp4",
        audio=folder / "v.wav",
        probe=folder / "v.json",
        require_sound=False,
        min_seconds=0.1,
    )


@reader(
    "sound",
    "media",
    ".wav",
    _media(
        (".wav", {"acodec": "pcm_s16le"}),
        (".wav", {"acodec": "pcm_s16le", "ar": 22_050}),
        (".flac", {"acodec": "flac"}),
        (".ogg", {"acodec": "libvorbis", "ar": 32_000, "ac": 2}),
        (".mp3", {"acodec": "libmp3lame"}),
        (".m4a", {"acodec": "aac"}),
    ),
    dear=True,
)
def _read_sound(path):
    from choreo.videos.audio import read_song

    return read_song(path)


def dear_ones():
    """Names of readers whose cases take long."""
    return [name for name, one in READERS.items() if one.dear]


def cheap_ones():
    """Names of the others."""
    return [name for name, one in READERS.items() if not one.dear]
