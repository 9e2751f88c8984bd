"""Every estimator by its name, and what it needs on this machine.

Config, rules and docs read the names from here. Imported while the DAG is built, so nothing
heavy is imported.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from choreo.errors import ConfigError
from choreo.pose.skeletons import SKELETONS

ESTIMATORS: dict[str, "Estimator"] = {}
"""Estimator by name, filled by `estimators`."""


@dataclass(frozen=True)
class Estimator:
    """A way to get the poses of a video.

    Attributes
    ----------
    name : str
        As in ``poses.estimators`` of a config.
    text : str
        What it is, in one line.
    skeleton : str
        Key of `choreo.pose.skeletons.SKELETONS`.
    rule : str
        The rule that runs it.
    lacks : callable
        Looks for its programs and paths; see `check`.
    tool : str or None
        Its section of ``poses`` in a config.
    format : str or None
        Format of its file of everyone (`choreo.poses.formats.registry.FORMATS`); None where it
        gives the track of one person.
    licence : str or None
        What must be accepted before it is fetched or run.
    filmed : bool
        Whether it looks at the video.
    """

    name: str
    text: str
    skeleton: str
    rule: str
    lacks: Callable[["Estimator", Any], list[str]]
    tool: str | None = None
    format: str | None = None
    licence: str | None = None
    filmed: bool = True

    @property
    def joints(self) -> int:
        """Number of joints."""
        return len(SKELETONS[self.skeleton])

    @property
    def weights(self) -> str:
        """The setting of its tool that names its network."""
        return f"weights{self.joints}"


def estimators(text, skeletons, **more):
    """Register estimators, name -> skeleton; the decorated function is their `lacks`."""

    def add(lacks):
        for name, skeleton in skeletons.items():
            ESTIMATORS[name] = Estimator(name, text, skeleton, lacks=lacks, **more)
        return lacks

    return add


def check(name, poses):
    """Look for the programs, paths and images that the config names for an estimator.

    Parameters
    ----------
    name : str
        Key of `ESTIMATORS`.
    poses : choreo.config.Poses

    Returns
    -------
    list of str
        What is not on PATH here, with the remedy. No error: a machine that only plans does
        not need it.

    Raises
    ------
    ConfigError
        Where a path of the config does not exist, with its key.
    """
    return ESTIMATORS[name].lacks(ESTIMATORS[name], poses)


def _path(key, given, *, there=Path.is_file, what="file", remedy):
    """Refuse a path of the config that does not exist; None is none."""
    if given is not None and not there(Path(os.path.expanduser(given))):
        raise ConfigError(
            f"there is no such {what}", where=f"config, poses.{key}", value=given, remedy=remedy
        )


def _is_program(path):
    return path.is_file() and os.access(path, os.X_OK)


@estimators(
    "MediaPipe made worse on purpose",
    {"mediapipe17_small": "coco17"},
    rule="mediapipe_small_poses",
)
@estimators(
    "MediaPipe, both from one run",
    {"mediapipe17": "coco17", "mediapipe26": "halpe26"},
    rule="mediapipe_poses",
)
def _mediapipe(estimator, poses):
    """Nothing: its models lie in its package."""
    return []


@estimators(
    "AlphaPose1 and AlphaPose2 of the thesis, from their authors' source",
    {"alphapose17": "coco17", "alphapose26": "halpe26"},
    rule="alphapose_people",
    tool="alphapose",
    format="alphapose",
    licence="non-commercial research at an academic or non-profit organisation, no "
    "redistribution: https://github.com/MVIG-SJTU/AlphaPose/blob/master/LICENSE",
)
def _alphapose(estimator, poses):
    """Look for AlphaPose's checkout, Python and weights, where the config names them."""
    settings = poses.alphapose
    _path(
        "alphapose.checkout",
        settings.checkout,
        there=Path.is_dir,
        what="folder",
        remedy="Name your checkout of AlphaPose; null fetches the source",
    )
    _path(
        "alphapose.python",
        settings.python,
        # A name without a folder is looked up on PATH.
        there=lambda path: shutil.which(path) is not None,
        what="program",
        remedy="Name the Python that your checkout was built for; null takes ours",
    )
    for key in (estimator.weights, "detector"):
        _path(f"alphapose.{key}", getattr(settings, key), remedy="Mend the path; null downloads it")
    fetched = Path(poses.resources, "alphapose", "source").exists()
    if settings.checkout is None and not fetched and shutil.which("git") is None:
        return [
            "poses.alphapose.checkout: git is not on PATH here, and AlphaPose's source can't be "
            "fetched without it. Install git, or name a checkout of yours"
        ]
    return []


@estimators(
    "OpenPose BODY_25",
    {"openpose25": "body25"},
    rule="openpose_people",
    tool="openpose",
    format="openpose",
    licence="non-commercial research at an academic or non-profit organisation: "
    "https://github.com/CMU-Perceptual-Computing-Lab/openpose/blob/master/LICENSE",
)
def _openpose(estimator, poses):
    """Look for OpenPose: its program, or the image and what runs it."""
    settings = poses.openpose
    _path(
        "openpose.models",
        settings.models,
        there=Path.is_dir,
        what="folder",
        remedy="Name OpenPose's folder of models; null takes the one beside the program",
    )
    if settings.image:
        if "://" not in settings.image:
            _path(
                "openpose.image",
                settings.image,
                remedy="Name a .sif file, or an address such as docker://cwaffles/openpose",
            )
        if not (shutil.which("apptainer") or shutil.which("singularity")):
            return [
                "poses.openpose.image: Apptainer is not on PATH here, and openpose25 will fail "
                "without it. Install it (https://apptainer.org), or name a built OpenPose in "
                "poses.openpose.program"
            ]
        return []
    _path(
        "openpose.program",
        settings.program,
        there=_is_program,
        what="program",
        remedy="Name openpose.bin, in a build usually build/examples/openpose/openpose.bin",
    )
    if settings.program is None and shutil.which("openpose.bin") is None:
        return [
            "poses.openpose.program: there is no openpose.bin on PATH here, and openpose25 will "
            "fail without it. Name it, or run it in Apptainer with "
            "poses.openpose.image: docker://cwaffles/openpose"
        ]
    return []


@estimators(
    "RTMPose, a modern row",
    {"rtmpose17": "coco17", "rtmpose26": "halpe26"},
    rule="rtmpose_people",
    tool="rtmpose",
    format="alphapose",
)
def _rtmpose(estimator, poses):
    """Look for RTMPose's networks, where the config names them."""
    for key in (estimator.weights, "detector"):
        _path(
            f"rtmpose.{key}", getattr(poses.rtmpose, key), remedy="Mend the path; null downloads it"
        )
    return []


@estimators(
    "true joints of the demo's dancers with known faults, without a picture",
    {"simulated": "coco17"},
    rule="simulated_poses",
    filmed=False,
)
def _simulated(estimator, poses):
    return []
