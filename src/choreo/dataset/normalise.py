"""Relocation and scaling of a clip to [-1, 1] (thesis section 4.1), and the way back.

A position passes through three frames: pixels of the standardised video, pixels of the
*canvas* (the thesis's window of 640x320; 640x360 in its released code), and [-1, 1],
where the canvas's left and upper edges are -1. All are affine in x and y apart, so that
one `Transform` a clip leads from the video to [-1, 1] and back.
"""

from dataclasses import dataclass

import numpy as np

from choreo.choices import OUTSIDE
from choreo.dataset.description import CANVAS, DataDescription
from choreo.dataset.resample import resample
from choreo.errors import ConfigError, ItemError, check_known
from choreo.pose.skeletons import COCO17, OPENPOSE18, SKELETONS, convert
from choreo.rates import CHUNK_SECONDS, POSE_FPS

DANCER_SHARE = 0.625
"""Share of the canvas's height that nose to ankle takes (`thesis`).

The text wants the dancer to fit and names no margin. With the first pose upright in the
middle, this is the largest share that leaves 0.3 of the dancer's nose-to-ankle length
above the nose, which is what raised wrists need.
"""
SIZE_PERCENTILE = 97
"""The "maximum" dancer size is this percentile of the frames' (`thesis`).

As robust as the 20th largest frame of the released code is on the thesis's mean clip
(66 s, 660 frames), and defined for a clip of any length.
"""

# Released code: the source joint (COCO-17, 17 = neck) that goes to each OpenPose slot.
# COCO's left lands in OpenPose's right slots: the dancer is mirrored.
_RELEASED_SLOTS = [0, 17, 5, 7, 9, 6, 8, 10, 11, 13, 15, 12, 14, 16, 1, 2, 3, 4]
_RELEASED_FRAMES = 20


def from_pixels(pixels, canvas):
    """Turn canvas pixels into [-1, 1].

    Parameters
    ----------
    pixels : array, shape (..., 2)
        x to the right, y downwards, from the canvas's upper left corner.
    canvas : tuple of int
        Its width and height, a value of `CANVAS`.

    Returns
    -------
    ndarray, shape (..., 2)
    """
    return np.asarray(pixels) / (np.asarray(canvas) / 2) - 1


def to_pixels(poses, canvas):
    """Turn [-1, 1] into canvas pixels; the inverse of `from_pixels`."""
    return (np.asarray(poses) + 1) * (np.asarray(canvas) / 2)


@dataclass(frozen=True)
class Transform:
    """Affine map from pixels of the standardised video to [-1, 1], x and y apart.

    Attributes
    ----------
    scale, offset : tuple of float
        ``y = scale * x + offset`` for x and y.
    """

    scale: tuple
    offset: tuple

    def apply(self, pixels):
        """Pixels of the video, shape (..., 2), to [-1, 1] in float64."""
        return np.asarray(pixels, np.float64) * self.scale + self.offset

    def invert(self, poses):
        """[-1, 1], shape (..., 2), to pixels of the video in float64."""
        return (np.asarray(poses, np.float64) - self.offset) / self.scale

    def shrunk(self, factor):
        """Scale towards the middle of the canvas by `factor`."""
        return Transform(*(tuple(float(v * factor) for v in p) for p in (self.scale, self.offset)))


@dataclass(frozen=True)
class Normalised:
    """A clip's poses in [-1, 1] at an even rate.

    Attributes
    ----------
    poses : ndarray of float32, shape (n, 18, 2)
        OpenPose-18 order, y downwards. NaN where the track had none and cleaning
        filled in none. With ``method="released"`` left and right are swapped.
    repaired : ndarray of bool, shape (n, 18)
        What was made up: cleaning filled it in, or it lies outside the picture, where an
        estimator guesses (not told of ``method="released"``).
    transform : Transform
        From pixels of the standardised video to `poses` (before any clipping).
    canvas : tuple of int
        Width and height of the window in pixels.
    start_seconds : float
        Time of the first pose in the video and its song, a whole number of poses: frames
        before it had joints missing and were cut.
    cut_frames : int
        Poses cut at the start and the end because joints were missing.
    values : int
        Finite coordinates.
    values_outside : int
        Those of them outside [-1, 1], before clipping; after rescaling there are none.
    method, outside : str
        As given to `normalise`.
    fps : int
        Poses a second.
    """

    poses: np.ndarray
    repaired: np.ndarray
    transform: Transform
    canvas: tuple
    start_seconds: float
    cut_frames: int
    values: int
    values_outside: int
    method: str
    outside: str
    fps: int = POSE_FPS

    def description(self, chunk_seconds=CHUNK_SECONDS):
        """`DataDescription` of chunks of so many seconds of this clip."""
        return DataDescription(self.method, self.canvas, self.fps, chunk_seconds)


