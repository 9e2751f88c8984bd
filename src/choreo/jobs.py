"""What the scripts of all rules share: logs, and items that are left out.

A bad video must stop its own item and nothing else. Snakemake knows only "every output
is there" or "the run failed", so a job that can't use its item writes a *tombstone* in
the place of each output: a small text that begins with `MAGIC` and says what is wrong.
Jobs that are given a tombstone pass it on, tables leave it out, and ``problems.csv``
lists it.
"""

import contextlib
import json
import os
import sys
import traceback
from pathlib import Path

from choreo.errors import ChoreoError, ItemError
from choreo.files import write_text

MAGIC = "choreo problem\n"
STAGES = ("videos", "poses", "comparison", "cleaning", "dataset", "dances", "evaluation")


def problem_in(path):
    """Read the problem that stands in the place of a file.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict or None
        Keys `item`, `stage`, `message`, `where`, `value`, `remedy`; None where the
        file is a real output.
    """
    with open(path, "rb") as file:
        if file.read(len(MAGIC)) != MAGIC.encode():
            return None
        return json.loads(file.read())


def write_problem(path, problem):
    """Write a tombstone (see the module's docstring)."""
    write_text(path, MAGIC + json.dumps(problem, indent=2, sort_keys=True, default=str) + "\n")


def usable(paths):
    """List of those paths that hold a real output."""
    return [path for path in paths if problem_in(path) is None]


def tombstones(results):
    """Find every tombstone of a study.

    Parameters
    ----------
    results : str or Path
        Its folder, such as ``results/demo``.

    Returns
    -------
    dict of Path to dict
        Path -> problem, as `problem_in` gives it, in the order of the stages.
    """
    found = {}
    for stage in STAGES:
        for path in sorted(Path(results, stage).rglob("*")):
            if path.is_file() and (problem := problem_in(path)):
                found[path] = problem
    return found


def warnings(results):
    """What a study used but someone should look at: `warning` in the records of cleaning.

    Parameters
    ----------
    results : str or Path
        Its folder, such as ``results/demo``.

    Returns
    -------
    list of dict
        As `problem_in` gives them.
    """
    records = sorted(Path(results, "cleaning").glob("*.json"))
    found = [json.loads(path.read_bytes()).get("warning") for path in usable(records)]
    return [warning for warning in found if warning]


@contextlib.contextmanager
def logged(job):
    """Send everything that a script prints, C++ libraries included, to the rule's log.

    Yields
    ------
    file
        The terminal, for progress and for the one line that says what went wrong.
    """
    log = Path(job.log[0])
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    terminal = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="replace")
    kept = os.dup(1), os.dup(2)
    log.unlink(missing_ok=True)
    # "a": what another's program adds to the same file (run_tool) is not written over.
    with open(log, "a", buffering=1, encoding="utf-8", errors="replace") as file:
        # Both at the level of the operating system, for C++ libraries, and of Python.
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            with contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
                try:
                    yield terminal
                except ChoreoError as error:
                    print(f"{job.rule}: {error}", file=terminal)
                    print(f"error: {error}")
                    sys.exit(1)
                except Exception:
                    traceback.print_exc()
                    raise
        finally:
            for number, copy in enumerate(kept, 1):
                os.dup2(copy, number)
                os.close(copy)
            terminal.close()


def run(job, action):
    """Run a script's action with its output in the rule's log.

    Parameters
    ----------
    job : snakemake.script.Snakemake
        The object that Snakemake gives to a script.
    action : callable
        Called with the terminal; raises `ChoreoError` for what the user can mend.
    """
    with logged(job) as terminal:
        action(terminal)


def run_item(job, action, needs=None):
    """Run a script's action for one item: a problem with it stops only itself.

    Where an input is a tombstone, it becomes every output. Where `action` raises
    `ItemError` and the rule's ``params.on_bad_video`` is "skip", a new tombstone does.

    Parameters
    ----------
    job : snakemake.script.Snakemake
        With ``params.item`` (what the problem is about, as people know it) and
        ``params.on_bad_video``.
    action : callable
        Called with the terminal.
    needs : list of str, optional
        Inputs that `action` can't do without; by default all of them.
    """
    with logged(job) as terminal:
        for path in job.input if needs is None else needs:
            problem = problem_in(path)
            if problem is not None:
                print(f"left out: {problem['message']}", file=sys.stderr)
                _bury(job, problem)
                return
        try:
            action(terminal)
        except ItemError as error:
            if job.params.on_bad_video != "skip":
                raise
            print(f"left out: {job.params.item}: {error}", file=terminal)
            print(f"left out: {error}", file=sys.stderr)
            _bury(
                job,
                {
                    "item": job.params.item,
                    "stage": job.params.stage,
                    "message": error.message,
                    "where": error.where or "",
                    "value": "" if error.value is None else str(error.value),
                    "remedy": error.remedy or "",
                },
            )


def _bury(job, problem):
    for path in job.output:
        write_problem(path, problem)
