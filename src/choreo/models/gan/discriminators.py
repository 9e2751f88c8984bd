"""Discriminators D_local and D_global (thesis section 4.2.4).

Both look at poses through a co-occurrence network (HCN): position and motion pass two
convolutions joint by joint, then the joints become the channels. The names of the
parameters are those of the released state dicts, so that these load.

Scores are given as logits: the sigmoid that the released networks end in belongs to the
losses here, which are exact for large scores too.
"""

import functools
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from choreo.models.gan.kernels.winograd import convolve
from choreo.models.gan.music_encoder import MusicEncoder
from choreo.models.gan.pose_generator import JOINTS

WINDOW = 5
STRIDE = 3
"""Frames in a window of D_local, and from one window to the next."""

_MINIMUM_FRAMES = 18


class Stem(NamedTuple):
    """Maps before the first dropout; `...m` are those of the motion branch."""

    conv1: torch.Tensor
    conv2: torch.Tensor
    conv3: torch.Tensor
    conv1m: torch.Tensor
    conv2m: torch.Tensor
    conv3m: torch.Tensor


class Head(NamedTuple):
    """Maps from the first dropout on."""

    conv4: torch.Tensor
    conv4m: torch.Tensor
    conv5: torch.Tensor
    conv6: torch.Tensor
    fc7: torch.Tensor
    fc8: torch.Tensor


@functools.cache
def _motion_matrix(frames, device, dtype):
    """(T, T) matrix: differences of neighbouring frames, stretched linearly back to T.

    Kept on the device: a copy from the host would make a GPU wait, and end a capture.
    """
    difference = torch.eye(frames)[1:] - torch.eye(frames)[:-1]
    stretched = functional.interpolate(
        difference.T.unsqueeze(0), size=frames, mode="linear", align_corners=False
    )
    return stretched[0].T.contiguous().to(device, dtype)


