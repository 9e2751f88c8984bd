"""The kinds of accidents, each a function that starts a run and lets one happen to it.

A kind begins with a trial in which nothing has run and returns when no process of its runs is
left, with what was seen. `Trial.mend` makes an end of what does not pass by itself, such as a
full disk. The same command then has to finish the study (`trials.try_one`).
"""

import contextlib
import dataclasses
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from runs import wait_until
from trials import CHANGES, Missed

from choreo.cli.verify import verify

KINDS = {}


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of accident.

    Attributes
    ----------
    name : str
    happen : callable
        From a trial to what was seen.
    study : str
        Which study it happens to.
    lacking : callable
        Why it can't happen on this machine; empty where it can.
    changed : str
        Which input (`trials.CHANGES`) is changed before it, of a study that has run to its end;
        empty for none.
    """

    name: str
    happen: Callable
    study: str
    lacking: Callable
    changed: str = ""


def kind(name, study="tables", lacking=lambda: "", changed=""):
    def register(function):
        KINDS[name] = Kind(name, function, study, lacking, changed)
        return function

    return register


def _ended(run):
    """The last that a run said, in one line."""
    lines = [line.strip() for line in run.said().splitlines()]
    ours = [line for line in lines if re.match(r"[a-z]\w+: .+\. [A-Z]", line)]
    theirs = [" ".join(lines[n : n + 2]) for n, line in enumerate(lines) if line.endswith("Error:")]
    said = next(iter([*ours, *theirs]), "")
    return f"status {run.wait()}" + (f": {said[:160]}" if said else "")


# Kills


@kind("kill -9 of the whole group")
def kill_group(trial):
    run = trial.start()
    trial.reach_point(run)
    jobs = len(run.workers())
    run.kill()
    return f"{jobs} jobs killed with it"


@kind("kill -9 of the main process alone")
def kill_main(trial):
    run = trial.start()
    trial.reach_point(run)
    run.main.kill()
    run.wait()
    # Its jobs live on. A second run is refused meanwhile, or comes when they are done.
    living = len(run.workers())
    again = trial.start(server=1)
    again.wait()
    refused = again.status and "another run works on this study" in again.said()
    run.wait_for_group()
    again.wait_for_group()
    if again.status and not refused:
        return f"{living} jobs lived on; a second run: {_ended(again)}"
    return f"{living} jobs lived on; a second run " + ("was refused" if refused else "finished")


@kind("kill -9 of one job")
def kill_job(trial):
    return _kill_one(trial, "workers")


@kind("kill -9 of one ffmpeg", study="videos")
def kill_ffmpeg(trial):
    return _kill_one(trial, "ffmpegs")


def _kill_one(trial, which):
    run = trial.start()
    trial.reach_point(run, last=2)
    _one(trial, run, getattr(run, which)).kill()
    run.wait()
    run.wait_for_group()
    return _ended(run)


def _one(trial, run, processes):
    """One of the processes that are there, as soon as there is one."""
    found = wait_until(lambda: run.status is not None or processes())
    if run.status is not None or not found:
        raise Missed
    return trial.rng.choice(sorted(found, key=lambda process: process.pid))


@kind("SIGTERM to the main process and its jobs")
def terminate_group(trial):
    """As a scheduler does when the time is up."""
    run = trial.start()
    trial.reach_point(run)
    run.signal_group(signal.SIGTERM)
    run.wait()
    run.wait_for_group()
    return _ended(run)


@kind("SIGTERM, then SIGKILL, to the group")
def terminate_and_kill(trial):
    """Where the job does not end in the time that the scheduler gives it."""
    run = trial.start()
    trial.reach_point(run)
    run.signal_group(signal.SIGTERM)
    pause = trial.rng.uniform(0, 0.5)
    time.sleep(pause)
    run.kill()
    return f"killed {pause:.2f} s later"


# Inputs that were changed


def _changed(trial, *, what, back):
    """Change an input of a study that has run, and end the run on it before its end."""
    change_back = CHANGES[what].make(trial.project)
    run = trial.start()
    way = trial.rng.choice(("kill -9 of the group", "kill -9 of one job", "SIGTERM"))
    trial.reach_point(run, last=2 if way == "kill -9 of one job" else 1)
    if way == "kill -9 of the group":
        run.kill()
    elif way == "SIGTERM":
        run.signal_group(signal.SIGTERM)
    else:
        _one(trial, run, run.workers).kill()
    run.wait()
    run.wait_for_group()
    if back:
        change_back()
        trial.given_up = what
    else:
        trial.changed = what
    return f"{way}; {_ended(run)}"


for _what, _change in CHANGES.items():
    for _back, _then in ((False, "then a kill"), (True, "a kill, and changed back")):
        register = kind(f"{_what} changed, {_then}", _change.study, changed=_what)
        register(functools.partial(_changed, what=_what, back=_back))


# Disks


def _mount_lacking():
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "a small file system is mounted by root alone"
    unshared = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    return "" if unshared.returncode == 0 else "no file system may be mounted here"


def _mount(trial, folder, size):
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={size}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "faults", folder], check=True)
    trial.mounted.append(folder)
    trial.mend = lambda: _resize(folder, "1g")


def _resize(folder, size):
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


def _on_a_small_disk(trial, *parts):
    """Run on a disk that has room for a part of what is to be made."""
    disk = trial.project / "disk"
    _mount(trial, disk, "1g")
    there = sum(path.stat().st_size for path in trial.made())
    for path in (trial.project / part for part in parts):
        if path.exists():
            shutil.move(path, disk)
        else:
            (disk / path.name).mkdir()
        path.symlink_to(disk / path.name)
    due = sum(map(len, trial.bench.undisturbed(trial.study).values()))
    room = int(trial.rng.uniform(0.02, 0.9) * (due - there))
    trial.point += f"{room >> 10} of {due - there >> 10} KiB free"
    found = os.statvfs(disk)
    _resize(disk, (found.f_blocks - found.f_bfree) * found.f_frsize + room)
    return _until_it_fails(trial)


def _until_it_fails(trial, **options):
    run = trial.start(**options)
    run.wait()
    run.wait_for_group()
    if not run.status:
        raise Missed
    return _ended(run)


@kind("full disk of results", lacking=_mount_lacking)
def full_disk(trial):
    return _on_a_small_disk(trial, "results")


@kind("full disk of everything", lacking=_mount_lacking)
def full_disk_of_everything(trial):
    """Snakemake's own records are on it, too."""
    return _on_a_small_disk(trial, "results", ".snakemake")


