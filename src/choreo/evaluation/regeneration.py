"""Can music features be regenerated from a dance? (thesis section 4.2.3, SQ3).

A trained model's music-feature generator reads a dance, and what it finds is compared with
the features that the music encoder finds in the dance's own music and in other songs. The
measure is a rate with a known chance level, 50%, so that features that all became alike,
which make the training's loss small, give no advantage.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from choreo.dataset.audio import network_audio
from choreo.dataset.normalise import from_pixels
from choreo.dataset.pack import ChunkDataset
from choreo.errors import ItemError
from choreo.models.gan.networks import Networks, fill
from choreo.models.gan.segments import CHUNK_FRAMES, split_song
from choreo.models.weights import read_trained
from choreo.pose.track import PoseTrack
from choreo.videos.wav import read_wav


def load_networks(path):
    """Read all networks of a trained model.

    Parameters
    ----------
    path : str or Path
        ``weights.safetensors`` of `choreo.training.train`.

    Returns
    -------
    networks : Networks
        In eval mode.
    method : {"thesis", "released"}
        How its sound was scaled.

    Raises
    ------
    ItemError
        Where the file is missing or no such file, or the model has no music-feature
        generator.
    """
    recipe, summary, state = read_trained(path, data=("method",), family="gan")
    networks = Networks(recipe)
    if networks.music_feature_generator is None:
        raise ItemError("this model has no music-feature generator", where=path)
    state.pop("initial_poses", None)
    fill(networks, state, where=path)
    return networks.eval(), summary["data"]["method"]


@torch.no_grad()
def regenerate(networks, poses, audio):
    """Music features of segments, from the sound and from the dance.

    Parameters
    ----------
    networks : Networks
    poses : ndarray, shape (N, 50, 18, 2)
        In [-1, 1].
    audio : ndarray, shape (N, 50, 1600)
        As networks get it.

    Returns
    -------
    encoded, regenerated : ndarray, shape (N, 50, U)
    """
    encoded, regenerated = [], []
    for start in range(0, len(poses), 32):
        part = slice(start, start + 32)
        sound = torch.from_numpy(np.ascontiguousarray(audio[part], np.float32))
        dance = torch.from_numpy(np.ascontiguousarray(poses[part], np.float32)).flatten(2)
        encoded.append(networks.generator.audio_encoder(sound).numpy())
        regenerated.append(networks.music_feature_generator(dance).numpy())
    return np.concatenate(encoded), np.concatenate(regenerated)


def identification_rates(encoded, regenerated, songs):
    """How often the regenerated features are nearest to the own music's.

    Parameters
    ----------
    encoded, regenerated : ndarray, shape (N, T, U)
    songs : sequence of str, length N

    Returns
    -------
    ndarray, shape (N,)
        For each segment the share of the segments of other songs whose features are further
        away than its own (mean squared difference, each feature scaled with its deviation
        over all segments; a tie is half). 0.5 is chance, 1 perfect; NaN where there is no
        other song.
    """
    encoded, regenerated = (np.asarray(x, float) for x in (encoded, regenerated))
    songs = np.asarray(songs, dtype=str)
    deviation = encoded.std((0, 1))
    scale = np.where(deviation > 1e-12, deviation, 1)
    encoded, regenerated = ((x / scale).reshape(len(songs), -1) for x in (encoded, regenerated))
    squares = (regenerated**2).sum(1)[:, None] + (encoded**2).sum(1) - 2 * regenerated @ encoded.T
    own = np.diag(squares)[:, None]
    tied = np.isclose(squares, own, rtol=1e-9, atol=1e-9)
    wins = np.where(tied, 0.5, squares > own)
    other = songs[:, None] != songs
    count = other.sum(1)
    rates = np.full(len(songs), np.nan)
    np.divide((wins * other).sum(1), count, out=rates, where=count > 0)
    return rates


def measure_regeneration(
    weights: str | Path,
    tracks: Mapping[str, str | Path],
    sounds: Mapping[str, str | Path],
    dataset: str | Path,
) -> dict[str, Any]:
    """Measure one model on its own dances and on held-out real ones.

    Parameters
    ----------
    weights : str or Path
        Of the model.
    tracks : dict of str to path
        Song -> generated dance.
    sounds : dict of str to path
        Song -> its wav of a study.
    dataset : str or Path
        The packed file, for the real dances of the test split.

    Returns
    -------
    dict
        JSON values: for "generated" and "real" `songs` and `rates`, one a segment; a rate
        that is not defined is None.
    """
    networks, method = load_networks(weights)
    poses, audio, songs = [], [], []
    for song, path in tracks.items():
        track = PoseTrack.load(path)
        segments = split_song(network_audio(read_wav(sounds[song]), method))
        count = min(len(track) // CHUNK_FRAMES, len(segments))
        positions = from_pixels(track.keypoints[: count * CHUNK_FRAMES], track.size)
        poses.append(positions.reshape(count, CHUNK_FRAMES, *positions.shape[1:]))
        audio.append(segments[:count])
        songs += [song] * count
    found = {"generated": _rates(networks, np.concatenate(poses), np.concatenate(audio), songs)}
    chunks = ChunkDataset(dataset, "test")
    real = chunks.batch(range(len(chunks)))
    songs = [chunks.clips[number]["song"] for number in chunks.clip]
    chunks.close()
    return found | {"real": _rates(networks, real["pose"], real["audio"], songs)}


def _rates(networks, poses, audio, songs):
    rates = identification_rates(*regenerate(networks, poses, audio), songs)
    return {
        "songs": list(map(str, songs)),
        "rates": [None if np.isnan(rate) else float(rate) for rate in rates],
    }
