"""The network of a flow: from a noisy window of poses to the window that it came from."""

import math

import torch
from torch import nn
from torch.nn import functional

_TIMES = 64  # values of the code of a time
_NEAR = 5  # tokens of which a token sees a sum
_NEAR_START = 0.1  # standard deviation of their weights at the start


class Network(nn.Module):
    """A transformer over the frames of a window.

    A token is one frame, or a few that follow each other. Time enters by what it makes of
    each block's normalisation (adaLN), music by being added token by token at the input and
    in each block.

    Parameters
    ----------
    values : int
        Of a pose, 2 J.
    music_size : int
        Values of a frame's music.
    frames : int
        Of a window.
    width, layers, heads : int
    patch : int
        Frames of a token. A window that is no multiple is filled up with zeros.
    """

    def __init__(self, values, music_size, frames, *, width, layers, heads, patch):
        super().__init__()
        self.patch = patch
        # Noisy pose, what is known of it (0 where nothing is), and which of it.
        self.pose = nn.Linear(patch * (2 * values + values // 2), width)
        self.music = nn.Sequential(
            nn.Linear(patch * music_size, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.silence = nn.Parameter(torch.zeros(width))
        self.place = nn.Parameter(0.02 * torch.randn(-(-frames // patch), width))
        self.time = nn.Sequential(nn.Linear(_TIMES, width), nn.SiLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList(_Block(width, heads) for _ in range(layers))
        self.last = nn.LayerNorm(width, elementwise_affine=False)
        self.modulation = _zeroed(nn.Linear(width, 2 * width))
        self.output = _zeroed(nn.Linear(width, patch * values))

    def matrices(self):
        """Weights from token to token, which are most of what is computed; see `Muon`."""
        layers = [
            layer
            for block in self.blocks
            for layer in (block.music, block.attention, block.joined, block.widen, block.narrow)
        ]
        return [layer.weight for layer in layers]

    def forward(self, noisy, time, music, known, mask, deaf=None):
        """Estimate the poses.

        Parameters
        ----------
        noisy : Tensor, shape (B, T, 2 J)
            ``(1 - time) * noise + time * poses``.
        time : Tensor, shape (B,)
            0 for noise, 1 for poses.
        music : Tensor, shape (B, T, n)
        known : Tensor, shape (B, T, 2 J)
            Poses where they are given, else 0.
        mask : Tensor, shape (B, T, J)
            1 where they are given.
        deaf : Tensor of bool, shape (B,), optional
            Windows without music.

        Returns
        -------
        Tensor, shape (B, T, 2 J)
        """
        windows, frames, values = noisy.shape
        encoded_music = self.music(self._tokens(music))
        if deaf is not None:
            encoded_music = torch.where(
                deaf[:, None, None], self.silence.to(encoded_music.dtype), encoded_music
            )
        when = functional.silu(self.time(_time_code(time)))
        x = self.pose(self._tokens(torch.cat([noisy, known, mask], -1))) + encoded_music
        x = x + self.place[: x.shape[1]]
        for block in self.blocks:
            x = block(x, when, encoded_music)
        shift, scale = self.modulation(when)[:, None].chunk(2, -1)
        found = self.output(self.last(x) * (1 + scale) + shift)
        return found.reshape(windows, -1, values)[:, :frames]

    def _tokens(self, x):
        """Frames, shape (B, T, n), as tokens, shape (B, N, patch * n)."""
        missing = -x.shape[1] % self.patch
        return functional.pad(x, (0, 0, 0, missing)).reshape(len(x), -1, self.patch * x.shape[2])


class _Block(nn.Module):
    """Neighbours, attention and a layer for each token, the last two led by time."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.music = nn.Linear(width, width)
        self.neighbours = nn.Parameter(_NEAR_START * torch.randn(_NEAR, width))
        self.before = nn.LayerNorm(width, elementwise_affine=False)
        self.attention = nn.Linear(width, 3 * width)
        self.joined = nn.Linear(width, width)
        self.between = nn.LayerNorm(width, elementwise_affine=False)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.modulation = _zeroed(nn.Linear(width, 6 * width))

    def forward(self, x, when, encoded_music):
        shift, scale, gate, shift2, scale2, gate2 = self.modulation(when)[:, None].chunk(6, -1)
        x = x + self.music(encoded_music)
        x = x + self._near(x)
        x = x + gate * self._attend(self.before(x) * (1 + scale) + shift)
        wide = self.widen(self.between(x) * (1 + scale2) + shift2)
        # The square of what is positive: as good as GELU, and a tenth of a step cheaper.
        return x + gate2 * self.narrow(functional.relu(wide).square())

    def _near(self, x):
        """Sum of the tokens around each, every value with weights of its own.

        Smooth motion is given from noise by its neighbours; attention alone learns late which
        tokens are near.
        """
        tokens = x.shape[1]
        padded = functional.pad(x, (0, 0, _NEAR // 2, _NEAR // 2))
        found = padded[:, :tokens] * self.neighbours[0]
        for k in range(1, _NEAR):
            found = torch.addcmul(found, padded[:, k : k + tokens], self.neighbours[k])
        return found

    def _attend(self, x):
        windows, frames, width = x.shape
        parts = self.attention(x).view(windows, frames, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(*parts)
        return self.joined(mixed.transpose(1, 2).reshape(windows, frames, width))


def _zeroed(layer):
    """A layer that gives 0 at first."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _time_code(time):
    """Sines and cosines of times, shape (B, 64)."""
    rates = torch.exp(torch.linspace(0, math.log(1000), _TIMES // 2, device=time.device))
    angles = time[:, None].float() * rates
    return torch.cat([angles.sin(), angles.cos()], -1)