@kind("full folder for temporary files", lacking=_mount_lacking)
def full_temporary_folder(trial):
    size = trial.rng.choice([4096, 65_536, 262_144])
    trial.point += f"{size >> 10} KiB free"
    _mount(trial, trial.temporary, size)
    return _until_it_fails(trial)


UNPRIVILEGED = """
# Root reads every file; without these capabilities it obeys permissions, as others do.
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2
PR_CAPBSET_DROP = 24
for one in (DAC_OVERRIDE, DAC_READ_SEARCH):
    libc.prctl(PR_CAPBSET_DROP, one, 0, 0, 0)
header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
if libc.capget(header, data) == 0:
    for at in range(3):
        data[at] &= ~(1 << DAC_OVERRIDE | 1 << DAC_READ_SEARCH)
    assert libc.capset(header, data) == 0
"""


@kind("a file made unreadable")
def unreadable(trial):
    """By its permissions, which hold for root, too, without two of its capabilities."""
    run = trial.start(first=UNPRIVILEGED)
    trial.reach_point(run, last=2)
    path = trial.rng.choice(trial.made() or [None])
    if path is None:
        raise Missed
    mode = path.stat().st_mode
    path.chmod(0)
    run.wait()
    run.wait_for_group()
    with contextlib.suppress(FileNotFoundError):  # written anew meanwhile
        path.chmod(mode)
    return f"{path.relative_to(trial.results)}; {_ended(run)}"


