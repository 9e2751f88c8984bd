"""The frozen feature extractor that Frechet distances are taken with.

A small convolutional network learns real training dances and nothing else: to put a
5-second segment into 32 numbers from which it can be drawn again, and from which one can
read how a segment was damaged (another tempo, a frozen span, a span with left and right
swapped, jitter) where it was. The first task alone makes features that hardly notice
noise, since what can't be drawn again is left out of them. The network knows no model under
evaluation, unlike the thesis's released code, whose features come from the
discriminator of one of the models it compares.
"""

import contextlib
import hashlib
from typing import Annotated

import numpy as np
import torch
from pydantic import BaseModel, Field
from torch import nn

from choreo.errors import ItemError
from choreo.files.outside import reading
from choreo.files.sealed import load_tensors, save_tensors
from choreo.pose.skeletons import OPENPOSE18
from choreo.rates import CHUNK_SECONDS, MAX_CHUNK_SECONDS, MAX_FPS, POSE_FPS

JOINTS = len(OPENPOSE18)
DIMENSIONS = 32
STEPS = 400
BATCH = 64
_FORMAT = "choreo-extractor-3"
_DAMAGES = 4
_USUAL_FRAMES = round(POSE_FPS * CHUNK_SECONDS)
"""Of segments of extractors that do not say it."""


