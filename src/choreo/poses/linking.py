"""People followed through a video, by their poses alone.

Links from frame to frame break or go astray where people hide one another. So they are
cut there; what lies between is joined all at once, by where each person was going and
how they carry themselves, before and after; and the doubtful frames are filled in last.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from choreo.pose.skeletons import SKELETONS

LINK_SECONDS = 1.0
"""A person who is not seen for longer starts a new chain."""

LINK_DISTANCE = 0.5
"""Farthest move from one frame to the next, in units of the person's size."""

CONTACT, CONTACT_SPEED = 0.2, 0.3
"""Median distance of two people's joints, in sizes, below which they may be confused; it
grows, in sizes a second, while one of them is not seen."""

SHORT_SECONDS = 0.2
"""A run between two contacts that is shorter says nothing about where someone is going."""

END_SECONDS = 0.5
"""How much of a tracklet's end tells place, velocity and size."""

POSTURE_SECONDS = 1.5
"""How much of it tells the mean posture: seen from the front or the side, tall or small."""

JOIN_DISTANCE, JOIN_SPEED = 0.3, 1.5
"""How far someone may be from where they were going, in sizes: at once, and a second."""

TURN, POSTURE = 2.0, 0.05
"""Change of velocity (sizes a second) and of mean posture (sizes) that count as much as
being as far away as someone may be."""

JOIN_COST = 6.0
"""More than two tracklets that may be one person's can cost: they are joined unless each
has a better fit. A dancer who turned round is not two people."""

FILL_DISTANCE, ODD = 0.3, 2.0
"""How far a doubtful detection may be from where a track is expected, in sizes: its place,
and so many times its difference from the track's mean posture."""

_NEVER = 1e6


@dataclass(frozen=True)
class Geometry:
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
        """Middle of each box, shape (N, 2)."""
        return (self.low + self.high) / 2

    @property
    def size(self):
        """Diagonal of each box, shape (N,)."""
        # A person seen edge on or lying is as large as one who stands: the diagonal.
        return np.maximum(np.hypot(*(self.high - self.low).T), 1.0)


def geometry_of(keypoints):
    """`Geometry` of poses (N, J, 2) in pixels."""
    return Geometry(np.fmin.reduce(keypoints, axis=1), np.fmax.reduce(keypoints, axis=1))


def _frame_to_frame(detections, geometry, fps):
    """Piece of each detection (N,) from matches of each frame with the people before it.

    In each frame the people seen within the last second are matched with the detections
    by the Hungarian method; a match needs a pose distance below half the person's size,
    and up to one size after a gap. -1 where a detection has no joint.
    """
    centre, size = geometry.centre, geometry.size
    chain = np.full(len(detections), -1)
    live = {}  # chain -> (index of its last detection, its velocity in pixels a frame)
    chains = 0
    for frame, here in _by_frame(detections, np.isfinite(centre).all(1)):
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
            # A velocity holds for a few frames, not for a whole gap.
            moved = velocity * np.minimum(gap, 5)[:, None]
            cost = _cost(
                detections.keypoints[last] + moved[:, None],
                size[last],
                detections.keypoints[here],
                size[here],
            )
            limit = np.minimum(LINK_DISTANCE * (1 + (gap - 1) / 10), 1.0)[:, None]
            for row, column in _match(cost, limit):
                taken[int(here[column])] = names[row], velocity[row], last[row], gap[row]
        for index in here.tolist():
            if index in taken:
                name, velocity, before, gap = taken[index]
                step = (centre[index] - centre[before]) / gap
                # A pose that jumps aside says nothing about where someone is going.
                if np.hypot(*step) < CONTACT * size[index]:
                    velocity = velocity / 2 + step / 2
            else:
                name, velocity = chains, np.zeros(2)
                chains += 1
            chain[index] = name
            live[name] = index, velocity
    return chain


