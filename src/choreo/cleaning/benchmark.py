"""The cleaning benchmark: true tracks spoiled in known ways, and what each method makes of them.

Kinds of fault, all at random from a seed: lone jumps of one joint, stretches of several
frames in which an arm, a leg or the whole body is elsewhere, left and right exchanged,
frames with nobody; and everywhere the small jitter of an estimator.
"""

from dataclasses import dataclass

import mir_eval
import numpy as np
import pandas as pd
from scipy.ndimage import median_filter
from scipy.signal import savgol_filter

from choreo import figures
from choreo.cleaning.clean import clean
from choreo.cleaning.robust import body_size
from choreo.comparison.quality import against_truth, torso_px
from choreo.displacement import given_joints
from choreo.errors import ItemError
from choreo.evaluation.motion_beats import motion_beats
from choreo.tables import Table

RATES = (0.0, 0.02, 0.05, 0.1, 0.2)
"""Fractions of frames with a fault."""

JITTER = 0.004
"""Standard deviation of the jitter in body sizes (about 1 px for a dancer of 250 px)."""

METHODS = ("none", "thesis", "released", "robust", "median", "savgol")

_PARTS = {
    "left arm": ("left_elbow", "left_wrist"),
    "right arm": ("right_elbow", "right_wrist"),
    "left leg": ("left_knee", "left_ankle"),
    "right leg": ("right_knee", "right_ankle"),
}


@dataclass(frozen=True)
class Spoiled:
    """A track with known faults.

    Attributes
    ----------
    track : PoseTrack
    wrong : ndarray of bool, shape (T, J)
        Given joints that are not where they should be (the jitter apart).
    absent : ndarray of bool, shape (T, J)
        Joints that were taken away.
    """

    track: object
    wrong: np.ndarray
    absent: np.ndarray


def corrupt(truth, rate, seed, *, jitter=JITTER):
    """Spoil a true track.

    Parameters
    ----------
    truth : PoseTrack
        Without gaps.
    rate : float
        Fraction of frames to spoil, from 0 to 1.
    seed : int
    jitter : float
        In body sizes.

    Returns
    -------
    Spoiled
        The first and the last two frames are left whole.
    """
    rng = np.random.default_rng(seed)
    size = body_size(truth.keypoints)
    keypoints = truth.keypoints.astype(float)
    keypoints += rng.normal(0, jitter * size, keypoints.shape)
    wrong = np.zeros(keypoints.shape[:2], bool)
    absent = np.zeros(keypoints.shape[:2], bool)
    touched = np.zeros(len(truth), bool)
    faults = (_jump, _stretch, _exchange, _gap)
    wanted = round(rate * len(truth))
    for _ in range(20 * len(truth)):
        if touched.sum() >= wanted:
            break
        fault = faults[rng.integers(len(faults))]
        length = 1 if fault is _jump else int(rng.integers(2, 9))
        first = int(rng.integers(2, max(len(truth) - 2 - length, 3)))
        span = slice(first, first + length)
        if touched[first - 1 : first + length + 1].any() or first + length > len(truth) - 2:
            continue
        touched[span] = True
        fault(keypoints, wrong, absent, span, truth.joints, size, rng)
    keypoints[absent] = np.nan
    track = truth.with_(keypoints=keypoints, scores=np.where(absent, np.nan, 1.0))
    return Spoiled(track, wrong & ~absent, absent)


def _away(size, rng):
    angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.6) * size
    return far * np.array([np.cos(angle), np.sin(angle)])


def _jump(keypoints, wrong, absent, span, skeleton, size, rng):
    joint = int(rng.integers(keypoints.shape[1]))
    keypoints[span, joint] += _away(size, rng)
    wrong[span, joint] = True


def _stretch(keypoints, wrong, absent, span, skeleton, size, rng):
    parts = [*_PARTS.values(), skeleton.joints]
    joints = [skeleton.index(j) for j in parts[rng.integers(len(parts))] if j in skeleton.joints]
    keypoints[span, joints] += _away(size, rng)
    wrong[span, joints] = True


def _exchange(keypoints, wrong, absent, span, skeleton, size, rng):
    legs = rng.random() < 0.5
    for left, right in skeleton.pairs:
        low = skeleton.joints[left].endswith(("hip", "knee", "ankle", "toe", "heel"))
        if low or not legs:
            keypoints[span, [left, right]] = keypoints[span, [right, left]]
            wrong[span, [left, right]] = True


def _gap(keypoints, wrong, absent, span, skeleton, size, rng):
    absent[span] = True


def apply(track, method):
    """Clean a track by a method of the benchmark.

    Parameters
    ----------
    track : PoseTrack
    method : str
        One of `METHODS`. ``median`` (5 frames) and ``savgol`` (Savitzky and Golay 1964, 7
        frames, quadratic) run over the track with its gaps filled linearly; ``none``
        leaves it as it is.

    Returns
    -------
    track : PoseTrack
    flagged : ndarray of bool, shape (T, J), or None
        Given joints that the method took for wrong; None for those that decide nothing.
    """
    if method in ("thesis", "released", "robust"):
        cleaned, _ = clean(track, method=method)
        return cleaned, cleaned.repaired & track.given
    if method == "none":
        return track, None
    filled = _linear(track.keypoints.astype(float))
    if method == "median":
        return track.with_(keypoints=median_filter(filled, size=(5, 1, 1), mode="nearest")), None
    return track.with_(keypoints=savgol_filter(filled, 7, 2, axis=0)), None


