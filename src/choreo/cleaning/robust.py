"""Cleaning that looks at each joint over many frames: the thesis's own future work (section 6.1).

Eq. (1)-(2) see the first frames of a wrong stretch at most, throw away the whole body for
one joint, and take a fast arm for an error. Here

1. left and right that were exchanged are put back (a two-state Viterbi path over how far
   the joints miss their continued motion when kept and when exchanged);
2. the path of the body, then of each limb and of the head, then of each joint is cut where
   it jumps, that is where the straight continuations from both sides miss each other, and
   the segments are kept that follow from one another at the least cost (dynamic
   programming), so that a stretch of bad frames is dropped whole, while a fast but smooth
   move stays. The body jumps where half of its joints do, an arm where elbow and wrist do:
   together they move far less abruptly than a wrist may, so that less counts as a jump.
   What the track's own jitter explains does not;
3. a joint at the end of a limb is dropped where the limb is longer than the clip's robust
   maximum and came to be so, or ceases to be, by a jump. A limb that grows smoothly is one
   that turns out of the camera's axis, and all limbs grow where the dancer comes nearer:
   the maximum grows with them;
4. each joint is filled on its own, halfway between the cubic spline through what is left of
   it, which swings out where jitter or a bad frame gives it a wrong slope, and the
   shape-preserving cubic (PCHIP), which cuts the turn of a movement off. What is filled is
   held to the longest limb that was kept; gaps longer than a limit are left empty.

Distances are in units of the dancer's size (the median diagonal of the box around the
joints), so that the resolution does not matter.
"""

import functools
import itertools
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from choreo.cleaning.gaps import bridgeable, fill_gaps
from choreo.pose.misdetections import given_joints, joints_in_use
from choreo.pose.runs import runs
from choreo.pose.size import body_size

MAX_GAP_SECONDS = 0.5
"""Longer gaps are not bridged."""

JOIN = 6 / 7
"""Miss across one frame at which a join costs as much as a dropped frame, in jumps."""

JOIN_GROWTH = 3 / 7
"""How much larger that miss may be for each frame of a gap between two segments."""

ECHO = 1.3
"""A miss that is this many times as large has its echo taken out of those beside it."""

LOOK_BACK = 20
"""Segments before it that a segment may be joined to."""

EXCHANGE = 0.1
"""Cost of exchanging left and right, in body sizes of motion a pair; a third in the face.
Below `REFERENCE_FPS` this and the next grow with the time step, as the motion does."""

EXCHANGED = 0.005
"""Cost of each frame that is exchanged: the shorter part of a clip is taken for the wrong one."""

FAR = 0.5
"""What moves by more in a step is no better explained by an exchange, in body sizes."""

LIMB_MARGIN, LIMB_SLACK = 1.35, 0.03
"""A limb may be longer than the 90th percentile of its length by this factor and this part
of the body size, both times how much longer than theirs the dancer's limbs are in the frame
(their median, at least 1). Widths of the body and the face are no limbs: they grow in a turn."""

FEWEST = 10
"""Frames from which the length of a limb can be told."""

HELD_ROUNDS = 2
"""How often filled joints are held to their limbs: the second time those moved by the first."""

REACH = 3
"""Frames on each side of one, in which two are looked for that it lies between."""

AMONG_RIGHT = 0.3
"""Quantile of all frames: the middle one of those that are right where two in five are not."""

OTHERS = 2.0
"""A path's jitter is at most this many times what is usual among those of its level."""

REFERENCE_FPS = 30.0
"""Frame rate at which the constants were set."""

_GROUPS = {
    ("shoulder", "elbow", "wrist"): EXCHANGE,
    ("hip", "knee", "ankle", "big_toe", "small_toe", "heel"): EXCHANGE,
    ("eye", "ear"): EXCHANGE / 3,
}


@dataclass(frozen=True)
class Level:
    """What the paths of the body, of its parts or of single joints are held to.

    Attributes
    ----------
    jump : float
        Smallest miss between two straight continuations that cuts a path, in body sizes.
        Below `REFERENCE_FPS` it grows with the square of the time step, as what
        acceleration does.
    jitter : float
        It is this many times the path's median miss at least, so that jitter cuts nothing.
    cap : float
        Largest cost of a join, in dropped frames: what is wrong for up to twice as many, or
        for as many at an end of the track, is dropped.
    """

    jump: float
    jitter: float
    cap: float


