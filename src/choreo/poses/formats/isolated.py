"""Reading HDF5 in a process of its own.

On some damaged files the HDF5 library runs for ever or crashes, where no exception helps.
A child reads the file into arrays and hands them over as an ``.npz`` without pickles.
"""

import importlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from choreo.errors import ItemError

SECONDS = 120.0
"""How long a child may take; an hour of poses takes a few seconds."""

_REFUSED = 3


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
        What `load` raises; and where the child does not end in time, or crashes.
    """
    with tempfile.TemporaryDirectory(prefix="choreo-") as folder:
        out = Path(folder, "arrays.npz")
        command = [sys.executable, "-m", __name__, module, str(Path(path).absolute()), str(out)]
        try:
            done = subprocess.run(
                [*command, json.dumps(options)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise ItemError(
                f"a damaged HDF5 file (it can't be read within {SECONDS:g} s)", where=path
            ) from error
        if done.returncode == _REFUSED:
            said = json.loads(done.stdout)
            raise ItemError(said["message"], where=path, value=said["value"], remedy=said["remedy"])
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            raise ItemError(
                "a damaged HDF5 file (reading it ended with "
                f"{lines[-1][:200] if lines else f'status {done.returncode}'})",
                where=path,
            )
        with np.load(out, allow_pickle=False) as data:
            return {name: data[name] for name in data.files}


def main(arguments):
    """Child: read, and write the arrays or what is wrong; returns the exit status."""
    module, path, out, options = arguments
    name = module if "." in module else f"choreo.poses.formats.{module}"
    load = importlib.import_module(name).load
    try:
        found = load(path, **json.loads(options))
    except ItemError as error:
        value = error.value if isinstance(error.value, (int, float, str)) else str(error.value)
        print(
            json.dumps(
                {
                    "message": error.message,
                    "value": None if error.value is None else value,
                    "remedy": error.remedy,
                }
            )
        )
        return _REFUSED
    np.savez(out, **found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
