"""Weights that come with the install: ``NAME.safetensors`` in this folder."""

from pathlib import Path

from choreo.errors import ConfigError

SHIPPED = "shipped"
"""What a recipe's ``start_from`` says for them."""
FOLDER = Path(__file__).parent


def shipped_weights(name):
    """Path of the weights of this name.

    Parameters
    ----------
    name : str
        The model's name in ``config/models.yaml``, such as ``flow``.

    Raises
    ------
    ConfigError
        Where this install has none.
    """
    path = FOLDER / f"{name}.safetensors"
    if not path.is_file():
        there = sorted(found.stem for found in FOLDER.glob("*.safetensors"))
        raise ConfigError(
            "this install of choreo brings no weights of this name",
            value=name,
            remedy=f"There are: {', '.join(there) or 'none'}. Train a model, and name its weights",
        )
    return path
