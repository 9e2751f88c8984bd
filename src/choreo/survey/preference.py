"""What people prefer: shares with intervals, exact tests, strengths, and how much they agree."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from choreo.statistics.inference import Resampling, holm, too_few
from choreo.survey.answers import whose, wins
from choreo.survey.design import QUESTIONS
from choreo.tables import Table

REPLICATES = 2000
ASKED = {
    "beats": "Matches the beats better",
    "natural": "More natural/realistic",
    "dynamic": "More dynamic",
    "like": "Liked more",
}
"""Question -> what a table calls it."""
GROUPS = {"all": "all", "attentive": "without who failed a catch trial"}
"""Whose answers a row is of: both stand beside each other everywhere."""


def exact(chosen, of):
    """Two-sided exact binomial p-value of a half; NaN where nobody answered."""
    return float(binomtest(int(chosen), int(of), 0.5).pvalue) if of else float("nan")


def sign_test(counts):
    """Exact test over groups: how many chose one more often, of those that did not tie.

    Parameters
    ----------
    counts : ndarray, shape (G, 2)
        How often each group (participant or song) chose one and the other.

    Returns
    -------
    float
        Two-sided; it trusts nothing about answers within a group.
    """
    counts = np.asarray(counts)
    more, fewer = (counts[:, 0] > counts[:, 1]).sum(), (counts[:, 0] < counts[:, 1]).sum()
    return exact(more, more + fewer)


def strengths(won, *, steps=1000, tolerance=1e-9):
    """Strengths of Bradley and Terry's model by Hunter's (2004) algorithm.

    Parameters
    ----------
    won : ndarray, shape (..., M, M)
        ``[i, j]``: how often i was preferred to j.

    Returns
    -------
    ndarray, shape (..., M)
        They sum to 1; of two models each is its share of the votes. NaN where a model was
        never compared.
    """
    won = np.asarray(won, float)
    met = won + won.swapaxes(-1, -2)
    total = won.sum(-1)
    found = np.full(total.shape, 1 / total.shape[-1])
    for _ in range(steps):
        pairs = found[..., :, None] + found[..., None, :]
        expected = np.divide(met, pairs, out=np.zeros_like(met), where=pairs > 0).sum(-1)
        new = np.divide(total, expected, out=np.full_like(total, np.nan), where=expected > 0)
        new /= new.sum(-1, keepdims=True)
        moved = np.nanmax(np.abs(new - found), initial=0)
        found = new
        if moved < tolerance:
            break
    return found


def krippendorff(counts):
    """Krippendorff's alpha of nominal answers: 1 is agreement, 0 what chance gives.

    Parameters
    ----------
    counts : ndarray of int, shape (U, C)
        How often each of C answers was given about each unit. Units with fewer than two
        answers say nothing.

    Returns
    -------
    float
        NaN where only one answer was ever given, or none twice about a unit.
    """
    counts = np.asarray(counts, float)
    counts = counts[counts.sum(1) >= 2]
    raters, totals = counts.sum(1), counts.sum(0)
    n = totals.sum()
    expected = n**2 - (totals**2).sum()
    if not len(counts) or expected == 0:
        return float("nan")
    differing = ((raters**2 - (counts**2).sum(1)) / (raters - 1)).sum()
    return float(1 - (n - 1) * differing / expected)


@dataclass(frozen=True)
class _Shares:
    count: int
    of: int
    value: float
    by_participant: float
    by_song: float


def _shares(won_by_participant, won_by_song, drawn_participants, drawn_songs):
    """Share of votes for the first of two, with half-widths by both ways of clustering."""
    count, of = won_by_participant[:, 0].sum(), won_by_participant.sum()
    value = count / of if of else float("nan")
    halves = []
    for won, drawn in (
        (won_by_participant, drawn_participants),
        (won_by_song, drawn_songs),
    ):
        top, bottom = drawn.counts @ won[:, 0], drawn.counts @ won.sum(1)
        with np.errstate(invalid="ignore"):
            halves.append(drawn.half_width(top / np.where(bottom > 0, bottom, np.nan)))
    return _Shares(int(count), int(of), float(value), *halves)


def groups_of(read):
    """Name of `GROUPS` -> votes of those participants."""
    return {
        "all": read.votes,
        "attentive": read.votes[read.votes.participant.isin(read.attentive())],
    }


def preferences(read, key, *, seed):
    """How often each model was preferred to each other, by question.

    Parameters
    ----------
    read : choreo.survey.answers.Read
    key : choreo.survey.design.Key
    seed : int
        Of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        One row a group of participants, pair of models and question: `chosen` of `votes` for
        `model` against `other`, `share` with half-widths of 95% intervals by a bootstrap of
        participants and of songs, and p-values that the share is a half: exact binomial over
        votes, exact sign tests over participants and over songs, and the larger of these two,
        each also with Holm's correction over all rows of its group.
    """
    frames = []
    for group, votes in groups_of(read).items():
        people, songs = sorted(set(votes.participant)), sorted(set(votes.song))
        draws = [Resampling.of(n, replicates=REPLICATES, seed=seed) for n in (people, songs)]
        rows = []
        for other, model in key.model_pairs:
            own = votes[(votes.a == other) & (votes.b == model)]
            for question in QUESTIONS:
                asked = own[own.question == question]
                both = [model, other]
                per_person = _first_and_second(wins(asked, both, people))
                per_song = _first_and_second(wins(asked, both, songs, by="song"))
                found = _shares(per_person, per_song, *draws)
                rows.append(
                    {
                        "group": group,
                        "participants": len(people),
                        "model": model,
                        "other": other,
                        "question": question,
                        "chosen": found.count,
                        "votes": found.of,
                        "share": 100 * found.value,
                        "by_participant": 100 * found.by_participant,
                        "by_song": 100 * found.by_song,
                        "p_votes": exact(found.count, found.of),
                        "p_participants": sign_test(per_person),
                        "p_songs": sign_test(per_song),
                    }
                )
        frame = pd.DataFrame(rows)
        # Of other dancers and other songs only what both say.
        frame["p_both"] = frame[["p_participants", "p_songs"]].max(axis=1, skipna=False)
        for name in ("votes", "participants", "songs", "both"):
            frame[f"holm_{name}"] = holm(frame[f"p_{name}"])
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _first_and_second(won):
    return np.stack([won[:, 0, 1], won[:, 1, 0]], 1)


def preferences_table(found, read, *, study=None):
    """What `preferences` found, as a `choreo.tables.Table`."""
    frame = found.assign(
        asked=found.question.map(ASKED),
        of=found.group.map(GROUPS),
        pair=[f"{model} over {other}" for model, other in zip(found.model, found.other)],
    )
    headers = {
        "of": "Participants",
        "pair": "Preferred",
        "asked": "Question",
        "share": "%",
        "by_participant": "± by participant",
        "by_song": "± by song",
        "votes": "Answers",
        "holm_votes": "p, answers",
        "holm_participants": "p, participants",
        "holm_songs": "p, songs",
        "holm_both": "p, both",
    }
    return Table(
        frame[[*headers, *(c for c in found.columns if c not in headers)]],
        caption=f"Preferences. {whose(read)}" + (f" (study {study})." if study else "."),
        headers=headers,
        formats=dict.fromkeys(("share", "by_participant", "by_song"), ".1f")
        | dict.fromkeys(("holm_votes", "holm_participants", "holm_songs", "holm_both"), ".3f"),
        notes=(
            "p: exact, two-sided, that both are preferred alike, with Holm's correction over the "
            "rows of the same participants. Over answers (binomial) it trusts that answers of one "
            "person, and about one song, say nothing of each other, which they do; over "
            "participants and over songs (sign tests; ties say nothing) it does not. Both: the "
            "larger of these two, which alone speaks of other dancers and of other songs.",
            "±: half the width of the 95% interval by a bootstrap of participants, or of songs.",
            "Published (22 dancers, 6 dances): 61% preferred the GRU model to the original.",
        ),
        doubts={
            "by_participant": [too_few(n, of="participants") for n in frame.participants],
            "by_song": [too_few(read.votes.song.nunique())] * len(frame),
        },
    )


def dances_table(read, *, study=None):
    """What was preferred of each pair of dances: the numbers of Figure 6."""
    rows = []
    for group, votes in groups_of(read).items():
        own = []
        for (pair, song, other, model, question), asked in votes.groupby(
            ["pair", "song", "a", "b", "question"], sort=True
        ):
            chosen, of = int((asked.chosen == model).sum()), len(asked)
            own.append(
                {
                    "group": group,
                    "of": GROUPS[group],
                    "song": song,
                    "pair": pair,
                    "preferred": f"{model} over {other}",
                    "question": question,
                    "asked": ASKED[question],
                    "chosen": chosen,
                    "votes": of,
                    "share": 100 * chosen / of,
                    "p": exact(chosen, of),
                }
            )
        for row, p in zip(own, holm([row["p"] for row in own])):
            row["holm"] = p
        rows += own
    headers = {
        "of": "Participants",
        "song": "Song",
        "preferred": "Preferred",
        "asked": "Question",
        "share": "%",
        "votes": "Answers",
        "holm": "p",
    }
    columns = [*headers, "group", "pair", "question", "chosen", "p"]
    return Table(
        pd.DataFrame(rows, columns=columns),
        caption=f"Figure 6 in numbers. {whose(read)}" + (f" (study {study})." if study else "."),
        headers=headers,
        formats={"share": ".1f", "holm": ".3f"},
        notes=("p: exact binomial, two-sided, with Holm's correction over all dances.",),
    )


def strengths_table(read, key, *, seed, study=None):
    """Bradley and Terry's strengths of all models, with intervals over participants."""
    rows = []
    for group, votes in groups_of(read).items():
        people = sorted(set(votes.participant))
        drawn = Resampling.of(people, replicates=REPLICATES, seed=seed)
        for question in QUESTIONS:
            won = wins(votes[votes.question == question], key.models, people)
            value = strengths(won.sum(0))
            replicates = strengths(np.tensordot(drawn.counts, won, 1), steps=200, tolerance=1e-5)
            for place, model in enumerate(key.models):
                rows.append(
                    {
                        "of": GROUPS[group],
                        "asked": ASKED[question],
                        "model": model,
                        "strength": 100 * value[place],
                        "interval": 100 * drawn.half_width(replicates[:, place]),
                        "group": group,
                        "question": question,
                    }
                )
    headers = {
        "of": "Participants",
        "asked": "Question",
        "model": "Model",
        "strength": "Strength (%)",
        "interval": "±",
    }
    return Table(
        pd.DataFrame(rows),
        caption=f"Strengths by Bradley and Terry's model. {whose(read)}"
        + (f" (study {study})." if study else "."),
        headers=headers,
        formats={"strength": ".1f", "interval": ".1f"},
        notes=(
            "Model i is preferred to j as often as its strength is of the sum of both; strengths "
            f"sum to 100, so {100 / len(key.models):.1f} each would be no preference. ±: half the "
            "width of the 95% interval by a bootstrap of participants.",
        ),
        doubts={
            "interval": [
                too_few(len(set(groups_of(read)[row["group"]].participant)), of="participants")
                for row in rows
            ]
        },
    )


