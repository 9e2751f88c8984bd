"""Build the private environment in .venv from requirements.lock: `make env`.

Runs on nothing but the Python it is started with; with `--here` it fills that Python's
own environment instead of .venv (for conda and containers). Packages are installed exactly as
locked, hashes checked, without dependency resolution.

torch: by default the build that pip finds first among those the lock knows. Set
TORCH_INDEX to the address of another index (PyTorch's "Get Started" page lists one a
CUDA version and one for the CPU) to take the locked version from there instead. The CUDA packages
of a build that the lock knows are locked, too; those of another one are added as it names them.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
READY = VENV / ".ready"


def say(text):
    """Print at once."""
    print(f"choreo env: {text}", flush=True)


def entries(text):
    """Split a lock into one text a package."""
    found = []
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if line.startswith((" ", "\t")):
            found[-1] += f"\n{line}"
        elif line.strip():
            found.append(line)
    return found


def parts(text):
    """Split a lock into packages, torch, and what torch's CUDA build needs beside them."""
    locked = entries(text)
    at = next(n for n, entry in enumerate(locked) if entry.startswith("torch=="))
    return locked[:at], locked[at], locked[at + 1 :]


def has_pip(python):
    """Tell whether an environment is whole; one without pip was left by a failed start."""
    if not Path(python).exists():
        return False
    asked = [python, "-m", "pip", "--version"]
    return (
        subprocess.run(asked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    )


def sha256(path):
    """Hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def check_place(python):
    """End where no job of the workflow could be started with a Python of this path."""
    sys.path.insert(0, str(ROOT / "src"))
    # Of a Python that has nothing installed: these two import the standard library alone.
    from choreo.errors import ConfigError
    from choreo.pipeline.place import check_place

    try:
        check_place(python)
    except ConfigError as error:
        sys.exit(f"choreo env: {error}")


def main():
    """Build or complete the environment."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 12):
        sys.exit(
            f"choreo needs Python 3.11 or 3.12 (MediaPipe has no wheel for others); this is "
            f"{sys.version.split()[0]} at {sys.executable}. Name another: make PYTHON=python3.12"
        )
    started = time.monotonic()
    here = "--here" in sys.argv[1:]
    python = sys.executable if here else str(VENV / "bin" / "python")
    check_place(python)
    say(f"filling {Path(python).parent.parent}: about 2 GB on disk, 2 to 5 minutes")
    if not here and not has_pip(python):
        try:
            venv.create(VENV, with_pip=True, clear=True)
        except subprocess.CalledProcessError:
            sys.exit("Python's venv has no pip here. On Debian: apt-get install python3-venv")
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    quiet = ["--quiet", "--no-input", "--progress-bar", "off"]

    def run(verb, *arguments):
        # pip tells on stderr of index folders that lack a package; only errors matter.
        done = subprocess.run([*pip, verb, *quiet, *arguments], stderr=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(done.stderr + "choreo env: failed; mend the cause and run `make env` again")

    packages, torch, cuda = parts((ROOT / "requirements.lock").read_text())
    version = torch.split()[0]
    with tempfile.TemporaryDirectory() as folder:

        def run_locked(some):
            listing = Path(folder, "requirements.txt")
            listing.write_text("\n".join(some))
            run("install", "--no-deps", "--require-hashes", "-r", str(listing))

        say(f"installing {len(packages)} packages as locked")
        run_locked(packages)
        say(f"installing {version}")
        # Fetched first and its hash compared then: with hashes to check, pip would pass
        # over a CPU build that an index or folder offers without naming its hash.
        index = os.environ.get("TORCH_INDEX")
        run(
            "download",
            "--no-deps",
            "-d",
            folder,
            *(["--index-url", index] if index else []),
            version,
        )
        wheel = next(Path(folder).glob("torch-*.whl"))
        digest = sha256(wheel)
        known = f"sha256:{digest}" in torch
        if known:
            say(f"{wheel.name}: its hash is in the lock")
        elif index:
            say(f"{wheel.name}: from TORCH_INDEX; the lock does not know its hash ({digest})")
        else:
            sys.exit(
                f"choreo env: {wheel.name} has a hash that requirements.lock does not know "
                f"({digest}). If you trust where it comes from, name that index: TORCH_INDEX=..."
            )
        run("install", "--no-deps", str(wheel))
        ask = "import importlib.metadata as m; print(*m.requires('torch'))"
        needs = subprocess.run([python, "-c", ask], stdout=subprocess.PIPE, text=True, check=True)
        if "nvidia" in needs.stdout and known:
            say(f"this is a CUDA build: installing {len(cuda)} packages for it as locked (3 GB)")
            run_locked(cuda)
        elif "nvidia" in needs.stdout:
            # One for another CUDA version names other packages than the lock has.
            say("this is a CUDA build that the lock does not know: adding the packages that it")
            say("names (about 3 GB), whose hashes are not compared")
            run("install", version)
    run("install", "--no-deps", "--no-index", "--no-build-isolation", "--editable", str(ROOT))
    subprocess.run([python, "-m", "choreo.beats.librosa_cache"], check=True)
    if not here:
        READY.touch()
    say(f"ready after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
