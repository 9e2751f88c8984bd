"""Gaps in trajectories, and cubic splines across them (thesis section 3.3)."""

import numpy as np
from scipy.interpolate import CubicSpline

from choreo.pose.misdetections import given_joints
from choreo.pose.runs import runs


def bridgeable(keep, max_gap=None):
    """Tell which frames lie in a gap between kept frames that may be bridged.

    Parameters
    ----------
    keep : ndarray of bool, shape (T,)
        Frames whose values are trusted.
    max_gap : float, optional
        Longest gap in frames that is bridged; without it any.

    Returns
    -------
    ndarray of bool, shape (T,)
        Frames before the first and after the last kept frame are never bridged.
    """
    gap = np.zeros(len(keep), bool)
    for first, last in runs(~keep):
        inside = first > 0 and last < len(keep) - 1
        if inside and (max_gap is None or last - first + 1 <= max_gap):
            gap[first : last + 1] = True
    return gap


def fill_gaps(values, keep, fill):
    """Fill frames from a cubic spline through the kept ones, all columns at once.

    The spline is the not-a-knot one through all kept frames, with the frame number as
    its parameter; through three frames it is a parabola, through two a line.

    Parameters
    ----------
    values : ndarray of float, shape (T, C)
        Trajectories; finite in kept frames.
    keep : ndarray of bool, shape (T,)
        Frames that the spline goes through.
    fill : ndarray of bool, shape (T,)
        Frames to fill, each between two kept ones.

    Returns
    -------
    ndarray of float, shape (T, C)
        Kept frames are unchanged; those neither kept nor filled are NaN.
    """
    values = np.asarray(values, float)
    out = np.where(keep[:, None], values, np.nan)
    if fill.any() and values.shape[1]:
        at = np.flatnonzero(keep)
        out[fill] = CubicSpline(at, values[at], extrapolate=False)(np.flatnonzero(fill))
    return out


def fill_linearly(keypoints):
    """Fill each joint's missing frames from a straight line, for what needs every frame.

    Parameters
    ----------
    keypoints : ndarray of float, shape (T, J, 2) or (T, J, 3)
        NaN where there is none.

    Returns
    -------
    ndarray of float, of the same shape
        Before its first and after its last frame a joint stands still; one that is never
        given stays NaN.
    """
    out = keypoints.copy()
    at = np.arange(len(out))
    given = given_joints(out)
    for joint in np.flatnonzero(given.any(0) & ~given.all(0)):
        known = given[:, joint]
        for axis in range(out.shape[2]):
            out[:, joint, axis] = np.interp(at, at[known], out[known, joint, axis])
    return out
