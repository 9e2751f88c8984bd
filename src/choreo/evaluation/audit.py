"""Table 3: what can be said of each of the thesis's claims, and from what."""

from __future__ import annotations

import bisect
import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from choreo.cleaning.clean import clean
from choreo.cleaning.faults import corrupt
from choreo.comparison.quality import against_truth
from choreo.errors import ItemError
from choreo.evaluation.claims import CLAIMS, CORRUPTED_RATE, MARGIN
from choreo.evaluation.listeners import TRUTH
from choreo.evaluation.table2x import (
    RealSet,
    averaged,
    beat_scores,
    frechet_rows,
    motion_scores,
    song_beat_scores,
)
from choreo.statistics.inference import (
    GROUPS_NEEDED,
    SEEDS_NEEDED,
    SIGNIFICANT,
    Error,
    Resampling,
    compare,
    holm,
    too_few,
)
from choreo.statistics.sentences import counted
from choreo.statistics.summaries import ratio
from choreo.tables import Table

if TYPE_CHECKING:
    from choreo.evaluation.claims import Claim
    from choreo.pose.track import PoseTrack

MEASURES = {
    "frechet": ("FID, learned features", "lower", 1, ".1f"),
    # Over chance: (rate - chance) / (1 - chance), all that can be reached beyond chance.
    "beat_hit_rate": ("beat hit rate over chance (%)", "higher", 100, ".1f"),
    "true_hit_rate": (
        "beat hit rate over chance, true beats of whole songs (%)",
        *("higher", 100, ".1f"),
    ),
    "seam_jump": ("seam jump (steps)", "lower", 1, ".2f"),
    "regeneration": ("own music found (%)", "higher", 100, ".1f"),
    "incorrect": ("incorrect detections (% of frames)", "lower", 1, ".2f"),
    "missing": ("missing frames (%)", "lower", 1, ".2f"),
    "pck_0_1": ("PCK@0.1 of the torso (%)", "higher", 100, ".1f"),
    "error_torso": ("error of the joints found (torsos)", "lower", 1, ".3f"),
}
"""Measure -> what people read, the better direction, factor and format of its values."""

_BY_RATIO = ("frechet",)
"""Measures compared by their logarithms: their spread grows with them, as that of a sum of
squares does, so that few trainings of a bad model would hide any difference to a good one."""

_OF_TRUTH = ("pck_0_1", "error_torso")
_WITHOUT_TRUTH = ("incorrect", "missing")
"""Columns of Table 1x that claim 1 is about; the first that is there decides."""

UNDECIDED = "not decidable with this data"
_ALPHAPOSE = "alphapose17"
_HOPELESS = 1000


@dataclass(frozen=True)
class Effect:
    """A difference between two models or tracks.

    Attributes
    ----------
    a, b : float
        The measure of A and of B; geometric means over trainings where `by_ratio`.
    half_width : float
        Of the 95% interval of `difference`; NaN where there is none.
    p : float
        Two-sided; NaN where there is none.
    groups : int
        Songs, videos or clips that the interval is over.
    seeds : int or None
        Trainings of each model; None where nothing is trained.
    margin : float
        The difference that `p` is about: how much worse A may be.
    negligible, p_alike : float
        Under which difference there is as good as none, and the two-sided p of its not being
        under it; NaN where that isn't asked.
    by_groups : Error
        Standard error over songs, videos or clips.
    by_seeds : Error or None
        Over trainings; None where nothing is trained, or once.
    by_ratio : bool
        Whether the measure is compared by its logarithm, which its interval, margins and
        errors are then of.
    """

    a: float
    b: float
    half_width: float
    p: float
    groups: int
    seeds: int | None
    margin: float
    by_groups: Error
    by_seeds: Error | None = None
    by_ratio: bool = False
    negligible: float = np.nan
    p_alike: float = np.nan

    @property
    def difference(self):
        """A less B; of their natural logarithms where `by_ratio`."""
        return float(np.log(self.a / self.b)) if self.by_ratio else self.a - self.b


