"""The flow as a family of models: trained on windows, danced with over whole songs."""

import copy
import math
from pathlib import Path

import numpy as np
import torch

from choreo.dataset.seen import seen_in
from choreo.errors import ItemError
from choreo.files import sha256
from choreo.models.data import chosen_chunks, load_batch, mean_pose
from choreo.models.divergence import GRADIENT
from choreo.models.family import Model
from choreo.models.flow.meeting import SECONDS, meet
from choreo.models.flow.muon import Muon
from choreo.models.flow.network import Network
from choreo.models.flow.sampling import Song, dance
from choreo.models.flow.settling import settle
from choreo.models.flow.windows import Windows
from choreo.models.music_features import FEATURES
from choreo.models.weights import read_model

_TIME_MEAN, _TIME_SPREAD = -0.6, 1.0  # logit-normal
_LEAST_SHARE = 1e-4  # of the normal distribution's tails
_MOST_WEIGHT = 25.0  # of 1 / (1 - t)^2
_LARGEST_GRADIENT = 1.0
_WARM_UP = 50  # steps
_NETWORK = "network."
_LEAST_SCALE = 1e-3  # of data that do not move


def _network(recipe, data):
    return Network(
        2 * data.joints,
        FEATURES[recipe.music].size(data),
        data.chunk_frames,
        width=recipe.width,
        layers=recipe.layers,
        heads=recipe.heads,
        patch=recipe.patch,
    )


def check_shapes(recipe, data, state):
    """Refuse weights that are none of such a flow, before more memory is taken than they have.

    Parameters
    ----------
    recipe : Recipe
    data : DataDescription
    state : dict of str to Tensor

    Raises
    ------
    ItemError
        Naming some of what is missing, of another shape, or too much.
    """
    values = sum(value.numel() for value in state.values())
    if recipe.layers * recipe.width**2 > values:
        raise ItemError(
            "not the weights of a flow of this shape",
            value=f"{values} values, width {recipe.width}, {recipe.layers} layers",
        )
    # What is drawn here is no part of a training. (On torch's meta device nothing would be
    # made at all, but it imports torch's compiler, which takes seconds.)
    with torch.random.fork_rng(devices=[]):
        made = _network(recipe, data).state_dict()
    wanted = {_NETWORK + name: tuple(value.shape) for name, value in made.items()}
    wanted |= {"mean": (2 * data.joints,), "scale": ()}
    wrong = [n for n in wanted if n not in state or tuple(state[n].shape) != wanted[n]]
    if wrong or len(state) != len(wanted):
        raise ItemError(
            "not the weights of a flow of this shape",
            value=", ".join(sorted({*wrong, *(set(state) - set(wanted))})[:3]),
        )


