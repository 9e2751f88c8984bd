"""A motion graph of anybody's dances in 3-D: units of real dances, joined where they fit.

It copies and learns nothing. A model that scores no better than it has invented nothing that the
score sees. `choreo.models.graph` is the family of models that dances so in 2-D; this one takes
joints of any number and asks no more of the music than its beats.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import CubicSpline

from choreo.evaluation.others.bodies import across
from choreo.evaluation.others.reading import aist_dancer

BEATS = 4
"""From one join to the next."""
STEP = 0.5
"""Seconds in a beat's place where beats are not known."""
CHOICES = 3
"""Among so many units that fit best, one is drawn, so that no two dances are the same."""
_MOMENT = 0.1
"""Seconds that a difference in speed counts for, beside one in place, and in which what is left
of a jump halves."""
_FADE = 1.678 / _MOMENT
"""Rate of a critically damped spring that, let go at rest, is half way after a moment."""
_TEMPO = 0.05
"""Square metres that an octave of tempo counts for."""


@dataclass(frozen=True)
class _Unit:
    """`BEATS` beats of a dance, and which they are."""

    dance: int
    first: int
    knots: np.ndarray
    on_beat: bool


class _Source:
    """A real dance that is defined at any time."""

    def __init__(self, dance, names):
        self.times = np.arange(len(dance)) / dance.fps
        self._places = CubicSpline(self.times, dance.array(names), axis=0)
        self._speeds = self._places.derivative()
        self.on_beat = dance.beats is not None and len(dance.beats) > BEATS
        self.knots = dance.beats if self.on_beat else np.arange(0, self.times[-1], STEP)
        self.knots = self.knots[(self.knots >= 0) & (self.knots <= self.times[-1])]

    def at(self, seconds):
        return self._places(seconds), self._speeds(seconds)


def motion_graph(sources, songs, *, seed=1):
    """Join units of real dances to new ones.

    Parameters
    ----------
    sources : sequence of Dance
        Real dances in 3-D of one skeleton.
    songs : sequence of Dance
        Dances whose length and beats the new ones have.
    seed : int

    Returns
    -------
    list of Dance
        One to each of `songs`, with the joints that all sources have, at the sources' most usual
        frame rate; none where no source is `BEATS` beats long. Each is one dancer's where AIST
        names tell who that is and there are two dances by them.
    """
    common = set.intersection(*(set(dance.joints) for dance in sources))
    names = [name for name in sources[0].joints if name in common]
    own = tuple(n for n in names if all(n in dance.own for dance in sources))
    known = [_Source(dance, names) for dance in sources]
    units = [
        _Unit(number, first, source.knots[first : first + BEATS + 1], source.on_beat)
        for number, source in enumerate(known)
        for first in range(len(source.knots) - BEATS)
    ]
    if not units:
        return []
    rates, counts = np.unique([dance.fps for dance in sources], return_counts=True)
    fps = float(rates[counts.argmax()])
    rng = np.random.default_rng(seed)
    made = []
    graph = _Graph(known, units, names, [aist_dancer(dance.name) for dance in sources])
    for song in songs:
        seconds = (len(song) - 1) / song.fps
        joints = graph.dance(seconds, song.beats, fps, rng)
        joints = {name: joints[:, place] for place, name in enumerate(names)}
        made.append(replace(song, joints=joints, fps=fps, about="", own=own))
    return made


