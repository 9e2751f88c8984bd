"""A tiny study in a folder of its own, run once and copied by each test that changes it."""

import compileall
import importlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
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

FEWER = {"src/choreo/evaluation/extractor.py": ("\nSTEPS = 400\n", "\nSTEPS = 20\n")}
"""What is written elsewhere in a copy's code: of six chunks there is little to learn."""


class Planner:
    """Runs Snakemake, and its jobs, in processes forked from those that have the imports.

    Parameters
    ----------
    folder : Path
        Of this test process alone.
    shared : Path
        Folder of all the test processes of this run.
    """

    def __init__(self, folder, shared):
        self._output = folder / "output.txt"
        self._template = shared / "template"
        # Its path is short: a socket's may have no more than 107 characters.
        self._sockets = tempfile.TemporaryDirectory(prefix="choreo-")
        self._server = None

    def run(self, command, folder, environment):
        """Do as `subprocess.run` of `python -m snakemake ...`, with both outputs as one text."""
        if self._server is None:
            # It says where the compiled parts of librosa are, which are read when it is imported.
            importlib.import_module("choreo.beats.librosa_cache")
            server = Path(__file__).with_name("forked_snakemake.py")
            self._server = subprocess.Popen(
                [sys.executable, server, self._sockets.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        self._output.write_bytes(b"")
        arguments = command[command.index("snakemake") + 1 :]
        asked = {"folder": folder, "environment": environment, "arguments": arguments}
        line = json.dumps(asked | {"output": self._output}, default=os.fspath)
        print(line, file=self._server.stdin, flush=True)
        status = int(self._server.stdout.readline())
        return subprocess.CompletedProcess(command, status, self._output.read_text())

    def template(self):
        """Folder of a project in which nothing has run, made once and copied for each test.

        Its code is compiled, and the digests of the code that rules depend on are kept.
        """
        folder = self._template
        with FileLock(folder.with_suffix(".lock")):
            if not folder.exists():
                made = folder.with_suffix(".made")
                shutil.rmtree(made, ignore_errors=True)
                fill(made)
                compileall.compile_dir(made / "src", quiet=2)
                Project(made, self).run("videos", options=("--dry-run",))
                digests = made / ".snakemake" / "choreo" / "code.json"
                kept = digests.read_bytes()
                shutil.rmtree(made / ".snakemake")
                digests.parent.mkdir(parents=True)
                digests.write_bytes(kept)
                made.rename(folder)
        return folder

    def close(self):
        if self._server is not None:
            self._server.communicate()
        self._sockets.cleanup()


class Project:
    """A copy of the pipeline's files in which tests run Snakemake."""

    def __init__(self, folder, planner):
        self.folder = folder
        self.results = folder / "results"
        self._planner = planner

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

    def run(self, *targets, check=True, forked=True, **settings):
        """Run Snakemake to its end; gives its exit status and output.

        Not `forked`, it and each of its jobs is a new Python, as a user's are.
        """
        command = self.command(*targets, **settings)
        if forked:
            done = self._planner.run(command, self.folder, self.environment)
        else:
            done = subprocess.run(
                command,
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


def fill(folder):
    """Copy the pipeline's files to a folder, with the tiny study's config."""
    folder.mkdir(parents=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            # Compiled code goes along; files that are being written do not.
            ignore = shutil.ignore_patterns("*.pyc.*", "*.egg-info")
            shutil.copytree(source, folder / part, ignore=ignore)
        else:
            shutil.copy2(source, folder / part)
    for name, (ours, fewer) in FEWER.items():
        text = (folder / name).read_text()
        assert ours in text
        (folder / name).write_text(text.replace(ours, fewer))
    (folder / "config" / "tiny.yaml").write_text(CONFIG)
    (folder / "config" / "tiny.tsv").write_text(TABLE)


def make_project(folder, planner):
    shutil.copytree(planner.template(), folder, dirs_exist_ok=True)
    return Project(folder, planner)


@pytest.fixture(scope="session")
def shared(tmp_path_factory, worker_id):
    """Folder of all the test processes of this run."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def planner(tmp_path_factory, shared):
    planner = Planner(tmp_path_factory.mktemp("planner"), shared)
    yield planner
    planner.close()


@pytest.fixture
def project(tmp_path, planner):
    """A project in which nothing has run."""
    return make_project(tmp_path / "project", planner)


@pytest.fixture(scope="session")
def finished(shared, planner):
    """A project whose tiny study has run from nothing to its report; not to be changed.

    Built once, by the first of the parallel test processes that asks; the others wait.
    """
    folder = shared / "finished"
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            make_project(folder, planner).run()
            (folder / "done").touch()
    return Project(folder, planner)


@pytest.fixture
def filmed(project, finished):
    """The project, with the videos of the finished one: no clip is drawn or standardised again."""
    for part in ("results/tiny/videos", ".snakemake/metadata"):
        made = finished.folder / part
        shutil.copytree(made, project.folder / part, symlinks=True, dirs_exist_ok=True)
    return project


@pytest.fixture
def copy(finished, tmp_path, planner):
    """A copy of the finished project that a test may change."""
    shutil.copytree(finished.folder, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project", planner)
