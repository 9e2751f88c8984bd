"""The data card of a packed dataset, and its table in the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from choreo.dataset.chunks import MAX_REPAIRED
from choreo.dataset.pack import info, pack, split_shards
from choreo.files import write_json, write_text
from choreo.tables import Table

HEADERS = {
    "split": "Split",
    "chunks": "Chunks",
    "seconds": "Seconds",
    "videos": "Videos",
    "songs": "Songs",
    "dancers": "Dancers",
    "share_repaired": "Made-up joints",
    "share_outside": "Outside [-1, 1]",
}
CLIP_HEADERS = {
    "video": "Video",
    "song": "Song",
    "dancer": "Dancer",
    "genre": "Genre",
    "split": "Split",
    "chunks": "Chunks",
    "left_out": "Left out",
    "share_outside": "Outside [-1, 1]",
    "licence": "Licence",
}


def card_table(card: Mapping[str, Any]) -> Table:
    """Tabulate what each split holds.

    Parameters
    ----------
    card : dict
        As `choreo.dataset.pack.info` gives it.

    Returns
    -------
    Table
        One row a split and one for all; shares are fractions of joints and coordinates.
    """
    parts = {**card["splits"], "all": card["all"]}
    frame = pd.DataFrame([{"split": name} | summary for name, summary in parts.items()])
    dropped = ", ".join(f"{n} ({reason})" for reason, n in card["dropped_chunks"].items())
    shared = " or a ".join(card["provenance"].get("by", ["video"]))
    return Table(
        frame[list(HEADERS)],
        f"Dataset: chunks of {card['chunk_seconds']:g} s, {card['pose_fps']} poses a second, by "
        f"the method {card['method']!r}. No two splits share a {shared}.",
        HEADERS,
        formats={"share_repaired": ".2%", "share_outside": ".2%"},
        notes=(
            f"Chunks left out of these videos: {dropped or 'none'}. Time not used, with gaps in "
            f"the poses, or too short for a whole chunk: {card['unused_seconds']:g} s. A video "
            "that gave no chunk at all is not counted here; the study's problems.csv says why.",
        ),
    )


def clips_table(card: Mapping[str, Any]) -> Table:
    """Tabulate the clips: a row each, with its ids, its counts and its licence.

    Parameters
    ----------
    card : dict
        As `choreo.dataset.pack.info` gives it.
    """
    rows = [
        {
            **{name: clip[name] for name in ("video", "song", "dancer", "genre", "split")},
            "chunks": clip["chunks"],
            "left_out": sum(clip["dropped"].values()),
            "share_outside": clip["values_outside"] / max(1, clip["values"]),
            "licence": str(clip["provenance"].get("licence", "")),
        }
        for clip in card["clips"]
    ]
    return Table(
        pd.DataFrame(rows, columns=list(CLIP_HEADERS)),
        "Clips of the dataset. Coordinates outside are counted before they are clipped.",
        CLIP_HEADERS,
        formats={"share_outside": ".2%"},
    )


def describe(dataset: str | Path, stem: str | Path) -> dict[str, Any]:
    """Write the data card of a packed file, and give it back.

    Parameters
    ----------
    dataset : str or Path
    stem : str or Path
        Path without suffix: ``.json`` and ``.md`` are written.

    Returns
    -------
    dict
        As `choreo.dataset.pack.info` gives it.
    """
    card = info(dataset)
    write_card(card, stem)
    return card


def pack_with_card(
    shards: Sequence,
    path: str | Path,
    *,
    asked: dict | None = None,
    max_repaired: float = MAX_REPAIRED,
    **split: Any,
) -> dict:
    """Divide shards into splits, pack them, and write the data card beside the file.

    Parameters
    ----------
    shards, asked, **split
        As `choreo.dataset.pack.split_shards`.
    path, max_repaired
        As `choreo.dataset.pack.pack`.

    Returns
    -------
    dict
        As `describe`.
    """
    by = {"by": split["by"]} if "by" in split else {}
    splits = split_shards(shards, asked=asked, **split)
    pack(shards, path, splits=splits, max_repaired=max_repaired, **by)
    return describe(path, Path(path).with_suffix(""))


def write_card(card, stem):
    """Write a data card as ``stem.json`` and ``stem.md``.

    Parameters
    ----------
    card : dict
        As `choreo.dataset.pack.info` gives it.
    stem : str or Path
        Path without suffix.
    """
    stem = Path(stem)
    width, height = card["canvas"]
    text = [
        "# Data card\n",
        f"18 joints in OpenPose order; a window of {width}x{height} pixels is [-1, 1]; mono sound "
        f"at {card['sample_rate']} Hz. SHA-256 of the data: `{card['data_sha256']}`.\n",
        card_table(card).markdown(),
        clips_table(card).markdown(),
    ]
    write_json(stem.with_name(stem.name + ".json"), card)
    write_text(stem.with_name(stem.name + ".md"), "\n".join(text))
