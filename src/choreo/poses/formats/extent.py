"""Whether poses belong to this picture: its pixels, its size, a dancer's size; and scores."""

import dataclasses

import numpy as np

from choreo.errors import ItemError
from choreo.pose.skeletons import SKELETONS

MOST_OUTSIDE = 0.5
"""Largest share of the joints that may lie outside the picture."""

SMALLEST, LARGEST = 0.03, 4.0
"""Heights or widths of a dancer, in picture heights, between which poses can be a dancer's."""

PART = 0.5
"""Poses that never leave this part of the width and height at the upper left are asked about:
those of a picture of half the size don't."""

ASKED_FROM = 60
"""Poses from which on that is asked: in a second or two a dancer may stay there."""

SMALL_PART = 0.25
"""The same for fewer poses, down to `_FEW`."""

CUT = 0.1
"""Share of joints outside the picture, as sure as those inside, from which is asked."""

MOST_INVERTED = 0.9
"""Share of the poses with the shoulders below the legs from which is asked."""

LARGEST_SCORE = 20.0
"""No estimator gives as much: peaks of heatmaps reach 1, of SimCC's sums about 10."""

LARGEST_PERCENT = 110.0
"""Where scores are percent: peaks of heatmaps that were fitted or rounded go beyond 1 a little."""

_FITS = 0.95
_FEW = 6
_SHARES = 1.5
# Heights of the pictures that poses are found in by mistake, upright ones included.
_USUAL_HEIGHTS = (360, 480, 540, 720, 960, 1080, 1280, 1440, 1920, 2160, 3840)


def in_pixels(detections, size, units, where):
    """Poses in pixels of the picture, after it was checked that they can be that.

    Parameters
    ----------
    detections : Detections
        Everyone of a file.
    size : tuple of int
        Width and height of the video in pixels.
    units : {None, "pixels", "share"}
        What the user says that the coordinates are in. None: pixels, unless the poses
        look like something else, which is refused then.
    where : str or Path
        The file.

    Returns
    -------
    Detections

    Raises
    ------
    ItemError
        Where they are shares of the picture and nobody said so, or the other way round;
        where most joints lie outside the picture; where everyone is smaller or larger than
        a dancer can be, keeps to the upper left quarter, or stands on the head. With the
        picture's size, the extent found and the remedy.
    """
    points = detections.keypoints[np.isfinite(detections.keypoints).all(-1)]
    if not len(points):
        return detections
    low, high = np.percentile(points, 2, axis=0), np.percentile(points, 98, axis=0)
    shares = max(-low.min(), high.max()) <= _SHARES
    if units == "share":
        if not shares or low.min() < -0.5:
            raise ItemError(
                "said to be in shares of the picture, from 0 to 1, but they are not: they reach "
                f"{_reach(points, 2)}",
                where=where,
                remedy="Leave out --units (`units` of the config)",
            )
        scale = np.array(size, float)
        detections = dataclasses.replace(
            detections, keypoints=detections.keypoints * scale, box=detections.box * [*size, *size]
        )
        points = points * scale
    elif shares:
        raise ItemError(
            "the coordinates are shares of the picture, not pixels: it has "
            f"{size[0]}x{size[1]} pixels, and they reach {_reach(points, 3)}",
            where=where,
            remedy="Multiply x by the width and y by the height"
            + (
                ", or say --units share (`units: share` in the config)"
                if low.min() >= -0.1
                else " after bringing -1..1 to 0..1"
            ),
        )
    _check_inside(points, size, where)
    _check_size(detections.keypoints, points, size, where)
    if units is None and len(detections) >= _FEW:
        _check_part(points, high, size, where, len(detections))
    if units is None and len(detections) >= ASKED_FROM:
        _check_cut(detections, size, where)
    if units != "pixels" and len(detections) >= ASKED_FROM:
        _check_upright(detections, where)
    return detections


def scores_to_one(detections, where):
    """Scores that run to 1, of a file that may have percent.

    Parameters
    ----------
    detections : Detections
    where : str or Path
        The file.

    Returns
    -------
    Detections
        With scores divided by 100 where half of them lie above `LARGEST_SCORE` and none above
        `LARGEST_PERCENT`; else as they were.

    Raises
    ------
    ItemError
        Where they are larger than percent.
    """
    scores = detections.scores[np.isfinite(detections.scores) & (detections.scores != 0)]
    if not len(scores) or np.median(scores) <= LARGEST_SCORE:
        return detections
    if scores.max() > LARGEST_PERCENT:
        raise ItemError(
            "scores of joints are no shares and no percent",
            where=where,
            value=f"{scores.max():g} at most, {np.median(scores):g} in the middle",
            remedy="Bring them to 0 to 1, or leave them out where the format allows it",
        )
    return dataclasses.replace(detections, scores=detections.scores / 100)


