"""What the scripts of all rules share: logs, and items that are left out.

A job that can't use its item leaves a tombstone (`choreo.pipeline.tombstones`) in the place of
each output, and one that is given a tombstone passes it on. An accident of the machine leaves
none: the job fails, and the next run tries again.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from choreo.errors import AccidentError, ChoreoError, DamagedError, ItemError, accident
from choreo.files import ending
from choreo.files.locks import Busy, hold, open_lock
from choreo.files.outside import unread
from choreo.pipeline import memory
from choreo.pipeline.tombstones import problem_in, write_problem

STUDY_LOCK = ".choreo.lock"
"""In a study's folder: a run holds it while it starts, and shares it with its jobs."""


_NOT_YOURS = (
    "It is another user's, or may only be read: have its permissions changed, or work in a "
    "folder, or a copy of the study, that is your own"
)


def open_study(results: str | Path) -> int:
    """Open the lock of a study (`choreo.files.locks.open_lock`).

    Raises
    ------
    AccidentError
        Where this user may not.
    """
    path = Path(results) / STUDY_LOCK
    try:
        return open_lock(path)
    except OSError as error:
        raise accident(error, where=path) or AccidentError(
            f"this study's lock can't be opened ({error.strerror})",
            where=path,
            remedy=_NOT_YOURS,
        ) from error


def forget(results: str | Path, found: Iterable[Path]) -> None:
    """Remove problems and what made them, so that the next run tries again.

    Parameters
    ----------
    results : str or Path
        The study's folder.
    found : iterable of Path
        Tombstones in it, as `choreo.pipeline.tombstones` finds them. Where that of a video is
        among them, its download goes too, complete or not: it may be what is damaged.

    Raises
    ------
    AccidentError
        Where a run works on the study, or it is another user's.
    """
    results = Path(results)
    lock = results / STUDY_LOCK
    with contextlib.ExitStack() as held:
        if lock.exists():
            handle = open_study(results)
            held.callback(os.close, handle)
            try:
                hold(handle, where=lock)
            except Busy:
                raise AccidentError(
                    "a run works on this study now",
                    where=results,
                    remedy="Wait until it has ended, then try again",
                ) from None
        downloads = results / "videos" / "downloads"
        for path in found:
            try:
                path.unlink(missing_ok=True)
            except PermissionError as error:
                raise AccidentError(
                    "may not be deleted by you", where=path, remedy=_NOT_YOURS
                ) from error
            if path.parent not in (downloads, downloads.parent):
                continue
            video = path.name.partition(".")[0]
            (downloads / f"{video}.video").unlink(missing_ok=True)
            for folder in (downloads / ".partial").glob(f"{video}-{'[0-9a-f]' * 16}"):
                shutil.rmtree(folder)


def study_of(job):
    """Folder of the study that a job works for: logs lie in ``<study>/logs``."""
    log = Path(job.log[0])
    for folder in log.parents:
        if folder.name == "logs":
            return folder.parent
    return log.parent


def own_inputs(job: Any, paths: Sequence[str]) -> list[str]:
    """Those inputs of a job that rules of its study wrote, which alone can be tombstones."""
    study = Path(os.path.abspath(study_of(job)))
    return [path for path in paths if Path(os.path.abspath(path)).is_relative_to(study)]


def share_study(folder):
    """Hold a study's lock together with its run, until this process ends.

    Where the run is killed and its jobs live on, the next run finds the lock held.

    Parameters
    ----------
    folder : str or Path
        The study's folder; without one there is nothing to hold.
    """
    with contextlib.suppress(OSError):
        # Never closed. Waiting is for the moment in which a run that starts has it alone.
        hold(open_lock(Path(folder) / STUDY_LOCK), shared=True, wait=True, where=folder)


@contextlib.contextmanager
def logged(job):
    """Send everything that a script prints, C++ libraries included, to the rule's log.

    Yields
    ------
    file
        The terminal, for progress and for the one line that says what went wrong.
    """
    log = Path(job.log[0])
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.unlink(missing_ok=True)
        # "a": what another's program adds to the same file (run_tool) is not written over.
        file = open(  # noqa: SIM115  (what fails when it is closed must not hide an error)
            log, "a", buffering=1, encoding="utf-8", errors="replace"
        )
    except OSError as error:
        sys.exit(f"{job.rule}: {accident(error, where=log) or error}")
    if (study_of(job) / STUDY_LOCK).exists():
        share_study(study_of(job))
    sys.stdout.flush()
    sys.stderr.flush()
    terminal = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="replace")
    kept = os.dup(1), os.dup(2)
    # Both at the level of the operating system, for C++ libraries, and of Python.
    os.dup2(file.fileno(), 1)
    os.dup2(file.fileno(), 2)
    try:
        with contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
            try:
                if limits := memory.allowed():
                    print(limits)
                _compare_texts(job)
                yield terminal
            except Exception as error:
                known = error if isinstance(error, ChoreoError) else accident(error)
                if known is None:
                    # Libraries, and Python itself, say nearly anything then.
                    known = memory.little_left(f"{type(error).__name__}: {error}")
                if known is not None:
                    print(f"{job.rule}: {known}", file=terminal)
                # On a full disk the log can't be written either.
                with contextlib.suppress(OSError):
                    if isinstance(error, ChoreoError):
                        print(f"error: {error}")
                    else:
                        traceback.print_exc()
                if known is None:
                    raise
                sys.exit(1)
    finally:
        for number, copy in enumerate(kept, 1):
            os.dup2(copy, number)
            os.close(copy)
        terminal.close()
        with contextlib.suppress(OSError):
            file.close()


