"""Table 2x: Table 2 extended by distances, beats and motion, with chance and bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from choreo.config.reserved import BOUNDS, REMEDY, is_reserved
from choreo.errors import ItemError
from choreo.evaluation import distances
from choreo.evaluation.alignment import tempi_agree
from choreo.evaluation.frechet import Gaussian, Scale, frechet_distance
from choreo.evaluation.geometric import geometric_floor
from choreo.evaluation.leave_out import without_each_song
from choreo.evaluation.listeners import LABELS as LISTENERS
from choreo.evaluation.metrics import METRICS, PARTS, headings, worths
from choreo.evaluation.table2 import LABELS
from choreo.statistics.inference import (
    GROUPS_NEEDED,
    REPLICATES,
    SEEDS_NEEDED,
    SIGNIFICANT,
    Resampling,
    compare,
    holm,
    too_few,
)
from choreo.statistics.sentences import counted
from choreo.statistics.summaries import ratio
from choreo.tables import Table

if TYPE_CHECKING:
    from choreo.evaluation.measurements import Measurements

FEATURES = ("learned", "kinetic", "geometric")
DISTANCES, BEATS, MOTION, LISTENING, INVENTION = (
    headings(group) for group in ("distance", "beats", "motion", "listening", "invention")
)
COMPARED = {name: (m.compared, m.better) for name, m in METRICS.items() if m.compared}
"""What models are compared in: name in a sentence, and which direction is better."""
SONG_HIT, SONG_COVERAGE = "song_beat_hit_rate", "song_beat_coverage"
"""By the beats of whole songs; in the place of a feature set stands whose beats they are."""

_ORDERED = {name: m.better for name, m in METRICS.items() if m.ordered}
"""Distances of which real dances should have the best, and noise the worst."""

_LEFT_OUT = [name for name in DISTANCES if not name.startswith("frechet")]
"""Distances whose interval comes from leaving out songs one by one."""

_FRECHET_REPLICATES = 100
"""A distance takes milliseconds a replicate; its standard error needs fewer."""


class RealSet:
    """One feature set of the real training dances, and what is computed of it once.

    Parameters
    ----------
    features : ndarray, shape (n, D)
    floor : float or ndarray, shape (D,)
        Of the deviations that features are scaled with.
    """

    def __init__(self, features, floor=0.0):
        self.scale = Scale(features, floor)
        self.scaled = self.scale(features)
        self.gaussian = Gaussian.of(self.scaled)

    @cached_property
    def balls(self):
        """Radii of `choreo.evaluation.distances.neighbourhoods`."""
        return distances.neighbourhoods(self.scaled)


def real_sets(real):
    """All feature sets of the real training dances, by name, in the order of `FEATURES`."""
    floors = {"geometric": geometric_floor(real.features["geometric"].shape[1])}
    return {name: RealSet(real.features[name], floors.get(name, 0.0)) for name in FEATURES}


@dataclass(frozen=True)
class Score:
    """One quantity of one system.

    Attributes
    ----------
    value : float
        NaN where it is not defined.
    chance : float
        What the same dance scores by chance; NaN where there is no such level.
    replicates : ndarray, shape (B,)
        Of `corrected`; empty where it has none.
    seeds : ndarray, shape (S,)
        `corrected` of each training; empty where it was not kept.
    """

    value: float
    chance: float = float("nan")
    replicates: np.ndarray | tuple[()] = ()
    seeds: np.ndarray | tuple[()] = ()

    @property
    def corrected(self):
        """``(value - chance) / (1 - chance)``; the value where there is no chance level."""
        if np.isnan(self.chance):
            return self.value
        return _corrected(self.value, self.chance)


def distance_scores(systems, real, resampling):
    """Distances of one system to the real training dances on one feature set.

    Parameters
    ----------
    systems : list of (features, songs)
        One a training seed: (n, D) features and the song of each segment.
    real : RealSet
    resampling : Resampling

    Returns
    -------
    dict of str to Score
        The quantities of `DISTANCES`; means over seeds. Those of `_LEFT_OUT` have one
        replicate a song, of the segments without it, spread so that `Resampling.error` gives
        the jackknife's error; seeds are not in them. FID∞ has none.
    """
    values = {name: [] for name in DISTANCES}
    count = len(resampling.songs)
    spread = (count - 1) ** 1.5 / count if count > 1 else 0.0
    without = {name: [] for name in _LEFT_OUT}
    for features, songs in systems:
        own = real.scale(features)
        values["frechet_at_infinity"].append(distances.frechet_at_infinity(own, real.gaussian))
        values["kid"].append(distances.kernel_distance(own, real.scaled))
        for name, value in distances.neighbour_scores(own, real.scaled, real.balls).items():
            values[name].append(value)
        values["nearest"].append(distances.nearest(own, real.scaled).mean())
        within, across = distances.diversity(own, songs)
        values["diversity_within"].append(within)
        values["diversity_across"].append(across)
        if spread and len(resampling.counts):
            left = without_each_song(own, songs, real, resampling.songs)
            for name, rows in without.items():
                rows.append(spread * left[name])
    found = {
        name: Score(
            float(np.mean(v)),
            replicates=np.mean(without[name], axis=0) if without.get(name) else (),
            seeds=np.array(v),
        )
        for name, v in values.items()
        if v
    }
    return {"frechet": frechet_score(systems, real, resampling)} | found


def frechet_score(systems, real, resampling):
    """Frechet distance of one system; see `distance_scores`.

    Returns
    -------
    Score
    """
    return averaged(frechet_rows(systems, real, resampling), resampling)


def frechet_rows(systems, real, resampling):
    """Frechet distance of each training, shape (S, 1 + B): of all segments, then by replicate."""
    return np.stack(
        [
            _frechet_replicates(real.scale(features), songs, real.gaussian, resampling)
            for features, songs in systems
        ]
    )


def averaged(rows, resampling):
    """The `Score` of what each training has, (S, 1 + B): of all segments, then by replicate."""
    mean = resampling.over_seeds(rows)
    return Score(float(mean[0]), replicates=mean[1:], seeds=np.asarray(rows, float)[:, 0])


def _frechet_replicates(features, songs, real, resampling):
    """Frechet distance of all segments, then of each replicate, from the songs' moments."""
    names = resampling.songs
    counts = resampling.counts[:_FRECHET_REPLICATES]
    size = np.array([(songs == name).sum() for name in names])
    parts = [features[songs == name] for name in names]
    total = np.stack([part.sum(0) for part in parts])
    outer = np.stack([part.T @ part for part in parts])
    found = [frechet_distance(Gaussian.of(features), real)]
    for drawn in counts:
        n = drawn @ size
        if n < 2:
            found.append(np.nan)
            continue
        mean = drawn @ total / n
        covariance = (np.tensordot(drawn, outer, 1) - n * np.outer(mean, mean)) / (n - 1)
        found.append(frechet_distance(Gaussian(mean, covariance, int(n)), real))
    return np.array(found)


