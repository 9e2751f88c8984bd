"""The guard in conftest.py: no run passes whose worker processes died or that ran no test."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DYING = """
import os
if os.environ.get("PYTEST_XDIST_WORKER") == "gw1":
    os.kill(os.getpid(), 11)
def test_anything():
    assert True
"""


def run(folder, *options):
    shutil.copy(Path(__file__).parent / "conftest.py", folder)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-q", *options, str(folder)]
    return subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, timeout=120
    )


@pytest.mark.soak
def test_a_run_whose_worker_died_fails(tmp_path):
    tmp_path.joinpath("test_dying.py").write_text(DYING)
    done = run(tmp_path, "-n", "2")
    assert done.returncode != 0
    assert "worker processes died: gw1" in done.stdout


def test_a_run_that_skips_everything_fails(tmp_path):
    tmp_path.joinpath("test_skipped.py").write_text(
        "import pytest\n@pytest.mark.skip\ndef test_nothing(): pass\n"
    )
    done = run(tmp_path)
    assert done.returncode != 0
    assert "no test passed" in done.stdout


def test_a_run_with_a_passed_test_passes(tmp_path):
    tmp_path.joinpath("test_fine.py").write_text("def test_fine():\n    assert True\n")
    assert run(tmp_path).returncode == 0