class Flow(Model):
    """The network, the running mean of its weights, which dances, and the poses' scale.

    Attributes
    ----------
    network, averaged : Network
    mean : Tensor, shape (2 J,)
        Mean pose, in [-1, 1].
    scale : Tensor, shape ()
        Standard deviation round it, one for all joints: a hand weighs as far as it moves.
    """

    losses = ("flow", "pose", "motion")
    holds = loops = True

    def __init__(self, recipe, data):
        super().__init__(recipe, data)
        self.averaged = _network(recipe, data).eval()
        self.averaged.requires_grad_(False)
        self.mean, self.scale = torch.zeros(2 * data.joints), torch.ones(())
        self.network, self._device, self._bfloat16 = None, torch.device("cpu"), False
        self._about = {}

    def begin(self, dataset, setting):
        """Measure the poses' scale, or take the weights to start from; make the optimizer."""
        if self.recipe.start_from is not None:
            self._start(Path(self.recipe.start_path), dataset)
        else:
            self.mean = mean_pose(dataset)
            self.scale = _scale(dataset, self.mean)
        self._device, self._bfloat16 = setting.device, setting.precision == "bfloat16"
        self.averaged.to(self._device)
        self.mean, self.scale = self.mean.to(self._device), self.scale.to(self._device)
        if not self.recipe.trained:
            return
        self._about["batch_size"] = self.recipe.batch_size
        self.network = copy.deepcopy(self.averaged).train()
        self.network.requires_grad_(True)
        matrices = self.network.matrices()
        own = {id(matrix) for matrix in matrices}
        others = [value for value in self.network.parameters() if id(value) not in own]
        rate, matrix_rate = self.recipe.learning_rate, self.recipe.matrix_learning_rate
        # Each with the length of its full steps.
        self._optimizers = (
            (torch.optim.AdamW(others, rate, betas=(0.9, 0.99)), rate),
            (Muon(matrices, matrix_rate), matrix_rate),
        )

    def batches(self, dataset, setting):
        """Windows from anywhere; see `choreo.models.flow.windows`."""
        return Windows(dataset, self.recipe, setting.seed, setting.device)

    def step(self, batch, at):
        """Learn from a batch of windows at times drawn for each."""
        factor = learning_rate_factor(at.step, at.steps)
        for optimizer, rate in self._optimizers:
            optimizer.zero_grad(set_to_none=True)
            for group in optimizer.param_groups:
                group["lr"] = factor * rate
        poses = (batch["poses"] - self.mean) / self.scale
        time = draw_times(len(poses))
        noise = torch.randn(poses.shape).to(poses.device)
        time = time.to(poses.device)
        share = time[:, None, None]
        noisy = (1 - share) * noise + share * poses
        mask = batch["mask"]
        known = poses * mask.repeat_interleave(2, -1)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bfloat16):
            guess = self.network(noisy, time, batch["music"], known, mask, batch["deaf"])
        away = guess.float() - poses
        weight = torch.clamp((1 - time) ** -2, max=_MOST_WEIGHT)
        pose = (weight * away.square().mean((1, 2))).mean()
        motion = (weight * away.diff(dim=1).square().mean((1, 2))).mean()
        (pose + motion).backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), _LARGEST_GRADIENT)
        for optimizer, _ in self._optimizers:
            optimizer.step()
        # At first the mean forgets faster: it would keep the weights' start.
        kept = min(self.recipe.average, (1 + at.step) / (10 + at.step))
        torch._foreach_lerp_(
            list(self.averaged.parameters()), [p.data for p in self.network.parameters()], 1 - kept
        )
        numbers = torch.stack([pose + motion, pose, motion, norm]).detach().tolist()
        return dict(zip((*self.losses, GRADIENT + "the network"), numbers, strict=True))

    def state(self):
        """The averaged network, and the poses' mean and scale."""
        own = {_NETWORK + name: value for name, value in self.averaged.state_dict().items()}
        return {
            name: v.cpu() for name, v in {**own, "mean": self.mean, "scale": self.scale}.items()
        }

    def load_state(self, state):
        """Take what `state` gave."""
        check_shapes(self.recipe, self.data, state)
        own = {n.removeprefix(_NETWORK): v for n, v in state.items() if n.startswith(_NETWORK)}
        self.averaged.load_state_dict(own)
        self.mean, self.scale = state["mean"].float(), state["scale"].float()

    def checkpoint(self):
        """Both networks and the optimizers."""
        return {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer, _ in self._optimizers],
        }

    def resume(self, state):
        """Take what `checkpoint` gave."""
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        for (optimizer, _), own in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(own)

    def sample(self, requests, *, temperature=1.0, join="whole"):
        """Dance, all windows of all songs together; see `choreo.models.flow.sampling`.

        A start of zeros, the middle of the canvas, is none.
        """
        songs = [self._song(request, temperature) for request in requests]
        recipe = self.recipe
        reach = round(SECONDS * self.data.fps)
        dances = dance(
            self._estimate,
            songs,
            self.data.chunk_frames,
            steps=recipe.steps,
            time_shift=recipe.time_shift,
            reach=reach,
        )
        mean, scale = self.mean.cpu().numpy(), self.scale.cpu().numpy()
        found = []
        for request, song, poses in zip(requests, songs, dances, strict=True):
            count = len(request.music)
            poses = (poses[:count] * scale + mean).reshape(count, -1, 2)
            if recipe.settle:
                about = (mean.reshape(-1, 2), self.data.canvas, self.data.fps)
                poses = settle(poses, *about, loop=request.loop)
            if request.known is not None:
                known = np.asarray(request.known, np.float32)
                poses = meet(poses, known, song.held, reach, loop=request.loop)
            poses = np.where(song.held[..., None], poses, np.clip(poses, -1, 1))
            found.append(poses.astype(np.float32))
        return found

    def about(self):
        """What it started from."""
        return self._about

    def _song(self, request, temperature):
        """What is to be danced, in the network's units."""
        count, joints = len(request.music), self.data.joints
        known = np.full((count, joints, 2), np.nan, np.float32)
        if request.known is not None:
            known[:] = request.known
        held = np.isfinite(known).all(-1)
        fixed = held.copy()
        if np.any(request.start) and not held[0].any() and not request.loop:
            known[0], fixed[0] = request.start, True
        mean, scale = self.mean.cpu().numpy(), self.scale.cpu().numpy()
        known = (known.reshape(count, -1) - mean) / scale
        known[~np.repeat(fixed, 2, 1)] = 0
        noise = request.rng.standard_normal((count, 2 * joints)).astype(np.float32)
        return Song(
            np.asarray(request.music, np.float32),
            known.astype(np.float32),
            fixed.astype(np.float32),
            held,
            self.recipe.noise * temperature * noise,
            request.loop,
        )

    @torch.no_grad()
    def _estimate(self, noisy, time, music, known, mask):
        """Poses of windows, as arrays."""
        tensors = [torch.from_numpy(part).to(self._device) for part in (noisy, music, known, mask)]
        noisy, music, known, mask = tensors
        when = torch.full((len(noisy),), time, device=self._device)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bfloat16):
            guess = self.averaged(noisy, when, music, known, mask)
            if self.recipe.guidance != 1:
                deaf = torch.ones(len(noisy), dtype=torch.bool, device=self._device)
                free = self.averaged(noisy, when, music, known, mask, deaf)
                guess = torch.lerp(free, guess, self.recipe.guidance)
        return guess.float().cpu().numpy()

    def _start(self, path, dataset):
        """Take given weights, with what they were trained on."""
        self.recipe.check_files(self.data)
        model, _, summary = read_model(path)
        self.load_state(model.state())
        seen, more = summary.get("trained_on"), seen_in(dataset) if self.recipe.trained else {}
        known = seen is not None and more is not None
        self._about |= {
            "started_from": {"file": path.name, "sha256": sha256(path)},
            # None where that is not known: of what nobody knows nothing can be ruled out.
            "trained_on": {
                name: sorted({*seen.get(name, ()), *more.get(name, ())})
                for name in {**seen, **more}
            }
            if known
            else None,
        }


