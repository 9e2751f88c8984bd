"""The page of metrics says what the registry has, and of each metric what no code can say."""

import importlib
from pathlib import Path

import pytest
from scripts import load_script

from choreo.evaluation import sensitivity
from choreo.evaluation.metrics import METRICS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def pages():
    return load_script(DOCS / "metrics.py")


def test_the_page_is_what_the_script_makes(pages):
    """`python docs/metrics.py` makes it."""
    assert pages.PAGE.read_text(encoding="utf-8") == pages.page()


def test_every_metric_and_damage_is_told_of(pages):
    assert list(pages.ABOUT) == list(METRICS)
    assert {metric.group for metric in METRICS.values()} == set(pages.PARTS)
    assert set(pages.DAMAGES) == set(sensitivity.DAMAGES)
    for name, about in pages.ABOUT.items():
        assert all((about.formula, about.source, about.chance)), name


def test_the_functions_that_are_named_exist(pages):
    for about in [*pages.ABOUT.values(), *(about for _, about in pages.POSES.values())]:
        module, _, function = about.code.rpartition(".")
        assert callable(getattr(importlib.import_module(module), function)), about.code


def test_a_metric_that_nothing_is_known_of_has_no_page(pages, monkeypatch):
    monkeypatch.delitem(pages.ABOUT, "kid")
    with pytest.raises(KeyError, match="kid"):
        pages.page()
