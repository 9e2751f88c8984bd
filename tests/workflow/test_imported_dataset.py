"""A study of a dataset that was made elsewhere: no video, no estimator."""

import json
import pickle
import subprocess

import numpy as np
import pandas as pd
import pytest

from choreo.cli import main
from choreo.config import read_config, read_table
from choreo.dataset.pack import ChunkDataset, info
from choreo.media import ffmpeg_binary
from choreo.pipeline.tombstones import problem_in
from choreo.pose.track import PoseTrack
from choreo.videos.audio import read_song

pytestmark = [pytest.mark.workflow]

CONFIG = """\
study: tiny
table: imported/videos.tsv
dataset: {method: released}
training:
  models: [gru]
  switches: {all: {batch_size: 2, epochs: 1}}
  perceptual_steps: 2
"""
AIST = """\
study: tiny
table: config/tiny.tsv
videos: {fps: 60, height: null}
poses:
  estimators: [aistpp]
  chosen: aistpp
  imports:
    aistpp: {path: "keypoints2d/{video}.pkl", format: aist, view: c01}
"""
CHUNKS = 2


@pytest.fixture
def imported(project):
    """A project beside what `choreo dataset import paired` made of three videos."""
    times = np.arange(50 * CHUNKS) / 10
    videos = {}
    for number in range(3):
        rng = np.random.default_rng(number)
        middle, phase = rng.uniform([250, 80], [390, 320], (18, 2)), rng.uniform(0, 6, (18, 2))
        poses = middle + 20 * np.sin(2 * np.pi * times[:, None, None] + phase)
        clicks = np.zeros(80_000 * CHUNKS)
        clicks[::8000] = 9000
        sound = clicks + rng.integers(-300, 300, len(clicks))
        videos[str(number)] = {
            "pose": poses.reshape(CHUNKS, 50, 18, 2).round(2).tolist(),
            "music": sound.reshape(CHUNKS, -1).astype(int).tolist(),
        }
    path = project.folder / "paired.json"
    path.write_text(json.dumps(videos))
    command = ["dataset", "import", "paired", path, "-o", project.folder / "imported"]
    assert main([str(word) for word in command]) == 0
    (project.folder / "config" / "tiny.yaml").write_text(CONFIG)
    return project


def test_what_such_a_study_makes(imported):
    planned = imported.planned()
    assert {"import_shard", "pack_dataset", "train_model", "generate_dances", "table2"} <= planned
    assert "report" in planned
    seen = {"standardise_video", "mediapipe_poses", "clean_track", "write_shard", "table1"}
    assert not planned & seen
    done = imported.run("table3", options=("--dry-run",), check=False)
    assert done.returncode
    assert "has imported shards, which hold none: leave their rows out" in done.stdout


def test_shards_and_videos_in_one_study(imported):
    table = imported.folder / "imported" / "videos.tsv"
    rows = table.read_text().splitlines()
    cells = dict(zip(rows[0].split("\t"), ["filmed", "demo:neon/ada/1", "neon", "ada", "", "", ""]))
    table.write_text("\n".join([*rows, "\t".join(cells.values())]) + "\n")
    planned = imported.planned("dataset")
    assert {"import_shard", "make_demo_clip", "clean_track", "write_shard"} <= planned


def test_a_shard_that_does_not_fit_is_left_out(imported):
    path = imported.folder / "config" / "tiny.yaml"
    path.write_text(CONFIG.replace("released}", "thesis}"))
    (imported.folder / "imported" / "shards" / "video1.h5").unlink()
    imported.run("results/tiny/dataset/shards/video0.h5", "results/tiny/dataset/shards/video1.h5")
    shards = imported.results / "tiny" / "dataset" / "shards"
    problem = problem_in(shards / "video0.h5")
    assert "made with another method than the study's (thesis)" in problem["message"]
    assert problem["value"] == "released"
    assert "Set dataset.method to the shard's" in problem["remedy"]
    problem = problem_in(shards / "video1.wav")
    assert (problem["message"], problem["item"][:7]) == ("no such file", "video1 ")


def made_and_given(imported):
    """The study's dataset, and the one that the import packed."""
    made = imported.results / "tiny" / "dataset" / "dataset.h5"
    return made, imported.folder / "imported" / "dataset.h5"


def test_its_dataset_is_the_one_that_the_import_packed(imported):
    made, given = made_and_given(imported)
    imported.run(str(made.relative_to(imported.folder)))
    assert info(made)["data_sha256"] == info(given)["data_sha256"]


@pytest.mark.slow
@pytest.mark.soak
def test_trained_and_evaluated(imported):
    """From the shards to Table 2."""
    imported.run("table2", "dances")
    results = imported.results / "tiny"
    study = read_config({"study": "tiny", "table": str(imported.folder / "imported/videos.tsv")})
    rows = read_table(study.table)
    assert {row.kind for row in rows} == {"shard"}
    _, given = made_and_given(imported)
    (test,) = (row.song for row in rows if row.split == "test")
    dance = PoseTrack.load(results / "dances" / "gru" / "seed1" / f"{test}.npz")
    assert len(dance) == 50 * CHUNKS
    song = read_song(results / "dances" / "songs" / f"{test}.wav")
    stored = ChunkDataset(given, "test").batch(range(CHUNKS))["audio"].reshape(-1)
    np.testing.assert_array_equal(np.rint(song * 32768), stored)
    table = pd.read_csv(results / "tables" / "table2.csv")
    ours = table[table["source"] == "this study"].set_index("system")
    assert ours.loc["gru", "chunks"] == CHUNKS


def test_videos_with_the_poses_of_aist(project):
    """AIST++'s keypoints2d in the place of an estimator, as docs/dataset.md says."""
    video, sequence = (f"gBR_sBM_{camera}_d04_mBR0_ch01" for camera in ("c01", "cAll"))
    command = [ffmpeg_binary(), "-loglevel", "error", "-f", "lavfi", "-i"]
    command += ["testsrc=s=192x108:r=60:d=6", "-f", "lavfi", "-i", "sine=d=6"]
    command += ["-pix_fmt", "yuv420p", str(project.folder / f"{video}.mp4")]
    subprocess.run(command, check=True)
    times = np.arange(360) / 60
    standing = np.random.default_rng(0).uniform([60, 20], [130, 90], (17, 2))
    pixels = standing + 4 * np.sin(2 * np.pi * times)[:, None, None]
    keypoints = np.concatenate([pixels, np.ones((360, 17, 1))], -1)
    values = {
        "keypoints2d": np.stack([keypoints] * 9),
        "det_scores": np.ones((9, 360)),
        "timestamps": times * 1e6,
    }
    folder = project.folder / "keypoints2d"
    folder.mkdir()
    (folder / f"{sequence}.pkl").write_bytes(pickle.dumps(values))
    (project.folder / "config" / "tiny.tsv").write_text(f"id\tsource\n{video}\t{video}.mp4\n")
    (project.folder / "config" / "tiny.yaml").write_text(AIST)
    shard = project.results / "tiny" / "dataset" / "shards" / f"{video}.h5"
    project.run(str(shard.relative_to(project.folder)))
    data = ChunkDataset(shard)
    assert len(data) == 1
    found = data.transform(0).invert(data[0]["pose"])[:, 0]
    np.testing.assert_allclose(found, pixels[:300:6, 0], atol=0.02)
