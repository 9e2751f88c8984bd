"""Who sees which pair of dances when, and on which side: made once, by a recorded seed."""

import hashlib
from itertools import combinations
from pathlib import Path

import numpy as np
import pydantic

from choreo.errors import ItemError
from choreo.files.outside import load_json, reading

QUESTIONS = ("beats", "natural", "dynamic", "like")
"""The thesis's questions (section 4.4), in its order."""
CATCHES = ("frozen", "noise")
"""What stands beside a real dance in a catch trial."""
REAL = "real"
TABLES = {
    "preferences": "Preferences, with tests",
    "metrics": "Which metric predicted the dancers?",
    "dances": "Figure 6 in numbers",
    "strengths": "Strengths of the models",
    "agreement": "Agreement between participants",
    "participants": "Participants and catch trials",
    "refused": "Refused answer files",
}
"""What `choreo.survey.results` writes, in the order in which it is shown: name -> title."""
FIGURES = {
    "figure6": "Figure 6: what dancers answered",
    "figure6_attentive": "Figure 6 without who failed a catch trial",
    "survey_metrics": "Which metric predicted the dancers?",
}
"""The same of figures."""
CAUGHT_BY = "natural"
"""Question that a catch trial is judged by: noise may well be called more dynamic."""


class Pair(pydantic.BaseModel):
    """Two dances to one song.

    Attributes
    ----------
    id : str
        What the page calls it; says nothing of what is in it.
    song : str
    models : tuple of str
        In the order of the survey's models; of a catch trial, ``real`` and one of `CATCHES`.
    videos : tuple of str
        Hidden names of their videos, without a suffix.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    id: str
    song: str
    models: tuple[str, str]
    videos: tuple[str, str]

    @property
    def catch(self):
        """Whether it is a catch trial."""
        return self.models[0] == REAL


class Key(pydantic.BaseModel):
    """What the page hides: which video is whose. It stays with the researcher.

    Attributes
    ----------
    survey : str
        Name of this very survey, which its answers carry.
    study : str
    seed : int
    models : tuple of str
    pairs : tuple of Pair
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    survey: str
    study: str
    seed: int
    models: tuple[str, ...]
    pairs: tuple[Pair, ...]

    @property
    def songs(self):
        """Songs that models are compared to, in their order."""
        return list(dict.fromkeys(pair.song for pair in self.pairs if not pair.catch))

    @property
    def model_pairs(self):
        """Every two models, in their order."""
        return list(combinations(self.models, 2))

    @classmethod
    def load(cls, path):
        """Read what the rule `survey_page` wrote.

        Raises
        ------
        ItemError
            Where it is missing or something else.
        """
        what, remedy = "a survey's key", "`snakemake study` makes it again"
        value = load_json(path, what, remedy=remedy)
        with reading(path, what, remedy=remedy):
            return cls.model_validate(value)


def make_key(study, models, songs, catches, *, seed, content=""):
    """Pair the dances of every two models to every song, and hide their names.

    Parameters
    ----------
    study : str
    models, songs : sequence of str
    catches : sequence of (str, str)
        Song and kind (one of `CATCHES`) of each catch trial.
    seed : int
    content : str
        Digest of the videos: answers about other dances are those of another survey.

    Returns
    -------
    Key
        The same for the same arguments.

    Raises
    ------
    ItemError
        Where there is nothing to compare.
    """
    models, songs = list(models), list(songs)
    if len(models) < 2 or not songs:
        raise ItemError(
            "a survey needs dances of two models to one song at least",
            value=f"models {models}, songs {songs}",
            remedy="Name them in survey.models and survey.songs",
        )
    wanted = [(song, pair) for song in songs for pair in combinations(models, 2)]
    wanted += [(song, (REAL, kind)) for song, kind in catches]
    digest = hashlib.sha256(repr((study, seed, models, wanted, content)).encode()).hexdigest()
    # The page says the first part; names that no participant can work out come of the rest.
    survey, secret = digest[:16], digest[16:]
    # Ids in an order that says nothing of songs or of what is a catch trial.
    numbers = np.random.default_rng(seed).permutation(len(wanted)) + 1
    pairs = [
        Pair(
            id=f"p{number:03d}",
            song=song,
            models=both,
            videos=tuple(_hidden(secret, song, model) for model in both),
        )
        for number, (song, both) in zip(numbers.tolist(), wanted)
    ]
    return Key(survey=survey, study=study, seed=seed, models=tuple(models), pairs=tuple(pairs))


def _hidden(secret, song, model):
    return hashlib.sha256(f"{secret}/{song}/{model}".encode()).hexdigest()[:16]


def latin_square(count):
    """Orders in which each thing is at each place, and after each other thing, equally often.

    Parameters
    ----------
    count : int

    Returns
    -------
    ndarray of int, shape (count or 2 count, count)
        Williams's design; an odd count needs each order backwards, too.
    """
    steps = np.zeros(count, int)
    steps[1::2] = np.arange(1, count // 2 + 1)
    steps[2::2] = -np.arange(1, (count - 1) // 2 + 1)
    square = (steps + np.arange(count)[:, None]) % count
    return square if count % 2 == 0 else np.concatenate([square, square[:, ::-1]])


def schedule(key):
    """Order and sides of all pairs, for each number of a participant.

    Parameters
    ----------
    key : Key

    Returns
    -------
    list of list of (str, bool)
        A participant with number n has row n modulo their count: ids of pairs, and whether
        the pair's first video is on the right. Over all rows each pair is at each place
        equally often, and follows each other pair equally often; rows 2k and 2k + 1 have
        one order and opposite sides; in one row half of the pairs are turned.
    """
    rng = np.random.default_rng([key.seed, 1])
    named = rng.permutation([pair.id for pair in key.pairs]).tolist()
    turned = rng.permutation(np.arange(len(named)) % 2).astype(bool).tolist()
    square = latin_square(len(named))
    return [
        [(named[i], turned[i] != other) for i in row]
        for row in square[rng.permutation(len(square))]
        for other in (False, True)
    ]


def shown(key):
    """Everything the page is told of the design, as JSON takes it; nothing that `Key` hides."""
    return {
        "survey": key.survey,
        "seed": key.seed,
        "pairs": {pair.id: list(pair.videos) for pair in sorted(key.pairs, key=lambda p: p.id)},
        "schedule": [[[name, int(turn)] for name, turn in row] for row in schedule(key)],
        "questions": list(QUESTIONS),
    }


def videos_of(key, dances, real):
    """Hidden name -> video of each dance.

    Parameters
    ----------
    key : Key
    dances : dict of (str, str) to path
        By model and song.
    real : dict of (str, str) to path
        By ``real`` or one of `CATCHES`, and song.

    Returns
    -------
    dict of str to Path
    """
    return {
        hidden: Path((real if pair.catch else dances)[model, pair.song])
        for pair in key.pairs
        for model, hidden in zip(pair.models, pair.videos)
    }
