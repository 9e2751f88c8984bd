"""Dances of any length from any song (thesis section 6.2).

A song is cut into pieces of 5 seconds, and each piece begins from a pose of the one
before: its last (thesis), or one a second earlier, with a cross-fade.
"""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from choreo.dances.inference import FoldedGenerator
from choreo.dataset.audio import FRAME_SAMPLES, network_audio
from choreo.dataset.chunks import CHUNK_FRAMES, CHUNK_SAMPLES
from choreo.dataset.normalise import CANVAS, POSE_FPS, from_pixels, normalise, to_pixels
from choreo.errors import ConfigError, ItemError
from choreo.track import PoseTrack
from choreo.training.networks import fill, load_state, read_trained
from choreo.training.pose_generator import JOINTS, DanceGenerator, draw_noise

WEIGHTS = "weights.safetensors"
OVERLAP = 10
"""Frames that two pieces share where they are cross-faded: 1 s."""

_AT_ONCE = 16
"""Pieces of one part: enough for the recurrent layers' speed, few enough to share out."""


@dataclass(frozen=True)
class Generator:
    """A trained dance generator and what it was trained with.

    Attributes
    ----------
    network : DanceGenerator
        In eval mode.
    recipe : Recipe
    method : {"thesis", "released"}
        How its training data were scaled; songs are scaled alike.
    canvas : tuple of int
        Pixels that [-1, 1] stands for.
    initial_poses : ndarray of float32, shape (n, 18, 2)
        First poses of real dances of the training data; may be empty.
    summary : dict
        What ``metrics.json`` holds; empty for released weights.
    """

    network: DanceGenerator
    recipe: object
    method: str
    canvas: tuple
    initial_poses: np.ndarray
    summary: dict


def load_generator(path, *, recipe=None, method="released"):
    """Read a trained generator.

    Parameters
    ----------
    path : str or Path
        ``.safetensors`` that training wrote, or its folder, or a state dict of the
        released code (``generator_*.pth``).
    recipe : Recipe, optional
        For a ``.pth`` only, which doesn't hold its own.
    method : {"thesis", "released"}
        For a ``.pth`` only: how its training data were scaled.

    Returns
    -------
    Generator

    Raises
    ------
    ItemError
        Where the file is missing, broken or of another network.
    ConfigError
        Where a ``.pth`` comes without a recipe.
    """
    path = Path(path)
    if path.is_dir():
        path = path / WEIGHTS
    if path.suffix == ".pth":
        if recipe is None:
            raise ConfigError(
                "a .pth needs a recipe, which it doesn't hold",
                where=path,
                remedy="Name its model, such as --recipe gru_released",
            )
        network = DanceGenerator(recipe)
        load_state(network, path)
        none = np.empty((0, JOINTS, 2), np.float32)
        return Generator(network.eval(), recipe, method, CANVAS[method], none, {})
    recipe, summary, state = read_trained(
        path,
        prefix="generator.",
        also=("initial_poses",),
        data=("method", "canvas"),
        remedy="Give the .safetensors that training wrote, or a released .pth",
    )
    initial_poses = state.pop("initial_poses").numpy()
    method, canvas = summary["data"]["method"], tuple(summary["data"]["canvas"])
    network = DanceGenerator(recipe)
    fill(network, state, where=path)
    return Generator(network.eval(), recipe, method, canvas, initial_poses, summary)


def generate(generator, song, *, seed, initial_pose="random", temperature=1.0, join="initial_pose"):
    """Generate a dance of a song's full length.

    Parameters
    ----------
    generator : Generator
    song : ndarray, shape (n,) or (n, channels)
        Samples at 16 kHz as `choreo.videos.audio.read_song` gives them.
    seed : int
        Of the noise and of a random initial pose.
    initial_pose : {"random", "zero"} or ndarray or PoseTrack
        Where the first piece begins: a first pose of a real dance, the middle of the
        canvas (released code), a pose of shape (18, 2) in [-1, 1], or the last pose of
        a track: of a generated dance on the same canvas, or of a cleaned track of a real
        one, which is scaled as the training data were. It has an effect only where the
        recipe has ``initial_pose: features``.
    temperature : float
        Factor of the noise; 0 always gives the same dance.
    join : {"initial_pose", "cross_fade"}
        ``initial_pose``: each piece begins from the last pose of the one before (thesis).
        ``cross_fade``: pieces overlap by a second in which one fades into the other;
        each begins from the pose that the one before has at its start, and the first
        begins a second before the song, so that no piece's first frames are seen alone.

    Returns
    -------
    PoseTrack
        ``openpose18`` at 10 frames a second, in pixels of the generator's canvas; one
        pose for every begun 0.1 s of the song.
    """
    options = {"initial_pose": initial_pose, "temperature": temperature, "join": join}
    return generate_many(generator, [song], seeds=[seed], **options)[0]


