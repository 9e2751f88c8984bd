"""The page of licences lists every locked package as it says of itself, and what asks first."""

import re
from pathlib import Path

import pytest
from scripts import load_script

from choreo.config.study import read_config
from choreo.errors import ConfigError
from choreo.poses.estimators import ESTIMATORS

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def licences():
    return load_script(ROOT / "docs" / "licences.py")


def test_the_page_is_what_the_script_makes(licences):
    """`python docs/licences.py` makes it."""
    assert licences.PAGE.read_text(encoding="utf-8") == licences.page()


def test_every_line_of_the_lock_has_its_row(licences):
    table = licences.page().partition("## Packages")[2].partition("|---|")[2]
    rows = re.findall(r"^\| (\S+) \| (\S+) \| (.+?) \| .*\|$", table, re.M)
    locked = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", LOCK, re.M)
    assert [row[:2] for row in rows] == locked
    assert len(locked) > 100
    assert all(len(licence) <= 200 for _, _, licence in rows)


def test_a_package_that_says_nothing_has_no_row(licences):
    with pytest.raises(KeyError):
        licences.licence_of("a-package-of-nobody")


def test_what_is_not_for_commerce_is_marked_there_and_refused_in_a_config(licences):
    text = licences.page()
    asking = [entry for entry in ESTIMATORS.values() if entry.licence]
    assert {entry.tool for entry in asking} == {"alphapose", "openpose"}
    for entry in asking:
        assert re.search(rf"`{entry.name}`.*\*\*non-commercial.*accept_licence: true", text)
        with pytest.raises(ConfigError, match="non-commercial"):
            read_config(
                {
                    "study": "s",
                    "table": "t",
                    "poses": {"estimators": [entry.name], "chosen": entry.name},
                }
            )
