"""The user's own word on who the dancer is, as text: a click, a box or a track's number.

The process that builds the DAG imports this module, so it imports nothing heavy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from choreo.errors import ConfigError

_NUMBER = r"\s*(\d{1,7}(?:\.\d{1,6})?)\s*"
_CLICK = re.compile(rf"{_NUMBER},{_NUMBER}@{_NUMBER}")
_BOX = re.compile(rf"{_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER}@{_NUMBER}")
_LABEL = re.compile(r"\s*id:\s*(\d{1,15})\s*")

FORMS = (
    "Write a click x,y@seconds (for example 310,200@12.5), a box x,y,width,height@seconds "
    "(250,80,120,260@12.5), both in pixels of the standardised video, or id:N, the number of "
    "the estimator's own track (id:3)"
)


class PickError(ConfigError, ValueError):
    """A pick that can't be read; a `ValueError` too, for validators."""


@dataclass(frozen=True)
class Pick:
    """Who the dancer is: one of `point`, `box` and `label` is given.

    Attributes
    ----------
    point : tuple of float or None
        x, y in pixels of the standardised video.
    box : tuple of float or None
        x, y of the upper left corner, width, height in the same pixels.
    seconds : float or None
        When `point` or `box` holds.
    label : int or None
        The estimator's own number of the person.
    """

    point: tuple | None = None
    box: tuple | None = None
    seconds: float | None = None
    label: int | None = None

    def __str__(self):
        if self.label is not None:
            return f"id:{self.label}"
        return f"{','.join(f'{n:g}' for n in self.point or self.box)}@{self.seconds:g}"


def parse(text: str):
    """Read a pick.

    Parameters
    ----------
    text : str
        ``x,y@seconds``, ``x,y,width,height@seconds`` or ``id:N``.

    Returns
    -------
    Pick

    Raises
    ------
    PickError
        A `ConfigError` and a `ValueError`, with the accepted forms.
    """
    if match := _LABEL.fullmatch(text):
        return Pick(label=int(match[1]))
    if match := _CLICK.fullmatch(text):
        x, y, seconds = map(float, match.groups())
        return Pick(point=(x, y), seconds=seconds)
    if match := _BOX.fullmatch(text):
        *box, seconds = map(float, match.groups())
        if min(box[2:]) > 0:
            return Pick(box=tuple(box), seconds=seconds)
        raise PickError("the box of a pick has no width or no height", value=text, remedy=FORMS)
    raise PickError("not a way to pick the dancer", value=text, remedy=FORMS)
