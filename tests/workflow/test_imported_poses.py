"""Another tool's poses as an estimator of a study."""

import numpy as np
import pytest

from choreo.media import video_writer
from choreo.pipeline.tombstones import problem_in
from choreo.pose.track import PoseTrack
from choreo.poses.formats import registry

pytestmark = [pytest.mark.workflow]

CONFIG = """\
study: tiny
table: config/tiny.tsv
videos: {require_sound: false}
poses:
  estimators: [mediapipe17, folders, tables]
  imports:
    folders: {path: "found/{video}", format: openpose, skeleton: body25}
    tables: {path: "found/{video}.csv", format: deeplabcut}
"""


@pytest.mark.soak
def test_files_and_folders_are_imported(project):
    for video in ("here", "gone"):
        with video_writer(project.folder / f"{video}.mp4", (64, 48), 30) as write:
            for k in range(160):
                write(np.full((48, 64, 3), k, np.uint8))
    table = "id\tsource\nhere\there.mp4\ngone\tgone.mp4\n"
    (project.folder / "config" / "tiny.tsv").write_text(table)
    (project.folder / "config" / "tiny.yaml").write_text(CONFIG)
    keypoints = np.random.default_rng(0).uniform(0, 46, (160, 25, 2)).astype(np.float32)
    keypoints[-1] = np.nan
    track = PoseTrack(keypoints, np.full((160, 25), 0.5), 30, (64, 48), "body25")
    registry.write("openpose", track, project.folder / "found" / "here")
    registry.write("deeplabcut", track, project.folder / "found" / "here.csv")
    poses = project.results / "tiny" / "poses"
    names = [f"{e}/{v}.npz" for e in ("folders", "tables") for v in ("here", "gone")]
    project.run(*(f"results/tiny/poses/{name}" for name in names))
    for estimator in ("folders", "tables"):
        found = PoseTrack.load(poses / estimator / "here.npz")
        assert (found.skeleton, found.fps, found.size) == ("body25", 30, (64, 48))
        assert np.array_equal(found.keypoints, keypoints, equal_nan=True)
        # A study leaves out what is not there, and says so.
        problem = problem_in(poses / estimator / "gone.npz")
        assert "no such file" in problem["message"].lower()
        assert "gone" in problem["item"]
        assert f"mend poses.imports.{estimator}.path in the config" in problem["remedy"]
    # Poses of the original, which is larger than the study's video.
    larger = track.with_(keypoints=keypoints * 10)
    registry.write("deeplabcut", larger, project.folder / "found" / "gone.csv")
    project.run("results/tiny/poses/tables/gone.npz")
    problem = problem_in(poses / "tables" / "gone.npz")
    assert "of the joints lie outside the picture: it has 64x48 pixels" in problem["message"]
    # Who was followed can be looked at, for imports too.
    planned = project.run("poses", options=("--dry-run",)).stdout
    assert "results/tiny/poses/folders/here.png" in planned
    # The native file is an input: a new one is imported again.
    registry.write("deeplabcut", track.with_(keypoints=keypoints + 1), poses.parent / "x.csv")
    (poses.parent / "x.csv").replace(project.folder / "found" / "here.csv")
    planned = project.planned("results/tiny/poses/tables/here.npz")
    assert planned == {"import_poses"}