def _linear(keypoints):
    out = keypoints.copy()
    at = np.arange(len(out))
    given = given_joints(out)
    for joint in np.flatnonzero(given.any(0) & ~given.all(0)):
        known = given[:, joint]
        for axis in range(2):
            out[:, joint, axis] = np.interp(at, at[known], out[known, joint, axis])
    return out


def measure(spoiled, cleaned, flagged, truth):
    """Compare a cleaned track with the truth.

    Parameters
    ----------
    spoiled : Spoiled
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
        pck_0_1 : as in `against_truth`
        beat_f : F-measure (70 ms) of the motion beats against the truth's
    """
    distance = np.linalg.norm(cleaned.keypoints.astype(float) - truth.keypoints, axis=-1)
    spoilt = spoiled.wrong | spoiled.absent
    torso = float(np.nanmedian(torso_px(truth)))
    repaired = _mean(distance[spoilt])
    result = {
        "repaired_px": repaired,
        "repaired_torso": repaired / torso,
        "error_px": _mean(distance),
        "empty": float(np.isnan(distance).mean()),
        "acceleration_px": _mean(
            np.linalg.norm(np.diff(cleaned.keypoints - truth.keypoints, 2, axis=0), axis=-1)
        ),
        "pck_0_1": against_truth(cleaned, truth)["pck_0_1"],
        "beat_f": _beat_f(cleaned, truth),
        "precision": np.nan,
        "recall": np.nan,
    }
    if flagged is not None:
        found, bad = flagged.any(1), spoiled.wrong.any(1)
        hits = (found & bad).sum()
        result["precision"] = hits / found.sum() if found.any() else np.nan
        result["recall"] = hits / bad.sum() if bad.any() else np.nan
    return result


def _mean(values):
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else np.nan


def _beat_f(cleaned, truth):
    poses = [_linear(t.keypoints.astype(float)) for t in (truth, cleaned)]
    reference, estimated = motion_beats(np.stack(poses), truth.fps)
    if not len(reference):
        return np.nan
    # mir_eval's 5 seconds at the start would drop a third of a demo clip.
    return float(mir_eval.beat.f_measure(reference, estimated, f_measure_threshold=0.07))


def run(truths, *, rates=RATES, methods=METHODS, seed=0):
    """Run every method at every rate on every clip.

    Parameters
    ----------
    truths : dict of str to PoseTrack
        Clip -> true track without gaps.
    rates : sequence of float
    methods : sequence of str
    seed : int

    Returns
    -------
    pandas.DataFrame
        One row a clip, rate and method: what `measure` gives.

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
        for rate in rates:
            spoiled = corrupt(truth, rate, [seed, number, round(1000 * rate)])
            for method in methods:
                cleaned, flagged = apply(spoiled.track, method)
                rows.append(
                    {"clip": clip, "rate": rate, "method": method}
                    | measure(spoiled, cleaned, flagged, truth)
                )
    return pd.DataFrame(rows)


_HEADERS = {
    "rate": "Frames spoiled",
    "method": "Method",
    "precision": "Precision",
    "recall": "Recall",
    "repaired_px": "Spoilt joints (px)",
    "repaired_torso": "(torso)",
    "error_px": "All joints (px)",
    "acceleration_px": "Acceleration (px/frame²)",
    "pck_0_1": "PCK@0.1",
    "beat_f": "Beat F",
    "empty": "Left empty",
}


def summary(results):
    """Make the benchmark's table: means over clips.

    Parameters
    ----------
    results : pandas.DataFrame
        Of `run`.

    Returns
    -------
    Table
    """
    frame = results.groupby(["rate", "method"], sort=False).mean(numeric_only=True).reset_index()
    return Table(
        frame=frame[list(_HEADERS)],
        caption=f"Cleaning benchmark: means over {results['clip'].nunique()} true tracks, spoiled",
        headers=_HEADERS,
        formats={
            "rate": ".0%",
            "precision": ".2f",
            "recall": ".2f",
            "repaired_px": ".1f",
            "repaired_torso": ".3f",
            "error_px": ".2f",
            "acceleration_px": ".2f",
            "pck_0_1": ".3f",
            "beat_f": ".3f",
            "empty": ".2%",
        },
        notes=(
            "Lone jumps, stretches of 2-8 frames of a limb or the whole body, left and right "
            "exchanged, frames with nobody; jitter everywhere. Precision and recall are of "
            "frames with a wrong joint. Errors leave out what a method left empty.",
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
    figure, axes = figures.new(1, 3, figsize=(11, 3.8))
    panels = {
        "repaired_px": "spoilt joints: error (px)",
        "error_px": "all joints: error (px)",
        "beat_f": "motion beats: F-measure",
    }
    mean = results.groupby(["method", "rate"], sort=False).mean(numeric_only=True)
    for axis, (column, label) in zip(axes, panels.items()):
        for method, marker in zip(dict.fromkeys(results["method"]), "osD^vPX"):
            values = mean.loc[method][column].dropna()
            axis.plot(100 * values.index, values, marker=marker, markersize=4, label=method)
        axis.set_xlabel("frames spoiled (%)")
        axis.set_ylabel(label)
        if column != "beat_f":
            axis.set_yscale("log")
            axis.yaxis.set_major_formatter("{x:g}")
            axis.yaxis.set_minor_formatter("{x:g}")
    axes[0].legend(fontsize=8)
    figure.suptitle("Cleaning: true tracks spoiled at rising rates")
    return figure
