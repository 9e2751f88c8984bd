"""The videos table of a study: one row a video."""

import os
import re
import unicodedata
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote

from pydantic import AfterValidator, Field, ValidationError, model_validator

from choreo.choices import SPLITS
from choreo.config.explain import explain
from choreo.config.fields import Id, Score, Seconds, Section, nameable
from choreo.errors import ConfigError, ItemError
from choreo.files import ending, shipped
from choreo.files.outside import reading
from choreo.files.text_tables import read_rows
from choreo.pose.pick import parse


def _source(text):
    if text.startswith("="):
        raise ValueError("is a formula of a spreadsheet: save the table with values, not formulas")
    for c in text:
        if unicodedata.category(c) == "Cc":
            raise ValueError("must hold no line break, tab or other control character")
    if match := re.fullmatch(r"file://(?:localhost)?(/.*)", text, re.IGNORECASE):
        text = unquote(match[1])
    return text if "://" in text else nameable(text)


def _pick(text):
    try:
        return text and str(parse(text))
    except ConfigError as error:
        raise ValueError(f"{error.message}. {error.remedy}") from None


class Row(Section):
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
    split: Literal[SPLITS] | None = None
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
        return "shard" if ending(self.source) == ".h5" else "path"


COLUMNS = tuple(name for name in Row.model_fields if name != "line")
"""Columns that a videos table may have; `id` and `source` are required."""


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
    if not os.path.exists(path):
        raise ConfigError(
            "there is no such videos table",
            where=path,
            remedy="Make it with the columns of config/README.md, or mend `table` in the config",
        )
    try:
        with reading(path, "a videos table", remedy="Name a .tsv file"):
            lines = read_rows(path, COLUMNS, required=("id", "source"))
    except ItemError as error:
        raise error.restated(ConfigError) from None
    rows, seen = [], {}
    for number, values in lines:
        where = f"{path}, line {number}"
        if "id" in values:
            values.setdefault("song", values["id"])
            values.setdefault("dancer", values["id"])
        try:
            row = Row.model_validate({**values, "line": number})
        except ValidationError as error:
            raise explain(error, Row, f"{where}, column") from None
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
