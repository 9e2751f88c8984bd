import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from alphapose_stand_in import make_checkout

from choreo.poses import alphapose_launcher as launcher
from choreo.poses.alphapose_run import MODELS

LAUNCHER = Path(launcher.__file__)
ARGUMENTS = ["--sp", "--cfg", MODELS[26].config, "--outdir", "out"]

# What the real script and its modules ask of their surroundings, one after the other.
SCRIPT = """\
import json, os, sys, warnings
import numpy as np
import torch
import torchvision.models as tm
from tkinter import _flatten
from cython_bbox import bbox_overlaps
from detector.nms import nms
from detector.yolo_cfg import cfg
from alphapose.utils.roi_align import roi_align_cuda
from alphapose.models.layers.dcn import deform_conv_cuda, deform_pool_cuda

assert __name__ == "__main__"
seen = {
    "argv": sys.argv,
    "path": sys.path,
    "flat": _flatten([1, (2, [3, None]), []]),
    "float": np.asarray([1], dtype=np.float).dtype.name,
    "nms": nms(torch.tensor([[0, 0, 9, 9, 0.5], [0, 0, 9, 8, 0.9], [50, 50, 59, 59, 0.1]])),
    "resnet": sum(p.numel() for p in tm.resnet18(pretrained=True).parameters()),
    "weights": cfg.WEIGHTS,
}
os.makedirs("out")
open("out/alphapose-results.json", "w").write("[]")
json.dump(seen, open("out/seen.json", "w"))
if "--compiled" in sys.argv:
    deform_conv_cuda.deform_conv_forward(1, 2)
"""
NMS = """\
from . import nms_cpu, nms_cuda
from .soft_nms_cpu import soft_nms_cpu
def nms(boxes):
    assert nms_cuda.nms is nms_cpu.nms
    return nms_cpu.nms(boxes, 0.6).tolist()
"""


def make_asking_checkout(folder):
    make_checkout(folder, light=False)
    for name, text in {
        "scripts/demo_inference.py": SCRIPT,
        "detector/nms/__init__.py": NMS,
        "alphapose/__init__.py": "",
        "alphapose/utils/__init__.py": "",
        "alphapose/utils/roi_align/__init__.py": "from . import roi_align_cuda\n",
        "alphapose/models/__init__.py": "",
        "alphapose/models/layers/__init__.py": "",
        "alphapose/models/layers/dcn/__init__.py": "",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def launch(folder, *options, arguments=ARGUMENTS, **environment):
    """Run the launcher by its path, as another Python would."""
    return subprocess.run(
        [sys.executable, str(LAUNCHER), *options, "--", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.soak
def test_what_alphapose_imports_is_there_and_what_cannot_be_says_so(tmp_path):
    folder = make_asking_checkout(tmp_path / "checkout")
    done = launch(
        folder,
        "--detector-weights=/some/yolo.weights",
        f"--report={tmp_path / 'report.json'}",
        arguments=[*ARGUMENTS, "--compiled"],
        # A download would go here.
        TORCH_HOME=str(tmp_path / "hub"),
    )
    seen = json.loads((folder / "out" / "seen.json").read_text())
    assert seen["argv"][0] == "scripts/demo_inference.py"
    assert seen["argv"][1:] == [*ARGUMENTS, "--compiled"]
    assert seen["path"][0] == str(folder)
    assert str(LAUNCHER.parent) not in seen["path"]
    assert seen["flat"] == [1, 2, 3]
    assert seen["float"] == "float64"
    assert seen["nms"] == [1, 2]
    assert seen["resnet"] == 11_689_512
    assert not (tmp_path / "hub").exists()
    assert seen["weights"] == "/some/yolo.weights"
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["torch"] == torch.__version__
    assert report["stand_ins"] is True
    # The compiled part that the script called at its end.
    assert done.returncode == launcher.REFUSED
    assert done.stderr.splitlines()[-1] == (
        "launcher: refused: alphapose.models.layers.dcn.deform_conv_cuda.deform_conv_forward is a "
        "compiled part of AlphaPose for which there is no stand-in; build a checkout of your own "
        "and name it and its Python in poses.alphapose"
    )
    assert not list(folder.rglob("*.pyc"))


def test_a_thread_that_dies_ends_the_process(tmp_path):
    folder = make_checkout(tmp_path, "thread")
    weights = folder / "pose.json"
    weights.write_text("{}")
    done = launch(
        folder,
        "--detector-weights=LICENSE",
        arguments=[*ARGUMENTS, "--video=LICENSE", f"--checkpoint={weights}"],
    )
    assert done.returncode == launcher.FAILED
    assert "ValueError: in a worker" in done.stderr


def test_a_folder_that_is_no_checkout(tmp_path):
    done = launch(tmp_path)
    assert done.returncode == launcher.REFUSED
    assert f"refused: {tmp_path} is no checkout of AlphaPose" in done.stderr


def test_its_own_help_needs_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-S", str(LAUNCHER), "--help"], capture_output=True, text=True, check=True
    )
    assert "--detector-weights" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sp", "--pose_track"], "trackers need its compiled parts"),
        (["--sp", "--pose_flow"], "trackers need its compiled parts"),
        (["--sp", "--detector", "tracker"], "trackers need its compiled parts"),
        (["--sp", "--detector=yolox-x"], "only the detector yolo"),
        ([], "--sp is needed"),
        (["--sp", "--cfg", "none.yaml"], "none.yaml can't be read"),
        (["--sp", "--cfg", "dcn.yaml"], "dcn.yaml has deformable convolutions"),
        (["--sp", "--cfg", "broken.yaml"], "broken.yaml can't be read"),
    ],
)
def test_what_needs_compiled_parts_is_refused(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    Path("dcn.yaml").write_text("MODEL:\n  TYPE: FastPose\n  DCN:\n    MODULATED: false\n")
    Path("broken.yaml").write_text("MODEL: [")
    with pytest.raises(launcher.Refused) as refused:
        launcher.check_arguments(arguments)
    assert message in str(refused.value)


def test_both_models_of_table_1_are_accepted(tmp_path, monkeypatch):
    monkeypatch.chdir(make_checkout(tmp_path))
    for model in MODELS.values():
        launcher.check_arguments(["--sp", f"--cfg={model.config}", "--detector=yolo"])


def boxes(*rows):
    return torch.tensor([[*row, 1 - i / 10] for i, row in enumerate(rows)])


def test_overlap_counts_both_border_pixels():
    # 10 x 10 and 10 x 6 pixels, 60 of them shared: 60 / 100.
    pair = boxes((0, 0, 9, 9), (0, 0, 9, 5))
    assert launcher.nms(pair, 0.6).tolist() == [0]
    assert launcher.nms(pair, 0.601).tolist() == [0, 1]


def test_one_that_is_suppressed_suppresses_nobody():
    # Each overlaps the next by 3/4 of its pixels, the first and the last by 1/2.
    chain = boxes((0, 0, 7, 0), (1, 0, 8, 0), (2, 0, 9, 0))
    assert launcher.nms(chain, 0.77).tolist() == [0, 2]


def test_the_kept_are_numbered_as_they_came():
    rows = torch.tensor([[0.0, 0, 5, 5, 0.1], [90, 0, 95, 5, 0.9], [0, 0, 5, 5, 0.5]])
    assert launcher.nms(rows, 0.5).tolist() == [1, 2]
    assert launcher.nms(rows[:0], 0.5).tolist() == []
