"""Dances of any length from any song (thesis section 6.2), by a model of any family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from choreo.dances.editing import Keep, read_known
from choreo.dataset.audio import network_audio
from choreo.dataset.description import DataDescription
from choreo.dataset.normalise import from_pixels, normalise, to_pixels
from choreo.errors import ConfigError, ItemError
from choreo.files import ending
from choreo.models.data import features_of_song
from choreo.models.family import JOINS, Model, Recipe, Request
from choreo.models.music_features import FEATURES
from choreo.models.weights import read_model
from choreo.pose.track import PoseTrack


@dataclass(frozen=True)
class Generator:
    """A trained model and what it was trained with.

    Attributes
    ----------
    model : choreo.models.family.Model
    initial_poses : ndarray of float32, shape (n, J, 2)
        First poses of real dances of the training data; may be empty.
    summary : dict
        What ``metrics.json`` holds; empty for weights of another program.
    """

    model: Model
    initial_poses: np.ndarray
    summary: dict

    @property
    def recipe(self) -> Recipe:
        """The model's recipe."""
        return self.model.recipe

    @property
    def data(self) -> DataDescription:
        """Of the training data: songs are scaled as theirs, and dances have their rate."""
        return self.model.data


def load_generator(
    path: str | Path, *, recipe: Recipe | None = None, method: str = "released"
) -> Generator:
    """Read a trained model.

    Parameters
    ----------
    path : str or Path
        ``.safetensors`` that training wrote, or its folder, or a state dict of the
        released code (``generator_*.pth``).
    recipe : Recipe, optional
        For a ``.pth`` only, which doesn't hold its own.
    method : {"thesis", "released"}
        For a ``.pth`` only: how its training data were scaled.

    Raises
    ------
    ItemError
        Where the file is missing, broken or of another network.
    ConfigError
        Where a ``.pth`` comes without a recipe.
    """
    path = Path(path)
    if ending(path) != ".pth" or path.is_dir():
        return Generator(*read_model(path))
    if recipe is None:
        raise ConfigError(
            "a .pth needs a recipe, which it doesn't hold",
            where=path,
            remedy="Name its model, such as --recipe gru_released",
        )
    model = recipe.build(DataDescription(method=method))
    model.load_foreign(path)
    return Generator(model, np.empty((0, model.data.joints, 2), np.float32), {})


def generate(
    generator,
    song,
    *,
    seed,
    initial_pose="random",
    temperature=1.0,
    join="initial_pose",
    known=None,
    loop=False,
):
    """Generate a dance of a song's full length.

    Parameters
    ----------
    generator : Generator
    song : ndarray, shape (n,) or (n, channels)
        Samples at 16 kHz as `choreo.videos.audio.read_song` gives them.
    seed : int
        Of the noise and of a random initial pose, together with the song's samples.
    initial_pose : {"random", "zero"} or ndarray or PoseTrack
        Where the first segment begins: a first pose of a real dance, the middle of the
        canvas (released code), a pose of shape (18, 2) in [-1, 1], or the last pose of
        a track: of a generated dance on the same canvas, or of a cleaned track of a real
        one, which is scaled as the training data were. Of the thesis's GAN it has an effect
        only where the recipe has ``initial_pose: features``.
    temperature : float
        Factor of the noise; 0 always gives the same dance.
    join : {"initial_pose", "cross_fade"}
        Of models that dance in segments; others dance a song as a whole.
        ``initial_pose``: each segment begins from the last pose of the one before (thesis).
        ``cross_fade``: segments overlap by a second in which one fades into the other;
        each begins from the pose that the one before has at its start, and the first
        begins a second before the song, so that no segment's first frames are seen alone.
    known : ndarray, shape (T, J, 2), optional
        Poses in [-1, 1] that the dance keeps to, of the first T poses; NaN where it is free
        (`choreo.dances.editing`). Only models with `Model.holds` take them.
    loop : bool
        Whether the end goes over into the beginning. Only models with `Model.loops` can.

    Returns
    -------
    PoseTrack
        At the rate of the training data, in pixels of the generator's canvas; one pose
        for every begun audio frame of the song (0.1 s at 10 a second).
    """
    options = {"initial_pose": initial_pose, "temperature": temperature, "join": join}
    options |= {"known": None if known is None else [known], "loop": loop}
    return generate_many(generator, [song], seeds=[seed], **options)[0]


def dance_to(
    generator: Generator,
    song: np.ndarray,
    *,
    keeps: Sequence[Keep] = (),
    **options: Any,
) -> PoseTrack:
    """Let a model dance to a song: what the rules and ``choreo dance`` call.

    Parameters
    ----------
    generator : Generator
    song : ndarray, shape (n,)
        Samples at 16 kHz, with the channels that the model's data were made of
        (`choreo.dataset.audio.CHANNELS`).
    keeps : sequence of Keep
        See `choreo.dances.editing.read_known`.
    **options
        Of `generate`.
    """
    data = generator.data
    known = read_known(keeps, data, data.frames_of(len(song)))
    return generate(generator, song, known=known, **options)


