"""Table 2: distance to real dances, beat coverage and beat hit rate (thesis section 5.2.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from choreo.errors import ItemError
from choreo.evaluation.beat_scores import beat_rates
from choreo.evaluation.frechet import Gaussian, Scale, frechet_distance
from choreo.evaluation.listeners import LABELS as LISTENERS
from choreo.statistics.inference import too_few
from choreo.tables import Table

LABELS = {
    "real": "Real dances",
    "ren2020": "Ren et al.",
    "original": "Original",
    "lstm": "LSTM",
    "gru": "GRU",
}
"""Rows of the thesis's Table 2, in its order."""
PUBLISHED = (
    ("real", np.nan, 60.3, 91.5),
    ("ren2020", 18.3, 47.9, 89.9),
    ("original", 16.6, 50.0, 91.2),
    ("lstm", 16.0, 51.3, 90.6),
    ("gru", 14.8, 50.4, 91.5),
)
"""System, FID, beat coverage (%) and beat hit rate (%) of the thesis's Table 2."""
AGGREGATES = {"thesis": "pooled", "released": "chunks"}
"""How the beats of many segments become one ratio, by method.

The text defines both ratios by numbers of beats: they are summed over all segments. The
released code averages each chunk's ratio."""

_QUANTITIES = (
    *("distance", "released_fid", "beat_coverage", "beat_hit_rate", "chance_hit_rate"),
    *("song_hit_rate", "song_chance_hit_rate"),
)
_HEADERS = {
    "label": "Method",
    "distance": "FID",
    "distance_interval": "± FID",
    "released_fid": "Released “FID”",
    "released_fid_interval": "± released",
    "beat_coverage": "Beat coverage (%)",
    "beat_coverage_interval": "± coverage",
    "beat_hit_rate": "Beat hit rate (%)",
    "beat_hit_rate_interval": "± hit rate",
    "chance_hit_rate": "Chance hit rate (%)",
    "song_hit_rate": "Hit rate, whole songs (%)",
    "song_hit_rate_interval": "± whole songs",
    "song_chance_hit_rate": "Chance, whole songs (%)",
    "chunks": "Chunks",
    "songs": "Songs",
    "seeds": "Seeds",
    "source": "Source",
}


def evaluate(evaluated, real, *, system, seed=None, released_fid=None):
    """Evaluate one system: one row of Table 2 for one seed.

    Parameters
    ----------
    evaluated : Measurements
        Held-out real dances, or one model's dances to held-out songs.
    real : Measurements
        Real training dances.
    system : str
        "real", or the model's name.
    seed : int, optional
        The model's training seed.
    released_fid : dict, optional
        What `choreo.evaluation.released_fid.published_fid` found in the same dances: shown
        beside the distance. ``{"missing": reason}`` where it can't be computed.

    Returns
    -------
    dict
        JSON values: `system`, `seed`, `method`, `features`, `distance` (z-scored with
        the real set), `beat_coverage`, `beat_hit_rate`, `chance_hit_rate` (percent;
        None where there is nothing to divide), `chunks`, `songs`, `real_chunks`,
        `dimensions`, `tolerance`, `crashes`, `chunks_without_music_beats`,
        `chunks_without_motion_beats`, `released_fid` (the mean of means, or None),
        `released_fid_missing` (why there is none, or None).

    Raises
    ------
    ItemError
        Where sound is missing.
    """
    if evaluated.beats is None:
        raise ItemError("beats can't be counted without sound", where=system)
    method = evaluated.meta["method"]
    features = "learned"
    scale = Scale(real.features[features])
    reference, own = (Gaussian.of(scale(part.features[features])) for part in (real, evaluated))
    rates = beat_rates(evaluated.beats, AGGREGATES[method])
    record = {
        "system": system,
        "seed": seed,
        "method": method,
        "features": features,
        "distance": frechet_distance(own, reference),
        "chunks": len(evaluated),
        "songs": len(np.unique(evaluated.songs)),
        "real_chunks": len(real),
        "dimensions": len(reference.mean),
        "tolerance": evaluated.beats.tolerance,
        "crashes": evaluated.meta["crashes"],
        "released_fid": (released_fid or {}).get("mean_of_means"),
        "released_fid_missing": (released_fid or {}).get("missing"),
    }
    for name, value in rates.items():
        if isinstance(value, float):
            value = _percent(value)
        record[name] = value
    listener = next((name for name in LISTENERS if name in evaluated.song_beats), None)
    if listener is not None:
        rates = beat_rates(evaluated.song_beats[listener], AGGREGATES[method])
        record["song_hit_rate"] = _percent(rates["beat_hit_rate"])
        record["song_chance_hit_rate"] = _percent(rates["chance_hit_rate"])
        record["song_listener"] = listener
    return record