def beat_scores(systems, resampling):
    """Beats of one system.

    Parameters
    ----------
    systems : list of Measurements
        One a training seed.
    resampling : Resampling

    Returns
    -------
    dict of str to Score
        The quantities of `BEATS`, as ratios of sums over all segments.
    """
    values, chances = ({name: [] for name in BEATS} for _ in range(2))
    for measured in systems:
        weights = resampling.weights(measured.songs)
        for name, (top, chance, bottom) in _beat_sums(measured).items():
            values[name].append(ratio(weights @ top, weights @ bottom))
            chances[name].append(ratio(weights @ chance, weights @ bottom))
    found = {}
    for name in BEATS:
        if name == "beat_coverage":
            found[name] = averaged(values[name], resampling)
            continue
        found[name] = _over_chance(values[name], chances[name], resampling)
    return found


def _beat_sums(measured):
    """For each quantity the numerator, its chance level and the denominator of each segment."""
    beats, of = measured.beats, measured.values
    music_beats = of["music_beats"]
    tempo, moved = of["music_tempo"], of["motion_tempo"]
    other = measured.songs[:, None] != measured.songs[None]
    others = other & np.isfinite(tempo)[None]
    agree = tempi_agree(moved[:, None], tempo[None])
    by_chance = ratio((agree & others).sum(1), others.sum(1))
    known = np.isfinite(tempo)
    locked = np.isfinite(of["phase_locking"])
    both = beats.motion + music_beats
    return {
        "beat_coverage": (beats.motion, beats.motion, beats.music),
        "beat_hit_rate": (beats.aligned, beats.chance, beats.motion),
        "f_measure": (2 * of["matched"], 2 * of["matched_chance"], both),
        "motion_to_music": (of["motion_to_music"], of["motion_to_music_chance"], beats.motion),
        "music_to_motion": (of["music_to_motion"], of["music_to_motion_chance"], music_beats),
        "phase_locking": (np.nan_to_num(of["phase_locking"]), 0.5 * locked, locked * 1.0),
        "tempo_agreement": (tempi_agree(moved, tempo) * known, by_chance * known, known * 1.0),
    }