def generate_many(
    generator,
    songs,
    *,
    seeds,
    initial_pose="random",
    temperature=1.0,
    join="initial_pose",
    known=None,
    loop=False,
):
    """Generate dances of several songs together, which is faster than one by one.

    Parameters
    ----------
    generator, initial_pose, temperature, join, loop
        See `generate`.
    songs : sequence of ndarray
    seeds : sequence of int
        One a song. Two songs with one seed have noise of their own each: with the same noise
        all dances of a model would be alike in what the music does not say.
    known : sequence of (ndarray or None), optional
        One a song.

    Returns
    -------
    list of PoseTrack
    """
    model, data = generator.model, generator.data
    if join not in {*JOINS, *model.joins}:
        raise ConfigError("unknown join", value=join, remedy=f"Use {' or '.join(model.joins)}")
    join = join if join in model.joins else model.joins[0]
    if loop and not model.loops:
        raise ConfigError(
            f"models of family {model.recipe.family} can't loop", remedy=_ABLE.format("loop")
        )
    features = FEATURES[model.recipe.music]
    requests = []
    held = [None] * len(songs) if known is None else known
    for song, seed, own in zip(songs, seeds, held, strict=True):
        rng = np.random.default_rng([seed, crc32(np.ascontiguousarray(song))])
        start = _initial_pose(generator, initial_pose, rng)
        music = features_of_song(features, network_audio(song, data.method), data)
        requests.append(Request(music, start, rng, _known(model, own, len(music)), loop))
    dances = model.sample(requests, temperature=temperature, join=join)
    about = {"temperature": temperature, "join": join, **({"loop": True} if loop else {})}
    return [
        _track(generator, poses, {**about, "seed": seed})
        for poses, seed in zip(dances, seeds, strict=True)
    ]


_ABLE = "Take a model that can {}, such as one of family flow"


def _known(model, known, frames):
    """What a dance of so many frames keeps, as a request says it; None for nothing."""
    if known is None:
        return None
    known = np.asarray(known, np.float32)
    if known.ndim != 3 or known.shape[1:] != (model.data.joints, 2) or len(known) > frames:
        raise ItemError(
            f"known poses must have the shape (T, {model.data.joints}, 2), T at most {frames}",
            value=known.shape,
        )
    if np.isinf(known).any() or (np.isnan(known[..., 0]) != np.isnan(known[..., 1])).any():
        raise ItemError("known poses must be finite, or NaN in both coordinates")
    if np.isnan(known).all():
        return None
    if not model.holds:
        raise ConfigError(
            f"models of family {model.recipe.family} can't keep to known poses",
            remedy=_ABLE.format("hold poses"),
        )
    whole = np.full((frames, *known.shape[1:]), np.nan, np.float32)
    whole[: len(known)] = known
    return whole


def _initial_pose(generator, chosen, rng):
    shape = generator.data.joints, 2
    if isinstance(chosen, PoseTrack):
        return _last_pose(chosen, generator)
    if isinstance(chosen, str):
        if chosen == "zero" or (chosen == "random" and not len(generator.initial_poses)):
            return np.zeros(shape)
        if chosen == "random":
            return generator.initial_poses[rng.integers(len(generator.initial_poses))]
        raise ConfigError("unknown initial pose", value=chosen, remedy="Use random or zero")
    pose = np.asarray(chosen, np.float64)
    if pose.shape != shape or not np.isfinite(pose).all():
        raise ItemError(f"the initial pose must be finite, shape {shape}", value=pose.shape)
    return pose


def _last_pose(track, generator):
    data = generator.data
    if track.meta.get("source") != "generated":
        return normalise(track, method=data.method, outside="clip").poses[-1]
    track = track.to(data.skeleton)
    if track.size != tuple(data.canvas) or not track.given[-1].all():
        raise ItemError(
            "the last pose of a generated dance must be whole and on the model's canvas",
            value=track.size,
            remedy=f"Give a track of size {data.canvas}, or a cleaned track of a real dance",
        )
    return from_pixels(track.keypoints[-1], data.canvas)


def _track(generator, poses, about):
    data = generator.data
    return PoseTrack(
        keypoints=to_pixels(poses, data.canvas),
        scores=np.ones(poses.shape[:2]),
        fps=data.fps,
        size=data.canvas,
        skeleton=data.skeleton,
        meta={
            "source": "generated",
            "recipe": generator.recipe.model_dump(),
            "training_seed": generator.summary.get("seed"),
            "chunk_seconds": data.chunk_seconds,
            **about,
        },
    )
