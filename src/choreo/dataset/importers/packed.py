"""A dataset made elsewhere as one of ours: what `choreo dataset import` and a script call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from choreo.dataset.card import pack_with_card
from choreo.dataset.chunks import MAX_REPAIRED
from choreo.dataset.importers.sequences import write_shards
from choreo.dataset.importers.shards_table import write_shards_table
from choreo.dataset.split import assign_splits


def import_sequences(
    sequences: list,
    folder: str | Path,
    *,
    max_repaired: float = MAX_REPAIRED,
    split: dict | None = None,
    **settings: Any,
) -> tuple[dict, dict]:
    """Clean, normalise, cut and pack sequences.

    Parameters
    ----------
    sequences : list of choreo.dataset.importers.sequences.Sequence
    folder : str or Path
        Gets ``dataset.h5``, its data card, ``videos.tsv`` and what
        `choreo.dataset.importers.sequences.write_shards` writes.
    max_repaired : float
        As `choreo.dataset.pack.pack`.
    split : dict, optional
        Settings of `choreo.dataset.split.assign_splits`.
    **settings
        Of `choreo.dataset.importers.sequences.write_shards`.

    Returns
    -------
    card : dict
        As `choreo.dataset.card.describe`.
    problems : dict of str to str
        Id -> why it was left out.

    Raises
    ------
    ConfigError
        Where the split leaks; before the work.
    ItemError
        Where not one of them could be used.
    """
    assign_splits(sequences, **(split or {}))
    asked = {sequence.id: sequence.split for sequence in sequences if sequence.split}
    shards, problems = write_shards(sequences, folder, max_repaired=max_repaired, **settings)
    card = import_shards(shards, folder, asked=asked, max_repaired=max_repaired, split=split)
    return card, problems


def import_shards(
    shards: list, folder: str | Path, *, split: dict | None = None, **settings: Any
) -> dict:
    """Pack the shards of a folder, with the table of a study of them.

    Parameters
    ----------
    shards : list of Path
        In the folder's ``shards``.
    folder, split
        As of `import_sequences`.
    **settings
        Of `choreo.dataset.card.pack_with_card`.

    Returns
    -------
    dict
        As `choreo.dataset.card.describe`.
    """
    card = pack_with_card(shards, Path(folder, "dataset.h5"), **settings, **(split or {}))
    write_shards_table(card["clips"], Path(folder, "videos.tsv"))
    return card
