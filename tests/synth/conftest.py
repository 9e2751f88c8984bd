import pytest

from choreo.synth.names import SONGS
from choreo.synth.songs import make_song


@pytest.fixture(scope="session")
def songs():
    """The catalogue's songs and two others, by name."""
    return {name: make_song(name, 0) for name in [*SONGS, "other-1", "other-2"]}
