"""The config and the videos table of a study: read, checked and explained.

Imported while the DAG is built, so nothing heavy is imported here. The models below
are the only place where a setting, its default and its meaning are written; the JSON
schema in ``workflow/schemas`` and the table in ``config/README.md`` are made from them
(``python -m choreo.config``) and a test fails where they drift apart.
"""

import datetime
import difflib
import json
import os
import re
import unicodedata
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import unquote

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from choreo import provenance
from choreo.beats.registry import TRACKERS
from choreo.config.bounds import MAX_SEED, allowed_numbers
from choreo.config.names import REMEDY, is_reserved
from choreo.errors import ConfigError, ItemError
from choreo.files import is_id, shipped, write_text
from choreo.files.strict_yaml import DuplicateKey, load_yaml
from choreo.files.text_tables import read_rows, read_text
from choreo.pose.pick import parse
from choreo.rates import (
    CHUNK_SECONDS,
    MAX_CHUNK_SECONDS,
    MAX_FPS,
    POSE_FPS,
    SAMPLE_RATE,
)


def _name(value):
    """A name that YAML reads as a whole number is that number's digits; others must be text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is not None and not isinstance(value, (str, list, dict)):
        raise ValueError(
            f"YAML reads this as a {type(value).__name__}, not as text: put it in quotes"
        )
    return value


def _none_is_empty(value):
    return {} if value is None else value


def _user_path(text):
    """A path that Snakemake is given, which takes braces for a wildcard of its own."""
    if not text.strip():
        raise ValueError("must not be empty: leave it out, or write null")
    for c in text:
        if c in "{}":
            raise ValueError(
                "must hold no braces, which Snakemake takes for a wildcard: rename the file, or "
                "give a link to it without braces"
            )
        if unicodedata.category(c) == "Cc":
            raise ValueError("must hold no line break, tab or other control character")
    return os.path.expanduser(text)


def _source(text):
    if text.startswith("="):
        raise ValueError("is a formula of a spreadsheet: save the table with values, not formulas")
    for c in text:
        if unicodedata.category(c) == "Cc":
            raise ValueError("must hold no line break, tab or other control character")
    if match := re.fullmatch(r"file://(?:localhost)?(/.*)", text, re.IGNORECASE):
        return unquote(match[1])
    return text


def _id(text):
    if not is_id(text):
        raise ValueError(
            "may hold only letters, digits, _ and -, must begin with a letter or digit "
            "and have at most 64 characters (it becomes a file name)"
        )
    return text


def _pick(text):
    try:
        return text and str(parse(text))
    except ConfigError as error:
        raise ValueError(f"{error.message}. {error.remedy}") from None


def _heights(value):
    if not 0 < value <= 2:
        raise ValueError("is a fraction of the dancer's height: above 0 and at most 2")
    return value


Id = Annotated[str, BeforeValidator(_name), AfterValidator(_id)]
UserPath = Annotated[str, AfterValidator(_user_path)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Seconds = Annotated[float, Field(gt=0, le=10_000_000)]
Pixels = Annotated[float, Field(gt=0, le=100_000)]
Score = Annotated[float, Field(ge=-1_000_000, le=1_000_000)]
Heights = Annotated[
    float,
    AfterValidator(_heights),
    Field(json_schema_extra={"exclusiveMinimum": 0, "maximum": 2}),
]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Workers = Annotated[int, Field(ge=1, le=1024)]
Minutes = Annotated[float, Field(gt=0, le=10_080)]


def _is_section(model, name):
    """Tell whether a key holds further keys."""
    field = model.model_fields.get(name) if isinstance(name, str) else None
    kind = None if field is None else get_origin(field.annotation) or field.annotation
    return isinstance(kind, type) and issubclass(kind, (BaseModel, dict))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_default(cls, values):
        """`videos:` with nothing under it, which YAML reads as null, changes nothing."""
        if not isinstance(values, dict):
            return values
        return {k: v for k, v in values.items() if v is not None or not _is_section(cls, k)}

    @field_validator("*", mode="before")
    @classmethod
    def _number_is_no_answer(cls, value, info):
        """YAML reads `yes` and `no` as true and false, which would count as 1 and 0."""
        asked = any(isinstance(v, bool) for v in (value if isinstance(value, list) else [value]))
        if asked and _takes_numbers(cls.model_fields[info.field_name].annotation):
            raise ValueError("YAML reads this as true or false (yes, no, on, off): write a number")
        return value


def _takes_numbers(annotation):
    """Tell whether a field takes numbers, and no true or false."""
    if args := get_args(annotation):
        return any(_takes_numbers(part) for part in args)
    return annotation in (int, float)


class Videos(_Strict):
    """Stage `videos`."""

    fps: Annotated[float, Field(ge=1, le=240)] | None = None
    """Frames a second of every video; null: its own even rate (10 to 60), 60 where it has none."""
    height: Annotated[int, Field(ge=64, le=4320)] | None = None
    """Scale to this height in pixels; null keeps the original size."""
    require_sound: bool = True
    """Refuse a video without sound. With false, Table 1 and cleaning work; the dataset can't."""
    min_seconds: Annotated[float, Field(ge=0, le=86_400)] = 5.0
    """Refuse a clip shorter than this: it would give no 5-second chunk."""
    retries: Annotated[int, Field(ge=0, le=100)] = 5
    """How often a download is tried again."""
    download_minutes: Annotated[float, Field(gt=0, le=10_000)] = 120.0
    """Longest download of one video; the next run goes on where it stopped."""
    allow_private: bool = False
    """Fetch also from addresses of this machine and its own network (127.0.0.1, 192.168...)."""


