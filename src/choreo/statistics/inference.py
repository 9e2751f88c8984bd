"""Intervals and comparisons that know that segments of one song are not independent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit  # Student's t; scipy.stats takes a second to import

REPLICATES = 300
_BLOCK = 64
"""Replicates whose draws are whole numbers of 8 bytes at once: 5 MB for 10,000 songs."""

SIGNIFICANT = 0.05
"""p under which things are told apart."""

GROUPS_NEEDED = 6
"""Songs (videos, clips) that a difference needs to be told at all.

If the difference had the same sign in every one of five songs, chance alone would give that
once in 2 / 2^5 = 6% of such comparisons: no fewer than six can pass 5% without trusting that
songs differ normally, which so few can't show."""

SEEDS_NEEDED = 3
"""Trainings of each model that a difference between two ways of training needs."""


def too_few(groups: float, seeds: float = float("nan"), *, of: str = "songs") -> str:
    """Why people are not shown an interval.

    Parameters
    ----------
    groups : float
        Songs (videos, participants, ...) that it is over; NaN where it is over none.
    seeds : float
        Trainings that it is over; NaN where it is not over trainings.
    of : str
        What the groups are.

    Returns
    -------
    str
        ``too few songs``, ``too few trainings``; empty where there are enough: `GROUPS_NEEDED`
        and `SEEDS_NEEDED`.
    """
    if groups < GROUPS_NEEDED:
        return f"too few {of}"
    return "too few trainings" if seeds < SEEDS_NEEDED else ""


@dataclass(frozen=True)
class Resampling:
    """Songs drawn with replacement, the same draws for every system.

    Attributes
    ----------
    songs : ndarray of str, shape (G,)
        All songs, sorted.
    counts : ndarray of int, shape (B, G)
        How often each song is in each replicate; of the smallest type that holds it, so that
        2,000 replicates of 10,000 songs take 40 MB.
    seed : int
        Of the draws.
    """

    songs: np.ndarray
    counts: np.ndarray
    seed: int

    @classmethod
    def of(
        cls, songs: Sequence[str] | np.ndarray, *, replicates: int = REPLICATES, seed: int = 1
    ) -> Resampling:
        """Draw the replicates for these songs."""
        names = np.unique(np.asarray(songs, dtype=str))
        rng = np.random.default_rng(seed)
        size = max(1, len(names))
        counts = np.empty((replicates, len(names)), np.min_scalar_type(-size - 1))
        for rows in _blocks(replicates):
            drawn = rng.multinomial(size, np.full(size, 1 / size), size=len(counts[rows]))
            counts[rows] = drawn[:, : len(names)]
        return cls(names, counts, seed)

    @property
    def freedom(self) -> int:
        """Degrees of freedom: songs less one."""
        return len(self.songs) - 1

    def weights(self, songs: np.ndarray) -> np.ndarray:
        """Weight of each segment, shape (1 + B, N): 1 in the first row, then by replicate."""
        drawn = self.counts[:, np.searchsorted(self.songs, songs)]
        return np.concatenate([np.ones((1, len(songs)), int), drawn])

    def means(self, values: np.ndarray) -> np.ndarray:
        """Mean over the songs, then in each replicate, without holding all weights at once.

        Parameters
        ----------
        values : ndarray, shape (G,) or (G, K)
            One a song, in the order of `songs`.

        Returns
        -------
        ndarray, shape (1 + B,) or (1 + B, K)
        """
        values = np.asarray(values, float)
        found = np.empty((1 + len(self.counts), *values.shape[1:]))
        found[0] = np.ones(len(values)) @ values
        for rows in _blocks(len(self.counts)):
            found[1:][rows] = self.counts[rows].astype(float) @ values
        return found / len(values)

    def over_seeds(self, values):
        """Mean over training seeds, which are drawn with replacement as well.

        Parameters
        ----------
        values : ndarray, shape (S, 1 + B)
            A statistic of each seed: of all segments, then of each replicate.

        Returns
        -------
        ndarray, shape (1 + B,)
        """
        values = np.asarray(values, float)
        seeds, columns = values.shape
        drawn = np.random.default_rng(self.seed).integers(seeds, size=(seeds, columns))
        drawn[:, 0] = np.arange(seeds)
        return np.take_along_axis(values, drawn, axis=0).mean(0)

    def error(self, replicates: np.ndarray) -> float:
        """Standard error from the values of a statistic in all replicates.

        Corrected by G / (G - 1), which the bootstrap lacks; NaN for one song, or where
        fewer than half of the replicates, or fewer than two, have a value.

        Parameters
        ----------
        replicates : ndarray, shape (B,)
        """
        replicates = np.asarray(replicates, float)
        finite = replicates[np.isfinite(replicates)]
        if self.freedom < 1 or len(finite) < max(2, len(replicates) / 2):
            return float("nan")
        return float(finite.std(ddof=1) * np.sqrt(len(self.songs) / self.freedom))

    def half_width(self, replicates: np.ndarray, level: float = 0.95, seeds: Any = ()) -> float:
        """Half the width of the interval: Student's t of G - 1 times the standard error.

        Parameters
        ----------
        replicates : ndarray, shape (B,)
        level : float
        seeds : ndarray, shape (S,)
            The statistic of each training, where the replicates do not draw trainings.
        """
        if self.freedom < 1:
            return float("nan")
        error = self.error(replicates)
        if len(seeds) > 1:
            error = np.hypot(error, np.std(seeds, ddof=1) / np.sqrt(len(seeds)))
        return float(stdtrit(self.freedom, (1 + level) / 2) * error)

    def p_value(self, difference: float, replicates: np.ndarray) -> float:
        """Two-sided p-value of a difference being 0, from its value in all replicates.

        Returns
        -------
        float
            NaN for one song.
        """
        error = self.error(replicates)
        if np.isnan(error) or np.isnan(difference):
            return float("nan")
        if error == 0:
            return 1.0 if difference == 0 else 0.0
        return float(2 * stdtr(self.freedom, -abs(difference) / error))