def paired(a, b, names, *, seed=1):
    """Difference of means over the same items.

    Parameters
    ----------
    a, b : sequence of float
        One value an item.
    names : sequence of str
        The items, such as videos.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Effect
    """
    a, b = (np.asarray(x, float) for x in (a, b))
    resampling = Resampling.of(names, seed=seed)
    order = np.searchsorted(resampling.songs, np.asarray(names, dtype=str))
    gap = np.zeros(len(resampling.songs))
    np.add.at(gap, order, (a - b) / np.bincount(order)[order])
    rows = resampling.means(gap)
    return Effect(
        float(a.mean()),
        float(b.mean()),
        resampling.half_width(rows[1:]),
        resampling.p_value(float(rows[0]), rows[1:]),
        len(gap),
        None,
        0.0,
        Error(resampling.error(rows[1:]), resampling.freedom),
    )


def trained(a, b, resampling, *, margin=0.0, negligible=0.0, by_ratio=False):
    """Difference of two models over test songs and training seeds.

    Parameters
    ----------
    a, b : Score
        Of the same seeds in the same order.
    resampling : Resampling
        Of the test songs.
    margin : float
        How much worse A may be, as a difference; see `choreo.statistics.inference.compare`.
    negligible : float
        Under which difference there is as good as none; 0 where that isn't asked.
    by_ratio : bool
        Whether scores and margins are logarithms.

    Returns
    -------
    Effect
    """
    result = compare(a, b, resampling, margin=margin)
    read = np.exp if by_ratio else float
    return Effect(
        float(read(a.corrected)),
        float(read(b.corrected)),
        result.half_width,
        result.p,
        len(resampling.songs),
        len(a.seeds),
        margin,
        result.by_songs,
        result.by_seeds,
        by_ratio,
        *((negligible, result.p_alike(negligible)) if negligible else ()),
    )


def dance_scores(real):
    """Scores of generated dances, for `trained`.

    Parameters
    ----------
    real : RealSet
        Learned features of the real training dances.

    Returns
    -------
    callable
        Of a list of `Measurements`. The Frechet distance's score is of its natural logarithm.
    """

    def score(seeds, resampling):
        segments = [(measured.features["learned"], measured.songs) for measured in seeds]
        found = beat_scores(seeds, resampling) | motion_scores(seeds, resampling)
        if TRUTH in (songs := song_beat_scores(seeds, resampling)):
            found["true_hit_rate"] = songs[TRUTH][0]
        logarithms = np.log(frechet_rows(segments, real, resampling))
        return found | {"frechet": averaged(logarithms, resampling)}

    return score


def regeneration_scores(kind):
    """Scores of regenerated music features, for `trained`.

    Parameters
    ----------
    kind : {"generated", "real"}
        Which dances they are regenerated from.

    Returns
    -------
    callable
        Of a list of what `choreo.evaluation.regeneration.measure_regeneration` gives.
    """

    def score(seeds, resampling):
        values = []
        for found in seeds:
            rates = np.array(found[kind]["rates"], float)
            weights = resampling.weights(np.array(found[kind]["songs"], dtype=str))
            known = np.isfinite(rates)
            total = (weights * known).sum(1)
            summed = weights @ np.where(known, rates, 0)
            values.append(ratio(summed, total))
        return {"regeneration": averaged(values, resampling)}

    return score


def cleaning_pairs(
    truths: Mapping[str, PoseTrack], *, repeats: int = 3, seed: int = 1
) -> list[dict[str, Any]]:
    """Quality of corrupted tracks before and after cleaning.

    Parameters
    ----------
    truths : dict of str to PoseTrack
        Clip -> true track without gaps.
    repeats : int
        How often each track is corrupted anew.
    seed : int

    Returns
    -------
    list of dict
        One a clip and repeat: `clip`, `before` and `after` (PCK@0.1; a missing joint is wrong).
    """
    rows = []
    for number, (clip, truth) in enumerate(truths.items()):
        for repeat in range(repeats):
            corrupted = corrupt(truth, CORRUPTED_RATE, [seed, number, repeat]).track
            cleaned, _ = clean(corrupted, method="thesis")
            before, after = (against_truth(t, truth)["pck_0_1"] for t in (corrupted, cleaned))
            rows.append({"clip": clip, "before": before, "after": after})
    return rows


