"""What `meta` of a pose track may hold: the parts that other stages read, typed and bounded."""

import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from choreo.errors import ItemError, first_complaint

MAX_CHARACTERS = 1 << 22
"""Longest `meta`; a video with twenty candidates for the dancer takes a hundredth of it."""

MAX_DEPTH = 24
"""Deepest `meta`: what is deeper could be read, but not written again."""

_Number = Annotated[float, Field(allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    # Estimators add their own settings; only what is read must have its type.
    model_config = ConfigDict(extra="allow", strict=True)


class _Candidate(_Part):
    score: _Number
    frames: _Count


class _Rejected(_Candidate):
    first: _Count
    last: _Count
    height: _Number
    click: str
    path: list[Annotated[list[_Number], Field(min_length=5, max_length=5)]]


class _Linker(_Part):
    name: str


class _Dancer(_Part):
    chosen: _Candidate
    rejected: list[_Rejected]
    rejected_count: _Count
    linker: _Linker
    pick: str | None = None


class _Run(_Part):
    seconds: _Number | None = None
    device: str | None = None


class _Meta(_Part):
    estimator: str | None = None
    source: str | None = None
    format: str | None = None
    dancer: _Dancer | None = None
    run: _Run | None = None
    frames_dropped: _Count | None = None
    frames_with_nobody: _Count | None = None
    start_seconds: _Number | None = None


def read_meta(text):
    """Read the JSON of a track's `meta`.

    Parameters
    ----------
    text : str

    Returns
    -------
    dict

    Raises
    ------
    ItemError
        Where it is no object, too long, too deep, or a part that other stages read has
        another type.
    """
    if len(text) > MAX_CHARACTERS:
        raise ItemError(f"its meta has more than {MAX_CHARACTERS} characters")
    try:
        meta = json.loads(text)
    except RecursionError as error:
        raise ItemError("its meta is nested too deeply") from error
    if not isinstance(meta, dict):
        raise ItemError("its meta must be an object", value=type(meta).__name__)
    if _deeper(meta, MAX_DEPTH):
        raise ItemError("its meta is nested too deeply")
    try:
        _Meta.model_validate(meta)
    except ValidationError as error:
        key, message, value = first_complaint(error)
        raise ItemError(f"its meta has a wrong `{key}` ({message})", value=value) from error
    return meta


def _deeper(value, levels):
    inside = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    )
    if inside is None:
        return False
    return levels == 0 or any(_deeper(part, levels - 1) for part in inside)
