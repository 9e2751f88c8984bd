"""Features `raw`: the samples of each pose's time, as the thesis's networks hear them."""

import numpy as np

from choreo.dataset.audio import frames


def size(data):
    """Samples of a pose's audio frame."""
    return data.audio_frame


def hear(samples, data):
    """Cut a song into audio frames."""
    return Raw(frames(samples, data), data.fps)


class Raw:
    """Audio frames of a song, shape (T, S)."""

    def __init__(self, rows, fps):
        self._rows, self._fps = rows, fps

    def at(self, seconds, speed=1.0):
        """Frames in which times lie; samples are played at no other speed than their own."""
        if speed != 1:
            raise ValueError("samples have one speed")
        index = np.floor(np.asarray(seconds) * self._fps + 1e-6).astype(int)
        return self._rows[np.clip(index, 0, len(self._rows) - 1)]