def _reach(points, digits=0):
    low, high = (np.round(edge, digits) for edge in (points.min(0), points.max(0)))
    return f"from x={low[0]:g}, y={low[1]:g} to x={high[0]:g}, y={high[1]:g}"


def _check_inside(points, size, where):
    if _outside(points, size) <= MOST_OUTSIDE:
        return
    heights = [height for height in _USUAL_HEIGHTS if height > size[1]]
    fitting = [h for h in heights if _outside(points * (size[1] / h), size) <= 1 - _FITS]
    hint = (
        f"; they fit when scaled by {size[1] / fitting[0]:.4g} or less, as if found in a picture "
        f"of {fitting[0]} pixels in height or more"
        if fitting
        else ""
    )
    raise ItemError(
        f"{_outside(points, size):.1%} of the joints lie outside the picture: it has "
        f"{size[0]}x{size[1]} pixels, and they reach {_reach(points)}",
        where=where,
        remedy=f"Poses must be found in the standardised video, not in the original{hint}",
    )


def _outside(points, size):
    return 1 - ((points >= 0) & (points <= size)).all(-1).mean()


def _check_size(keypoints, points, size, where):
    given = np.isfinite(keypoints).all(-1)
    # Of a few joints alone nobody's size can be told.
    seen = keypoints[given.sum(1) >= min(5, keypoints.shape[1])]
    if len(seen) < _FEW:
        return
    extent = np.nanmax(seen, axis=1) - np.nanmin(seen, axis=1)
    # The larger half: bystanders far away may be small.
    tall = float(np.percentile(extent.max(-1), 75))
    if SMALLEST * min(size) <= tall <= LARGEST * max(size):
        return
    small = tall < SMALLEST * min(size)
    raise ItemError(
        f"the people of the file are {'smaller' if small else 'larger'} than a dancer can be: "
        f"{tall:.3g} pixels, in a picture of {size[0]}x{size[1]}; the joints reach "
        f"{_reach(points, 2)}",
        where=where,
        remedy="Coordinates must be pixels of the standardised video, "
        "not metres, percent or pixels of another picture",
    )


def _check_part(points, high, size, where, poses):
    part = PART if poses >= ASKED_FROM else SMALL_PART
    if (high > part * np.array(size)).any():
        return
    percent = high.max() > 40 and points.max() <= 105 and points.min() >= -5
    raise ItemError(
        f"all poses keep to the upper left {'quarter' if part == PART else 'corner'} of the "
        f"picture, as those of a smaller picture do: it has {size[0]}x{size[1]} pixels, and they "
        f"reach {_reach(points)}",
        where=where,
        remedy=(
            "Where they are percent, divide them by 100 and say --units share. " if percent else ""
        )
        + "Give the video in which they were found, or say --units pixels (`units: pixels` in "
        "the config) where the dancer is there",
    )


def _check_cut(detections, size, where):
    """Ask where the joints outside are as sure as the others and fit a larger picture.

    An estimator is less sure of a joint that it can't see; poses of a larger picture have
    the same scores on both sides of an edge that was never there.
    """
    given = np.isfinite(detections.keypoints).all(-1) & np.isfinite(detections.scores)
    points, scores = detections.keypoints[given], detections.scores[given]
    outside = ~((points >= 0) & (points <= size)).all(-1)
    if not len(points) or outside.mean() < CUT or (points < 0).any(-1).mean() >= CUT / 2:
        return
    if np.median(scores[outside]) < 0.9 * np.median(scores[~outside]):
        return
    raise ItemError(
        f"{outside.mean():.1%} of the joints lie outside the picture, and the estimator was as "
        f"sure of them as of the others, as in a larger picture: it has {size[0]}x{size[1]} "
        f"pixels, and they reach {_reach(points)}",
        where=where,
        remedy="Give the video in which they were found, or say --units pixels (`units: pixels` "
        "in the config) where they are right",
    )


def _check_upright(detections, where):
    """Ask where everyone stands on the head all through, as where y goes upwards."""
    names = SKELETONS[detections.skeleton].joints
    heights = []
    for joints in (("shoulder",), ("knee", "ankle")):
        columns = [n for n, name in enumerate(names) if name.endswith(joints)]
        given = np.isfinite(detections.keypoints[:, columns, 1])
        total = np.where(given, detections.keypoints[:, columns, 1], 0).sum(1)
        heights.append(np.where(given.any(1), total / np.maximum(1, given.sum(1)), np.nan))
    told = np.isfinite(heights).all(0)
    inverted = heights[0][told] > heights[1][told]
    if told.sum() < ASKED_FROM or inverted.mean() < MOST_INVERTED:
        return
    raise ItemError(
        f"in {inverted.mean():.0%} of the poses the shoulders are below the knees and ankles, as "
        "where y goes upwards",
        where=where,
        remedy="y must grow from the upper edge of the picture downwards: write its height less y "
        "(of shares 1 less y), or bring the coordinates to pixels and say --units pixels (`units: "
        "pixels` in the config) where they are right",
    )
