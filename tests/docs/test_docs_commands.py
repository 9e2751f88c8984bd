"""What the docs, the configs and the messages tell people to type is what Snakemake takes."""

import ast
import re
import shlex
from pathlib import Path

import pytest
from snakemake.cli import get_argument_parser, parse_config

ROOT = Path(__file__).parents[2]
# Written by the runs whose tables they show, or beside the claims audit that is under way.
ELSEWHERE = ("docs/published/",)
# A command ends with its line, its backticks, a comment, what it is sent to or a sentence.
COMMAND = re.compile(r"snakemake((?: (?:\\\n *)?(?![#&>|(])[^\s`]+)+)")
RULES = {
    name
    for path in (ROOT / "rules").glob("*.smk")
    for name in re.findall(r"^(?:rule|checkpoint) (\w+):", path.read_text(encoding="utf-8"), re.M)
}


def _texts():
    """Name and text of all that people read commands in."""
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("config/*")):
        if not str(path.relative_to(ROOT)).startswith(ELSEWHERE):
            yield path, path.read_text(encoding="utf-8")
    for path in ROOT.glob("profiles/*/*.yaml"):
        yield path, path.read_text(encoding="utf-8")
    for path in ROOT.glob("src/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path, node.value


def _given(command):
    """The words after ``snakemake``, without a sentence's end."""
    words = shlex.split(re.sub(r'"\$\w+"', "1", command.replace("\\\n", " ")))
    return [*words[:-1], words[-1].rstrip(".,;:)")]


def _commands():
    for path, text in _texts():
        for match in COMMAND.finditer(text):
            if " --config" in match[1] and " ..." not in match[1]:
                yield pytest.param(match[1], id=f"{path.relative_to(ROOT)}:{match[1][:60]}")


def refused(words):
    """What is wrong with a command, or None.

    ``--configfile`` and ``--config`` take every word up to the next option: a target after
    them is read as a file, and the run ends with a traceback.
    """
    given = get_argument_parser().parse_args(words)
    for path in given.configfile or ():
        if not (ROOT / path).is_file():
            return f"{path}: no such config"
    parse_config(given.config or ())
    unknown = [target for target in given.targets if "/" not in target and target not in RULES]
    return f"unknown: {unknown}" if unknown else None


@pytest.mark.parametrize("command", list(_commands()))
def test_a_command_with_a_config_is_one_that_snakemake_takes(command):
    assert refused(_given(command)) is None


def test_a_target_after_the_config_is_noticed():
    assert refused(shlex.split("--cores all dataset --configfile config/mine.yaml")) is None
    assert "dataset: no such" in refused(shlex.split("--configfile config/mine.yaml dataset"))
    assert "unknown" in refused(shlex.split("datasets --configfile config/mine.yaml"))
    with pytest.raises(ValueError, match="name=value"):
        refused(shlex.split("--config study=mine dataset"))


def test_the_steps_of_the_readme_are_among_the_commands():
    found = [param.values[0] for param in _commands() if param.id.startswith("README.md")]
    assert any(_given(command)[-1] == "config/mine.yaml" for command in found)