def draw_times(count):
    """Times of windows: logit-normal, one from each of so many equal shares.

    Spread evenly, so that no step sees much noise alone, or little. By torch's random state.

    Returns
    -------
    Tensor, shape (count,)
    """
    shares = (torch.randperm(count) + torch.rand(count)) / count
    normal = torch.special.ndtri(shares.clamp(_LEAST_SHARE, 1 - _LEAST_SHARE))
    return torch.sigmoid(_TIME_MEAN + _TIME_SPREAD * normal)


def learning_rate_factor(step, steps):
    """Factor of the learning rate: a short rise, held to the half, then half a cosine."""
    rise = min(1.0, (step + 1) / (_WARM_UP + 1))
    done = max(0.0, 2 * step / max(1, steps) - 1)
    return rise * 0.5 * (1 + math.cos(math.pi * done))


def _scale(dataset, mean):
    """Standard deviation of a dataset's poses round their mean."""
    total, count, chosen = 0.0, 0, chosen_chunks(dataset)
    for first in range(0, len(chosen), 16):
        away = load_batch(dataset, chosen[first : first + 16])["poses"].double() - mean.double()
        total, count = total + away.square().sum(), count + away.numel()
    return torch.clamp((total / count).sqrt(), min=_LEAST_SCALE).float()
