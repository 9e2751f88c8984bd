"""Settings of the stage `poses`."""

import os
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from choreo import provenance
from choreo.choices import LINKERS
from choreo.config.fields import Distinct, GpuShare, Id, Minutes, Section, UserPath, nameable
from choreo.pose.skeletons import SKELETONS
from choreo.poses.estimators import ESTIMATORS
from choreo.poses.formats.registry import read_formats

_Device = Literal["auto", "cpu", "cuda"]


class Import(Section):
    """Another tool's poses."""

    path: Annotated[str, AfterValidator(nameable)]
    """File or folder of one video, with `{video}` in the place of the video's id."""
    format: Literal[tuple(read_formats())] = "alphapose"
    """Format of the files."""
    skeleton: Literal[tuple(SKELETONS)] | None = None
    """Joints of the files; needed where the format can't tell (OpenPose with 25 joints)."""
    first_frame: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    """Number of the first frame in the files, where they can't tell (not aist, movement)."""
    units: Literal["pixels", "share"] | None = None
    """What coordinates are in: `pixels`, or `share` of width and height (0 to 1)."""
    view: Annotated[str, Field(pattern="^c0[1-9]$")] | None = None
    """Camera of a file with several (aist), `c01` to `c09`."""

    @model_validator(mode="after")
    def _names_the_video(self):
        if "{video}" not in self.path:
            raise ValueError("path must contain {video}")
        return self

    def of(self, video):
        """Where the poses of a video lie; AIST++ has one file, ``cAll``, for all cameras."""
        if self.format == "aist" and not os.path.exists(self.path.replace("{video}", video)):
            video = re.sub(r"_c0[1-9]_", "_cAll_", video)
        return os.path.expanduser(self.path.replace("{video}", video))


class AlphaPose(Section):
    """AlphaPose from source: `alphapose17` and `alphapose26`."""

    accept_licence: bool = False
    """true: "I accept AlphaPose's licence" (academic, non-commercial). Nothing runs before."""
    checkout: UserPath | None = None
    """Folder of your own checkout; null: the pinned commit is cloned once."""
    python: UserPath | None = None
    """Python of a checkout that you built; null: ours, with stand-ins for the compiled parts."""
    weights17: UserPath | None = None
    """Path of fast_421_res152_256x192.pth; null: downloaded once."""
    weights26: UserPath | None = None
    """Path of halpe26_fast_res50_256x192.pth; null: downloaded once."""
    detector: UserPath | None = None
    """Path of yolov3-spp.weights; null: downloaded once."""
    device: _Device = "auto"
    """Where it runs."""
    stall_minutes: Minutes = 15.0
    """Stop it when it shows no sign of progress for so long."""


class OpenPose(Section):
    """OpenPose BODY_25: `openpose25`."""

    accept_licence: bool = False
    """true: "I accept OpenPose's licence" (non-commercial research). Nothing runs before."""
    program: UserPath | None = None
    """Path of openpose.bin; null: the one on PATH, unless `image` is given."""
    image: UserPath | None = None
    """Apptainer image (a .sif file or docker://...) to run it in."""
    models: UserPath | None = None
    """OpenPose's `models` folder; null: beside the program, or in the image."""
    net_resolution: Annotated[str, Field(pattern=r"^(-1|[0-9]+)x(-1|[0-9]+)$")] = "-1x368"
    """Size of the network's input; sides are multiples of 16, -1 keeps the picture's shape."""
    stall_minutes: Minutes = 15.0
    """Stop it when it shows no sign of progress for so long."""


class RTMPose(Section):
    """RTMPose through rtmlib: `rtmpose17` and `rtmpose26`."""

    detector: UserPath | None = None
    """Path of the person detector (YOLOX, .onnx); null: downloaded once."""
    weights17: UserPath | None = None
    """Path of the 17-joint model (.onnx); null: downloaded once."""
    weights26: UserPath | None = None
    """Path of the 26-joint model (.onnx); null: downloaded once."""
    device: _Device = "auto"
    """Where it runs; cuda needs onnxruntime-gpu."""


RESERVED_ESTIMATORS = ("truth", "estimator", *provenance.COLUMNS)
"""What else the tables of estimators have for rows and columns (a test holds them to it)."""


class Poses(Section):
    """Stage `poses`."""

    estimators: Annotated[list[Id], Field(min_length=1), Distinct] = [
        "mediapipe17",
        "mediapipe26",
    ]
    """The rows of Table 1: names of docs/poses.md, and those that `imports` gives."""
    chosen: Id = "mediapipe17"
    """The estimator whose tracks are cleaned and become the dataset."""
    imports: dict[Id, Import] = {}
    """Estimator -> other poses: `path`, `format`, and what they can't tell (docs/poses.md)."""
    linker: Literal[LINKERS] = "poses"
    """How people are followed: by their poses, by Pose Flow's matching, or by the tool's ids."""
    resources: UserPath = "resources"
    """Folder for what is downloaded once for all studies: weights and AlphaPose's source."""
    gpu_share: GpuShare = 1.0
    """Of a GPU's memory, for one AlphaPose, RTMPose or OpenPose (docs/gpu_node.md)."""
    alphapose: AlphaPose = AlphaPose()
    openpose: OpenPose = OpenPose()
    rtmpose: RTMPose = RTMPose()

    @model_validator(mode="after")
    def _known(self):
        for name in self.estimators:
            if name not in ESTIMATORS and name not in self.imports:
                known = [*ESTIMATORS, *self.imports]
                raise ValueError(
                    f"estimators: {name!r} is unknown; known are {', '.join(known)} "
                    "(name the files of any other under poses.imports)"
                )
        names = {}
        for name in self.imports:
            if name.lower() in ESTIMATORS:
                raise ValueError(f"imports: {name} is an estimator of ours; choose another name")
            if name.lower() in RESERVED_ESTIMATORS:
                raise ValueError(
                    f"imports: {name} has the name of another row or column of the tables; choose "
                    f"another than {', '.join(RESERVED_ESTIMATORS)}"
                )
            if (other := names.setdefault(name.lower(), name)) != name:
                raise ValueError(
                    f"imports: {name} and {other} are the same on file systems that ignore case"
                )
        for known in (ESTIMATORS[name] for name in self.estimators if name in ESTIMATORS):
            if known.licence and not getattr(self, known.tool).accept_licence:
                raise ValueError(
                    f"{known.name} needs `poses: {known.tool}: accept_licence: true`, by which you "
                    f"accept its licence ({known.licence})"
                )
        if self.chosen not in self.estimators:
            raise ValueError(f"chosen: {self.chosen!r} is not among the estimators")
        return self
