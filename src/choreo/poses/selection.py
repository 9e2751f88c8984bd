"""One dancer's track out of everyone that an estimator found.

People are linked over time by how far their poses moved (in units of their own size),
links that broke are bridged, and the chain that scores highest by length x size x
centrality x motion is the dancer: who is there longest, tall in the picture, near its
middle and moving. Everyone else is recorded in the track's `meta`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from choreo.errors import ItemError
from choreo.track import PoseTrack

LINK_SECONDS = 1.0
"""A person who is not seen for longer starts a new piece."""

LINK_DISTANCE = 0.5
"""Farthest move from one frame to the next, in units of the person's size."""

BRIDGE_SPEED = 1.5
"""Speed in person sizes a second by which a broken track may have moved in a gap."""

LISTED = 20
"""Rejected candidates that are listed one by one in `meta`."""


@dataclass(frozen=True)
class _Geometry:
    """Where each of N detections is, in pixels.

    Attributes
    ----------
    low, high : ndarray, shape (N, 2)
        Corners of the box around its joints; NaN where it has none.
    """

    low: np.ndarray
    high: np.ndarray

    @property
    def centre(self):
        return (self.low + self.high) / 2

    @property
    def size(self):
        # A person seen edge on or lying is as large as one who stands: the diagonal.
        return np.maximum(np.hypot(*(self.high - self.low).T), 1.0)


def _geometry(keypoints):
    return _Geometry(np.fmin.reduce(keypoints, axis=1), np.fmax.reduce(keypoints, axis=1))


def _cost(last, velocity, size, gap, poses, sizes):
    """Cost (P, D) of going on from P people with D detections, in person sizes.

    The median distance of the joints that both have, after moving the person on at its
    velocity, and half the log ratio of the sizes.
    """
    moved = last + velocity[:, None] * gap[:, None, None]
    difference = np.hypot(*np.moveaxis(moved[:, None] - poses[None], -1, 0))
    common = np.isfinite(difference).any(-1)
    distance = np.full(common.shape, np.inf)
    distance[common] = np.nanmedian(difference[common], axis=-1)
    larger = np.maximum(size[:, None], sizes[None])
    ratio = np.abs(np.log(size[:, None] / sizes[None]))
    return distance / larger + ratio / 2


def link(detections, fps):
    """Link detections into pieces of track.

    In each frame the people seen within the last second are matched with the detections
    by the Hungarian method; a match needs a pose distance below half the person's size,
    and up to one size after a gap.

    Parameters
    ----------
    detections : Detections
    fps : float
        Frames a second.

    Returns
    -------
    ndarray of int, shape (N,)
        Number of the piece that each detection belongs to; -1 where it has no joint.
    """
    geometry = _geometry(detections.keypoints)
    centre, size = geometry.centre, geometry.size
    usable = np.isfinite(centre).all(1)
    piece = np.full(len(detections), -1)
    order = np.flatnonzero(usable)
    order = order[np.argsort(detections.frame[order], kind="stable")]
    frames, starts = np.unique(detections.frame[order], return_index=True)
    live = {}  # piece -> (index of its last detection, its velocity in pixels a frame)
    pieces = 0
    for frame, here in zip(frames, np.split(order, starts[1:])):
        live = {
            p: state
            for p, state in live.items()
            if frame - detections.frame[state[0]] <= LINK_SECONDS * fps
        }
        taken = {}
        if live:
            names = list(live)
            last = np.array([live[p][0] for p in names])
            velocity = np.array([live[p][1] for p in names])
            gap = (frame - detections.frame[last]).astype(float)
            cost = _cost(
                detections.keypoints[last],
                # A velocity holds for a few frames, not for a whole gap.
                velocity * (np.minimum(gap, 5) / gap)[:, None],
                size[last],
                gap,
                detections.keypoints[here],
                size[here],
            )
            limit = np.minimum(LINK_DISTANCE * (1 + (gap - 1) / 10), 1.0)[:, None]
            bounded = np.where(cost < limit, cost, 1e6)
            for row, column in zip(*linear_sum_assignment(bounded)):
                if bounded[row, column] < 1e6:
                    taken[int(here[column])] = names[row], velocity[row], last[row], gap[row]
        for index in here.tolist():
            if index in taken:
                name, velocity, before, gap = taken[index]
                velocity = velocity / 2 + (centre[index] - centre[before]) / gap / 2
            else:
                name, velocity = pieces, np.zeros(2)
                pieces += 1
            piece[index] = name
            live[name] = index, velocity
    return piece


@dataclass(frozen=True)
class _Piece:
    """Detections of one person without a break, in order of time."""

    members: np.ndarray
    first: int
    last: int


def _pieces(detections, piece):
    order = np.lexsort((detections.frame, piece))
    order = order[piece[order] >= 0]
    if not len(order):
        return []
    bounds = np.flatnonzero(np.diff(piece[order])) + 1
    return [
        _Piece(m, int(detections.frame[m[0]]), int(detections.frame[m[-1]]))
        for m in np.split(order, bounds)
    ]


