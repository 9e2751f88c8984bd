"""From everyone of a file to the track of its dancer."""

from pathlib import Path

import numpy as np

from choreo.poses.selection import dancer_track


def is_one_person(detections):
    """Tell whether the file itself says that all its poses are of one person.

    They have all the same label, at most one in each frame. Nothing is chosen then, so
    that a pose that jumps about stays in the track, to be counted and cleaned. A label of
    0 says nothing: AlphaPose gives it to everyone where it follows nobody.

    Parameters
    ----------
    detections : Detections

    Returns
    -------
    bool
    """
    label, frame = detections.label, detections.frame
    return bool(
        len(label)
        and label[0] > 0
        and (label == label[0]).all()
        and len(np.unique(frame)) == len(frame)
    )


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
    if is_one_person(detections) and not pick:
        everyone = np.arange(len(detections))
        return detections.track(
            everyone, fps=fps, size=size, meta={**meta, "source": Path(source).name}
        )
    return dancer_track(
        detections, fps=fps, size=size, meta=meta, source=source, pick=pick, **choice
    )
