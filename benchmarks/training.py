"""Time a training step: ``python benchmarks/training.py [--models gru] [--threads 1 2]``.

Prints a Markdown table: wall and CPU seconds a step (the fastest of several), steps a
second, floating-point operations of a step as torch counts them, the fastest matrix
product that this machine was measured to make, the share of it that was reached, seconds
of a step of the generator alone, and the process's largest memory. A share counts products
that `choreo.models.gan.kernels.winograd` makes, not those that it saves. The data are random; a
step costs the same for any.

``--released CHECKOUT`` times the released code too, from a checkout of
github.com/SonghaBan/DancingAI: its step and ours by turns. ``--curves`` shows instead that
training curves in bfloat16 are those in float32: the same small trainings from the same
seeds, and how far their L1 losses part against how far those of other seeds do.

``--device cuda`` (or ``mps``) times instead whole steps as a training makes them there:
by the training's own loop, from a dataset of thesis size that lies on the device, on CUDA
as replays of one graph, with the copies of the losses to the host; not its start, its
files and checkpoints. The clock runs from when the device had nothing to do until it has
made the last of ``--steps`` steps. Operations are counted as ``benchmarks/gpu_estimate.py``
does. This was never run on a GPU, as none was there; tests run it on a CPU, once with a
stand-in for CUDA's graphs.
"""

import argparse
import contextlib
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from choreo.dataset.description import DataDescription
from choreo.errors import ConfigError
from choreo.models.family import Setting
from choreo.models.gan.kernels.captured import WARM_UP_STEPS
from choreo.models.gan.networks import Networks, save_state
from choreo.models.gan.pose_generator import draw_noise
from choreo.models.gan.step import TrainingStep
from choreo.models.gan.stgcn import SpatialTemporalGraphNetwork
from choreo.models.recipes import load_recipes
from choreo.training import train as training
from choreo.training.numerics import choose_device, chosen_precision, numerics

MODELS = Path(__file__).parents[1] / "config" / "models.yaml"
RELEASED_STEP = Path(__file__).with_name("released_step.py")
FRAMES = 50
PARTS = 10
CHUNKS = 1850
"""Training chunks of a thesis-size run (126 videos)."""


def span(call):
    """Wall and CPU time of a call, in seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


def fastest(call, times):
    """Smallest wall time and smallest CPU time of several calls, after one not counted."""
    call()
    spans = [span(call) for _ in range(times)]
    return tuple(min(s) for s in zip(*spans, strict=True))


class _Whole:
    """In the place of torch's module tracker, which can't follow `autograd.grad`."""

    parents = ("Global",)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def _added_product(_, a, b, **__):
    """Operations of a product that is added in place, by shapes; torch doesn't count it."""
    return 2 * a[0] * a[1] * b[1]


def operations(call):
    """Floating-point operations of a call, as torch counts them."""
    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.addmm_: _added_product})
    counter.mod_tracker = _Whole()
    with counter:
        call()
    return counter.get_total_flops()


def step_operations(recipe, batch):
    """Floating-point operations of one step's gradients, by the operators of a GPU."""
    with torch.device("meta"):
        networks = Networks(recipe)
        perceptual = SpatialTemporalGraphNetwork() if recipe.perceptual_loss else None
        data = {
            "poses": torch.empty(batch, FRAMES, 36),
            "music": torch.empty(batch, FRAMES, 1600),
            "initial": torch.empty(batch, 36),
        }
        noise, alpha = torch.empty(batch, FRAMES, 10), torch.empty(batch, 1, 1)
    step = TrainingStep(networks, recipe, perceptual)
    return operations(lambda: step.differentiate(data, noise, alpha))


def peak(dtype, device="cpu", size=2048, products=1):
    """Operations a second of large matrix products, asked for `products` at a time."""
    device = torch.device(device)
    a, b = (torch.rand(size, size, dtype=dtype, device=device) for _ in range(2))

    def multiply():
        for _ in range(products):
            a @ b
        wait_for(device)

    return products * 2 * size**3 / fastest(multiply, 5)[0]


def wait_for(device):
    """Wait until a device has made all that it was asked for."""
    if device.type != "cpu":
        getattr(torch, device.type).synchronize()


