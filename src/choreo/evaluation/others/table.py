"""One table of anybody's dances: the field's metrics as published, and right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from choreo.beats.locking import phase_locking
from choreo.errors import ItemError
from choreo.evaluation.foot_sliding import foot_sliding
from choreo.evaluation.geometric import geometric_features
from choreo.evaluation.kinetic import kinetic_features
from choreo.evaluation.metrics import METRICS
from choreo.evaluation.others import published, right
from choreo.evaluation.others.bodies import FEET, SMPL, film, relation_joints
from choreo.evaluation.others.graph import BEATS, motion_graph
from choreo.evaluation.others.reading import aist_dancer
from choreo.evaluation.table2 import mean_and_interval
from choreo.statistics.inference import too_few
from choreo.statistics.summaries import mean
from choreo.tables import Table

GRAPH = "motion graph (copies)"
"""Row of real dances cut and joined."""
FEWEST_FOR_GRAPH = 8
"""Real dances of which half can be spared."""
SPLITS = 8
"""Draws of held-out real dances for the floor."""
PUBLISHED = {
    "fid_k": "FID_k (AIST++)",
    "fid_k_bailando": "FID_k (Bailando)",
    "fid_g": "FID_g",
    "dist_k": "Dist_k",
    "dist_g": "Dist_g",
    "motion_to_music": "Beat alignment, motion to music (AIST++)",
    "music_to_motion": "Beat alignment, music to motion (Bailando)",
    "phase_locking": METRICS["phase_locking"].text,
    "physical_contact": "PFC (EDGE)",
    "foot_sliding": METRICS["foot_sliding"].text,
}
"""Metrics of other projects, and the two of Table 2x that take any dance, and their headings."""
_DISTANCES = {
    "fid_k": ("kinetic", "kinetic", True),
    "fid_k_bailando": ("kinetic_bailando", "kinetic", True),
    "fid_g": ("geometric", "geometric", True),
    "dist_k": ("kinetic", "kinetic", False),
    "dist_g": ("geometric", "geometric", False),
}
"""Metric -> its features as published and right, and whether it is a Frechet distance."""
_NAN = float("nan")


@dataclass(frozen=True)
class Measured:
    """What is measured of one dance.

    Attributes
    ----------
    published : dict of str to ndarray or None
        Features of the whole dance by name; None where its joints do not give them.
    right : dict of str to ndarray, shape (P, D)
        Features of its parts of five seconds.
    values : dict of str to (float, float, float, float)
        Metrics of one dance: as published and its chance, right and its chance.
    """

    published: dict
    right: dict
    values: dict


def evaluate_others(
    systems: Mapping[str, Sequence[Any]],
    reference: Sequence[Any] = (),
    *,
    view: str = "front",
    seed: int = 1,
    graph: bool = True,
) -> Any:
    """Measure dances of any project.

    Parameters
    ----------
    systems : dict of str to list of Dance
        Name -> dances, all in 3-D or all in 2-D or both.
    reference : sequence of Dance
        Real dances, for distances and as what others are held against.
    view : str
        A key of `choreo.evaluation.others.bodies.VIEWS`, for what is measured in 2-D.
    seed : int
        Of the draws of held-out real dances, and of the motion graph.
    graph : bool
        Whether a row `GRAPH` is made of half the reference, where there are enough dances and
        all are in 3-D. The other half is then the real set of all rows.

    Returns
    -------
    choreo.tables.Table

    Raises
    ------
    ItemError
        Where the dances share too few joints, or there is none.
    """
    everyone = [dance for dances in systems.values() for dance in dances] + list(reference)
    if not everyone:
        raise ItemError("there is no dance to evaluate")
    names = _shared(everyone)
    solid = all(dance.solid for dance in everyone)
    related = all(relation_joints(dance.joints) is not None for dance in everyone)
    about = "No motion graph was asked for."
    if graph:
        systems, reference, about = _with_graph(systems, reference, solid, seed)
    found = {
        name: [measure(dance, names, solid=solid, related=related, view=view) for dance in dances]
        for name, dances in systems.items()
    }
    real = [measure(d, names, solid=solid, related=related, view=view) for d in reference]
    rows = []
    for name, dances in found.items():
        for metric, text in PUBLISHED.items():
            row = {"system": name, "metric": metric, "label": text, "dances": len(dances)}
            if metric in _DISTANCES:
                row |= _distance(metric, dances, real, seed, 2 if not solid else 3)
            else:
                row |= _mean(metric, dances, real)
            rows.append(row)
    return _table(rows, systems, reference, names, solid, solid and related, view, about)


def _with_graph(systems, reference, solid, seed):
    """Systems with the motion graph, the reference without what it copies, and a note on it."""
    if not solid:
        return systems, reference, "No motion graph: it needs dances in 3-D."
    if len(reference) < FEWEST_FOR_GRAPH:
        few = f"it takes half of {FEWEST_FOR_GRAPH} or more dances of a reference"
        return systems, reference, f"No motion graph: {few}."
    copied, real = halves(reference, seed)
    if not real:
        return systems, reference, "No motion graph: all dances of the reference are one dancer's."
    songs = max(systems.values(), key=len)
    made = motion_graph(copied, songs, seed=seed)
    if not made:
        return systems, reference, f"No motion graph: no real dance is {BEATS} beats long."
    about = (
        f"{GRAPH}: units of {BEATS} beats of {len(copied)} real dances of the reference, joined "
        f"where they fit, to the {len(songs)} songs of the largest system. It invents nothing. The "
        f"reference's other {len(real)} dances, by other dancers as far as names tell, are the "
        "real set of every row."
    )
    return {**systems, GRAPH: made}, real, about


def halves(dances, seed):
    """Two halves of dances, as equal as it goes when no dancer of an AIST name is in both.

    Parameters
    ----------
    dances : sequence of Dance
    seed : int

    Returns
    -------
    (list of Dance, list of Dance)
        The first is no smaller.
    """
    groups = {}
    for dance in dances:
        groups.setdefault(aist_dancer(dance.name) or dance.name, []).append(dance)
    drawn = np.random.default_rng(seed).permutation(len(groups))
    groups = [list(groups.values())[i] for i in drawn]
    both = [], []
    for group in sorted(groups, key=len, reverse=True):
        min(both, key=len).extend(group)
    return max(both, key=len), min(reversed(both), key=len)


def _shared(dances):
    """Joints that all dances have, in SMPL's order where they are SMPL's."""
    common = set.intersection(*(set(dance.own) for dance in dances))
    ordered = [name for name in SMPL if name in common]
    ordered += [name for name in dances[0].own if name in common and name not in SMPL]
    if len(ordered) < 5:
        raise ItemError(
            "the dances share too few joints",
            value=", ".join(ordered) or "none",
            remedy="Compare dances of one skeleton",
        )
    return ordered


def measure(dance, names, *, solid, related, view):
    """Measure one dance.

    Parameters
    ----------
    dance : Dance
    names : list of str
        Joints that are compared.
    solid : bool
        Whether features are taken in 3-D.
    related : bool
        Whether the joints of the 3-D relations are there.
    view : str

    Returns
    -------
    Measured
    """
    array, fps = dance.array(names), dance.fps
    pixels = film(dance, view)
    features = dict.fromkeys(("kinetic", "kinetic_bailando", "geometric"))
    floor = None
    if solid:
        features["kinetic"] = published.kinetic(array)
        moved = published.from_first_root(array, dance.joints["pelvis"][0])
        features["kinetic_bailando"] = published.kinetic(moved)
        floor = array[..., 1].min(1)
    at = relation_joints(dance.joints) if solid and related else None
    if at is not None:
        features["geometric"] = published.geometric(at, floor)
    cut = right.parts(dance)
    kinetic, geometric = [], []
    for part in cut:
        flat = pixels[None, part]
        kinetic.append(right.kinetic(array[part], fps) if solid else kinetic_features(flat, fps)[0])
        if at is None:
            geometric.append(geometric_features(flat, fps)[0])
        else:
            own = {name: joint[part] for name, joint in at.items()}
            geometric.append(right.geometric(own, floor[part], fps))
    parts = {"kinetic": np.array(kinetic), "geometric": np.array(geometric)}
    values = _beats(dance, dance.array(), pixels)
    values["physical_contact"] = (_NAN,) * 4
    if dance.solid and all(foot in dance.joints for foot in FEET):
        pelvis, feet = dance.joints["pelvis"], [dance.joints[foot] for foot in FEET]
        values["physical_contact"] = (
            published.physical_contact(pelvis, feet),
            _NAN,
            right.physical_contact(pelvis, feet, fps),
            _NAN,
        )
    sliding = foot_sliding(pixels[None], fps)[0]
    values["foot_sliding"] = (_NAN, _NAN, float(sliding), _NAN)
    return Measured(features, parts, values)


def _beats(dance, array, pixels):
    """Beat scores of a dance; NaN where its beats are not known."""
    names = ("motion_to_music", "music_to_motion", "phase_locking")
    found = dict.fromkeys(names, (_NAN,) * 4)
    if dance.beats is None or len(dance.beats) < 2:
        return found
    frames, fps = len(dance), dance.fps
    music = published.music_frames(dance.beats, frames)
    over = right.alignment_over_chance(right.motion_beats(array, fps), dance.beats, frames, fps)
    for name, moved in (
        ("motion_to_music", published.mint_beats(array)),
        ("music_to_motion", published.bailando_beats(array)),
    ):

        def score(motion, forwards=name == "motion_to_music"):
            pair = (motion, music) if forwards else (music, motion)
            return published.alignment(*pair)

        chance = np.mean([score(row) for row in right.shifted(moved, frames, 1)])
        found[name] = (score(moved), float(chance), *over[name])
    locked = phase_locking(pixels, fps, dance.beats, "openpose18").above
    found["phase_locking"] = (_NAN, _NAN, locked, 0.5)
    return found


def _mean(metric, dances, real):
    """A metric that every dance has: means, and the interval over dances."""
    own = np.array([dance.values[metric] for dance in dances], float)
    real = np.array([dance.values[metric] for dance in real], float).reshape(-1, 4)
    means = [mean(column) for column in own.T]
    return {
        "published": means[0],
        "published_half_width": _half_width(own[:, 0]),
        "published_chance": means[1],
        "published_real": mean(real[:, 0]),
        "right": means[2],
        "half_width": _half_width(own[:, 2]),
        "right_chance": means[3],
        "right_real": mean(real[:, 2]),
        "used": int(np.isfinite(own[:, 2]).sum()),
    }


def _half_width(values):
    """Half the 95% interval of a mean over dances, by Student's t; NaN for fewer than two."""
    return mean_and_interval(values[np.isfinite(values)])[1]


