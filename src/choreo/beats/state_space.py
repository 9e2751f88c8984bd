"""Beats by dynamic Bayes: every path of tempo and phase through a song is weighed.

The state is the bar pointer's (Whiteley, Cemgil and Godsill, 2006; Krebs, Böck and Widmer,
2015): the time since the last beat, and the interval to the next, which can change at a beat
only. Between beats nothing is decided, so that the search goes from beat to beat and is exact:
one score for each end and each interval.

The observation is one curve of onsets, e. At the place p of a beat (on it, half, a quarter,
elsewhere; of a swung beat two thirds in place of half and quarters) its values are taken to
follow the song's own distribution of e tilted by exp(w_p e). A frame's score is then
w_p e - log(mean of exp(w_p e)): every frame counts once, whatever the tempo, and no tempo wins
by having more beats.

A path begins and ends where that explains most: in hiss before the song, or after it, are no
beats.

What a fast path cannot tell by itself is the octave. Kick and snare are on beats, so that of
a path that counts twice, every second beat has both less treble and less bass. Where kick and
snare alternate one has less of the one and more of the other, and both are beats. A path that
counts swing in triplets has nothing at the second of three.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from choreo.beats.sound import framed, triangles

_STEP_SECONDS, _WINDOW_SECONDS = 0.01, 0.064
_BLOCK = 2000  # frames whose spectra are held at a time
_BANDS, _LOWEST, _HIGHEST = 40, 30.0, 8000.0  # Hz
_LOW, _MIDDLE = 6, 20  # bands up to about 300 Hz and 2 kHz
_KICK = 3  # bands up to about 150 Hz
_SHARES = (0.4, 0.25, 0.35)  # of low, middle and high bands in the curve of onsets
_LOCAL_SECONDS = 8.0  # over which quiet passages are brought up
_ON, _HALF, _QUARTER, _ELSEWHERE = 3.0, 0.3, -0.3, -1.0  # tilts w_p
_NEAR = 2  # frames around a place of the beat that belong to it
_FASTEST, _SLOWEST = 240.0, 42.0  # beats a minute
_CHANGE, _RIPPLE = 200.0, 0.3
"""Cost of a change of the interval by its own length, and of a change by any one frame: the
interval of 210 BPM is 28.6 frames, 28 and 29 in turns."""
_USUAL_TEMPO, _OCTAVES = 120.0, 0.9
"""Of equal evidence the tempo nearer to the usual wins: a normal distribution of log2."""
_SWING = 2.0  # what a swung beat costs: straight ones are likelier
_TWICE, _TWICE_POWER = 0.3, 0.4
"""Mean difference of alternate beats in kick and treble from which one in two is none, at 120
BPM, and how it grows with the interval: half of a fast tempo is likelier than half of a slow
one."""
_BOTH = 0.15  # difference in each of the two at least
_REST, _LATE = 0.15, 0.2
"""Of three the second has less than this share of the first, the third more: swing. A waltz has
it the other way round, if it leaves out any."""
_USUAL_HIT = 90  # percentile of the hits at beats, to which louder ones are cut
_QUIET = 3e-3
"""Of the usual loudest band: what is quieter is silence. An intro 50 dB down still counts (at
1e-2 it does not), hiss 50 dB down makes no beats (at 1e-3 some)."""
_NOTHING, _USUAL = 1e-6, 95  # of the loudest frame; percentile of the others
_ONSET, _SHARE, _LEAST = 0.05, 0.25, 3
"""A pulse has an onset at one beat in four at least, and three of them."""
_NONE = 255  # no beat before


def find_beats(audio: np.ndarray, rate: int, *, block: int = _BLOCK) -> np.ndarray:
    """Find beats.

    Parameters
    ----------
    audio : ndarray of float32, shape (S,)
    rate : int
        Samples a second.
    block : int
        Frames whose spectra are held at a time.

    Returns
    -------
    ndarray
        Seconds, rising. Empty where nothing begins.
    """
    hop = max(1, round(_STEP_SECONDS * rate))
    levels = _levels(audio, rate, hop, block)
    onsets, percussion = _onsets(levels, block)
    if not onsets.any():
        return np.zeros(0)
    loudest = levels.max(1)
    # One bang makes no song quiet: compared is with what is usual where there is sound.
    loud = loudest >= _QUIET * np.percentile(loudest[loudest > _NOTHING * loudest.max()], _USUAL)
    per_minute = 60 * rate / hop
    intervals = np.arange(round(per_minute / _FASTEST), round(per_minute / _SLOWEST) + 1)
    # No beat is expected of what is silent for longer than any interval: a break.
    audible = ndimage.maximum_filter1d(loud, 2 * int(intervals[-1]) + 1)
    beats = _best_path(onsets, audible, intervals, per_minute)
    near = ndimage.maximum_filter1d(onsets, 2 * _NEAR + 1)[beats[audible[beats]]]
    if (near > _ONSET).sum() < max(_LEAST, _SHARE * len(near)):
        # What begins and ends, and is even between: a tone.
        return np.zeros(0)
    beats = _octave(beats, percussion, intervals[-1], per_minute)
    return _sharpened(beats, onsets) * hop / rate


def _levels(audio, rate, hop, block):
    """Levels of mel bands, shape (T, 40); frame k is at ``k * hop`` samples."""
    window = 2 ** round(np.log2(_WINDOW_SECONDS * rate))
    shape = np.hanning(window + 1)[:-1].astype(np.float32)
    filters = triangles(_edges(rate), rate, window).T
    levels = np.empty((1 + len(audio) // hop, _BANDS), np.float32)
    for start in range(0, len(levels), block):
        stop = min(start + block, len(levels))
        signal = framed(audio, start, stop, hop, window, beyond="edge")
        frames = np.lib.stride_tricks.sliding_window_view(signal, window)[::hop]
        spectra = np.abs(np.fft.rfft(frames * shape)).astype(np.float32)
        levels[start:stop] = spectra @ filters
    return levels


def _edges(rate):
    """Hz of the edges of the bands: equally far apart in mel."""
    mel = 2595 * np.log10(1 + np.array([_LOWEST, min(_HIGHEST, rate / 2)]) / 700)
    return 700 * (10 ** (np.linspace(*mel, _BANDS + 2) / 2595) - 1)


def _onsets(levels, block):
    """Curve of onsets, shape (T,), and rises of kick and treble, shape (T, 2)."""
    count = len(levels)
    scale = np.float32(20 / max(np.percentile(levels, 95), 1e-9))
    bands = np.zeros((count, 3), np.float32)
    percussion = np.zeros((count, 2), np.float32)
    for start in range(0, count, block):
        part = levels[max(start - 3, 0) : start + block]
        skip, rises = min(start, 3), np.zeros_like(part)
        loudness = np.log1p(scale * part)
        # A tone that glides into the next band begins nothing (Böck and Widmer, 2013).
        before = ndimage.maximum_filter1d(loudness, 3, axis=1)
        rises[2:] = np.maximum(0, loudness[2:] - before[:-2])
        groups = np.split(rises[skip:], [_LOW, _MIDDLE], axis=1)
        bands[start : start + block] = np.stack([group.mean(1) for group in groups], 1)
        rises[3:] = np.maximum(0, part[3:] - part[:-3])
        rises[:3] = 0
        rises = rises[skip:]
        percussion[start : start + block, 0] = rises[:, :_KICK].mean(1)
        percussion[start : start + block, 1] = rises[:, _MIDDLE:].mean(1)
    bands = ndimage.gaussian_filter1d(bands, 1, axis=0)
    near = 2 * round(_LOCAL_SECONDS / _STEP_SECONDS / 2) + 1
    local = np.sqrt(np.maximum(ndimage.uniform_filter1d(bands**2, near, axis=0), 0))
    bands /= local + 0.1 * np.sqrt((bands**2).mean(0)) + np.float32(1e-9)
    curve = bands @ np.array(_SHARES, np.float32)
    return np.tanh(curve / max(2 * np.sqrt((curve**2).mean()), 1e-9)), percussion


def _best_path(onsets, audible, intervals, per_minute):
    """Frames of the beats of the likeliest path, none where it explains less than no path.

    Before its first beat and after its last everything is elsewhere. Frames that are not
    `audible` say nothing about it.
    """
    count, step, longest = len(onsets), int(intervals[0]), int(intervals[-1])
    times, kinds = np.arange(count), np.arange(len(intervals))
    wide = ndimage.maximum_filter1d(onsets, 3).astype(float)
    elsewhere = _tilted(wide, _ELSEWHERE) * audible
    on, half, quarter = (
        ndimage.uniform_filter1d(
            _tilted(wide, tilt) * audible - elsewhere, 2 * _NEAR + 1, mode="constant"
        )
        * (2 * _NEAR + 1)
        for tilt in (_ON, _HALF, _QUARTER)
    )
    until = np.cumsum(elsewhere)
    usual = -0.5 * (np.log2(per_minute / intervals / _USUAL_TEMPO) / _OCTAVES) ** 2
    change = np.abs(intervals - intervals[:, None])
    change = -_CHANGE * np.maximum(0, change - 1) / np.minimum(
        intervals, intervals[:, None]
    ) - _RIPPLE * (change > 0)
    change = change.astype(np.float32)
    begin = until + on

    # scores[t, k]: of the best path with a beat at t and interval k after it. A beat looks
    # back by the shortest interval at least, so that many are found at once.
    scores = np.full((longest + step, len(intervals)), -np.inf, np.float32)
    before = np.empty((count, len(intervals)), np.uint8)
    ends = np.empty(count, np.float32)
    arrived = np.empty(count, np.uint8)
    for start in range(0, count, step):
        now = times[start : start + step]
        origin = now[:, None] - intervals
        inside = np.maximum(origin, 0)
        score = scores[origin % len(scores), kinds] + on[now][:, None]
        score += until[now][:, None] - until[inside] + usual * intervals * _STEP_SECONDS
        straight = half[_between(origin, intervals, 1 / 2)]
        straight += quarter[_between(origin, intervals, 1 / 4)]
        straight += quarter[_between(origin, intervals, 3 / 4)]
        swung = half[_between(origin, intervals, 2 / 3)]
        score += np.maximum(straight, swung - _SWING)
        score = np.where(origin >= 0, score, -np.inf).astype(np.float32)
        arrived[now] = score.argmax(1)
        ends[now] = score[np.arange(len(now)), arrived[now]]
        onward = score[:, :, None] + change
        source = onward.argmax(1)
        best = np.take_along_axis(onward, source[:, None], 1)[:, 0]
        fresh = (begin[now][:, None] + usual).astype(np.float32)
        before[now] = np.where(fresh >= best, _NONE, source)
        scores[now % len(scores)] = np.maximum(fresh, best)
    ends = ends + (until[-1] - until)
    time = int(ends.argmax())
    if not ends[time] > until[-1]:
        return np.zeros(0, int)
    beats, kind = [time], int(arrived[time])
    while kind != _NONE:
        time -= int(intervals[kind])
        beats.append(time)
        kind = int(before[time, kind])
    return np.array(beats[::-1])


def _tilted(curve, tilt):
    """Log of how much likelier each value is in the distribution tilted by exp(tilt * e)."""
    return tilt * curve - np.log(np.mean(np.exp(tilt * curve)))


def _between(origin, intervals, share):
    return np.maximum(origin + np.rint(share * intervals).astype(int), 0)


def _octave(beats, percussion, longest, per_minute):
    """Leave out beats between while kick and treble say that they are none."""
    hits = ndimage.maximum_filter1d(percussion, 2 * 4 + 1, axis=0)
    # One bang decides nothing.
    hits = np.minimum(hits, np.percentile(hits[beats], _USUAL_HIT, axis=0)) if len(beats) else hits
    while len(beats) > 8:
        interval = np.median(np.diff(beats))
        if 3 * interval <= longest:
            threes = hits[beats[: len(beats) // 3 * 3]].reshape(-1, 3, 2).mean(0)
            first = int(threes.sum(1).argmax())
            on, rest, late = np.roll(threes, -first, axis=0)
            if (rest < _REST * on).all() and (late > _LATE * on).any():
                beats = beats[first::3]
                continue
        if 2 * interval > longest:
            break
        pairs = hits[beats[: len(beats) // 2 * 2]].reshape(-1, 2, 2).mean(0)
        more = (pairs[0] - pairs[1]) / (pairs.sum(0) + 1e-12)
        first = int(more.sum() < 0)
        more *= 1 - 2 * first
        least = _TWICE * (interval * _USUAL_TEMPO / per_minute) ** _TWICE_POWER
        if more.min() <= _BOTH or more.mean() <= least:
            break
        beats = beats[first::2]
    return beats


def _sharpened(beats, onsets):
    """Move each beat to the top of the onset that it stands at, between frames."""
    if not len(beats):
        return np.zeros(0)
    offsets = np.arange(-_NEAR, _NEAR + 1)
    around = onsets[np.clip(beats[:, None] + offsets, 0, len(onsets) - 1)]
    # Where nothing begins the beat stays where it is.
    around = around - 1e-3 * np.abs(offsets)
    top = np.clip(beats + offsets[around.argmax(1)], 0, len(onsets) - 1)
    left, here, right = (onsets[np.clip(top + d, 0, len(onsets) - 1)] for d in (-1, 0, 1))
    bend = left - 2 * here + right
    shift = np.where(bend < -1e-6, 0.5 * (left - right) / np.minimum(bend, -1e-6), 0)
    return np.maximum(top + np.clip(shift, -0.5, 0.5), 0)
