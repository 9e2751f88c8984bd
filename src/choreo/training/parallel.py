"""One training in several processes, each with a part of every batch (data-parallel).

`launch` starts the processes, with torch's ``torch.distributed``: NCCL between GPUs, gloo
between CPUs. Every process holds all networks and makes the same updates: gradients
and losses are averaged before each, and BatchNorm takes its statistics over the whole
batch, so that without dropout the losses are those of one process.
"""

import contextlib
import datetime
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import torch
from torch import distributed, nn

from choreo.errors import ChoreoError, ConfigError, ItemError
from choreo.files import write_text

_LONGEST = datetime.timedelta(days=7)
_GRACE_SECONDS = 20.0
"""What the others get to stop by themselves when one process has ended."""


class Team:
    """The processes of one training.

    Attributes
    ----------
    rank, size : int
        Number of this process, from 0, and of all of them.
    """

    def __init__(self, rank, size, device):
        self.rank, self.size, self._device = rank, size, device

    def part(self, values):
        """Part of this process of what a batch has one of for each clip."""
        count = len(values) // self.size
        return values[self.rank * count : (self.rank + 1) * count]

    def average(self, gradients, losses):
        """Change gradients to their means over all processes; return those of losses."""
        flat = torch.cat([losses, *(gradient.flatten() for gradient in gradients)])
        self._sum(flat)
        flat /= self.size
        sizes = [len(losses), *(gradient.numel() for gradient in gradients)]
        means, *parts = flat.split(sizes)
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))
        return means

    def agree(self, *flags):
        """Which of some flags are set in any process; all get the same answer."""
        counts = torch.tensor([float(bool(flag)) for flag in flags], device=self._device)
        self._sum(counts)
        return [count > 0 for count in counts.tolist()]

    def gather(self, value):
        """List of every process's `value`, on all of them."""
        values = [None] * self.size
        with _said():
            distributed.all_gather_object(values, value)
        return values

    def _sum(self, tensor):
        with _said():
            distributed.all_reduce(tensor)

    @contextlib.contextmanager
    def shared_statistics(self, module):
        """Let BatchNorm in training mode take its statistics over all processes."""
        layers = [layer for layer in module.modules() if type(layer) is nn.BatchNorm1d]
        for layer in layers:
            layer.__class__ = _SharedBatchNorm
        try:
            yield
        finally:
            for layer in layers:
                layer.__class__ = nn.BatchNorm1d


class LostProcess(ItemError):
    """Another process of the training has ended."""


@contextlib.contextmanager
def _said():
    try:
        yield
    except RuntimeError as error:
        problem = str(error).splitlines()[0]
        raise LostProcess(f"another process of this training has ended ({problem})") from error


class _Mean(torch.autograd.Function):
    """Mean of a tensor over all processes, for gradients too."""

    @staticmethod
    def forward(ctx, value):
        value = value.clone()
        with _said():
            distributed.all_reduce(value)
        return value / distributed.get_world_size()

    @staticmethod
    def backward(ctx, slope):
        return _Mean.apply(slope)


class _SharedBatchNorm(nn.BatchNorm1d):
    """BatchNorm over the parts of all processes, which are of one size.

    torch's own ``SyncBatchNorm`` is for GPUs only.
    """

    def forward(self, x):
        if not self.training:
            return super().forward(x)
        axes = [0, *range(2, x.dim())]
        shape = (1, -1, *(1 for _ in axes[1:]))
        values = x.to(self.weight.dtype)
        mean = _Mean.apply(values.mean(axes))
        centred = values - mean.view(shape)
        variance = _Mean.apply(centred.square().mean(axes))
        with torch.no_grad():
            count = x.numel() // x.shape[1] * distributed.get_world_size()
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
        scale = torch.rsqrt(variance + self.eps) * self.weight
        return (centred * scale.view(shape) + self.bias.view(shape)).to(x.dtype)


