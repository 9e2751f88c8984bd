"""Recipes: what a model is made of and how it is trained, as named switches.

Each difference between the thesis's text and its released code is one switch, so that
the thesis's claims can be tested one at a time. This module imports nothing heavy: the
process that builds the DAG reads recipes too.
"""

from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from choreo.bounds import allowed_numbers
from choreo.errors import ConfigError, ItemError
from choreo.files import is_id, shipped
from choreo.text_tables import read_text

_MAX_DEPTH = 40
_MAX_NODES = 100_000
"""Entries of a file with all its aliases unfolded; the shipped recipes have some hundreds."""

# YAML reads a bare `off` as false.
_off = BeforeValidator(lambda value: "off" if value is False else value)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


_Weight = Annotated[float, Field(ge=0, le=1_000_000)]
_Rate = Annotated[float, Field(gt=0, le=1)]
_Steps = Annotated[int, Field(ge=0, le=1_000_000_000)]


class LossWeights(_Strict):
    """Weights of the terms of the full objective, eq. (7) (thesis section 4.3).

    The thesis gives no weight to the adversarial terms and to L_MF, and none for the
    pose perceptual loss of the original framework; the released code has 1 for all.
    """

    adversarial: _Weight = 1.0
    feature_matching: _Weight = 1.0
    l1: _Weight = 200.0
    music_feature: _Weight = 1.0
    perceptual: _Weight = 1.0
    gradient_penalty: _Weight = 1.0


class LearningRates(_Strict):
    """Adam's learning rate of each network (thesis section 4.3)."""

    generator: _Rate = 3e-4
    music_feature_generator: _Rate = 3e-4
    discriminator_local: _Rate = 3e-4
    discriminator_global: _Rate = 5e-4


class Recipe(_Strict):
    """One model: its networks, losses and training. The defaults are the thesis's GRU.

    Attributes
    ----------
    encoder : {"gru", "lstm"}
        Recurrent part of the music encoder (section 4.2.1), of the noise, and of
        D_global's own music encoder.
    music_features : {128, 256}
        U, the number of features a frame.
    noise : bool
        Whether the pose generator gets noise beside the music features. The thesis's
        text is silent on it; the code that it builds on has it.
    initial_pose : {"features", "released", "none"}
        ``features``: through one linear layer, joined to the music features of every
        frame (section 4.2.2). ``released``: as one more time step that is cut off
        again, so that it has no effect when the network is used. ``none``: not used
        (original framework).
    music_feature_loss : {"live", "detached", "off"}
        L_MF, eq. (3). ``live``: trains the music encoder, the pose generator and the
        music-feature generator. ``detached``: computed, but without a gradient.
    audio_batching : {"clean", "mixed"}
        Whether D_global hears each clip's own music, or the released code's mixture of
        the batch.
    feature_matching : {"thesis", "released", "off"}
        ``thesis``: all layers of D_global, eq. (5). ``released``: six maps, of which
        the third is counted twice.
    gradient_penalty : {"generated", "interpolated", "off"}
        Where D_global's gradient is held to 1: at (x, G(x)) as in eq. (4), or at points
        drawn between real and generated poses (released).
    generator_objective : {"minimax", "non_saturating"}
        The generator minimises log(1 - D), as eq. (4) and (7) say, or -log D (released).
    discriminator_scale : float
        Factor of the discriminators' log terms: 1 in eq. (4), 0.5 released.
    loss_reduction : {"sum", "mean"}
        L1 and L_MF as sums over frames and features, eq. (3) and (6), or as means
        (released).
    perceptual_loss : bool
        Pose perceptual loss (original framework).
    dropout : float
        Rate of every dropout.
    loss_weights, learning_rates : LossWeights, LearningRates
    warm_up_steps : int
        Steps in which the learning rates rise from 0; the thesis has none.
    learning_rate_schedule : {"constant", "cosine"}
        Held, as in the thesis, or lowered to 0 along half a cosine.
    output_start : {"random", "mean_pose"}
        How the pose generator's last layer begins: as the framework begins it, or small
        around the mean pose of the training data, which saves a short training the way
        there.
    adversarial_from_epoch : int
        Epochs that the generator trains without its discriminators, which then neither
        learn nor judge; the thesis has none.
    recalibrate : bool
        Whether BatchNorm's running statistics are taken anew from the training data at
        the end. After few steps those of the steps lag behind.
    epochs, batch_size : int
        ``epochs: 0`` is a model that is not trained here.
    weights_file : str, optional
        A released state dict (``.pth``) or our ``.safetensors`` that is used instead of
        training (`ren2020`).
    """

    encoder: Literal["gru", "lstm"] = "gru"
    music_features: Literal[128, 256] = 128
    noise: bool = True
    initial_pose: Literal["features", "released", "none"] = "features"
    music_feature_loss: Annotated[Literal["live", "detached", "off"], _off] = "live"
    audio_batching: Literal["clean", "mixed"] = "clean"
    feature_matching: Annotated[Literal["thesis", "released", "off"], _off] = "thesis"
    gradient_penalty: Annotated[Literal["generated", "interpolated", "off"], _off] = "generated"
    generator_objective: Literal["minimax", "non_saturating"] = "minimax"
    discriminator_scale: float = Field(1.0, gt=0, le=1_000_000)
    loss_reduction: Literal["sum", "mean"] = "sum"
    perceptual_loss: bool = False
    dropout: float = Field(0.5, ge=0, lt=1)
    loss_weights: LossWeights = LossWeights()
    learning_rates: LearningRates = LearningRates()
    warm_up_steps: _Steps = 0
    learning_rate_schedule: Literal["constant", "cosine"] = "constant"
    output_start: Literal["random", "mean_pose"] = "random"
    adversarial_from_epoch: _Steps = 0
    recalibrate: bool = False
    epochs: _Steps = 350
    batch_size: int = Field(16, ge=2, le=1_000_000)
    weights_file: str | None = None

    def with_(self, **changes):
        """Copy with some switches changed; the result is checked like a new recipe."""
        return recipe_from({**self.model_dump(), **changes})


