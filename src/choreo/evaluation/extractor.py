"""The frozen feature extractor that Frechet distances are taken with.

A small convolutional autoencoder learns real training dances and nothing else. Its
bottleneck is the feature vector of a 5-second piece. It knows no model under
evaluation, unlike the thesis's released code, whose features come from the
discriminator of one of the models it compares.
"""

import contextlib
import hashlib
import json

import numpy as np
import safetensors
import torch
from safetensors.torch import load_file, save
from torch import nn

from choreo.errors import ItemError
from choreo.files import whole

FRAMES, JOINTS = 50, 18
DIMENSIONS = 32
STEPS = 400
BATCH = 64
_FORMAT = "choreo-extractor-1"


class _Autoencoder(nn.Module):
    """Positions and steps of a piece -> features -> the same positions."""

    def __init__(self):
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
            nn.Linear(width * 7, DIMENSIONS),
        )
        self.decoder = nn.Sequential(
            nn.Linear(DIMENSIONS, 128),
            nn.ReLU(),
            nn.Linear(128, channels * FRAMES),
            nn.Unflatten(1, (channels, FRAMES)),
        )
        for name, size in (("mean", channels), ("position_scale", 1), ("step_scale", 1)):
            self.register_buffer(name, torch.ones(size, 1))

    def standardise(self, pixels):
        """(N, 50, 18, 2) pixels to (N, 36, 50) centred positions."""
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
        `data_sha256` of the training poses, `pieces`, `songs` (those trained on),
        `seed`, `steps`, `loss` (mean squared error of standardised positions and
        steps at the last step).
    """

    def __init__(self, network, meta):
        self._network = network.eval().requires_grad_(False)
        self.meta = meta

    @property
    def songs(self):
        """Set of the songs whose dances it was trained on."""
        return set(self.meta["songs"])

    def features(self, pixels):
        """Features of pieces.

        Parameters
        ----------
        pixels : ndarray, shape (N, 50, 18, 2)
            Canvas pixels, OpenPose-18, 10 frames a second.

        Returns
        -------
        ndarray of float64, shape (N, 32)
        """
        pixels = _checked(pixels)
        with _one_thread():
            found = [
                self._network(torch.from_numpy(pixels[start : start + 512])).numpy()
                for start in range(0, len(pixels), 512)
            ]
        return np.concatenate([*found, np.zeros((0, DIMENSIONS))]).astype(float)

    def save(self, path):
        """Write as safetensors, whole or not at all; the same extractor gives the same bytes."""
        # One metadata entry: the order of several is not fixed.
        meta = {"choreo": json.dumps({"format": _FORMAT, **self.meta}, sort_keys=True)}
        with whole(path) as temporary:
            temporary.write_bytes(save(self._network.state_dict(), metadata=meta))

    @classmethod
    def load(cls, path):
        """Read what `save` wrote.

        Raises
        ------
        ItemError
            Where the file is missing or is no extractor.
        """
        try:
            with safetensors.safe_open(path, "pt") as file:
                meta = json.loads((file.metadata() or {})["choreo"])
            if meta.pop("format") != _FORMAT:
                raise KeyError("format")
            network = _Autoencoder()
            network.load_state_dict(load_file(path))
        except FileNotFoundError:
            raise ItemError("no such file", where=path) from None
        except (safetensors.SafetensorError, KeyError, ValueError, RuntimeError, OSError) as error:
            raise ItemError(
                f"not a feature extractor ({str(error).splitlines()[0]})",
                where=path,
                remedy="Delete it; the evaluation stage trains it again",
            ) from None
        return cls(network, meta)


def train_extractor(pixels, songs, *, seed=1, steps=STEPS):
    """Train the extractor on real training dances.

    Parameters
    ----------
    pixels : ndarray, shape (N, 50, 18, 2)
        Canvas pixels of real training pieces.
    songs : sequence of str
        The song of each, kept to refuse a later leak.
    seed : int
        Of the weights and the order.
    steps : int
        Optimizer steps of 64 pieces.

    Returns
    -------
    Extractor
        On a CPU two runs give the same bytes.
    """
    pixels = _checked(pixels)
    if len(pixels) < 2 or len(songs) != len(pixels):
        raise ItemError(
            "the extractor needs at least two training pieces and the song of each",
            value=f"{len(pixels)} pieces, {len(songs)} songs",
        )
    data = torch.from_numpy(pixels)
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(seed)
        network = _Autoencoder()
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
            made = network.decoder(network(batch))
            loss = nn.functional.mse_loss(made, target) + nn.functional.mse_loss(
                network.steps(made), network.steps(target)
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    meta = {
        "data_sha256": hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest(),
        "pieces": len(pixels),
        "songs": sorted(set(map(str, songs))),
        "seed": seed,
        "steps": steps,
        "loss": float(loss.detach()),
    }
    return Extractor(network, meta)


@contextlib.contextmanager
def _one_thread():
    """Sums in one order: the same bytes whatever the number of cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _checked(pixels):
    pixels = np.ascontiguousarray(pixels, np.float32)
    if pixels.ndim != 4 or pixels.shape[1:] != (FRAMES, JOINTS, 2):
        raise ItemError(
            f"the extractor takes pieces of shape (N, {FRAMES}, {JOINTS}, 2)", value=pixels.shape
        )
    if not np.isfinite(pixels).all():
        raise ItemError("pieces have positions that are not finite")
    return pixels
