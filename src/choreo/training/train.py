"""The training loop: from a dataset and a recipe to weights, metrics and loss curves."""

import contextlib
import csv
import functools
import io
import json
import math
import sys
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.torch import save_file
from torch.utils.tensorboard import SummaryWriter

from choreo.dataset.seen import seen_in
from choreo.errors import ConfigError, ItemError
from choreo.files import sha256, whole, write_json, write_text
from choreo.training import checkpoints
from choreo.training.captured import CheckedStep, diverged, graphs_for, losses_of
from choreo.training.data import data_hash
from choreo.training.feed import open_feed, to_device
from choreo.training.fit import mean_pose, measure_fit, recalibrate
from choreo.training.looks import Looks
from choreo.training.networks import Networks
from choreo.training.numerics import (
    Terminated,
    TrainingDiverged,
    choose_device,
    chosen_precision,
    numerics,
    threads_of,
)
from choreo.training.perceptual import load_perceptual
from choreo.training.pose_generator import draw_noise
from choreo.training.progress import Progress
from choreo.training.step import TrainingStep, term_names

_KEPT_INITIAL_POSES = 64
_SMALL = 0.1


def train(
    dataset,
    recipe,
    *,
    seed,
    weights,
    metrics,
    losses,
    log_dir,
    checkpoint_dir,
    looks=None,
    look_every=0,
    epochs=None,
    batch_size=None,
    perceptual=None,
    device="auto",
    precision="float32",
    threads=None,
    on_progress=None,
    terminal=None,
    name="training",
    checkpoint_seconds=60.0,
    checkpoint_steps=None,
    team=None,
):
    """Train one model.

    Parameters
    ----------
    dataset : Chunks
        The training split.
    recipe : Recipe
    seed : int
        Of the weights' start, the order of the chunks, the noise and the dropout.
    weights : str or Path
        The ``.safetensors`` to write: all networks, the recipe in its header.
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
    perceptual : str or Path, optional
        Weights of the perceptual network, where the recipe needs it (see
        `choreo.training.perceptual`).
    device : {"auto", "cpu", "cuda", "mps"}, or list of str
        ``auto`` takes the first there is of cuda, mps and cpu. Several: one process each,
        which share every batch (`choreo.training.parallel`).
    precision : {"auto", "float32", "tf32", "bfloat16"}
        See `chosen_precision`.
    threads : int, optional
        Threads of a process on a CPU, 1 or more. The same number gives the same bytes; a run
        with another one has a checkpoint of its own.
    on_progress : callable, optional
        Called after each step as ``on_progress(step, steps, losses)``; with one process.
    terminal : file, optional
        Where progress is told besides, where stderr is a log.
    name : str
        What the lines of progress begin with.
    checkpoint_seconds : float
        Time between checkpoints.
    checkpoint_steps : int, optional
        Steps between checkpoints, besides.
    team : Team, optional
        The processes of which this is one.

    Returns
    -------
    dict
        What `metrics` holds.

    Raises
    ------
    ConfigError
        Where the recipe is none to train, or lacks its perceptual network, or a batch
        can't be shared out evenly, or `threads` is 0.
    ItemError
        Where the dataset is too small.
    TrainingDiverged
        With the losses that led there.
    SystemExit
        143 after SIGTERM, when the checkpoint is written.
    """
    changes = {"epochs": epochs, "batch_size": batch_size}
    recipe = recipe.with_(**{name: n for name, n in changes.items() if n is not None})
    if recipe.epochs == 0:
        raise ConfigError("this model isn't trained here (epochs: 0)", remedy="Give it epochs")
    if len(dataset) < 2:
        raise ItemError(
            "training needs at least two chunks of 5 seconds",
            value=len(dataset),
            remedy="Add videos to the study",
        )
    if recipe.perceptual_loss and perceptual is None:
        raise ConfigError(
            "the pose perceptual loss needs its network",
            remedy="Train it (choreo.training.perceptual.pretrain) or give Ren et al.'s GCN.pth",
        )
    devices = [device] if isinstance(device, str) else list(device)
    if len(devices) > 1:
        from choreo.training.parallel import launch

        if on_progress is not None:
            raise ValueError("on_progress is for a training in one process")
        return launch(
            dataset,
            recipe,
            devices,
            seed=seed,
            weights=weights,
            metrics=metrics,
            losses=losses,
            log_dir=log_dir,
            checkpoint_dir=checkpoint_dir,
            looks=looks,
            look_every=look_every,
            perceptual=perceptual,
            precision=precision,
            threads=threads,
            terminal=terminal,
            name=name,
            checkpoint_seconds=checkpoint_seconds,
            checkpoint_steps=checkpoint_steps,
        )
    device = choose_device(devices[0])
    precision = chosen_precision(precision, device)
    run = {
        "recipe": recipe.model_dump(),
        "data": data_hash(dataset),
        "seed": seed,
        "perceptual": None if perceptual is None else sha256(perceptual),
        "device": device.type,
        "threads": threads_of(threads, device),
        "processes": 1 if team is None else team.size,
        "precision": precision,
    }
    folder = Path(checkpoint_dir) / checkpoints.run_key(**run)
    first = team is None or team.rank == 0
    with contextlib.ExitStack() as held:
        if first:
            held.enter_context(checkpoints.locked(folder))
        if team is not None:
            team.agree(False)  # the first process has the lock
        held.enter_context(numerics(device, precision, threads))
        training = _Training(dataset, recipe, run, folder, perceptual, device, team)
        held.enter_context(contextlib.closing(training))
        training.restore(checkpoints.load(folder))
        told = []
        if first:
            log = held.enter_context(contextlib.closing(_Log(log_dir, training)))
            progress = Progress(training, on_progress, terminal=terminal, name=name)
            told = [log, held.enter_context(contextlib.closing(progress))]
            look = held.enter_context(
                contextlib.closing(
                    Looks(
                        dataset,
                        looks or Path(log_dir) / "looks",
                        log_dir,
                        every=look_every,
                        seed=seed,
                    )
                )
            )

        def tell(steps):
            for step, values in steps:
                for listener in told:
                    listener(step, values)

        shared = contextlib.nullcontext()
        if team is not None:
            shared = team.shared_statistics(training.networks)
        with shared, Terminated() as terminated:
            saved = time.monotonic()
            while training.step < training.steps:
                tell(training.advance())
                if first and training.step % training.steps_per_epoch == 0:
                    look(training.networks.generator, training.epoch, training.step)
                due = time.monotonic() - saved > checkpoint_seconds or (
                    checkpoint_steps and training.step % checkpoint_steps == 0
                )
                stop = bool(terminated)
                if team is not None:
                    due, stop = team.agree(due, stop)
                if (due and training.step < training.steps) or stop:
                    tell(training.examined())
                    state = training.state()
                    if first:
                        checkpoints.save(folder, state)
                        training.write_losses(training.losses_so_far)
                    saved = time.monotonic()
                if stop:
                    if first:
                        print(f"stopped by SIGTERM; saved in {folder}", file=sys.stderr)
                    raise SystemExit(143)
            tell(training.examined())
        if not first:
            return None
        if training.recipe.recalibrate:
            recalibrate(training.networks.generator, dataset, seed=seed)
        summary = training.summary()
        training.write_losses(losses)
        training.write_weights(weights, summary)
        write_json(metrics, summary)
        checkpoints.remove(folder)
    return summary


