"""What is known of a standardised video: the record that stands beside it."""

from __future__ import annotations

from pathlib import Path

import pydantic

from choreo.files.outside import load_json, reading

WHAT = "the probe of a standardised video"
REMEDY = "Give the .json that `choreo videos` writes beside the video"


class Clock(pydantic.BaseModel):
    """When the pictures are shown and when they were taken.

    Attributes
    ----------
    frames : int
    fps : float
        Frames a second.
    shift : str or None
        Of each frame, how much later its picture was taken than it is shown, in units of
        `choreo.cleaning.retime`; None where every picture is shown at its own time.
    """

    frames: pydantic.NonNegativeInt
    fps: float = pydantic.Field(gt=0, allow_inf_nan=False)
    shift: str | None = None


class Probe(Clock):
    """What the stages behind `videos` read of the record (docs/videos.md lists all of it).

    Attributes
    ----------
    width, height : int
        Pixels.
    """

    width: pydantic.PositiveInt
    height: pydantic.PositiveInt

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height


def read_probe(path: str | Path) -> Probe:
    """Read the record of a standardised video.

    Raises
    ------
    ItemError
        Where the file is missing or no probe.
    """
    with reading(path, WHAT, remedy=REMEDY):
        return Probe.model_validate(load_json(path, WHAT, remedy=REMEDY))
