"""A study's project in a folder of its own, and what lies there after a run."""

import os
import sys

from choreo.pipeline.jobs import STUDY_LOCK


class Place:
    """A project, with a folder for temporary files and one for caches beside it.

    Parameters
    ----------
    folder : Path
        Its project is made in it.
    name : str
        Of the study: its folder of results and its config.
    """

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.project = folder / "project"
        self.results = self.project / "results" / name
        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True, exist_ok=True)

    def environment(self):
        """Environment variables of its runs."""
        return os.environ | {
            # The copy's own package.
            "PYTHONPATH": str(self.project / "src"),
            "PATH": f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}",
            "TMPDIR": str(self.temporary),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "OMP_NUM_THREADS": "1",
        }

    def made(self):
        """Every file of results that a job has made, in order."""
        found = (p for p in sorted(self.results.rglob("*")) if p.is_file() and not p.is_symlink())
        return [p for p in found if not _aside(p.relative_to(self.results))]

    def files(self):
        """Bytes of every file of results."""
        return {p.relative_to(self.results).as_posix(): p.read_bytes() for p in self.made()}

    def left_behind(self):
        """What no finished run should leave."""
        hidden = (p for p in self.project.joinpath("results").rglob(".*") if p.is_file())
        found = [p for p in hidden if p.name != STUDY_LOCK]
        for folder in (".checkpoints", ".partial"):
            for path in self.project.joinpath("results").rglob(folder):
                found += path.iterdir()
        for folder in ("locks", "incomplete", "scripts"):
            found += (p for p in (self.project / ".snakemake" / folder).rglob("*") if p.is_file())
        found += self.project.joinpath(".snakemake", "choreo").glob("*.folders")
        found += self.folder.joinpath("cache").glob("**/snakemake-runtime-cache/*")
        # torch keeps a cache between processes there.
        found += (p for p in self.temporary.iterdir() if not p.name.startswith("torchinductor_"))
        return sorted({str(path.relative_to(self.project.parent)) for path in found})


def arguments_of(name, targets, options=()):
    """Arguments of Snakemake that make targets of a study."""
    configfile = f"config/{name}.yaml"
    return ["--cores", "2", *options, "--configfile", configfile, "--", *targets]


def _aside(path):
    """Files of which no two runs make the same: logs, times and what is hidden."""
    hidden = any(part.startswith(".") for part in path.parts)
    return hidden or path.parts[0] in ("logs", "benchmarks") or "tensorboard" in path.parts
