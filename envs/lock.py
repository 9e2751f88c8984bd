"""Write requirements.lock from requirements.in (needs `uv` on PATH): `make lock`.

What is locked already keeps its version where requirements.in lets it; `--upgrade` takes the
newest of everything. torch is locked by version and by the hashes of all its builds; what its CUDA
build for Linux brings along stands below it, for `install.py` to add where that build is used.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Builds that are published apart from the package index: the CPU build for Linux.
CPU_BUILDS = ("6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",)
HEAD = """\
# Every package, with hashes, for Python 3.11 and 3.12 on Linux, macOS and Windows.
# Made by `make lock` from requirements.in; installed by `make env` without dependency
# resolution, so that the headless OpenCV can stand where MediaPipe asks for another.
# torch may be a CPU or a CUDA build of its version; what stands below it is installed with the CUDA
# build of the package index alone (see envs/README.md).
"""


def compiled(requirements, former, *options):
    """Give uv's lock of some requirements as text, near a former lock."""
    command = ["uv", "pip", "compile", "-", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-annotate", "--no-header", "--quiet", *options]
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder, "requirements.txt")  # uv keeps the versions that it finds there
        lock.write_text(former)
        done = subprocess.run([*command, "--output-file", lock], input=requirements, text=True)
        return lock.read_text() if done.returncode == 0 else sys.exit(done.returncode)


def main():
    """Write the lock."""
    wanted = (ROOT / "requirements.in").read_text()
    former = "" if "--upgrade" in sys.argv[1:] else (ROOT / "requirements.lock").read_text()
    torch = re.search(r"^torch==\S+$", wanted, re.MULTILINE)[0]
    own = ["filelock", "fsspec", "jinja2", "networkx", "sympy", "typing-extensions"]
    rest = "\n".join([*(line for line in wanted.splitlines() if line != torch), *own])
    packages = compiled(rest, former, "--override", str(ROOT / "envs" / "overrides.txt"))
    build = compiled(torch, former, "--no-deps")
    # uv also keeps the hashes that it finds in the former lock.
    known = dict.fromkeys([*re.findall(r"sha256:(\w+)", build), *CPU_BUILDS])
    build = " \\\n    ".join([torch, *(f"--hash=sha256:{digest}" for digest in known)])
    needed = re.split(r"\n(?=\w)", compiled(torch, former).strip())
    there = {torch, *re.findall(r"^[\w.-]+==", packages, re.MULTILINE)}
    cuda = "\n".join(one for one in needed if not one.startswith(tuple(there)))
    (ROOT / "requirements.lock").write_text(f"{HEAD}{packages}{build}\n{cuda}\n")


if __name__ == "__main__":
    main()
