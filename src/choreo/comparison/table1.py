"""Table 1 of the thesis: the comparison of pose estimators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from choreo.comparison.verdict import Measure, verdicts
from choreo.errors import ItemError
from choreo.tables import Table

PUBLISHED = (
    ("AlphaPose1", 17, 20.0, 6, 76.2, 46, 0.82),
    ("AlphaPose2", 26, 19.9, 6, 127.4, 83, 0.84),
    ("OpenPose", 25, 15.3, 3, 339.1, 340, 0.62),
)
"""Thesis, Table 1: estimator, joints, missing mean, median, incorrect mean, median, confidence."""

PUBLISHED_VIDEOS, PUBLISHED_FRAMES = 50, 115_986

_HEADERS = {
    "estimator": "Method",
    "origin": "Numbers",
    "joints": "# joints",
    "missing_mean": "# missing frames, mean",
    "missing_median": "median",
    "incorrect_mean": "# incorrect detection, mean",
    "incorrect_median": "median",
    "confidence_mean": "Confidence, mean",
}

_TRUTH = {"pck_0_1": "PCK@0.1 torso", "error_px": "Error (px)"}

_COUNTED = {
    "file": "counted from the tool's own file, the first person of each frame.",
    "track": "no such file; counted from the track of the dancer.",
}
"""What `released` counted from, in a note."""

_HIDDEN = ("joints_given",)
"""Columns of the .csv that people read in a note."""

_TAIL = {"videos": "Videos", "frames": "Frames"}

_FORMATS = {
    "joints": ".0f",
    "missing_mean": ".1f",
    "missing_median": ".4g",
    "incorrect_mean": ".1f",
    "incorrect_median": ".4g",
    "confidence_mean": ".2f",
    "pck_0_1": ".3f",
    "error_px": ".1f",
    "videos": ".0f",
    "frames": ".0f",
}


def _row(estimator, records):
    group = pd.DataFrame(records)
    truth = pd.DataFrame([r["truth"] for r in records if r.get("truth")])
    row = {
        "estimator": estimator,
        "origin": "this study",
        "joints": int(group["joints"].max()),
        "joints_given": int(group["joints_given"].max()),
        "missing_mean": group["missing"].mean(),
        "missing_median": group["missing"].median(),
        "incorrect_mean": group["incorrect"].mean(),
        "incorrect_median": group["incorrect"].median(),
        # Over videos, as the thesis averages every metric.
        "confidence_mean": pd.to_numeric(group["confidence"]).mean(),
    }
    for column in _TRUTH:
        row[column] = pd.to_numeric(truth[column]).mean() if column in truth else float("nan")
    return row | {"videos": len(group), "frames": int(group["frames"].sum())}


def _published():
    columns = [column for column in _HEADERS if column != "origin"]
    for values in PUBLISHED:
        yield dict(zip(columns, values)) | {
            "origin": "published",
            "videos": PUBLISHED_VIDEOS,
            "frames": PUBLISHED_FRAMES,
        }


def table1(
    records: Sequence[Mapping[str, Any]],
    *,
    estimators: Sequence[str] | None = None,
    study: str | None = None,
    published: bool = True,
    seed: int = 1,
) -> Table:
    """Make Table 1.

    Parameters
    ----------
    records : list of dict
        One a track: what `choreo.comparison.quality.quality` gives, with ``estimator`` and
        ``video``, and ``truth`` (what `against_truth` gives) where it is known.
    estimators : list of str, optional
        Order of the rows; by default the order in which they appear. One without any
        record is left out.
    study : str, optional
        Name of the study, for the caption.
    published : bool
        Put the thesis's own rows below, marked as published.
    seed : int
        Of the bootstrap over videos in the verdict.

    Returns
    -------
    Table
        Means and medians over videos. The first notes are the verdict, computed from the
        records (see `choreo.comparison.verdict`).

    Raises
    ------
    ItemError
        Where there is no record, or two are of the same estimator and video.
    """
    if not records:
        raise ItemError(
            "Table 1 needs the quality of at least one track",
            remedy="Every video was left out: see problems.csv",
        )
    groups: dict[str, dict[str, Any]] = {}
    for record in records:
        group = groups.setdefault(record["estimator"], {})
        if record["video"] in group:
            raise ItemError(
                f"two records of estimator {record['estimator']} and video {record['video']}",
                remedy="Give each track once",
            )
        group[record["video"]] = record
    order = [e for e in estimators or groups if e in groups]
    rows = [_row(e, list(groups[e].values())) for e in order]
    settings = {(r["method"], r["threshold_px"]) for r in records}
    if published:
        rows += _published()
    frame = pd.DataFrame(rows, columns=[*_HEADERS, *_HIDDEN, *_TRUTH, *_TAIL])
    truth = {c: h for c, h in _TRUTH.items() if frame[c].notna().any()}
    videos = len({r["video"] for r in records})
    where = f", study {study}" if study else ""
    return Table(
        frame=frame,
        caption=f"Table 1: comparison of pose estimators{where} ({videos} videos)",
        headers=_HEADERS | truth | _TAIL,
        formats=_FORMATS,
        notes=(
            *verdicts(_measures({e: groups[e] for e in order}), seed=seed),
            *_notes(settings, truth, published, groups, frame),
        ),
    )


def _measures(groups):
    """What the verdict compares: shares, since videos differ in length."""

    def of(value):
        return {e: {v: value(r) for v, r in group.items()} for e, group in groups.items()}

    yield Measure("Incorrect detections", of(lambda r: 100 * r["incorrect"] / r["frames"]))
    yield Measure("Missing frames", of(lambda r: 100 * r["missing"] / r["frames"]))
    yield Measure(
        "PCK@0.1",
        of(lambda r: (r.get("truth") or {}).get("pck_0_1")),
        unit="",
        difference="",
        better="higher",
        form=".3f",
    )


def joints_not_given(frame):
    """Notes on estimators that give fewer joints than their skeleton has."""
    for row in frame.dropna(subset="joints_given").itertuples():
        if row.joints_given < row.joints:
            yield (
                f"{row.estimator} gives {row.joints_given:.0f} of its {row.joints:.0f} joints; the "
                "others are no misses and no part of eq. (1)."
            )


def _notes(settings, truth, published, groups, frame):
    rules = {"thesis": "eq. (1)-(2)", "released": "the released code's rule"}
    for method in sorted({method for method, _ in settings}):
        found = sorted({t for m, t in settings if m == method and t is not None} or {float("inf")})
        pixels = " to ".join(f"{t:.4g}" for t in dict.fromkeys((found[0], found[-1])))
        yield (
            f"Missing and incorrect are counts a video (method {method}): incorrect by "
            f"{rules[method]} with {pixels} px. They grow with the length and the resolution of "
            "a video; the verdict is about shares of its frames."
        )
    for source, text in _COUNTED.items():
        names = [
            e for e, g in groups.items() if source in {r.get("counted_from") for r in g.values()}
        ]
        if names:
            yield f"Method released, {', '.join(names)}: {text}"
    yield (
        "Confidence is each estimator's own measure (AlphaPose: peak of a heatmap; OpenPose: "
        "peak of a part map; MediaPipe: visibility; RTMPose: mean of two peaks): rows can't be "
        "compared by it."
    )
    if truth:
        yield (
            "PCK@0.1: true joints found within a tenth of the torso. Error: mean distance to the "
            "true joints. Both over the joints shared with the truth."
        )
    yield from joints_not_given(frame)
    if published:
        yield (
            f"Published: Table 1 of the thesis ({PUBLISHED_VIDEOS} videos, {PUBLISHED_FRAMES:,} "
            "frames of its own), counted by its released code with 100 px."
        )
    sets = {e: frozenset(g) for e, g in groups.items()}
    if len(set(sets.values())) > 1:
        counts = ", ".join(f"{e} {len(s)}" for e, s in sets.items())
        yield f"Not every estimator has every video ({counts}): rows are over different videos."
