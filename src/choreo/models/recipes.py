"""Recipes: what a model is made of and how it is trained, as named switches.

A recipe's switches are its family's own (`choreo.models`). This module imports nothing
heavy: the process that builds the DAG reads recipes too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from choreo.errors import ConfigError, ItemError, check_known
from choreo.files import is_id, shipped
from choreo.files.outside import reading
from choreo.files.strict_yaml import load_yaml
from choreo.files.text_tables import read_text
from choreo.models import DEFAULT, recipe_class

if TYPE_CHECKING:
    from choreo.models.family import Recipe

_REMEDY = "Write a mapping, as config/models.yaml has it"


def recipe_from(switches: Mapping[str, Any], *, where: str | None = None) -> Recipe:
    """Make a recipe of a mapping.

    Parameters
    ----------
    switches : mapping
        Names and values of switches; ``family`` says whose they are, and without it they
        are the thesis's GAN's. The rest keeps its default.
    where : str, optional
        The file and key that an error shall name.

    Raises
    ------
    ConfigError
        With the first switch that is unknown or has a wrong value.
    """
    name = switches.get("family", DEFAULT)
    try:
        kind = recipe_class(name)
    except ConfigError as error:
        place = f"{where}, family" if where else "family"
        raise error.restated(ConfigError, where=place) from None
    return kind.read({**switches, "family": name}, where=where)


def load_recipes(path: str | Path) -> dict[str, Recipe]:
    """Read ``config/models.yaml``.

    Parameters
    ----------
    path : str or Path
        YAML: a mapping from model name to switches.

    Returns
    -------
    dict of str to Recipe
        In the file's order.

    Raises
    ------
    ConfigError
        Where the file is missing, no mapping, or holds an unknown switch or value.
    """
    path = shipped(path)
    try:
        with reading(path, "YAML", remedy=_REMEDY):
            data = load_yaml(read_text(path))
    except ItemError as error:
        raise error.restated(ConfigError) from None
    if not isinstance(data, dict) or not data:
        raise ConfigError(
            "must map model names to switches", where=path, value=data, remedy=_REMEDY
        )
    recipes = {}
    for name, switches in data.items():
        if not is_id(str(name)):
            raise ConfigError(
                "not a name for a model",
                where=path,
                value=name,
                remedy="Names have letters, digits, _ and -, at most 64",
            )
        if not isinstance(switches, dict):
            raise ConfigError(
                "must be a mapping of switches",
                where=f"{path}, {name}",
                value=switches,
                remedy=_REMEDY,
            )
        recipes[str(name)] = recipe_from(switches, where=f"{path}, {name}")
    return recipes


def recipe_named(recipes: Mapping[str, Recipe], name: str) -> Recipe:
    """Look a model up.

    Raises
    ------
    ConfigError
        Where there is no such model.
    """
    check_known(name, recipes, what="model")
    return recipes[name]


def shown_in_figure7(recipes):
    """Name of the model whose losses Figure 7 shows, which in the thesis is the GRU.

    Parameters
    ----------
    recipes : dict of str to Recipe
        Of the models that are trained; the Original is a GRU too, but has no L_MF.

    Returns
    -------
    str or None
        ``gru``; where there is none, the first of that role, and else the first model.
    """
    if "gru" in recipes:
        return "gru"
    alike = (name for name, recipe in recipes.items() if "losses" in recipe.roles)
    return next(alike, next(iter(recipes), None))


def shown_in_figure3(recipes):
    """Names of the models whose frameworks Figures 3 and 4 show.

    Parameters
    ----------
    recipes : dict of str to Recipe
        All of the file, whether or not the study trains them.

    Returns
    -------
    original, adapted : str or None
        ``original`` and ``gru``; where a file has no such names, its first recipes of these
        roles (`choreo.models.family.ROLES`). None where there is none.
    """
    found = []
    for known, role in (("original", "original"), ("gru", "adapted")):
        alike = [name for name, recipe in recipes.items() if role in recipe.roles]
        found.append(known if known in alike else next(iter(alike), None))
    return tuple(found)


def check_all(recipes, data):
    """Refuse data that one of the models can't be made for, or that its own files don't fit.

    Parameters
    ----------
    recipes : dict of str to choreo.models.family.Recipe
    data : choreo.dataset.description.DataDescription

    Raises
    ------
    ConfigError
        Naming the model, and why.
    """
    for name, recipe in recipes.items():
        try:
            recipe.check(data)
            recipe.check_files(data)
        except ConfigError as error:
            raise error.restated(ConfigError, where=f"model {name}") from None
