"""A verb of ``choreo`` and a group of them: what all do before their work, and how they help."""

import functools

import click

from choreo.cli import outputs
from choreo.cli.arguments import Option
from choreo.cli.parameter_types import DATASET

FLAGS = ("force", "json")
"""Options that a verb is not passed: `choreo.cli.arguments.given` has them."""


class _Epilog:
    def format_epilog(self, ctx, formatter):
        """Write it as it stands, with its lines."""
        if self.epilog:
            formatter.write(f"\n{self.epilog}")


class Command(_Epilog, click.Command):
    """A verb; ``--force`` comes with its first output."""

    def __init__(self, *arguments, params=(), **attributes):
        params = list(params)
        if any(isinstance(param, outputs.Written) for param in params):
            purpose = "replace also files that Choreo did not make"
            params.append(Option(["--force"], is_flag=True, help=purpose))
        super().__init__(*arguments, params=params, **attributes)

    def parse_args(self, ctx, args):
        """Refuse two options of which one takes the other's place."""
        rest = super().parse_args(ctx, args)
        options = {param.name: param for param in self.params}
        for name, param in options.items():
            other = getattr(param, "instead_of", None)
            if other and ctx.params[name] is not None and ctx.params[other] is not None:
                ctx.fail(
                    f"argument {param.opts[0]}: not allowed with argument {options[other].opts[0]}"
                )
        return rest

    def invoke(self, ctx):
        """Check what is read and written, then run the verb with what was given."""
        datasets = []
        for param in self.params:
            if param.type is DATASET:
                value = ctx.params[param.name]
                datasets += value if isinstance(value, tuple) else [value]
        if datasets:
            from choreo.dataset.pack import look_first

            look_first(datasets)
        outputs.check(self, ctx.params)
        passed = {
            param.name: ctx.params[param.name]
            for param in self.params
            if param.name in ctx.params and param.name not in FLAGS
            # Not given: the function that the verb calls has a default.
            if not (getattr(param, "of", None) and ctx.params[param.name] is None)
        }
        return ctx.invoke(self.callback, **passed)


class Group(_Epilog, click.Group):
    """A verb of verbs."""

    command_class = Command

    def __init__(self, *arguments, **attributes):
        super().__init__(*arguments, no_args_is_help=False, **attributes)

    def format_commands(self, ctx, formatter):
        """Write all that is said of a verb, in as many lines as it takes."""
        with formatter.section(self.subcommand_metavar.split()[0].capitalize() + "s"):
            names = self.list_commands(ctx)
            texts = [self.get_command(ctx, name).help.partition("\n\n")[0] for name in names]
            formatter.write_dl([*zip(names, texts)])

    def list_commands(self, ctx):
        """List the verbs in their own order."""
        return list(self.commands)


verb = functools.partial(click.command, cls=Command)
