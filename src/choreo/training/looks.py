"""Early looks: what a model dances while it is still being trained.

The dance is written here and drawn by a process of its own (`render_look`), so that the
training doesn't wait for it, and an edit of the drawing trains no model anew.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from choreo.dataset.audio import encode
from choreo.dataset.normalise import POSE_FPS, to_pixels
from choreo.track import PoseTrack
from choreo.training.data import load_batch
from choreo.training.pose_generator import JOINTS, draw_noise
from choreo.videos.audio import write_wav


class Looks:
    """A dance to one training chunk's music every few epochs, as an mp4 and in TensorBoard.

    Nothing of the training changes by it: the noise has a random state of its own.

    Parameters
    ----------
    dataset : Chunks
    folder : str or Path
        Where ``epoch0010.npz``, ``epoch0010.mp4`` and ``song.wav`` go.
    log_dir : str or Path
        TensorBoard's folder.
    every : int
        Epochs between two looks; 0: none.
    seed : int
        Of the noise and of the choice of the chunk.
    """

    def __init__(self, dataset, folder, log_dir, *, every, seed):
        self._dataset, self._folder, self._log_dir = dataset, Path(folder), log_dir
        self._every, self._seed = every, seed
        self._chunk = int(np.random.default_rng(seed).integers(len(dataset)))
        self._drawing = []

    def __call__(self, generator, epoch, step):
        """Let a generator dance, if so many finished epochs ask for it.

        Parameters
        ----------
        generator : DanceGenerator
        epoch, step : int
            Epochs and steps that are done.
        """
        if not self._every or epoch % self._every:
            return
        device = next(generator.parameters()).device
        batch = load_batch(self._dataset, [self._chunk], device)
        random = torch.Generator().manual_seed(self._seed)
        noise = draw_noise(*batch["poses"].shape[:2], generator=random).to(device)
        was_training = generator.training
        generator.eval()
        with torch.no_grad():
            poses = generator(batch["audio"], batch["initial"], noise)
        generator.train(was_training)
        poses = poses[0].float().cpu().numpy().reshape(-1, JOINTS, 2)
        self._draw(poses, batch["audio"][0].cpu().numpy(), epoch, step)

    def _draw(self, poses, audio, epoch, step):
        path = self._folder / f"epoch{epoch:04d}.npz"
        PoseTrack(
            to_pixels(poses, self._dataset.canvas),
            np.ones(poses.shape[:2]),
            POSE_FPS,
            self._dataset.canvas,
            skeleton="openpose18",
            meta={"source": "early look", "epoch": epoch, "chunk": self._chunk},
        ).save(path)
        song = self._folder / "song.wav"
        write_wav(song, [encode(audio.reshape(-1), self._dataset.method)])
        command = [sys.executable, "-m", "choreo.training.render_look", str(path), str(song)]
        self._drawing.append(subprocess.Popen([*command, str(self._log_dir), str(step)]))

    def close(self):
        """Wait for the pictures."""
        for process in self._drawing:
            if process.wait():
                print("an early look could not be drawn (see above)", file=sys.stderr)
