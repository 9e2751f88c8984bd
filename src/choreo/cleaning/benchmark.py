"""The cleaning benchmark: corrupted true tracks, and what each method makes of them."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, NullFormatter
from scipy.ndimage import median_filter
from scipy.signal import butter, savgol_filter, sosfiltfilt

from choreo import figures
from choreo.cleaning.beats import beat_f
from choreo.cleaning.clean import clean
from choreo.cleaning.faults import FLICKERING, JITTER, KINDS, WRITTEN, corrupt, flicker
from choreo.cleaning.gaps import fill_linearly
from choreo.cleaning.truths import held_out, stress
from choreo.comparison.quality import against_truth
from choreo.config.cleaning import UNUSED
from choreo.errors import ItemError
from choreo.pose.size import torso_px
from choreo.statistics.summaries import mean
from choreo.tables import Table

RATES = (0.02, 0.05, 0.1, 0.2)
"""Fractions of frames with a fault."""

JITTERS = (0.002, 0.004, 0.008, 0.016)
"""Standard deviations of jitter without any other fault, in body sizes."""

METHODS = ("none", *UNUSED, "median", "savgol", "lowpass")

CUTOFF_HZ = 6.0
"""Of the plain low-pass, a usual choice for human walking: a warning for dance."""


def apply(track, method):
    """Clean a track by a method of the benchmark.

    Parameters
    ----------
    track : PoseTrack
    method : str
        One of `METHODS`. ``none`` leaves the track as it is. Three filters run over the
        track with its gaps filled linearly: ``median`` of 5 frames, ``savgol`` (Savitzky
        and Golay 1964, 7 frames, quadratic) and ``lowpass`` (Butterworth of order 4 run
        both ways, 6 Hz).

    Returns
    -------
    track : PoseTrack
    flagged : ndarray of bool, shape (T, J), or None
        Given joints that the method took for wrong; None for those that decide nothing.
    """
    if method in UNUSED:
        cleaned, _ = clean(track, method=method)
        return cleaned, cleaned.repaired & track.given
    if method == "none":
        return track, None
    used = track.given.any(0)
    keypoints = track.keypoints.astype(float)
    filled = fill_linearly(keypoints[:, used])
    if method == "median":
        filtered = median_filter(filled, size=(5, 1, 1), mode="nearest")
    elif method == "savgol":
        filtered = savgol_filter(filled, 7, 2, axis=0)
    else:
        filtered = sosfiltfilt(butter(2, CUTOFF_HZ, fs=track.fps, output="sos"), filled, axis=0)
    keypoints[:, used] = filtered
    return track.with_(keypoints=keypoints), None


def measure(corrupted, cleaned, flagged, truth):
    """Compare a cleaned track with the truth.

    Parameters
    ----------
    corrupted : Corrupted
    cleaned : PoseTrack
    flagged : ndarray of bool, shape (T, J), or None
    truth : PoseTrack

    Returns
    -------
    dict
        precision, recall : of `flagged` for frames with a wrong joint; NaN where undefined
        repaired_px, repaired_torso : mean error of the joints that were wrong or absent
        error_px : mean error of all joints
        empty : fraction of joints without a position, left out of the errors above
        acceleration_px : mean error of the second difference, pixels a frame squared
        accent : share of the true acceleration that is kept where it is largest
        pck_0_1 : as in `against_truth`
        beat_f : F-measure (70 ms) of the motion beats against the truth's
    """
    distance = np.linalg.norm(cleaned.keypoints.astype(float) - truth.keypoints, axis=-1)
    faulty = corrupted.wrong | corrupted.absent
    torso = float(np.nanmedian(torso_px(truth)))
    repaired = mean(distance[faulty])
    result = {
        "repaired_px": repaired,
        "repaired_torso": repaired / torso,
        "error_px": mean(distance),
        "empty": float(np.isnan(distance).mean()),
        "acceleration_px": acceleration_error(cleaned.keypoints, truth.keypoints),
        "accent": accent_kept(cleaned.keypoints, truth.keypoints),
        "pck_0_1": against_truth(cleaned, truth)["pck_0_1"],
        "beat_f": _number(beat_f(truth, cleaned)),
        "precision": np.nan,
        "recall": np.nan,
    }
    return result | ({} if flagged is None else _found(flagged, corrupted))


def _found(flagged, corrupted):
    found, bad = flagged.any(1), corrupted.wrong.any(1)
    hits = (found & bad).sum()
    return {
        "precision": hits / found.sum() if found.any() else np.nan,
        "recall": hits / bad.sum() if bad.any() else np.nan,
    }


def acceleration_error(keypoints, true):
    """Mean error of the second difference of positions (T, J, 2), pixels a frame squared."""
    difference = np.diff(keypoints.astype(float) - true, 2, axis=0)
    return mean(np.linalg.norm(difference, axis=-1))


def accent_kept(keypoints, true):
    """Share of the true acceleration that is kept at accents.

    Parameters
    ----------
    keypoints, true : ndarray, shape (T, J, 2)
        Pixels; NaN in `keypoints` is left out.

    Returns
    -------
    float
        Slope of the least-squares line through 0 of the found over the true second
        differences, over the frames and joints where the true one is among the largest
        2 %: 1 where accents are kept, less where they are rounded. NaN without movement.
    """
    found, true = (np.diff(k.astype(float), 2, axis=0) for k in (keypoints, true))
    size = np.hypot(true[..., 0], true[..., 1])
    accents = (size >= np.quantile(size, 0.98)) & np.isfinite(found).all(-1)
    power = (true[accents] ** 2).sum()
    return float((found[accents] * true[accents]).sum() / power) if power > 0 else np.nan


def _number(value):
    return np.nan if value is None else value


def conditions():
    """What the true tracks go through.

    Returns
    -------
    list of dict
        Keyword arguments of `corrupt`: ``kind``, ``rate`` and ``jitter``. First nothing at
        all and jitter alone, then faults of each kind at rising rates with jitter, then
        rising jitter alone.
    """
    found = [{"kind": "mixed", "rate": 0.0, "jitter": j} for j in (0.0, *JITTERS)]
    for kind in KINDS:
        found += [{"kind": kind, "rate": rate, "jitter": JITTER} for rate in RATES]
    return found


def faultless():
    """Those of `conditions` that have no fault: nothing at all, and jitter alone.

    Returns
    -------
    list of dict
    """
    return [condition for condition in conditions() if not condition["rate"]]


def run(truths, *, conditions, methods=METHODS, seed=0):
    """Run every method under every condition on every clip.

    Parameters
    ----------
    truths : dict of str to PoseTrack
        Clip -> true track without gaps.
    conditions : list of dict
        As the function `conditions` gives them.
    methods : sequence of str
    seed : int

    Returns
    -------
    pandas.DataFrame
        One row a clip, condition and method: what `measure` gives.

    Raises
    ------
    ItemError
        Where there is no clip, or one has gaps.
    """
    if not truths:
        raise ItemError("the cleaning benchmark needs a clip whose true joints are known")
    rows = []
    for number, (clip, truth) in enumerate(truths.items()):
        if not truth.given.all():
            raise ItemError("the true track must have every joint in every frame", where=clip)
        for place, condition in enumerate(conditions):
            corrupted = corrupt(truth, seed=[seed, number, place], **condition)
            for method in methods:
                cleaned, flagged = apply(corrupted.track, method)
                rows.append(
                    {"clip": clip}
                    | condition
                    | {"method": method}
                    | measure(corrupted, cleaned, flagged, truth)
                )
    return pd.DataFrame(rows)


DRAWS = 6
"""Draws of the faults of `draws`."""


def draws(truths, *, rates=RATES[1:], number=DRAWS):
    """Run `thesis` and `robust` over several draws of the faults.

    Parameters
    ----------
    truths : dict of str to PoseTrack
        Clip -> true track without gaps; clips of several frame rates are told apart.
    rates : sequence of float
        Fractions of frames with a fault.
    number : int
        Draws.

    Returns
    -------
    pandas.DataFrame
        One row a frame rate, kind of faults (mixed and stretches), whether the scores doubt
        the wrong joints (`corrupt`), rate, draw and method: means over clips of recall,
        precision and repaired_px as `measure` gives them.
    """
    rows = []
    for clip, (name, truth) in enumerate(truths.items()):
        cases = itertools.product(("mixed", "stretches"), (False, True), rates, range(number))
        for kind, doubt, rate, draw in cases:
            seed = [draw, clip, round(1000 * rate)]
            corrupted = corrupt(truth, rate, seed, kind=kind, doubt=doubt)
            faulty = corrupted.wrong | corrupted.absent
            for method in ("thesis", "robust"):
                cleaned, flagged = apply(corrupted.track, method)
                distance = np.linalg.norm(cleaned.keypoints - truth.keypoints, axis=-1)
                case = {"fps": truth.fps, "kind": kind, "doubt": doubt, "rate": rate}
                rows.append(
                    case
                    | {"draw": draw, "method": method, "clip": name}
                    | {"repaired_px": mean(distance[faulty])}
                    | _found(flagged, corrupted)
                )
    case = ["fps", "kind", "doubt", "rate", "draw", "method"]
    return pd.DataFrame(rows).groupby(case, sort=False).mean(numeric_only=True).reset_index()


def draws_table(results):
    """Make the table of how much the benchmark depends on the draw.

    Parameters
    ----------
    results : pandas.DataFrame
        Of `draws`.

    Returns
    -------
    Table
    """
    rows = []
    for (fps, kind, doubt, rate), group in results.groupby(
        ["fps", "kind", "doubt", "rate"], sort=False
    ):
        by = {method: part.set_index("draw") for method, part in group.groupby("method")}
        thesis, robust = by["thesis"], by["robust"]
        rows.append(
            {
                "fps": f"{fps:g}",
                "kind": kind,
                "scores": "low at wrong joints" if doubt else "all 1",
                "rate": f"{rate:.0%}",
                "recall": _spread(robust["recall"], ".2f"),
                "precision": _spread(robust["precision"], ".2f"),
                "robust_px": _spread(robust["repaired_px"], ".1f"),
                "thesis_px": _spread(thesis["repaired_px"], ".1f"),
                "share": _spread(robust["repaired_px"] / thesis["repaired_px"], ".2f"),
            }
        )
    number = results["draw"].nunique()
    return Table(
        frame=pd.DataFrame(rows),
        caption=f"Cleaning benchmark: least and most of {number} draws of the faults",
        headers={
            "fps": "Frames a second",
            "kind": "Faults",
            "scores": "Scores",
            "rate": "Frames corrupted",
            "recall": "Recall of robust",
            "precision": "Precision of robust",
            "robust_px": "Corrupted joints, robust (px)",
            "thesis_px": "thesis (px)",
            "share": "robust / thesis",
        },
        notes=(
            "Each draw is a mean over the true tracks of the benchmark. Low scores: 0.1 to 0.5 "
            "at wrong joints, 0.5 to 1 elsewhere; the positions are the same.",
        ),
    )


def _spread(values, form):
    return f"{values.min():{form}}-{values.max():{form}}"


FLICKER_RATES = (0.05, 0.1, 0.17, 0.25, 0.33, 0.4)
"""Fractions of the frames in which joints flicker."""


def flickers(truths, *, rates=FLICKER_RATES, joints=tuple(FLICKERING), written=WRITTEN):
    """Run `thesis` and `robust` on tracks of which joints flicker.

    Parameters
    ----------
    truths : dict of str to PoseTrack
        Clip -> true track without gaps.
    rates : sequence of float
        Fractions of the frames.
    joints, written : sequence of str
        See `choreo.cleaning.faults.flicker`.

    Returns
    -------
    pandas.DataFrame
        One row a choice of joints, way of writing, rate and method: recall and precision of
        joints (not of frames) over all clips, NaN where undefined, and repaired_px, the mean
        error of the corrupted joints.
    """
    rows = []
    for where, how, rate in itertools.product(joints, written, rates):
        counts = {"thesis": [], "robust": []}
        for number, truth in enumerate(truths.values()):
            corrupted = flicker(
                truth, rate, [number, round(1000 * rate)], joints=where, written=how
            )
            faulty = corrupted.wrong | corrupted.absent
            for method, found in counts.items():
                cleaned, flagged = apply(corrupted.track, method)
                distance = np.linalg.norm(cleaned.keypoints - truth.keypoints, axis=-1)
                hits = (flagged & corrupted.wrong).sum()
                found.append((hits, flagged.sum(), corrupted.wrong.sum(), mean(distance[faulty])))
        for method, found in counts.items():
            hits, flagged, bad, error = np.array(found, float).T
            rows.append(
                {
                    "joints": where,
                    "written": how,
                    "rate": rate,
                    "method": method,
                    "recall": hits.sum() / bad.sum() if bad.any() else np.nan,
                    "precision": hits.sum() / flagged.sum()
                    if bad.any() and flagged.any()
                    else np.nan,
                    "repaired_px": mean(error),
                }
            )
    return pd.DataFrame(rows)


def flicker_table(results):
    """Make the table of joints that flicker.

    Parameters
    ----------
    results : pandas.DataFrame
        Of `flickers`.

    Returns
    -------
    Table
    """
    case = ["joints", "written", "rate"]
    by = {method: part.set_index(case) for method, part in results.groupby("method")}
    frame = by["robust"].drop(columns="method")
    frame["thesis_px"] = by["thesis"]["repaired_px"]
    frame = frame.reset_index()
    frame["rate"] = [f"{rate:.0%}" for rate in frame["rate"]]
    return Table(
        frame=frame,
        caption="Cleaning benchmark: joints that flicker all through a clip",
        headers={
            "joints": "What flickers",
            "written": "Written as",
            "rate": "Frames",
            "recall": "Recall of robust",
            "precision": "Precision of robust",
            "repaired_px": "Corrupted joints, robust (px)",
            "thesis_px": "thesis (px)",
        },
        formats={"recall": ".2f", "precision": ".2f", "repaired_px": ".1f", "thesis_px": ".1f"},
        notes=(
            "Recall and precision are of joints, not of frames. Frames are random ones; elsewhere: "
            "0.1 to 0.6 body sizes away, each time in another direction. NaN: nothing is to be "
            "found, and the joint is filled in.",
        ),
    )


HEADERS = {
    "faults": "Frames corrupted",
    "method": "Method",
    "precision": "Precision",
    "recall": "Recall",
    "repaired_px": "Corrupted joints (px)",
    "repaired_torso": "(torsos)",
    "error_px": "All joints (px)",
    "acceleration_px": "Acceleration (px/frame²)",
    "pck_0_1": "PCK@0.1",
    "beat_f": "Beat F",
    "accent": "Accents kept",
    "empty": "Left empty",
}
"""Columns of the tables."""

FORMATS = {
    "precision": ".2f",
    "recall": ".2f",
    "repaired_px": ".1f",
    "repaired_torso": ".3f",
    "error_px": ".2f",
    "acceleration_px": ".2f",
    "pck_0_1": ".3f",
    "beat_f": ".3f",
    "accent": ".2f",
    "empty": ".2%",
}
"""Their formats."""

NOTHING, JITTER_ALONE, IN_DEPTH = "none, no jitter", "none, jitter", "; in depth"


def _mixed(results):
    """Rows of mixed faults, of jitter as everywhere alone, and of nothing at all."""
    mixed = results[(results["kind"] == "mixed") & results["jitter"].isin([0.0, JITTER])]
    faults = [
        f"{rate:.0%}" if rate else (JITTER_ALONE if jitter else NOTHING)
        for rate, jitter in zip(mixed["rate"], mixed["jitter"])
    ]
    return mixed.assign(faults=faults)


def goal(results):
    """Hold `robust` to its goal: half of the error of `thesis`, and no harm to good data.

    Parameters
    ----------
    results : pandas.DataFrame
        Of `run`.

    Returns
    -------
    shares : dict of float to float
        Rate of mixed faults -> mean error of the corrupted joints of `robust` over that of
        `thesis`.
    harm : float
        The most by which `robust` raised the mean error of all joints of a clip without
        faults, at any level of jitter, in pixels.
    """
    mixed = _mixed(results)
    means = mixed.groupby(["rate", "method"])["repaired_px"].mean().unstack("method").dropna()
    shares = (means["robust"] / means["thesis"]).to_dict()
    intact = results[results["rate"] == 0].set_index(["clip", "jitter", "method"])
    intact = intact["error_px"].unstack("method")
    return shares, float((intact["robust"] - intact["none"]).max())


def summary(results, stressed):
    """Make the benchmark's table: mixed faults at rising rates, means over clips.

    Parameters
    ----------
    results : pandas.DataFrame
        Of `run`.
    stressed : pandas.DataFrame
        The same of `choreo.cleaning.truths.stress`, under `faultless` conditions.

    Returns
    -------
    Table
    """
    in_depth = _mixed(stressed)
    in_depth["faults"] += IN_DEPTH
    mixed = pd.concat([in_depth, _mixed(results)])
    frame = mixed.groupby(["faults", "method"], sort=False).mean(numeric_only=True).reset_index()
    shares, harm = goal(pd.concat([results, stressed]))
    said = ", ".join(f"{share:.2f} at {rate:.0%}" for rate, share in shares.items())
    return Table(
        frame=frame[list(HEADERS)],
        caption=f"Cleaning benchmark: means over {results['clip'].nunique()} corrupted true tracks",
        headers=HEADERS,
        formats=FORMATS,
        notes=(
            "The true tracks are synthetic dances of other songs, other dancers and another "
            "seed than the demo study's, on which robust's constants were chosen "
            f"({', '.join(dict.fromkeys(results['clip']))}). In depth: smooth movements of a 3-D "
            f"skeleton before a camera ({', '.join(dict.fromkeys(stressed['clip']))}), without "
            "faults. Faults, mixed: lone jumps, "
            "stretches of 2-8 frames of a limb or the whole body, left and right swapped, frames "
            f"with nobody; jitter of {JITTER:.1%} of the body's size everywhere.",
            "Precision and recall are of frames with a wrong joint; median, savgol and lowpass "
            "(6 Hz) decide nothing. Corrupted joints are those that were wrong or taken away. "
            "Errors leave out what a method left empty; PCK counts it as wrong. Beat F: motion "
            "beats within 70 ms of the truth's. Accents kept: share of the true acceleration "
            "where it is largest.",
            f"Error of the corrupted joints, robust over thesis: {said}. The most by which robust "
            f"made a clip without faults worse, at any level of jitter: {harm:.3f} px.",
        ),
    )


def kinds_table(results):
    """Make the table of each kind of fault on its own: one column a method.

    Parameters
    ----------
    results : pandas.DataFrame
        Of `run`.

    Returns
    -------
    Table
    """
    single = results[results["kind"] != "mixed"]
    corrupted = single.assign(amount=[f"{rate:.0%} of frames" for rate in single["rate"]])
    alone = results[(results["kind"] == "mixed") & (results["rate"] == 0) & (results["jitter"] > 0)]
    alone = alone.assign(
        kind="jitter",
        amount=[f"{jitter:.1%} of the body" for jitter in alone["jitter"]],
        repaired_px=alone["error_px"],
    )
    both = pd.concat([corrupted, alone])
    methods = list(dict.fromkeys(results["method"]))
    means = both.groupby(["kind", "amount", "method"], sort=False)["repaired_px"].mean()
    frame = means.unstack("method")[methods]
    order = list(dict.fromkeys(zip(both["kind"], both["amount"])))
    return Table(
        frame=frame.loc[order].reset_index(),
        caption="Cleaning benchmark by kind of fault: error of the corrupted joints in pixels",
        headers={"kind": "Kind", "amount": "How much"} | {m: m for m in methods},
        formats=dict.fromkeys(methods, ".2f"),
        notes=(
            "Means over the tracks of the benchmark. Of jitter it is the error of all joints. "
            "thesis, released and robust replace what they take for wrong and do not smooth the "
            "rest. Where no method can know better (gaps), all are splines or lines.",
        ),
    )


def plot(results):
    """Draw error against rate for every method.

    Parameters
    ----------
    results : pandas.DataFrame
        Of `run`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = figures.new(2, 2, figsize=(10, 7.4))
    panels = {
        "repaired_px": "corrupted joints: error (px)",
        "error_px": "all joints: error (px)",
        "beat_f": "motion beats: F-measure",
        "accent": "accents kept",
    }
    mixed = _mixed(results)
    mixed = mixed[mixed["faults"] != NOTHING]
    mean = mixed.groupby(["method", "rate"], sort=False).mean(numeric_only=True)
    for axis, (column, label) in zip(axes.flat, panels.items()):
        for method, marker in zip(dict.fromkeys(results["method"]), "osD^vPX"):
            values = mean.loc[method][column].dropna()
            axis.plot(100 * values.index, values, marker=marker, markersize=4, label=method)
        axis.set_xticks([0, *(100 * rate for rate in RATES)])
        axis.set_xlabel("frames corrupted (%)")
        axis.set_ylabel(label)
        if column.endswith("px"):
            axis.set_yscale("log")
            axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.yaxis.set_major_formatter("{x:g}")
            axis.yaxis.set_minor_formatter(NullFormatter())
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    figure.suptitle("Cleaning: held-out true tracks corrupted at rising rates")
    return figure


def write_benchmark(
    *,
    table: str | Path,
    kinds: str | Path,
    spread: str | Path,
    flickering: str | Path,
    figure: str | Path,
) -> None:
    """Run the whole benchmark on held-out tracks and write its tables and its figure.

    Parameters
    ----------
    table, kinds, spread, flickering : str or Path
        Where `summary`, `kinds_table`, `draws_table` and `flicker_table` go, without suffix.
    figure : str or Path
        Where `plot` goes, without suffix.
    """
    truths = held_out()
    results = run(truths, conditions=conditions())
    slower = {f"{clip} at 24 fps": truth for clip, truth in held_out(fps=24).items()}
    some = {clip: truths[clip] for clip in list(truths)[::2]}
    for path, made in (
        (table, summary(results, run(stress(), conditions=faultless()))),
        (kinds, kinds_table(results)),
        (spread, draws_table(draws(truths | slower))),
        (flickering, flicker_table(flickers(some))),
    ):
        made.write(path, of_study=False)
    figures.save(plot(results), figure)
