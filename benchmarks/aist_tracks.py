"""Real dances with known beats for ``measures_worth.py``, from the motions of a dance app.

``python benchmarks/aist_tracks.py FOLDER OUT`` reads ``FOLDER/g*.t2.json``, motions of AIST++ (Li
et al., 2021; CC BY 4.0) on the skeleton of a VRM figure, as github.com/rohitacharyams/MotionMind
keeps them in ``coach/static/anim`` (commit ab5d0efc904d856f65c69de7f4e4eabd22e6ec49), and writes
``OUT/NAME.npz`` for each. Joints are those of a figure of common proportions, whose bones turn as
the file says: sizes are that figure's, not the dancer's, and it stays in its place.

Beats come from the name: AIST's music has 110 + 5 n beats a minute in house and 80 + 10 n else,
and the first frame is a beat. Most motions hold every pose for two frames of 60, and one of two is
kept. The others are a frame ahead (compared with the same dances in Stanford-TML/EDGE, pull
request 32), so their beats come a frame earlier. A group is a dancer's choreography: dances of
one group go to other music of the same kind.

``FOLDER/*/nor_k_feat/*.npy`` are read, too: COCO-17 joints of AIST++ in 2-D, whose length says 30
frames a second, as github.com/WilliammmZ/GenDance has them in ``data/AIST_small`` (no licence is
stated).
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np

BONES = (
    ("hips", None, (0, 0, 0)),
    ("spine", "hips", (0, 0.055, 0)),
    ("chest", "spine", (0, 0.115, 0)),
    ("neck", "chest", (0, 0.235, 0)),
    ("head", "neck", (0, 0.085, 0)),
    ("leftShoulder", "chest", (-0.025, 0.19, 0)),
    ("leftUpperArm", "leftShoulder", (-0.085, 0, 0)),
    ("leftLowerArm", "leftUpperArm", (-0.225, 0, 0)),
    ("leftHand", "leftLowerArm", (-0.215, 0, 0)),
    ("rightShoulder", "chest", (0.025, 0.19, 0)),
    ("rightUpperArm", "rightShoulder", (0.085, 0, 0)),
    ("rightLowerArm", "rightUpperArm", (0.225, 0, 0)),
    ("rightHand", "rightLowerArm", (0.215, 0, 0)),
    ("leftUpperLeg", "hips", (-0.075, -0.04, 0)),
    ("leftLowerLeg", "leftUpperLeg", (0, -0.365, 0)),
    ("leftFoot", "leftLowerLeg", (0, -0.385, 0)),
    ("rightUpperLeg", "hips", (0.075, -0.04, 0)),
    ("rightLowerLeg", "rightUpperLeg", (0, -0.365, 0)),
    ("rightFoot", "rightLowerLeg", (0, -0.385, 0)),
)
"""Bone, the bone that it hangs on, and its place from there in the T pose: metres, y upwards; the
figure faces -z, and its left is -x."""
FACE = (
    (0, 0.07, -0.10),
    (-0.03, 0.10, -0.085),
    (0.03, 0.10, -0.085),
    (-0.07, 0.08, -0.01),
    (0.07, 0.08, -0.01),
)
"""Nose, eyes and ears of COCO-17 from the head, left before right."""
COCO = tuple(
    f"{side}{part}"
    for part in ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")
    for side in ("left", "right")
)
"""Bones whose beginnings are COCO's joints from the shoulders on."""
NAME = re.compile(r"(g(..)_s.._cAll)_(d\d\d)_m(..)(\d)_(ch\d\d)")
RATE = 60
PIXELS_MEAN, PIXELS_DEVIATION = (958.14, 612.29), (132.31, 128.45)
"""Of the joints in 2-D, x and y, as their project normalised them."""


