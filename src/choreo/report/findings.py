"""What a study found, in five sentences computed from its tables."""

from __future__ import annotations

import math

import numpy as np

from choreo.comparison.verdict import Measure, paired_difference, resample
from choreo.report.shown import doubt, number
from choreo.statistics.inference import GROUPS_NEEDED
from choreo.statistics.sentences import counted

NO_SONG = (
    "No dance was evaluated: the study has no song to test on (it needs two songs, or a "
    "`split` column)."
)

COMPARED = ("incorrect", "frames")
"""What is read of the quality of a track, besides its names."""


def best_model(summary: list[dict]) -> dict | None:
    """The model of the lowest FID in the summary of Table 2x; the first of equals.

    Parameters
    ----------
    summary : list of dict
        Rows of ``table2x_summary.csv``.

    Returns
    -------
    dict or None
        None where no model has one.
    """
    models = [row for row in summary if row.get("kind") == "model"]
    models = [row for row in models if math.isfinite(number(row.get("fid")))]
    return min(models, key=lambda row: number(row["fid"]), default=None)


def findings(
    summary: list[dict], pairs: list[dict], qualities: list[dict], *, seed: int = 1
) -> list[str]:
    """Five sentences on a study.

    Parameters
    ----------
    summary : list of dict
        Rows of ``table2x_summary.csv``; empty where there is no test song.
    pairs : list of dict
        Rows of ``table2x_pairs.csv``.
    qualities : list of dict
        One a track: `choreo.comparison.quality.quality` with ``estimator`` and ``video``.
    seed : int
        Of the bootstrap over videos, as in Table 1.

    Returns
    -------
    list of str
        Fewer where the study has no dances. Each number comes with its interval; where that
        is of fewer songs or videos than `GROUPS_NEEDED`, the sentence says so.
    """
    said = [_estimators(qualities, seed)]
    best = best_model(summary)
    if best is None:
        return [*said, NO_SONG]
    real = next((row for row in summary if row.get("kind") == "real"), {})
    return [
        *said,
        _distance(best, real),
        _beats(best, real),
        _own(best, real),
        _comparisons(pairs, best),
    ]


def _estimators(qualities, seed):
    shares = {}
    for record in qualities:
        share = 100 * number(record["incorrect"]) / max(1.0, number(record["frames"]))
        shares.setdefault(str(record["estimator"]), {})[str(record["video"])] = share
    videos, values = Measure("Incorrect detections", shares).paired()
    if not videos:
        return "No pose estimator was compared: there is no video that all of them have."
    count = counted(len(videos), "video")
    # The first of equals: the order of the config.
    order = sorted(values, key=lambda name: values[name].mean())
    best = order[0]
    text = f"In {count}, poses by {best} are incorrect in {values[best].mean():.2f}% of the frames"
    if len(order) < 2:
        return f"{text}; no other pose estimator was compared."
    other = order[1]
    if np.array_equal(values[best], values[other]):
        return f"{text}, and so are those by {other}, in every video."
    found = paired_difference(values[other], values[best], resample(videos, seed))
    text += f", {found['difference']:.2f} points less than by {other}, the next best"
    if len(videos) < GROUPS_NEEDED:
        return f"{text} (too few videos for an interval)."
    text += f" (95% interval {found['low']:.2f} to {found['high']:.2f})"
    return text + ("." if found["low"] > 0 or found["high"] < 0 else ": they can't be told apart.")


def _distance(best, real):
    text = f"The dances of {_name(best)} are nearest to real training dances: FID "
    text += _value(best, "fid", ".1f")
    if math.isfinite(number(real.get("fid"))):
        text += f", where held-out real dances have {_value(real, 'fid', '.1f')}"
    return text + "."


