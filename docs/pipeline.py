"""Draw docs/pipeline.png, the picture of the quick start, from the finished demo study.

Run from the project's folder after `make demo`: ``.venv/bin/python docs/pipeline.py``.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from choreo import figures
from choreo.cleaning.figure5 import worst_frames
from choreo.dataset.pack import ChunkDataset
from choreo.drawing import draw_pose
from choreo.files import read_json, whole
from choreo.pose.track import PoseTrack
from choreo.poses.pictures import crop, pictures

DEMO = Path("results/demo")


def worst_moment():
    """Video and frame in which cleaning moved a joint most."""
    found = []
    for path in sorted((DEMO / "cleaning").glob("*.json")):
        before = PoseTrack.load(DEMO / "poses" / "mediapipe17" / f"{path.stem}.npz")
        after = PoseTrack.load(path.with_suffix(".npz"))
        for moved, frame in worst_frames(before, after, read_json(path), 1):
            found.append((moved, path.stem, frame))
    return max(found)[1:]


def main():
    """Draw the stages from left to right, each with what it made of one moment."""
    video, frame = worst_moment()
    raw = PoseTrack.load(DEMO / "poses" / "mediapipe17" / f"{video}.npz")
    clean = PoseTrack.load(DEMO / "cleaning" / f"{video}.npz")
    picture = pictures(DEMO / "videos" / f"{video}.mp4", raw.size, [frame])[frame]
    part = crop([raw, clean], frame)
    figure, axes = figures.new(1, 8, figsize=(17, 3.3))
    stages = ("videos", "poses", "comparison", "cleaning")
    stages += ("dataset", "training", "dances", "evaluation")
    for axis, stage in zip(axes, stages):
        axis.set_title(stage)
        axis.grid(False)
        axis.set_xticks([])
        axis.set_yticks([])
        axis.spines[:].set_visible(False)
    axes[0].imshow(picture[part])
    for axis, track in ((axes[1], raw), (axes[3], clean)):
        drawn = picture.copy()
        draw_pose(drawn, track.keypoints[frame], track.skeleton)
        axis.imshow(drawn[part])
    flagged = {}
    for path in sorted((DEMO / "comparison" / "mediapipe17").glob("*.json")):
        flagged[path.stem] = read_json(path)["incorrect"]
    axes[2].barh(range(len(flagged)), list(flagged.values()), color=figures.COLOURS[2])
    axes[2].set_xlabel("incorrect detections\na video (Table 1)")
    axes[2].invert_yaxis()
    chunk = ChunkDataset(DEMO / "dataset" / "dataset.h5", split="train")[0]
    axes[4].plot(chunk["audio"].reshape(-1)[::40], color="0.7", lw=0.6, linestyle="-")
    heights = 0.5 - 0.4 * chunk["pose"][:, [4, 7, 10, 13], 1]
    axes[4].plot(np.linspace(0, 2000, 50), heights, color=figures.COLOURS[1], linestyle="-", lw=1)
    axes[4].set_xlabel("5 s of song\nand of hands and feet")
    for number, model in enumerate(("original", "lstm", "gru")):
        losses = pd.read_csv(DEMO / "training" / model / "seed1" / "losses.csv")
        style = {"color": figures.COLOURS[number], "linestyle": figures.LINES[number]}
        axes[5].plot(losses.groupby("epoch")["l1"].mean(), label=model, **style)
    axes[5].legend(fontsize=8)
    axes[5].set_xlabel("L1 loss over epochs\n(Figure A1)")
    dance = sorted((DEMO / "dances" / "gru" / "seed1").glob("*.npz"))[0]
    track = PoseTrack.load(dance)
    shown = np.full((track.size[1], track.size[0], 3), 255, np.uint8)
    middle = len(track) // 2
    draw_pose(shown, track.keypoints[middle], track.skeleton, width=4)
    axes[6].imshow(shown[crop([track], middle)])
    axes[6].set_xlabel("GRU, one pose of\nits dance to a test song")
    table = pd.read_csv(DEMO / "tables" / "table2.csv")
    ours = table[(table["source"] == "this study") & table["distance"].notna()]
    axes[7].barh(range(len(ours)), ours["distance"], color=figures.COLOURS[1])
    axes[7].set_yticks(range(len(ours)), ours["label"], fontsize=8)
    axes[7].set_xlabel("distance to real\ndances (Table 2)")
    axes[7].invert_yaxis()
    figure.canvas.draw()
    for left, right in pairwise(axes):
        a, b = left.get_position(), right.get_position()
        arrow = {"arrowstyle": "-|>", "color": "0.35", "lw": 1.5}
        axes[0].annotate(
            "",
            xy=(b.x0 - 0.001, 0.94),
            xytext=(a.x1 + 0.001, 0.94),
            xycoords="figure fraction",
            arrowprops=arrow,
            annotation_clip=False,
        )
    with whole("docs/pipeline.png") as temporary:
        figure.savefig(temporary, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    main()