class Import(_Strict):
    """Another tool's poses."""

    path: str
    """File or folder of one video, with `{video}` in the place of the video's id."""
    format: Literal["alphapose", "openpose", "coco", "mmpose", "aist", "deeplabcut", "movement"] = (
        "alphapose"
    )
    """Format of the files."""
    skeleton: (
        Literal["coco17", "halpe26", "body25", "body25b", "openpose18", "mediapipe33"] | None
    ) = None
    """Joints of the files; needed where the format can't tell (OpenPose with 25 joints)."""
    first_frame: Annotated[int, Field(ge=0, le=1)] | None = None
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


class AlphaPose(_Strict):
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
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where it runs."""
    stall_minutes: Minutes = 15.0
    """Stop it when it shows no sign of progress for so long."""


class OpenPose(_Strict):
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


class RTMPose(_Strict):
    """RTMPose through rtmlib: `rtmpose17` and `rtmpose26`."""

    detector: UserPath | None = None
    """Path of the person detector (YOLOX, .onnx); null: downloaded once."""
    weights17: UserPath | None = None
    """Path of the 17-joint model (.onnx); null: downloaded once."""
    weights26: UserPath | None = None
    """Path of the 26-joint model (.onnx); null: downloaded once."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where it runs; cuda needs onnxruntime-gpu."""


EMBEDDED = ("mediapipe17", "mediapipe26", "mediapipe17_small")
"""Estimators that need nothing but this package; the last is worse on purpose."""
FOREIGN = ("alphapose17", "alphapose26", "openpose25", "rtmpose17", "rtmpose26")
"""Estimators whose program or weights are fetched, or given by path."""
SIMULATED = "simulated"
"""No estimator: the true joints of the demo's dancers with known faults, without a picture."""
ESTIMATORS = (*EMBEDDED, *FOREIGN, SIMULATED)
RESERVED_ESTIMATORS = ("truth", "estimator", *provenance.COLUMNS)
"""What else the tables of estimators have for rows and columns (a test holds them to it)."""


class Poses(_Strict):
    """Stage `poses`."""

    estimators: Annotated[list[Id], Field(min_length=1)] = ["mediapipe17", "mediapipe26"]
    """The rows of Table 1: names of docs/poses.md, and those that `imports` gives."""
    chosen: Id = "mediapipe17"
    """The estimator whose tracks are cleaned and become the dataset."""
    imports: dict[Id, Import] = {}
    """Estimator -> other poses: `path`, `format`, and what they can't tell (docs/poses.md)."""
    linker: Literal["poses", "pose_flow", "labels"] = "poses"
    """How people are followed: by their poses, by Pose Flow's matching, or by the tool's ids."""
    resources: UserPath = "resources"
    """Folder for what is downloaded once for all studies: weights and AlphaPose's source."""
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
        for tool, settings, licence in (
            (
                "alphapose",
                self.alphapose,
                "non-commercial research at an academic or non-profit organisation, no "
                "redistribution: https://github.com/MVIG-SJTU/AlphaPose/blob/master/LICENSE",
            ),
            (
                "openpose",
                self.openpose,
                "non-commercial research at an academic or non-profit organisation: "
                "https://github.com/CMU-Perceptual-Computing-Lab/openpose/blob/master/LICENSE",
            ),
        ):
            if not settings.accept_licence:
                wanted = [e for e in self.estimators if e.startswith(tool) and e in FOREIGN]
                if wanted:
                    raise ValueError(
                        f"{wanted[0]} needs `poses: {tool}: accept_licence: true`, by which you "
                        f"accept its licence ({licence})"
                    )
        if self.chosen not in self.estimators:
            raise ValueError(f"chosen: {self.chosen!r} is not among the estimators")
        return self


