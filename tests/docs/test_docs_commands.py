"""What the docs, the configs and the messages tell people to type is there and is taken."""

import ast
import importlib.util
import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest
from snakemake.cli import get_argument_parser, parse_config
from verbs import VERBS, parsed

from choreo.cli.outputs import made_here

ROOT = Path(__file__).parents[2]
# Written by the runs whose tables they show, or beside the claims audit that is under way.
ELSEWHERE = ("docs/published/",)
# A command ends with its line, its backticks, a comment, what it is sent to or a sentence.
COMMAND = re.compile(r"snakemake((?: (?:\\\n *)?(?![#&>|(])[^\s`]+)+)")
# Words of a verb, with `...` or where a line of a page or of a help begins.
VERB = re.compile(
    r"(?:`|^ {0,4})(?:\.venv/bin/)?choreo((?: (?:\\\n *)?(?![ #&>(])[^\s`]+)+)", re.MULTILINE
)
RUN = re.compile(r"python3? (-m [\w.]+|(?:tests|docs|benchmarks|envs)/[\w/.]+)")
MAKE = re.compile(r"(?:`|^ {0,4})make ([a-z][a-z-]*)(?=`| +#| &&|$)", re.MULTILINE)
# What is found in a terminal only after `activate`.
BARE = re.compile(r"(?:[A-Z_]+=\S+ )*(?:choreo|snakemake|python3?|pytest|mkdocs) ")
# What says how many cores, or that nothing runs.
COUNTED = re.compile(r" (--cores|-n|--dry-run|--list-target-rules|--workflow-profile) ?")
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


def _verbs():
    for path, text in _texts():
        if path.name in ("format.md", "CHANGELOG.md"):  # a format to be added; verbs that were
            continue
        for match in VERB.finditer(text):
            words = match[1].replace("\\\n", " ").strip()
            if words.split()[0] in {verb[0] for verb in VERBS}:
                yield pytest.param(words, id=f"{path.relative_to(ROOT)}:{words[:60]}")


def not_taken(text):
    """What a verb does not take of the words, or None.

    What may be left out stands in brackets; a name in capitals is the reader's. So options are
    looked for by name; words that have neither are parsed as typed.
    """
    words = re.sub(r"[][]", "", text).split()
    verb = next((verb for verb in VERBS if tuple(words[: len(verb)]) == verb), None)
    if verb is None:
        return None if (len(words) == 1 or words[1] == "...") else f"no verb: {text}"
    known = {name for param in VERBS[verb].params for name in param.opts + param.secondary_opts}
    for word in words:
        if word.startswith("-") and word.rstrip(".,;:)") not in known | {"--help", "-h"}:
            return f"{' '.join(verb)} has no {word}"
    return None


def typed_wrong(text):
    """What the verb says to the words as they stand, or None."""
    try:
        parsed(shlex.split(text))
    except click.UsageError as error:
        return error.format_message()
    return None


@pytest.mark.parametrize("words", list(_verbs()))
def test_a_verb_has_every_option_that_is_written_with_it(words):
    assert not_taken(words) is None


def replaced(text):
    """The file of the project that a verb would refuse to write over, or None."""
    output = re.search(r" (?:-o|--output) (\S+)", text)
    path = ROOT / output[1].rstrip(".,;:)") if output else None
    return output[1] if path and path.is_file() and not made_here(path) else None


@pytest.mark.parametrize("words", list(_verbs()))
def test_no_example_writes_over_a_file_that_is_there(words):
    assert replaced(words) is None


def test_an_example_that_writes_over_one_is_noticed():
    assert replaced("videos-table list.txt -o config/lock.tsv") is None
    assert replaced("videos-table list.txt -o config/mine.tsv") == "config/mine.tsv"


def test_an_option_that_a_verb_lacks_is_noticed():
    assert not_taken("dance song.mp3 -o dance.mp4 --beats") is None
    assert not_taken("beats SONG [--tracker NAME] [--json]") is None
    assert "no --beat" in not_taken("dance song.mp3 -o dance.mp4 --beat")
    assert "no verb" in not_taken("dataset packed shards/")


