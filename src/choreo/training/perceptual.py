"""Training of the network behind the GAN's pose perceptual loss (`models.gan.perceptual`)."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from choreo.errors import ItemError
from choreo.files.sealed import save_tensors
from choreo.models.data import data_hash
from choreo.models.gan.perceptual import Pretraining, load_perceptual
from choreo.training import checkpoints
from choreo.training.devices import claimed
from choreo.training.numerics import Terminated, choose_device, numerics, threads_of

if TYPE_CHECKING:
    from choreo.models.data import Chunks

CODE = ("choreo.models.gan.perceptual", "choreo.models.gan.stgcn", __name__)
"""Modules that decide what a training comes to."""


def pretrain(
    dataset: Chunks,
    weights: str | Path,
    *,
    steps: int,
    seed: int,
    checkpoint_dir: str | Path,
    device: str = "auto",
    gpu_share: float = 1.0,
    threads: int | None = None,
    on_progress: Callable[..., Any] | None = None,
    checkpoint_seconds: float = 60.0,
    checkpoint_steps: int | None = None,
) -> dict[str, Any]:
    """Train the perceptual network on the real dances of a training split.

    Parameters
    ----------
    dataset : Chunks
    weights : str or Path
        The ``.safetensors`` to write.
    steps : int
        Of 16 dances each.
    seed : int
    checkpoint_dir, device, gpu_share, threads, checkpoint_seconds, checkpoint_steps
        As `choreo.training.train.train` has them; always one process, in float32.
    on_progress : callable, optional
        Called after each step as ``on_progress(done, steps)``.

    Returns
    -------
    dict
        ``accuracy`` over the last tenth of the steps (chance: 1/16), and what was given.

    Raises
    ------
    ConfigError
        Where there is no such device, or `threads` is 0.
    TrainingDiverged
        Where the loss or a gradient isn't finite; nothing has moved then.
    SystemExit
        143 after SIGTERM, when the checkpoint is written.
    """
    with contextlib.ExitStack() as held:
        processor = choose_device(held.enter_context(claimed(device, share=gpu_share)))
        run = {
            "network": "perceptual",
            "steps": steps,
            "seed": seed,
            "data": data_hash(dataset),
            "device": processor.type,
            "threads": threads_of(threads, processor),
        }
        folder = Path(checkpoint_dir) / checkpoints.run_key(CODE, **run)
        held.enter_context(checkpoints.locked(folder))
        held.enter_context(numerics(processor, "float32", threads))
        training = Pretraining(dataset, steps, seed, folder, processor)
        training.restore(checkpoints.load(folder))
        with Terminated() as terminated:
            saved = time.monotonic()
            while training.step < steps:
                training.advance()
                if on_progress is not None:
                    on_progress(training.step, steps)
                due = time.monotonic() - saved > checkpoint_seconds or (
                    checkpoint_steps and training.step % checkpoint_steps == 0
                )
                if due or terminated:
                    checkpoints.save(folder, training.state())
                    saved = time.monotonic()
                if terminated:
                    print(f"stopped by SIGTERM; saved in {folder}", file=sys.stderr)
                    raise SystemExit(143)
        tail = training.right[-max(1, steps // 10) :]
        summary = {
            **run,
            "source": "trained here to tell changes of timing apart",
            "accuracy": float(np.mean(tail)),
        }
        save_tensors(weights, training.network.state_dict(), summary)
        checkpoints.remove(folder)
    return summary


def pretrained(
    dataset: Chunks, weights: str | Path, *, steps: int, seed: int, **options: Any
) -> str | Path:
    """Train the network, unless the file holds that of this dataset, seed and number of steps.

    Parameters
    ----------
    dataset, weights, steps, seed
        As `pretrain`.
    **options
        Of `pretrain`.

    Returns
    -------
    str or Path
        `weights`.
    """
    wanted = {"data": data_hash(dataset), "seed": seed, "steps": steps}
    with contextlib.suppress(ItemError):  # what can't be read is made anew
        _, made = load_perceptual(weights)
        if wanted.items() <= made.items():
            return weights
    pretrain(dataset, weights, steps=steps, seed=seed, **options)
    return weights
