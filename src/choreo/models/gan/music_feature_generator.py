"""Music-feature generator G_mf: poses back to music features (thesis section 4.2.3).

The names of the parameters are those of the released state dicts. Those hold two more
layers, `rnn_noise` and `layeri`, that nothing uses; `UNUSED` names them for the loader.
"""

from torch import nn

from choreo.models.gan.pose_generator import COORDINATES, ResidualBlock

UNUSED = ("rnn_noise.", "layeri.")

_HIDDEN = 1024


class MusicFeatureGenerator(nn.Module):
    """The pose generator reversed: linear, three residual blocks, linear.

    Parameters
    ----------
    music_features : int
        U.
    """

    def __init__(self, music_features):
        super().__init__()
        self.layer0 = nn.Linear(COORDINATES, _HIDDEN)
        self.layer1 = ResidualBlock()
        self.layer2 = ResidualBlock()
        self.layer3 = ResidualBlock()
        self.final_linear = nn.Linear(_HIDDEN, music_features)

    def forward(self, poses):
        """(B, T, 36) poses to (B, T, U) music features."""
        clips, frames, _ = poses.shape
        rows = self.layer0(poses.reshape(clips * frames, COORDINATES))
        rows = self.layer3(self.layer2(self.layer1(rows)))
        return self.final_linear(rows).view(clips, frames, -1)