def song_beat_scores(systems, resampling):
    """Beat hit rate of one system by the beats of whole songs.

    Parameters
    ----------
    systems : list of Measurements
        One a training seed.
    resampling : Resampling

    Returns
    -------
    dict of str to (Score, float)
        By whose beats they are: the hit rate with its chance level, and the beat coverage.
        Only those that all trainings were measured by.
    """
    names = [n for n in systems[0].song_beats if all(n in m.song_beats for m in systems)]
    found = {}
    for name in names:
        values, chances, coverage = [], [], []
        for measured in systems:
            beats = measured.song_beats[name]
            weights = resampling.weights(measured.songs)
            values.append(ratio(weights @ beats.aligned, weights @ beats.motion))
            chances.append(ratio(weights @ beats.chance, weights @ beats.motion))
            coverage.append(ratio(beats.motion.sum(), beats.music.sum()))
        found[name] = _over_chance(values, chances, resampling), float(np.mean(coverage))
    return found


def _over_chance(values, chances, resampling):
    """The `Score` of what each training has, (S, 1 + B), and of its chance level."""
    value, chance = (resampling.over_seeds(rows) for rows in (values, chances))
    own = (np.array([row[0] for row in rows]) for rows in (values, chances))
    replicates = _corrected(value[1:], chance[1:])
    return Score(float(value[0]), float(chance[0]), replicates, _corrected(*own))


def motion_scores(systems, resampling):
    """Motion of one system.

    Parameters
    ----------
    systems : list of Measurements
        One a training seed.
    resampling : Resampling

    Returns
    -------
    dict of str to Score
        The quantities of `MOTION`: means over segments, shares in percent; `seam_jump` in
        mean steps from frame to frame of the same dances, so that 1 is no jump.
    """
    values = {name: [] for name in MOTION}
    for measured in systems:
        of = measured.values
        weights = resampling.weights(measured.songs)
        ones = np.ones(len(measured))
        for name in MOTION:
            scale = 100 if name in ("freeze", "limb_drift", "out_of_frame") else 1
            # Some segments have no seam before them, or no planted foot.
            there = np.isfinite(of[name])
            mean = ratio(weights @ np.where(there, of[name], 0), weights @ there)
            if name == "seam_jump":
                mean = ratio(mean, ratio(weights @ of["step"], weights @ ones))
            values[name].append(scale * mean)
    return {name: averaged(rows, resampling) for name, rows in values.items()}


def listening_scores(systems, resampling):
    """What one system loses when another song, or the song half a beat later, is laid under it.

    Parameters
    ----------
    systems : list of Measurements
        One a training seed.
    resampling : Resampling

    Returns
    -------
    dict of str to Score
        The quantities of `LISTENING`, and those that they are differences of: shares, 0 to 1.
        Empty where the beats of whole songs were not looked for.
    """
    if not all("own_hits" in m.values for m in systems):
        return {}
    shares = {name: [] for name in ("own", "other", "shifted", "locked", "locked_other")}
    for measured in systems:
        of, weights = measured.values, resampling.weights(measured.songs)
        hits = {name: (of[f"{name}_hits"],) * 2 for name in ("own", "other", "shifted")}
        other = of["phase_locking_other"]
        locking = {"locked": (of["phase_locking"], other), "locked_other": (other, other)}
        for found, count in ((hits, measured.beats.motion), (locking, 1)):
            # The second says where the first counts.
            for name, (values, known) in found.items():
                known = np.isfinite(known)
                top = weights @ np.where(known, values, 0)
                shares[name].append(ratio(top, weights @ (known * count)))
    rows = {name: np.array(values) for name, values in shares.items()}
    rows |= {
        "hit_drop_other": rows["own"] - rows["other"],
        "hit_drop_shifted": rows["own"] - rows["shifted"],
        "locking_drop_other": rows["locked"] - rows["locked_other"],
    }
    return {name: averaged(values, resampling) for name, values in rows.items()}


def invention_scores(systems, resampling):
    """How much of one system's dances is copied.

    Parameters
    ----------
    systems : list of Measurements
        One a training seed.
    resampling : Resampling

    Returns
    -------
    dict of str to Score
        The quantities of `INVENTION`: means over segments of their dance's value, the share in
        percent. Empty where no training dances were given.
    """
    if not all("copied_run" in m.values for m in systems):
        return {}
    found = {}
    for name, scale in (("copied_run", 1), ("copied_share", 100)):
        rows = []
        for measured in systems:
            weights = resampling.weights(measured.songs)
            count = weights @ np.ones(len(measured))
            rows.append(scale * ratio(weights @ measured.values[name], count))
        found[name] = averaged(rows, resampling)
    return found


def _corrected(value, chance):
    room = 1 - np.asarray(chance, float)
    return ratio(value - chance, room) if np.ndim(value) else float(ratio(value - chance, room))


