"""A dance put into a picture: smooth between its frames, followed, and never outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from choreo.errors import ItemError
from choreo.pose.skeletons import SKELETONS
from choreo.poses.detections import MAX_FRAMES

if TYPE_CHECKING:
    from choreo.pose.track import PoseTrack

FILL = 2 / 3
"""Share of the picture's height that a standing dancer takes."""
_FLOOR = 0.87
"""Where the floor lies, as a share of the picture's height."""
_MARGIN = 0.05
"""What is kept free at the edges, as a share of the picture's height."""
_FOLLOWED = 0.8
"""Seconds over which the picture follows the dancer (deviation of a Gaussian)."""
_ABOVE, _BELOW = 0.5, 0.2
"""What a body has above its highest joint and below its ankles, in lengths of the torso."""


@dataclass(frozen=True)
class Framed:
    """A dance in the pixels of a picture.

    Attributes
    ----------
    keypoints : ndarray, shape (T, J, 2)
    skeleton : str
    unit : float
        Length of the dancer's torso in pixels: widths of limbs follow it.
    floor : float
        Height of the floor in the picture, in pixels from the top.
    travel : ndarray, shape (T,)
        How far the picture has moved to the right, in pixels.
    """

    keypoints: np.ndarray
    skeleton: str
    unit: float
    floor: float
    travel: np.ndarray


def between_frames(track, times):
    """Joints at any times, on a cubic spline through the track's frames.

    A spline has no corner in speed or acceleration where the model had a frame. A gap is
    not bridged: joints are missing from the last frame before it to the first after it.

    Parameters
    ----------
    track : PoseTrack
    times : ndarray, shape (n,)
        Seconds; held within the track.

    Returns
    -------
    ndarray, shape (n, J, 2)
        Pixels of the track; NaN where a joint is missing.
    """
    position = np.clip(np.asarray(times) * track.fps, 0, len(track) - 1)
    if track.given.all() and len(track) > 1:
        return CubicSpline(np.arange(len(track)), track.keypoints.astype(float))(position)
    found = np.full((len(position), *track.keypoints.shape[1:]), np.nan)
    before, after = np.floor(position).astype(int), np.ceil(position).astype(int)
    for joint, given in enumerate(track.given.T):
        known = np.flatnonzero(given)
        values = track.keypoints[:, joint].astype(float)
        if len(known) > 1:
            inside = given[before] & given[after]
            found[inside, joint] = CubicSpline(known, values[known])(position[inside])
        elif len(known):
            found[position == known[0], joint] = values[known[0]]
    return found


def at_rate(track: PoseTrack, fps: float) -> PoseTrack:
    """Bring a track to another rate, on the splines of `between_frames`.

    Parameters
    ----------
    track : PoseTrack
    fps : float
        Frames a second.

    Returns
    -------
    PoseTrack
        Of the same length; the scores, and what was repaired, are those of the frame before.

    Raises
    ------
    ItemError
        Where that would be more than `MAX_FRAMES` frames.
    """
    if track.seconds * fps > MAX_FRAMES:
        raise ItemError(
            f"{track.seconds:.4g} s would be more than {MAX_FRAMES} frames",
            value=fps,
            remedy="Give fewer frames a second",
        )
    times = np.arange(max(1, round(track.seconds * fps))) / fps
    # A hair later, so that rounding makes no frame the one before it.
    before = np.clip(np.floor(times * track.fps + 1e-6).astype(int), 0, len(track) - 1)
    repaired = None if track.repaired is None else track.repaired[before]
    return track.with_(
        keypoints=between_frames(track, times),
        scores=track.scores[before],
        repaired=repaired,
        fps=fps,
    )


def frame_dance(track, size, fps):
    """Put a dance into a picture that follows the dancer.

    The picture's place moves slowly and its scale not at all: the dancer fills `FILL` of
    the height where the dance allows, and less where a joint would be outside else.

    Parameters
    ----------
    track : PoseTrack
        Any skeleton, in pixels of its video.
    size : (int, int)
        Width and height of the picture.
    fps : float
        Frames a second of the pictures.

    Returns
    -------
    Framed
    """
    times = np.arange(max(1, round(track.seconds * fps))) / fps
    joints = between_frames(track, times)
    width, height = size
    unit = torso(joints, track.skeleton) or track.size[1] / 6
    low = _lowest(joints, track.skeleton)
    floor = _followed(maximum_filter1d(low, 2 * round(fps) + 1, mode="nearest"), fps)
    middle = _followed(_middle(joints), fps)
    joints = joints - np.stack([middle, floor], -1)[:, None]
    above = -_extreme(joints[..., 1], np.nanmin) + _ABOVE * unit
    below = _extreme(joints[..., 1], np.nanmax) + _BELOW * unit
    beside = _extreme(np.abs(joints[..., 0]), np.nanmax) + _BELOW * unit
    standing = np.nanpercentile(above, 75) + _BELOW * unit
    edge = _MARGIN * height
    scale = min(
        FILL * height / standing,
        (_FLOOR * height - edge) / np.nanmax(above),
        ((1 - _FLOOR) * height) / max(np.nanmax(below), 1e-6),
        (width / 2 - edge) / np.nanmax(beside),
    )
    place = np.array([width / 2, _FLOOR * height - _BELOW * unit * scale * 0.5])
    return Framed(
        joints * scale + place,
        track.skeleton,
        unit * scale,
        _FLOOR * height,
        (middle - middle[0]) * scale,
    )


def torso(joints, skeleton):
    """Length from the middle of the hips to that of the shoulders; 0 where it is not seen.

    Parameters
    ----------
    joints : ndarray, shape (T, J, 2)
    skeleton : str

    Returns
    -------
    float
        Its 90th percentile: a body that leans forwards looks shorter than it is.
    """
    names = SKELETONS[skeleton].joints
    ends = []
    for end in ("shoulder", "hip"):
        sides = [names.index(f"{side}_{end}") for side in ("left", "right")]
        ends.append(joints[:, sides].mean(1))
    lengths = np.linalg.norm(ends[0] - ends[1], axis=-1)
    lengths = lengths[np.isfinite(lengths)]
    return float(np.percentile(lengths, 90)) if len(lengths) else 0.0


def _extreme(values, of):
    """`of` over the joints of each frame; NaN where a frame has none."""
    found = np.full(len(values), np.nan)
    some = np.isfinite(values).any(-1)
    found[some] = of(values[some], axis=-1)
    return found


def _lowest(joints, skeleton):
    names = SKELETONS[skeleton].joints
    ankles = [j for j, name in enumerate(names) if name.endswith("ankle")]
    return _filled(_extreme(joints[:, ankles, 1], np.nanmax))


def _middle(joints):
    low, high = _extreme(joints[..., 0], np.nanmin), _extreme(joints[..., 0], np.nanmax)
    return _filled((low + high) / 2)


def _filled(values):
    """Frames without a dancer get what the nearest ones have."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return np.zeros_like(values)
    return np.interp(np.arange(len(values)), known, values[known])


def _followed(values, fps):
    return gaussian_filter1d(values, _FOLLOWED * fps, mode="nearest")
