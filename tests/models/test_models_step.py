import functools

import pytest
import torch
from soaking import soak_after
from torch.nn import functional

from choreo.models.gan.networks import Networks
from choreo.models.gan.step import TrainingStep, term_names
from choreo.models.gan.stgcn import SpatialTemporalGraphNetwork
from choreo.models.recipes import recipe_from

RELEASED = {
    "initial_pose": "released",
    "music_feature_loss": "detached",
    "audio_batching": "mixed",
    "feature_matching": "released",
    "gradient_penalty": "interpolated",
    "generator_objective": "non_saturating",
    "discriminator_scale": 0.5,
    "loss_reduction": "mean",
}


def build(**switches):
    recipe = recipe_from({"dropout": 0.0, **switches})
    torch.manual_seed(0)
    networks = Networks(recipe)
    perceptual = SpatialTemporalGraphNetwork() if recipe.perceptual_loss else None
    return networks, TrainingStep(networks, recipe, perceptual)


def plain_losses(networks, recipe, perceptual, batch, noise, alpha):
    """Every loss by its formula, each network run as often as it is written."""
    n = networks.train()
    poses, audio = batch["poses"], batch["music"]
    bce = functional.binary_cross_entropy
    real = functools.partial(torch.ones, dtype=poses.dtype)
    fake = n.generator(audio, batch["initial"], noise)
    local, whole = n.discriminator_local(fake).sigmoid(), n.discriminator_global(fake, audio)
    whole = whole.sigmoid()
    if recipe.generator_objective == "minimax":
        g = torch.log(1 - local).mean() + torch.log(1 - whole).mean()
    else:
        g = bce(local, real(local.shape)) + bce(whole, real(whole.shape))
    size = 1 if recipe.loss_reduction == "mean" else poses[0].numel()
    g = g + 200 * size * functional.l1_loss(fake, poses)
    look = n.discriminator_global.look
    head = lambda stem: n.discriminator_global.pose_encoder.head(stem, drop=False)  # noqa: E731
    with torch.no_grad():
        wanted = look(poses), head(look(poses))
    got = look(fake), head(look(fake))
    if recipe.feature_matching == "released":
        chosen = [(0, 0), (0, 1), (0, 2), (0, 2), (1, 2), (1, 3)]
    else:
        chosen = [(part, i) for part in range(2) for i in range(6)]
        heard = n.discriminator_global.listen(audio)
        for seen_w, seen_g in zip(
            n.discriminator_global.judge(wanted[1].fc8, heard, drop=False),
            n.discriminator_global.judge(got[1].fc8, heard, drop=False),
            strict=True,
        ):
            g = g + functional.l1_loss(seen_g, seen_w.detach())
    for part, i in chosen:
        g = g + functional.l1_loss(got[part][i], wanted[part][i])
    if recipe.music_feature_loss == "live":
        features = n.generator.audio_encoder(audio)
        size = 1 if recipe.loss_reduction == "mean" else features[0].numel()
        g = g + size * functional.l1_loss(n.music_feature_generator(fake), features)
    if recipe.perceptual_loss:
        perceptual.eval()
        maps = zip(perceptual.features(fake), perceptual.features(poses), strict=True)
        for weight, (a, b) in zip([20, 5] + 8 * [1], maps, strict=True):
            g = g + weight * functional.l1_loss(a, b)

    fake = fake.detach()
    scale = recipe.discriminator_scale
    local = n.discriminator_local
    d_local = scale * (
        bce(local(poses).sigmoid(), real(2, 6)) + bce(local(fake).sigmoid(), 0 * real(2, 6))
    )
    whole = n.discriminator_global
    d_global = scale * (
        bce(whole(poses, audio).sigmoid(), real(2, 1))
        + bce(whole(fake, audio).sigmoid(), 0 * real(2, 1))
    )
    if recipe.gradient_penalty != "off":
        at = alpha * poses + (1 - alpha) * fake
        at = (at if recipe.gradient_penalty == "interpolated" else fake).requires_grad_()
        (slope,) = torch.autograd.grad(
            whole(at, audio).sigmoid().sum(), at, create_graph=True, retain_graph=True
        )
        d_global = d_global + ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
    return {"generator": g, "discriminator_local": d_local, "discriminator_global": d_global}


@pytest.mark.parametrize(
    "switches",
    soak_after(
        3,
        [
            {},
            RELEASED,
            {"music_feature_loss": "off", "perceptual_loss": True, "noise": False},
            {"encoder": "lstm", "gradient_penalty": "off", "loss_reduction": "mean"},
            {"music_features": 256, "initial_pose": "none", "music_feature_loss": "off"},
        ],
    ),
)
def test_a_step_has_the_gradients_of_its_formulas(switches, batch):
    batch, noise, alpha = batch
    batch = {name: value.double() for name, value in batch.items()}
    noise, alpha = noise.double(), alpha.double()
    networks, step = build(**switches)
    networks.double()
    if step.perceptual is not None:
        step.perceptual.double()
    terms, _ = step.differentiate(batch, noise, alpha)
    got = {name: parameter.grad for name, parameter in networks.named_parameters()}
    plain = plain_losses(networks, step.recipe, step.perceptual, batch, noise, alpha)
    for name, loss in plain.items():
        assert terms[name].item() == pytest.approx(
            loss.item() + (terms["music_feature"].item() if _detached(step, name) else 0)
        )
        own = {f"{name}.{k}": p for k, p in getattr(networks, name).named_parameters()}
        if name == "generator" and step.recipe.music_feature_loss == "live":
            network = networks.music_feature_generator
            own |= {f"music_feature_generator.{k}": p for k, p in network.named_parameters()}
        wanted = torch.autograd.grad(loss, list(own.values()), retain_graph=True)
        size = torch.nn.utils.get_total_norm(wanted)
        for key, gradient in zip(own, wanted, strict=True):
            assert (got[key] - gradient).norm() < 1e-9 * size, key


