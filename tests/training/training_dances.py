"""Few short chunks to train on."""

import numpy as np

from choreo.dataset.description import CANVAS, DataDescription
from choreo.dataset.normalise import Normalised, Transform
from choreo.dataset.pack import pack, write_shard

FRAMES = 20


class Dances:
    """Few chunks in memory, with the interface of ChunkDataset.

    They are shorter than they say, which saves time and which no network minds.
    """

    description, split = DataDescription(), "train"

    def __init__(self, path, chunks=5, frames=FRAMES, seed=0):
        rng = np.random.default_rng(seed)
        phase = np.linspace(0, 6, frames)[:, None, None] + rng.uniform(0, 6, (chunks, 1, 1, 1))
        self.pose = (0.5 * np.sin(phase + rng.uniform(0, 6, (1, 1, 18, 2)))).astype(np.float32)
        self.audio = rng.uniform(0, 1, (chunks, frames, 1600)).astype(np.float32)
        self.path = path
        np.savez(path, pose=self.pose, audio=self.audio)

    def __len__(self):
        return len(self.pose)

    def batch(self, indices):
        pose = self.pose[indices]
        return {"pose": pose, "audio": self.audio[indices], "initial_pose": pose[:, 0].copy()}


def packed(folder, chunks=8):
    """Path of a packed file of `chunks` training chunks, as `choreo.dataset` makes it."""
    rng = np.random.default_rng(0)
    frames = 50 * chunks
    moves = np.sin(np.arange(frames)[:, None, None] / rng.uniform(2, 9, (1, 18, 2)))
    shard = folder / "dance.h5"
    normalised = Normalised(
        poses=(moves * 0.5).astype(np.float32),
        repaired=np.zeros((frames, 18), bool),
        transform=Transform((1.0, 1.0), (0.0, 0.0)),
        canvas=CANVAS["thesis"],
        start_seconds=0.0,
        cut_frames=0,
        values=frames * 36,
        values_outside=0,
        method="thesis",
        outside="clip",
    )
    song = rng.integers(-20_000, 20_000, frames * 1600, np.int16)
    write_shard(shard, normalised, song, video="dance", song="song")
    pack([shard], folder / "dataset.h5", splits={"dance": "train"})
    return folder / "dataset.h5"
