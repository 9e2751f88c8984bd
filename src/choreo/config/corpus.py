"""Settings of the target `corpus`."""

from typing import Annotated

from pydantic import Field, model_validator

from choreo.config.fields import ChunkSeconds, Fps, Id, Section, Seed, whole_chunks
from choreo.rates import CHUNK_SECONDS, POSE_FPS


class Corpus(Section):
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
    fps: Fps = POSE_FPS
    """Poses a second; where models learn from it (`training.data`), those of `dataset`."""
    chunk_seconds: ChunkSeconds = CHUNK_SECONDS
    """Length of a chunk, a whole number of poses; like `fps`."""
    songs_a_job: Annotated[int, Field(ge=1, le=1000)] = 12
    """Songs that one job makes."""

    _whole = model_validator(mode="after")(whole_chunks)