def estimator_effects(qualities, *, seed=1):
    """Claim 1: AlphaPose-17 against the best of the others.

    Parameters
    ----------
    qualities : list of dict
        What `choreo.comparison.quality.quality` gives, with `estimator` and `video`.
    seed : int

    Returns
    -------
    effects : dict of str to Effect
        Measure -> effect; empty where it can't be decided. The first decides: PCK with the
        truth where it is known, else incorrect detections, which only guess at errors.
    reason : str
        Why not; else which estimator B is.
    """
    values = {measure: {} for measure in (*_OF_TRUTH, *_WITHOUT_TRUTH)}
    for record in qualities:
        key = record["estimator"], record["video"]
        truth = record.get("truth") or {}
        for measure in _OF_TRUTH:
            if truth.get(measure) is not None:
                values[measure][key] = truth[measure]
        for measure in _WITHOUT_TRUTH:
            if record.get(measure) is not None:
                values[measure][key] = 100 * record[measure] / record["frames"]
    estimators = list(dict.fromkeys(record["estimator"] for record in qualities))
    others = [name for name in estimators if name != _ALPHAPOSE]
    if _ALPHAPOSE not in estimators or not others:
        here = ", ".join(estimators) or "none"
        return {}, f"AlphaPose and another estimator are needed; this study compares {here}"
    effects, rivals = {}, {}
    for measure, found in values.items():
        videos = sorted(v for e, v in found if e == _ALPHAPOSE)
        videos = [v for v in videos if all((e, v) in found for e in others)]
        if not videos:
            continue
        sign = 1 if MEASURES[measure][1] == "lower" else -1
        best = min(others, key=lambda e: sign * np.mean([found[e, v] for v in videos]))
        rivals.setdefault(best, []).append(MEASURES[measure][0])
        one, two = ([found[e, v] for v in videos] for e in (_ALPHAPOSE, best))
        effects[measure] = paired(one, two, videos, seed=seed)
    if not effects:
        return {}, "no video has been compared for all estimators"
    if len(rivals) == 1:
        remark = f"B is {next(iter(rivals))}"
    else:
        remark = "; ".join(f"B is {name} in {', '.join(m)}" for name, m in rivals.items())
    if not effects.keys() & set(_OF_TRUTH):
        remark += "; no truth is known here: incorrect detections only guess at errors"
    return effects, remark


def conflict(effects):
    """Say which counts that know no truth contradict what decides claim 1.

    Parameters
    ----------
    effects : dict of str to Effect
        Of `estimator_effects`: the first decides.

    Returns
    -------
    str
        What says that A is better and what that B is; empty where none contradicts. A count
        contradicts with p under 0.05, not corrected: to find a conflict is to be careful.
    """

    def side(measure):
        lower = MEASURES[measure][1] == "lower"
        return "A" if (effects[measure].difference < 0) == lower else "B"

    first = next(iter(effects), None)
    against = [
        MEASURES[m][0]
        for m in _WITHOUT_TRUTH
        if m in effects and effects[m].p < SIGNIFICANT and side(m) != side(first)
    ]
    if not against:
        return ""
    better, other = side(first), "AB".replace(side(first), "")
    return (
        f"measures contradict each other: {better} is better in {MEASURES[first][0]}, "
        f"{other} in {' and '.join(against)}"
    )


@dataclass(frozen=True)
class Evidence:
    """What Table 3 is computed from.

    Attributes
    ----------
    dances : dict of str to dict of int to Measurements
        Model of the audit -> seed of its training -> its dances.
    real : Measurements
        Real training dances.
    regeneration : dict of str to dict of int to dict
        Model -> seed -> what was regenerated.
    cleaning : list of dict
        Of `cleaning_pairs`.
    qualities : list of dict
        Of stage `comparison`; empty where the study has no pictures.
    metrics : dict of str to dict
        Model -> the ``metrics.json`` of one seed.
    """

    dances: dict
    real: object
    regeneration: dict
    cleaning: list
    qualities: list
    metrics: dict


def _in_both(found, claim):
    """Seeds of the trainings that both models of a claim have."""
    return tuple(seed for seed in found[claim.a] if seed in found[claim.b])


