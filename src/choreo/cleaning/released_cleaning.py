"""Cleaning as the thesis's released code did it, to compare with its numbers.

It differs from the text of the thesis (section 3.3):

- the previous frame is the previous entry that was kept (or dropped as a later one of a
  run), whatever gap lies between, and the first entry is always kept, even a bad one;
- the first entry of a run of misdetections is dropped and counted; later ones are dropped,
  **not counted**, and become the pose to compare with;
- missing frames are the gaps between frame numbers, those before the first entry not
  counted; frames before the first entry are **extrapolated**, those after the last kept
  one are not recovered;
- another rate is reached by taking every n-th frame after cleaning.

The released code holds 17 joints; the same rules are applied here to any number.
"""

import numpy as np
from scipy.interpolate import make_interp_spline

from choreo.errors import ItemError
from choreo.pose.misdetections import THRESHOLD_PX


def filter_entries(frame, keypoints, threshold_px=THRESHOLD_PX):
    """Decide which entries are kept.

    Parameters
    ----------
    frame : sequence of int, length N
        Frame number of each entry, in the file's order.
    keypoints : ndarray of float64, shape (N, J, 2)
        Pixels, without NaN.
    threshold_px : float
        Pixels.

    Returns
    -------
    kept : list of int
        Indices of the entries that are kept.
    missing, incorrect : int
        As the released code counts them.

    Raises
    ------
    ItemError
        Where there is no entry (the released code stops there).
    """
    if not len(frame):
        raise ItemError(
            "there is no person to clean", remedy="Check that the estimator found someone"
        )
    at = frame[0] - 1
    previous = None
    in_run = False
    kept, missing, incorrect = [], 0, 0
    for index, (number, pose) in enumerate(zip(frame, keypoints)):
        if number == at:
            continue
        # A number that goes backwards still moves the count on by one.
        missing += max(number - at - 1, 0)
        at = max(number, at + 1)
        if previous is not None and np.abs(pose - previous).max() > threshold_px:
            if in_run:
                previous = pose
            else:
                incorrect += 1
            in_run = True
            continue
        kept.append(index)
        previous = pose
        in_run = False
    return kept, missing, incorrect


def recover(frame, keypoints):
    """Poses of all frames from 0 to the last kept one, from one spline a coordinate.

    Parameters
    ----------
    frame : sequence of int, length N
        Frame numbers of the kept entries.
    keypoints : ndarray of float64, shape (N, J, 2)
        Pixels, without NaN.

    Returns
    -------
    ndarray of float64, shape (last + 1, J, 2)
        Kept frames unchanged, the others from the cubic not-a-knot spline through all
        kept ones, which is extrapolated to frame 0.

    Raises
    ------
    ItemError
        Where fewer than 4 frames are kept, or their numbers do not increase (the released
        code stops there).
    """
    if len(frame) < 4:
        raise ItemError(
            "`released` cleaning needs at least 4 frames that are kept",
            value=len(frame),
            remedy="Use method thesis",
        )
    if (np.diff(frame) <= 0).any():
        raise ItemError(
            "`released` cleaning needs frame numbers that increase",
            remedy="Use method thesis, which sorts the frames",
        )
    spline = make_interp_spline(frame, keypoints, k=3)
    out = spline(np.arange(frame[-1] + 1))
    out[frame] = keypoints
    return out


def clean_entries(frame, keypoints, *, fps=30, threshold_px=THRESHOLD_PX):
    """Filter and recover the entries of a 30-fps video as the released code did.

    Parameters
    ----------
    frame : sequence of int, length N
        Frame number of each entry, in the file's order.
    keypoints : ndarray of float64, shape (N, J, 2)
        Pixels; NaN stands for the 0 that is written where a joint is absent.
    fps : int
        Rate of the output: every (30 // fps)-th frame is taken after cleaning.
    threshold_px : float
        Pixels.

    Returns
    -------
    dict
        kept : list of int, frame numbers that are kept
        missing, incorrect : int, as the released code counts them
        frames : list of int, frame numbers of the output
        keypoints : ndarray of float64, shape (len(frames), J, 2), pixels

    Raises
    ------
    ItemError
        Where the released code stops.
    """
    frame = np.asarray(frame, int)
    keypoints = np.nan_to_num(keypoints)
    kept, missing, incorrect = filter_entries(frame.tolist(), keypoints, threshold_px)
    recovered = recover(frame[kept], keypoints[kept])
    step = 30 // fps
    return {
        "kept": frame[kept].tolist(),
        "missing": missing,
        "incorrect": incorrect,
        "frames": list(range(0, len(recovered), step)),
        "keypoints": recovered[::step],
    }
