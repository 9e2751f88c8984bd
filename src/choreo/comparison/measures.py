"""Measures that do not ask an estimator how sure it is: jitter, limb lengths, distances.

They are taken over the limb joints that every skeleton has, and over samples that all
estimators of a video have in common, so that each is measured on the same dance.
"""

from itertools import pairwise

import numpy as np

LIMB_JOINTS = tuple(
    f"{side}_{joint}"
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
)
"""The 12 joints that all skeletons have, and that dances are made of."""

LIMBS = tuple(
    tuple(LIMB_JOINTS.index(f"{side}_{joint}") for joint in bone)
    for chain in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"))
    for bone in pairwise(chain)
    for side in ("left", "right")
)
"""Upper arms, forearms, thighs and shins: pairs of indices into `LIMB_JOINTS`."""


def limb_joints(track):
    """Positions and scores of the limb joints of a track.

    Parameters
    ----------
    track : PoseTrack

    Returns
    -------
    keypoints : ndarray of float64, shape (T, 12, 2)
        Pixels, in the order of `LIMB_JOINTS`; NaN where there is none.
    scores : ndarray of float64, shape (T, 12)
        NaN where there is no joint.
    """
    index = [track.joints.index(joint) for joint in LIMB_JOINTS]
    keypoints = track.keypoints[:, index].astype(float)
    given = np.isfinite(keypoints).all(-1)
    keypoints[~given] = np.nan
    return keypoints, np.where(given, track.scores[:, index], np.nan).astype(float)


def jitter(keypoints, fps, unit):
    """Mean acceleration of the joints: what shakes, and what the dancer does.

    The second difference of each joint's position, times the squared frame rate, in
    `unit`: the measure by which Kanazawa et al. (2019, "Learning 3D human dynamics from
    video") compare how smooth estimates are, in torsos per squared second instead of
    millimetres per squared frame. The dance's own acceleration is part of it, and is the
    same for all estimators on the same samples: what exceeds the truth's, or the
    smallest of the estimators, is jitter.

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)
        Pixels; NaN where a sample does not count. A joint counts in a frame where it is
        given in the frames before and after as well.
    fps : float
    unit : float
        Length of the torso in pixels.

    Returns
    -------
    float or None
        Torsos per second squared; None where no joint is there in three frames on end.
    """
    second = np.diff(np.asarray(keypoints, float), n=2, axis=0)
    size = np.hypot(second[..., 0], second[..., 1])
    size = size[np.isfinite(size)]
    return float(size.mean() * fps**2 / unit) if size.size and unit else None


def limb_variation(keypoints):
    """How much the limbs change their length: standard deviation over mean, mean over limbs.

    A real limb only changes its length in a picture by turning towards the camera, which
    is the same for all estimators on the same frames.

    Parameters
    ----------
    keypoints : ndarray, shape (T, 12, 2)
        Limb joints in the order of `LIMB_JOINTS`; NaN where a sample does not count.

    Returns
    -------
    float or None
        Over the limbs that at least two frames show; None where there is none.
    """
    found = []
    for a, b in LIMBS:
        length = np.hypot(*(keypoints[:, a] - keypoints[:, b]).T)
        length = length[np.isfinite(length)]
        if len(length) > 1 and length.mean() > 0:
            found.append(length.std() / length.mean())
    return float(np.mean(found)) if found else None


def inside_share(track):
    """Share of the given joints that lie inside the picture.

    Parameters
    ----------
    track : PoseTrack

    Returns
    -------
    float or None
        None where no joint is given.
    """
    points = track.keypoints[track.given]
    if not len(points):
        return None
    return float(((points >= 0) & (points < track.size)).all(-1).mean())
