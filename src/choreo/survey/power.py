"""How many dancers and songs a survey needs, by simulation."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, norm

from choreo.statistics.inference import SIGNIFICANT


@dataclass(frozen=True)
class Power:
    """How often a difference was found, for each exact test.

    Attributes
    ----------
    votes, participants, songs : float
        Binomial over answers; sign tests over participants and over songs.
    both : float
        Where both sign tests say so, which alone holds for other dancers and other songs.
    """

    votes: float
    participants: float
    songs: float
    both: float


def exact_p(chosen, of):
    """Two-sided exact p-values of a half, of arrays; 1 where nobody answered."""
    chosen, of = np.broadcast_arrays(chosen, of)
    least = np.minimum(chosen, of - chosen)
    return np.minimum(1.0, 2 * binom.cdf(least, of, 0.5))


def power(
    dancers: int,
    songs: int,
    effect: float,
    *,
    dancer_spread: float = 0.5,
    song_spread: float = 0.5,
    questions: int = 1,
    surveys: int = 2000,
    seed: int = 1,
) -> Power:
    """Simulate surveys of one pair of models a song, and count in how many it was told.

    Parameters
    ----------
    dancers, songs : int
    effect : float
        Share of answers that prefer one model, over all dancers and songs: 0.5 is none.
    dancer_spread, song_spread : float
        How much dancers, and songs, differ in it, in standard deviations of one answer's own
        chance (a probit model): at 0.5 a song of one deviation turns 50% into 69%.
    questions : int
        Tests that are corrected for, as Bonferroni's (Holm's is a little better).
    surveys : int
        How many are simulated.
    seed : int

    Returns
    -------
    Power
        At an effect of 0.5 it is how often each test is wrong: more often than `SIGNIFICANT` where
        songs or dancers differ and the test takes them as they are.
    """
    rng = np.random.default_rng(seed)
    mean = norm.ppf(effect) * np.sqrt(1 + dancer_spread**2 + song_spread**2)
    counts = np.zeros((3, 2, surveys), int)
    for survey in range(surveys):
        leaning = (
            mean
            + dancer_spread * rng.normal(size=(dancers, 1))
            + song_spread * rng.normal(size=(1, songs))
        )
        chosen = leaning + rng.normal(size=(dancers, songs)) > 0
        counts[0, :, survey] = chosen.sum(), chosen.size
        for test, (own, of) in enumerate(((chosen.sum(1), songs), (chosen.sum(0), dancers)), 1):
            counts[test, :, survey] = (2 * own > of).sum(), (2 * own != of).sum()
    p = exact_p(counts[:, 0], counts[:, 1])
    p = np.concatenate([p, p[1:].max(0, keepdims=True)])
    return Power(*(float(share) for share in (p < SIGNIFICANT / questions).mean(1)))