@dataclass(frozen=True)
class Extended:
    """All scores of a study.

    Attributes
    ----------
    scores : dict
        (system, quantity, feature set or "") -> Score.
    systems : dict of str to dict
        System -> `label`, `chunks`, `songs`, `seeds`, `kind` ("real", "model" or
        "bound"), in the tables' order.
    resampling : Resampling
        Of the models' songs.
    bounded : Resampling
        Of the songs of the real dances and bounding rows, which are those that have videos.
    """

    scores: dict
    systems: dict
    resampling: Resampling
    bounded: Resampling

    def half_width(self, name, quantity, features=""):
        """Half the width of the interval of one score of a system."""
        score = self.scores[name, quantity, features]
        own = self.resampling if self.systems[name]["kind"] == "model" else self.bounded
        seeds = score.seeds if quantity in _LEFT_OUT else ()
        return own.half_width(score.replicates, seeds=seeds)


def extended(
    models: Mapping[str, Sequence[Measurements]],
    bounding: Mapping[str, Measurements],
    real: Measurements,
    *,
    replicates: int = REPLICATES,
    seed: int = 1,
) -> Extended:
    """Compute everything that Table 2x shows.

    Parameters
    ----------
    models : dict of str to list of Measurements
        Model -> one for each training seed.
    bounding : dict of str to Measurements
        As `choreo.evaluation.bounds.measure_bounds` gives them: "real" and the bounds.
    real : Measurements
        Of the real training dances.
    replicates, seed : int
        Of the bootstrap.

    Raises
    ------
    ItemError
        Where a model has another row's name, or the real row is missing.
    """
    for name in filter(is_reserved, models):
        raise ItemError("a model has the name of another row", value=name, remedy=REMEDY)
    if "real" not in bounding:
        raise ItemError("the held-out real dances are missing among the bounding rows")
    rows = {"real": [bounding["real"]], **models}
    rows |= {name: [bounding[name]] for name in BOUNDS if name in bounding}
    danced = [m.songs for name in models for m in rows[name]]
    bounded = Resampling.of(bounding["real"].songs, replicates=replicates, seed=seed)
    resampling = bounded
    if danced:
        resampling = Resampling.of(np.concatenate(danced), replicates=replicates, seed=seed)
    sets = real_sets(real)
    scores, systems = {}, {}
    for name, seeds in rows.items():
        systems[name] = {
            "label": BOUNDS.get(name) or LABELS.get(name, name),
            "kind": "real" if name == "real" else "model" if name in models else "bound",
            "chunks": len(seeds[0]),
            "songs": len(np.unique(seeds[0].songs)),
            "seeds": len(seeds) if name in models else np.nan,
        }
        drawn = resampling if name in models else bounded
        for features, own in sets.items():
            segments = [(m.features[features], m.songs) for m in seeds]
            for quantity, score in distance_scores(segments, own, drawn).items():
                scores[name, quantity, features] = score
        for quantity, score in {
            **beat_scores(seeds, drawn),
            **motion_scores(seeds, drawn),
            **listening_scores(seeds, drawn),
            **invention_scores(seeds, drawn),
        }.items():
            scores[name, quantity, ""] = score
        for listener, (score, coverage) in song_beat_scores(seeds, drawn).items():
            scores[name, SONG_HIT, listener] = score
            scores[name, SONG_COVERAGE, listener] = Score(coverage)
    return Extended(scores, systems, resampling, bounded)


