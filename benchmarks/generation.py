"""Time the generation of dances: ``python benchmarks/generation.py [--threads 1 2]``.

Prints a Markdown table: seconds of dance a second of wall time and of CPU time, fastest of
several, for songs danced to one at a time and together. The networks are not trained and
the songs are noise; a dance costs the same for any. Sound is scaled and poses go to pixels
as in `choreo dance`; reading and drawing are not timed.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from choreo.dances.generate import Generator, generate_many
from choreo.dataset.description import DataDescription
from choreo.media import SAMPLE_RATE
from choreo.models.recipes import load_recipes

MODELS = Path(__file__).parents[1] / "config" / "models.yaml"


def untrained(recipe):
    """Return a generator of first weights."""
    torch.manual_seed(0)
    poses = np.random.default_rng(0).uniform(-0.5, 0.5, (8, 18, 2)).astype(np.float32)
    return Generator(recipe.build(DataDescription()), poses, {})


def fastest(call, times):
    """Smallest wall and CPU time of several calls, in seconds, after one that doesn't count."""
    call()
    spans = []
    for _ in range(times):
        wall, own = time.perf_counter(), time.process_time()
        call()
        spans.append((time.perf_counter() - wall, time.process_time() - own))
    return np.min(spans, axis=0)


def main():
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["original", "lstm", "gru"])
    parser.add_argument("--songs", nargs="+", type=int, default=[1, 4, 16], help="at once")
    parser.add_argument("--seconds", nargs="+", type=int, default=[5, 60], help="of each song")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--times", type=int, default=4)
    options = parser.parse_args()
    recipes = load_recipes(MODELS)
    rng = np.random.default_rng(1)
    print("| model | threads | songs | s each | times real time | of CPU time |")
    print("|---|---|---|---|---|---|")
    for threads in options.threads:
        torch.set_num_threads(threads)
        for name in options.models:
            generator = untrained(recipes[name])
            for seconds in options.seconds:
                for count in options.songs:
                    songs = rng.integers(-9000, 9000, (count, seconds * SAMPLE_RATE), np.int16)
                    wall, own = (
                        seconds
                        * count
                        / fastest(
                            lambda songs=songs, generator=generator: generate_many(
                                generator, songs, seeds=range(len(songs))
                            ),
                            options.times,
                        )
                    )
                    print(
                        f"| {name} | {threads} | {count} | {seconds} | {wall:.0f} | {own:.0f} |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
