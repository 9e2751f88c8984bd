"""Which units a dance is made of: the cheapest path through the graph, beat by beat."""

from dataclasses import dataclass

import numpy as np

from choreo.pose.skeletons import SKELETONS

_ANKLE_WEIGHT = 2.0
"""Of the ankles in the distance of two poses: a foot that stands can't be moved unseen."""
_PLACE_WEIGHT = 0.1
"""Of where the dancer stands: that is carried along and not jumped."""
_OCTAVE = 0.5
"""Two tempi drawn at random differ by about so many octaves."""
_ROUNDS = 6
"""Halvings of the interval in which the weight of energy is looked for."""
_MOST_ENERGY_WEIGHT = 2.0
_ENOUGH = 0.03
"""Energies whose logarithms differ by less are the same."""


@dataclass(frozen=True)
class Joins:
    """What of units decides how well one follows another, in heights of the canvas.

    Attributes
    ----------
    starts, ends : ndarray of float32, shape (N, D)
        Of pose and velocity where a unit begins and ends; one unit follows another without a
        jump where its start is the other's end. The squares of all differences are summed.
    scale : float
        Of poses in them.
    energy : ndarray, shape (N,)
        Mean square of the way of a joint from frame to frame, in heights of the canvas.
    """

    starts: np.ndarray
    ends: np.ndarray
    energy: np.ndarray
    scale: float

    @classmethod
    def of(cls, units, recipe, data):
        """Take them from `Units`, scaled so that pairs at random differ by 1 before weights."""
        pixels = in_heights(units.poses, data.canvas)
        places = [pose_at(pixels, at, units) for at in (units.first, units.last)]
        steps = [
            (pose_at(pixels, at + 0.5, units) - pose_at(pixels, at - 0.5, units))
            * units.intervals[:, None, None]
            for at in (units.first, units.last)
        ]
        shaped = [_shape(pose, data.skeleton) for pose in places]
        parts, scales = [], []
        for pair, weight in ((shaped, recipe.pose), (steps, recipe.velocity)):
            start, end = (np.reshape(values, (len(units), -1)) for values in pair)
            spread = 2 * start.var(0).sum()
            scale = np.sqrt(weight / spread) if spread > 0 else 0.0
            parts.append((start * scale, end * scale))
            scales.append(scale)
        starts, ends = (np.concatenate(both, 1).astype(np.float32) for both in zip(*parts))
        moved = np.square(np.diff(pixels, axis=0)).sum(-1).mean(-1)
        sums = np.concatenate([[0.0], np.cumsum(moved)])
        low = np.floor(units.first).astype(int)
        high = np.maximum(np.ceil(units.last).astype(int), low + 1)
        return cls(starts, ends, (sums[high] - sums[low]) / (high - low), scales[0])

    def costs(self, before, after, following, jump):
        """Cost of each unit of `after` behind each of `before`, shape (n, m).

        Parameters
        ----------
        before, after : ndarray of int
            Units.
        following : ndarray of int
            See `choreo.models.graph.units.Units`.
        jump : float
        """
        a, b = self.ends[before], self.starts[after]
        found = np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T
        found = np.maximum(found, 0) + np.float32(jump)
        found[following[before][:, None] == after] = 0
        return found


def in_heights(poses, canvas):
    """Poses of [-1, 1] in heights of the canvas, as float32."""
    width, height = canvas
    return np.asarray(poses, np.float32) * np.float32([width / height / 2, 0.5])


def pose_at(poses, at, units):
    """Poses between frames, by the cubic through the four frames around each.

    Parameters
    ----------
    poses : ndarray, shape (F, J, 2)
    at : ndarray of float, shape (n,)
        Frames; held within the runs.
    units : object with `low` and `high`
        Of each time the first and last frame of its run, shape (n,).

    Returns
    -------
    ndarray, shape (n, J, 2)
    """
    at = np.clip(at, units.low, units.high)
    frame = np.minimum(np.floor(at).astype(int), np.maximum(units.high - 1, units.low))
    x = (at - frame)[:, None, None].astype(poses.dtype)
    a, b, c, d = (poses[np.clip(frame + k, units.low, units.high)] for k in (-1, 0, 1, 2))
    return b + x / 2 * (c - a + x * (2 * a - 5 * b + 4 * c - d + x * (3 * (b - c) + d - a)))


def _shape(poses, skeleton):
    """A pose relative to where the feet stand, ankles weighted, and a little of the place."""
    ankles = [SKELETONS[skeleton].index(name) for name in ("left_ankle", "right_ankle")]
    centre = poses[:, ankles].mean(1, keepdims=True)
    shape = poses - centre
    shape[:, ankles] *= _ANKLE_WEIGHT
    joints = np.sqrt(poses.shape[1])
    return np.concatenate([shape, _PLACE_WEIGHT * joints * centre], 1)


def first_pose(start, joins, data):
    """What the first unit of a dance follows, so that it begins near a pose.

    Parameters
    ----------
    start : ndarray, shape (J, 2)
        In [-1, 1].

    Returns
    -------
    ndarray of float32, shape (D,), or None
        As `Joins.ends`, at rest; None for a pose without extent, which is nobody's.
    """
    pose = in_heights(start, data.canvas)
    if not np.ptp(pose, axis=0).any():
        return None
    found = np.zeros(joins.starts.shape[1], np.float32)
    shape = joins.scale * _shape(pose[None], data.skeleton).ravel()
    found[: len(shape)] = shape
    return found


