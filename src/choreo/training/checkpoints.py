"""Where a training stands, kept so that a killed run goes on as if nothing had happened.

One folder a run, named by a hash of all that decides its outcome: the recipe, the data,
the seed and the code of the model's family. A run can never go on from another one's
checkpoint.
"""

import contextlib
import hashlib
import json
import shutil
import sys

import torch

from choreo.errors import ItemError
from choreo.files.locks import held_folder
from choreo.files.sealed import load_torch, save_torch
from choreo.pipeline.digest import digest

STATE = "state.pt"


def run_key(modules, **parts):
    """Name of a run's folder.

    Parameters
    ----------
    modules : iterable of str
        Whose code decides the outcome: see `choreo.pipeline.digest.digest`.
    **parts
        What decides the outcome, as JSON values.

    Returns
    -------
    str
        32 hex digits.
    """
    code = {"code": digest(None, *modules), "torch": torch.__version__}
    text = json.dumps({**parts, **code}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@contextlib.contextmanager
def locked(folder):
    """Hold a run's folder; a second process that wants it waits.

    The lock is the operating system's and ends with the process, however it ends.

    Parameters
    ----------
    folder : Path
        Made where it isn't there.

    Yields
    ------
    bool
        Whether another process had to be waited for.
    """
    with held_folder(
        folder,
        on_wait=lambda: print(
            f"{folder}: another process trains this; waiting for it", file=sys.stderr
        ),
    ) as waited:
        yield waited


def save(folder, state):
    """Write a checkpoint, whole or not at all."""
    save_torch(folder / STATE, state)


def load(folder):
    """Read the checkpoint of a run.

    Returns
    -------
    dict or None
        None where there is none. One that can't be read, or has changed since it was
        written, is said so, and left out.
    """
    for stale in folder.glob(".state-*"):
        stale.unlink()
    if not (folder / STATE).exists():
        return None
    try:
        return load_torch(folder / STATE, "a checkpoint")
    except ItemError as error:
        print(f"{error}. Training starts anew", file=sys.stderr)
        return None


def remove(folder):
    """Remove a run's folder after its end."""
    shutil.rmtree(folder, ignore_errors=True)
