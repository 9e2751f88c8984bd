import numpy as np
import pytest
import torch

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


@pytest.fixture
def dances(tmp_path):
    return Dances(tmp_path / "dances.npz")


@pytest.fixture
def batch():
    """Two clips as tensors, with noise and the share of real poses."""
    random = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.rand(shape, generator=random) * 2 - 1

    poses = draw(2, FRAMES, 36) / 2
    batch = {"poses": poses, "audio": draw(2, FRAMES, 1600), "initial": poses[:, 0]}
    return batch, draw(2, FRAMES, 10) / 3, draw(2, 1, 1) / 2 + 0.5


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
