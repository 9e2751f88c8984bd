"""A small survey, and its page with videos, for tests."""

from choreo.survey.design import CATCHES, make_key

MODELS = ["original", "gru"]


def make(models=MODELS, songs=("a", "b", "c", "d", "e", "f"), catches=("a", "b"), seed=3):
    beside = [(song, CATCHES[n % 2]) for n, song in enumerate(catches)]
    return make_key("tiny", models, songs, beside, seed=seed)
