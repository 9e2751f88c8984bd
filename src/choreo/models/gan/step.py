"""One training step: the generator's update and both discriminators'.

Every network runs once where the maths allows. The discriminators don't change before
their own update, so the scores of generated poses serve the generator's loss and the
discriminator's; D_global's music is encoded once for all of its scores; and what
differs only in dropout shares all layers before the first dropout.
"""

import torch

from choreo.models.gan import losses
from choreo.models.gan.discriminators import windows
from choreo.models.gan.kernels.frozen_stgcn import FrozenPerceptualLoss
from choreo.models.gan.music_encoder import repeated, running_statistics

# The released code encodes D_global's music for the generator's score, the real, the
# generated and the interpolated poses. One pass gives all four, but moves BatchNorm's
# running statistics as four do.
_LISTENINGS = 4


def term_names(recipe):
    """Names of all losses of a recipe, in the order of ``losses.csv``."""
    names = {
        "generator": True,
        "l1": True,
        "music_feature": recipe.music_feature_loss != "off",
        "music_feature_generator": recipe.music_feature_loss == "detached",
        "perceptual": recipe.perceptual_loss,
        "feature_matching": recipe.feature_matching != "off",
        "adversarial_local": True,
        "adversarial_global": True,
        "discriminator_local": True,
        "real_local": True,
        "fake_local": True,
        "discriminator_global": True,
        "real_global": True,
        "fake_global": True,
        "gradient_penalty": recipe.gradient_penalty != "off",
    }
    return [name for name, there in names.items() if there]


