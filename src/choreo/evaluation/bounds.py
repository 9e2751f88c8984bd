"""Rows that bound the tables: what a perfect and what a worthless dance score.

A metric is worth reading where held-out real dances come out best and noise worst.
"""

from dataclasses import replace

import numpy as np

from choreo.evaluation.beat_scores import TOLERANCE
from choreo.evaluation.distances import apart
from choreo.evaluation.frechet import Scale
from choreo.evaluation.measurements import listen_to_songs, measure
from choreo.evaluation.music_features import music_features
from choreo.evaluation.song_beats import inside
from choreo.media import SAMPLE_RATE

_BEAT = 0.5
"""Seconds of a beat where a piece has no tempo: 120 a minute."""


def bounding_pieces(held_out, training, heard, *, training_music=None, seed=1):
    """Make the bounding rows' dances.

    Parameters
    ----------
    held_out : Pieces
        Real dances of the test songs, with sound.
    training : Pieces
        Real training dances; no sound needed.
    heard : Heard
        Music beats of `held_out`.
    training_music : ndarray, shape (n, D), optional
        `choreo.evaluation.music_features` of the training pieces; without it there is no
        retrieval row.
    seed : int
        Of the noise.

    Returns
    -------
    dict of str to (Pieces, Heard)
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
        rows["other_music"] = (replace(held_out, audio=held_out.audio[other]), _take(heard, other))
    rows["shifted"] = move_beats(held_out, heard, 0.5)
    for name, poses in (
        ("frozen", np.broadcast_to(pixels[:, :1], shape)),
        ("mean_pose", np.broadcast_to(mean, shape)),
        ("noise", noise),
    ):
        rows[name] = (replace(held_out, pixels=poses, dances=_named(held_out, name)), heard)
    if training_music is not None:
        scale = Scale(training_music)
        nearest = apart(scale(music_features(held_out.audio)), scale(training_music)).argmin(1)
        found = replace(
            held_out, pixels=training.pixels[nearest], dances=_named(held_out, "retrieval")
        )
        rows["retrieval"] = (found, heard)
    return rows


def measure_bounds(
    held_out,
    training,
    extractor,
    *,
    training_music=None,
    seed=1,
    method="thesis",
    tolerance=TOLERANCE,
    tracker="librosa",
    beat_this=None,
    truth=None,
):
    """Measure the held-out real dances and all bounding rows.

    Parameters
    ----------
    held_out, training, training_music, seed
        See `bounding_pieces`.
    extractor : Extractor
    method, tolerance, tracker, beat_this, truth
        See `choreo.evaluation.measurements.measure`.

    Returns
    -------
    dict of str to Measurements
        "real", then the rows of `names.BOUNDS`.
    """
    heard = listen_to_songs(held_out, method, tracker, beat_this, truth)
    rows = {"real": (held_out, heard)} | bounding_pieces(
        held_out, training, heard, training_music=training_music, seed=seed
    )
    return {
        name: measure(pieces, extractor, method=method, tolerance=tolerance, heard=own)
        for name, (pieces, own) in rows.items()
    }


def _other_songs(songs):
    """For each piece one of the next song, or None where there is one song."""
    names = sorted(set(songs.tolist()))
    if len(names) < 2:
        return None
    own = {name: np.flatnonzero(songs == name) for name in names}
    index = np.zeros(len(songs), int)
    for name, following in zip(names, [*names[1:], names[0]]):
        there = own[following]
        index[own[name]] = there[np.arange(len(own[name])) % len(there)]
    return index


def move_beats(pieces, heard, share):
    """Turn the music round each piece by a share of its beat, and its beats with it.

    Parameters
    ----------
    pieces : Pieces
        With sound.
    heard : Heard
        Its music beats.
    share : float
        Of the piece's median interval between beats; 0.5 s stands for a missing one.

    Returns
    -------
    pieces : Pieces
        Whose music comes later.
    heard : Heard
    """
    seconds = pieces.audio.shape[1] / SAMPLE_RATE
    periods = [np.median(np.diff(b)) if len(b) > 1 else _BEAT for b in heard.tracked]
    delays = share * np.array(periods)
    audio = [np.roll(a, round(d * SAMPLE_RATE)) for a, d in zip(pieces.audio, delays)]

    def turned(sets):
        return [np.sort(np.mod(beats + delay, seconds)) for beats, delay in zip(sets, delays)]

    moved = replace(
        heard,
        coverage=turned(heard.coverage),
        alignment=turned(heard.alignment),
        tracked=turned(heard.tracked),
        songs={name: turned(inside(sets, seconds)) for name, sets in heard.songs.items()},
    )
    return replace(pieces, audio=np.array(audio)), moved


def _take(heard, index):
    def taken(sets):
        return [sets[i] for i in index]

    return replace(
        heard,
        **{name: taken(getattr(heard, name)) for name in ("coverage", "alignment", "tracked")},
        songs={name: taken(sets) for name, sets in heard.songs.items()},
    )


def _named(pieces, name):
    """Names that no video can have: these are no dances of the dataset."""
    return [f"{name}:{dance}" for dance in pieces.dances]
