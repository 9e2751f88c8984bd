"""Every pose format by its name: what `choreo import`, `choreo export` and studies use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from choreo.errors import ConfigError
from choreo.files.outside import reading
from choreo.poses.formats import native

if TYPE_CHECKING:
    from choreo.pose.track import PoseTrack
    from choreo.poses.detections import Detections

FORMATS: dict[str, Format] = {}
"""Format by name, filled by `pose_format`."""


@dataclass(frozen=True)
class Format:
    """A file format of poses.

    Attributes
    ----------
    name : str
        As in ``choreo import NAME`` and ``poses.imports`` of a config.
    files : str
        What is read and written.
    text : str
        What it is, in one line.
    module : callable
        Gives the module with ``write`` and, where it is read, ``read_detections`` and ``META``.
    options : tuple of str
        What its reader may be told beside `frames` and `skeleton`.
    counted : bool
        Whether the released code counts its entries (`choreo.comparison.released_counts`).
    read : bool
        Whether it is read, too.
    ending : str or None
        A dance with a name that ends so is written in this format where no other is named.
    skeleton : str or None
        The joints that its readers look for; a dance is brought to them.
    """

    name: str
    files: str
    text: str
    module: Callable[[], ModuleType]
    options: tuple[str, ...] = ()
    counted: bool = False
    read: bool = True
    ending: str | None = None
    skeleton: str | None = None


def pose_format(name, files, text, *options, **attributes):
    """Register what the decorated function imports, so that a job needs its format alone."""

    def add(module):
        FORMATS[name] = Format(name, files, text, module, options, **attributes)
        return module

    return add


@pose_format(
    "alphapose",
    ".json",
    "alphapose-results.json, tracked or not, and Pose Flow's forvis files",
    "first_frame",
    counted=True,
    skeleton="coco17",
)
def _alphapose():
    from choreo.poses.formats import alphapose

    return alphapose


@pose_format(
    "openpose",
    "folder of .json, or .json",
    "what OpenPose's --write_json writes",
    "first_frame",
    counted=True,
    skeleton="openpose18",
)
def _openpose():
    from choreo.poses.formats import openpose

    return openpose


@pose_format(
    "coco",
    ".json",
    "COCO keypoint results; image_id is the frame",
    "first_frame",
    ending=".json",
    skeleton="coco17",
)
def _coco():
    from choreo.poses.formats import coco

    return coco


@pose_format(
    "mmpose", ".json", "MMPose's predictions for a video", "first_frame", skeleton="coco17"
)
def _mmpose():
    from choreo.poses.formats import mmpose

    return mmpose


@pose_format("aist", ".pkl", "AIST++ keypoints2d, one camera of it", "view", skeleton="coco17")
def _aist():
    from choreo.poses.formats import aist

    return aist


@pose_format(
    "deeplabcut", ".h5, .csv", "DeepLabCut's tables, single- and multi-animal", "first_frame"
)
def _deeplabcut():
    from choreo.poses.formats import deeplabcut

    return deeplabcut


@pose_format("movement", ".nc", "movement's netCDF layout, all individuals", "fps", ending=".nc")
def _movement():
    from choreo.poses.formats import movement

    return movement


@pose_format(
    "csv", ".csv", "a row a frame and joint, as data frames like it", read=False, ending=".csv"
)
def _long_table():
    from choreo.poses.formats import long_table

    return long_table


@pose_format("trc", ".trc", "markers for OpenSim and Mokka, z = 0", read=False, ending=".trc")
def _trc():
    from choreo.poses.formats import trc

    return trc


@pose_format("bvh", ".bvh", "a planar skeleton for Blender and others", read=False, ending=".bvh")
def _bvh():
    from choreo.poses.formats import bvh

    return bvh


def read_formats() -> list[str]:
    """Names of the formats that are read: what `choreo import` and ``poses.imports`` take."""
    return [name for name, entry in FORMATS.items() if entry.read]


def format_by_ending(ending: str) -> str | None:
    """Name of the format in which a dance is written whose file ends so; None: none."""
    for name, entry in FORMATS.items():
        if entry.ending == ending:
            return name
    return None


def _module(name, *, to_read=False):
    names = read_formats() if to_read else list(FORMATS)
    if name not in names:
        what = "this format is written, and not read" if name in FORMATS else "unknown format"
        raise ConfigError(what, value=name, remedy=f"Formats: {', '.join(names)}")
    return FORMATS[name].module()


def _reading(format, path):
    remedy = (
        "Write it again with its tool, or name the format that it has (`choreo import --help`; "
        f"{format} is for {FORMATS[format].files})"
    )
    return reading(path, f"a file of {format}", remedy=remedy)


def read_detections(
    format: str,
    path: str | Path,
    *,
    frames: int | None = None,
    skeleton: str | None = None,
    **options: Any,
) -> Detections:
    """Read everyone of a file.

    Parameters
    ----------
    format : str
        One of `read_formats`.
    path : str or Path
        The file, or OpenPose's folder.
    frames : int, optional
        Decoded frames of the video; without it the file's last frame + 1.
    skeleton : str, optional
        A key of `choreo.pose.skeletons.SKELETONS`, where the file can't tell.
    **options
        Those of `Format.options`; None counts as not said.

    Raises
    ------
    ItemError
        Where the file is not of this format, or does not tell what must be known.
    ConfigError
        For an unknown format, or an option that it does not have.
    """
    module = _module(format, to_read=True)
    said = {key: value for key, value in options.items() if value is not None}
    for key in said:
        if key not in FORMATS[format].options:
            having = [name for name, entry in FORMATS.items() if key in entry.options]
            raise ConfigError(
                f"{format} has no option {key.replace('_', '-')}",
                value=said[key],
                remedy=f"It is for {', '.join(having)}" if having else None,
            )
    with _reading(format, path):
        native.refuse_other(path, f"a file of {format}")
        return module.read_detections(path, frames=frames, skeleton=skeleton, **said)


def rate(format: str, path: str | Path) -> float | None:
    """Frames a second that a file says itself.

    Parameters
    ----------
    format : str
        One of `read_formats`.
    path : str or Path

    Returns
    -------
    float or None
        None where it says nothing, or the format can't.

    Raises
    ------
    ItemError
        Where the file is not of this format.
    ConfigError
        For an unknown format.
    """
    module = _module(format, to_read=True)
    if "fps" not in FORMATS[format].options:
        return None
    with _reading(format, path):
        return module.rate(path)


def read(
    format: str,
    path: str | Path,
    *,
    fps: float,
    size: tuple[int, int],
    frames: int | None = None,
    skeleton: str | None = None,
    units: str | None = None,
    pick: str | None = None,
    linker: str = "poses",
    video: str | Path | None = None,
    **options: Any,
) -> PoseTrack:
    """Read the track of a file's dancer.

    Parameters
    ----------
    format, path, frames, skeleton
        As in `read_detections`.
    fps : float
        Frames a second of the video.
    size : tuple of int
        Width and height of the video in pixels.
    units : {None, "pixels", "share"}
        What the coordinates are in, where the file looks otherwise
        (`choreo.poses.formats.extent`).
    pick, linker, video
        Who the dancer is, as in `choreo.poses.selection.select_dancer`. Nobody is chosen
        where no frame has two people.
    **options
        Those of `Format.options`.

    Returns
    -------
    PoseTrack
        Coordinates as the file has them, some outside the picture too. ``meta`` has
        ``estimator``, ``format``, ``source``, ``frames_from`` ("video", or "the file's last
        frame", after which frames with nobody are unknown) and, where someone was chosen,
        ``dancer``.

    Raises
    ------
    ItemError, ConfigError
        As `read_detections`, and where nobody was found, or the poses can't be those of
        a dancer in this picture (`choreo.poses.formats.extent`).
    """
    from choreo.poses.formats.extent import in_pixels, scores_to_one
    from choreo.poses.formats.tracks import track_of

    if format in FORMATS and "fps" in FORMATS[format].options:
        options["fps"] = fps
    detections = read_detections(format, path, frames=frames, skeleton=skeleton, **options)
    detections = in_pixels(scores_to_one(detections, path), size, units, path)
    meta = {
        **_module(format, to_read=True).META,
        "format": format,
        "frames_from": "the file's last frame" if frames is None else "video",
    }
    return track_of(
        detections,
        fps=fps,
        size=size,
        meta=meta,
        source=path,
        pick=pick,
        linker=linker,
        video=video,
    )


def write(format: str, track: PoseTrack, path: str | Path) -> None:
    """Write a track.

    Parameters
    ----------
    format : str
        A key of `FORMATS`.
    track : PoseTrack
    path : str or Path
        The file, or OpenPose's folder; whole or not at all.

    Raises
    ------
    ItemError
        Where the format does not have these joints or this kind of file.
    ConfigError
        For an unknown format.
    """
    _module(format).write(track, path)
