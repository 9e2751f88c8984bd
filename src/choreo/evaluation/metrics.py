"""Every metric of Table 2x by its name, and what is known of it.

Tables, comparisons, the sensitivity study and the audit of claims read it from here.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

METRICS: dict[str, Metric] = {}
"""Metric by name, in the tables' order; filled by `_metrics`."""

PARTS = ("summary", "distances", "beats", "song_beats", "listening", "motion", "pairs")
"""Tables that Table 2x is made of, in their order."""

NEAR_REAL = "near real"
"""Good is what is near the real dances, neither low nor high."""

BODY = ("jitter", "freeze", "swap", "tempo")
RHYTHM = ("jitter", "shift", "freeze", "swap", "tempo")
PACE = ("jitter", "freeze", "tempo")


@dataclass(frozen=True)
class Metric:
    """A quantity that dances are measured in.

    Attributes
    ----------
    name : str
        As in columns and files.
    group : {"distance", "beats", "listening", "motion", "invention"}
        Its part of Table 2x.
    text : str
        Its heading there.
    damage : {+1, -1}
        Whether damage raises or lowers it.
    notices : tuple of str
        Damages that it is meant to notice (`choreo.evaluation.sensitivity.DAMAGES`).
    damaged : str or None
        Its name in the sensitivity study; None where it is not studied.
    ordered : bool
        Whether real dances should have the best of it, and noise the worst.
    near_real : bool
        Whether `aim` is `NEAR_REAL`.
    compared : str or None
        Its name in a sentence, where models are compared in it.
    """

    name: str
    group: str
    text: str
    damage: int
    notices: tuple[str, ...] = ()
    damaged: str | None = None
    ordered: bool = False
    near_real: bool = False
    compared: str | None = None

    @property
    def better(self) -> str:
        """Direction of what is better: "lower" or "higher"."""
        return "lower" if self.damage > 0 else "higher"

    @property
    def aim(self) -> str:
        """What is good: "lower", "higher", or `NEAR_REAL`, as the notes of Table 2x have it."""
        return NEAR_REAL if self.near_real else self.better


def _metrics(group, *rows, **of_all):
    for name, text, damage, notices, damaged, *more in rows:
        own = of_all | (more[0] if more else {})
        METRICS[name] = Metric(name, group, text, damage, notices, damaged, **own)


def headings(group: str) -> dict[str, str]:
    """Name -> heading of the metrics of a part of Table 2x."""
    return {name: m.text for name, m in METRICS.items() if m.group == group}


_SORTED, _NEAR_REAL = {"ordered": True}, {"near_real": True}
_metrics(
    "distance",
    ("frechet", "FID", +1, BODY, "FID", {"ordered": True, "compared": "FID"}),
    ("frechet_at_infinity", "FID∞", +1, BODY, "FID∞", _SORTED),
    ("kid", "KID", +1, BODY, "KID", _SORTED),
    ("precision", "Precision", -1, BODY, "Precision", _SORTED),
    ("recall", "Recall", -1, BODY, "Recall", _SORTED),
    ("density", "Density", -1, BODY, "Density", _SORTED),
    ("coverage", "Coverage", -1, BODY, "Coverage", _SORTED),
    ("nearest", "Nearest training clip", +1, BODY, "Nearest training clip", _NEAR_REAL),
    ("diversity_within", "Diversity in a song", -1, (), None, _NEAR_REAL),
    (
        *("diversity_across", "Diversity across songs", -1, ("freeze",), "Diversity across songs"),
        _NEAR_REAL,
    ),
)
_metrics(
    "beats",
    ("beat_coverage", "Beat coverage", -1, ("freeze",), "Beat coverage"),
    (
        *("beat_hit_rate", "Beat hit rate", -1, RHYTHM, "Hit rate over chance"),
        {"compared": "beat hit rate over chance"},
    ),
    (
        *("f_measure", "F-measure at 70 ms", -1, RHYTHM, "F-measure over chance"),
        {"compared": "F-measure over chance"},
    ),
    (
        "motion_to_music",
        *("Alignment, motion to music", -1, RHYTHM, "Alignment, motion to music"),
        {"compared": "alignment over chance"},
    ),
    (
        "music_to_motion",
        *("Alignment, music to motion", -1, RHYTHM, "Alignment, music to motion"),
    ),
    ("tempo_agreement", "Tempo agreement", -1, PACE, "Tempo agreement"),
    ("phase_locking", "Phase locking", -1, PACE, "Phase locking", {"compared": "phase locking"}),
)
_metrics(
    "listening",
    ("hit_drop_other", "Hits lost with another song", -1, RHYTHM, "Hits lost with another song"),
    ("hit_drop_shifted", "Hits lost half a beat later", -1, RHYTHM, "Hits lost half a beat later"),
    (
        *("locking_drop_other", "Phase locking lost with another song", -1, PACE),
        "Phase locking lost with another song",
    ),
)
_metrics(
    "invention",
    ("copied_run", "Longest copied run (s)", +1, (), "Longest copied run"),
    ("copied_share", "Copied (%)", +1, (), "Copied share"),
    **_NEAR_REAL,
)
_metrics(
    "motion",
    ("energy", "Energy (px²/s²)", +1, ("jitter", "swap", "tempo"), "Energy"),
    ("jerk", "Jerk (px/s³)", +1, ("jitter", "swap"), "Jerk"),
    ("freeze", "Frozen (%)", +1, ("freeze",), "Frozen share"),
    ("seam_jump", "Seam jump (steps)", +1, (), "Seam jump"),
    ("limb_drift", "Limb drift (%)", +1, ("jitter",), "Limb drift"),
    ("foot_sliding", "Foot sliding (torsos/s)", +1, ("jitter",), "Foot sliding"),
    ("out_of_frame", "Out of frame (%)", +1, (), "Out of frame"),
    **_NEAR_REAL,
)


@dataclass(frozen=True)
class Worth:
    """How well a metric tells a dancer's own music from other music, or real from spoiled dances.

    Attributes
    ----------
    area : float
        Area under the curve of one dance, mean over groups: 0.5 tells nothing, 1 all.
    low, high : float
        Of the 95% interval over groups of the same dancer and choreography.
    dances, groups : int
    """

    area: float
    low: float
    high: float
    dances: int
    groups: int


@cache
def worths(dancers: str = "real") -> dict[str, Worth]:
    """Worth of the metrics that were measured on dancers, by the metrics' names.

    At 10 poses a second (docs/evaluation.md says of which dances). Of metrics that hear the music
    from ``worth.csv``, which ``benchmarks/measures_worth.py --summary`` writes: other music is the
    same in another tempo; for what a dance loses with another song, that song. Of others from
    ``worth_spoiled.csv``, of ``benchmarks/measures_spoiled.py``: how real dances are told from the
    same spoiled in the ways that the metric is meant to notice.

    Parameters
    ----------
    dancers : {"real", "nine", "ballroom", "made"}
    """
    found: dict[str, Worth] = {}
    for name, column, wanted in (
        ("worth.csv", "rate", "10"),
        ("worth_spoiled.csv", "spoilt", "meant to notice"),
    ):
        with open(Path(__file__).with_name(name), newline="", encoding="utf-8") as file:
            found |= {
                row["metric"]: Worth(
                    area=float(row["area"]),
                    low=float(row["low"]),
                    high=float(row["high"]),
                    dances=int(row["dances"]),
                    groups=int(row["groups"]),
                )
                for row in csv.DictReader(file)
                if row[column] == wanted and row["dancers"] == dancers
            }
    return found
