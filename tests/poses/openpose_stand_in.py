"""A program that behaves like openpose.bin, down to its faults.

The tests put a first line and a `FAULT` above this text and make it executable. It refuses
what OpenPose would stumble over, so that the command line is tested too.
"""

import hashlib
import json
import os
import sys
import time
from pathlib import Path

FAULT, FRAMES = globals().get("FAULT", ""), globals().get("FRAMES", 6)

flags = dict(zip(sys.argv[1::2], sys.argv[2::2]))
(Path(__file__).parent / "flags.json").write_text(json.dumps(flags))
video, folder = Path(flags["--video"]), Path(flags["--write_json"])
assert video.read_bytes(), "the video can't be opened"
for text in (str(video), str(folder), flags["--model_folder"]):
    assert text.isascii(), text
    assert " " not in text, text
assert "--num_gpu" not in flags, "with 0, OpenPose does nothing"
assert flags["--model_folder"].endswith("/")
weights = Path(flags["--model_folder"], "pose/body_25/pose_iter_584000.caffemodel").read_bytes()
print("Starting OpenPose demo...", flush=True)
print(hashlib.md5(weights).hexdigest())


def person(x, y, key="pose_keypoints_2d"):
    joints = [v for j in range(25) for v in (x + 3.5 * j, y + 9.25 * j, 0.5 + j / 100)]
    joints[12:15] = [0, 0, 0]
    return {"person_id": [-1], key: joints, "face_keypoints_2d": []}


def people(frame):
    match FAULT:
        case "nobody":
            return []
        case "several":
            return [person(300 + 4 * frame, 60), person(20, 200)]
        case "outside":
            return [person(-500.25, 5000)]
        case "old":
            return [person(100 + 3 * frame, 60, "pose_keypoints")]
    return [] if frame == 2 else [person(100 + 3 * frame, 60)]


def write(number, text):
    (folder / f"{video.stem}_{number:012d}_keypoints.json").write_text(text)


if FAULT == "nothing":
    print("Error: cuda", file=sys.stderr)
    sys.exit(0)
for frame in range(FRAMES):
    if (FAULT, frame) == ("hang", 3):
        print("waiting for a worker", flush=True)
        time.sleep(600)
    if (FAULT, frame) == ("killed", 3):
        os.kill(os.getpid(), 9)
    if (FAULT, frame) == ("memory", 1):
        sys.exit("Cuda check failed (2 vs. 0): out of memory")
    if (FAULT, frame) in {("middle", 3), ("first", 0), ("last", FRAMES - 1)}:
        continue
    if FAULT == "last two" and frame >= FRAMES - 2:
        continue
    if FAULT == "stops early" and frame > 2:
        print("Error: the video can't be read further", file=sys.stderr)
        sys.exit(0)
    text = json.dumps({"version": 1.3, "people": people(frame)})
    if (FAULT, frame) == ("rubbish", 4):
        text = text[:50]
    if (FAULT, frame) == ("nan", 4):
        text = text.replace("0.5,", "NaN,")
    write(frame, text)
    if FAULT == "slow":
        time.sleep(0.4)
if FAULT in ("doubled", "doubled twice"):
    write(FRAMES, text)
if FAULT == "doubled twice":
    write(FRAMES + 1, text)
print("OpenPose demo successfully finished.")
