"""One dancer's track out of everyone that an estimator found, the same for every tool.

People are followed through the video (`choreo.poses.linking`), and the track with the
highest length x height x centrality x motion is the dancer: who is there longest, tall in
the picture, near its middle and moving. The user's word (`choreo.pose.pick`) goes before
that. Everyone else is recorded in the track's `meta`. What can be nobody but the dancer
stays in the track, however far it jumps: the estimator's own errors are to be counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from choreo.choices import LINKERS
from choreo.errors import ItemError
from choreo.pose.pick import parse
from choreo.pose.skeletons import SKELETONS
from choreo.poses.linking import LINK_SECONDS, geometry_of, groups_of, link, trunk_of

if TYPE_CHECKING:
    from choreo.pose.track import PoseTrack
    from choreo.poses.detections import Detections

LISTED = 20
"""Rejected candidates that are listed one by one in `meta`."""

PATH = 50
"""Boxes that show where a rejected candidate was."""

DOUBLE = 0.1
"""Largest share of detections whose number another person of the frame has as well."""

PICK_SECONDS = 0.5
"""How far in time from its moment a click or a box may meet someone."""

PICK_OVERLAP = 0.2
"""Smallest intersection over union of a box with the one that it means."""


TOGETHER_SECONDS = 0.2
"""Who is seen beside the dancer for longer, or most of the time, is another person."""

JUMP_SECONDS = 1.0
"""Longest absence from among other people in which a stray pose is the dancer's."""

MOTION_SECONDS = 0.2
"""Time between two places of a joint whose distance tells who is moving."""

FARTHEST_MOVE = 0.5
"""Person sizes that a joint moves about the body's centre in `MOTION_SECONDS` at most."""


