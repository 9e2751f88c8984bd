"""``choreo study``: what a survey with dancers needs."""

from typing import Annotated

import click
from pydantic import Field

from choreo.cli.arguments import json_option, option
from choreo.cli.command import Group
from choreo.cli.messages import say
from choreo.cli.parameter_types import COUNT, SEED, Number

POWER = "choreo.survey.power:power"
_SHARE = Number(
    Annotated[float, Field(ge=0.5, lt=1)], "a share of at least 0.5 (no effect) and below 1"
)
_SPREAD = Number(Annotated[float, Field(ge=0, le=10)], "a number from 0 to 10")
_MANY = Number(Annotated[int, Field(ge=1, le=10_000)], "a whole number from 1 to 10000")

EPILOG = """\
examples:
  choreo study power --dancers 22 --songs 6 --effect 0.61     the thesis's own survey
  choreo study power --dancers 40 --songs 20 --effect 0.61 --questions 4
"""


@click.group(cls=Group, subcommand_metavar="VERB ...")
def study():
    """Plan a survey with dancers; `snakemake study` makes it (docs/survey.md)."""


@study.command(epilog=EPILOG)
@option("--dancers", type=_MANY, required=True, help="how many answer")
@option("--songs", type=_MANY, required=True, help="pairs of dances, each to its own song")
@option(
    "--effect",
    type=_SHARE,
    required=True,
    help="share of answers that prefer one model, such as the thesis's 0.61",
)
@option("--dancer-spread", type=_SPREAD, of=POWER, help="how much dancers differ (a probit's SD)")
@option("--song-spread", type=_SPREAD, of=POWER, help="how much songs differ")
@option("--questions", type=COUNT, of=POWER, help="questions that are corrected for")
@option("--surveys", type=_MANY, of=POWER, help="how many surveys are simulated")
@option("--seed", type=SEED, of=POWER, help="of the simulation")
@json_option
def power(dancers, songs, effect, **settings):
    """How often a survey would tell a difference: its power, by simulation."""
    from choreo.survey.power import power as simulated

    found = simulated(dancers, songs, effect, **settings)
    none = simulated(dancers, songs, 0.5, **settings)
    tests = {
        "votes": "over answers (binomial)",
        "participants": "over dancers (sign test)",
        "songs": "over songs (sign test)",
        "both": "over dancers and over songs",
    }
    lines = [f"{dancers} dancers, {songs} songs, {effect:.0%} prefer one model; told at 5%:"]
    lines += [
        f"{text}: in {getattr(found, name):.0%} of surveys; where there is no difference in "
        f"{getattr(none, name):.0%}"
        for name, text in tests.items()
    ]
    record = {
        "dancers": dancers,
        "songs": songs,
        "effect": effect,
        "power": vars(found),
        "wrong": vars(none),
    }
    say(record, lines)
