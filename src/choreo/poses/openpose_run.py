"""OpenPose (BODY_25), run on one video: a program of its own, or an Apptainer image.

OpenPose writes a small JSON file a frame. They are counted to see whether it gets on,
checked against the decoded frames of the video, and packed into one file that
`choreo.poses.formats.openpose` reads. Everyone in the picture is kept: the dancer is chosen
later, by the same selector for every estimator.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from choreo.errors import ConfigError, ItemError
from choreo.files import sha256, whole, write_json
from choreo.poses.coverage import check_coverage
from choreo.poses.estimator_weights import Asset, verify
from choreo.poses.external import ToolAccident, private_folder, run_tool
from choreo.poses.formats import native
from choreo.poses.formats.openpose import read_detections

LICENCE = "OpenPose: non-commercial research"

WEIGHTS = Asset(
    name="pose_iter_584000.caffemodel",
    # OpenPose's own installer fetches it; its host is unreliable and has no https.
    url="",
    size=104_715_850,
    md5="78287b57cf85fa89c03f1393d368e5b7",
    licence=LICENCE,
    page="https://github.com/CMU-Perceptual-Computing-Lab/openpose",
    setting="poses.openpose.models",
)

WEIGHTS_PLACE = f"pose/body_25/{WEIGHTS.name}"
"""Where the weights lie in OpenPose's folder of models."""

IMAGE_PROGRAM = "/openpose/build/examples/openpose/openpose.bin"
"""The program in the image cwaffles/openpose."""

IMAGE_MODELS = "/openpose/models"

_NAME = re.compile(r"video_([0-9]{12})_keypoints\.json")


def _check_net_resolution(text):
    sides = [int(side) for side in text.split("x")]
    good = [side == -1 or (side > 0 and side % 16 == 0) for side in sides]
    if len(sides) != 2 or not all(good) or sides == [-1, -1]:
        raise ConfigError(
            "each side must be a multiple of 16, and one of them may be -1",
            where="config, poses.openpose.net_resolution",
            value=text,
            remedy="OpenPose's own choice is -1x368; -1x256 needs less memory",
        )


def _program(program):
    """Find the program on this machine."""
    if program is None:
        found = shutil.which("openpose.bin")
        if found is None:
            raise ConfigError(
                "OpenPose is not on this machine: there is no openpose.bin on PATH",
                remedy="Name it in poses.openpose.program, or run it in Apptainer with "
                "poses.openpose.image: docker://cwaffles/openpose",
            )
        return Path(found).resolve()
    path = Path(program).expanduser()
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise ConfigError(
            "is no program that can be run" if path.exists() else "no such program",
            where=f"config, poses.openpose.program: {path}",
            remedy="Name openpose.bin, in a build usually build/examples/openpose/openpose.bin",
        )
    return path.resolve()


def _models(models, program):
    """Find the folder of models: as given, else beside the program or above it."""
    if models is not None:
        folders = [Path(models).expanduser()]
    else:
        folders = [parent / "models" for parent in program.parents]
    for folder in folders:
        if (folder / WEIGHTS_PLACE).is_file():
            return folder.resolve()
    raise ConfigError(
        f"OpenPose's weights are not there: no {WEIGHTS_PLACE} in "
        + (str(folders[0]) if models is not None else f"a folder `models` at or above {program}"),
        remedy="Name OpenPose's folder of models in poses.openpose.models; "
        f"{WEIGHTS.page} tells how it is filled",
    )


def apptainer():
    """Path of Apptainer, or of Singularity, its name until 2021.

    Raises
    ------
    ConfigError
        Where neither is on PATH.
    """
    found = shutil.which("apptainer") or shutil.which("singularity")
    if found is None:
        raise ConfigError(
            "poses.openpose.image needs Apptainer, which is not on PATH",
            remedy="Install it (https://apptainer.org), or name a built OpenPose in "
            "poses.openpose.program",
        )
    return found


