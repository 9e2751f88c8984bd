"""What participants answered: each file is read on its own, or refused with the reason.

Answer files come from strangers. One that is damaged, hostile or of another survey is listed
with why, and changes nothing of what the others say.
"""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
import pydantic
from pydantic import Field

from choreo.config.survey import Language
from choreo.errors import ItemError, first_complaint, plain
from choreo.files.outside import load_json, reading
from choreo.survey.design import CAUGHT_BY, QUESTIONS, REAL, schedule
from choreo.tables import Table

FORMAT = "choreo survey answers 1"
MADE_UP = "SIMULATED participants"
"""What made-up participants are called in captions."""
MOST_BYTES = 1 << 20
"""A survey of a thousand pairs takes a third of it."""
_WHAT = "a participant's answers"

_Hidden = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
_Seconds = Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]
_Side = Literal["left", "right"]


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True, frozen=True)


class Background(_Strict):
    """How a participant dances."""

    level: Literal["professional", "amateur", "none"]
    years: Annotated[int, Field(ge=0, le=80)]
    style: Literal["street", "contemporary", "ballet", "latin", "folk", "other"]


class Played(_Strict):
    """Seconds of each video that were played."""

    left: _Seconds
    right: _Seconds


class Choices(_Strict):
    """The side that each question was answered with, named as `QUESTIONS`."""

    beats: _Side
    natural: _Side
    dynamic: _Side
    like: _Side


class Answer(_Strict):
    """The answers about one pair."""

    pair: Annotated[str, Field(pattern=r"^p[0-9]{3,4}$")]
    left: _Hidden
    right: _Hidden
    choices: Choices
    seconds: _Seconds
    played: Played


class Answers(_Strict):
    """One participant's file, as the page writes it."""

    format: Literal["choreo survey answers 1"]
    survey: _Hidden
    participant: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    number: Annotated[int, Field(ge=0, lt=1 << 24)]
    language: Language
    consent: Literal[True]
    simulated: bool
    background: Background
    started: Annotated[str, Field(max_length=40)]
    finished: Annotated[str, Field(max_length=40)]
    answers: Annotated[list[Answer], Field(max_length=10_000)]


@dataclass(frozen=True)
class Read:
    """What a folder of answer files holds.

    Attributes
    ----------
    votes : pandas.DataFrame
        One row an answer, columns `participant`, `pair`, `song`, `question`, `a`, `b` (the
        pair's models), `chosen` (one of the two) and `side` (``left`` or ``right``); catch
        trials are not among them.
    participants : pandas.DataFrame
        One row an accepted file, columns `participant`, `file`, `language`, `level`, `years`,
        `style`, `caught` (catch trials in which the real dance was not called the more
        natural) and `catches`.
    refused : pandas.DataFrame
        One row a refused file, columns `file` and `reason`.
    simulated : bool
        Whether the participants are made up.
    """

    votes: pd.DataFrame
    participants: pd.DataFrame
    refused: pd.DataFrame
    simulated: bool

    def attentive(self):
        """Names of participants who failed no catch trial."""
        of = self.participants
        return set(of.participant[of.caught == 0])