def summary_table(found, *, study=None):
    """Eight columns that say most, with their chance levels and their worth, as a `Table`.

    Returns
    -------
    Table
        The .csv has values and half-widths as numbers; people see both in one cell. The last
        rows are each column's chance level, and how well it tells a dancer's own tempo from
        others, or a dance from one that is spoiled (`choreo.evaluation.metrics.worths`).
    """
    listener = next(
        (n for n in LISTENERS if all((s, SONG_HIT, n) in found.scores for s in found.systems)),
        None,
    )
    columns = {
        "fid": ("FID", "frechet", "learned", 1, ".1f", ""),
        "hit": ("Beat hit rate over chance (%)", SONG_HIT, listener, 100, ".1f", "0"),
        "locking": ("Phase locking (%)", "phase_locking", "", 100, ".1f", "50"),
        "listening": (
            "Phase locking lost with other songs (points)",
            *("locking_drop_other", "", 100, ".1f", "0"),
        ),
        "copied": ("Copied (%)", "copied_share", "", 1, ".1f", ""),
        "energy": ("Energy (px²/s²)", "energy", "", 1, ".0f", ""),
        "jerk": ("Jerk (px/s³)", "jerk", "", 1, ".0f", ""),
        "frozen": ("Frozen (%)", "freeze", "", 1, ".1f", ""),
    }
    rows = []
    for name, system in found.systems.items():
        row = {"system": name, **system}
        for column, (_, quantity, features, scale, form, _) in columns.items():
            score = found.scores.get((name, quantity, features))
            value = half = np.nan
            if score is not None:
                corrected = quantity == SONG_HIT
                value = scale * (score.corrected if corrected else score.value)
                # The interval of locking is that of what it has over chance, twice as wide.
                half = scale * found.half_width(name, quantity, features)
                half *= 0.5 if quantity == "phase_locking" else 1
            row |= {column: value, f"{column}_interval": half}
            row[f"{column}_text"] = _with_interval(value, half, form, too_few(system["songs"]))
        rows.append(row)
    chance = {f"{column}_text": about[-1] or "as real" for column, about in columns.items()}
    rows.append({"system": "chance", "label": "Chance level", "kind": "note"} | chance)
    for dancers in ("real", "made"):
        worth = {}
        for column, (_, quantity, *_) in columns.items():
            w = worths(dancers)["beat_hit_rate" if quantity == SONG_HIT else quantity]
            area, low, high = (f"{100 * share:.0f}" for share in (w.area, w.low, w.high))
            worth[f"{column}_text"] = f"{area} ({low} to {high})"
        label = f"Worth on {dancers} dancers (%)"
        rows.append({"system": f"worth_{dancers}", "label": label, "kind": "note"} | worth)
    whose = "no whole songs' beats" if listener is None else f"beats by {LISTENERS[listener]}"
    real, made = (next(iter(worths(dancers).values())) for dancers in ("real", "made"))
    return Table(
        frame=pd.DataFrame(rows),
        caption=_caption("In short", study),
        headers={"label": "Dances"} | {f"{c}_text": about[0] for c, about in columns.items()},
        formats=dict.fromkeys((f"{c}_text" for c in columns), "s"),
        notes=(
            f"FID: learned features. Hit rate: {whose}. All columns and more in the other parts of "
            "Table 2x.",
            "Worth: area under the curve that tells a dancer's own music from other tempi (from "
            "other songs where it is what a dance loses with them) by this "
            f"measure, 50 tells nothing (real: {real.dances} dances of professionals, "
            f"{real.groups} groups; made: {made.dances} by choreo.synth; 10 poses a second, 95% "
            "intervals; docs/evaluation.md). What is worth much on made dancers and little on "
            "real ones says whether dances keep the made dancers' rule, and little of people.",
            "FID, copied, energy, jerk and frozen hear no music: they have no chance level but "
            "what real dances have, and their worth is how well they tell a dance that is spoiled "
            "a little, in the ways that they are meant to notice, from real ones (as the features "
            "of the FID are trained to).",
            _interval_note(found),
        ),
    )


def _with_interval(value, half, form, doubt):
    if np.isnan(value):
        return "–"
    if np.isnan(half):
        return format(value, form)
    return f"{value:{form}} ({doubt})" if doubt else f"{value:{form}} ± {half:{form}}"


def _cells(found, name, quantity, factor=1, features=""):
    """A score and half the width of its interval; NaN where it was not measured."""
    score = found.scores.get((name, quantity, features))
    value = half = np.nan
    if score is not None:
        value, half = factor * score.value, factor * found.half_width(name, quantity, features)
    return {quantity: value, f"{quantity}_interval": half}


def _part(what, study, rows, headers, formats, notes):
    """A part of Table 2x: a `Table` with the sizes of what its rows are of at the right."""
    frame, headers = pd.DataFrame(rows), headers | _SIZES
    doubts = tuple(map(too_few, frame["songs"]))
    return Table(
        frame=frame,
        caption=_caption(what, study),
        headers=headers,
        # What people read in place of intervals of too few songs.
        doubts=dict.fromkeys((name for name, text in headers.items() if text == "±"), doubts),
        formats=formats | _SIZE_FORMATS,
        notes=notes,
    )


