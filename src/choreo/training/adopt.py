"""Weights from elsewhere in the place of a training: `ren2020`, or a model of another study."""

from pathlib import Path

from torch import nn

from choreo.dances.generate import load_generator
from choreo.errors import ConfigError
from choreo.files import sha256, write_json, write_text
from choreo.training.train import save_weights


def adopt(dataset, recipe, *, seed, weights, metrics, losses):
    """Take a generator's weights from the recipe's ``weights_file``.

    Parameters
    ----------
    dataset : Chunks
        Some of its first poses go along, to begin dances from.
    recipe : Recipe
        With ``weights_file``: a released ``generator_*.pth``, or our ``.safetensors``.
    seed : int
        Of the study; goes into the summary.
    weights, metrics, losses : str or Path
        As `choreo.training.train.train` writes them; `losses` has no row.

    Returns
    -------
    dict
        What `metrics` holds.

    Raises
    ------
    ConfigError
        Where the recipe names no file.
    ItemError
        Where the file is missing, broken or of another network.
    """
    if recipe.weights_file is None:
        raise ConfigError(
            "this model isn't trained here (epochs: 0) and has no weights",
            remedy="Give its weights_file in config/models.yaml, or under training.switches",
        )
    path = Path(recipe.weights_file)
    generator = load_generator(path, recipe=recipe, method="released")
    data = {"hash": None, "chunks": 0, "method": generator.method, "canvas": [*generator.canvas]}
    summary = {
        "adopted": {"file": path.name, "sha256": sha256(path)},
        "recipe": generator.recipe.model_dump(),
        "seed": seed,
        # How songs are scaled for it and what its poses mean: as where it was trained.
        "data": generator.summary.get("data", data),
        # None where that is not known, as of released weights.
        "trained_on": generator.summary.get("trained_on"),
        "perceptual": None,
    }
    network = nn.ModuleDict({"generator": generator.network})
    save_weights(network.state_dict(), dataset, weights, summary)
    write_json(metrics, summary)
    write_text(losses, "epoch,step\n")
    return summary
