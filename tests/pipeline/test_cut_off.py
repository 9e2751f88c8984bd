"""What a run had begun to make anew when it failed or was killed is made by the next one."""

import os
import subprocess
import sys

import pytest

SNAKEFILE = """
import os
from snakemake.jobs import Job
from snakemake.persistence.file import FilePersistence
from choreo.pipeline.workflow import make_what_was_cut_off

make_what_was_cut_off(FilePersistence)

if os.environ.get("FAIL") == "before it began":
    remove = Job.remove_existing_output

    async def remove_and_be_killed(self):
        await remove(self)
        os.kill(os.getpid(), 9)

    Job.remove_existing_output = remove_and_be_killed

if os.environ.get("SETTING") == "on a full disk":
    def mark(*arguments):
        raise OSError(28, "No space left on device")

    FilePersistence._mark_incomplete = mark

rule last:
    input: "middle.txt"
    output: "last.txt"
    shell: "cp {input} {output}"

rule middle:
    input: "first.txt"
    output: "middle.txt"
    params: os.environ.get("SETTING", "")
    shell: "cp {input} {output}" if "FAIL" not in os.environ else os.environ["FAIL"]
"""
# Snakemake notes that a job has begun just after it began: killed at once, there is no note.
KILLED = "sleep 0.5; kill -9 $PPID"
# The old output is gone, and Snakemake itself has noted nothing.
KILLED_BEFORE = "before it began"
FAILS = pytest.mark.parametrize(
    "fail", ["false", KILLED, KILLED_BEFORE], ids=["failed", "killed", "killed before it began"]
)
TRIGGERS = (
    "--nolock",
    "--rerun-incomplete",
    "--rerun-triggers",
    "mtime",
    "params",
    "input",
    "software-env",
)


@pytest.fixture
def run(tmp_path):
    """Run Snakemake in a folder; gives what it says. What was made stands in last.txt."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE)

    def run(fail=None, setting=""):
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", "1", "last.txt", *TRIGGERS],
            cwd=tmp_path,
            env=os.environ | ({"FAIL": fail} if fail else {}) | {"SETTING": setting},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert (done.returncode != 0) == bool(fail), done.stdout
        return done.stdout

    write(tmp_path, "one", 100)
    run()
    return run


def write(folder, text, seconds):
    """Change what all is made of, so long before now."""
    path = folder / "first.txt"
    path.write_text(text)
    if seconds:
        now = path.stat().st_mtime
        os.utime(path, (now - seconds, now - seconds))


@FAILS
def test_what_failed_is_made_by_the_same_command(run, tmp_path, fail):
    write(tmp_path, "two", 0)
    run(fail)
    assert not (tmp_path / "middle.txt").exists()
    assert (tmp_path / "last.txt").read_text() == "one"
    run()
    assert (tmp_path / "last.txt").read_text() == "two"
    assert "Nothing to be done" in run()


@FAILS
def test_a_setting_that_was_changed_back_leaves_nothing_missing(run, tmp_path, fail):
    run(fail, setting="other")
    assert not (tmp_path / "middle.txt").exists()
    run()
    assert (tmp_path / "middle.txt").read_text() == "one"
    assert "Nothing to be done" in run()
    assert not list((tmp_path / ".snakemake" / "incomplete").iterdir())


def test_a_job_that_can_not_be_noted_runs(run, tmp_path):
    write(tmp_path, "two", 0)
    assert "Failed to set marker file" in run(setting="on a full disk")
    assert (tmp_path / "last.txt").read_text() == "two"


def test_what_was_deleted_to_save_space_is_not_made_again(run, tmp_path):
    (tmp_path / "middle.txt").unlink()
    assert "Nothing to be done" in run()
    write(tmp_path, "two", 0)
    run()
    assert (tmp_path / "last.txt").read_text() == "two"


def test_a_job_whose_record_was_dropped_is_made_again(run, tmp_path):
    write(tmp_path, "two", 0)
    run("true")
    run()
    assert (tmp_path / "last.txt").read_text() == "two"


def test_results_from_elsewhere_have_no_records(run, tmp_path):
    (tmp_path / "middle.txt").unlink()
    for record in (tmp_path / ".snakemake" / "metadata").iterdir():
        record.unlink()
    assert "Nothing to be done" in run()
