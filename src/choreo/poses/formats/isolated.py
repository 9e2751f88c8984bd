"""Reading HDF5 in a process of its own.

On some damaged files the HDF5 library runs for ever, takes all memory or crashes, where no
exception helps. A child with limits reads the file into arrays and hands them over as an
``.npz`` without pickles.
"""

import importlib
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

from choreo.errors import AccidentError, ChoreoError, ItemError, accident, lacks_memory
from choreo.files.outside import reading
from choreo.files.sealed import load_arrays
from choreo.files.temporary import temporary_folder

SECONDS = 120.0
"""How long a child may take; an hour of poses takes a few seconds."""

MEMORY_BYTES = 1 << 31
"""What a child may allocate; its libraries take a twentieth of it, an hour of poses a tenth."""

_REFUSED, _ACCIDENT = 3, 4
_CLASSES = {_REFUSED: ItemError, _ACCIDENT: AccidentError}


def arrays(module, path, **options):
    """Read a file by the `load` of a module of this package, in a child.

    Parameters
    ----------
    module : {"deeplabcut", "movement", "choreo.dataset.layout"}
        Module of `choreo.poses.formats`, or one by its whole name, whose
        ``load(path, **options)`` gives a dict of arrays of numbers or texts.
    path : str or Path
        The file.
    **options
        For `load`; as JSON can hold them.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    ItemError
        What `load` raises; and where the child does not end in time, wants more than
        `MEMORY_BYTES`, or crashes.
    AccidentError
        Where the machine failed.
    """
    with (
        reading(path, "a whole HDF5 file"),
        temporary_folder() as folder,
    ):
        os.stat(path)  # no child for a file that is not there
        out = folder / "arrays.npz"
        command = [sys.executable, "-m", __name__, module, str(Path(path).absolute()), str(out)]
        try:
            done = subprocess.run(
                [*command, json.dumps(options)],
                # Threads of linear algebra, one a core, would count against the limit.
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ItemError(
                f"a damaged HDF5 file (it can't be read within {SECONDS:g} s)", where=path
            ) from error
        if done.returncode in _CLASSES:
            said = json.loads(done.stdout)
            raise _CLASSES[done.returncode](
                said["message"],
                where=said["where"] or path,
                value=said["value"],
                remedy=said["remedy"],
            )
        if done.returncode == -signal.SIGKILL:
            raise AccidentError(
                "the process that read it was killed, perhaps for want of memory",
                where=path,
                remedy="Close other programs and run it again",
            )
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            raise ItemError(
                "a damaged HDF5 file (reading it ended with "
                f"{lines[-1][:200] if lines else f'status {done.returncode}'})",
                where=path,
            )
        return load_arrays(out, "what was read", limit=MEMORY_BYTES)


def main(arguments):
    """Child: read, and write the arrays or what is wrong; returns the exit status."""
    module, path, out, options = arguments
    # Before the libraries come, which count too. A limit that is lower already stays.
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(hard, MEMORY_BYTES)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    name = module if "." in module else f"choreo.poses.formats.{module}"
    load = importlib.import_module(name).load
    try:
        found = load(path, **json.loads(options))
        try:
            np.savez(out, **found)
        except OSError as error:
            # Here it is the folder for temporary files that is full, not where `path` is.
            raise accident(error, where=Path(out).parent.parent) or error from error
    except MemoryError:
        return _say(_wants_too_much())
    except ChoreoError as error:
        # Of our own limit, not of the machine.
        limit = isinstance(error, AccidentError) and lacks_memory(error.__cause__)
        return _say(_wants_too_much() if limit else error)
    except OSError as error:
        if (found := accident(error)) is None:
            raise
        return _say(found)
    return 0


def _wants_too_much():
    return ItemError(f"a damaged HDF5 file (it wants more than {MEMORY_BYTES >> 20} MiB of memory)")


def _say(error):
    value = error.value if isinstance(error.value, (int, float, str)) else str(error.value)
    print(
        json.dumps(
            {
                "message": error.message,
                "value": None if error.value is None else value,
                "remedy": error.remedy,
                "where": error.where if isinstance(error, AccidentError) else None,
            }
        )
    )
    return _ACCIDENT if isinstance(error, AccidentError) else _REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