def cheapest(units, joins, song, recipe, *, start=None, temperature=1.0, rng=None, without=None):
    """Choose a unit for every beat of a song, of one dancer.

    Parameters
    ----------
    units : Units
    joins : Joins
    song : choreo.models.graph.song_units.SongUnits
    recipe : choreo.models.graph.recipe.Recipe
    start : ndarray, shape (D,), optional
        What the first unit follows, as `Joins.ends`.
    temperature : float
        Factor of the noise.
    rng : numpy.random.Generator, optional
        Of the noise.
    without : int, optional
        Number of a song whose units are not taken.

    Returns
    -------
    ndarray of int, shape (K,)
        Units.
    """
    allowed = np.ones(len(units), bool) if without is None else units.songs != without
    if not allowed.any():
        allowed[:] = True
    noise = np.zeros(len(units), np.float32)
    if rng is not None:
        drawn = rng.normal(0, recipe.noise, len(units))
        noise = (temperature * drawn).astype(np.float32)
    first = None
    for dancer in _likely_dancers(units, joins, allowed, start, recipe.dancers):
        own = np.flatnonzero(allowed & (units.dancers == dancer))
        search = _Search(units, joins, own, song, recipe, start, noise)
        path, cost, energy = search.best(0.0)
        if first is None or cost < first[0]:
            first = cost, search, path, energy
    _, search, path, energy = first
    return search.with_energy(path, energy)


def _likely_dancers(units, joins, allowed, start, count):
    """Of those with most units, or where there is a first pose who come nearest to it."""
    numbers, sizes = np.unique(units.dancers[allowed], return_counts=True)
    order = np.argsort(-sizes, kind="stable")
    if start is not None:
        # Few units are no dance: of the richer half.
        rich = sizes >= np.median(sizes)
        away = np.square(joins.starts - start).sum(1)
        nearest = [away[allowed & (units.dancers == number)].min() for number in numbers]
        order = np.lexsort([nearest, ~rich])
    return numbers[order[:count]]


class _Search:
    """The search for a path of one dancer."""

    def __init__(self, units, joins, own, song, recipe, start, noise):
        self._units, self._joins, self._song, self._jump = units, joins, song, recipe.jump
        places = units.places[own]
        groups = {place: own[places == place] for place in np.unique(song.places).tolist()}
        # Too little dance for a place in the bar: any unit for it.
        self._groups = {place: group if len(group) else own for place, group in groups.items()}
        self._known, self._alone, self._energies = {}, [], []
        intervals = units.intervals
        mean = max(float(np.average(joins.energy[own], weights=intervals[own])), 1e-12)
        for place, loudness, interval in zip(song.places.tolist(), song.loudness, song.intervals):
            group = self._groups[place]
            ratio = intervals[group] / interval
            cost = recipe.tempo * np.square(np.log2(ratio) / _OCTAVE)
            # Ranks: of two at random the mean square is 1/6.
            away = np.square(units.loudness[group] - loudness).mean(1)
            cost += 6 * recipe.likeness * away + noise[group]
            self._alone.append(cost.astype(np.float32))
            energy = joins.energy[group] * np.square(ratio) / mean
            self._energies.append(energy.astype(np.float32))
        if start is not None:
            begins = joins.starts[self._groups[int(song.places[0])]]
            self._alone[0] = self._alone[0] + np.square(begins - start).sum(1)

    def _joined(self, one, two):
        if (one, two) not in self._known:
            self._known[one, two] = self._joins.costs(
                self._groups[one], self._groups[two], self._units.following, self._jump
            )
        return self._known[one, two]

    def best(self, weight):
        """Path, its cost without that of energy, and its energy in the dancer's own.

        Parameters
        ----------
        weight : float
            Cost of energy; negative where there shall be more.
        """
        places = self._song.places.tolist()
        total, came = self._alone[0] + weight * self._energies[0], []
        for k in range(1, len(places)):
            table = total[:, None] + self._joined(places[k - 1], places[k])
            came.append(table.argmin(0))
            total = np.take_along_axis(table, came[-1][None], 0)[0]
            total = total + self._alone[k] + weight * self._energies[k]
        at = [int(total.argmin())]
        for step in reversed(came):
            at.append(int(step[at[-1]]))
        at.reverse()
        energy = [energies[i] for energies, i in zip(self._energies, at)]
        path = np.array([self._groups[place][i] for place, i in zip(places, at)])
        cost = float(total.min()) - weight * float(np.sum(energy))
        return path, cost, float(np.average(energy, weights=self._song.intervals))

    def with_energy(self, path, energy):
        """Path with the dancer's own energy, as near to it as the weights of energy allow.

        Parameters
        ----------
        path, energy
            What `best` gave without a weight.
        """
        low, high = (0.0, 1.0) if energy > 1 else (-1.0, 0.0)
        nearest = _off(energy)
        for _ in range(_ROUNDS):
            if nearest < _ENOUGH:
                break
            middle = (low + high) / 2
            # Small weights are told apart best.
            other, _, energy = self.best(_MOST_ENERGY_WEIGHT * middle**3)
            low, high = (middle, high) if energy > 1 else (low, middle)
            if _off(energy) < nearest:
                path, nearest = other, _off(energy)
        return path


def _off(energy):
    return abs(np.log(max(energy, 1e-9)))
