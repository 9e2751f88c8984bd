"""Whether the ranking of the estimators depends on the threshold of eq. (1)."""

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from choreo.comparison.verdict import LEVEL, paired_difference, resample
from choreo.statistics.sentences import counted, listed

AXES = {"px": "px", "height": "of the dancer's height"}
"""The two scales of the threshold, and their units in a sentence."""


@dataclass(frozen=True)
class Sweep:
    """Incorrect frames of all estimators at all thresholds of one scale.

    Attributes
    ----------
    scale : {"px", "height"}
    thresholds : ndarray, shape (K,)
        In pixels, or in fractions of the dancer's height.
    videos : list of str
        Those that all estimators have, and in which the dancer's height is known where
        the scale needs it; sorted.
    shares : dict of str to ndarray, shape (n, K)
        Estimator -> incorrect frames in percent of all frames, by video and threshold.
    truth : ndarray, shape (m, K)
        What eq. (1) flags in the truth, of the videos that have one: its false alarms.
    """

    scale: str
    thresholds: np.ndarray
    videos: list
    shares: dict
    truth: np.ndarray


def sweep(records, estimators, scale):
    """Collect the sweep of a study.

    Parameters
    ----------
    records : list of dict
        One a video, as `choreo.comparison.compare.compare` gives it, with ``video``.
    estimators : list of str
        Order of the estimators; those without any record are left out.
    scale : {"px", "height"}

    Returns
    -------
    Sweep
    """
    key = f"incorrect_{scale}"
    names = [e for e in estimators if any(e in r["estimators"] for r in records)]
    thresholds = np.array(records[0]["sweep"][f"threshold_{scale}"], float)
    whole = [
        r
        for r in sorted(records, key=lambda r: r["video"])
        if set(names) <= set(r["estimators"]) and (scale == "px" or r["height_px"])
    ]

    def share(of):
        rows = [np.array(entry["sweep"][key]) / frames * 100 for entry, frames in of]
        return np.array(rows, float).reshape(len(rows), len(thresholds))

    return Sweep(
        scale,
        thresholds,
        [r["video"] for r in whole],
        {e: share([(r["estimators"][e], r["frames"]) for r in whole]) for e in names},
        share([(r["truth"], r["frames"]) for r in whole if r["truth"]]),
    )


def _signs(found, seed):
    """Who of each two is ahead at each threshold (-1, 0, 1), and where beyond the noise."""
    draws = resample(found.videos, seed)
    signs = {}
    for a, b in combinations(found.shares, 2):
        columns = [
            paired_difference(x, y, draws) for x, y in zip(found.shares[a].T, found.shares[b].T)
        ]
        sign = np.sign([c["difference"] for c in columns])
        significant = sign * [
            not c["low"] <= 0 <= c["high"] and c["low"] == c["low"] for c in columns
        ]
        signs[a, b] = sign, significant
    return signs


def crossings(found, *, seed=1):
    """Pairs of estimators that change places along the sweep.

    Parameters
    ----------
    found : Sweep
    seed : int
        Of the bootstrap over videos.

    Returns
    -------
    list of dict
        `a`, `b`; `low` and `high`, the neighbouring thresholds between which the sign of
        the mean difference changes (where both have the same, none leads); `beyond_noise`,
        whether on either side there is a threshold at which the 95% interval of the
        difference excludes 0 in that side's direction.
    """
    if not found.videos:
        return []
    changes = []
    for (a, b), (sign, significant) in _signs(found, seed).items():
        leads = np.flatnonzero(sign)
        for i, j in pairwise(leads):
            if sign[i] != sign[j]:
                changes.append(
                    {
                        "a": a,
                        "b": b,
                        "low": float(found.thresholds[i]),
                        "high": float(found.thresholds[j]),
                        "beyond_noise": bool(
                            (significant[: i + 1] == sign[i]).any()
                            and (significant[j:] == sign[j]).any()
                        ),
                    }
                )
    return changes


def ties(found):
    """Estimators whose mean shares are equal from some threshold on.

    Parameters
    ----------
    found : Sweep

    Returns
    -------
    list of dict
        `names`; `start`, the first threshold from which all of them are equal at every one;
        `zero`, whether they have no incorrect frame from there on. By `start`; a group
        that grows at a higher threshold stands there again.
    """
    if not found.videos:
        return []
    means = {name: shares.mean(0).round(9) for name, shares in found.shares.items()}
    result = []
    for k, threshold in enumerate(found.thresholds):
        groups = {}
        for name, mean in means.items():
            groups.setdefault(mean[k:].tobytes(), []).append(name)
        for names in groups.values():
            if len(names) > 1 and names not in (tie["names"] for tie in result):
                zero = not means[names[0]][k:].any()
                result.append({"names": names, "start": float(threshold), "zero": zero})
    return result


