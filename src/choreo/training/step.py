"""One training step: the generator's update and both discriminators'.

Every network runs once where the maths allows. The discriminators don't change before
their own update, so the scores of generated poses serve the generator's loss and the
discriminator's; D_global's music is encoded once for all of its scores; and what
differs only in dropout shares all layers before the first dropout.
"""

import torch

from choreo.training import losses
from choreo.training.discriminators import windows
from choreo.training.music_encoder import repeated, running_statistics

# The released code encodes D_global's music for the generator's score, the real, the
# generated and the interpolated poses. One pass gives all four, but moves BatchNorm's
# running statistics as four do.
_LISTENINGS = 4


class TrainingStep:
    """The update rule of a recipe.

    Parameters
    ----------
    networks : Networks
    recipe : Recipe
    perceptual : SpatialTemporalGraphNetwork, optional
        Needed where the recipe has the pose perceptual loss; it isn't trained.
    """

    def __init__(self, networks, recipe, perceptual=None):
        if recipe.perceptual_loss and perceptual is None:
            raise ValueError("the recipe has a perceptual loss, so it needs its network")
        self.networks = networks
        self.recipe = recipe
        self.perceptual = perceptual
        if perceptual is not None:
            perceptual.eval().requires_grad_(False)
        self.optimizers = {
            name: torch.optim.Adam(
                network.parameters(), lr=getattr(recipe.learning_rates, name), fused=True
            )
            for name, network in networks.trained()
        }
        self._base_rates = {
            name: optimizer.param_groups[0]["lr"] for name, optimizer in self.optimizers.items()
        }

    def set_learning_rates(self, factor):
        """Set every learning rate to `factor` times the recipe's."""
        for name, optimizer in self.optimizers.items():
            optimizer.param_groups[0]["lr"] = self._base_rates[name] * factor

    def __call__(self, batch, noise, alpha):
        """Update all networks once.

        Parameters
        ----------
        batch : dict of str to Tensor
            ``poses`` (B, T, 36) or (B, T, 18, 2), ``audio`` (B, T, 1600), ``initial``
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
        # Leaves: each discriminator's graph is walked for its own update and for the
        # gradient by the poses, never for both at once.
        leaf = generated.detach().requires_grad_()
        heard_leaf = features.detach().requires_grad_()

        local_fake = self._score_local(leaf)
        looked = _Looked(networks.discriminator_global, batch["audio"], real, leaf)
        terms = self._generator_terms(leaf, heard_leaf, real, local_fake, looked)
        objective = losses.full_objective(terms, recipe.loss_weights)
        self._backward_generator(objective, (generated, leaf), (features, heard_leaf))
        terms = {name: value.detach() for name, value in terms.items()}
        terms["generator"] = objective.detach()

        for name, loss, parts in (
            ("discriminator_local", *self._local_loss(real, local_fake)),
            ("discriminator_global", *self._global_loss(real, leaf, alpha, looked)),
        ):
            loss.backward(inputs=list(getattr(networks, name).parameters()))
            terms[name] = loss.detach()
            terms |= {part: value.detach() for part, value in parts.items()}
        return terms, generated.detach()

    def _generate(self, batch, noise):
        generator = self.networks.generator
        passes = 2 if self.recipe.music_feature_loss == "detached" else 1
        with repeated(generator.audio_encoder, passes):
            features = generator.audio_encoder(batch["audio"])
        return features, generator.pose_generator(features, batch["initial"], noise)

    def _score_local(self, poses):
        return self.networks.discriminator_local.score(windows(poses), drop=True)

    def _generator_terms(self, fake, features, real, local_fake, looked):
        recipe, networks = self.recipe, self.networks
        objective = recipe.generator_objective
        terms = {
            "adversarial_local": losses.generator_adversarial(local_fake, objective),
            "adversarial_global": losses.generator_adversarial(looked.fake_score(), objective),
        }
        if recipe.feature_matching != "off":
            maps = (
                looked.released_maps if recipe.feature_matching == "released" else looked.all_maps
            )
            terms["feature_matching"] = losses.feature_matching(*maps())
        terms["l1"] = losses.l1_loss(fake, real, recipe.loss_reduction)
        if recipe.perceptual_loss:
            with torch.no_grad():
                wanted = self.perceptual.features(real)
            terms["perceptual"] = losses.perceptual_loss(wanted, self.perceptual.features(fake))
        if recipe.music_feature_loss == "live":
            terms["music_feature"] = losses.music_feature_loss(
                features, networks.music_feature_generator(fake), recipe.loss_reduction
            )
        elif recipe.music_feature_loss == "detached":
            terms["music_feature"] = self._detached_music_feature(fake, features, real)
        return terms

    def _backward_generator(self, objective, poses, features):
        networks = self.networks
        ends, leaves = zip(poses, features, strict=True)
        trained = list(networks.generator.parameters())
        if self.recipe.music_feature_loss == "live":
            trained_first = list(networks.music_feature_generator.parameters())
        else:
            # Without a gradient Adam leaves the music-feature generator where it is.
            ends, leaves, trained_first = ends[:1], leaves[:1], []
        objective.backward(inputs=[*leaves, *trained_first], retain_graph=True)
        torch.autograd.backward(ends, [leaf.grad for leaf in leaves], inputs=trained)
        for leaf in leaves:
            leaf.grad = None

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
            fake = network(fake)
        with running_statistics(network, lambda m: m * (1 - m)):
            real = network(real)
        self._regenerated = (fake, real)
        return losses.music_feature_loss(features, fake, self.recipe.loss_reduction)

    @torch.no_grad()
    def _released_music_feature_log(self, batch):
        """Mean of L_MF for real and generated poses, after the generator's update."""
        encoder = self.networks.generator.audio_encoder
        with repeated(encoder, 2):
            features = encoder(batch["audio"])
        distances = [
            losses.music_feature_loss(features, regenerated, self.recipe.loss_reduction)
            for regenerated in self._regenerated
        ]
        return sum(distances) / len(distances)

    def _local_loss(self, real, fake_scores):
        parts = losses.discriminator_adversarial(self._score_local(real), fake_scores)
        names = ("real_local", "fake_local")
        return self.recipe.discriminator_scale * sum(parts), dict(zip(names, parts, strict=True))

    def _global_loss(self, real, fake, alpha, looked):
        recipe = self.recipe
        fake_scores = looked.fake_score()
        parts = losses.discriminator_adversarial(looked.real_score(), fake_scores)
        named = dict(zip(("real_global", "fake_global"), parts, strict=True))
        loss = recipe.discriminator_scale * sum(parts)
        if recipe.gradient_penalty != "off":
            if recipe.gradient_penalty == "generated":
                penalty = losses.gradient_penalty(fake_scores, fake)
            else:
                between = (alpha * real + (1 - alpha) * fake.detach()).requires_grad_()
                penalty = losses.gradient_penalty(looked.score_of(between), between)
            named["gradient_penalty"] = penalty
            loss = loss + recipe.loss_weights.gradient_penalty * penalty
        return loss, named


class _Looked:
    """What D_global sees and hears in one step, each part computed when first asked for."""

    def __init__(self, network, audio, real, fake):
        self._network = network
        with repeated(network.audio_encoder, _LISTENINGS):
            self._heard = network.listen(audio)
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
                self._head(which, drop).fc8, self._heard, drop=drop
            )
        return self._scores[which, drop]

    def fake_score(self):
        return self._judged("fake", True)[1]

    def real_score(self):
        return self._judged("real", True)[1]

    def score_of(self, poses):
        encoder = self._network.pose_encoder
        seen = encoder.head(self._network.look(poses), drop=True).fc8
        return self._network.judge(seen, self._heard, drop=True)[1]

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
