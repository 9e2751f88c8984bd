"""Locks end with their process, and a file system without them stops nobody."""

import errno
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from choreo import gpus
from choreo.errors import AccidentError, ConfigError
from choreo.files import locks
from choreo.pipeline import workflow
from choreo.pipeline.jobs import STUDY_LOCK
from choreo.training import devices

NO_LOCKS = [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS]


def child(code, *arguments):
    """Start Python; returns when it has printed a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


HOLD = """
import sys
from choreo.files.locks import hold, open_lock
handle = open_lock(sys.argv[1])
hold(handle, shared=len(sys.argv) > 2)
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_lock_ends_with_its_process(tmp_path):
    path = tmp_path / "lock"
    process = child(HOLD, path)
    handle = locks.open_lock(path)
    with pytest.raises(locks.Busy):
        locks.hold(handle)
    with pytest.raises(locks.Busy):
        locks.hold(handle, shared=True)
    process.kill()
    process.communicate()
    assert locks.hold(handle)
    os.close(handle)


def test_a_child_program_does_not_keep_it(tmp_path):
    handle = locks.open_lock(tmp_path / "lock")
    locks.hold(handle)
    with subprocess.Popen(["sleep", "30"], close_fds=False) as process:
        os.close(handle)
        other = locks.open_lock(tmp_path / "lock")
        assert locks.hold(other)
        os.close(other)
        process.kill()


@pytest.fixture(params=NO_LOCKS, ids=errno.errorcode.get)
def without_locks(request, monkeypatch):
    def flock(*_):
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(locks.fcntl, "flock", flock)
    monkeypatch.setattr(locks, "_said", set())


def see_gpus(monkeypatch, *uuids):
    """Make this process see GPUs with these names."""
    cuda = devices.torch.cuda
    monkeypatch.setattr(cuda, "is_available", lambda: True)
    monkeypatch.setattr(cuda, "device_count", lambda: len(uuids))
    monkeypatch.setattr(
        cuda, "get_device_properties", lambda number: SimpleNamespace(uuid=uuids[number])
    )


def test_without_locks_everybody_works_and_it_is_said_once(
    without_locks, tmp_path, capsys, monkeypatch
):
    for _ in range(2):
        with locks.held_folder(tmp_path / "folder") as waited:
            assert not waited
    assert capsys.readouterr().err.count("this file system has no locks") == 1
    workflow.hold_study(tmp_path / "study", tmp_path)
    workflow.release_stale_locks(tmp_path / ".snakemake")
    workflow.share_locks(tmp_path / "study", tmp_path / ".snakemake")
    see_gpus(monkeypatch, "aa", "bb")
    with devices.claimed("cuda", locks=tmp_path / "gpus") as device:
        assert device == "cuda:0"


