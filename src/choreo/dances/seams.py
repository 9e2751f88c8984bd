"""How much a dance jumps where its segments meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from choreo.dances.generate import Generator, generate_many
from choreo.errors import ItemError
from choreo.models.family import JOINS, OVERLAP_SECONDS
from choreo.pose.track import PoseTrack
from choreo.rates import CHUNK_SECONDS
from choreo.tables import Table


def seam_jumps(track):
    """Speed and acceleration where segments meet, against those inside segments.

    Parameters
    ----------
    track : PoseTrack
        A generated dance; its ``meta`` says how its segments were joined. Where they were
        cross-faded, the whole fade counts as the join.

    Returns
    -------
    dict of str to float
        ``speed`` and ``acceleration``: the mean at joins divided by the mean inside; 1
        where no one could tell. A speed belongs to the step between two frames, an
        acceleration to the change between two steps.

    Raises
    ------
    ItemError
        Where the dance has only one segment, or its ``meta`` doesn't say how it was joined.
    """
    join = track.meta.get("join")
    if join is None:
        raise ItemError("not a generated dance: its meta has no `join`", value=join)
    overlap = round(OVERLAP_SECONDS * track.fps) if join == "cross_fade" else 0
    hop = _segment(track) - overlap
    frames = np.arange(len(track))
    # First frames of segments; with an overlap, all frames of the fade and the one after.
    at_join = (frames >= hop - overlap) & ((frames - (hop - overlap)) % hop <= overlap)
    if not at_join.any():
        raise ItemError("a dance of one segment has no joins", value=len(track))
    speed = np.linalg.norm(np.diff(track.keypoints, axis=0), axis=-1).mean(1)
    change = np.linalg.norm(np.diff(track.keypoints, n=2, axis=0), axis=-1).mean(1)
    meets = at_join[1:]
    bends = meets[1:] | meets[:-1]
    return {
        "speed": float(speed[meets].mean() / speed[~meets].mean()),
        "acceleration": float(change[bends].mean() / change[~bends].mean()),
    }


def _segment(track):
    """Frames of a segment; of a dance that is made as a whole, of what its model learned from."""
    return round(track.meta.get("chunk_seconds", CHUNK_SECONDS) * track.fps)


def dances_by_join(
    generator: Generator, songs: Sequence[np.ndarray], *, seed: int, **options: Any
) -> list[PoseTrack]:
    """Dance to songs with each way of joining that a model has.

    Parameters
    ----------
    generator : Generator
    songs : sequence of ndarray
        As `choreo.dances.generate.generate_many` takes them.
    seed : int
        Of each dance.
    **options
        `initial_pose` and `temperature` of `choreo.dances.generate.generate_many`.

    Returns
    -------
    list of PoseTrack
        Join by join, for `seam_table`.
    """
    seeds = [seed] * len(songs)
    return [
        track
        for join in generator.model.joins
        for track in generate_many(generator, songs, seeds=seeds, join=join, **options)
    ]


def seam_table(dances: Sequence[tuple[str, PoseTrack]]) -> Table:
    """Make the table of the seams of every model and way of joining.

    Parameters
    ----------
    dances : list of (str, PoseTrack)
        Model and dance, in the order of the rows. Dances of one segment are left out and
        counted.

    Returns
    -------
    choreo.tables.Table
        One row a model and join: means and ranges over its dances.
    """
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    single = 0
    for model, track in dances:
        measured = found.setdefault((model, track.meta["join"]), [])
        if len(track) > _segment(track):
            measured.append(seam_jumps(track))
        else:
            single += 1
    rows = []
    for (model, join), jumps in found.items():
        row = {"model": model, "join": join, "how": JOINS.get(join, join), "dances": len(jumps)}
        for name in ("speed", "acceleration"):
            values = np.array([jump[name] for jump in jumps])
            for kind, of in (("", np.mean), ("_lowest", np.min), ("_highest", np.max)):
                row[name + kind] = of(values) if len(values) else np.nan
        rows.append(row)
    headers = {"model": "Model", "how": "Segments joined by", "dances": "Dances"}
    for name in ("speed", "acceleration"):
        headers |= {
            name: name.capitalize(),
            f"{name}_lowest": "lowest",
            f"{name}_highest": "highest",
        }
    notes = [
        "Of a cross-fade the whole fade counts as the join. Models without an effective initial "
        "pose are cut where they are joined by it. Dances that are not made in segments are looked "
        "at where segments would meet.",
    ]
    if single:
        notes.append(f"Dances of one segment, which have no join: {single}.")
    return Table(
        frame=pd.DataFrame(rows, columns=["join", *headers]),
        caption="Seams: speed and acceleration of the joints where segments of 5 s meet, "
        "divided by those inside segments; 1 where no one could tell.",
        headers=headers,
        formats={name: ".2f" for name in headers if name.startswith(("speed", "accel"))},
        notes=tuple(notes),
    )
