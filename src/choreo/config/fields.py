"""What the sections of a config are made of: kinds of values, and how YAML is read."""

import codecs
import contextlib
import os
import sys
import unicodedata
from typing import Annotated, Any, get_args, get_origin

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from choreo.config.limits import MAX_SEED
from choreo.files import is_id
from choreo.files.strict_yaml import load_yaml
from choreo.rates import MAX_CHUNK_SECONDS, MAX_FPS, SAMPLE_RATE


def _name(value):
    """A name that YAML reads as a whole number is that number's digits; others must be text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is not None and not isinstance(value, (str, list, dict)):
        raise ValueError(
            f"YAML reads this as a {type(value).__name__}, not as text: put it in quotes"
        )
    return value


def nameable(text):
    """A path as this Python looks it up: names of files are UTF-8 in configs and tables."""
    encoding = sys.getfilesystemencoding()
    if not text.isascii() and codecs.lookup(encoding).name != "utf-8":
        raise ValueError(
            f"would be looked up in {encoding}, and not as it is written: set PYTHONUTF8=1, or a "
            "language of UTF-8 such as LANG=C.UTF-8"
        )
    return text


def user_path(text):
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
    return os.path.expanduser(nameable(text))


def _id(text):
    if not is_id(text):
        raise ValueError(
            "may hold only letters, digits, _ and -, must begin with a letter or digit "
            "and have at most 64 characters (it becomes a file name)"
        )
    return text


def _as_in_a_file(value):
    """Numbers, yes, no and null as YAML reads them where no quotes are, however deep."""
    if isinstance(value, dict):
        return {key: _as_in_a_file(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_in_a_file(one) for one in value]
    read = value
    if isinstance(value, str) and value:
        with contextlib.suppress(yaml.YAMLError):
            read = load_yaml(value)
    # A text that would be a list, a date or a comment is a name of something.
    if isinstance(read, (bool, int, float)) or value in ("null", "~"):
        return read
    return value


def _distinct(values):
    for number, value in enumerate(values):
        if value in values[:number]:
            raise ValueError(f"names {value!r} twice, which would count twice: leave one out")
    return values


def _heights(value):
    if not 0 < value <= 2:
        raise ValueError("is a fraction of the dancer's height: above 0 and at most 2")
    return value


Id = Annotated[str, BeforeValidator(_name), AfterValidator(_id)]
Distinct = AfterValidator(_distinct)
UserPath = Annotated[str, AfterValidator(user_path)]
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
GpuShare = Annotated[float, Field(ge=0.05, le=1)]
Minutes = Annotated[float, Field(gt=0, le=10_080)]
Fps = Annotated[int, Field(ge=1, le=MAX_FPS)]
ChunkSeconds = Annotated[float, Field(gt=0, le=MAX_CHUNK_SECONDS)]


def _holds_bool(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return any(map(_holds_bool, value))
    return isinstance(value, bool)


def _is_section(model, name):
    """Tell whether a key holds further keys."""
    field = model.model_fields.get(name) if isinstance(name, str) else None
    kind = None if field is None else get_origin(field.annotation) or field.annotation
    return isinstance(kind, type) and issubclass(kind, (BaseModel, dict))


class Section(BaseModel):
    """Settings that belong together; an unknown one is refused."""

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
        if _holds_bool(value) and takes_numbers(cls.model_fields[info.field_name].annotation):
            raise ValueError("YAML reads this as true or false (yes, no, on, off): write a number")
        return value


def whole_chunks(section):
    """Refuse a length of chunks that is no whole number of poses and of samples."""
    for rate, what in ((section.fps, "poses"), (SAMPLE_RATE, "samples")):
        count = section.chunk_seconds * rate
        if round(count) < 1 or abs(count - round(count)) > 1e-6:
            raise ValueError(f"chunk_seconds must be a whole number of {what} ({rate} a second)")
    return section


def takes_numbers(annotation):
    """Tell whether a field takes numbers, and no true or false."""
    if args := get_args(annotation):
        return any(takes_numbers(part) for part in args)
    return annotation in (int, float)


Switches = Annotated[
    dict[str, Any],
    BeforeValidator(lambda value: {} if value is None else _as_in_a_file(value)),
]
"""Switches of a recipe; of ``--config`` numbers within braces come as texts."""
