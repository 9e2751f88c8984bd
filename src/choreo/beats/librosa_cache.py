"""librosa's compiled parts, cached where many processes may start at once.

librosa compiles with numba when it is first used and keeps the result beside itself.
numba writes each of its "gufuncs" in two files that only fit each other; several first
uses at the same time mix them, and every later use ends in a segmentation fault
(numba issue 10128, open in numba 0.68). A study starts many jobs at once, so import this
module before librosa: the first process compiles for all others, which wait.

``python -m choreo.beats.librosa_cache`` does it ahead (`make env` calls it).
"""

import errno
import hashlib
import importlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from llvmlite import binding
from platformdirs import user_cache_path

from choreo.errors import AccidentError, accident
from choreo.files.locks import hold, open_lock
from choreo.files.temporary import owned

_FILLING = "CHOREO_FILLS_LIBROSA_CACHE"
_COMPILED = ("core", "beat", "feature", "onset", "sequence", "util")
"""librosa's modules whose import compiles; it imports them only when they are used."""


def folder():
    """Folder of the cache for this Python, processor and versions of numba and librosa."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("librosa", "numba")]
    machine = [platform.python_version(), binding.get_host_cpu_name(), sys.prefix]
    key = hashlib.sha256("\n".join(versions + machine).encode()).hexdigest()[:16]
    return user_cache_path("choreo") / f"librosa-{key}"


def prepare():
    """Point numba to the cache, filled by one process while others wait.

    An own `NUMBA_CACHE_DIR` is left as it is. Where the folder can't be written to, each
    process compiles for itself (half a minute).

    Raises
    ------
    AccidentError
        Where its disk is full, or compiling ended otherwise; the next use tries again.
    """
    if "NUMBA_CACHE_DIR" in os.environ:
        return
    cache = folder()
    ready = cache / "ready"
    if not ready.exists():
        try:
            cache.mkdir(parents=True, exist_ok=True)
            handle = open_lock(cache / "lock")
            try:
                hold(handle, wait=True, where=cache / "lock")
                if not ready.exists():
                    _fill(cache)
                    ready.touch()
            finally:
                os.close(handle)
        except OSError as error:
            found = accident(error, where=cache)
            if found is not None and error.errno not in (errno.EROFS, errno.ENOLCK):
                raise found from error
            cache = Path(tempfile.mkdtemp(prefix=owned()))
    os.environ["NUMBA_CACHE_DIR"] = str(cache)


def _fill(cache):
    # In a process of its own: this one's numba may be imported already.
    print("choreo: compiling librosa for its first use, half a minute", file=sys.stderr, flush=True)
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache), _FILLING: "1"}
    done = subprocess.run(
        [sys.executable, "-c", f"import {__spec__.name}"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    if done.returncode:
        for half in cache.iterdir():
            if half.is_dir():
                shutil.rmtree(half, ignore_errors=True)
        lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise AccidentError(
            f"librosa can't be compiled into its cache ({lines[-1][:200]})",
            where=cache,
            remedy="Make room on this disk and run the same command again, or name another "
            "folder in NUMBA_CACHE_DIR",
        )


def _compile():
    import numpy as np

    for name in _COMPILED:
        importlib.import_module(f"librosa.{name}")
    clicks = np.zeros(48_000, np.float32)
    clicks[::8000] = 1
    librosa.beat.beat_track(y=clicks, sr=16_000)
    librosa.onset.onset_detect(y=clicks, sr=16_000)


prepare()
import librosa  # noqa: E402  (only now is numba told where its cache lies)

if os.environ.get(_FILLING):
    _compile()