def _by_frame(detections, usable):
    """Pairs of frame number and the usable detections in it, in order of time."""
    order = np.flatnonzero(usable)
    order = order[np.argsort(detections.frame[order], kind="stable")]
    frames, starts = np.unique(detections.frame[order], return_index=True)
    return list(zip(frames.tolist(), np.split(order, starts[1:])))


def _distance(one, other):
    """Median distance (P, D) in pixels of the joints that poses (P, J, 2), (D, J, 2) share."""
    apart = np.hypot(*np.moveaxis(one[:, None] - other[None], -1, 0))
    common = np.isfinite(apart).any(-1)
    distance = np.full(common.shape, np.inf)
    distance[common] = np.nanmedian(apart[common], axis=-1)
    return distance


def _cost(poses, sizes, others, other_sizes):
    """Cost (P, D) of taking two poses for one person's, in person sizes."""
    larger = np.maximum(sizes[:, None], other_sizes[None])
    ratio = np.abs(np.log(sizes[:, None] / other_sizes[None]))
    return _distance(poses, others) / larger + ratio / 2


def _match(cost, limit):
    """Pairs of row and column by the Hungarian method, each with a cost below `limit`."""
    bounded = np.where(cost < limit, cost, _NEVER)
    rows, columns = linear_sum_assignment(bounded)
    good = bounded[rows, columns] < _NEVER
    return list(zip(rows[good].tolist(), columns[good].tolist()))


def _in_contact(detections, chain, geometry, fps):
    """Which detections (N,) lie so near another person that the two could be confused.

    The other is seen in the same frame, or was last seen there within a second: someone
    may be hidden behind this one.
    """
    size = geometry.size
    contact = np.zeros(len(detections), bool)
    live = {}
    for frame, here in _by_frame(detections, chain >= 0):
        for index in here.tolist():
            live[int(chain[index])] = index
        live = {p: i for p, i in live.items() if frame - detections.frame[i] <= LINK_SECONDS * fps}
        everyone = np.array(list(live.values()))
        near = _distance(detections.keypoints[here], detections.keypoints[everyone])
        near /= np.maximum(size[here][:, None], size[everyone][None])
        near[here[:, None] == everyone[None]] = np.inf
        unseen = (frame - detections.frame[everyone]) / fps
        contact[here] = (near < CONTACT + CONTACT_SPEED * unseen).any(1)
    return contact


def _cut(detections, chain, contact, geometry, fps):
    """Tracklet of each detection (N,): runs of a chain without contact; -1 for the rest.

    A chain is cut where it jumps, too. Runs too short to tell where someone is going,
    next to a contact or between two jumps, are not kept.
    """
    tracklet = np.full(len(detections), -1)
    count = 0
    for members in groups_of(detections, chain):
        touched = contact[members]
        jump = _jumps(detections, members, geometry, fps)
        for run in np.split(np.arange(len(members)), np.flatnonzero(np.diff(touched) | jump) + 1):
            around = touched[max(run[0] - 1, 0)] or touched[min(run[-1] + 1, len(members) - 1)]
            aside = jump[run[0] - 1 : run[0]].any() and jump[run[-1] : run[-1] + 1].any()
            short = (around or aside) and len(run) < SHORT_SECONDS * fps
            if not touched[run[0]] and not short:
                tracklet[members[run]] = count
                count += 1
    return tracklet


def _jumps(detections, members, geometry, fps):
    """Whether each of M - 1 steps of a chain goes farther than someone may be confused."""
    before, after = members[:-1], members[1:]
    apart = np.hypot(
        *np.moveaxis(detections.keypoints[after] - detections.keypoints[before], -1, 0)
    )
    distance = _median(apart.T) / np.maximum(geometry.size[before], geometry.size[after])
    gap = (detections.frame[after] - detections.frame[before] - 1) / fps
    return distance > CONTACT + CONTACT_SPEED * gap