def read_answers(folder, key):
    """Read every answer file of a folder.

    Parameters
    ----------
    folder : str or Path
        Its files, and none of folders in it; hidden files are passed over.
    key : Key
        Of the survey.

    Returns
    -------
    Read
        The same whatever the order in which the system lists the files.

    Raises
    ------
    ItemError
        Where there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ItemError(
            "no folder of answers",
            where=folder,
            remedy="Put the files that participants sent there, and name it in survey.answers",
        )
    rows = schedule(key)
    accepted, refused, seen = [], [], {}
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        if path.name.startswith("."):
            continue
        try:
            found = read_file(path, key, rows)
            if (first := seen.get(found.participant)) is not None:
                raise ItemError(f"the same participant as in {first}", value=found.participant)
        except ItemError as error:
            refused.append(_refusal(path, error))
            continue
        seen[found.participant] = path.name
        accepted.append((path, found))
    real = [(path, found) for path, found in accepted if not found.simulated]
    if real and len(real) < len(accepted):
        mixed = ItemError("a made-up participant among real ones", remedy="Take the file away")
        refused += [_refusal(path, mixed) for path, found in accepted if found.simulated]
        accepted = real
    pairs = {pair.id: pair for pair in key.pairs}
    people, votes = [], []
    for path, found in accepted:
        own, caught = _votes(found, pairs)
        votes += own
        people.append(
            {
                "participant": found.participant,
                "file": plain(path.name),
                "language": found.language,
                **found.background.model_dump(),
                "caught": caught,
                "catches": sum(pair.catch for pair in key.pairs),
            }
        )
    columns = ("participant", "pair", "song", "question", "a", "b", "chosen", "side")
    return Read(
        pd.DataFrame(votes, columns=columns),
        pd.DataFrame(
            people,
            columns=(
                *("participant", "file", "language", "level", "years", "style"),
                *("caught", "catches"),
            ),
        ),
        pd.DataFrame(sorted(refused), columns=("file", "reason")),
        bool(accepted) and not real,
    )


def read_file(path, key, rows):
    """Read one participant's file.

    Parameters
    ----------
    path : str or Path
    key : Key
    rows : list
        Of `choreo.survey.design.schedule`.

    Returns
    -------
    Answers

    Raises
    ------
    ItemError
        With what is wrong with it.
    """
    path = Path(path)
    if path.is_dir() or not path.is_file():
        raise ItemError("no file of answers", where=path)
    value = load_json(path, _WHAT, limit=MOST_BYTES)
    with reading(path, _WHAT):
        try:
            found = Answers.model_validate(value)
        except pydantic.ValidationError as error:
            raise ItemError(_first(error), where=path) from None
        if found.survey != key.survey:
            raise ItemError("the answers of another survey", value=found.survey)
        for name in ("started", "finished"):
            datetime.datetime.fromisoformat(getattr(found, name))
        _check_pairs(found, key, rows)
    return found


def _check_pairs(found, key, rows):
    given = [answer.pair for answer in found.answers]
    pairs = {pair.id: pair for pair in key.pairs}
    for name in given:
        if name not in pairs:
            raise ItemError("no pair of this survey", value=name)
    if twice := sorted({name for name in given if given.count(name) > 1}):
        raise ItemError("answers a pair twice", value=", ".join(twice))
    if lacking := sorted(pairs.keys() - set(given)):
        raise ItemError(
            f"not finished: {len(lacking)} of {len(pairs)} pairs are not answered",
            value=", ".join(lacking[:5]),
        )
    row = rows[found.number % len(rows)]
    turned = dict(row)
    for answer in found.answers:
        sides = pairs[answer.pair].videos
        if (answer.left, answer.right) != (sides[::-1] if turned[answer.pair] else sides):
            raise ItemError("other videos than this number was shown", value=answer.pair)
    if given != [name for name, _ in row]:
        raise ItemError("another order of pairs than this number was shown", value=found.number)


def _first(error):
    """What is wrong in one line, with the first place where it is."""
    place, message, _ = first_complaint(error)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{place or 'the file'}: {message}{more}"


def _refusal(path, error):
    said = error.message
    if error.value is not None:
        said += f" (got {str(error.value)[:80]!r})"
    return plain(path.name), plain(said)[:300]


def _votes(found, pairs):
    votes, caught = [], 0
    for answer in found.answers:
        pair = pairs[answer.pair]
        whose = dict(zip(pair.videos, pair.models))
        sides = {"left": whose[answer.left], "right": whose[answer.right]}
        if pair.catch:
            caught += sides[getattr(answer.choices, CAUGHT_BY)] != REAL
            continue
        for question in QUESTIONS:
            side = getattr(answer.choices, question)
            votes.append(
                (
                    found.participant,
                    pair.id,
                    pair.song,
                    question,
                    *pair.models,
                    sides[side],
                    side,
                )
            )
    return votes, caught


def refused_table(read, *, study=None):
    """Refused files with their reasons, as a `choreo.tables.Table`."""
    accepted = len(read.participants)
    return Table(
        read.refused,
        caption=f"Refused answer files (study {study})." if study else "Refused answer files.",
        headers={"file": "File", "reason": "Why"},
        notes=(f"{accepted} file{'' if accepted == 1 else 's'} accepted.",),
    )


def participants_table(read, *, study=None):
    """Who answered, and who failed catch trials, as a `choreo.tables.Table`."""
    frame = read.participants.assign(participant=read.participants.participant.str[:12])
    failed = int((frame.caught > 0).sum())
    return Table(
        frame,
        caption=f"{whose(read)} of the survey" + (f" (study {study})." if study else "."),
        headers={
            "participant": "Participant",
            "level": "Dances",
            "years": "Years",
            "style": "Style",
            "language": "Language",
            "caught": "Catch trials failed",
            "catches": "of",
        },
        notes=(
            f"{failed} of {len(frame)} failed a catch trial: called a frozen dance or noise more "
            "natural than a real dance. All results are given with and without them.",
        ),
    )


def whose(read):
    """What a caption calls the participants; made-up ones are marked wherever they are shown."""
    return MADE_UP if read.simulated else "Participants"


def wins(votes, models, groups, *, by="participant"):
    """Count how often each model was chosen over each other.

    Parameters
    ----------
    votes : pandas.DataFrame
        As of `Read`, of one question.
    models : sequence of str
    groups : sequence of str
        Participants or songs.
    by : {"participant", "song"}

    Returns
    -------
    ndarray of int, shape (G, M, M)
        ``[g, i, j]``: how often group g preferred i to j.
    """
    models, groups = list(models), list(groups)
    found = np.zeros((len(groups), len(models), len(models)), int)
    at, which = ({name: n for n, name in enumerate(names)} for names in (models, groups))
    for group, a, b, chosen in zip(votes[by], votes.a, votes.b, votes.chosen):
        found[which[group], at[chosen], at[b if chosen == a else a]] += 1
    return found
