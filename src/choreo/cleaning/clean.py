"""Cleaning a pose track: misdetections removed, gaps filled, and a record of both."""

import numpy as np

from choreo.cleaning import released_cleaning, robust
from choreo.cleaning.gaps import bridgeable, fill_gaps
from choreo.config.cleaning import UNUSED
from choreo.errors import ConfigError, ItemError, check_known
from choreo.pose.misdetections import (
    THRESHOLD_PX,
    flag_misdetections,
    given_joints,
    joints_in_use,
    missing_frames,
    partial_frames,
)
from choreo.pose.runs import runs
from choreo.pose.size import height_px
from choreo.statistics.summaries import median

AT_THE_ENDS = "no kept frame on one side"
"""Why frames at the ends of a track are not filled."""


def clean(
    track,
    *,
    method="thesis",
    threshold_px=THRESHOLD_PX,
    threshold_height=None,
    max_gap_seconds=None,
):
    """Clean a track.

    Parameters
    ----------
    track : PoseTrack
        As the estimator gave it.
    method : {"thesis", "released", "robust"}
        ``thesis``: the text of section 3.3. Frames that eq. (1)-(2) flag
        (`choreo.pose.misdetections.flag_misdetections`) are removed whole; they and the missing
        frames are recovered by a cubic spline through the frames that are left, one for
        each coordinate. Nothing is extrapolated: frames before the first and after the
        last kept one stay NaN. ``released``: what the thesis's code did (see
        `choreo.cleaning.released_cleaning`). ``robust``: each joint on its own, over many frames
        (see `choreo.cleaning.robust`).
    threshold_px : float
        Pixels, for eq. (1). ``robust`` has no such threshold and refuses another than 50 px.
    threshold_height : float, optional
        The same as a fraction of the dancer's height (the median over the track of
        `choreo.pose.size.height_px`), which does not depend on the resolution; it
        takes the place of `threshold_px`. Refused with ``robust``.
    max_gap_seconds : float, optional
        Longer gaps are not bridged. By default ``thesis`` bridges any, as the text does,
        and ``robust`` half a second; ``released`` has no such limit and refuses one.

    Returns
    -------
    PoseTrack
        `repaired` tells what was filled in; scores are NaN there and where a misdetection
        was removed without being filled.
    dict
        The quality-control record, JSON values:

        method, threshold_px, max_gap_seconds, fps : as used
        threshold_height : as given
        frames : decoded frames
        missing, incorrect, partial : counts as in `choreo.comparison.quality.quality`
        flagged : numbers of the frames that were removed; for ``robust``, in which a joint
            was removed or exchanged with the other side's
        exchanged : for ``robust``, numbers of the frames in which left and right were
        missing_runs, repaired_runs : [first, last] of each run of such frames
        repaired_frames, repaired_joints : how much was filled in
        longest_gap, longest_gap_seconds : longest run of frames of which nothing was kept
        unrepaired : [{first, last, joints, reason}] of what stayed NaN; joints are names,
            or "all" that are in use
        segments : [first, last] of each run of frames that have every joint in use: what a
            gap that is not bridged splits the clip into

    Raises
    ------
    ConfigError
        For an unknown method, a setting that can't be, or one that the method does not use.
    ItemError
        Where nobody was found, no frame is left that could be trusted, or
        `threshold_height` is given and no frame shows the whole dancer.
    """
    check_known(method, UNUSED, what="method of cleaning")
    for name, value in (
        ("threshold_px", threshold_px),
        ("threshold_height", threshold_height),
        ("max_gap_seconds", max_gap_seconds),
    ):
        if value is not None and not value > 0:
            raise ConfigError(f"`{name}` must be above 0", value=value)
        default = THRESHOLD_PX if name == "threshold_px" else None
        if name in UNUSED[method] and value != default:
            raise ConfigError(
                f"`{name}` has no effect with method {method}",
                value=value,
                remedy="Leave it out, or use method thesis",
            )
    if max_gap_seconds is None and method == "robust":
        max_gap_seconds = robust.MAX_GAP_SECONDS
    missing = missing_frames(track.keypoints)
    if missing.all():
        raise ItemError(
            f"nobody was found in any of the {len(track)} frames",
            where=track.meta.get("source"),
            remedy="Check the video, or try another estimator",
        )
    if method == "robust":
        # It looks at every joint on its own, in units of the body.
        threshold_px = None
    elif threshold_height is not None:
        threshold_px = threshold_height * _height(track)
    if method == "thesis":
        keypoints, kept, counts = _thesis(track, missing, threshold_px, max_gap_seconds)
    elif method == "released":
        keypoints, kept, counts = _released(track, missing, threshold_px)
    else:
        keypoints, kept, counts = _robust(track, max_gap_seconds)
    repaired = given_joints(keypoints) & ~kept
    settings = {
        "method": method,
        "threshold_px": None if threshold_px is None else float(threshold_px),
        "threshold_height": threshold_height,
        "max_gap_seconds": max_gap_seconds,
    }
    cleaned = track.with_(
        keypoints=keypoints,
        scores=np.where(kept, track.scores, np.nan),
        repaired=repaired,
        meta={**track.meta, "cleaning": settings},
    )
    used = joints_in_use(track.keypoints)
    gaps = runs(~kept.any(1))
    longest = max((last - first + 1 for first, last in gaps), default=0)
    record = settings | {
        "fps": track.fps,
        "frames": len(track),
        "missing": int(missing.sum()),
        "partial": int(partial_frames(track.keypoints).sum()),
        "flagged": np.flatnonzero((track.given & ~kept).any(1)).tolist(),
        "missing_runs": [list(run) for run in runs(missing)],
        "repaired_runs": [list(run) for run in runs(repaired.any(1))],
        "repaired_frames": int(repaired.any(1).sum()),
        "repaired_joints": int(repaired.sum()),
        "longest_gap": longest,
        "longest_gap_seconds": longest / track.fps,
        "unrepaired": _unrepaired(track, keypoints, kept, max_gap_seconds),
        "segments": [list(run) for run in runs(given_joints(keypoints)[:, used].all(1))],
    }
    record["incorrect"] = len(record["flagged"])
    return cleaned, record | counts


