"""How fast chunks are packed and read, and that memory does not grow with the dataset.

``python benchmarks/loader.py [--chunks 2000]`` packs random poses and noise in a
temporary folder and prints one line a measurement. Reading is from a warm page cache in
random order, in one process, decoded to float32.
"""

import argparse
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from choreo.dataset.normalise import CANVAS, Normalised, Transform
from choreo.dataset.pack import ChunkDataset, pack, write_shard

CHUNKS_A_VIDEO = 20


def make_shard(folder, number):
    """Write the shard of a video of random poses and noise; return its path."""
    rng = np.random.default_rng(number)
    frames = CHUNKS_A_VIDEO * 50
    normalised = Normalised(
        poses=rng.uniform(-1, 1, (frames, 18, 2)).astype(np.float32),
        repaired=np.zeros((frames, 18), bool),
        transform=Transform((1.0, 1.0), (0.0, 0.0)),
        canvas=CANVAS["thesis"],
        start_seconds=0.0,
        cut_frames=0,
        values=frames * 36,
        values_outside=0,
        method="thesis",
        outside="clip",
    )
    song = rng.integers(-20_000, 20_000, frames * 1600, np.int16)
    path = folder / f"v{number}.h5"
    write_shard(path, normalised, song, video=f"v{number}", song=f"s{number}")
    return path


def _timed(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--chunks", type=int, default=2000, help="size of the dataset")
    parser.add_argument("--batch", type=int, default=16, help="chunks a batch")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        videos = max(2, chosen.chunks // CHUNKS_A_VIDEO)
        shards = []
        # In another process, so that the peaks below are those of packing and reading.
        with ProcessPoolExecutor(1) as pool:
            work = pool.map(make_shard, [folder] * videos, range(videos), chunksize=10)
            took = _timed(lambda: shards.extend(work))
        count = videos * CHUNKS_A_VIDEO
        print(f"shards: {count / took:,.0f} chunks/s written ({count} chunks, {videos} videos)")
        splits = {f"v{k}": "train" for k in range(videos)}
        for part in (videos // 2, videos):
            before = _peak_mib()
            path = folder / f"{part}.h5"
            took = _timed(lambda p=path, n=part: pack(shards[:n], p, splits=splits))
            print(
                f"pack {part} videos: {part * CHUNKS_A_VIDEO / took:,.0f} chunks/s, "
                f"peak memory +{_peak_mib() - before:.0f} MiB, "
                f"file {path.stat().st_size / 2**20:,.0f} MiB"
            )
        before = _peak_mib()
        data = ChunkDataset(path, "train")
        order = np.random.default_rng(0).permutation(count)
        for title in ("first pass", "warm"):
            took = _timed(lambda: [None for i in order if data[int(i)] is None])
            print(f"one by one, {title}: {count / took:,.0f} chunks/s")
        took = _timed(
            lambda: [
                None
                for first in range(0, count, chosen.batch)
                if data.batch(order[first : first + chosen.batch]) is None
            ]
        )
        print(f"batches of {chosen.batch}, warm: {count / took:,.0f} chunks/s")
        print(f"reading: peak memory +{_peak_mib() - before:.0f} MiB")


if __name__ == "__main__":
    main()
