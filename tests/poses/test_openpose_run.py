"""OpenPose's runner against a stand-in that has the tool's faults."""

import hashlib
import json
import os
import stat
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from choreo.errors import AccidentError, ConfigError, ItemError
from choreo.files import read_json
from choreo.poses import coverage, openpose_run
from choreo.poses.formats.openpose import read_detections

STAND_IN = Path(__file__).with_name("openpose_stand_in.py")
WEIGHTS = b"weights of BODY_25"
PUBLISHED = openpose_run.WEIGHTS


def executable(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def models(folder):
    place = folder / openpose_run.WEIGHTS_PLACE
    place.parent.mkdir(parents=True)
    place.write_bytes(WEIGHTS)
    return folder


@pytest.fixture(autouse=True)
def _small_weights(monkeypatch):
    """Tell the runner of weights that are as whole as the published ones and smaller."""
    small = replace(openpose_run.WEIGHTS, size=len(WEIGHTS), md5=hashlib.md5(WEIGHTS).hexdigest())
    monkeypatch.setattr(openpose_run, "WEIGHTS", small)


class Tool:
    """A build of OpenPose, and a video to run it on."""

    def __init__(self, folder):
        self.folder = folder
        self.video = folder / "ä video; of $(one).mp4"
        self.video.write_bytes(b"frames")
        self.build = folder / "built openpose é"
        self.program = self.build / "build" / "openpose.bin"
        self.models = models(self.build / "models")
        self.output, self.record = folder / "out" / "v.json", folder / "out" / "v.run.json"
        self.log = folder / "log"

    def fault(self, name, frames=6):
        executable(self.program, f"FAULT, FRAMES = {name!r}, {frames}\n" + STAND_IN.read_text())
        return self

    def run(self, **options):
        options = {"program": str(self.program), "gpu": True, "frames": 6} | options
        openpose_run.run(
            self.video,
            self.output,
            self.record,
            **{"stall_seconds": 20, "log": self.log, "poll_seconds": 0.05} | options,
        )
        return read_detections(self.output, frames=options["frames"], skeleton="body25")

    @property
    def flags(self):
        return read_json(self.program.with_name("flags.json"))

    def left(self):
        return sorted(path.name for path in self.output.parent.glob("*"))


@pytest.fixture
def tool(tmp_path):
    return Tool(tmp_path).fault("")


def test_a_run(tool):
    found = tool.run()
    assert (found.frames, found.frame.tolist()) == (6, [0, 1, 3, 4, 5])
    np.testing.assert_array_equal(found.keypoints[2, 1], [112.5, 69.25])
    assert np.isnan(found.keypoints[:, 4]).all(), "0, 0, 0 is not detected"
    flags = tool.flags
    assert Path(flags.pop("--video")).parent == Path(flags.pop("--write_json")).parent
    assert flags.pop("--model_folder").endswith("/models/")
    assert flags == {
        "--display": "0",
        "--render_pose": "0",
        "--model_pose": "BODY_25",
        "--net_resolution": "-1x368",
        "--keypoint_scale": "0",
        "--number_people_max": "-1",
    }
    assert tool.left() == ["v.json", "v.run.json"]
    assert "successfully finished" in tool.log.read_text()


def test_the_record_says_what_was_run(tool):
    tool.run(net_resolution="656x-1", gpu=False)
    record = read_json(tool.record)
    assert record["program"] == str(tool.program)
    assert record["program_sha256"] == hashlib.sha256(tool.program.read_bytes()).hexdigest()
    assert record["weights_sha256"] == hashlib.sha256(WEIGHTS).hexdigest()
    assert record["weights_md5"] == hashlib.md5(WEIGHTS).hexdigest()
    assert record["command"][:5] == [
        *(str(tool.program), "--video", "WORK/video.mp4", "--write_json", "WORK/json/")
    ]
    assert record["command"][-5] == "656x-1"
    assert (record["device"], record["frames_written"]) == ("cpu", 6)
    assert 0 < record["seconds"] < 20
    assert "non-commercial" in record["licence"]


def test_everyone_is_kept(tool):
    found = tool.fault("several").run()
    assert found.frame.tolist() == [f for f in range(6) for _ in range(2)]


def test_coordinates_outside_the_picture_are_kept(tool):
    found = tool.fault("outside").run()
    assert (np.nanmin(found.keypoints), np.nanmax(found.keypoints)) == (-500.25, 5222)


def test_the_key_name_of_very_old_versions(tool):
    assert len(tool.fault("old").run()) == 6


@pytest.mark.parametrize(("fault", "written"), [("last", 5), ("doubled", 7)])
def test_one_frame_less_or_more_at_the_end(tool, fault, written):
    found = tool.fault(fault).run()
    assert found.frames == 6
    assert found.frame.max() == min(written, 6) - 1
    assert len(json.loads(tool.output.read_text())) == min(written, 6)
    assert read_json(tool.record)["frames_written"] == written


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("middle", "left out 1 of 6 frames, the first is 3"),
        ("first", "left out 1 of 6 frames, the first is 0"),
        ("last two", "left out 1 of 6 frames, the first is 4"),
        ("stops early", "left out 2 of 6 frames, the first is 3"),
        ("doubled twice", "wrote frame 7, but the video has 6 frames"),
        ("nothing", "ended without an error and wrote nothing.*needs a GPU"),
        ("nobody", r"found nobody in any of 6 frames\. Its weights are whole"),
        ("rubbish", r"is damaged: video_000000000004_keypoints\.json: ends in the middle"),
        ("nan", r"is damaged: video_000000000004_keypoints\.json: not JSON \(NaN"),
    ],
)
def test_faults(tool, fault, message):
    with pytest.raises(ItemError, match=message) as error:
        tool.fault(fault).run()
    assert str(error.value.where) == str(tool.video)
    assert tool.left() == []


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("killed", r"OpenPose was ended by a signal \(Killed\)"),
        ("memory", r"exit status 1; .*out of memory.*net_resolution smaller, such as -1x256"),
    ],
)
def test_accidents_of_the_machine_are_no_fault_of_the_video(tool, fault, message):
    with pytest.raises(AccidentError, match=message):
        tool.fault(fault).run()
    assert tool.left() == []


