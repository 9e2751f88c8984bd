"""AlphaPose from its authors' source: fetched once, and run on one video.

AlphaPose may be used for non-commercial research only and may not be passed on, so neither
its code nor its weights are in this project: they are fetched on the user's machine, after
the licence was accepted in the config, and its source is never changed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from choreo.errors import AccidentError, ConfigError, ItemError
from choreo.files import whole, whole_folder, write_json
from choreo.poses import alphapose_launcher as launcher
from choreo.poses.coverage import check_coverage
from choreo.poses.estimator_weights import Asset, fetch, google_drive, verify
from choreo.poses.external import ToolAccident, ToolError, private_folder, run_tool
from choreo.poses.formats.alphapose import read_detections

URL = "https://github.com/MVIG-SJTU/AlphaPose.git"
COMMIT = "c60106d19afb443e964df6f06ed1842962f5f1f7"
LICENCE_PAGE = "https://github.com/MVIG-SJTU/AlphaPose/blob/master/LICENSE"
LICENCE = "AlphaPose: academic, non-commercial, no redistribution"
SUMMARY = f"""\
AlphaPose belongs to Shanghai Jiao Tong University. Its licence, in short:
non-commercial research at an academic or non-profit organisation only; it may not be
passed on or sold; what is derived from it belongs to its owner; no warranty.
The whole text is {LICENCE_PAGE} and stands below once it is fetched.
"""

_ZOO = "https://github.com/MVIG-SJTU/AlphaPose/blob/master/docs/MODEL_ZOO.md"
_INSTALL = "https://github.com/MVIG-SJTU/AlphaPose/blob/master/docs/INSTALL.md"

ASSETS = {
    "weights17": Asset(
        name="fast_421_res152_256x192.pth",
        url=google_drive("1kfyedqyn8exjbbNmYq8XGd2EooQjPtF9"),
        # Nobody publishes its exact size or hash; the network's numbers take 333,434,964 bytes.
        about=334_000_000,
        container="torch",
        licence=LICENCE,
        page=f"{_ZOO} (MSCOCO, Fast Pose (DUC), ResNet152)",
        setting="poses.alphapose.weights17",
    ),
    "weights26": Asset(
        name="halpe26_fast_res50_256x192.pth",
        url=google_drive("1S-ROA28de-1zvLv-hVfPFJ5tFBYOSITb"),
        # As a public copy of it records them (Git LFS); its owner publishes neither.
        size=162_643_824,
        sha256="918ab95f00c36174a887ef02a7c734a65c7f3cc7ae0e7dc83e09c8a362d0b2ab",
        licence=LICENCE,
        page=f"{_ZOO} (Halpe, 26 keypoints, Fast Pose, ResNet50)",
        setting="poses.alphapose.weights26",
    ),
    "detector": Asset(
        name="yolov3-spp.weights",
        url=google_drive("1D47msNOOiJKvPOXlnpyzdKA3k6E97NTC"),
        # The size follows from the network; the hash is that of Darknet's own file.
        size=252_209_544,
        sha256="87a1e8c85c763316f34e428f2295e1db9ed4abcec59dd9544f8052f50de327b4",
        licence="YOLOv3 (Darknet): free for any use",
        page=f"{_INSTALL} (yolov3-spp.weights)",
        setting="poses.alphapose.detector",
    ),
}
"""What a run needs beside the source, by its key in ``poses.alphapose``."""


@dataclass(frozen=True)
class Model:
    """One of AlphaPose's models.

    Attributes
    ----------
    config : str
        Its file in the checkout.
    skeleton : str
        Its joints, a key of `choreo.pose.skeletons.SKELETONS`.
    weights : str
        Its key in `ASSETS`.
    """

    config: str
    skeleton: str
    weights: str


MODELS = {
    17: Model("configs/coco/resnet/256x192_res152_lr1e-3_1x-duc.yaml", "coco17", "weights17"),
    26: Model("configs/halpe_26/resnet/256x192_res50_lr1e-3_1x.yaml", "halpe26", "weights26"),
}
"""The rows AlphaPose1 and AlphaPose2 of the thesis's Table 1, by their number of joints."""

