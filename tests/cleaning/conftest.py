"""The dances that cleaning is judged on, with each of their songs made once."""

import functools

import pytest

from choreo.cleaning import truths


@pytest.fixture(autouse=True, scope="session")
def songs_once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(truths, "make_song", functools.cache(truths.make_song))
        yield
