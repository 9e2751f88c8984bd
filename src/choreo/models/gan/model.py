"""The GAN as a family of models: trained step by step, and danced with segment by segment."""

import functools
import math
from pathlib import Path

import torch

from choreo.dataset.description import DataDescription
from choreo.errors import ConfigError
from choreo.files import ending, sha256
from choreo.models.data import mean_pose, to_device
from choreo.models.family import OVERLAP_SECONDS, Model
from choreo.models.gan.kernels.captured import CheckedStep, graphs_for
from choreo.models.gan.networks import Networks, fill, load_state
from choreo.models.gan.perceptual import load_perceptual
from choreo.models.gan.pose_generator import DanceGenerator, draw_noise
from choreo.models.gan.recalibrate import recalibrate
from choreo.models.gan.segments import dance_segments, split_song
from choreo.models.gan.step import TrainingStep, term_names
from choreo.models.weights import read_model

_SMALL = 0.1
_GENERATOR = "generator."


class Gan(Model):
    """Networks of the thesis, their optimizers and their way to dance.

    Attributes
    ----------
    generator : DanceGenerator
    networks : Networks or None
        All that are trained; None in a model that only dances.
    """

    joins = ("initial_pose", "cross_fade")

    def __init__(self, recipe, data):
        super().__init__(recipe, data)
        self.losses = term_names(recipe)
        self.generator = DanceGenerator(recipe)
        self.networks = None
        self._about = {"perceptual": None}

    def begin(self, dataset, setting):
        """Make all networks and their optimizers; or take given weights."""
        if not self.recipe.trained:
            self._load_given()
            return
        perceptual = None
        if self.recipe.perceptual_loss:
            with torch.random.fork_rng(devices=[]):
                perceptual, about = load_perceptual(setting.files["perceptual"])
            self._about["perceptual"] = about
            perceptual.to(setting.device)
        self._device = setting.device
        self.networks = Networks(self.recipe, self.generator).to(setting.device)
        if self.recipe.output_start == "mean_pose":
            start_from_mean_pose(self.generator, dataset)
        self._update = TrainingStep(self.networks, self.recipe, perceptual)
        graphs = graphs_for(setting.device) if self.recipe.kernels else None
        self._behind = graphs is not None
        self._checked = CheckedStep(
            self._update,
            device=setting.device,
            autocast=functools.partial(
                torch.autocast,
                setting.device.type,
                torch.bfloat16,
                enabled=setting.precision == "bfloat16",
            ),
            asynchronous=graphs is not None,
            graphs=graphs,
        )

    def step(self, batch, at):
        """Update all networks once; see `choreo.models.family.Model.step`."""
        clips, frames, _ = batch["poses"].shape
        noise, alpha = draw_noise(clips, frames), torch.rand(clips, 1, 1)
        self._update.set_learning_rates(learning_rate_factor(self.recipe, at.step, at.steps))
        self._update.adversarial = at.epoch >= self.recipe.adversarial_from_epoch
        names, values = self._checked(
            batch, to_device(noise, self._device), to_device(alpha, self._device)
        )
        if not self._behind:
            return dict(zip(names, values.tolist(), strict=True))
        values, event = _to_host(values)

        def arrived():
            if event is not None:
                event.synchronize()
            return dict(zip(names, values.tolist(), strict=True))

        return arrived

    def finish(self, dataset, setting):
        """Take BatchNorm's statistics anew, where the recipe says so."""
        if self.recipe.trained and self.recipe.recalibrate:
            recalibrate(self.generator, dataset, seed=setting.seed)

    def state(self):
        """Tensors of all networks, or of the generator where there are no others."""
        if self.networks is not None:
            return self.networks.state_dict()
        return {_GENERATOR + name: value for name, value in self.generator.state_dict().items()}

    def load_state(self, state):
        """Take the generator's tensors; others are left where they are."""
        own = {n.removeprefix(_GENERATOR): v for n, v in state.items() if n.startswith(_GENERATOR)}
        fill(self.generator, own)
        self.generator.eval()

    def load_foreign(self, path):
        """Take a state dict of the released code (``generator_*.pth``)."""
        load_state(self.generator, path)
        self.generator.eval()

    def checkpoint(self):
        """Networks and optimizers."""
        return {
            "networks": self.networks.state_dict(),
            "optimizers": {n: o.state_dict() for n, o in self._update.optimizers.items()},
        }

    def resume(self, state):
        """Take what `checkpoint` gave."""
        self.networks.load_state_dict(state["networks"])
        for name, optimizer in self._update.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self._checked.make_capturable()

    def sample(self, requests, *, temperature=1.0, join="initial_pose"):
        """Dance in segments; see `choreo.models.family.Model.sample`."""
        overlap = round(OVERLAP_SECONDS * self.data.fps) if join == "cross_fade" else 0
        segments = [split_song(request.music.reshape(-1), overlap=overlap) for request in requests]
        noises = [
            draw_noise(
                len(own),
                self.data.chunk_frames,
                generator=torch.Generator().manual_seed(int(request.rng.integers(2**63))),
                temperature=temperature,
            )
            for own, request in zip(segments, requests, strict=True)
        ]
        starts = [request.start for request in requests]
        options = {"overlap": overlap, "kernels": self.recipe.kernels}
        dances = dance_segments(self.generator, segments, starts, noises, **options)
        return [dance[: len(r.music)] for dance, r in zip(dances, requests, strict=True)]

    @torch.no_grad()
    def redraw(self, batch, random):
        """Generate the poses of chunks, each from its own first pose."""
        was_training = self.generator.training
        self.generator.eval()
        noise = draw_noise(*batch["poses"].shape[:2], generator=random)
        poses = self.generator(batch["music"], batch["initial"], noise.to(batch["poses"].device))
        self.generator.train(was_training)
        return poses

    def parameters(self):
        """Numbers of trained values, by network."""
        networks = {"generator": self.generator} if self.networks is None else None
        return {
            name: sum(p.numel() for p in network.parameters())
            for name, network in (networks or dict(self.networks.trained())).items()
        }

    def about(self):
        """Where the perceptual network comes from, or the weights."""
        return self._about

    def _load_given(self):
        """Take the weights of the recipe's ``weights_file``, with what they were trained on."""
        if self.recipe.weights_file is None:
            raise ConfigError(
                "this model isn't trained here (epochs: 0) and has no weights",
                remedy="Give its weights_file in config/models.yaml, or under training.switches",
            )
        path = Path(self.recipe.weights_file)
        recipe, summary = self.recipe, {}
        if ending(path) == ".pth":
            self.load_foreign(path)
            self.data = DataDescription(method="released")
        else:
            taken, _, summary = read_model(path)
            recipe, self.generator, self.data = taken.recipe, taken.generator, taken.data
        self._about |= {
            "imported": {"file": path.name, "sha256": sha256(path)},
            "recipe": recipe.model_dump(),
            # How songs are scaled for it and what its poses mean: as where it was trained.
            "data": summary.get("data", {"hash": None, "chunks": 0, **self.data.as_json()}),
            # None where that is not known, as of released weights.
            "trained_on": summary.get("trained_on"),
        }


def learning_rate_factor(recipe, step, steps):
    """Factor of all learning rates at a step: warm-up, then the schedule."""
    if step < recipe.warm_up_steps:
        return (step + 1) / (recipe.warm_up_steps + 1)
    if recipe.learning_rate_schedule == "constant":
        return 1.0
    done = (step - recipe.warm_up_steps) / max(1, steps - recipe.warm_up_steps)
    return 0.5 * (1 + math.cos(math.pi * done))


def start_from_mean_pose(generator, dataset):
    """Let a pose generator's last layer begin small around the mean pose of a dataset."""
    layer = generator.pose_generator.final_linear
    with torch.no_grad():
        layer.weight.mul_(_SMALL)
        layer.bias.copy_(torch.atanh(mean_pose(dataset).clamp(-0.99, 0.99)))


def _to_host(values):
    """Start to copy a step's numbers; the event tells when they are there."""
    if values.device.type != "cuda":
        return values.clone(), None
    host = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
    host.copy_(values, non_blocking=True)
    event = torch.cuda.Event()
    event.record()
    return host, event