def normalise(track, *, method="thesis", outside=None, antialias=True, fps=POSE_FPS, where=None):
    """Bring a cleaned track to [-1, 1] at an even number of poses a second.

    ``thesis`` (section 4.1): the first pose's bounding box in the middle of 640x320; one
    scale a clip that makes the dancer's size, nose to ankle, `DANCER_SHARE` of the
    height; the neck halfway between the shoulders; left and right kept; any frame rate
    to `fps` (`choreo.dataset.resample`). ``released``: see `released_transform`.

    Parameters
    ----------
    track : PoseTrack
        Any skeleton that has COCO's 17 joints; pixels of the standardised video.
    method : {"thesis", "released"}
        The text, or what the released code did.
    outside : {"clip", "rescale", "drop", "keep"}, optional
        Coordinates outside [-1, 1], which a generator that ends in tanh can't reach:
        set them to the edge; make the whole clip smaller until there are none; leave
        out chunks that hold one (in `choreo.dataset.chunks.cut`); leave them. By
        default the method's own: "clip" for `thesis`, "keep" for `released`.
    antialias : bool
        See `choreo.dataset.resample.resample`; `released` always takes every third
        frame.
    fps : int
        Poses a second; of `released` 10.
    where : str, optional
        What an error names, such as the video's id.

    Returns
    -------
    Normalised

    Raises
    ------
    ItemError
        Where no frame has all joints, or the dancer has no size; for `released` also
        where the released code crashes.
    ConfigError
        For an unknown `method` or `outside`, or `released` at another rate.
    """
    check_known(method, CANVAS, what="method")
    outside = outside or {"thesis": "clip", "released": "keep"}[method]
    check_known(outside, (*OUTSIDE, "keep"), what="choice for `outside`")
    if method == "released" and fps != POSE_FPS:
        raise ConfigError(
            f"method released has {POSE_FPS} poses a second",
            where="dataset.fps",
            value=fps,
            remedy="Leave it out, or use method thesis",
        )
    prepare = {"thesis": _thesis, "released": _released}[method]
    pixels, repaired, cut, first, transform = prepare(track, fps, antialias, where)
    poses, transform, values_outside = placed(pixels, transform, outside)
    values = int(np.isfinite(poses).sum())
    return Normalised(
        poses=poses.astype(np.float32),
        repaired=repaired,
        transform=transform,
        canvas=CANVAS[method],
        start_seconds=first / fps,
        cut_frames=cut,
        values=values,
        values_outside=values_outside,
        method=method,
        outside=outside,
        fps=fps,
    )


def placed(pixels, transform, outside):
    """Bring pixels to [-1, 1] and deal with what lies outside.

    Parameters
    ----------
    pixels : ndarray, shape (..., 2)
        Pixels of the video; NaN where there is no joint.
    transform : Transform
        Where they go.
    outside : {"clip", "rescale", "drop", "keep"}
        As `normalise` has it; chunks are dropped later.

    Returns
    -------
    poses : ndarray of float64, shape (..., 2)
    transform : Transform
        The one used: another where all of it was made smaller.
    values_outside : int
        Coordinates outside [-1, 1] before clipping.
    """
    poses = transform.apply(pixels)
    largest = np.nanmax(np.abs(poses))
    if outside == "rescale" and largest > 1:
        # A hair more than needed, so that rounding to float32 stays inside.
        transform = transform.shrunk((1 - 1e-6) / largest)
        poses = transform.apply(pixels)
    values_outside = int((np.abs(poses) > 1).sum())
    return (np.clip(poses, -1, 1) if outside == "clip" else poses), transform, values_outside


def _repaired(track):
    return track.repaired if track.repaired is not None else np.zeros(track.scores.shape, bool)


def _span(pixels, where):
    """First and one past the last frame in which every joint is there."""
    whole = np.flatnonzero(np.isfinite(pixels).all((1, 2)))
    if not len(whole):
        raise ItemError(
            "no frame has all joints",
            where=where,
            remedy="Look at the track with `choreo render`; choose another estimator or video",
        )
    return int(whole[0]), int(whole[-1]) + 1


def _thesis(track, fps, antialias, where):
    keypoints = track.keypoints.astype(np.float64)
    repaired = _repaired(track) | (track.given & ~track.inside)
    # By way of COCO-17, so that the neck is the shoulders' midpoint for every estimator.
    # `convert` keeps the smaller of two scores: a neck between -1 and 0 is repaired.
    flags = -repaired.astype(np.float64)
    for source, target in ((SKELETONS[track.skeleton], COCO17), (COCO17, OPENPOSE18)):
        if source is not target:
            keypoints, flags = convert(keypoints, flags, source, target)
    pixels, repaired = resample(keypoints, flags < 0, track.fps, fps, antialias=antialias)
    first, stop = _span(pixels, where)
    cut = len(pixels) - (stop - first)
    pixels, repaired = pixels[first:stop], repaired[first:stop]
    return pixels, repaired, cut, first, thesis_transform(pixels, where=where)


