"""Settings of the stage `evaluation`."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from choreo.beats.registry import without_weights
from choreo.choices import METHODS
from choreo.config.fields import Distinct, Id, Section, Seed, Switches, UserPath


class Sensitivity(Section):
    """The study of whether the metrics measure anything."""

    seconds: Annotated[float, Field(ge=10, le=40)] = 40.0
    """Length of each of its dances."""
    dancers: Annotated[int, Field(ge=1, le=6)] = 2
    """Dancers to each of its eight songs."""


class Audit(Section):
    """Table 3, the audit of the thesis's claims."""

    seeds: Annotated[list[Seed], Field(min_length=1), Distinct] | None = None
    """Trainings of each of its models; null: those of `training.seeds`."""
    more_seeds: dict[Id, Annotated[list[Seed], Field(min_length=1), Distinct]] = {}
    """Claim -> trainings of its two models beside those, such as {'5': [12, 13]}."""
    claims: list[Id] | None = None
    """Claims whose models are trained, such as [3, 10]; null: all. One more trains its own only."""
    switches: Switches = {}
    """Switches of all its models of the thesis, over those of `training.switches.all`."""
    rival: str = "flow"
    """Family that the thesis's model is compared with at the same cost."""
    rival_switches: Switches = {}
    """Its switches: `epochs` so that its training costs what the GRU model's does."""


def _free_tracker(name):
    if name not in without_weights():
        raise ValueError(f"{name} is no beat tracker; use one of {', '.join(without_weights())}")
    return name


class Songs(Section):
    """Songs without videos that the models dance to for the tables, beside the test songs."""

    made: Annotated[int, Field(ge=0, le=1000)] = 0
    """So many are made up for it, with known beats; no video of the study has them."""
    folder: UserPath | None = None
    """Folder of sound files, or a table (.tsv) with the columns `song` and `path`."""

    @model_validator(mode="before")
    @classmethod
    def _folder_alone(cls, value):
        return {"folder": value} if isinstance(value, str) else value


class Evaluation(Section):
    """Stage `evaluation`."""

    method: Literal[METHODS] = "thesis"
    """`released`: the code's beats and, with `dataset.method: released`, its "FID" as well."""
    tolerance_seconds: Annotated[float, Field(gt=0, le=60)] = 0.15
    """A motion beat within this of a music beat is aligned."""
    tracker: Annotated[str, AfterValidator(_free_tracker)] = "librosa"
    """Whose music beats `method: thesis` takes: `librosa` (the text), `state_space` (better)."""
    beat_this: UserPath | None = None
    """Weights of the package `beat_this`: its music beats in the place of `tracker`'s."""
    songs: Songs = Songs()
    recordings: UserPath | None = None
    """Folder or table of recorded songs for a table of their own (`snakemake recorded`)."""
    sensitivity: Sensitivity = Sensitivity()
    audit: Audit = Audit()
