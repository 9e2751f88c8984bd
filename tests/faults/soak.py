"""A study that grows by one video a round: what each round takes and leaves, and whether it grows.

Nothing is drawn or filmed: the poses are true joints with known faults. Snakemake and its jobs are
processes of their own, as a user's are, so that what Snakemake measures of a job is that job's.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
from growth import BAD, MEMORY, judge, sentence
from matplotlib.ticker import MaxNLocator
from places import Place, arguments_of
from runs import jobs_in, tiny_study

from choreo import figures
from choreo.files import write_text
from choreo.tables import Table

CONFIG = """\
study: tiny
table: config/tiny.tsv
poses: {estimators: [simulated], chosen: simulated}
"""
TARGETS = ["dataset", "table1"]
SONGS = (("neon", "ada", "train"), ("strut", "bruno", "train"), ("dusty", "ada", "test"))
"""Songs, their dancers and splits, one after the other: no round has a new song."""

HEAD = "id\tsource\tstart\tend\tsong\tdancer\tsplit\n"
VIDEO = re.compile(r"\bv\d{4,}\b")
PAUSE_SECONDS = 0.1
"""Between two looks at the main process."""


class Failed(Exception):
    """A run of the study ended with an error."""


def rows(videos):
    """The text of the videos table of a study of so many videos; the newest row comes first."""
    lines = [HEAD]
    for number in range(videos, 0, -1):
        song, dancer, split = SONGS[(number - 1) % len(SONGS)]
        source = f"demo:{song}/{dancer}/{number}"
        lines.append(f"v{number:04d}\t{source}\t2\t8\t{song}\t{dancer}\t{split}\n")
    return "".join(lines)


def add_arguments(parser):
    """What the command takes."""
    parser.add_argument("--minutes", type=float, default=60, help="of this call (default: 60)")
    parser.add_argument("--rounds", type=int, help="no more than so many in this call")
    parser.add_argument(
        "--folder", type=Path, default=Path("build/soak"), help="goes on with what is there"
    )


def main(asked):
    """Do rounds until the time is up; gives the exit status, 1 where something grows."""
    folder = asked.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    end, status = time.monotonic() + 60 * asked.minutes, 0
    soak = Soak(folder)
    try:
        soak.catch_up()
        for _ in range(sys.maxsize if asked.rounds is None else asked.rounds):
            row = soak.round()
            shown = ("videos", "wall_seconds", "cpu_seconds", "jobs", "main_mb", "main_files")
            print(
                f"round {row['round']}: " + ", ".join(f"{n} {row[n]:g}" for n in shown), flush=True
            )
            if time.monotonic() > end:
                break
    except KeyboardInterrupt:
        print("interrupted; the same command goes on", file=sys.stderr)
        status = 130
    except Failed as error:
        print(f"the study's command failed, {error}", file=sys.stderr)
        return 2
    if soak.frame.empty:
        return status
    judged = soak.write()
    print((folder / "soak.md").read_text())
    for path in [*soak.no_targets()[:20], *soak.place.left_behind()[:20]]:
        print(f"left: {path}", file=sys.stderr)
    return status or int(judged.verdict.isin(BAD).any())


class Soak:
    """The study, and the table of its rounds.

    Parameters
    ----------
    folder : Path
        Goes on with what is there. ``soak.csv`` is the table.
    """

    def __init__(self, folder):
        self.folder = folder
        self.place = Place(folder / "study", "tiny")
        self.table = folder / "soak.csv"
        self._patterns = folder / "files.txt"
        self._output = folder / "output.txt"
        self._videos = self.place.project / "config" / "tiny.tsv"
        self.frame = pd.read_csv(self.table) if self.table.exists() else pd.DataFrame()
        if not self.place.project.exists():
            if len(self.frame):
                raise SystemExit(
                    f"{self.table}: its study is gone. Delete it, or take another folder"
                )
            study = tiny_study()
            study.CONFIG, study.TABLE, study.FEWER = CONFIG, rows(len(SONGS)), {}
            # Whole or not there, so that what is killed here begins anew.
            made = self.place.project.with_suffix(".made")
            shutil.rmtree(made, ignore_errors=True)
            study.fill(made)
            made.rename(self.place.project)

    def catch_up(self):
        """Make what a round that was cut off had begun, so that it is no part of the next one."""
        if len(self.frame):
            self.run()

    def run(self):
        """Run the study's command once.

        Returns
        -------
        dict of str to float
            Wall and CPU time in seconds (jobs and all), jobs, and of the main process the most
            memory in MB and open files.
        """
        arguments = arguments_of("tiny", TARGETS)
        command = [sys.executable, "-m", "snakemake", *arguments]
        began = time.monotonic()
        with open(self._output, "wb") as output:
            run = subprocess.Popen(
                command,
                cwd=self.place.project,
                env=self.place.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        main, memory, files, ended = psutil.Process(run.pid), 0, 0, 0
        try:
            while not ended:
                try:
                    memory = max(memory, main.memory_info().rss)
                    files = max(files, main.num_fds())
                except psutil.Error:
                    pass  # it has ended
                ended, status, usage = os.wait4(run.pid, os.WNOHANG)
                time.sleep(0 if ended else PAUSE_SECONDS)
        except BaseException:
            run.terminate()
            run.wait()
            raise
        run.returncode = os.waitstatus_to_exitcode(status)
        said = self._output.read_text(errors="replace")
        if run.returncode:
            raise Failed(f"with status {run.returncode}:\n{said[-3000:]}")
        return {
            "wall_seconds": round(time.monotonic() - began, 2),
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
            "jobs": jobs_in(said),
            "main_mb": round(memory / 1e6, 1),
            "main_files": files,
        }

    def round(self):
        """One video more, but in the first round; gives the new row of the table."""
        first = self.frame.empty
        # By the study's own table: a round that was cut off had its video in it already.
        there = len(self._videos.read_text().splitlines()) - 1
        videos = there if first else there + 1
        write_text(self._videos, rows(videos))
        before = {} if first else self._measured()
        row = {"round": len(self.frame) + 1, "videos": videos} | self.run()
        after = self._measured()
        of_videos, memory = [], {}
        for path in sorted(path for path in after if after[path] != before.get(path)):
            of_videos += VIDEO.findall(path.name)
            rule = path.relative_to(self.place.results / "benchmarks").parts[0]
            column = MEMORY + rule.removesuffix(".tsv")
            # Snakemake writes "-" for a job that was over before it looked.
            most = pd.read_csv(path, sep="\t", na_values=["-"]).max_rss.max()
            memory[column] = most if column not in memory else max(most, memory[column])
        own = [f"v{n:04d}" for n in (range(1, videos + 1) if first else [videos])]
        row["own_jobs"] = sum(video in own for video in of_videos)
        row["others_jobs"] = len(of_videos) - row["own_jobs"]
        row["left_behind"] = len(self.place.left_behind())
        row["no_targets"] = len(self.no_targets())
        kept = [p.lstat() for p in (self.place.project / ".snakemake").rglob("*") if p.is_file()]
        row["snakemake_kb"] = round(sum(status.st_size for status in kept) / 1e3, 1)
        row["snakemake_files"] = len(kept)
        row |= memory
        self.frame = pd.concat([self.frame, pd.DataFrame([row])], ignore_index=True)
        write_text(self.table, self.frame.to_csv(index=False))
        return row

    def _measured(self):
        """Times of the files in which Snakemake wrote what it measured of a job."""
        folder = self.place.results / "benchmarks"
        return {path: path.stat().st_mtime_ns for path in folder.rglob("*.tsv")}

    def no_targets(self):
        """Files in the project that are unlike those that the first round left.

        Those of a video are alike for all videos. What Snakemake keeps for itself is another's
        to count (``.snakemake``).
        """
        project = self.place.project
        paths = (path.relative_to(project) for path in project.rglob("*") if path.is_file())
        found = {
            path.as_posix()
            for path in paths
            if path.parts[0] != ".snakemake" and path.suffix != ".pyc"
        }
        if self.frame.empty:
            patterns = sorted({_pattern(path) for path in found})
            write_text(self._patterns, "".join(f"{pattern}\n" for pattern in patterns))
        known = set(self._patterns.read_text().splitlines())
        return sorted(path for path in found if _pattern(path) not in known)

    def write(self):
        """Write ``soak.md`` and ``soak.png`` beside the table; gives the slopes."""
        judged = judge(self.frame)
        write_text(self.folder / "soak.md", summary(self.frame, judged).markdown())
        draw(self.frame, self.folder / "soak")
        return judged


def _pattern(path):
    return VIDEO.sub("{video}", path)


def summary(frame, judged):
    """The table for people."""
    wall = frame.wall_seconds.sum() / 60
    return Table(
        judged,
        f"A study that grew from {frame.videos.iloc[0]} to {frame.videos.iloc[-1]} videos in "
        f"{len(frame)} round(s) and {wall:.1f} minutes",
        {
            "quantity": "quantity",
            "first": "second round",
            "last": "last round",
            "slope": "slope a round",
            "low": "from",
            "high": "to",
            "bound": "may be",
            "verdict": "verdict",
        },
        dict.fromkeys(("first", "last", "bound"), "g")
        | dict.fromkeys(("slope", "low", "high"), ".3f"),
        (f"The verdict: {sentence(judged)}.", "From, to: the slope's interval of 95 %."),
    )


PANELS = {
    "memory of a rule's jobs, MB": MEMORY,
    "memory of the main process, MB": {"main_mb": "main process"},
    "files": {
        "main_files": "open in the main process",
        "left_behind": "left over",
        "no_targets": "no target",
    },
    "time, s": {"wall_seconds": "wall", "cpu_seconds": "CPU"},
}


def draw(frame, stem):
    """Draw the curves, told apart by their lines in grey too."""
    figure, axes = figures.new(2, 2, figsize=(11, 7), sharex=True)
    for axis, (title, names) in zip(axes.flat, PANELS.items()):
        if isinstance(names, str):
            names = {c: c.removeprefix(MEMORY) for c in frame if c.startswith(MEMORY)}
        for name, label in names.items():
            # Not the first round, in which all is made.
            axis.plot(frame.videos[1:], frame[name][1:], marker=".", markersize=3, label=label)
        axis.set(title=title, xlabel="videos")
        axis.set_ylim(0, 1.1 * axis.get_ylim()[1])
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.legend(fontsize=7, loc="upper left", bbox_to_anchor=(0, -0.16), ncols=4)
    figures.save(figure, stem)
