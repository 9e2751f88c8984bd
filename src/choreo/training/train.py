"""The training loop: from a dataset and a recipe to weights, metrics and loss curves."""

import contextlib
import csv
import io
import json
import math
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.utils.tensorboard import SummaryWriter

from choreo.errors import ConfigError, ItemError
from choreo.files import sha256, whole, write_json, write_text
from choreo.training import checkpoints
from choreo.training.data import data_hash, load_batch
from choreo.training.fit import mean_pose, measure_fit, recalibrate
from choreo.training.looks import Looks
from choreo.training.networks import Networks
from choreo.training.perceptual import load_perceptual
from choreo.training.pose_generator import draw_noise
from choreo.training.progress import Progress
from choreo.training.step import TrainingStep, term_names

DIVERGED_LOSS = 1e6
"""A loss above this has diverged; sums over a 5-second chunk start below."""

_KEPT_INITIAL_POSES = 64
_SMALL = 0.1


class TrainingDiverged(ItemError):
    """A loss or a gradient became infinite, NaN or far too large."""


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
        The CSV to write: epoch, step and every loss, one row a step.
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
    device : {"auto", "cpu", "cuda", "mps"}
        ``auto`` takes the first there is of cuda, mps and cpu.
    precision : {"float32", "bfloat16"}
        ``bfloat16``: automatic mixed precision.
    threads : int, optional
        Threads on a CPU. The same number gives the same bytes.
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
        Where the recipe is none to train, or lacks its perceptual network.
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
    device = choose_device(device)
    data = data_hash(dataset)
    run = {
        "recipe": recipe.model_dump(),
        "data": data,
        "seed": seed,
        "perceptual": None if perceptual is None else sha256(perceptual),
        "device": device.type,
        "precision": precision,
    }
    folder = Path(checkpoint_dir) / checkpoints.run_key(**run)
    with checkpoints.locked(folder), deterministic(threads):
        training = _Training(dataset, recipe, run, folder, perceptual, device)
        training.restore(checkpoints.load(folder))
        look = Looks(
            dataset, looks or Path(log_dir) / "looks", log_dir, every=look_every, seed=seed
        )
        with contextlib.closing(_Log(log_dir, training)) as log, contextlib.closing(look):
            progress = Progress(training, on_progress, terminal=terminal, name=name)
            with _Terminated() as terminated, contextlib.closing(progress):
                saved = time.monotonic()
                while training.step < training.steps:
                    values = training.advance()
                    log(training.step - 1, values)
                    progress(values)
                    if training.step % training.steps_per_epoch == 0:
                        look(training.networks.generator, training.epoch, training.step)
                    due = time.monotonic() - saved > checkpoint_seconds or (
                        checkpoint_steps and training.step % checkpoint_steps == 0
                    )
                    if (due and training.step < training.steps) or terminated:
                        checkpoints.save(folder, training.state())
                        saved = time.monotonic()
                    if terminated:
                        print(f"stopped by SIGTERM; saved in {folder}", file=sys.stderr)
                        raise SystemExit(143)
        if training.recipe.recalibrate:
            recalibrate(training.networks.generator, dataset, seed=seed)
        summary = training.summary()
        write_text(losses, training.losses_csv())
        training.write_weights(weights, summary)
        write_json(metrics, summary)
        checkpoints.remove(folder)
    return summary


def choose_device(name):
    """`torch.device` of a name; ``auto`` is the best there is.

    Raises
    ------
    ConfigError
        Where the machine has no such device.
    """
    here = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, there in here.items() if there)
    if not here.get(str(name).split(":")[0]):
        raise ConfigError(
            "no such device here", value=name, remedy="Use auto or cpu; cuda needs a CUDA build"
        )
    return torch.device(name)


@contextlib.contextmanager
def deterministic(threads=None):
    """Use only algorithms that give the same bytes in two runs, on `threads` threads."""
    before = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    filling = torch.utils.deterministic.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    # All memory is written before it is read here; filling it first takes time.
    torch.utils.deterministic.fill_uninitialized_memory = False
    if threads:
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.utils.deterministic.fill_uninitialized_memory = filling
        torch.set_num_threads(before[1])


def learning_rate_factor(recipe, step, steps):
    """Factor of all learning rates at a step: warm-up, then the schedule."""
    if step < recipe.warm_up_steps:
        return (step + 1) / (recipe.warm_up_steps + 1)
    if recipe.learning_rate_schedule == "constant":
        return 1.0
    done = (step - recipe.warm_up_steps) / max(1, steps - recipe.warm_up_steps)
    return 0.5 * (1 + math.cos(math.pi * done))


