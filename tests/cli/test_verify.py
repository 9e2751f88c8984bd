"""One bit turned in each kind of file: its reader refuses it, and `choreo verify` names it."""

import json
import re
import shutil
import subprocess
import wave
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
import soundfile
import torch
from scipy.io import wavfile
from soaking import soak_after
from torch.utils.tensorboard import SummaryWriter

from choreo import figures, media
from choreo.cli import main, verify
from choreo.dataset import layout
from choreo.dataset.card import describe
from choreo.dataset.normalise import CANVAS, POSE_FPS, Normalised, Transform
from choreo.dataset.pack import ChunkDataset, pack, write_shard
from choreo.drawing import render_track
from choreo.errors import AccidentError, DamagedError, ItemError
from choreo.evaluation.extractor import Extractor, train_extractor
from choreo.evaluation.measurements import Measurements, load_systems
from choreo.files import sealed, write_json, write_text
from choreo.models.gan.networks import load_state, save_state
from choreo.models.gan.recipe import Recipe
from choreo.models.weights import read_trained, save_weights
from choreo.pipeline.tombstones import problem_in, write_problem
from choreo.pose.track import PoseTrack
from choreo.poses.external import private_folder
from choreo.synth.songs import save_song
from choreo.training import checkpoints
from choreo.videos.audio import read_song
from choreo.videos.standardise import standardise
from choreo.videos.wav import read_wav, write_song