def agreement_table(read, key, *, seed, study=None):
    """How much participants agree on each question."""
    rows = []
    for group, votes in groups_of(read).items():
        for question in QUESTIONS:
            asked = votes[votes.question == question]
            counts = answers_about(asked, key)
            drawn = Resampling.of(sorted(set(asked.song)), replicates=REPLICATES, seed=seed)
            rows.append(
                {
                    "of": GROUPS[group],
                    "asked": ASKED[question],
                    "alpha": krippendorff(counts),
                    "interval": drawn.half_width(_alphas(asked, key, drawn)),
                    "units": len(counts),
                    "participants": asked.participant.nunique(),
                    "group": group,
                    "question": question,
                }
            )
    headers = {
        "of": "Participants",
        "asked": "Question",
        "alpha": "Krippendorff's alpha",
        "interval": "±",
        "units": "Pairs of dances",
        "participants": "People",
    }
    return Table(
        pd.DataFrame(rows),
        caption=f"Agreement. {whose(read)}" + (f" (study {study})." if study else "."),
        headers=headers,
        formats={"alpha": ".2f", "interval": ".2f"},
        notes=(
            "Alpha of nominal answers: 1 where all choose alike about each pair, 0 where they "
            "agree as chance does. ±: half the width of the 95% interval by a bootstrap of songs.",
        ),
        doubts={"interval": [too_few(read.votes.song.nunique())] * len(rows)},
    )


def answers_about(votes, key):
    """Counts for `krippendorff`: a row a pair of dances, a column a model."""
    pairs, models = sorted(set(votes.pair)), list(key.models)
    counts = np.zeros((len(pairs), len(models)), int)
    for pair, chosen in zip(votes.pair, votes.chosen):
        counts[pairs.index(pair), models.index(chosen)] += 1
    return counts


def _alphas(votes, key, drawn):
    parts = [answers_about(votes[votes.song == song], key) for song in drawn.songs]
    if len(parts) < 2:
        return np.array([])
    # A quarter of the draws does for an interval of two digits.
    return np.array(
        [
            krippendorff(np.concatenate([np.repeat(p, n, 0) for p, n in zip(parts, counts)]))
            for counts in drawn.counts[: REPLICATES // 4]
        ]
    )
