"""Made-up participants: `python -m choreo.survey.simulated_answers KEY FOLDER`.

For tests and for trying out `study_results`. Their files say that they are simulated, and so
does every table and figure made of them.
"""

import sys
from pathlib import Path

import numpy as np

from choreo.config.survey import LANGUAGES
from choreo.errors import ItemError
from choreo.files import write_json
from choreo.survey.answers import FORMAT
from choreo.survey.design import CAUGHT_BY, QUESTIONS, REAL, Key, schedule


def simulate(key, strengths, count, *, seed=1, careless=0, songs=None):
    """Make up answers by Bradley and Terry's model.

    Parameters
    ----------
    key : Key
    strengths : dict of str to float
        Of each model: i is preferred to j with ``s_i / (s_i + s_j)``.
    count : int
        Participants, numbered from 0.
    seed : int
    careless : int
        So many of them, the first, always answer at random.
    songs : dict of str to dict of str to float, optional
        Song -> strengths, where they are not the same.

    Returns
    -------
    list of dict
        As the page writes them, with `simulated`.
    """
    rows, pairs = schedule(key), {pair.id: pair for pair in key.pairs}
    found = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        answers = []
        for name, turned in rows[number % len(rows)]:
            pair = pairs[name]
            own = (songs or {}).get(pair.song, strengths)
            answers.append(_answer(pair, turned, own, number < careless, rng))
        found.append(
            {
                "format": FORMAT,
                "survey": key.survey,
                "participant": rng.bytes(16).hex(),
                "number": number,
                "language": LANGUAGES[number % len(LANGUAGES)],
                "consent": True,
                "simulated": True,
                "background": {
                    "level": ("professional", "amateur")[number % 2],
                    "years": int(rng.integers(1, 30)),
                    "style": "street",
                },
                "started": "2020-01-01T10:00:00.000Z",
                "finished": "2020-01-01T10:20:00.000Z",
                "answers": answers,
            }
        )
    return found


def _answer(pair, turned, strengths, careless, rng):
    left, right = pair.videos[::-1] if turned else pair.videos
    first = 0.5 if pair.catch or careless else _share(strengths, *pair.models)
    choices = {}
    for question in QUESTIONS:
        takes_first = rng.random() < first
        if pair.catch and question == CAUGHT_BY and not careless:
            takes_first = pair.models[0] == REAL
        choices[question] = "left" if takes_first != turned else "right"
    return {
        "pair": pair.id,
        "left": left,
        "right": right,
        "choices": choices,
        "seconds": 30,
        "played": {"left": 10, "right": 10},
    }


def _share(strengths, one, other):
    return strengths[one] / (strengths[one] + strengths[other])


def write_simulated(found, folder):
    """Write each made-up participant's file."""
    for answers in found:
        name = f"simulated-{answers['participant'][:12]}.json"
        write_json(Path(folder) / name, answers)


def main(arguments):
    """Write 22 made-up participants, who prefer later models of a survey a little."""
    if len(arguments) != 2:
        raise SystemExit("usage: python -m choreo.survey.simulated_answers KEY FOLDER")
    try:
        key = Key.load(arguments[0])
    except ItemError as error:
        raise SystemExit(str(error)) from None
    strengths = {model: 1.56**place for place, model in enumerate(key.models)}
    write_simulated(simulate(key, strengths, 22, seed=key.seed, careless=2), arguments[1])


if __name__ == "__main__":
    main(sys.argv[1:])
