"""Borders of stages: what rules and verbs call has a typed signature that mypy checks."""

import ast
import tomllib
from pathlib import Path

import pytest

from choreo.pipeline import digest

ROOT = Path(__file__).parents[2]
CALLERS = {
    "rules": sorted((ROOT / "workflow" / "scripts").glob("*.py")),
    "verbs": sorted((digest.PACKAGE / "cli").glob("*.py")),
}


def called(paths):
    """Functions of the stages that files import: (module, definition), each once."""
    found = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("choreo."):
                module = digest._module(node.module)
                for alias in node.names:
                    for definition in module.definitions.get(alias.name, ()):
                        if isinstance(definition, ast.FunctionDef):
                            found[node.module, alias.name] = definition
    return {
        (module, name): definition
        for (module, name), definition in sorted(found.items())
        if not module.startswith("choreo.cli")
    }


def missing(function):
    """What of a signature has no type."""
    of = function.args
    some = [*of.posonlyargs, *of.args, *of.kwonlyargs, of.vararg, of.kwarg]
    names = [argument.arg for argument in some if argument and argument.annotation is None]
    return names + ["return"] * (function.returns is None)


@pytest.mark.parametrize("caller", CALLERS)
def test_signatures_are_typed(caller):
    functions = called(CALLERS[caller])
    assert len(functions) > 30
    assert {key: missing(f) for key, f in functions.items() if missing(f)} == {}


def test_mypy_is_given_their_modules():
    given = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["files"]
    given = [ROOT / path for path in given]
    assert all(path.exists() for path in given)
    modules = {module for paths in CALLERS.values() for module, _ in called(paths)}
    files = {module: digest.PACKAGE.parent / digest._file(module) for module in modules}
    left = {m for m, f in files.items() if not any(f == g or g in f.parents for g in given)}
    assert left == set()


def test_what_has_no_type_is_seen():
    (function,) = ast.parse("def f(a: int, b, *c, d: str = '', **e): ...").body
    assert missing(function) == ["b", "c", "e", "return"]
