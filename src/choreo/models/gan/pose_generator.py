"""Pose generator G_p and the whole dance generator G_d (thesis section 4.2.2).

The names of the parameters are those of the released state dicts, so that these load.
"""

import torch
from torch import nn

from choreo.models.gan.music_encoder import MusicEncoder, recurrent
from choreo.pose.skeletons import OPENPOSE18

JOINTS = len(OPENPOSE18)
"""V, joints of a pose: 18."""
COORDINATES = 2 * JOINTS
NOISE_SIZE = 10
NOISE_DEVIATION = 0.33
"""Size and standard deviation of the noise of each frame (released code)."""

_HIDDEN = 1024


class ResidualBlock(nn.Module):
    """x + two times (linear, BatchNorm, ReLU), on rows."""

    def __init__(self, size=_HIDDEN):
        super().__init__()
        self.layer = nn.Sequential(
            nn.Linear(size, size),
            nn.BatchNorm1d(size),
            nn.ReLU(),
            nn.Linear(size, size),
            nn.BatchNorm1d(size),
            nn.ReLU(),
        )

    def forward(self, rows):
        """(N, size) to (N, size)."""
        return rows + self.layer(rows)


def draw_noise(clips, frames, *, generator=None, temperature=1.0):
    """Noise of the pose generator.

    Parameters
    ----------
    clips, frames : int
        B and T.
    generator : torch.Generator, optional
        Where the numbers come from; torch's own where none is given.
    temperature : float
        Factor of the standard deviation 0.33.

    Returns
    -------
    Tensor, shape (B, T, 10)
    """
    noise = torch.randn(clips, frames, NOISE_SIZE, generator=generator)
    return noise * (NOISE_DEVIATION * temperature)


class PoseGenerator(nn.Module):
    """One linear layer, three residual blocks and a final linear layer, frame by frame.

    Parameters
    ----------
    kind : {"gru", "lstm"}
        Recurrent layer that the noise passes.
    music_features : int
        U.
    noise : bool
        Whether noise is joined to the music features.
    initial_pose : {"features", "released", "none"}
        See `choreo.models.gan.recipe.Recipe`.
    dropout : float
        Rate before the final layer.
    """

    def __init__(self, kind, music_features, *, noise=True, initial_pose="none", dropout=0.5):
        super().__init__()
        self.initial_pose = initial_pose
        size = music_features
        if noise:
            self.rnn_noise = recurrent(kind, NOISE_SIZE, NOISE_SIZE)
            size += NOISE_SIZE
        else:
            self.rnn_noise = None
        if initial_pose == "features":
            # The text gives no size; as many features as the music has weigh the same.
            self.layeri = nn.Linear(COORDINATES, music_features)
            size += music_features
        elif initial_pose == "released":
            self.layeri = nn.Linear(COORDINATES, size)
        self.layer0 = nn.Linear(size, _HIDDEN)
        self.layer1 = ResidualBlock()
        self.layer2 = ResidualBlock()
        self.layer3 = ResidualBlock()
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(_HIDDEN, COORDINATES)

    def forward(self, features, initial_pose=None, noise=None):
        """Generate poses.

        Parameters
        ----------
        features : Tensor, shape (B, T, U)
            Music features.
        initial_pose : Tensor, shape (B, 36) or (B, 18, 2)
            In network coordinates; not needed where the network takes none.
        noise : Tensor, shape (B, T, 10)
            As `draw_noise` gives it; not needed where the network takes none.

        Returns
        -------
        Tensor, shape (B, T, 36)
            x, y of 18 joints in (-1, 1).
        """
        return self.danced(self.joined(features, noise), initial_pose)

    def joined(self, features, noise):
        """Join music features and what becomes of the noise."""
        if self.rnn_noise is None:
            return features
        hidden, _ = self.rnn_noise(noise)
        return torch.cat([features, torch.tanh(hidden)], 2)

    def danced(self, inputs, initial_pose):
        """Generate poses from what `joined` gives."""
        clips, frames, _ = inputs.shape
        if self.initial_pose == "features":
            start = self.layeri(initial_pose.reshape(clips, 1, COORDINATES))
            inputs = torch.cat([inputs, start.expand(-1, frames, -1)], 2)
        elif self.initial_pose == "released" and initial_pose is not None:
            start = self.layeri(initial_pose.reshape(clips, 1, COORDINATES))
            inputs = torch.cat([inputs, start], 1)
        rows = self.layer0(inputs.reshape(-1, inputs.shape[2]))
        rows = self.layer3(self.layer2(self.layer1(rows)))
        rows = self.final_linear(self.dropout(rows))
        return torch.tanh(rows.view(clips, -1, COORDINATES)[:, :frames])


class DanceGenerator(nn.Module):
    """G_d = G_p after E_m."""

    def __init__(self, recipe):
        super().__init__()
        self.audio_encoder = MusicEncoder(
            recipe.encoder, recipe.music_features, kernels=recipe.kernels
        )
        self.pose_generator = PoseGenerator(
            recipe.encoder,
            recipe.music_features,
            noise=recipe.noise,
            initial_pose=recipe.initial_pose,
            dropout=recipe.dropout,
        )

    def forward(self, audio, initial_pose=None, noise=None):
        """(B, T, 1600) samples to (B, T, 36) poses; see `PoseGenerator.forward`."""
        return self.pose_generator(self.audio_encoder(audio), initial_pose, noise)


class PlainGenerator:
    """A `DanceGenerator` in eval mode, without gradients, in two parts.

    Parameters
    ----------
    network : DanceGenerator

    Attributes
    ----------
    follows : bool
        Whether the initial pose has an effect.
    """

    def __init__(self, network):
        self._network, self._poses = network, network.pose_generator
        # The released step of the initial pose is cut off again; no other step knows of it.
        self.follows = self._poses.initial_pose == "features"

    @property
    def device(self):
        """Where the weights lie."""
        return self._poses.final_linear.weight.device

    @torch.inference_mode()
    def encode(self, audio):
        """Encode music: (B, T, 1600) samples to (B, T, U) music features."""
        return self._network.audio_encoder(audio)

    @torch.inference_mode()
    def listen(self, features, noise):
        """Join music features (B, T, U) and what becomes of the noise (B, T, 10)."""
        return self._poses.joined(features, noise)

    @torch.inference_mode()
    def poses(self, encoded_music, starts):
        """Generate the poses of frames, each on its own.

        Parameters
        ----------
        encoded_music : Tensor, shape (B, T, n)
            Any frames of what `listen` gives.
        starts : Tensor, shape (B, 36)
            Initial pose of each segment; without effect where `follows` is false.

        Returns
        -------
        Tensor, shape (B, T, 36)
        """
        return self._poses.danced(encoded_music, starts if self.follows else None)
