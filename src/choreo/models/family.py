"""What a family of models is: a recipe, and what is built from it (docs/models.md).

A family has a light part, its `Recipe`, which is read while the DAG is built, and a heavy
one, its `Model`, which `Recipe.build` imports. All later stages (training, dances,
evaluation) know these two and nothing of any family.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from choreo.config.limits import allowed_numbers
from choreo.errors import ConfigError, first_complaint
from choreo.models.music_features import check_name

if TYPE_CHECKING:
    import numpy as np
    import torch

    from choreo.dataset.description import DataDescription
    from choreo.models.data import Chunks


JOINS = {
    "initial_pose": "initial pose (thesis)",
    "cross_fade": "overlap and cross-fade",
    "whole": "not in segments",
}
"""Ways in which models join the segments of a dance, and what people see; a family may have
others, which are shown by their names."""
ROLES = {
    "original": "the framework of Ren et al. (Figure 3)",
    "adapted": "the framework of the thesis (Figures 3 and 4)",
    "losses": "the model whose losses Figure 7 shows",
    "judge": 'the model whose discriminator gives the features of the released "FID"',
}
"""What of the thesis a model may stand for (`Recipe.roles`)."""
OVERLAP_SECONDS = 1.0
"""What two segments share where they are cross-faded."""


class Recipe(BaseModel):
    """What a model is made of, as named switches; a family's own are fields of its subclass.

    Attributes
    ----------
    family : str
        Key of `choreo.models.FAMILIES`.
    music : str
        Key of `choreo.models.music_features.FEATURES`: what the model hears.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    family: str
    music: str = "raw"

    @field_validator("music")
    @classmethod
    def _known_music(cls, name):
        return check_name(name)

    @property
    def trained(self) -> bool:
        """Whether steps are made; without any, `Model.begin` is the whole of the training."""
        return False

    @property
    def needs(self) -> tuple[str, ...]:
        """Files of other rules that a training needs; see `Setting.files`."""
        return ()

    @property
    def own_files(self) -> dict[str, str]:
        """Switch -> path, of the user's files that the model is made of."""
        return {}

    @property
    def complete(self) -> bool:
        """Whether there is all that the model needs; else it has no row in the tables."""
        return True

    @property
    def roles(self) -> tuple[str, ...]:
        """What of the thesis the model can stand for: keys of `ROLES`."""
        return ()

    def check(self, data: DataDescription) -> None:
        """Refuse data that this model can't be made for.

        Raises
        ------
        ConfigError
            With the reason.
        """

    def check_files(self, data: DataDescription) -> None:
        """Refuse files of the user's that don't fit the data or this recipe.

        Asked before anything runs and before a training, not of a model that is trained. A
        file that is not there or is broken is not its business.

        Raises
        ------
        ConfigError
            With the reason.
        """

    def check_state(self, state: Mapping[str, torch.Tensor], data: DataDescription) -> None:
        """Refuse weights that are of another model than this recipe's, before it is built.

        Of a file of others, whose recipe may ask for far more memory than its weights took. A
        family whose size does not depend on its switches need not do anything.

        Raises
        ------
        ItemError
            The caller adds the file's name.
        """

    @abc.abstractmethod
    def build(self, data: DataDescription) -> Model:
        """Make the model, with weights that are drawn by torch's random state, if any."""

    def with_(self, **changes):
        """Copy with some switches changed; the result is checked like a new recipe."""
        return type(self).read({**self.model_dump(), **changes})

    @classmethod
    def read(cls, switches: Mapping[str, Any], *, where: str | None = None):
        """Make a recipe of names and values of switches; the rest keeps its default.

        Raises
        ------
        ConfigError
            With the first switch that is unknown or has a wrong value.
        """
        try:
            return cls.model_validate(dict(switches))
        except ValidationError as error:
            first = error.errors()[0]
            name, message, value = first_complaint(error)
            place = f"{where}, {name}" if where else name
            if first["type"] == "extra_forbidden":
                known: Any = cls.model_fields
                for part in first["loc"][:-1]:
                    known = known[part].annotation.model_fields
                raise ConfigError(
                    "unknown switch of a recipe",
                    where=place,
                    remedy=f"Known: {', '.join(known)}",
                ) from error
            raise ConfigError(
                message,
                where=place,
                value=value,
                remedy=allowed_numbers(cls, first["loc"], first["input"])
                or "docs/training.md explains the switches",
            ) from error


class TrainedRecipe(Recipe):
    """A recipe whose model is trained in steps.

    Attributes
    ----------
    epochs : int
        0 is a model that is not trained here.
    batch_size : int
        Chunks a step.
    """

    epochs: int
    batch_size: int

    @property
    def trained(self) -> bool:
        """Whether steps are made."""
        return self.epochs > 0


@dataclass(frozen=True)
class Setting:
    """How a training computes.

    Attributes
    ----------
    seed : int
    device : torch.device
    precision : {"float32", "tf32", "bfloat16"}
    files : dict of str to Path
        Of other rules, by the names in `Recipe.needs`.
    """

    seed: int
    device: torch.device
    precision: str = "float32"
    files: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Position:
    """Where a training is: number of the step and of its epoch, and of steps in all."""

    step: int
    steps: int
    epoch: int


@dataclass(frozen=True)
class Request:
    """A dance that is wanted.

    Attributes
    ----------
    music : ndarray of float32, shape (T, n)
        `Recipe.music` of a whole song, a row a pose.
    start : ndarray, shape (J, 2)
        Pose in [-1, 1] from which the dance begins.
    rng : numpy.random.Generator
        Of all that is drawn for this dance.
    known : ndarray, shape (T, J, 2), optional
        Poses that are given; NaN where the model is free. For models with `Model.holds`.
    loop : bool
        Whether the end shall go over into the beginning. For models with `Model.loops`.
    """

    music: np.ndarray
    start: np.ndarray
    rng: np.random.Generator
    known: np.ndarray | None = None
    loop: bool = False