def _shard(path, video, seed):
    rng = np.random.default_rng(seed)
    moves = np.sin(np.arange(100)[:, None, None] / rng.uniform(2, 9, (1, 18, 2)))
    normalised = Normalised(
        poses=(moves * 0.5).astype(np.float32),
        repaired=np.zeros((100, 18), bool),
        transform=Transform((1.0, 1.0), (0.0, 0.0)),
        canvas=CANVAS["thesis"],
        start_seconds=0.0,
        cut_frames=0,
        values=3600,
        values_outside=0,
        method="thesis",
        outside="clip",
    )
    song = rng.integers(-20_000, 20_000, 160_000, np.int16)
    write_shard(path, normalised, song, video=video, song=video)
    return path


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Folder of a study with a file of each kind, tiny."""
    folder = tmp_path_factory.mktemp("results") / "tiny"
    shards = [_shard(folder / f"dataset/shards/{v}.h5", v, k) for k, v in enumerate("ab")]
    splits = {"a": "train", "b": "test"}
    dataset = folder / "dataset/dataset.h5"
    pack(shards, dataset, splits=splits)
    describe(dataset, folder / "dataset/card")
    track = PoseTrack(np.full((20, 18, 2), 50), np.ones((20, 18)), POSE_FPS, (96, 96), "openpose18")
    track.save(folder / "cleaning/a.npz")
    song = np.sin(np.arange(16_000, dtype=np.float32) / 9) / 2
    write_song(folder / "videos/a.wav", [song], 16_000)
    save_song(folder / "videos/demo/a.wav", np.stack([song, song], 1))
    render_track(track, folder / "dances/gru/seed1/a.mp4")
    standardise(
        folder / "dances/gru/seed1/a.mp4",
        video=folder / "videos/a.mp4",
        audio=folder / "videos/b.wav",
        probe=folder / "videos/a.json",
        require_sound=False,
        min_seconds=0.1,
    )
    write_problem(folder / "videos/c.mp4", {"item": "c", "stage": "videos", "message": "no sound"})
    run = folder / "training/gru/seed1"
    summary = {"recipe": Recipe().model_dump(), "data": {"method": "thesis", "canvas": [640, 320]}}
    state = {"generator.weight": torch.arange(12.0)}
    data = ChunkDataset(dataset, "train")
    save_weights(state, data, run / "weights.safetensors", summary)
    data.close()
    write_json(run / "metrics.json", summary)
    write_text(run / "losses.csv", "epoch,step\n1,1\n")
    checkpoint = folder / "training/.checkpoints" / ("0" * 32)
    checkpoint.mkdir(parents=True)
    checkpoints.save(checkpoint, {"step": 3, "network": {"weight": torch.arange(9.0)}})
    save_state(torch.nn.Linear(4, 3), run / "generator.pth")
    segments = np.random.default_rng(0).normal(100, 20, (4, 50, 18, 2)).astype(np.float32)
    (folder / "evaluation").mkdir()
    train_extractor(segments, ["a", "b"] * 2, steps=1).save(
        folder / "evaluation/extractor.safetensors"
    )
    names = np.array(["a", "b"])
    Measurements(names, names, {"learned": np.eye(2)}, None, {}, {"method": "thesis"}).save(
        folder / "evaluation/real.npz"
    )
    (folder / "figures").mkdir()
    figure, axis = figures.new(figsize=(2, 2))
    axis.plot([1, 3, 2])
    figures.save(figure, folder / "figures/f")
    return folder


def _read_dataset(path):
    data = ChunkDataset(path)
    try:
        data.batch(range(len(data)))
    finally:
        data.close()


def _checkpoint(path):
    if checkpoints.load(path.parent) is None:
        raise ItemError("left out", where=path)


def _frames(path):
    return list(media.read_frames(path, (360, 360)))


def _verified(path):
    """Of a file that no later stage opens."""
    look_at = verify._LOOKS[path.suffix]
    verify.look_at(path, look_at)


READERS = {
    "dataset/dataset.h5": _read_dataset,
    "dataset/shards/a.h5": _read_dataset,
    "training/gru/seed1/weights.safetensors": lambda path: read_trained(path, data=("method",)),
    "training/gru/seed1/generator.pth": lambda path: load_state(torch.nn.Linear(4, 3), path),
    f"training/.checkpoints/{'0' * 32}/state.pt": _checkpoint,
    "evaluation/extractor.safetensors": Extractor.load,
    "evaluation/real.npz": load_systems,
    "cleaning/a.npz": PoseTrack.load,
    "videos/a.mp4": _frames,
    "videos/a.wav": read_song,
    "dances/gru/seed1/a.mp4": _frames,
    "videos/demo/a.wav": _verified,
    "figures/f.png": _verified,
    "figures/f.pdf": _verified,
}


def _flip(path, at, bit):
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << bit
    path.write_bytes(data)


def test_a_whole_study_is_whole(study, capsys):
    assert main(["verify", str(study)]) == 0
    told = capsys.readouterr()
    assert "nothing is damaged" in told.err
    assert "3 .h5" in told.out
    for name, read in READERS.items():
        read(study / name)


@pytest.mark.parametrize("places", soak_after(1, [2, 14]))
@pytest.mark.parametrize("name", READERS)
def test_one_bit_anywhere_is_seen_by_the_reader_and_by_verify(study, tmp_path, name, places):
    path = tmp_path / study.name / name
    path.parent.mkdir(parents=True)
    data = (study / name).read_bytes()
    rng = np.random.default_rng(1)
    near = [0, 100, len(data) - 20]
    if places > 2:
        near += [3, 9, 20, 60, 200, len(data) - 1, len(data) - 80]
    for at in [*near, *rng.integers(len(data), size=places).tolist()]:
        path.write_bytes(data)
        _flip(path, at, int(rng.integers(8)))
        with pytest.raises(ItemError, match=path.name):
            READERS[name](path)
        damaged, _ = verify.verify(path)
        assert list(damaged) == [path], f"byte {at} of {len(data)}"


def test_what_is_damaged_is_named_with_what_to_delete(study, tmp_path, capsys, monkeypatch):
    """Every kind at once, as `choreo verify` tells it."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(study, "results/my study")
    names = [*READERS, "videos/c.mp4"]
    for name in names:
        path = tmp_path / "results/my study" / name
        _flip(path, 5 if name == "videos/c.mp4" else path.stat().st_size // 2, 1)
    assert main(["verify", "results/my study"]) == 1
    told = capsys.readouterr()
    for name in names:
        assert told.out.count(f"results/my study/{name}: ") == 1, told.out
        assert f"'results/my study/{name}'" in told.out
    rm, make = re.findall(r"^  (?:rm|snakemake --cores all) (.+)$", told.out, re.M)
    assert "state.pt" in rm
    assert "state.pt" not in make  # it is no output of a rule
    assert f"{len(names)} damaged files" in told.err
    assert main(["verify", "results/my study", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["damaged"]) == len(names)


@pytest.mark.parametrize("name", ["training/gru/seed1/metrics.json", "dataset/card.json"])
def test_a_text_is_compared_with_the_file_that_says_the_same(study, tmp_path, name):
    shutil.copytree(study, tmp_path / "s")
    path = tmp_path / "s" / name
    text = path.read_text()
    path.write_text(text.replace("64", "65", 1))
    assert json.loads(path.read_text()) != json.loads(text)
    damaged, _ = verify.verify(tmp_path / "s")
    assert list(damaged) == [path]
    assert "beside it says, which has a digest" in damaged[path]


def test_a_problem_record_is_read_as_such(study, tmp_path):
    record = (study / "videos/c.mp4").read_bytes()
    path = tmp_path / "c.mp4"
    for text in (record[:40], record.replace(b"item", b"itom"), b"choreo problem\n" + b"[" * 9999):
        path.write_bytes(text)
        assert list(verify.verify(path)[0]) == [path]
    path.write_bytes(record)
    assert problem_in(path)["item"] == "c"
    assert verify.verify(path)[0] == {}


@pytest.mark.parametrize(
    "name", ["table.csv", "table.md", "table.tex", "record.json", "page.html", "other.x"]
)
def test_a_turned_bit_in_a_text_is_told_where_its_file_has_the_digest(tmp_path, name):
    path = tmp_path / name
    write_text(path, '{"seconds": 64}\n')
    if not sealed.compare_text(path):
        pytest.skip("the file system here keeps no attributes of files")
    assert verify.verify(tmp_path)[0] == {}
    copied = tmp_path / "copied" / name
    copied.parent.mkdir()
    for one in (path, copied):
        one.write_bytes(b'{"seconds": 65}\n')
    damaged, _ = verify.verify(tmp_path)
    assert list(damaged) == [path]
    assert "damaged since it was written" in damaged[path]


def test_a_turned_bit_in_what_tensorboard_reads(tmp_path):
    """Every byte of it; a training that was killed left its last record cut, which is no damage."""
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("l1", 0.5, 1)
        writer.add_text("model", "gru", 0)
    (path,) = tmp_path.glob("events*")
    data = path.read_bytes()
    for at in range(len(data)):
        path.write_bytes(data[:at])
        assert verify.verify(path)[0] == {}, f"cut after byte {at}"
        path.write_bytes(data)
        _flip(path, at, at % 8)
        assert list(verify.verify(path)[0]) == [path], f"byte {at} of {len(data)}"


def test_files_without_a_digest_are_read_and_said_once(study, tmp_path, capsys, monkeypatch):
    """As older versions of choreo wrote them."""
    monkeypatch.setattr(sealed, "_warned", set())
    old = tmp_path / "old.h5"
    data = (study / "dataset/dataset.h5").read_bytes()
    old.write_bytes(data[: -sealed.LENGTH])
    with h5py.File(old, "r+") as file:
        del file[layout.CHECKSUM]
    for _ in range(2):
        _read_dataset(old)
    from safetensors.torch import save_file

    save_file({"w": torch.zeros(3)}, tmp_path / "w.safetensors", metadata={"choreo": "{}"})
    for _ in range(2):
        assert sealed.load_tensors(tmp_path / "w.safetensors", "weights")[0] == {}
    np.savez(tmp_path / "t.npz", **np.load(study / "cleaning/a.npz"))
    PoseTrack.load(tmp_path / "t.npz")
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert all("without a digest" in line for line in said)


def test_a_dataset_that_another_program_wrote_to_is_refused(study, tmp_path):
    """HDF5 then takes the digest away; a missing one says so."""
    path = tmp_path / "d.h5"
    shutil.copy(study / "dataset/dataset.h5", path)
    with h5py.File(path, "r+") as file:
        file["start_seconds"][1] = 7.0
    with pytest.raises(ItemError, match=r"d\.h5: damaged since it was written: its digest is mis"):
        ChunkDataset(path)
    # What is lost at its end is seen, too.
    path.write_bytes((study / "dataset/dataset.h5").read_bytes()[:-30])
    with pytest.raises(ItemError, match=r"d\.h5: damaged"):
        ChunkDataset(path)


def test_players_pass_over_the_digest(study, tmp_path, recwarn):
    """And what another program writes anew carries none."""
    for name in ("videos/a.mp4", "videos/a.wav"):
        command = [media.ffmpeg_binary(), "-hide_banner", "-nostdin", "-v", "warning", "-y"]
        command += ["-channel_layout", "mono"] if name.endswith("wav") else []
        made = tmp_path / Path(name).name
        done = subprocess.run(
            [*command, "-i", study / name, "-c", "copy", made], capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert sealed.compare(study / name)
        assert not sealed.compare(made)
    song = study / "videos/a.wav"
    data = song.read_bytes()
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    with wave.open(str(song)) as file:
        assert file.getnframes() == 16_000
    assert wavfile.read(song)[1].shape == soundfile.read(song)[0].shape == (16_000,)
    assert not recwarn.list
    capture = cv2.VideoCapture(str(study / "videos/a.mp4"))
    assert sum(1 for _ in iter(lambda: capture.read()[0], False)) == len(
        _frames(study / "videos/a.mp4")
    )


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-200],
        lambda data: data[:-4096] + bytes(4096),
        lambda data: data[: len(data) // 2] + bytes(len(data) // 2),
    ],
)
def test_a_song_that_lost_its_end_and_with_it_its_digest(study, tmp_path, harm):
    """As after a power cut, or a copy that was broken off."""
    path = tmp_path / "a.wav"
    whole = (study / "videos/a.wav").read_bytes()
    path.write_bytes(harm(whole))
    assert list(verify.verify(path)[0]) == [path]
    with pytest.raises(DamagedError, match=r"a\.wav: damaged"):
        read_wav(path)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_song_whose_head_knows_no_size_is_whole(tmp_path, size):
    """As a program writes it to a pipe."""
    path = tmp_path / "a.wav"
    wavfile.write(path, 16_000, np.ones(900, np.int16))
    data = path.read_bytes()
    path.write_bytes(data[:4] + size.to_bytes(4, "little") + data[8:])
    assert verify.verify(path)[0] == {}


def test_songs_joined_end_to_end_are_no_damage(study, tmp_path):
    path = tmp_path / "two.wav"
    path.write_bytes((study / "videos/a.wav").read_bytes() * 2)
    with pytest.raises(ItemError, match="two files joined end to end"):
        read_song(path)


def test_a_song_of_no_sample_is_told_from_one_of_unknown_length(tmp_path):
    write_song(tmp_path / "none.wav", [], 0)
    with pytest.raises(ItemError, match="the sound has no sample"):
        read_song(tmp_path / "none.wav")


def test_a_damaged_video_fails_the_job_that_reads_it(study, tmp_path):
    """For tools that decode it themselves, too."""
    path = tmp_path / "a.mp4"
    shutil.copy(study / "videos/a.mp4", path)
    _flip(path, path.stat().st_size // 2, 3)
    with pytest.raises(DamagedError, match=r"a\.mp4: damaged"):
        next(media.read_frames(path, (360, 360)))
    with pytest.raises(DamagedError, match=r"a\.mp4: damaged"), private_folder(path):
        pass


def test_the_same_gives_the_same_bytes(tmp_path):
    tensors = {"b": torch.ones(3), "a": torch.zeros(2, 2)}
    for name in "xy":
        sealed.save_tensors(tmp_path / f"{name}.safetensors", tensors, {"k": [1, "é"]})
        sealed.save_arrays(tmp_path / f"{name}.npz", {"a": np.arange(5)})
        sealed.save_torch(tmp_path / f"{name}.pt", tensors)
        write_song(tmp_path / f"{name}.wav", [np.ones(9, np.float32)], 9)
        with media.video_writer(
            tmp_path / f"{name}.mp4", (32, 32), 10, audio=tmp_path / f"{name}.wav"
        ) as put:
            put(np.zeros((32, 32, 3), np.uint8))
    for suffix in ("safetensors", "npz", "pt", "wav", "mp4"):
        one, other = (tmp_path / f"{name}.{suffix}" for name in "xy")
        assert one.read_bytes() == other.read_bytes()
        assert sealed.compare(one)
    # Other programs read them as ever.
    assert torch.load(tmp_path / "x.pt", weights_only=True)["b"].tolist() == [1, 1, 1]
    assert np.load(tmp_path / "x.npz")["a"].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ["a.json", "in", "in/b.npz"])
def test_what_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch, name):
    """Nor passed over, as a closed folder is by those who list its files."""
    (tmp_path / "in").mkdir()
    for file in ("a.json", "in/b.npz"):
        (tmp_path / file).write_text("{")
    monkeypatch.setattr(verify.os, "access", lambda path, _: Path(path) != tmp_path / name)
    with pytest.raises(AccidentError, match=r"you may not read this.*permissions") as error:
        verify.verify(tmp_path)
    assert error.value.where == str(tmp_path / name)
