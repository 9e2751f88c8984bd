"""Trials: a small study, one accident at a random point, the same command again, a comparison.

Three studies are disturbed. ``tables`` begins with simulated poses and goes through cleaning,
dataset, a training of a few steps, dances and evaluation to Tables 1 and 2; ``videos`` fetches
two videos from a server on this machine and standardises them; ``files`` standardises two that
lie here. Of ``tables`` a trial makes what comes from a random stage on; the stages before it are
those of the undisturbed run. Where an input is changed, it begins with the whole undisturbed run,
and is compared with one that was changed as well and that nothing disturbed. What is kept for a
study that had the input before (by content, or to go on with a training) is there in both.
"""

import dataclasses
import functools
import hashlib
import http.server
import random
import re
import shutil
import subprocess
import threading
import time

from places import Place, arguments_of
from runs import Run, Server, tiny_study, wait_until

from choreo.cli.verify import verify
from choreo.media import ffmpeg_binary

LESS = {
    "src/choreo/training/train.py": (
        "checkpoint_seconds: float = 60.0",
        "checkpoint_seconds: float = 0.05",
    ),
    "src/choreo/evaluation/extractor.py": ("\nSTEPS = 400\n", "\nSTEPS = 2\n"),
    "src/choreo/pipeline/memory.py": ("\nSECONDS = 300\n", "\nSECONDS = 10\n"),
}
"""What is written elsewhere in a copy's code: a checkpoint every few steps, so that there is one
to go on from, less to learn of three chunks, and an early end of what spins."""

TABLES = """\
study: tiny
table: config/tiny.tsv
poses: {estimators: [simulated], chosen: simulated}
training:
  models: [flow]
  threads: 1
  switches: {flow: {width: 16, layers: 1, heads: 1, steps: 1, batch_size: 2, epochs: 6}}
"""
OTHER = """\
study: other
table: config/other.tsv
poses: {estimators: [simulated], chosen: simulated}
"""
VIDEOS = """\
study: tiny
table: config/tiny.tsv
videos: {retries: 1, allow_private: true}
"""
FILES = """\
study: tiny
table: config/tiny.tsv
"""
HEAD = "id\tsource\tstart\tend\tsong\tdancer\tsplit\n"
ROWS = "".join(
    f"{name}\tdemo:{song}/{dancer}/1\t2\t8\t{song}\t{dancer}\t{split}\n"
    for name, song, dancer, split in (
        ("one", "neon", "ada", "train"),
        ("two", "strut", "bruno", "train"),
        ("three", "dusty", "ada", "test"),
    )
)
STUDIES = {
    "tables": ("tiny", ["dataset", "table1", "table2"]),
    "other": ("other", ["dataset"]),
    "videos": ("tiny", ["videos"]),
    "files": ("tiny", ["videos"]),
}
"""Of each: its folder of results and config, and the targets."""


@dataclasses.dataclass(frozen=True)
class Change:
    """What a user changes of a study that has run.

    Attributes
    ----------
    study : str
        One of `STUDIES`.
    path : str
        A file of the project.
    part : bytes
        What of it is written over; empty for all.
    other : bytes or str
        What is written instead; a str names a file that has it.
    """

    study: str
    path: str
    part: bytes
    other: bytes | str

    def make(self, project):
        """Change it in a project; gives what changes it back."""
        path = project / self.path
        before = path.read_bytes()
        if isinstance(self.other, str):
            after = (project / self.other).read_bytes()
        else:
            after = before.replace(self.part, self.other)
        if before == after:
            raise ValueError(f"there is nothing to change in {path}")
        path.write_bytes(after)
        return lambda: path.write_bytes(before)


CHANGES = {
    "a row": Change(
        "tables",
        "config/tiny.tsv",
        b"one\tdemo:neon/ada/1\t2\t8\t",
        b"one\tdemo:neon/ada/1\t2\t9\t",
    ),
    "a setting": Change(
        "tables", "config/tiny.yaml", b"poses:", b"dataset: {stride_seconds: 1}\nposes:"
    ),
    "a source video": Change("files", "clips/one.mp4", b"", "clips/two.mp4"),
}

