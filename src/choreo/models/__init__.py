"""Families of models: what makes a dance of music.

A family is a module, or a package, with a class ``Recipe`` (`choreo.models.family`), and a
line here. Nothing of a family is imported before a recipe names it: the process that builds
the DAG reads recipes, and an edit of one family touches no other.
"""

import difflib
import importlib

from choreo.errors import ConfigError

FAMILIES = {
    "gan": "choreo.models.gan",
    "flow": "choreo.models.flow",
    "graph": "choreo.models.graph",
}
"""Name in a recipe's ``family`` -> module. This line is all that a family needs elsewhere."""

DEFAULT = "gan"
"""Family of recipes that name none: the thesis's."""


def recipe_class(name):
    """The ``Recipe`` class of a family.

    Parameters
    ----------
    name : str
        Key of `FAMILIES`.

    Returns
    -------
    type
        A subclass of `choreo.models.family.Recipe`.

    Raises
    ------
    ConfigError
        Where there is no such family.
    """
    # A list or a mapping in its place is not even looked up.
    if not isinstance(name, str) or name not in FAMILIES:
        close = difflib.get_close_matches(str(name), FAMILIES, 1)
        raise ConfigError(
            "unknown family of models",
            value=name,
            remedy=(f"Did you mean {close[0]!r}? " if close else "")
            + f"Known: {', '.join(FAMILIES)}",
        )
    return importlib.import_module(FAMILIES[name]).Recipe
