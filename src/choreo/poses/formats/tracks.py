"""From everyone of a file to the track of its dancer."""

from pathlib import Path

import numpy as np

from choreo.poses.selection import dancer_track, frames_without


def alone(detections):
    """Poses of a file in which no frame has two people.

    Nothing is chosen then, whatever numbers they have, so that a pose that jumps about
    stays in the track, to be counted and cleaned.

    Parameters
    ----------
    detections : Detections

    Returns
    -------
    ndarray of int or None
        Indices of the detections with joints; None where there is none, or where a frame
        has two.
    """
    members = np.flatnonzero(np.isfinite(detections.keypoints).all(-1).any(1))
    frame = detections.frame[members]
    return members if len(members) and len(np.unique(frame)) == len(frame) else None


def track_of(detections, *, fps, size, meta, source, pick=None, **choice):
    """Make the track of a file.

    Parameters
    ----------
    detections : Detections
        Everyone of the file.
    fps : float
        Frames a second.
    size : tuple of int
        Width and height of the video in pixels.
    meta : dict
        What is known of the estimator.
    source : str or Path
        The file.
    pick : str, optional
        What the user says about the dancer.
    **choice
        Further arguments of `choreo.poses.selection.dancer_track`, which chooses among
        several people.

    Returns
    -------
    PoseTrack

    Raises
    ------
    ItemError
        Where nobody was found.
    """
    members = None if pick else alone(detections)
    if members is not None:
        meta = {**meta, "source": Path(source).name, **frames_without(detections, members)}
        return detections.track(members, fps=fps, size=size, meta=meta)
    return dancer_track(
        detections, fps=fps, size=size, meta=meta, source=source, pick=pick, **choice
    )
