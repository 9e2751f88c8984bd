"""What runs out of memory ends: none of its jobs spins, none calls its item bad."""

import os
import re
import signal
import subprocess
import sys

import h5py
import numpy as np
import pytest

from choreo.errors import accident
from choreo.pipeline import memory
from choreo.pipeline.tombstones import problem_in

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what is taken")

JOB = """
import h5py, numpy as np  # what they take, they take before the limit comes
import resource
from pathlib import Path
from types import SimpleNamespace
pages = int(Path("/proc/self/statm").read_text().split()[0])
most = pages * resource.getpagesize() + {more}
resource.setrlimit(resource.RLIMIT_AS, (most, most))
from choreo.pipeline import memory
from choreo.pipeline.jobs import run_item
from choreo.errors import ItemError
from choreo.files.outside import reading
memory.SECONDS, memory._LOOK_SECONDS = 1, 0.02
memory.watch()
def action(terminal):
{action}
job = SimpleNamespace(rule="train_extractor", input=[], output=["out"], log=["logs/a.log"],
    params=SimpleNamespace(item="a", stage="poses", on_bad_video="skip"))
run_item(job, action)
"""
# Where the cleanup of a `with` stands far down in its function, Python needs memory for the
# number of that place.
UNWINDS = """
    kept = [None] * 2_000_000
    count = 0
%s
    with memory.contextlib.suppress(KeyError):
        for number in range(len(kept)):
            kept[number] = number + 1_000
""" % ("    count = count + 1\n" * 200)
# A thread of OpenBLAS, or the only one, wants 32 MiB.
MULTIPLIES = """
    one = np.ones((512, 512), np.float32)
    np.dot(one, one)
"""
# HDF5 itself takes the memory for a whole chunk, of which ten numbers are asked for.
READS = """
    with reading("in.h5", "a dataset"), h5py.File("in.h5") as file:
        file["x"][:10]
"""
IS_BAD = """
    raise ItemError("nobody found", where="a.mp4")
"""
WORKS = """
    import time
    while time.process_time() < 2.5:
        pass
    Path("out").write_text("made")
"""


def do(tmp_path, action, *, more):
    script = tmp_path / "job.py"
    script.write_text(JOB.format(more=more, action=action))
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("action", "mebibytes"), [(UNWINDS, 40), (MULTIPLIES, 28)], ids=["Python", "OpenBLAS"]
)
def test_a_job_that_spins_for_want_of_memory_ends(tmp_path, action, mebibytes):
    done = do(tmp_path, action, more=mebibytes << 20)
    assert done.returncode == -signal.SIGPROF
    assert not (tmp_path / "out").exists()
    log = (tmp_path / "logs" / "a.log").read_text()
    assert re.match(r"Memory is limited to \d+ MiB \(ulimit -v\)\. .* raise the limit", log)
    assert re.search(r'File ".*job\.py", line \d+ in action', log)


@pytest.mark.parametrize(
    ("place", "limited", "watched"),
    [(".snakemake/scripts", True, True), (".snakemake/scripts", False, False), (".", True, False)],
)
def test_scripts_of_jobs_are_watched_from_their_first_import(tmp_path, place, limited, watched):
    """Since libraries spin while they are loaded, too; who only imports the package is not."""
    script = tmp_path / place / "tmp1.train_model.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    limit = f"resource.setrlimit(resource.RLIMIT_AS, ({4 << 30}, {4 << 30}))\n" if limited else ""
    script.write_text(
        f"import resource, signal\n{limit}import choreo\n"
        "print([signal.getitimer(kind)[0] > 0 for kind in (signal.ITIMER_PROF, "
        "signal.ITIMER_VIRTUAL)])"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    # Where these tests themselves have a limit, each script has it.
    watched = watched or (place != "." and memory._may_be_refused())
    assert done.stdout.strip() == str([watched, watched])


def test_a_job_that_works_goes_on(tmp_path):
    done = do(tmp_path, WORKS, more=24 << 20)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out").read_text() == "made"


def test_what_a_library_could_not_read_for_want_of_memory_is_no_bad_item(tmp_path):
    with h5py.File(tmp_path / "in.h5", "w") as file:
        zeros = np.zeros(5_000_000, np.float32)
        file.create_dataset("x", data=zeros, chunks=zeros.shape, compression="gzip")
    done = do(tmp_path, READS, more=16 << 20)
    assert (done.returncode, (tmp_path / "out").exists()) == (1, False)
    # HDF5 says "memory allocation failed", its filters what they say of damaged data.
    assert re.match(r"train_extractor: .*\b(out of|for want of) memory\b", done.stderr)


@pytest.mark.parametrize(
    "error",
    [
        OSError("Can't synchronously read data (memory allocation failed for chunk)"),
        KeyError("Unable to synchronously open object (memory allocation failed for heap)"),
        RuntimeError("Unable to get group info (memory allocation failed)"),
    ],
    ids=repr,
)
def test_the_words_of_hdf5_for_no_memory_are_known(error):
    assert accident(error).message == "out of memory"
    # What a file has in it, and what a system numbers, are told by their own words.
    assert accident(KeyError("x (memory allocation failed)")) is None
    assert accident(FileNotFoundError(2, str(error))) is None


@pytest.mark.parametrize("mebibytes", [24, 2048])
def test_an_item_is_called_bad_only_where_memory_is_left(tmp_path, mebibytes):
    done = do(tmp_path, IS_BAD, more=mebibytes << 20)
    if mebibytes == 24:
        assert (done.returncode, (tmp_path / "out").exists()) == (1, False)
        assert re.match(
            r"train_extractor: this may be for want of memory, of which \d+ MiB are allowed "
            r"\(ulimit -v\) and \d+ left: a\.mp4: nobody found\. Raise the limit by 512 MiB",
            done.stderr,
        )
    else:
        assert done.returncode == 0
        assert problem_in(tmp_path / "out")["message"] == "nobody found"
