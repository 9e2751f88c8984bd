"""A stand-in for AlphaPose: a checkout whose demo_inference.py behaves like the real one.

Nothing of AlphaPose is in it. It takes the same arguments, writes the same file and has the
same faults; which, says the file FAULT in its folder.
"""

import os
import subprocess
from pathlib import Path

from choreo.poses.alphapose_run import MODELS

SCRIPT = """\
import argparse
import json
import os
import signal
import sys
import threading
import time

import torch
from detector.yolo_cfg import cfg as detector
import numpy as np

parser = argparse.ArgumentParser()
for name in ("cfg", "checkpoint", "video", "outdir", "detector", "gpus"):
    parser.add_argument("--" + name)
for name in ("detbatch", "posebatch", "qsize"):
    parser.add_argument("--" + name, type=int)
parser.add_argument("--sp", action="store_true")
args = parser.parse_args()

FRAMES = int(open("FRAMES").read())
JOINTS = 26 if "halpe_26" in args.cfg else 17
fault = open("FAULT").read().strip() if os.path.exists("FAULT") else ""


def entry(frame, x=40.0, idx=[0.0]):
    points = []
    for joint in range(JOINTS):
        points += [x + frame + joint % 5, 20.0 + 4 * joint, 0.9]
    return {"image_id": "%d.jpg" % frame, "category_id": 1, "keypoints": points,
            "score": 2.5, "box": [x, 20.0, 30.0, 100.0], "idx": idx}


def bar(done):
    sys.stderr.write("\\r %d/%d [00:0%d<00:01,  1.00it/s]" % (done, FRAMES, done % 10))
    sys.stderr.flush()


if __name__ == "__main__":
    assert os.path.isfile(args.video), args.video
    print("detector", open(detector.WEIGHTS, "rb").read(8))
    print("loading", sorted(torch.load(args.checkpoint, map_location="cpu")))
    people = [entry(i, idx=[[0.0], [0.0]] if i % 2 else [0.0]) for i in range(FRAMES)]
    if fault == "caught":
        print("RuntimeError('something broke')")
        print("An error as above occurs when processing the images, please check it")
        sys.exit(0)
    if fault == "printed":
        # The results of another run would be there as well.
        sys.stderr.write("Traceback (most recent call last):\\n  File\\nKeyError: 'box'\\n")
    if fault == "ignored":
        sys.stderr.write("Exception ignored in: <function x>\\nTraceback (most recent call last)"
                         ":\\n  File\\nKeyError: 'box'\\n")
    if fault == "raises":
        raise RuntimeError("size mismatch for conv_out.weight")
    if fault == "thread":
        def die():
            raise ValueError("in a worker")
        thread = threading.Thread(target=die)
        thread.start()
        time.sleep(60)
    if fault == "hangs":
        bar(3)
        time.sleep(600)
    if fault == "waits":
        bar(12)
        while True:
            print("=====> Rendering remaining 5 images in the queue...", end="\\r", flush=True)
            time.sleep(0.05)
    if fault == "slow":
        for i in range(12):
            bar(i)
            time.sleep(0.9)  # longer in all than the test's patience
    if fault == "killed" and args.qsize > 16 or fault == "always killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "137" and args.qsize > 16:
        os._exit(137)
    if fault == "cuda" and args.qsize > 4:
        print("OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB')")
        print("An error as above occurs when processing the images, please check it")
        sys.exit(0)
    if fault == "nothing":
        sys.exit(0)
    if fault == "missing":
        people = people[4:9]
    if fault == "nobody":
        people = []
    if fault == "few":
        FRAMES = 10
    if fault == "several":
        people += [entry(i, x=300.0) for i in range(0, FRAMES, 2)]
    if fault == "outside":
        people[3]["keypoints"][0:2] = [-250.5, 9000.0]
    if fault == "beyond":
        people[3]["image_id"] = "12.jpg"
    if fault == "other joints":
        for p in people:
            p["keypoints"] = p["keypoints"][:-3]
    if fault == "nan":
        people[3]["keypoints"][0] = float("nan")
    bar(FRAMES)
    text = json.dumps(people)
    if fault == "cut":
        text = text[: len(text) // 2]
    if fault == "huge":
        text = "[" + ",".join([text[1:-1]] * 200) + "]"
    with open(args.outdir + "/alphapose-results.json", "w") as file:
        file.write(text)
    print("Results have been written to json.")
"""

FILES = {
    "LICENSE": "ALPHAPOSE STAND-IN: ALL OF IT IS MADE UP\n",
    "scripts/demo_inference.py": SCRIPT,
    "FRAMES": "12",
    "detector/__init__.py": "",
    # The real one is easydict's; only the attribute counts.
    "detector/yolo_cfg.py": "class cfg:\n    WEIGHTS = 'detector/yolo/data/yolov3-spp.weights'\n",
    **{model.config: "MODEL:\n  TYPE: 'FastPose'\n" for model in MODELS.values()},
}


# Found before the real ones, whose import takes seconds.
LIGHT = {
    "torch/__init__.py": """\
import json
__version__ = "light"
class cuda:
    device_count = staticmethod(lambda: 0)
    is_available = staticmethod(lambda: False)
def load(path, map_location=None, weights_only=None):
    assert weights_only
    return json.load(open(path))
""",
    "torchvision/__init__.py": "",
    "torchvision/models.py": "".join(
        f"def resnet{depth}(pretrained=False): pass\n" for depth in (18, 34, 50, 101, 152)
    ),
}


def make_checkout(folder, fault="", light=True):
    """Write the stand-in; the path of its folder.

    `light` puts a torch beside it that can do nothing but be imported.
    """
    for name, text in (FILES | LIGHT if light else FILES).items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if fault:
        Path(folder, "FAULT").write_text(fault)
    return Path(folder)


def git(folder, *arguments):
    """Run git in a folder, whoever runs the tests; what it prints."""
    names = ("user.name=a", "user.email=a@b", "init.defaultBranch=main", "commit.gpgsign=false")
    settings = [part for name in names for part in ("-c", name)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return subprocess.run(
        ["git", *settings, "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    ).stdout.strip()


def commit_all(folder, message="all"):
    """Make a folder a git repository with one more commit; its hash."""
    if not (Path(folder) / ".git").exists():
        git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", message)
    return git(folder, "rev-parse", "HEAD")
