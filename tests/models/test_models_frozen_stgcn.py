import pytest
import torch
from torch.nn import functional

from choreo.models.gan.kernels.frozen_stgcn import FrozenPerceptualLoss
from choreo.models.gan.stgcn import SpatialTemporalGraphNetwork

WEIGHTS = (20, 5, 1, 1, 1, 1, 1, 1, 1, 1)


@pytest.fixture
def network():
    """One of which no BatchNorm and no edge's importance is as it was at first."""
    torch.manual_seed(0)
    network = SpatialTemporalGraphNetwork()
    with torch.no_grad():
        network(torch.rand(2, 20, 36) - 0.5)
        for name, value in network.named_parameters():
            if value.dim() == 1 or "edge_importance" in name:
                value.uniform_(0.2, 1.5)
    return network.eval().requires_grad_(False)


def plain(network, real, generated):
    """The loss by its formula, and its gradient."""
    generated = generated.detach().requires_grad_()
    maps = zip(network.features(generated), network.features(real), strict=True)
    loss = sum(w * functional.l1_loss(a, b) for w, (a, b) in zip(WEIGHTS, maps, strict=True))
    return loss.detach(), torch.autograd.grad(loss, generated)[0]


def frozen(loss, real, generated):
    generated = generated.detach().requires_grad_()
    value = loss(real, generated)
    return value.detach(), torch.autograd.grad(3 * value, generated)[0] / 3


def poses(clips, frames):
    return torch.rand(2, clips, frames, 36, dtype=torch.float64) - 0.5


@pytest.mark.parametrize(("clips", "frames"), [(1, 18), (2, 50), (3, 27)])
def test_loss_and_gradient_are_those_of_the_formula(network, clips, frames):
    loss = FrozenPerceptualLoss(network)
    pair = poses(clips, frames)
    wanted, slope = plain(network.double(), *pair)
    got, by_pose = frozen(loss, *pair)
    assert got.item() == pytest.approx(wanted.item(), rel=1e-12)
    assert (by_pose - slope).norm() < 1e-11 * slope.norm()


@pytest.mark.soak
def test_it_rounds_about_as_the_plain_network_does(network):
    pair = poses(2, 30)
    loss = FrozenPerceptualLoss(network)
    wanted, slope = plain(network.double(), *pair)
    network.float()
    for mixed, least in ((False, 1e-4), (True, 1e-3)):
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            got, by_pose = frozen(loss, *pair.float())
            other, by_other = plain(network, *pair.float())
        assert got.dtype == by_pose.dtype == torch.float32
        assert (got - wanted).abs() < 1.2 * (other - wanted).abs() + least * wanted
        assert (by_pose - slope).norm() < 1.2 * (by_other - slope).norm() + least * slope.norm()


def test_equal_poses_have_no_loss_and_no_gradient(network):
    real, _ = poses(1, 20).float()
    got, by_pose = frozen(FrozenPerceptualLoss(network), real, real)
    assert got == 0
    assert (by_pose == 0).all()


def test_what_happens_to_the_network_later_has_no_effect(network):
    pair, loss = poses(1, 20).float(), FrozenPerceptualLoss(network)
    before = frozen(loss, *pair)[0]
    for value in network.state_dict().values():
        value.zero_()
    assert frozen(loss, *pair)[0] == before
