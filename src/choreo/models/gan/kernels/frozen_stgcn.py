"""The pose perceptual loss and its gradient by an ST-GCN that doesn't learn.

Each BatchNorm is folded into the convolution before it, and the gradient by the poses is
computed next to the loss, so that only what it needs is kept. The maps lie with time first
and channels last, (T, B, joints, channels): both products of a unit then read them as they
are.
"""

import contextlib
from typing import NamedTuple

import torch
from torch.nn import functional

from choreo.models.gan.losses import PERCEPTUAL_WEIGHTS
from choreo.models.gan.pose_generator import JOINTS


class _FrozenUnit(NamedTuple):
    """One unit of ST-GCN, with its BatchNorms folded.

    gather : (1, 3 * 18, 18), sums over neighbours; spread : its transpose
    mix : (3 * inputs, outputs) and shift : (18, outputs), of the graph convolution
    taps : (outputs, outputs, 9, 1) and bias : (outputs,), of the temporal convolution
    project : (inputs, outputs) of the shortcut; None where it is the identity or not there
    """

    gather: torch.Tensor
    spread: torch.Tensor
    mix: torch.Tensor
    shift: torch.Tensor
    taps: torch.Tensor
    bias: torch.Tensor
    project: torch.Tensor | None
    shortcut: bool
    stride: int


class FrozenPerceptualLoss:
    """Pose perceptual loss of the original framework: weighted L1 of ST-GCN's maps.

    Parameters
    ----------
    network : SpatialTemporalGraphNetwork
        As it is in eval mode. What happens to it afterwards has no effect.
    """

    def __init__(self, network):
        # Folded once, in double precision where the device has it, so that any precision
        # gets the nearest weights.
        wide = torch.float32 if network.A.device.type == "mps" else torch.float64
        state = {
            name: value.detach().to(wide)
            for name, value in network.state_dict().items()
            if value.is_floating_point()
        }
        scale, shift = _batch_norm(state, "data_bn", network.data_bn.eps)
        self._folded = scale, shift, _units(network, state)
        self._prepared = {}

    def __call__(self, real, generated):
        """Compare poses; the gradient by the generated ones is computed at once.

        Parameters
        ----------
        real, generated : Tensor, shape (B, T, 36)

        Returns
        -------
        Tensor, shape ()
            Under autocast the maps are in its precision, the sums in float32.
        """
        return _Loss.apply(generated, real, self)

    def _weights(self, dtype):
        """Folded weights in a precision, made once: factors and summands of poses, units."""
        if dtype not in self._prepared:
            scale, shift, units = self._folded
            wide = torch.promote_types(dtype, torch.float32)
            units = [_FrozenUnit(*(_converted(part, dtype) for part in unit)) for unit in units]
            self._prepared[dtype] = scale.to(wide), shift.to(wide), units
        return self._prepared[dtype]

    def differentiate(self, real, generated):
        """Compute the loss and its gradient by `generated`, both without a graph."""
        kind, dtype = generated.device.type, generated.dtype
        within = contextlib.nullcontext()
        if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
            dtype = torch.get_autocast_dtype(kind)
            within = torch.autocast(kind, enabled=False)
        with within:
            scale, shift, units = self._weights(dtype)
            wanted, got = (
                (poses.to(scale.dtype) * scale + shift)
                .to(dtype)
                .view(*poses.shape[:2], JOINTS, 2)
                .transpose(0, 1)
                .contiguous()
                for poses in (real, generated)
            )
            loss, kept = 0, []
            for unit, weight in zip(units, PERCEPTUAL_WEIGHTS, strict=True):
                wanted, _ = _forward(unit, wanted)
                got, hidden = _forward(unit, got)
                difference = got - wanted
                factor = weight / difference.numel()
                loss = loss + factor * difference.abs().sum(dtype=scale.dtype)
                kept.append((unit, factor, difference.sign_(), got, hidden))
            slope = None
            for unit, factor, signs, out, hidden in reversed(kept):
                slope = signs.mul_(factor) if slope is None else slope.add_(signs, alpha=factor)
                slope = _backward(unit, slope, out, hidden)
            slope = slope.transpose(0, 1).reshape(generated.shape) * scale
        return loss, slope.to(generated.dtype)


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, generated, real, frozen):
        loss, slope = frozen.differentiate(real, generated)
        ctx.save_for_backward(slope)
        return loss

    @staticmethod
    def backward(ctx, by_loss):
        (slope,) = ctx.saved_tensors
        return by_loss * slope, None, None


