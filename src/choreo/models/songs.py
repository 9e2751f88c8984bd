"""Songs and dances of a dataset, put together again from its chunks.

Beats and bars are things of whole songs, and a window of a dance may begin anywhere; a
dataset has chunks of five seconds. Here the chunks of each video are laid where they were.
What no chunk holds is silent, and no window reaches into it.
"""

import hashlib
import weakref
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from choreo.dataset.audio import unframed
from choreo.dataset.chunks import laid_out
from choreo.models.music_features import FEATURES
from choreo.models.music_features.kept import kept_in
from choreo.pose.skeletons import SKELETONS

_BLOCK = 16  # chunks read at once

_kept = weakref.WeakKeyDictionary()


def songs_of(dataset, music):
    """The `Songs` of a dataset, listened to once as long as the dataset is there.

    Their beats are kept beside a dataset that is a file (``dataset_beats/`` beside
    ``dataset.h5``), for the next training on it.

    Parameters
    ----------
    dataset : choreo.models.data.Chunks
    music : str
        Key of `choreo.models.music_features.FEATURES`.
    """
    known = _kept.setdefault(dataset, {})
    if music not in known:
        path = getattr(dataset, "path", None)
        with kept_in(None if path is None else path.with_name(f"{path.stem}_beats")):
            known[music] = Songs(dataset, FEATURES[music])
    return known[music]


@dataclass(frozen=True)
class Dance:
    """One video's dance and its song.

    Attributes
    ----------
    poses : ndarray of float32, shape (F, J, 2)
        In [-1, 1]; NaN where no chunk is.
    features : choreo.models.music_features.SongFeatures or None
        The song from the time of the first pose on; None for what is not of whole songs.
    """

    poses: np.ndarray
    features: object