class TrainingStep:
    """The update rule of a recipe.

    Parameters
    ----------
    networks : Networks
    recipe : Recipe
    perceptual : SpatialTemporalGraphNetwork, optional
        Needed where the recipe has the pose perceptual loss; it isn't trained.

    Attributes
    ----------
    adversarial : bool
        Whether the discriminators learn and judge; True at first.
    """

    def __init__(self, networks, recipe, perceptual=None):
        if recipe.perceptual_loss and perceptual is None:
            raise ValueError("the recipe has a perceptual loss, so it needs its network")
        self.networks = networks
        self.recipe = recipe
        self.perceptual = perceptual
        if perceptual is not None:
            perceptual.eval().requires_grad_(False)
            kind = FrozenPerceptualLoss if recipe.kernels else losses.PerceptualLoss
            self._perceptual_loss = kind(perceptual)
        self.optimizers = {
            name: torch.optim.Adam(
                network.parameters(), lr=getattr(recipe.learning_rates, name), fused=True
            )
            for name, network in networks.trained()
        }
        self.adversarial = True
        self._base_rates = {
            name: optimizer.param_groups[0]["lr"] for name, optimizer in self.optimizers.items()
        }

    def set_learning_rates(self, factor):
        """Set every learning rate to `factor` times the recipe's."""
        for name, optimizer in self.optimizers.items():
            group, rate = optimizer.param_groups[0], self._base_rates[name] * factor
            if isinstance(group["lr"], torch.Tensor):  # a captured graph reads it there
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def __call__(self, batch, noise, alpha):
        """Update all networks once.

        Parameters
        ----------
        batch : dict of str to Tensor
            ``poses`` (B, T, 36) or (B, T, 18, 2), ``music`` (B, T, 1600), ``initial``
            (B, 36) or (B, 18, 2).
        noise : Tensor, shape (B, T, 10), or None
            As `draw_noise` gives it.
        alpha : Tensor, shape (B, 1, 1)
            Share of the real poses in the interpolated ones, in [0, 1).

        Returns
        -------
        terms : dict of str to Tensor, shape ()
            Every loss, detached; see docs/training.md.
        generated : Tensor, shape (B, T, 36)
            What the generator made, before its update.
        """
        terms, generated = self.differentiate(batch, noise, alpha)
        return terms | self.update(batch), generated

    def update(self, batch):
        """Move all networks along the gradients that `differentiate` left.

        Returns
        -------
        dict of str to Tensor, shape ()
            What the released code logs of the music-feature loss after the update; empty
            for other recipes.
        """
        for optimizer in self.optimizers.values():
            optimizer.step()
        if self.recipe.music_feature_loss == "detached":
            return {"music_feature_generator": self._released_music_feature_log(batch)}
        return {}

    def differentiate(self, batch, noise, alpha):
        """Compute all losses and the gradients of all parameters, without an update.

        Takes and returns what a call does.
        """
        recipe, networks = self.recipe, self.networks
        networks.train()
        networks.zero_grad(set_to_none=True)
        real = batch["poses"].flatten(2)
        features, generated = self._generate(batch, noise)
        # Leaves: what the discriminators do with the poses is differentiated apart from
        # how the generator made them.
        fake = generated.detach().requires_grad_()
        detached_music = features.detach().requires_grad_()

        terms = self._own_terms(fake, detached_music, real)
        if self.adversarial:
            local, local_slope = self._differentiate_local(real, fake)
            judged = _Judged(networks.discriminator_global, batch["music"], real, fake)
            terms |= self._global_terms(judged)
        losses.full_objective(terms, recipe.loss_weights).backward(
            inputs=[fake, detached_music, *self._music_feature_parameters()], retain_graph=True
        )
        if self.adversarial:
            fake.grad += recipe.loss_weights.adversarial * local_slope
            terms["adversarial_local"] = local.pop("adversarial_local")
        self._backward_generator(generated, features, fake.grad, detached_music.grad)
        fake.grad = None
        terms["generator"] = losses.full_objective(terms, recipe.loss_weights)
        if self.adversarial:
            terms |= local | self._differentiate_global(real, fake, alpha, judged)
        return {name: value.detach() for name, value in terms.items()}, generated.detach()

    def _generate(self, batch, noise):
        generator = self.networks.generator
        passes = 2 if self.recipe.music_feature_loss == "detached" else 1
        with repeated(generator.audio_encoder, passes):
            features = generator.audio_encoder(batch["music"])
        return features, generator.pose_generator(features, batch["initial"], noise)

    def _differentiate_local(self, real, fake):
        """Leave D_local's gradients with its parameters; give the generator its own.

        A window's score is one number, so the gradient of any loss by the window's poses
        is that of any other loss times a factor. The pass backwards that D_local's own
        loss needs serves the generator's as well.

        Returns
        -------
        terms : dict of str to Tensor, shape ()
        slope : Tensor, shape (B, T, 36)
            Gradient of ``adversarial_local`` by the generated poses.
        """
        network, scale = self.networks.discriminator_local, self.recipe.discriminator_scale
        parameters = list(network.parameters())
        cut = windows(fake)
        segments = cut.detach().requires_grad_()
        scores = network.score(segments, drop=True)
        own = scores.detach().requires_grad_()
        real_loss, fake_loss = losses.discriminator_adversarial(
            network.score(windows(real), drop=True), own
        )
        wanted = losses.generator_adversarial(own, self.recipe.generator_objective)
        (by_loss,) = torch.autograd.grad(scale * fake_loss, own)
        (by_wanted,) = torch.autograd.grad(wanted, own)
        torch.autograd.backward(scores, by_loss, inputs=[segments, *parameters])
        (scale * real_loss).backward(inputs=parameters)
        # Where a score is so low that its gradient is 0 in float32, both losses' are.
        factor = torch.where(by_loss == 0, 0, by_wanted / by_loss)
        (slope,) = torch.autograd.grad(cut, fake, segments.grad * factor[..., None, None])
        return {
            "adversarial_local": wanted,
            "discriminator_local": scale * (real_loss + fake_loss),
            "real_local": real_loss,
            "fake_local": fake_loss,
        }, slope

    def _own_terms(self, fake, features, real):
        """Terms of the generator's objective that no discriminator has a part in."""
        recipe, networks = self.recipe, self.networks
        terms = {"l1": losses.l1_loss(fake, real, recipe.loss_reduction)}
        if recipe.perceptual_loss:
            terms["perceptual"] = self._perceptual_loss(real, fake)
        if recipe.music_feature_loss == "live":
            terms["music_feature"] = losses.music_feature_loss(
                features, networks.music_feature_generator(fake), recipe.loss_reduction
            )
        elif recipe.music_feature_loss == "detached":
            terms["music_feature"] = self._detached_music_feature(fake, features, real)
        return terms

    def _global_terms(self, judged):
        """Terms of the generator's objective that D_global has a part in."""
        objective, matching = self.recipe.generator_objective, self.recipe.feature_matching
        terms = {"adversarial_global": losses.generator_adversarial(judged.fake_score(), objective)}
        if matching != "off":
            maps = judged.released_maps() if matching == "released" else judged.all_maps()
            terms["feature_matching"] = losses.feature_matching(*maps)
        return terms

    def _music_feature_parameters(self):
        """Parameters that L_MF trains beside the generator's; none unless it is live.

        Without a gradient Adam leaves the music-feature generator where it is.
        """
        live = self.recipe.music_feature_loss == "live"
        return list(self.networks.music_feature_generator.parameters()) if live else []

    def _backward_generator(self, poses, features, by_poses, by_features):
        ends, slopes = [poses], [by_poses]
        if by_features is not None:
            ends, slopes = [poses, features], [by_poses, by_features]
        torch.autograd.backward(ends, slopes, inputs=list(self.networks.generator.parameters()))

    @torch.no_grad()
    def _detached_music_feature(self, fake, features, real):
        """L_MF as the released code computes it: of these poses, but without a gradient.

        It runs the music-feature generator on generated, real and generated poses; two
        passes move the running statistics as those three do.
        """
        network = self.networks.music_feature_generator
        with running_statistics(
            network, lambda m: (m * (1 - m) ** 2 + m) / ((1 - m) ** 2 + m), passes=2
        ):
            fake = network(fake.detach())
        with running_statistics(network, lambda m: m * (1 - m)):
            real = network(real)
        self._regenerated = (fake, real)
        return losses.music_feature_loss(features, fake, self.recipe.loss_reduction)

    @torch.no_grad()
    def _released_music_feature_log(self, batch):
        """Mean of L_MF for real and generated poses, after the generator's update."""
        encoder = self.networks.generator.audio_encoder
        with repeated(encoder, 2):
            features = encoder(batch["music"])
        distances = [
            losses.music_feature_loss(features, regenerated, self.recipe.loss_reduction)
            for regenerated in self._regenerated
        ]
        return sum(distances) / len(distances)

    def _differentiate_global(self, real, fake, alpha, judged):
        """Leave D_global's gradients with its parameters; return its losses by name."""
        recipe = self.recipe
        fake_scores = judged.fake_score()
        real_loss, fake_loss = losses.discriminator_adversarial(judged.real_score(), fake_scores)
        loss = recipe.discriminator_scale * (real_loss + fake_loss)
        terms = {"real_global": real_loss, "fake_global": fake_loss}
        if recipe.gradient_penalty != "off":
            if recipe.gradient_penalty == "generated":
                penalty = losses.gradient_penalty(fake_scores, fake)
            else:
                between = (alpha * real + (1 - alpha) * fake.detach()).requires_grad_()
                penalty = losses.gradient_penalty(judged.score_of(between), between)
            terms["gradient_penalty"] = penalty
            loss = loss + recipe.loss_weights.gradient_penalty * penalty
        loss.backward(inputs=list(self.networks.discriminator_global.parameters()))
        return {"discriminator_global": loss, **terms}


