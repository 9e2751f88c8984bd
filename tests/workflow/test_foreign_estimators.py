"""OpenPose and RTMPose as rows of a study, with a stand-in program and tiny networks."""

import hashlib
import sys
from pathlib import Path

import pytest

from choreo.files import read_json
from choreo.pipeline.tombstones import problem_in
from choreo.pose.track import PoseTrack

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

POSES = Path(__file__).parents[1] / "poses"


def configure(project, text):
    path = project.folder / "config" / "tiny.yaml"
    path.write_text(path.read_text() + text)


NETWORKS = ("detector.onnx", "weights17.onnx")
ROWS = """\
poses:
  estimators: [mediapipe17, openpose25, rtmpose17]
  openpose: {accept_licence: true}
"""


def test_one_word_each_turns_them_on(project):
    configure(project, ROWS)
    planned = project.planned("poses")
    assert planned >= {"openpose_people", "fetch_rtmpose_weights", "rtmpose_people", "read_people"}
    assert "fetch_openpose_image" not in planned
    assert "table1" in project.planned("comparison")


@pytest.mark.soak
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("openpose: {accept_licence: true, program: ours/none}", "poses.openpose.program"),
        ("openpose: {accept_licence: true, image: ours/none.sif}", "poses.openpose.image"),
        (
            "openpose: {accept_licence: true}\n  rtmpose: {detector: n.onnx}",
            "poses.rtmpose.detector",
        ),
    ],
)
def test_a_path_that_does_not_exist_stops_the_plan(project, settings, said):
    configure(project, ROWS.replace("openpose: {accept_licence: true}", settings))
    done = project.run("poses", check=False, options=("--dry-run",))
    assert done.returncode
    assert f"config, {said}: there is no such" in done.stdout
    assert project.planned("videos") >= {"standardise_video"}


def test_a_machine_without_the_program_can_plan(project):
    configure(project, ROWS)
    done = project.run("poses", options=("--dry-run", "--quiet", "host"))
    said = "poses.openpose.program: there is no openpose.bin on PATH here"
    # Once, and not for each video; nor where OpenPose is not asked for.
    assert done.stdout.count(said) == 1
    assert said not in project.run("videos", options=("--dry-run",)).stdout


def test_who_was_followed_is_drawn_for_all_that_find_everyone(project):
    configure(project, ROWS)
    done = project.run("poses", options=("--dry-run",))
    for estimator in ("openpose25", "rtmpose17", "mediapipe17"):
        assert f"results/tiny/poses/{estimator}/one.png" in done.stdout
    configure(project, "  chosen: rtmpose17\n")
    done = project.run("poses", options=("--dry-run",))
    assert "results/tiny/poses/mediapipe17/one.png" not in done.stdout


def test_networks_fetched_again_make_no_video_anew(project):
    configure(project, ROWS.replace("openpose25, ", ""))
    results = project.results / "tiny"
    video = [results / part for part in ("videos/demo/one.mp4", "videos/one.mp4")]
    video.append(results / "videos" / "one.json")
    found = [results / "poses" / "rtmpose17" / f"one{end}" for end in (".json", ".run.json")]
    networks = [project.folder / "resources" / "rtmpose" / name for name in NETWORKS]
    for path in [*video, *found, *networks]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")

    def planned():
        options = ("--dry-run", "--rerun-triggers", "mtime")
        return project.run(*(str(f.relative_to(project.folder)) for f in found), options=options)

    assert "Nothing to be done" in planned().stdout
    video[1].touch()
    assert "RTMPose (17 joints) on one" in planned().stdout


def test_an_image_is_fetched_before_the_first_video(project):
    configure(project, ROWS.replace("true}", "true, image: 'docker://cwaffles/openpose'}"))
    assert "fetch_openpose_image" in project.planned("poses")


def test_the_licence_comes_first(project):
    configure(project, ROWS.replace("true", "false"))
    done = project.run("poses", check=False, options=("--dry-run",))
    assert done.returncode
    assert "openpose25 needs `poses: openpose: accept_licence: true`" in done.stdout


@pytest.mark.soak  # in `make test`: AlphaPose by the same rules, both tools in tests/poses
def test_both_run(filmed, project, monkeypatch):
    monkeypatch.syspath_prepend(POSES)
    from tiny_onnx import detector, pose

    folder = project.folder / "ours"
    weights = folder / "models" / "pose" / "body_25" / "pose_iter_584000.caffemodel"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights")
    program = folder / "bin" / "openpose.bin"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nFAULT, FRAMES = 'several', 330\n"
        + (POSES / "openpose_stand_in.py").read_text()
    )
    program.chmod(0o755)
    # Weights that are as whole as the published ones, and smaller.
    source = project.folder / "src" / "choreo" / "poses" / "openpose_run.py"
    text = source.read_text().replace("104_715_850", "7")
    source.write_text(
        text.replace("78287b57cf85fa89c03f1393d368e5b7", hashlib.md5(b"weights").hexdigest())
    )
    detector(folder / "det.onnx")
    pose(folder / "pose.onnx")
    configure(
        project,
        """\
on_bad_video: skip
poses:
  estimators: [mediapipe17, openpose25, rtmpose17]
  openpose: {accept_licence: true, program: ours/bin/openpose.bin}
  rtmpose: {detector: ours/det.onnx, weights17: ours/pose.onnx}
""",
    )
    tracks = [f"results/tiny/poses/{e}/one.npz" for e in ("openpose25", "rtmpose17")]
    project.run(*tracks, "results/tiny/poses/openpose25/two.npz")
    for path, skeleton in zip(tracks, ("body25", "coco17")):
        track = PoseTrack.load(project.folder / path)
        assert (track.skeleton, len(track), track.size) == (skeleton, 330, (640, 360))
        assert track.given.any()
        run = read_json(Path(project.folder, path).with_suffix(".run.json"))
        assert track.meta["run"] == run
        assert track.meta["estimator"] == Path(path).parent.name
        assert run["seconds"] > 0
        assert len(run["weights_sha256"]) == 64
    # The second video has 315 frames, and the stand-in writes 330.
    problem = problem_in(project.folder / "results/tiny/poses/openpose25/two.npz")
    assert "OpenPose wrote frame 329, but the video has 315 frames" in problem["message"]
    assert (
        "Starting OpenPose demo"
        in (project.folder / "results/tiny/logs/openpose_people/openpose25/one.log").read_text()
    )
