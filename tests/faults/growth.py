"""Whether what a soak measured grows from round to round: a slope each, and a verdict."""

import dataclasses
import math

import pandas as pd
from scipy.stats import theilslopes

FEWEST = 10
"""Rounds that a verdict takes; the first, in which all is made from nothing, is not among them."""

CONFIDENCE = 0.95


@dataclasses.dataclass(frozen=True)
class Bound:
    """What a quantity may come to.

    Attributes
    ----------
    what : str
        The quantity, with its unit.
    slope : float
        Most that it may grow by a round, which is a video.
    most : float
        Most that it may be in any round.
    """

    what: str
    slope: float
    most: float = math.inf


MEMORY = "mb_"
"""Begin of the columns of the rules' memory."""

BOUNDS = {
    "main_mb": Bound("memory of the main process, MB", 0.5),
    "main_files": Bound("open files of the main process", 0.05),
    "left_behind": Bound("files of killed or finished processes", 0, most=0),
    "no_targets": Bound("files in the project that are no target", 0, most=0),
    "jobs": Bound("jobs", 0.05),
    "others_jobs": Bound("jobs of other videos", 0, most=0),
    "cpu_seconds": Bound("CPU time, s", 0.1),
    "snakemake_kb": Bound("size of .snakemake, kB", 25),
}
"""Of each column of a soak's table that is judged; wall time depends on what else runs."""

RULE = Bound("memory of {}, MB", 0.25)
"""Of each rule's jobs."""


def bound_of(column):
    """The bound of a column; None for one that is not judged."""
    if column.startswith(MEMORY):
        return dataclasses.replace(RULE, what=RULE.what.format(column.removeprefix(MEMORY)))
    return BOUNDS.get(column)


def judge(frame):
    """Slopes of a soak's table.

    The slope is Theil's and Sen's, the median of those between all pairs of rounds, which a few
    busy rounds do not move; its interval is the one of Kendall's test.

    Parameters
    ----------
    frame : DataFrame
        A row a round, in order, the first one the study's first run.

    Returns
    -------
    DataFrame
        Rows of quantity, rounds, first, last, slope, low, high (a round), bound and verdict:
        ``flat``, ``grows``, ``too many`` (more than may be in any round), or why nothing can be
        said: ``too few rounds``, ``not told apart`` (the bound is within the interval).
    """
    rows = []
    for column in frame:
        if (bound := bound_of(column)) is None:
            continue
        first_run, values = frame[column].iloc[:1], frame[column].iloc[1:].dropna()
        # A rule that ran in the first round alone, such as that of a song, has no slope.
        if values.empty and column.startswith(MEMORY):
            continue
        row = {"quantity": bound.what, "rounds": len(values), "bound": bound.slope}
        if len(values):
            row |= {"first": values.iloc[0], "last": values.iloc[-1]}
        if len(values) > 1:
            slope, _, low, high = theilslopes(values, values.index, alpha=CONFIDENCE)
            row |= {"slope": slope, "low": low, "high": high}
        if max(first_run.max(), values.max()) > bound.most:
            verdict = "too many"
        elif len(values) < FEWEST:
            verdict = "too few rounds"
        elif row["low"] > bound.slope:
            verdict = "grows"
        else:
            verdict = "flat" if row["high"] <= bound.slope else "not told apart"
        rows.append(row | {"verdict": verdict})
    columns = ["quantity", "rounds", "first", "last", "slope", "low", "high", "bound", "verdict"]
    return pd.DataFrame(rows, columns=columns)


BAD = ("grows", "too many")


def sentence(judged):
    """The verdict on a whole soak, in a sentence."""
    if len(bad := judged[judged.verdict.isin(BAD)]):
        found = ", ".join(f"{row.quantity} ({row.verdict})" for row in bad.itertuples())
        return f"not flat: {found}"
    if len(open_ones := judged[judged.verdict != "flat"]):
        found = sorted({*open_ones.verdict})
        return f"nothing grows, and of {len(open_ones)} of {len(judged)} it can't be said: " + (
            ", ".join(found)
        )
    return f"flat: all {len(judged)} within their bounds"
