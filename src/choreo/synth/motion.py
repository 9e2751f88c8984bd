"""Movement between key poses: smooth in time, feet that stay where they stand.

Between two keys every channel follows the minimum-jerk curve of Flash and Hogan (1985),
at rest on both keys: a key on a beat is seen as an accent. Feet stand still except in
steps and jumps, and the legs are solved from hip and ankle, so that nothing slides.
"""

from dataclasses import dataclass, field

import numpy as np

from choreo.synth.body import INDEX, Body, pose


def minimum_jerk(share):
    """Rise from 0 to 1 with no speed and no acceleration at both ends; `share` is clipped."""
    s = np.clip(share, 0, 1)
    return s**3 * (10 - 15 * s + 6 * s**2)


def bump(share):
    """Rise from 0 to 1 and fall back to 0, at rest at both ends; `share` is clipped."""
    s = np.clip(share, 0, 1)
    return 64 * (s * (1 - s)) ** 3


@dataclass(frozen=True)
class Steps:
    """The steps of one foot, in order.

    Attributes
    ----------
    start, end : ndarray, shape (S,)
        Seconds.
    origin, goal : ndarray, shape (S, 4)
        x, height, z (metres) and yaw (radians) before and after.
    lift : ndarray, shape (S,)
        How high the foot is carried in between, in metres.
    """

    start: np.ndarray
    end: np.ndarray
    origin: np.ndarray
    goal: np.ndarray
    lift: np.ndarray

    @classmethod
    def collect(cls, rows, stand):
        """Build from rows of (start, end, origin, goal, lift); `stand` is for no rows."""
        rows = rows or [(0.0, 1.0, stand, stand, 0.0)]
        return cls(*(np.array(column, float) for column in zip(*rows)))

    def at(self, t):
        """Where the foot is, shape (T, 4)."""
        step = np.clip(np.searchsorted(self.start, t, "right") - 1, 0, None)
        share = (t - self.start[step]) / (self.end - self.start)[step]
        origin = self.origin[step]
        place = origin + minimum_jerk(share)[:, None] * (self.goal[step] - origin)
        place[:, 1] += self.lift[step] * bump(share)
        return place


@dataclass(frozen=True)
class Motion:
    """A figure's movement in continuous time.

    Attributes
    ----------
    body : Body
    times : ndarray, shape (K,)
        When each key is reached, in seconds.
    values : ndarray, shape (K, C)
        The keys, in the order of `choreo.synth.body.CHANNELS`.
    delay : ndarray, shape (K, C)
        Share of the time since the key before that a channel waits before it moves.
    feet : tuple of Steps
        Left and right.
    jumps : ndarray, shape (J, 3)
        Take-off and landing in seconds, height in metres.
    beats : ndarray, shape (B,)
        Seconds; the knees give a little on each.
    groove : ndarray, shape (B,)
        How much they give, in metres.
    sway : ndarray, shape (N, 4)
        Slow movement that never stops: channel, amplitude, frequency (Hz), phase.
    """

    body: Body
    times: np.ndarray
    values: np.ndarray
    delay: np.ndarray
    feet: tuple
    jumps: np.ndarray
    beats: np.ndarray
    groove: np.ndarray
    sway: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))

    def channels(self, t):
        """Joint angles and places at `t` (seconds, shape (T,)), shape (T, C)."""
        t = np.asarray(t, float)
        key = np.clip(np.searchsorted(self.times, t, "right"), 1, len(self.times) - 1)
        start, end = self.times[key - 1], self.times[key]
        delay = self.delay[key]
        share = ((t - start) / (end - start))[:, None]
        share = minimum_jerk((share - delay) / (1 - delay))
        out = self.values[key - 1] + share * (self.values[key] - self.values[key - 1])
        for channel, amplitude, frequency, phase in self.sway:
            out[:, int(channel)] += amplitude * np.sin(2 * np.pi * frequency * t + phase)
        give = self._groove(t)
        out[:, INDEX["dip"]] += give
        out[:, INDEX["head_pitch"]] += 1.6 * give
        return out

    def _groove(self, t):
        place = np.interp(t, self.beats, np.arange(len(self.beats)))
        before = np.minimum(place.astype(int), len(self.beats) - 2)
        share = minimum_jerk(place - before)
        amount = self.groove[before] + share * (self.groove[before + 1] - self.groove[before])
        return amount * (0.5 + 0.5 * np.cos(2 * np.pi * place))

    def lift(self, t):
        """Height of a jump at `t`, shape (T,), in metres."""
        t = np.asarray(t, float)
        out = np.zeros(len(t))
        for start, end, height in self.jumps:
            out += height * bump((t - start) / (end - start))
        return out

    def places(self, t):
        """Where the feet are without the jump, shape (T, 2, 4)."""
        return np.stack([foot.at(np.asarray(t, float)) for foot in self.feet], 1)

    def pose(self, t):
        """Pose at `t` (seconds, shape (T,)); any times, in any order.

        Returns
        -------
        Pose
        """
        t = np.asarray(t, float)
        return pose(self.body, self.channels(t), self.places(t), self.lift(t))
