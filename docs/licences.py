"""Write docs/licences.md: every package of requirements.lock with its version and licence.

Licences come from the metadata of what is installed; of what is not installed on this system, or
says nothing in its metadata, they stand below, as read in the package's own files. What no lock
holds (programs, networks, data) comes from the registries that name it.
``.venv/bin/python docs/licences.py`` writes the page, and a test holds it.
"""

import importlib.metadata
import re
from pathlib import Path

from choreo.files import write_text
from choreo.poses import rtmpose_weights
from choreo.poses.estimators import ESTIMATORS

ROOT = Path(__file__).parent.parent
PAGE = Path(__file__).with_name("licences.md")

SAID_ELSEWHERE = {
    "audioop-lts": "PSF-2.0",
    "conda-inject": "MIT",
    "cuda-bindings": "Apache-2.0",
    "cuda-pathfinder": "Apache-2.0",
    "cuda-toolkit": "says nothing; names packages, has no files",
    "nvidia-cublas": "LicenseRef-NVIDIA-Proprietary",
    "nvidia-cuda-cupti": "LicenseRef-NVIDIA-Proprietary",
    "nvidia-cuda-nvrtc": "LicenseRef-NVIDIA-Proprietary",
    "nvidia-cuda-runtime": "LicenseRef-NVIDIA-Proprietary",
    "nvidia-cudnn-cu13": "LicenseRef-NVIDIA-Proprietary",
    "nvidia-cufft": "LicenseRef-NVIDIA-Proprietary",
    "nvidia-cufile": "LicenseRef-NVIDIA-Proprietary",
    "nvidia-curand": "LicenseRef-NVIDIA-Proprietary",
    "nvidia-cusolver": "LicenseRef-NVIDIA-Proprietary",
    "nvidia-cusparse": "LicenseRef-NVIDIA-Proprietary",
    "nvidia-cusparselt-cu13": "NVIDIA Proprietary Software",
    "nvidia-nccl-cu13": "LicenseRef-NVIDIA-Proprietary",
    "nvidia-nvjitlink": "LicenseRef-NVIDIA-Proprietary",
    "nvidia-nvshmem-cu13": "LicenseRef-NVIDIA-Proprietary",
    "nvidia-nvtx": "Apache 2.0",
    "pyreadline3": "BSD License",
    "snakemake-interface-common": "MIT",
    "snakemake-interface-logger-plugins": "MIT",
    "snakemake-interface-report-plugins": "MIT",
    "snakemake-interface-scheduler-plugins": "MIT",
    "snakemake-interface-storage-plugins": "MIT",
    "standard-aifc": "PSF-2.0",
    "standard-chunk": "PSF-2.0",
    "standard-sunau": "PSF-2.0",
    "triton": "MIT License",
}
"""Of packages that are not installed on Linux without a GPU, or whose metadata says nothing."""
MARKS = (
    ("python_full_version < '3.11.5'", "Python before 3.11.5"),
    ("python_full_version >= '3.11.5'", "Python 3.11.5 or newer"),
    ("python_full_version >= '3.13'", "Python 3.13 only, which is not supported yet"),
    ("python_full_version >= '3.12'", "Python 3.12"),
    ("python_full_version < '3.12'", "Python 3.11"),
    ("sys_platform == 'win32'", "Windows"),
    ("sys_platform == 'linux'", "torch's CUDA build, on Linux"),
)
_LONGEST = 40
_OWNERS = re.compile(r"Proprietary")
_COPYLEFT = re.compile(r"\b(?:A|L)?GPL|\bMPL|General Public|Mozilla")

HEAD = """\
# Licences

Choreo itself is under the MIT licence ([LICENSE](../LICENSE)). This page lists what it is built on;
`python docs/licences.py` makes it of `requirements.lock` and of what the installed packages say of
themselves, and a test holds it. The same as CycloneDX JSON, with the hashes of every build:
`make sbom` (`build/sbom.json`). Known holes in these versions: `make audit`
([What we trust](trust.md#packages)).

## Programs, networks and data that are no packages

None of these is a part of this repository. What may not be used commercially is marked and is
**never fetched and never run before its licence was accepted in the config**: such a config is
refused before anything runs, with the key to set.

| what | where | licence | asked for first |
|---|---|---|---|
"""

