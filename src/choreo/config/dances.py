"""Settings of the stage `dances`."""

from typing import Annotated, Literal

from pydantic import Field

from choreo.config.fields import Section, UserPath


class Dances(Section):
    """Stage `dances`."""

    initial_pose: Literal["random", "zero"] = "random"
    """Where a dance begins: at a first pose of a real training dance, or in the middle."""
    temperature: Annotated[float, Field(ge=0, le=1000)] = 1.0
    """Factor of the generator's noise."""
    join: Literal["initial_pose", "cross_fade"] = "initial_pose"
    """Each 5-second segment from the last pose of the one before (thesis), or faded into it."""
    songs: UserPath | None = None
    """Table or folder of songs for `snakemake dances_to_songs`; null: `config/songs.tsv`."""
    style: Literal["figure", "stick", "openpose"] = "figure"
    """How dances are drawn: a body with volume, joints and bones, or OpenPose's colours."""
