"""A small survey, and its page with videos, for tests."""

from choreo.survey.design import make_key

MODELS = ["original", "gru"]


def make(models=MODELS, songs=("a", "b", "c", "d", "e", "f"), catches=("a", "b"), seed=3):
    return make_key("tiny", models, songs, catches, seed=seed)
