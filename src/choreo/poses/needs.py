"""What the chosen estimators need on this machine, looked up before anything runs.

Imported while the DAG is built, so nothing heavy is imported here.
"""

import os
import shutil
from pathlib import Path

from choreo.errors import ConfigError


def check(estimator, poses):
    """Look for the programs, paths and images that the config names for an estimator.

    Parameters
    ----------
    estimator : str
        One of `choreo.config.FOREIGN`.
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
    tool, joints = estimator[:-2], estimator[-2:]
    if tool == "openpose":
        return _openpose(poses.openpose)
    if tool == "alphapose":
        return _alphapose(poses.alphapose, joints, poses.resources)
    return _rtmpose(poses.rtmpose, joints)


def _path(key, given, *, there=Path.is_file, what="file", remedy):
    """Refuse a path of the config that does not exist; None is none."""
    if given is not None and not there(Path(given).expanduser()):
        raise ConfigError(
            f"there is no such {what}", where=f"config, poses.{key}", value=given, remedy=remedy
        )


def _is_program(path):
    return path.is_file() and os.access(path, os.X_OK)


def _openpose(settings):
    """Look for OpenPose: its program, or the image and what runs it."""
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


def _alphapose(settings, joints, resources):
    """Look for AlphaPose's checkout, Python and weights, where the config names them."""
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
    for key in (f"weights{joints}", "detector"):
        _path(f"alphapose.{key}", getattr(settings, key), remedy="Mend the path; null downloads it")
    fetched = Path(resources, "alphapose", "source").exists()
    if settings.checkout is None and not fetched and shutil.which("git") is None:
        return [
            "poses.alphapose.checkout: git is not on PATH here, and AlphaPose's source can't be "
            "fetched without it. Install git, or name a checkout of yours"
        ]
    return []


def _rtmpose(settings, joints):
    """Look for RTMPose's networks, where the config names them."""
    for key in (f"weights{joints}", "detector"):
        _path(f"rtmpose.{key}", getattr(settings, key), remedy="Mend the path; null downloads it")
    return []