def groups_of(detections, number):
    """Detections of each number from 0 on, each in order of time."""
    order = np.lexsort((detections.frame, number))
    order = order[number[order] >= 0]
    if not len(order):
        return []
    return np.split(order, np.flatnonzero(np.diff(number[order])) + 1)


@dataclass(frozen=True)
class _Ends:
    """The first or the last moments of M tracklets.

    Attributes
    ----------
    frame : ndarray of int, shape (M,)
    place, velocity : ndarray, shape (M, 2)
        Of the trunk, in pixels and pixels a frame.
    size : ndarray, shape (M,)
        In pixels.
    posture : ndarray, shape (M, J, 2)
        Median place of each joint from the trunk in pixels; NaN where it was never seen.
    """

    frame: np.ndarray
    place: np.ndarray
    velocity: np.ndarray
    size: np.ndarray
    posture: np.ndarray


def _ends(groups, detections, geometry, trunk, fps, *, last):
    rows = []
    for members in groups:
        frame = detections.frame[members]
        edge = frame[-1] if last else frame[0]
        members = members[np.abs(frame - edge) <= POSTURE_SECONDS * fps]
        posture = _median(detections.keypoints[members] - trunk[members][:, None])
        size = np.median(geometry.size[members])
        members = members[np.abs(detections.frame[members] - edge) <= END_SECONDS * fps]
        at = (detections.frame[members] - edge).astype(float)
        place, velocity = np.median(trunk[members], axis=0), np.zeros(2)
        if len(members) >= 3:
            slope, place = np.polyfit(at, trunk[members], 1)
            # Few frames say little about a velocity.
            velocity = slope * len(members) / (len(members) + 3)
        rows.append((edge, place, velocity, size, posture))
    return _Ends(*(np.array(column) for column in zip(*rows)))


def _median(values):
    """Median over the first axis without NaN; NaN where there is nothing else."""
    out = np.full(values.shape[1:], np.nan)
    some = np.isfinite(values).any(0)
    out[some] = np.nanmedian(values[:, some], axis=0)
    return out


def trunk_of(detections, geometry):
    """Middle of shoulders and hips (N, 2); of the box where none of them is there."""
    joints = [
        j
        for j, name in enumerate(SKELETONS[detections.skeleton].joints)
        if name.endswith(("_shoulder", "_hip"))
    ]
    points = detections.keypoints[:, joints]
    count = np.isfinite(points).all(-1).sum(1)[:, None]
    middle = np.nansum(points, axis=1) / np.maximum(count, 1)
    return np.where(count > 0, middle, geometry.centre)


def _join(detections, tracklet, geometry, trunk, fps):
    """Track of each detection (N,): tracklets of one person have the same number.

    All ends are matched with all later beginnings at once, so that two people who
    crossed are told apart by where each was going, and by their sizes. It is done again
    with those put back that were passed over (`_passed_over`).
    """
    groups = groups_of(detections, tracklet)
    end = _ends(groups, detections, geometry, trunk, fps, last=True)
    start = _ends(groups, detections, geometry, trunk, fps, last=False)
    costs = {}
    for i in range(len(groups)):
        later = np.flatnonzero(start.frame > end.frame[i])
        gap = (start.frame[later] - end.frame[i])[:, None]
        # Each goes on at its own velocity until they meet halfway, for half a second at most.
        half = np.minimum(gap / 2, 0.5 * fps)
        size = np.maximum(end.size[i], start.size[later])
        apart = end.place[i] + half * end.velocity[i]
        apart = apart - (start.place[later] - half * start.velocity[later])
        seconds = gap[:, 0] / fps
        reach = np.minimum(JOIN_DISTANCE + JOIN_SPEED * seconds, 3.0)
        turn = np.hypot(*(end.velocity[i] - start.velocity[later]).T) * fps / size
        growth = np.abs(np.log(end.size[i] / start.size[later]))
        posture = _distance(end.posture[i][None], start.posture[later])[0] / size
        apart = np.hypot(*apart.T) / size
        # Over a few frames the place says it all; gestures and turns count over longer gaps.
        manner = np.minimum(turn / TURN, 1) + np.minimum(posture / POSTURE, 3)
        cost = apart / reach + np.minimum(seconds / 0.5, 1) * manner + np.minimum(seconds, 10) / 20
        good = (apart <= reach) & (growth < np.log(2))
        costs.update(zip(((i, j) for j in later[good].tolist()), cost[good].tolist()))
    follower = _assign(len(groups), costs)
    found = _passed_over(follower, end, start)
    if found:
        for before, between, after in found:
            costs.pop((before, after), None)
            costs[before, between] = costs[between, after] = 0.0
        follower = _assign(len(groups), costs)
    track = np.full(len(detections), -1)
    number = np.arange(len(groups))
    # A tracklet begins before those that follow it: in this order one pass is enough.
    for i in np.argsort(start.frame, kind="stable"):
        if follower[i] >= 0:
            number[follower[i]] = number[i]
    for members, n in zip(groups, number):
        track[members] = n
    return track


