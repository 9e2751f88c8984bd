"""The image that envs/Dockerfile describes, built for real and given a study to make."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, make_project
from debian import install

pytestmark = [pytest.mark.workflow, pytest.mark.slow, pytest.mark.soak]

DOCKERFILE = ROOT / "envs" / "Dockerfile"
BASE = re.search(r"^FROM (\S+)$", DOCKERFILE.read_text(), re.MULTILINE)[1]
PACKAGES = ("buildah", "debootstrap")
TOOLS = (*PACKAGES, "unshare")


def lacking():
    """Say why no image can be built here; empty where one can."""
    if os.environ.get("CHOREO_TEST_IMAGE") != "1":
        # It takes 2 GB through whatever index, proxy and certificates a machine's pip is told of,
        # which checks (that see PATH, HOME and LANG alone) can't know.
        return "an image takes 2 GB from the network and 10 minutes: CHOREO_TEST_IMAGE=1 builds it"
    if os.geteuid() != 0:
        return "a base image is made by root alone"
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        return f"no {' and '.join(missing)} here: apt-get install {' '.join(PACKAGES)}"
    return ""


class Builder:
    """Buildah, without a daemon, in a store of its own.

    Parameters
    ----------
    folder : Path
        What it keeps is below it.
    """

    def __init__(self, folder):
        self._store = ["--root", str(folder / "images"), "--runroot", str(folder / "run")]
        self._folder = folder
        # What this machine's pip is told (mirrors, certificates) and its numpy (which kernels of
        # OpenBLAS, on which last digits hang), the image's is told, too.
        told = {n: os.environ[n] for n in os.environ if n.startswith(("PIP_", "OPENBLAS_"))}
        self._told = [f"--env={name}={value}" for name, value in told.items()]
        self._shown = [f"--volume={p}:{p}:ro" for p in told.values() if Path(p).exists()]

    def __call__(self, verb, *arguments, network=True):
        isolation = {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}
        # This isolation has the network of whoever starts it.
        alone = [] if network else ["unshare", "--net"]
        return subprocess.run(
            [*alone, "buildah", *self._store, verb, *arguments],
            env=os.environ | isolation,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def done(self, verb, *arguments, **settings):
        """What it says; the test fails where it failed."""
        done = self(verb, *arguments, **settings)
        assert done.returncode == 0, done.stdout[-6000:]
        return done.stdout.strip()

    def base(self):
        """The image that the recipe starts from, or Debian's Python of that version in its place.

        Of the same Debian or the one before; as there, pip may install beside it.
        """
        if self("pull", "--quiet", f"docker.io/library/{BASE}").returncode == 0:
            return
        root = self._folder / "debian"
        packages = "--include=python3,python3-pip,python3-venv,ca-certificates"
        made = subprocess.run(
            ["debootstrap", "--variant=minbase", packages, "bookworm", root],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert made.returncode == 0, made.stdout[-3000:]
        (root / "usr/bin/python").symlink_to("python3")
        for marker in root.glob("usr/lib/python3.*/EXTERNALLY-MANAGED"):
            marker.unlink()
        name = self.done("from", "--quiet", "scratch")
        self.done("copy", "--quiet", name, str(root), "/")
        self.done("commit", "--quiet", name, f"docker.io/library/{BASE}")
        self.done("rm", name)

    def build(self, context):
        """A container of the project that lies in a folder."""
        options = ("--pull=never", "--layers=false", "--network=host", *self._told, *self._shown)
        recipe = context / "envs" / "Dockerfile"
        self.done("build", *options, "--file", str(recipe), "--tag", "choreo", str(context))
        return self.done("from", "--quiet", "--pull=never", "localhost/choreo")


@pytest.fixture
def builder(tmp_path):
    asked = os.environ.get("CHOREO_TEST_IMAGE") == "1" and os.geteuid() == 0
    if asked and not all(map(shutil.which, TOOLS)):
        install(*PACKAGES)
    if why := lacking():
        pytest.skip(why)
    return Builder(tmp_path)


def test_a_user_whom_the_image_does_not_know_makes_a_study_without_a_network(
    builder, finished, planner, tmp_path
):
    context = make_project(tmp_path / "project", planner).folder
    for name in ("LICENSE", "README.md", "pyproject.toml", "requirements.in", "requirements.lock"):
        shutil.copy2(ROOT / name, context / name)
    builder.base()
    container = builder.build(context)

    study = tmp_path / "study"
    (study / "config").mkdir(parents=True)
    for name in ("tiny.yaml", "tiny.tsv"):
        shutil.copy2(context / "config" / name, study / "config" / name)
    for path in (study, *study.rglob("*")):
        os.chown(path, 1000, 1000)
    head = re.sub(r" \\\n#?", " ", DOCKERFILE.read_text())
    (command,) = re.findall(r" choreo +(snakemake --snakefile .+?mine\.yaml)", head)
    said = builder.done(
        "run",
        *("--user", "1000:1000"),
        *("--volume", f"{study}:/study", "--workingdir", "/study", container, "--"),
        *command.replace("mine.yaml", "tiny.yaml").split(),
        network=False,
    )
    assert "100%" in said
    assert "MPLCONFIGDIR" not in said
    made = {path.name: path.read_bytes() for path in (study / "results/tiny/tables").iterdir()}
    assert made == finished.tables()
    owners = {path.lstat().st_uid for path in study.rglob("*")}
    assert owners == {1000}
