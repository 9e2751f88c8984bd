"""ST-GCN, the network of the Original's pose perceptual loss (Yan et al., 2018).

The names of the parameters are those of the state dict that Ren et al. released, so
that it loads.
"""

import torch
from torch import nn
from torch.nn import functional

from choreo.models.gan.pose_generator import COORDINATES, JOINTS

CLASSES = 16

# Neighbours in OpenPose's 18-joint skeleton; the neck (1) is the centre.
_BONES = (
    (4, 3), (3, 2), (7, 6), (6, 5), (13, 12), (12, 11), (10, 9), (9, 8), (11, 5), (8, 2),
    (5, 1), (2, 1), (0, 1), (15, 0), (14, 0), (17, 15), (16, 14),
)  # fmt: skip
_CENTRE = 1

# Channels and temporal stride of the ten units.
_UNITS = (
    (64, 1), (64, 1), (64, 1), (64, 1), (128, 2), (128, 1), (128, 1), (256, 2), (256, 1), (256, 1),
)  # fmt: skip


def adjacency():
    """Spatial-configuration adjacency of the skeleton (Yan et al., section 3.3).

    As in the code that Ren et al. build on, distances are known for one hop only: all
    joints that aren't neighbours of the centre count as equally far from it.

    Returns
    -------
    Tensor, shape (3, 18, 18)
        Weight of joint v for joint w in [:, v, w]: v is w; then v is at least as far
        from the centre as w; then v is nearer. Each w's weights of all kinds sum to 1.
    """
    own = torch.eye(JOINTS, dtype=torch.bool)
    linked = own.clone()
    for a, b in _BONES:
        linked[a, b] = linked[b, a] = True
    distance = torch.where(linked[_CENTRE], 1, 2)
    distance[_CENTRE] = 0
    weights = linked / linked.sum(0)
    nearer = distance[:, None] < distance[None, :]
    return torch.stack([weights * own, weights * (~own & ~nearer), weights * nearer])


class _GraphConvolution(nn.Module):
    """1x1 convolution to 3 sets of channels, each gathered along its own adjacency.

    Gathered first, as that gives the same: the rows that the one matrix product takes then
    lie as they do in maps with their channels last.
    """

    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, 3 * outputs, 1)

    def forward(self, x, weights):
        n, channels, frames, joints = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(n * frames, joints, channels)
        gather = weights.permute(2, 0, 1).reshape(1, 3 * joints, joints)
        rows = torch.matmul(gather, rows).view(n * frames * joints, 3 * channels)
        kernels = self.conv.weight.view(3, -1, channels).transpose(1, 2)
        x = rows @ kernels.reshape(3 * channels, -1)
        bias = weights.sum(1).t() @ self.conv.bias.view(3, -1)
        x = x.view(n, frames, joints, -1) + bias.to(x.dtype)
        return x.permute(0, 3, 1, 2)


class _Unit(nn.Module):
    """Graph convolution, temporal convolution over 9 frames, shortcut, ReLU."""

    def __init__(self, inputs, outputs, stride, *, shortcut=True):
        super().__init__()
        self.gcn = _GraphConvolution(inputs, outputs)
        self.tcn = nn.Sequential(
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, (9, 1), (stride, 1), (4, 0)),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = shortcut
        if shortcut and (inputs != outputs or stride != 1):
            self.residual = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, (stride, 1)), nn.BatchNorm2d(outputs)
            )
        else:
            self.residual = nn.Identity()

    def forward(self, x, weights):
        y = self.tcn(self.gcn(x, weights))
        if self.shortcut:
            y = y + self.residual(x)
        return functional.relu(y)


class SpatialTemporalGraphNetwork(nn.Module):
    """Ten units and a classifier of `CLASSES`."""

    def __init__(self):
        super().__init__()
        self.register_buffer("A", adjacency())
        self.data_bn = nn.BatchNorm1d(COORDINATES)
        sizes = [2, *(channels for channels, _ in _UNITS)]
        self.st_gcn_networks = nn.ModuleList(
            _Unit(before, channels, stride, shortcut=index > 0)
            for index, (before, (channels, stride)) in enumerate(
                zip(sizes[:-1], _UNITS, strict=True)
            )
        )
        self.edge_importance = nn.ParameterList(
            nn.Parameter(torch.ones_like(self.A)) for _ in _UNITS
        )
        self.fcn = nn.Conv2d(sizes[-1], CLASSES, 1)
        self.to(memory_format=torch.channels_last)

    def features(self, poses):
        """Maps of the ten units after their ReLU.

        Parameters
        ----------
        poses : Tensor, shape (B, T, 36)

        Returns
        -------
        list of Tensor, shape (B, channels, T', 18)
        """
        clips, frames, _ = poses.shape
        x = self.data_bn(poses.transpose(1, 2)).view(clips, JOINTS, 2, frames)
        x = x.permute(0, 2, 3, 1).contiguous(memory_format=torch.channels_last)
        maps = []
        for unit, importance in zip(self.st_gcn_networks, self.edge_importance, strict=True):
            x = unit(x, self.A * importance)
            maps.append(x)
        return maps

    def forward(self, poses):
        """Logits (B, classes) of (B, T, 36) poses."""
        return self.fcn(self.features(poses)[-1].mean((2, 3), keepdim=True)).flatten(1)