def distances_table(found, *, study=None):
    """Distances of all systems on all feature sets, as a `Table`."""
    rows = []
    for features in FEATURES:
        for name, system in found.systems.items():
            row = {"system": name, **system, "features": features}
            for quantity in DISTANCES:
                row[quantity] = found.scores[name, quantity, features].value
                if quantity in ("frechet", *_LEFT_OUT):
                    row[f"{quantity}_interval"] = found.half_width(
                        row["system"], quantity, row["features"]
                    )
            rows.append(row)
    headers = {"label": "Dances", "features": "Features"}
    for quantity, text in DISTANCES.items():
        headers[quantity] = text
        if quantity in ("frechet", *_LEFT_OUT):
            headers[f"{quantity}_interval"] = "±"
    return _part(
        "Distances to real training dances",
        study,
        rows,
        headers,
        dict.fromkeys(headers.keys() - {"label", "features"}, ".2f")
        | {"frechet": ".1f", "frechet_interval": ".1f", "frechet_at_infinity": ".1f"},
        (
            "FID: Frechet distance; FID∞: its limit for infinitely many chunks (empty under 10 "
            "chunks); KID: unbiased. Precision, recall, density, coverage: 5 neighbours. All "
            "on features z-scored with the real training chunks; learned: the frozen "
            "extractor's; kinetic: speeds and accelerations; geometric: body shapes.",
            "Nearest training clip: mean distance to the nearest real training chunk; one far "
            "under that of held-out real dances means copies. Diversity is good where it "
            "is near that of real dances, not where it is high.",
            _interval_note(found),
            "± of KID and what follows it: by leaving out songs one by one (jackknife), since a "
            "bootstrap holds a song twice, which neighbours notice. FID∞ has none: each song left "
            "out would take the 41 distances that its line is drawn through.",
            *_order_notes(
                found,
                [
                    (quantity, features, direction, f"{DISTANCES[quantity]}, {features}")
                    for quantity, direction in _ORDERED.items()
                    for features in FEATURES
                ],
            ),
        ),
    )


def beats_table(found, *, study=None):
    """Beats of all systems with their chance levels, as a `Table`."""
    rows = []
    for name, system in found.systems.items():
        row = {"system": name, **system}
        for quantity in BEATS:
            score = found.scores[name, quantity, ""]
            row[quantity] = 100 * score.value
            if quantity != "beat_coverage":
                row[f"{quantity}_chance"] = 100 * score.chance
                row[f"{quantity}_corrected"] = 100 * score.corrected
            row[f"{quantity}_interval"] = 100 * found.half_width(name, quantity)
        rows.append(row)
    headers = {"label": "Dances"}
    for quantity, text in BEATS.items():
        headers[quantity] = f"{text} (%)"
        if quantity != "beat_coverage":
            headers[f"{quantity}_chance"] = "chance"
            headers[f"{quantity}_corrected"] = "over chance"
        headers[f"{quantity}_interval"] = "±"
    return _part(
        "Beats",
        study,
        rows,
        headers,
        dict.fromkeys(headers.keys() - {"label"}, ".1f"),
        (
            "Over chance: (value - chance) / (1 - chance), 0 for a dance that does not "
            "listen; ± belongs to it. Chance: the same dance shifted round each chunk by "
            "every whole number of frames; for tempo agreement the music of other songs.",
            "F-measure: beats matched one to one within 70 ms. Alignment: mean of "
            "exp(-d²/2σ²), σ = 0.05 s, d to the nearest beat of the other. Music to motion can "
            "be raised by many beats. Tempo agreement: share of chunks whose movement has the "
            "music's tempo within 8%, or half or double of it.",
            "Phase locking: share of other tempi to which the whole dance's body is locked less "
            f"than to its song's; 50% is chance. {_told_by()} (docs/evaluation.md).",
            _interval_note(found),
            *_order_notes(
                found,
                [(q, "", "higher", BEATS[q]) for q in BEATS if q != "beat_coverage"],
                noise=False,
            ),
        ),
    )


def _told_by():
    """How well real dancers' music is told, in a sentence without its full stop."""
    real = worths("real")
    others = [100 * real[name].area for name in BEATS if name in real and name != "phase_locking"]
    return (
        f"It tells professional dancers' own music from other tempi in "
        f"{100 * real['phase_locking'].area:.0f}% of cases, the measures before it in "
        f"{min(others):.0f} to {max(others):.0f}%"
    )


def song_beats_table(found, *, study=None):
    """Beat hit rate of all systems by the beats of whole songs, as a `Table`."""
    rows = []
    listeners = [
        n for n in LISTENERS if any((s, SONG_HIT, n) in found.scores for s in found.systems)
    ]
    for listener in listeners:
        for name, system in found.systems.items():
            score = found.scores.get((name, SONG_HIT, listener))
            if score is None:
                continue
            rows.append(
                {
                    "beats": LISTENERS[listener],
                    "system": name,
                    **system,
                    "coverage": 100 * found.scores[name, SONG_COVERAGE, listener].value,
                    "hit_rate": 100 * score.value,
                    "chance": 100 * score.chance,
                    "over_chance": 100 * score.corrected,
                    "interval": 100 * found.half_width(name, SONG_HIT, listener),
                }
            )
    headers = {
        "beats": "Beats by",
        "label": "Dances",
        "hit_rate": "Beat hit rate (%)",
        "chance": "chance",
        "over_chance": "over chance",
        "interval": "±",
        "coverage": "Beat coverage (%)",
    }
    return _part(
        "Beats of whole songs",
        study,
        # A table without a row has its columns, too.
        pd.DataFrame(rows, columns=["system", "kind", *headers, *_SIZES]),
        headers,
        dict.fromkeys(headers.keys() - {"beats", "label"}, ".1f"),
        (
            "Beats are found in whole songs and cut: found in 5 seconds, they cap even a dance "
            "on every beat at 87%. By two trackers, since a model that is told the beats of one "
            "is measured by what it was told; and by the truth where all songs were made.",
            "Over chance: (value - chance) / (1 - chance); ± belongs to it. Chance: the same "
            "dance shifted round each chunk by every whole number of frames.",
            _interval_note(found),
        ),
    )