class _Steps:
    """Makes steps of a new model, from a seed."""

    def __init__(self, recipe, precision, seed=0):
        torch.manual_seed(seed)
        perceptual = SpatialTemporalGraphNetwork() if recipe.perceptual_loss else None
        self.step = TrainingStep(Networks(recipe), recipe, perceptual)
        self._mixed = precision == "bfloat16"

    def __call__(self, batch):
        clips, frames, _ = batch["poses"].shape
        noise, alpha = draw_noise(clips, frames), torch.rand(clips, 1, 1)
        with torch.autocast("cpu", torch.bfloat16, enabled=self._mixed):
            terms, _ = self.step.differentiate(batch, noise, alpha)
        with torch.autocast("cpu", torch.bfloat16, enabled=self._mixed):
            return terms | self.step.update(batch)


def prepare(recipe, batch, precision):
    """Return a call that makes one training step, and its `TrainingStep`."""
    steps = _Steps(recipe, precision)
    data = {
        "poses": torch.rand(batch, FRAMES, 36) - 0.5,
        "music": torch.rand(batch, FRAMES, 1600),
        "initial": torch.rand(batch, 36) - 0.5,
    }
    return lambda: steps(data), steps.step


class RandomChunks:
    """Random chunks with the interface of ChunkDataset, of which few lie in memory."""

    description, path, split = DataDescription(), "random", "train"

    def __init__(self, chunks, frames=FRAMES, kept=64):
        rng = np.random.default_rng(0)
        self._chunks = chunks
        self._pose = rng.uniform(-0.5, 0.5, (kept, frames, 18, 2)).astype(np.float32)
        self._audio = rng.random((kept, frames, 1600), np.float32)

    def __len__(self):
        return self._chunks

    def batch(self, indices):
        """Chunks by number, as ChunkDataset gives them."""
        rows = np.asarray(indices) % len(self._pose)
        pose = self._pose[rows]
        return {"pose": pose, "audio": self._audio[rows], "initial_pose": pose[:, 0]}


def seconds_a_step(dataset, recipe, device, precision, steps):
    """Wall seconds of a step of a training's own loop, and whether they were replays."""
    with contextlib.ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        perceptual = folder / "perceptual.pth"
        save_state(SpatialTemporalGraphNetwork(), perceptual)
        files = {"perceptual": perceptual}
        setting = Setting(seed=1, device=device, precision=precision, files=files)
        made = training._Training(dataset, recipe, {"seed": 1}, folder, setting)
        held.enter_context(contextlib.closing(made))
        # Until the graph is there and was replayed, or memory and algorithms are chosen.
        for _ in range(WARM_UP_STEPS + 2):
            made.advance()
        made.examined()
        wait_for(device)
        begin = time.perf_counter()
        for _ in range(steps):
            made.advance()
        made.examined()
        wait_for(device)
        return (time.perf_counter() - begin) / steps, made.model._checked.captured


def most_memory(device):
    """Largest memory that torch held on a device, in bytes; of a CPU, that of the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()  # torch keeps what it has freed
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # kB on Linux


DEVICE_COLUMNS = [
    "model", "batch", "device", "precision", "s a step", "steps/s", "GFLOP", "GFLOP/s", "peak",
    "of peak", "graph", "memory, MiB", "a thesis-size run",
]  # fmt: skip


def measure_device(name, recipe, batch, device, precision, *, steps, chunks=CHUNKS, size=8192):
    """Cells of `DEVICE_COLUMNS`: how fast a training's steps are on a device.

    `precision` is as in ``training.precision``; `size` is that of the products that the
    device's peak is taken from.
    """
    recipe = recipe.with_(batch_size=batch)
    dataset, precision = RandomChunks(chunks), chosen_precision(precision, device)
    with numerics(device, precision):
        dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        top = peak(dtype, device, size, products=10)
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(device)
        wall, captured = seconds_a_step(dataset, recipe, device, precision, steps)
    count = step_operations(recipe, batch)
    rate, minutes = count / wall, recipe.epochs * (chunks // batch) * wall / 60
    return [
        name,
        batch,
        device.type,
        precision,
        f"{wall:.4f}",
        f"{1 / wall:.1f}",
        f"{count / 1e9:.0f}",
        f"{rate / 1e9:.0f}",
        f"{top / 1e9:.0f}",
        f"{rate / top:.1%}",
        "yes" if captured else "no",
        most_memory(device) // 2**20,
        f"{recipe.epochs} epochs of {chunks:,} chunks in {minutes:.1f} min",
    ]


class Released:
    """The released code's step, in a process of its own, as it takes stubs to run on a CPU."""

    def __init__(self, checkout, model, batch, threads):
        command = [
            sys.executable,
            "-W",
            "ignore",
            RELEASED_STEP,
            checkout,
            model,
            str(batch),
            str(threads),
        ]
        self._process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def span(self):
        """Wall and CPU seconds of its next step."""
        self._process.stdin.write("step\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the released code's step failed; its message is above")
        return tuple(float(number) for number in line.split())

    def close(self):
        """End the process."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def by_turns(released, make, times):
    """Fastest wall and CPU time of the released code's step and of ours."""
    released.span()
    make()
    theirs, ours = [], []
    for _ in range(times):
        theirs.append(released.span())
        ours.append(span(make))
    return [tuple(min(s) for s in zip(*spans, strict=True)) for spans in (theirs, ours)]


