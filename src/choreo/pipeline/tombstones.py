"""Tombstones: what stands in the place of the outputs of an item that is left out.

A bad video must stop its own item and nothing else. Snakemake knows only "every output
is there" or "the run failed", so a job that can't use its item writes a *tombstone* in
the place of each output: a small text that begins with `MAGIC` and says what is wrong.
Jobs that are given a tombstone pass it on (`choreo.pipeline.jobs`), tables leave it out, and
``problems.csv`` lists it. Only an output of our own rules can be one: a user's file that begins
alike is read as what it should be, and `choreo.videos.download` takes no such file for a video.

An accident of the machine leaves no tombstone: the job fails, and the next run tries again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import pydantic

from choreo.errors import ItemError, plain
from choreo.files import write_text
from choreo.files.outside import reading

MAGIC = "choreo problem\n"
STAGES = ("videos", "poses", "comparison", "cleaning", "dataset", "dances", "evaluation")
MAX_RECORD_BYTES = 1 << 16
"""Largest tombstone that is read; a long one has 2 kB."""

_Text = Annotated[str, pydantic.StringConstraints(max_length=MAX_RECORD_BYTES, strict=True)]


class _Record(pydantic.BaseModel):
    """What a tombstone says."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    item: _Text
    stage: _Text = ""
    message: _Text
    where: _Text = ""
    value: _Text = ""
    remedy: _Text = ""


def problem_in(path: str | Path) -> dict[str, str] | None:
    """Read the problem that stands in the place of an output of ours.

    Parameters
    ----------
    path : str or Path
        An output of a rule. Of a file that is not (a source, an import, weights) nobody
        may ask this: it could say what it likes.

    Returns
    -------
    dict or None
        Keys `item`, `stage`, `message`, `where`, `value`, `remedy`, each a text without
        control characters; None where the file is a real output. A record that was cut or
        changed is itself the problem, with how to mend it.
    """
    try:
        return record_in(path)
    except ValueError:
        path = Path(path)
        return {
            "item": plain(path.name.partition(".")[0]),
            "stage": next((part for part in reversed(path.parts) if part in STAGES), ""),
            "message": "the record of what was wrong here is damaged",
            "where": plain(path),
            "value": "",
            "remedy": "Remove it with `choreo problems --retry` and run again",
        }


def record_in(path: str | Path) -> dict[str, str] | None:
    """Read a tombstone as `problem_in` does.

    Raises
    ------
    ValueError
        Where it was cut or changed.
    """
    with open(path, "rb") as file:
        if file.read(len(MAGIC)) != MAGIC.encode():
            return None
        text = file.read(MAX_RECORD_BYTES + 1)
    if len(text) > MAX_RECORD_BYTES:
        raise ValueError("too long")
    record = _Record.model_validate_json(text)
    return {key: plain(value) for key, value in record.model_dump().items()}


def write_problem(path: str | Path, problem: Mapping[str, Any]) -> None:
    """Write a tombstone (see the module's docstring)."""
    write_text(path, MAGIC + json.dumps(problem, indent=2, sort_keys=True, default=str) + "\n")


def usable(paths: Iterable[str | Path]) -> list[str | Path]:
    """List of those outputs of our rules that hold a real output."""
    return [path for path in paths if problem_in(path) is None]


def usable_named(names: Iterable[str], paths: Iterable[str | Path]) -> dict[str, str | Path]:
    """Those outputs of our rules that hold a real output, by name: dict of str to path."""
    pairs = zip(names, paths, strict=True)
    return {name: path for name, path in pairs if problem_in(path) is None}


def tombstones(results: str | Path) -> dict[Path, dict[str, str]]:
    """Find every tombstone of a study.

    Parameters
    ----------
    results : str or Path
        Its folder, such as ``results/demo``.

    Returns
    -------
    dict of Path to dict
        Path -> problem, as `problem_in` gives it, in the order of the stages. Hidden files
        and folders (unfinished downloads) are none of ours to read.
    """
    found = {}
    for stage in STAGES:
        for path in sorted(Path(results, stage).rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(results).parts)
            if not hidden and path.is_file() and (problem := problem_in(path)):
                found[path] = problem
    return found


def warnings(results: str | Path) -> list[dict[str, str]]:
    """What a study used but someone should look at: `warning` in the records of cleaning.

    Parameters
    ----------
    results : str or Path
        Its folder, such as ``results/demo``.

    Returns
    -------
    list of dict
        As `problem_in` gives them.
    """
    found = map(warning_in, sorted(Path(results, "cleaning").glob("*.json")))
    return [warning for warning in found if warning]


def warning_in(path):
    """Read what a record of cleaning warns of.

    Parameters
    ----------
    path : str or Path
        ``cleaning/<video>.json``, or the tombstone in its place.

    Returns
    -------
    dict or None
        As `problem_in` gives it. A record that was cut or changed is itself warned of.
    """
    path = Path(path)
    try:
        if problem_in(path):
            return None
        with reading(path, "a record of cleaning"):
            warning = json.loads(path.read_bytes()).get("warning")
            record = warning and _Record.model_validate(warning).model_dump()
    except ItemError:
        return {
            "item": plain(path.stem),
            "stage": "cleaning",
            "message": "the record of its cleaning is damaged",
            "where": plain(path),
            "value": "",
            "remedy": "Delete it and run again",
        }
    return record and {key: plain(value) for key, value in record.items()}