BODY, PART, JOINT = Level(0.03, 2.5, 15.0), Level(0.05, 4.5, 15.0), Level(0.07, 4.5, 12.0)

_PARTS = (
    ("left_elbow", "left_wrist"),
    ("right_elbow", "right_wrist"),
    ("left_knee", "left_ankle", "left_big_toe", "left_small_toe", "left_heel"),
    ("right_knee", "right_ankle", "right_big_toe", "right_small_toe", "right_heel"),
    ("nose", "left_eye", "right_eye", "left_ear", "right_ear"),
)

_LIMB_ENDS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")


@dataclass(frozen=True)
class Repair:
    """What was found in a track of T frames and J joints.

    Attributes
    ----------
    keypoints : ndarray of float, shape (T, J, 2)
        Pixels; NaN where nothing could be filled in.
    dropped : ndarray of bool, shape (T, J)
        Given joints that were taken for wrong.
    exchanged : ndarray of bool, shape (T, J)
        Joints that were exchanged with the other side's.
    """

    keypoints: np.ndarray
    dropped: np.ndarray
    exchanged: np.ndarray


def repair(keypoints, scores, fps, skeleton, *, max_gap_seconds=MAX_GAP_SECONDS):
    """Clean a track joint by joint.

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)
        Pixels; NaN where there is none.
    scores : ndarray, shape (T, J)
        The estimator's confidence from 0 to 1; NaN where it gives none. A joint of little
        confidence is dropped for less.
    fps : float
        Frames a second.
    skeleton : Skeleton
    max_gap_seconds : float or None
        Longer gaps are not bridged.

    Returns
    -------
    Repair
    """
    absent = written_absent(keypoints)
    found = np.where(absent[..., None], np.nan, keypoints)
    size = body_size(found)
    exchanged = find_exchanges(found, size, skeleton, fps)
    path = np.where(exchanged[..., None], keypoints[:, skeleton.mirror], keypoints).astype(float)
    given = given_joints(path)
    path[written_absent(path)] = np.nan
    scores = np.where(exchanged, scores[:, skeleton.mirror], scores)
    keep = given_joints(path)
    worth = 0.5 + 0.5 * np.clip(np.nan_to_num(scores, nan=1.0), 0, 1)
    used = np.flatnonzero(joints_in_use(path))
    parts = [[j for j in used if skeleton.joints[j] in part] for part in _PARTS]
    for level, groups in (
        (BODY, [used.tolist()]),
        (PART, [part for part in parts if len(part) > 1]),
        (JOINT, [[joint] for joint in used]),
    ):
        paths = []
        for joints in groups:
            at = np.flatnonzero(2 * keep[:, joints].sum(1) > len(joints))
            there = np.ix_(at, joints)
            known = np.where(keep[there][..., None], path[there] / size, np.nan)
            paths.append((at, known, worth[there].mean(1)))
        for joints, (at, *_), good in zip(groups, paths, consistent(paths, fps, level)):
            keep[np.ix_(at[~good], joints)] = False
    keep &= ~_too_long(path, keep, size, skeleton, fps)
    limit = None if max_gap_seconds is None else max_gap_seconds * fps
    filled = _held(_filled(path, keep, limit), keep, skeleton)
    return Repair(filled, given & ~keep, exchanged & given)


def written_absent(keypoints):
    """Tell which joints stand where estimators write one that they did not find.

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)

    Returns
    -------
    ndarray of bool, shape (T, J)
        Exactly at 0, 0 or -1, -1.
    """
    x, y = keypoints[..., 0], keypoints[..., 1]
    return (x == y) & ((x == 0) | (x == -1))


def _filled(path, keep, limit):
    out = np.where(keep[..., None], path, np.nan)
    patterns = {}
    for joint in np.flatnonzero(keep.any(0) & ~keep.all(0)):
        patterns.setdefault(keep[:, joint].tobytes(), []).append(joint)
    for joints in patterns.values():
        # Joints that lack the same frames share their curves.
        mask = keep[:, joints[0]]
        gap = bridgeable(mask, limit)
        if gap.any():
            values = path[:, joints].reshape(len(path), -1)
            spline = fill_gaps(values, mask, gap)[gap]
            at = np.flatnonzero(mask)
            level = PchipInterpolator(at, values[at])(np.flatnonzero(gap))
            out[np.ix_(gap, joints)] = ((spline + level) / 2).reshape(len(spline), -1, 2)
    return out


