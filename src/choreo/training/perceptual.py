"""The network behind the Original's pose perceptual loss, trained on real dances.

Ren et al. trained theirs on dance classes that aren't public. Here it learns, without
labels, to tell what was done to a real dance: 16 classes, every combination of four
changes of its timing. To do so it has to know how real dances move.

1. played backwards;
2. played at double speed, twice over;
3. cut into pieces of a fifth of its length that are put in another order;
4. the arms delayed by a tenth of its length against the rest of the body.
"""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch.nn import functional

from choreo.errors import ItemError
from choreo.files import whole
from choreo.training.data import data_hash
from choreo.training.networks import fill, load_state
from choreo.training.stgcn import CLASSES, SpatialTemporalGraphNetwork

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
        Of the order of the pieces.

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
        pieces = np.array_split(np.arange(frames), 5)
        order = rng.permutation(5)
        while (order == np.arange(5)).all():
            order = rng.permutation(5)
        poses = poses[np.concatenate([pieces[i] for i in order])]
    if label & 8:
        late = max(1, frames // 10)
        poses = np.array(poses)
        poses[:, _ARMS] = np.concatenate([poses[:1, _ARMS]] * late + [poses[:-late, _ARMS]])
    return np.ascontiguousarray(poses)


def pretrain(dataset, weights, *, steps, seed, on_progress=None):
    """Train the perceptual network on the real dances of a training split.

    Parameters
    ----------
    dataset : Chunks
    weights : str or Path
        The ``.safetensors`` to write.
    steps : int
        Of 16 dances each.
    seed : int
    on_progress : callable, optional
        Called after each step as ``on_progress(done, steps)``.

    Returns
    -------
    dict
        ``accuracy`` over the last tenth of the steps (chance: 1/16), and what was given.
    """
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    network = SpatialTemporalGraphNetwork()
    optimizer = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE, fused=True)
    right = []
    for _ in range(steps):
        chosen = rng.choice(len(dataset), min(_BATCH, len(dataset)), replace=False)
        poses = dataset.batch(chosen)["pose"]
        labels = rng.integers(CLASSES, size=len(poses))
        changed = np.stack([change(p, b, rng) for p, b in zip(poses, labels, strict=True)])
        logits = network(torch.from_numpy(changed.astype(np.float32)).flatten(2))
        target = torch.from_numpy(labels)
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(logits, target).backward()
        optimizer.step()
        right.append(float((logits.argmax(1) == target).float().mean()))
        if on_progress is not None:
            on_progress(len(right), steps)
    tail = right[-max(1, steps // 10) :]
    summary = {
        "source": "trained here to tell changes of timing apart",
        "accuracy": float(np.mean(tail)),
        "steps": steps,
        "seed": seed,
        "data": data_hash(dataset),
    }
    with whole(weights) as temporary:
        save_file(
            {name: value.contiguous() for name, value in network.state_dict().items()},
            temporary,
            metadata={"choreo": json.dumps(summary, sort_keys=True)},
        )
    return summary


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
    if path.suffix == ".safetensors":
        try:
            with safe_open(path, "pt") as file:
                summary = json.loads((file.metadata() or {})["choreo"])
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise ItemError(f"not a perceptual network ({error})", where=path) from error
        fill(network, state, where=path)
    else:
        load_state(network, path)
        summary = {"source": path.name}
    return network.eval(), summary