def _compare_texts(job):
    """Refuse a text of the study that has changed; its reader could not tell."""
    texts = [p for p in own_inputs(job, job.input) if ending(p) in (".json", ".csv", ".tsv")]
    if texts:
        from choreo.files.sealed import compare_text

        for path in texts:
            compare_text(path)


def run(job: Any, action: Callable[..., Any]) -> None:
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


def run_item(job: Any, action: Callable[..., Any], needs: Sequence[str] | None = None) -> None:
    """Run a script's action for one item: a problem with it stops only itself.

    Where an input is a tombstone, it becomes every output. Where `action` raises
    `ItemError` and the rule's ``params.on_bad_video`` is "skip", a new tombstone does; an
    accident of the machine (`AccidentError`, or what `choreo.errors.accident` calls one)
    fails the job with one line and leaves none.

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
        for path in own_inputs(job, job.input if needs is None else needs):
            problem = problem_in(path)
            if problem is not None:
                print(f"left out: {problem['message']}", file=sys.stderr)
                _bury(job, problem)
                return
        try:
            action(terminal)
        except ItemError as error:
            problem = _left_out(job, job.params.item, error, terminal)
            print(f"left out: {error}", file=sys.stderr)
            _bury(job, problem)


def _left_out(job, item, error, terminal):
    """What is written down of an item that is left out; raises where the job must fail."""
    # A reader may have said "not a video" of what a full disk cut short.
    if (found := _cause(error)) is not None:
        raise found from error
    # What a rule wrote whole and is damaged now says nothing about the video.
    ours = isinstance(error, DamagedError) and own_inputs(job, [error.where])
    if ours or job.params.on_bad_video != "skip":
        raise error
    for path in dict.fromkeys([*job.input, *([error.where] if error.where else [])]):
        if (found := unread(path)) is not None:
            raise found from error
    for path in own_inputs(job, job.input):
        if (found := _not_whole(path)) is not None:
            raise found from error
    if (found := memory.little_left(error)) is not None:
        raise found from error
    print(f"left out: {item}: {error}", file=terminal)
    return _problem(job, item, error)


def _not_whole(path):
    """Error of a file that a rule wrote whole and that is cut; None of any other.

    A reader says of it what it would say of a user's: not a video, no zip archive.
    """
    path = Path(path)
    if not path.is_file() or problem_in(path) is not None:
        return None
    found = None
    if path.stat().st_size == 0:
        found = "it is empty"
    elif ending(path) == ".json":
        try:
            json.loads(path.read_bytes())
        except ValueError:
            found = "it is cut off"
    from choreo.files.sealed import SEALED, damaged, is_whole  # which numpy comes with

    if found is None and ending(path) in SEALED and not is_whole(path):
        found = "it was cut off, or does not have the digest that was kept in it"
    return found and damaged(path, found)


def run_items(
    job: Any, parts: Sequence[tuple[str, Sequence[str], str]], action: Callable[..., Any]
) -> None:
    """Run a script's action for several items in one process: a problem stops its own only.

    Parameters
    ----------
    job : snakemake.script.Snakemake
        With ``params.on_bad_video`` and ``params.stage``.
    parts : list of (str, list of str, str)
        Of each item: what it is called, its inputs, and its output.
    action : callable
        Called with the number of the item. What `run_item` says of an `ItemError` and of
        accidents holds.
    """
    with logged(job) as terminal:
        for number, (item, inputs, output) in enumerate(parts):
            problems = (problem_in(path) for path in own_inputs(job, inputs))
            problem = next(filter(None, problems), None)
            if problem is None:
                try:
                    action(number)
                    continue
                except ItemError as error:
                    problem = _left_out(job, item, error, terminal)
            print(f"left out: {item}: {problem['message']}", file=sys.stderr)
            write_problem(output, problem)


def _problem(job, item, error):
    return {
        "item": item,
        "stage": job.params.stage,
        "message": error.message,
        "where": error.where or "",
        "value": "" if error.value is None else str(error.value),
        "remedy": error.remedy or "",
    }


def _cause(error):
    """The accident that an error of an item was made from, if there was one."""
    seen = error.__cause__
    while seen is not None:
        if (found := accident(seen)) is not None:
            return found
        seen = seen.__cause__
    return None


def _bury(job, problem):
    for path in job.output:
        write_problem(path, problem)