def _passed_over(follower, end, start):
    """Tracklets in a gap of someone else's track that fill it at its place.

    Such a tracklet begins where the one before ended, and ends where the one after
    begins. Some odd poses are enough to give it to a passer-by who is seen much later.

    Parameters
    ----------
    follower : ndarray of int, shape (M,)
        What follows each tracklet.
    end, start : _Ends

    Returns
    -------
    list of tuple of int
        Tracklets before, between and after.
    """
    found = []
    for before, after in enumerate(follower.tolist()):
        if after < 0:
            continue
        inside = (start.frame > end.frame[before]) & (end.frame < start.frame[after])
        inside = np.flatnonzero(inside).tolist()
        near = [k for k in inside if _stays(end, before, start, k) and _stays(end, k, start, after)]
        near.sort(key=lambda k: start.frame[k])
        chain = [before, *near, after]
        found += zip(chain, chain[1:-1], chain[2:])
    return found


def _stays(end, one, start, other):
    """Whether tracklet `other` begins where `one` ended."""
    away = np.hypot(*(end.place[one] - start.place[other]))
    return away < CONTACT * max(end.size[one], start.size[other])


def _assign(count, costs):
    """Column for each of `count` rows, or -1: the cheapest, where going without is JOIN_COST."""
    free = np.arange(count)
    rows, columns = np.array(list(costs), int).reshape(-1, 2).T
    matrix = coo_array(
        (
            # Zeros would be taken for missing entries.
            np.concatenate([np.array(list(costs.values())) + 1, np.full(count, JOIN_COST + 1)]),
            (np.concatenate([rows, free]), np.concatenate([columns, count + free])),
        ),
        shape=(count, 2 * count),
    )
    matched = min_weight_full_bipartite_matching(matrix.tocsr())[1]
    return np.where(matched < count, matched, -1)


@dataclass
class _Gap:
    """Frames after a detection of a track without one, filled from their beginning on.

    Attributes
    ----------
    track : int
    before : int
        The detection before; it moves on as the gap is filled.
    after : int
        The track's next detection; `before` itself where the track ends there.
    stop : float
        Frame at which the gap ends.
    posture : ndarray, shape (J, 2)
        Median place of each joint from the trunk, in pixels, on both sides.
    """

    track: int
    before: int
    after: int
    stop: float
    posture: np.ndarray


def _gaps(detections, track, trunk, fps):
    """Gaps of all tracks in order of time, with a second after the end of each."""
    gaps = []
    for members in groups_of(detections, track):
        frame = detections.frame[members]
        ends = np.flatnonzero(np.diff(frame, append=np.inf) > 1)
        after = np.minimum(ends + 1, len(members) - 1)
        low = np.searchsorted(frame, frame[ends] - POSTURE_SECONDS * fps)
        high = np.searchsorted(frame, frame[after] + POSTURE_SECONDS * fps)
        for k, n, a, b in zip(ends.tolist(), after.tolist(), low, high):
            around = members[a:b]
            stop = frame[n] if n > k else frame[k] + LINK_SECONDS * fps
            posture = _median(detections.keypoints[around] - trunk[around][:, None])
            gaps.append(_Gap(int(track[members[k]]), members[k], members[n], stop, posture))
    return sorted(gaps, key=lambda gap: detections.frame[gap.before])


