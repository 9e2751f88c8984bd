"""The worked example of docs/resumable.md: killed in the middle, it goes on to the same result."""

import os
import subprocess
import sys

import pytest
import worked_examples

KILLED = """
import os, signal

replace, done = os.replace, []
limit = int(os.environ.get("KILLED_AT", "0"))

def replaced(source, target):
    replace(source, target)
    if str(target).endswith("state.json"):
        done.append(target)
        if len(done) == limit:
            os.kill(os.getpid(), signal.SIGKILL)

os.replace = replaced
"""


@pytest.fixture
def example(tmp_path):
    worked_examples.apply("resumable", tmp_path)
    (tmp_path / "data.txt").write_text("3")
    (tmp_path / "killing").mkdir()
    (tmp_path / "killing" / "sitecustomize.py").write_text(KILLED)
    return tmp_path


def run(folder, killed_at=0):
    """Status of Snakemake, and the steps that were made."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", "--rerun-incomplete"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "killing"), "KILLED_AT": str(killed_at)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    steps = [int(line[5:]) for line in done.stdout.splitlines() if line.startswith("step ")]
    return done.returncode, steps


@pytest.mark.slow
@pytest.mark.soak
def test_a_killed_training_goes_on_to_the_same_result(example):
    assert run(example) == (0, list(range(10)))
    whole = (example / "model.json").read_bytes()
    (example / "model.json").unlink()
    status, steps = run(example, killed_at=4)
    assert status != 0
    assert steps == [0, 1, 2, 3]
    assert not (example / "model.json").exists()
    assert run(example) == (0, list(range(4, 10)))
    assert (example / "model.json").read_bytes() == whole
    assert not any((example / ".checkpoints").iterdir())
    # Another training takes no checkpoint of this one.
    assert run(example, killed_at=4)[0] == 0
    (example / "data.txt").write_text("4")
    assert run(example, killed_at=4)[1] == [0, 1, 2, 3]
    (example / "data.txt").write_text("5")
    assert run(example) == (0, list(range(10)))
