"""Cleaning a pose track: misdetections removed, gaps filled, and a record of both."""

import numpy as np

from choreo.cleaning import released
from choreo.cleaning.gaps import bridgeable, fill_gaps, runs
from choreo.displacement import (
    THRESHOLD_PX,
    flag_misdetections,
    given_joints,
    joints_in_use,
    missing_frames,
    partial_frames,
)
from choreo.errors import ConfigError, ItemError

AT_THE_ENDS = "no kept frame on one side"
"""Why frames at the ends of a track are not filled."""


def clean(track, *, method="thesis", threshold_px=THRESHOLD_PX, max_gap_seconds=None):
    """Clean a track.

    Parameters
    ----------
    track : PoseTrack
        As the estimator gave it.
    method : {"thesis", "released"}
        ``thesis``: the text of section 3.3. Frames that eq. (1)-(2) flag
        (`choreo.displacement.flag_misdetections`) are removed whole; they and the missing
        frames are recovered by a cubic spline through the frames that are left, one for
        each coordinate. Nothing is extrapolated: frames before the first and after the
        last kept one stay NaN. ``released``: what the thesis's code did (see
        `choreo.cleaning.released`).
    threshold_px : float
        Pixels, for eq. (1).
    max_gap_seconds : float, optional
        For ``thesis``: longer gaps are not bridged. The text has no such limit.

    Returns
    -------
    PoseTrack
        `repaired` tells what was filled in; scores are NaN there and where a misdetection
        was removed without being filled.
    dict
        The quality-control record, JSON values:

        method, threshold_px, fps : as used
        frames : decoded frames
        missing, incorrect, partial : counts as in `choreo.comparison.quality.quality`
        flagged : numbers of the frames that were removed
        missing_runs, repaired_runs : [first, last] of each run of such frames
        repaired_frames, repaired_joints : how much was filled in
        longest_gap, longest_gap_seconds : longest run of frames that were not kept
        unrepaired : [{first, last, reason}] of what stayed NaN

    Raises
    ------
    ConfigError
        For an unknown method or a setting that can't be.
    ItemError
        Where nobody was found, or no frame is left that could be trusted.
    """
    if method not in ("thesis", "released"):
        raise ConfigError(
            "unknown method of cleaning", value=method, remedy="Use thesis or released"
        )
    for name, value in (("threshold_px", threshold_px), ("max_gap_seconds", max_gap_seconds)):
        if value is not None and not value > 0:
            raise ConfigError(f"`{name}` must be above 0", value=value)
    missing = missing_frames(track.keypoints)
    if missing.all():
        raise ItemError(
            f"nobody was found in any of the {len(track)} frames",
            where=track.meta.get("source"),
            remedy="Check the video, or try another estimator",
        )
    if method == "released":
        keypoints, flagged, counts = _released(track, missing, threshold_px)
    else:
        keypoints, flagged, counts = _thesis(track, missing, threshold_px, max_gap_seconds)
    removed = missing | flagged
    repaired = given_joints(keypoints) & removed[:, None]
    cleaned = track.with_(
        keypoints=keypoints,
        scores=np.where(removed[:, None], np.nan, track.scores),
        repaired=repaired,
        meta={
            **track.meta,
            "cleaning": {
                "method": method,
                "threshold_px": float(threshold_px),
                "max_gap_seconds": max_gap_seconds,
            },
        },
    )
    gaps = runs(removed)
    longest = max((last - first + 1 for first, last in gaps), default=0)
    record = {
        "method": method,
        "threshold_px": float(threshold_px),
        "fps": track.fps,
        "frames": len(track),
        "partial": int(partial_frames(track.keypoints).sum()),
        **counts,
        "flagged": np.flatnonzero(flagged).tolist(),
        "missing_runs": [list(run) for run in runs(missing)],
        "repaired_runs": [list(run) for run in runs(repaired.any(1))],
        "repaired_frames": int(repaired.any(1).sum()),
        "repaired_joints": int(repaired.sum()),
        "longest_gap": longest,
        "longest_gap_seconds": longest / track.fps,
        "unrepaired": _unrepaired(removed, keypoints, max_gap_seconds),
    }
    return cleaned, record


def _thesis(track, missing, threshold_px, max_gap_seconds):
    flagged = flag_misdetections(track.keypoints, threshold_px)
    keep = ~missing & ~flagged
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
    return keypoints, flagged, {"missing": int(missing.sum()), "incorrect": int(flagged.sum())}


def _released(track, missing, threshold_px):
    used = joints_in_use(track.keypoints)
    present = np.flatnonzero(~missing)
    done = released.clean_entries(
        present, track.keypoints[present][:, used].astype(float), threshold_px=threshold_px
    )
    flagged = ~missing
    flagged[done["kept"]] = False
    keypoints = np.full(track.keypoints.shape, np.nan)
    keypoints[: len(done["keypoints"]), used] = done["keypoints"]
    # An absent joint was cleaned as 0, 0; in the frames that are kept it is absent again.
    absent = ~track.given & ~(missing | flagged)[:, None]
    keypoints[absent] = np.nan
    return keypoints, flagged, {k: done[k] for k in ("missing", "incorrect")}


def _unrepaired(removed, keypoints, max_gap_seconds):
    inside = f"gap longer than {max_gap_seconds} s"
    found = []
    for first, last in runs(removed & missing_frames(keypoints)):
        end = first == 0 or last == len(removed) - 1
        found.append({"first": first, "last": last, "reason": AT_THE_ENDS if end else inside})
    return found