def pull(image: str, output: str | Path, *, log: str | Path, stall_seconds: float) -> None:
    """Fetch an image once, as one file.

    Parameters
    ----------
    image : str
        An address that Apptainer knows, such as ``docker://cwaffles/openpose``.
    output : str or Path
        The .sif file, written whole or not at all.
    log : str or Path
        Where Apptainer's own words go.
    stall_seconds : float
        Give up after so long without a word of it.

    Raises
    ------
    ConfigError
        Where there is no Apptainer, or the image can't be fetched.
    """
    try:
        with whole(output) as temporary:
            run_tool(
                [apptainer(), "pull", "--force", temporary, image],
                cwd=temporary.parent,
                log=log,
                progress=None,
                stall_seconds=stall_seconds,
                name="apptainer pull",
                where=image,
            )
    except ItemError as error:
        raise error.restated(
            ConfigError,
            where=image,
            remedy="Fetch it by hand (`apptainer pull openpose.sif IMAGE`) and name the file in "
            "poses.openpose.image",
        ) from error


def _in_image(start, command, name):
    """Output of a short command in the image."""
    try:
        done = subprocess.run(
            [*start, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=300,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = (error.stderr or b"").decode(errors="replace").strip().splitlines()
        raise ConfigError(
            f"{name} can't be read in the image: {said[-1] if said else 'no message'}",
            where="config, poses.openpose.image",
            remedy="Use docker://cwaffles/openpose, or name a folder of models in "
            "poses.openpose.models",
        ) from error
    return done.stdout.decode(errors="replace")


def _image_weights(start, folder):
    """Check the weights in the image; give their SHA-256."""
    path = f"{folder}/{WEIGHTS_PLACE}"
    md5, sha = (
        _in_image(start, [program, path], path).split(" ")[0].lstrip("\\")
        for program in ("md5sum", "sha256sum")
    )
    if md5 != WEIGHTS.md5:
        raise ConfigError(
            f"{WEIGHTS.name} in the image is not the published file: its MD5 is {md5}, not "
            f"{WEIGHTS.md5}",
            where="config, poses.openpose.image",
            remedy="Name a folder with whole weights in poses.openpose.models",
        )
    return sha


def _started(program, image, models, work, gpu):
    """Give the command's beginning, OpenPose's folder of models, and what is known of both."""
    if image is None:
        program = _program(program)
        models = _models(models, program)
        known = {
            "program": str(program),
            "program_sha256": sha256(program),
            "weights_sha256": verify(models / WEIGHTS_PLACE, WEIGHTS),
        }
        # Its path may hold any characters; OpenPose gets a plain one.
        (work / "models").symlink_to(models, target_is_directory=True)
        return [str(program)], f"{work}/models/", known
    if not Path(image).is_file():
        raise ConfigError("no such image", where=f"config, poses.openpose.image: {image}")
    image = Path(image).resolve()
    # --nv without a GPU prints warnings that hide what matters.
    start = [apptainer(), "exec", *(["--nv"] if gpu else []), "--bind", f"{work}:{work}"]
    known = {
        "image": str(image),
        "image_sha256": sha256(image),
        "program": program or IMAGE_PROGRAM,
    }
    if models is None:
        inside = [*start, "--pwd", str(work), str(image)]
        known["weights_sha256"] = _image_weights(inside, IMAGE_MODELS)
        return [*inside, known["program"]], f"{IMAGE_MODELS}/", known
    folder = _models(models, None)
    known["weights_sha256"] = verify(folder / WEIGHTS_PLACE, WEIGHTS)
    if re.search("[:,]", str(folder)):
        raise ConfigError(
            "Apptainer can't bind a folder with a colon or a comma in its path",
            where=f"config, poses.openpose.models: {folder}",
        )
    start += ["--bind", f"{folder}:/models:ro", "--pwd", str(work), str(image)]
    return [*start, known["program"]], "/models/", known


def _frame_files(folder):
    """Give the files of a folder by the frame number in their names."""
    files = {}
    for path in folder.iterdir():
        if match := _NAME.fullmatch(path.name):
            files[int(match[1])] = path
    return files


def _check_frames(numbers, frames, where, log):
    """Refuse an output that lacks a frame; the last may be missing or there twice."""
    if not numbers:
        raise ItemError(
            "OpenPose ended without an error and wrote nothing",
            where=where,
            remedy=f"{log} has all that it said; a CUDA build needs a GPU that it can see",
        )
    missing = sorted(set(range(frames - 1)) - set(numbers))
    if missing:
        raise ItemError(
            f"OpenPose left out {len(missing)} of {frames} frames, the first is {missing[0]}",
            where=where,
            remedy=f"Run it again; {log} has all that it said",
        )
    if max(numbers) > frames:
        raise ItemError(
            f"OpenPose wrote frame {max(numbers)}, but the video has {frames} frames",
            where=where,
            remedy="OpenPose and ffmpeg decode this video differently; standardise it again",
        )


def _pack(files, frames, output):
    """Write the objects of all frames as one list, in order."""
    with open(output, "w", encoding="utf-8") as file:
        file.write("[")
        for number in sorted(files):
            if number < frames:
                value = native.load(files[number], nan=False)
                text = json.dumps(value, separators=(",", ":"), allow_nan=False)
                file.write((",\n" if number else "\n") + text)
        file.write("\n]\n")


def run(
    video: str | Path,
    output: str | Path,
    record_json: str | Path,
    *,
    program: str | None = None,
    image: str | Path | None = None,
    models: str | None = None,
    net_resolution: str = "-1x368",
    gpu: bool,
    stall_seconds: float,
    frames: int,
    log: str | Path,
    poll_seconds: float = 1.0,
) -> None:
    """Run OpenPose on one video.

    Parameters
    ----------
    video : str or Path
        A standardised video; its path may hold any characters.
    output : str or Path
        JSON: the list of what OpenPose wrote for each frame, in order. Coordinates are
        pixels of the video (``--keypoint_scale 0``).
    record_json : str or Path
        JSON: tool, program or image, SHA-256 of it and of the weights, the full command
        (WORK is the private folder), device, seconds, frames that it wrote.
    program : str, optional
        Path of openpose.bin, without it the one on PATH; with `image`, its path in there.
    image : str or Path, optional
        A .sif file, see `pull`.
    models : str, optional
        OpenPose's folder of models; without it the one beside the program, or in the image.
    net_resolution : str
        ``WIDTHxHEIGHT`` of the network's input.
    gpu : bool
        Whether this machine has a GPU. OpenPose is never told to do without one: a CPU
        build needs no word for it, and ``--num_gpu 0`` makes it do nothing at all.
    stall_seconds : float
        Stop it after so long without a new frame.
    frames : int
        Decoded frames of the video.
    log : str or Path
        File to which what OpenPose prints is added.
    poll_seconds : float
        How often frames are counted.

    Raises
    ------
    ItemError
        Where it fails, stalls, leaves out a frame, or finds somebody in less than
        `choreo.poses.coverage.MIN_COVERAGE` of the frames.
    ConfigError
        Where the program, image or models can't be used, or the weights are not whole.
    """
    _check_net_resolution(net_resolution)
    with private_folder(video, link=image is None) as (work, working):
        start, models, known = _started(program, image, models, work, gpu)
        written = work / "json"
        written.mkdir()
        command = [
            *start,
            *("--video", str(working)),
            *("--write_json", f"{written}/"),
            *("--display", "0"),
            *("--render_pose", "0"),
            *("--model_pose", "BODY_25"),
            *("--model_folder", models),
            *("--net_resolution", net_resolution),
            *("--keypoint_scale", "0"),
            *("--number_people_max", "-1"),
        ]
        try:
            seconds = run_tool(
                command,
                cwd=work,
                log=log,
                progress=lambda: len(os.listdir(written)),
                stall_seconds=stall_seconds,
                poll_seconds=poll_seconds,
                name="OpenPose",
                where=video,
            )
        except ToolAccident as error:
            if "out of memory" in error.message.lower():
                error.remedy = (
                    f"Make poses.openpose.net_resolution smaller, such as -1x256; {error.remedy}"
                )
            raise
        files = _frame_files(written)
        _check_frames(files, frames, video, log)
        with whole(output) as temporary:
            try:
                _pack(files, frames, temporary)
                found = read_detections(temporary, frames=frames, skeleton="body25")
            except ItemError as error:
                # Both files are gone when somebody reads this.
                said = str(error).replace(f"{written}/", "").replace(str(temporary), "all frames")
                raise ItemError(
                    f"what OpenPose wrote is damaged: {said}", where=video, remedy="Run it again"
                ) from error
            check_coverage(
                found,
                tool="OpenPose",
                where=video,
                remedy="Its weights are whole (size and MD5). "
                + ("" if gpu else "No GPU is here, and a CUDA build finds nothing without. ")
                + f"Look at the video and at {log}",
            )
    write_json(
        record_json,
        {
            "tool": "OpenPose BODY_25",
            "licence": LICENCE,
            **known,
            "weights_md5": WEIGHTS.md5,
            "command": [part.replace(str(work), "WORK") for part in command],
            "device": "cuda" if gpu else "cpu",
            "frames_written": len(files),
            "seconds": round(seconds, 3),
        },
    )
