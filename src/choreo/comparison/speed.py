"""Frames a second of every estimator, as measured while the study ran.

These are times and so differ from run to run: they stand in a table of their own, apart
from the tables that two runs make the same, byte for byte.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from choreo.errors import ItemError
from choreo.tables import Table

if TYPE_CHECKING:
    from choreo.pose.track import PoseTrack

JOB, RUN = "whole job", "tool's run"


def benchmark_seconds(path):
    """Read the wall time of a job from Snakemake's benchmark file.

    Parameters
    ----------
    path : str or Path
        A ``.tsv`` with a column ``s``.

    Returns
    -------
    float or None
        Seconds of its last row; None where there is no such file or number.
    """
    path = Path(path)
    if not path.is_file():
        return None
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    try:
        return float(rows[-1]["s"])
    except (IndexError, KeyError, TypeError, ValueError):
        return None


def track_speed(track: PoseTrack, benchmark: str | Path | None = None) -> dict[str, Any] | None:
    """Say how long an estimator took for one video.

    Parameters
    ----------
    track : PoseTrack
        What it found. Where a foreign tool ran, ``meta["run"]`` is the record of its run,
        with ``seconds`` and ``device``.
    benchmark : str or Path, optional
        Snakemake's benchmark of the job that made the track, where it is the tool itself.

    Returns
    -------
    dict or None
        `frames`, `seconds`, `device`, `measured`; None where no time is known, as for
        imported poses.
    """
    run = track.meta.get("run") or {}
    seconds, measured = run.get("seconds"), RUN
    if seconds is None and benchmark is not None:
        seconds, measured = benchmark_seconds(benchmark), JOB
    if not seconds or seconds <= 0:
        return None
    return {
        "frames": len(track),
        "seconds": float(seconds),
        "device": run.get("device", "cpu"),
        "measured": measured,
    }


def speed_table(
    speeds: Mapping[str, Sequence[dict[str, Any] | None]], *, study: str | None = None
) -> Table:
    """Tabulate the speed of the estimators.

    Parameters
    ----------
    speeds : dict of str to list of dict
        Estimator -> what `track_speed` gives for its videos (None is passed over).
    study : str, optional
        Name of the study, for the caption.

    Returns
    -------
    Table
        A row an estimator: frames a second (median, least and most over videos), all
        frames, all seconds.

    Raises
    ------
    ItemError
        Where there is no estimator.
    """
    if not speeds:
        raise ItemError("no estimator to time", remedy="See problems.csv for what was left out")
    rows = []
    for name, found in speeds.items():
        known = pd.DataFrame([s for s in found if s])
        row = {"estimator": name, "videos": len(known)}
        if len(known):
            fps = known["frames"] / known["seconds"]
            row |= {
                "median": fps.median(),
                "least": fps.min(),
                "most": fps.max(),
                "frames": known["frames"].sum(),
                "seconds": known["seconds"].sum(),
                "device": ", ".join(sorted(set(known["device"]))),
                "measured": ", ".join(sorted(set(known["measured"]))),
            }
        rows.append(row)
    headers = {
        "estimator": "Method",
        "median": "Frames a second, median",
        "least": "least",
        "most": "most",
        "frames": "Frames",
        "seconds": "Seconds",
        "videos": "Videos",
        "device": "Device",
        "measured": "Measured",
    }
    where = f", study {study}" if study else ""
    return Table(
        frame=pd.DataFrame(rows, columns=list(headers)),
        caption=f"Speed of pose estimators{where}",
        headers=headers,
        formats=dict.fromkeys(("median", "least", "most", "seconds"), ".1f")
        | dict.fromkeys(("frames", "videos"), ".0f"),
        notes=(
            f"As measured in this run, beside whatever else the machine did. {JOB.capitalize()}: "
            f"start, decoding and writing included; {RUN}: the foreign program from start to end. "
            "A video whose poses were not estimated here, but imported, has no time. Estimators "
            "that come out of one job have the same times.",
        ),
    )
