"""Every verb of `choreo`, as its parser has it."""

import click

from choreo.cli import choreo


def _verbs(command, words=()):
    if not isinstance(command, click.Group):
        yield words, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        yield from _verbs(command.get_command(context, name), (*words, name))


VERBS = dict(_verbs(choreo))
"""Words of a verb -> its command."""


def parsed(words):
    """Command of the words, and the values of its parameters."""
    verb = next(verb for verb in VERBS if tuple(words[: len(verb)]) == verb)
    context = VERBS[verb].make_context(" ".join(verb), list(words[len(verb) :]))
    return context.command, context.params