class Comparison(_Strict):
    """Stage `comparison`."""

    method: Literal["thesis", "released"] = "thesis"
    """`thesis`: eq. (1)-(2) over the decoded frames. `released`: the rules of the code."""
    threshold_px: Pixels = 50.0
    """Eq. (1)'s threshold in pixels a frame. Refused with `released`, which has its own."""
    threshold_height: Heights | None = None
    """The same as a fraction (up to 2) of the dancer's height, in its place; not `released`."""

    @model_validator(mode="after")
    def _own_threshold(self):
        if self.method == "released":
            for name in ("threshold_px", "threshold_height"):
                if getattr(self, name) != type(self).model_fields[name].default:
                    raise ValueError(
                        f"{name} has no effect on Table 1 with method released, which has 100 px: "
                        "leave it out, or use method thesis"
                    )
        return self


class Cleaning(_Strict):
    """Stage `cleaning`."""

    method: Literal["thesis", "released", "robust"] = "thesis"
    """`thesis`: eq. (1)-(2) and spline. `released`: the code's. `robust`: joint by joint."""
    threshold_px: Pixels = 50.0
    """Eq. (1)'s threshold in pixels. `robust` has none: another than 50 is refused with it."""
    threshold_height: Heights | None = None
    """The same as a fraction (up to 2) of the dancer's height; null: pixels. Not with `robust`."""
    max_gap_seconds: Seconds | None = None
    """Longer gaps stay empty; null: `thesis` fills all, `robust` 0.5 s. Not with `released`."""

    @model_validator(mode="after")
    def _used(self):
        unused = {
            "thesis": (),
            "released": ("max_gap_seconds",),
            "robust": ("threshold_px", "threshold_height"),
        }
        for name in unused[self.method]:
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(
                    f"{name} has no effect on cleaning with method {self.method}: "
                    "leave it out, or use method thesis"
                )
        return self


class Split(_Strict):
    """How songs are divided between training, validation and test."""

    by: Annotated[list[Literal["song", "video", "dancer"]], Field(min_length=1)] = ["song"]
    """What no two splits may share."""
    test: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Share of the groups for testing; at least one where there are two or more."""
    validation: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the groups for validation."""
    score: Score | None = None
    """The thesis's way: train on groups whose `score` is at least this, test on the others."""


