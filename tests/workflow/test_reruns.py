"""What an edit reruns, whole: reruns.yaml says it for people, and these tests hold it."""

import ast
import functools
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from choreo.cli.reruns import reruns, scripts
from choreo.pipeline import digest as digests
from choreo.pipeline.imports import ROOMS, modules, room

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def written():
    return yaml.safe_load((HERE / "reruns.yaml").read_text())


def is_package(module):
    return digests._file(module).name == "__init__.py" and "." in module.removeprefix("choreo.")


@pytest.fixture(scope="module", autouse=True)
def parsed_once():
    """A text that stays is parsed, and written out, once for all tests."""
    parsed = functools.cache(ast.parse)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digests, "_parse", lambda path: parsed(path.read_text(encoding="utf-8")))
        yield


@pytest.fixture(scope="module")
def rerunning():
    """Module -> definition in it -> rules, as `choreo.cli.reruns` finds them."""
    forget()
    return reruns()


def following(project):
    """Rule -> rules that take what it makes, directly or through others."""
    targets = ("all", "table3", "cleaning_benchmark", "sensitivity", "corpus")
    done = project.run(*targets, options=("--rulegraph", "dot", "--quiet", "all"))
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', done.stdout))
    direct = {}
    for before, after in re.findall(r"(\d+) -> (\d+)", done.stdout):
        direct.setdefault(names[before], set()).add(names[after])

    def all_after(rule):
        seen, todo = set(), [rule]
        while todo:
            new = direct.get(todo.pop(), set()) - seen
            seen |= new
            todo.extend(new)
        return seen

    return {rule: all_after(rule) - {"all"} for rule in names.values()}


def described(modules, after, found):
    text = {}
    for module in modules:
        direct = set().union(*found.get(module, {"": []}).values())
        then = set().union(*(after.get(rule, set()) for rule in direct)) - direct
        text[module] = {"reruns": sorted(direct), "and then": sorted(then)}
    return text


def test_the_file_says_what_every_module_reruns(rerunning, project):
    said = written()
    assert described(said, following(project), rerunning) == said


def test_the_file_has_every_module_of_the_ground_floor_and_one_of_each_stage():
    ground = ROOMS[: ROOMS.index("videos")]
    there = {module for module in modules() if room(module) in ground}
    assert {m for m in there if not is_package(m)} <= set(written())
    assert {room(module) for module in written()} == set(ROOMS)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package that may be edited; digests are taken of it."""
    folder = tmp_path / "src" / "choreo"
    shutil.copytree(digests.PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(digests, "PACKAGE", folder)
    forget()
    yield folder
    monkeypatch.undo()
    forget()


def forget():
    for function in (digests._file, digests._module, digests._reached):
        function.cache_clear()


RULES = scripts()


@pytest.fixture(scope="module")
def before():
    """Digests of the package as it is; a copy of it elsewhere has the same."""
    return taken()


def taken():
    forget()
    return {rule: digests.digest(*code) for rule, code in RULES.items()}


def changed(before):
    after = taken()
    return {rule for rule in after if after[rule] != before[rule]}


def edit(path, old, new):
    text = path.read_text()
    assert old in text, (path, old)
    path.write_text(text.replace(old, new, 1))


def test_words_layout_and_annotations_rerun_nothing(before, package):
    tables = package / "tables.py"
    tables.write_text(tables.read_text() + "\n# a comment\n\n\n'a text of nobody'\n")
    path = package / "cleaning" / "gaps.py"
    path.write_text(re.sub(r'(?m)^( *""")(?=\w)', r"\1Said anew: ", path.read_text()))
    typed = package / "poses" / "selection.py"
    edit(typed, "if TYPE_CHECKING:\n", "if TYPE_CHECKING:\n    from choreo.tables import Table\n")
    layout = package / "dataset" / "layout.py"
    message = re.search(r"raise ItemError\(\s*f?\"[^\"]+\"", layout.read_text())[0]
    edit(layout, message, message[:-1] + ' indeed"')
    # Words that a name stands for.
    for module, words in (
        ("pose/track.py", "Tracks are .npz files"),
        ("media.py", "Install ffmpeg 5.1"),
        ("videos/source.py", "Give an mp4, mov"),
        ("videos/probe.py", "Give the .json that"),
    ):
        edit(package / module, words, f"Please: {words}")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "format",
            "-q",
            "--isolated",
            "--line-length",
            "60",
            package,
        ],
        check=True,
    )
    assert changed(before) == set()


def node_name(node):
    return getattr(node, "name", None)


def test_a_number_s_format_reruns_the_tables_and_no_training(before, rerunning, package):
    edit(package / "tables.py", "\ndef _cell(", "\n_OTHER = 1\n\n\ndef _cell(")
    assert changed(before) == set()  # no one uses it
    lines = (package / "tables.py").read_text().splitlines(keepends=True)
    cell = next(node for node in ast.parse("".join(lines)).body if node_name(node) == "_cell")
    lines.insert(cell.body[0].lineno - 1, "    _ = _OTHER\n")
    (package / "tables.py").write_text("".join(lines))
    found = changed(before)
    assert found == set().union(*rerunning["choreo.tables"].values())
    assert {"table1", "table2", "seams"} <= found
    assert not found & {"train_model", "write_shard", "evaluate_model", "standardise_video"}


