"""The training loop: from a dataset and a recipe to weights, metrics and loss curves.

It takes any family of models (`choreo.models.family`). One whose recipe has no steps
(``epochs: 0``, retrieval, given weights) passes the same way, with no step in it.
"""

from __future__ import annotations

import contextlib
import csv
import io
import math
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from choreo.dataset.seen import seen_in
from choreo.errors import ConfigError, ItemError
from choreo.files import sha256, write_json, write_text
from choreo.files.outside import reading
from choreo.files.sealed import save_torch
from choreo.models import FAMILIES
from choreo.models.data import data_hash
from choreo.models.divergence import TrainingDiverged, diverged, losses_of
from choreo.models.family import Position, Setting
from choreo.models.music_features import FEATURES
from choreo.models.weights import save_weights
from choreo.pipeline.digest import digest
from choreo.training import checkpoints
from choreo.training.batches import open_batches
from choreo.training.devices import claimed
from choreo.training.fit import measure_fit
from choreo.training.looks import Looks
from choreo.training.numerics import (
    Terminated,
    choose_device,
    chosen_precision,
    numerics,
    threads_of,
)
from choreo.training.progress import Progress

if TYPE_CHECKING:
    from choreo.models.data import Chunks
    from choreo.models.family import Recipe

CODE = (
    "choreo.dataset.audio",
    "choreo.dataset.pack",
    "choreo.models.data",
    "choreo.models.songs",
    "choreo.training.batches",
    "choreo.training.numerics",
    "choreo.training.train",
)
"""Modules that decide what a training comes to, beside its family's and its music's."""


def train(
    dataset: Chunks,
    recipe: Recipe,
    *,
    seed: int,
    weights: str | Path,
    metrics: str | Path,
    losses: str | Path,
    log_dir: str | Path,
    checkpoint_dir: str | Path,
    looks: str | Path | None = None,
    look_every: int = 0,
    epochs: int | None = None,
    batch_size: int | None = None,
    files: Mapping[str, str | Path] | None = None,
    device: str = "auto",
    gpu_share: float = 1.0,
    precision: str = "float32",
    threads: int | None = None,
    on_progress: Callable[..., Any] | None = None,
    terminal: TextIO | None = None,
    name: str = "training",
    checkpoint_seconds: float = 60.0,
    checkpoint_steps: int | None = None,
) -> dict[str, Any]:
    """Train one model.

    Parameters
    ----------
    dataset : Chunks
        The training split.
    recipe : choreo.models.family.Recipe
    seed : int
        Of the weights' start, the order of the chunks, the noise and the dropout.
    weights : str or Path
        The ``.safetensors`` to write: what the model learned, the recipe in its header.
    metrics : str or Path
        The JSON to write: what was trained on what, and how well it fits.
    losses : str or Path
        The CSV to write: epoch, step and every loss, one row a step. Until the end it lies
        beside each checkpoint, so that Snakemake, which removes what a failed job made,
        leaves it.
    log_dir : str or Path
        Folder for TensorBoard.
    checkpoint_dir : str or Path
        Where the run's own folder is made, and removed at its end.
    looks : str or Path, optional
        Folder for early looks (see `choreo.training.looks`); by default in `log_dir`.
    look_every : int
        Epochs between them; 0: none.
    epochs, batch_size : int, optional
        Instead of the recipe's. The last, smaller batch of an epoch is dropped.
    files : dict of str to path, optional
        What the recipe `needs` of other rules, such as the weights of the perceptual
        network (`choreo.training.perceptual`).
    device : {"auto", "cpu", "cuda", "mps"}
        ``auto`` takes the first there is of cuda, mps and cpu. Of several GPUs one is held
        that no other training has (`choreo.training.devices.claimed`).
    gpu_share : float
        Of its memory: with 0.25, four trainings have one GPU.
    precision : {"auto", "float32", "tf32", "bfloat16"}
        See `chosen_precision`.
    threads : int, optional
        Threads of a process on a CPU, 1 or more. The same number gives the same bytes; a run
        with another one has a checkpoint of its own.
    on_progress : callable, optional
        Called after each step as ``on_progress(step, steps, losses)``.
    terminal : file, optional
        Where progress is told besides, where stderr is a log.
    name : str
        What the lines of progress begin with.
    checkpoint_seconds : float
        Time between checkpoints.
    checkpoint_steps : int, optional
        Steps between checkpoints, besides.

    Returns
    -------
    dict
        What `metrics` holds.

    Raises
    ------
    ConfigError
        Where the recipe does not take such data, or a file that it needs is not given, or
        `threads` is 0.
    ItemError
        Where the dataset is too small.
    TrainingDiverged
        With the losses that led there.
    SystemExit
        143 after SIGTERM, when the checkpoint is written.
    """
    changes = {"epochs": epochs, "batch_size": batch_size}
    recipe = recipe.with_(**{name: n for name, n in changes.items() if n is not None})
    needed_files = {name: Path(path) for name, path in (files or {}).items() if path}
    if len(dataset) < (2 if recipe.trained else 1):
        raise ItemError(
            f"training needs at least two chunks of {dataset.description.chunk_seconds:g} seconds",
            value=len(dataset),
            remedy="Add videos to the study",
        )
    for needed in recipe.needs:
        if needed not in needed_files:
            raise ConfigError(
                f"this model needs a file of another training: {needed}",
                where=f"family {recipe.family}",
                remedy="The workflow makes it; docs/training.md says how else it comes",
            )
    with contextlib.ExitStack() as held:
        # What is not trained in steps waits for no GPU.
        taken = claimed(device if recipe.trained else "cpu", share=gpu_share)
        processor = choose_device(held.enter_context(taken))
        precision = chosen_precision(precision, processor)
        run = {
            "recipe": recipe.model_dump(),
            "data": data_hash(dataset),
            "seed": seed,
            "files": {name: sha256(needed_files[name]) for name in recipe.needs},
            "own_files": {switch: _hash(path) for switch, path in recipe.own_files.items()},
            "device": processor.type,
            "threads": threads_of(threads, processor),
            "precision": precision,
        }
        folder = Path(checkpoint_dir) / checkpoints.run_key(code_of(recipe), **run)
        if recipe.trained:  # else there is no checkpoint
            held.enter_context(checkpoints.locked(folder))
        held.enter_context(numerics(processor, precision, threads))
        setting = Setting(seed=seed, device=processor, precision=precision, files=needed_files)
        training = _Training(dataset, recipe, run, folder, setting)
        held.enter_context(contextlib.closing(training))
        training.restore(checkpoints.load(folder))
        listeners: list[Any] = []
        if recipe.trained:
            listeners.append(held.enter_context(contextlib.closing(_Log(log_dir, training))))
            progress = Progress(training, on_progress, terminal=terminal, name=name)
            listeners.append(held.enter_context(contextlib.closing(progress)))
        looks = looks or Path(log_dir) / "looks"
        look = Looks(dataset, looks, log_dir, every=look_every, seed=seed)
        held.enter_context(contextlib.closing(look))

        def tell(steps):
            for step, values in steps:
                for listener in listeners:
                    listener(step, values)

        with Terminated() as terminated:
            saved = time.monotonic()
            while training.step < training.steps:
                tell(training.advance())
                if training.step % training.steps_per_epoch == 0:
                    look(training.model, processor, training.epoch, training.step)
                due = time.monotonic() - saved > checkpoint_seconds or (
                    checkpoint_steps and training.step % checkpoint_steps == 0
                )
                stop = bool(terminated)
                if (due and training.step < training.steps) or stop:
                    tell(training.examined())
                    checkpoints.save(folder, training.state())
                    training.write_losses(training.losses_so_far)
                    saved = time.monotonic()
                if stop:
                    print(f"stopped by SIGTERM; saved in {folder}", file=sys.stderr)
                    raise SystemExit(143)
            tell(training.examined())
        training.model.finish(dataset, setting)
        summary = training.summary()
        training.write_losses(losses)
        save_weights(training.model.state(), dataset, weights, summary)
        write_json(metrics, summary)
        checkpoints.remove(folder)
    return summary


