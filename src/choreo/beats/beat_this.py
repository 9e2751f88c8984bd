"""Beats of the learned tracker Beat This! (Foscarin, Schlüter and Widmer, 2024)."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from choreo.errors import ConfigError


def find_beats(audio: np.ndarray, rate: int, weights: str | Path) -> np.ndarray:
    """Find beats.

    Parameters
    ----------
    audio : ndarray of float32, shape (S,)
    rate : int
        Samples a second.
    weights : str
        A checkpoint of it. Nothing is downloaded.

    Returns
    -------
    ndarray
        Seconds, rising.

    Raises
    ------
    ConfigError
        Where the package ``beat_this`` isn't installed or can't use the file.
    """
    beats, _ = _loaded(weights)(audio, rate)
    return np.unique(np.asarray(beats, float))


@functools.cache
def _loaded(weights):
    import torch

    try:
        from beat_this.inference import Audio2Beats
    except ImportError:
        raise ConfigError(
            "the package beat_this is not installed",
            where="evaluation.beat_this",
            remedy="pip install beat_this (github.com/CPJKU/beat_this), or leave the key out",
        ) from None
    try:
        # The package takes a name that is no file for the name of a download.
        torch.load(weights, map_location="cpu", weights_only=True)
        return Audio2Beats(checkpoint_path=weights, device="cpu", dbn=False)
    except Exception as error:
        raise ConfigError(
            f"no weights of beat_this ({type(error).__name__}: {str(error).splitlines()[0][:200]})",
            where="evaluation.beat_this",
            value=weights,
            remedy="Name a checkpoint that the package's own documentation links to",
        ) from error
