"""Kinetic features of a segment of dance: how fast and how abruptly each joint moves."""

import numpy as np

from choreo.errors import ItemError


def kinetic_features(pixels, fps):
    """Mean squared speed and mean acceleration of every joint (FID_k of AIST++, in 2-D).

    The feature that AIST++'s published code computes divides only the earlier position
    by the time step, so that it grows with the distance from the origin. Here speed is
    the difference of positions over time: moving the dancer changes nothing.

    Parameters
    ----------
    pixels : ndarray, shape (N, T, J, 2)
        Positions in one unit for x and y, such as canvas pixels; T at least 3.
    fps : float
        Frames a second.

    Returns
    -------
    ndarray, shape (N, 3 J)
        For all joints the mean of the squared horizontal speed (px^2/s^2), then of the
        squared vertical speed, then of the length of the acceleration (px/s^2).

    Raises
    ------
    ItemError
        Where a segment has fewer than 3 frames.
    """
    pixels = np.asarray(pixels, float)
    if pixels.ndim != 4 or pixels.shape[1] < 3:
        raise ItemError(
            "kinetic features need segments of at least 3 frames, shape (N, T, J, 2)",
            value=pixels.shape,
        )
    velocity = np.diff(pixels, axis=1) * fps
    acceleration = np.linalg.norm(np.diff(velocity, axis=1) * fps, axis=-1)
    power = (velocity**2).mean(1)
    return np.concatenate([power[..., 0], power[..., 1], acceleration.mean(1)], axis=-1)
