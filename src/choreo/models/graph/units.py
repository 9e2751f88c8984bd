"""Units of dance: what a dancer did from one beat to the next."""

from dataclasses import dataclass, fields, replace

import numpy as np

from choreo.errors import ItemError
from choreo.models.music_features.rhythm import BAR
from choreo.pose.runs import runs as runs_of

_PHRASE_BEATS = 32
"""Units are kept or left out in phrases of so many in a row at most."""
_WHOLE = ("low", "high", "following", "places", "dancers", "songs")
"""Names of the arrays of whole numbers."""
_MARGIN = 2
"""Frames that are kept on either side of a run, for its velocities at the ends."""


@dataclass(frozen=True)
class Units:
    """N units, cut out of F frames.

    Attributes
    ----------
    poses : ndarray of float16, shape (F, J, 2)
        In [-1, 1].
    first, last : ndarray of float64, shape (N,)
        Where in `poses` the beat of each unit is and where the next; between frames.
    low, high : ndarray of int, shape (N,)
        First and last frame of the run that the unit was danced in.
    following : ndarray of int, shape (N,)
        The unit that was danced next; -1 where there is none.
    places, dancers, songs : ndarray of int, shape (N,)
        Place in the bar, and numbers of dancer and song.
    loudness : ndarray of float64, shape (N, n)
        See `choreo.models.graph.song_units.SongUnits`.
    """

    poses: np.ndarray
    first: np.ndarray
    last: np.ndarray
    low: np.ndarray
    high: np.ndarray
    following: np.ndarray
    places: np.ndarray
    dancers: np.ndarray
    songs: np.ndarray
    loudness: np.ndarray

    def __len__(self):
        return len(self.first)

    @property
    def intervals(self):
        """Frames of each unit, shape (N,)."""
        return self.last - self.first

    def as_arrays(self):
        """Dict of name to array, from which the same units can be made."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def check(self, data):
        """Refuse what can't be danced.

        Raises
        ------
        ItemError
        """
        count, frames = len(self), len(self.poses)
        whole = (getattr(self, name) for name in _WHOLE)
        right = (
            count > 0
            and self.poses.dtype.kind == self.first.dtype.kind == self.last.dtype.kind == "f"
            and all(one.dtype.kind in "iu" and one.ndim == 1 for one in whole)
            and (self.first.ndim, self.last.ndim, self.loudness.ndim) == (1, 1, 2)
            and self.poses.shape[1:] == (data.joints, 2)
            and all(len(a) == count for n, a in self.as_arrays().items() if n != "poses")
            and (self.low >= 0).all()
            and (self.high < frames).all()
            and (self.low <= self.first).all()
            and (self.first < self.last).all()
            and (self.last <= self.high).all()
            and ((self.following >= -1) & (self.following < count)).all()
            and ((self.places >= 0) & (self.places < BAR)).all()
        )
        if not right:
            raise ItemError("not the units of a motion graph", value=f"{count} units")


def cut(takes, most):
    """Cut dances into units.

    Parameters
    ----------
    takes : iterable of (poses, SongUnits, int, int)
        Dances, shape (T, J, 2) in [-1, 1], NaN where they have gaps; their music from the
        first frame on; numbers of dancer and song.
    most : int
        Units that are kept: phrases from all over the takes.

    Returns
    -------
    Units
    """
    runs = []
    for poses, song, dancer, number in takes:
        given = np.isfinite(poses).all((1, 2))
        for low, high in runs_of(given):
            moved = replace(song, beats=song.beats - low)
            inside = (moved.beats[:-1] >= 0) & (moved.beats[1:] <= high - low)
            if inside.any():
                kept = poses[low : high + 1].astype(np.float16)
                runs.append((kept, moved, np.flatnonzero(inside), dancer, number))
    if sum(len(units) for _, _, units, _, _ in runs) > most:
        runs = _spread(runs, most)
    return _together(runs)


def _spread(runs, most):
    """Phrases of so many units, evenly from all runs; the last is cut short."""
    phrases = [
        (poses, song, units[start : start + _PHRASE_BEATS], dancer, number)
        for poses, song, units, dancer, number in runs
        for start in range(0, len(units), _PHRASE_BEATS)
    ]
    kept, room = {}, most
    # One in so many, then those between.
    for k in sorted(range(len(phrases)), key=_turned):
        poses, song, units, dancer, number = phrases[k]
        if room:
            kept[k] = poses, song, units[:room], dancer, number
            room -= len(kept[k][2])
    return [kept[k] for k in sorted(kept)]


def _turned(number):
    """Van der Corput's sequence: numbers in a row lie far apart in it, and even."""
    turned, share = 0.0, 0.5
    while number:
        number, bit = divmod(number, 2)
        turned += bit * share
        share /= 2
    return turned


def _together(phrases):
    frames, rows, at = [], [], 0
    for poses, song, units, dancer, number in phrases:
        low = max(0, int(song.beats[units[0]]) - _MARGIN)
        high = min(len(poses), int(np.ceil(song.beats[units[-1] + 1])) + _MARGIN + 1)
        frames.append(poses[low:high])
        for k in units.tolist():
            end = k == units[-1]
            rows.append(
                (
                    at + song.beats[k] - low,
                    at + song.beats[k + 1] - low,
                    at,
                    at + high - low - 1,
                    -1 if end else len(rows) + 1,
                    song.places[k],
                    dancer,
                    number,
                    song.loudness[k],
                )
            )
        at += high - low
    if not rows:
        raise ItemError(
            "no dance is as long as a beat", remedy="Add longer videos to the training data"
        )
    columns = [np.array(column) for column in zip(*rows)]
    return Units(np.concatenate(frames), *columns)
