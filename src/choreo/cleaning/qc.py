"""Pictures to judge cleaning by: one page a clip, and all methods side by side."""

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from choreo import MADE_BY, figures
from choreo.cleaning.clean import clean
from choreo.cleaning.figure5 import pictures_or_white, worst_frames
from choreo.config.cleaning import UNUSED
from choreo.pose.misdetections import THRESHOLD_PX, displacement, joints_in_use, missing_frames
from choreo.pose.runs import spans
from choreo.poses.pictures import crop, show_pose

_KEPT, _REMOVED, _FILLED, _EMPTY = range(4)
_STATES = {
    "kept": "0.88",
    "removed and replaced": figures.COLOURS[2],
    "absent and filled": figures.COLOURS[6],
    "left empty": "0.15",
}


def timeline(figure, before, after, record, *, title):
    """Draw what cleaning found and did in one clip, over time.

    Parameters
    ----------
    figure : matplotlib.figure.Figure or matplotlib.figure.SubFigure
        Where to.
    before, after : PoseTrack
    record : dict
        Of `choreo.cleaning.clean.clean`.
    title : str
        Heading, such as the video's name.

    Returns
    -------
    (matplotlib.axes.Axes, matplotlib.axes.Axes)
        Above, max |X_i - X_(i-1)| in pixels before and after; below, bars of missing,
        flagged and repaired frames and of those left without a whole pose.
    """
    curve, bars = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.4))
    seconds = np.arange(len(before)) / before.fps
    for label, track, colour, line in (
        ("before", before, figures.COLOURS[2], "--"),
        ("after", after, figures.COLOURS[1], "-"),
    ):
        curve.plot(seconds, displacement(track.keypoints), line, color=colour, label=label)
    threshold = record["threshold_px"]
    if threshold:
        curve.axhline(threshold, color="0.4", linestyle=":", label="threshold")
    # Linear up to the threshold, logarithmic above; the legend has the room at the top.
    linear = threshold or THRESHOLD_PX
    curve.set_yscale("symlog", linthresh=linear, linscale=2)
    top = max(curve.dataLim.y1, linear)
    curve.set_ylim(0, 4 * top)
    marks = [linear / 2, *(linear * 10.0**power for power in range(8))]
    curve.set_yticks([0, *(mark for mark in marks if mark <= 2 * top)])
    curve.yaxis.set_major_formatter("{x:g}")
    curve.yaxis.set_minor_locator(NullLocator())
    curve.set_ylabel("displacement (px)")
    curve.legend(loc="upper right", ncols=3)
    curve.set_title(f"{title}\n{_counts(record)}")
    flagged = np.zeros(len(before), bool)
    flagged[record["flagged"]] = True
    used = joints_in_use(before.keypoints)
    rows = (
        ("missing", missing_frames(before.keypoints), "0.15"),
        ("flagged", flagged, figures.COLOURS[2]),
        ("repaired", after.repaired.any(1), figures.COLOURS[1]),
        ("left empty", ~after.given[:, used].all(1), "0.5"),
    )
    for y, (_, mask, colour) in enumerate(rows):
        shown = spans(mask, before.fps)
        # An edge of its own colour, so that one frame of a long clip is still seen.
        bars.broken_barh(shown, (-y - 0.4, 0.8), facecolor=colour, edgecolor=colour, linewidth=0.8)
    bars.set_yticks([-y for y in range(len(rows))], [name for name, *_ in rows])
    bars.set_ylim(-len(rows) + 0.4, 0.6)
    bars.set_xlim(0, len(before) / before.fps)
    bars.set_xlabel("seconds")
    return curve, bars


def _counts(record):
    text = (
        f"{record['method']}: {record['missing']} missing, {record['incorrect']} incorrect, "
        f"{record['repaired_frames']} of {record['frames']} frames repaired, longest gap "
        f"{record['longest_gap_seconds']:.2f} s"
    )
    beats = record.get("motion_beats")
    if not beats:
        return text
    lines = [f"motion beats: {beats['before']} before, {beats['after']} after"]
    for key, label in (
        ("f_of_before", "F against those before"),
        ("f_of_truth_before", "F against the truth before"),
        ("f_of_truth_after", "after"),
    ):
        if beats.get(key) is not None:
            lines.append(f"{label} {beats[key]:.3f}")
    return f"{text}\n{', '.join(lines)}"


def _show_worst(figure, before, after, record, video, count):
    worst = worst_frames(before, after, record, count)
    images = pictures_or_white(video, before, [frame for _, frame in worst])
    axes = figure.subplots(2, len(worst), squeeze=False)
    for column, (moved, frame) in enumerate(worst):
        part = crop([before, after], frame)
        for row, (label, track) in enumerate((("before", before), ("after", after))):
            axis = axes[row, column]
            show_pose(axis, images[frame], part, track, frame)
            if column == 0:
                axis.set_ylabel(label)
        what = f"{moved:.0f} px" if record["flagged"] else "nothing flagged"
        axes[0, column].set_title(f"{frame / before.fps:.2f} s: {what}")