class _Graph:
    """All units, and how well one follows another."""

    def __init__(self, sources, units, names, dancers):
        self._sources, self._units, self._names = sources, units, names
        self._root = names.index("pelvis")
        ends = [[sources[unit.dance].at(unit.knots[end]) for unit in units] for end in (0, -1)]
        self._starts, self._ends = (np.stack([self._shape(*at) for at in side]) for side in ends)
        self._intervals = np.array([np.ptp(unit.knots) / BEATS for unit in units])
        self._on_beat = np.array([unit.on_beat for unit in units])
        self._dances = np.array([unit.dance for unit in units])
        self._firsts = np.array([unit.first for unit in units])
        self._dancers = np.array([str(dancers[unit.dance]) for unit in units])

    def _heading(self, pose):
        left = across({name: pose[i] for i, name in enumerate(self._names)})
        return np.arctan2(left[2], left[0])

    def _shape(self, pose, speed):
        """Pose and speed as the dancer sees them, shape (2 J, 3)."""
        turn = _turn(self._heading(pose))
        place = pose[self._root] * [1, 0, 1]
        return np.concatenate([(pose - place) @ turn, _MOMENT * speed @ turn])

    def _next(self, last, interval, used, allowed, rng):
        """A unit that fits behind another, and is not what came next in the real dance."""
        cost = _TEMPO * np.log2(self._intervals / interval) ** 2
        free = allowed & ~used if (allowed & ~used).any() else allowed
        if last is not None:
            joints = len(self._names)
            away = ((self._starts - self._ends[last]) ** 2).sum(-1)
            cost = cost + (away[:, :joints] + away[:, joints:]).mean(1)
            since = self._firsts - self._firsts[last]
            goes_on = (self._dances == self._dances[last]) & (since > 0) & (since < 2 * BEATS)
            free = free & ~goes_on if (free & ~goes_on).any() else free
            choices = CHOICES
        else:
            choices = len(cost)
        order = np.flatnonzero(free)[np.argsort(cost[free], kind="stable")[:choices]]
        return int(rng.choice(order))

    def dance(self, seconds, beats, fps, rng):
        """One dance of so many seconds, shape (T, J, 3)."""
        allowed = np.ones(len(self._units), bool)
        if beats is not None and len(beats) > 1 and self._on_beat.any():
            knots, allowed = _covering(beats, seconds), self._on_beat
        else:
            knots = np.arange(0, seconds + (BEATS + 1) * STEP, STEP)
        times = np.arange(round(seconds * fps) + 1) / fps
        used, last, end, made = np.zeros(len(self._units), bool), None, None, []
        for first in range(0, len(knots) - BEATS, BEATS):
            to = knots[first : first + BEATS + 1]
            if to[0] > seconds:
                break
            begins, last = last is None, self._next(last, np.ptp(to) / BEATS, used, allowed, rng)
            used[last] = True
            if begins:
                same = allowed & (self._dancers == self._dancers[last])
                allowed = same if len(np.unique(self._dances[same])) > 1 else allowed
            within = times[(times >= to[0]) & (times < to[-1])]
            places, end = self._joined(self._units[last], to, within, end)
            made.append(places)
        return np.concatenate(made)[: len(times)]

    def _joined(self, unit, to, times, end):
        """Places of a unit at these times, behind where the dance is, and where it ends.

        Parameters
        ----------
        unit : _Unit
        to : ndarray, shape (BEATS + 1,)
            Seconds in the new dance of the unit's beats.
        times : ndarray, shape (n,)
            Seconds of frames, from `to[0]` on.
        end : (ndarray, ndarray) or None
            Places and speeds at `to[0]` of the dance before.

        Returns
        -------
        places : ndarray, shape (n, J, 3)
        end : (ndarray, ndarray)
            Places and speeds at `to[-1]`.
        """
        source = self._sources[unit.dance]
        rates = np.diff(unit.knots) / np.diff(to)
        start, speed = source.at(unit.knots[0])
        turn, way = np.eye(3), np.zeros(3)
        if end is not None:
            turn = _turn(self._heading(start) - self._heading(end[0]))
            way = (end[0][self._root] - (start @ turn)[self._root]) * [1, 0, 1]
            gap = end[0] - (start @ turn + way)
            change = end[1] - speed @ turn * rates[0] + _FADE * gap
        at = np.append(times, to[-1])
        places, speeds = source.at(np.interp(at, to, unit.knots))
        places, speed = places @ turn + way, speeds[-1] @ turn * rates[-1]
        if end is not None:
            since = (at - to[0])[:, None, None]
            left = np.exp(-_FADE * since)
            places = places + left * (gap + change * since)
            speed = speed + left[-1] * (change - _FADE * (gap + change * since[-1]))
        return places[:-1], (places[-1], speed)


def _covering(beats, seconds):
    """Beats from before a dance to behind it, and a few more, at the intervals at its ends."""
    beats = np.unique(np.asarray(beats, float))
    first, last = beats[1] - beats[0], beats[-1] - beats[-2]
    before = beats[0] - first * np.arange(max(0, int(np.ceil(beats[0] / first))), 0, -1)
    more = max(0, int(np.ceil((seconds - beats[-1]) / last))) + BEATS + 1
    knots = np.concatenate([before, beats, beats[-1] + last * np.arange(1, more + 1)])
    # From the last one that is not behind the first frame.
    return knots[max(0, np.searchsorted(knots, 0, side="right") - 1) :]


def _turn(angle):
    """Matrix that row vectors are multiplied by to lose so much angle about y, from x to z."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]])
