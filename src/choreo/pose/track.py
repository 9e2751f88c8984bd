"""`PoseTrack`, the one pose type that every stage takes and gives."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from choreo.errors import ItemError, check_known
from choreo.files.outside import reading
from choreo.files.sealed import MAX_ARRAYS_BYTES, load_arrays, save_arrays
from choreo.pose.skeletons import SKELETONS, convert

if TYPE_CHECKING:
    from choreo.pose.skeletons import Skeleton


SMALL_BYTES = 1 << 27
"""What the arrays of any track file may take: an hour, also where nobody is found in it."""

MOST_COMPRESSED = 100
"""A larger share of the file's own size is no compression of poses, which are noisy."""

_REMEDY = "Tracks are .npz files made by `choreo poses` or `choreo import`"
# Kinds of numbers that each array of a file may hold (numpy's `dtype.kind`).
_KINDS = {
    "keypoints": "fiu",
    "scores": "fiu",
    "fps": "fiu",
    "size": "fiu",
    "skeleton": "U",
    "meta": "U",
    "repaired": "b",
}


@dataclass(frozen=True)
class PoseTrack:
    """The poses of one dancer in one video.

    Attributes
    ----------
    keypoints : ndarray of float32, shape (T, J, 2)
        x, y in pixels of the standardised video, origin at its upper left corner, y
        downwards; NaN where there is none. T counts all frames of the video, those
        without a person included; frame i is at ``i / fps`` seconds.
    scores : ndarray of float32, shape (T, J)
        The estimator's own confidence; NaN where there is none.
    fps : float
        Frames a second.
    size : tuple of int
        Width and height of the video in pixels.
    skeleton : str
        A key of `choreo.pose.skeletons.SKELETONS`.
    meta : dict
        Estimator, version, weights' sha256, command, source, licence, ...
    repaired : ndarray of bool, shape (T, J), optional
        What cleaning filled in.

    Raises
    ------
    ItemError
        Where the parts do not fit together.
    """

    keypoints: np.ndarray
    scores: np.ndarray
    fps: float
    size: tuple
    skeleton: str
    meta: dict = field(default_factory=dict)
    repaired: np.ndarray | None = None

    def __post_init__(self):
        put = object.__setattr__
        put(self, "keypoints", np.asarray(self.keypoints, np.float32))
        put(self, "scores", np.asarray(self.scores, np.float32))
        put(self, "fps", float(self.fps))
        put(self, "size", tuple(int(n) for n in self.size))
        if self.repaired is not None:
            put(self, "repaired", np.asarray(self.repaired, bool))
        self._check()

    def _check(self):
        check_known(self.skeleton, SKELETONS, what="skeleton", kind=ItemError)
        joints = len(SKELETONS[self.skeleton])
        shape = self.keypoints.shape
        if len(shape) != 3 or shape[1:] != (joints, 2):
            raise ItemError(
                f"keypoints of {self.skeleton} must have shape (T, {joints}, 2)", value=shape
            )
        for name in ("scores", "repaired"):
            array = getattr(self, name)
            if array is not None and array.shape != shape[:2]:
                raise ItemError(f"{name} must have shape {shape[:2]}", value=array.shape)
        if not self.fps > 0 or not np.isfinite(self.fps):
            raise ItemError("fps must be a positive number", value=self.fps)
        if len(self.size) != 2 or min(self.size) <= 0:
            raise ItemError("size must be a positive width and height", value=self.size)
        if np.isinf(self.keypoints).any():
            raise ItemError("keypoints must be finite, or NaN where there is none")

    def __len__(self):
        return len(self.keypoints)

    @property
    def joints(self) -> Skeleton:
        """The `Skeleton` of this track."""
        return SKELETONS[self.skeleton]

    @property
    def given(self) -> np.ndarray:
        """ndarray of bool, shape (T, J): where there is a joint."""
        return np.isfinite(self.keypoints).all(-1)

    @property
    def inside(self) -> np.ndarray:
        """ndarray of bool, shape (T, J): where there is a joint, and in the picture."""
        return ((self.keypoints >= 0) & (self.keypoints <= self.size)).all(-1)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self) / self.fps

    def with_(self, **changes: Any) -> PoseTrack:
        """Copy with some attributes changed."""
        return replace(self, **changes)

    def to(self, skeleton: str) -> PoseTrack:
        """Convert to another skeleton by name (see `choreo.pose.skeletons.convert`)."""
        if skeleton == self.skeleton:
            return self
        keypoints, scores = convert(self.keypoints, self.scores, self.joints, SKELETONS[skeleton])
        return replace(self, keypoints=keypoints, scores=scores, skeleton=skeleton, repaired=None)

    def save(self, path: str | Path) -> None:
        """Write as ``.npz`` (layout: docs/poses.md), whole or not at all, with its digest."""
        arrays = {
            "keypoints": self.keypoints,
            "scores": self.scores,
            "fps": np.float64(self.fps),
            "size": np.asarray(self.size, np.int32),
            "skeleton": np.asarray(self.skeleton),
            "meta": np.asarray(json.dumps(self.meta, sort_keys=True)),
        }
        if self.repaired is not None:
            arrays["repaired"] = self.repaired
        save_arrays(path, arrays)

    @classmethod
    def load(cls, path: str | Path) -> PoseTrack:
        """Read a track; nothing in the file can run code.

        Raises
        ------
        ItemError
            Where the file is missing, damaged, or is no track.
        """
        # The schemas take a while to load, and only who reads a file needs them.
        from choreo.pose.track_meta import read_meta

        what = "a pose track"
        with reading(path, what, remedy=_REMEDY, besides=("a zip archive",)):
            packed = Path(path).stat().st_size
            limit = min(MAX_ARRAYS_BYTES, max(SMALL_BYTES, MOST_COMPRESSED * packed))
            data = load_arrays(path, what, limit=limit, remedy=_REMEDY)
            for name, kinds in _KINDS.items():
                if name not in data and name != "repaired":
                    raise ItemError(f"not a pose track ({name} is missing)", remedy=_REMEDY)
                if name in data and data[name].dtype.kind not in kinds:
                    raise ItemError(f"not a pose track ({name} is {data[name].dtype})")
            return cls(
                keypoints=data["keypoints"],
                scores=data["scores"],
                fps=float(data["fps"]),
                size=tuple(data["size"].tolist()),
                skeleton=str(data["skeleton"]),
                meta=read_meta(str(data["meta"])),
                repaired=data.get("repaired"),
            )
