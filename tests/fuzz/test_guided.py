"""What `guided.py` gives to atheris, which is none of the locked packages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
# Reads what is kept, then twenty changes of it.
STAND_IN = """
import contextlib, pathlib
import fuzz_bad_readers

instrument_imports = lambda include: contextlib.nullcontext()
Mutate = lambda data, most: data[::-1]

def Setup(arguments, one, custom_mutator):
    global options, read, change
    options, read, change = arguments, one, custom_mutator

def Fuzz():
    kept = [path.read_bytes() for path in sorted(pathlib.Path(options[-1]).iterdir())]
    made = [change(kept[0], 1 << 20, seed) for seed in range(20)]
    for data in [*kept, *made, b""]:
        read(data)
    print(len(kept), len(set(made)), *options[1:3])
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@pytest.fixture
def guided(tmp_path):
    def run(reader, atheris=STAND_IN):
        (tmp_path / "atheris.py").write_text(atheris)
        path = os.pathsep.join([str(tmp_path), str(FOLDER), *sys.path])
        command = [sys.executable, FOLDER / "guided.py", reader, "--seconds", "5"]
        return subprocess.run(
            [*command, "--keep", tmp_path / "keep"],
            env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )

    return run


def test_files_are_changed_read_and_judged(guided):
    done = guided("key of a survey")
    assert done.returncode == 0, done.stderr
    kept, made, *options = done.stdout.split()
    assert int(kept) == 1
    assert int(made) > 10
    assert options == ["-max_total_time=5", "-seed=1"]


def test_a_defect_ends_it(guided):
    atheris = STAND_IN.replace('*made, b""', 'b"other"')
    done = guided("bad", atheris)
    assert done.returncode
    assert "RuntimeError: KeyError: fuzz_bad_readers.py, act" in done.stderr


@pytest.mark.parametrize(
    ("reader", "atheris", "said"),
    [
        ("key of a survey", "raise ImportError", "atheris is not installed"),
        ("no such", STAND_IN, "no such: no such reader; `python tests/fuzz --list`"),
    ],
)
def test_what_it_can_not_do_is_said(guided, reader, atheris, said):
    done = guided(reader, atheris)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