def _chain(seed, pieces, detections, geometry, fps):
    """Pieces of the same person: `seed`, and those that fit before and after it in time.

    From either end the next piece is the one that starts soonest among those which lie
    no farther off than the person can have gone meanwhile, at a like size.
    """
    chain = [seed]
    for forward in (True, False):
        end = seed
        while True:
            found = []
            for other in pieces:
                gap = other.first - end.last if forward else end.first - other.last
                if gap <= 0:
                    continue
                a, b = (
                    (end.members[-1], other.members[0])
                    if forward
                    else (
                        end.members[0],
                        other.members[-1],
                    )
                )
                sizes = geometry.size[[a, b]]
                away = np.hypot(*(geometry.centre[a] - geometry.centre[b])) / sizes.max()
                reach = min(LINK_DISTANCE + BRIDGE_SPEED * gap / fps, 3.0)
                if away <= reach and sizes.max() <= 2 * sizes.min():
                    found.append((gap, away, other))
            if not found:
                break
            end = min(found, key=lambda f: f[:2])[2]
            chain.append(end)
    return chain


def _motion(detections, members, geometry):
    """Mean speed of the joints about the body's centre, in person sizes a frame."""
    frame = detections.frame[members]
    size = geometry.size[members]
    body = (detections.keypoints[members] - geometry.centre[members][:, None]) / size[:, None, None]
    steps = np.hypot(*np.moveaxis(np.diff(body, axis=0), -1, 0))[np.diff(frame) == 1]
    steps = steps[np.isfinite(steps)]
    # A jump to another place is a fault of the estimator, not a move.
    return float(np.minimum(steps, 0.2).mean()) if steps.size else 0.0


def _describe(detections, members, geometry, size):
    width, height = size
    centre = np.median(geometry.centre[members], axis=0)
    off = np.abs(centre / (width, height) - 0.5) * 2
    return {
        "frames": len(members),
        "first": int(detections.frame[members].min()),
        "last": int(detections.frame[members].max()),
        "height": float(np.median((geometry.high - geometry.low)[members, 1])),
        "centre": [round(float(c), 1) for c in centre],
        # Across the picture counts; people stand on the same floor.
        "centrality": float(1 - min(off[0], 1.0) / 2),
        "motion": _motion(detections, members, geometry),
    }


def _scores(candidates, frames):
    height = max(c["height"] for c in candidates) or 1.0
    motion = max(c["motion"] for c in candidates)
    for c in candidates:
        moves = c["motion"] / motion if motion > 0 else 1.0
        c["score"] = (
            c["frames"] / frames * c["height"] / height * c["centrality"] * (0.1 + 0.9 * moves)
        )


def select_dancer(detections, *, fps, size):
    """Choose the dancer among everyone that was found.

    Parameters
    ----------
    detections : Detections
    fps : float
        Frames a second.
    size : tuple of int
        Width and height of the video in pixels.

    Returns
    -------
    members : ndarray of int
        Indices into `detections`, at most one a frame, in order of time.
    report : dict
        ``chosen`` and ``rejected`` (at most `LISTED`, best first; ``rejected_count`` is
        all of them): frames, first and last frame, median height and centre in pixels,
        centrality, motion (person sizes a frame) and score.

    Raises
    ------
    ItemError
        Where no detection has a joint.
    """
    pieces = _pieces(detections, link(detections, fps)) if len(detections) else []
    if not pieces:
        raise ItemError(
            "nobody was found in any frame",
            remedy="Check that the estimator's weights are whole and the video shows a person",
        )
    geometry = _geometry(detections.keypoints)
    # Only long or large pieces can begin the dancer's chain.
    weight = [len(p.members) * np.median(geometry.size[p.members]) for p in pieces]
    seeds = np.argsort(weight)[::-1][:LISTED]
    chains = [_chain(pieces[s], pieces, detections, geometry, fps) for s in seeds]
    members = [np.concatenate([p.members for p in chain]) for chain in chains]
    members = [m[np.argsort(detections.frame[m])] for m in members]
    described = [_describe(detections, m, geometry, size) for m in members]
    _scores(described, detections.frames)
    best = int(np.argmax([d["score"] for d in described]))
    inside = {id(p) for p in chains[best]}
    rejected = [p for p in pieces if id(p) not in inside]
    listed = [_describe(detections, p.members, geometry, size) for p in rejected]
    if listed:
        _scores([described[best], *listed], detections.frames)
    listed.sort(key=lambda d: (-d["score"], d["first"]))
    return members[best], {
        "chosen": _rounded(described[best]),
        "rejected": [_rounded(d) for d in listed[:LISTED]],
        "rejected_count": len(listed),
    }


def _rounded(description):
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in description.items()}


def dancer_track(detections, *, fps, size, meta, source):
    """Make the dancer's track.

    Parameters
    ----------
    detections : Detections
    fps : float
        Frames a second.
    size : tuple of int
        Width and height of the video in pixels.
    meta : dict
        What is known of the estimator; ``source`` and ``dancer`` (the report of
        `select_dancer`) are added.
    source : str or Path
        The file that the detections came from.

    Returns
    -------
    PoseTrack

    Raises
    ------
    ItemError
    """
    try:
        members, report = select_dancer(detections, fps=fps, size=size)
    except ItemError as error:
        raise ItemError(error.message, where=source, remedy=error.remedy) from error
    frames, joints = detections.frames, detections.keypoints.shape[1]
    keypoints = np.full((frames, joints, 2), np.nan, np.float32)
    scores = np.full((frames, joints), np.nan, np.float32)
    keypoints[detections.frame[members]] = detections.keypoints[members]
    scores[detections.frame[members]] = detections.scores[members]
    return PoseTrack(
        keypoints,
        scores,
        fps=fps,
        size=size,
        skeleton=detections.skeleton,
        meta={**meta, "source": Path(source).name, "dancer": report},
    )
