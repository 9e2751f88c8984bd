"""Settings of the stage `dataset`."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from choreo.choices import KEYS, METHODS, OUTSIDE
from choreo.config.fields import ChunkSeconds, Fps, Score, Section, whole_chunks
from choreo.rates import CHUNK_SECONDS, POSE_FPS


class Split(Section):
    """How songs are divided between training, validation and test."""

    by: Annotated[list[Literal[KEYS]], Field(min_length=1)] = ["song"]
    """What no two splits may share."""
    test: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Share of the groups for testing; at least one where there are two or more."""
    validation: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the groups for validation."""
    score: Score | None = None
    """The thesis's way: train on groups whose `score` is at least this, test on the others."""


class Dataset(Section):
    """Stage `dataset`."""

    method: Literal[METHODS] = "thesis"
    """`thesis`: section 4.1 as the text says. `released`: what the code did (left channel)."""
    outside: Literal[OUTSIDE] | None = None
    """What becomes of coordinates outside [-1, 1]; null: what the method did."""
    fps: Fps = POSE_FPS
    """Poses a second; of `released`, and for models of family `gan`, 10."""
    chunk_seconds: ChunkSeconds = CHUNK_SECONDS
    """Length of a chunk, a whole number of poses; of `released`, and for family `gan`, 5."""
    stride_seconds: ChunkSeconds | None = None
    """Step between chunks of training songs; null: their length; less: overlap (not `released`)."""
    max_repaired: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Chunks with more made-up joints (repaired, out of picture) stay out; not with `released`."""
    split: Split = Split()

    _whole = model_validator(mode="after")(whole_chunks)

    @model_validator(mode="after")
    def _whole_stride(self):
        frames = round(self.chunk_seconds * self.fps)
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