def _blocks(replicates):
    return [slice(first, first + _BLOCK) for first in range(0, replicates, _BLOCK)]


class Error(NamedTuple):
    """Standard error of a difference, and its degrees of freedom."""

    error: float
    freedom: float

    def half_width(self, tail: float = 0.025) -> float:
        """Half the width of the interval that leaves `tail` out on each side."""
        return float(stdtrit(self.freedom, 1 - tail) * self.error)

    def p_value(self, away: float) -> float:
        """Two-sided p-value of a difference that is so far away from what it is to be."""
        if self.error == 0:
            return float(away == 0)
        return float(2 * stdtr(self.freedom, -abs(away) / self.error))


def _welch(a, b):
    """Error of the difference of two means, which need not spread alike (Welch, 1947)."""
    squares = [np.var(x, ddof=1) / len(x) for x in (a, b)]
    total = sum(squares)
    if not total > 0:
        return Error(float(np.sqrt(total)), len(a) + len(b) - 2)
    below = sum(s**2 / (len(x) - 1) for s, x in zip(squares, (a, b)))
    return Error(float(np.sqrt(total)), float(total**2 / below))


class Comparison(NamedTuple):
    """A difference of two systems over songs and trainings.

    Attributes
    ----------
    difference : float
        A less B.
    half_width : float
        Half the 95% interval of the difference.
    p : float
        Two-sided, of the difference being the margin. Both are the larger of two: by the
        bootstrap of songs (and seeds), and by Student's t over the trainings.
    by_songs : Error
        Of the bootstrap.
    by_seeds : Error or None
        Of the trainings; None where a model has one.
    """

    difference: float
    half_width: float
    p: float
    by_songs: Error
    by_seeds: Error | None

    def p_alike(self, negligible: float) -> float:
        """Two-sided p-value of a difference that is not under `negligible` either way.

        Two one-sided tests (Schuirmann, 1987), the larger p doubled: it is under 0.05 exactly
        where the 95% interval lies within `negligible` of 0.
        """
        inside = max(negligible - abs(self.difference), 0.0)
        errors = [error for error in (self.by_songs, self.by_seeds) if error is not None]
        return float(np.max([error.p_value(inside) for error in errors]))


def compare(a, b, resampling, *, margin=0.0):
    """Difference of two systems over songs and trainings.

    Trainings of one seed are a pair: what they have in common, such as the order of the data
    and much of the first weights, is no part of their difference.

    Parameters
    ----------
    a, b : Score
        Of `choreo.evaluation.table2x`, on the songs of `resampling`; of the same seeds in the
        same order, where they have as many.
    resampling : Resampling
    margin : float
        The difference that p is about: 0, or how much worse A may be.

    Returns
    -------
    Comparison
        Over the trainings by Student's t of their differences, paired by seed; by Welch's t
        where one has more trainings than the other. With one training a model only the songs
        count, which is why it decides nothing (`SEEDS_NEEDED`).
    """
    difference = a.corrected - b.corrected
    replicates = np.subtract(a.replicates, b.replicates)
    half = resampling.half_width(replicates)
    p = resampling.p_value(difference - margin, replicates - margin)
    by_songs, by_seeds = Error(resampling.error(replicates), resampling.freedom), None
    if min(len(a.seeds), len(b.seeds)) > 1:
        if len(a.seeds) == len(b.seeds):
            gaps = np.subtract(a.seeds, b.seeds)
            error = np.std(gaps, ddof=1) / np.sqrt(len(gaps))
            by_seeds = Error(float(error), len(gaps) - 1)
        else:
            by_seeds = _welch(a.seeds, b.seeds)
        gap = float(np.mean(a.seeds) - np.mean(b.seeds) - margin)
        # Not max(): a NaN, where songs or seeds give no answer, must stay one.
        half = float(np.maximum(half, by_seeds.half_width()))
        p = float(np.maximum(p, by_seeds.p_value(gap)))
    return Comparison(difference, half, p, by_songs, by_seeds)


def holm(p_values, rows=None):
    """Holm's correction for many comparisons.

    Parameters
    ----------
    p_values : sequence of float
        NaN for comparisons that can't be made; they do not count.
    rows : sequence, optional
        Which row each is of, where hypotheses of one row can't be true together, such as "no
        difference" and "a difference": as many are true at most as there are rows of which one
        is not rejected, and so many count (Shaffer, 1986). By default each is a row.

    Returns
    -------
    ndarray
        Adjusted p-values in the same order.
    """
    p = np.asarray(p_values, float)
    adjusted = np.full(p.shape, np.nan)
    order = np.argsort(p)[: int(np.isfinite(p).sum())]
    left = Counter(index if rows is None else rows[index] for index in order)
    running = 0.0
    for index in order:
        running = max(running, min(1.0, p[index] * len(left)))
        adjusted[index] = running
        row = index if rows is None else rows[index]
        left[row] -= 1
        if not left[row]:
            del left[row]
    return adjusted