class _Trained:
    """Scores of the audit's models by measure, each computed once."""

    def __init__(self, evidence, resampling):
        self._evidence, self._resampling, self._found = evidence, resampling, {}
        self._dances = dance_scores(RealSet(evidence.real.features["learned"]))

    def both(self, claim, measure):
        """Scores of both models of a claim over the trainings of the seeds that both have."""
        kind = "regeneration" if measure == "regeneration" else "dances"
        seeds = _in_both(getattr(self._evidence, kind), claim)
        return [self._score(arm, kind, seeds)[measure] for arm in (claim.a, claim.b)]

    def _score(self, arm, kind, seeds):
        if (arm, kind, seeds) not in self._found:
            score = regeneration_scores("generated") if kind == "regeneration" else self._dances
            own = getattr(self._evidence, kind)[arm]
            self._found[arm, kind, seeds] = score([own[seed] for seed in seeds], self._resampling)
        return self._found[arm, kind, seeds]

    def best_of(self, measure):
        """The measure, or what sees the same better: the true beats of whole songs, if known.

        Beats that are found in five seconds are wrong often enough to hide a difference.
        """
        every = (m for own in self._evidence.dances.values() for m in own.values())
        true = measure == "beat_hit_rate" and all(TRUTH in m.song_beats for m in every)
        return "true_hit_rate" if true else measure


def _effects(claim, evidence, models, resampling, seed):
    """All effects of one claim by measure, and what a reader should know besides."""
    if claim.number == "1":
        return estimator_effects(evidence.qualities, seed=seed)
    if claim.number == "2a":
        clips = [row["clip"] for row in evidence.cleaning]
        after, before = ([row[k] for row in evidence.cleaning] for k in ("after", "before"))
        remark = f"{CORRUPTED_RATE:.0%} of the frames corrupted"
        return {"pck_0_1": paired(after, before, clips, seed=seed)}, remark
    if not {claim.a, claim.b} <= evidence.dances.keys():
        return {}, "its models were not trained: evaluation.audit.claims leaves it out"
    effects = {}
    for named in (claim.measure, *claim.also):
        measure = models.best_of(named)
        one, two = models.both(claim, measure)
        by_ratio = measure in _BY_RATIO
        margin, negligible = (
            0.0 if named != claim.measure else np.log1p(x) if by_ratio else x * abs(two.corrected)
            for x in (claim.margin, claim.negligible)
        )
        worse = 1 if MEASURES[measure][1] == "lower" else -1
        effects[measure] = trained(
            *(one, two, resampling),
            margin=worse * margin,
            negligible=negligible,
            by_ratio=by_ratio,
        )
    remark = ""
    if claim.number == "9":
        epochs = [evidence.metrics[arm]["recipe"]["epochs"] for arm in (claim.a, claim.b)]
        remark = f"A had {epochs[0]} epochs, B {epochs[1]}; only their final FIDs are compared"
    if claim.a == "rival" and "rival" in evidence.metrics:
        made = [
            f"{found['steps']} steps of {found['batch_size']}"
            for found in (evidence.metrics[arm] for arm in (claim.a, claim.b))
        ]
        remark = f"A had {made[0]}, B {made[1]}: whether they cost the same is not measured here"
    if claim.number == "2b":
        remark = "FID is to cleaned dances, which favours A"
    if claim.measure == "regeneration":
        found = evidence.regeneration[claim.a]
        seeds = _in_both(evidence.regeneration, claim)
        score = regeneration_scores("real")([found[seed] for seed in seeds], resampling)
        value = score["regeneration"].value
        remark = "" if np.isnan(value) else f"A from held-out real dances: {100 * value:.1f}%"
    return effects, remark