class _Training:
    """Networks, optimizers, random state and position of one run."""

    def __init__(self, dataset, recipe, run, folder, perceptual, device):
        self.dataset, self.recipe, self.run, self.folder = dataset, recipe, run, folder
        self.device = device
        self.batch_size = min(recipe.batch_size, len(dataset))
        self.steps_per_epoch = len(dataset) // self.batch_size
        self.steps = recipe.epochs * self.steps_per_epoch
        self.step = 0
        self.names, self.rows = term_names(recipe), []
        self._autocast = torch.autocast(
            self.device.type, torch.bfloat16, enabled=run["precision"] == "bfloat16"
        )
        self.perceptual, self.perceptual_summary = None, None
        if recipe.perceptual_loss:
            self.perceptual, self.perceptual_summary = load_perceptual(perceptual)
            self.perceptual.to(self.device)
        torch.manual_seed(run["seed"])
        self.networks = Networks(recipe).to(self.device)
        if recipe.output_start == "mean_pose":
            start_from_mean_pose(self.networks.generator, dataset)
        self._update = TrainingStep(self.networks, recipe, self.perceptual)

    @property
    def epoch(self):
        """Epoch of the next step, from 0."""
        return self.step // self.steps_per_epoch

    def advance(self):
        """Make one step; return its losses by name."""
        batch = load_batch(self.dataset, self._indices(), self.device)
        clips, frames = batch["poses"].shape[:2]
        noise = draw_noise(clips, frames).to(self.device)
        alpha = torch.rand(clips, 1, 1).to(self.device)
        self._update.set_learning_rates(learning_rate_factor(self.recipe, self.step, self.steps))
        self._update.adversarial = self.epoch >= self.recipe.adversarial_from_epoch
        with self._autocast:
            terms, _ = self._update.differentiate(batch, noise, alpha)
        norms = {name: _gradient_norm(n) for name, n in self.networks.trained()}
        named = terms | {f"gradient of {name}": norm for name, norm in norms.items()}
        values = dict(zip(named, torch.stack(list(named.values())).tolist(), strict=True))
        wrong = [n for n, v in values.items() if not abs(v) < _limit(n)]
        if wrong:
            self._diverged(wrong, values, batch)
        with self._autocast:
            terms |= self._update.update(batch)
        values = {name: float(value) for name, value in terms.items()}
        self.rows.append([values.get(name, math.nan) for name in self.names])
        self.step += 1
        return values

    def _indices(self):
        # Drawn anew from the seed and the epoch: the loader's position is the step alone.
        order = np.random.default_rng([self.run["seed"], self.epoch]).permutation(len(self.dataset))
        first = self.step % self.steps_per_epoch * self.batch_size
        return order[first : first + self.batch_size]

    def _diverged(self, wrong, values, batch):
        path = self.folder / f"diverged-step{self.step}.pt"
        with whole(path) as temporary:
            torch.save({"batch": batch, "values": values, **self.state()}, temporary)
        trail = [
            f"step {self.step - len(self.rows[-5:]) + i}: " + _listed(zip(self.names, row))
            for i, row in enumerate(self.rows[-5:])
        ]
        trail.append(f"step {self.step}: " + _listed(values.items()))
        raise TrainingDiverged(
            f"training diverged at step {self.step} of {self.steps}: {', '.join(wrong)}. "
            f"What led there: {'; '.join(trail)}",
            where=path,
            remedy="The file holds the batch and the networks before it. Look for outliers in the "
            "batch, or lower learning_rates or raise warm_up_steps in config/models.yaml",
        )

    def state(self):
        """Everything a checkpoint holds."""
        return {
            "step": self.step,
            "networks": self.networks.state_dict(),
            "optimizers": {n: o.state_dict() for n, o in self._update.optimizers.items()},
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all() if self.device.type == "cuda" else [],
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
        torch.set_rng_state(state["random"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state_all(state["random_cuda"])
        print(f"goes on from step {self.step} of {self.steps}, {self.folder}", file=sys.stderr)

    def losses_csv(self):
        """Loss table as text: one row a step, 9 digits, which is all a float32 has.

        A loss that a step doesn't have is left empty.
        """
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["epoch", "step", *self.names])
        for step, row in enumerate(self.rows):
            table.writerow([step // self.steps_per_epoch, step, *(_digits(v) for v in row)])
        return text.getvalue()

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


def _gradient_norm(network):
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    if not gradients:
        return torch.zeros((), device=next(network.parameters()).device)
    return torch.nn.utils.get_total_norm(gradients)


def _limit(name):
    return math.inf if name.startswith("gradient of ") else DIVERGED_LOSS


class _Terminated:
    """True once SIGTERM came; put aside where signals can't be handled."""

    def __init__(self):
        self._came = False
        self._before = None

    def __bool__(self):
        return self._came

    def __enter__(self):
        with contextlib.suppress(ValueError):  # not in the main thread
            self._before = signal.signal(signal.SIGTERM, self._note)
        return self

    def _note(self, *_):
        self._came = True

    def __exit__(self, *_):
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)


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
