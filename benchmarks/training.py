"""Time a training step: ``python benchmarks/training.py [--batch 16] [--threads 1 2]``.

Prints a Markdown table: seconds a step (fastest of several), floating-point operations of
a step as torch counts them, operations a second, and the share of the fastest matrix
product that this machine was measured to make. The data are random; a step costs the
same for any.
"""

import argparse
import contextlib
import time
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from choreo.training.networks import Networks
from choreo.training.pose_generator import draw_noise
from choreo.training.recipes import load_recipes
from choreo.training.step import TrainingStep
from choreo.training.stgcn import SpatialTemporalGraphNetwork

MODELS = Path(__file__).parents[1] / "config" / "models.yaml"
FRAMES = 50


def fastest(call, times):
    """Smallest wall time of several calls, in seconds, after one that doesn't count."""
    call()
    spans = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        spans.append(time.perf_counter() - start)
    return min(spans)


class _Whole:
    """In the place of torch's module tracker, which can't follow `autograd.grad`."""

    parents = ("Global",)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def operations(call):
    """Floating-point operations of a call, as torch counts them."""
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = _Whole()
    with counter:
        call()
    return counter.get_total_flops()


def peak(dtype):
    """Operations a second of a large matrix product."""
    a, b = (torch.rand(2048, 2048, dtype=dtype) for _ in range(2))
    return 2 * 2048**3 / fastest(lambda: a @ b, 5)


def prepare(recipe, batch, precision):
    """Return a call that makes one training step."""
    torch.manual_seed(0)
    networks = Networks(recipe)
    perceptual = SpatialTemporalGraphNetwork() if recipe.perceptual_loss else None
    step = TrainingStep(networks, recipe, perceptual)
    data = {
        "poses": torch.rand(batch, FRAMES, 36) - 0.5,
        "audio": torch.rand(batch, FRAMES, 1600),
        "initial": torch.rand(batch, 36) - 0.5,
    }
    mixed = torch.autocast("cpu", torch.bfloat16) if precision == "bfloat16" else None

    def make():
        noise, alpha = draw_noise(batch, FRAMES), torch.rand(batch, 1, 1)
        with mixed or contextlib.nullcontext():
            step.differentiate(data, noise, alpha)
        with mixed or contextlib.nullcontext():
            step.update(data)

    return make, step


def main():
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["original", "lstm", "gru"])
    parser.add_argument("--batch", nargs="+", type=int, default=[16])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--precision", nargs="+", default=["float32"])
    parser.add_argument("--times", type=int, default=4)
    options = parser.parse_args()
    recipes = load_recipes(MODELS)
    print("| model | batch | threads | precision | s a step | GFLOP | GFLOP/s | of peak | alone |")
    print("|---|---|---|---|---|---|---|---|---|")
    for threads in options.threads:
        torch.set_num_threads(threads)
        for precision in options.precision:
            top = peak(getattr(torch, precision))
            for batch in options.batch:
                for name in options.models:
                    make, step = prepare(recipes[name], batch, precision)
                    count = operations(make)
                    seconds = fastest(make, options.times)
                    step.adversarial = False
                    alone = fastest(make, options.times)
                    print(
                        f"| {name} | {batch} | {threads} | {precision} | {seconds:.2f} | "
                        f"{count / 1e9:.0f} | {count / seconds / 1e9:.0f} | "
                        f"{count / seconds / top:.0%} | {alone:.2f} |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