class Dataset(_Strict):
    """Stage `dataset`."""

    method: Literal["thesis", "released"] = "thesis"
    """`thesis`: section 4.1 as the text says. `released`: what the code did (left channel)."""
    outside: Literal["clip", "rescale", "drop"] | None = None
    """What becomes of coordinates outside [-1, 1]; null: what the method did."""
    fps: Annotated[int, Field(ge=1, le=MAX_FPS)] = POSE_FPS
    """Poses a second; of `released`, and for models of family `gan`, 10."""
    chunk_seconds: Annotated[float, Field(gt=0, le=MAX_CHUNK_SECONDS)] = CHUNK_SECONDS
    """Length of a chunk, a whole number of poses; of `released`, and for family `gan`, 5."""
    stride_seconds: Annotated[float, Field(gt=0, le=MAX_CHUNK_SECONDS)] | None = None
    """Step between chunks of training songs; null: their length; less: overlap (not `released`)."""
    max_repaired: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Chunks with a larger share of repaired joints are left out; 1: none. Not with `released`."""
    split: Split = Split()

    @model_validator(mode="after")
    def _whole_poses(self):
        frames = round(self.chunk_seconds * self.fps)
        for rate, what in ((self.fps, "poses"), (SAMPLE_RATE, "samples")):
            count = self.chunk_seconds * rate
            if round(count) < 1 or abs(count - round(count)) > 1e-6:
                raise ValueError(
                    f"chunk_seconds must be a whole number of {what} ({rate} a second)"
                )
        strides = [n / self.fps for n in range(1, frames + 1) if not frames % n]
        if self.stride_seconds is not None and self.stride_seconds not in strides:
            raise ValueError(
                f"stride_seconds must divide a chunk of {self.chunk_seconds:g} s into whole poses: "
                f"use one of {', '.join(f'{s:g}' for s in strides)}"
            )
        return self

    @model_validator(mode="after")
    def _settings_of_the_method(self):
        if self.method == "released" and self.stride_seconds not in (None, CHUNK_SECONDS):
            raise ValueError(
                "stride_seconds has no effect with method released, which cuts consecutive "
                "chunks: leave it out, or use method thesis"
            )
        usual = self.fps == POSE_FPS and self.chunk_seconds == CHUNK_SECONDS
        if self.method == "released" and not usual:
            raise ValueError(
                f"method released has {POSE_FPS} poses a second and chunks of {CHUNK_SECONDS:g} s: "
                "leave fps and chunk_seconds out, or use method thesis"
            )
        if self.method == "released" and self.max_repaired != 0.2:
            raise ValueError(
                "max_repaired has no effect with method released, which takes every chunk: "
                "leave it out, or use method thesis"
            )
        return self


class Training(_Strict):
    """Stage `training`."""

    recipes: Annotated[str, Field(min_length=1)] = "config/models.yaml"
    """File that defines the models."""
    models: Annotated[list[Id], Field(min_length=1)] = ["original", "lstm", "gru"]
    """Recipes to train: the rows of Table 2."""
    seeds: Annotated[list[Seed], Field(min_length=1)] = [1]
    """One training a model and seed."""
    switches: dict[Id, Annotated[dict[str, Any], BeforeValidator(_none_is_empty)]] = {}
    """Model, or `all` -> switches of its recipe that shall differ, such as `epochs`."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to train."""
    precision: Literal["auto", "float32", "tf32", "bfloat16"] = "auto"
    """`auto`: `tf32` on a GPU that has it, else `float32`; `bfloat16`: mixed precision."""
    threads: Workers = 2
    """CPU threads of one process. Another number may change the last digits of the result."""
    look_every: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    """Epochs between early looks: a short sample dance, as a video; 0: none."""
    perceptual_weights: UserPath | None = None
    """The perceptual network (Ren et al.'s GCN.pth); null: trained by its own rule."""
    perceptual_steps: Count = 2000
    """Steps of that training, on real training dances only."""


class Dances(_Strict):
    """Stage `dances`."""

    initial_pose: Literal["random", "zero"] = "random"
    """Where a dance begins: at a first pose of a real training dance, or in the middle."""
    temperature: Annotated[float, Field(ge=0, le=1000)] = 1.0
    """Factor of the generator's noise."""
    join: Literal["initial_pose", "cross_fade"] = "initial_pose"
    """Each 5-second piece from the last pose of the one before (thesis), or faded into it."""


class Sensitivity(_Strict):
    """The study of whether the metrics measure anything."""

    seconds: Annotated[float, Field(ge=10, le=40)] = 40.0
    """Length of each of its dances."""
    dancers: Annotated[int, Field(ge=1, le=6)] = 2
    """Dancers to each of its eight songs."""


class Audit(_Strict):
    """Table 3, the audit of the thesis's claims."""

    seeds: Annotated[list[Seed], Field(min_length=1)] | None = None
    """Trainings of each of its models; null: those of `training.seeds`."""
    switches: dict[str, Any] = {}
    """Switches of all its models, over those of `training.switches.all`."""


def _free_tracker(name):
    free = [key for key, entry in TRACKERS.items() if not entry.needs_weights]
    if name not in free:
        raise ValueError(f"{name} is no beat tracker; use one of {', '.join(free)}")
    return name


