"""Numbers that the verbs take are bounded by what the stages take."""

import argparse

import pytest

from choreo import cli


def seeds(parser, verb="choreo"):
    """(verb, type) of every ``--seed`` of a parser and those below it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from seeds(below, f"{verb} {name}")
        elif "--seed" in action.option_strings:
            yield verb, action.type


SEEDS = dict(seeds(cli._parser()))


def test_the_verbs_with_a_seed_are_found():
    assert {"choreo dance", "choreo train", "choreo evaluate"} <= set(SEEDS)


@pytest.mark.parametrize("read", SEEDS.values(), ids=SEEDS)
def test_every_verb_takes_the_seeds_that_every_stage_takes(read):
    assert read("0") == 0
    assert read(str(2**63 - 1)) == 2**63 - 1
    for text in (str(2**63), "9" * 400, "-1", "1e3", "nan", ""):
        with pytest.raises(argparse.ArgumentTypeError, match="a whole number from 0"):
            read(text)
