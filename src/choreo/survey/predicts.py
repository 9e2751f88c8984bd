"""Which metric predicted the dancers: how often each prefers the dance that people prefer."""

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from choreo.evaluation.measurements import Measurements
from choreo.evaluation.metrics import METRICS, NEAR_REAL
from choreo.evaluation.table2x import (
    RealSet,
    beat_scores,
    distance_scores,
    invention_scores,
    listening_scores,
    motion_scores,
)
from choreo.figures import COLOURS, new
from choreo.statistics.inference import GROUPS_NEEDED, Resampling, holm, too_few
from choreo.survey.answers import whose
from choreo.survey.preference import GROUPS, REPLICATES, groups_of
from choreo.tables import Table

JUDGED = "like"
"""The question that metrics are held against."""
_LEAST = 2
"""Segments of a dance that a distance between distributions needs."""


def dance_scores(measured, real):
    """Every metric of Table 2x of each dance of a model, on its own.

    Parameters
    ----------
    measured : Measurements
        Of the dances of one model and training.
    real : Measurements
        Of the real training dances.

    Returns
    -------
    dict of (str, str) to float
        By song and metric; over chance where it has a chance level, NaN where a dance alone
        has no such value.
    """
    reference, found = RealSet(real.features["learned"]), {}
    for song in dict.fromkeys(measured.songs.tolist()):
        own = measured.take(measured.songs == song)
        drawn = Resampling.of(own.songs, replicates=0)
        scores = beat_scores([own], drawn) | motion_scores([own], drawn)
        scores |= listening_scores([own], drawn) | invention_scores([own], drawn)
        if len(own) >= _LEAST:
            segments = [(own.features["learned"], own.songs)]
            scores |= distance_scores(segments, reference, drawn)
        for name in METRICS:
            value = scores[name].corrected if name in scores else float("nan")
            found[song, name] = float(value)
    return found


def all_scores(paths, models, real):
    """`dance_scores` of the files of several models: (model, song, metric) -> value."""
    reference = Measurements.load(real)
    return {
        (model, *of): value
        for path, model in zip(paths, models, strict=True)
        for of, value in dance_scores(Measurements.load(path), reference).items()
    }


def predictions(scores, votes, *, seed):
    """How often each metric prefers what people prefer.

    Parameters
    ----------
    scores : dict of (str, str, str) to float
        Of `all_scores`.
    votes : pandas.DataFrame
        Of `choreo.survey.answers.Read`.
    seed : int
        Of the bootstrap of songs.

    Returns
    -------
    pandas.DataFrame
        One row a metric that has a value of two dances that were compared:

        - `pairs`: pairs of dances that it tells apart and people do not like alike;
        - `right`: in how many it prefers the dance that more people liked, `agreed` in per
          cent, with the exact (Clopper and Pearson's) 95% interval `low`, `high`, and the
          exact two-sided p-value of chance, `p`, with Holm's correction over the metrics, `holm`;
        - `votes`: per cent of people's answers that went to the dance that it prefers, over
          all pairs that it tells apart, with the half-width `interval` by a bootstrap of
          songs; `most` is what the best metric could have there. Chance is 50 for both.
    """
    liked = votes[votes.question == JUDGED]
    pairs = [
        (song, a, b, float((own.chosen == b).mean()), len(own))
        for (song, a, b), own in liked.groupby(["song", "a", "b"], sort=True)
    ]
    judges = [metric for metric in METRICS.values() if metric.aim != NEAR_REAL]
    rows = [_row(metric, pairs, scores, seed) for metric in judges]
    columns = ("metric", "text", "pairs", "right", "agreed", "low", "high")
    columns += ("votes", "interval", "most", "compared", "songs")
    columns += ("p",)
    found = pd.DataFrame([row for row in rows if row["compared"]], columns=columns)
    # The best of many metrics looks good by chance alone.
    found["holm"] = holm(found.p)
    return found.sort_values(["votes", "metric"], ascending=[False, True], ignore_index=True)


