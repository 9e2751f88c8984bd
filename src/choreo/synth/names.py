"""Names of the demo study: its songs and dancers, and the source strings that ask for them.

The process that builds the DAG imports this module, so it imports nothing heavy.
"""

import hashlib
import re
from dataclasses import dataclass

from choreo.errors import ItemError
from choreo.files import is_id

SONGS = ("neon", "dusty", "strut", "sunset", "voltage", "midnight", "amber", "hammer")
"""Songs with a written tempo and style; any other id gets both from a hash."""

DANCERS = ("ada", "bruno", "chika", "diego", "esi", "farid")
"""Dancers with written proportions, style and clothes; any other id gets them from a hash."""

PREFIX = "demo:"
"""What a source string of the demo study starts with."""

MOST_BYSTANDERS = 4

_SOURCE = re.compile(
    r"demo:(?P<song>[^/?]*)/(?P<dancer>[^/?]*)/(?P<take>[^/?]*)(?:\?(?P<options>.*))?"
)
_REMEDY = (
    "Write demo:SONG/DANCER/TAKE, where song and dancer are ids and the take a number from 1 on, "
    "for example demo:neon/ada/1 or demo:neon/ada/1?bystanders=2"
)


@dataclass(frozen=True)
class Source:
    """What a source string asks for.

    Attributes
    ----------
    song, dancer : str
        Ids (`choreo.files.is_id`).
    take : int
        From 1 on; another take is the same dance with another seed for its variation.
    bystanders : int
        People who walk through the picture, 0 to `MOST_BYSTANDERS`.
    """

    song: str
    dancer: str
    take: int
    bystanders: int = 0

    def __str__(self):
        text = f"{PREFIX}{self.song}/{self.dancer}/{self.take}"
        return f"{text}?bystanders={self.bystanders}" if self.bystanders else text


def parse_source(text):
    """Read a source string.

    Parameters
    ----------
    text : str
        ``demo:<song>/<dancer>/<take>``, optionally with ``?bystanders=<number>``.

    Returns
    -------
    Source

    Raises
    ------
    ItemError
        Where the text has another form or a part can't be used.
    """
    match = _SOURCE.fullmatch(text)
    if not match:
        raise ItemError("not the source of a demo clip", value=text, remedy=_REMEDY)
    for part in ("song", "dancer"):
        if not is_id(match[part]):
            raise ItemError(f"the {part} of a demo clip must be an id", value=text, remedy=_REMEDY)
    if not re.fullmatch(r"[1-9][0-9]{0,5}", match["take"]):
        raise ItemError(
            "the take of a demo clip must be a number from 1 on", value=text, remedy=_REMEDY
        )
    return Source(
        match["song"], match["dancer"], int(match["take"]), _bystanders(match["options"], text)
    )


def _bystanders(options, text):
    if options is None:
        return 0
    match = re.fullmatch(r"bystanders=([0-9]{1,2})", options)
    if not match or int(match[1]) > MOST_BYSTANDERS:
        raise ItemError(
            f"the only option of a demo clip is bystanders, 0 to {MOST_BYSTANDERS}",
            value=text,
            remedy=_REMEDY,
        )
    return int(match[1])


def derived_seed(*parts):
    """Seed for `numpy.random.default_rng` from names and numbers, the same on every machine.

    Parameters
    ----------
    *parts : str or int
        What the random numbers are for, and the study's seed.

    Returns
    -------
    int
        64 bits of a SHA-256.
    """
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def one_of(rng, choices):
    """Draw one of several things, each as likely, by a `numpy.random.Generator`."""
    return choices[int(rng.integers(len(choices)))]