def _held(filled, keep, skeleton):
    """Bring filled joints nearer where their limb is longer than it ever was where kept."""
    out = filled.copy()
    longest = {}
    for near, far in skeleton.limbs:
        both = keep[:, near] & keep[:, far]
        if both.sum() >= FEWEST and not both.all():
            longest[near, far] = np.hypot(*(out[both, far] - out[both, near]).T).max()
    for _ in range(HELD_ROUNDS):
        for (near, far), most in longest.items():
            # Of two that were filled it is the far one that moves.
            for moved, still, may in (
                (far, near, ~keep[:, far]),
                (near, far, keep[:, far] & ~keep[:, near]),
            ):
                way = out[:, moved] - out[:, still]
                length = np.hypot(*way.T)
                over = may & (length > most)
                out[over, moved] = out[over, still] + way[over] * (most / length[over])[:, None]
    return out


def find_exchanges(keypoints, size, skeleton, fps):
    """Find frames in which an estimator took left for right.

    Arms, legs and face are looked at on their own. Two states, as given and exchanged;
    the cost of a step is how far the group's joints, on average, land from where they were
    or from where they would have been had the motion of the step before or after gone on,
    whichever is least, in body sizes a frame; that of a change of state is `EXCHANGE`, that
    of a frame in the exchanged state `EXCHANGED`. The continued motion is what tells a fast
    crossing of the hands from an exchange where the frames are far apart.

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)
        Pixels; NaN where there is none.
    size : float
        Body size in pixels.
    skeleton : Skeleton
    fps : float
        Frames a second.

    Returns
    -------
    ndarray of bool, shape (T, J)
        Joints to exchange with the other side's.
    """
    exchanged = np.zeros(keypoints.shape[:2], bool)
    slower = _slower(fps)
    for group, change_cost in _GROUPS.items():
        pairs = [
            pair
            for pair in skeleton.pairs
            if skeleton.joints[pair[0]].removeprefix("left_") in group
        ]
        if not pairs:
            continue
        left, right = np.array(pairs).T
        both = given_joints(keypoints[:, left]) & given_joints(keypoints[:, right])
        at = np.flatnonzero(both.any(1))
        if len(at) < 2:
            continue
        a, b = keypoints[at][:, left] / size, keypoints[at][:, right] / size
        # Across missing frames much can have moved: there it is the speed that counts.
        step = np.diff(at)
        kept = (_motion(a, a, step) + _motion(b, b, step)) / step[:, None]
        crossed = (_motion(a, b, step) + _motion(b, a, step)) / step[:, None]
        known = np.isfinite(kept) & np.isfinite(crossed)
        count = np.maximum(known.sum(1), 1)
        same = np.where(known, kept, 0).sum(1) / count
        change = np.where(known, crossed, 0).sum(1) / count + change_cost * slower
        state = _two_states(same.tolist(), change.tolist(), EXCHANGED * slower)
        exchanged[np.ix_(at, np.concatenate([left, right]))] = state[:, None]
    return exchanged


def _slower(fps):
    """How much longer a time step is than at `REFERENCE_FPS`; 1 above it."""
    return max(REFERENCE_FPS / fps, 1.0)


def _motion(earlier, later, step):
    """How far joints (T, P, 2) land from where they were or were going: (T - 1, P).

    `earlier` goes on as `later`; `step` (T - 1) counts frames. NaN where a joint is absent.
    """
    here, there = earlier[:-1], later[1:]
    least = np.hypot(*np.moveaxis(there - here, -1, 0))
    onward = np.hypot(*np.moveaxis(there[1:] - 2 * here[1:] + earlier[:-2], -1, 0))
    back = np.hypot(*np.moveaxis(here[:-1] - 2 * there[:-1] + later[2:], -1, 0))
    next_to = ((step[1:] == 1) & (step[:-1] == 1))[:, None]
    least[1:] = np.fmin(least[1:], np.where(next_to, onward, np.nan))
    least[:-1] = np.fmin(least[:-1], np.where(next_to, back, np.nan))
    # A jump to anywhere must not look like an exchange.
    return np.minimum(least, FAR)


