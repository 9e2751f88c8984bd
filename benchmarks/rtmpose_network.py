"""RTMPose-m's network with random weights, to be timed: a backbone of CSPNeXt and a SimCC head.

After Jiang et al., "RTMPose: Real-Time Multi-Person Pose Estimation based on MMPose" (2023), and
Lyu et al., "RTMDet" (2022), for the backbone. It says nothing of poses: whose joints are to be
found, uses the released weights through onnxruntime (`choreo.poses.rtmpose`). Here it runs in
torch, since weights can't be fetched on every machine that has a GPU to be measured.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

SIZE = (256, 192)
"""Height and width of the picture of a person, px."""

_STAGES = ((96, 2), (192, 4), (384, 4), (768, 2))
"""Channels and blocks of each stage: those of RTMDet, 0.75 times as wide, 0.67 as deep."""


def _convolution(inside, outside, kernel, *, stride=1, groups=1):
    return nn.Sequential(
        nn.Conv2d(inside, outside, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outside),
        nn.SiLU(),
    )


class _Block(nn.Module):
    """A convolution of 3 and a separable one of 5, past which what comes in may go."""

    def __init__(self, channels, passing):
        super().__init__()
        self.passing = passing
        self.layers = nn.Sequential(
            _convolution(channels, channels, 3),
            _convolution(channels, channels, 5, groups=channels),
            _convolution(channels, channels, 1),
        )

    def forward(self, maps):
        found = self.layers(maps)
        return maps + found if self.passing else found


class _Stage(nn.Module):
    """Half of the channels through blocks, half past them; both weighed by their means."""

    def __init__(self, channels, blocks, passing):
        super().__init__()
        half = channels // 2
        self.main = _convolution(channels, half, 1)
        self.short = _convolution(channels, half, 1)
        self.blocks = nn.Sequential(*(_Block(half, passing) for _ in range(blocks)))
        self.attention = nn.Conv2d(channels, channels, 1)
        self.final = _convolution(channels, channels, 1)

    def forward(self, maps):
        both = torch.cat([self.blocks(self.main(maps)), self.short(maps)], 1)
        mean = functional.adaptive_avg_pool2d(both, 1)
        return self.final(both * functional.hardsigmoid(self.attention(mean)))


class _Pyramid(nn.Module):
    """Maxima over 5, 9 and 13 pixels beside the maps themselves."""

    def __init__(self, channels):
        super().__init__()
        self.inside = _convolution(channels, channels // 2, 1)
        self.outside = _convolution(2 * channels, channels, 1)

    def forward(self, maps):
        maps = self.inside(maps)
        pooled = [functional.max_pool2d(maps, size, 1, size // 2) for size in (5, 9, 13)]
        return self.outside(torch.cat([maps, *pooled], 1))


class _ScaleNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1))
        self.root = width**-0.5

    def forward(self, tokens):
        return tokens / (tokens.norm(dim=-1, keepdim=True) * self.root).clamp(min=1e-5) * self.gain


class _GatedAttention(nn.Module):
    """Self-attention of the joints, one head, gated (Hua et al., 2022)."""

    def __init__(self, width, key=128):
        super().__init__()
        self.sizes = (2 * width, 2 * width, key)
        self.norm = _ScaleNorm(width)
        self.inside = nn.Linear(width, sum(self.sizes), bias=False)
        self.outside = nn.Linear(2 * width, width, bias=False)
        self.gamma = nn.Parameter(torch.rand(2, key))
        self.beta = nn.Parameter(torch.rand(2, key))
        self.residual = nn.Parameter(torch.ones(width))

    def forward(self, tokens):
        gate, values, base = functional.silu(self.inside(self.norm(tokens))).split(self.sizes, -1)
        queries, keys = (base[..., None, :] * self.gamma + self.beta).unbind(-2)
        weights = functional.relu(queries @ keys.mT / self.sizes[2] ** 0.5).square()
        return self.residual * tokens + self.outside(gate * (weights @ values))


class RTMPose(nn.Module):
    """RTMPose-m.

    Parameters
    ----------
    joints : int
        17 (COCO) or 26 (Halpe).
    """

    def __init__(self, joints: int = 17):
        super().__init__()
        width = _STAGES[0][0] // 2
        layers = [
            _convolution(3, width // 2, 3, stride=2),
            _convolution(width // 2, width // 2, 3),
            _convolution(width // 2, width, 3),
        ]
        for number, (channels, blocks) in enumerate(_STAGES):
            last = number == len(_STAGES) - 1
            layers.append(_convolution(width, channels, 3, stride=2))
            layers += [_Pyramid(channels)] if last else []
            layers.append(_Stage(channels, blocks, passing=not last))
            width = channels
        height, breadth = (side // 32 for side in SIZE)
        self.backbone = nn.Sequential(*layers)
        self.final = nn.Conv2d(width, joints, 7, padding=3)
        self.tokens = nn.Sequential(
            _ScaleNorm(height * breadth), nn.Linear(height * breadth, 256, bias=False)
        )
        self.attention = _GatedAttention(256)
        self.x = nn.Linear(256, 2 * SIZE[1], bias=False)
        self.y = nn.Linear(256, 2 * SIZE[0], bias=False)

    def forward(self, pictures):
        """Where each joint is, along and down the picture.

        Parameters
        ----------
        pictures : tensor, shape (N, 3, 256, 192)

        Returns
        -------
        tuple of tensor, shapes (N, J, 384) and (N, J, 512)
            A value for each half of a pixel.
        """
        tokens = self.attention(self.tokens(self.final(self.backbone(pictures)).flatten(2)))
        return self.x(tokens), self.y(tokens)
