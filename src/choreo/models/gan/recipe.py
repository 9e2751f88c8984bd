"""Recipes of the thesis's GAN.

Each difference between the thesis's text and its released code is one switch, so that
the thesis's claims can be tested one at a time. This module imports nothing heavy.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from choreo.errors import ConfigError
from choreo.models.family import TrainedRecipe
from choreo.rates import CHUNK_SECONDS, POSE_FPS

# YAML reads a bare `off` as false.
_off = BeforeValidator(lambda value: "off" if value is False else value)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


_Weight = Annotated[float, Field(ge=0, le=1e12)]
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


class Recipe(TrainedRecipe):
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
    kernels : bool
        Whether the networks are computed by `choreo.models.gan.kernels`, which are faster
        and round otherwise; without, layer by layer as they are written.
    """

    family: Literal["gan"] = "gan"
    music: Literal["raw"] = "raw"

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
    kernels: bool = True

    @property
    def needs(self) -> tuple[str, ...]:
        """The network of the pose perceptual loss, where there is that loss."""
        return ("perceptual",) if self.perceptual_loss else ()

    @property
    def own_files(self) -> dict[str, str]:
        """The file of given weights."""
        return {"weights_file": self.weights_file} if self.weights_file else {}

    @property
    def complete(self) -> bool:
        """A model that is neither trained nor given weights has no row of its own to fill."""
        return self.trained or self.weights_file is not None

    @property
    def roles(self) -> tuple[str, ...]:
        """The original framework has no L_MF; Figure 7's model and the judge are a GRU."""
        framework = "original" if self.music_feature_loss == "off" else "adapted"
        if self.encoder != "gru":
            return (framework,)
        return (framework, "judge", *(("losses",) if framework == "adapted" else ()))

    def check(self, data):
        """Refuse data that the networks were not laid out for.

        Raises
        ------
        ConfigError
        """
        if (data.fps, data.chunk_seconds, data.skeleton) != (POSE_FPS, CHUNK_SECONDS, "openpose18"):
            raise ConfigError(
                f"family gan takes chunks of {CHUNK_SECONDS:g} s, {POSE_FPS} poses a second and "
                "the 18 joints of openpose18: its music encoder is made for 1,600 samples a pose, "
                "and D_global's last layer for 50 poses of 18 joints",
                value=f"{data.chunk_seconds:g} s, {data.fps} a second, {data.skeleton}",
                remedy="Set dataset.chunk_seconds and dataset.fps so, or take another family",
            )

    def build(self, data):
        """Make the model, its weights drawn by torch's random state."""
        from choreo.models.gan.model import Gan

        return Gan(self, data)