def learning_rate_factor(recipe, step, steps):
    """Factor of all learning rates at a step: warm-up, then the schedule."""
    if step < recipe.warm_up_steps:
        return (step + 1) / (recipe.warm_up_steps + 1)
    if recipe.learning_rate_schedule == "constant":
        return 1.0
    done = (step - recipe.warm_up_steps) / max(1, steps - recipe.warm_up_steps)
    return 0.5 * (1 + math.cos(math.pi * done))


class _Coming(NamedTuple):
    """A step whose numbers may still be on their way to the host."""

    step: int
    names: list
    values: torch.Tensor
    event: torch.cuda.Event | None
    batch: dict


class _Training:
    """Networks, optimizers, random state and position of one run."""

    def __init__(self, dataset, recipe, run, folder, perceptual, device, team=None):
        self.dataset, self.recipe, self.run, self.folder = dataset, recipe, run, folder
        self.device, self._team = device, team
        self.batch_size = min(recipe.batch_size, len(dataset))
        if team is not None and self.batch_size % team.size:
            raise ConfigError(
                f"a batch of {self.batch_size} can't be shared out evenly",
                where="processes",
                value=team.size,
                remedy="Take another number of processes, or another batch_size",
            )
        self.steps_per_epoch = len(dataset) // self.batch_size
        self.steps = recipe.epochs * self.steps_per_epoch
        self.step = 0
        self.names, self.rows = term_names(recipe), []
        self.perceptual, self.perceptual_summary = None, None
        if recipe.perceptual_loss:
            self.perceptual, self.perceptual_summary = load_perceptual(perceptual)
            self.perceptual.to(self.device)
        torch.manual_seed(run["seed"])
        self.networks = Networks(recipe).to(self.device)
        if recipe.output_start == "mean_pose":
            start_from_mean_pose(self.networks.generator, dataset)
        # Of noise; several processes draw the same, and each its own dropout.
        self._random = None
        if team is not None:
            self._random = torch.Generator()
            self._random.set_state(torch.get_rng_state())
            torch.manual_seed((run["seed"] * team.size + team.rank + 1) % 2**63)
        self._update = TrainingStep(self.networks, recipe, self.perceptual)
        # Processes wait for each other in every step, so there is nothing to gain.
        graphs = graphs_for(device) if team is None else None
        self._checked = CheckedStep(
            self._update,
            device=self.device,
            autocast=functools.partial(
                torch.autocast,
                self.device.type,
                torch.bfloat16,
                enabled=run["precision"] == "bfloat16",
            ),
            asynchronous=graphs is not None,
            average=None if team is None else team.average,
            graphs=graphs,
        )
        self._feed = open_feed(dataset, self.device, self._indices)
        # Steps that the host may be behind, so that the device never waits for it.
        self._behind = 0 if graphs is None else 1
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
            one, or on CUDA the one before.

        Raises
        ------
        TrainingDiverged
            Where such a step was not.
        """
        batch = self._feed(self.step)
        size = self.batch_size, batch["poses"].shape[1]
        noise, alpha = draw_noise(*size, generator=self._random), self._alpha()
        if self._team is not None:
            noise, alpha = self._team.part(noise), self._team.part(alpha)
        self._update.set_learning_rates(learning_rate_factor(self.recipe, self.step, self.steps))
        self._update.adversarial = self.epoch >= self.recipe.adversarial_from_epoch
        names, values = self._checked(
            batch, to_device(noise, self.device), to_device(alpha, self.device)
        )
        self._coming.append(_Coming(self.step, names, *_to_host(values), batch))
        self.step += 1
        return self.examined(self._behind)

    def examined(self, behind=0):
        """Look at the steps that were made, up to `behind` steps ago; see `advance`."""
        known = []
        while len(self._coming) > behind:
            known.append(self._examine(self._coming.popleft()))
        return known

    def _examine(self, coming):
        if coming.event is not None:
            coming.event.synchronize()
        values = dict(zip(coming.names, coming.values.tolist(), strict=True))
        wrong = diverged(values)
        if wrong:
            self._diverged(coming.step, wrong, values, coming.batch)
        values = losses_of(values)
        self.rows.append([values.get(name, math.nan) for name in self.names])
        return coming.step, values

    def _alpha(self):
        return torch.rand(self.batch_size, 1, 1, generator=self._random)

    def _indices(self, step):
        # Drawn anew from the seed and the epoch: the loader's position is the step alone.
        if step >= self.steps:
            return None
        epoch, place = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng([self.run["seed"], epoch]).permutation(len(self.dataset))
        chosen = order[place * self.batch_size : (place + 1) * self.batch_size]
        return chosen if self._team is None else self._team.part(chosen)

    def _diverged(self, step, wrong, values, batch):
        # Nothing has moved since, whatever was asked of the device meanwhile.
        self.step = step
        path = self.folder / f"diverged-step{step}.pt"
        state = self.state()
        if self._team is None or self._team.rank == 0:
            with whole(path) as temporary:
                torch.save({"batch": batch, "values": values, **state}, temporary)
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
        random = [
            torch.get_rng_state(),
            torch.get_rng_state() if self._random is None else self._random.get_state(),
            torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None,
        ]
        return {
            "step": self.step,
            "networks": self.networks.state_dict(),
            "optimizers": {n: o.state_dict() for n, o in self._update.optimizers.items()},
            "random": [random] if self._team is None else self._team.gather(random),
            "rows": torch.tensor(self.rows, dtype=torch.float64),
        }

    def restore(self, state):
        """Go on from a checkpoint, if there is one."""
        if state is None:
            return
        self.step, self.rows = state["step"], state["rows"].tolist()
        self.networks.load_state_dict(state["networks"])
        for name, optimizer in self._update.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self._checked.make_capturable()
        rank = 0 if self._team is None else self._team.rank
        own, shared, cuda = state["random"][rank]
        torch.set_rng_state(own)
        if self._random is not None:
            self._random.set_state(shared)
        if cuda is not None:
            torch.cuda.set_rng_state(cuda, self.device)
        if rank == 0:
            print(f"goes on from step {self.step} of {self.steps}, {self.folder}", file=sys.stderr)

    def close(self):
        """Let go of what feeds the training."""
        self._feed.close()

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
        last = self.rows[-self.steps_per_epoch :]
        means = [None if math.isnan(m) else float(m) for m in np.mean(np.array(last), 0)]
        return {
            **self.run,
            "data": {
                "hash": self.run["data"],
                "method": self.dataset.method,
                "canvas": [int(n) for n in self.dataset.canvas],
                "chunks": len(self.dataset),
            },
            "trained_on": seen_in(self.dataset),
            "code": checkpoints.code_version(),
            "batch_size": self.batch_size,
            "steps": self.steps,
            "parameters": {
                name: sum(p.numel() for p in network.parameters())
                for name, network in self.networks.trained()
            },
            "perceptual": self.perceptual_summary,
            "last_epoch": dict(zip(self.names, means, strict=True)),
            "fit": measure_fit(self.networks.generator, self.dataset, seed=self.run["seed"]),
        }

    def write_weights(self, path, summary):
        """All networks and some first poses, with `summary` in the header."""
        save_weights(self.networks.state_dict(), self.dataset, path, summary)


def save_weights(state, dataset, path, summary):
    """Write a model's weights as ``.safetensors``.

    Parameters
    ----------
    state : dict of str to Tensor
        Names begin with the network's (``generator.``).
    dataset : Chunks
        Up to 64 of its first poses go along, to begin dances from.
    path : str or Path
    summary : dict
        Goes into the header; what ``metrics.json`` holds.
    """
    tensors = {name: value.detach().contiguous().cpu() for name, value in state.items()}
    count = min(_KEPT_INITIAL_POSES, len(dataset))
    poses = dataset.batch(np.linspace(0, len(dataset) - 1, count).astype(int))["pose"]
    tensors["initial_poses"] = torch.from_numpy(np.ascontiguousarray(poses[:, 0], np.float32))
    with whole(path) as temporary:
        save_file(tensors, temporary, metadata={"choreo": json.dumps(summary, sort_keys=True)})


def start_from_mean_pose(generator, dataset):
    """Let a pose generator's last layer begin small around the mean pose of a dataset."""
    layer = generator.pose_generator.final_linear
    with torch.no_grad():
        layer.weight.mul_(_SMALL)
        layer.bias.copy_(torch.atanh(mean_pose(dataset).clamp(-0.99, 0.99)))


def _listed(values):
    return ", ".join(f"{name} {value:.4g}" for name, value in values)


def _digits(value):
    return "" if math.isnan(value) else f"{value:.9g}"


def _to_host(values):
    """Start to copy a step's numbers; the event tells when they are there."""
    if values.device.type != "cuda":
        return values.clone(), None
    host = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
    host.copy_(values, non_blocking=True)
    event = torch.cuda.Event()
    event.record()
    return host, event


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