def _motion(detections, members, geometry, fps):
    """Mean way of the joints about the body's centre in `MOTION_SECONDS`, in person sizes.

    It is told from the medians of so many seconds each: from frame to frame an estimator's
    jitter moves someone who stands as far as a calm dancer moves.
    """
    count = max(1, round(MOTION_SECONDS * fps))
    frame = detections.frame[members] - detections.frame[members].min()
    size = geometry.size[members][:, None, None]
    body = (detections.keypoints[members] - geometry.centre[members][:, None]) / size
    windows = np.full(((frame.max() // count + 1) * count, *body.shape[1:]), np.nan)
    windows[frame] = body
    steps = np.hypot(*np.moveaxis(np.diff(_medians(windows, count), axis=0), -1, 0))
    steps = steps[np.isfinite(steps)]
    # A jump to another place is a fault of the estimator, not a move.
    return float(np.minimum(steps, FARTHEST_MOVE).mean()) if steps.size else 0.0


def _medians(values, count):
    """Median of every `count` rows, of those that are not NaN; NaN where all are."""
    rows = np.sort(values.reshape(-1, count, *values.shape[1:]), axis=1)
    given = np.isfinite(rows).sum(1, keepdims=True)
    middle = [np.maximum(given - 1, 0) // 2, np.minimum(given // 2, count - 1)]
    return np.mean([np.take_along_axis(rows, at, 1)[:, 0] for at in middle], axis=0)


def _describe(detections, members, geometry, size, fps):
    """What `select_dancer` reports of a candidate."""
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
        "motion": _motion(detections, members, geometry, fps),
    }


def _scores(candidates, frames):
    height = max(c["height"] for c in candidates) or 1.0
    motion = max(c["motion"] for c in candidates)
    for c in candidates:
        moves = c["motion"] / motion if motion > 0 else 1.0
        c["score"] = (
            c["frames"] / frames * c["height"] / height * c["centrality"] * (0.1 + 0.9 * moves)
        )


def _path(detections, members, geometry):
    """Frame, x, y, width, height of at most `PATH` boxes of a candidate, in whole pixels."""
    some = members[np.linspace(0, len(members) - 1, min(len(members), PATH)).round().astype(int)]
    low, high = geometry.low[some], geometry.high[some]
    table = np.column_stack([detections.frame[some], low, high - low])
    return np.round(table).astype(int).tolist()


def _click(detections, members, everyone, trunk, fps, size):
    """Pick that means this candidate: where they are farthest from everyone else."""
    some = members[np.linspace(0, len(members) - 1, min(len(members), PATH)).round().astype(int)]
    best, at = -1.0, some[0]
    for index in some:
        others = everyone[detections.frame[everyone] == detections.frame[index]]
        others = others[others != index]
        away = np.hypot(*(trunk[others] - trunk[index]).T).min(initial=np.inf)
        if away > best and ((trunk[index] >= 0) & (trunk[index] < size)).all():
            best, at = away, index
    x, y = _inside(trunk[at], size)
    return f"{x},{y}@{detections.frame[at] / fps:.3f}"


def _inside(point, size):
    """Nearest whole pixel of the picture to a point."""
    return np.clip(np.round(point), 0, np.array(size) - 1).astype(int)


def _labels_of(detections, members):
    """Most frequent number that the estimator gave; None where it gave none."""
    labels = detections.label[members]
    counted = Counter(labels[np.isfinite(labels)].astype(int).tolist())
    return min(counted, key=lambda n: (-counted[n], n)) if counted else None


def _limb_distance(poses, skeleton, point):
    """Distance (N,) in pixels from a point to the nearest joint or limb of each pose."""
    limbs = [*SKELETONS[skeleton].limbs, *((j, j) for j in range(poses.shape[1]))]
    start = poses[:, [a for a, _ in limbs]]
    along = poses[:, [b for _, b in limbs]] - start
    away = np.asarray(point) - start
    share = (away * along).sum(-1) / np.maximum((along**2).sum(-1), 1e-9)
    rest = away - np.clip(share, 0, 1)[..., None] * along
    return np.fmin.reduce(np.hypot(rest[..., 0], rest[..., 1]), axis=1)


def _box_overlap(box, low, high):
    """Intersection over union of a box (x, y, width, height) with boxes (N, 2), (N, 2)."""
    corner, size = np.array(box[:2]), np.array(box[2:])
    inside = np.maximum(np.minimum(high, corner + size) - np.maximum(low, corner), 0).prod(1)
    return inside / (size.prod() + (high - low).prod(1) - inside)


def meeting(pick, detections, geometry, fps, size):
    """Tell which detections a click or a box meets.

    Parameters
    ----------
    pick : choreo.pose.pick.Pick
        With a moment.
    detections : Detections
    geometry : choreo.poses.linking.Geometry
        Of the detections.
    fps : float
    size : tuple of int
        Width and height of the video in pixels.

    Returns
    -------
    met : ndarray of bool, shape (N,)
    late : ndarray, shape (N,)
        Seconds from the pick's moment.
    away : ndarray, shape (N,)
        How ill each fits: less is better.

    Raises
    ------
    ItemError
        Where the pick lies outside the picture or after the video's end.
    """
    width, height = size
    x, y = pick.point or pick.box[:2]
    if x >= width or y >= height:
        raise ItemError(
            f"the pick of the dancer lies outside the picture of {width} x {height} pixels",
            value=str(pick),
            remedy="Give pixels of the standardised video",
        )
    if pick.seconds > detections.frames / fps:
        raise ItemError(
            f"the pick of the dancer lies after the video's end at {detections.frames / fps:.2f} s",
            value=str(pick),
            remedy="Give seconds of the standardised video",
        )
    late = np.abs(detections.frame / fps - pick.seconds)
    if pick.point:
        away = _limb_distance(detections.keypoints, detections.skeleton, pick.point)
        margin = 0.1 * geometry.size[:, None]
        met = (pick.point >= geometry.low - margin) & (pick.point <= geometry.high + margin)
        met = met.all(1)
    else:
        share = _box_overlap(pick.box, geometry.low, geometry.high)
        middle = np.array(pick.box[:2]) + np.array(pick.box[2:]) / 2
        away = np.where(np.isfinite(share), (1 - share) * 1e6, np.nan)
        away = away + np.hypot(*(geometry.centre - middle).T)
        met = share >= PICK_OVERLAP
    return met & (late <= PICK_SECONDS), late, away


def _picked(pick, detections, track, geometry, fps, size):
    """Detection that a click or a box means."""
    met, late, away = meeting(pick, detections, geometry, fps, size)
    someone = track >= 0
    met &= someone
    if met.any():
        found = np.flatnonzero(met)
        return found[np.lexsort((away[found], late[found].round(6)))[0]]
    # Of each person the moment that is nearest, then the nearest people.
    nearest = {}
    found = np.flatnonzero(someone)
    for index in found[np.lexsort((away[found], late[found].round(6)))]:
        nearest.setdefault(int(track[index]), index)
    trunk = trunk_of(detections, geometry)
    close = sorted(nearest.values(), key=lambda i: (max(late[i], PICK_SECONDS), away[i]))[:3]
    named = "; ".join(
        f"{x},{y}@{detections.frame[i] / fps:.2f}"
        for i, (x, y) in ((i, _inside(trunk[i], size)) for i in close)
    )
    raise ItemError(
        "the pick of the dancer meets nobody",
        value=str(pick),
        remedy=f"The nearest people are at {named}",
    )


def _labelled(pick, detections, usable):
    """Detections with the picked number, one a frame."""
    found = np.flatnonzero((detections.label == pick.label) & usable)
    if not len(found):
        labels = detections.label[usable]
        counted = Counter(labels[np.isfinite(labels)].astype(int).tolist())
        listed = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:8]
        known = ", ".join(f"id:{n} ({c} frames)" for n, c in listed)
        raise ItemError(
            "the pick of the dancer is a number that nobody has",
            value=str(pick),
            remedy=f"There are {known}" if known else "The estimator gave no numbers: use a click",
        )
    found = found[np.lexsort((-np.nan_to_num(detections.score[found]), detections.frame[found]))]
    once = found[np.unique(detections.frame[found], return_index=True)[1]]
    _check_numbers(len(once), len(found))
    return once


def _check_numbers(once, all_of_them):
    """Refuse numbers that most frames have several times: AlphaPose writes 0 for everyone."""
    if all_of_them - once > DOUBLE * all_of_them:
        raise ItemError(
            "the estimator's numbers do not tell people apart: several people of a frame "
            "have the same",
            remedy="Use a click or a box, and the linker `poses` or `pose_flow`",
        )


def _people(detections, fps, size, linker, video):
    """Track of each detection, and what the report says about the linker."""
    if linker == "poses":
        return link(detections, fps), {"name": linker}
    if linker == "labels":
        known = np.isfinite(detections.label)
        if not known.any():
            raise ItemError(
                "the linker `labels` needs an estimator that numbers people",
                remedy="Use the linker `poses` or `pose_flow`",
            )
        usable = np.flatnonzero(known & np.isfinite(detections.keypoints).all(-1).any(1))
        numbers = np.unique(detections.label[usable], return_inverse=True)[1]
        rows = np.column_stack([numbers, detections.frame[usable]])
        # A number that a frame has twice counts once.
        first = np.unique(rows, axis=0, return_index=True)[1]
        _check_numbers(len(first), len(usable))
        chain = np.full(len(detections), -1)
        chain[usable[first]] = numbers[first]
        return link(detections, fps, chain), {"name": linker}
    if linker == "pose_flow":
        # Imported here since OpenCV is needed for this linker only.
        from choreo.poses.pose_flow import pose_flow

        chain = pose_flow(detections, size=size, video=video)
        orb = "used" if video is not None else "0, since no pictures were given"
        return link(detections, fps, chain), {"name": linker, "orb_terms": orb}
    raise ItemError("unknown linker", value=linker, remedy=f"Use one of {', '.join(LINKERS)}")


def _others(detections, track, dancer, witnessed):
    """Numbers of the tracks that must be of somebody else.

    They are seen for `TOGETHER_SECONDS`, or most of their time, in frames where the
    dancer is known to be someone else (`witnessed`, shape (F,), and the least count).
    """
    frames, least = witnessed
    numbers = np.unique(track[(track >= 0) & (track != dancer)])
    seen = [frames[detections.frame[track == n]] for n in numbers]
    return [n for n, s in zip(numbers.tolist(), seen) if s.sum() > min(least, 0.5 * len(s))]


def _stray(detections, track, dancer, usable, trunk, fps, picked):
    """Detections outside the dancer's track that can be nobody else's, at most one a frame.

    Such a detection is the only one of its frame that is of no other person, and no other
    person who is missing there is as likely to be it. Among several people, and where the
    user has said who the dancer is, the dancer must not be away for long.
    """
    frame = detections.frame
    present = np.zeros(detections.frames, bool)
    present[frame[track == dancer]] = True
    edges = np.flatnonzero(np.concatenate([[True], present, [True]])) - 1
    absence = np.zeros(detections.frames)
    for before, after in pairwise(edges):
        absence[before + 1 : after] = (after - before - 1) / fps
    crowd = np.bincount(frame[usable], minlength=detections.frames)
    short = absence <= JUMP_SECONDS
    alone = (crowd == 1) & (not picked)
    # Whoever is among people while the dancer is away for long is one of those people.
    witnessed = present | (~short & (crowd > 1))
    others = _others(detections, track, dancer, (witnessed, TOGETHER_SECONDS * fps))
    loose = usable & ~np.isin(track, [dancer, *others])
    one = np.bincount(frame[loose], minlength=detections.frames) == 1
    stray = np.flatnonzero(loose & (one & ~present & (short | alone))[frame])
    near = np.full(len(stray), np.inf)
    for number in others:
        members = np.flatnonzero(track == number)
        if len(members) < TOGETHER_SECONDS * fps:
            continue  # a second pose of someone, not a person who may be missed
        members = members[np.argsort(frame[members])]
        seen = frame[members]
        missing = ~np.isin(frame[stray], seen)
        missing &= frame[stray] >= seen[0] - LINK_SECONDS * fps
        missing &= frame[stray] <= seen[-1] + LINK_SECONDS * fps
        away = _from_path(frame[stray], trunk[stray], seen, trunk[members])
        near = np.where(missing, np.minimum(near, away), near)
    members = np.flatnonzero(track == dancer)
    members = members[np.argsort(frame[members])]
    return stray[_from_path(frame[stray], trunk[stray], frame[members], trunk[members]) < near / 2]


def _from_path(frames, places, seen, path):
    """Distance (K,) of places (K, 2) from where a track with `path` (M, 2) would be then."""
    expected = np.column_stack([np.interp(frames, seen, path[:, i]) for i in (0, 1)])
    return np.hypot(*(places - expected).T)


def select_dancer(detections, *, fps, size, pick=None, linker="poses", video=None):
    """Choose the dancer among everyone that was found.

    Parameters
    ----------
    detections : Detections
    fps : float
        Frames a second.
    size : tuple of int
        Width and height of the video in pixels.
    pick : str, optional
        The user's own word (see `choreo.pose.pick.parse`): a click or a box chooses the
        person who is there at that time, ``id:N`` exactly the detections with that
        number of the estimator's; None or an empty text leaves it to the scores.
    linker : {"poses", "pose_flow", "labels"}
        See `choreo.choices.LINKERS`.
    video : str or Path, optional
        The standardised video, which `pose_flow` looks at.

    Returns
    -------
    members : ndarray of int
        Indices into `detections`, at most one a frame, in order of time.
    report : dict
        ``linker``; ``pick`` where there is one; ``stray``: poses outside the dancer's own
        path that were kept, since they can be nobody else's; ``chosen`` and ``rejected`` (at most
        `LISTED`, best first; ``rejected_count`` is all of them): frames, first and last
        frame, median height and centre in pixels, centrality, motion (person sizes in
        `MOTION_SECONDS`), score, ``label`` (the estimator's most frequent number, or None),
        ``click`` (a pick that chooses this candidate) and, of those rejected, ``path``:
        up to `PATH` rows of frame, x, y, width, height in pixels.

    Raises
    ------
    ItemError
        Where no detection has a joint, or the pick meets nobody.
    PickError
        Where the pick can't be read.
    """
    asked = parse(pick) if pick else None
    usable = np.isfinite(detections.keypoints).all(-1).any(1)
    if not usable.any():
        raise ItemError(
            "nobody was found in any frame",
            remedy="Check that the estimator's weights are whole and the video shows a person",
        )
    track, linked = _people(detections, fps, size, linker, video)
    geometry = geometry_of(detections.keypoints)
    if asked is not None and asked.label is not None:
        chosen = _labelled(asked, detections, usable)
        track[chosen] = track.max() + 1
    trunk = trunk_of(detections, geometry)
    groups = groups_of(detections, track)
    described = [_describe(detections, m, geometry, size, fps) for m in groups]
    _scores(described, detections.frames)
    if asked is None:
        best = int(np.argmax([d["score"] for d in described]))
    elif asked.label is not None:
        best = len(groups) - 1
    else:
        number = track[_picked(asked, detections, track, geometry, fps, size)]
        best = next(i for i, m in enumerate(groups) if track[m[0]] == number)
    stray = np.array([], int)
    if asked is None or asked.label is None:
        dancer = track[groups[best][0]]
        stray = _stray(detections, track, dancer, usable, trunk, fps, asked is not None)
    if len(stray):
        track[stray] = dancer
        groups = groups_of(detections, track)
        described = [_describe(detections, m, geometry, size, fps) for m in groups]
        _scores(described, detections.frames)
        best = next(i for i, m in enumerate(groups) if track[m[0]] == dancer)
    order = sorted(
        (i for i in range(len(groups)) if i != best),
        key=lambda i: (-described[i]["score"], described[i]["first"]),
    )
    everyone = np.flatnonzero(track >= 0)
    for i in [best, *order[:LISTED]]:
        described[i]["label"] = _labels_of(detections, groups[i])
        described[i]["click"] = _click(detections, groups[i], everyone, trunk, fps, size)
    for i in order[:LISTED]:
        described[i]["path"] = _path(detections, groups[i], geometry)
    report = {
        "linker": linked,
        "stray": len(stray),
        "chosen": _rounded(described[best]),
        "rejected": [_rounded(described[i]) for i in order[:LISTED]],
        "rejected_count": len(order),
    }
    if asked is not None:
        report["pick"] = str(asked)
    return groups[best], report


def _rounded(description):
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in description.items()}


def frames_without(detections, members):
    """Count the frames in which the dancer is missing, by whose doing.

    Parameters
    ----------
    detections : Detections
    members : ndarray of int
        The dancer's.

    Returns
    -------
    dict of str to int
        ``frames_dropped``: someone was found, but not taken for the dancer;
        ``frames_with_nobody``: the estimator found nobody.
    """
    usable = np.isfinite(detections.keypoints).all(-1).any(1)
    found = len(np.unique(detections.frame[usable]))
    return {
        "frames_dropped": found - len(members),
        "frames_with_nobody": detections.frames - found,
    }


def dancer_track(
    detections: Detections,
    *,
    fps: float,
    size: tuple[int, int],
    meta: Mapping[str, Any],
    source: str | Path,
    pick: str | None = None,
    linker: str = "poses",
    video: str | Path | None = None,
) -> PoseTrack:
    """Make the dancer's track.

    Parameters
    ----------
    detections : Detections
    fps : float
        Frames a second.
    size : tuple of int
        Width and height of the video in pixels.
    meta : dict
        What is known of the estimator; ``source``, ``dancer`` (the report of
        `select_dancer`) and what `frames_without` gives are added.
    source : str or Path
        The file that the detections came from.
    pick, linker, video
        See `select_dancer`.

    Raises
    ------
    ItemError
    """
    try:
        members, report = select_dancer(
            detections, fps=fps, size=size, pick=pick, linker=linker, video=video
        )
    except ItemError as error:
        raise error.restated(ItemError, where=error.where or source) from error
    meta = {
        **meta,
        "source": Path(source).name,
        "dancer": report,
        **frames_without(detections, members),
    }
    return detections.track(members, fps=fps, size=size, meta=meta)
