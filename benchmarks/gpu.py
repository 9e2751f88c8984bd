"""All that is asked of a GPU, in one go: ``python benchmarks/gpu.py --out docs/gpu.md``.

Each part is a process of its own with its share of ``--minutes`` (12 in all), and is written to
the file when it is done: what one part costs or breaks is no other's. The parts: milliseconds a
step of every recipe that is trained, in each precision, and whether the step was captured as a
graph; the largest batch; several trainings at once on one card, as processes; extraction of
poses by MediaPipe, on the machine's CPUs, and by RTMPose's network with random weights; a
thesis-size training, whole if its time allows, else as far as it comes and the rest reckoned.

This has never run on a GPU. ``--device cpu --tiny`` runs every line of it in a minute or two where
there is none, with numbers that say nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import poses as extraction
import torch
import training as timing
from rtmpose_network import SIZE, RTMPose

from choreo.dataset.pack import ChunkDataset
from choreo.models.family import Setting
from choreo.models.gan.networks import save_state
from choreo.models.gan.stgcn import SpatialTemporalGraphNetwork
from choreo.models.recipes import load_recipes
from choreo.provenance import commit
from choreo.statistics.sentences import counted
from choreo.training import train as trainings
from choreo.training.numerics import chosen_precision, numerics

ROOT = Path(__file__).parents[1]
PRECISIONS = ("float32", "tf32", "bfloat16")
SHARES = {"steps": 0.35, "batch": 0.1, "together": 0.2, "poses": 0.1, "whole": 0.25}
"""Parts, and how much of the minutes each may take; what one leaves is the last one's."""


@dataclass(frozen=True)
class Sizes:
    """How much is done; a tiny one tests the script alone."""

    steps: int = 100
    chunks: int = timing.CHUNKS
    frames: int = timing.FRAMES
    batch: int = 16
    largest: int = 1 << 14
    together: tuple[int, ...] = (1, 4, 8)
    seconds: float = 15.0
    clip: float = 10.0
    people: tuple[int, ...] = (1, 16, 128)
    songs_chunks: int = 200
    recipes: tuple[str, ...] | None = None
    whole_steps: int | None = None


TINY = Sizes(1, 4, 20, 2, 4, (1, 2), 0.5, 2.0, (1, 2), 60, ("gru", "flow"), 2)