@pytest.mark.soak
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("cleaning.robust", "repair"),
        ("evaluation.table2", "table2"),
        ("dataset.card", "card_table"),
        ("videos.source", "look"),
        ("drawing", "draw_pose"),
    ],
)
def test_an_edit_of_one_definition_changes_the_digests_that_the_file_names(
    before, rerunning, package, module, name
):
    path = package.joinpath(*module.split(".")).with_suffix(".py")
    names = rerunning[f"choreo.{module}"]
    if name not in names:
        pytest.fail(f"{module} has {sorted(names)}")
    text = path.read_text()
    begin = re.search(rf"^def {name}\(", text, re.MULTILINE).start()
    body = re.compile(r"\)(?: -> [^\n]+)?:\n").search(text, begin).end()
    path.write_text(text[:body] + "    __debug__ or None\n" + text[body:])
    assert changed(before) == set(names[name])


def test_names_imported_in_branches_under_one_name_all_count():
    """A registry that imports one of several modules as the same name uses all of them."""
    used = digests.uses(*RULES["import_poses"])
    for name in ("alphapose", "coco", "deeplabcut", "mmpose", "movement", "openpose"):
        assert f"choreo.poses.formats.{name}" in used


def test_what_the_package_itself_does_counts_for_no_rule():
    """How threads wait for one another; its constants count where they are named."""
    named = {rule: digests.uses(*what).get("choreo", []) for rule, what in RULES.items()}
    assert {name for names in named.values() for name in names} == {"MADE_BY"}


def test_the_page_names_what_counts_for_no_rule():
    page = (ROOT / "docs" / "reruns.md").read_text()
    parts = {part for entry in digests.UNCOUNTED for part in entry.split(":") if part}
    named = {part.removeprefix("choreo.") for part in parts - {"choreo"}}
    assert {part for part in named if f"`{part}`" not in page} == set()


def test_digests_are_kept_while_no_file_changes(package, tmp_path, monkeypatch):
    (script,) = RULES["table1"]
    kept = tmp_path / "kept" / "code.json"
    first = digests.Digests(kept)(script)
    assert first == digests.digest(script)
    monkeypatch.setattr(digests, "digest", lambda *_: "taken anew")
    assert digests.Digests(kept)(script) == first
    edit(package / "tables.py", "SUFFIXES =", "_A = 1\nSUFFIXES =")
    assert digests.Digests(kept)(script) == "taken anew"
    kept.write_text("{")
    assert digests.Digests(kept)(script) == "taken anew"


def test_a_family_of_ones_own_counts_whole_and_at_once(tmp_path, monkeypatch):
    package = tmp_path / "others_family"
    package.mkdir()
    (package / "__init__.py").write_text("from others_family.model import Recipe\n")
    (package / "model.py").write_text("class Recipe:\n    depth = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    kept = digests.Digests(tmp_path / "kept.json")
    script = ROOT / "workflow" / "scripts" / "train_model.py"
    before = kept(script, "others_family")
    (package / "model.py").write_text("class Recipe:\n    depth = 12\n")
    assert digests.Digests(tmp_path / "kept.json")(script, "others_family") != before


def test_every_file_of_data_of_the_package_is_a_parameter_or_an_input_of_rules():
    # What is no Python is in no digest. What the package ships is the input of the models that
    # start from it (`Recipe.own_files`); its cards and hashes decide no output.
    rules = "".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    package = ROOT / "src" / "choreo"
    ours = [path for path in package.rglob("*") if path.is_file() and path.suffix != ".py"]
    ours = [path for path in ours if "__pycache__" not in path.parts]
    for path in ours:
        if path.parent == package / "models" / "shipped":
            continue
        named = [path.relative_to(ROOT).as_posix() in rules]
        named += [f'"{path.parent.name}"' in rules and f'"{path.parent.parent.name}"' in rules]
        assert any(named), f"no rule's parameters hold {path.name}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from scipy.interpolate import CubicSpline", "from scipy.interpolate import Akima"),
        ("import numpy as np", "import scipy as np"),
    ],
)
def test_what_an_imported_name_means_counts(tmp_path, before, after):
    body = "{}\n\ndef f():\n    return np.abs(CubicSpline(1))\n"
    module = digests._Module(None, ast.parse(body.format(before)))
    other = digests._Module(
        None, ast.parse(body.format(after.replace("Akima", "Akima as CubicSpline")))
    )
    bound = [m.bound(m.nodes("f")[0]) for m in (module, other)]
    assert bound[0] != bound[1]
    assert bound[0]


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("return ItemError('bad')", "return ItemError('worse')", True),
        ("found = ItemError(f'bad {x}', value=1)", "found = ItemError(f'{x}: bad', value=1)", True),
        (
            "found = ItemError(f'bad {x}', value=1)",
            "found = ItemError(f'{x}: bad', value=2)",
            False,
        ),
        ("return ItemError('bad')", "return ConfigError('bad')", False),
        ("print('done')", "print('all done')", True),
        ("return f('done')", "return f('all done')", False),
    ],
)
def test_words_of_errors_and_what_is_printed_do_not_count(before, after, same):
    texts = [f"def f(x):\n    {line}\n" for line in (before, after)]
    dumps = [digests._dump(ast.parse(text).body[0]) for text in texts]
    assert (dumps[0] == dumps[1]) is same