class Evaluation(_Strict):
    """Stage `evaluation`."""

    method: Literal["thesis", "released"] = "thesis"
    """`released`: the code's beats and, with `dataset.method: released`, its "FID" as well."""
    tolerance_seconds: Annotated[float, Field(gt=0, le=60)] = 0.15
    """A motion beat within this of a music beat is aligned."""
    tracker: Annotated[str, AfterValidator(_free_tracker)] = "librosa"
    """Whose music beats `method: thesis` takes: `librosa` (the text), `state_space` (better)."""
    beat_this: UserPath | None = None
    """Weights of the package `beat_this`: its music beats in the place of `tracker`'s."""
    sensitivity: Sensitivity = Sensitivity()
    audit: Audit = Audit()


ONCE = "shared"
"""In `results`: what is the same for every study, and so the name of none."""


def _free_name(study):
    if study == ONCE:
        raise ValueError(
            f"{ONCE!r} is taken: results/{ONCE} holds what is the same for every study. "
            "Give the study another name"
        )
    return study


class Corpus(_Strict):
    """Target `corpus`: dances of known truth to learn from, made without any video."""

    songs: Annotated[int, Field(ge=24, le=100_000)] = 480
    """How many songs, spread over all kinds (docs/synth.md)."""
    dancers: Annotated[int, Field(ge=3, le=999)] = 48
    """How many dancers."""
    dances: Annotated[int, Field(ge=1, le=100)] = 3
    """Dancers to each song."""
    seed: Seed = 2026
    """Of songs, dancers, dances and splits; the study's seed changes nothing here."""
    test_kinds: list[Id] = ["latin", "reggae", "chamber"]
    """Kinds of songs that are for testing only."""
    validation_kinds: list[Id] = ["march", "breaks"]
    """Kinds of songs that are for validation only."""
    test: Annotated[float, Field(gt=0, lt=0.5)] = 0.06
    """Share of the dancers, and of the songs of all other kinds, for testing."""
    validation: Annotated[float, Field(gt=0, lt=0.5)] = 0.06
    """The same for validation."""
    fps: Annotated[int, Field(ge=1, le=MAX_FPS)] = POSE_FPS
    """Poses a second; models of family `gan` take 10."""
    chunk_seconds: Annotated[float, Field(gt=0, le=MAX_CHUNK_SECONDS)] = CHUNK_SECONDS
    """Length of a chunk, a whole number of poses."""
    songs_a_job: Annotated[int, Field(ge=1, le=1000)] = 12
    """Songs that one job makes."""


class Config(_Strict):
    """A study."""

    study: Annotated[Id, AfterValidator(_free_name)]
    """Name of the study; everything goes to `results/<study>/`."""
    table: Annotated[str, Field(min_length=1)]
    """The videos table (.tsv), one row a video."""
    on_bad_video: Literal["skip", "stop"] = "skip"
    """`skip`: leave a bad video out and list it in `problems.csv`. `stop`: fail."""
    seed: Seed = 1
    """Seed of the demo's songs and dancers, the splits, the extractor and the dances' noise."""
    videos: Videos = Videos()
    poses: Poses = Poses()
    comparison: Comparison = Comparison()
    cleaning: Cleaning = Cleaning()
    dataset: Dataset = Dataset()
    training: Training = Training()
    dances: Dances = Dances()
    evaluation: Evaluation = Evaluation()
    corpus: Corpus = Corpus()


class Row(_Strict):
    """One row of the videos table."""

    id: Id
    """Name of the video in every file of the study."""
    source: Annotated[str, Field(min_length=1), AfterValidator(_source)]
    """`demo:...`, a URL, or a path (from the working folder or the table) of a video or shard."""
    start: Annotated[float, Field(ge=0, le=10_000_000)] | None = None
    """Seconds into the source at which the clip begins; empty: its beginning."""
    end: Seconds | None = None
    """Seconds into the source at which the clip ends; empty: its end."""
    song: Id = ""
    """Videos to the same song have the same name here; empty: the video's id."""
    dancer: Id = ""
    """Who dances; empty: the video's id."""
    genre: str = ""
    """Style of the dance."""
    licence: str = ""
    """Licence of the video, carried into the data card."""
    score: Score | None = None
    """Hand-made quality from 1 to 5 (the thesis trained on 3.5 and more)."""
    split: Literal["train", "validation", "test"] | None = None
    """Put this video's song into this split."""
    dancer_pick: Annotated[str, AfterValidator(_pick)] = ""
    """Who the dancer is among several people: `x,y@seconds`, `x,y,w,h@seconds` or `id:N`."""
    note: str = ""
    """Free text."""

    line: int = Field(exclude=True)

    @model_validator(mode="after")
    def _order(self):
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError(f"end ({self.end:g}) must come after start ({self.start:g})")
        return self

    @model_validator(mode="after")
    def _of_a_video(self):
        if self.kind == "shard":
            for name in ("start", "end", "dancer_pick"):
                if getattr(self, name) not in (None, ""):
                    raise ValueError(f"{name} has no effect on a shard, which is cut already")
        return self

    @property
    def kind(self):
        """`demo`, `url`, `shard` or `path`."""
        if self.source.startswith("demo:"):
            return "demo"
        if "://" in self.source:
            return "url"
        return "shard" if self.source.endswith(".h5") else "path"


