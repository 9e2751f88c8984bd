"""The table of recorded songs: what models are worth on music that nobody made for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from choreo.evaluation.listeners import LABELS as LISTENERS
from choreo.evaluation.table2 import LABELS
from choreo.evaluation.table2x import (
    BEATS,
    MOTION,
    RealSet,
    beat_scores,
    frechet_score,
    motion_scores,
    song_beat_scores,
)
from choreo.statistics.inference import GROUPS_NEEDED, REPLICATES, Resampling, too_few
from choreo.tables import Table

if TYPE_CHECKING:
    from choreo.evaluation.measurements import Measurements

_MOVED = ("energy", "freeze")
_OF_SEGMENTS = [name for name in BEATS if name != "beat_coverage"]


def recorded_table(
    models: Mapping[str, Sequence[Measurements]],
    held_out: Measurements,
    real: Measurements,
    *,
    study: str | None = None,
    replicates: int = REPLICATES,
    seed: int = 1,
) -> Table:
    """Make the table of recorded songs.

    Parameters
    ----------
    models : dict of str to list of Measurements
        Model -> one for each training seed, of dances to recorded songs.
    held_out : Measurements
        Of the study's held-out real dances, to their own songs.
    real : Measurements
        Of the real training dances, which distances are to.
    study : str, optional
        Its name, for the caption.
    replicates, seed : int
        Of the bootstrap.

    Returns
    -------
    choreo.tables.Table
        One row a model, and one of real dances; rates in percent.
    """
    reference = RealSet(real.features["learned"])
    rows: list[dict[str, Any]] = []
    listeners: dict[str, None] = {}
    for name, seeds in {"real": [held_out], **models}.items():
        songs = np.concatenate([measured.songs for measured in seeds])
        drawn = Resampling.of(songs, replicates=replicates, seed=seed)
        row = {
            "system": name,
            "label": "Real dances to their own songs" if name == "real" else LABELS.get(name, name),
            "chunks": len(seeds[0]),
            "songs": len(drawn.songs),
            "seeds": np.nan if name == "real" else len(seeds),
        }
        segments = [(measured.features["learned"], measured.songs) for measured in seeds]
        row |= _cells("fid", frechet_score(segments, reference, drawn), drawn)
        for listener, (score, _) in song_beat_scores(seeds, drawn).items():
            row |= _cells(f"hit_{listener}", score, drawn, percent=True)
            listeners[listener] = None
        scores = beat_scores(seeds, drawn)
        for quantity in _OF_SEGMENTS:
            row |= _cells(quantity, scores[quantity], drawn, percent=True)
        scores = motion_scores(seeds, drawn)
        for quantity in _MOVED:
            row |= _cells(quantity, scores[quantity], drawn)
        rows.append(row)
    # The truth is known of made songs alone, so of no recording.
    names = [
        name
        for name in LISTENERS
        if name in listeners
        and any(f"hit_{name}" in row for row in rows if row["system"] != "real")
    ]
    headers = {"label": "Dances", "fid": "FID", "fid_interval": "±"}
    for name in names:
        headers |= _beat_headers(f"hit_{name}", f"Hit rate, whole songs, {LISTENERS[name]} (%)")
    headers |= {name: f"{MOTION[name]}" for name in _MOVED}
    for quantity in _OF_SEGMENTS:
        headers |= _beat_headers(quantity, f"{BEATS[quantity]} (%)")
    sizes = {"chunks": "Chunks", "songs": "Songs", "seeds": "Seeds"}
    headers |= sizes
    frame = pd.DataFrame(rows)
    fewest = int(min((row["songs"] for row in rows if row["system"] != "real"), default=0))
    return Table(
        frame=frame.reindex(columns=["system", *headers]),
        caption="Dances to recorded songs" + (f" (study {study})." if study else "."),
        headers=headers,
        formats=dict.fromkeys(headers.keys() - {"label", *sizes}, ".1f")
        | {"energy": ".0f"}
        | dict.fromkeys(sizes, ".0f"),
        notes=tuple(_notes(fewest)),
        doubts=dict.fromkeys(
            (column for column in headers if column.endswith("_interval")),
            tuple(too_few(songs) for songs in frame["songs"]),
        ),
    )


def _notes(songs):
    yield (
        "FID: Frechet distance to the study's real training dances on learned features, so large "
        "where a dancer freezes or leaves what dancers do. Few chunks bias it upwards. Energy and "
        "frozen share say whether the dancer moves: good is what is near the real dances."
    )
    yield (
        "Chance: the same dance shifted round each chunk; a hit rate at its chance does not "
        "follow the music. Whole songs: beats found in whole songs by two trackers; what follows "
        "only the one that the model was told follows no more than that tracker. The columns at "
        "the right: beats found in each chunk alone, as in Table 2."
    )
    yield (
        "±: half the width of the 95% interval by a bootstrap of songs and trainings; of beats, "
        "of what is over chance."
        + (
            f" So few songs (under {GROUPS_NEEDED}) decide nothing."
            if songs < GROUPS_NEEDED
            else ""
        )
    )


def _beat_headers(name, text):
    return {name: text, f"{name}_chance": "chance", f"{name}_interval": "±"}


def _cells(name, score, drawn, *, percent=False):
    factor = 100 if percent else 1
    cells = {
        name: factor * score.value,
        f"{name}_interval": factor * drawn.half_width(score.replicates),
    }
    if percent:
        cells[f"{name}_chance"] = factor * score.chance
    return cells
