"""What the Snakefile needs to build the DAG; imports nothing heavy."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from choreo.errors import AccidentError, ConfigError, accident, plain
from choreo.files.locks import Busy, hold, open_lock
from choreo.files.temporary import note, sweep
from choreo.pipeline.jobs import STUDY_LOCK, open_study
from choreo.pipeline.tombstones import tombstones, usable, warnings

_NOT_THE_FUTURE_NS = 1_000_000_000
"""So much the clocks of a machine and of its disk's server may differ."""


class Named(dict):
    """Rows or other things by name; to ask for another name is the user's error.

    Parameters
    ----------
    *args
        As of `dict`.
    what : str
        What has the names, as the end of "there is no ...".
    """

    def __init__(self, *args, what):
        super().__init__(*args)
        self._what = what

    def __missing__(self, name):
        raise ConfigError(f"there is no {self._what} with this name", value=name)


def check_writable(folder=".snakemake"):
    """Refuse, before anything else, a working folder that Snakemake can't write its records to.

    It does so for a plan (``-n``) too.

    Parameters
    ----------
    folder : str or Path
        Snakemake's own folder, in the working folder.

    Raises
    ------
    ConfigError
    """
    folder = Path(folder)
    parts = [folder, *folder.glob("*/")] if folder.exists() else [folder.absolute().parent]
    for part in parts:
        if not os.access(part, os.W_OK | os.X_OK):
            raise ConfigError(
                "Snakemake keeps its records here, also of a plan (-n), and can't write",
                where=part.absolute(),
                remedy="Make it writable, or work in a copy of this project's folder",
            )


_held: dict[Any, Any] = {}


def release_stale_locks(folder=".snakemake"):
    """Remove the locks and scripts of runs that were killed, and only those.

    Snakemake's lock files outlive a run that is killed, and the next run refuses to
    start. Every run of ours and every job of it holds a shared lock of the operating
    system, which ends with its process however that ends. Who can get it exclusively is
    alone, so that any lock file that lies there is a dead run's. In a folder that can't
    be written nothing is done: a plan needs no lock.

    Parameters
    ----------
    folder : str or Path
        Snakemake's own folder.
    """
    folder = Path(folder)
    try:
        folder.mkdir(exist_ok=True)
        handle = open_lock(folder / "choreo.lock")
    except OSError:
        return
    try:
        if hold(handle, where=folder / "choreo.lock"):
            for part in ("locks", "scripts"):
                shutil.rmtree(folder / part, ignore_errors=True)
    except Busy:
        pass
    # Waiting is for the moment in which another one looks whether it is alone.
    hold(handle, shared=True, wait=True, where=folder / "choreo.lock")
    _keep(folder, handle)


def _keep(folder, handle):
    """Hold a lock until this process ends; one that it held before is given back."""
    before = _held.pop(str(folder), None)
    if before is not None:
        os.close(before)
    _held[str(folder)] = handle


def share_locks(out, folder=".snakemake"):
    """In a job: hold what its run holds, so that both count where the run is killed.

    Parameters
    ----------
    out : str or Path
        The study's folder of results.
    folder : str or Path
        Snakemake's own folder.
    """
    for path in (Path(out, STUDY_LOCK), Path(folder, "choreo.lock")):
        if path.exists():
            with contextlib.suppress(OSError):
                handle = open_lock(path)
                hold(handle, shared=True, wait=True, where=path)
                _keep(path, handle)


_ENDING_SECONDS = 2.0
"""So long a run waits for a study that was just left."""