def _row(metric, pairs, scores, seed):
    compared, right, decided, most = [], 0, 0, []
    for song, a, b, share, count in pairs:
        values = [scores.get((model, song, metric.name), float("nan")) for model in (a, b)]
        gap = (values[1] - values[0]) * (-1 if metric.better == "lower" else 1)
        if not np.isfinite(gap) or gap == 0:
            continue
        compared.append((song, share if gap > 0 else 1 - share, count))
        most.append(max(share, 1 - share) * count)
        if share != 0.5:
            decided += 1
            right += (share > 0.5) == (gap > 0)
    row = {
        "metric": metric.name,
        "text": metric.text,
        "pairs": decided,
        "right": right,
        **dict.fromkeys(("agreed", "low", "high", "votes", "interval", "most", "p"), float("nan")),
        "compared": len(compared),
        "songs": len({song for song, *_ in compared}),
    }
    if decided:
        test = binomtest(right, decided)
        exact = test.proportion_ci()
        row |= {"agreed": 100 * right / decided, "low": 100 * exact.low, "high": 100 * exact.high}
        row["p"] = float(test.pvalue)
    if compared:
        songs, shares, counts = (np.array(column) for column in zip(*compared))
        drawn = Resampling.of(songs, replicates=REPLICATES, seed=seed)
        weights = drawn.weights(songs) * counts
        # Two models of one song are drawn together; some draws may hold none of a metric's.
        replicates = (weights * shares).sum(1) / np.maximum(weights.sum(1), 1)
        row["votes"] = 100 * float(replicates[0])
        row["interval"] = 100 * drawn.half_width(replicates[1:])
        row["most"] = 100 * sum(most) / int(counts.sum())
    return row


def predictions_table(scores, read, *, seed, study=None):
    """`predictions` with and without who failed catch trials, as a `choreo.tables.Table`."""
    frames = [
        predictions(scores, votes, seed=seed).assign(group=group, of=GROUPS[group])
        for group, votes in groups_of(read).items()
    ]
    headers = {
        "of": "Participants",
        "text": "Metric",
        "agreed": "Agrees (%)",
        "low": "from",
        "high": "to",
        "pairs": "Dances",
        "holm": "p",
        "votes": "Answers (%)",
        "interval": "±",
        "most": "at most",
    }
    few = max((int(frame.songs.max()) for frame in frames if len(frame)), default=0)
    notes = [
        "Agrees: of pairs of dances that people do not like alike and the metric tells apart, in "
        "how many it prefers the one that more people liked, with the exact 95% interval; p: "
        "exact, of chance, with Holm's correction over the metrics, of which the best looks good "
        "by chance alone. The pairs of one song are taken as if they were of several. Answers: "
        "how many of all answers went to the dance that the metric prefers; ±: half the width of "
        "the 95% interval by a bootstrap of songs; at most: what no metric could pass. Chance is "
        "50% for both. Each metric is that of a single dance, over its chance level where it has "
        "one. Left out are metrics that a dance alone has not, and those of which neither more nor "
        "less is better (movement, copying, diversity: near real dances is good)."
    ]
    if few < GROUPS_NEEDED:
        notes.append(f"So few songs ({few}; {GROUPS_NEEDED} are needed) decide nothing.")
    frame = pd.concat(frames, ignore_index=True)
    return Table(
        frame,
        caption=f"Which metric predicted the dancers? {whose(read)}"
        + (f" (study {study})." if study else "."),
        headers=headers,
        formats=dict.fromkeys(("agreed", "low", "high", "votes", "interval", "most"), ".1f")
        | {"holm": ".3f"},
        notes=tuple(notes),
        doubts={"interval": [too_few(songs) for songs in frame["songs"]]},
    )


def predictions_figure(scores, read, *, seed, study=None):
    """Draw `predictions` of all participants: a point a metric, with chance.

    Returns
    -------
    matplotlib.figure.Figure
    """
    found = predictions(scores, read.votes, seed=seed).iloc[::-1]
    figure, (left, right) = new(1, 2, figsize=(11, 1.6 + 0.27 * max(len(found), 4)), sharey=True)
    places = np.arange(len(found))
    for axis, value, below, above, title in (
        (
            left,
            found.votes,
            found.interval.fillna(0),
            found.interval.fillna(0),
            "Answers that went to the dance that the metric prefers",
        ),
        (
            right,
            found.agreed,
            found.agreed - found.low,
            found.high - found.agreed,
            "Dances of which it prefers what more people liked",
        ),
    ):
        for place, at, less, more in zip(places, value, below, above):
            axis.plot([max(0, at - less), min(100, at + more)], [place] * 2, "-", color=COLOURS[1])
            axis.plot(at, place, "o", color=COLOURS[1])
        axis.axvline(50, color=COLOURS[2], linestyle="--", linewidth=1.5, label="chance")
        axis.set_xlim(-2, 102)
        axis.set_xlabel("% (95% interval)")
        axis.set_title(title, fontsize=10)
    if len(found):
        left.plot(found.most, places, "|", color=COLOURS[0], markersize=9, label="at most")
    left.set_yticks(places, found.text)
    left.legend(loc="lower right", fontsize=8)
    figure.suptitle(
        f"Which metric predicted the dancers? {whose(read)}"
        + (f" (study {study})" if study else ""),
        color="#8a1c1c" if read.simulated else "black",
    )
    return figure
