"""Do the metrics measure anything? Dances of known truth, damaged more and more.

A metric that is meant to notice a damage must move further with more of it. Whether it
does is computed here, and shown as a figure and a table.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from choreo import figures
from choreo.dataset.normalise import normalise
from choreo.errors import ItemError
from choreo.evaluation.bounds import move_beats
from choreo.evaluation.distances import frechet_at_infinity
from choreo.evaluation.extractor import train_extractor
from choreo.evaluation.measurements import listen_to_songs, measure
from choreo.evaluation.metrics import METRICS
from choreo.evaluation.segments import Segments, join, segments_from_chunks
from choreo.evaluation.table2x import (
    FEATURES,
    beat_scores,
    distance_scores,
    frechet_score,
    invention_scores,
    listening_scores,
    motion_scores,
    real_sets,
)
from choreo.files import read_json
from choreo.files.temporary import temporary_folder
from choreo.pose.skeletons import OPENPOSE18
from choreo.pose.track import PoseTrack
from choreo.rates import CHUNK_SECONDS, SAMPLE_RATE
from choreo.statistics.inference import Resampling
from choreo.synth.clips import make_tracks
from choreo.synth.names import DANCERS, SONGS
from choreo.tables import Table
from choreo.videos.wav import read_wav

DAMAGES = {
    "jitter": ("Jitter (px)", (0, 1, 2, 4, 8, 16)),
    "shift": ("Music late (beats)", (0, 0.1, 0.2, 0.3, 0.4, 0.5)),
    "freeze": ("Frozen (share)", (0, 0.2, 0.4, 0.6, 0.8, 1)),
    "swap": ("Left-right swapped (share)", (0, 0.1, 0.2, 0.3, 0.4, 0.5)),
    "tempo": ("Tempo (factor)", (1, 1.05, 1.1, 1.2, 1.35, 1.5)),
}
"""Name -> axis label and levels; the first level is no damage."""


def _studied():
    found = {}
    groups = ("distance", "beats", "listening", "motion", "invention")
    studied = [metric for metric in METRICS.values() if metric.group in groups]
    # In each part of the table first what damage raises.
    for metric in sorted(studied, key=lambda m: (groups.index(m.group), -m.damage)):
        # The distance of Table 2 in every feature set, all others in the learned one.
        for features in FEATURES if metric.name == "frechet" else FEATURES[:1]:
            name = f"{metric.name} {features}" if metric.name == "frechet" else metric.name
            text = f"{metric.damaged}, {features}" if metric.group == "distance" else metric.damaged
            if metric.damaged is not None:
                found[name] = (text, metric.damage, metric.notices)
    return found


STUDIED = _studied()
"""Metric -> name, the direction in which damage moves it, and the damages it is meant to notice."""

_PANELS = (
    ("FID", "log", ("frechet learned", "frechet kinetic", "frechet geometric")),
    (
        "Learned (undamaged = 1)",
        "symlog",
        ("frechet_at_infinity", "kid", "nearest", "diversity_across"),
    ),
    ("Learned (share)", "linear", ("precision", "recall", "density", "coverage")),
    (
        "Beats over chance",
        "linear",
        ("beat_hit_rate", "f_measure", "motion_to_music", "music_to_motion", "tempo_agreement"),
    ),
    (
        "Own song (share)",
        "linear",
        ("phase_locking", "locking_drop_other", "hit_drop_other", "hit_drop_shifted"),
    ),
    (
        "Motion (undamaged = 1)",
        "symlog",
        ("energy", "jerk", "freeze", "limb_drift", "seam_jump", "foot_sliding", "beat_coverage"),
    ),
)
_SLACK = 0.05
TRAIN_SONGS, TEST_SONGS = SONGS[:4], SONGS[4:]


@dataclass(frozen=True)
class Study:
    """Dances to damage, and what they are compared with.

    Attributes
    ----------
    held_out : Segments
        With sound.
    training : Segments
        Real dances to other songs.
    beats : dict of str to list of float
        Held-out dance -> true beats of its song, in seconds from its first frame.
    """

    held_out: Segments
    training: Segments
    beats: dict[str, list[float]] = field(default_factory=dict)


def demo_study(*, seed: int = 1, seconds: float = 40.0, dancers: int = 2) -> Study:
    """Make dances of known truth: the demo's songs and dancers, without rendering.

    Parameters
    ----------
    seed : int
        Of songs and dances.
    seconds : float
        Of each dance.
    dancers : int
        Dancers a song.

    Returns
    -------
    Study
        Four songs to train on, four held out.
    """
    parts: dict[str, Any] = {}
    beats = {}
    with temporary_folder() as folder:
        for number, song in enumerate((*TRAIN_SONGS, *TEST_SONGS)):
            for k in range(dancers):
                dancer = DANCERS[(number + 2 * k) % len(DANCERS)]
                part, beats[f"{song}-{dancer}"] = _dance(
                    folder, song, dancer, seed=seed, seconds=seconds
                )
                parts.setdefault(song, []).append(part)
    return Study(
        join(part for song in TEST_SONGS for part in parts[song]),
        join(part for song in TRAIN_SONGS for part in parts[song]),
        beats,
    )


def _dance(folder, song, dancer, *, seed, seconds):
    truth, sound, beats = (folder / name for name in ("truth.npz", "song.wav", "beats.json"))
    make_tracks(
        f"demo:{song}/{dancer}/1",
        truth=truth,
        song=sound,
        beats=beats,
        seed=seed,
        end=seconds,
    )
    clip = normalise(PoseTrack.load(truth))
    samples = read_wav(sound)[round(clip.start_seconds * SAMPLE_RATE) :]
    frames, length = round(CHUNK_SECONDS * clip.fps), round(CHUNK_SECONDS * SAMPLE_RATE)
    count = min(len(clip.poses) // frames, len(samples) // length)
    segments = segments_from_chunks(
        clip.poses[: count * frames].reshape(count, frames, len(OPENPOSE18), 2),
        [song] * count,
        canvas=clip.canvas,
        fps=clip.fps,
        dances=[f"{song}-{dancer}"] * count,
        audio=samples[: count * length].reshape(count, -1),
    )
    return segments, [time - clip.start_seconds for time in read_json(beats)["beats"]]


def damage(segments, music_beats, kind, level, *, seed=1):
    """Damage dances.

    Parameters
    ----------
    segments : Segments
        With sound.
    music_beats : MusicBeats
        Its music beats.
    kind : str
        A key of `DAMAGES`. "jitter": Gaussian noise on every joint. "shift": the music
        turned round each segment by this share of a beat. "freeze": this share of the
        frames, as one span at a random place in each segment. "swap": this share of the
        frames, each by chance, as an estimator confuses left and right. "tempo": the
        whole dance played faster by this factor, the music as it is.
    level : float
        How much.
    seed : int
        Of what is random.

    Returns
    -------
    segments : Segments
        For "tempo" fewer than before.
    music_beats : MusicBeats
    """
    rng = np.random.default_rng(seed)
    pixels = segments.pixels
    count, frames = pixels.shape[:2]
    if kind == "jitter":
        return replace(segments, pixels=pixels + rng.normal(0, level, pixels.shape)), music_beats
    if kind == "shift":
        return move_beats(segments, music_beats, level)
    if kind == "freeze":
        length = round(level * frames)
        first = (rng.random(count) * (frames - length + 1)).astype(int)[:, None]
        time = np.arange(frames)
        index = np.where((time >= first) & (time < first + length), first, time)
        return replace(segments, pixels=pixels[np.arange(count)[:, None], index]), music_beats
    if kind == "swap":
        swapped = rng.random((count, frames, 1, 1)) < level
        return replace(
            segments, pixels=np.where(swapped, pixels[:, :, OPENPOSE18.mirror], pixels)
        ), music_beats
    if kind == "tempo":
        return _faster(segments, music_beats, level)
    raise ItemError("unknown damage", value=kind, remedy=f"Use one of {', '.join(DAMAGES)}")


def _faster(segments, music_beats, factor):
    kept, changed = [], []
    frames = segments.pixels.shape[1]
    for dance in dict.fromkeys(segments.dances.tolist()):
        own = np.flatnonzero(segments.dances == dance)
        whole = segments.pixels[own].reshape(-1, *segments.pixels.shape[2:])
        count = int((len(whole) - 1) / factor + 1) // frames
        time = np.arange(count * frames) * factor
        before = np.minimum(time.astype(int), len(whole) - 2)
        share = (time - before)[:, None, None]
        moved = whole[before] * (1 - share) + whole[before + 1] * share
        changed.append(moved.reshape(count, frames, *whole.shape[1:]))
        kept.extend(own[:count])
    parts = {name: getattr(segments, name)[kept] for name in ("songs", "dances", "starts", "audio")}
    segments = replace(segments, pixels=np.concatenate(changed), **parts)
    return segments, music_beats.take(kept)


def sensitivity(study: Study, *, seed: int = 1) -> pd.DataFrame:
    """Measure every metric at every level of every damage.

    Parameters
    ----------
    study : Study
    seed : int
        Of the extractor and the damages.

    Returns
    -------
    pandas.DataFrame
        Columns `damage`, `level`, `metric`, `value` (beats over chance), and the standard
        errors over songs of the step from the level before (`step_error`) and from no
        damage (`whole_error`).
    """
    training = replace(study.training, audio=None)
    extractor = train_extractor(training.pixels, training.songs, seed=seed)
    real = measure(training, extractor)
    sets = real_sets(real)
    music_beats = listen_to_songs(study.held_out, truth=study.beats)
    resampling = Resampling.of(study.held_out.songs, seed=seed)
    rows = []
    for kind, (_, levels) in DAMAGES.items():
        before: dict[str, Any] = {}
        for level in levels:
            segments, beats = damage(study.held_out, music_beats, kind, level, seed=seed)
            measured = measure(segments, extractor, music_beats=beats, training=training)
            found = learned_scores(measured, sets["learned"], resampling)
            for name in ("kinetic", "geometric"):
                found[f"frechet {name}"] = frechet_score(
                    [(measured.features[name], measured.songs)], sets[name], resampling
                )
            for scores in (beat_scores, listening_scores, motion_scores, invention_scores):
                found |= scores([measured], resampling)
            for name in STUDIED:
                now = found[name].replicates
                first, last = before.setdefault(name, [now, now])
                rows.append(
                    {
                        "damage": kind,
                        "level": level,
                        "metric": name,
                        "value": found[name].corrected,
                        "step_error": resampling.error(now - last),
                        "whole_error": resampling.error(now - first),
                    }
                )
                before[name][1] = now
    return pd.DataFrame(rows)


def learned_scores(measured, real, resampling):
    """Distances on learned features, with replicates of FID∞ too, of which Table 2x has none.

    Songs are left out one by one (jackknife), as for the other distances but FID.

    Parameters
    ----------
    measured : Measurements
    real : RealSet
        Learned features of the real training dances.
    resampling : Resampling
        Of the songs of `measured`.

    Returns
    -------
    dict of str to Score
        As `distance_scores`, with "frechet learned" for "frechet".
    """
    features, songs = measured.features["learned"], measured.songs
    found = distance_scores([(features, songs)], real, resampling)
    count = len(resampling.songs)
    without = [
        frechet_at_infinity(real.scale(features[songs != song]), real.gaussian)
        for song in resampling.songs
        if count > 1
    ]
    spread = (count - 1) ** 1.5 / count
    found["frechet_at_infinity"] = replace(
        found["frechet_at_infinity"], replicates=spread * np.array(without)
    )
    found["frechet learned"] = found.pop("frechet")
    return found


def trend(values, direction, step_errors, whole_errors):
    """Tell whether a metric moves one way as damage grows.

    Parameters
    ----------
    values : sequence of float
        At rising levels; NaN where it is not defined, which is left out.
    direction : int
        +1 where damage shall raise it, -1 where it shall lower it.
    step_errors, whole_errors : sequence of float
        Standard errors of the step to each value and of the way to it from the first.

    Returns
    -------
    str
        "monotone": every step goes the right way, or back by less than two standard
        errors or 5% of all movement. "does not move": the whole way is less than two
        standard errors. "wrong way", "not monotone".
    """
    moved = direction * np.asarray(values, float)
    known = np.isfinite(moved)
    moved = moved[known]
    steps, whole = (
        2 * np.nan_to_num(np.asarray(errors, float)[known])
        for errors in (step_errors, whole_errors)
    )
    way = moved - moved[0] if len(moved) else moved
    if len(way) < 2 or np.all(np.abs(way) <= np.maximum(whole, 1e-9)):
        return "does not move"
    if way[-1] < -whole[-1]:
        return "wrong way"
    back = np.diff(moved) < -np.maximum(steps[1:], _SLACK * np.ptp(moved))
    return "not monotone" if back.any() else "monotone"


def movement(own, direction):
    """Tell how a metric moves with a damage that it is not meant to notice.

    Parameters
    ----------
    own : pandas.DataFrame
        Rows of `sensitivity` of this metric and damage, in the order of the levels.
    direction : int
        In which the metric moves with damages that it is meant to notice.

    Returns
    -------
    str
        "does not move"; "monotone": as under damages that it is meant to notice; "wrong way":
        monotone the other way; "not monotone".
    """
    found = trend(own.value, direction, own.step_error, own.whole_error)
    other = trend(own.value, -direction, own.step_error, own.whole_error)
    return {"wrong way": "wrong way" if other == "monotone" else "not monotone"}.get(found, found)


def sensitivity_table(frame: pd.DataFrame, dances: Study) -> Table:
    """Which metric notices which damage, as a `Table`.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `sensitivity`.
    dances : Study
        What was damaged: its size is told.
    """
    rows = []
    for metric, (text, direction, meant) in STUDIED.items():
        row = {"metric": metric, "label": text}
        for kind in DAMAGES:
            own = frame[(frame.metric == metric) & (frame.damage == kind)].sort_values("level")
            row[kind] = (
                trend(own.value, direction, own.step_error, own.whole_error)
                if kind in meant
                else f"({movement(own, direction)})"
            )
        rows.append(row)
    chunks, training = len(dances.held_out), len(dances.training)
    songs = len(np.unique(dances.held_out.songs))
    table = pd.DataFrame(rows).assign(chunks=chunks, songs=songs, training_chunks=training)
    failing = [
        f"{row['label']} against {kind} ({row[kind]})"
        for row in rows
        for kind in DAMAGES
        if kind in STUDIED[row["metric"]][2] and row[kind] != "monotone"
    ]
    return Table(
        frame=table,
        caption="Do the metrics move with rising damage?",
        headers={"label": "Metric", **{kind: text for kind, (text, _) in DAMAGES.items()}},
        notes=(
            f"Truth-known demo dances ({chunks} chunks of 5 s to {songs} held-out songs, compared "
            f"with {training} chunks to other songs), damaged at five rising levels. "
            "Monotone: no level is better than the one before by more than two standard errors "
            "(bootstrap or jackknife of songs) or 5% of all movement. Does not move: by less than "
            "two standard errors altogether. In brackets: damages that the metric is not meant to "
            "notice, where wrong way is monotone the other way. The learned features are trained "
            "to notice these damages on the training dances, except the shift.",
            "Every metric moves as it should."
            if not failing
            else "Read with care: " + "; ".join(failing) + ".",
        ),
    )


def sensitivity_figure(frame: pd.DataFrame, stem: str | Path) -> None:
    """Draw every metric against every damage.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `sensitivity`.
    stem : str or Path
        ``stem.png`` and ``stem.pdf`` are written.
    """
    figure, axes = figures.new(
        len(_PANELS), len(DAMAGES), figsize=(15, 13), sharey="row", squeeze=False
    )
    for row, (title, scale, metrics) in zip(axes, _PANELS):
        for axis, (kind, (label, _)) in zip(row, DAMAGES.items()):
            for metric in metrics:
                own = frame[(frame.metric == metric) & (frame.damage == kind)]
                own = own.sort_values("level")
                values = own.value.to_numpy()
                if title.endswith("(undamaged = 1)"):
                    values = values / (abs(values[0]) or 1.0)
                axis.plot(own.level, values, marker="o", markersize=3, label=STUDIED[metric][0])
            axis.set_yscale(scale)
            axis.set_xlabel(label)
        row[0].set_ylabel(title)
        row[-1].legend(
            *row[0].get_legend_handles_labels(), loc="center left", bbox_to_anchor=(1, 0.5)
        )
    figure.suptitle("Do the metrics move with rising damage? (dances of known truth)")
    figures.save(figure, stem)
