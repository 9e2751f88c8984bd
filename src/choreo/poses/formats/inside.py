"""Whether poses belong to this video: those of another resolution lie beside its picture."""

import numpy as np

from choreo.errors import ItemError

MOST_OUTSIDE = 0.5
"""Largest share of the joints that may lie outside the picture."""

_FITS = 0.95
# Heights of the pictures that poses are found in by mistake, upright ones included.
_USUAL_HEIGHTS = (360, 480, 540, 720, 960, 1080, 1280, 1440, 1920, 2160, 3840)


def check_inside(detections, size, where):
    """Refuse poses of which most lie outside the picture.

    Parameters
    ----------
    detections : Detections
        Everyone of a file.
    size : tuple of int
        Width and height of the video in pixels.
    where : str or Path
        The file.

    Raises
    ------
    ItemError
        Where more than `MOST_OUTSIDE` of all joints lie outside: with the share, both
        extents and, where there is one, the largest usual scale at which they fit.
    """
    keypoints = detections.keypoints
    points = keypoints[np.isfinite(keypoints).all(-1)]
    if not len(points) or _outside(points, size) <= MOST_OUTSIDE:
        return
    low, high = (np.round(edge).astype(int).tolist() for edge in (points.min(0), points.max(0)))
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
        f"{size[0]}x{size[1]} pixels, and they reach from x={low[0]}, y={low[1]} to x={high[0]}, "
        f"y={high[1]}",
        where=where,
        remedy=f"Poses must be found in the standardised video, not in the original{hint}",
    )


def _outside(points, size):
    return 1 - ((points >= 0) & (points <= size)).all(-1).mean()
