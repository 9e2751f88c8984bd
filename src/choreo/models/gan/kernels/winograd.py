"""3x3 convolutions of maps with few rows, with half the multiplications (CPU only).

Along the columns it is Winograd's F(4, 3): four outputs of a 3-tap filter cost six
products instead of twelve (Lavin and Gray, 2016). Along the rows, which are few, taps that
fall on the padding aren't computed, nor are rows that nobody wants. All of it is large
matrix products, as columns come first in memory.

It rounds about three times as coarsely as a plain convolution, in float32 to less than
1e-6 of the result's size.
"""

import functools
import math

import torch
from torch.autograd.function import once_differentiable

_TILE = 4
# Points at which the polynomials are multiplied, and infinity. Powers of two: the transforms
# of the maps are exact in bfloat16.
_POINTS = (0.0, 0.5, -0.5, 2.0, -2.0)
_PRODUCTS = len(_POINTS) + 1


@functools.cache
def _transforms():
    """A^T (4, 6), G (6, 3) and B^T (6, 6): outputs are A^T ((G w) * (B^T x))."""
    powers = torch.tensor(_POINTS, dtype=torch.float64)
    outputs = torch.stack([powers**i for i in range(_TILE)])
    taps = torch.stack([powers**i for i in range(3)], 1)
    inputs = []
    for j, own in enumerate(_POINTS):
        others = [p for k, p in enumerate(_POINTS) if k != j]
        taps[j] /= math.prod(own - other for other in others)
        inputs.append([*_polynomial(others), 0.0])
    inputs.append(_polynomial(_POINTS))
    last = torch.eye(_TILE, dtype=torch.float64)[:, -1:]
    infinite = torch.tensor([[0.0, 0.0, 1.0]], dtype=torch.float64)
    return torch.cat([outputs, last], 1), torch.cat([taps, infinite]), torch.tensor(inputs).double()


def _polynomial(roots):
    """Coefficients of the product of (x - root), the constant first."""
    coefficients = [1.0]
    for root in roots:
        shifted = [0.0, *coefficients]
        coefficients = [a - root * b for a, b in zip(shifted, [*coefficients, 0.0], strict=True)]
    return coefficients


@functools.cache
def _matrices(width, dtype):
    """Transforms of whole lines of `width` columns, padded with one 0 at either end.

    Returns
    -------
    outputs : Tensor, shape (width, 6 * tiles)
    inputs : Tensor, shape (6 * tiles, width)
    """
    of_outputs, _, of_inputs = _transforms()
    tiles = width // _TILE
    outputs = torch.zeros(tiles, _TILE, _PRODUCTS, tiles, dtype=torch.float64)
    inputs = torch.zeros(_PRODUCTS, tiles, width + 2, dtype=torch.float64)
    for tile in range(tiles):
        outputs[tile, :, :, tile] = of_outputs
        inputs[:, tile, tile * _TILE : tile * _TILE + _PRODUCTS] = of_inputs
    outputs = outputs.view(width, _PRODUCTS * tiles)
    inputs = inputs[:, :, 1:-1].reshape(_PRODUCTS * tiles, width)
    return outputs.to(dtype), inputs.to(dtype)


def convolve(maps, weight, rows=None):
    """3x3 convolution with padding 1 and without bias.

    Parameters
    ----------
    maps : Tensor, shape (W, N, H, C)
        Columns first; W is a multiple of 4.
    weight : Tensor, shape (O, C, 3, 3)
    rows : int, optional
        How many rows of the result are wanted; all where not given.

    Returns
    -------
    Tensor, shape (W, N, rows, O)
        In bfloat16 under autocast, as a convolution's.
    """
    if torch.is_autocast_enabled("cpu"):
        maps = maps.to(torch.get_autocast_dtype("cpu"))
    with torch.autocast("cpu", enabled=False):
        return _Convolution.apply(maps, weight, rows or maps.shape[2])


class _Convolution(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu")
    def forward(ctx, maps, weight, rows):
        columns, _, height, channels = maps.shape
        of_outputs, of_inputs = _matrices(columns, maps.dtype)
        filters = _transforms()[1].to(weight)
        # (6, 3 * C, O): rows of the filter and channels are summed over together.
        filters = filters @ weight.permute(3, 2, 1, 0).reshape(3, -1)
        filters = filters.view(_PRODUCTS, 3 * channels, -1).to(maps.dtype)
        seen = of_inputs @ maps.reshape(columns, -1)
        seen = seen.view(_PRODUCTS, -1, height * channels)
        size = filters.shape[2]
        products = seen.new_empty(_PRODUCTS, seen.shape[1], rows * size)
        for row, inputs, taps in _touching(rows, height, channels):
            for p in range(_PRODUCTS):
                torch.mm(
                    seen[p, :, inputs],
                    filters[p, taps],
                    out=products[p, :, row * size : (row + 1) * size],
                )
        ctx.save_for_backward(seen, filters)
        ctx.sizes = maps.shape, rows, weight.dtype
        result = of_outputs @ products.view(of_outputs.shape[1], -1)
        return result.view(columns, -1, rows, size)

    @staticmethod
    @once_differentiable
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx, slope):
        seen, filters = ctx.saved_tensors
        (columns, clips, height, channels), rows, dtype = ctx.sizes
        of_outputs, of_inputs = _matrices(columns, seen.dtype)
        size = filters.shape[2]
        slope = of_outputs.t() @ slope.reshape(columns, -1)
        slope = slope.view(_PRODUCTS, -1, rows * size)
        by_seen, by_filters = torch.zeros_like(seen), torch.zeros_like(filters)
        for row, inputs, taps in _touching(rows, height, channels):
            for p in range(_PRODUCTS):
                own = slope[p, :, row * size : (row + 1) * size]
                by_seen[p, :, inputs].addmm_(own, filters[p, taps].t())
                by_filters[p, taps].addmm_(seen[p, :, inputs].t(), own)
        by_maps = of_inputs.t() @ by_seen.view(of_inputs.shape[0], -1)
        of_filters = _transforms()[1].to(by_maps.device, dtype)
        by_weight = of_filters.t() @ by_filters.view(_PRODUCTS, -1).to(dtype)
        by_weight = by_weight.view(3, 3, channels, size).permute(3, 2, 1, 0)
        return by_maps.view(columns, clips, height, channels), by_weight, None


def _touching(rows, height, channels):
    """Each row of the result, with the slices of rows and of taps that it is made of."""
    for row in range(rows):
        first, end = max(0, row - 1), min(height, row + 2)
        yield (
            row,
            slice(first * channels, end * channels),
            slice((first - row + 1) * channels, (end - row + 1) * channels),
        )
