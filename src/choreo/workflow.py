"""What the Snakefile needs to build the DAG; imports nothing heavy."""

import ast
import fcntl
import functools
import os
import shutil
import sys
from pathlib import Path

from choreo.jobs import tombstones, warnings

PACKAGE = Path(__file__).parent


@functools.cache
def _imports(path):
    """The modules of `choreo` that one file imports, also inside its functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "choreo":
                found |= _files(name)
    return frozenset(found)


def _files(module):
    parts = module.split(".")[1:]
    files = {PACKAGE / "__init__.py"}
    for count in range(1, len(parts) + 1):
        base = PACKAGE.joinpath(*parts[:count])
        if base.with_suffix(".py").is_file():
            files.add(base.with_suffix(".py"))
        elif (base / "__init__.py").is_file():
            files.add(base / "__init__.py")
    return files


def code(script):
    """Files of the package that a script depends on, directly or through others.

    Snakemake tracks the script of a rule but not what it imports. Given as an input of
    the rule, these files make an edit of a stage rerun that stage and what follows.

    Parameters
    ----------
    script : str or Path

    Returns
    -------
    list of str
        Sorted; relative to the working folder where they lie below it.
    """
    todo, seen = list(_imports(Path(script))), set()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo.extend(_imports(path))
    here = Path.cwd()
    return sorted(str(p.relative_to(here) if p.is_relative_to(here) else p) for p in seen)


_held = []


def release_stale_locks(folder=".snakemake"):
    """Remove the locks of runs that were killed, and only those.

    Snakemake's lock files outlive a run that is killed, and the next run refuses to
    start. Every run of ours holds a shared lock of the operating system, which ends
    with its process however that ends. Who can get it exclusively is alone, so that
    any lock file that lies there is a dead run's.

    Parameters
    ----------
    folder : str or Path
        Snakemake's own folder.
    """
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    handle = os.open(folder / "choreo.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pass
    else:
        shutil.rmtree(folder / "locks", ignore_errors=True)
    fcntl.flock(handle, fcntl.LOCK_SH)
    _held.append(handle)


def has_gpu():
    """Tell whether an NVIDIA GPU is there, without importing torch."""
    return Path("/proc/driver/nvidia/gpus").is_dir() and any(
        Path("/proc/driver/nvidia/gpus").iterdir()
    )


def say_problems(out):
    """Print what a run left out, and what it used with a warning, one line an item.

    Parameters
    ----------
    out : str or Path
        The study's folder of results.
    """
    found = {problem["item"]: problem for problem in tombstones(out).values()}
    for name, problem in found.items():
        print(f"left out: {name}: {problem['stage']}: {problem['message']}", file=sys.stderr)
    if found:
        print(
            f"{len(found)} item(s) left out of the study; remedies: {out}/videos/problems.csv or "
            f"`choreo problems {out}`",
            file=sys.stderr,
        )
    doubtful = warnings(out)
    for warning in doubtful:
        print(f"used, but look at it: {warning['item']}: {warning['message']}", file=sys.stderr)
    if doubtful and not found:
        print(f"remedies: {out}/videos/problems.csv or `choreo problems {out}`", file=sys.stderr)
