"""Music encoder E_m: sound to music features (thesis section 4.2.1).

The names of the parameters are those of the released state dicts, so that these load.
"""

import contextlib

import torch
from torch import nn
from torch.nn import functional

from choreo.models.gan.kernels.recurrence import bidirectional_gru

FRAME_SAMPLES = 1600
"""S, samples a frame: 0.1 s at 16 kHz (thesis section 4.3)."""

_CODE = 256
_HIDDEN = 256


def recurrent(kind, inputs, hidden, **options):
    """GRU or LSTM, with the batch first."""
    return {"gru": nn.GRU, "lstm": nn.LSTM}[kind](inputs, hidden, batch_first=True, **options)


class FrameEncoder(nn.Module):
    """Five convolutions over the samples of one frame, each frame alone."""

    def __init__(self):
        super().__init__()
        self.cl = nn.ModuleList(
            [
                nn.Conv1d(1, 16, 80, stride=16, padding=32),
                nn.Conv1d(16, 32, 4, stride=2, padding=1),
                nn.Conv1d(32, 64, 4, stride=2, padding=1),
                nn.Conv1d(64, 128, 10, stride=5, padding=3),
                nn.Conv1d(128, _CODE, 5),
            ]
        )
        self.activations = nn.ModuleList(
            [nn.Sequential(nn.BatchNorm1d(size), nn.ReLU()) for size in (16, 32, 64, 128)]
        )

    def forward(self, frames):
        """(N, 1600) samples to (N, 256) codes in (-1, 1)."""
        x = frames.unsqueeze(1)
        for convolution, activation in zip(self.cl[:-1], self.activations, strict=True):
            x = activation(convolution(x))
        last = self.cl[-1]
        if x.shape[2] != last.kernel_size[0]:
            return torch.tanh(last(x)).squeeze(2)
        # One position: a matrix product, which is faster.
        return torch.tanh(functional.linear(x.flatten(1), last.weight.flatten(1), last.bias))


class MusicEncoder(nn.Module):
    """Convolutions on each frame, two bidirectional recurrent layers, one linear layer.

    Parameters
    ----------
    kind : {"gru", "lstm"}
        Recurrent layers.
    features : int
        U, music features a frame.
    kernels : bool
        See `choreo.models.gan.recipe.Recipe`.
    """

    def __init__(self, kind, features, *, kernels=True):
        super().__init__()
        self._fast = kernels and kind == "gru"
        self.encoder = FrameEncoder()
        self.rnn = recurrent(kind, _CODE, _HIDDEN, num_layers=2, bidirectional=True)
        self.fc = nn.Linear(2 * _HIDDEN, features)

    def forward(self, audio):
        """Encode music.

        Parameters
        ----------
        audio : Tensor, shape (B, T, 1600)
            Samples of each frame. BatchNorm after the first convolution takes their
            scale away.

        Returns
        -------
        Tensor, shape (B, T, U)
        """
        clips, frames, samples = audio.shape
        # Frames of all clips together, in the released code's order: sums are rounded alike.
        codes = self.encoder(audio.transpose(0, 1).reshape(frames * clips, samples))
        codes = codes.view(frames, clips, -1)
        if self._fast and codes.requires_grad and codes.device.type == "cpu":
            hidden = bidirectional_gru(self.rnn, codes).transpose(0, 1)
        else:
            hidden, _ = self.rnn(codes.transpose(0, 1))
        return self.fc(hidden.contiguous())


@contextlib.contextmanager
def running_statistics(module, momentum, passes=1):
    """Let one pass move BatchNorm's running statistics as several passes would.

    Parameters
    ----------
    module : nn.Module
        Its BatchNorm layers are meant.
    momentum : callable
        From a layer's own momentum to the one of the pass.
    passes : int
        How many passes the counter shall see.
    """
    layers = [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    own = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = momentum(layer.momentum)
        if layer.training:
            layer.num_batches_tracked += passes - 1
    try:
        yield
    finally:
        for layer, value in zip(layers, own, strict=True):
            layer.momentum = value


def repeated(module, passes):
    """Run one pass that moves the running statistics as `passes` equal passes would."""
    return running_statistics(module, lambda m: 1 - (1 - m) ** passes, passes)
