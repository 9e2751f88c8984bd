"""A tiny study in a folder of its own, run once and copied by each test that changes it."""

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "rules", "workflow", "profiles", "config", "envs", "src")

CONFIG = """\
study: tiny
table: config/tiny.tsv
training:
  models: [original, gru]
  switches:
    all: {batch_size: 2, epochs: 4}
    original: {epochs: 2}
  perceptual_steps: 5
evaluation: {sensitivity: {seconds: 10, dancers: 1}}
"""
TABLE = "id\tsource\tstart\tend\tsong\tdancer\tsplit\n" + "".join(
    f"{name}\tdemo:{song}/{dancer}/1\t2\t{end}\t{song}\t{dancer}\t{split}\n"
    for name, song, dancer, end, split in (
        ("one", "neon", "ada", 13, "train"),
        ("two", "strut", "bruno", 12.5, "train"),
        ("three", "dusty", "ada", 9, "test"),
    )
)


class Project:
    """A copy of the pipeline's files in which tests run Snakemake."""

    def __init__(self, folder):
        self.folder = folder
        self.results = folder / "results"

    def command(self, *targets, options=(), configfile="config/tiny.yaml"):
        """Command line of Snakemake on this project."""
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *options]
        if configfile:
            command += ["--configfile", configfile]
        return [*command, "--", *targets]

    @property
    def environment(self):
        # The copy's own package, so that a test may edit its code.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return os.environ | {"PYTHONPATH": str(self.folder / "src"), "PATH": path}

    def run(self, *targets, check=True, **settings):
        """Run Snakemake to its end; gives its exit status and output."""
        done = subprocess.run(
            self.command(*targets, **settings),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if check and done.returncode:
            pytest.fail(f"snakemake {' '.join(targets)} failed:\n{done.stdout[-6000:]}")
        return done

    def planned(self, *targets, **settings):
        """Rules that would run now."""
        done = self.run(*targets, options=("--dry-run", "--quiet", "host"), **settings)
        lines = done.stdout.partition("Job stats:")[2].splitlines()[3:]
        return {line.split()[0] for line in itertools.takewhile(str.strip, lines)} - {"total"}

    def tables(self, study="tiny"):
        """Bytes of every table of a study, by file name."""
        files = sorted((self.results / study / "tables").glob("*"))
        return {file.name: file.read_bytes() for file in files}


def make_project(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(source, folder / part, ignore=ignore)
        else:
            shutil.copy2(source, folder / part)
    (folder / "config" / "tiny.yaml").write_text(CONFIG)
    (folder / "config" / "tiny.tsv").write_text(TABLE)
    return Project(folder)


@pytest.fixture
def project(tmp_path):
    """A project in which nothing has run."""
    return make_project(tmp_path / "project")


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id):
    """A project whose tiny study has run from nothing to its report; not to be changed.

    Built once, by the first of the parallel test processes that asks; the others wait.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "finished"
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            make_project(folder).run()
            (folder / "done").touch()
    return Project(folder)


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished project that a test may change."""
    shutil.copytree(finished.folder, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")
