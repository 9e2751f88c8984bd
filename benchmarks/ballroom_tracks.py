"""Cha-chas and rumbas of known tempo for ``measures_worth.py``, from Tang et al. (2018).

``python benchmarks/ballroom_tracks.py FOLDER OUT`` reads ``skeletons.json`` of every
``FOLDER/DANCE_C_*`` and ``DANCE_R_*`` (or ``FOLDER/DANCE_C_..._skeletons.json``), as
github.com/Music-to-dance-motion-synthesis/dataset has them (commit
a29c6fb01ea17751b7129000d3e45b1951d24a7f; no licence is stated), and writes ``OUT/NAME.npz`` for
each. The files have 12.5 frames a beat, so 120 beats a minute at the 25 frames a second that they
are said to have; where the beats lie is not known. The person is seen from the front of the
capture room, relative to the pelvis; which side is left is not known, and does not matter to
what both sides have in common.
"""

import argparse
import json
from pathlib import Path

import numpy as np

HEAD = 0
SIDES = ((3, 4, 5, 7, 8, 9), (12, 13, 14, 16, 17, 18))
"""Shoulder, elbow, wrist, hip, knee and ankle of both sides among the file's 23 joints."""
FPS, FRAMES_A_BEAT = 25.0, 12.5


def main():
    """Convert a folder."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    paths = sorted(options.folder.glob("DANCE_[CR]_*skeletons.json"))
    paths += sorted(options.folder.glob("DANCE_[CR]_*/skeletons.json"))
    for path in paths:
        name = path.stem.removesuffix("_skeletons")
        name = path.parent.name if name == "skeletons" else name
        joints = np.array(json.loads(path.read_text())["skeletons"], np.float32)
        np.savez_compressed(options.out / f"{name}.npz", **convert(joints), genre=name[6])
    print(f"{len(paths)} dances in {options.out}")


def convert(joints):
    """A dance as ``measures_worth.py`` takes it.

    Parameters
    ----------
    joints : ndarray, shape (T, 23, 3)
        Centimetres, y upwards.

    Returns
    -------
    dict
    """
    sides = np.array(SIDES).T.ravel()
    return {
        "keypoints_coco17": joints[:, [HEAD] * 5 + sides.tolist()],
        "fps": FPS,
        "beats": np.arange(0, len(joints), FRAMES_A_BEAT) / FPS,
        "phase_known": False,
    }


if __name__ == "__main__":
    main()