def page(before, after, record, *, title, video=None, frames=4):
    """Draw the quality-control page of one clip.

    Parameters
    ----------
    before, after : PoseTrack
    record : dict
        Of `choreo.cleaning.clean.clean`, with `choreo.cleaning.beats.beats_record` as
        ``motion_beats`` where it is to be shown.
    title : str
        Heading, such as the video's name.
    video : str or Path, optional
        The standardised video; without it poses are drawn on white.
    frames : int
        How many of the frames that cleaning changed most are shown at most.

    Returns
    -------
    matplotlib.figure.Figure
        The clip's `timeline`; below, the frames that cleaning changed most, before and
        after, one a run of flagged frames, headed by how far the farthest joint moved.
    """
    with figures.matplotlib.rc_context(figures.STYLE):
        figure = figures.plt.figure(figsize=(11, 9), layout="constrained")
        above, below = figure.subfigures(2, 1, height_ratios=(1, 1.1))
        timeline(above, before, after, record, title=title)
        _show_worst(below, before, after, record, video, frames)
    return figure


def write(figure, path):
    """Write a page as PNG, the same bytes for the same input, and close it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : str or Path
    """
    figures.write(figure, path, format="png", dpi=100, metadata={"Software": MADE_BY})


def left_out(title, message):
    """Draw the page of a clip that was left out: its name, and why."""
    figure, axis = figures.new(figsize=(11, 2))
    axis.set_axis_off()
    axis.set_title(f"{title}: left out of the study")
    axis.text(0.5, 0.5, message, ha="center", va="center", wrap=True, transform=axis.transAxes)
    return figure


def states(before, after):
    """What became of every joint.

    Parameters
    ----------
    before, after : PoseTrack

    Returns
    -------
    ndarray of int, shape (T, J)
        0 kept, 1 removed and replaced, 2 absent and filled in, 3 left empty.
    """
    found = np.full(before.given.shape, _KEPT)
    found[after.repaired & before.given] = _REMOVED
    found[after.repaired & ~before.given] = _FILLED
    found[~after.given] = _EMPTY
    return found


def comparison(track, *, title, video=None, methods=tuple(UNUSED), **settings):
    """Clean a track by every method and draw what each flagged and filled.

    Parameters
    ----------
    track : PoseTrack
        As the estimator gave it.
    title : str
    video : str or Path, optional
        The standardised video; without it poses are drawn on white.
    methods : sequence of str
        See `choreo.cleaning.clean.clean`.
    **settings
        Of `choreo.cleaning.clean.clean`; each method gets those that it uses.

    Returns
    -------
    matplotlib.figure.Figure
        A row a method: joints over time with what became of each, and the frame that the
        method changed most, before and after.

    Raises
    ------
    ItemError
        Where a method can't clean the track.
    """
    used = np.flatnonzero(joints_in_use(track.keypoints))
    names = [track.joints.joints[joint].replace("_", " ") for joint in used]
    rows = len(methods)
    height = 1.2 + rows * max(2.6, 0.15 * len(used))
    with figures.matplotlib.rc_context(figures.STYLE):
        figure = figures.plt.figure(figsize=(14, height), layout="constrained")
        grid = figure.add_gridspec(rows, 3, width_ratios=(4, 1, 1))
        for row, method in enumerate(methods):
            used_here = {k: v for k, v in settings.items() if k not in UNUSED[method]}
            after, record = clean(track, method=method, **used_here)
            _raster(figure.add_subplot(grid[row, 0]), track, after, record, used, names)
            axes = [figure.add_subplot(grid[row, column]) for column in (1, 2)]
            (_, frame), *_ = worst_frames(track, after, record, 1)
            picture = pictures_or_white(video, track, [frame])[frame]
            part = crop([track, after], frame)
            for axis, label, shown in zip(axes, ("before", "after"), (track, after)):
                show_pose(axis, picture, part, shown, frame)
                axis.set_title(f"{label}, {frame / track.fps:.2f} s")
        handles = [Patch(facecolor=colour, label=label) for label, colour in _STATES.items()]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
        figure.suptitle(title)
    return figure


def _raster(axis, before, after, record, used, names):
    axis.imshow(
        states(before, after)[:, used].T,
        cmap=ListedColormap(list(_STATES.values())),
        vmin=_KEPT,
        vmax=_EMPTY,
        aspect="auto",
        interpolation="nearest",
        extent=(0, before.seconds, len(used) - 0.5, -0.5),
    )
    axis.grid(False)
    axis.set_yticks(range(len(used)), names, fontsize=6)
    axis.set_xlabel("seconds")
    removed = int((after.repaired & before.given).sum())
    axis.set_title(
        f"{record['method']}: {len(record['flagged'])} frames flagged, "
        f"{removed} of {int(before.given.sum())} joints replaced"
    )
