"""A dance comes to rest: what trembles below the speed of a movement is taken out.

A sampled pose is off by a little in every frame, so that a body that should stand still sways.
First a joint that is slow is smoothed; then frames in which the whole body keeps a pose are
averaged, and only those, by a bilateral filter (Tomasi and Manduchi, 1998) over time: a pause
becomes one, and what moves stays as it was. Lengths are in sizes of the mean pose, times in
seconds, so that neither the canvas nor the rate matters.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from choreo.pose.size import body_size

# Chosen by the corpus's validation songs (docs/models.md).
_SLOW, _FAST = 0.05, 0.14
"""Sizes a second: a slower joint is smoothed wholly, a faster one not at all."""
_SMOOTH = 0.2
"""Seconds: standard deviation of the smoothing."""
_PAUSE = 0.4
"""Seconds: standard deviation of how long a pause is averaged."""
_NEAR = 0.0052
"""Sizes: standard deviation of how far apart poses of one pause are, root mean square."""


def settle(
    poses: np.ndarray, mean: np.ndarray, canvas: tuple[int, int], fps: int, *, loop: bool = False
) -> np.ndarray:
    """Take the tremble out of slow joints and pauses.

    Parameters
    ----------
    poses : ndarray, shape (T, J, 2)
        In [-1, 1] of the canvas.
    mean : ndarray, shape (J, 2)
        Mean pose of the dances that were learned from, likewise.
    canvas : tuple of int
        Width and height in pixels.
    fps : int
        Poses a second.
    loop : bool
        Whether the last frame is followed by the first.

    Returns
    -------
    ndarray of float32, shape (T, J, 2)
    """
    half = np.asarray(canvas, float) / 2
    size = body_size((mean * half)[None])
    mode = "wrap" if loop else "nearest"
    body = poses * half / size
    smooth = gaussian_filter1d(body, _SMOOTH * fps, axis=0, mode=mode)
    speed = np.linalg.norm(_differences(smooth, loop), axis=-1) * fps
    speed = gaussian_filter1d(speed, 0.1 * fps, axis=0, mode=mode)
    kept = np.clip((speed - _SLOW) / (_FAST - _SLOW), 0, 1)
    kept = kept**2 * (3 - 2 * kept)
    body = _averaged_pauses(smooth + kept[..., None] * (body - smooth), fps, loop)
    return (body * size / half).astype(np.float32)


def _differences(poses, loop):
    """From frame to frame, as many as there are frames: central, at the ends one-sided."""
    if loop:
        return (np.roll(poses, -1, axis=0) - np.roll(poses, 1, axis=0)) / 2
    return np.gradient(poses, axis=0) if len(poses) > 1 else np.zeros_like(poses)


def _averaged_pauses(poses, fps, loop):
    """Each frame averaged with those near it in time and in pose."""
    spread = _PAUSE * fps
    reach = round(3 * spread)
    frames = np.arange(len(poses))
    total, weights = np.zeros_like(poses), np.zeros(len(poses))
    for away in range(-reach, reach + 1):
        at = frames + away
        at = at % len(poses) if loop else np.clip(at, 0, len(poses) - 1)
        apart = np.square(poses[at] - poses).sum(-1).mean(1)
        weight = np.exp(-0.5 * (away / spread) ** 2 - 0.5 * apart / _NEAR**2)
        total += weight[:, None, None] * poses[at]
        weights += weight
    return total / weights[:, None, None]