def _two_states(same, change, exchanged_cost):
    """Cheapest path of states (False as given, True exchanged) for T frames, T - 1 steps."""
    costs = 0.0, exchanged_cost
    back = []
    for stay, switch in zip(same, change):
        plain = costs[0] + stay, costs[1] + switch
        crossed = costs[1] + stay, costs[0] + switch
        back.append((plain[1] < plain[0], crossed[0] <= crossed[1]))
        costs = min(plain), min(crossed) + exchanged_cost
    state = costs[1] < costs[0]
    states = [state]
    for from_plain, from_crossed in reversed(back):
        state = from_crossed if state else from_plain
        states.append(state)
    return np.array(states[::-1])


def consistent(paths, fps, level):
    """Find the part of each path whose segments follow from one another.

    Parameters
    ----------
    paths : list of (ndarray, ndarray, ndarray)
        Of one joint or several that belong together each: increasing frame numbers, int of
        shape (N,); positions in body sizes, shape (N, J, 2), NaN where there is none; the
        cost of dropping each frame, shape (N,).
    fps : float
        Frames a second.
    level : Level

    Returns
    -------
    list of ndarray of bool, shape (N,)
        What to keep of each path.
    """
    good = [np.ones(len(frame), bool) for frame, _, _ in paths]
    frames_a_second = REFERENCE_FPS / fps
    chains = []
    usual_misses = _usual_misses([(frame, path) for frame, path, _ in paths])
    for number, ((frame, path, worth), usual) in enumerate(zip(paths, usual_misses)):
        usual *= level.jitter
        jumps = _jumps(frame, path, level, fps, usual)
        cuts = np.flatnonzero(jumps | (np.diff(frame) > 1)) + 1
        if not len(cuts):
            continue
        first = np.concatenate([[0], cuts])
        last = np.concatenate([cuts - 1, [len(frame) - 1]])
        total = np.concatenate([[0], np.cumsum(worth)])
        joins = _joins(first, last, frame, path, frames_a_second) / max(level.jump, usual)
        joins = np.where(np.isnan(joins), 0.0, np.minimum(joins**2, level.cap))
        joins[np.arange(len(first))[:, None] <= np.arange(LOOK_BACK)] = np.inf
        chains.append((number, first, last, joins, total[first], total[last + 1]))
    chosen = _best_chains([chain[3:] for chain in chains])
    for (number, first, last, *_), segments in zip(chains, chosen):
        good[number][:] = False
        for segment in segments:
            good[number][first[segment] : last[segment] + 1] = True
    return good


