"""Estimators' own errors on videos whose truth is known, and what cleaning makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from choreo.cleaning.benchmark import FORMATS, HEADERS, METHODS, apply, measure
from choreo.cleaning.faults import Corrupted
from choreo.comparison.quality import WRONG_TORSO, check_same_video
from choreo.errors import ItemError
from choreo.pose.size import torso_px
from choreo.pose.track import PoseTrack
from choreo.statistics.summaries import median
from choreo.tables import Table


def estimator_errors(track, truth, *, methods=METHODS):
    """Clean one estimator's track by every method and compare with the truth.

    Parameters
    ----------
    track : PoseTrack
        As the estimator gave it, of any skeleton; it is cleaned with all of its joints.
    truth : PoseTrack
        Of the same video; every joint in every frame.
    methods : sequence of str

    Returns
    -------
    list of dict
        One a method: `method` and what `choreo.cleaning.benchmark.measure` gives over the
        joints of the truth that the skeleton has. A given joint counts as wrong further
        than `WRONG_TORSO` torsos from the truth.

    Raises
    ------
    ItemError
        Where the two are not of the same video or have no joint in common.
    """
    check_same_video(track, truth)
    shared = [joint for joint in truth.joints.joints if joint in track.joints.joints]
    if not shared:
        raise ItemError("track and truth have no joint in common", value=track.skeleton)
    there = [truth.joints.index(joint) for joint in shared]
    here = [track.joints.index(joint) for joint in shared]

    def in_place(array):
        """A track's joints in the truth's order; nothing where it has none."""
        empty = np.nan if array.dtype.kind == "f" else False
        out = np.full((len(truth), len(truth.joints), *array.shape[2:]), empty, array.dtype)
        out[:, there] = array[:, here]
        return out

    raw = in_place(track.keypoints)
    limit = WRONG_TORSO * (median(torso_px(truth)) or np.nan)
    wrong = np.linalg.norm(raw - truth.keypoints, axis=-1) > limit
    absent = truth.given & ~in_place(track.given)
    rows = []
    for method in methods:
        cleaned, flagged = apply(track, method)
        placed = truth.with_(keypoints=in_place(cleaned.keypoints))
        flagged = None if flagged is None else in_place(flagged)
        corrupted = Corrupted(placed, wrong, absent)
        rows.append({"method": method} | measure(corrupted, placed, flagged, truth))
    return rows


def estimators_table(
    tracks: Sequence[str | Path], truths: Sequence[str | Path], *, methods: Sequence[str] = METHODS
) -> Table:
    """Make the table of estimators' own errors from a study's files.

    Parameters
    ----------
    tracks : list of str or Path
        ``<estimator>/<video>.npz``.
    truths : list of str or Path
        ``<video>.truth.npz``.
    methods : sequence of str

    Returns
    -------
    Table
        Means over the videos, one row an estimator and method; no row where no track has a
        truth, because every such video was left out.

    Raises
    ------
    ItemError
        Where a track can't be compared with its truth.
    """
    known = {Path(path).name.removesuffix(".truth.npz"): path for path in truths}
    rows = []
    for path in map(Path, tracks):
        if path.stem not in known:
            continue
        track, truth = PoseTrack.load(path), PoseTrack.load(known[path.stem])
        named = {"estimator": path.parent.name, "video": path.stem}
        rows += [named | row for row in estimator_errors(track, truth, methods=methods)]
    headers = {"estimator": "Estimator"} | {k: v for k, v in HEADERS.items() if k != "faults"}
    headers["videos"] = "Videos"
    frame = pd.DataFrame(columns=list(headers))
    if rows:
        results = pd.DataFrame(rows)
        groups = results.groupby(["estimator", "method"], sort=False)
        frame = groups.mean(numeric_only=True)
        frame["videos"] = groups["video"].nunique()
        frame = frame.reset_index()[list(headers)]
    return Table(
        frame=frame,
        caption="Estimators' own errors on videos with known truth, cleaned by each method",
        headers=headers,
        formats=FORMATS,
        notes=(
            f"A joint counts as corrupted where it is absent or further than {WRONG_TORSO} torsos "
            "from the truth. Precision and recall are of frames with such a given joint. What an "
            "estimator gets wrong all the time, such as a shifted hip, no cleaning can see.",
        ),
    )