@kind("one bit turned")
def turned_bit(trial):
    run = trial.start()
    trial.reach_point(run, last=2)
    path = trial.rng.choice([p for p in trial.made() if p.stat().st_size] or [None])
    if path is None:
        raise Missed
    times = path.stat()
    at, bit = trial.rng.randrange(times.st_size), trial.rng.randrange(8)
    with open(path, "r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 1 << bit]))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    run.wait()
    run.wait_for_group()
    seen = f"{path.relative_to(trial.results)}, byte {at}; {_ended(run)}"
    # As `verify` says: what is damaged is found, deleted, and made again by its name.
    damaged, _ = verify(trial.results)
    for found in damaged:
        found.unlink()
    if named := [found for found in damaged if not found.name.startswith(".")]:
        again = trial.start(more=named)
        again.wait()
        again.wait_for_group()
    return f"{seen}; verify names {len(damaged)} file(s)"


# Networks


@kind("the network cut in a download", study="videos")
def network_cut(trial):
    size = sum(map(len, trial.bench.videos.found.values()))
    trial.bench.videos.left = trial.rng.randrange(size)
    trial.point += f"after {trial.bench.videos.left} of {size} bytes"
    run = trial.start()
    run.wait()
    run.wait_for_group()
    if not run.status:
        return "the run ended well without its videos"
    return _ended(run)


# Other runs


@kind("a second run of the same study")
def same_study_twice(trial):
    run = trial.start()
    trial.reach_point(run)
    second = trial.start(server=1)
    second.wait()
    status = second.status
    run.wait()
    refused = "another run works on this study" in second.said()
    said = "was refused" if refused else f"ended with {status}"
    return f"the second {said}, the first ended with {run.status}"


@kind("a run of another study at once, one of both killed")
def other_study(trial):
    run = trial.start()
    other = trial.start("other", server=1)
    trial.reach_point(run)
    killed, left = (run, other) if trial.rng.random() < 0.5 else (other, run)
    killed.kill()
    left.wait()
    which = "the study" if killed is run else "the other study"
    again = trial.start("other", server=1)
    if again.wait():
        trial.found.append(f"the other study: {_ended(again)}")
    due = trial.bench.undisturbed(trial.study)
    other_results = trial.project / "results" / "other"
    for part in ("poses", "cleaning"):
        for path in other_results.joinpath(part).rglob("*.npz"):
            if path.read_bytes() != due[path.relative_to(other_results).as_posix()]:
                trial.found.append(f"the other study: other bytes: {path.name}")
    return f"{which} was killed, the one left ended with {left.status}"


# Clocks and memory


@kind("the clock set back")
def clock_set_back(trial):
    """A run is killed, and the next one finds that all it wrote is from the future."""
    run = trial.start()
    trial.reach_point(run)
    run.kill()
    ahead = trial.rng.choice([3600, 86_400, 400 * 86_400])
    for folder in (trial.project / "results", trial.project / ".snakemake"):
        for path in folder.rglob("*"):
            if path.is_file():
                times = path.stat()
                new = (times.st_atime_ns + ahead * 10**9, times.st_mtime_ns + ahead * 10**9)
                os.utime(path, ns=new)
    trial.point += f", by {ahead / 3600:g} h"
    return f"{len(trial.made())} files from the future"


LIMITED = """
# A job may take so many more bytes than this process has when it begins.
import resource
from pathlib import Path
pages = int(Path("/proc/self/statm").read_text().split()[0])
most = pages * resource.getpagesize() + {more}
import sys
if sys.argv[:1] != ["snakemake"]:
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
"""


@kind("memory limited")
def memory_limited(trial):
    more = trial.rng.choice([1, 4, 8, 16, 32]) << 20
    trial.point += f"{more >> 20} MiB for each job"
    return _until_it_fails(trial, first=LIMITED.format(more=more))