def generate_many(
    generator, songs, *, seeds, initial_pose="random", temperature=1.0, join="initial_pose"
):
    """Generate dances of several songs together, which is faster than one by one.

    Parameters
    ----------
    generator, initial_pose, temperature, join
        See `generate`.
    songs : sequence of ndarray
    seeds : sequence of int
        One a song.

    Returns
    -------
    list of PoseTrack
    """
    if join not in ("initial_pose", "cross_fade"):
        raise ConfigError("unknown join", value=join, remedy="Use initial_pose or cross_fade")
    overlap = OVERLAP if join == "cross_fade" else 0
    pieces = [split_song(network_audio(s, generator.method), overlap=overlap) for s in songs]
    rngs = [np.random.default_rng(seed) for seed in seeds]
    starts = np.stack([_initial_pose(generator, initial_pose, rng) for rng in rngs])
    noises = [
        draw_noise(
            len(p),
            CHUNK_FRAMES,
            generator=torch.Generator().manual_seed(int(rng.integers(2**63))),
            temperature=temperature,
        )
        for p, rng in zip(pieces, rngs, strict=True)
    ]
    dances = dance_pieces(generator.network, pieces, starts, noises, overlap=overlap)
    about = {"temperature": temperature, "join": join}
    return [
        _track(generator, poses[: -(-len(song) // FRAME_SAMPLES)], {**about, "seed": seed})
        for poses, song, seed in zip(dances, songs, seeds, strict=True)
    ]


def split_song(audio, *, overlap=0, last="pad"):
    """Cut a song into pieces of 5 seconds.

    Parameters
    ----------
    audio : ndarray of float32, shape (n,)
        As the network gets it.
    overlap : int
        Frames that each piece shares with the one before; the first begins that long
        before the song, with its first sample.
    last : {"pad", "overlap"}
        What becomes of the rest: filled up with its last sample, or replaced by the
        song's last 80,000 samples, as the released code does.

    Returns
    -------
    ndarray of float32, shape (pieces, 50, 1600)

    Raises
    ------
    ItemError
        Where the song is empty, or too short to overlap.
    """
    if not len(audio) or (last == "overlap" and len(audio) < CHUNK_SAMPLES):
        raise ItemError("the song is too short", value=len(audio))
    hop = CHUNK_SAMPLES - overlap * FRAME_SAMPLES
    audio = np.pad(audio, (overlap * FRAME_SAMPLES, 0), mode="edge")
    count = 1 + max(0, -(-(len(audio) - CHUNK_SAMPLES) // hop))
    pieces = [audio[i * hop :][:CHUNK_SAMPLES] for i in range(count)]
    if last == "overlap":
        pieces[-1] = audio[-CHUNK_SAMPLES:]
    pieces[-1] = np.pad(pieces[-1], (0, CHUNK_SAMPLES - len(pieces[-1])), mode="edge")
    return np.stack(pieces).reshape(count, CHUNK_FRAMES, FRAME_SAMPLES)


@torch.inference_mode()
def dance_pieces(network, songs, starts, noises, *, overlap=0):
    """Generate the pieces of several songs, each from a pose of the one before.

    The pose generator takes each frame on its own, so that only those frames are made one
    after the other that a next piece begins from. Then all others are made together, in
    parts of 16 pieces that are shared out over torch's number of threads, one thread
    each: their number changes no bit of the result.

    Parameters
    ----------
    network : DanceGenerator
        In eval mode.
    songs : sequence of ndarray of float32, shape (pieces, 50, 1600)
    starts : ndarray, shape (songs, 18, 2)
        Initial poses in [-1, 1].
    noises : sequence of Tensor, shape (pieces, 50, 10)
    overlap : int
        As given to `split_song`.

    Returns
    -------
    list of ndarray of float32, shape (pieces * (50 - overlap), 18, 2)
        In [-1, 1], from the song's begin on.
    """
    generator = FoldedGenerator(network)
    device = generator.device
    counts = [len(song) for song in songs]
    pieces = [piece for song in songs for piece in song]
    noise = torch.cat(tuple(noises)).to(device)
    parts = [slice(i, i + _AT_ONCE) for i in range(0, len(pieces), _AT_ONCE)]

    def listen(part):
        audio = torch.from_numpy(np.stack(pieces[part]).astype(np.float32, copy=False))
        return generator.listen(generator.encode(audio.to(device)), noise[part])

    with _workers(device) as workers:
        heard = torch.cat(list(workers.map(listen, parts)))
        first = torch.from_numpy(np.asarray(starts, np.float32)).flatten(1).to(device)
        begins = _begins(generator, heard, first, counts, CHUNK_FRAMES - max(overlap, 1))
        made = workers.map(lambda part: generator.poses(heard[part], begins[part]).cpu(), parts)
        dances = torch.cat(list(made)).split(counts)
    return [_joined(dance, overlap).view(-1, JOINTS, 2).numpy() for dance in dances]


def _begins(generator, heard, first, counts, frame):
    """Initial poses of all pieces, (pieces, 36): frame `frame` of the piece before."""
    begins = first.repeat_interleave(torch.tensor(counts, device=first.device), 0)
    if generator.follows:
        heads = np.cumsum([0, *counts[:-1]])
        for k in range(1, max(counts)):
            going = [head + k for head, count in zip(heads, counts, strict=True) if k < count]
            before = torch.tensor(going, device=first.device) - 1
            begins[before + 1] = generator.poses(heard[before, frame, None], begins[before])[:, 0]
    return begins


@contextlib.contextmanager
def _workers(device):
    """As many threads as torch uses on a CPU, with one thread of torch's own in each."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads if device.type == "cpu" else 1) as pool:
            yield pool
    finally:
        torch.set_num_threads(threads)


def _joined(pieces, overlap):
    """Fade (pieces, 50, 36) into each other; leave out the first `overlap` frames."""
    if not overlap:
        return pieces.flatten(0, 1)
    share = ((torch.arange(overlap) + 0.5) / overlap)[:, None]
    hop = CHUNK_FRAMES - overlap
    fades = (1 - share) * pieces[:-1, hop:] + share * pieces[1:, :overlap]
    tails = torch.cat([fades, pieces[-1:, hop:]])
    return torch.cat([pieces[:, overlap:hop], tails], 1).flatten(0, 1)


def _initial_pose(generator, chosen, rng):
    if isinstance(chosen, PoseTrack):
        return _last_pose(chosen, generator)
    if isinstance(chosen, str):
        if chosen == "zero" or (chosen == "random" and not len(generator.initial_poses)):
            return np.zeros((JOINTS, 2))
        if chosen == "random":
            return generator.initial_poses[rng.integers(len(generator.initial_poses))]
        raise ConfigError("unknown initial pose", value=chosen, remedy="Use random or zero")
    pose = np.asarray(chosen, np.float64)
    if pose.shape != (JOINTS, 2) or not np.isfinite(pose).all():
        raise ItemError(f"the initial pose must be finite, shape ({JOINTS}, 2)", value=pose.shape)
    return pose


def _last_pose(track, generator):
    if track.meta.get("source") != "generated":
        return normalise(track, method=generator.method, outside="clip").poses[-1]
    track = track.to("openpose18")
    if track.size != tuple(generator.canvas) or not track.given[-1].all():
        raise ItemError(
            "the last pose of a generated dance must be whole and on the model's canvas",
            value=track.size,
            remedy=f"Give a track of size {generator.canvas}, or a cleaned track of a real dance",
        )
    return from_pixels(track.keypoints[-1], generator.canvas)


def _track(generator, poses, about):
    return PoseTrack(
        keypoints=to_pixels(poses, generator.canvas),
        scores=np.ones(poses.shape[:2]),
        fps=POSE_FPS,
        size=generator.canvas,
        skeleton="openpose18",
        meta={
            "source": "generated",
            "recipe": generator.recipe.model_dump(),
            "training_seed": generator.summary.get("seed"),
            **about,
        },
    )
