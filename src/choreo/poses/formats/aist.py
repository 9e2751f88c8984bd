"""AIST++'s 2-D keypoints, ``keypoints2d/<sequence>.pkl``, read and written.

A pickled dict of arrays: ``keypoints2d`` (views, N, 17, 3) with x, y, confidence in COCO's
order, ``det_scores`` (views, N), ``timestamps`` (N,); the views are the cameras c01 to c09,
of which c01 stands in front (https://google.github.io/aistplusplus_dataset). Read by an
unpickler that makes arrays and nothing else.
"""

import pickle

import numpy as np

from choreo.errors import ItemError
from choreo.files import whole
from choreo.poses.detections import MAX_FRAMES
from choreo.poses.formats import pickled
from choreo.poses.formats.people import check_pixels, columns

META = {"estimator": "aist++", "licence": "AIST++ annotations: CC BY 4.0"}
LAYOUT = "keypoints2d of shape (views, N, 17, 3) and timestamps of shape (N,)"


def load(path):
    """Read a file whole.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    keypoints : ndarray of float, shape (views, N, 17, 3)
        x, y in pixels and confidence; what is not finite is NaN in all three.
    frames : ndarray of int, shape (N,)
        Frame number of each, by the usual step of the time stamps: frames that were left
        out are missing here.
    scores : ndarray of float, shape (views, N)
        ``det_scores``; NaN where the file has none.

    Raises
    ------
    ItemError
        Where the file is not of this form, or would run code.
    """
    data = pickled.arrays(path)
    keypoints, stamps = data.get("keypoints2d"), data.get("timestamps")
    if (
        keypoints is None
        or stamps is None
        or keypoints.ndim != 4
        or keypoints.shape[2:] != (17, 3)
        or stamps.shape != keypoints.shape[1:2]
        or len(stamps) < 1
        or not 1 <= len(keypoints) <= 99
    ):
        raise ItemError(f"must hold {LAYOUT}", where=path)
    keypoints = keypoints.astype(float)
    keypoints[~np.isfinite(keypoints).all(-1)] = np.nan
    check_pixels(keypoints, path=path, what="keypoints2d")
    scores = data.get("det_scores")
    if scores is None or scores.shape != keypoints.shape[:2]:
        scores = np.full(keypoints.shape[:2], np.nan)
    return keypoints, _frames(stamps.astype(float), path), scores.astype(float)


def _frames(stamps, path):
    """Frame numbers from time stamps of any unit, by their usual step."""
    if not np.isfinite(stamps).all():
        raise ItemError("time stamps that are no numbers", where=path)
    if len(stamps) == 1:
        return np.zeros(1, int)
    steps = np.diff(stamps)
    step = np.median(steps)
    # One stamp a frame in the unit of the file; a video of hours would be no sequence.
    if not (step > 0 and (steps > 0).all() and (stamps[-1] - stamps[0]) / step < MAX_FRAMES):
        raise ItemError("time stamps that do not rise evenly", where=path)
    # A first frame that is missing too is counted; clocks that start elsewhere are not.
    start = 0.0 if 0 <= stamps[0] < 10 * step else stamps[0]
    frames = np.round((stamps - start) / step).astype(int)
    if (np.diff(frames) < 1).any():
        raise ItemError("time stamps that do not rise evenly", where=path)
    return frames


def _view(view, count, path):
    names = [f"c{n:02d}" for n in range(1, count + 1)]
    if view is None and count == 1:
        return 0
    if view not in names:
        raise ItemError(
            "the file has several views: say which" if view is None else "there is no such view",
            where=path,
            value=view,
            remedy=f"Choose the camera (choreo import --view): {', '.join(names)}",
        )
    return names.index(view)


def read_detections(path, *, frames=None, skeleton=None, view=None):
    """Read the dancer from one camera.

    Parameters
    ----------
    path : str or Path
        ``<sequence>.pkl``.
    frames : int, optional
        Decoded frames of the video; without it the last frame + 1.
    skeleton : str, optional
        AIST++ has ``coco17``; anything else is refused.
    view : str, optional
        The camera, ``c01`` to ``c09``; needed where the file has more than one.

    Returns
    -------
    Detections
        One person, with AIST++'s ``det_scores``.

    Raises
    ------
    ItemError
    """
    if skeleton not in (None, "coco17"):
        raise ItemError("AIST++ has COCO's 17 joints (coco17)", where=path, value=skeleton)
    keypoints, at, scores = load(path)
    index = _view(view, len(keypoints), path)
    joints = keypoints[index]
    people = [(joints[..., :2], joints[..., 2], scores[index])]
    return columns(people, at=at, path=path, frames=frames, skeleton="coco17")


def write(track, path):
    """Write a track as a file of one view.

    Parameters
    ----------
    track : PoseTrack
        COCO-17.
    path : str or Path
        ``.pkl``: every frame, with NaN for what is absent; ``timestamps`` are microseconds
        and ``det_scores`` 1 where there is someone, else 0.

    Raises
    ------
    ItemError
        For another skeleton.
    """
    if track.skeleton != "coco17":
        raise ItemError(
            "AIST++ has COCO's 17 joints",
            value=track.skeleton,
            remedy="Convert the track to coco17 (--skeleton)",
        )
    keypoints = np.concatenate([track.keypoints, track.scores[..., None]], -1)[None]
    value = {
        "keypoints2d": keypoints.astype(np.float32),
        "det_scores": track.given.any(1).astype(np.float32)[None],
        "timestamps": np.arange(len(track)) / track.fps * 1e6,
    }
    with whole(path) as temporary:
        temporary.write_bytes(pickle.dumps(value, protocol=4))