def thesis_transform(pixels, *, where=None):
    """Relocation and scaling as section 4.1 says.

    Parameters
    ----------
    pixels : ndarray, shape (n, 18, 2)
        OpenPose-18 poses in pixels of the video; the first has all its joints.
    where : str, optional
        What an error names.

    Returns
    -------
    Transform
        Puts the middle of the first pose's bounding box at (0, 0). The dancer's size is
        the larger of the two distances from nose to ankle, so that it does not depend
        on which way up the dancer is.
    """
    nose = pixels[:, OPENPOSE18.index("nose")]
    ankles = [pixels[:, OPENPOSE18.index(f"{side}_ankle")] for side in ("left", "right")]
    sizes = np.fmax(*(np.linalg.norm(ankle - nose, axis=-1) for ankle in ankles))
    size = np.nanpercentile(sizes, SIZE_PERCENTILE)
    if not size > 0:
        raise ItemError(
            "the dancer has no size: nose and ankles lie on one point in nearly every frame",
            where=where,
            remedy="Look at the track with `choreo render`; the estimator has failed on it",
        )
    half = np.asarray(CANVAS["thesis"]) / 2
    scale = DANCER_SHARE * CANVAS["thesis"][1] / size / half
    middle = (pixels[0].min(0) + pixels[0].max(0)) / 2
    return Transform(tuple(scale.tolist()), tuple((-middle * scale).tolist()))


def _released(track, fps, antialias, where):
    keypoints, repaired = track.keypoints.astype(np.float64), _repaired(track)
    source = SKELETONS[track.skeleton]
    if source is not COCO17:
        keypoints, flags = convert(keypoints, -repaired.astype(np.float64), source, COCO17)
        repaired = flags < 0
    steps = {30.0: 3, float(fps): 1}
    if track.fps not in steps:
        raise ItemError(
            "the released code takes every third frame of a video with 30 frames a second",
            where=where,
            value=track.fps,
            remedy="Set videos.fps to 30, or dataset.method to thesis, which takes any frame rate",
        )
    keypoints, repaired = (a[:: steps[track.fps]] for a in (keypoints, repaired))
    first, stop = _span(keypoints, where)
    if first or not np.isfinite(keypoints[:stop]).all():
        raise ItemError(
            "the released code needs every joint from the first frame on",
            where=where,
            value=f"{int((~np.isfinite(keypoints[:stop]).all((1, 2))).sum())} frames without",
            remedy="Clean with method: released or thesis, or set dataset.method to thesis",
        )
    cut = len(keypoints) - stop
    keypoints, repaired = keypoints[:stop], repaired[:stop]
    transform = released_transform(keypoints, where=where)
    neck = repaired[:, 5:6] | repaired[:, 6:7]
    repaired = np.concatenate([repaired, neck], 1)[:, _RELEASED_SLOTS]
    return released_joints(keypoints), repaired, cut, 0, transform


def released_joints(keypoints):
    """COCO-17 poses in the released code's 18 slots: (n, 17, 2) to (n, 18, 2)."""
    neck = (keypoints[:, 5:6] + keypoints[:, 6:7]) / 2
    return np.concatenate([keypoints, neck], 1)[:, _RELEASED_SLOTS]


def released_transform(keypoints, *, where=None):
    """Relocation and scaling as the released code does them.

    Scale: 240 over the 20th largest of the frames' vertical nose-to-ankle distances.
    Shift: the lowest ankle of the clip to y = 350; horizontally the first nose to 320,
    and to the left by as much as slot 13 (COCO's right ankle) strays beyond 340, at most
    300, where its 20th largest x is 350 or more.

    Parameters
    ----------
    keypoints : ndarray, shape (n, 17, 2)
        COCO-17 poses at 10 frames a second, nothing missing.
    where : str, optional
        What an error names.

    Returns
    -------
    Transform

    Raises
    ------
    ItemError
        For fewer than 20 frames, where the released code crashes, or a size of 0, where
        it divides by zero.
    """
    if len(keypoints) < _RELEASED_FRAMES:
        raise ItemError(
            f"the released code crashes on fewer than {_RELEASED_FRAMES} frames",
            where=where,
            value=len(keypoints),
            remedy="Use a longer clip, or set dataset.method to thesis",
        )
    nose, ankles = keypoints[:, 0], keypoints[:, 15:17]
    sizes = np.abs(ankles[..., 1] - nose[:, None, 1]).max(1)
    size = np.sort(sizes)[-_RELEASED_FRAMES]
    if not size > 0:
        raise ItemError(
            "the dancer has no size: nose and ankles lie at one height in nearly every frame",
            where=where,
            remedy="Look at the track with `choreo render`; the estimator has failed on it",
        )
    scale = 240 / size
    moved = (ankles - nose[0]) * scale
    shift_y = 350 - moved[..., 1].max()
    stray = np.sort(moved[:, 1, 0])[-_RELEASED_FRAMES]
    shift_x = 320.0 if stray < 350 else 320 - min(stray - 340, 300)
    half = np.asarray(CANVAS["released"]) / 2
    offset = (np.array([shift_x, shift_y]) - nose[0] * scale) / half - 1
    return Transform(tuple((scale / half).tolist()), tuple(offset.tolist()))
