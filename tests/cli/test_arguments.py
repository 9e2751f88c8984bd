"""Numbers that the verbs take are bounded by what the stages take; defaults are theirs."""

import inspect
import math
from importlib import import_module

import click
import pytest
from verbs import VERBS

from choreo.cli.arguments import default_of
from choreo.cli.parameter_types import Number
from choreo.evaluation.others.bodies import VIEWS
from choreo.videos.audio import CHANNELS

OPTIONS = [
    (f"{' '.join(verb)} {param.opts[0]}", param)
    for verb, command in VERBS.items()
    for param in command.params
]
SEEDS = {name: param.type for name, param in OPTIONS if name.endswith("--seed")}
NUMBERS = {name: param.type for name, param in OPTIONS if isinstance(param.type, Number)}
DEFAULTS = {name: param for name, param in OPTIONS if getattr(param, "of", None)}


def test_the_verbs_with_a_seed_are_found():
    assert set(SEEDS) == {
        *("train --seed", "dance --seed", "evaluate --seed", "evaluate-others --seed"),
        "study power --seed",
        *("dataset sample --seed", "dataset import --seed", "dataset pack --seed"),
    }


@pytest.mark.parametrize("read", SEEDS.values(), ids=SEEDS)
def test_every_verb_takes_the_seeds_that_every_stage_takes(read):
    assert read("0") == 0
    assert read(str(2**63 - 1)) == 2**63 - 1
    for text in (str(2**63), "9" * 400, "-1", "1e3", "nan", ""):
        with pytest.raises(click.BadParameter, match="is not a whole number from 0 to 9223372036"):
            read(text)


@pytest.mark.parametrize("read", NUMBERS.values(), ids=NUMBERS)
def test_every_number_is_checked(read):
    for text in ("nan", "inf", "-inf", "-1", "x", ""):
        with pytest.raises(click.BadParameter, match=r"'.*' is not a "):
            read(text)
    assert math.isfinite(read(next(t for t in ("1", "0.5", "100") if _taken(read, t))))


def _taken(read, text):
    try:
        read(text)
    except click.BadParameter:
        return False
    return True


def test_no_number_is_read_without_a_check():
    bare = (click.types.IntParamType, click.types.FloatParamType)
    assert not [name for name, param in OPTIONS if isinstance(param.type, bare)]


@pytest.mark.parametrize("option", DEFAULTS.values(), ids=DEFAULTS)
def test_a_default_is_that_of_what_the_verb_calls(option):
    """Which has such a parameter; `--help` says its default."""
    module, _, function = option.of.partition(":")
    default = inspect.signature(getattr(import_module(module), function)).parameters[option.name]
    assert default_of(option.of, option.name) == default.default
    assert option.default in (None, option.default)
    told = option.get_help_record(click.Context(click.Command("x")))[1]
    if isinstance(default.default, (int, float)):
        assert f"default: {default.default:g}" in told


@pytest.mark.parametrize(
    ("verb", "name", "words"),
    [("evaluate-others", "view", VIEWS), ("videos", "channels", CHANNELS)],
)
def test_choices_are_those_of_the_stage(verb, name, words):
    (option,) = [param for param in VERBS[(verb,)].params if param.name == name]
    assert list(option.type.choices) == list(words)


def test_choices_are_those_of_the_settings():
    from choreo.config import read_config

    study = {"study": "a", "table": "a.tsv"}
    for verb, section in (("clean", "cleaning"), ("quality", "comparison")):
        (option,) = [p for p in VERBS[(verb,)].params if p.name == "method"]
        for word in option.type.choices:
            read_config(study | {section: {"method": word}})
