"""Recipes of flows. This module imports nothing heavy."""

from dataclasses import fields
from typing import Annotated, Literal

from pydantic import Field, model_validator

from choreo.dataset.description import DataDescription
from choreo.errors import ConfigError, ItemError
from choreo.models.family import TrainedRecipe
from choreo.models.music_features import FEATURES
from choreo.models.shipped import SHIPPED, shipped_weights

LEAST_FRAMES, MOST_FRAMES = 4, 512
"""Poses of a window. Attention grows with their square."""

_Share = Annotated[float, Field(ge=0, le=1)]


class Recipe(TrainedRecipe):
    """A transformer that turns noise into windows of a dance.

    Attributes
    ----------
    music : str
        What it hears; see `choreo.models.music_features.FEATURES`.
    width, layers, heads : int
        Of the transformer.
    patch : int
        Poses of a token.
    learning_rate, matrix_learning_rate : float
        AdamW's, and Muon's of the blocks' matrices; held, and from the half on lowered to 0
        along half a cosine.
    average : float
        Share of the running mean of the weights that a step keeps; the mean dances.
    without_music : float
        Share of the windows that are learned without music.
    without_known : float
        Share of the windows of which nothing is known; of the others some frames, a span,
        some joints or the first pose are.
    mirror : bool
        Whether half of the windows are mirrored.
    tempo : float
        Half of the windows are played up to so much faster or slower, sound and motion
        together. Not with the music `raw`, whose samples have one speed.
    steps : int
        Steps from noise to a dance.
    noise : float
        Standard deviation of the noise that a dance begins from; it was trained with 1. The
        averages of windows that overlap move less than a window; more noise makes up for it.
    guidance : float
        How much further a dance goes the way that the music leads, from what would be danced
        without: 1 as it was learned; any other takes twice the time (classifier-free guidance,
        Ho and Salimans, 2022).
    settle : bool
        Whether what trembles in a dance comes to rest; see `choreo.models.flow.settling`.
    time_shift : float
        More than 1: more of the steps where there is much noise.
    start_from : str, optional
        Weights to go on from (a ``.safetensors`` of a flow of the same shape), or
        ``shipped``: those that come with the install.
    epochs, batch_size : int
        An epoch has as many steps as there are whole batches of chunks, one at least; a
        batch is of so many windows, each from anywhere in a dance.
    """

    family: Literal["flow"] = "flow"
    music: str = "phase"

    width: int = Field(128, ge=8, le=2048, multiple_of=8)
    layers: int = Field(4, ge=1, le=64)
    heads: int = Field(4, ge=1, le=64)
    patch: int = Field(2, ge=1, le=16)
    learning_rate: float = Field(2e-3, gt=0, le=1)
    matrix_learning_rate: float = Field(0.02, gt=0, le=1)
    average: float = Field(0.99, ge=0, lt=1)
    without_music: _Share = 0.1
    without_known: _Share = 0.6
    mirror: bool = True
    tempo: float = Field(0.0, ge=0, le=0.5)
    steps: int = Field(8, ge=1, le=1000)
    noise: float = Field(1.5, gt=0, le=10)
    guidance: float = Field(1.0, ge=0, le=10)
    settle: bool = True
    time_shift: float = Field(2.0, ge=0.1, le=100)
    start_from: str | None = None
    epochs: int = Field(25, ge=0, le=1_000_000_000)
    batch_size: int = Field(32, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _fits(self):
        if self.width % (2 * self.heads):
            raise ValueError("width must be a multiple of twice the heads")
        if self.tempo and not FEATURES[self.music].whole:
            raise ValueError(f"tempo must be 0 with the music {self.music}: it has one speed")
        if self.guidance != 1 and not self.without_music and self.start_from is None:
            raise ValueError("guidance must be 1 where without_music is 0: it needs both")
        return self

    @property
    def own_files(self) -> dict[str, str]:
        """The weights that it starts from."""
        return {"start_from": str(self.start_path)} if self.start_from else {}

    @property
    def start_path(self):
        """Path of the weights that it starts from."""
        return shipped_weights("flow") if self.start_from == SHIPPED else self.start_from

    @property
    def complete(self) -> bool:
        """A flow that is neither trained nor given weights can't dance."""
        return self.trained or self.start_from is not None

    def check(self, data):
        """Refuse windows that are too short or too long.

        Raises
        ------
        ConfigError
        """
        if not LEAST_FRAMES <= data.chunk_frames <= MOST_FRAMES:
            raise ConfigError(
                f"family flow takes chunks of {LEAST_FRAMES} to {MOST_FRAMES} poses",
                value=f"{data.chunk_frames} ({data.chunk_seconds:g} s, {data.fps} a second)",
                remedy="Set dataset.chunk_seconds and dataset.fps so, or take another family",
            )

    def check_files(self, data):
        """Refuse weights to start from that are of another shape or of other data.

        Raises
        ------
        ConfigError
        """
        if self.start_from is None:
            return
        from choreo.files.sealed import tensors_header
        from choreo.models.recipes import recipe_from

        path = self.start_path
        try:
            header = tensors_header(path, "a model of choreo")
            given, about = recipe_from(header["recipe"]), dict(header["data"])
            theirs = DataDescription(**{f.name: about[f.name] for f in fields(DataDescription)})
        except (ConfigError, ItemError, KeyError, TypeError, ValueError):
            return  # the training says what is wrong with it
        wrong = [
            f"{name} {getattr(given, name, None)}, not {getattr(self, name)}"
            for name in ("family", "music", "width", "layers", "heads", "patch")
            if getattr(given, name, None) != getattr(self, name)
        ]
        wrong += data.differences(theirs)
        if wrong:
            raise ConfigError(
                "weights of another model or other data to start from",
                where=path,
                value="; ".join(wrong),
                remedy="Set the recipe and the dataset so, or start from other weights",
            )

    def check_state(self, state, data):
        """Refuse weights that a flow of this shape does not have."""
        from choreo.models.flow.model import check_shapes

        check_shapes(self, data, state)

    def build(self, data):
        """Make the model, its weights drawn by torch's random state."""
        from choreo.models.flow.model import Flow

        return Flow(self, data)
