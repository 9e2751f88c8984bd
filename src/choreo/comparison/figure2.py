"""Figure 2 of the thesis: sample poses of every estimator on the same frames."""

from pathlib import Path

import numpy as np

from choreo import figures
from choreo.displacement import flag_misdetections, missing_frames, partial_frames
from choreo.errors import ItemError
from choreo.poses.pictures import crop, pictures, show_pose
from choreo.track import PoseTrack


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


def draw(samples, tracks):
    """Draw poses side by side: a column an estimator, two rows a frame (video, white).

    Parameters
    ----------
    samples : list of (int, ndarray)
        Frame number and its RGB picture.
    tracks : dict of str to PoseTrack
        Estimator -> its track of the same video.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = 2 * len(samples)
    parts = [crop(list(tracks.values()), frame) for frame, _ in samples]
    shape = max((p[1].stop - p[1].start) / (p[0].stop - p[0].start) for p in parts)
    width = max(2.9 * min(shape, 2.0), 2.2)
    figure, axes = figures.new(
        rows, len(tracks), figsize=(width * len(tracks) + 0.5, 3 * rows + 0.6), squeeze=False
    )
    for r, ((frame, picture), part) in enumerate(zip(samples, parts)):
        for c, (name, track) in enumerate(tracks.items()):
            grounds = {"on the video": picture, "on white": np.full_like(picture, 255)}
            for axis, (where, ground) in zip(axes[2 * r :, c], grounds.items()):
                show_pose(axis, ground, part, track, frame)
                if c == 0:
                    axis.set_ylabel(f"{frame / track.fps:.2f} s, {where}")
            if r == 0:
                axes[0, c].set_title(f"{name}\n{int(track.given.any(0).sum())} joints")
            if not track.given[frame].any():
                axes[2 * r + 1, c].set_xlabel("nobody found")
    return figure


def figure2(videos, tracks, *, estimators, samples=2):
    """Make Figure 2 from a study's files.

    Parameters
    ----------
    videos : list of str or Path
        Standardised videos, ``<video>.mp4``.
    tracks : list of str or Path
        ``<estimator>/<video>.npz``.
    estimators : list of str
        Order of the columns.
    samples : int
        Frames to show.

    Returns
    -------
    matplotlib.figure.Figure
        Of the first video for which the most estimators have a track.

    Raises
    ------
    ItemError
        Where no video has a track.
    """
    of = {}
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
    frames = common_frames(list(loaded.values()), samples)
    size = next(iter(loaded.values())).size
    found = pictures(video, size, frames)
    figure = draw([(f, found[f]) for f in frames if f in found], loaded)
    figure.suptitle(f"Sample poses, {video.stem}")
    return figure