def listening_table(found, *, study=None):
    """What dances lose without their own song, and how much of them is copied, as a `Table`."""
    rows = []
    for name, system in found.systems.items():
        row = {"system": name, **system}
        for quantity in ("own", "other", "shifted", "locked", "locked_other"):
            row[quantity] = _cells(found, name, quantity, 100)[quantity]
        for quantity in LISTENING:
            row |= _cells(found, name, quantity, 100)
        for quantity in INVENTION:
            row |= _cells(found, name, quantity)
        row |= _cells(found, name, "nearest", features="learned")
        rows.append(row)
    headers = {
        "label": "Dances",
        "own": "Hits, own song (%)",
        "hit_drop_other": "less with other songs",
        "hit_drop_other_interval": "±",
        "hit_drop_shifted": "less half a beat later",
        "hit_drop_shifted_interval": "±",
        "locked": "Phase locking, own song (%)",
        "locking_drop_other": "less with other songs",
        "locking_drop_other_interval": "±",
    }
    for quantity, text in (INVENTION | {"nearest": DISTANCES["nearest"]}).items():
        headers |= {quantity: text, f"{quantity}_interval": "±"}
    return _part(
        "Listening and invention",
        study,
        rows,
        headers,
        dict.fromkeys(headers.keys() - {"label"}, ".1f"),
        (
            "Hits: motion beats within the tolerance of a beat of the whole song. What is lost "
            "(in points) when the beats of up to 8 other songs are taken in its place, or the "
            "song comes half a beat later: a dance that follows its song loses, one that keeps "
            "some rhythm of its own does not. Phase locking says nothing of shifts.",
            "Copied: frames in runs of 1 s or more that go beside one training dance, or its "
            "mirror image, at 0.1 torsos or less (root mean square of the joints, relative to "
            "the hips). Good is what held-out real dances have: dancers share steps. Nearest "
            "training clip: the mean distance in learned features, whatever the frames do.",
            _interval_note(found),
        ),
    )


def motion_table(found, *, study=None):
    """Motion of all systems, as a `Table`."""
    rows = []
    for name, system in found.systems.items():
        row = {"system": name, **system}
        for quantity in MOTION:
            row |= _cells(found, name, quantity)
        rows.append(row)
    headers = {"label": "Dances"}
    for quantity, text in MOTION.items():
        headers |= {quantity: text, f"{quantity}_interval": "±"}
    whole = ("energy", "energy_interval", "jerk", "jerk_interval")
    return _part(
        "Motion",
        study,
        rows,
        headers,
        dict.fromkeys(headers.keys() - {"label"}, ".1f")
        | dict.fromkeys(whole, ".0f")
        | dict.fromkeys(("foot_sliding", "foot_sliding_interval"), ".2f"),
        (
            "In pixels of the canvas. Good is what is near the held-out real dances. Seam jump: "
            "way of the joints from one 5-second segment to the next, in mean steps from frame to "
            "frame (1: no jump). Limb drift: deviation of a limb's length over its mean. Foot "
            "sliding: sideways speed of the feet that stand, told from how low and level they are.",
            _interval_note(found),
        ),
    )


