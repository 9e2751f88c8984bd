"""Weights that come with the install: ``NAME.safetensors`` in this folder."""

from __future__ import annotations

from pathlib import Path

from choreo.errors import ConfigError

SHIPPED = "shipped"
"""What a recipe's ``start_from`` says for them."""
FOLDER = Path(__file__).parent
DEFAULT = "graph"
"""Which of them dances where no model is named (docs/models.md has both measured)."""


def shipped_names() -> list[str]:
    """Names of the weights that this install has."""
    return sorted(found.stem for found in FOLDER.glob("*.safetensors"))


def find_weights(model: Path | None) -> Path:
    """Path of weights, or of shipped ones by their name.

    Parameters
    ----------
    model : Path or None
        A path, or a name of `shipped_names` where no such file lies here; None: `DEFAULT`.

    Raises
    ------
    ConfigError
        Where no model is named and this install has none.
    """
    if model is None:
        return shipped_weights(DEFAULT)
    if str(model) in shipped_names() and not model.exists():
        return shipped_weights(str(model))
    return model


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
        raise ConfigError(
            "this install of choreo brings no weights of this name",
            value=name,
            remedy=f"There are: {', '.join(shipped_names()) or 'none'}. Train a model, and name "
            "its weights",
        )
    return path