class _Network(nn.Module):
    """Positions and steps of a segment -> features -> the same positions, and damages.

    Parameters
    ----------
    frames : int
        Of a segment, T.
    """

    def __init__(self, frames):
        super().__init__()
        channels, width = 2 * JOINTS, 48
        self.encoder = nn.Sequential(
            nn.Conv1d(2 * channels, width, 5, 2, 2),
            nn.ReLU(),
            nn.Conv1d(width, width, 5, 2, 2),
            nn.ReLU(),
            nn.Conv1d(width, width, 5, 2, 2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(width * -(-frames // 8), DIMENSIONS),
        )
        self.decoder = nn.Sequential(
            nn.Linear(DIMENSIONS, 128),
            nn.ReLU(),
            nn.Linear(128, channels * frames),
            nn.Unflatten(1, (channels, frames)),
        )
        self.damages = nn.Linear(DIMENSIONS, _DAMAGES)
        for name, size in (("mean", channels), ("position_scale", 1), ("step_scale", 1)):
            self.register_buffer(name, torch.ones(size, 1))

    def standardise(self, pixels):
        """(N, T, 18, 2) pixels to (N, 36, T) centred positions."""
        return (pixels.flatten(2).transpose(1, 2) - self.mean) / self.position_scale

    def steps(self, positions):
        """Differences between frames, on a scale of their own."""
        difference = torch.diff(positions, dim=2, prepend=positions[:, :, :1])
        return difference * (self.position_scale / self.step_scale)

    def forward(self, pixels):
        positions = self.standardise(pixels)
        return self.encoder(torch.cat([positions, self.steps(positions)], 1))


class Extractor:
    """Trained extractor.

    Attributes
    ----------
    meta : dict
        `data_sha256` of the training poses, `segments`, `songs` (those trained on), `seen`
        (`choreo.dataset.seen.seen_in` of the training data, or None), `seed`, `steps`,
        `loss` (at the last step), `frames` (of a segment).
    """

    def __init__(self, network, meta):
        self._network = network.eval().requires_grad_(False)
        self.meta = meta

    @property
    def songs(self):
        """Set of the songs whose dances it was trained on."""
        return set(self.meta["songs"])

    @property
    def videos(self):
        """Set of the videos that it was trained on; empty where that is not known."""
        return set((self.meta["seen"] or {}).get("videos", ()))

    @property
    def frames(self):
        """Frames of the segments that it was trained on, and takes: T."""
        return self.meta["frames"]

    def features(self, pixels):
        """Features of segments.

        Parameters
        ----------
        pixels : ndarray, shape (N, T, 18, 2)
            Canvas pixels, OpenPose-18, at the rate of the training segments.

        Returns
        -------
        ndarray of float64, shape (N, 32)
        """
        pixels = _checked(pixels, self.frames)
        with _one_thread():
            found = [
                self._network(torch.from_numpy(pixels[start : start + 512])).numpy()
                for start in range(0, len(pixels), 512)
            ]
        return np.concatenate([*found, np.zeros((0, DIMENSIONS))]).astype(float)

    def save(self, path):
        """Write as safetensors, whole or not at all; the same extractor gives the same bytes."""
        save_tensors(path, self._network.state_dict(), {"format": _FORMAT, **self.meta})

    @classmethod
    def load(cls, path):
        """Read what `save` wrote.

        Raises
        ------
        ItemError
            Where the file is missing, damaged, or is no extractor.
        """
        what, remedy = "a feature extractor", "Delete it; the evaluation stage trains it again"
        meta, state = load_tensors(path, what, remedy=remedy)
        with reading(path, what, remedy=remedy):
            if meta.pop("format") != _FORMAT:
                raise ValueError("of another version of choreo")
            meta = {**meta, "frames": _Meta.model_validate(meta).frames}
            network = _Network(meta["frames"])
            network.load_state_dict(state)
        return cls(network, meta)


class _Meta(BaseModel):
    """What is read of an extractor's header."""

    songs: list[str]
    seen: dict[str, list[str]] | None
    frames: Annotated[int, Field(ge=2, le=MAX_FPS * MAX_CHUNK_SECONDS)] = _USUAL_FRAMES


def train_extractor(pixels, songs, *, seen=None, seed=1, steps=STEPS):
    """Train the extractor on real training dances.

    Parameters
    ----------
    pixels : ndarray, shape (N, T, 18, 2)
        Canvas pixels of real training segments.
    songs : sequence of str
        The song of each, kept to refuse a later leak.
    seen : dict, optional
        `choreo.dataset.seen.seen_in` of the dataset they are from, kept for the same.
    seed : int
        Of the weights and the order.
    steps : int
        Optimizer steps of 64 segments.

    Returns
    -------
    Extractor
        On a CPU two runs give the same bytes.
    """
    pixels = _checked(pixels)
    frames = pixels.shape[1]
    if len(pixels) < 2 or len(songs) != len(pixels):
        raise ItemError(
            "the extractor needs at least two training segments and the song of each",
            value=f"{len(pixels)} segments, {len(songs)} songs",
        )
    data = torch.from_numpy(pixels)
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(seed)
        network = _Network(frames)
        flat = data.flatten(2)
        network.mean.copy_(flat.mean((0, 1))[:, None])
        # One scale for all joints: a joint that moves little must not weigh as much as a
        # hand. Pixels and steps of a still set are not blown up.
        network.position_scale.fill_(max(1.0, float((flat - network.mean.T).std())))
        network.step_scale.fill_(max(1.0, float(torch.diff(flat, dim=1).std())))
        optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        loss = torch.tensor(float("nan"))
        for _ in range(steps):
            batch = data[torch.randint(len(data), (BATCH,))]
            target = network.standardise(batch)
            features = network(batch)
            made = network.decoder(features)
            loss = nn.functional.mse_loss(made, target) + nn.functional.mse_loss(
                network.steps(made), network.steps(target)
            )
            damaged, amounts = _damage(batch)
            loss = loss + _DAMAGES * (
                nn.functional.mse_loss(network.damages(network(damaged)), amounts)
                + network.damages(features).square().mean()
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    meta = {
        "data_sha256": hashlib.sha256(pixels).hexdigest(),
        "segments": len(pixels),
        "frames": frames,
        "songs": sorted(set(map(str, songs))),
        "seen": seen,
        "seed": seed,
        "steps": steps,
        "loss": float(loss.detach()),
    }
    return Extractor(network, meta)


def _damage(segments):
    """Damage segments at random, each in some of four ways.

    Parameters
    ----------
    segments : Tensor, shape (N, T, 18, 2)

    Returns
    -------
    damaged : Tensor, the same shape
    amounts : Tensor, shape (N, 4)
        Binary logarithm of the tempo's factor (half to double); twice the share of
        frames that stand still; four times the share of frames in which left and right
        are swapped (or not, where that is the smaller share); binary logarithm of 1 +
        the jitter's standard deviation in pixels (up to 64).
    """
    count, length = segments.shape[:2]
    rows, frames = torch.arange(count)[:, None], torch.arange(length)[None]

    def sometimes(values):
        return values * (torch.rand(count) < 0.5)

    def span():
        share = sometimes(torch.rand(count))
        part = (share * length).round()
        first = (torch.rand(count) * (length - part)).floor().long()[:, None]
        return share, first, (frames >= first) & (frames < first + part[:, None])

    tempo = sometimes(torch.rand(count) * 2 - 1)
    # A faster segment turns round at its end and comes back.
    time = frames * 2 ** tempo[:, None]
    time = (length - 1) - (time % (2 * (length - 1)) - (length - 1)).abs()
    before = time.floor().long().clamp(max=length - 2)
    after = (time - before)[..., None, None]
    damaged = segments[rows, before] * (1 - after) + segments[rows, before + 1] * after
    frozen, first, still = span()
    damaged = damaged[rows, torch.where(still, first, frames)]
    swapped, _, mirrored = span()
    damaged = torch.where(mirrored[..., None, None], damaged[:, :, OPENPOSE18.mirror], damaged)
    jitter = sometimes(2 ** (torch.rand(count) * 7 - 1))
    damaged = damaged + jitter[:, None, None, None] * torch.randn(damaged.shape)
    # More than half of the frames swapped is less than half of them not swapped.
    swapped = torch.minimum(swapped, 1 - swapped)
    return damaged, torch.stack([tempo, 2 * frozen, 4 * swapped, torch.log2(1 + jitter)], 1)


@contextlib.contextmanager
def _one_thread():
    """Sums in one order: the same bytes whatever the number of cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _checked(pixels, frames=None):
    pixels = np.ascontiguousarray(pixels, np.float32)
    shape = (frames or (pixels.shape[1] if pixels.ndim == 4 else "T"), JOINTS, 2)
    if pixels.ndim != 4 or pixels.shape[1:] != shape or pixels.shape[1] < 2:
        raise ItemError(
            f"the extractor takes segments of shape (N, {', '.join(map(str, shape))})",
            value=pixels.shape,
        )
    if not np.isfinite(pixels).all():
        raise ItemError("segments have positions that are not finite")
    return pixels
