"""Poses brought from the times of the pictures to the times of the frames.

A frame of a standardised video may show a picture that was taken earlier or later than
the frame's own time: at 30 frames a second of a 24-fps or a variable source, say. A pose
then belongs to the picture's time, and a frame that shows the same picture again tells
nothing new. Here each picture counts once, at its own time, and the poses at ``i / fps``
are read from a curve through them.
"""

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from choreo.cleaning.clean import clean
from choreo.errors import ItemError
from choreo.files.outside import load_json, reading
from choreo.pose.misdetections import missing_frames, partial_frames
from choreo.pose.runs import runs
from choreo.videos.probe import REMEDY, WHAT, Clock

LONGEST_STEP = 0.5
"""Seconds: over a picture that stands still for longer, no motion is made up."""

_SAME = 5e-4
_UNIT = 1e4


def times_taken(probe):
    """When the picture was taken that each frame shows.

    Parameters
    ----------
    probe : str or Path
        The JSON that `choreo.videos.standardise.standardise` writes.

    Returns
    -------
    ndarray of float64, shape (T,), or None
        Seconds, never falling; None where every picture is shown at its own time.

    Raises
    ------
    ItemError
        Where the file is missing or no probe.
    """
    with reading(probe, WHAT, remedy=REMEDY):
        clock = Clock.model_validate(load_json(probe, WHAT, remedy=REMEDY))
        if clock.shift is None:
            return None
        shift = np.array([int(word) for word in clock.shift.split()], float)
        if not len(shift) == clock.frames > 0:
            raise ValueError(f"{len(shift)} times for {clock.frames} frames")
        taken = np.arange(len(shift)) / clock.fps + shift / _UNIT
        # NaN does not fall, and is no time.
        if not (np.isfinite(taken).all() and (np.diff(taken) >= -_SAME).all()):
            raise ValueError("the times of its pictures fall")
    return np.maximum.accumulate(taken)


def clean_at_frame_times(track, taken, **settings):
    """Clean a track and bring it to the times of the frames.

    The method `robust` looks at how joints move on from frame to frame and would take the
    standstill at each repeated picture for a jump, so it sees each picture once. `thesis`
    and `released` look at the frames as they are, as text and code do.

    Parameters
    ----------
    track : PoseTrack
        As the estimator gave it.
    taken : ndarray, shape (T,), or None
        As `times_taken` gives it.
    **settings
        Of `choreo.cleaning.clean.clean`.

    Returns
    -------
    PoseTrack
        As `clean` gives it, at the times of the frames.
    dict
        The record of `clean`, and as ``retimed`` that of `retime` (None where nothing was
        to do). Its frames and runs are of before that; which frames have a joint stays.

    Raises
    ------
    ItemError
        As `clean`, and where the track has another number of frames.
    """
    if taken is None:
        cleaned, record = clean(track, **settings)
        return cleaned, record | {"retimed": None}
    if len(taken) != len(track):
        raise ItemError(
            f"the video has {len(taken)} frames and the track {len(track)}",
            where=track.meta.get("source"),
            remedy="Give the probe of the video that these poses were found in",
        )
    if settings.get("method") == "robust":
        cleaned, record = _picture_by_picture(track, taken, settings)
    else:
        cleaned, record = clean(track, **settings)
    # What was put back on its own side was filled in, but it was seen.
    seen = (cleaned.keypoints == track.keypoints[:, track.joints.mirror]).all(-1)
    retimed, done = retime(cleaned, taken, seen=seen | ~cleaned.repaired)
    return retimed, record | {"retimed": done}


def _first_frames(taken):
    """First frame of each picture."""
    return np.flatnonzero(np.diff(taken, prepend=-np.inf) > _SAME)


def _slow_rate(times):
    """Pictures a second of the slowest tenth: an uneven rate must not make motion a jump."""
    steps = np.diff(times)
    return 1 / float(np.quantile(steps, 0.9)) if len(steps) else None


def _picture_by_picture(track, taken, settings):
    """Clean with each picture once; track and record are of the frames again."""
    first = _first_frames(taken)
    last = np.append(first[1:], len(track)) - 1
    of = np.repeat(np.arange(len(first)), last - first + 1)
    pictures, record = clean(
        track.with_(
            keypoints=track.keypoints[first],
            scores=track.scores[first],
            fps=_slow_rate(taken[first]) or track.fps,
        ),
        **settings,
    )
    cleaned = track.with_(
        keypoints=pictures.keypoints[of],
        scores=pictures.scores[of],
        repaired=pictures.repaired[of],
        meta=pictures.meta,
    )
    for name in ("missing_runs", "repaired_runs", "segments"):
        record[name] = [[int(first[a]), int(last[b])] for a, b in record[name]]
    for gap in record["unrepaired"]:
        gap |= {"first": int(first[gap["first"]]), "last": int(last[gap["last"]])}
    for name in ("flagged", "exchanged"):
        record[name] = np.flatnonzero(np.isin(of, record[name])).tolist()
    kept = (cleaned.given & ~cleaned.repaired).any(1)
    longest = max((b - a + 1 for a, b in runs(~kept)), default=0)
    return cleaned, record | {
        "fps": track.fps,
        "frames": len(track),
        "missing": int(missing_frames(track.keypoints).sum()),
        "partial": int(partial_frames(track.keypoints).sum()),
        "incorrect": len(record["flagged"]),
        "repaired_frames": int(cleaned.repaired.any(1).sum()),
        "repaired_joints": int(cleaned.repaired.sum()),
        "longest_gap": longest,
        "longest_gap_seconds": longest / track.fps,
    }