def _percent(share):
    return None if np.isnan(share) else 100 * share


def table2(
    records: Sequence[Mapping[str, Any]],
    *,
    published: bool = True,
    study: str | None = None,
    note: str | None = None,
) -> Table:
    """Table 2 from the records of all systems and seeds.

    Parameters
    ----------
    records : list of dict
        As `evaluate` gives them; several of one system are its seeds.
    published : bool
        Whether the thesis's own rows follow, marked as published.
    study : str, optional
        Its name, for the caption.
    note : str, optional
        What the caption shall say about the data or the scale of the training.

    Returns
    -------
    choreo.tables.Table
        Percent for rates. With several seeds the mean, and half the width of the 95%
        interval of the mean (Student's t) in the columns named "...interval".

    Raises
    ------
    ItemError
        Where there is no record, or records of different methods are mixed.
    """
    if not records:
        raise ItemError("Table 2 needs at least one evaluated system")
    for key in ("method", "features", "tolerance"):
        values = {record[key] for record in records}
        if len(values) > 1:
            raise ItemError(
                f"Table 2 can't mix records of different {key}", value=sorted(map(str, values))
            )
    names = list(dict.fromkeys([*LABELS, *(record["system"] for record in records)]))
    rows = [_row(name, [r for r in records if r["system"] == name]) for name in names]
    # A model of the thesis that this study does not train has no row of ours; Ren et
    # al.'s stays, with the reason under the table.
    rows = [row for row in rows if row["system"] == "ren2020" or row["chunks"] > 0]
    if published:
        rows += [
            {
                "system": name,
                "label": LABELS[name],
                "source": "published",
                "distance": distance,
                "beat_coverage": coverage,
                "beat_hit_rate": hit,
            }
            for name, distance, coverage, hit in PUBLISHED
        ]
    frame = pd.DataFrame(rows)
    order = ["system", *_HEADERS, "chunks_without_music_beats", "chunks_without_motion_beats"]
    frame = frame.reindex(columns=[*order, "crashes", "real_chunks", "dimensions"])
    several = (frame["seeds"] > 1).any()
    optional = ("released_fid", "song_")
    hidden = tuple(k for k in optional if not frame.filter(regex=f"^{k}").notna().any(axis=None))
    headers = {
        k: v
        for k, v in _HEADERS.items()
        if (several or not k.endswith("_interval")) and not k.startswith(hidden)
    }
    formats = {k: ".1f" for k in headers if k.startswith(_QUANTITIES)}
    # Differences of means of features, far under 1 for some networks.
    formats |= {k: ".3g" for k in headers if k.startswith("released_fid")}
    formats |= dict.fromkeys(("chunks", "songs", "seeds"), ".0f")
    caption = "Table 2. Quantitative evaluation of the generated dances"
    caption += f" (study {study})." if study else "."
    caption += " FID: lower is better. Beat coverage and beat hit rate: higher is better."
    return Table(
        frame=frame,
        caption=f"{caption} {note}" if note else caption,
        headers=headers,
        formats=formats,
        notes=tuple(_notes(records, frame)),
        doubts=dict.fromkeys(
            (column for column in headers if column.endswith("_interval")),
            tuple(too_few(songs, seeds) for songs, seeds in zip(frame["songs"], frame["seeds"])),
        ),
    )


def _row(name, records):
    row = {
        "system": name,
        "label": LABELS.get(name, name),
        "source": "this study",
        "seeds": len(records) if records and name != "real" else np.nan,
        "chunks": records[0]["chunks"] if records else np.nan,
    }
    if not records:
        return row
    for quantity in _QUANTITIES:
        found = [r.get(quantity) for r in records]
        values = np.array([value for value in found if value is not None], float)
        row[quantity], row[f"{quantity}_interval"] = mean_and_interval(values)
    for key in ("songs", "real_chunks", "dimensions"):
        row[key] = records[0][key]
    for key in ("chunks_without_music_beats", "chunks_without_motion_beats", "crashes"):
        row[key] = sum(record[key] for record in records)
    return row


def training_note(metrics: Mapping[str, Mapping[str, Any]]) -> str:
    """Say how much was trained, for the caption.

    Parameters
    ----------
    metrics : dict of str to dict
        Model -> what ``metrics.json`` of one of its trainings holds.
    """
    scales = [f"{model} {_scale(found)}" for model, found in metrics.items()]
    data = next(iter(metrics.values()))["data"]
    chunks = f"{data['chunks']} chunks of {data.get('chunk_seconds', 5):g} s"
    return (
        f"Trained here on {chunks}: {', '.join(scales)}; in the thesis on about 1,850 "
        "chunks: original and lstm 800 epochs, gru 350."
    )


