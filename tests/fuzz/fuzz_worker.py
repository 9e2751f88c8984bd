"""The process in which hostile files are read, with limits, one after the other.

``python fuzz_worker.py [MODULE]`` imports what the readers need (and more readers of a
module), then forks a child that reads
file after file: requests come as lines of JSON on standard input, and what became of each goes
back on standard output. Where a file ends the child (a crash, its limits), the next one is
forked from what is imported already.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import types
import warnings
from pathlib import Path

from fuzz_readers import READERS

MEMORY_BYTES = 1 << 29
"""What a file of at most a MiB may add to memory, whatever it declares."""
_HARD_BYTES = 3 << 30
_ISOLATED_SECONDS = 5
"""In the place of `choreo.poses.formats.isolated.SECONDS`."""
_LONGEST_MESSAGE = 3000
_WHOLES_SECONDS = 600
_NO_MORE = 77
"""Status of a child that was asked for nothing more."""

_PROGRAMS = re.compile(r"ffmpeg[\w.-]*")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_STARTS = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn", "os.startfile")
_CHANGES = (
    *("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"),
    *("os.chmod", "os.chown", "os.utime", "shutil.rmtree", "shutil.move", "shutil.copyfile"),
)
_SENDS = ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "urllib.Request")


class _Watch:
    """What Python itself does while a file is read: writing elsewhere, programs, the network."""

    def __init__(self):
        self.inside, self.seen = None, []

    def __call__(self, event, arguments):
        if self.inside is None:
            return
        if event == "open":
            path, mode, flags = arguments
            writes = set("wax+") & set(mode or "") or (flags or 0) & _WRITES
            if writes and isinstance(path, (str, bytes, os.PathLike)):
                self._changed(event, path)
        elif event in _CHANGES:
            for path in arguments[: 2 if event in ("os.rename", "os.link", "shutil.move") else 1]:
                if isinstance(path, (str, bytes, os.PathLike)):
                    self._changed(event, path)
        elif event == "subprocess.Popen":
            if not _PROGRAMS.fullmatch(os.path.basename(os.fsdecode(arguments[0]))):
                self.seen.append(f"started {os.fsdecode(arguments[0])}")
        elif event in _STARTS or event in _SENDS:
            self.seen.append(f"{event} {str(arguments)[:80]}")

    def _changed(self, event, path):
        path = os.path.realpath(os.fsdecode(path))
        if path != os.devnull and not path.startswith(self.inside + os.sep):
            self.seen.append(f"{event} of {path}")


_watch = _Watch()


def _forked(command, *, timeout, **_):
    """Stand-in for the `subprocess.run` of `isolated`: the same child, without its imports."""
    from choreo.poses.formats import isolated

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        sys.stdout.flush()
        child = os.fork()
        if not child:
            status = 1
            try:
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                sys.stdout = os.fdopen(1, "w", closefd=False)
                seconds = resource.getrusage(resource.RUSAGE_SELF).ru_utime
                resource.setrlimit(resource.RLIMIT_CPU, (int(seconds + timeout) + 1,) * 2)
                status = isolated.main(command[3:])
                sys.stdout.flush()
            except BaseException:
                os.write(2, traceback.format_exc().encode())
            finally:
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        status = os.waitstatus_to_exitcode(ended)
        if status in (-signal.SIGXCPU, -signal.SIGKILL):
            raise subprocess.TimeoutExpired(command, timeout)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read())
        return subprocess.CompletedProcess(command, status, *texts)


def _prepare():
    """Import what takes long, once for all children, and put `_forked` into its place."""
    import h5py  # noqa: F401
    import pandas  # noqa: F401
    import scipy.spatial.transform  # noqa: F401
    import torch

    from choreo.poses.formats import isolated, registry

    torch.set_num_threads(1)
    for name in registry.read_formats():
        registry.FORMATS[name].module()
    isolated.SECONDS = _ISOLATED_SECONDS
    isolated.subprocess = types.SimpleNamespace(
        run=_forked, DEVNULL=subprocess.DEVNULL, TimeoutExpired=subprocess.TimeoutExpired
    )
    sys.addaudithook(_watch)


def _megabytes(name):
    """A number of /proc/self/status in bytes; 0 where the system has none."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) << 10
    return 0