def small_dances(clips, frames, rng):
    """Chunks whose joints swing with the loudness of a tone."""
    t = np.arange(frames * 1600) / 16000
    rates, phases = rng.uniform(0.5, 2, (clips, 1)), rng.uniform(0, 6, (clips, 1))
    swing = np.sin(2 * np.pi * rates * t + phases)
    audio = (1 + swing) * np.sin(2 * np.pi * 220 * t) * 10_000
    poses = 0.4 * swing[:, ::1600, None] * rng.uniform(-1, 1, 36) + rng.uniform(-0.4, 0.4, 36)
    return {
        "music": torch.from_numpy(audio.reshape(clips, frames, 1600)).float(),
        "poses": torch.from_numpy(poses).float(),
    }


def curve(recipe, precision, seed, steps, *, clips=16, batch=2, frames=20):
    """L1 loss of every step of a small training, as a mean over values."""
    make_step = _Steps(recipe, precision, seed)
    data = small_dances(clips, frames, np.random.default_rng(0))
    order = np.random.default_rng(seed)
    size = 1 if recipe.loss_reduction == "mean" else frames * 36
    curve = []
    for _ in range(steps):
        chosen = torch.from_numpy(order.choice(clips, batch, replace=False))
        part = {name: value[chosen] for name, value in data.items()}
        terms = make_step({**part, "initial": part["poses"][:, 0]})
        curve.append(terms["l1"].item() / size)
    return np.array(curve)


def print_curves(name, recipe, steps, seeds):
    """Compare the curves of both precisions, in tenths of the training."""
    curves = {
        precision: np.stack(
            [
                curve(recipe, precision, seed, steps).reshape(PARTS, -1).mean(1)
                for seed in range(seeds)
            ]
        )
        for precision in ("float32", "bfloat16")
    }
    plain, mixed = curves["float32"], curves["bfloat16"]
    # Two trainings that differ in their seed part by so much on average.
    pairs = [(a, b) for a in range(seeds) for b in range(a)]
    spread = np.mean([np.abs(plain[a] - plain[b]) for a, b in pairs], axis=0)
    apart = np.abs(mixed - plain).mean(0)
    print(f"\n{name}: L1 in tenths of {steps} steps, means over {seeds} seeds\n")
    print("| steps | float32 | bfloat16 | apart, same seed | apart, float32 of two seeds |")
    print("|---|---|---|---|---|")
    for part in range(PARTS):
        first, end = part * steps // PARTS, (part + 1) * steps // PARTS
        print(
            f"| {first}-{end - 1} | {plain[:, part].mean():.4f} | {mixed[:, part].mean():.4f} | "
            f"{apart[part]:.4f} | {spread[part]:.4f} |"
        )
    print(
        f"| all | {plain.mean():.4f} | {mixed.mean():.4f} | {apart.mean():.4f} | "
        f"{spread.mean():.4f} |",
        flush=True,
    )


