"""Which sound of several videos is the song that is danced to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def longest(paths: Sequence[str]) -> str:
    """The largest file, which has most of the song; the first of several as large.

    Parameters
    ----------
    paths : sequence of str
        Wavs of one song, at least one.

    Returns
    -------
    str
    """
    return max(paths, key=lambda path: Path(path).stat().st_size)