COLUMNS = tuple(name for name in Row.model_fields if name != "line")
"""Columns that a videos table may have; `id` and `source` are required."""


def _explain(error, model, where):
    """Turn pydantic's first complaint into a ConfigError a person can act on."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    value = first.get("input")
    if first["type"] == "extra_forbidden":
        allowed = _keys(model, first["loc"][:-1])
        close = difflib.get_close_matches(str(first["loc"][-1]), allowed, 1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        return ConfigError(
            f"unknown key {key!r}", where=where, remedy=f"{hint}Allowed here: {', '.join(allowed)}"
        )
    if first["type"] == "missing":
        return ConfigError(f"{key!r} is missing", where=where, remedy="It has no default")
    message = first["msg"].removeprefix("Value error, ")
    shown = None if isinstance(value, (dict, BaseModel)) else value
    if isinstance(value, (datetime.date, datetime.datetime)):
        shown = str(value)
    return ConfigError(
        f"{key}: {message}" if key else message,
        where=where,
        value=shown,
        remedy=allowed_numbers(model, first["loc"], value),
    )


def _keys(model, location):
    for part in location:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return []
        model = model.model_fields[part].annotation if part in model.model_fields else None
    return list(model.model_fields) if model is not None else []


def read_config(values, *, where="config"):
    """Check the values of a config.

    Parameters
    ----------
    values : dict
        As Snakemake merges them from the files and the command line.
    where : str
        What an error names.

    Returns
    -------
    Config

    Raises
    ------
    ConfigError
        An unknown key (with the nearest known one), a wrong type or value.
    """
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise _explain(error, Config, where) from None


def check_keys(paths):
    """Refuse a config file in which a key is given twice, of which YAML keeps the last.

    Parameters
    ----------
    paths : iterable of str or Path
        Files that Snakemake could read already.

    Raises
    ------
    ConfigError
        With the key and its line.
    """
    for path in paths:
        try:
            load_yaml(read_text(path))
        except DuplicateKey as error:
            raise ConfigError(str(error), where=path, remedy="Delete one of the two") from None
        except (yaml.YAMLError, ItemError, OSError):
            continue  # JSON with tabs, which Snakemake reads


def read_table(path):
    """Read and check a videos table: tab-separated, a heading line, ``#`` begins a comment.

    Returns
    -------
    list of Row

    Raises
    ------
    ConfigError
        Naming the file, the line and the column.
    """
    path = shipped(os.path.expanduser(path))
    try:
        lines = read_rows(path, COLUMNS, required=("id", "source"))
    except FileNotFoundError:
        raise ConfigError(
            "there is no such videos table",
            where=path,
            remedy="Make it with the columns of config/README.md, or mend `table` in the config",
        ) from None
    except ItemError as error:
        raise ConfigError(
            error.message, where=error.where, value=error.value, remedy=error.remedy
        ) from None
    except IsADirectoryError:
        raise ConfigError(
            "a folder, not a videos table", where=path, remedy="Name the .tsv file in it"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"can't read the videos table: {error}", where=path) from None
    rows, seen = [], {}
    for number, values in lines:
        where = f"{path}, line {number}"
        if "id" in values:
            values.setdefault("song", values["id"])
            values.setdefault("dancer", values["id"])
        try:
            row = Row.model_validate({**values, "line": number})
        except ValidationError as error:
            raise _explain(error, Row, f"{where}, column") from None
        if row.id.lower() in seen:
            raise ConfigError(
                f"the id stands in line {seen[row.id.lower()]} already",
                where=f"{where}, column id",
                value=row.id,
                remedy="Ids must differ, also on file systems that ignore case",
            )
        seen[row.id.lower()] = number
        rows.append(row)
    if not rows:
        raise ConfigError("the videos table has no row", where=path, remedy="Add one row a video")
    return rows


def local_path(row, table):
    """Path of a local source: from the working folder, else from the table's folder."""
    path = Path(os.path.expanduser(row.source))
    # os.path: a name that no system takes (too long) is not there, and the job says so.
    if os.path.exists(path):
        return path
    beside = shipped(os.path.expanduser(table)).parent / path
    return beside if os.path.exists(beside) else path