def _beats(best, real):
    """Hits and phase locking side by side: real dancers keep the second, made ones both."""
    parts = []
    if math.isfinite(number(best.get("hit"))):
        part = f"by the beats of whole songs, its hit rate over chance is {_of(best, 'hit', '%')}"
        parts.append(
            f"{part}, where 0 does not listen and 100 is on every beat{_real(real, 'hit')}"
        )
    if math.isfinite(number(best.get("locking"))):
        part = f"its phase locking is {_of(best, 'locking', '%')}, where 50 does not listen"
        parts.append(part + _real(real, "locking"))
    if not parts:
        return "The beats of whole songs were not looked for, so nothing is said of following them."
    text = "; ".join(parts)
    text = f"{text[0].upper()}{text[1:]}"
    stops, moves = _over(best, "hit", 0), _over(best, "locking", 50)
    if stops is None and moves is None:
        return f"{text}. Whether it follows the beat can't be told from {_songs(best)}."
    # Real dancers are told by locking and hardly by hits, so that locking decides where it is.
    if moves is None:
        follows = "it follows the beat" if stops else "it is not shown to follow the beat"
    elif moves:
        follows = "it follows the beat"
        if stops is False:
            follows += ", as real dancers do: its body moves in the tempo without stops on beats"
    else:
        follows = "it is not shown to follow the beat"
        if stops:
            follows = "it stops on beats, and its body is not shown to move in the tempo"
    return f"{text}: {follows}."


def _over(row, column, chance):
    """Whether a value is over its chance level by more than its interval; None: can't be told."""
    value, half = number(row.get(column)), number(row.get(f"{column}_interval"))
    if doubt(row) or math.isnan(value) or math.isnan(half):
        return None
    return value - half > chance


def _of(row, column, unit=""):
    return _value(row, column, ".1f", unit)


def _real(real, column, unit="%", who="real dances"):
    """A bracket with what real dances have, where it is known; none stands in it."""
    if not math.isfinite(number(real.get(column))):
        return ""
    value = _of(real, column, unit).replace(" (", ", ").removesuffix(")")
    return f" ({who}: {value})"


def _own(best, real):
    parts = []
    if math.isfinite(number(best.get("listening"))):
        part = f"{_value(best, 'listening', '.1f')} points of its phase locking are lost when "
        parts.append(f"{part}another song is laid under it{_real(real, 'listening', '')}")
    if math.isfinite(number(best.get("copied"))):
        part = f"{_value(best, 'copied', '.1f', '%')} of its movement is copied from a training "
        parts.append(f"{part}dance{_real(real, 'copied', who='held-out real dances')}")
    if math.isfinite(number(best.get("frozen"))) and len(parts) < 2:
        parts.append(f"it stands still in {_value(best, 'frozen', '.1f', '%')} of the time")
    if not parts:
        return "Whether it follows its own song, or copies, was not measured."
    text = ", and ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _comparisons(pairs, best):
    models = {row["a"] for row in pairs} | {row["b"] for row in pairs}
    if not models:
        return f"{_name(best)} is the only model of this study, so that no two were compared."
    decided = [row for row in pairs if row["verdict"] in ("better", "worse")]
    text = f"Of {counted(len(pairs), 'comparison')} between {counted(len(models), 'model')}, "
    if not decided:
        why = doubt(best, over_seeds=True)
        return f"{text}none can be told from chance{why and f' ({why})'}."
    first = min(decided, key=lambda row: number(row["p_holm"]))
    text += f"{len(decided)} can be told from chance; the clearest: {first['sentence'].rstrip('.')}"
    difference, half = number(first["difference"]), number(first["half_width"])
    return f"{text}: a difference of {difference:.3f} ± {half:.3f}."


def _name(row):
    return row.get("label") or row.get("system") or "?"


def _songs(row):
    return counted(int(number(row["songs"])), "song")


def _value(row, column, form, unit=""):
    """A value with its interval, or why there is none."""
    text = f"{number(row[column]):{form}}{unit}"
    half = number(row.get(f"{column}_interval"))
    if why := doubt(row):
        return f"{text} ({why})"
    return text if math.isnan(half) else f"{text} ± {half:{form}}"
