"""Settings of the stage `training`, and the recipes that they choose."""

import difflib
from typing import Annotated, Literal

from pydantic import Field

from choreo.config.fields import (
    Count,
    Distinct,
    GpuShare,
    Id,
    Section,
    Seed,
    Switches,
    UserPath,
    Workers,
    user_path,
)
from choreo.config.reserved import REMEDY, is_reserved
from choreo.errors import ConfigError


class Training(Section):
    """Stage `training`."""

    recipes: Annotated[str, Field(min_length=1)] = "config/models.yaml"
    """File that defines the models."""
    data: Literal["videos", "corpus"] = "videos"
    """What models learn from: the dances of the videos table, or the corpus (`corpus`)."""
    models: Annotated[list[Id], Field(min_length=1), Distinct] = ["original", "lstm", "gru"]
    """Recipes to train: the rows of Table 2."""
    seeds: Annotated[list[Seed], Field(min_length=1), Distinct] = [1]
    """One training a model and seed."""
    switches: dict[Id, Switches] = {}
    """Model, or `all` -> switches of its recipe that shall differ, such as `epochs`."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to train."""
    gpu_share: GpuShare = 1.0
    """Of a GPU's memory, for one training: with 0.25, four share a GPU (docs/gpu_node.md)."""
    precision: Literal["auto", "float32", "tf32", "bfloat16"] = "auto"
    """`auto`: `tf32` on a GPU that has it, else `float32`; `bfloat16`: mixed precision."""
    threads: Workers = 2
    """CPU threads of one process. Another number may change the last digits of the result."""
    look_every: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    """Epochs between early looks: a short sample dance, as a video; 0: none."""
    perceptual_weights: UserPath | None = None
    """The perceptual network (Ren et al.'s GCN.pth); null: trained by its own rule."""
    perceptual_steps: Count = 2000
    """Steps of that training, on real training dances only."""


def chosen_recipes(study, recipes):
    """Recipes of the models that a study trains, with the study's own switches.

    Parameters
    ----------
    study : Config
    recipes : dict of str to choreo.models.family.Recipe
        All there are, by name.

    Returns
    -------
    dict of str to choreo.models.family.Recipe
        In the order of `training.models`.

    Raises
    ------
    ConfigError
        Where a model has no recipe or the name of another row of the tables, or a switch is
        unknown or has a wrong value.
    """
    training = study.training
    named = [("training.models", training.models)]
    named.append(("training.switches", [name for name in training.switches if name != "all"]))
    for key, names in named:
        for name in names:
            if is_reserved(name):
                raise ConfigError(
                    f"{key}: a model has the name of another row of the tables",
                    value=name,
                    remedy=REMEDY,
                )
            if name not in recipes:
                close = difflib.get_close_matches(name, recipes, 1)
                raise ConfigError(
                    f"{key}: there is no recipe of this name in {training.recipes}",
                    value=name,
                    remedy=(f"Did you mean {close[0]!r}? " if close else "")
                    + f"Recipes: {', '.join(recipes)}",
                )
    chosen, everyone = {}, training.switches.get("all", {})
    known = {switch for name in training.models for switch in type(recipes[name]).model_fields}
    for name in dict.fromkeys(training.models):
        # A switch of all models is one of those that have it; one that none has is an error.
        has = type(recipes[name]).model_fields
        own = {switch: value for switch, value in everyone.items() if switch in has}
        own |= {switch: value for switch, value in everyone.items() if switch not in known}
        changes = own | training.switches.get(name, {})
        try:
            chosen[name] = recipes[name].with_(**changes)
        except ConfigError as error:
            raise error.restated(
                ConfigError,
                where=f"config, training.switches of {name}, {error.where}",
                remedy=error.remedy or f"{training.recipes} and docs/training.md explain switches",
            ) from None
        for switch, path in chosen[name].own_files.items():
            try:
                user_path(path)
            except ValueError as error:
                raise ConfigError(
                    f"{switch} {error}", where=f"{training.recipes}, {name}", value=path
                ) from None
    return chosen
