"""Snakemake, asked by a job of its own run what it knows of the study."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from choreo.errors import ChoreoError
from choreo.files import write_text
from choreo.media import last_lines


def ask(
    snakefile: str | Path,
    config: Mapping[str, Any],
    *options: str,
    values: str | Path,
) -> str:
    """Plan the study anew, with the config of this run, and run nothing.

    Parameters
    ----------
    snakefile : str or Path
    config : mapping
        All values, as the workflow has them.
    *options : str
        Such as ``--rulegraph dot``.
    values : str or Path
        Where the config is written for it.

    Returns
    -------
    str
        What it prints. What it says besides goes to this job's log.

    Raises
    ------
    ChoreoError
        Where it fails.
    """
    write_text(values, json.dumps(config, indent=2))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile)]
    command += ["--configfile", str(values), "--cores", "1", "--nolock", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    print(done.stderr)
    if done.returncode:
        what = next((option for option in options if option.startswith("--")), "")
        raise ChoreoError(f"snakemake {what} failed: {last_lines(done.stderr + done.stdout)}")
    return done.stdout
