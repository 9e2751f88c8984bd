"""3x3 convolutions by fewer multiplications."""

import pytest
import torch
from torch.nn import functional

from choreo.models.gan.discriminators import LocalDiscriminator, windows
from choreo.models.gan.kernels.winograd import convolve


def example(dtype, width=32, height=3):
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(width, 5, height, 16, generator=generator, dtype=dtype)
    weight = torch.randn(6, 16, 3, 3, generator=generator, dtype=dtype)
    return maps, weight


def plain(maps, weight, rows):
    result = functional.conv2d(maps.permute(1, 3, 2, 0), weight, padding=1)
    return result[:, :, :rows].permute(3, 0, 2, 1)


@pytest.mark.parametrize(
    ("width", "height", "rows"), [(4, 1, 1), (8, 3, 2), (32, 3, 3), (12, 5, 4)]
)
def test_it_is_the_plain_convolution(width, height, rows):
    maps, weight = example(torch.float64, width, height)
    got = convolve(maps, weight, rows)
    torch.testing.assert_close(got, plain(maps, weight, rows), rtol=1e-12, atol=1e-12)


def test_all_rows_are_made_where_none_are_asked_for():
    maps, weight = example(torch.float64)
    assert torch.equal(convolve(maps, weight), convolve(maps, weight, 3))


@pytest.mark.parametrize("rows", [2, 3])
def test_gradients_are_the_plain_convolutions(rows):
    maps, weight = (value.requires_grad_() for value in example(torch.float64))
    slope = torch.randn(32, 5, rows, 6, dtype=torch.float64)
    got = torch.autograd.grad(convolve(maps, weight, rows), (maps, weight), slope)
    wanted = torch.autograd.grad(plain(maps, weight, rows), (maps, weight), slope)
    for a, b in zip(got, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(("dtype", "size"), [(torch.float32, 1e-6), (torch.bfloat16, 1.2e-2)])
def test_it_rounds_as_finely_as_its_type(dtype, size):
    maps, weight = example(torch.float64)
    wanted = plain(maps, weight, 3)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        got = convolve(maps.float(), weight.float())
    assert got.dtype == dtype
    assert (got - wanted).norm() < size * wanted.norm()


@pytest.mark.parametrize("drop", [False, True])
def test_a_local_score_and_its_gradients_are_those_of_plain_convolutions(drop, monkeypatch):
    torch.manual_seed(0)
    network = LocalDiscriminator().double()
    segments = windows(torch.rand(2, 20, 36, dtype=torch.float64)).requires_grad_()
    results = []
    for plainly in (False, True):
        if plainly:
            monkeypatch.setattr(network, "_last_maps_by_columns", lambda *a: by_plain(network, *a))
        torch.manual_seed(1)
        score = network.score(segments, drop=drop)
        ends = [segments, *network.parameters()]
        results.append([score, *torch.autograd.grad(score.square().sum(), ends)])
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def by_plain(network, maps, drop):
    """conv5 and conv6 in the order of the released code: ReLU, dropout, pooling last."""
    conv5 = functional.relu(network.conv5(maps))
    conv5 = functional.dropout2d(conv5, network.dropout, drop)
    conv6 = functional.relu(network.conv6(conv5))
    conv6 = functional.dropout2d(conv6, network.dropout, drop)
    return conv5, functional.max_pool2d(conv6, 2)