BATCHES = ((30, 64), (8, 16), (1, 4))
"""People a pose batch and frames a queue; each next pair for a run that ran out of memory."""

_MEMORY = re.compile(
    r"out of memory|can't allocate memory|cannot allocate memory|\bMemoryError\b|std::bad_alloc",
    re.IGNORECASE,
)
# Not those of "Exception ignored in", which change nothing.
_TRACEBACK = re.compile(r"^(?!Exception ignored in).*\n+Traceback \(most recent call last\)", re.M)
_REFUSED = re.compile(r"^launcher: refused: (.*)", re.M)
_CAUGHT = "An error as above occurs when processing the images"
_COUNTER = re.compile(r"\b(\d+)/(\d+) \[")
_WAITING = re.compile(r"Rendering remaining (\d+) images in the queue")
_SHORTER = re.compile(r"This video get (\d+) frames in total")


def _git(*arguments, folder):
    """Run git; give what it prints."""
    # It must not ask for a password at a terminal that nobody watches.
    # Nor may asking for the status refresh the index: the checkout may be the user's.
    environment = {
        **os.environ,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
    }
    # Set where a git hook runs us; they would point it at another repository.
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        environment.pop(name, None)
    # A connection that brings less than 1 kB/s for a minute is given up.
    slow = ["-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60"]
    try:
        done = subprocess.run(
            ["git", *slow, "-C", str(folder), *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise ConfigError(
            "AlphaPose's source is fetched with git, which can't be run: "
            f"{error.strerror or error}",
            remedy="Install git, or name a checkout of yours in poses.alphapose.checkout",
        ) from error
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise ConfigError(
            f"git {arguments[0]} failed: {said[-1] if said else f'status {done.returncode}'}"
        )
    return done.stdout.strip()


def commit_of(checkout: str | Path) -> tuple[str | None, bool | None]:
    """Tell what a checkout is: its commit, and whether its files were changed.

    Returns
    -------
    commit : str or None
        Hexadecimal; None where it is no git checkout, or git refuses to say.
    changed : bool or None
    """
    if not Path(checkout, ".git").exists():
        return None, None
    try:
        commit = _git("rev-parse", "HEAD", folder=checkout)
        changed = _git("status", "--porcelain", "--untracked-files=no", folder=checkout)
    except ConfigError:
        return None, None
    return commit, bool(changed)


def _accepted(accept_licence):
    """Show the licence's summary, and stop where it is not accepted."""
    print(SUMMARY, flush=True)
    if accept_licence is not True:
        raise ConfigError(
            "AlphaPose's licence is not accepted",
            where="config, poses.alphapose.accept_licence",
            value=accept_licence,
            remedy=f"Read {LICENCE_PAGE} and set it to true",
        )


def fetch_part(
    part: str, folder: str | Path, *, accept_licence: bool, terminal: TextIO | None = None
) -> dict[str, Any]:
    """Fetch weights once.

    Parameters
    ----------
    part : str
        A key of `ASSETS`.
    folder : str or Path
        Where it goes.
    accept_licence : bool
        Whether the user accepts AlphaPose's licence, whose summary is printed.
    terminal : file, optional
        For progress.

    Returns
    -------
    dict
        Its path, SHA-256, licence and address.

    Raises
    ------
    ConfigError
    """
    _accepted(accept_licence)
    asset = ASSETS[part]
    path = fetch(asset, folder, terminal=terminal)
    return {
        "path": str(path),
        "sha256": path.with_name(f"{path.name}.sha256").read_text().split()[0],
        "licence": asset.licence,
        "url": asset.url,
    }


def clone(
    folder: str | Path, *, accept_licence: bool, url: str = URL, commit: str = COMMIT
) -> Path:
    """Fetch AlphaPose's source at one commit, whole or not at all.

    Its licence is printed: a summary before anything is fetched, and the text after.

    Parameters
    ----------
    folder : str or Path
        Where the checkout shall be. One that is there already is used if it is at
        `commit` and unchanged.
    accept_licence : bool
        Whether the user accepts AlphaPose's licence; nothing is fetched otherwise.
    url : str
        The repository.
    commit : str
        Full hash of the commit.

    Returns
    -------
    Path
        The checkout.

    Raises
    ------
    ConfigError
        Without git, network or acceptance, or where another checkout is in the place.
    """
    folder = Path(folder)
    _accepted(accept_licence)
    if folder.exists():
        found, changed = commit_of(folder)
        if found != commit or changed:
            raise ConfigError(
                f"is not AlphaPose at commit {commit}"
                + (" but was changed" if changed else f" (found {found or 'no git checkout'})"),
                where=folder,
                remedy="Delete it, and it is fetched again; or name a checkout of yours in "
                "poses.alphapose.checkout",
            )
    else:
        with whole_folder(folder) as temporary:
            _fetch_commit(temporary, url, commit)
    licence = folder / "LICENSE"
    if licence.is_file():
        print(licence.read_text(encoding="utf-8", errors="replace"), flush=True)
    return folder


def _fetch_commit(folder, url, commit):
    try:
        _git("init", "--quiet", folder=folder)
        # One commit instead of the whole history.
        _git("fetch", "--quiet", "--depth", "1", "--", url, commit, folder=folder)
        _git("checkout", "--quiet", "--detach", commit, folder=folder)
        found = _git("rev-parse", "HEAD", folder=folder)
    except ConfigError as error:
        raise ConfigError(
            f"AlphaPose's source can't be fetched: {error.message}",
            where=url,
            remedy=error.remedy
            or f"On a machine with network: git clone {url} FOLDER and git -C FOLDER checkout "
            f"{commit}; then name FOLDER in poses.alphapose.checkout",
        ) from error
    if found != commit:
        raise ConfigError(f"gave commit {found}, not {commit}", where=url)


def check_checkout(checkout, model):
    """Refuse a folder that is no checkout of AlphaPose.

    Parameters
    ----------
    checkout : str or Path
    model : int
        A key of `MODELS`.

    Returns
    -------
    Path
        Its absolute path.

    Raises
    ------
    ConfigError
    """
    path = Path(checkout).expanduser()
    for name in (launcher.SCRIPT, MODELS[model].config):
        if not (path / name).is_file():
            raise ConfigError(
                f"is no checkout of AlphaPose: {name} is not there"
                if path.is_dir()
                else "there is no such folder",
                where=path,
                remedy="Mend poses.alphapose.checkout in the config; null fetches the source",
            )
    return path.resolve()


def located(part: str, given: str | None, resources: str | Path) -> Path:
    """Path of an asset: what the config names, else where it is downloaded to.

    Parameters
    ----------
    part : str
        A key of `ASSETS`.
    given : str or None
        The path of the config.
    resources : str or Path
        Folder of what is downloaded for all studies.
    """
    return Path(given).expanduser() if given else Path(resources) / ASSETS[part].name


class _Log:
    """What one run of AlphaPose has printed, out of a log that others write to as well."""

    def __init__(self, path):
        self._path = Path(path)
        self._start = self._path.stat().st_size if self._path.exists() else 0

    def text(self, last=None):
        """Give it from its beginning, or the `last` bytes of it."""
        if not self._path.exists():
            return ""
        with open(self._path, "rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self._start, end - last) if last else self._start)
            return file.read().decode(errors="replace")

    def progress(self):
        """Give something that changes while AlphaPose gets on.

        When its writer dies, it prints for ever how many frames still wait: the same
        number again is no progress.
        """
        text = self.text(last=16 << 10)
        done, waiting = _COUNTER.findall(text), _WAITING.findall(text)
        rest = _WAITING.sub("", text).rstrip("=> .\r\n")
        return done[-1:], waiting[-1:], rest[-200:]


def command_of(
    *, model, checkout, weights, detector, video, outdir, report, python, built, device, batch
):
    """Command that runs AlphaPose, in the folder of the checkout.

    Parameters
    ----------
    model : int
        A key of `MODELS`.
    checkout, weights, detector, video, outdir, report : Path
        Absolute paths.
    python : str
        The Python to run it with.
    built : bool
        Whether that Python has AlphaPose's compiled parts.
    device : {"auto", "cpu", "cuda"}
    batch : tuple of int
        One of `BATCHES`.

    Returns
    -------
    list of str
    """
    people, frames = batch
    return [
        str(python),
        str(Path(launcher.__file__).resolve()),
        *(["--built"] if built else []),
        *(["--cuda"] if device == "cuda" else []),
        f"--detector-weights={detector}",
        f"--report={report}",
        "--",
        f"--cfg={MODELS[model].config}",
        f"--checkpoint={weights}",
        f"--video={video}",
        f"--outdir={outdir}",
        "--detector=yolo",
        f"--gpus={-1 if device == 'cpu' else 0}",
        "--detbatch=1",
        f"--posebatch={people}",
        f"--qsize={frames}",
        "--sp",
    ]


def _python(given):
    """Give the Python to run it with; a path counts from here, not from the checkout."""
    if given is None:
        return sys.executable
    path = Path(given).expanduser()
    # Not resolved: a virtual environment is known by the link to its Python.
    return str(path.absolute()) if os.sep in given else given


def _environment(checkout, threads):
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "MPLBACKEND": "Agg",
        # A progress bar a second would fill the log of a long video.
        "TQDM_MININTERVAL": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(checkout), os.environ.get("PYTHONPATH")])),
    }
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        environment[name] = str(threads)
    return environment