def test_one_that_hangs_is_stopped(tool):
    with pytest.raises(ItemError, match=r"no progress for 1 seconds.*waiting for a worker"):
        tool.fault("hang").run(stall_seconds=1)
    assert tool.left() == []


def test_each_frame_is_progress(tool):
    tool.fault("slow").run(stall_seconds=1)
    assert read_json(tool.record)["seconds"] > 2


def test_too_few_frames_with_people(tool, monkeypatch):
    monkeypatch.setattr(coverage, "MIN_COVERAGE", 0.9)
    with pytest.raises(ItemError, match="OpenPose found somebody in only 5 of 6 frames"):
        tool.run()
    assert tool.left() == []
    monkeypatch.setattr(coverage, "MIN_COVERAGE", 5 / 6)
    assert tool.run().frames == 6


def test_nobody_and_no_gpu(tool):
    with pytest.raises(ItemError, match="No GPU is here, and a CUDA build finds nothing"):
        tool.fault("nobody").run(gpu=False)


def test_a_video_of_one_frame(tool):
    assert tool.fault("", frames=1).run(frames=1).frames == 1


def test_truncated_weights_are_refused_before_anything_runs(tool):
    place = tool.models / openpose_run.WEIGHTS_PLACE
    place.write_bytes(WEIGHTS[:-1])
    with pytest.raises(ConfigError, match=r"has 17 bytes, pose_iter_584000\.caffemodel has 18"):
        tool.run()
    place.write_bytes(WEIGHTS[::-1])
    with pytest.raises(ConfigError, match="its MD5 is"):
        tool.run()
    assert not tool.program.with_name("flags.json").exists()


def test_the_published_weights_are_those_of_the_facts():
    assert (PUBLISHED.size, PUBLISHED.md5) == (104715850, "78287b57cf85fa89c03f1393d368e5b7")


def test_no_models(tool):
    with pytest.raises(ConfigError, match=r"no pose/body_25/pose_iter.*in .*elsewhere"):
        tool.run(models=str(tool.folder / "elsewhere"))
    tool.models.rename(tool.folder / "elsewhere")
    with pytest.raises(ConfigError, match=r"a folder `models` at or above"):
        tool.run()
    assert tool.run(models=str(tool.folder / "elsewhere")).frames == 6


def test_no_program(tool, monkeypatch):
    with pytest.raises(ConfigError, match="no such program"):
        tool.run(program=str(tool.folder / "none"))
    with pytest.raises(ConfigError, match="is no program that can be run"):
        tool.run(program=str(tool.video))
    monkeypatch.setenv("PATH", str(tool.folder))
    with pytest.raises(ConfigError, match=r"no openpose\.bin on PATH.*poses\.openpose\.image"):
        tool.run(program=None)
    monkeypatch.setenv("PATH", str(tool.program.parent))
    assert tool.run(program=None).frames == 6


