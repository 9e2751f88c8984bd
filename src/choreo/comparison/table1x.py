"""Table 1x: what makes the comparison of pose estimators fair."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from choreo.comparison.compare import share_of_height
from choreo.comparison.measures import LIMB_JOINTS
from choreo.comparison.quality import WRONG_TORSO
from choreo.comparison.sweep import ranking, sweep
from choreo.comparison.table1 import joints_not_given
from choreo.comparison.verdict import Measure, verdicts
from choreo.errors import ItemError
from choreo.files.outside import twice
from choreo.tables import Table

TRUTH = "truth"

_HEADERS = {
    "estimator": "Method",
    "joints": "# joints",
    "missing": "Missing frames (%)",
    "incorrect": "Incorrect (%)",
    "incorrect_height": "Incorrect, scale-free (%)",
    "incorrect_limbs": "Incorrect, 12 limb joints (%)",
    "detection_rate": "Detected joints (%)",
    "inside": "Inside the picture (%)",
    "confidence": "Confidence",
    "confidence_with_misses": "with misses as 0",
    "limb_confidence": "Limb joints: confidence",
    "limb_confidence_with_misses": "with misses as 0 ",
    "jitter": "Jitter (torsos/s²)",
    "limb_variation": "Limb length variation (%)",
}

_TRUTH_HEADERS = {
    "pck_0_05": "PCK@0.05",
    "pck_0_1": "PCK@0.1",
    "error_px": "Error (px)",
    "error_torso": "Error (torsos)",
    "precision": "Eq. (1): precision",
    "recall": "recall",
}

_TAIL = {"videos": "Videos", "common_frames": "Common frames"}

_HIDDEN = ("joints_given", "partial", "limb_detection_rate", "wrong", "flagged", "frames")
"""Columns of the .csv alone."""

_PERCENT = ("detection_rate", "limb_detection_rate", "inside", "limb_variation")
_COUNTED = ("missing", "incorrect", "incorrect_height", "incorrect_limbs", "partial")
_PLAIN = (
    "confidence",
    "confidence_with_misses",
    "limb_confidence",
    "limb_confidence_with_misses",
    "jitter",
)

_FORMATS = (
    dict.fromkeys((*_PERCENT, *_COUNTED), ".2f")
    | dict.fromkeys(_PLAIN, ".3f")
    | {"jitter": ".1f", "limb_variation": ".1f", "detection_rate": ".1f", "inside": ".1f"}
    | dict.fromkeys(_TRUTH_HEADERS, ".3f")
    | {"error_px": ".1f", "joints": ".0f", "videos": ".0f", "common_frames": ".0f"}
)


def _mean_of_known(values):
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else math.nan


def _measured(entries):
    """Means over videos of what one estimator, or the truth, has in each record."""
    row = {}
    for column in _COUNTED:
        row[column] = _mean_of_known(
            None if e.get(column) is None else 100 * e[column] / frames for e, frames in entries
        )
    for column in (*_PERCENT, *_PLAIN):
        scale = 100 if column in _PERCENT else 1
        row[column] = _mean_of_known(
            None if e.get(column) is None else scale * e[column] for e, _ in entries
        )
    return row


def _row(name, records):
    entries = [(r["estimators"][name], r["frames"]) for r in records]
    row = {
        "estimator": name,
        "joints": max(e["joints"] for e, _ in entries),
        "joints_given": max(e["joints_given"] for e, _ in entries),
    } | _measured(entries)
    truths = [e["truth"] for e, _ in entries if "truth" in e]
    for column in ("pck_0_05", "pck_0_1", "error_px", "error_torso"):
        row[column] = _mean_of_known(t[column] for t in truths)
    if truths:
        # Ratios of sums: most videos have too few wrong frames for one of their own.
        wrong, flagged, both = (
            sum(t["flags"][key] for t in truths)
            for key in ("wrong", "flagged", "wrong_and_flagged")
        )
        row |= {"wrong": wrong, "flagged": flagged}
        row["precision"] = both / flagged if flagged else math.nan
        row["recall"] = both / wrong if wrong else math.nan
    return row | _extent(records)


def _truth_row(records):
    row = {"estimator": TRUTH} | _measured([(r["truth"], r["frames"]) for r in records])
    return row | _extent(records)


def _extent(records):
    return {
        "videos": len(records),
        "frames": sum(r["frames"] for r in records),
        "common_frames": sum(r["common_frames"] for r in records),
    }


def _check(records, estimators):
    if not records:
        raise ItemError(
            "Table 1x needs the comparison of at least one video",
            remedy="Every video was left out: see problems.csv",
        )
    if video := twice(record["video"] for record in records):
        raise ItemError(f"two records of video {video}", remedy="Give each video once")
    names = dict.fromkeys(name for r in records for name in r["estimators"])
    return [name for name in estimators or names if name in names]


def table1x(
    records: Sequence[Mapping[str, Any]],
    *,
    estimators: Sequence[str] | None = None,
    study: str | None = None,
    seed: int = 1,
) -> Table:
    """Make Table 1x, the extended comparison.

    Parameters
    ----------
    records : list of dict
        One a video: what `choreo.comparison.compare.compare` gives, with ``video``.
    estimators : list of str, optional
        Order of the rows; one without any record is left out.
    study : str, optional
        Name of the study, for the caption.
    seed : int
        Of the bootstrap over videos in the verdict.

    Returns
    -------
    Table
        A row an estimator, means over videos; shares in percent. Where truth is known, a
        row for the truth itself: what of jitter, limb length variation and flagged frames
        is the dance's own.

    Raises
    ------
    ItemError
        Where there is no record, or two are of the same video.
    """
    names = _check(records, estimators)
    rows = [_row(name, [r for r in records if name in r["estimators"]]) for name in names]
    known = [r for r in records if r["truth"]]
    if known:
        rows.append(_truth_row(known))
    columns = [*_HEADERS, *_TRUTH_HEADERS, *_TAIL, *_HIDDEN]
    frame = pd.DataFrame(rows, columns=columns)
    where = f", study {study}" if study else ""
    return Table(
        frame=frame,
        caption=f"Table 1x: extended comparison of pose estimators{where} "
        f"({len(records)} video{'s' if len(records) > 1 else ''})",
        headers=_HEADERS | (_TRUTH_HEADERS if known else {}) | _TAIL,
        formats=_FORMATS,
        notes=(
            *verdicts(list(_measures(records, names)), seed=seed),
            *_rankings(records, names, seed),
            *_notes(records, names, known, frame),
        ),
    )


def _measures(records, names):
    def of(value):
        return {
            e: {r["video"]: value(r["estimators"][e], r) for r in records if e in r["estimators"]}
            for e in names
        }

    def share(column):
        return lambda e, r: None if e[column] is None else 100 * e[column] / r["frames"]

    yield Measure("Incorrect over the 12 limb joints", of(share("incorrect_limbs")))
    yield Measure("Incorrect, scale-free", of(share("incorrect_height")))
    yield Measure("Jitter", of(lambda e, _: e["jitter"]), " torsos/s²", " torsos/s²", form=".2f")
    yield Measure(
        "Error",
        of(lambda e, _: e.get("truth", {}).get("error_torso")),
        " torsos",
        " torsos",
        form=".3f",
    )


def _rankings(records, names, seed):
    for scale in ("px", "height"):
        text = ranking(sweep(records, names, scale), seed=seed)
        if text:
            yield f"Incorrect frames, Figure 1x: {text[0].lower()}{text[1:]}"


def _notes(records, names, known, frame):
    pixels = sorted({r["threshold_px"] for r in records})
    fractions = sorted({r["threshold_height"] for r in records})
    heights = [r["height_px"] for r in records if r["height_px"]]
    size = f"; dancers are {min(heights):.0f} to {max(heights):.0f} px tall" if heights else ""
    yield (
        f"Missing, incorrect: share of all frames, mean over videos. Incorrect by eq. (1)-(2) with "
        f"{', '.join(f'{p:g}' for p in pixels)} px; scale-free: with "
        f"{', '.join(f'{f:g}' for f in fractions)} of the dancer's height, nose to ankles along "
        f"the body{size}."
    )
    yield (
        f"Limb joints: the {len(LIMB_JOINTS)} shoulders, elbows, wrists, hips, knees and ankles, "
        "on the common frames, in which every estimator found someone. Jitter and limb length "
        "variation: the same joints and frames for all. Jitter is the mean acceleration, the "
        "dance's own included; limb length variation is the deviation over the mean, a limb's "
        "turning towards the camera included."
    )
    yield (
        "Confidence is each estimator's own measure (peak of a heatmap, peak of a part map, "
        "visibility, ...): rows can't be compared by it."
    )
    if known:
        yield (
            "The row truth says what an errorless estimator would get. PCK: share of true joints "
            "found within 0.05 or 0.1 torsos. Eq. (1): the frames that it flags against those "
            f"truly wrong (a joint further than {WRONG_TORSO:g} torsos from the truth), over all "
            "videos; partial frames left out. "
            + "; ".join(
                f"{row.estimator}: {row.wrong:.0f} wrong, {row.flagged:.0f} flagged"
                for row in frame.dropna(subset="wrong").itertuples()
            )
            + "."
        )
    yield from joints_not_given(frame)
    counts = {n: sum(n in r["estimators"] for r in records) for n in names}
    if len(set(counts.values())) > 1:
        text = ", ".join(f"{name} {count}" for name, count in counts.items())
        yield f"Not every estimator has every video ({text}): rows are over different videos."


def threshold_table(records: Sequence[Mapping[str, Any]], *, study: str | None = None) -> Table:
    """Tabulate what the threshold in pixels means at each video's size and rate.

    Parameters
    ----------
    records, study
        As for `table1x`.

    Returns
    -------
    Table
        A row a video. ``means``: "as in the thesis" where the threshold is half to twice the
        scale-free one, "fast moves count as errors" below, "errors are missed" above;
        "unknown" where no frame shows the whole dancer.

    Raises
    ------
    ItemError
        As `table1x`.
    """
    _check(records, None)
    rows = []
    for record in records:
        height = record["height_px"]
        share, means = math.nan, "unknown"
        if height:
            share = share_of_height(record["threshold_px"], height, record["fps"])
            ratio = share / record["threshold_height"]
            means = "as in the thesis" if 0.5 <= ratio <= 2 else "errors are missed"
            means = "fast moves count as errors" if ratio < 0.5 else means
        rows.append(
            {
                "video": record["video"],
                "size": "x".join(map(str, record["size"])),
                "fps": record["fps"],
                "height_px": height,
                "threshold_px": record["threshold_px"],
                "share": share,
                "means": means,
            }
        )
    where = f", study {study}" if study else ""
    return Table(
        frame=pd.DataFrame(rows),
        caption=f"Table 1x: what the threshold in pixels means in each video{where}",
        headers={
            "video": "Video",
            "size": "Size",
            "fps": "Frames a second",
            "height_px": "Dancer (px)",
            "threshold_px": "Threshold (px a frame)",
            "share": "in heights, in 1/30 s",
            "means": "Meaning",
        },
        formats={"fps": "g", "height_px": ".0f", "threshold_px": "g", "share": ".3f"},
        notes=(
            "The thesis's 50 px are 0.2 of a dancer 250 px tall in its videos of 640x320 at 30 "
            "frames a second. Less than half of the scale-free threshold: fast moves count as "
            "errors; more than twice: errors are missed. Then only `threshold_height`, or for "
            "cleaning `method: robust`, means the same in every video.",
        ),
    )


def distances_table(
    records: Sequence[Mapping[str, Any]],
    *,
    estimators: Sequence[str] | None = None,
    study: str | None = None,
) -> Table:
    """Tabulate how far the estimators are from each other, in torsos.

    Parameters
    ----------
    records, estimators, study
        As for `table1x`.

    Returns
    -------
    Table
        A row and a column an estimator, and a column `truth` where it is known: mean
        distance over the joints that both have by name and the frames in which both give
        them, mean over videos.

    Raises
    ------
    ItemError
        As `table1x`.
    """
    names = _check(records, estimators)
    found: dict[Any, Any] = {}
    for record in records:
        for pair in record["distances"]:
            for key in ((pair["a"], pair["b"]), (pair["b"], pair["a"])):
                found.setdefault(key, []).append(pair["torsos"])
    rows = []
    for a in names:
        row = {"estimator": a} | {b: _mean_of_known(found.get((a, b), [])) for b in names}
        errors = [
            r["estimators"][a]["truth"]["error_torso"]
            for r in records
            if r["truth"] and a in r["estimators"]
        ]
        rows.append(row | {TRUTH: _mean_of_known(errors)})
    columns = [*names, *([TRUTH] if any(r["truth"] for r in records) else [])]
    where = f", study {study}" if study else ""
    return Table(
        frame=pd.DataFrame(rows, columns=["estimator", *columns]),
        caption=f"Table 1x: distance between pose estimators in torsos{where}",
        headers={"estimator": "Method"} | {name: name for name in columns},
        formats=dict.fromkeys(columns, ".3f"),
        notes=(
            "Mean distance over the joints that both have by name and the frames in which both "
            "give them, in torsos of the video (shoulders' midpoint to hips' midpoint, median "
            "over frames); mean over videos.",
        ),
    )