class _OutOfMemory(Exception):
    """AlphaPose needs more memory than there is."""


def _attempt(command, *, checkout, threads, log, stall_seconds, poll_seconds, video):
    """Run AlphaPose once; give the seconds and what it said."""
    said = _Log(log)
    try:
        seconds = run_tool(
            command,
            cwd=checkout,
            env=_environment(checkout, threads),
            log=log,
            progress=said.progress,
            stall_seconds=stall_seconds,
            poll_seconds=poll_seconds,
            name="AlphaPose",
            where=video,
        )
    except (ToolError, ToolAccident) as error:
        if _died_of_memory(error, said):
            raise _OutOfMemory(error.message) from error
        if refused := _REFUSED.findall(said.text()):
            raise ConfigError(refused[-1], where=checkout) from error
        raise
    text = said.text()
    if _TRACEBACK.search("\n" + text) or _CAUGHT in text:
        if _MEMORY.search(text):
            raise _OutOfMemory(_cause(text))
        raise ItemError(
            "AlphaPose reported success after an error",
            where=video,
            value=_cause(text),
            remedy=f"{log} has all that it said",
        )
    return seconds, said


def _died_of_memory(error, said):
    # What the system does to the largest process; 137 is that seen through a shell.
    killed = error.status in (-signal.SIGKILL, 128 + signal.SIGKILL)
    return killed or bool(_MEMORY.search(said.text(last=64 << 10)))


