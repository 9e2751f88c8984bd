"""Settings of the survey with dancers."""

import re
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from choreo.config.fields import Distinct, Id, Section, Seed, UserPath

Language = Literal["en", "ko", "nl"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def _address(text):
    if not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+(/[^\s\"'<>;,]*)?", text):
        raise ValueError("must be a web address that begins with http:// or https://")
    return text


class Survey(Section):
    """The survey with dancers (`snakemake study`, `snakemake study_results`)."""

    models: Annotated[list[Id], Field(min_length=2, max_length=8), Distinct] = [
        "original",
        "gru",
    ]
    """Models whose dances are compared, each with each other, to each song."""
    songs: Annotated[list[Id], Field(min_length=1, max_length=50), Distinct] | None = None
    """Songs that dances are compared to; null: the first six test songs."""
    training_seed: Seed | None = None
    """Training whose dances are shown; null: the first of `training.seeds`."""
    catch_trials: Annotated[int, Field(ge=0, le=20)] = 2
    """Pairs of a real dance with a frozen one or with noise, which show who does not look."""
    languages: Annotated[list[Language], Field(min_length=1), Distinct] = [*LANGUAGES]
    """Languages of the page; it begins in the first, or in the browser's."""
    consent: dict[Language, Annotated[str, Field(min_length=1)]] = {}
    """Your own text of consent, by language, in the place of the page's."""
    contact: str | None = None
    """Who asks, and how to reach them; shown with the text of consent."""
    post_to: Annotated[str, AfterValidator(_address)] | None = None
    """Address that answers are sent to; null: participants download a file and send it."""
    seed: Seed = 1
    """Seed of the order of pairs and sides, of hidden names, and of the bootstrap."""
    answers: UserPath | None = None
    """Folder of the answer files, for `study_results`."""
