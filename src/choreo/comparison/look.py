"""Look at tracks on their video: an mp4, or a contact sheet, with a timeline of the faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from choreo import MADE_BY, figures, media
from choreo.comparison.figure2 import status
from choreo.comparison.quality import check_same_video
from choreo.drawing import draw_pose
from choreo.errors import ItemError
from choreo.files import ending
from choreo.pose.track import PoseTrack
from choreo.poses.pictures import crop, pictures

MOST_WIDTH = 1920
"""Width in pixels that an mp4 does not exceed."""

MISSING, INCORRECT = (45, 45, 45), (215, 80, 0)
"""RGB of the marks on a timeline: over the whole height, and over its upper part alone."""

SUFFIXES = (".mp4", ".png")

_AREA, _CURSOR = (170, 200, 225), (0, 90, 170)
_HEADER, _STRIP, _LABEL = 26, 44, 150
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class Panel:
    """A track, and what is known about each of its frames.

    Attributes
    ----------
    name : str
    track : PoseTrack
    status : ndarray of str, shape (T,)
        As `choreo.comparison.figure2.status` gives it.
    certainty : ndarray of float, shape (T, J)
        Scores as fractions of the track's own full confidence: 1, or its largest score
        where that is more (a heatmap's peak may be); 0 where there is no joint or score.
    """

    name: str
    track: PoseTrack
    status: np.ndarray
    certainty: np.ndarray

    @classmethod
    def of(cls, name, track):
        """Look at a track."""
        scores = np.where(track.given, np.nan_to_num(track.scores.astype(float)), 0.0)
        return cls(name, track, status(track), np.clip(scores / max(1.0, scores.max()), 0, 1))

    @property
    def confidence(self):
        """Mean certainty of the given joints of each frame, shape (T,); 0 in missing frames."""
        return self.certainty.sum(1) / np.maximum(self.track.given.sum(1), 1)


def track_names(paths: Sequence[Path]) -> list[str]:
    """Short names of tracks by their paths, which tell them apart.

    Returns
    -------
    list of str
        The files' names without suffix; where these are the same, as in
        ``poses/<estimator>/<video>.npz``, the folders' names; else the whole paths.
    """
    for name in (lambda path: path.stem, lambda path: path.absolute().parent.name, str):
        names = [name(path) for path in paths]
        if len(set(names)) == len(names):
            return names
    raise ItemError("the same track is given twice", value=str(paths[0]))


def fit(tracks, frames, size):
    """Make tracks as long as their video.

    Parameters
    ----------
    tracks : dict of str to PoseTrack
    frames : int
        Decoded frames of the video.
    size : tuple of int
        Its width and height.

    Returns
    -------
    dict of str to PoseTrack
        One that ends earlier (an importer may only know the last frame with a person) is
        filled up with missing frames.

    Raises
    ------
    ItemError
        Where a track is longer than the video, of another picture, or of another frame
        rate than the first track.
    """
    fitted = {}
    for name, track in tracks.items():
        if len(track) > frames or track.size != tuple(size):
            raise ItemError(
                f"track {name} has {len(track)} frames of {track.size[0]}x{track.size[1]}, the "
                f"video {frames} of {size[0]}x{size[1]}",
                remedy="Give the video in which it was found",
            )
        absent = frames - len(track)
        fitted[name] = track.with_(
            keypoints=np.pad(
                track.keypoints, ((0, absent), (0, 0), (0, 0)), constant_values=np.nan
            ),
            scores=np.pad(track.scores, ((0, absent), (0, 0)), constant_values=np.nan),
            repaired=None,
        )
        check_same_video(next(iter(fitted.values())), fitted[name], "tracks")
    return fitted


def draw_certainty(image, keypoints, certainty, skeleton):
    """Draw a pose, with a disc on each joint from white (unsure) to black (sure), in place.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, 3)
        RGB.
    keypoints : ndarray, shape (J, 2)
        Pixels; NaN where there is none.
    certainty : ndarray, shape (J,)
        From 0 to 1.
    skeleton : str
        A key of `choreo.pose.skeletons.SKELETONS`.
    """
    draw_pose(image, keypoints, skeleton)
    radius = max(2, round(image.shape[0] / 130))
    for j in np.flatnonzero(np.isfinite(keypoints).all(-1)):
        at = tuple(int(n) for n in np.clip(np.round(keypoints[j] * 16), -1e5, 1e5))
        grey = round(255 * (1 - float(certainty[j])))
        cv2.circle(image, at, radius * 16, (grey,) * 3, -1, cv2.LINE_AA, 4)
        cv2.circle(image, at, radius * 16, (90, 90, 90), 1, cv2.LINE_AA, 4)


def timeline(panels, width, height):
    """Picture of a whole track: its confidence, missing and incorrect frames over time.

    Parameters
    ----------
    panels : Panel
    width, height : int
        Pixels.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB. The area from below is the confidence (full height: full confidence); a frame
        that is missing is dark over the whole height, one that is incorrect or lacks a
        joint is marked over the upper third. A column that stands for several frames
        shows the worst of them.
    """
    image = np.full((height, width, 3), 255, np.uint8)
    frames = len(panels.track)
    if not frames:
        return image
    # Frame i covers the columns from i / frames to (i + 1) / frames, at least one.
    first = np.arange(frames) * width // frames
    last = np.maximum((np.arange(frames) + 1) * width // frames, first + 1)
    mean = panels.confidence
    confidence = np.ones(width)
    worst = np.zeros(width, int)
    for i in range(frames):
        columns = slice(first[i], last[i])
        fault = {"": 0, "missing": 2}.get(panels.status[i], 1)
        worst[columns] = np.maximum(worst[columns], fault)
        confidence[columns] = np.minimum(confidence[columns], mean[i])
    below = np.arange(height)[::-1, None]
    image[below < confidence * height] = _AREA
    image[: height // 3, worst == 1] = INCORRECT
    image[:, worst == 2] = MISSING
    return image


def look(
    video: str | Path,
    tracks: Mapping[str, PoseTrack],
    output: str | Path,
    *,
    size: tuple[int, int],
    fps: float,
    frames: int,
    samples: int = 8,
) -> None:
    """Draw tracks on their video.

    Parameters
    ----------
    video : str or Path
        A standardised video.
    tracks : dict of str to PoseTrack
        Name -> track of this video; may be empty.
    output : str or Path
        ``.mp4``: a panel a track, and below the timelines of all. ``.png``: a contact
        sheet of `samples` frames, half of them spread over the video and half over the
        frames that are missing or incorrect in some track.
    size : tuple of int
        Width and height of the video.
    fps : float
        Its frames a second.
    frames : int
        Its decoded frames.
    samples : int
        Frames of a contact sheet.

    Raises
    ------
    ItemError
        For another suffix, and where tracks and video do not fit together.
    """
    output = Path(output)
    fitted = fit(tracks, frames, size)
    panels = [Panel.of(name, track) for name, track in fitted.items()]
    if ending(output) == ".mp4":
        _write_mp4(video, panels, output, size, fps)
    elif ending(output) == ".png":
        _write_sheet(video, panels, output, size, fps, sheet_frames(panels, frames, samples))
    else:
        raise ItemError(f"a look is written as {' or '.join(SUFFIXES)}", where=output)


def sheet_frames(panels, frames, count):
    """Choose the frames of a contact sheet.

    Parameters
    ----------
    panels : list of Panel
    frames : int
        Of the video.
    count : int
        Frames wanted.

    Returns
    -------
    list of int
        Increasing: up to half of them spread over the frames that are missing or
        incorrect in some track, the others over the video.
    """

    def spread(candidates, n):
        at = ((np.arange(n) + 0.5) * len(candidates) / n).astype(int) if n else []
        return {int(candidates[i]) for i in at}

    faulty = np.flatnonzero(np.any([one.status != "" for one in panels], axis=0)) if panels else []
    chosen = spread(faulty, min(len(faulty), count // 2))
    left = np.setdiff1d(np.arange(frames), list(chosen))
    return sorted(chosen | spread(left, min(len(left), count - len(chosen))))


def _panels(count, size):
    """Columns of the panels, and the size of one, so that all fit into `MOST_WIDTH`."""
    width, height = size
    columns = min(count, 2 if width > height else 4) if count < 5 else 4
    scale = min(1.0, MOST_WIDTH / (columns * width))
    return columns, (max(16, round(width * scale)), max(16, round(height * scale)))


def _text(image, text, at, size=0.5):
    cv2.putText(image, text, at, _FONT, size, (30, 30, 30), 1, cv2.LINE_AA)


def mp4_layout(count, size):
    """Divide the picture of an mp4 into panels and, below them, timelines.

    Parameters
    ----------
    count : int
        Tracks.
    size : tuple of int
        Width and height of the video.

    Returns
    -------
    columns : int
        Of panels.
    panel : tuple of int
        Width and height of one.
    whole : tuple of int
        Width and height of the picture.
    """
    columns, panel = _panels(max(count, 1), size)
    rows = -(-max(count, 1) // columns)
    width = max(columns * panel[0], 480)
    height = rows * (panel[1] + _HEADER) + (count * _STRIP + _HEADER if count else 0)
    return columns, panel, (width, height)


def _write_mp4(video, panels, output, size, fps):
    columns, panel, whole_size = mp4_layout(len(panels), size)
    width, height = whole_size
    strips = [timeline(one, width - _LABEL - 10, _STRIP - 8) for one in panels]
    scale = np.array(panel) / size
    top = height - (len(panels) * _STRIP + _HEADER) if panels else height
    ground = np.full((height, width, 3), 255, np.uint8)
    for row, (one, strip) in enumerate(zip(panels, strips)):
        y = top + row * _STRIP
        ground[y + 4 : y + _STRIP - 4, _LABEL : width - 10] = strip
        cv2.rectangle(ground, (_LABEL, y + 4), (width - 10, y + _STRIP - 5), (120, 120, 120), 1)
        _text(ground, one.name[:18], (8, y + _STRIP // 2 + 5), 0.45)
    if panels:
        _legend(ground, height - 9)
    with (
        media.video_writer(output, whole_size, fps) as write,
        closing(media.read_frames(video, size)) as stream,
    ):
        for frame, picture in enumerate(stream):
            image = ground.copy()
            small = cv2.resize(picture, panel, interpolation=cv2.INTER_AREA)
            for n, one in enumerate(panels or [None]):
                y = n // columns * (panel[1] + _HEADER)
                x = n % columns * panel[0]
                shown = small.copy()
                label = f"{frame / fps:.2f} s"
                if one is not None:
                    track = one.track
                    draw_certainty(
                        shown, track.keypoints[frame] * scale, one.certainty[frame], track.skeleton
                    )
                    _mark(image, one.status[frame], x, y, panel[0])
                    label = f"{one.name[:24]}  {label}  {one.status[frame]}"
                _text(image, label, (x + 8, y + 18))
                image[y + _HEADER : y + _HEADER + panel[1], x : x + panel[0]] = shown
            if panels:
                x = _LABEL + int((frame + 0.5) * strips[0].shape[1] / len(panels[0].track))
                cv2.line(image, (x, top), (x, height - _HEADER), _CURSOR, 2)
            write(image)


def _mark(image, status, x, y, width):
    """Colour the bar over a panel by the fault of the frame."""
    if status:
        colour = MISSING if status == "missing" else INCORRECT
        image[y + _HEADER - 5 : y + _HEADER, x : x + width] = colour


def _legend(image, y):
    x = 8
    for colour, text in (
        (_AREA, "confidence"),
        (MISSING, "missing (whole height)"),
        (INCORRECT, "incorrect or joints missing (top)"),
    ):
        image[y - 9 : y + 1, x : x + 14] = colour
        _text(image, text, (x + 19, y), 0.4)
        x += 32 + cv2.getTextSize(text, _FONT, 0.4, 1)[0][0]


def _write_sheet(video, panels, output, size, fps, chosen):
    if not chosen:
        raise ItemError("there is no frame to look at", where=video)
    found = pictures(video, size, chosen)
    chosen = [frame for frame in chosen if frame in found]
    parts = {f: crop([one.track for one in panels], f) if panels else np.s_[:, :] for f in chosen}
    count = max(len(panels), 1)
    height = 3.7 * count + 0.5 if panels else 2.0
    figure = figures.plt.figure(figsize=(max(1.75 * len(chosen), 7), height), layout="constrained")
    for one, rows in zip(panels or [None], figure.subfigures(count, 1, squeeze=False)[:, 0]):
        heights = (3, 1) if panels else (1,)
        grid = rows.add_gridspec(len(heights), len(chosen), height_ratios=heights)
        for n, frame in enumerate(chosen):
            axis = rows.add_subplot(grid[0, n])
            picture = found[frame].copy()
            title = f"{frame / fps:.2f} s"
            if one is not None:
                track = one.track
                draw_certainty(
                    picture, track.keypoints[frame], one.certainty[frame], track.skeleton
                )
                title += f"\n{one.status[frame]}"
            axis.imshow(picture[parts[frame]])
            axis.set(xticks=[], yticks=[])
            axis.set_title(title, fontsize=8)
        if one is not None:
            rows.suptitle(one.name, fontsize=10, fontweight="bold")
            _draw_timeline(rows.add_subplot(grid[1, :]), one, chosen)
    figures.write(figure, output, metadata={"Software": MADE_BY})


def _draw_timeline(axis, one, chosen):
    seconds = one.track.seconds
    picture = timeline(one, 2400, 90)
    axis.imshow(picture, extent=(0, seconds, 0, 1), aspect="auto", interpolation="nearest")
    for frame in chosen:
        axis.axvline((frame + 0.5) / one.track.fps, color="#0072B2", linewidth=1)
    missing = int((one.status == "missing").sum())
    faulty = int((one.status != "").sum()) - missing
    axis.set(xlabel="time (s)", yticks=[0, 1], xlim=(0, seconds), ylim=(0, 1))
    axis.set_ylabel("confidence", fontsize=8)
    axis.set_title(
        f"{missing} frames missing (dark), {faulty} incorrect or with joints missing (marked "
        "above); blue: frames shown; discs: white unsure, black sure",
        fontsize=8,
        loc="left",
    )
