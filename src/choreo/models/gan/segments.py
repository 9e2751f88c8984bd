"""Dances of the GAN, segment by segment (thesis section 6.2).

A song is cut into segments of 5 seconds, and each segment begins from a pose of the one
before: its last (thesis), or one a second earlier, with a cross-fade.
"""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from choreo.errors import ItemError
from choreo.models.gan.kernels.folded import FoldedGenerator
from choreo.models.gan.music_encoder import FRAME_SAMPLES
from choreo.models.gan.pose_generator import JOINTS, PlainGenerator
from choreo.rates import CHUNK_SECONDS, POSE_FPS, SAMPLE_RATE

CHUNK_FRAMES = round(CHUNK_SECONDS * POSE_FPS)
CHUNK_SAMPLES = round(CHUNK_SECONDS * SAMPLE_RATE)
"""What the networks are made for (`choreo.models.gan.recipe.Recipe.check`)."""

_AT_ONCE = 16
"""Segments of one part: enough for the recurrent layers' speed, few enough to share out."""


def split_song(audio, *, overlap=0, last="pad"):
    """Cut a song into segments of 5 seconds.

    Parameters
    ----------
    audio : ndarray of float32, shape (n,)
        As the network gets it.
    overlap : int
        Frames that each segment shares with the one before; the first begins that long
        before the song, with its first sample.
    last : {"pad", "overlap"}
        What becomes of the rest: filled up with its last sample, or replaced by the
        song's last 80,000 samples, as the released code does.

    Returns
    -------
    ndarray of float32, shape (segments, 50, 1600)

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
    segments = [audio[i * hop :][:CHUNK_SAMPLES] for i in range(count)]
    if last == "overlap":
        segments[-1] = audio[-CHUNK_SAMPLES:]
    segments[-1] = np.pad(segments[-1], (0, CHUNK_SAMPLES - len(segments[-1])), mode="edge")
    return np.stack(segments).reshape(count, CHUNK_FRAMES, FRAME_SAMPLES)


@torch.inference_mode()
def dance_segments(network, songs, starts, noises, *, overlap=0, kernels=True):
    """Generate the segments of several songs, each from a pose of the one before.

    The pose generator takes each frame on its own, so that only those frames are made one
    after the other that a next segment begins from. Then all others are made together, in
    parts of 16 segments that are shared out over torch's number of threads, one thread
    each: their number changes no bit of the result.

    Parameters
    ----------
    network : DanceGenerator
        In eval mode.
    songs : sequence of ndarray of float32, shape (segments, 50, 1600)
    starts : ndarray, shape (songs, 18, 2)
        Initial poses in [-1, 1].
    noises : sequence of Tensor, shape (segments, 50, 10)
    overlap : int
        As given to `split_song`.
    kernels : bool
        See `choreo.models.gan.recipe.Recipe`.

    Returns
    -------
    list of ndarray of float32, shape (segments * (50 - overlap), 18, 2)
        In [-1, 1], from the song's begin on.
    """
    generator = (FoldedGenerator if kernels else PlainGenerator)(network)
    device = generator.device
    counts = [len(song) for song in songs]
    segments = [segment for song in songs for segment in song]
    noise = torch.cat(tuple(noises)).to(device)
    parts = [slice(i, i + _AT_ONCE) for i in range(0, len(segments), _AT_ONCE)]

    def listen(part):
        audio = torch.from_numpy(np.stack(segments[part]).astype(np.float32, copy=False))
        return generator.listen(generator.encode(audio.to(device)), noise[part])

    with _workers(device) as workers:
        encoded_music = torch.cat(list(workers.map(listen, parts)))
        first = torch.from_numpy(np.asarray(starts, np.float32)).flatten(1).to(device)
        begins = _begins(generator, encoded_music, first, counts, CHUNK_FRAMES - max(overlap, 1))
        made = workers.map(
            lambda part: generator.poses(encoded_music[part], begins[part]).cpu(), parts
        )
        dances = torch.cat(list(made)).split(counts)
    return [_joined(dance, overlap).view(-1, JOINTS, 2).numpy() for dance in dances]


def _begins(generator, encoded_music, first, counts, frame):
    """Initial poses of all segments, (segments, 36): frame `frame` of the segment before."""
    begins = first.repeat_interleave(torch.tensor(counts, device=first.device), 0)
    if generator.follows:
        heads = np.cumsum([0, *counts[:-1]])
        for k in range(1, max(counts)):
            going = [head + k for head, count in zip(heads, counts, strict=True) if k < count]
            before = torch.tensor(going, device=first.device) - 1
            begins[before + 1] = generator.poses(
                encoded_music[before, frame, None], begins[before]
            )[:, 0]
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


def _joined(segments, overlap):
    """Fade (segments, 50, 36) into each other; leave out the first `overlap` frames."""
    if not overlap:
        return segments.flatten(0, 1)
    share = ((torch.arange(overlap) + 0.5) / overlap)[:, None]
    hop = CHUNK_FRAMES - overlap
    fades = (1 - share) * segments[:-1, hop:] + share * segments[1:, :overlap]
    tails = torch.cat([fades, segments[-1:, hop:]])
    return torch.cat([segments[:, overlap:hop], tails], 1).flatten(0, 1)