def hold_study(out, folder=".snakemake"):
    """Take a study for one run, which shares it with its jobs.

    Parameters
    ----------
    out : str or Path
        The study's folder of results; made where it isn't there.
    folder : str or Path
        Snakemake's own folder; lock files of this study in it are dead runs'.

    Raises
    ------
    AccidentError
        Where another run, or jobs that outlived theirs, work on the study, or it may not be
        written.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    path = out / STUDY_LOCK
    handle = open_study(out)
    try:
        _hold_soon(handle, path)
        hold(handle, shared=True, where=path)
    except Busy:
        who = _holders(handle)
        os.close(handle)
        raise AccidentError(
            f"another run works on this study, or jobs of one that was killed do{who}",
            where=out,
            remedy="Wait until they have ended (or end them), then run the same command again",
        ) from None
    _keep(path, handle)
    for lock in Path(folder, "locks").glob("*.lock"):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if any(line.startswith(f"{out}/") for line in lock.read_text().splitlines()):
                lock.unlink()


def _hold_soon(handle, path):
    # The threads of killed jobs may still be ending, one after the other.
    until = time.monotonic() + _ENDING_SECONDS
    while True:
        try:
            return hold(handle, where=path)
        except Busy:
            if time.monotonic() > until:
                raise
        time.sleep(0.1)


def _holders(handle):
    """Which processes hold an open lock, as the end of a message (on Linux; else nothing)."""
    found = []
    with contextlib.suppress(OSError):
        inode = os.fstat(handle).st_ino
        for line in Path("/proc/locks").read_text().splitlines():
            fields = line.split()
            if "FLOCK" in fields and fields[-3].endswith(f":{inode}"):
                found.append(fields[-4])
    return f" (processes {', '.join(sorted(set(found)))})" if found else ""


def keep_apart(persistence, out, shared):
    """Make Snakemake's own locks safe for runs that share a working folder.

    A run that really starts takes its study first (`hold_study`) and removes what killed ones
    left half-written; a plan takes nothing.
    A run that ends removes its own lock files: Snakemake removes those of all runs in
    the folder.

    Parameters
    ----------
    persistence : type
        Snakemake's class of what lies in its folder (`snakemake.persistence.file`).
    out : str or Path
        The study's folder of results.
    shared : str or Path
        That of what is made once for all studies.
    """
    from snakemake.exceptions import WorkflowError

    if not hasattr(persistence, "_choreo"):
        persistence._choreo = persistence.lock, persistence._delete_locks
    lock, delete_all = persistence._choreo

    @contextlib.contextmanager
    def locked(self):
        try:
            hold_study(out, self.path)
        except (AccidentError, OSError) as error:
            raise WorkflowError(str(accident(error, where=out) or error)) from None
        _sweep(self, out, shared)
        with lock(self):
            yield

    def delete_own(self):
        for path in self._lockfile.values():
            Path(path).unlink(missing_ok=True)
        self._lockfile.clear()

    persistence.lock, persistence._delete_locks = locked, delete_own
    persistence.cleanup_locks = delete_all  # snakemake --unlock


def make_what_was_cut_off(persistence):
    """Let the next run make what a run that failed or was killed had begun to make anew.

    Snakemake deletes an output before its job runs. Where the job does not come to its end,
    the output is missing, and what was made of the old one is still there: the next run
    would take that for up to date, and end with "Nothing to be done".

    Snakemake notes that a job has begun just after it deleted its outputs. Where one is there, it
    is noted before as well, so that no kill comes between.

    Parameters
    ----------
    persistence : type
        Snakemake's class of what lies in its folder (`snakemake.persistence.file`), which
        tells it what is incomplete; with ``--rerun-incomplete`` that is made again.
    """
    from snakemake.jobs import Job

    if not hasattr(persistence, "_choreo_incomplete"):
        persistence._choreo_incomplete = persistence.incomplete, Job.remove_existing_output
    found, remove = persistence._choreo_incomplete

    async def incomplete(self, job):
        return [*await found(self, job), *await _cut_off(self, job)]

    async def note_and_remove(self):
        if [file async for file in self.existing_output()]:
            # Where it can't be written, the run goes on, as after Snakemake's own note.
            with contextlib.suppress(OSError):
                self.dag.workflow.persistence.started(self)
        await remove(self)

    persistence.incomplete, Job.remove_existing_output = incomplete, note_and_remove


async def _cut_off(persistence, job):
    """Outputs of a job that are missing, are outdated, and of which something was made.

    One that was deleted by hand, or as temporary, was made after its inputs and before what
    was made of it. A job that failed has a record, too, of the time when it did.
    """
    missing = [file for file in job.output if not await file.exists()]
    if not missing:
        return []
    outputs = [file for other in persistence.dag.depending[job] for file in other.output]
    made_of_it = await _times(outputs)
    if not made_of_it:
        return []
    inputs = await _times(job.input)
    records = [persistence.metadata(file) for file in missing]
    ends = [record and record.endtime for record in records]
    # Snakemake drops the record of a job that ends well and makes nothing. Where there is none
    # of what was made of it either, results were brought here from elsewhere.
    known = None in ends and any(persistence.metadata(file) for file in outputs)
    # Begun and not ended, with a setting that is no more: neither a time nor a record tells.
    begun = persistence._filter_incomplete_keys([persistence._get_key(file) for file in missing])
    return [
        file
        for file, end in zip(missing, ends)
        if persistence._get_key(file) in begun
        or (known if end is None else end < max(inputs, default=0) or end > min(made_of_it))
    ]


async def _times(files):
    """When each of the files that are there was changed."""
    there = [file for file in files if await file.exists()]
    return [(await file.mtime()).local_or_storage() for file in there]


def _sweep(persistence, *results):
    """Remove what killed runs left, and note what this one would."""
    own = Path(persistence.path, "choreo")
    for folder in results:
        sweep(folder, deep=True)
        leave_the_future(folder)
    for folder in (own, tempfile.gettempdir()):
        sweep(folder)
    workflow = getattr(getattr(persistence, "dag", None), "workflow", None)
    made = (
        getattr(workflow, "_snakemake_tmp_dir", None),
        getattr(getattr(workflow, "sourcecache", None), "runtime_cache", None),
    )
    # Where it can't be written, Snakemake itself says so.
    with contextlib.suppress(OSError):
        own.mkdir(parents=True, exist_ok=True)
        note(own, [folder.name for folder in made if folder is not None])


def leave_the_future(folder: str | Path) -> None:
    """Give files of results that are from the future the present time, in the order they had.

    The clock was set back since they were written. Snakemake fails a job whose output is older
    than its input.

    Parameters
    ----------
    folder : str or Path
        Of results: the user's own files are left as they are.
    """
    now = time.time_ns()
    found: dict[int, list[str]] = {}
    for place, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(place, name)
            with contextlib.suppress(OSError):
                modified = os.lstat(path).st_mtime_ns
                if modified > now + _NOT_THE_FUTURE_NS and not os.path.islink(path):
                    found.setdefault(modified, []).append(path)
    for rank, modified in enumerate(sorted(found, reverse=True)):
        for path in found[modified]:
            with contextlib.suppress(OSError):
                # A step that every file system can tell from the next.
                os.utime(path, ns=(now, now - 1000 * rank))


def as_input(path):
    """A file or folder of the user as an input of a rule.

    Snakemake puts wildcards into every input, also into one that a function returned:
    ``{video}`` in a name would become another file, and ``{x}`` end the planning. A path with
    braces is therefore no input; the job reads it from its parameters, among which
    `state_of` says when it changed.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    str or list
        None of the kind (``[]``) where it is not there, which the job says, or has braces.
    """
    text = os.path.normpath(path)
    return text if os.path.exists(text) and not set("{}") & set(text) else []


def check_not_lost(path, made, *, where):
    """Refuse a plan for which a file of the user is gone that results were made of.

    Its disk may not be mounted. The job would find no such file, and leave out, with all that
    follows, what was there.

    Parameters
    ----------
    path : str or Path
        The user's file or folder.
    made : iterable of str
        Outputs that are made of it.
    where : str
        What names the file.

    Raises
    ------
    ConfigError
    """
    if os.path.exists(path):
        return
    there = [one for one in made if os.path.isfile(one)]
    if there and len(usable(there)) == len(there):
        raise ConfigError(
            "this file is gone, and results were made of it",
            where=where,
            value=str(path),
            remedy="Put it back (is its disk mounted?), or take it out of the study; to have it "
            f"left out as missing, delete {' '.join(there)}",
        )


def state_of(path):
    """What a job's parameters say of a path that can't be its input, so that a change is seen.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    list of int or None
        Size in bytes and time of the last change in ns; None for a path that is an input,
        or not there.
    """
    if as_input(path) or not os.path.exists(path):
        return None
    found = os.stat(path)
    return [found.st_size, found.st_mtime_ns]


def as_given(text):
    """A text of the user as a parameter of a rule.

    Snakemake puts wildcards into each parameter that is a text, also ``{}`` of an address or a
    person's words; into what a function returned it does not.

    Parameters
    ----------
    text : str or None

    Returns
    -------
    callable
        Gives `text` for any wildcards.
    """
    return lambda wildcards: text


def check_offline(paths: Iterable[str | Path]) -> None:
    """Refuse, before anything runs, a study that would need the network.

    Parameters
    ----------
    paths : iterable of str or Path
        What is fetched, or the user's own.

    Raises
    ------
    ConfigError
        With all that is missing.
    """
    missing = [str(path) for path in paths if not os.path.exists(path)]
    if missing:
        raise ConfigError(
            f"offline is true, and {len(missing)} file(s) are not here: {', '.join(missing)}",
            remedy="Run `choreo fetch` with the same config where there is a network",
        )


def grow_memory(rules):
    """Let each further try of a job ask for more memory: twice, three times what its rule says.

    Snakemake tries a job again where ``--retries`` or the profile says so. The job may have
    been ended for the memory that it took.

    Parameters
    ----------
    rules : iterable of snakemake.rules.Rule
        Their resource ``mem_mb`` is changed in place, where it is a number.
    """
    for rule in rules:
        asked = rule.resources.get("mem_mb")
        if not asked.is_evaluable() and asked.value is not None:
            rule.resources["mem_mb"] = _growing(asked.value)


def _growing(megabytes):
    def memory(wildcards, attempt):
        return megabytes * attempt

    return memory


def list_problems(out):
    """Bring ``problems.csv`` up to date at a run's end, and print what a run left out.

    Also what it used with a warning, one line an item. Files that say the same already
    stay as they are, so that nothing is newer than what was made of them.

    Parameters
    ----------
    out : str or Path
        The study's folder of results.
    """
    problems = tombstones(out).values()
    found = {problem["item"]: problem for problem in problems}
    doubtful = warnings(out)
    if found or doubtful or Path(out, "videos/problems.csv").exists():
        from choreo.pipeline.problems import problems_table

        problems_table(problems, doubtful).write(Path(out, "videos/problems"), keep=True)
    for name, problem in found.items():
        text = plain(f"left out: {name}: {problem['stage']}: {problem['message']}")
        print(" ".join(text.split()), file=sys.stderr)
    if found:
        print(
            f"{len(found)} item(s) left out of the study; remedies: {out}/videos/problems.csv or "
            f"`choreo problems {out}`",
            file=sys.stderr,
        )
    for warning in doubtful:
        print(f"used, but look at it: {warning['item']}: {warning['message']}", file=sys.stderr)
    if doubtful and not found:
        print(f"remedies: {out}/videos/problems.csv or `choreo problems {out}`", file=sys.stderr)