class _Judged:
    """What D_global sees and hears in one step, each part computed when first asked for."""

    def __init__(self, network, audio, real, fake):
        self._network = network
        with repeated(network.audio_encoder, _LISTENINGS):
            self._encoded_music = network.listen(audio)
        self._real = network.look(real)
        self._fake = network.look(fake)
        self._heads = {}
        self._scores = {}

    def _head(self, which, drop):
        encoder = self._network.pose_encoder
        # Without a rate, dropout on and off are the same pass.
        key = which, drop and encoder.dropout > 0
        if key not in self._heads:
            self._heads[key] = encoder.head(
                self._real if which == "real" else self._fake, drop=drop
            )
        return self._heads[key]

    def _judged(self, which, drop):
        if (which, drop) not in self._scores:
            self._scores[which, drop] = self._network.judge(
                self._head(which, drop).fc8, self._encoded_music, drop=drop
            )
        return self._scores[which, drop]

    def fake_score(self):
        return self._judged("fake", True)[1]

    def real_score(self):
        return self._judged("real", True)[1]

    def score_of(self, poses):
        encoder = self._network.pose_encoder
        seen = encoder.head(self._network.look(poses), drop=True).fc8
        return self._network.judge(seen, self._encoded_music, drop=True)[1]

    def released_maps(self):
        """Six maps of real and of generated poses; the third is there twice."""
        return tuple(
            (stem.conv1, stem.conv2, stem.conv3, stem.conv3, head.conv5, head.conv6)
            for stem, head in (
                (self._real, self._head("real", False)),
                (self._fake, self._head("fake", False)),
            )
        )

    def all_maps(self):
        """All layers of D_global that see the poses, of real and of generated ones."""
        return tuple(
            (*stem, *self._head(which, False), *self._judged(which, False))
            for which, stem in (("real", self._real), ("fake", self._fake))
        )
