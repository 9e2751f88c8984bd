"""Figure 5 of the thesis: poses before and after cleaning."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from choreo import figures
from choreo.errors import ItemError
from choreo.files import read_json
from choreo.pose.misdetections import displacement
from choreo.pose.runs import runs
from choreo.pose.track import PoseTrack
from choreo.poses.pictures import crop, pictures, show_pose

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AROUND = 15
"""Frames shown to either side in the trajectories."""


def worst_frames(before, after, record, count):
    """Choose the frames in which cleaning did the most.

    Parameters
    ----------
    before, after : PoseTrack
    record : dict
        Of `choreo.cleaning.clean.clean`.
    count : int
        Frames wanted.

    Returns
    -------
    list of (float, int)
        How far cleaning moved the farthest joint of the frame in pixels, and the frame;
        at most one frame of a run, the worst first. Where nothing was flagged, the frames
        with the largest displacement, at 0 px.
    """
    flagged = np.zeros(len(before), bool)
    flagged[record["flagged"]] = True
    moved = np.fmax.reduce(
        np.linalg.norm(after.keypoints - before.keypoints, axis=-1), axis=1, initial=np.nan
    )
    found = []
    for first, last in runs(flagged):
        part = moved[first : last + 1]
        if np.isfinite(part).any():
            found.append((float(np.nanmax(part)), first + int(np.nanargmax(part))))
    if not found:
        speed = np.nan_to_num(displacement(before.keypoints), nan=-1)
        found = [(0.0, int(i)) for i in np.argsort(-speed, kind="stable")[:1]]
    return sorted(found, key=lambda f: (-f[0], f[1]))[:count]


def pictures_or_white(video, track, frames):
    """Read the pictures that poses are drawn on.

    Parameters
    ----------
    video : str, Path or None
        The standardised video.
    track : PoseTrack
        Of it.
    frames : list of int

    Returns
    -------
    dict of int to ndarray of uint8, shape (height, width, 3)
        RGB; white without a video, and for frames that it does not have.
    """
    white = np.full((*track.size[::-1], 3), 255, np.uint8)
    found = pictures(video, track.size, frames) if video is not None else {}
    return {frame: found.get(frame, white) for frame in frames}


def farthest_joint(before, after, frame):
    """Index of the joint that cleaning moved most in a frame, or that moved most there."""
    moved = np.linalg.norm(after.keypoints[frame] - before.keypoints[frame], axis=-1)
    if not np.nanmax(moved, initial=0) > 0:
        earlier = before.keypoints[max(frame - 1, 0)]
        moved = np.linalg.norm(before.keypoints[frame] - earlier, axis=-1)
    return int(np.nanargmax(moved)) if np.isfinite(moved).any() else 0


def draw(samples):
    """Draw samples side by side: before, after, and the trajectory of the worst joint.

    Parameters
    ----------
    samples : list of (str, int, ndarray, PoseTrack, PoseTrack, dict)
        Video's name, frame, RGB picture, track before and after, cleaning record.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = figures.new(
        3, len(samples), figsize=(3.3 * len(samples), 8.6), squeeze=False, height_ratios=(3, 3, 2)
    )
    for c, (name, frame, picture, before, after, record) in enumerate(samples):
        part = crop([before, after], frame)
        for row, (label, track) in enumerate((("before", before), ("after", after))):
            show_pose(axes[row, c], picture, part, track, frame)
            if c == 0:
                axes[row, c].set_ylabel(f"{label} cleaning")
        state = "removed" if frame in record["flagged"] else "nothing flagged"
        axes[0, c].set_title(f"{name}\n{frame / before.fps:.2f} s: {state}")
        _trajectory(axes[2, c], before, after, frame, record)
    axes[2, 0].set_ylabel("pixels")
    axes[2, 0].legend(fontsize=8)
    return figure


def _trajectory(axis, before, after, frame, record):
    joint = farthest_joint(before, after, frame)
    move = np.abs(after.keypoints[frame, joint] - before.keypoints[frame, joint])
    column = 1 if np.nan_to_num(move[1]) > np.nan_to_num(move[0]) else 0
    shown = slice(max(frame - AROUND, 0), frame + AROUND + 1)
    seconds = np.arange(len(before))[shown] / before.fps
    for at in record["flagged"]:
        if shown.start <= at < shown.stop:
            half = 0.5 / before.fps
            axis.axvspan(at / before.fps - half, at / before.fps + half, color="0.85", lw=0)
    raw, clean = (t.keypoints[shown, joint, column] for t in (before, after))
    axis.plot(seconds, raw, "o", color=figures.COLOURS[2], markersize=4, label="before")
    axis.plot(seconds, clean, "-", color=figures.COLOURS[1], label="after")
    joint_name = before.joints.joints[joint].replace("_", " ")
    axis.set_xlabel(f"seconds ({joint_name}, {'xy'[column]})")


def figure5(
    videos: Sequence[str | Path],
    before: Sequence[str | Path],
    after: Sequence[str | Path],
    records: Sequence[str | Path],
    *,
    samples: int = 4,
) -> Figure:
    """Make Figure 5 from a study's files.

    Parameters
    ----------
    videos : list of str or Path
        Standardised videos, ``<video>.mp4``; empty where there are none, as of simulated
        poses: they are drawn on white.
    before, after : list of str or Path
        Tracks before and after cleaning, ``<video>.npz``.
    records : list of str or Path
        Records of cleaning, ``<video>.json``.
    samples : int
        Frames to show.

    Returns
    -------
    matplotlib.figure.Figure
        The frames that cleaning changed most in all videos, the worst first, one a video
        as long as there are others.

    Raises
    ------
    ItemError
        Where no video was cleaned.
    """
    named = [{Path(p).stem: p for p in paths} for paths in (videos, before, after, records)]
    needed = named if videos else named[1:]
    names = [n for n in needed[0] if all(n in other for other in needed)]
    if not names:
        raise ItemError(
            "Figure 5 needs a video that was cleaned",
            remedy="Every video was left out: see problems.csv",
        )
    found = []
    for name in names:
        parts = PoseTrack.load(named[1][name]), PoseTrack.load(named[2][name])
        record = read_json(named[3][name])
        worst = worst_frames(*parts, record, samples)
        found += [(rank, -moved, frame, name) for rank, (moved, frame) in enumerate(worst)]
    changed = [f for f in found if f[1] < 0] or found
    chosen = sorted(changed)[:samples]
    shown = []
    for name in dict.fromkeys(name for *_, name in chosen):
        parts = PoseTrack.load(named[1][name]), PoseTrack.load(named[2][name])
        frames = [frame for *_, frame, n in chosen if n == name]
        images = pictures_or_white(named[0].get(name), parts[0], frames)
        record = read_json(named[3][name])
        shown += [(name, f, images[f], *parts, record) for f in frames]
    figure = draw(shown)
    figure.suptitle("Before and after cleaning")
    return figure
