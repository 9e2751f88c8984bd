"""Poses of any frame rate at 10 frames a second (thesis section 4.1).

Taking every third frame, as the released code does, folds everything above 5 Hz into
the dance: at 30 fps that is mostly the estimator's jitter. A low-pass filter that
removes it also rounds accents. Here each output pose is the value, at its own time, of
the parabola that fits the frames within 70 ms best (least squares; at 30 fps the five
weights -3, 12, 17, 12, -3 over 35). It lies between the two: a parabola passes
unchanged, so that speed and acceleration at an accent are kept; the window is shorter
than the step and symmetric, so that nothing moves in time; and white jitter loses half
of its variance.
"""

import numpy as np

HALF_WINDOW = 0.07
"""Seconds to each side: two frames at 30 fps, four at 60, one or two at 24."""


def times_at(count, fps, fps_out):
    """Times in seconds of the output frames that lie between the first and last input.

    Parameters
    ----------
    count : int
        Number of input frames; frame i is at ``i / fps``.
    fps, fps_out : float
        Frames a second before and after.

    Returns
    -------
    ndarray of float64
        ``k / fps_out`` for k = 0, 1, ...
    """
    if not count:
        return np.empty(0)
    # 1e-6 of a frame: 149 / 29.97 * 10 must not lose a frame to rounding.
    return np.arange(int((count - 1) / fps * fps_out + 1e-6) + 1) / fps_out


def resample(poses, repaired, fps, fps_out, *, antialias=True):
    """Poses at another frame rate, with exact timing.

    Parameters
    ----------
    poses : ndarray, shape (T, J, 2)
        Any unit; NaN where there is none.
    repaired : ndarray of bool, shape (T, J)
        What cleaning filled in.
    fps, fps_out : float
        Frames a second before and after.
    antialias : bool
        True: the local parabola (see the module's docstring) where the input has more
        frames than the output. False: linear between the two neighbouring frames, which
        at 30 to 10 fps is every third frame.

    Returns
    -------
    poses : ndarray of float64, shape (n, J, 2)
        A joint is NaN where neither way has all the frames it needs.
    repaired : ndarray of bool, shape (n, J)
        True where one of the two neighbouring frames was repaired.
    """
    poses = np.asarray(poses, np.float64)
    position = times_at(len(poses), fps, fps_out) * fps
    nearest = np.round(position)
    # An output that meets an input frame must not need its neighbour.
    position = np.where(np.abs(position - nearest) < 1e-6, nearest, position)
    before = np.floor(position).astype(int)
    after = np.minimum(np.ceil(position).astype(int), max(len(poses) - 1, 0))
    share = (position - before)[:, None, None]
    out = poses[before] * (1 - share) + poses[after] * share
    if antialias and fps > fps_out:
        fitted = _fit(poses, position, fps)
        # Beside a gap the window is incomplete; the neighbours alone may be there.
        out = np.where(np.isfinite(fitted), fitted, out)
    return out, repaired[before] | repaired[after]


def _fit(poses, position, fps):
    """Value at each position (in frames) of the parabola through the frames around it."""
    reach = int(np.ceil(HALF_WINDOW * fps))
    frames = np.round(position).astype(int)[:, None] + np.arange(-reach, reach + 1)
    distance = frames - position[:, None]
    # Only what both sides have: a one-sided fit at the ends would extrapolate jitter.
    room = np.minimum(position, len(poses) - 1 - position)[:, None]
    inside = np.abs(distance) <= np.minimum(HALF_WINDOW * fps, room) + 1e-6
    design = distance[..., None] ** np.arange(3) * inside[..., None]
    # Fewer than four frames determine the parabola or less: nothing is smoothed there.
    fit = inside.sum(1) > 3
    weights = np.zeros(frames.shape)
    weights[fit] = np.linalg.pinv(design[fit])[:, 0]
    gathered = poses[np.clip(frames, 0, len(poses) - 1)]
    # Outside the window a NaN counts for nothing; inside it makes the value NaN.
    gathered = np.where(inside[..., None, None], gathered, 0)
    values = np.einsum("nk,nkjc->njc", weights, gathered)
    values[~fit] = np.nan
    return values
