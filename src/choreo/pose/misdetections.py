"""How far joints move between frames: equations (1) and (2) of the thesis.

Shared by `choreo.comparison`, which counts misdetections, and `choreo.cleaning`, which
repairs them, so that both mean the same frames.
"""

from __future__ import annotations

import numpy as np

THRESHOLD_PX = 50.0
"""Displacement in pixels above which eq. (1) calls a frame a misdetection."""


def given_joints(keypoints: np.ndarray) -> np.ndarray:
    """Tell where there is a joint.

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)
        Pixels; NaN where there is none.

    Returns
    -------
    ndarray of bool, shape (T, J)
    """
    # Much faster than all(axis=-1) over an axis of two.
    return np.isfinite(keypoints[..., 0]) & np.isfinite(keypoints[..., 1])


def joints_in_use(keypoints: np.ndarray) -> np.ndarray:
    """Tell which joints the estimator gives in at least one frame.

    A joint that it never gives (MediaPipe has no top of the head) is no miss and takes no
    part in eq. (1).

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)

    Returns
    -------
    ndarray of bool, shape (J,)
    """
    return given_joints(keypoints).any(0)


def missing_frames(keypoints: np.ndarray) -> np.ndarray:
    """Tell in which decoded frames nobody was found.

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)

    Returns
    -------
    ndarray of bool, shape (T,)
    """
    return ~given_joints(keypoints).any(1)


def partial_frames(keypoints: np.ndarray) -> np.ndarray:
    """Tell in which frames a person lacks a joint that the estimator gives elsewhere.

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)

    Returns
    -------
    ndarray of bool, shape (T,)
    """
    given = given_joints(keypoints)[:, joints_in_use(keypoints)]
    return given.any(1) & ~given.all(1)


def displacement(keypoints: np.ndarray, steps: int = 1) -> np.ndarray:
    """Largest coordinate difference between each frame and an earlier one, max |X_i - X_prev|.

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)
        Pixels; NaN where there is none.
    steps : int
        How many frames earlier.

    Returns
    -------
    ndarray of float, shape (T,)
        Over x and y of the joints that both frames have. NaN where there is no earlier
        frame or no such joint.
    """
    keypoints = np.asarray(keypoints, float)
    out = np.full(len(keypoints), np.nan)
    if len(keypoints) > steps:
        difference = np.abs(keypoints[steps:] - keypoints[:-steps])
        # fmax passes over NaN without a warning where all of a frame is NaN.
        out[steps:] = np.fmax.reduce(difference.reshape(len(difference), -1), axis=1)
    return out


def flag_misdetections(
    keypoints: np.ndarray, threshold_px: float | np.ndarray = THRESHOLD_PX
) -> np.ndarray:
    """Find misdetections by eq. (1) and (2) of the thesis (section 3.3).

    f(X_i) is true where any coordinate of any joint differs by more than the threshold
    from X_prev. The previous frame is i-2 where f(X_(i-1)) and not f(X_(i-2)), else i-1:
    a lone outlier is stepped over, but in a run of them only the first is, so that a move
    that stays is flagged twice.

    The equations do not say what happens around missing frames; here

    - a frame with nobody has no X: i-1 and i-2 count the decoded frames that hold a
      person, and the frame with nobody is never flagged (it is missing, not incorrect).
      The threshold is what a joint can't travel in one frame, so each missing frame
      between the two that are compared allows for as much again. Without missing frames
      the equations are applied as they stand, with the same threshold for i-2;
    - the first frame with a person has no previous frame and is taken as correct; where
      the second frame would look at i-2, it looks at i-1;
    - a frame that lacks a joint which the estimator gives elsewhere counts as incorrect
      (section 6.1) and is f = true for eq. (2); differences are taken over the joints
      that both frames have.

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)
        Pixels; NaN where there is none.
    threshold_px : float
        Pixels.

    Returns
    -------
    ndarray of bool, shape (T,)
    """
    present = np.flatnonzero(~missing_frames(keypoints))
    poses = np.asarray(keypoints, float)[present]
    partial = partial_frames(keypoints)[present].tolist()
    over_one, over_two = (_over(poses, present, steps, threshold_px) for steps in (1, 2))
    found: list[bool] = []
    for i in range(len(present)):
        step_over = i >= 2 and found[i - 1] and not found[i - 2]
        found.append(partial[i] or (over_two[i] if step_over else over_one[i]))
    flagged = np.zeros(len(keypoints), bool)
    flagged[present] = found
    return flagged


def _over(poses, frame, steps, threshold_px):
    """Eq. (1) for each pose and the one `steps` before it, as a list of bool."""
    missing_between = np.zeros(len(frame))
    missing_between[steps:] = frame[steps:] - frame[:-steps] - steps
    # NaN (no common joint, or no such pose) compares as false.
    return (displacement(poses, steps) > threshold_px * (1 + missing_between)).tolist()
