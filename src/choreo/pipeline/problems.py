"""The table of what a study left out, and why."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from choreo.pipeline.tombstones import tombstones, warnings
from choreo.tables import Table

COLUMNS = ("item", "stage", "message", "where", "value", "remedy")
LEFT_OUT, USED = "left out", "used"
"""What became of an item: the column `effect`."""


def study_problems(results: str | Path) -> Table:
    """Tabulate what a study's results say was left out, or used with a warning.

    Parameters
    ----------
    results : str or Path
        The study's folder.

    Returns
    -------
    Table
        As `problems_table` gives it.
    """
    return problems_table(tombstones(results).values(), warnings(results))


def problems_table(problems, doubts=()):
    """Tabulate the problems of a study.

    Parameters
    ----------
    problems : list of dict
        As `choreo.pipeline.tombstones.problem_in` reads them; the same problem passed on by several
        stages counts once.
    doubts : sequence of dict
        The same of items that are used all the same (`choreo.pipeline.tombstones.warnings`).

    Returns
    -------
    Table
        Columns `item` (the video and its row), `stage`, `message`, `where`, `value`,
        `remedy` and `effect` (`LEFT_OUT` or `USED`).
    """
    rows = set()
    for effect, found in ((LEFT_OUT, problems), (USED, doubts)):
        rows |= {(*(str(problem[column]) for column in COLUMNS), effect) for problem in found}
    frame = pd.DataFrame(sorted(rows), columns=[*COLUMNS, "effect"])
    count = frame.loc[frame["effect"] == LEFT_OUT, "item"].nunique()
    used = frame.loc[frame["effect"] == USED, "item"].nunique()
    caption = (
        "Every item of the study could be used."
        if not count
        else f"Left out of this study: {count} item{'s' if count > 1 else ''}."
    )
    if used:
        caption += f" Used, but to be looked at: {used}."
    notes = (
        "To try these again after mending the cause: `choreo problems --retry` with the study's "
        "folder, then the same command as before.",
    )
    headings = ("Item", "Stage", "Problem", "Where", "Value", "Remedy", "Effect")
    return Table(frame, caption, dict(zip(frame, headings)), notes=notes if count else ())