def _hash(path):
    with reading(path, "a file of a model"):
        return sha256(path)


def code_of(recipe):
    """Modules that decide what a training comes to: of its family, its music, and the loop."""
    return (FAMILIES[recipe.family], FEATURES[recipe.music].module, *CODE)


class _Coming(NamedTuple):
    """A step whose numbers may still be on their way to the host."""

    step: int
    numbers: object
    batch: dict


class _Training:
    """Model, random state and position of one run."""

    def __init__(self, dataset, recipe, run, folder, setting):
        self.dataset, self.recipe, self.run, self.folder = dataset, recipe, run, folder
        self.device = setting.device
        self.step, self.steps, self.steps_per_epoch, self.batch_size = 0, 0, 1, None
        if recipe.trained:
            self.batch_size = min(recipe.batch_size, len(dataset))
            self.steps_per_epoch = len(dataset) // self.batch_size
            self.steps = recipe.epochs * self.steps_per_epoch
        torch.manual_seed(setting.seed)
        self.model = recipe.build(dataset.description)
        self.model.begin(dataset, setting)
        self.names, self.rows = list(self.model.losses) if recipe.trained else [], []
        self._batches = None
        if recipe.trained:
            self._batches = self.model.batches(dataset, setting) or open_batches(
                dataset, self.device, self._indices, music=recipe.music
            )
        self._coming = deque()

    @property
    def epoch(self):
        """Epoch of the next step, from 0."""
        return self.step // self.steps_per_epoch

    def advance(self):
        """Make one step.

        Returns
        -------
        list of (int, dict)
            Number and losses by name of each step that is newly known to be sound: this
            one, or where a device is still at work the one before.

        Raises
        ------
        TrainingDiverged
            Where such a step was not.
        """
        batch = self._batches(self.step)
        numbers = self.model.step(batch, Position(self.step, self.steps, self.epoch))
        self._coming.append(_Coming(self.step, numbers, batch))
        self.step += 1
        # The host may be a step behind, so that the device never waits for it.
        return self.examined(1 if callable(numbers) else 0)

    def examined(self, behind=0):
        """Look at the steps that were made, up to `behind` steps ago; see `advance`."""
        known = []
        while len(self._coming) > behind:
            known.append(self._examine(self._coming.popleft()))
        return known

    def _examine(self, coming):
        values = dict(coming.numbers() if callable(coming.numbers) else coming.numbers)
        wrong = diverged(values)
        if wrong:
            self._diverged(coming.step, wrong, values, coming.batch)
        values = losses_of(values)
        self.rows.append([values.get(name, math.nan) for name in self.names])
        return coming.step, values

    def _indices(self, step):
        # Drawn anew from the seed and the epoch: the loader's position is the step alone.
        if step >= self.steps:
            return None
        epoch, place = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng([self.run["seed"], epoch]).permutation(len(self.dataset))
        return order[place * self.batch_size : (place + 1) * self.batch_size]

    def _diverged(self, step, wrong, values, batch):
        # Nothing has moved since, whatever was asked of the device meanwhile.
        self.step = step
        path = self.folder / f"diverged-step{step}.pt"
        save_torch(path, {"batch": batch, "values": values, **self.state()})
        self.write_losses(self.losses_so_far)
        trail = [
            f"step {step - len(self.rows[-5:]) + i}: " + _listed(zip(self.names, row))
            for i, row in enumerate(self.rows[-5:])
        ]
        trail.append(f"step {step}: " + _listed(values.items()))
        raise TrainingDiverged(
            f"training diverged at step {step} of {self.steps}: {', '.join(wrong)}. "
            f"What led there: {'; '.join(trail)}. All of it: {self.losses_so_far}",
            where=path,
            remedy="The file holds the batch and the networks before it. Look for outliers in the "
            "batch, or lower learning_rates or raise warm_up_steps in config/models.yaml",
        )

    def state(self):
        """Everything a checkpoint holds; all steps must have been examined."""
        cuda = torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None
        return {
            "step": self.step,
            "model": self.model.checkpoint(),
            "random": [torch.get_rng_state(), cuda],
            "rows": torch.tensor(self.rows, dtype=torch.float64),
        }

    def restore(self, state):
        """Go on from a checkpoint, if there is one."""
        if state is None:
            return
        self.step, self.rows = state["step"], state["rows"].tolist()
        self.model.resume(state["model"])
        own, cuda = state["random"]
        torch.set_rng_state(own)
        if cuda is not None:
            torch.cuda.set_rng_state(cuda, self.device)
        print(f"goes on from step {self.step} of {self.steps}, {self.folder}", file=sys.stderr)

    def close(self):
        """Let go of what feeds the training."""
        if self._batches is not None:
            self._batches.close()
            # It knows this training: without the circle, networks and moments go at once.
            self._batches = None

    @property
    def losses_so_far(self):
        """Where the loss table lies until the end."""
        return self.folder / "losses.csv"

    def write_losses(self, path):
        """Write the loss table: one row a step, 9 digits, which is all a float32 has.

        A loss that a step doesn't have is left empty.
        """
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["epoch", "step", *self.names])
        for step, row in enumerate(self.rows):
            table.writerow([step // self.steps_per_epoch, step, *(_digits(v) for v in row)])
        write_text(path, text.getvalue())

    def summary(self):
        """What ``metrics.json`` holds."""
        last = {}
        if self.rows:
            means = np.mean(np.array(self.rows[-self.steps_per_epoch :]), 0)
            values = [None if math.isnan(m) else float(m) for m in means]
            last = dict(zip(self.names, values, strict=True))
        run = {name: value for name, value in self.run.items() if name not in _OF_THE_KEY}
        found = {
            **run,
            "data": {
                "hash": self.run["data"],
                "chunks": len(self.dataset),
                **self.dataset.description.as_json(),
            },
            "trained_on": seen_in(self.dataset),
            "code": digest(None, *code_of(self.recipe)),
            "batch_size": self.batch_size,
            "steps": self.steps,
            "parameters": self.model.parameters(),
            "last_epoch": last,
        }
        if self.recipe.trained:
            seed = self.run["seed"]
            found["fit"] = measure_fit(self.model, self.dataset, seed=seed, device=self.device)
        return found | self.model.about()


_OF_THE_KEY = ("files", "own_files")
"""What of a run only its checkpoint's name tells; a model tells it in words of its own."""


def _listed(values):
    return ", ".join(f"{name} {value:.4g}" for name, value in values)


def _digits(value):
    return "" if math.isnan(value) else f"{value:.9g}"


class _Log:
    """TensorBoard scalars of every step."""

    def __init__(self, folder, training):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        if training.step == 0:
            for old in folder.glob("events.out.tfevents.*"):
                old.unlink()
        self._writer = SummaryWriter(folder, purge_step=training.step)

    def __call__(self, step, values):
        for name, value in values.items():
            self._writer.add_scalar(f"step/{name}", value, step)

    def close(self):
        self._writer.close()