def _expected(gap, frame, detections):
    """Pose (J, 2) between the last one found and the gap's end."""
    (before, after), poses = detections.frame[[gap.before, gap.after]], detections.keypoints
    first, second = poses[gap.before], poses[gap.after]
    share = (frame - before) / (after - before) if after > before else 0.0
    pose = first + share * (second - first)
    return np.where(np.isfinite(pose), pose, np.where(np.isfinite(first), first, second))


def _fill(detections, track, loose, geometry, trunk, fps):
    """Give loose detections to the tracks in whose gaps they lie; changes `track`."""
    waiting = _gaps(detections, track, trunk, fps)[::-1]
    present = dict(_by_frame(detections, track >= 0))
    poses, size = detections.keypoints, geometry.size
    shape = poses - trunk[:, None]
    gaps = []
    for frame, here in _by_frame(detections, loose & (track < 0)):
        while waiting and detections.frame[waiting[-1].before] < frame:
            gaps.append(waiting.pop())
        gaps = [gap for gap in gaps if gap.stop > frame]
        if not gaps:
            continue
        larger = np.maximum(size[[gap.before for gap in gaps]], size[[gap.after for gap in gaps]])
        larger = np.maximum(larger[:, None], size[here][None])
        away = _distance(np.array([_expected(gap, frame, detections) for gap in gaps]), poses[here])
        odd = _distance(np.array([gap.posture for gap in gaps]), shape[here])
        if frame in present:
            # A second pose on someone who is there already is nobody's.
            double = _distance(poses[present[frame]], poses[here]).min(0)
            away[double[None] < away] = np.inf
        for row, column in _match((away + ODD * odd) / larger, FILL_DISTANCE):
            gap = gaps[row]
            track[here[column]] = gap.track
            if gap.after == gap.before:
                gap.after = here[column]
                gap.stop = frame + LINK_SECONDS * fps
            gap.before = here[column]


def link(detections, fps, chain=None):
    """Number the people that were found, each with one number from beginning to end.

    Frame-to-frame links are cut wherever two people come so near that they could be
    confused; the tracklets between are joined all at once by place, velocity and size,
    also over gaps; then the detections of the doubtful frames go to the track that was
    expected there.

    Parameters
    ----------
    detections : Detections
    fps : float
        Frames a second.
    chain : ndarray of int, shape (N,), optional
        Frame-to-frame links of another linker, -1 for none; by default by pose distance.

    Returns
    -------
    ndarray of int, shape (N,)
        Number of the person, at most one detection a frame; -1 for a detection without
        joints, and for one in a doubtful frame that fits nobody.
    """
    geometry = geometry_of(detections.keypoints)
    if chain is None:
        chain = _frame_to_frame(detections, geometry, fps)
    contact = _in_contact(detections, chain, geometry, fps)
    tracklet = _cut(detections, chain, contact, geometry, fps)
    if (tracklet < 0).all():
        return chain
    trunk = trunk_of(detections, geometry)
    track = _join(detections, tracklet, geometry, trunk, fps)
    loose = (chain >= 0) & (tracklet < 0)
    _fill(detections, track, loose, geometry, trunk, fps)
    # Backwards in time, for what lies before someone's first tracklet.
    backwards = replace(detections, frame=detections.frames - 1 - detections.frame)
    _fill(backwards, track, loose, geometry, trunk, fps)
    # Who was near another all the time is a person all the same.
    for members in groups_of(detections, chain):
        if (track[members] < 0).all():
            track[members] = track.max() + 1
    return track
