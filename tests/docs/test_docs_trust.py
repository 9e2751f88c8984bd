"""The page on trust names modules that exist and limits that the code has."""

import importlib
import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[2] / "docs" / "trust.md").read_text(encoding="utf-8")
LIMITS = re.findall(r"^\| .+? \| (.+?) \| `(choreo\.[\w.]+)\.([A-Z_]+)` \|$", TEXT, re.M)
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "s": 1, "": 1}


def test_there_are_limits():
    assert len(LIMITS) > 12


@pytest.mark.parametrize(("said", "module", "name"), LIMITS)
def test_a_limit_is_what_the_code_has(said, module, name):
    number, _, unit = said.partition(" ")
    value = float(number.replace(",", "")) * UNITS[unit]
    assert getattr(importlib.import_module(module), name) == value


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(choreo\.[a-z_.]+)`", TEXT))))
def test_what_is_named_exists(name):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, part = name.rpartition(".")
        assert hasattr(importlib.import_module(module), part)
