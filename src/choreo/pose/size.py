"""How large a dancer is in the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from choreo.pose.track import PoseTrack


def body_size(keypoints: np.ndarray):
    """Median diagonal of the box around the joints.

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)
        Pixels; NaN where there is none.

    Returns
    -------
    float
        Pixels; 1 where there is nothing to measure.
    """
    extent = np.fmax.reduce(keypoints, axis=1) - np.fmin.reduce(keypoints, axis=1)
    diagonal = np.hypot(*extent.T)
    diagonal = diagonal[np.isfinite(diagonal)]
    return max(float(np.median(diagonal)), 1.0) if diagonal.size else 1.0


def _positions(track, *joints):
    """Positions of joints by name, each float64 of shape (T, 2)."""
    return [track.keypoints[:, track.joints.index(joint)].astype(float) for joint in joints]


def _middle(track, joint):
    return np.mean(_positions(track, f"left_{joint}", f"right_{joint}"), axis=0)


def torso_px(track: PoseTrack) -> np.ndarray:
    """Length of the torso in each frame: shoulders' midpoint to hips' midpoint.

    Returns
    -------
    ndarray of float, shape (T,)
        Pixels; NaN where one of the four joints is absent.
    """
    return np.hypot(*(_middle(track, "shoulder") - _middle(track, "hip")).T)


def height_px(track: PoseTrack) -> np.ndarray:
    """Height of the dancer in each frame, whatever the posture, along the body.

    From the nose over the shoulders' and the hips' midpoints down the legs (mean of both):
    a squat or a raised arm does not change it, turning a limb towards the camera does.

    Returns
    -------
    ndarray of float, shape (T,)
        Pixels; NaN where one of these joints is absent.
    """
    (nose,) = _positions(track, "nose")
    legs = []
    for side in ("left", "right"):
        hip, knee, ankle = _positions(track, *(f"{side}_{j}" for j in ("hip", "knee", "ankle")))
        legs.append(np.hypot(*(hip - knee).T) + np.hypot(*(knee - ankle).T))
    neck = np.hypot(*(nose - _middle(track, "shoulder")).T)
    return neck + torso_px(track) + np.mean(legs, axis=0)
