"""The picture that shows at a glance whether the right person was followed."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np

from choreo import figures
from choreo.drawing import draw_pose
from choreo.pose.runs import spans
from choreo.poses.pictures import pictures

if TYPE_CHECKING:
    from choreo.pose.track import PoseTrack

SHEET = (2, 4)
"""Rows and columns of frames."""

NAMED = 6
"""Rejected candidates that are drawn and listed."""

_NEAR_SECONDS = 0.25
_BETWEEN_SECONDS = 1.0


def shown_frames(track):
    """Frames for the contact sheet: one of each equal part of the clip.

    Where the path of a rejected candidate has a box in that part, the frame of such a
    box is taken, of the best candidate and nearest to the middle; else the middle itself.

    Parameters
    ----------
    track : PoseTrack

    Returns
    -------
    list of int
        In order, each once.
    """
    edges = np.linspace(0, len(track), SHEET[0] * SHEET[1] + 1)
    chosen = []
    for start, stop in itertools.pairwise(edges):
        middle = int((start + stop) / 2)
        for candidate in _rejected(track):
            frames = [row[0] for row in candidate["path"] if start <= row[0] < stop]
            if frames:
                middle = min(frames, key=lambda frame: (abs(frame - middle), frame))
                break
        chosen.append(middle)
    return sorted(set(chosen))


def box_at(path, frame, fps):
    """Where a candidate was in a frame.

    Parameters
    ----------
    path : list of list of int
        Frame, x, y, width, height of some frames in order.
    frame : int
    fps : float

    Returns
    -------
    tuple of float or None
        x, y, width, height: between two boxes at most a second apart on the line between
        them, or of a box within a quarter of a second; None farther off.
    """
    rows = np.array(path, float)
    at = np.abs(rows[:, 0] - frame).argmin()
    if rows[0, 0] <= frame <= rows[-1, 0]:
        before = np.searchsorted(rows[:, 0], frame, side="right") - 1
        after = min(before + 1, len(rows) - 1)
        if rows[after, 0] - rows[before, 0] <= _BETWEEN_SECONDS * fps:
            return tuple(float(np.interp(frame, rows[:, 0], rows[:, k])) for k in range(1, 5))
    if abs(rows[at, 0] - frame) <= _NEAR_SECONDS * fps:
        return tuple(rows[at, 1:].tolist())
    return None


def picture(track: PoseTrack, video: str | Path, path: str | Path) -> None:
    """Draw a contact sheet of a track on its video.

    Frames spread over the clip with the dancer's skeleton and dashed, numbered boxes of
    the rejected candidates; below, when the dancer was missing and when the others were
    there, and how to choose another of them.

    Parameters
    ----------
    track : PoseTrack
        With the report of `choreo.poses.selection.select_dancer` in ``meta["dancer"]``;
        without it no frame had a second person.
    video : str or Path
        The standardised video.
    path : str or Path
        The .png to write.

    Raises
    ------
    ItemError
        Where the video can't be decoded.
    """
    frames = shown_frames(track)
    found = pictures(video, track.size, frames)
    others = _rejected(track)
    with matplotlib.rc_context(figures.STYLE):
        width, height = track.size
        sheet = 13 / SHEET[1] * height / width * SHEET[0]
        strip = 0.5 + 0.22 * (1 + len(others))
        notes = 0.8 + 0.2 * len(others)
        figure = figures.plt.figure(figsize=(13, sheet + strip + notes + 1.2), layout="constrained")
        top, middle, low = figure.subfigures(3, 1, height_ratios=(sheet + 0.7, strip + 0.4, notes))
        axes = np.ravel(top.subplots(*SHEET))
        for axis in axes:
            axis.set_axis_off()
        for axis, frame in zip(axes, (f for f in frames if f in found)):
            _frame(axis, found[frame], track, others, frame)
        _timeline(middle.subplots(), track, others, frames)
        low.text(0.01, 0.98, _notes(track, others), va="top", family="monospace", fontsize=9)
        top.suptitle(_title(track, Path(path).stem), fontsize=11)
    figures.write(figure, path, metadata={"Software": None})


def _rejected(track):
    return track.meta.get("dancer", {}).get("rejected", [])[:NAMED]


def _seen(track):
    """ndarray of bool, shape (T,): frames with at least one joint of the dancer."""
    return track.given.any(1)


def _title(track, video):
    tool = track.meta.get("estimator", "unknown estimator")
    return f"{video}: {tool}, the dancer found in {_seen(track).mean():.1%} of {len(track)} frames"


def _frame(axis, ground, track, others, frame):
    ground = ground.copy()
    draw_pose(ground, track.keypoints[frame], track.skeleton)
    axis.imshow(ground)
    missing = "" if _seen(track)[frame] else ", dancer missing"
    axis.set_title(f"{frame / track.fps:.2f} s{missing}", fontsize=9, fontweight="normal", pad=3)
    width, height = track.size
    tags = []
    for number, candidate in enumerate(others, 1):
        box = box_at(candidate["path"], frame, track.fps)
        if box is None:
            continue
        x, y, w, h = box
        # White under black dashes: seen on light and dark ground, in colour and in grey.
        for colour, style in (("white", "-"), ("black", (0, (4, 3)))):
            axis.add_patch(
                matplotlib.patches.Rectangle(
                    (x, y), w, h, fill=False, edgecolor=colour, linestyle=style, linewidth=1.2
                )
            )
        at = np.clip([x + w / 2, y], [0.07 * width, 0.09 * height], [0.93 * width, 0.97 * height])
        while any((np.abs(at - other) < [0.15 * width, 0.08 * height]).all() for other in tags):
            at[1] += 0.1 * height
        tags.append(at)
        axis.text(
            *at,
            f"{number}: {candidate['score']:.2f}",
            fontsize=8,
            ha="center",
            va="bottom",
            bbox={"facecolor": "white", "edgecolor": "black", "pad": 1.2, "linewidth": 0.6},
        )
    axis.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))


def _timeline(axis, track, others, frames):
    fps = track.fps
    seen = _seen(track)
    axis.broken_barh(spans(seen, fps), (-0.35, 0.7), color="0.35")
    axis.broken_barh(
        spans(~seen, fps),
        (-0.45, 0.9),
        facecolor="white",
        edgecolor="black",
        hatch="////",
        linewidth=0.5,
    )
    names = ["dancer"]
    for row, candidate in enumerate(others, 1):
        span = (candidate["first"] / fps, (candidate["last"] + 1 - candidate["first"]) / fps)
        axis.broken_barh(
            [span], (row - 0.25, 0.5), facecolor="0.85", edgecolor="black", linestyle="--"
        )
        names.append(str(row))
    for frame in frames:
        axis.axvline(frame / fps, color="black", linewidth=0.8, linestyle=":")
    axis.set(
        xlim=(0, len(track) / fps),
        ylim=(len(others) + 0.6, -0.6),
        yticks=range(len(names)),
        yticklabels=names,
        xlabel="seconds (hatched: dancer missing; dotted: the frames above)",
    )
    axis.grid(False)


def _notes(track, others):
    report = track.meta.get("dancer")
    if report is None:
        return "No frame has a second person: there is nothing to choose."
    chosen = report["chosen"]
    picked = f", picked by {report['pick']}" if "pick" in report else ""
    lines = [
        f"dancer: score {chosen['score']:.2f}{picked}; linked by {report['linker']['name']}; "
        f"{report['rejected_count']} others rejected"
    ]
    if "frames_dropped" in track.meta:
        lines.append(
            f"frames without the dancer: {track.meta['frames_dropped']} where others were found, "
            f"{track.meta['frames_with_nobody']} where nobody was"
        )
    if others:
        lines.append("to choose another, write in the videos table, column dancer_pick:")
    for number, candidate in enumerate(others, 1):
        lines.append(
            f"{number:>3}: {candidate['click']:<18} (score {candidate['score']:.2f}, "
            f"{candidate['frames']} frames, {candidate['height']:.0f} px tall)"
        )
    return "\n".join(lines)
