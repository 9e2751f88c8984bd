"""Arguments of the verbs of ``choreo``, as decorators; defaults are those of what they call."""

import ast
import functools
import importlib
import inspect

import click

from choreo.cli.parameter_types import PATH, top_level


class Option(click.Option):
    """An option of a verb.

    Parameters
    ----------
    *names, **attributes
        Of `click.Option`.
    of : str, optional
        ``module:function`` that has a parameter of this name. Where the option is not given
        it isn't passed on, so that the function's default holds; `--help` reads it there.
    instead_of : str, optional
        Name of another option of the verb, which can't be given as well.
    """

    def __init__(self, *names, of=None, instead_of=None, **attributes):
        super().__init__(*names, show_default=True, **attributes)
        self.of, self.instead_of = of, instead_of

    def get_help_extra(self, ctx):
        """Add the default of the function that the verb calls."""
        default = self.of and default_of(self.of, self.name)
        shown = {} if default in (None, "") else {"default": _as_shown(default)}
        return super().get_help_extra(ctx) | shown


def _as_shown(default):
    if isinstance(default, (list, tuple)):
        return ", ".join(default)
    return f"{default:g}" if isinstance(default, float) else str(default)


def default_of(function, name):
    """Default of a function's parameter.

    Parameters
    ----------
    function : str
        ``module:function``. The module is not imported where the default stands in its text as
        a literal, or is a constant of it: some need seconds for that.
    name : str
        A parameter that has a default.

    Returns
    -------
    object
    """
    module, _, function = function.partition(":")
    defined, constants = top_level(module)
    given = defined[function]
    try:
        default = dict(zip([arg.arg for arg in given.kwonlyargs], given.kw_defaults))[name]
        if isinstance(default, ast.Name):
            default = constants[default.id]
        return ast.literal_eval(default)
    except (KeyError, ValueError):
        found = getattr(importlib.import_module(module), function)
        return inspect.signature(found).parameters[name].default


option = functools.partial(click.option, cls=Option)
json_option = option("--json", is_flag=True, help="machine-readable output")
path_option = functools.partial(option, type=PATH)
argument = functools.partial(click.argument, type=PATH)
track_argument = argument("track", help="a track (.npz)")


def given(name):
    """Value of a flag of the running verb, such as ``--force``, which isn't passed to it."""
    return click.get_current_context().params[name]