def test_other_errors_of_locks_are_not_hidden(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(locks.fcntl, "flock", flock)
    with pytest.raises(OSError, match="Input/output"):
        locks.hold(locks.open_lock(tmp_path / "lock"))


# GPUs that another user locks too


@pytest.fixture
def gpu(monkeypatch):
    see_gpus(monkeypatch, "aa")


def refuse(monkeypatch, *, writing=True, reading=False):
    """Open files as one who may not write (or read) them, also where root runs this."""
    real = os.open

    def opened(path, flags, *rest, **more):
        if str(path).endswith(".lock") and "own" not in str(path):
            if writing and flags & (os.O_RDWR | os.O_CREAT):
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            if reading:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(locks.os, "open", opened)


def test_a_lock_of_another_user_is_shared(gpu, tmp_path, monkeypatch):
    (tmp_path / "gpu-aa.lock").touch()
    process = child(HOLD, tmp_path / "gpu-aa.lock")
    refuse(monkeypatch)
    waited = []

    def wait(seconds):
        waited.append(seconds)
        process.kill()
        process.communicate()

    monkeypatch.setattr(gpus.time, "sleep", wait)
    with devices.claimed("cuda", locks=tmp_path) as device:
        assert device == "cuda:0"
    assert waited


def test_where_nothing_of_theirs_may_be_opened_there_is_ones_own(gpu, tmp_path, monkeypatch):
    folder = tmp_path / "gpus"
    folder.mkdir()
    (folder / "gpu-aa.lock").touch()
    monkeypatch.setattr(gpus.os, "getuid", lambda: "own")
    refuse(monkeypatch, reading=True)
    with devices.claimed("cuda", locks=folder) as device:
        assert device == "cuda:0"
    assert (tmp_path / "gpus-own" / "gpu-aa.lock").is_file()


def test_a_link_in_a_folder_of_everybody_is_not_followed(gpu, tmp_path, monkeypatch):
    folder, aim = tmp_path / "gpus", tmp_path / "precious"
    folder.mkdir()
    (folder / "gpu-aa.lock").symlink_to(aim)
    monkeypatch.setattr(gpus.os, "getuid", lambda: "own")
    with devices.claimed("cuda", locks=folder):
        pass
    assert not aim.exists()


# Runs of a study

RUN = """
import sys
from choreo.pipeline.workflow import hold_study
hold_study(sys.argv[1], sys.argv[2])
print("ready", flush=True)
sys.stdin.read()
"""
JOB = """
import sys
from choreo.pipeline.workflow import share_locks
share_locks(sys.argv[1], sys.argv[2])
print("ready", flush=True)
sys.stdin.read()
"""
SCRIPT = """
import sys
from types import SimpleNamespace
from choreo.pipeline.jobs import logged
job = SimpleNamespace(log=[sys.argv[1] + "/logs/a.log"], rule="a", input=[])
print("ready", flush=True)
with logged(job):
    sys.stdin.read()
"""


@pytest.mark.parametrize("code", [JOB, SCRIPT], ids=["the job", "its script"])
def test_jobs_that_outlive_their_run_keep_the_study(tmp_path, code):
    study, own = tmp_path / "results" / "demo", tmp_path / ".snakemake"
    own.mkdir()
    run = child(RUN, study, own)
    with pytest.raises(AccidentError, match="another run works on this study"):
        workflow.hold_study(study, own)
    job = child(code, study, own)
    deadline = time.monotonic() + 30
    while code == SCRIPT and not (study / "logs" / "a.log").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    run.kill()
    run.communicate()
    try:
        # The script takes it just after its log is there.
        while not _is_held(study) and time.monotonic() < deadline:
            time.sleep(0.02)
        with pytest.raises(AccidentError, match="jobs of one that was killed do") as error:
            workflow.hold_study(study, own)
        assert "Wait until they have ended" in str(error.value)
        if Path("/proc/locks").exists() and Path("/proc/locks").read_text():
            assert str(job.pid) in str(error.value)
        workflow.hold_study(tmp_path / "results" / "other", own)
    finally:
        job.kill()
        job.communicate()
    workflow.hold_study(study, own)


def test_a_run_waits_a_moment_for_what_is_just_ending(tmp_path, monkeypatch):
    study, own = tmp_path / "results" / "demo", tmp_path / ".snakemake"
    own.mkdir()
    run = child(RUN, study, own)
    slept = []

    def end(seconds):
        slept.append(seconds)
        if len(slept) == 2:
            run.kill()
            run.communicate()

    monkeypatch.setattr(workflow.time, "sleep", end)
    monkeypatch.setattr(workflow, "_ENDING_SECONDS", 60)
    workflow.hold_study(study, own)
    assert len(slept) == 2


def _is_held(study):
    handle = locks.open_lock(study / STUDY_LOCK)
    try:
        return not locks.hold(handle)
    except locks.Busy:
        return True
    finally:
        os.close(handle)


def test_snakemake_has_what_is_changed_in_it():
    from snakemake.persistence.file import FilePersistence

    for name in ("lock", "_delete_locks", "cleanup_locks", "lock_warn_only"):
        assert callable(getattr(FilePersistence, name))


def test_a_run_that_ends_leaves_the_locks_of_others(tmp_path, monkeypatch):
    from snakemake.persistence.file import FilePersistence

    class Mine(FilePersistence):
        def __init__(self):
            self._path = tmp_path / ".snakemake"
            self._lockdir = str(self._path / "locks")
            self._lockfile = {}
            os.makedirs(self._lockdir)

        path = property(lambda self: self._path)

        def all_inputfiles(self):
            return ["in"]

        def all_outputfiles(self):
            return ["results/mine/out"]

    monkeypatch.chdir(tmp_path)
    workflow.keep_apart(Mine, "results/mine", "results/shared")
    mine = Mine()
    folder = tmp_path / ".snakemake" / "locks"
    (folder / "7.output.lock").write_text("results/other/out\n")
    (folder / "8.output.lock").write_text("results/mine/out\n")  # of a run that was killed
    with mine.lock():
        assert sorted(os.listdir(folder)) == ["0.input.lock", "0.output.lock", "7.output.lock"]
    assert os.listdir(folder) == ["7.output.lock"]
    mine.cleanup_locks()
    assert not folder.exists()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_plan_needs_no_lock(tmp_path, monkeypatch, number):
    def refused(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(workflow, "open_lock", refused)
    workflow.release_stale_locks(tmp_path)
    monkeypatch.setattr(Path, "mkdir", refused)
    workflow.release_stale_locks(tmp_path / "none")


@pytest.mark.parametrize("refused", ["", ".snakemake", ".snakemake/iocache"])
def test_a_folder_that_can_not_be_written_is_one_line(tmp_path, monkeypatch, refused):
    # By what `access` says, which is right for root on a read-only disk, too.
    own = tmp_path / ".snakemake"
    if refused:
        (own / "iocache").mkdir(parents=True)
    workflow.check_writable(own)
    place = tmp_path / refused
    monkeypatch.setattr(workflow.os, "access", lambda path, mode: Path(path) != place)
    with pytest.raises(ConfigError, match=f"{re.escape(str(place))}: .*can't write.*a copy"):
        workflow.check_writable(own)
