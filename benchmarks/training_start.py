"""How soon a training begins, and that its memory does not grow with the dataset.

``python benchmarks/training_start.py [--chunks 200 2000]`` packs random poses and noise
of each size in a temporary folder and runs ``choreo train`` on it in a process of its
own. Prints the seconds from the start of that process until its first step is done, the
CPU seconds until then (which say more on a busy machine), the part of them that was
imports, and the peak memory after `--steps` steps.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from loader import CHUNKS_A_VIDEO, make_shard

MODELS = Path(__file__).parents[1] / "config" / "models.yaml"


def packed(folder, chunks):
    """Pack a dataset of at least so many chunks; return its path and their number."""
    from choreo.dataset.pack import pack

    videos = max(2, -(-chunks // CHUNKS_A_VIDEO))
    folder.mkdir()
    shards = [make_shard(folder, number) for number in range(videos)]
    path = folder / "dataset.h5"
    pack(shards, path, splits={f"v{k}": "train" for k in range(videos)})
    return path, videos * CHUNKS_A_VIDEO


def child(dataset, folder, model, batch, steps):
    """Train some steps as ``choreo train`` does, from the process's start."""
    from choreo.dataset.pack import ChunkDataset
    from choreo.models.recipes import load_recipes
    from choreo.training.train import train

    ends, used = [], [time.process_time()]

    def stop(step, _, __):
        ends.append(time.time())
        used.append(time.process_time())
        if step == steps:
            # Peak of this process since it began, in KiB on Linux.
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(json.dumps({"end": ends[0], "imports": used[0], "cpu": used[1], "peak": peak}))
            raise KeyboardInterrupt

    out = Path(folder)
    try:
        train(
            ChunkDataset(dataset, split="train"),
            load_recipes(MODELS)[model],
            seed=1,
            weights=out / "weights.safetensors",
            metrics=out / "metrics.json",
            losses=out / "losses.csv",
            log_dir=out / "log",
            checkpoint_dir=out / "checkpoints",
            batch_size=int(batch),
            threads=1,
            on_progress=stop,
        )
    except KeyboardInterrupt:
        sys.stdout.flush()


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chunks", nargs="+", type=int, default=[200, 2000])
    parser.add_argument("--model", default="gru")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=3)
    chosen = parser.parse_args()
    print("| chunks | file, MiB | first step done, s | CPU s | of it imports | peak memory, MiB |")
    print("|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as name:
        for wanted in chosen.chunks:
            folder = Path(name) / str(wanted)
            with ProcessPoolExecutor(1) as pool:
                path, count = pool.submit(packed, folder, wanted).result()
            order = (path, folder, chosen.model, chosen.batch, chosen.steps)
            start = time.time()
            done = subprocess.run(
                [sys.executable, __file__, "--child", *map(str, order)],
                stdout=subprocess.PIPE,
                check=True,
                text=True,
            )
            seen = json.loads(done.stdout.splitlines()[-1])
            print(
                f"| {count} | {path.stat().st_size / 2**20:.0f} | {seen['end'] - start:.1f} | "
                f"{seen['cpu']:.1f} | {seen['imports']:.1f} | {seen['peak']:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        dataset, folder, model, batch, steps = sys.argv[2:]
        child(dataset, folder, model, int(batch), int(steps))
    else:
        main()