def _distance(metric, dances, real, seed, dimensions):
    """A distance between sets of dances, held-out real ones beside it, and its interval."""
    as_published, name, is_frechet = _DISTANCES[metric]
    parts = [dance.right[name] for dance in [*dances, *real] if len(dance.right[name])]
    floor = right.floor_of(name, parts[0].shape[1], dimensions) if parts else 0.0

    def by_published(some, others):
        rows = [
            np.array(
                [d.published[as_published] for d in group if d.published[as_published] is not None]
            )
            for group in (some, others)
        ]
        if not len(rows[0]) or len(rows[1]) < 2:
            return _NAN
        if is_frechet:
            return published.frechet(*rows)
        return published.mean_distance(published.scaled(*rows)[0])

    def by_right(some, others):
        rows = [[d.right[name] for d in group if len(d.right[name])] for group in (some, others)]
        if not rows[0] or len(rows[1]) < 2:
            return _NAN
        some, others = (np.concatenate(group) for group in rows)
        measure = right.frechet if is_frechet else right.mean_distance
        return measure(some, others, floor)

    held = _held_out(len(dances), real, seed)
    value = by_right(dances, real)
    return {
        "published": by_published(dances, real),
        "published_half_width": _jackknife(dances, lambda some: by_published(some, real)),
        "published_chance": _NAN,
        "published_real": mean(np.array([by_published(*pair) for pair in held])),
        "right": value,
        "half_width": _jackknife(dances, lambda some: by_right(some, real)),
        "right_chance": _NAN,
        "right_real": mean(np.array([by_right(*pair) for pair in held])),
        "used": sum(len(d.right[name]) > 0 for d in dances) if np.isfinite(value) else 0,
    }


