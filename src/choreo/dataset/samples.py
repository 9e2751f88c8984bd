"""Chunks of a dataset as videos with their sound, to look at and listen to."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from choreo.dataset.audio import encode, unframed
from choreo.dataset.normalise import to_pixels
from choreo.dataset.pack import ChunkDataset
from choreo.drawing import render_track
from choreo.errors import ItemError
from choreo.files.temporary import temporary_folder
from choreo.pose.track import PoseTrack
from choreo.videos.wav import write_wav


def write_samples(
    dataset: str | Path,
    folder: str | Path,
    *,
    count: int = 4,
    split: str | None = None,
    seed: int = 0,
) -> list[Path]:
    """Render chunks drawn at random.

    Parameters
    ----------
    dataset : str or Path
        A packed file or a shard.
    folder : str or Path
        Where to write ``<video>_<index>.mp4``.
    count : int
        How many chunks; all where there are fewer.
    split : {"train", "validation", "test"}, optional
        Only chunks of this split.
    seed : int
        Seed of the draw.

    Returns
    -------
    list of Path
        The videos, in the order of the dataset.

    Raises
    ------
    ItemError
        Where the dataset, or its split, has no chunk.
    """
    chunks, chosen = _chosen(dataset, count, split, seed)
    paths, data = [], chunks.description
    for i in chosen:
        ids, chunk = chunks.ids(i), chunks[i]
        pixels = to_pixels(chunk["pose"], chunks.canvas)
        track = PoseTrack(
            pixels, np.ones(pixels.shape[:2]), data.fps, data.canvas, skeleton=data.skeleton
        )
        path = _path(folder, ids)
        title = f"{ids['video']} {ids['start_seconds']:g} s {ids['song']} {ids['split']}"
        with temporary_folder() as scratch:
            song = scratch / "song.wav"
            samples = encode(unframed(chunk["audio"], data), data.method)
            write_wav(song, [samples])
            render_track(track, path, audio=song, text=title)
        paths.append(path)
    chunks.close()
    return paths


def sample_files(
    dataset: str | Path,
    folder: str | Path,
    *,
    count: int = 4,
    split: str | None = None,
    seed: int = 0,
) -> list[Path]:
    """Paths that `write_samples` writes with the same arguments."""
    chunks, chosen = _chosen(dataset, count, split, seed)
    paths = [_path(folder, chunks.ids(i)) for i in chosen]
    chunks.close()
    return paths


def _path(folder, ids):
    return Path(folder) / f"{ids['video']}_{ids['index']}.mp4"


def _chosen(dataset, count, split, seed):
    """The opened dataset, and the sorted numbers of the chunks drawn from it."""
    chunks = ChunkDataset(dataset, split)
    if not len(chunks):
        raise ItemError("there is no chunk to show", where=dataset, value=split)
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(len(chunks), min(count, len(chunks)), replace=False))
    return chunks, chosen.tolist()
