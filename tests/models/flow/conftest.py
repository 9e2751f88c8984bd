"""A dataset of two songs, and a tiny flow."""

import pytest
from flow_songs import TINY, packed

from choreo.dataset.pack import ChunkDataset
from choreo.models.recipes import recipe_from


@pytest.fixture(scope="session")
def songs(tmp_path_factory):
    """The dataset, 2 s a chunk at 10 poses a second."""
    return ChunkDataset(packed(tmp_path_factory.mktemp("songs")), "train")


@pytest.fixture
def tiny():
    """A recipe that trains in a second."""
    return recipe_from(TINY)
