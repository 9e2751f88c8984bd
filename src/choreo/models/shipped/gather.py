"""Gather what is shipped: weights, their cards and their hashes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from choreo.errors import ConfigError
from choreo.files import sha256, whole, write_json, write_text

MOST_BYTES = 15_000_000
"""Of all weights that come with the install."""


NOTICE = """
## What it is, and what it is not

It comes with the install of Choreo, and learned from what Choreo made up: drawn dancers and songs
played by rule (docs/synth.md). Where this card says real dances, theirs are meant. Licence:
CC0-1.0.

- It has never seen a person, and knows no move but those of `choreo.synth`: nothing in triplets, no
  floor work beyond kneeling and crouching, one dancer, two dimensions, four beats in a bar.
- It is told the beats by a tracker. Where that counts half or double, or errs, so does the dance.
- What it does to held-out and recorded songs, with intervals: docs/models.md.

Made again, to `results/corpus/shipped/`, by

    .venv/bin/snakemake --configfile config/corpus.yaml --cores all shipped_model
"""
"""What the card of a training can't say of what is shipped."""


def gather(
    weights: Sequence[str | Path],
    cards: Sequence[str | Path],
    to_weights: Sequence[str | Path],
    to_cards: Sequence[str | Path],
    sums: str | Path,
) -> None:
    """Copy weights and cards to where they are shipped from, and write the weights' hashes.

    Each card says besides what is so of all that is shipped (`NOTICE`).

    Parameters
    ----------
    weights, cards : sequence of path
        That trainings made.
    to_weights, to_cards : sequence of path
        Where they go, in the same order.
    sums : path
        A JSON file: name of a file of weights -> SHA-256.

    Raises
    ------
    ConfigError
        Where all weights are larger than what is shipped.
    """
    size = sum(Path(path).stat().st_size for path in weights)
    if size > MOST_BYTES:
        raise ConfigError(
            f"at most {MOST_BYTES / 1e6:g} MB of weights are shipped",
            value=f"{size / 1e6:.1f} MB",
            remedy="Ship fewer models, or smaller ones",
        )
    for source, target in zip(weights, to_weights, strict=True):
        with whole(target) as temporary:
            temporary.write_bytes(Path(source).read_bytes())
    for source, target in zip(cards, to_cards, strict=True):
        write_text(target, Path(source).read_text(encoding="utf-8") + NOTICE)
    write_json(sums, {Path(path).name: sha256(path) for path in to_weights})