def table3(
    evidence: Evidence,
    *,
    study: str | None = None,
    claims: Sequence[Claim] = CLAIMS,
    seed: int = 1,
) -> Table:
    """Table 3: the audit of the thesis's claims.

    Parameters
    ----------
    evidence : Evidence
    study : str, optional
        Its name, for the caption.
    claims : sequence of Claim
    seed : int
        Of the bootstrap.

    Returns
    -------
    choreo.tables.Table
        One row a claim. `verdict`: "supported", "contradicted" or "not decidable with this
        data"; p-values with Holm's correction over all rows.

    Raises
    ------
    ItemError
        Where there is no dance.
    """
    every = [measured for own in evidence.dances.values() for measured in own.values()]
    songs = {song for measured in every for song in measured.songs}
    if not songs:
        raise ItemError("Table 3 needs dances to songs that no model was trained on")
    resampling = Resampling.of(sorted(map(str, songs)), seed=seed)
    models = _Trained(evidence, resampling)
    rows = []
    for claim in claims:
        effects, remark = _effects(claim, evidence, models, resampling, seed)
        # Of claim 1 it depends on whether truth is known.
        decisive = next(iter(effects), claim.measure)
        row = {
            "number": claim.number,
            "claim": claim.claim,
            "source": claim.source,
            "tested": claim.tested,
            "experiment": claim.experiment,
            "measure": decisive,
            "better": MEASURES[decisive][1],
            "unit": claim.unit,
            "conflict": conflict(effects) if claim.number == "1" else "",
        }
        effect = effects.get(decisive)
        numbers = ("a", "b", "difference", "half_width", "margin", "p", "negligible", "p_alike")
        for name in numbers:
            row[name] = np.nan if effect is None else getattr(effect, name)
        row["by_ratio"] = effect is not None and effect.by_ratio
        row["groups"] = np.nan if effect is None else effect.groups
        row["seeds"] = np.nan if effect is None or effect.seeds is None else effect.seeds
        of_groups = None if effect is None else effect.by_groups
        of_seeds = None if effect is None else effect.by_seeds
        for name, found in (("groups", of_groups), ("seeds", of_seeds)):
            row[f"error_{name}"], row[f"freedom_{name}"] = found or (np.nan, np.nan)
        row["remark"] = remark
        row["effect"] = "; ".join(_words(m, e, claim.unit) for m, e in effects.items()) or "–"
        rows.append(row)
    frame = pd.DataFrame(rows)
    adjusted = holm([*frame["p"], *frame["p_alike"]], [*frame.index, *frame.index])
    frame["p_holm"], frame["p_alike_holm"] = np.reshape(adjusted, (2, -1))
    decided = [verdict(row) for row in frame.to_dict("records")]
    frame["verdict"], frame["why"] = zip(*decided)
    tests = int(frame["p"].notna().sum())
    for row in frame.to_dict("records"):
        enough = "" if row["verdict"] != UNDECIDED else needed(row, tests)
        if enough:
            which = frame.index[frame["number"] == row["number"]]
            frame.loc[which, "why"] = "; ".join(filter(None, (row["why"], enough)))
    # What people read is the p of what decides; where nothing does, the smaller.
    alike = (frame["p_alike_holm"] < SIGNIFICANT) | (frame["p_alike_holm"] < frame["p_holm"])
    frame["p_read"] = frame["p_alike_holm"].where(alike, frame["p_holm"])
    for row in frame.itertuples():
        if row.remark:
            frame.loc[row.Index, "why"] = "; ".join(filter(None, (row.why, row.remark)))
    frame["text"] = [f"{r.number}. {r.claim} ({r.source})" for r in frame.itertuples()]
    return Table(
        frame=frame,
        caption="Table 3. The claims of the thesis" + (f" (study {study})." if study else "."),
        headers={
            "text": "Claim",
            "tested": "What the thesis tested",
            "experiment": "Our experiment",
            "effect": "Effect (A less B; FID: A / B)",
            "groups": "Songs, videos or clips",
            "seeds": "Seeds",
            "p_read": "p (Holm)",
            "verdict": "Verdict",
            "why": "Why",
        },
        formats={"groups": ".0f", "seeds": ".0f", "p_read": ".3f"},
        notes=tuple(_notes(evidence, claims, songs)),
    )


def _words(measure, effect, unit):
    text, _, factor, form = MEASURES[measure]
    gap, half = effect.difference, effect.half_width
    if np.isnan(gap):
        return f"{text}: not defined"
    said = f"{text}: A {factor * effect.a:{form}}, B {factor * effect.b:{form}}, "
    if effect.by_ratio:
        said += f"A / B {np.exp(gap):.2g}"
        interval = f" ({np.exp(gap - half):.2g} to {np.exp(gap + half):.2g})"
    else:
        said += f"A - B {factor * gap:+{form}}"
        interval = f" ± {factor * half:{form}}"
    if np.isnan(half):
        return said
    seeds = np.nan if effect.seeds is None else effect.seeds
    doubt = too_few(effect.groups, seeds, of=f"{unit}s")
    return f"{said} ({doubt})" if doubt else said + interval