KEPT = "dataset/dataset_beats/"
"""Beats of sounds, each under the digest of its sound: another dataset takes none that it lacks."""

STAGES = ("poses", "cleaning", "dataset", "training", "dances", "evaluation")
"""Folders of results in the order in which they are made; those of the comparison and the tables
are of any stage."""


class Missed(Exception):
    """The run was over before the accident could happen: another point is tried."""


@dataclasses.dataclass
class Row:
    """What a trial came to."""

    number: int
    kind: str
    point: str
    seen: str
    seconds: float
    verdict: str


@functools.cache
def clips(folder):
    """Two short videos with sound, as bytes by name."""
    found = {}
    for number, name in enumerate(("one", "two")):
        path = folder / f"{name}.mp4"
        picture = ["-f", "lavfi", "-i", f"testsrc=s=640x360:r=25:d={8 + number}"]
        sound = ["-f", "lavfi", "-i", f"sine=f={440 + number}:d={8 + number}"]
        end = ["-pix_fmt", "yuv420p", str(path)]
        command = [ffmpeg_binary(), "-loglevel", "error", "-y", *picture, *sound, *end]
        subprocess.run(command, check=True)
        found[name] = path.read_bytes()
    return found


class Videos(http.server.ThreadingHTTPServer):
    """A server on this machine whose network can be cut.

    Attributes
    ----------
    left : int or None
        Bytes that it sends before all connections break; None for all.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, found):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.found, self.left = found, None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, address):
        """A client that is killed is part of the trials."""


class _Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        if server.left == 0:
            return
        data = server.found[self.path.strip("/").removesuffix(".mp4")]
        asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        begin = int(asked[1]) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("ETag", f'"{len(data)}"')
        self.send_header("Content-Length", str(len(data) - begin))
        if asked:
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        for at in range(begin, len(data), 8192):
            if server.left == 0:
                break
            self.wfile.write(data[at : at + 8192])
            if server.left is not None:
                server.left = max(0, server.left - 8192)
            time.sleep(0.002)
        self.close_connection = True


def _stamp(study):
    """What changes when anything is edited that runs are made of."""
    found = hashlib.sha256(repr((TABLES, FILES, ROWS, STUDIES, CHANGES, LESS)).encode())
    for part in study.PARTS:
        place = study.ROOT / part
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                status = path.stat()
                found.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return found.hexdigest()


class Bench:
    """What all trials of one process share: servers, the template and the undisturbed runs.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._servers, self._undisturbed = [], {}
        study = tiny_study()
        study.CONFIG, study.TABLE = TABLES, HEAD + ROWS
        study.FEWER = LESS
        stamp, now = folder / "stamp", _stamp(study)
        if not stamp.exists() or stamp.read_text() != now:
            # What an earlier process made was of other code.
            for made in [folder / "template", *folder.glob("undisturbed-*")]:
                shutil.rmtree(made, ignore_errors=True)
            stamp.write_text(now)
        planner = study.Planner(folder, folder)
        try:
            self._template = planner.template()
        finally:
            planner.close()
        config = self._template / "config"
        (config / "other.yaml").write_text(OTHER)
        (config / "other.tsv").write_text(HEAD + "".join(ROWS.splitlines(keepends=True)[:2]))
        self.videos = Videos(clips(folder))

    def server(self, number=0):
        """One of the processes that fork runs; each has one run at a time."""
        while len(self._servers) <= number:
            self._servers.append(Server())
        return self._servers[number]

    def project(self, folder, study):
        """A project in which nothing has run."""
        shutil.copytree(self._template, folder)
        if study == "videos":
            address = f"http://127.0.0.1:{self.videos.server_port}"
            rows = "".join(f"{name}\t{address}/{name}.mp4\n" for name in self.videos.found)
            (folder / "config" / "tiny.tsv").write_text("id\tsource\n" + rows)
            (folder / "config" / "tiny.yaml").write_text(VIDEOS)
        if study == "files":
            for name, data in self.videos.found.items():
                path = folder / "clips" / f"{name}.mp4"
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(data)
            rows = "".join(f"{name}\tclips/{name}.mp4\n" for name in self.videos.found)
            (folder / "config" / "tiny.tsv").write_text("id\tsource\n" + rows)
            (folder / "config" / "tiny.yaml").write_text(FILES)
        return folder

    def _undisturbed_folder(self, study, changed=""):
        return self.folder / "-".join(("undisturbed", study, *changed.split()))

    def undisturbed(self, study, changed=""):
        """Bytes of the files of a run that nothing disturbed, by name.

        Parameters
        ----------
        study : str
        changed : str
            One of `CHANGES`, made when all had run, and run again; empty for none.
        """
        if (study, changed) not in self._undisturbed:
            folder = self._undisturbed_folder(study, changed)
            done = folder / "done"
            # Videos come from an address that is another one each time.
            if study == "videos" or not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                trial = Trial(self, folder, study, random.Random(0))
                if changed:
                    self.ended(trial.project, study)
                    CHANGES[changed].make(trial.project)
                else:
                    self.project(trial.project, study)
                run = trial.start()
                if run.wait():
                    raise RuntimeError(f"without any accident it fails:\n{run.said()[-6000:]}")
                done.touch()
            trial = Trial(self, folder, study, random.Random(0))
            self._undisturbed[study, changed] = trial.files()
        return self._undisturbed[study, changed]

    def ended(self, folder, study):
        """A project that the undisturbed run has made."""
        self.undisturbed(study)
        shutil.copytree(self._undisturbed_folder(study) / "project", folder, symlinks=True)

    def begun(self, folder, study, rng):
        """A project that the undisturbed run has made up to a random stage.

        Returns
        -------
        str
            The first stage that is to be made; empty for all.
        """
        if study != "tables":
            self.project(folder, study)
            return ""
        self.ended(folder, study)
        stage = rng.choice(STAGES)
        results = folder / "results" / STUDIES[study][0]
        at = STAGES.index(stage)
        for name in (*STAGES[at:], "comparison"):
            shutil.rmtree(results / name)
        for path in results.joinpath("tables").iterdir():
            # The dataset's own table comes with it.
            if at <= STAGES.index("dataset") or path.stem != "dataset":
                path.unlink()
        return stage

    def close(self):
        for server in self._servers:
            server.close()
        self.videos.shutdown()


