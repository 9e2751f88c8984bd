"""Runs of hostile files through a reader: made here, read and judged by a worker."""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from fuzz_mutations import LARGEST, mutated
from fuzz_readers import READERS

SECONDS = 20
"""Of processor time that a case may take, and each program that it starts."""
WALL_SECONDS, START_SECONDS = 300, 900
"""After which a case that takes no processor time is ended, too."""
_TRIES = {"hang": 6, "died": 40}
_USUAL_TRIES = 250


@dataclass
class Defect:
    """A file that was neither read nor refused in one clear message.

    Attributes
    ----------
    kind : str
        The same for those with one cause.
    said : str
    data : bytes
        The smallest file that was found to cause it.
    count : int
        How many of the cases had it.
    """

    kind: str
    said: str
    data: bytes
    count: int = 1


@dataclass
class Counts:
    """What became of the files that a reader was given."""

    name: str
    cases: int = 0
    read: int = 0
    refused: int = 0
    seconds: float = 0.0
    peak: int = 0
    defects: dict[str, Defect] = field(default_factory=dict)


class Worker:
    """A process that reads (`fuzz_worker`), started once for many readers.

    Use it in a ``with`` block.

    Parameters
    ----------
    *modules : str
        With further readers.
    """

    def __init__(self, *modules):
        self._folder = tempfile.TemporaryDirectory(prefix="choreo-fuzz-")
        self.sandbox = Path(self._folder.name).resolve() / "sandbox"
        # Threads of linear algebra would count as memory, and fork badly.
        single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        # Where torch makes a folder when it is first asked for shapes alone.
        torch = {"TORCHINDUCTOR_CACHE_DIR": str(self.sandbox / "tmp" / "torch")}
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("fuzz_worker.py")), *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | single | torch | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
        self._child, self._rest = None, b""
        self._started()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # First who would fork the next one.
        self._process.kill()
        self._end_child()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self._folder.cleanup()

    def _end_child(self):
        if self._child:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child, signal.SIGKILL)

    def _answer(self, seconds):
        """Next line of the worker; None where it takes too long."""
        while b"\n" not in self._rest:
            if not select.select([self._process.stdout], [], [], seconds)[0]:
                return None
            more = os.read(self._process.stdout.fileno(), 1 << 16)
            if not more:
                raise RuntimeError("the worker of the fuzz ended by itself")
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)

    def _started(self):
        found = self._answer(START_SECONDS)
        if not found or "ready" not in found:
            raise RuntimeError(f"the worker of the fuzz did not start: {found}")
        self._child = found["ready"]

    def _ask(self, name, **more):
        request = {"reader": name, "sandbox": str(self.sandbox), **more}
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()

    def _emptied(self):
        """Leave nothing of the case before."""
        for one in Path(self._folder.name).iterdir():
            shutil.rmtree(one) if one.is_dir() else one.unlink()
        for folder in ("case", "out", "tmp"):
            (self.sandbox / folder).mkdir(parents=True)

    def wholes(self, name):
        """Have whole files of a reader made: list of bytes."""
        self._emptied()
        self._ask(name)
        found = self._answer(START_SECONDS)
        if not found or "wholes" not in found:
            raise RuntimeError(f"no whole files for {name}: {found}")
        return [Path(path).read_bytes() for path in found["wholes"]]

    def judge(self, name, data, seconds=SECONDS):
        """Have a reader read some bytes; dict as `fuzz_worker.judged` gives it."""
        self._emptied()
        path = self.sandbox / "case" / f"hostile{READERS[name].suffix}"
        path.write_bytes(data)
        self._ask(name, path=str(path), seconds=seconds)
        found = self._answer(WALL_SECONDS)
        if found is None or "died" in found:
            late = found is None or found["died"] == -signal.SIGXCPU
            # What it has started goes with it.
            self._end_child()
            if found is None:
                found = self._answer(WALL_SECONDS)
            self._started()
            kind = "hang" if late else "died"
            said = "it ran on and on" if late else f"the reader ended with status {found['died']}"
            return {
                **{"outcome": "defect", "kind": f"{kind}: {'' if late else found['died']}"},
                **{"said": said, "seconds": 0.0, "peak": 0},
            }
        if found["outcome"] != "defect" and (more := self._beside(path)):
            kind, said = "left behind", ", ".join(more)[:300]
            return {**found, "outcome": "defect", "kind": kind, "said": said}
        return found

    def _beside(self, path):
        """Files that are there after a case, but for what a reader was to write."""
        found = [p for p in Path(self._folder.name).resolve().rglob("*") if not p.is_dir()]
        return sorted(
            str(p.relative_to(self.sandbox.parent))
            for p in found
            if p != path and p.parent != self.sandbox / "out"
        )


def run(worker, name, cases, *, seed=0, on_case=None, shrink=True):
    """Give a reader whole files, then hostile ones.

    Parameters
    ----------
    worker : Worker
    name : str
        Of the reader.
    cases : int
        Hostile files.
    seed : int
        The same gives the same files.
    on_case : callable, optional
        Called after each case.
    shrink : bool
        Whether a smaller file is looked for that has the same defect.

    Returns
    -------
    Counts

    Raises
    ------
    AssertionError
        Where a whole file is not read: its changes would say nothing.
    """
    one, counts = READERS[name], Counts(name)
    wholes = worker.wholes(name)
    for whole in wholes:
        found = worker.judge(name, whole)
        assert found["outcome"] == "read", f"{name}: a whole file: {found}"
    rng = random.Random(f"{seed} {name}")
    most = max(LARGEST, max(map(len, wholes)) + 4096)
    for _ in range(cases):
        data = mutated(one.kind, wholes, rng, most)
        found = worker.judge(name, data)
        counts.cases += 1
        counts.seconds += found["seconds"]
        counts.peak = max(counts.peak, found["peak"])
        if found["outcome"] == "defect":
            known = counts.defects.get(found["kind"])
            if known is None:
                if shrink:
                    data = shrunk(worker, name, data, found["kind"])
                counts.defects[found["kind"]] = Defect(found["kind"], found["said"], data)
            else:
                known.count += 1
                if len(data) < len(known.data):
                    known.data, known.said = data, found["said"]
        elif found["outcome"] == "read":
            counts.read += 1
        else:
            counts.refused += 1
        if on_case is not None:
            on_case(counts)
    return counts


def shrunk(worker, name, data, kind):
    """Look for a smaller file with the same defect: parts are left out, large ones first."""
    tries = _TRIES.get(kind.partition(":")[0], _USUAL_TRIES)
    step = max(1, len(data) // 2)
    while tries > 0:
        at, smaller = 0, False
        while at < len(data) and tries > 0:
            less = data[:at] + data[at + step :]
            tries -= 1
            if less and worker.judge(name, less)["kind"] == kind:
                data, smaller = less, True
            else:
                at += step
        if step == 1 and not smaller:
            break
        step = max(1, step // 2)
    return data
