"""What `--help` teaches: every verb has an example that it takes, every parameter a word."""

import re
import shlex

import click
import pytest
from verbs import VERBS, parsed

from choreo.cli import EPILOG, choreo

GROUPS = {"dataset": choreo.get_command(click.Context(choreo), "dataset").epilog, "": EPILOG}
EPILOGS = GROUPS | {" ".join(verb): command.epilog or "" for verb, command in VERBS.items()}


def examples(epilog):
    """Words of the commands that a text shows, without what is said beside them."""
    lines = re.sub(r"\\\n\s*", "", epilog).splitlines()
    shown = [line.strip() for line in lines if line.startswith("  choreo ")]
    return [shlex.split(re.split(r"\s{2,}", line)[0])[1:] for line in shown]


def test_a_continued_line_and_a_remark_are_told_from_the_command():
    text = "  choreo a b \\\n      -o c\n  choreo d   a remark\nnot choreo e\n"
    assert examples(text) == [["a", "b", "-o", "c"], ["d"]]


@pytest.mark.parametrize("verb", EPILOGS)
def test_a_verb_shows_examples_that_it_takes(verb):
    own = [
        words for words in examples(EPILOGS[verb]) if verb == " ".join(words[: len(verb.split())])
    ]
    assert own
    for words in examples(EPILOGS[verb]):
        if words[-1] != "--help":
            parsed(words)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_parameter_says_what_it_is(verb):
    context = click.Context(VERBS[verb], info_name=verb[-1])
    for param in VERBS[verb].params:
        assert re.search("[a-z]{2}", param.help or ""), param.name
    assert VERBS[verb].get_help(context).count("TEXT") == 0


def test_no_line_of_an_example_is_wider_than_a_terminal():
    for verb, epilog in EPILOGS.items():
        assert max(map(len, epilog.splitlines())) <= 100, verb
