"""Parts of other dances that a new one keeps: ``TRACK@4:8``, ``TRACK@4:8:legs``."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from choreo.dataset.normalise import from_pixels, normalise
from choreo.errors import ConfigError, ItemError
from choreo.pose.skeletons import SKELETONS
from choreo.pose.track import PoseTrack

PARTS = {
    "head": ("nose", "left_eye", "right_eye", "left_ear", "right_ear"),
    "arms": ("left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    "torso": ("neck", "left_shoulder", "right_shoulder", "left_hip", "right_hip"),
    "legs": (
        *("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
        *("left_big_toe", "right_big_toe", "left_small_toe", "right_small_toe"),
        *("left_heel", "right_heel"),
    ),
}
"""Part of the body -> its joints, of which a skeleton may lack some."""
_FORM = "TRACK@FROM:TO, in seconds, or TRACK@FROM:TO:JOINTS"


@dataclass(frozen=True)
class Keep:
    """A part of a dance that is kept.

    Attributes
    ----------
    track : Path
    start, end : float or None
        Seconds of the track and of the new dance; None: from its start, to its end.
    joints : tuple of str
        Names of joints, or of `PARTS`; empty: all.
    """

    track: Path
    start: float | None = None
    end: float | None = None
    joints: tuple = ()

    def __str__(self):
        ends = ("" if t is None else f"{t:g}" for t in (self.start, self.end))
        return f"{self.track}@{':'.join(ends)}" + (
            (self.joints and ":" + ",".join(self.joints)) or ""
        )


def parse_keep(text: str) -> Keep:
    """Read what ``--keep`` says.

    Parameters
    ----------
    text : str
        ``TRACK@FROM:TO`` or ``TRACK@FROM:TO:JOINTS``. An empty FROM or TO is the track's
        start or end; JOINTS are names of joints or of `PARTS`, with commas.

    Returns
    -------
    Keep

    Raises
    ------
    ConfigError
        Where it has another form.
    """
    path, mark, span = text.rpartition("@")
    parts = span.split(":")
    if not mark or not path or len(parts) not in (2, 3):
        raise ConfigError("not a part of a dance to keep", value=text, remedy=f"Write {_FORM}")
    try:
        start, end = (float(part) if part else None for part in parts[:2])
    except ValueError:
        raise ConfigError("not seconds", value=span, remedy=f"Write {_FORM}") from None
    if any(t is not None and not 0 <= t < math.inf for t in (start, end)) or (
        end is not None and end <= (start or 0)
    ):
        raise ConfigError("no span of time", value=span, remedy="Give FROM < TO, from 0 on")
    joints = tuple(parts[2].split(",")) if len(parts) == 3 else ()
    for name in joints:
        _joints_of(name, None)
    return Keep(Path(path), start, end, joints)


def read_known(keeps, data, frames):
    """Read all that ``--keep`` names: see `known_poses`.

    Parameters
    ----------
    keeps : sequence of Keep
    data : DataDescription
        Of the model.
    frames : int
        Poses of the new dance.

    Returns
    -------
    ndarray of float32, shape (frames, J, 2), or None
        None where nothing is kept.
    """
    return (
        known_poses(keeps, [PoseTrack.load(k.track) for k in keeps], data, frames)
        if keeps
        else None
    )


def known_poses(keeps, tracks, data, frames):
    """What a dance is to keep, as `choreo.dances.generate.generate` takes it.

    Parameters
    ----------
    keeps : sequence of Keep
    tracks : sequence of PoseTrack
        Their tracks, read: of dances that were generated on the same canvas, or cleaned
        ones of real dancers, which are scaled as the training data were.
    data : DataDescription
        Of the model.
    frames : int
        Poses of the new dance.

    Returns
    -------
    ndarray of float32, shape (frames, J, 2)
        In [-1, 1]; NaN where nothing is kept.

    Raises
    ------
    ItemError
        Where a track is of another kind, has no pose there, or the new dance is shorter.
    ConfigError
        Where two keep the same joint at the same time.
    """
    joints = SKELETONS[data.skeleton].joints
    known = np.full((frames, len(joints), 2), np.nan, np.float32)
    for keep, track in zip(keeps, tracks, strict=True):
        poses = _poses_of(track, data, keep)
        first = round((keep.start or 0) * data.fps)
        last = len(poses) if keep.end is None else round(keep.end * data.fps)
        if last > len(poses):
            raise ItemError(
                "the track ends before what is to be kept of it",
                where=keep,
                value=f"{len(poses) / data.fps:.1f} s",
            )
        if last > frames:
            raise ItemError(
                "the new dance ends before what is to be kept",
                where=keep,
                value=f"{frames / data.fps:.1f} s",
                remedy="Keep less of it, or take a longer song",
            )
        if last <= first:
            raise ItemError("keeps no pose", where=keep, remedy="Give a longer span")
        chosen = sorted({i for name in keep.joints for i in _joints_of(name, joints)})
        chosen = chosen if keep.joints else list(range(len(joints)))
        if not chosen:
            raise ItemError("the model's poses have no such joint", where=keep)
        part = poses[first:last, chosen]
        if not np.isfinite(part).all():
            frame, joint = np.argwhere(~np.isfinite(part).all(-1))[0]
            raise ItemError(
                f"no {joints[chosen[joint]]} at {(first + frame) / data.fps:g} s",
                where=keep,
                remedy="Clean the track first, or keep another part of it",
            )
        there = np.isfinite(known[first:last, chosen]).any()
        if there:
            raise ConfigError("the same joints are kept twice at one time", where=keep)
        known[first:last, chosen] = part
    return known


def _joints_of(name, joints):
    """Indices of the joints that a name means; with no joints, whether there is such a name."""
    known = {joint for skeleton in SKELETONS.values() for joint in skeleton.joints}
    if name not in PARTS and name not in known:
        raise ConfigError(
            "no joint and no part of the body",
            value=name,
            remedy=f"Use {', '.join(PARTS)}, or joints such as left_wrist",
        )
    wanted = PARTS.get(name, (name,))
    return [i for i, joint in enumerate(joints or ()) if joint in wanted]


def _poses_of(track, data, where):
    """Poses of a track in [-1, 1] at the model's rate, from second 0 on."""
    if track.meta.get("source") != "generated":
        clip = normalise(track, method=data.method, fps=data.fps, outside="clip")
        missing = np.full((round(clip.start_seconds * data.fps), data.joints, 2), np.nan)
        return np.concatenate([missing, clip.poses])
    track = track.to(data.skeleton)
    if track.size != tuple(data.canvas) or track.fps != data.fps:
        raise ItemError(
            "a generated dance on another canvas or at another rate than the model's",
            where=where,
            value=f"{track.size}, {track.fps:g} a second",
            remedy=f"Take one on {tuple(data.canvas)} at {data.fps} a second",
        )
    return from_pixels(track.keypoints, data.canvas)