def retime(track, taken, *, seen=None):
    """Bring cleaned poses from the times of their pictures to those of their frames.

    Between two pictures a joint goes along a shape-preserving cubic (PCHIP: never beyond
    the two), from each picture once, at its own time; pictures that cleaning filled are
    filled anew there, by a cubic spline in time. A frame keeps its pose where it shows the
    first or last picture of a stretch and its time lies beyond: before and after gaps, at
    the ends, and where a picture stands for more than `LONGEST_STEP`. So nothing is
    extrapolated, no gap is bridged, and a frame has a joint exactly where it had it.

    Parameters
    ----------
    track : PoseTrack
        Cleaned; frame i shows the picture of ``taken[i]``.
    taken : ndarray of float, shape (T,)
        Seconds, never falling.
    seen : ndarray of bool, shape (T, J), optional
        Joints that the curve goes through; the others are filled anew. By default what is
        not `repaired`.

    Returns
    -------
    PoseTrack
        Scores are interpolated linearly, and NaN where `repaired` is true: in frames
        beside a picture of which the joint was repaired.
    dict
        largest_ms, mean_ms : how far frames and their pictures are apart in time
        repeated : number of frames that show the picture of the frame before
        held : of all frames, how many keep the pose of the picture that they show
            although that is off by more than half a millisecond
    """
    at = np.arange(len(track)) / track.fps
    first = _first_frames(taken)
    times = taken[first]
    repaired = np.zeros(track.scores.shape, bool) if track.repaired is None else track.repaired
    given = track.given
    seen = given & (~repaired if seen is None else seen)
    frame = _frame_of_each(first, given, seen)
    joint = np.arange(given.shape[1])
    there, known = given[frame, joint], seen[frame, joint]
    poses = track.keypoints[frame, joint].astype(float)
    scores, mended = track.scores[frame, joint], repaired[frame, joint]
    out = track.keypoints.astype(float)
    out_scores, out_repaired = track.scores.copy(), repaired.copy()
    moved = np.zeros(given.shape, bool)
    steps = np.diff(times) > LONGEST_STEP
    patterns = {}
    for j in np.flatnonzero(there.any(0)):
        patterns.setdefault((there[:, j].tobytes(), known[:, j].tobytes()), []).append(j)
    for joints in patterns.values():
        for a, b in _stretches(there[:, joints[0]], steps):
            span = slice(a, b + 1)
            inside = (at >= times[a]) & (at <= times[b])
            if a == b or not inside.any():
                continue
            knots = known[span, joints[0]].copy()
            knots[[0, -1]] = True
            curve = _curve(times[span], poses[span][:, joints], knots)
            here = np.ix_(inside, joints)
            out[here] = curve(at[inside])
            before = np.searchsorted(times, at[inside] + _SAME, side="right") - 1
            exact = at[inside] - times[before] <= _SAME
            after = np.where(exact, before, np.minimum(before + 1, b))
            share = np.where(exact, 0, (at[inside] - times[before]) / _apart(times, before, after))
            low, high = (scores[np.ix_(k, joints)] for k in (before, after))
            # Of two NaN neighbours, one of share 0 must not corrupt the other.
            mixed = low + np.where(share[:, None] > 0, (high - low) * share[:, None], 0)
            either = mended[np.ix_(before, joints)] | mended[np.ix_(after, joints)]
            out_scores[here] = np.where(either, np.nan, mixed)
            out_repaired[here] = either
            moved[here] = True
    off = np.abs(taken - at)
    retimed = track.with_(
        keypoints=np.where(given[..., None], out, np.nan),
        scores=np.where(given, out_scores, track.scores),
        repaired=out_repaired & given,
    )
    return retimed, {
        "largest_ms": round(1e3 * float(off.max()), 3),
        "mean_ms": round(1e3 * float(off.mean()), 3),
        "repeated": len(track) - len(first),
        "held": int((~moved & given & (off > _SAME)[:, None]).any(1).sum()),
    }


def _frame_of_each(first, given, seen):
    """Frame (K, J) that each picture's joint is taken from: one that was seen, else given."""
    number = np.arange(len(given))[:, None]
    chosen = np.broadcast_to(first[:, None], (len(first), given.shape[1]))
    for mask in (given, seen):
        found = np.minimum.reduceat(np.where(mask, number, len(given)), first, axis=0)
        chosen = np.where(found < len(given), found, chosen)
    return chosen


def _stretches(there, steps):
    """First and last picture of each stretch without a gap or too long a step."""
    found = []
    for a, b in runs(there):
        cuts = a + 1 + np.flatnonzero(steps[a:b])
        found += zip([a, *cuts.tolist()], [*(cuts - 1).tolist(), b])
    return found


def _apart(times, before, after):
    return np.maximum(times[after] - times[before], _SAME)


def _curve(times, poses, knots):
    """Curve (n, joints, 2) through the pictures' poses; those that are no knots are filled."""
    if not knots.all():
        poses = poses.copy()
        poses[~knots] = CubicSpline(times[knots], poses[knots])(times[~knots])
    return PchipInterpolator(times, poses)
