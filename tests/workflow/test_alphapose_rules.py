"""AlphaPose as a row of a study: what is planned, and a run on a stand-in."""

import hashlib
from pathlib import Path

import pytest

from choreo.files import read_json
from choreo.pipeline.tombstones import problem_in
from choreo.pose.track import PoseTrack
from choreo.poses.alphapose_run import COMMIT, URL

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

POSES = Path(__file__).parents[1] / "poses"
ROWS = """\
poses:
  estimators: [mediapipe17, alphapose17]
  alphapose: {accept_licence: true}
"""


# The stand-in's weights are no file of torch, nor as large as one.
ANY_FILE = 'about=334_000_000,\n        container="torch",\n', ""


def configure(project, text):
    path = project.folder / "config" / "tiny.yaml"
    path.write_text(path.read_text() + text)


@pytest.mark.soak
def test_one_word_turns_it_on(project):
    configure(project, ROWS)
    planned = project.planned("poses")
    rules = {"fetch_alphapose", "fetch_alphapose_weights", "alphapose_people", "read_people"}
    assert rules <= planned
    assert not {r for r in planned if "openpose" in r or "rtmpose" in r}
    assert rules <= project.planned("table1")


def test_the_licence_comes_first(project):
    configure(project, ROWS.replace("true", "false"))
    done = project.run("poses", check=False, options=("--dry-run",))
    assert done.returncode
    assert "alphapose17 needs `poses: alphapose: accept_licence: true`" in done.stdout


@pytest.fixture
def ours(project, monkeypatch):
    """A checkout and weights of the user's own, under the folder of the project."""
    monkeypatch.syspath_prepend(POSES)
    from alphapose_stand_in import make_checkout

    folder = project.folder / "ours"
    # As long as the standardised video `one`.
    (make_checkout(folder / "source", "several") / "FRAMES").write_text("330")
    (folder / "pose.pth").write_text("{}")
    (folder / "yolo.weights").write_bytes(b"darknet!")
    # The detector's size and hash are known; those of the stand-in take their place.
    source = project.folder / "src" / "choreo" / "poses" / "alphapose_run.py"
    text = source.read_text()
    known = text.partition("size=252_209_544")[2].partition('sha256="')[2].partition('"')[0]
    text = text.replace("252_209_544", "8").replace(*ANY_FILE)
    source.write_text(text.replace(known, hashlib.sha256(b"darknet!").hexdigest()))
    configure(
        project,
        """\
poses:
  estimators: [mediapipe17, alphapose17]
  alphapose:
    accept_licence: true
    checkout: ours/source
    weights17: ours/pose.pth
    detector: ours/yolo.weights
""",
    )
    return folder


def test_files_of_ones_own_need_no_download(project, ours):
    assert not {rule for rule in project.planned("poses") if rule.startswith("fetch")}


@pytest.mark.soak
def test_it_runs(filmed, project, ours):
    track = "results/tiny/poses/alphapose17/one.npz"
    other = "results/tiny/poses/alphapose17/two.npz"
    project.run(track, other)
    track = PoseTrack.load(project.folder / track)
    assert (track.skeleton, len(track), track.size) == ("coco17", 330, (640, 360))
    assert track.given.all()
    run = read_json(project.results / "tiny" / "poses" / "alphapose17" / "one.run.json")
    assert track.meta["run"] == run
    assert track.meta["estimator"] == "alphapose17"
    assert run["people"] == 330 + 165
    log = (
        project.results / "tiny" / "logs" / "alphapose_people" / "alphapose17" / "one.log"
    ).read_text()
    assert "Results have been written to json." in log
    # The stand-in always sees 330 frames; the second video has 315.
    problem = problem_in(project.folder / other)
    assert "AlphaPose's OpenCV reads 330 frames, the video has 315" in problem["message"]


@pytest.mark.soak
def test_the_source_is_fetched_and_what_was_fetched_is_kept(project, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(POSES)
    from alphapose_stand_in import commit_all, git, make_checkout

    commit = commit_all(make_checkout(tmp_path / "origin"))
    git(tmp_path / "origin", "config", "uploadpack.allowAnySHA1InWant", "true")
    source = project.folder / "src" / "choreo" / "poses" / "alphapose_run.py"
    text = source.read_text().replace(COMMIT, commit).replace(*ANY_FILE)
    source.write_text(text.replace(URL, f"file://{tmp_path}/origin"))
    # Downloaded by an earlier run.
    folder = project.folder / "resources" / "alphapose"
    folder.mkdir(parents=True)
    (folder / "fast_421_res152_256x192.pth").write_bytes(b"weights")
    configure(project, ROWS)
    records = [f"resources/alphapose/{name}.json" for name in ("source", "weights17")]
    done = project.run(*records)
    assert "AlphaPose belongs to Shanghai Jiao Tong University" in done.stdout
    assert read_json(folder / "source.json")["commit"] == commit
    assert (folder / "source" / "scripts" / "demo_inference.py").is_file()
    assert len(read_json(folder / "weights17.json")["sha256"]) == 64
    log = (project.results / "tiny" / "logs" / "fetch_alphapose.log").read_text()
    assert "ALPHAPOSE STAND-IN: ALL OF IT IS MADE UP" in log
    # An edit of our code looks again and fetches nothing: the origin is gone.
    (tmp_path / "origin").rename(tmp_path / "gone")
    weights = project.folder / "src" / "choreo" / "poses" / "estimator_weights.py"
    text = weights.read_text()
    weights.write_text(text.replace("_BLOCK = 1 << 20", "_BLOCK = 1 << 19"))
    assert weights.read_text() != text
    again = project.run(*records)
    assert "poses: fetching AlphaPose's weights17" in again.stdout
    assert (folder / "fast_421_res152_256x192.pth").read_bytes() == b"weights"


@pytest.mark.soak
def test_weights_that_are_not_there_stop_the_plan(project, ours):
    (ours / "pose.pth").unlink()
    done = project.run("poses", check=False, options=("--dry-run",))
    assert done.returncode
    said = " ".join(done.stdout.split())
    assert "config, poses.alphapose.weights17: there is no such file (got 'ours/pose.pth')" in said
    # Another estimator does not need them.
    assert project.planned("results/tiny/poses/mediapipe17/one.npz")
