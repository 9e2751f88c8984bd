import importlib
import sys
from pathlib import Path

import pytest

# The dances that these models are trained on.
sys.path.insert(0, str(Path(__file__).parents[1] / "training"))

from training_fixtures import *  # noqa: F403


@pytest.fixture
def of_benchmarks(monkeypatch):
    """Import a module of benchmarks/ by its name."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    return importlib.import_module
