"""Two songs of clicks and dances to them, packed as `choreo.dataset` does."""

import numpy as np

from choreo.dataset.description import CANVAS
from choreo.dataset.normalise import Normalised, Transform
from choreo.dataset.pack import pack, write_shard

TINY = {"family": "flow", "width": 16, "layers": 1, "heads": 2, "epochs": 4, "batch_size": 4}
SECONDS = 14.0
RATE = 16_000


def clicks(period, seconds=SECONDS):
    """A song of clicks, from which a beat tracker hears the period."""
    sound = np.random.default_rng(7).normal(0, 20, round(seconds * RATE))
    for beat in np.arange(0.2, seconds - 0.1, period):
        at = round(beat * RATE)
        sound[at : at + 600] += 12_000 * np.hanning(1200)[600:] * np.sin(np.arange(600) * 0.9)
    return sound.astype(np.int16)


def moves(period, fps, seconds=SECONDS):
    """A dancer who swings once in two beats, shape (T, 18, 2)."""
    time = np.arange(round(seconds * fps)) / fps
    still = np.random.default_rng(3).uniform(-0.5, 0.5, (18, 2))
    swing = np.sin(np.pi * (time - 0.2) / period)[:, None, None]
    return (still + 0.2 * swing * np.random.default_rng(4).uniform(-1, 1, (18, 2))).astype(
        np.float32
    )


def packed(folder, *, fps=10, chunk_seconds=2.0, periods=(0.5, 0.4), stride_seconds=None):
    """Path of a packed file: one dance to each song of clicks."""
    folder.mkdir(exist_ok=True, parents=True)
    shards = []
    for number, period in enumerate(periods):
        poses = moves(period, fps)
        shard = folder / f"v{number}.h5"
        normalised = Normalised(
            poses=poses,
            repaired=np.zeros(poses.shape[:2], bool),
            transform=Transform((1.0, 1.0), (0.0, 0.0)),
            canvas=CANVAS["thesis"],
            start_seconds=0.0,
            cut_frames=0,
            values=poses.size,
            values_outside=0,
            method="thesis",
            outside="clip",
            fps=fps,
        )
        write_shard(
            shard,
            normalised,
            clicks(period),
            video=f"v{number}",
            song=f"s{number}",
            chunk_seconds=chunk_seconds,
            stride_seconds=stride_seconds,
        )
        shards.append(shard)
    pack(shards, folder / "dataset.h5", splits={shard.stem: "train" for shard in shards})
    return folder / "dataset.h5"
