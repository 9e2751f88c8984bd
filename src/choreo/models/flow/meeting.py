"""What is danced meets what is held: no jump where one becomes the other.

A network's own idea of the frames that are held differs a little from them, and so does the
pose next to them. The difference at the edge is added to the frames beside it, less and less
away from it, as blends of motion graphs do it (Kovar et al., 2002).
"""

from __future__ import annotations

import numpy as np

SECONDS = 0.4
"""How far from an edge its difference reaches; chosen by one recorded song (docs/dances.md)."""


def meet(
    poses: np.ndarray, known: np.ndarray, held: np.ndarray, reach: int, *, loop: bool = False
) -> np.ndarray:
    """Hold what is given, and lead what is danced to it.

    Parameters
    ----------
    poses : ndarray, shape (T, J, 2)
        Danced, the held frames as well.
    known : ndarray, shape (T, J, 2)
        What is given; anything where nothing is held.
    held : ndarray of bool, shape (T, J)
    reach : int
        Frames beside an edge that are led. Between two edges that are nearer, one fades into
        the other.
    loop : bool
        Whether the last frame is followed by the first.

    Returns
    -------
    ndarray, shape (T, J, 2)
        `known` where it is held.
    """
    found = np.where(held[..., None], known, poses)
    for joint in np.flatnonzero(held.any(0) & ~held.all(0)):
        given = np.flatnonzero(held[:, joint])
        away = known[given, joint] - poses[given, joint]
        free = np.flatnonzero(~held[:, joint])
        if loop:
            count = len(held)
            given = np.concatenate([given - count, given, given + count])
            away = np.tile(away, (3, 1))
        after = np.searchsorted(given, free)
        before, after = after - 1, np.minimum(after, len(given) - 1)
        gap = np.where(
            (before >= 0) & (given[after] > free),
            given[after] - given[np.maximum(before, 0)],
            reach,
        )
        width = np.minimum(reach, gap)
        for edge, there in ((np.maximum(before, 0), before >= 0), (after, given[after] > free)):
            share = np.clip(np.abs(free - given[edge]) / width, 0, 1)
            fade = np.where(there, 0.5 + 0.5 * np.cos(np.pi * share), 0.0)
            found[free, joint] += fade[:, None] * away[edge]
    return found