def main():
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["original", "lstm", "gru"])
    parser.add_argument("--batch", nargs="+", type=int, default=[16])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument(
        "--precision", nargs="+", help="float32 (default), bfloat16; on a GPU also tf32, auto"
    )
    parser.add_argument("--device", choices=["cpu", "cuda", "mps"], default="cpu")
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--released", type=Path, metavar="CHECKOUT")
    parser.add_argument("--curves", action="store_true")
    parser.add_argument(
        "--steps",
        type=int,
        default=100,
        help="of --curves, a multiple of 10; timed ones of --device cuda or mps",
    )
    parser.add_argument("--seeds", type=int, default=3, help="of --curves")
    options = parser.parse_args()
    recipes = load_recipes(MODELS)
    if options.device != "cpu":
        if options.released or options.curves:
            parser.error("--released and --curves are for a CPU only")
        on_device(recipes, options)
        return
    if options.curves:
        if options.steps % PARTS:
            parser.error(f"--steps must be a multiple of {PARTS}")
        torch.set_num_threads(options.threads[0])
        for name in options.models:
            print_curves(name, recipes[name], options.steps, options.seeds)
        return
    columns = ["model", "batch", "threads", "precision", "s a step", "CPU s", "steps/s", "GFLOP"]
    columns += ["GFLOP/s", "peak", "of peak", "alone"]
    columns += (
        ["released s", "released CPU s", "ours by turns s", "times as fast", "in CPU s"]
        if options.released
        else []
    )
    print_row([*columns, "memory so far, MB"])
    print("|" + "---|" * (len(columns) + 1))
    for threads in options.threads:
        torch.set_num_threads(threads)
        for precision in options.precision or ["float32"]:
            top = peak(getattr(torch, precision))
            for batch in options.batch:
                for name in options.models:
                    cells = measure(recipes[name], batch, precision, top, options.times)
                    if options.released:
                        cells += compare(name, recipes[name], batch, threads, precision, options)
                    # The largest the process was until now, in kB on Linux.
                    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                    print_row([name, batch, threads, precision, *cells, memory])


def asked_device(name):
    """Choose the device of ``--device``, a card by its number; end where it isn't there."""
    try:
        device = choose_device(name)
    except ConfigError as error:
        raise SystemExit(f"--device: {error}") from error
    return torch.device("cuda", torch.cuda.current_device()) if device.type == "cuda" else device


def on_device(recipes, options):
    """Print how fast trainings are on a GPU, by default in the precision they choose there."""
    device = asked_device(options.device)
    if device.type == "cuda":
        print(f"{torch.cuda.get_device_name(device)}\n")
    for name in options.models:
        if not recipes[name].trained:
            raise SystemExit(f"--models: {name} isn't trained (epochs: 0)")
    print_row(DEVICE_COLUMNS)
    print("|" + "---|" * len(DEVICE_COLUMNS))
    for precision in options.precision or ["auto"]:
        for batch in options.batch:
            for name in options.models:
                cells = [name, recipes[name], batch, device, precision]
                print_row(measure_device(*cells, steps=options.steps))


def print_row(cells):
    """Print a row of a Markdown table."""
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def measure(recipe, batch, precision, top, times):
    """Cells that say how fast our step is."""
    make, step = prepare(recipe, batch, precision)
    count = operations(make)
    wall, cpu = fastest(make, times)
    step.adversarial = False
    alone, _ = fastest(make, times)
    rate = count / wall
    cells = [f"{wall:.2f}", f"{cpu:.2f}", f"{1 / wall:.2f}", f"{count / 1e9:.0f}"]
    return [*cells, f"{rate / 1e9:.0f}", f"{top / 1e9:.0f}", f"{rate / top:.0%}", f"{alone:.2f}"]


def compare(name, recipe, batch, threads, precision, options):
    """Cells that say how fast the released code's step is, and how much faster ours."""
    make, _ = prepare(recipe, batch, precision)
    model = name.removesuffix("_released")
    with contextlib.closing(Released(options.released, model, batch, threads)) as released:
        theirs, ours = by_turns(released, make, options.times)
    return [
        f"{theirs[0]:.2f}",
        f"{theirs[1]:.2f}",
        f"{ours[0]:.2f}",
        f"{theirs[0] / ours[0]:.2f}",
        f"{theirs[1] / ours[1]:.2f}",
    ]


if __name__ == "__main__":
    main()
