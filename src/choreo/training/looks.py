"""Early looks: what a model dances while it is still being trained.

The dance is written here and drawn by a process of its own (`render_look`), so that the
training doesn't wait for it, and an edit of the drawing trains no model anew.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from choreo.dataset.audio import encode, unframed
from choreo.dataset.normalise import to_pixels
from choreo.models.data import load_batch
from choreo.pose.track import PoseTrack
from choreo.videos.wav import write_wav


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

    def __call__(self, model, device, epoch, step):
        """Let a model dance, if so many finished epochs ask for it.

        Parameters
        ----------
        model : choreo.models.family.Model
        device : torch.device
        epoch, step : int
            Epochs and steps that are done.
        """
        if not self._every or epoch % self._every:
            return
        batch = load_batch(self._dataset, [self._chunk], device, music=model.recipe.music)
        random = torch.Generator().manual_seed(self._seed)
        poses = model.redraw(batch, random)[0].float().cpu().numpy()
        self._draw(poses.reshape(len(poses), -1, 2), epoch, step)

    def _draw(self, poses, epoch, step):
        data = self._dataset.description
        path = self._folder / f"epoch{epoch:04d}.npz"
        PoseTrack(
            to_pixels(poses, data.canvas),
            np.ones(poses.shape[:2]),
            data.fps,
            data.canvas,
            skeleton=data.skeleton,
            meta={"source": "early look", "epoch": epoch, "chunk": self._chunk},
        ).save(path)
        song = self._folder / "song.wav"
        samples = unframed(self._dataset.batch([self._chunk])["audio"][0], data)
        write_wav(song, [encode(samples, data.method)], rate=data.sample_rate)
        command = [sys.executable, "-m", "choreo.training.render_look", str(path), str(song)]
        self._drawing.append(subprocess.Popen([*command, str(self._log_dir), str(step)]))

    def close(self):
        """Wait for the pictures."""
        for process in self._drawing:
            if process.wait():
                print("an early look could not be drawn (see above)", file=sys.stderr)
