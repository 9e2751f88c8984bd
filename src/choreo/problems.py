"""The table of what a study left out, and why."""

import pandas as pd

from choreo.tables import Table

COLUMNS = ("item", "stage", "message", "where", "value", "remedy")


def problems_table(problems):
    """Tabulate the problems of a study.

    Parameters
    ----------
    problems : list of dict
        As `choreo.jobs.problem_in` reads them; the same problem passed on by several
        stages counts once.

    Returns
    -------
    Table
        Columns `item` (the video and its row), `stage`, `message`, `where`, `value`,
        `remedy`.
    """
    rows = sorted({tuple(str(problem[column]) for column in COLUMNS) for problem in problems})
    frame = pd.DataFrame(rows, columns=COLUMNS)
    count = frame["item"].nunique()
    caption = (
        "Every item of the study could be used."
        if not count
        else f"Left out of this study: {count} item{'s' if count > 1 else ''}."
    )
    notes = (
        "To try these again after mending the cause: `choreo problems --retry` with the study's "
        "folder, then the same command as before.",
    )
    headings = ("Item", "Stage", "Problem", "Where", "Value", "Remedy")
    return Table(frame, caption, dict(zip(COLUMNS, headings)), notes=notes if count else ())