def _lines():
    """Page and command of each line to be typed: in a block without a language, or of sh."""
    for path, text in _texts():
        if path.suffix != ".md":
            continue
        block = None
        for line in text.replace("\\\n", " ").splitlines():
            fence = re.match(r" *```(\w*)", line)
            if fence:
                block = fence[1] if block is None else None
            elif block in ("", "sh") or (block is None and line.startswith("    ")):
                yield path, re.sub(r" +", " ", re.split(r" # | #$", line)[0]).strip()


def _typed():
    for path, line in _lines():
        yield pytest.param(line, id=f"{path.relative_to(ROOT)}:{line[:60]}")


def wrong_line(line):
    """Why a newcomer who copies a line gets something else than what the page says, or None."""
    if BARE.match(line):
        return "not on PATH: .venv/bin/ is left out"
    if ".venv/bin/snakemake " in line and not COUNTED.search(line + " "):
        return "Snakemake wants --cores"
    verb = re.search(r"\.venv/bin/choreo ([a-z].*?)(?: && .*)?$", line)
    if verb and not re.search(r"\[|\b(DIR|FILE|FORMAT|KIND)\b|\.\.\.", line):
        return typed_wrong(verb[1])
    return None


@pytest.mark.parametrize(
    "line", [p for p in _typed() if "bin/" in p.values[0] or BARE.match(p.values[0])]
)
def test_a_line_runs_as_it_is_copied(line):
    assert wrong_line(line) is None


def test_a_line_that_does_not_run_is_noticed():
    assert wrong_line(".venv/bin/choreo dance song.mp3 -o dance.mp4") is None
    assert "PATH" in wrong_line("choreo dance song.mp3 -o dance.mp4")
    assert "PATH" in wrong_line("OMP_NUM_THREADS=2 python benchmarks/training.py")
    assert "--cores" in wrong_line(".venv/bin/snakemake table2")
    assert "SONG" in wrong_line(".venv/bin/choreo dance -o dance.mp4")
    assert "extra" in wrong_line(".venv/bin/choreo beats song.mp3 other.mp3")
    found = [line for path, line in _lines() if path.name == "README.md"]
    assert "make demo" in found


def not_there(what):
    """The file, module or target that a command names and that is not there, or None."""
    if what.startswith("-m "):
        found = importlib.util.find_spec(what[3:].rstrip("."))
    else:
        found = (ROOT / what.rstrip(".")).exists()
    return None if found else what


def _programs():
    for path, text in _texts():
        for match in RUN.finditer(text):
            yield pytest.param(match[1], id=f"{path.relative_to(ROOT)}:{match[1]}")


@pytest.mark.parametrize("what", list(_programs()))
def test_what_python_is_told_to_run_is_there(what):
    assert not_there(what) is None


def test_a_program_that_is_not_there_is_noticed():
    assert not_there("-m choreo.config") is None
    assert not_there("-m choreo.configs")
    assert not_there("benchmarks/poses.py") is None
    assert not_there("benchmarks/pose.py")


def test_what_is_optional_is_installed_as_the_project_says():
    """By version: of the project's own name pip might find another package, and its OpenCV."""
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    line = f".venv/bin/pip install {' '.join(extra['optional-dependencies']['rerun'])}"
    texts = [str(path.relative_to(ROOT)) for path, text in _texts() if line in text]
    assert {"docs/comparison.md", "src/choreo/comparison/recording.py"} <= set(texts)
    assert not [path for path, text in _texts() if re.search(r"pip install '?choreo", text)]


def test_each_target_of_make_that_is_named_is_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {t for line in re.findall(r"^([a-z][a-z -]*):", makefile, re.M) for t in line.split()}
    named = {match[1] for _, text in _texts() for match in MAKE.finditer(text)}
    assert {"env", "demo", "check"} <= named <= targets