class Run:
    """What a part needs: the device, the sizes, its end and the recipes."""

    def __init__(self, device, sizes, until, folder):
        self.device, self.sizes, self.until, self.folder = device, sizes, until, folder
        everything = load_recipes(timing.MODELS)
        wanted = sizes.recipes or everything
        self.recipes = {
            name: recipe
            for name, recipe in everything.items()
            if name in wanted and recipe.trained and recipe.complete
        }

    @property
    def left(self):
        """Seconds until this part has to be at its end."""
        return self.until - time.monotonic()

    def dataset(self, recipe):
        """Random chunks; for a family that reads whole songs, from a file."""
        if recipe.family == "gan":
            return timing.RandomChunks(self.sizes.chunks, self.sizes.frames)
        from training_start import packed

        path = self.folder / "songs" / "dataset.h5"
        if not path.exists():
            packed(path.parent, self.sizes.songs_chunks)
        return ChunkDataset(path, split="train")

    @contextlib.contextmanager
    def training(self, recipe, precision):
        """A training that has made its first steps."""
        with contextlib.ExitStack() as held:
            folder = Path(held.enter_context(tempfile.TemporaryDirectory(dir=self.folder)))
            perceptual = folder / "perceptual.pth"
            save_state(SpatialTemporalGraphNetwork(), perceptual)
            files = {"perceptual": perceptual}
            setting = Setting(seed=1, device=self.device, precision=precision, files=files)
            held.enter_context(numerics(self.device, precision))
            made = trainings._Training(self.dataset(recipe), recipe, {"seed": 1}, folder, setting)
            held.enter_context(contextlib.closing(made))
            for _ in range(timing.WARM_UP_STEPS + 2):
                made.advance()
            made.examined()
            timing.wait_for(self.device)
            yield made

    def timed(self, name, precision, batch):
        """Milliseconds a step, whether it was captured, and the largest memory in MiB."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.device)
        recipe = self.recipes[name].with_(batch_size=batch)
        with self.training(recipe, precision) as made:
            begin = time.perf_counter()
            for _ in range(self.sizes.steps):
                made.advance()
            made.examined()
            timing.wait_for(self.device)
            spent = time.perf_counter() - begin
            checked = getattr(made.model, "_checked", None)
        captured = "no graph" if checked is None else "yes" if checked.captured else "no"
        return 1000 * spent / self.sizes.steps, captured, timing.most_memory(self.device) >> 20


def steps(run):
    """Every recipe in every precision."""
    print("| recipe | batch | precision | ms a step | captured | MiB at most |")
    print("|---|--:|---|--:|---|--:|", flush=True)
    for name in run.recipes:
        for precision in dict.fromkeys(chosen_precision(one, run.device) for one in PRECISIONS):
            cells = f"| {name} | {run.sizes.batch} | {precision} |"
            if run.left < 0:
                print(f"{cells} no time left | | |", flush=True)
                continue
            try:
                wall, captured, memory = run.timed(name, precision, run.sizes.batch)
            except Exception as error:  # the next recipe is none the worse for it
                print(f"{cells} {_said(error)} | | |", flush=True)
            else:
                print(f"{cells} {wall:.2f} | {captured} | {memory} |", flush=True)


def batch(run):
    """Twice the batch, until it has no memory."""
    print("| batch of gru | ms a step | chunks a second | captured | MiB at most |")
    print("|--:|--:|--:|---|--:|", flush=True)
    size, precision = run.sizes.batch, chosen_precision("auto", run.device)
    while size <= run.sizes.largest and run.left > 0:
        run.sizes = replace(run.sizes, chunks=max(run.sizes.chunks, size))
        try:
            wall, captured, memory = run.timed("gru", precision, size)
        except Exception as error:
            print(f"| {size} | {_said(error)} | | | |", flush=True)
            return
        rate = 1000 * size / wall
        print(f"| {size} | {wall:.2f} | {rate:.0f} | {captured} | {memory} |", flush=True)
        size *= 2


def together(run):
    """Several trainings of gru at once, each a process."""
    print("| trainings at once | steps a second, each | all together |")
    print("|--:|---|--:|", flush=True)
    for count in run.sizes.together:
        if run.left < 0:
            print(f"| {count} | no time left | |", flush=True)
            continue
        command = [*_command(run, "one"), "--left", str(max(run.left, 1))]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        made = [subprocess.Popen(command, **pipes) for _ in range(count)]
        try:
            # All begin when the last one is ready.
            ready = [one.stdout.readline() == "ready\n" for one in made]
            rates = []
            for one in made:
                one.stdin.write("go\n")
                one.stdin.flush()
            rates = [float(one.stdout.readline() or "nan") for one in made]
        except (OSError, ValueError) as error:
            print(f"| {count} | {_said(error)} ({sum(ready)} were ready) | |", flush=True)
            continue
        finally:
            for one in made:
                one.kill()
                one.wait()
        cells = ", ".join(f"{rate:.1f}" for rate in sorted(rates))
        print(f"| {count} | {cells} | {sum(rates):.1f} |", flush=True)


def one(run):
    """One of several: says when it is ready, waits for a line, and says its steps a second."""
    recipe = run.recipes["gru"].with_(batch_size=run.sizes.batch)
    with run.training(recipe, chosen_precision("auto", run.device)) as made:
        print("ready", flush=True)
        sys.stdin.readline()
        begin, count = time.perf_counter(), 0
        while time.perf_counter() - begin < run.sizes.seconds:
            made.advance()
            count += 1
        made.examined()
        timing.wait_for(run.device)
        print(count / (time.perf_counter() - begin), flush=True)


def poses(run):
    """MediaPipe on the CPUs, and RTMPose's network on the device."""
    cpus = len(os.sched_getaffinity(0))
    print("| estimator | where | at once | a second |")
    print("|---|---|--:|--:|", flush=True)
    video = extraction.made_clip(run.folder, run.sizes.clip)
    for jobs in sorted({1, max(1, cpus // 4), max(1, cpus // 2)}):
        cells = f"| MediaPipe, 640x360 | {cpus} CPUs | {counted(jobs, 'video')} |"
        if run.left < 0:
            print(f"{cells} no time left |", flush=True)
            continue
        print(f"{cells} {extraction.at_once(jobs, video, (640, 360)):.1f} frames |", flush=True)
    # On a CPU half precision is slow beyond use.
    halves = [torch.float16] if run.device.type == "cuda" else []
    for precision in (torch.float32, *halves):
        network = RTMPose().eval().to(run.device, precision)
        kind = str(precision).removeprefix("torch.")
        for people in run.sizes.people:
            at_once = counted(people, "picture")
            cells = f"| RTMPose-m's network, {kind} | {run.device.type} | {at_once} |"
            if run.left < 0:
                print(f"{cells} no time left |", flush=True)
                continue
            pictures = torch.rand(people, 3, *SIZE, device=run.device, dtype=precision)
            try:
                rate = _pictures_a_second(network, pictures, run)
            except Exception as error:
                print(f"{cells} {_said(error)} |", flush=True)
            else:
                print(f"{cells} {rate:.0f} pictures |", flush=True)


def _pictures_a_second(network, pictures, run):
    """Of a network whose first calls, which choose algorithms, don't count."""
    with torch.inference_mode():
        for _ in range(timing.WARM_UP_STEPS):
            network(pictures)
        timing.wait_for(run.device)
        begin, count = time.perf_counter(), 0
        while time.perf_counter() - begin < min(run.sizes.seconds, 3.0):
            network(pictures)
            timing.wait_for(run.device)
            count += len(pictures)
        return count / (time.perf_counter() - begin)


def whole(run):
    """The thesis-size training of gru, as far as its time lets it come."""
    recipe = run.recipes["gru"].with_(batch_size=run.sizes.batch)
    with run.training(recipe, chosen_precision("auto", run.device)) as made:
        first, last = made.step, run.sizes.whole_steps or made.steps
        begin = time.perf_counter()
        while made.step < max(last, first + 1) and run.left > 0:
            made.advance()
        made.examined()
        timing.wait_for(run.device)
        spent = time.perf_counter() - begin
        done, all_of_it = made.step - first, made.steps
    minutes = spent / max(done, 1) * all_of_it / 60
    came = "the whole training" if made.step >= all_of_it else "the rest is reckoned"
    print(
        f"gru, {run.sizes.chunks:,} chunks, {recipe.epochs} epochs, batch {run.sizes.batch}: "
        f"{done:,} of {all_of_it:,} steps in {spent:.1f} s ({came}): "
        f"{minutes:.1f} minutes for all of them.",
        flush=True,
    )


PARTS = {
    "steps": steps,
    "batch": batch,
    "together": together,
    "poses": poses,
    "whole": whole,
    "one": one,
}


def _said(error):
    return " ".join(f"{type(error).__name__}: {error}".split())[:120].replace("|", "/")


def _command(run, part):
    tiny = ["--tiny"] if run.sizes is TINY else []
    return [sys.executable, __file__, "--device", run.device.type, "--part", part, *tiny]


def head(device):
    """Commit, card and versions, as lines of Markdown."""
    card = torch.cuda.get_device_name(device) if device.type == "cuda" else "no card: a CPU"
    return (
        f"# On one card\n\nMade by `python benchmarks/gpu.py` at commit {commit(ROOT)} on: {card}; "
        f"torch {torch.__version__}, CUDA {torch.version.cuda}.\n"
    )


def main(arguments=None):
    """Run the parts one after the other, or one of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="the Markdown file that is written")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda")
    parser.add_argument("--minutes", type=float, default=12.0)
    parser.add_argument("--tiny", action="store_true", help="try the script, not the device")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--left", type=float, default=600.0, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    device = timing.asked_device(options.device)
    sizes = TINY if options.tiny else Sizes()
    if options.part:
        until = time.monotonic() + options.left
        with tempfile.TemporaryDirectory() as folder:
            PARTS[options.part](Run(device, sizes, until, Path(folder)))
        return
    if options.out is None:
        parser.error("--out FILE: where the tables go")
    run = Run(device, sizes, time.monotonic() + 60 * options.minutes, None)
    text = head(device)
    for part, share in SHARES.items():
        seconds = run.left if part == "whole" else 60 * options.minutes * share
        # A part looks at its time between two rows; it is ended where that is too late.
        command = [*_command(run, part), "--left", str(0.8 * seconds)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=max(1, seconds))
            said, status = done.stdout, done.returncode
            errors = done.stderr.strip().splitlines() or [""]
        except subprocess.TimeoutExpired as error:
            said, status = (error.stdout or b"").decode(), "ended"
            errors = [f"it took longer than {seconds:.0f} s"]
        text += f"\n## {part}\n\n{said}"
        if status:
            text += f"\nBroken off ({status}): {errors[-1][:300]}\n"
        options.out.write_text(text)
        print(f"{part}: {'broken off' if status else 'done'}, {run.left:.0f} s left", flush=True)


if __name__ == "__main__":
    main()