def recipe_from(switches, *, where=None):
    """Make a `Recipe` of a mapping.

    Parameters
    ----------
    switches : mapping
        Names and values of switches; the rest keeps its default.
    where : str, optional
        The file and key that an error shall name.

    Raises
    ------
    ConfigError
        With the first switch that is unknown or has a wrong value.
    """
    try:
        return Recipe.model_validate(dict(switches))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        place = f"{where}, {name}" if where else name
        if first["type"] == "extra_forbidden":
            known = Recipe.model_fields
            for part in first["loc"][:-1]:
                known = known[part].annotation.model_fields
            raise ConfigError(
                "unknown switch of a recipe",
                where=place,
                remedy=f"Known: {', '.join(known)}",
            ) from error
        raise ConfigError(
            first["msg"],
            where=place,
            value=first["input"],
            remedy=allowed_numbers(Recipe, first["loc"], first["input"]),
        ) from error


def load_recipes(path):
    """Read ``config/models.yaml``.

    Parameters
    ----------
    path : str or Path
        YAML: a mapping from model name to switches.

    Returns
    -------
    dict of str to Recipe
        In the file's order.

    Raises
    ------
    ConfigError
        Where the file is missing, no mapping, or holds an unknown switch or value.
    """
    path = shipped(path)
    try:
        data = load_yaml(read_text(path))
    except FileNotFoundError as error:
        raise ConfigError("no such file", where=path) from error
    except IsADirectoryError as error:
        raise ConfigError("a folder, not a file of recipes", where=path) from error
    except ItemError as error:
        raise ConfigError(error.message, where=error.where, remedy=error.remedy) from None
    except (yaml.YAMLError, OSError, RecursionError) as error:
        raise ConfigError(f"not YAML ({error})", where=path) from error
    if not isinstance(data, dict) or not data:
        raise ConfigError("must map model names to switches", where=path, value=data)
    recipes = {}
    for name, switches in data.items():
        if not is_id(str(name)):
            raise ConfigError("not a name for a model", where=path, value=name)
        if not isinstance(switches, dict):
            raise ConfigError(
                "must be a mapping of switches", where=f"{path}, {name}", value=switches
            )
        recipes[str(name)] = recipe_from(switches, where=f"{path}, {name}")
    return recipes


def recipe_named(recipes, name):
    """Look a model up.

    Parameters
    ----------
    recipes : dict of str to Recipe
    name : str

    Raises
    ------
    ConfigError
        Where there is no such model.
    """
    if name not in recipes:
        raise ConfigError("unknown model", value=name, remedy=f"Known: {', '.join(recipes)}")
    return recipes[name]


def shown_in_figure7(recipes):
    """Name of the model whose losses Figure 7 shows, which in the thesis is the GRU.

    Parameters
    ----------
    recipes : dict of str to Recipe
        Of the models that are trained; the Original is a GRU too, but has no L_MF.

    Returns
    -------
    str or None
        ``gru``; where there is none, the first GRU with L_MF, and else the first model.
    """
    if "gru" in recipes:
        return "gru"
    alike = (
        name
        for name, recipe in recipes.items()
        if recipe.encoder == "gru" and recipe.music_feature_loss != "off"
    )
    return next(alike, next(iter(recipes), None))


class DuplicateKey(yaml.YAMLError):
    """A key that is given twice, of which YAML would keep the last."""


def load_yaml(text):
    """Read YAML in which no key may be given twice.

    Raises
    ------
    DuplicateKey, yaml.YAMLError
    """
    return yaml.load(text, _UniqueKeys)


class _UniqueKeys(yaml.SafeLoader):
    """YAML that refuses a key given twice; merging another mapping with ``<<`` is allowed.

    Also what is nested deeply, and what unfolds by aliases to far more than it holds.
    """

    def compose_node(self, parent, index):
        depth, self._depth = getattr(self, "_depth", 0), getattr(self, "_depth", 0) + 1
        if self._depth > _MAX_DEPTH:
            raise yaml.YAMLError(f"nested deeper than {_MAX_DEPTH} levels")
        alias = self.check_event(yaml.AliasEvent)
        node = super().compose_node(parent, index)
        self._depth = depth
        sizes = self.__dict__.setdefault("_sizes", {})
        if not alias:
            parts = node.value if isinstance(node, yaml.CollectionNode) else []
            if isinstance(node, yaml.MappingNode):
                parts = [part for pair in parts for part in pair]
            sizes[id(node)] = 1 + sum(sizes.get(id(part), _MAX_NODES) for part in parts)
        # What holds itself has no size yet.
        if sizes.get(id(node), _MAX_NODES + 1) > _MAX_NODES:
            raise yaml.YAMLError(f"it unfolds to more than {_MAX_NODES} entries")
        return node

    def construct_document(self, node):
        try:
            return super().construct_document(node)
        except ValueError as error:  # such as a number of a million digits
            raise yaml.YAMLError(str(error)) from error

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge" or not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                line = key.start_mark.line + 1
                raise DuplicateKey(f"key {key.value!r} is given twice, again in line {line}")
            seen.add(key.value)
        return super().construct_mapping(node, deep)
