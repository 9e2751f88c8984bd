import math

import pytest
import torch

from choreo.models.gan import losses
from choreo.models.gan.recipe import LossWeights


@pytest.mark.parametrize("loss", [losses.music_feature_loss, losses.l1_loss])
def test_eq_3_and_6_are_sums_or_means(loss):
    a, b = torch.zeros(4, 5, 6), torch.full((4, 5, 6), -0.25)
    assert loss(a, b, "mean").item() == pytest.approx(0.25)
    assert loss(a, b, "sum").item() == pytest.approx(0.25 * 5 * 6)


def test_eq_4_for_the_generator():
    logits = torch.tensor([[0.0], [math.log(3)]])  # D = 1/2, 3/4
    minimax = losses.generator_adversarial(logits, "minimax")
    assert minimax.item() == pytest.approx((math.log(1 / 2) + math.log(1 / 4)) / 2)
    other = losses.generator_adversarial(logits, "non_saturating")
    assert other.item() == pytest.approx(-(math.log(1 / 2) + math.log(3 / 4)) / 2)


def test_eq_4_for_a_discriminator():
    real, fake = losses.discriminator_adversarial(
        torch.tensor([math.log(3)]), torch.tensor([math.log(3)])
    )
    assert real.item() == pytest.approx(-math.log(3 / 4))
    assert fake.item() == pytest.approx(-math.log(1 / 4))


def test_large_scores_give_finite_losses():
    real, fake = losses.discriminator_adversarial(torch.tensor([-300.0]), torch.tensor([300.0]))
    assert real.item() == fake.item() == 300


def test_gradient_penalty_of_a_linear_score():
    poses = torch.zeros(3, 4, 36, requires_grad=True)
    slope = torch.full((4, 36), 0.5)
    logits = (poses * slope).sum((1, 2), keepdim=True)[:, 0]
    # At 0 the sigmoid's slope is 1/4; the norm of the slope is sqrt(144 / 4) = 6.
    assert losses.gradient_penalty(logits, poses).item() == pytest.approx((6 / 4 - 1) ** 2)


def test_the_gradient_penalty_can_be_differentiated():
    poses = torch.zeros(3, 4, 36, requires_grad=True)
    size = torch.tensor(0.5, requires_grad=True)
    penalty = losses.gradient_penalty((poses * size).sum((1, 2))[:, None], poses)
    (slope,) = torch.autograd.grad(penalty, size)
    # (12 s / 4 - 1)^2 at s = 0.5 has the slope 2 (1.5 - 1) 3.
    assert slope.item() == pytest.approx(3)


def test_eq_5_sums_the_means_of_the_maps():
    real = [torch.zeros(2, 3), torch.zeros(2, 5, 7)]
    fake = [torch.ones(2, 3), torch.full((2, 5, 7), 2.0, requires_grad=True)]
    assert losses.feature_matching(real, fake).item() == pytest.approx(3)


def test_real_maps_carry_no_gradient():
    real = torch.ones(2, 3, requires_grad=True)
    fake = torch.zeros(2, 3, requires_grad=True)
    losses.feature_matching([real], [fake]).backward()
    assert real.grad is None
    assert fake.grad is not None


def test_eq_7_weighs_every_term():
    names = ["adversarial_local", "adversarial_global", "feature_matching"]
    names += ["l1", "music_feature", "perceptual"]
    terms = {name: torch.tensor(10.0**i) for i, name in enumerate(names)}
    weights = LossWeights(
        adversarial=2.0, feature_matching=3.0, l1=4.0, music_feature=5.0, perceptual=6.0
    )
    assert losses.full_objective(terms, weights).item() == pytest.approx(654322)
