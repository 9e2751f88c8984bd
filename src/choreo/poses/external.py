"""Programs of others, run so that none of them can hang, hide an error or outlive us.

Pose tools block for ever when one of their workers dies, leave processes behind, print
without end, and can't open paths beyond ASCII. `run_tool` gives each a process group of its
own that is gone when it returns, whatever happened; `private_folder` gives each a place to
work in with a plain name.
"""

import collections
import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from choreo import gpus
from choreo.errors import AccidentError, ConfigError, ItemError
from choreo.files.outside import reading
from choreo.files.sealed import compare
from choreo.files.temporary import temporary_folder

LOG_BYTES = 16 << 20
"""What a log keeps of a tool's output; of the rest only the last `TAIL_BYTES`."""

TAIL_BYTES = 64 << 10

GRACE_SECONDS = 5.0
"""Time between asking a group of processes to end and killing it."""

_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")


_CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP)
"""Signals that a program brings on itself, as by a file that it can't cope with. All
others come from outside: from the system short of memory, a scheduler or a person."""

_NO_ROOM = re.compile(
    r"no space left on device|disk quota exceeded|input/output error|cannot allocate memory|"
    r"out of memory|bad_?alloc",
    re.I,
)
"""What programs print where the machine has failed them."""


class ToolError(ItemError):
    """A program ended by itself, and not well.

    Attributes
    ----------
    status : int
        Its exit status, or the negative number of the signal that it brought on itself.
    """

    status = None


class ToolAccident(AccidentError):
    """A program was ended from outside, or found no room on the machine.

    Attributes
    ----------
    status : int
        Its exit status, or the negative number of the signal that ended it.
    """

    status = None


def _ended_badly(status, said, message, **details):
    # A shell between us and the program tells of a signal as 128 and more.
    number = -status if status < 0 else status - 128
    from_outside = 0 < number < 65 and number not in _CRASHES
    kind = ToolAccident if from_outside or _NO_ROOM.search(said) else ToolError
    error = kind(message, **details)
    error.status = status
    return error


class _Output:
    """A tool's output: its beginning goes to a log, its end stays at hand."""

    def __init__(self, log):
        self._log = log
        self._room = LOG_BYTES
        self._tail = collections.deque()
        self._held = 0
        self.bytes = 0

    def add(self, data):
        self.bytes += len(data)
        kept = data[: self._room]
        self._room -= len(kept)
        self._log.write(kept)
        self._log.flush()
        self._tail.append(data)
        self._held += len(data)
        while self._held - len(self._tail[0]) >= TAIL_BYTES:
            self._held -= len(self._tail.popleft())

    def tail(self):
        return b"".join(self._tail)[-TAIL_BYTES:]

    def close(self):
        """Write the end of an output that was too long for the log."""
        beyond = self.bytes - LOG_BYTES
        if beyond > 0:
            end = self.tail()[-beyond:]
            self._log.write(b"\n[%d bytes left out]\n" % (beyond - len(end)) + end)


def _last_lines(text):
    """Last three lines of a tool's output that say something, joined into one.

    Progress bars that write over themselves count as their last state.
    """
    lines = text.decode(errors="replace").split("\n")
    lines = [line.rstrip("\r").rpartition("\r")[2].strip() for line in lines]
    shown = [
        "".join(c for c in line if c.isprintable())[:300]
        for line in lines
        if any(c.isalnum() for c in line)
    ]
    return "; ".join(shown[-3:]) or "no message"


def _signal_group(process, number):
    # ProcessLookupError: nobody is left. PermissionError: macOS says so of zombies.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _end_group(process):
    """End every process of the group: politely the first, by force the others."""
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _leave(number, _frame):
    raise SystemExit(128 + number)


@contextlib.contextmanager
def _signals_raise():
    """Make the signals by which schedulers end a job run our ``finally`` blocks."""
    kept = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            # One that is ignored (nohup) stays ignored; a handler of the caller's stays.
            if signal.getsignal(number) is signal.SIG_DFL:
                kept[number] = signal.signal(number, _leave)
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _drain(pipe, output, seconds):
    """Take what the tool says within `seconds`; return False at the end of its output."""
    end = time.monotonic() + seconds
    while select.select([pipe], [], [], max(end - time.monotonic(), 0))[0]:
        data = os.read(pipe, 1 << 16)
        if not data:
            return False
        output.add(data)
        if time.monotonic() >= end:
            break
    return True


def _wait(process, pipe, output, progress, stall_seconds, poll_seconds):
    """Wait until the process ends; return False where it stalled."""
    seen = progress() if progress else output.bytes
    changed = time.monotonic()
    speaks = True
    while process.poll() is None:
        if speaks:
            speaks = _drain(pipe, output, poll_seconds)
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(poll_seconds)
        now = progress() if progress else output.bytes
        if now != seen:
            seen, changed = now, time.monotonic()
        elif time.monotonic() - changed > stall_seconds and process.poll() is None:
            return False
    return True


