"""A dance of units: warped to a song's beats, without jumps, with feet that stand."""

from types import SimpleNamespace

import numpy as np

from choreo.models.graph.path import in_heights, pose_at
from choreo.pose.skeletons import SKELETONS

_HALF_BEATS = 0.2
"""Beats in which what is left of a jump halves (a critically damped spring)."""
_HALF = 1.678
"""Times its rate at which such a spring, let go at rest, is half way."""
_STEP_SHARE = 0.5
"""Of its own way, a foot makes good so much of a jump."""
_STANCE = 0.05
"""Heights of the canvas by which a standing foot may be off; what is more is made good at once,
like all other joints, so that no leg is stretched."""


def perform(units, path, song, frames, data, *, start=None):
    """Dance a path.

    At a jump the dance goes on from where it is: what lies between it and the new unit is an
    offset of each joint, which dies away. That of a foot does so only while the foot moves, so
    that no foot slides; the body stands over its feet, and a knee between hip and ankle.

    Parameters
    ----------
    units : Units
    path : ndarray of int, shape (K,)
    song : choreo.models.graph.song_units.SongUnits
    frames : int
        T.
    data : DataDescription
    start : ndarray, shape (J, 2), optional
        Pose in [-1, 1] that the dance goes on from.

    Returns
    -------
    ndarray of float32, shape (T, J, 2)
        In [-1, 1].
    """
    beat, share = _places(song, frames)
    unit = path[beat]
    intervals = units.intervals
    runs = SimpleNamespace(low=units.low[unit], high=units.high[unit])
    poses = in_heights(units.poses, data.canvas)
    danced = pose_at(poses, units.first[unit] + share * intervals[unit], runs)
    # Jumps: where one unit ends and another that was not danced next begins.
    jumps = np.flatnonzero(units.following[path[:-1]] != path[1:]) + 1
    ends, begins = path[jumps - 1], path[jumps]
    gaps, turns = [], []
    for away in (0.0, -0.5, 0.5):
        one = _pose_of(units, poses, ends, units.last[ends] + away)
        two = _pose_of(units, poses, begins, units.first[begins] + away)
        gaps.append(one - two)
        turns.append((one, two))
    change = (turns[2][0] - turns[1][0]) * intervals[ends][:, None, None]
    change -= (turns[2][1] - turns[1][1]) * intervals[begins][:, None, None]
    offset = _Offsets(SKELETONS[data.skeleton], danced.shape[1])
    if start is not None:
        offset.begin(in_heights(start, data.canvas) - danced[0])
    of = dict(zip(jumps.tolist(), zip(gaps[0], change)))
    out = np.empty_like(danced)
    for t in range(frames):
        if t:
            way = danced[t] - danced[t - 1]
            since = beat[t] - beat[t - 1] + share[t] - share[t - 1]
            for k in range(beat[t - 1] + 1, beat[t] + 1):
                if k in of:
                    # Until the beat, and from there on.
                    offset.pass_by(since - share[t] - (beat[t] - k), 0 * way)
                    since = share[t] + beat[t] - k
                    offset.jump(*of[k])
                    # Across a jump the way is not a dancer's.
                    way = way + of[k][0]
            offset.pass_by(since, way)
        out[t] = danced[t] + offset.now()
    return (out / in_heights(np.ones(2), data.canvas)).astype(np.float32)


def _places(song, frames):
    """Of every frame its beat, and which share of it is over."""
    times = np.arange(frames)
    beat = np.clip(np.searchsorted(song.beats, times, side="right") - 1, 0, len(song) - 1)
    return beat, np.clip((times - song.beats[beat]) / song.intervals[beat], 0, 1)


def _pose_of(units, poses, numbers, at):
    return pose_at(poses, at, SimpleNamespace(low=units.low[numbers], high=units.high[numbers]))


class _Offsets:
    """What a dance is away from the units that it is made of, joint by joint."""

    def __init__(self, skeleton, joints):
        sides = [(f"{s}_hip", f"{s}_knee", f"{s}_ankle") for s in ("left", "right")]
        self.legs = [[skeleton.index(name) for name in names] for names in sides]
        self.feet = [leg[2] for leg in self.legs]
        self.standing = np.zeros((2, 2))
        self.body = np.zeros((joints, 2))
        self.speed = np.zeros((joints, 2))

    def _base(self):
        return self.standing.mean(0)

    def begin(self, gap):
        """Begin elsewhere by a gap of each joint, feet too: nobody saw where they stood."""
        self.body = gap.astype(float)
        for hip, knee, ankle in self.legs:
            self.body[knee] = gap[knee] - (gap[hip] + gap[ankle]) / 2

    def jump(self, gap, turn):
        """Go on from where the dance is, by a gap of each joint and of their velocities."""
        base = self._base()
        self.standing = self.standing + gap[self.feet]
        body, speed = gap - (self._base() - base), np.broadcast_to(turn, gap.shape).copy()
        for hip, knee, ankle in self.legs:
            body[knee] = gap[knee] - (gap[hip] + gap[ankle]) / 2
            speed[knee] -= speed[hip] / 2
            body[ankle] = speed[ankle] = 0
        self.body, self.speed = self.body + body, self.speed + speed

    def pass_by(self, beats, way):
        """Let time pass, in beats, in which the joints of the unit moved so."""
        # The spring, solved exactly.
        rate = _HALF / _HALF_BEATS
        change = self.speed + rate * self.body
        fade = np.exp(-rate * beats)
        self.body = fade * (self.body + change * beats)
        self.speed = fade * (self.speed - rate * change * beats)
        for side, foot in enumerate(self.feet):
            left = np.linalg.norm(self.standing[side])
            made = _STEP_SHARE * np.linalg.norm(way[foot])
            self.standing[side] *= max(0.0, 1 - made / left) if left > 0 else 0.0
        base = self._base()
        apart = self.standing - base
        far = np.linalg.norm(apart, axis=1, keepdims=True)
        held = np.minimum(far, np.maximum(_STANCE, far * fade))
        self.standing = base + apart * np.divide(held, far, out=np.ones_like(far), where=far > 0)

    def now(self):
        """Offset of each joint, shape (J, 2)."""
        found = self.body + self._base()
        for (hip, knee, ankle), standing in zip(self.legs, self.standing):
            found[ankle] = standing + self.body[ankle]
            found[knee] = (found[hip] + found[ankle]) / 2 + self.body[knee]
        return found
