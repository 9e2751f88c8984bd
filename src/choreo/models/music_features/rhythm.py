"""Features `phase`: where in beat and bar a moment lies, and how loud the song is just then.

They say nothing of timbre or loudness as such, so that made songs and recorded ones look
alike: beats come from a tracker, and slow loudness is told by ranks within the song.

Of a pose, in this order (`NAMES`): sine and cosine of the beat's phase, and of twice it; of
the bar's phase; the time between beats, in octaves from half a second; a pulse at each beat;
whether there are beats; four bands of loudness.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.stats import rankdata

from choreo.beats.sound import beatless
from choreo.beats.state_space import find_beats
from choreo.models.music_features.kept import kept
from choreo.models.music_features.sound import at_times, banded, centred

NAMES = (
    *("beat_sin", "beat_cos", "half_sin", "half_cos", "bar_sin", "bar_cos"),
    *("interval", "pulse", "beats", "bass", "low", "middle", "high"),
)
BAR = 4
"""Beats of a bar."""
PULSE_SECONDS = 0.05
"""Standard deviation of the pulse at a beat."""
_USUAL_INTERVAL = 0.5  # seconds between beats from which octaves count
_NEAR = 9  # beats whose median interval counts those that a tracker left out
_BANDS = (20.0, 150.0, 600.0, 2400.0, 8000.0)  # Hz: edges of the bands of loudness
_RATE = 50  # values of loudness a second
_WINDOW = 1024
_SLOW_SECONDS = 1.0
_QUIET = 1e-4  # of the loudest: 40 dB down all is silence
_CHROMA_WINDOW, _CHROMA_RATE = 4096, 20
_CHROMA = (65.0, 2100.0)  # Hz: five octaves from C2 on
_LOW_C = 65.406
_SHARPENED = 0.5  # power of the magnitudes of a chroma, so that one loud note is not all


def size(data):
    """Thirteen, whatever the data."""
    return len(NAMES)


def hear(samples, data):
    """Track the beats of a song, find its bars and measure its loudness.

    Parameters
    ----------
    samples : ndarray of float32, shape (N,)
    data : DataDescription

    Returns
    -------
    Rhythm
    """
    samples, rate = centred(samples, data), data.sample_rate
    found = kept(samples, rate, beats_and_bars, __name__)
    return Rhythm(found["beats"], found["counts"], slow_loudness(samples, rate))


def beats_and_bars(samples, rate):
    """Track the beats of a song and find its bars.

    Parameters
    ----------
    samples : ndarray of float32, shape (N,)
        Around 0.
    rate : int
        Samples a second.

    Returns
    -------
    dict of str to ndarray
        ``beats`` and ``counts`` of `Rhythm`.
    """
    # Named and not taken from the register: an edit of another tracker trains nothing anew.
    beats = np.zeros(0) if beatless(samples, rate) else np.asarray(find_beats(samples, rate))
    if len(beats) < 2:
        return {"beats": np.zeros(0), "counts": np.zeros(0, int)}
    counts = counted(beats)
    return {"beats": beats, "counts": counts - first_downbeat(samples, rate, beats, counts)}


@dataclass(frozen=True)
class Rhythm:
    """Beats, bars and loudness of a song.

    Attributes
    ----------
    beats : ndarray, shape (B,)
        Seconds, rising; none, or two or more.
    counts : ndarray of int, shape (B,)
        Number of each beat; multiples of `BAR` begin bars. A beat that the tracker left out
        has its number, too.
    loudness : ndarray of float32, shape (n, 4)
        Ranks in [-1, 1], 50 a second.
    """

    beats: np.ndarray
    counts: np.ndarray
    loudness: np.ndarray

    @property
    def downbeats(self):
        """Seconds of the beats that begin bars."""
        return self.beats[self.counts % BAR == 0]

    def place(self, seconds):
        """How many beats have passed at times, and the seconds between beats there.

        Before the first beat and after the last, beats go on as they are there.
        """
        seconds = np.asarray(seconds, float)
        after = np.clip(np.searchsorted(self.beats, seconds, "right"), 1, len(self.beats) - 1)
        start, count = self.beats[after - 1], self.counts[after - 1]
        interval = (self.beats[after] - start) / (self.counts[after] - count)
        return count + (seconds - start) / interval, interval

    def at(self, seconds, speed=1.0):
        """Features at times; see `choreo.models.music_features.SongFeatures`."""
        seconds = np.asarray(seconds, float)
        found = np.zeros((len(seconds), len(NAMES)), np.float32)
        found[:, 9:] = at_times(self.loudness, _RATE, seconds)
        if len(self.beats):
            place, interval = self.place(seconds)
            interval = interval / speed
            beat, bar = 2 * np.pi * place, 2 * np.pi * place / BAR
            away = np.abs(place - np.rint(place)) * interval
            found[:, :9] = np.stack(
                [
                    *(np.sin(beat), np.cos(beat), np.sin(2 * beat), np.cos(2 * beat)),
                    *(np.sin(bar), np.cos(bar)),
                    np.log2(interval / _USUAL_INTERVAL),
                    np.exp(-0.5 * (away / PULSE_SECONDS) ** 2),
                    np.ones(len(seconds)),
                ],
                1,
            )
        return found


def counted(beats):
    """Numbers of beats, from 0: one that was left out between two has its number, too.

    Parameters
    ----------
    beats : ndarray, shape (B,)
        Seconds, rising.

    Returns
    -------
    ndarray of int, shape (B,)
    """
    if not len(beats):
        return np.zeros(0, int)
    intervals = np.diff(beats)
    usual = ndimage.median_filter(intervals, _NEAR, mode="nearest")
    return np.concatenate([[0], np.cumsum(np.maximum(1, np.rint(intervals / usual).astype(int)))])


def first_downbeat(samples, rate, beats, counts):
    """Which of the first beats begins a bar: where harmony changes more than elsewhere.

    Parameters
    ----------
    samples : ndarray of float32, shape (N,)
        Around 0.
    rate : int
        Samples a second.
    beats, counts : ndarray, shape (B,)

    Returns
    -------
    int
        Under `BAR`.
    """
    hop = rate // _CHROMA_RATE
    chroma = banded(samples, _CHROMA_WINDOW, hop, _chroma_filters(rate), _SHARPENED)
    edges = np.clip(np.rint(beats * rate / hop).astype(int), 0, len(chroma))
    sums = np.concatenate([np.zeros((1, 12)), np.cumsum(chroma, 0, dtype=float)])
    # Of each beat, and the one before it, two beats long: a passing note is no new chord.
    ends = np.minimum(np.arange(len(beats)) + 2, len(beats) - 1)
    starts = np.maximum(np.arange(len(beats)) - 2, 0)
    after, before = sums[edges[ends]] - sums[edges], sums[edges] - sums[edges[starts]]
    lengths = np.linalg.norm(after, axis=1) * np.linalg.norm(before, axis=1)
    alike = np.divide((after * before).sum(1), lengths, out=np.ones(len(beats)), where=lengths > 0)
    changes = np.bincount(counts % BAR, 1 - alike, BAR)
    return int(changes.argmax())


def _chroma_filters(rate):
    frequencies = np.fft.rfftfreq(_CHROMA_WINDOW, 1 / rate)
    inside = np.flatnonzero((frequencies >= _CHROMA[0]) & (frequencies <= _CHROMA[1]))
    filters = np.zeros((len(frequencies), 12), np.float32)
    pitch = np.rint(12 * np.log2(frequencies[inside] / _LOW_C)).astype(int) % 12
    filters[inside, pitch] = 1
    return filters


def slow_loudness(samples, rate):
    """Loudness of four bands over a second, as ranks within the song.

    Parameters
    ----------
    samples : ndarray of float32, shape (N,)
    rate : int
        Samples a second.

    Returns
    -------
    ndarray of float32, shape (n, 4)
        In [-1, 1], 50 a second; equal values have equal ranks, and an even song has 0.
    """
    frequencies = np.fft.rfftfreq(_WINDOW, 1 / rate)
    bands = itertools.pairwise(_BANDS)
    filters = np.stack([(frequencies >= low) & (frequencies < high) for low, high in bands], 1)
    powers = banded(samples, _WINDOW, rate // _RATE, filters.astype(np.float32))
    slow = ndimage.gaussian_filter1d(powers, _SLOW_SECONDS / 2 * _RATE, axis=0, mode="nearest")
    levels = np.log10(np.maximum(slow, _QUIET * max(float(slow.max()), 1e-12)))
    # What differs by less than can be heard is equal.
    ranks = rankdata(np.rint(20 * levels), axis=0)
    count = len(ranks)
    return ((2 * ranks - 1 - count) / max(count - 1, 1)).astype(np.float32)