def _detached(step, name):
    return name == "generator" and step.recipe.music_feature_loss == "detached"


def moved(networks, before):
    after = dict(networks.named_parameters())
    return {
        name
        for name in ("generator", "music_feature_generator", "discriminator_local")
        if any(
            not torch.equal(value, after[key])
            for key, value in before.items()
            if key.startswith(name + ".")
        )
    }


@pytest.mark.parametrize(("mode", "trains"), [("live", True), ("detached", False), ("off", False)])
def test_the_music_feature_loss_trains_only_where_it_is_live(mode, trains, batch):
    networks, step = build(music_feature_loss=mode)
    before = {name: p.detach().clone() for name, p in networks.named_parameters()}
    terms, _ = step(*batch)
    assert ("music_feature_generator" in moved(networks, before)) == trains
    assert ("music_feature" in terms) == (mode != "off")
    assert ("music_feature_generator" in terms) == (mode == "detached")


def test_only_a_live_music_feature_loss_reaches_the_generator(batch):
    gradients = {}
    for mode in ("live", "detached"):
        for weight in (1.0, 100.0):
            networks, step = build(music_feature_loss=mode, loss_weights={"music_feature": weight})
            step.differentiate(*batch)
            gradients[mode, weight] = networks.generator.audio_encoder.fc.weight.grad.clone()
    assert not torch.allclose(gradients["live", 1.0], gradients["live", 100.0], rtol=1e-3)
    assert torch.equal(gradients["detached", 1.0], gradients["detached", 100.0])


@pytest.mark.parametrize(
    ("switch", "term"),
    [
        ({"feature_matching": "off"}, "feature_matching"),
        ({"gradient_penalty": "off"}, "gradient_penalty"),
        ({"perceptual_loss": False}, "perceptual"),
    ],
)
def test_a_loss_that_is_off_is_not_there(switch, term, batch):
    _, with_it = build(perceptual_loss=True)
    _, without = build(**{"perceptual_loss": True, **switch})
    assert term in with_it.differentiate(*batch)[0]
    assert term not in without.differentiate(*batch)[0]


@pytest.mark.soak
@pytest.mark.parametrize(
    "switch",
    [
        {"feature_matching": "released"},
        {"gradient_penalty": "interpolated"},
        {"generator_objective": "non_saturating"},
        {"discriminator_scale": 0.5},
        {"loss_reduction": "mean"},
        {"audio_batching": "mixed"},
        {"loss_weights": {"l1": 100.0}},
        {"dropout": 0.5},
    ],
)
def test_every_switch_changes_a_loss(switch, batch):
    def losses(**switches):
        _, step = build(**switches)
        torch.manual_seed(1)
        return step.differentiate(*batch)[0]

    plain, switched = losses(), losses(**switch)
    assert plain.keys() == switched.keys()
    assert any(not torch.equal(plain[name], switched[name]) for name in plain)


def test_the_discriminators_can_wait(batch):
    networks, step = build()
    step.adversarial = False
    before = {name: p.detach().clone() for name, p in networks.named_parameters()}
    terms, _ = step(*batch)
    assert set(terms) == {"generator", "l1", "music_feature"}
    assert moved(networks, before) == {"generator", "music_feature_generator"}
    step.adversarial = True
    terms, _ = step(*batch)
    assert set(terms) == set(term_names(step.recipe))
    assert "discriminator_local" in moved(networks, before)


@pytest.mark.parametrize("switches", [{}, RELEASED, {"perceptual_loss": True}])
def test_the_names_of_losses_are_known_before(switches, batch):
    _, step = build(**switches)
    terms, _ = step(*batch)
    assert set(terms) == set(term_names(step.recipe))


def test_a_perceptual_loss_needs_its_network():
    recipe = recipe_from({"perceptual_loss": True})
    with pytest.raises(ValueError, match="needs its network"):
        TrainingStep(Networks(recipe), recipe)


def test_the_perceptual_network_is_not_trained(batch):
    _, step = build(perceptual_loss=True)
    before = {name: value.clone() for name, value in step.perceptual.state_dict().items()}
    step(*batch)
    for name, value in step.perceptual.state_dict().items():
        assert torch.equal(value, before[name])


def test_steps_bring_the_dance_nearer_to_the_real_one(batch):
    _, step = build(warm_up_steps=0)
    first = step(*batch)[0]["l1"]
    for _ in range(8):
        last = step(*batch)[0]["l1"]
    assert last < 0.8 * first