def _cause(text):
    """Last line of the last traceback, or the line before AlphaPose's own excuse."""
    lines = [line for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if _CAUGHT in line and number:
            return lines[number - 1][:200]
    start = max(n for n, line in enumerate(lines) if line.startswith("Traceback"))
    after = [line for line in lines[start + 1 :] if not line.startswith(" ")]
    return (after or lines[-1:])[0][:200]


def _check_frames_read(said, frames, video):
    """Refuse a run in which AlphaPose saw another number of frames than ffmpeg."""
    text = said.text()
    read = [int(n) for n in _SHORTER.findall(text)] or [int(n) for _, n in _COUNTER.findall(text)]
    if read and read[-1] != frames:
        raise ItemError(
            f"AlphaPose's OpenCV reads {read[-1]} frames, the video has {frames}",
            where=video,
            remedy="Standardise the video again; its length must not depend on the reader",
        )


def _check_people(path, model, frames, video, weights):
    """Read what AlphaPose wrote, and refuse what shows that something went wrong."""
    detections = read_detections(
        path, frames=frames, skeleton=MODELS[model].skeleton, first_frame=0, nan=False
    )
    seen = check_coverage(
        detections,
        tool="AlphaPose",
        where=video,
        remedy=f"Likely its weights are not the right ones or were cut: {weights}; or the "
        "video shows nobody",
    )
    return {"people": len(detections), "frames_with_people": seen, "frames": frames}


def run(
    video: str | Path,
    output_json: str | Path,
    record_json: str | Path,
    *,
    model: int,
    checkout: str | Path,
    weights: str | Path,
    detector: str | Path,
    python: str | None = None,
    device: str = "auto",
    stall_seconds: float,
    frames: int,
    log: str | Path,
    threads: int = 1,
    poll_seconds: float = 1.0,
) -> dict[str, Any]:
    """Run AlphaPose on one video.

    Parameters
    ----------
    video : str or Path
        A standardised video; its path may hold any characters.
    output_json : str or Path
        Where ``alphapose-results.json`` goes: everyone in every frame, in pixels of the
        video. What lies there before is removed first.
    record_json : str or Path
        Where the record goes: tool, commit, SHA-256 of the weights, command, device,
        seconds, attempts, and how much was found.
    model : {17, 26}
        Number of joints.
    checkout : str or Path
        AlphaPose's source; nothing is written to it.
    weights, detector : str or Path
        The files of `ASSETS`.
    python : str, optional
        Python of a checkout that was built, which has its compiled parts; without it
        ours, with stand-ins for them.
    device : {"auto", "cpu", "cuda"}
        "auto" takes a GPU where torch finds one.
    stall_seconds : float
        It is stopped after so long without progress.
    frames : int
        Decoded frames of the video.
    log : str or Path
        File to which its messages are added.
    threads : int
        CPU threads.
    poll_seconds : float
        How often it is looked at.

    Returns
    -------
    dict
        The record.

    Raises
    ------
    ConfigError
        Where the checkout, the weights or the settings can't be used.
    ItemError
        Where it fails, hangs, or finds nobody.
    AccidentError
        Where it is killed, or has too little memory even with small batches.
    """
    output_json, record_json = Path(output_json), Path(record_json)
    for old in (output_json, record_json):
        old.unlink(missing_ok=True)
    checkout = check_checkout(checkout, model)
    parts = {MODELS[model].weights: Path(weights), "detector": Path(detector)}
    hashes = {ASSETS[part].name: verify(path, ASSETS[part]) for part, path in parts.items()}
    commit, changed = commit_of(checkout)
    attempts: list[dict[str, Any]] = []
    with private_folder(video) as (folder, working):
        for batch in BATCHES:
            outdir = folder / f"out{len(attempts)}"
            outdir.mkdir()
            report = folder / "report.json"
            command = command_of(
                model=model,
                checkout=checkout,
                weights=Path(weights).resolve(),
                detector=Path(detector).resolve(),
                video=working,
                outdir=outdir,
                report=report,
                python=_python(python),
                built=python is not None,
                device=device,
                batch=batch,
            )
            print(f"AlphaPose: {' '.join(command)}", flush=True)
            attempts.append({"posebatch": batch[0], "qsize": batch[1]})
            try:
                seconds, said = _attempt(
                    command,
                    checkout=checkout,
                    threads=threads,
                    log=log,
                    stall_seconds=stall_seconds,
                    poll_seconds=poll_seconds,
                    video=video,
                )
                break
            except _OutOfMemory as error:
                attempts[-1]["out_of_memory"] = str(error)
                print(f"AlphaPose: out of memory: {attempts[-1]}", flush=True)
        else:
            raise AccidentError(
                "AlphaPose needs more memory than there is, even with the smallest batches",
                where=video,
                remedy=f"Give it more memory, or a smaller picture (videos.height); {log} has all "
                "that it said",
            )
        results = outdir / launcher.RESULTS
        if not results.is_file():
            raise ItemError(
                f"AlphaPose ended without an error and without {launcher.RESULTS}",
                where=video,
                remedy=f"{log} has all that it said",
            )
        _check_frames_read(said, frames, video)
        found = _check_people(results, model, frames, video, " and ".join(map(str, parts.values())))
        record = {
            "tool": "AlphaPose",
            "url": URL,
            "commit": commit,
            "changed": changed,
            "licence": LICENCE,
            "config": MODELS[model].config,
            "weights": hashes,
            "command": [part.replace(str(folder), "WORK") for part in command],
            "attempts": attempts,
            "seconds": round(seconds, 3),
            **_reported(report, device),
            **found,
        }
        with whole(output_json) as temporary:
            shutil.copyfile(results, temporary)
    write_json(record_json, record)
    return record


def _reported(report, device):
    """What the launcher found out about the machine."""
    try:
        return json.loads(report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"device": device}