class Batches(Protocol):
    """What gives the batches of a training."""

    def __call__(self, step: int) -> dict[str, torch.Tensor]:
        """Batch of a step, on the training's device.

        The same for the same seed and step: a training that goes on asks for the steps that
        are left.
        """

    def close(self) -> None:
        """Let go of what is held."""


class Model(abc.ABC):
    """A model of a recipe, for data of one description.

    Only `state`, `load_state` and `sample` must be there, and `step` where the recipe is
    trained.

    Parameters
    ----------
    recipe : Recipe
    data : DataDescription

    Attributes
    ----------
    losses : sequence of str
        Columns of ``losses.csv``: the losses that `step` may give, in this order.
    joins : tuple of str
        Ways in which it joins segments of a dance (of `JOINS`, or its own), the usual one
        first.
    holds, loops : bool
        Whether it takes `Request.known`, and `Request.loop`.
    """

    losses: Sequence[str] = ()
    joins: tuple[str, ...] = ("whole",)
    holds: bool = False
    loops: bool = False

    def __init__(self, recipe: Recipe, data: DataDescription):
        recipe.check(data)
        self.recipe, self.data = recipe, data

    def begin(self, dataset: Chunks, setting: Setting) -> None:
        """Get ready to be trained, before the first step, and also before `resume`.

        What is learned from the whole dataset at once is learned here.
        """
        return

    def batches(self, dataset: Chunks, setting: Setting) -> Batches | None:
        """What gives the batches, where a model draws its own; it is called after `begin`.

        Returns
        -------
        Batches or None
            None: each chunk once an epoch, in an order of the seed, as
            `choreo.models.data.load_batch` gives it.
        """
        return None

    def step(
        self, batch: Mapping[str, torch.Tensor], at: Position
    ) -> Mapping[str, float] | Callable[[], Mapping[str, float]]:
        """Make one training step.

        Parameters
        ----------
        batch : dict of str to Tensor
            As `choreo.models.data.load_batch` gives it: ``poses`` (B, T, 2 J), ``music``
            (B, T, n) and ``initial`` (B, 2 J); or what the model's own `batches` gives.
        at : Position

        Returns
        -------
        dict of str to float
            Losses by name. A name that begins with `choreo.models.divergence.GRADIENT` is the
            norm of a gradient, which must be finite and is not written down. Where a
            device is still at work: a function that gives them, which is called when the
            next step is under way.
        """
        raise NotImplementedError

    def finish(self, dataset: Chunks, setting: Setting) -> None:
        """Do what is left to do after the last step."""
        return

    @abc.abstractmethod
    def state(self) -> dict[str, torch.Tensor]:
        """All that `load_state` needs to dance, by name; goes into ``weights.safetensors``."""

    @abc.abstractmethod
    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take what `state` gave.

        Raises
        ------
        ItemError
            Where it is of another model; the caller adds the file's name.
        """

    def load_foreign(self, path: Path) -> None:
        """Take weights that another program wrote.

        Raises
        ------
        ConfigError
            Where the family has no such files.
        """
        raise ConfigError(
            f"family {self.recipe.family} takes no weights of other programs", where=path
        )

    def checkpoint(self) -> dict[str, Any]:
        """All that a training needs to go on: tensors and numbers, also in dicts."""
        return {"weights": self.state()}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `checkpoint` gave; torch's random states are kept by the caller."""
        self.load_state(state["weights"])

    @abc.abstractmethod
    def sample(
        self, requests: Sequence[Request], *, temperature: float = 1.0, join: str = "whole"
    ) -> list[np.ndarray]:
        """Dance.

        Parameters
        ----------
        requests : sequence of Request
        temperature : float
            Factor of the noise, if there is any.
        join : str
            One of `joins`.

        Returns
        -------
        list of ndarray of float32, shape (T, J, 2)
            In [-1, 1]; a dance for each request, as long as its music.
        """

    def redraw(self, batch: Mapping[str, torch.Tensor], random: torch.Generator) -> torch.Tensor:
        """Dance to the music of training chunks, for `choreo.training.fit` and early looks.

        Parameters
        ----------
        batch : dict of str to Tensor
            As for `step`.
        random : torch.Generator
            Of all that is drawn, on the CPU.

        Returns
        -------
        Tensor, shape (B, T, 2 J)
        """
        import numpy as np
        import torch

        requests = []
        for music, start in zip(batch["music"], batch["initial"], strict=True):
            seed = int(torch.randint(2**62, (), generator=random))
            start = start.cpu().numpy().reshape(-1, 2)
            requests.append(Request(music.cpu().numpy(), start, np.random.default_rng(seed)))
        dances = np.stack(self.sample(requests, join=self.joins[0]))
        return torch.from_numpy(dances).flatten(2).to(batch["poses"].device)

    def parameters(self) -> dict[str, int]:
        """Numbers of values that were learned, by the part of the model."""
        counts: dict[str, int] = {}
        for name, value in self.state().items():
            part = name.split(".")[0]
            counts[part] = counts.get(part, 0) + value.numel()
        return counts

    def about(self) -> dict[str, Any]:
        """More for ``metrics.json``, as JSON values; it goes over what the training writes.

        Sentences under ``notes`` stand in the model's card.
        """
        return {}
