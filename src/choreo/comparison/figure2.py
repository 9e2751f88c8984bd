"""Figure 2 of the thesis: sample poses of every estimator on the same frames."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from choreo import figures
from choreo.errors import ItemError
from choreo.pose.misdetections import flag_misdetections, missing_frames, partial_frames
from choreo.pose.track import PoseTrack
from choreo.poses.pictures import crop, pictures, show_pose

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_COLUMNS = 4
"""More estimators than these go into further blocks below."""


def common_frames(tracks, count):
    """Choose frames to show: good in every track, spread over the clip.

    Parameters
    ----------
    tracks : list of PoseTrack
        Of the same video.
    count : int
        Frames wanted.

    Returns
    -------
    list of int
        At most `count`, increasing. A frame is best where every estimator has a whole
        person that eq. (1)-(2) does not flag; where there are none such, frames in which
        the most estimators do are taken.
    """
    good = sum(
        ~(
            missing_frames(t.keypoints)
            | partial_frames(t.keypoints)
            | flag_misdetections(t.keypoints)
        )
        for t in tracks
    )
    candidates = np.flatnonzero(good == good.max())
    wanted = (np.arange(count) + 0.5) / count * len(good)
    nearest = np.abs(candidates[None] - wanted[:, None]).argmin(1)
    return sorted({int(i) for i in candidates[nearest]})


def status(track):
    """What eq. (1)-(2) and Table 1 say about each frame of a track.

    Parameters
    ----------
    track : PoseTrack

    Returns
    -------
    ndarray of str, shape (T,)
        "missing", "joints missing", "incorrect", or "" where nothing is wrong.
    """
    keypoints = track.keypoints
    found = np.full(len(track), "", dtype=object)
    found[flag_misdetections(keypoints)] = "incorrect"
    found[partial_frames(keypoints)] = "joints missing"
    found[missing_frames(keypoints)] = "missing"
    return found


def outside(track, frame):
    """Tell whether a pose is there, but no joint of it inside the picture.

    Parameters
    ----------
    track : PoseTrack
    frame : int

    Returns
    -------
    bool
    """
    points = track.keypoints[frame]
    points = points[np.isfinite(points).all(1)]
    return bool(len(points)) and not ((points >= 0) & (points < track.size)).all(1).any()


def layout(count):
    """Divide estimators into blocks of columns that fit a page.

    Parameters
    ----------
    count : int
        Estimators.

    Returns
    -------
    list of range
        One a block, of at most `MOST_COLUMNS` and nearly equal length.
    """
    blocks = -(-count // MOST_COLUMNS)
    columns = -(-count // blocks)
    return [range(start, min(start + columns, count)) for start in range(0, count, columns)]


def draw(samples, tracks):
    """Draw poses side by side: a column an estimator, two rows a frame (video, white).

    Parameters
    ----------
    samples : list of (int, ndarray)
        Frame number and its RGB picture.
    tracks : dict of str to PoseTrack
        Estimator -> its track of the same video. More than four continue below, in
        another block of columns.

    Returns
    -------
    matplotlib.figure.Figure
    """
    names = list(tracks)
    blocks = layout(len(names))
    said = {name: status(track) for name, track in tracks.items()}
    rows, columns = 2 * len(samples) * len(blocks), len(blocks[0])
    parts = [crop(list(tracks.values()), frame) for frame, _ in samples]
    shape = max((p[1].stop - p[1].start) / (p[0].stop - p[0].start) for p in parts)
    height = 3.0 if rows <= 4 else 2.4
    width = height * min(max(shape, 0.7), 2.0)
    figure, axes = figures.new(
        rows, columns, figsize=(width * columns + 0.5, height * rows + 0.6), squeeze=False
    )
    row = 0
    for block in blocks:
        for (frame, picture), part in zip(samples, parts):
            grounds = {"on the video": picture, "on white": np.full_like(picture, 255)}
            for where, ground in grounds.items():
                for axis, n in itertools.zip_longest(axes[row], block):
                    if n is None:
                        axis.set_axis_off()
                        continue
                    track = tracks[names[n]]
                    show_pose(axis, ground, part, track, frame)
                    if outside(track, frame):
                        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8}
                        axis.text(
                            *(0.5, 0.5, "outside the picture"),
                            transform=axis.transAxes,
                            ha="center",
                            va="center",
                            bbox=box,
                        )
                    if n == block[0]:
                        axis.set_ylabel(f"{frame / track.fps:.2f} s, {where}")
                    if (frame, where) == (samples[0][0], "on the video"):
                        axis.set_title(f"{names[n]}\n{int(track.given.any(0).sum())} joints")
                    if where == "on white" and said[names[n]][frame]:
                        axis.set_xlabel(said[names[n]][frame])
                row += 1
    return figure


_SHOWN = 2
"""Frames."""


def figure2(
    videos: Sequence[str | Path],
    tracks: Sequence[str | Path],
    *,
    estimators: Sequence[str],
) -> Figure:
    """Make Figure 2 from a study's files.

    Parameters
    ----------
    videos : list of str or Path
        Standardised videos, ``<video>.mp4``.
    tracks : list of str or Path
        ``<estimator>/<video>.npz``.
    estimators : list of str
        Order of the columns.

    Returns
    -------
    matplotlib.figure.Figure
        Of the first video for which the most estimators have a track.

    Raises
    ------
    ItemError
        Where no video has a track.
    """
    of: dict[str, dict[str, Path]] = {}
    for path in map(Path, tracks):
        of.setdefault(path.stem, {})[path.parent.name] = path
    usable = [Path(v) for v in videos if Path(v).stem in of]
    if not usable:
        raise ItemError(
            "Figure 2 needs a video with a pose track",
            remedy="Every video was left out: see problems.csv",
        )
    video = max(usable, key=lambda v: len(of[v.stem]))
    paths = of[video.stem]
    loaded = {e: PoseTrack.load(paths[e]) for e in estimators if e in paths}
    frames = common_frames(list(loaded.values()), _SHOWN)
    size = next(iter(loaded.values())).size
    found = pictures(video, size, frames)
    figure = draw([(f, found[f]) for f in frames if f in found], loaded)
    figure.suptitle(f"Sample poses, {video.stem}")
    return figure