class Songs:
    """Dances with what is heard in their songs.

    Parameters
    ----------
    dataset : choreo.models.data.Chunks
        With ``clip`` (of which video a chunk is) and ``start_seconds`` as a
        `choreo.dataset.pack.ChunkDataset` has them; without, each chunk is a song.
    features : choreo.models.music_features.Features

    Attributes
    ----------
    dances : list of Dance
    """

    def __init__(self, dataset, features):
        data = self.data = dataset.description
        count = len(dataset)
        self._dance, self._frame = np.zeros(count, int), np.zeros(count, int)
        self._skeleton = SKELETONS[data.skeleton]
        self.dances, listened = [], {}
        for number, (rows, frames, poses, samples) in enumerate(whole_videos(dataset)):
            self._dance[rows], self._frame[rows] = number, frames
            if not features.whole:
                self.dances.append(Dance(poses, None))
                continue
            key = hashlib.sha256(samples.tobytes()).digest()
            if key not in listened:  # several may dance to one song
                listened[key] = features.hear(samples, data)
            self.dances.append(Dance(poses, listened[key]))

    def features(self, indices, frames):
        """Features of chunks.

        Parameters
        ----------
        indices : sequence of int
            Numbers of chunks.
        frames : int
            Poses of a chunk.

        Returns
        -------
        ndarray of float32, shape (B, T, n)
        """
        indices = np.asarray(indices)
        seconds = np.arange(frames) / self.data.fps
        return np.stack(
            [
                self.dances[dance].features.at(first / self.data.fps + seconds)
                for dance, first in zip(self._dance[indices], self._frame[indices])
            ]
        )

    def windows(self, frames):
        """Windows that lie within given poses.

        Parameters
        ----------
        frames : int
            Poses of a window.

        Returns
        -------
        ndarray of int, shape (n, 2)
            Number of the dance and first pose of each.
        """
        found = []
        for number, dance in enumerate(self.dances):
            given = np.isfinite(dance.poses).all((1, 2))
            sums = np.concatenate([[0], np.cumsum(given)])
            whole = np.flatnonzero(sums[frames:] - sums[: max(len(sums) - frames, 0)] == frames)
            found.append(np.stack([np.full(len(whole), number), whole], 1))
        return np.concatenate(found)

    def cut(self, window, frames, *, speed=1.0, mirrored=False):
        """One window of a dance and its music.

        Parameters
        ----------
        window : (int, int)
            A row of `windows`, of at least `needed` poses.
        frames : int
        speed : float
            How many times faster sound and motion are played.
        mirrored : bool
            Whether left and right of the dancer are exchanged.

        Returns
        -------
        poses : ndarray of float32, shape (frames, J, 2)
        music : ndarray of float32, shape (frames, n), or None
            See `Dance.features`.
        """
        number, first = window
        dance = self.dances[number]
        place = first + speed * np.arange(frames)
        if speed == 1:
            poses = dance.poses[first : first + frames]
        else:
            last = min(first + needed(frames, speed), len(dance.poses))
            spline = CubicSpline(np.arange(first, last), dance.poses[first:last])
            poses = spline(np.minimum(place, last - 1)).astype(np.float32)
        if mirrored:
            poses = self._skeleton.mirrored(poses)
        heard = dance.features
        return poses, None if heard is None else heard.at(place / self.data.fps, speed)

    def stored_sound(self, dataset, windows, frames):
        """Audio frames of windows, read from the chunks that they lie in.

        Songs of samples would not fit into memory as their beats and loudness do.

        Parameters
        ----------
        dataset : choreo.models.data.Chunks
            That of these songs.
        windows : list of (int, int)
            Rows of `windows`.
        frames : int
            Poses of each.

        Returns
        -------
        ndarray of float32, shape (B, frames, S)
        """
        rows, places = (np.empty((len(windows), frames), int) for _ in range(2))
        for at, (number, first) in enumerate(windows):
            own = np.flatnonzero(self._dance == number)
            own = own[np.argsort(self._frame[own], kind="stable")]
            there = first + np.arange(frames)
            rows[at] = own[np.searchsorted(self._frame[own], there, "right") - 1]
            places[at] = there - self._frame[rows[at]]
        needed_rows, index = np.unique(rows, return_inverse=True)
        sound = dataset.batch(needed_rows)["audio"]
        return sound[index.reshape(rows.shape), places]


def needed(frames, speed):
    """Poses that a window of `frames` poses needs when it is played `speed` times as fast."""
    return int(np.ceil((frames - 1) * speed - 1e-9)) + 1


def whole_videos(dataset):
    """Lay the chunks of each video of a dataset where they were.

    Parameters
    ----------
    dataset : choreo.models.data.Chunks
        See `Songs`.

    Yields
    ------
    rows : ndarray of int, shape (N,)
        The chunks of one video.
    frames : ndarray of int, shape (N,)
        First pose of each, counted from that of the first.
    poses : ndarray of float32, shape (F, J, 2)
        NaN where no chunk is.
    samples : ndarray of float32, shape (S,)
        As `choreo.dataset.audio.decode` gives them; the mean where no chunk is.
    """
    data = dataset.description
    owner = np.asarray(getattr(dataset, "clip", np.arange(len(dataset))))
    starts = np.asarray(getattr(dataset, "start_seconds", np.zeros(len(dataset))))
    for video in np.unique(owner):
        rows = np.flatnonzero(owner == video)
        frames = np.rint((starts[rows] - starts[rows].min()) * data.fps).astype(int)
        poses, sounds = [], []
        for first in range(0, len(rows), _BLOCK):
            block = dataset.batch(rows[first : first + _BLOCK])
            poses += list(block["pose"])
            sounds += list(unframed(block["audio"], data))
        samples = laid_out(sounds, [data.samples_at(frame) for frame in frames], np.nan)
        silent = np.isnan(samples)
        samples[silent] = samples[~silent].mean(dtype=np.float64)  # where the song would rest
        yield rows, frames, laid_out(poses, frames, np.nan), samples