def launch(dataset, recipe, devices, *, terminal=None, **options):
    """Train one model in several processes of this machine.

    Where one of them ends before its time, the others are stopped too. SIGTERM is passed
    on, and so is the end of this process, however it comes.

    Parameters
    ----------
    dataset : ChunkDataset
    recipe : Recipe
    devices : list of str
        One process each.
    terminal : file, optional
        See `choreo.training.train.train`.
    **options
        The other keyword arguments of `choreo.training.train.train`.

    Returns
    -------
    dict
        As `choreo.training.train.train`.

    Raises
    ------
    ChoreoError
        What went wrong in a process; or `ItemError` where one has died.
    SystemExit
        143 after SIGTERM.
    """
    with tempfile.TemporaryDirectory(prefix="choreo-training-") as meeting:
        order = {
            "dataset": str(dataset.path),
            "split": dataset.split,
            "recipe": recipe.model_dump(),
            "meeting": meeting,
            "devices": devices,
            "terminal": None if terminal is None else terminal.fileno(),
            "options": {n: str(v) if isinstance(v, Path) else v for n, v in options.items()},
        }
        processes = []
        try:
            for rank in range(len(devices)):
                processes.append(_start(order, rank, terminal))
            with _passed_on(processes) as came:
                _wait(processes, Path(meeting), came)
        finally:
            for process in processes:
                process.kill()
                process.wait()
                process.stdin.close()
    return json.loads(Path(options["metrics"]).read_text(encoding="utf-8"))


def _start(order, rank, terminal):
    process = subprocess.Popen(
        [sys.executable, "-m", "choreo.training.parallel"],
        stdin=subprocess.PIPE,
        text=True,
        pass_fds=() if terminal is None else (terminal.fileno(),),
    )
    # The pipe stays open: its end tells the process that this one has gone.
    process.stdin.write(json.dumps({**order, "rank": rank}) + "\n")
    process.stdin.flush()
    return process


def _wait(processes, meeting, came):
    ended = None
    while any(process.poll() is None for process in processes):
        codes = [process.poll() for process in processes]
        if ended is None and any(codes):
            ended = time.monotonic()
        if ended is not None and time.monotonic() - ended > _GRACE_SECONDS:
            break
        time.sleep(0.1)
    codes = [process.poll() for process in processes]
    if not any(codes):
        return
    for rank in range(len(codes)):
        path = meeting / f"error{rank}.json"
        if path.exists():
            said = json.loads(path.read_text(encoding="utf-8"))
            if said["kind"] != LostProcess.__name__:
                raise _error(said)
    if came:
        raise SystemExit(143)
    rank, code = next((r, c) for r, c in enumerate(codes) if c and not _told(meeting, r))
    how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
    raise ItemError(
        f"process {rank} of the {len(codes)} of this training ended by {how}; "
        "the others were stopped",
        remedy="See what it said in the log; started again, the training goes on from its last "
        "checkpoint",
    )


def _told(meeting, rank):
    return (meeting / f"error{rank}.json").exists()


def _error(said):
    from choreo.training.numerics import TrainingDiverged

    kinds = {kind.__name__: kind for kind in (ConfigError, ItemError, TrainingDiverged)}
    kind = kinds.get(said.pop("kind"), ItemError)
    return kind(said.pop("message"), **said)


@contextlib.contextmanager
def _passed_on(processes):
    """Send SIGTERM on to all processes; yields a list that is empty until it came."""
    came = []

    def send(number, _):
        came.append(number)
        for process in processes:
            process.terminate()

    before = None
    with contextlib.suppress(ValueError):  # not in the main thread
        before = signal.signal(signal.SIGTERM, send)
    try:
        yield came
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _leave_with_parent():
    """End as by SIGTERM when the process that started this one has gone."""

    def watch():
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def main():
    """Be one process of a training; what to do comes as a line of JSON."""
    from choreo.dataset.pack import ChunkDataset
    from choreo.training.recipes import recipe_from
    from choreo.training.train import train

    order = json.loads(sys.stdin.readline())
    _leave_with_parent()
    rank, devices, meeting = order["rank"], order["devices"], Path(order["meeting"])
    device = torch.device(devices[rank])
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        init_method=(meeting / "meet").as_uri(),
        rank=rank,
        world_size=len(devices),
        timeout=_LONGEST,
    )
    terminal = None
    if order["terminal"] is not None and rank == 0:
        terminal = os.fdopen(order["terminal"], "w", buffering=1, encoding="utf-8")
    try:
        train(
            ChunkDataset(order["dataset"], split=order["split"]),
            recipe_from(order["recipe"]),
            device=str(device),
            team=Team(rank, len(devices), device),
            terminal=terminal,
            **order["options"],
        )
    except ChoreoError as error:
        said = {n: getattr(error, n) for n in ("message", "where", "value", "remedy")}
        said = {n: v if v is None else str(v) for n, v in said.items()}
        write_text(
            meeting / f"error{rank}.json", json.dumps({"kind": type(error).__name__, **said})
        )
        # Not by the way of exit handlers, which wait for the processes that are gone.
        sys.stderr.flush()
        os._exit(1)
    distributed.barrier()
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