def verdict(row):
    """Say what a row of Table 3 decides.

    Parameters
    ----------
    row : dict
        Of its frame.

    Returns
    -------
    verdict, why : str
        Where it is asked, and shown, that there is as good as no difference, that counts,
        whatever difference is shown beside it.
    """
    margin, negligible = row.get("margin", 0.0), row.get("negligible", np.nan)
    limit = f"the margin ({_share(row, margin)})" if margin else "0"
    lower = row["better"] == "lower"
    if np.isnan(row["difference"]):
        return UNDECIDED, "" if row["remark"] else "the measure is not defined for this data"
    few = []
    if not np.isnan(row["seeds"]) and row["seeds"] < SEEDS_NEEDED:
        few.append(f"from {counted(row['seeds'], 'training seed')} ({SEEDS_NEEDED} are needed)")
    if row["groups"] < GROUPS_NEEDED:
        unit = row.get("unit", "song")
        few.append(f"from {counted(row['groups'], unit)} ({GROUPS_NEEDED} are needed)")
    if few:
        return UNDECIDED, f"cannot be told {' and '.join(few)}"
    if np.isnan(row["p_holm"]):
        return UNDECIDED, "there is no interval"
    if row.get("p_alike_holm", np.nan) < SIGNIFICANT:
        return "contradicted", f"any difference is under {_share(row, negligible)}"
    if row["p_holm"] >= SIGNIFICANT:
        inside = abs(row["difference"] - margin) <= row["half_width"]
        why = f"its interval includes {limit}"
        if negligible > 0:
            inside &= abs(row["difference"]) + row["half_width"] >= negligible
            why += f" and more than {_share(row, negligible)}"
        if not inside:
            why = "so many comparisons have one like it"
        return UNDECIDED, f"the difference may be chance: {why}"
    if row.get("conflict"):
        return UNDECIDED, row["conflict"]
    better = (row["difference"] < margin) if lower else (row["difference"] > margin)
    if margin:
        said = f"worse by more than {limit}"
        return ("supported", f"A is not {said}") if better else ("contradicted", f"A is {said}")
    return ("supported", "A is better") if better else ("contradicted", "B is better")


def _share(row, away):
    return f"{math.expm1(abs(away)):.0%}" if row.get("by_ratio") else f"{abs(away):.3g}"


def needed(row, tests):
    """Say how many songs (videos, clips) and trainings would decide an undecided claim.

    The fewest, in the proportion that they have, with which one study of two would decide it, if
    difference and spread are as they were seen: neither interval includes the margin, or both
    lie within what is negligible. Errors shrink with the root of their number, Student's t with
    its degrees of freedom. The level is that of the smallest p of all tests, which decides
    whatever the others are.

    Parameters
    ----------
    row : dict
        Of Table 3's frame.
    tests : int
        Rows that have a p-value.

    Returns
    -------
    str
        Empty where nothing can be said: no interval, no difference, or enough of both.
    """
    tail = SIGNIFICANT / 2 / max(tests, 1)
    known = row["error_groups"] > 0 and (row["error_seeds"] >= 0 or not row["seeds"] > 1)
    gap, negligible = abs(row["difference"]), row.get("negligible", np.nan)
    away = abs(row["difference"] - row.get("margin", 0.0))
    if not (known and (away > 0 or gap < negligible)):
        return ""

    def told(half, error):
        return half < away

    def alike(half, error, gap=gap):
        """Whether the interval lies within what is negligible for every second study."""
        room = negligible - half
        return room > 0 and ndtr((room - gap) / error) - ndtr((-room - gap) / error) > 0.5

    counts = [_fewest(row, tail, told), _fewest(row, tail, alike) if gap < negligible else None]
    count = min((count for count in counts if count is not None), default=None)
    if count == 0:
        return ""
    said = f"as seen, {_as_many(row, count)} would decide it"
    if negligible > 0:
        same = _as_many(row, _fewest(row, tail, functools.partial(alike, gap=0.0)))
        said += f"; were there no difference, {same} would show that it is under "
        said += _share(row, negligible)
    return said


