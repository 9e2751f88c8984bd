"""The gallery: every dance of a study by song, with the measures of each dance."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from choreo.evaluation.listeners import LABELS as LISTENERS
from choreo.evaluation.metrics import METRICS
from choreo.evaluation.table2x import (
    SONG_HIT,
    beat_scores,
    invention_scores,
    listening_scores,
    motion_scores,
    song_beat_scores,
)
from choreo.statistics.inference import Resampling

SONG_HIT_TEXT = "Beat hit rate, whole songs (%)"


@dataclass
class Dance:
    """A dance that the page shows.

    Attributes
    ----------
    song : str
    who : str
        The model as people know it, with its training seed where there are several; or the
        real dancer.
    video : str
        Path from the page.
    real : bool
    poster : str
        A picture of it as a data URI; empty where there is none.
    scores : dict of str to float
        Metric -> value, of this dance alone; NaN where it is not defined.
    system : str
        Row of the tables.
    """

    song: str
    who: str
    video: str
    real: bool = False
    poster: str = ""
    scores: dict = field(default_factory=dict)
    system: str = ""


def song_scores(measured):
    """Measures of each dance of a system.

    Parameters
    ----------
    measured : choreo.evaluation.measurements.Measurements
        Of one training of a model, or of real dances.

    Returns
    -------
    dict of str to dict of str to float
        Song -> metric -> value, in the tables' units: those of `METRICS` but the distances,
        which one dance has too few segments for, and the hit rate by the beats of whole songs.
    """
    found = {}
    for song in np.unique(measured.songs).tolist():
        own = measured.take(np.flatnonzero(measured.songs == song))
        drawn = Resampling.of([song], replicates=1)
        scores = {}
        if own.beats is not None:
            for make, factor in (
                (beat_scores, 100),
                (listening_scores, 100),
                (invention_scores, 1),
                (motion_scores, 1),
            ):
                for name, score in make([own], drawn).items():
                    if name in METRICS:
                        scores[name] = factor * float(score.value)
            whole = song_beat_scores([own], drawn)
            if whole:
                # Whose beats Table 2x takes in short.
                score, _ = whole[min(whole, key=list(LISTENERS).index)]
                scores[SONG_HIT] = 100 * float(score.value)
        found[song] = scores
    return found


def distances_of(rows):
    """Distances of each model, which all its dances share, from ``table2x_distances.csv``.

    Parameters
    ----------
    rows : list of dict of str to str

    Returns
    -------
    dict of str to dict of str to float
        System -> metric -> value, on learned features.
    """
    return {
        row["system"]: {
            name: float(row[name] or "nan")
            for name, metric in METRICS.items()
            if metric.group == "distance" and name in row
        }
        for row in rows
        if row.get("features") == "learned"
    }


def measures(dances):
    """What the gallery can be sorted by.

    Parameters
    ----------
    dances : list of Dance

    Returns
    -------
    dict of str to (str, str)
        Metric -> its text for people and what is better ("lower", "higher" or `NEAR_REAL`);
        those that some dance has.
    """
    found = {SONG_HIT: (SONG_HIT_TEXT, "higher")}
    for name, metric in METRICS.items():
        text = metric.text
        if metric.group in ("beats", "listening"):
            text += " (%)" if metric.group == "beats" else " (points)"
        elif metric.group == "distance":
            text += ", of the model"
        found[name] = text, metric.aim
    known = {
        name for dance in dances for name, value in dance.scores.items() if math.isfinite(value)
    }
    return {name: about for name, about in found.items() if name in known}