def _held_out(count, real, seed):
    """Pairs of as many real dances as there are others, if half will do, and the rest."""
    if len(real) < 4:
        return []
    count = max(2, min(count, len(real) // 2))
    rng = np.random.default_rng(seed)
    draws = [rng.permutation(len(real)) for _ in range(SPLITS)]
    return [([real[i] for i in draw[:count]], [real[i] for i in draw[count:]]) for draw in draws]


def _jackknife(dances, statistic):
    """Half the 95% interval from leaving out dances one by one; NaN for fewer than three.

    Drawing dances twice, as a bootstrap does, would bias distances.
    """
    count = len(dances)
    if count < 3:
        return _NAN
    values = np.array([statistic([*dances[:i], *dances[i + 1 :]]) for i in range(count)])
    if not np.isfinite(values).all():
        return _NAN
    error = np.sqrt((count - 1) / count * ((values - values.mean()) ** 2).sum())
    return float(stdtrit(count - 1, 0.975) * error)


def _table(rows, systems, reference, names, solid, related, view, graph):
    rates = sorted({dance.fps for dances in systems.values() for dance in dances})
    read = sorted({d.about for dances in systems.values() for d in dances if d.about})
    about = [
        "As published: the formula of the released code, faults included; frames are taken for "
        "60 a second (30 in PFC) whatever the file has. The files have "
        f"{', '.join(f'{rate:g}' for rate in rates)}.",
        "Right: true times, sizes of the dancer's own, parts of 5 s of equal length, beat "
        "alignment less its chance (0 is chance). ±: half the 95% interval over dances.",
        "Chance: the dance shifted against its music (phase locking: other tempi). FID, Dist, PFC "
        "and foot sliding hear no music and have none: what they are held against is "
        + (
            f"real, of {len(reference)} real dances; for FID and Dist held-out ones (the floor), "
            "as many as are measured where half of them is enough, against the rest."
            if reference
            else "a reference, which is not given, so that there is no FID or Dist."
        ),
        (f"FID and Dist in 3-D, {len(names)} joints" if solid else "FID and Dist in 2-D")
        + ("" if related or not solid else "; FID_g by the relations that a picture shows")
        + f". Phase locking and foot sliding in 2-D: {_camera(view)}"
        + (f". Found in the files: {'; '.join(read[:4])}." if read else "."),
        graph,
        "docs/published_metrics.md says what each metric is and what moves it.",
    ]
    numbers = {
        "published": "As published",
        "published_half_width": "±",
        "published_chance": "chance",
        "published_real": "real",
        "right": "Right",
        "half_width": "±",
        "right_chance": "chance",
        "right_real": "real",
    }
    frame = pd.DataFrame(rows)
    frame["reference_dances"] = len(reference)
    frame["view"] = view
    return Table(
        frame=frame,
        caption="Dances as published and right",
        headers={"system": "Dances", "label": "Metric", **numbers, "used": "n"},
        formats=dict.fromkeys(numbers, ".3g") | {"used": "d"},
        doubts={
            column: [too_few(used, of="dances") for used in frame["used"]]
            for column in ("published_half_width", "half_width")
        },
        notes=tuple(about),
    )


def _camera(view):
    return f"an orthographic camera, level, at the dancer's {view}"