def main():
    """Convert a folder."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    paths = sorted(options.folder.glob("g*_cAll_*.t2.json"))
    for path in paths:
        dance = convert(json.loads(path.read_text()))
        np.savez_compressed(options.out / f"{path.name.removesuffix('.t2.json')}.npz", **dance)
    paths += (found := sorted(options.folder.glob("*/nor_k_feat/*.npy")))
    for path in found:
        dance = flat(path.stem, np.load(path, allow_pickle=False))
        np.savez_compressed(options.out / f"{path.stem}.npz", **dance)
    print(f"{len(paths)} dances in {options.out}")


def flat(name, joints):
    """Joints and beats of a dance in 2-D.

    Parameters
    ----------
    name : str
        AIST's.
    joints : ndarray, shape (T, 34)
        Pixels less `PIXELS_MEAN`, in `PIXELS_DEVIATION`.

    Returns
    -------
    dict
        As ``measures_worth.py`` takes them.
    """
    tempo, about = described(name)
    keypoints = joints.reshape(-1, 17, 2) * PIXELS_DEVIATION + PIXELS_MEAN
    return {
        "keypoints_coco17": keypoints,
        "fps": RATE / 2,
        "beats": np.arange(0.0, 2 * len(joints) / RATE, 60 / tempo),
    } | about


def described(name):
    """Tempo of the music in beats a minute, and group and genre of the dance, by AIST's name."""
    begin, genre, dancer, kind, number, steps = NAME.fullmatch(name).groups()
    tempo = 110 + 5 * int(number) if kind == "HO" else 80 + 10 * int(number)
    return tempo, {"group": f"{begin.removesuffix('_cAll')}_{dancer}_{steps}", "genre": genre}


def convert(motion):
    """Joints and beats of a motion.

    Parameters
    ----------
    motion : dict
        ``clip`` (AIST's name), ``n`` frames, ``hips`` (n, 3) and of each of ``bones`` the
        rotations (n, 4) as x, y, z, w, all of them flat.

    Returns
    -------
    dict
        As ``measures_worth.py`` takes them.
    """
    tempo, about = described(motion["clip"])
    count = motion["n"]
    turns = np.concatenate([_rows(bone, 4) for bone in motion["bones"].values()], axis=1)
    same = np.abs(np.diff(turns, axis=0)).max(1) < 1e-9
    held = np.mean(same[1::2]) > 0.99
    beats = np.arange(0.0 if held else -1 / RATE, count / RATE, 60 / tempo)
    return {
        "keypoints_coco17": coco17(motion)[:: 2 if held else 1].astype(np.float32),
        "fps": RATE / 2 if held else float(RATE),
        "beats": beats,
    } | about


def coco17(motion):
    """Joints of COCO-17, shape (n, 17, 3), of a figure whose bones turn so."""
    turn, place = {}, {}
    for name, parent, offset in BONES:
        own = _rows(motion["bones"][name], 4)
        own = own / np.linalg.norm(own, axis=1, keepdims=True)
        if parent is None:
            turn[name], place[name] = own, _rows(motion["hips"], 3)
        else:
            turn[name] = _after(turn[parent], own)
            place[name] = place[parent] + _turned(turn[parent], offset)
    face = [place["head"] + _turned(turn["head"], point) for point in FACE]
    return np.stack(face + [place[name] for name in COCO], axis=1)


def _rows(values, width):
    return np.array(values, float).reshape(-1, width)


def _after(a, b):
    """Quaternions of b's rotation and then a's."""
    (x1, y1, z1, w1), (x2, y2, z2, w2) = a.T, b.T
    return np.stack(
        [
            w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
            w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
            w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
            w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
        ],
        axis=1,
    )


def _turned(turns, point):
    """A point turned by quaternions."""
    point = np.broadcast_to(np.asarray(point, float), (len(turns), 3))
    twice = 2 * np.cross(turns[:, :3], point)
    return point + turns[:, 3:] * twice + np.cross(turns[:, :3], twice)


if __name__ == "__main__":
    main()
