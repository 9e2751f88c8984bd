"""Ask what is known against the locked packages, or list them: `make audit`, `make sbom`.

Both tools come into an environment of their own under build/, never into .venv. `audit` asks
the advisories of PyPI through pip-audit, which needs the network; a package that it can't ask
about fails it, since silence is no clean bill. `sbom` writes build/sbom.json (CycloneDX) of
requirements.lock with the hashes of every build; the same lock gives the same bytes.
"""

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "build" / "audit"
LOCK = ROOT / "requirements.lock"
SBOM = ROOT / "build" / "sbom.json"
TOOLS = ("pip-audit==2.10.1", "cyclonedx-bom==7.5.0")


def command(verb, folder):
    """Command of a verb with the tools of a folder, as a list."""
    return {
        "audit": [
            *(str(folder / "pip-audit"), "--requirement", str(LOCK), "--require-hashes"),
            *("--disable-pip", "--strict", "--desc", "--progress-spinner", "off"),
        ],
        "sbom": [
            *(str(folder / "cyclonedx-py"), "requirements", str(LOCK), "--output-reproducible"),
            *("--of", "JSON", "-o", str(SBOM)),
        ],
    }[verb]


def main(verb):
    """Install the tools where they are missing, and run one; returns its exit status."""
    if not (PLACE / "bin" / "pip").exists():
        venv.create(PLACE, with_pip=True)
    install = [str(PLACE / "bin" / "pip"), "install", "--quiet", *TOOLS]
    done = subprocess.run(install, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{done.stderr}choreo {verb}: its tools could not be installed")
    return subprocess.run(command(verb, PLACE / "bin")).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
