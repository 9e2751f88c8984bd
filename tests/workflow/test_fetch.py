"""What a study needs from the network is fetched ahead; a node without one says what is missing."""

import functools
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

OFFLINE = ("--dry-run", "--config", "offline=true", "--quiet", "host")


@pytest.fixture
def served(project):
    """The project, two of whose videos are on a server of this machine; and the server."""
    from choreo.media import ffmpeg_binary

    folder = project.folder / "served"
    folder.mkdir()
    command = [ffmpeg_binary(), "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=s=320x240:d=6"]
    command += ["-f", "lavfi", "-i", "sine=d=6", "-pix_fmt", "yuv420p", str(folder / "one.mp4")]
    subprocess.run(command, check=True)
    (folder / "two.mp4").write_bytes((folder / "one.mp4").read_bytes())
    path = project.folder / "config" / "tiny.yaml"
    path.write_text(path.read_text() + "videos: {retries: 0, allow_private: true}\n")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        rows = [f"{n}\thttp://127.0.0.1:{server.server_port}/{n}.mp4" for n in ("one", "two")]
        rows = ["id\tsource", *rows, "three\tdemo:dusty/ada/1"]
        (project.folder / "config" / "tiny.tsv").write_text("\n".join(rows) + "\n")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield project, server
        server.shutdown()


def test_offline_names_all_that_is_missing_before_anything_runs(served):
    project, _ = served
    path = project.folder / "config" / "tiny.yaml"
    path.write_text(path.read_text() + "poses: {estimators: [mediapipe17, rtmpose17]}\n")
    done = project.run("videos", check=False, options=OFFLINE)
    assert done.returncode
    assert "offline is true, and 4 file(s) are not here" in done.stdout
    for name in ("downloads/one.video", "downloads/two.video", "detector.onnx", "weights17.onnx"):
        assert name in done.stdout
    assert "Run `choreo fetch` with the same config" in done.stdout
    assert "Job stats" not in done.stdout
    for name in ("detector", "weights17"):
        network = project.folder / "resources" / "rtmpose" / f"{name}.onnx"
        network.parent.mkdir(parents=True, exist_ok=True)
        network.touch()
    done = project.run("videos", check=False, options=OFFLINE)
    assert "and 2 file(s) are not here" in done.stdout


@pytest.mark.soak
def test_what_was_fetched_needs_no_network_afterwards(served):
    project, server = served
    command = [sys.executable, "-m", "choreo.cli", "fetch", "--configfile", "config/tiny.yaml"]

    def fetch(*more):
        return subprocess.run(
            [*command, *more],
            cwd=project.folder,
            env=project.environment,
            capture_output=True,
            text=True,
        )

    done = fetch()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All that this study needs is here" in done.stdout
    downloads = project.results / "tiny" / "videos" / "downloads"
    assert {path.name for path in downloads.glob("*.video")} == {"one.video", "two.video"}
    server.shutdown()
    planned = project.planned("videos")
    assert "download_video" not in planned
    assert "standardise_video" in planned
    done = project.run("videos", options=OFFLINE)
    assert "Job stats" in done.stdout

    # A file of the user's own that is not there is named, too.
    done = fetch("--config", "evaluation={beat_this: none/beats.ckpt}")
    assert done.returncode == 1
    assert "none/beats.ckpt" in done.stdout + done.stderr
    assert "not all could be fetched" in done.stderr
