"""Jobs under a limit of memory (``ulimit -v``, a scheduler's): each of them ends.

Where the system gives a process no more memory, two things that are not ours go on for ever.
Python before 3.14 comes back to the same instruction while it unwinds an exception (CPython
issue 132508); OpenBLAS asks for the buffer of a thread again and again. Neither lets any Python
run, so nothing written in Python can end it: a timer of the system does.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import os
import resource
import signal
from pathlib import Path

from choreo.errors import AccidentError

SECONDS = 300
"""Of computing, for each thread, in which no line of Python was run: none of ours takes so long."""
_LOOK_SECONDS = 1.0
LITTLE_BYTES = 512 << 20
"""With less left of what is allowed, what a reader says of a file may be for want of memory."""

_LIMITS = (("RLIMIT_AS", "-v", 0), ("RLIMIT_DATA", "-d", 5))
"""Of each its option of `ulimit`, and which number of ``/proc/self/statm`` counts to it."""


def _limits():
    """Of each limit that is set: the option of `ulimit`, bytes allowed, bytes left."""
    pages = [0] * 7
    with contextlib.suppress(OSError, ValueError):
        pages = [int(field) for field in Path("/proc/self/statm").read_text().split()]
    for name, option, field in _LIMITS:
        allowed, _ = resource.getrlimit(getattr(resource, name))
        if allowed != resource.RLIM_INFINITY:
            yield option, allowed, max(0, allowed - pages[field] * resource.getpagesize())


def _may_be_refused():
    """Tell whether the system refuses memory; else it kills who takes too much."""
    with contextlib.suppress(OSError):
        if Path("/proc/sys/vm/overcommit_memory").read_text().strip() == "2":
            return True
    return any(_limits())


def watch() -> None:
    """End this process, by SIGPROF, where it computes and no longer comes to any Python.

    For a process whose memory is limited; of any other nothing is changed. It is for one that
    is a job and no more: its timers ``ITIMER_VIRTUAL`` and ``ITIMER_PROF`` are taken. Before its
    end the lines of Python that it stands at are written to its standard error.
    """
    if not _may_be_refused():
        return
    named = os.environ.get("OMP_NUM_THREADS", "")
    most = SECONDS * max(1, int(named) if named.isdecimal() else 1)

    def go_on(*_):
        signal.setitimer(signal.ITIMER_PROF, most)

    # Neither the handler nor what the signal does then takes memory.
    faulthandler.register(signal.SIGPROF, file=2, all_threads=False, chain=True)
    signal.signal(signal.SIGVTALRM, go_on)
    signal.siginterrupt(signal.SIGVTALRM, False)  # no call of a library ends early for it
    # At its end Python takes its handlers back: the next signal would be the end of a good job.
    atexit.register(signal.setitimer, signal.ITIMER_VIRTUAL, 0)
    signal.setitimer(signal.ITIMER_VIRTUAL, _LOOK_SECONDS, _LOOK_SECONDS)
    go_on()


def allowed() -> str | None:
    """What the log of a job says of a limit, before it may come to its end without a word.

    Returns
    -------
    str or None
        None where there is no limit.
    """
    said = [f"{most >> 20} MiB (ulimit {option})" for option, most, _ in _limits()]
    if not said:
        return None
    return (
        f"Memory is limited to {' and '.join(said)}. A job that ends by SIGPROF or SIGSEGV found "
        "none left: raise the limit and run the same command again"
    )


def little_left(why: object) -> AccidentError | None:
    """Tell what may be for want of memory from what is not.

    Parameters
    ----------
    why : object
        What went wrong, as it was told.

    Returns
    -------
    AccidentError or None
        None where there is no limit, or enough is left.
    """
    for option, most, left in _limits():
        if left < LITTLE_BYTES:
            return AccidentError(
                f"this may be for want of memory, of which {most >> 20} MiB are allowed "
                f"(ulimit {option}) and {left >> 20} left: {why}",
                remedy=f"Raise the limit by {LITTLE_BYTES >> 20} MiB and run it again",
            )
    return None
