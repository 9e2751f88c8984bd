"""Every reader that is not of poses ends in one message on files with flipped bits and cuts.

Those of poses are in ``tests/poses/test_corrupted_files.py``. Files without a digest are among
them, since one that is seen to be damaged is not parsed any further.
"""

import json
import pickle
import random

import numpy as np
import pytest
import soundfile
import torch
import yaml
from soaking import soak_after

from choreo import config
from choreo.cleaning.retime import times_taken
from choreo.errors import ChoreoError
from choreo.evaluation.others.reading import read_dance
from choreo.files import sealed
from choreo.files.outside import load_json
from choreo.files.strict_yaml import load_yaml
from choreo.models.recipes import load_recipes
from choreo.pipeline import tombstones
from choreo.videos.audio import read_song

TRIES = 60
SONGS = 12
"""Of what ffmpeg has a look at, too."""
TENSORS = {f"layer.{i}": torch.arange(12.0).reshape(3, 4) + i for i in range(4)}


def _weights(path):
    sealed.save_tensors(path, TENSORS, {"recipe": {"encoder": "gru", "sizes": [1, 2]}})


def _weights_of_others(path):
    _weights(path)
    data = path.read_bytes().replace(sealed.BEGIN, b"x" * len(sealed.BEGIN))
    path.write_bytes(data.replace(sealed.END, b"y" * len(sealed.END)))


def _checkpoint(path):
    sealed.save_torch(path, {"step": 3, "model": TENSORS})


def _old_checkpoint(path):
    torch.save({"step": 3, "model": TENSORS}, path, _use_new_zipfile_serialization=False)


def _record(path):
    tombstones.write_problem(
        path,
        dict.fromkeys(("item", "stage", "message", "where", "value", "remedy"), "what is wrong"),
    )


def _probe(path):
    path.write_text(json.dumps({"frames": 40, "fps": 25.0, "shift": " ".join(["12"] * 40)}))


def _table(path):
    rows = "".join(f"v{i}\tvideos/{i}.mp4\t{i}\t{i + 9}\n" for i in range(9))
    path.write_text(f"id\tsource\tstart\tend\n{rows}")


def _recipes(path):
    path.write_text(yaml.safe_dump({"gru": {"encoder": "gru", "epochs": 3}, "other": {}}))


def _song(path):
    soundfile.write(path, np.sin(np.arange(400) / 9), 16_000, subtype="PCM_16")


def _dance_of_others(path):
    """A body of 24 joints that stands, in the form that the name asks for."""
    joints = np.zeros((20, 24, 3))
    joints[..., 1] = np.linspace(0, 1.6, 24)
    joints[..., 0, 1], joints[:, [7, 8], 1] = 1.0, 0.0
    flat = joints.reshape(20, 72).round(1)
    if path.suffix == ".npy":
        np.save(path, {"pred_position": flat}, allow_pickle=True)
    elif path.suffix == ".pkl":
        path.write_bytes(pickle.dumps({"full_pose": joints}))
    elif path.suffix == ".json":
        path.write_text(json.dumps(joints.tolist()))
    elif path.suffix == ".bvh":
        sides = "".join(
            f"JOINT {side}Foot {{ OFFSET {x} -80 0 CHANNELS 1 Zrotation }} JOINT {side}Shoulder "
            f"{{ OFFSET {x} 50 0 CHANNELS 1 Zrotation }} "
            for side, x in (("Left", 9), ("Right", -9))
        )
        path.write_text(
            "HIERARCHY ROOT Hips { OFFSET 0 0 0 CHANNELS 2 Yposition Zrotation JOINT Head "
            f"{{ OFFSET 0 70 0 CHANNELS 1 Zrotation }} {sides}}} MOTION Frames: 20 "
            f"Frame Time: 0.1 {' '.join(['90 0 0 0 0 0 0'] * 20)} "
        )
    else:
        np.savetxt(path, flat, "%g", delimiter=",")


def _read_dance(path):
    return read_dance(path, fps=10)