MORE = (
    (
        "MediaPipe's model",
        "in the package mediapipe",
        "Apache-2.0",
        "no: it is installed with its package",
    ),
    (
        "ffmpeg, where the system has none that will do",
        "in the package imageio-ffmpeg",
        "GPL-3.0-or-later (a build with libx264), run as a program",
        "no: `CHOREO_FFMPEG` names another one",
    ),
    (
        "Beat This!",
        "yours to install (`evaluation.beat_this`)",
        "its owner's; read it before you install it",
        "it runs only where you name its weights",
    ),
    (
        "shipped weights `flow` and `graph`",
        "in this package",
        "as this repository (MIT), made of made-up dances (CC0-1.0)",
        "no",
    ),
    (
        "AIST++ (`choreo import aist`, `choreo dataset import`)",
        "yours to fetch",
        "annotations CC BY 4.0; videos and music: AIST's terms of use, for research",
        "no: you bring the files",
    ),
    (
        "BRACE, Ren et al.'s dataset (`choreo dataset import`)",
        "yours to fetch",
        "their owners'; read them before you publish what is made of them",
        "no: you bring the files",
    ),
)


def entries(lock):
    """Packages of a lock: list of (name, version, marker)."""
    return re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?: ; ([^\\\n]+?))? \\$", lock, re.MULTILINE)


def licence_of(name):
    """Licence of a package.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
        The SPDX expression where it gives one, else its own short text, else its classifiers.

    Raises
    ------
    KeyError
        Where nothing is known: read its files, and add it to `SAID_ELSEWHERE`.
    """
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return SAID_ELSEWHERE[name]
    if expression := metadata.get("License-Expression"):
        return expression
    text = " ".join((metadata.get("License") or "").split())
    if 0 < len(text) <= _LONGEST and text != "UNKNOWN":
        return text
    kinds = [
        kind.rpartition(" :: ")[2]
        for kind in metadata.get_all("Classifier", [])
        if kind.startswith("License :: ") and not kind.endswith("OSI Approved")
    ]
    return " or ".join(kinds) if kinds else SAID_ELSEWHERE[name]


def _where(marker):
    found = [words for mark, words in MARKS if mark in marker]
    return found[0] if found else ""


def page():
    """Text of the page."""
    rows = [HEAD]
    asking = [entry for entry in ESTIMATORS.values() if entry.licence]
    for tool in dict.fromkeys(entry.tool for entry in asking):
        same = [entry for entry in asking if entry.tool == tool]
        terms, _, address = same[0].licence.rpartition(": https")
        names = ", ".join(f"`{entry.name}`" for entry in same)
        rows.append(
            f"| {names}: {same[0].text} | its owners' site | **{terms}** ([text](https{address})) "
            f"| yes: `poses.{tool}.accept_licence: true` |\n"
        )
    rows.append(
        f"| `rtmpose17`, `rtmpose26` and their detector | fetched from their owners | "
        f"{rtmpose_weights.LICENCE.partition(': ')[2]} | no |\n"
    )
    rows += [f"| {' | '.join(row)} |\n" for row in MORE]
    found = entries((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    licences = {name: licence_of(name) for name, _, _ in found}
    strict = [f"{name} ({terms})" for name, terms in licences.items() if _COPYLEFT.search(terms)]
    owners = [name for name, terms in licences.items() if _OWNERS.search(terms)]
    rows.append(
        "\n## Packages\n\n"
        f"{len(found)} entries of the lock, {len(licences)} packages; none is for "
        "non-commercial use alone. Those of the GPL family and the MPL ask for more than a notice "
        f"where they are changed and passed on: {', '.join(strict)}. With torch's CUDA build come "
        "packages under their owner's own terms, to be read before an image with them is passed "
        f"on: {', '.join(owners)}.\n\n"
        "| package | version | licence | only for |\n|---|---|---|---|\n"
    )
    for name, version, marker in found:
        rows.append(f"| {name} | {version} | {licences[name]} | {_where(marker)} |\n")
    return "".join(rows)


if __name__ == "__main__":
    write_text(PAGE, page())