@pytest.mark.parametrize("text", ["-1x-1", "-1x300", "0x368", "368", "16x16x16"])
def test_sizes_of_the_network_that_openpose_refuses(tool, text):
    with pytest.raises(ConfigError, match="multiple of 16"):
        tool.run(net_resolution=text)


APPTAINER = """
import json, os, subprocess, sys
from pathlib import Path
here = Path(__file__).parent
with open(here / "calls", "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
if sys.argv[1] == "pull":
    if "none" in sys.argv[-1]:
        sys.exit("FATAL: no such image")
    Path(sys.argv[-2]).write_bytes(b"image")
    sys.exit()
at = [i for i, a in enumerate(sys.argv) if a.endswith(".sif")][0]
binds = [a for b, a in zip(sys.argv[:at], sys.argv[1:at]) if b == "--bind"]
roots = {"/openpose/models": str(here / "inside"), "/tool": str(here / "tool")}
roots |= {to: real for real, to, *_ in (b.split(":") for b in binds)}
command = list(sys.argv[at + 1:])
for inside, real in roots.items():
    if inside.startswith(("/openpose", "/tool", "/models")):
        command = [real + a[len(inside):] if a.startswith(inside + "/") else a for a in command]
os.execvp(command[0], command)
"""


@pytest.fixture
def image(tool, tmp_path, monkeypatch):
    """An image whose stand-in Apptainer runs things of a folder here."""
    folder = tmp_path / "apptainer"
    executable(folder / "apptainer", APPTAINER)
    models(folder / "inside")
    executable(folder / "tool" / "openpose.bin", "FAULT, FRAMES = '', 6\n" + STAND_IN.read_text())
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(openpose_run, "IMAGE_PROGRAM", "/tool/openpose.bin")
    path = tmp_path / "openpose.sif"
    path.write_bytes(b"image")
    return path


def calls(image):
    return [json.loads(line) for line in (image.parent / "apptainer" / "calls").open()]


@pytest.mark.parametrize("gpu", [True, False])
def test_in_an_image(tool, image, gpu):
    assert tool.run(program=None, image=str(image), gpu=gpu).frames == 6
    command = calls(image)[-1]
    assert ("--nv" in command) == gpu
    assert command[0] == "exec"
    assert command[command.index("--bind") + 1].count(":") == 1
    assert command[command.index("--model_folder") + 1] == "/openpose/models/"
    record = read_json(tool.record)
    assert record["image_sha256"] == hashlib.sha256(b"image").hexdigest()
    assert record["weights_sha256"] == hashlib.sha256(WEIGHTS).hexdigest()
    assert (record["image"], record["program"]) == (str(image), "/tool/openpose.bin")


def test_in_an_image_with_models_of_ones_own(tool, image):
    (image.parent / "apptainer" / "inside" / openpose_run.WEIGHTS_PLACE).unlink()
    tool.build.rename(tool.folder / "mine")
    folder = tool.folder / "mine" / "models"
    assert tool.run(program=None, image=str(image), models=str(folder)).frames == 6
    assert f"{folder}:/models:ro" in calls(image)[-1]
    odd = folder.rename(tool.folder / "a,b")
    with pytest.raises(ConfigError, match="a colon or a comma"):
        tool.run(program=None, image=str(image), models=str(odd))


def test_weights_in_the_image_are_checked(tool, image):
    place = image.parent / "apptainer" / "inside" / openpose_run.WEIGHTS_PLACE
    place.write_bytes(b"other")
    with pytest.raises(ConfigError, match="in the image is not the published file: its MD5 is"):
        tool.run(program=None, image=str(image))
    place.unlink()
    with pytest.raises(ConfigError, match=r"can't be read in the image: md5sum: .*No such file"):
        tool.run(program=None, image=str(image))


def test_no_image_or_no_apptainer(tool, image, monkeypatch):
    with pytest.raises(ConfigError, match="no such image"):
        tool.run(image=str(tool.folder / "none.sif"))
    monkeypatch.setenv("PATH", str(tool.folder))
    with pytest.raises(ConfigError, match="needs Apptainer, which is not on PATH"):
        tool.run(image=str(image))


def test_an_image_is_fetched_whole_or_not_at_all(tool, image):
    output = tool.folder / "resources" / "openpose.sif"
    openpose_run.pull("docker://some/image", output, log=tool.log, stall_seconds=10)
    assert output.read_bytes() == b"image"
    output.unlink()
    with pytest.raises(ConfigError, match=r"FATAL: no such image\. Fetch it by hand"):
        openpose_run.pull("docker://none", output, log=tool.log, stall_seconds=10)
    assert list(output.parent.iterdir()) == []
