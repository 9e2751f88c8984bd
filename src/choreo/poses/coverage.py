"""The floor under every tool that finds people: in how few frames it is no result any more."""

import numpy as np

from choreo.errors import ItemError

MIN_COVERAGE = 0.02
"""Least share of the frames with somebody in them; below it something is wrong."""


def check_coverage(detections, *, tool, where, remedy):
    """Refuse an output with nobody, or with somebody in less than `MIN_COVERAGE` of the frames.

    Parameters
    ----------
    detections : Detections
        Everyone that the tool found.
    tool : str
        Its name, for the message.
    where : str or Path
        The video.
    remedy : str
        What is likely wrong with this tool.

    Returns
    -------
    int
        Frames with somebody in them.

    Raises
    ------
    ItemError
    """
    seen, frames = len(np.unique(detections.frame)), detections.frames
    if seen < max(MIN_COVERAGE * frames, 1):
        what = "nobody in any" if not seen else f"somebody in only {seen}"
        raise ItemError(f"{tool} found {what} of {frames} frames", where=where, remedy=remedy)
    return seen