def _reset_peak():
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _limit(seconds):
    """Processor time from now on; for the programs that are started, of each."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def judged(name, path, sandbox):
    """Read a file and judge what came of it.

    Parameters
    ----------
    name : str
        Of the reader.
    path : Path
    sandbox : Path
        Below which a reader may write.

    Returns
    -------
    dict
        ``outcome`` is ``read``, ``refused`` or ``defect``; of a defect `said` is what it is,
        and `kind` the same for those with one cause.
    """
    from choreo.errors import AccidentError, ConfigError, ItemError

    kind, said, outcome = None, "", "read"
    _reset_peak()
    before = _megabytes("VmRSS")
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
    began = time.process_time()
    _watch.inside, _watch.seen = str(sandbox), []
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            READERS[name].read(path)
    except AccidentError as error:
        outcome, kind, said = "defect", f"accident: {_place(error)}", str(error)
    except (ItemError, ConfigError) as error:
        outcome, said = "refused", str(error)
        if (fault := _unclear(error, said, path)) is not None:
            outcome, kind = "defect", f"message, {fault}: {_place(error)}"
    except BaseException as error:
        outcome, kind = "defect", f"{type(error).__name__}: {_place(error)}"
        said = f"{type(error).__name__}: {str(error)[:300]}"
    finally:
        _watch.inside = None
    peak = max(0, _megabytes("VmHWM") - before)
    started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
    if started > children:
        # A program begins with the memory of who starts it.
        peak = max(peak, started - before)
    if _watch.seen:
        outcome, kind, said = "defect", f"did: {_watch.seen[0]}"[:120], "; ".join(_watch.seen)[:500]
    elif peak > MEMORY_BYTES and outcome != "defect":
        outcome, kind = "defect", "memory"
        said = f"{peak >> 20} MiB, and then: {said or 'read'}"
    return {
        "outcome": outcome,
        "kind": kind,
        "said": said[:1000],
        "seconds": round(time.process_time() - began, 4),
        "peak": peak,
    }


def _unclear(error, text, path):
    """What is wrong with a message; None where it is one clear line with file and remedy."""
    if path.name not in text and path.parent.name not in text:
        return "names no file"
    if not error.remedy:
        return "no remedy"
    if "\n" in text or any(ord(c) < 32 for c in text):
        return "more than a line"
    if "Traceback" in text or re.search(r"0x[0-9a-f]{9,}|<.{1,60} object at", text):
        return "of the program"
    if len(text.replace(str(path.parent), "")) > _LONGEST_MESSAGE:
        return "too long"
    return None


def _place(error):
    """Where in the package an error began: file and function."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f"{os.sep}choreo{os.sep}" in f.filename]
    last = (own or frames)[-1]
    return f"{Path(last.filename).name}, {last.name}"


def _serve(requests, replies):
    os.setpgid(0, 0)
    _say(replies, {"ready": os.getpid()})
    while line := requests.readline():
        asked = json.loads(line)
        sandbox = Path(asked["sandbox"])
        os.chdir(sandbox / "out")
        tempfile.tempdir = str(sandbox / "tmp")
        os.environ["TMPDIR"] = tempfile.tempdir
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if "path" in asked:
                _limit(asked["seconds"])
                _say(replies, judged(asked["reader"], Path(asked["path"]), sandbox))
            else:
                _limit(_WHOLES_SECONDS)
                made = READERS[asked["reader"]].wholes(sandbox / "case")
                _say(replies, {"wholes": [str(path) for path in made]})
    return _NO_MORE


def _say(replies, value):
    replies.write(json.dumps(value) + "\n")
    replies.flush()


def main(*modules):
    """Fork a child that reads, and another one whenever it ends before its time."""
    requests = os.fdopen(os.dup(0), "r", buffering=1)
    replies = os.fdopen(os.dup(1), "w")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prepare()
    for module in modules:
        importlib.import_module(module)
    while True:
        child = os.fork()
        if not child:
            resource.setrlimit(resource.RLIMIT_DATA, (_megabytes("VmData") + _HARD_BYTES,) * 2)
            os._exit(_serve(requests, replies))
        _, ended = os.waitpid(child, 0)
        status = os.waitstatus_to_exitcode(ended)
        if status == _NO_MORE:
            return 0
        _say(replies, {"died": status})


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
