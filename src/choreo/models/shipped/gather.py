"""Gather what is shipped: weights, their cards and their hashes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from choreo.errors import ConfigError
from choreo.files import sha256, whole, write_json

MOST_BYTES = 15_000_000
"""Of all weights that come with the install."""


def gather(
    weights: Sequence[str | Path],
    cards: Sequence[str | Path],
    to_weights: Sequence[str | Path],
    to_cards: Sequence[str | Path],
    sums: str | Path,
) -> None:
    """Copy weights and cards to where they are shipped from, and write the weights' hashes.

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
    for source, target in zip([*weights, *cards], [*to_weights, *to_cards], strict=True):
        with whole(target) as temporary:
            temporary.write_bytes(Path(source).read_bytes())
    write_json(sums, {Path(path).name: sha256(path) for path in to_weights})
