"""Runs of Snakemake in a process group of their own, which can be watched and disturbed."""

import contextlib
import importlib
import importlib.util
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

WORKFLOW = Path(__file__).parents[1] / "workflow"
SECONDS = 1800.0
"""Longest time that anything is waited for."""

_TOTAL = re.compile(r"^total +(\d+)$", re.MULTILINE)
_STEPS = re.compile(r"^(\d+) of (\d+) steps", re.MULTILINE)


def wait_until(condition, seconds=SECONDS):
    """Wait for something; returns what it gives, false where it did not come in time."""
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def jobs_in(said):
    """How many jobs a run says that it has; 0 where it has not said so yet."""
    found = _TOTAL.search(said)
    return int(found[1]) if found else 0


class Server:
    """Forks calls of Snakemake one after the other (`tests/workflow/forked_snakemake.py`)."""

    def __init__(self):
        # It says where the compiled parts of librosa are, which are read when it is imported: in
        # a variable that all runs then have.
        importlib.import_module("choreo.beats.librosa_cache")
        # Its path is short: a socket's may have no more than 107 characters.
        self._sockets = tempfile.TemporaryDirectory(prefix="faults-")
        self.process = subprocess.Popen(
            [sys.executable, WORKFLOW / "forked_snakemake.py", self._sockets.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, folder, environment, arguments, output):
        """Start a call; gives the process of Snakemake itself."""
        server = psutil.Process(self.process.pid)
        output.write_bytes(b"")
        asked = {"folder": folder, "environment": environment, "arguments": arguments}
        line = json.dumps(asked | {"output": output, "alone": True}, default=os.fspath)
        print(line, file=self.process.stdin, flush=True)
        # The others are what forks the jobs, and what plugins start while they are imported.
        return wait_until(lambda: next(filter(_has_group, server.children()), None))

    def ended(self, seconds=0.0):
        """The exit status of the call; None where it goes on."""
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            return None
        return int(self.process.stdout.readline())

    def close(self):
        self.process.communicate()
        self._sockets.cleanup()


class Run:
    """One call of Snakemake.

    Parameters
    ----------
    server : Server
        It must have no other call.
    folder : Path
        The working folder.
    arguments : list of str
        Of Snakemake.
    environment : dict of str to str
    """

    def __init__(self, server, folder, arguments, environment):
        self._server, self._status = server, None
        self._output = folder / f"output-{server.process.pid}.txt"
        self.main = server.start(folder, environment, arguments, self._output)

    @property
    def status(self):
        """The exit status, negative for a signal; None while it runs."""
        if self._status is None:
            self._status = self._server.ended()
        return self._status

    def wait(self):
        """Wait for its end, not for that of jobs that outlive it; gives the exit status."""
        if wait_until(lambda: self.status is not None) is False:
            raise TimeoutError(f"the run did not end within {SECONDS:g} s:\n{self.said()[-3000:]}")
        return self.status

    def said(self):
        return self._output.read_text(errors="replace")

    def jobs(self):
        """How many jobs it has in all; 0 where it has not said so yet."""
        return jobs_in(self.said())

    def jobs_done(self):
        return len(_STEPS.findall(self.said()))

    def processes(self):
        """Every process of its group, the jobs and what they started too."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if _group(process.pid) == self.main.pid and process.status() != "zombie":
                    found.append(process)
        return found

    def workers(self):
        """The Python of each job that runs now."""
        # Forked by the server, so that they are no children of Snakemake.
        return [
            process
            for process in self.processes()
            if process.pid != self.main.pid and _script(process) == "forked_snakemake.py"
        ]

    def ffmpegs(self):
        found = []
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                if process.name().startswith("ffmpeg"):
                    found.append(process)
        return found

    def signal_group(self, number):
        # Its number may be another's when it has ended.
        if self.main.is_running():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.main.pid, number)

    def wait_for_group(self):
        """Wait until no process of its group is left."""
        if not wait_until(lambda: not self.processes()):
            raise TimeoutError("processes of a run that ended did not end")

    def kill(self):
        self.signal_group(signal.SIGKILL)
        self.wait()
        self.wait_for_group()


def _has_group(process):
    return _group(process.pid) == process.pid


def _group(pid):
    with contextlib.suppress(ProcessLookupError):
        return os.getpgid(pid)


def _script(process):
    with contextlib.suppress(psutil.Error):
        command = process.cmdline()
        return Path(command[1]).name if len(command) > 1 else None


def tiny_study():
    """The module that makes the tiny studies of the workflow tests."""
    spec = importlib.util.spec_from_file_location("tiny_study", WORKFLOW / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
