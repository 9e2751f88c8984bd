"""Which estimator is better, in sentences computed from the numbers of the videos."""

from dataclasses import dataclass

import numpy as np

from choreo.statistics.inference import SIGNIFICANT, Resampling, holm, too_few
from choreo.statistics.sentences import counted, listed

REPLICATES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Measure:
    """One quantity that estimators are compared in.

    Attributes
    ----------
    name : str
        As a sentence begins, such as "Incorrect detections".
    values : dict of str to dict of str to float
        Estimator -> video -> value; None or NaN where it is undefined.
    unit : str
        What follows a value, such as "% of frames".
    difference : str
        What follows a difference, such as " points".
    better : {"lower", "higher"}
    form : str
        Format specification of a value.
    """

    name: str
    values: dict
    unit: str = "% of frames"
    difference: str = " points"
    better: str = "lower"
    form: str = ".2f"

    def paired(self):
        """Values of the videos that all estimators have.

        Returns
        -------
        videos : list of str
            Sorted.
        values : dict of str to ndarray, shape (n,)
            Estimator -> its values, in the same order of the videos.
        """
        known = [
            {v for v, x in of.items() if x is not None and np.isfinite(x)}
            for of in self.values.values()
        ]
        videos = sorted(set.intersection(*known)) if known else []
        return videos, {e: np.array([of[v] for v in videos]) for e, of in self.values.items()}


def resample(videos, seed):
    """Draw videos with replacement (see `choreo.statistics.inference.Resampling`)."""
    return Resampling.of(videos, replicates=REPLICATES, seed=seed)


def paired_difference(a, b, resampling):
    """Mean difference of two estimators over the same videos, with its uncertainty.

    Parameters
    ----------
    a, b : ndarray, shape (n,)
        Values in the order of the videos of `resampling`.
    resampling : Resampling

    Returns
    -------
    dict
        `difference` (mean of a - b), `low` and `high` (95% interval: Student's t of n - 1
        times the bootstrap's standard error; NaN for one video) and `p` (two-sided).
    """
    rows = resampling.means(a - b)
    half = resampling.half_width(rows[1:], LEVEL)
    return {
        "difference": float(rows[0]),
        "low": float(rows[0] - half),
        "high": float(rows[0] + half),
        "p": resampling.p_value(rows[0], rows[1:]),
    }


def verdicts(measures, *, seed=1):
    """Compare the best estimator in each measure with all others.

    Parameters
    ----------
    measures : list of Measure
    seed : int
        Of the bootstrap over videos.

    Returns
    -------
    list of str
        A sentence or two a measure, and one that says how to read the intervals. Two
        estimators are told apart where p, with Holm's correction over all comparisons
        made here, is under 0.05. Empty for a single estimator.
    """
    found = []
    for measure in measures:
        videos, values = measure.paired()
        if len(values) < 2 or not videos:
            continue
        sign = 1 if measure.better == "lower" else -1
        # The first of equals: the order of the config.
        best = min(values, key=lambda e: sign * values[e].mean())
        draws = resample(videos, seed)
        others = {
            e: paired_difference(sign * values[e], sign * values[best], draws)
            for e in values
            if e != best
        }
        found.append((measure, videos, values, best, others))
    adjusted = iter(holm([o["p"] for *_, others in found for o in others.values()]))
    lines = []
    for measure, videos, values, best, others in found:
        for other in others.values():
            other["distinct"] = bool(next(adjusted) < SIGNIFICANT)
        lines.append(_sentence(measure, videos, values, best, others))
    if found:
        lines.append(
            "Verdicts: differences of means over the videos that all estimators have, in brackets "
            f"the {LEVEL:.0%} interval (bootstrap of videos, seed {seed}, Student's t); told apart "
            f"where p with Holm's correction is under {SIGNIFICANT:.2g}."
        )
    return lines


def _sentence(measure, videos, values, best, others):
    count = counted(len(videos), "video")
    word, more = ("lowest", "lower") if measure.better == "lower" else ("highest", "higher")
    mean = f"{values[best].mean():{measure.form}}{measure.unit}"
    same = [e for e in others if np.array_equal(values[e], values[best])]
    distinct = [_apart(e, others[e], measure, len(videos)) for e in others if others[e]["distinct"]]
    alike = [e for e in others if e not in same and not others[e]["distinct"]]
    text = f"{measure.name} ({count}): {word} with {listed([best, *same])} ({mean}"
    text += ", the same in every video)" if same else ")"
    if distinct:
        text += f"; {more} than with {listed(distinct)}"
    if alike:
        names = [_apart(e, others[e], measure, len(videos), near=True) for e in alike]
        text += f"; can't be told apart with {count} from {listed(names)}"
    return text + "."


def _apart(name, other, measure, videos, near=False):
    """Name of an estimator with how much worse it is, and the interval of that."""
    size = f"{abs(other['difference']):{measure.form}}{measure.difference}"
    low, high = (f"{other[end]:{measure.form}}" for end in ("low", "high"))
    interval = "" if np.isnan(other["low"]) else too_few(videos, of="videos") or f"{low} to {high}"
    if near:
        return f"{name} ({size} worse{interval and f', {interval}'})"
    return f"{name} by {size}{interval and f' ({interval})'}"