class Trial(Place):
    """A project, and what an accident needs to know and do.

    Parameters
    ----------
    bench : Bench
    folder : Path
        Its project is made in it.
    study : str
        One of `STUDIES`.
    rng : random.Random
        Decides all that is chosen.
    """

    def __init__(self, bench, folder, study, rng):
        super().__init__(folder, STUDIES[study][0])
        self.bench, self.study, self.rng = bench, study, rng
        self.stage, self.point, self.mounted = "", "", []
        self.changed = ""
        """What of `CHANGES` the same command then finds."""
        self.given_up = ""
        """What of `CHANGES` a run was begun with, and was changed back."""
        self.found = []
        """What the accident itself showed to be wrong."""
        self.mend = lambda: None
        """What makes an end of the accident where it has not passed by itself."""

    def start(self, study=None, *, first=None, server=0, options=(), more=()):
        """Start the study's command.

        Parameters
        ----------
        study : str, optional
            Another study in the same folder.
        first : str, optional
            Python that each of its processes runs first.
        server : int
            Of the bench.
        options : iterable of str
            Of Snakemake.
        more : iterable of Path
            Files that are asked for besides.
        """
        name, targets = STUDIES[study or self.study]
        targets = [*targets, *(str(path.relative_to(self.project)) for path in more)]
        environment = self.environment()
        if first is not None:
            path = self.project / "first.py"
            path.write_text(first)
            environment["CHOREO_TESTS_RUN_FIRST"] = str(path)
        arguments = arguments_of(name, targets, options)
        return Run(self.bench.server(server), self.project, arguments, environment)

    def begin(self, *, ended=False):
        """Make the project that the accident happens to; `ended`: in which all has run."""
        if ended:
            self.bench.ended(self.project, self.study)
            return
        self.stage = self.bench.begun(self.project, self.study, self.rng)
        self.point = f"from {self.stage} on: " if self.stage else ""

    def reach_point(self, run, *, last=1):
        """Wait for a point of a run that is chosen at random: so many jobs done, and a while.

        Parameters
        ----------
        run : Run
        last : int
            So many jobs at the end are not waited for.
        """
        part, pause = self.rng.random(), round(self.rng.uniform(0, 0.5), 2)
        wait_until(lambda: run.status is not None or run.jobs())
        # 0 jobs: while it plans, or the first ones run.
        done = int(part * (run.jobs() - last + 1))
        self.point += f"{pause} s after {done} of {run.jobs()} jobs"
        wait_until(lambda: run.status is not None or run.jobs_done() >= done)
        time.sleep(pause)
        if run.status is not None:
            raise Missed(self.point)

    def faults(self):
        """What is not as it is in an undisturbed study after the accident and the same command."""
        run, found = self.start(), [*self.found]
        if status := run.wait():
            lines = [line for line in run.said().splitlines() if line.strip()]
            return [*found, f"the same command ends with {status}: {' / '.join(lines[-3:])}"]
        files, due = self.files(), self.bench.undisturbed(self.study, self.changed)
        if lacking := sorted(set(due) - set(files)):
            found.append(f"not made: {', '.join(lacking)}")
        if more := sorted(set(files) - set(due) - self._kept()):
            found.append(f"not made by an undisturbed run: {', '.join(more)}")
        if others := sorted(name for name in set(due) & set(files) if due[name] != files[name]):
            found.append(f"other bytes: {', '.join(others)}")
        damaged, _ = verify(self.results)
        found += [f"damaged: {p.relative_to(self.results)}: {why}" for p, why in damaged.items()]
        left = self.left_behind()
        if self.given_up:
            # A training that was begun is gone on with where its setting comes again.
            left = [path for path in left if "/training/.checkpoints/" not in path]
        if left:
            found.append(f"left behind: {', '.join(left)}")
        plan = self.start(options=("--dry-run",))
        if plan.wait() or "Nothing to be done" not in plan.said():
            rules = sorted(set(re.findall(r"^rule (\w+):", plan.said(), re.MULTILINE)))
            found.append(f"it would be run again: {', '.join(rules) or plan.said()[-500:]}")
        return found

    def _kept(self):
        """Names of what is kept by content, for an input that was given up."""
        if not self.given_up:
            return set()
        named = self.bench.undisturbed(self.study, self.given_up)
        return {name for name in named if name.startswith(KEPT)}

    def close(self):
        """Remove all that is its."""
        for place in self.mounted:
            subprocess.run(["umount", "--lazy", place], check=True)
        shutil.rmtree(self.folder)


def try_one(bench, number, kind, seed, *, keep=False):
    """Do one trial.

    Parameters
    ----------
    bench : Bench
    number : int
    kind : accidents.Kind
    seed : int
    keep : bool
        Leave the folder of a trial that failed.

    Returns
    -------
    Row
    """
    folder = bench.folder / f"trial-{number}"
    if why := kind.lacking():
        return Row(number, kind.name, "", why, 0.0, "skipped")
    # Not among the seconds of a trial.
    for changed in {"", kind.changed}:
        bench.undisturbed(kind.study, changed)
    began = time.monotonic()
    for attempt in range(8):
        trial = Trial(bench, folder, kind.study, random.Random(f"{seed} {number} {attempt}"))
        trial.begin(ended=bool(kind.changed))
        try:
            seen = kind.happen(trial)
        except Missed:
            seen, faults = "the run was over before it, eight times", ["missed"]
            trial.close()
            continue
        bench.videos.left = None
        trial.mend()
        faults = trial.faults()
        if not (faults and keep):
            trial.close()
        break
    verdict = "; ".join(faults) or "passed"
    return Row(number, kind.name, trial.point, seen, round(time.monotonic() - began, 1), verdict)