def ranking(found, *, seed=1):
    """Say whether the ranking depends on the threshold, and where there is none.

    Parameters
    ----------
    found : Sweep
    seed : int
        Of the bootstrap over videos.

    Returns
    -------
    str or None
        First which estimators change places, then which are equal (see `ties`) and from
        which threshold on no difference is beyond the noise of the videos. None where
        there are fewer than two estimators, or no video that all have.
    """
    if len(found.shares) < 2 or not found.videos:
        return None
    unit = AXES[found.scale]
    alike = [tie["start"] for tie in ties(found) if len(tie["names"]) == len(found.shares)]
    # Where all are equal there is no ranking that could depend on anything.
    ranked = found.thresholds[found.thresholds < min(alike, default=np.inf)]
    if not len(ranked):
        span = f"from {found.thresholds[0]:g} to {found.thresholds[-1]:g} {unit}"
        return f"There is no ranking: all estimators are equal at every threshold {span}."
    span = f"from {ranked[0]:g} to {ranked[-1]:g} {unit}"
    return " ".join([_places(found, span, unit, seed), *_equal(found, unit, seed)])


def _places(found, span, unit, seed):
    """Sentence about who changes places."""
    changes = crossings(found, seed=seed)
    if not changes:
        equal = [set(tie["names"]) for tie in ties(found) if tie["start"] == found.thresholds[0]]
        totals = {e: shares.mean() for e, shares in found.shares.items()}
        order = sorted(totals, key=totals.get)
        text = order[0]
        for before, name in pairwise(order):
            text += (" = " if any({before, name} <= group for group in equal) else ", ") + name
        return (
            f"The ranking does not depend on the threshold {span} (fewest incorrect first: {text})."
        )
    pairs = {}
    for change in changes:
        pairs.setdefault((change["a"], change["b"]), []).append(change)
    parts = []
    for (a, b), of in pairs.items():
        places = ", ".join(f"{c['low']:g}-{c['high']:g}" for c in of)
        noise = "" if any(c["beyond_noise"] for c in of) else ", within the noise"
        parts.append(f"{a} and {b} (at {places} {unit}{noise})")
    depends = any(c["beyond_noise"] for c in changes)
    head = (
        f"The ranking depends on the threshold {span}"
        if depends
        else f"No change of the ranking {span} is beyond the noise of {len(found.videos)} "
        + ("video" if len(found.videos) == 1 else "videos")
    )
    return f"{head}. These change places: {'; '.join(parts)}."


def _equal(found, unit, seed):
    """Sentences about rows that are equal, or differ by no more than the noise."""
    first = found.thresholds[0]
    last = np.inf
    clean = {}
    for tie in ties(found):
        who = listed(tie["names"])
        if len(tie["names"]) == len(found.shares):
            who, last = "All", tie["start"]
        if not tie["zero"]:
            from_there = f"from {tie['start']:g} {unit} on"
            where = "at every threshold" if tie["start"] == first else from_there
            yield f"{who} are equal {where}."
    for name, shares in found.shares.items():
        start = np.flatnonzero(np.append(True, shares.any(0)))[-1]
        if start < len(found.thresholds):
            clean.setdefault(float(found.thresholds[start]), []).append(name)
    # One alone is no tie.
    if sum(map(len, clean.values())) > 1:
        groups = [
            f"{listed(names)} " + ("everywhere" if start == first else f"from {start:g}")
            for start, names in sorted(clean.items())
        ]
        end = f" {unit} on" if max(clean) > first else ""
        yield f"Without any incorrect frame, so equal: {', '.join(groups)}{end}."
    beyond = np.any([significant != 0 for _, significant in _signs(found, seed).values()], axis=0)
    noise = f"the noise of {counted(len(found.videos), 'video')}"
    if not beyond.any():
        yield f"No difference is beyond {noise} at any threshold."
        return
    quiet = found.thresholds[np.flatnonzero(beyond)[-1] + 1 :]
    if len(quiet) and quiet[0] < last:
        yield f"No difference is beyond {noise} from {quiet[0]:g} {unit} on."


def bands(found, *, seed=1):
    """Mean share of each estimator at each threshold, with its 95% interval over videos.

    Parameters
    ----------
    found : Sweep
    seed : int

    Returns
    -------
    dict of str to ndarray, shape (3, K)
        Mean, low and high in percent; low and high are NaN for one video.
    """
    if not found.videos:
        return {}
    draws = resample(found.videos, seed)
    result = {}
    for name, shares in found.shares.items():
        rows = draws.means(shares)
        half = np.array([draws.half_width(column, LEVEL) for column in rows[1:].T])
        result[name] = np.stack([rows[0], np.maximum(rows[0] - half, 0), rows[0] + half])
    return result
