"""The network behind the Original's pose perceptual loss, trained on real dances.

Ren et al. trained theirs on dance classes that aren't public. Here it learns, without
labels, to tell what was done to a real dance: 16 classes, every combination of four
changes of its timing. To do so it has to know how real dances move.

1. played backwards;
2. played at double speed, twice over;
3. cut into segments of a fifth of its length that are put in another order;
4. the arms delayed by a tenth of its length against the rest of the body.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from choreo.files import ending
from choreo.files.sealed import load_tensors, save_torch
from choreo.models.divergence import TrainingDiverged
from choreo.models.gan.networks import fill, load_state
from choreo.models.gan.stgcn import CLASSES, SpatialTemporalGraphNetwork

_ARMS = (2, 3, 4, 5, 6, 7)  # shoulders, elbows and wrists in OpenPose-18
_BATCH = 16
_LEARNING_RATE = 1e-3


def change(poses, label, rng):
    """Change the timing of a dance.

    Parameters
    ----------
    poses : ndarray, shape (T, 18, 2)
        A real dance.
    label : int
        0 to 15; its bits say which of the four changes are made.
    rng : numpy.random.Generator
        Of the order of the segments.

    Returns
    -------
    ndarray, shape (T, 18, 2)
    """
    frames = len(poses)
    if label & 1:
        poses = poses[::-1]
    if label & 2:
        fast = poses[::2]
        poses = np.concatenate([fast, fast])[:frames]
    if label & 4:
        segments = np.array_split(np.arange(frames), 5)
        order = rng.permutation(5)
        while (order == np.arange(5)).all():
            order = rng.permutation(5)
        poses = poses[np.concatenate([segments[i] for i in order])]
    if label & 8:
        late = max(1, frames // 10)
        poses = np.array(poses)
        poses[:, _ARMS] = np.concatenate([poses[:1, _ARMS]] * late + [poses[:-late, _ARMS]])
    return np.ascontiguousarray(poses)


class Pretraining:
    """Network, optimizer and position of one run of `choreo.training.perceptual.pretrain`."""

    def __init__(self, dataset, steps, seed, folder, device):
        self._dataset, self._steps, self._seed = dataset, steps, seed
        self._folder, self._device = folder, device
        torch.manual_seed(seed)
        self.network = SpatialTemporalGraphNetwork().to(device)
        self._optimizer = torch.optim.Adam(
            self.network.parameters(), lr=_LEARNING_RATE, fused=device.type != "mps"
        )
        self.step, self.right = 0, []

    def advance(self):
        """Make one step; the network has no dropout, so that only the batch is random."""
        # Drawn anew from the seed and the step, which is all that a checkpoint keeps of it.
        rng = np.random.default_rng([self._seed, self.step])
        size = min(_BATCH, len(self._dataset))
        poses = self._dataset.batch(rng.choice(len(self._dataset), size, replace=False))["pose"]
        labels = rng.integers(CLASSES, size=len(poses))
        changed = np.stack([change(p, b, rng) for p, b in zip(poses, labels, strict=True)])
        batch = torch.from_numpy(changed.astype(np.float32)).flatten(2).to(self._device)
        target = torch.from_numpy(labels).to(self._device)
        logits = self.network(batch)
        loss = functional.cross_entropy(logits, target)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.get_total_norm([p.grad for p in self.network.parameters()])
        if not torch.isfinite(loss + norm):
            self._diverged(loss.item(), norm.item(), {"poses": batch, "labels": target})
        self._optimizer.step()
        self.right.append(float((logits.argmax(1) == target).float().mean()))
        self.step += 1

    def _diverged(self, loss, norm, batch):
        path = self._folder / f"diverged-step{self.step}.pt"
        save_torch(path, {"batch": batch, **self.state()})
        raise TrainingDiverged(
            f"the perceptual network diverged at step {self.step} of {self._steps}: loss "
            f"{loss:.4g}, gradient {norm:.4g}",
            where=path,
            remedy="The file holds the batch and the network. Look for outliers in the batch",
        )

    def state(self):
        """Everything a checkpoint holds."""
        return {
            "step": self.step,
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "right": self.right,
        }

    def restore(self, state):
        """Go on from a checkpoint, if there is one."""
        if state is None:
            return
        self.step, self.right = state["step"], state["right"]
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        print(f"goes on from step {self.step} of {self._steps}, {self._folder}", file=sys.stderr)


def load_perceptual(path):
    """Read the perceptual network.

    Parameters
    ----------
    path : str or Path
        ``.safetensors`` that `pretrain` wrote, or the ``.pth`` that Ren et al. released.

    Returns
    -------
    network : SpatialTemporalGraphNetwork
        In eval mode.
    summary : dict
        Where it comes from.

    Raises
    ------
    ItemError
        Where the file is missing or holds no such network.
    """
    path = Path(path)
    network = SpatialTemporalGraphNetwork()
    if ending(path) == ".safetensors":
        summary, state = load_tensors(path, "a perceptual network")
        fill(network, state, where=path)
    else:
        load_state(network, path)
        summary = {"source": path.name}
    return network.eval(), summary