def _fewest(row, tail, decides):
    """How many trainings, or groups where nothing is trained, decide something.

    Parameters
    ----------
    row : dict
    tail : float
        What each side of an interval leaves out.
    decides : callable
        Of half the width of an interval and its standard error; both intervals have to.

    Returns
    -------
    int or None
        0 where there are enough; None where `_HOPELESS` times as many would not do.
    """
    trained = row["seeds"] > 1
    unit = int(row["seeds"] if trained else row["groups"])

    def enough(count):
        groups = math.ceil(row["groups"] * count / unit)
        errors = [Error(row["error_groups"] * math.sqrt(row["groups"] / groups), groups - 1)]
        if trained:
            freedom = row["freedom_seeds"] * (count - 1) / (row["seeds"] - 1)
            error = row["error_seeds"] * math.sqrt(row["seeds"] / count)
            errors.append(Error(error, freedom))
        return all(decides(one.half_width(tail), max(one.error, 1e-12)) for one in errors)

    if enough(unit):
        return 0
    counts = range(unit + 1, unit * _HOPELESS + 1)
    place = bisect.bisect_left(counts, True, key=enough)
    return counts[place] if place < len(counts) else None


def _as_many(row, count):
    unit = row["seeds"] if row["seeds"] > 1 else row["groups"]
    if count is None:
        return f"not even {_HOPELESS:,} times as many {row['unit']}s"
    count = count or unit
    groups = max(math.ceil(row["groups"] * count / unit), GROUPS_NEEDED)
    said = f"about {groups:,} {row['unit']}s"
    if not np.isnan(row["seeds"]):
        trainings = max(math.ceil(row["seeds"] * count / unit), SEEDS_NEEDED)
        said += f" and {trainings:,} trainings of each"
    return said


def _notes(evidence, claims, songs):
    base, original = (evidence.metrics.get(arm) for arm in ("base", "original"))
    if base:
        longer = f", of the original model {original['recipe']['epochs']}" if original else ""
        yield (
            f"Trained here on {base['data']['chunks']} chunks of 5 s; epochs: "
            f"{base['recipe']['epochs']}{longer}; test songs: {len(songs)}. The thesis: about "
            "1,850 chunks; epochs: 350, of the original model 800."
        )
        if base["recipe"]["epochs"] < 350 or base["data"]["chunks"] < 1850:
            yield (
                "This is a small run: models that are trained so little or on so few dances say "
                "little about the thesis's. At full scale: snakemake table3 --configfile "
                "config/audit.yaml."
            )
    # Each list of seeds once, with the models that have it where not all are alike.
    models = {}
    for arm, own in evidence.dances.items():
        models.setdefault(", ".join(map(str, own)), []).append(arm)
    for seeds, arms in models.items():
        of = f" ({', '.join(arms)})" if len(models) > 1 else ""
        yield f"Training seeds of this table{of}: {seeds}."
    if len(models) > 1:
        yield "Claims compare the seeds that both models have; the last line has the study's own."
    yield (
        "The first difference of a row decides; the others are shown beside it. ±: half the "
        "width of the 95% interval, by a bootstrap of songs, videos or clips and of training "
        "seeds; with several seeds by Student's t of the trainings, paired by seed, too, and the "
        "wider counts. FIDs are compared by their logarithms, since they spread in proportion: "
        "A and B are geometric means of the trainings, and the interval is of A / B. Nothing is "
        f"decided about trainings under {SEEDS_NEEDED} seeds, nor about anything under "
        f"{GROUPS_NEEDED} songs, videos or clips: five that all agree do so by chance once in 16. "
        "p with Holm's correction over all rows that have one. So many songs and trainings as "
        "would decide a claim would do so with even odds."
    )
    asked = [
        claim.number
        for claim in claims
        if claim.negligible and {claim.a, claim.b} <= evidence.dances.keys()
    ]
    if asked:
        yield (
            f"Of {counted(len(asked), 'claim')} ({', '.join(asked)}) it is asked, too, whether "
            f"there is no difference of {MARGIN:.0%} (two one-sided tests): the 95% interval lies "
            "within it where that p is under 0.05. Where that is shown the claim is contradicted, "
            "whatever smaller difference is shown beside it. Such a row goes on to count in Holm's "
            "correction until both of its hypotheses are rejected, since one may be true."
        )
    yield (
        "What the thesis tested: by its text, and by what its released code does when it is run "
        "(Appendix B, github.com/SonghaBan/DancingAI). Original model: music_features 256, no "
        "initial pose, no L_MF, pose perceptual loss."
    )
