"""The data card of a packed dataset as a table of the report."""

import pandas as pd

from choreo.tables import Table

HEADERS = {
    "split": "Split",
    "chunks": "Chunks",
    "seconds": "Seconds",
    "videos": "Videos",
    "songs": "Songs",
    "dancers": "Dancers",
    "share_repaired": "Repaired joints",
    "share_outside": "Outside [-1, 1]",
}


def card_table(card):
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
        f"Dataset: chunks of 5 s, {card['pose_fps']} poses a second, by the method "
        f"{card['method']!r}. No two splits share a {shared}.",
        HEADERS,
        formats={"share_repaired": ".2%", "share_outside": ".2%"},
        notes=(
            f"Chunks left out: {dropped or 'none'}. Seconds at the ends of clips that give no "
            f"whole chunk: {card['unused_seconds']:g}.",
        ),
    )
