"""Records of many videos, read one after the other into little memory."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from choreo.files import read_json
from choreo.files.outside import reading

_SHORT = 4
"""Lists of as many numbers stay lists, such as the size of a picture."""


def video_records(
    paths: Iterable[str | Path], *, keep: Collection[str] | None = None
) -> list[dict[str, Any]]:
    """Read the records of a study's videos, which tables need side by side.

    As Python's objects a comparison of two estimators takes 15 kB, of which most are its keys and
    the numbers of its sweep, again and again.

    Parameters
    ----------
    paths : iterable of str or Path
        JSON of the rules `measure_quality` or `compare_tracks`.
    keep : collection of str, optional
        What is kept of each record; all of it by default.

    Returns
    -------
    list of dict
        As they were written, but for longer lists of numbers: those are arrays of floats (NaN where
        nothing was known).

    Raises
    ------
    ItemError
        As `choreo.files.read_json`, and where a record lacks what is kept of it.
    """
    found: list[dict[str, Any]] = []
    for path in paths:
        record = read_json(path)
        with reading(path, "a record of a video", remedy="Delete it and run again"):
            record = _packed(record if keep is None else {name: record[name] for name in keep})
            # The thresholds of a study are the same in all videos.
            if found and "sweep" in record and record["sweep"] == found[-1].get("sweep"):
                record["sweep"] = found[-1]["sweep"]
        found.append(record)
    return found


def _packed(value):
    if isinstance(value, dict):
        return {sys.intern(key): _packed(item) for key, item in value.items()}
    if not isinstance(value, list):
        return sys.intern(value) if isinstance(value, str) else value
    if len(value) > _SHORT and all(item is None or type(item) in (int, float) for item in value):
        return array("d", [float("nan") if item is None else item for item in value])
    return [_packed(item) for item in value]
