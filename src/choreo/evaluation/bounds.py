"""Rows that bound the tables: what a perfect and what a worthless dance score.

A metric is worth reading where held-out real dances come out best and noise worst.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from choreo.evaluation.beat_scores import TOLERANCE
from choreo.evaluation.distances import apart
from choreo.evaluation.frechet import Scale
from choreo.evaluation.measurements import listen_to_songs, measure
from choreo.evaluation.music_spectra import music_spectra
from choreo.media import SAMPLE_RATE

if TYPE_CHECKING:
    from choreo.evaluation.extractor import Extractor
    from choreo.evaluation.measurements import Measurements
    from choreo.evaluation.segments import Segments

_BEAT = 0.5
"""Seconds of a beat where a segment has no tempo: 120 a minute."""


def bounding_segments(held_out, training, music_beats, *, training_music=None, seed=1):
    """Make the bounding rows' dances.

    Parameters
    ----------
    held_out : Segments
        Real dances of the test songs, with sound.
    training : Segments
        Real training dances; no sound needed.
    music_beats : MusicBeats
        Music beats of `held_out`.
    training_music : ndarray, shape (n, D), optional
        `choreo.evaluation.music_spectra` of the training segments; without it there is no
        retrieval row.
    seed : int
        Of the noise.

    Returns
    -------
    dict of str to (Segments, MusicBeats)
        In the order of `names.BOUNDS`. A row that these data can't give is left out:
        `other_music` where there is one song, `retrieval` without `training_music`.
    """
    pixels = held_out.pixels
    shape = pixels.shape
    flat = training.pixels.reshape(-1, *shape[2:])
    mean, deviation = flat.mean(0, dtype=float), flat.std(0, dtype=float)
    noise = np.random.default_rng(seed).normal(size=shape) * deviation + mean
    rows = {}
    other = _other_songs(held_out.songs)
    if other is not None:
        rows["other_music"] = (
            replace(held_out, audio=held_out.audio[other]),
            music_beats.take(other),
        )
    rows["shifted"] = move_beats(held_out, music_beats, 0.5)
    for name, poses in (
        ("frozen", np.broadcast_to(pixels[:, :1], shape)),
        ("mean_pose", np.broadcast_to(mean, shape)),
        ("noise", noise),
    ):
        rows[name] = (replace(held_out, pixels=poses, dances=_named(held_out, name)), music_beats)
    if training_music is not None:
        scale = Scale(training_music)
        nearest = apart(scale(music_spectra(held_out.audio)), scale(training_music)).argmin(1)
        found = replace(
            held_out, pixels=training.pixels[nearest], dances=_named(held_out, "retrieval")
        )
        rows["retrieval"] = (found, music_beats)
    return rows


def measure_bounds(
    held_out: Segments,
    training: Segments,
    extractor: Extractor,
    *,
    training_music: np.ndarray | None = None,
    seed: int = 1,
    method: str = "thesis",
    tolerance: float = TOLERANCE,
    tracker: str = "librosa",
    beat_this: str | Path | None = None,
    truth: Mapping[str, Sequence[float]] | None = None,
) -> dict[str, Measurements]:
    """Measure the held-out real dances and all bounding rows.

    Parameters
    ----------
    held_out, training, training_music, seed
        See `bounding_segments`.
    extractor : Extractor
    method, tolerance, tracker, beat_this, truth
        See `choreo.evaluation.measurements.measure`.

    Returns
    -------
    dict of str to Measurements
        "real", then the rows of `names.BOUNDS`.
    """
    music_beats = listen_to_songs(held_out, method, tracker, beat_this, truth)
    rows = {"real": (held_out, music_beats)} | bounding_segments(
        held_out, training, music_beats, training_music=training_music, seed=seed
    )
    return {
        name: measure(
            segments,
            extractor,
            method=method,
            tolerance=tolerance,
            music_beats=own,
            training=training,
        )
        for name, (segments, own) in rows.items()
    }


def _other_songs(songs):
    """For each segment one of the next song, or None where there is one song."""
    names = sorted(set(songs.tolist()))
    if len(names) < 2:
        return None
    own = {name: np.flatnonzero(songs == name) for name in names}
    index = np.zeros(len(songs), int)
    for name, following in zip(names, [*names[1:], names[0]]):
        there = own[following]
        index[own[name]] = there[np.arange(len(own[name])) % len(there)]
    return index


def move_beats(segments, music_beats, share):
    """Turn the music round each segment by a share of its beat, and its beats with it.

    Beats of whole songs are not turned, but come later: they go on beyond the segment.

    Parameters
    ----------
    segments : Segments
        With sound.
    music_beats : MusicBeats
        Its music beats.
    share : float
        Of the segment's median interval between beats; 0.5 s stands for a missing one.

    Returns
    -------
    segments : Segments
        Whose music comes later.
    music_beats : MusicBeats
    """
    seconds = segments.audio.shape[1] / SAMPLE_RATE
    periods = [np.median(np.diff(b)) if len(b) > 1 else _BEAT for b in music_beats.tracked]
    delays = share * np.array(periods)
    audio = [np.roll(a, round(d * SAMPLE_RATE)) for a, d in zip(segments.audio, delays)]

    def turned(sets):
        return [np.sort(np.mod(beats + delay, seconds)) for beats, delay in zip(sets, delays)]

    moved = replace(
        music_beats,
        coverage=turned(music_beats.coverage),
        alignment=turned(music_beats.alignment),
        tracked=turned(music_beats.tracked),
        songs={name: _later(segments, sets, share) for name, sets in music_beats.songs.items()},
    )
    return replace(segments, audio=np.array(audio)), moved


def _later(segments, sets, share):
    """Beats of whole songs, all of a dance later by the same share of its song's beat."""
    moved = list(sets)
    for dance in dict.fromkeys(segments.dances.tolist()):
        own = np.flatnonzero(segments.dances == dance)
        gaps = np.concatenate([np.diff(sets[k]) for k in own])
        delay = share * float(np.median(gaps) if len(gaps) else _BEAT)
        for k in own:
            moved[k] = sets[k] + delay
    return moved


def _named(segments, name):
    """Names that no video can have: these are no dances of the dataset."""
    return [f"{name}:{dance}" for dance in segments.dances]