def chosen_recipes(study, recipes):
    """Recipes of the models that a study trains, with the study's own switches.

    Parameters
    ----------
    study : Config
    recipes : dict of str to choreo.models.family.Recipe
        All there are, by name.

    Returns
    -------
    dict of str to choreo.models.family.Recipe
        In the order of `training.models`.

    Raises
    ------
    ConfigError
        Where a model has no recipe or the name of another row of the tables, or a switch is
        unknown or has a wrong value.
    """
    training = study.training
    named = [("training.models", training.models)]
    named.append(("training.switches", [name for name in training.switches if name != "all"]))
    for key, names in named:
        for name in names:
            if is_reserved(name):
                raise ConfigError(
                    f"{key}: a model has the name of another row of the tables",
                    value=name,
                    remedy=REMEDY,
                )
            if name not in recipes:
                close = difflib.get_close_matches(name, recipes, 1)
                raise ConfigError(
                    f"{key}: there is no recipe of this name in {training.recipes}",
                    value=name,
                    remedy=(f"Did you mean {close[0]!r}? " if close else "")
                    + f"Recipes: {', '.join(recipes)}",
                )
    chosen, everyone = {}, training.switches.get("all", {})
    known = {switch for name in training.models for switch in type(recipes[name]).model_fields}
    for name in dict.fromkeys(training.models):
        # A switch of all models is one of those that have it; one that none has is an error.
        has = type(recipes[name]).model_fields
        own = {switch: value for switch, value in everyone.items() if switch in has}
        own |= {switch: value for switch, value in everyone.items() if switch not in known}
        changes = own | training.switches.get(name, {})
        try:
            chosen[name] = recipes[name].with_(**changes)
        except ConfigError as error:
            raise ConfigError(
                error.message,
                where=f"config, training.switches of {name}, {error.where}",
                value=error.value,
                remedy=error.remedy or f"{training.recipes} and docs/training.md explain switches",
            ) from None
        for switch, path in chosen[name].own_files.items():
            try:
                _user_path(path)
            except ValueError as error:
                raise ConfigError(
                    f"{switch} {error}", where=f"{training.recipes}, {name}", value=path
                ) from None
    return chosen


def settings_markdown():
    """The settings of a study as Markdown tables, made from the models above."""
    lines = []

    def section(model, title, prefix):
        lines.extend([f"### {title}", "", "| setting | default | meaning |", "| --- | --- | --- |"])
        nested = []
        for name, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                nested.append((field.annotation, f"{prefix}{name}"))
                continue
            default = "required" if field.is_required() else f"`{json.dumps(field.default)}`"
            lines.append(f"| `{prefix}{name}` | {default} | {field.description} |")
        lines.append("")
        for child, key in nested:
            section(child, f"`{key}`: {child.__doc__}", f"{key}.")

    section(Config, "The study", "")
    lines.extend(["### The videos table", "", "| column | meaning |", "| --- | --- |"])
    lines += [f"| `{name}` | {Row.model_fields[name].description} |" for name in COLUMNS]
    return "\n".join(lines) + "\n"


MARK = "<!-- made by `python -m choreo.config`; what is below is written over -->\n"


def main(root="."):
    """Write the schema and the settings tables of ``config/README.md`` under `root`."""
    schemas = Path(root) / "workflow" / "schemas"
    for name, model in (("config", Config), ("videos", Row)):
        schema = model.model_json_schema(mode="validation")
        schema.get("properties", {}).pop("line", None)
        if "line" in schema.get("required", []):
            schema["required"].remove("line")
        write_text(schemas / f"{name}.schema.json", json.dumps(schema, indent=2) + "\n")
    readme = Path(root) / "config" / "README.md"
    head = readme.read_text(encoding="utf-8").split(MARK)[0]
    write_text(readme, head + MARK + "\n" + settings_markdown())
