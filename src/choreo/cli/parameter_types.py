"""Kinds of values that the verbs of ``choreo`` take; what is wrong is a usage error."""

import ast
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin

import click
from pydantic import Field, TypeAdapter, ValidationError

from choreo.config import Config
from choreo.config.limits import allowed_numbers

# None of click.Path's own checks, which are usage errors: a file is checked by its reader.
PATH = click.types.FuncParamType(Path)
DATASET = click.types.FuncParamType(Path)
"""Path of a dataset or shard, which a process of its own opens before the verb begins."""


class Number(click.ParamType):
    """What pydantic reads as a kind of number.

    Parameters
    ----------
    kind : type
        With pydantic's bounds.
    what : str or callable
        What it is, for an error, or a function that says it of the text that was refused.
    """

    name = "number"

    def __init__(self, kind, what):
        self.values, self.what = TypeAdapter(kind), what

    def convert(self, value, param, ctx):
        """Read one number."""
        try:
            return self.values.validate_python(value)
        except ValidationError:
            what = self.what(value) if callable(self.what) else self.what
            self.fail(f"{value!r} is not {what}", param, ctx)


_Finite = Annotated[float, Field(allow_inf_nan=False)]
POSITIVE = Number(Annotated[_Finite, Field(gt=0)], "a number above 0")
HEIGHTS = Number(
    Annotated[_Finite, Field(gt=0, le=2)],
    "a fraction of the dancer's height: above 0 and at most 2",
)
WHOLE = Number(Annotated[int, Field(ge=0)], "a whole number of 0 or more")
COUNT = Number(Annotated[int, Field(ge=1)], "a whole number of 1 or more")


def setting(section, key):
    """Kind of an option that a study has as a setting: what may stand there may be given.

    Parameters
    ----------
    section : type of pydantic.BaseModel
        Such as `choreo.config.Cleaning`.
    key : str
        A setting of numbers, or of words to choose from.

    Returns
    -------
    click.ParamType
    """
    field = section.model_fields[key]
    if words := _words_of(field.annotation):
        return click.Choice(words)

    def what(value):
        hint, _, allowed = allowed_numbers(section, [key], value).rpartition("Allowed: ")
        return f"{allowed.removesuffix(', or null')}. {hint}".rstrip(". ")

    return Number(Annotated[field.annotation, field], what)


def _words_of(annotation):
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return [word for part in get_args(annotation) for word in _words_of(part)]


SEED = setting(Config, "seed")


def constant(of):
    """A literal that stands in a module's text, ``module:NAME``, which is not imported for it."""
    module, _, name = of.partition(":")
    return ast.literal_eval(top_level(module)[1][name])


def top_level(module):
    """Arguments of a module's functions, and its constants, by their names."""
    tree = ast.parse(Path(find_spec(module).origin).read_text(encoding="utf-8"))
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    return (
        {node.name: node.args for node in tree.body if isinstance(node, ast.FunctionDef)},
        {t.id: node.value for node in assigned for t in node.targets if isinstance(t, ast.Name)},
    )


def words(text):
    """Read words with commas between them."""
    return [word.strip() for word in text.split(",") if word.strip()]


def size(text):
    """Read a width and a height, such as 640x360."""
    found = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text, re.ASCII | re.IGNORECASE)
    if not found:
        raise click.BadParameter(f"{text!r} is not WIDTHxHEIGHT, such as 640x360")
    return int(found[1]), int(found[2])