def _middle(vectors):
    """Length of vectors (..., J, 2): that which half of the J known ones at least reach.

    NaN where none is known. Of two it is the smaller.
    """
    length = np.hypot(vectors[..., 0], vectors[..., 1])
    if length.shape[-1] == 1:
        return length[..., 0]
    length.sort(axis=-1)
    known = np.isfinite(length).sum(-1, keepdims=True)
    return np.take_along_axis(length, np.maximum(known - 1, 0) // 2, -1)[..., 0]


def _misses(frame, path):
    """How far continuations from both sides of each step miss each other, in body sizes.

    The straight continuations in the middle of a step, that is half the third difference. At
    the ends and beside a gap it is how far the frame beyond is off that of the three frames
    on the one side: the whole third difference.

    Parameters
    ----------
    frame : ndarray of int, shape (N,)
    path : ndarray, shape (N, J, 2)

    Returns
    -------
    miss : ndarray, shape (N - 1,)
        NaN where it can't be told.
    both : ndarray of bool, shape (N - 1,)
        Whether both sides go on.
    third : ndarray, shape (N - 3, J, 2)
        Third differences; NaN across a gap.
    """
    if len(frame) < 4:
        nothing = np.full(max(len(frame) - 1, 0), np.nan)
        return nothing, np.isfinite(nothing), np.empty((0, *path.shape[1:]))
    third = path[3:] - 3 * path[2:-1] + 3 * path[1:-2] - path[:-3]
    third[frame[3:] - frame[:-3] > 3] = np.nan
    missed = np.full(len(frame) + 1, np.nan)
    missed[2:-2] = _middle(third)
    earlier, half, later = missed[:-2], missed[1:-1] / 2, missed[2:]
    both = np.isfinite(half)
    return np.where(both, half, np.fmin(earlier, later)), both, third


def _jumps(frame, path, level, fps, usual):
    """Steps (N - 1,) at which a path jumps by more than `usual`, the worth of its jitter."""
    miss, both, third = _misses(frame, path)
    # Of one side alone it is the whole third difference, and so is what motion and jitter add.
    least = max(level.jump * _slower(fps) ** 2, usual) * np.where(both, 1, 2)
    jumps = miss > least
    # A jump echoes by half, the other way, in the steps beside it: no jumps of their own,
    # or a lone frame would be cut off there and lead from one side to the other.
    for step in np.flatnonzero(jumps[1:-1] & both[1:-1]) + 1:
        echo = np.zeros(path.shape[1:])
        for beside in (step - 1, step + 1):
            if both[beside] and miss[beside] > ECHO * miss[step]:
                echo += third[beside - 1] / 4
        if echo.any():
            jumps[step] = _middle(third[step - 1] / 2 + echo) > least[step]
    return jumps


def _usual_misses(paths):
    """What jitter makes of the misses of paths, in body sizes; no fault can take it over.

    The median miss is of the faults where a joint flickers: one wrong frame corrupts four
    steps, and every sixth frame most of them. A right frame, however, has two near it that
    are right too and lies between them, up to its jitter and motion. Frames are held to
    the pair that they are nearest to, `REACH` on each side; the `AMONG_RIGHT` quantile of
    them is a right one where two in five frames are wrong. Where jitter as large as that
    explains no such median, it counts in its place, and so does what is usual among the paths.

    Parameters
    ----------
    paths : list of (ndarray, ndarray)
        Frame numbers and positions, as for `consistent`.

    Returns
    -------
    ndarray, shape (P,)
    """
    medians, among_right = np.zeros((2, len(paths)))
    for number, (frame, path) in enumerate(paths):
        miss, *_ = _misses(frame, path)
        nearest = _nearest(frame, path)
        miss, nearest = miss[np.isfinite(miss)], nearest[np.isfinite(nearest)]
        if miss.size and nearest.size:
            medians[number] = np.median(miss)
            among_right[number] = np.quantile(nearest, AMONG_RIGHT)
            among_right[number] *= _median_to_nearest(path.shape[1])
    usual = np.minimum(medians, among_right)
    if len(paths):
        bound = np.minimum(usual, OTHERS * np.median(usual))
        usual = np.where(among_right < medians, bound, usual)
    return usual


def _nearest(frame, path):
    """How far each frame is off the line between two near it, at the least; inf if none."""
    nearest = np.full(len(frame), np.inf)
    for before, after in itertools.product(range(1, REACH + 1), repeat=2):
        here = slice(before, len(frame) - after)
        if here.start >= here.stop:
            continue
        earlier, later = frame[: here.stop - before], frame[here.start + after :]
        share = ((frame[here] - earlier) / (later - earlier))[:, None, None]
        line = (1 - share) * path[: here.stop - before] + share * path[here.start + after :]
        off = _middle(path[here] - line) / np.sqrt(1 + share**2 + (1 - share) ** 2)[:, 0, 0]
        off[later - earlier > 2 * REACH] = np.nan
        nearest[here] = np.fmin(nearest[here], off)
    return nearest


@functools.cache
def _median_to_nearest(joints):
    """Median miss over the `AMONG_RIGHT` quantile of `_nearest`, of jitter that is normal."""
    path = np.random.default_rng(0).normal(size=(4000, joints, 2))
    frame = np.arange(len(path))
    miss, *_ = _misses(frame, path)
    nearest = _nearest(frame, path)[REACH:-REACH]
    return float(np.nanmedian(miss) / np.quantile(nearest, AMONG_RIGHT))


def _velocities(first, last, frame, path):
    """Velocity at the start and at the end of each segment; NaN where it has one frame."""
    reach = np.minimum(last - first, 2)
    single = reach == 0

    def between(a, b):
        span = np.where(single, 1, frame[b] - frame[a])[:, None, None]
        return np.where(single[:, None, None], np.nan, (path[b] - path[a]) / span)

    return between(first, first + reach), between(last - reach, last)


def _joins(first, last, frame, path, frames_a_second):
    """Miss (P, LOOK_BACK) of joining each of P segments to the one k + 1 before it.

    Over what is allowed across the gap, in jumps.
    """
    begin, leave = _velocities(first, last, frame, path)
    segment = np.arange(len(first))[:, None]
    earlier = np.maximum(segment - 1 - np.arange(LOOK_BACK), 0)
    start, end = first[segment], last[earlier]
    gap = np.maximum(frame[start] - frame[end], 1).astype(float)
    out, into = leave[earlier], begin[segment]
    alone = (first == last)[earlier] & (first == last)[segment]
    # A lone frame goes the way of the other segment; two of them have no direction.
    out = np.where(np.isfinite(out), out, into)
    into = np.where(np.isfinite(into), into, out)
    onward = np.where(alone[..., None, None], 0.0, (into + out) * gap[..., None, None] / 2)
    miss = _middle(path[start] - path[end] - onward)
    gap *= frames_a_second
    allowed = JOIN + JOIN_GROWTH * np.maximum(gap - 1, 0)
    return miss / (allowed + np.where(alone, JOIN * gap, 0.0))


def _best_chains(joints):
    """Segments of the cheapest chain of each joint: dropped frames and joins that miss.

    All joints at once, for speed; each is (joins, before, after) with `joins` as `_joins`
    gives it, and what could be kept before each of its segments and until its end.
    """
    if not joints:
        return []
    # Joints with fewer segments than others get further ones that cost endlessly much.
    most = max(len(before) for _, before, _ in joints)
    joins = np.full((most, LOOK_BACK, len(joints)), np.inf)
    kept = np.full((most, len(joints)), np.inf)
    for number, (cost, start, end) in enumerate(joints):
        joins[: len(start), :, number] = cost
        kept[: len(start), number] = start - end
    # ends[LOOK_BACK + p]: cost of the best chain to segment p, less all that could have been
    # kept until its end; padded so that every segment has LOOK_BACK ones before it.
    ends = np.full((LOOK_BACK + most, len(joints)), np.inf)
    previous = np.full((most, len(joints)), -1)
    every = np.arange(len(joints))
    for segment in range(most):
        candidates = ends[segment : segment + LOOK_BACK][::-1] + joins[segment]
        best = candidates.argmin(0)
        cost = candidates[best, every]
        previous[segment] = np.where(cost < 0, segment - 1 - best, -1)
        ends[LOOK_BACK + segment] = np.minimum(cost, 0) + kept[segment]
    chains = []
    for number, segment in enumerate(ends[LOOK_BACK:].argmin(0).tolist()):
        chain = []
        while segment >= 0:
            chain.append(segment)
            segment = int(previous[segment, number])
        chains.append(chain)
    return chains


def _too_long(path, keep, size, skeleton, fps):
    """Joints at the far end of limbs that a jump made longer than the clip's robust maximum."""
    wrong = np.zeros(keep.shape, bool)
    limbs, lengths = [], []
    for near, far in skeleton.limbs:
        names = skeleton.joints[near], skeleton.joints[far]
        both = keep[:, near] & keep[:, far]
        if not all(name.endswith(_LIMB_ENDS) for name in names) or both.sum() < FEWEST:
            continue
        if {name.split("_")[0] for name in names} == {"left", "right"}:
            continue
        length = np.where(both, np.hypot(*(path[:, far] - path[:, near]).T), np.nan)
        limbs.append((near, far))
        lengths.append(length / (np.percentile(length[both], 90) + LIMB_SLACK / LIMB_MARGIN * size))
    if not limbs:
        return wrong
    relative = np.sort(lengths, axis=0)
    known = np.isfinite(relative).sum(0, keepdims=True)
    nearer = np.take_along_axis(relative, np.maximum(known - 1, 0) // 2, 0)[0]
    longest = LIMB_MARGIN * np.fmax(nearer, 1.0)
    for (near, far), length in zip(limbs, lengths):
        long = length > longest
        if not long.any():
            continue
        at = np.flatnonzero(np.isfinite(length))
        vector = (path[at, far] - path[at, near])[:, None] / size
        usual = JOINT.jitter * _usual_misses([(at, vector)])[0]
        jumps = np.concatenate([[False], _jumps(at, vector, JOINT, fps, usual), [False]])
        for first, last in runs(long[at]):
            if jumps[first] or jumps[last + 1]:
                wrong[at[first : last + 1], far] = True
    return wrong
