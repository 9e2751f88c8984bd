"""How a segment of dance moves, without music: energy, jerk, freezes, seams, limbs, feet."""

import numpy as np

from choreo.evaluation.foot_sliding import foot_sliding
from choreo.pose.skeletons import OPENPOSE18

STILL = 8.0
"""A frame is frozen where the joints' mean speed is under this many canvas pixels a second.

The canvas is 320 high and a dancer about 200: 4% of the body's height a second."""

_LIMBS = np.array(OPENPOSE18.limbs)


def motion_quality(segments):
    """Measure how each segment moves.

    Parameters
    ----------
    segments : Segments

    Returns
    -------
    dict of str to ndarray, shape (N,)
        `energy`: mean squared speed of the joints, px^2/s^2. `jerk`: mean length of the
        third derivative, px/s^3. `freeze`: share of frame intervals that are frozen
        (`STILL`). `limb_drift`: standard deviation of each limb's length over its mean,
        mean over the limbs (not 0 for a real dancer, whom a camera sees foreshortened).
        `out_of_frame`: share of joints outside the canvas. `foot_sliding`: of
        `choreo.evaluation.foot_sliding`, torsos a second; NaN where no foot is planted.
        `seam_jump`: mean way of the joints, in px, from the last frame of the segment before
        in the same dance; NaN where there is none. `step`: mean way from one frame to the
        next, in px.
    """
    pixels = np.asarray(segments.pixels, float)
    fps = segments.fps
    velocity = np.diff(pixels, axis=1) * fps
    speed = np.linalg.norm(velocity, axis=-1)
    jerk = np.linalg.norm(np.diff(velocity, n=2, axis=1), axis=-1) * fps**2
    ends = pixels[:, :, _LIMBS]
    lengths = np.linalg.norm(ends[..., 0, :] - ends[..., 1, :], axis=-1)
    mean = lengths.mean(1)
    drift = np.divide(lengths.std(1), mean, out=np.zeros_like(mean), where=mean > 0)
    outside = (pixels < 0) | (pixels > np.array(segments.canvas))
    return {
        "energy": (speed**2).mean((1, 2)),
        "jerk": jerk.mean((1, 2)),
        "freeze": (speed.mean(2) < STILL).mean(1),
        "limb_drift": drift.mean(1),
        "out_of_frame": outside.any(-1).mean((1, 2)),
        "foot_sliding": foot_sliding(pixels, fps),
        "seam_jump": seam_jumps(segments),
        "step": speed.mean((1, 2)) / fps,
    }


def seam_jumps(segments):
    """Mean way of the joints from the end of the segment before to each segment's start.

    Parameters
    ----------
    segments : Segments

    Returns
    -------
    ndarray, shape (N,)
        Canvas pixels; NaN where the segment before is not among `segments`.
    """
    seconds = segments.pixels.shape[1] / segments.fps
    keys = [
        (dance, round(start * segments.fps))
        for dance, start in zip(segments.dances, segments.starts)
    ]
    where = {key: i for i, key in enumerate(keys)}
    jumps = np.full(len(segments), np.nan)
    for i, (dance, frame) in enumerate(keys):
        before = where.get((dance, frame - round(seconds * segments.fps)))
        if before is not None:
            way = segments.pixels[i, 0] - segments.pixels[before, -1]
            jumps[i] = np.linalg.norm(way, axis=-1).mean()
    return jumps