class CoOccurrenceNetwork(nn.Module):
    """What D_local and D_global's pose encoder share.

    Parameters
    ----------
    pooled : bool
        Whether conv3 to conv5 halve their maps (D_global) or only conv6 does (D_local).
    flat : int
        Values that conv6 leaves of one sequence.
    hidden, outputs : int
        Sizes of the two linear layers.
    dropout : float
        Rate of every dropout.
    kernels : bool
        See `choreo.models.gan.recipe.Recipe`.
    """

    def __init__(self, *, pooled, flat, hidden, outputs, dropout=0.5, kernels=True):
        super().__init__()
        self._by_columns = kernels and not pooled
        self.pooled = pooled
        self.dropout = dropout
        for branch in ("", "m"):
            layers = {
                "conv1": nn.Sequential(nn.Conv2d(2, 64, 1)),
                "conv2": nn.Conv2d(64, 32, (3, 1)),
                "conv3": nn.Sequential(nn.Conv2d(JOINTS, 32, 3, padding=1)),
                "conv4": nn.Sequential(nn.Conv2d(32, 64, 3, padding=1)),
            }
            for name, layer in layers.items():
                setattr(self, name + branch, layer)
        self.conv5 = nn.Sequential(nn.Conv2d(128, 128, 3, padding=1))
        self.conv6 = nn.Sequential(nn.Conv2d(128, 256, 3, padding=1))
        self.fc7 = nn.Sequential(nn.Linear(flat, hidden))
        self.fc8 = nn.Linear(hidden, outputs)
        initialise(self)
        # Convolutions of this size are up to 1.8 times as fast with the channels last.
        self.to(memory_format=torch.channels_last)

    def stem(self, sequences):
        """Compute the maps before the first dropout.

        Parameters
        ----------
        sequences : Tensor, shape (N, T, 18, 2)

        Returns
        -------
        Stem
        """
        frames = sequences.shape[1]
        matrix = _motion_matrix(frames, sequences.device, sequences.dtype)
        moves = torch.einsum("st,ntvc->nsvc", matrix, sequences)
        position = self._branch(sequences, self.conv1, self.conv2, self.conv3)
        return Stem(*position, *self._branch(moves, self.conv1m, self.conv2m, self.conv3m))

    def _branch(self, x, conv1, conv2, conv3):
        points = functional.relu(conv1(x.permute(0, 3, 1, 2)))
        lines = conv2(points)
        # (N, channels, T, joints) to (N, joints, T, channels): the joints become channels.
        joints = lines.permute(0, 3, 2, 1).contiguous(memory_format=torch.channels_last)
        return points, lines, self._pool(conv3(joints))

    def head(self, stem, *, drop):
        """Compute the maps from the first dropout on.

        Parameters
        ----------
        stem : Stem
        drop : bool
            Whether dropout is active.

        Returns
        -------
        Head
        """
        # Dropout multiplies a whole map by 0 or more, so that it and ReLU may follow pooling.
        drop_maps = functools.partial(functional.dropout2d, p=self.dropout, training=drop)
        conv4 = drop_maps(self._pool(self.conv4(stem.conv3)))
        conv4m = drop_maps(self._pool(self.conv4m(stem.conv3m)))
        both = torch.cat([conv4, conv4m], 1)
        if self._by_columns and both.device.type == "cpu" and both.shape[3] % 4 == 0:
            conv5, conv6 = self._last_maps_by_columns(both, drop)
        else:
            conv5 = drop_maps(functional.relu(self._pool(self.conv5(both))))
            conv6 = drop_maps(functional.relu(self._last_pool(self._conv6(conv5))))
        fc7 = functional.relu(self.fc7(conv6.flatten(1)))
        fc7 = functional.dropout(fc7, self.dropout, drop)
        return Head(conv4, conv4m, conv5, conv6, fc7, self.fc8(fc7))

    def _last_maps_by_columns(self, maps, drop):
        """conv5 and conv6 of D_local, with columns first in memory; see `winograd`."""
        columns = maps.permute(3, 0, 2, 1)
        conv5, conv6 = self.conv5[0], self.conv6[0]
        seen = functional.relu(_biased(convolve(columns, conv5.weight), conv5.bias))
        seen = self._drop_last(seen, drop)
        # Pooling throws the last of an odd number of rows away: it isn't computed.
        kept = seen.shape[2] // 2 * 2
        made = convolve(seen, conv6.weight, kept)
        width, clips, _, size = made.shape
        # Pictures of two columns, as wide as there are clips with their rows: pooling joins
        # the columns, and two rows of one clip.
        made = made.view(width // 2, 2, clips * kept, size).permute(0, 3, 1, 2)
        made = functional.max_pool2d(made, 2).permute(0, 2, 3, 1)
        made = made.reshape(width // 2, clips, kept // 2, size)
        made = self._drop_last(functional.relu(_biased(made, conv6.bias)), drop)
        return seen.permute(1, 3, 2, 0), made.permute(1, 3, 2, 0)

    def _drop_last(self, maps, drop):
        """`dropout2d` of maps whose channels come last and clips second."""
        if not drop or self.dropout == 0:
            return maps
        kept = functional.dropout(maps.new_ones(1, maps.shape[1], 1, maps.shape[3]), self.dropout)
        return maps * kept

    def _pool(self, maps):
        return functional.max_pool2d(maps, 2) if self.pooled else maps

    def _conv6(self, maps):
        layer = self.conv6[0]
        if self.pooled or maps.shape[2] % 2 == 0:
            return layer(maps)
        # Pooling throws the last of an odd number of rows away: it isn't computed.
        maps = functional.pad(maps, (1, 1, 1, 0))
        return functional.conv2d(maps, layer.weight, layer.bias)

    def _last_pool(self, maps):
        if self.pooled and maps.shape[2:] != (6, 4):
            # Sequences that are not of 50 frames: to the size that the linear layer takes.
            return functional.adaptive_max_pool2d(maps, (3, 2))
        return functional.max_pool2d(maps, 2)


class LocalDiscriminator(CoOccurrenceNetwork):
    """D_local judges whether each short window of poses is real."""

    def __init__(self, *, dropout=0.5, kernels=True):
        sizes = {"flat": 4096, "hidden": 256, "outputs": 1}
        super().__init__(pooled=False, **sizes, dropout=dropout, kernels=kernels)

    def forward(self, poses):
        """Score all windows of 5 frames, 3 apart.

        Parameters
        ----------
        poses : Tensor, shape (B, T, 36)

        Returns
        -------
        Tensor, shape (B, (T - 5) // 3 + 1)
            Logits.
        """
        return self.score(windows(poses), drop=self.training).view(len(poses), -1)

    def score(self, segments, *, drop):
        """Score windows as `windows` gives them; logits of shape (N, 1)."""
        return self.head(self.stem(segments), drop=drop).fc8


def _biased(maps, bias):
    return maps + bias.to(maps.dtype)


def windows(poses):
    """Cut (B, T, 36) poses into the (B * W, 5, 18, 2) windows of D_local."""
    clips, frames, _ = poses.shape
    if frames < WINDOW:
        raise ValueError(f"D_local needs at least {WINDOW} frames, got {frames}")
    segments = poses.view(clips, frames, JOINTS, 2).unfold(1, WINDOW, STRIDE)
    return segments.permute(0, 1, 4, 2, 3).reshape(-1, WINDOW, JOINTS, 2)


class SelfAttention(nn.Module):
    """Weighted mean over time, the weights from the sequence itself (Lin et al., 2017)."""

    def __init__(self, size, *, dropout=0.5):
        super().__init__()
        self.dropout = dropout
        self.ws1 = nn.Linear(size, 20, bias=False)
        self.ws2 = nn.Linear(20, 1, bias=False)

    def forward(self, sequence, *, drop):
        """(B, T, U) to (B, 1, U)."""
        hidden = functional.dropout(sequence, self.dropout, drop)
        weights = self.ws2(torch.tanh(self.ws1(hidden))).softmax(1)
        return weights.transpose(1, 2) @ sequence


class GlobalDiscriminator(nn.Module):
    """D_global judges whether a whole sequence of poses is real and fits its music.

    Parameters
    ----------
    kind : {"gru", "lstm"}
        Recurrent layers of its own music encoder.
    music_features : int
        U; poses are brought to the same number of features.
    audio_batching : {"clean", "mixed"}
        ``mixed``: as the released code, which reads (B, T, U) features as (T, B, U) and
        transposes, so that clip b at time t hears row t * B + b of all clips' frames.
    dropout : float
        Rate of every dropout.
    kernels : bool
        See `choreo.models.gan.recipe.Recipe`.
    """

    def __init__(self, kind, music_features, *, audio_batching="clean", dropout=0.5, kernels=True):
        super().__init__()
        self.audio_batching = audio_batching
        self.audio_encoder = MusicEncoder(kind, music_features, kernels=kernels)
        self.pose_encoder = CoOccurrenceNetwork(
            pooled=True, flat=1536, hidden=512, outputs=music_features, dropout=dropout
        )
        self.attention = SelfAttention(music_features, dropout=dropout)
        self.conv1d = nn.Conv1d(2, 1, 2)
        self.fc2 = nn.Linear(music_features - 1, 1)

    def forward(self, poses, audio):
        """Score whole sequences.

        Parameters
        ----------
        poses : Tensor, shape (B, T, 36)
        audio : Tensor, shape (B, T, 1600)

        Returns
        -------
        Tensor, shape (B, 1)
            Logits.
        """
        head = self.pose_encoder.head(self.look(poses), drop=self.training)
        return self.judge(head.fc8, self.listen(audio), drop=self.training)[1]

    def look(self, poses):
        """`Stem` of (B, T, 36) poses."""
        clips, frames, _ = poses.shape
        if frames < _MINIMUM_FRAMES:
            raise ValueError(f"D_global needs at least {_MINIMUM_FRAMES} frames, got {frames}")
        return self.pose_encoder.stem(poses.view(clips, frames, JOINTS, 2))

    def listen(self, audio):
        """(B, T, U) music features of (B, T, 1600) samples."""
        encoded_music = self.audio_encoder(audio)
        if self.audio_batching == "mixed":
            clips, frames, size = encoded_music.shape
            encoded_music = encoded_music.reshape(frames, clips, size).transpose(0, 1)
        return encoded_music

    def judge(self, seen, encoded_music, *, drop):
        """Compare what was seen with what is heard.

        Parameters
        ----------
        seen : Tensor, shape (B, U)
            Last map of the pose encoder.
        encoded_music : Tensor, shape (B, T, U)
            As `listen` gives it.
        drop : bool
            Whether dropout is active.

        Returns
        -------
        joined : Tensor, shape (B, 1, U - 1)
            The map before the last layer.
        logits : Tensor, shape (B, 1)
        """
        both = torch.cat([self.attention(encoded_music, drop=drop), seen.unsqueeze(1)], 1)
        joined = self.conv1d(both)
        return joined, self.fc2(joined).squeeze(2)


def initialise(network):
    """Start a pose network: Xavier-uniform weights, biases 0 (released code)."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
