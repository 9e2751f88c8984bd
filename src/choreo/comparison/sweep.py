"""Whether the ranking of the estimators depends on the threshold of eq. (1)."""

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from choreo.comparison.verdict import LEVEL, paired_difference, resample

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
    draws = resample(found.videos, seed)
    changes = []
    for a, b in combinations(found.shares, 2):
        columns = [
            paired_difference(x, y, draws) for x, y in zip(found.shares[a].T, found.shares[b].T)
        ]
        sign = np.sign([c["difference"] for c in columns])
        told = sign * [not c["low"] <= 0 <= c["high"] and c["low"] == c["low"] for c in columns]
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
                            (told[: i + 1] == sign[i]).any() and (told[j:] == sign[j]).any()
                        ),
                    }
                )
    return changes


def ranking(found, *, seed=1):
    """Say whether the ranking depends on the threshold.

    Parameters
    ----------
    found : Sweep
    seed : int
        Of the bootstrap over videos.

    Returns
    -------
    str or None
        None where there are fewer than two estimators, or no video that all have.
    """
    if len(found.shares) < 2 or not found.videos:
        return None
    unit = AXES[found.scale]
    span = f"from {found.thresholds[0]:g} to {found.thresholds[-1]:g} {unit}"
    changes = crossings(found, seed=seed)
    if not changes:
        totals = {e: shares.mean() for e, shares in found.shares.items()}
        order = sorted(totals, key=totals.get)
        text = order[0]
        for before, name in pairwise(order):
            text += (" = " if totals[before] == totals[name] else ", ") + name
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
    weights = draws.weights(draws.songs)
    result = {}
    for name, shares in found.shares.items():
        rows = weights @ shares / len(shares)
        half = np.array([draws.half_width(column, LEVEL) for column in rows[1:].T])
        result[name] = np.stack([rows[0], np.maximum(rows[0] - half, 0), rows[0] + half])
    return result
