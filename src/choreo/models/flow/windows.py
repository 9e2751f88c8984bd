"""Windows that a flow learns from, drawn from anywhere in a dataset's dances."""

import numpy as np
import torch

from choreo.models.songs import needed, songs_of

_OF_THIS = 7  # numbers drawn here are none that others draw from the seed


class Windows:
    """Draws the windows of each step, from the seed and the step's number alone.

    Parameters
    ----------
    dataset : choreo.models.data.Chunks
    recipe : choreo.models.flow.recipe.Recipe
    seed : int
    device : torch.device
    """

    def __init__(self, dataset, recipe, seed, device):
        self._dataset, self._recipe, self._seed, self._device = dataset, recipe, seed, device
        self._frames = dataset.batch([0])["pose"].shape[1]
        self._songs = songs_of(dataset, recipe.music)
        self._windows = {}

    def __call__(self, step):
        """Windows of a step; see `choreo.models.family.Batches`.

        Returns
        -------
        dict of str to Tensor
            ``poses`` (B, T, 2 J) in [-1, 1], ``music`` (B, T, n), ``mask`` (B, T, J): 1
            where a pose is given, ``deaf`` (B,): without music.
        """
        rng = np.random.default_rng([self._seed, _OF_THIS, step])
        count = self._recipe.batch_size
        poses, music = self._drawn(rng)
        batch = {
            "poses": poses.reshape(*poses.shape[:2], -1),
            "music": music,
            "mask": draw_masks(rng, poses.shape[:3], self._recipe.without_known),
            "deaf": rng.random(count) < self._recipe.without_music,
        }
        return {
            name: torch.from_numpy(np.ascontiguousarray(values)).to(self._device)
            for name, values in batch.items()
        }

    def close(self):
        """Let go of the songs."""
        self._songs = None

    def _drawn(self, rng):
        recipe, chosen, cuts = self._recipe, [], []
        for _ in range(recipe.batch_size):
            speed = 1.0
            if recipe.tempo and rng.random() < 0.5:
                speed = (1 + recipe.tempo) ** rng.uniform(-1, 1)
            windows = self._long(needed(self._frames, speed))
            if not len(windows):  # no dance goes on for so long
                speed, windows = 1.0, self._long(self._frames)
            window = windows[rng.integers(len(windows))]
            mirrored = recipe.mirror and rng.random() < 0.5
            chosen.append(window)
            cuts.append(self._songs.cut(window, self._frames, speed=speed, mirrored=mirrored))
        poses, music = zip(*cuts)
        if music[0] is None:
            music = self._songs.stored_sound(self._dataset, chosen, self._frames)
        return np.stack(poses), np.stack(music)

    def _long(self, frames):
        if frames not in self._windows:
            self._windows[frames] = self._songs.windows(frames)
        return self._windows[frames]


def draw_masks(rng, shape, nothing):
    """Draw what is given of windows, to learn to fill in the rest.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : tuple of int
        (B, T, J).
    nothing : float
        Share of the windows of which nothing is given.

    Returns
    -------
    ndarray of float32, shape (B, T, J)
        Of the others a quarter each: a beginning (in half of them the first pose alone), a
        span anywhere or all but a span, single frames, some joints throughout.
    """
    count, frames, joints = shape
    masks = np.zeros(shape, np.float32)
    for mask, kind in zip(masks, rng.random(count)):
        if kind < nothing:
            continue
        kind = (kind - nothing) / (1 - nothing)
        if kind < 0.25:
            mask[: 1 if rng.random() < 0.5 else rng.integers(1, frames)] = 1
        elif kind < 0.5:
            first, last = np.sort(rng.integers(0, frames + 1, 2))
            mask[first:last] = 1
            if rng.random() < 0.5:
                mask[:] = 1 - mask
        elif kind < 0.75:
            mask[rng.random(frames) < rng.random()] = 1
        else:
            mask[:, rng.random(joints) < rng.random()] = 1
    return masks