def run_tool(
    command,
    *,
    cwd,
    env=None,
    log,
    progress,
    stall_seconds,
    poll_seconds=1.0,
    name=None,
    where=None,
):
    """Run another's program to its end.

    It gets a process group of its own, and when this function returns or raises, also by
    SIGTERM, SIGHUP or Ctrl-C, every process of that group is gone, those that the program
    left behind included (not those that make a session of their own).

    Parameters
    ----------
    command : list of str
        Program and arguments; no shell sees them.
    cwd : str or Path
        Folder to run in.
    env : dict of str to str, optional
        The whole environment; without it, ours.
    log : str or Path
        File to which stdout and stderr are added: the first `LOG_BYTES` and the last
        `TAIL_BYTES`.
    progress : callable or None
        Gives a value that changes while the program gets on, such as the number of files
        that it has written. None: anything that it prints is progress.
    stall_seconds : float
        The program is killed after so long without progress.
    poll_seconds : float
        How often `progress` is asked.
    name : str, optional
        The tool's name for messages; without it that of the program's file.
    where : str or Path, optional
        What the tool works on, for messages.

    Returns
    -------
    float
        Seconds that it ran.

    Raises
    ------
    ItemError
        Where it stalls, crashes, or ends with another exit status than 0 (the last two
        as `ToolError`); with the last lines that it printed.
    ToolAccident
        Where it is killed, or says that the disk or the memory is full.
    ConfigError
        Where there is no such program.
    """
    command = [str(part) for part in command]
    name = name or Path(command[0]).name
    log = Path(log)
    log.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with _signals_raise(), open(log, "ab") as file:
        output = _Output(file)
        try:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                # What a Python tool prints shall be in the order in which it printed it,
                # and there when it is killed.
                env={**(os.environ if env is None else env), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                start_new_session=True,
                pass_fds=gpus.handles(),
            )
        except OSError as error:
            raise ConfigError(
                f"{name} can't be started: {error.strerror}", where=command[0]
            ) from error
        pipe = process.stdout.fileno()
        try:
            ended = _wait(process, pipe, output, progress, stall_seconds, poll_seconds)
        finally:
            _end_group(process)
            # What is still in the pipe. Its other end is closed now, unless somebody left
            # the group with it.
            _drain(pipe, output, 1.0)
            process.stdout.close()
            output.close()
    seconds = time.monotonic() - start
    said = _last_lines(output.tail())
    if not ended:
        raise ItemError(
            f"{name} made no progress for {stall_seconds:.0f} seconds and was stopped; "
            f"its last lines: {said}",
            where=where,
            remedy=f"{log} has all that it said; a larger stall_minutes gives it more time",
        )
    status = process.returncode
    if status < 0:
        memory = status == -signal.SIGKILL
        raise _ended_badly(
            status,
            said,
            f"{name} was ended by a signal ({signal.strsignal(-status)}); its last lines: {said}",
            where=where,
            remedy="Perhaps the memory was too small; " * memory + f"{log} has all that it said",
        )
    if status:
        raise _ended_badly(
            status,
            said,
            f"{name} ended with exit status {status}; its last lines: {said}",
            where=where,
            remedy=f"{log} has all that it said",
        )
    return seconds


def _plain_place():
    # The usual place, unless its path is odd (TMPDIR, or a user's name in it).
    for folder in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        resolved = os.path.realpath(folder)
        if _PLAIN.fullmatch(resolved) and os.access(resolved, os.W_OK):
            return resolved
    raise ConfigError(
        "the folder for temporary files has a path that pose tools can't read",
        value=tempfile.gettempdir(),
        remedy="Set TMPDIR to a folder whose path has only letters, digits, . _ - and /",
    )


@contextlib.contextmanager
def private_folder(video, *, link=True):
    """Give a temporary folder with a plain path, and in it the video under a plain name.

    Parameters
    ----------
    video : str or Path
        A file whose path may hold any characters.
    link : bool
        A symbolic link. False: the file itself (a second name of it, or a copy), for tools
        in a container that sees nothing but this folder.

    Yields
    ------
    folder : Path
        Removed at the end with all that is in it.
    working : Path
        The video in it, ``video`` with the original suffix if that is plain.
    """
    with reading(video, "a video"):
        compare(video)
    video = Path(video).resolve()
    suffix = video.suffix if _PLAIN.fullmatch(video.suffix) else ""
    with temporary_folder(_plain_place()) as folder:
        working = folder / f"video{suffix}"
        if link:
            working.symlink_to(video)
        else:
            try:
                os.link(video, working)
            except OSError:
                shutil.copyfile(video, working)
        yield folder, working
