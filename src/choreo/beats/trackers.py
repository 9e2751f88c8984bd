"""Tempo and beats of a song by any tracker of the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from choreo.beats.registry import DEFAULT, TRACKERS
from choreo.beats.sound import as_float, beatless
from choreo.errors import ConfigError, ItemError, check_known

LEAST_RATE = 1000
"""Samples a second: of fewer there is no spectrum to speak of."""


def track_beats(
    audio: np.ndarray, rate: int, tracker: str = DEFAULT, weights: str | Path | None = None
) -> dict[str, Any]:
    """Tempo and beats of one segment of sound.

    Parameters
    ----------
    audio : ndarray, shape (S,)
        Samples of one channel; floats in [-1, 1] or integers.
    rate : int
        Samples a second.
    tracker : str
        A key of `TRACKERS`.
    weights : str or Path, optional
        For a tracker that needs them. Nothing is downloaded.

    Returns
    -------
    dict
        `tempo`: beats a minute, None where no beat was found; `beats`: list of
        seconds. Silence and sounds under two seconds have no beats.

    Raises
    ------
    ConfigError
        Where there is no such tracker, or it can't use `weights`.
    ItemError
        Where a sample is not finite, or `rate` is under `LEAST_RATE`.
    """
    chosen = _chosen(tracker, weights)
    if not rate > 0:
        raise ItemError("the sample rate must be positive", value=rate)
    if rate < LEAST_RATE:
        raise ItemError("the sample rate is too low for beats", value=rate)
    audio = as_float(audio)
    found = np.zeros(0)
    if not beatless(audio, rate):
        more = (str(weights),) if chosen.needs_weights else ()
        found = chosen.finder()(audio, rate, *more)
    if len(found) < 2:
        return {"tempo": None, "beats": []}
    return {"tempo": tempo_of(found), "beats": [float(beat) for beat in found]}


def tempo_of(beats: Any) -> float:
    """Beats a minute by the slope of the beats' times.

    No interval is exact, since beats lie on a grid of frames; of the slope no single
    misplaced beat moves much.

    Parameters
    ----------
    beats : array_like
        Seconds of two beats or more.
    """
    return float(60 / np.polyfit(np.arange(len(beats)), beats, 1)[0])


def _chosen(name, weights):
    where = "evaluation.tracker"
    check_known(name, TRACKERS, what="beat tracker", where=where)
    if TRACKERS[name].needs_weights and weights is None:
        raise ConfigError(
            f"the tracker {name} needs its weights",
            where=where,
            remedy=f"Name them with evaluation.{name} (--{name.replace('_', '-')} FILE)",
        )
    if weights is not None and not TRACKERS[name].needs_weights:
        raise ConfigError(
            "the tracker takes no weights",
            where=where,
            value=name,
            remedy="Leave the weights out, or name the tracker that they are of",
        )
    return TRACKERS[name]