def _scale(metrics):
    epochs = metrics["recipe"].get("epochs")
    scale = "not in steps" if epochs is None else f"{epochs} epochs"
    if "started_from" not in metrics:
        return scale
    seen = metrics.get("trained_on")
    known = "what it learned from before is not known"
    if seen is not None:
        # Of the shipped weights' dances and of this study's together.
        counts = " and ".join(f"{len(seen.get(name, ()))} {name}" for name in ("dancers", "songs"))
        known = f"which learned from other dances before; with this study's, from {counts} in all"
    return f"{scale} from {metrics['started_from']['file']} on ({known})"


def mean_and_interval(values):
    """Mean over seeds and half the width of its 95% interval (Student's t).

    Parameters
    ----------
    values : ndarray, shape (n,)

    Returns
    -------
    mean, half_width : float
        The half width is NaN for fewer than two values, both for none.
    """
    values = np.asarray(values, float)
    if not len(values):
        return float("nan"), float("nan")
    if len(values) < 2:
        return float(values.mean()), float("nan")
    error = values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(stdtrit(len(values) - 1, 0.975) * error)


def _notes(records, frame):
    first = records[0]
    ours = frame[frame["source"] == "this study"]
    aggregate = {
        "pooled": "sums over all chunks",
        "chunks": "means of each chunk's ratio",
    }[AGGREGATES[first["method"]]]
    yield (
        f"FID: Frechet distance to {first['real_chunks']} chunks of real training dances on "
        f"{first['dimensions']} {first['features']} features, z-scored with the real chunks. "
        "Few chunks bias it upwards, so compare rows with as many chunks only. The "
        "published FID is another quantity (differences of scalar means and variances of "
        "pairs of clips): do not compare it with ours."
    )
    yield (
        f"Method {first['method']}: beat coverage is motion beats to music beats, beat hit rate "
        f"is motion beats within {first['tolerance']:g} s of a music beat to motion beats, both as "
        f"{aggregate}. Chance: the hit rate when the motion beats of each chunk are shifted "
        "round by every whole number of frames."
    )
    listeners = {LISTENERS[r["song_listener"]] for r in records if r.get("song_listener")}
    if listeners:
        yield (
            "Whole songs: the hit rate by beats that were found in whole songs, which 5 seconds "
            f"are too short for, by {', '.join(sorted(listeners))}; other trackers in Table 2x."
        )
    yield (
        "Real dances: held-out real dances against real training dances, the floor for the "
        "other rows."
    )
    trackers = {record.get("tracker", "librosa") for record in records} - {"librosa"}
    if trackers and first["method"] == "thesis":
        yield f"Music beats: {', '.join(sorted(trackers))}, not librosa's as the text has it."
    shared = [name for record in records for name in record.get("shared_dancers", ())]
    if shared:
        yield (
            "Dancers of the real test dances who are in the training data too: "
            f"{', '.join(shared)}. dataset.split.by with dancer keeps them apart."
        )
    unknown = [r["system"] for r in records if not r.get("training_known", True)]
    if unknown:
        yield (
            "What these were trained on is not known, so that test songs among it could not be "
            f"looked for: {', '.join(dict.fromkeys(unknown))}."
        )
    if not any(record["system"] == "ren2020" for record in records):
        yield (
            "Ren et al. (2020), pretrained: empty, since this study has no weights of it. With "
            "the file of its generator: training.models with ren2020, and training.switches "
            "{ren2020: {weights_file: ...}}."
        )
    if frame["released_fid"].notna().any():
        yield (
            "Released “FID”: what the released code computes, with its loader that turns whole "
            "pixels into zeros and features of D_global: the mean over pairs of clips. It is "
            "what the published FID is a number of, and it ignores the poses."
        )
    for reason in dict.fromkeys(filter(None, (r["released_fid_missing"] for r in records))):
        yield f"Released “FID”: empty, since {reason}."
    models = [r for r in records if r["system"] != "real" and r["beat_hit_rate"] is not None]
    if models and all(r["beat_hit_rate"] < r["chance_hit_rate"] + 5 for r in models):
        yield (
            "No model's hit rate is 5 points or more above its chance level: at this scale of "
            "training, the beats of the generated dances do not follow the music."
        )
    silent = int(ours["chunks_without_music_beats"].sum())
    still = int(ours["chunks_without_motion_beats"].sum())
    if silent or still:
        yield f"Chunks without music beats: {silent}; without motion beats: {still}."
    if first["method"] == "released":
        yield (
            f"Chunks on which the released code stops with an error: {int(ours['crashes'].sum())}."
        )
    if (ours["seeds"] > 1).any():
        yield "±: half the width of the 95% interval of the mean over training seeds (Student's t)."
    elif (ours["seeds"] == 1).any():
        yield "One training seed a model: differences between models may be chance."