def pairs_table(found, *, study=None):
    """Comparisons of all pairs of models with a plain sentence each, as a `Table`.

    Real dances and bounding rows are not trained, so they have no seeds: they are in no pair.

    Returns
    -------
    Table
        `verdict`: "better", "worse" (the first model) or "cannot be told"; p-values
        with Holm's correction over all rows.
    """
    models = [name for name, system in found.systems.items() if system["kind"] == "model"]
    rows = []
    for a, b in combinations(models, 2):
        for quantity, (text, direction) in COMPARED.items():
            features = "learned" if quantity in DISTANCES else ""
            one, two = (found.scores[name, quantity, features] for name in (a, b))
            result = compare(one, two, found.resampling)
            rows.append(
                {
                    "a": a,
                    "b": b,
                    "quantity": quantity,
                    "text": text,
                    "better": direction,
                    "seeds": min(found.systems[name]["seeds"] for name in (a, b)),
                    "difference": result.difference,
                    "half_width": result.half_width,
                    "p": result.p,
                }
            )
    columns = ["a", "b", "quantity", "text", "better", "seeds", "difference", "half_width", "p"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["p_holm"] = holm(frame["p"])
    songs = len(found.resampling.songs)
    verdicts = [_verdict(row, songs) for row in frame.to_dict("records")]
    frame["verdict"] = verdicts
    frame["sentence"] = [
        sentence(row, found.systems[row["a"]]["label"], found.systems[row["b"]]["label"], songs)
        for row in frame.to_dict("records")
    ]
    return Table(
        frame=frame,
        caption=_caption("Differences between models", study),
        headers={
            "sentence": "Comparison",
            "difference": "Difference",
            "half_width": "±",
            "p": "p",
            "p_holm": "p (Holm)",
            "seeds": "Seeds",
        },
        formats=dict.fromkeys(("difference", "half_width", "p", "p_holm"), ".3f")
        | {"seeds": ".0f"},
        doubts={"half_width": [too_few(songs, seeds) for seeds in frame["seeds"]]},
        notes=(
            f"First model less second, on {songs} test songs. p with Holm's correction over all "
            "rows of this table; a difference is called one where it is under 0.05, on "
            f"{GROUPS_NEEDED} songs or more and with {SEEDS_NEEDED} trainings of each model or "
            "more: one training may be lucky. Seeds: trainings, of the model that has fewer.",
            "± and p: the larger of two, by a bootstrap of songs and trainings and by Student's "
            "t over trainings.",
        ),
    )


def _verdict(row, songs):
    few = songs < GROUPS_NEEDED or row["seeds"] < SEEDS_NEEDED
    if few or np.isnan(row["p_holm"]) or row["p_holm"] >= SIGNIFICANT:
        return "cannot be told"
    return "better" if (row["difference"] < 0) == (row["better"] == "lower") else "worse"


def sentence(row, a, b, songs):
    """Say in plain words what a comparison found.

    Parameters
    ----------
    row : dict
        Of `pairs_table`'s frame.
    a, b : str
        Names of the models as people know them.
    songs : int
        Number of test songs.

    Returns
    -------
    str
    """
    count = f"{counted(songs, 'song')} and {counted(row['seeds'], 'training')}"
    if row["verdict"] == "cannot be told":
        return f"{a} or {b} in {row['text']}: cannot be told from {count}."
    return f"{a} is {row['verdict']} than {b} in {row['text']} ({count} each)."


_MADE_BY = (
    *(summary_table, distances_table, beats_table, song_beats_table),
    *(listening_table, motion_table, pairs_table),
)
TABLES = dict(zip(PARTS, _MADE_BY, strict=True))
"""Part of Table 2x -> what makes it."""

_SIZES = {"chunks": "Chunks", "songs": "Songs", "seeds": "Seeds"}
_SIZE_FORMATS = dict.fromkeys(_SIZES, ".0f")


def _caption(what, study):
    return f"Table 2x. {what}" + (f" (study {study})." if study else ".")


def _interval_note(found):
    songs, fewer = len(found.resampling.songs), len(found.bounded.songs)
    if songs < 2:
        return "±: empty, since one song gives no interval."
    said = (
        f"±: half the width of the 95% interval by a bootstrap of {songs} songs (and of training "
        f"seeds where there are several), Student's t with {songs - 1} degree"
        f"{'' if songs == 2 else 's'} of freedom."
    )
    if fewer != songs:
        said += f" Real dances and bounding rows are of {fewer} of them, with videos."
    if songs < GROUPS_NEEDED:
        said += f" So few songs (under {GROUPS_NEEDED}) decide nothing, however narrow it is."
    return said


def _order_notes(found, quantities, *, noise=True):
    """Say for each quantity whether real dances come out best, and noise worst."""
    right, wrong = [], []
    for quantity, features, direction, text in quantities:
        sign = 1 if direction == "lower" else -1
        values = {
            name: sign * found.scores[name, quantity, features].corrected for name in found.systems
        }
        values = {name: value for name, value in values.items() if not np.isnan(value)}
        if not {"real", "noise"} <= values.keys():
            continue
        # A real training clip is no worse than a held-out one, and can be nearer.
        bounded = [value for name, value in values.items() if name != "retrieval"]
        best = values["real"] <= min(bounded)
        worst = values["noise"] >= max(bounded) or not noise
        (right if best and worst else wrong).append(text)
    what = "held-out real dances best" + (", noise worst" if noise else "")
    if right:
        yield f"In order ({what}): {'; '.join(right)}."
    if wrong:
        yield f"Not in order ({what}), so read with care: {'; '.join(wrong)}."
