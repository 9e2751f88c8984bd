"""Few short chunks to train on."""

import numpy as np

FRAMES = 20


class Dances:
    """Few short chunks in memory, with the interface of ChunkDataset."""

    method, canvas, split = "thesis", (640, 320), "train"

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
