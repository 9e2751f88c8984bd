"""A song as the motion graph hears it: beats, their places in the bar, and loudness."""

from dataclasses import dataclass

import numpy as np

from choreo.models.music_features.rhythm import BAR, NAMES

_WITHOUT_BEATS = 0.5
"""Seconds between beats where a song has none."""
_SECTION_BEATS = 8
"""Beats on either side whose loudness says in which part of a song a beat is."""


@dataclass(frozen=True)
class SongUnits:
    """A song of T poses and K beats.

    Attributes
    ----------
    beats : ndarray of float, shape (K + 1,)
        Frames of the beats, rising; the first is not after frame 0, the last not before
        frame T - 1.
    places : ndarray of int, shape (K,)
        Place of each beat in its bar, from 0.
    loudness : ndarray of float, shape (K, n)
        Of each beat, and of the `_SECTION_BEATS` around it, as ranks in the song, in [0, 1].
    """

    beats: np.ndarray
    places: np.ndarray
    loudness: np.ndarray

    def __len__(self):
        return len(self.places)

    @property
    def intervals(self):
        """Frames from each beat to the next, shape (K,)."""
        return np.diff(self.beats)


def song_units(music, fps):
    """A song of the features `phase`.

    Parameters
    ----------
    music : ndarray, shape (T, n)
        Of `choreo.models.music_features.rhythm`, a row a pose.
    fps : float

    Returns
    -------
    SongUnits
    """
    of = dict(zip(NAMES, np.asarray(music, float).T, strict=True))
    loudness = np.stack([of[name] for name in NAMES[-4:]], 1) / 2 + 0.5
    if not of["beats"].all():
        return units_of_beats(len(music), (), (), loudness, fps)
    count = np.unwrap(np.arctan2(of["bar_sin"], of["bar_cos"])) * BAR / (2 * np.pi)
    # Between two beats the count is a line whose slope is known in each frame.
    interval = fps * 0.5 * 2 ** of["interval"]
    before = np.floor(count + 1e-4)
    last = np.append(np.flatnonzero(np.diff(before)), len(count) - 1)
    beats = last + (before[last] + 1 - count[last]) * interval[last]
    return units_of_beats(len(music), beats, before[last].astype(int) + 1, loudness, fps)


def units_of_beats(frames, beats, places, loudness, fps):
    """A song of its beats.

    Parameters
    ----------
    frames : int
        T.
    beats : ndarray of float, shape (B,)
        Frames, rising.
    places : ndarray of int, shape (B,)
    loudness : ndarray, shape (T, n)
        Ranks in [0, 1].
    fps : float

    Returns
    -------
    SongUnits
        With beats before the first and after the last at the intervals there.
    """
    beats, places = np.asarray(beats, float), np.asarray(places, int)
    if len(beats) < 2:
        beats, places = np.array([0.0, _WITHOUT_BEATS * fps]), np.arange(2)
    ends = beats[1] - beats[0], beats[-1] - beats[-2]
    before = max(0, int(np.ceil(beats[0] / ends[0])))
    after = max(0, int(np.ceil((frames - 1 - beats[-1]) / ends[1])))
    beats = np.concatenate(
        [
            beats[0] - ends[0] * np.arange(before, 0, -1),
            beats,
            beats[-1] + ends[1] * np.arange(1, after + 1),
        ]
    )
    places = np.concatenate(
        [
            places[0] - np.arange(before, 0, -1),
            places,
            places[-1] + np.arange(1, after + 1),
        ]
    )
    own = _means(loudness, beats)
    wide = np.stack(
        [own[max(0, k - _SECTION_BEATS) : k + _SECTION_BEATS + 1].mean(0) for k in range(len(own))]
    )
    return SongUnits(beats, places[:-1] % BAR, np.concatenate([own, wide], 1))


def _means(loudness, beats):
    """Mean of the frames of each beat, of the nearest frame where there is none."""
    count = len(loudness)
    bounds = np.clip(np.ceil(beats).astype(int), 0, count)
    first = np.minimum(bounds[:-1], count - 1)
    last = np.maximum(bounds[1:], first + 1)
    sums = np.concatenate([np.zeros((1, loudness.shape[1])), np.cumsum(loudness, 0)])
    return (sums[last] - sums[first]) / (last - first)[:, None]


def folded(song, usual):
    """Count a song's beats double or half where its tempo is far from the usual.

    Parameters
    ----------
    song : SongUnits
    usual : float
        Frames of a usual beat.

    Returns
    -------
    SongUnits
    """
    interval, most = np.median(song.intervals), 2**0.5
    if interval * most < usual:
        return folded(_halved(song), usual)
    if interval > usual * most:
        return folded(_doubled(song), usual)
    return song


def _halved(song):
    """Every second beat, from the first of a bar on: bars are twice as long."""
    count = len(song.beats)
    # A beat more at each end, so that what is kept covers the song.
    ends = 2 * song.beats[0] - song.beats[1], 2 * song.beats[-1] - song.beats[-2]
    beats = np.concatenate([ends[:1], song.beats, ends[1:]])
    kept = np.arange(-int(song.places[0] % 2), count + 1, 2)
    if kept[-1] < count - 1:
        kept = np.append(kept, count)
    steps = kept[:-1]
    # Which of two bars is the first is told from the first downbeat.
    places = (steps - int(np.argmax(song.places == 0))) // 2 % BAR
    return SongUnits(beats[kept + 1], places, song.loudness[np.clip(steps, 0, len(song) - 1)])


def _doubled(song):
    """A beat between every two."""
    beats = np.empty(2 * len(song) + 1)
    beats[::2] = song.beats
    beats[1::2] = (song.beats[1:] + song.beats[:-1]) / 2
    places = np.repeat(2 * song.places, 2)
    places[1::2] += 1
    return SongUnits(beats, places % BAR, np.repeat(song.loudness, 2, 0))