def _read_yaml(path):
    try:
        load_yaml(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ChoreoError(str(error), where=path) from error
    except UnicodeDecodeError as error:
        raise ChoreoError("no text", where=path) from error


READERS = {
    "weights": (".safetensors", _weights, lambda p: sealed.load_tensors(p, "weights")),
    "weights of others": (
        ".safetensors",
        _weights_of_others,
        lambda p: sealed.load_tensors(p, "weights"),
    ),
    "checkpoint": (".pt", _checkpoint, lambda p: sealed.load_torch(p, "a checkpoint")),
    "old checkpoint": (".pth", _old_checkpoint, lambda p: sealed.load_torch(p, "a checkpoint")),
    "record of a problem": (".mp4", _record, tombstones.problem_in),
    "probe": (".json", _probe, times_taken),
    "record": (".json", _probe, lambda p: load_json(p, "a record")),
    "videos table": (".tsv", _table, config.read_table),
    "recipes": (".yaml", _recipes, load_recipes),
    "config": (".yaml", _recipes, _read_yaml),
    "song": (".wav", _song, read_song),
    **{
        f"dance of others {suffix}": (suffix, _dance_of_others, _read_dance)
        for suffix in (".npy", ".pkl", ".json", ".csv", ".bvh")
    },
}


def _corrupted(whole, rng):
    """Bits flipped, bytes lost, bytes of another place, or a cut; half of them near the head."""
    data, kind = bytearray(whole), rng.randrange(4)
    reach = len(data) if rng.random() < 0.5 else min(len(data), 200)
    at, other = rng.randrange(reach), rng.randrange(reach)
    if kind == 0:
        for _ in range(rng.choice((1, 1, 3, 20))):
            data[rng.randrange(reach)] ^= 1 << rng.randrange(8)
    elif kind == 1:
        lost = min(rng.choice((1, 8, 100)), len(data) - at)
        data[at : at + lost] = bytes([rng.choice((0, 255))]) * lost
    elif kind == 2:
        data[at : at + 16] = data[other : other + 16]
    else:
        del data[at:]
    return bytes(data)


@pytest.mark.parametrize("tries", soak_after(1, [TRIES // 4, TRIES]))
@pytest.mark.parametrize("name", READERS)
def test_corrupted_files_give_one_message_or_what_was_in_them(tmp_path, name, tries):
    suffix, write, read = READERS[name]
    path, broken = tmp_path / f"whole{suffix}", tmp_path / f"broken{suffix}"
    write(path)
    read(path)
    whole, rng, said = path.read_bytes(), random.Random(name), []
    for number in range(min(tries, SONGS) if name == "song" else tries):
        broken.write_bytes(_corrupted(whole, rng) if number else whole[: len(whole) // 2])
        try:
            read(broken)
        except ChoreoError as error:
            said.append(str(error))
    assert [text for text in said if broken.name not in text or "Traceback" in text] == []
    # A record of ours that is damaged is told of by its own text; a song may be noise.
    assert said or name in ("record of a problem", "song")


NESTED = "[" * 100_000


@pytest.mark.parametrize(
    "text",
    [
        NESTED,
        '{"shift":' + NESTED,
        "[]",
        "null",
        '"text"',
        '{"frames": NaN, "fps": 25, "shift": "1"}',
        '{"frames": 1, "fps": NaN, "shift": "1"}',
        '{"frames": 1, "fps": 1e999, "shift": "1"}',
        '{"frames": 2, "fps": 25, "shift": "1 x"}',
        '{"frames": 2, "fps": 25, "shift": [1, 2]}',
        '{"frames": 1, "fps": 25, "shift": "' + "9" * 6000 + '"}',
        '{"frames": 1, "fps": 25, "shift": "' + "9" * 400 + '"}',
        '{"fps": 25, "shift": "1"}',
    ],
    ids=lambda text: text[:40],
)
def test_hostile_probes(tmp_path, text):
    path = tmp_path / "v.json"
    path.write_text(text)
    with pytest.raises(ChoreoError, match=r"v\.json: not the probe of a standardised video"):
        times_taken(path)


def test_a_wav_whose_chunk_says_that_it_ends_beyond_its_file(tmp_path):
    """Of such a one Python's own reader raises what is none of its errors."""
    _song(tmp_path / "a.wav")
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[12:20] = b"junk" + (0xFFFFFFFE).to_bytes(4, "little")
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(ChoreoError, match=r"a\.wav: "):
        read_song(tmp_path / "a.wav")
