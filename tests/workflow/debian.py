"""What the long tests need of Debian's packages."""

import os
import subprocess


def install(*packages):
    """Install packages, as root."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", "-qq", *command], env=environment, check=True)