def _converted(part, dtype):
    return part.to(dtype) if isinstance(part, torch.Tensor) else part


def _batch_norm(state, name, epsilon):
    """Factors and summands that BatchNorm in eval mode comes to."""
    scale = state[f"{name}.weight"] / (state[f"{name}.running_var"] + epsilon).sqrt()
    return scale, state[f"{name}.bias"] - state[f"{name}.running_mean"] * scale


def _units(network, state):
    """`_FrozenUnit` of every unit, in double precision."""
    units = []
    for index, unit in enumerate(network.st_gcn_networks):
        name = f"st_gcn_networks.{index}"
        weights = state["A"] * state[f"edge_importance.{index}"]
        gather = weights.permute(2, 0, 1).reshape(1, 3 * JOINTS, JOINTS)
        scale, shift = _batch_norm(state, f"{name}.tcn.0", unit.tcn[0].eps)
        kernels = state[f"{name}.gcn.conv.weight"]
        inputs = kernels.shape[1]
        mix = kernels.view(3, -1, inputs).transpose(1, 2).reshape(3 * inputs, -1) * scale
        shift = (weights.sum(1).t() @ state[f"{name}.gcn.conv.bias"].view(3, -1)) * scale + shift
        scale, bias = _batch_norm(state, f"{name}.tcn.3", unit.tcn[3].eps)
        taps = state[f"{name}.tcn.2.weight"] * scale.view(-1, 1, 1, 1)
        bias = bias + state[f"{name}.tcn.2.bias"] * scale
        project = None
        if f"{name}.residual.0.weight" in state:
            scale, added = _batch_norm(state, f"{name}.residual.1", unit.residual[1].eps)
            project = (state[f"{name}.residual.0.weight"].flatten(1) * scale.unsqueeze(1)).t()
            bias = bias + state[f"{name}.residual.0.bias"] * scale + added
        units.append(
            _FrozenUnit(
                gather=gather,
                spread=gather.transpose(1, 2).contiguous(),
                mix=mix,
                shift=shift,
                taps=taps.contiguous(memory_format=torch.channels_last),
                bias=bias,
                project=project,
                shortcut=unit.shortcut,
                stride=unit.tcn[2].stride[0],
            )
        )
    return units


def _picture(maps):
    """(T, B, joints, channels) maps as one picture, (1, channels, T, B * joints)."""
    return maps.flatten(1, 2).permute(2, 0, 1).unsqueeze(0)


def _maps(picture, clips):
    """Inverse of `_picture`."""
    _, channels, frames, _ = picture.shape
    return picture.permute(0, 2, 3, 1).reshape(frames, clips, JOINTS, channels)


def _forward(unit, x):
    """Map of a unit, and the one between its two convolutions; both after their ReLU."""
    frames, clips, joints, channels = x.shape
    rows = torch.matmul(unit.gather, x.view(-1, joints, channels)).view(-1, 3 * channels)
    hidden = (rows @ unit.mix).view(frames, clips, joints, -1)
    hidden = hidden.add_(unit.shift).relu_()
    y = functional.conv2d(_picture(hidden), unit.taps, unit.bias, (unit.stride, 1), (4, 0))
    y = _maps(y, clips)
    if unit.project is not None:
        seen = x[:: unit.stride].reshape(-1, channels)
        y.view(-1, y.shape[3]).addmm_(seen, unit.project)
    elif unit.shortcut:
        y.add_(x)
    return y.relu_(), hidden


def _backward(unit, slope, out, hidden):
    """Gradient by a unit's input from that by its map."""
    frames, clips, joints, channels = hidden.shape
    slope = torch.ops.aten.threshold_backward(slope, out, 0)
    by_hidden = functional.conv_transpose2d(
        _picture(slope),
        unit.taps,
        stride=(unit.stride, 1),
        padding=(4, 0),
        output_padding=((frames - 1) % unit.stride, 0),
    )
    by_hidden = torch.ops.aten.threshold_backward(_maps(by_hidden, clips), hidden, 0)
    rows = (by_hidden.view(-1, channels) @ unit.mix.t()).view(-1, 3 * joints, len(unit.mix) // 3)
    by_x = torch.matmul(unit.spread, rows).view(frames, clips, joints, -1)
    if unit.project is not None:
        by_seen = slope.view(-1, channels) @ unit.project.t()
        by_x[:: unit.stride] += by_seen.view(len(out), clips, joints, -1)
    elif unit.shortcut:
        by_x += slope
    return by_x