def _height(track):
    height = median(height_px(track))
    if not height:
        raise ItemError(
            "`threshold_height` needs the dancer's height, and no frame has the joints for it "
            "(nose, shoulders, hips, knees and ankles)",
            where=track.meta.get("source"),
            remedy="Set it to null and use threshold_px",
        )
    return height


def _thesis(track, missing, threshold_px, max_gap_seconds):
    keep = ~missing & ~flag_misdetections(track.keypoints, threshold_px)
    if not keep.any():
        raise ItemError(
            "no frame is left: every frame lacks a joint that another one has",
            where=track.meta.get("source"),
            remedy="Use method robust, which cleans each joint on its own",
        )
    max_gap = None if max_gap_seconds is None else max_gap_seconds * track.fps
    used = joints_in_use(track.keypoints)
    keypoints = np.full(track.keypoints.shape, np.nan)
    values = track.keypoints[:, used].reshape(len(track), -1)
    filled = fill_gaps(values, keep, bridgeable(keep, max_gap))
    keypoints[:, used] = filled.reshape(len(track), -1, 2)
    return keypoints, keep[:, None] & used, {}


def _released(track, missing, threshold_px):
    used = joints_in_use(track.keypoints)
    present = np.flatnonzero(~missing)
    done = released_cleaning.clean_entries(
        present, track.keypoints[present][:, used].astype(float), threshold_px=threshold_px
    )
    keep = np.zeros(len(track), bool)
    keep[done["kept"]] = True
    keypoints = np.full(track.keypoints.shape, np.nan)
    keypoints[: len(done["keypoints"]), used] = done["keypoints"]
    # An absent joint was cleaned as 0, 0; in the frames that are kept it is absent again.
    keypoints[keep[:, None] & ~track.given] = np.nan
    return keypoints, keep[:, None] & track.given, {k: done[k] for k in ("missing", "incorrect")}


def _robust(track, max_gap_seconds):
    done = robust.repair(
        track.keypoints, track.scores, track.fps, track.joints, max_gap_seconds=max_gap_seconds
    )
    if not given_joints(done.keypoints).any():
        raise ItemError(
            "no joint is left that could be trusted",
            where=track.meta.get("source"),
            remedy="Check the video, or try another estimator",
        )
    kept = track.given & ~done.dropped & ~done.exchanged
    return done.keypoints, kept, {"exchanged": np.flatnonzero(done.exchanged.any(1)).tolist()}


def _unrepaired(track, keypoints, kept, max_gap_seconds):
    used = np.flatnonzero(joints_in_use(track.keypoints))
    found = {}
    for joint in used:
        trusted = np.flatnonzero(kept[:, joint])
        for first, last in runs(~given_joints(keypoints[:, joint])):
            inside = len(trusted) and trusted[0] < first and last < trusted[-1]
            if not inside:
                reason = AT_THE_ENDS
            elif max_gap_seconds is None:
                reason = "joints absent from kept frames are not filled"
            else:
                reason = f"gap longer than {max_gap_seconds} s"
            found.setdefault((first, last, reason), []).append(track.joints.joints[joint])
    return [
        {
            "first": first,
            "last": last,
            "joints": "all" if len(joints) == len(used) else joints,
            "reason": reason,
        }
        for (first, last, reason), joints in sorted(found.items())
    ]
