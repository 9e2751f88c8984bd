"""Dancers, and the dance that each makes of a song.

What is danced is chosen by `choreo.synth.grammar` from what can be heard and what the dancer
likes. The loudness of each beat and the section's energy set how large all of it is, the
timbre how sharp; in silence a pose is held. The take adds what differs between two
performances: now and then another motif, small differences of every key, and the jitter of
the accents.
"""

from dataclasses import dataclass

import numpy as np

from choreo.synth.body import CHANNELS, INDEX, LIMITS, Body
from choreo.synth.grammar import compose, energy
from choreo.synth.motifs import ARMS, BAR
from choreo.synth.motion import Motion, Steps
from choreo.synth.names import derived_seed, one_of

JITTER = 0.012
"""Standard deviation of an accent's distance from its beat, in seconds."""

MOST_JITTER = 0.03
"""Largest distance of an accent from its beat, in seconds."""

_TOE_OUT = np.radians(14)
_FAR = np.array([0.75, 0.35])
_JUMP = (0.12, 1.0)
"""Take-off and landing as shares of the time between two keys; turns keep time with it."""
_FLIGHT = 0.5
"""Seconds of a jump, at most."""
_LOWEST = 0.44
"""Most that the pelvis is lowered, in metres."""

_ARM = ("flex", "abduct", "rotate", "elbow")


@dataclass(frozen=True)
class Look:
    """Hair, skin and clothes; colours are RGB.

    Attributes
    ----------
    skin, hair, shirt, trousers, shoes, accent : tuple of int
    cut : str
        ``short``, ``bun``, ``long``, ``afro`` or ``cap``.
    sleeve, leg : float
        How much of arm and leg is covered, 0 to 1.
    loose : float
        How wide the clothes are, 0 (tight) to 1.
    pattern : str
        ``plain``, ``stripes``, ``panel`` or ``yoke``.
    """

    skin: tuple
    hair: tuple
    shirt: tuple
    trousers: tuple
    shoes: tuple
    accent: tuple
    cut: str = "short"
    sleeve: float = 0.4
    leg: float = 0.96
    loose: float = 0.4
    pattern: str = "plain"


@dataclass(frozen=True)
class Dancer:
    """Who dances.

    Attributes
    ----------
    name : str
    body : Body
    flair : float
        Size of the movements against the average.
    bounce : float
        How much the knees give on the beat, against the average.
    snap : float
        How late and fast a movement goes to its key, 0 (flowing) to 1 (sharp).
    elbows : float
        Degrees by which the elbows are bent more than a motif says.
    look : Look
    """

    name: str
    body: Body
    flair: float
    bounce: float
    snap: float
    elbows: float
    look: Look


_NAMED = {
    "ada": Dancer(
        "ada",
        Body(1.68, 0.94, 0.96, 1.04, 1.01),
        1.0,
        1.0,
        0.5,
        0.0,
        Look(
            (226, 178, 148),
            (58, 36, 24),
            (214, 64, 58),
            (38, 44, 66),
            (240, 240, 240),
            (250, 226, 120),
            "bun",
            0.35,
            0.96,
            0.35,
            "plain",
        ),
    ),
    "bruno": Dancer(
        "bruno",
        Body(1.82, 1.08, 1.06, 0.98, 1.0),
        1.06,
        0.9,
        0.7,
        4.0,
        Look(
            (122, 80, 56),
            (24, 20, 20),
            (236, 232, 220),
            (52, 78, 118),
            (206, 60, 40),
            (40, 120, 150),
            "short",
            0.45,
            0.96,
            0.6,
            "stripes",
        ),
    ),
    "chika": Dancer(
        "chika",
        Body(1.62, 0.90, 0.95, 1.0, 0.99),
        1.08,
        1.15,
        0.6,
        -4.0,
        Look(
            (240, 202, 170),
            (30, 26, 30),
            (62, 168, 150),
            (70, 62, 60),
            (250, 250, 250),
            (246, 246, 240),
            "long",
            0.95,
            0.55,
            0.45,
            "yoke",
        ),
    ),
    "diego": Dancer(
        "diego",
        Body(1.75, 1.0, 1.02, 1.0, 1.0),
        0.95,
        1.05,
        0.3,
        6.0,
        Look(
            (198, 146, 108),
            (40, 28, 22),
            (238, 178, 52),
            (96, 98, 84),
            (60, 60, 64),
            (40, 40, 44),
            "cap",
            0.95,
            0.96,
            0.8,
            "panel",
        ),
    ),
    "esi": Dancer(
        "esi",
        Body(1.71, 0.96, 0.98, 1.05, 1.02),
        1.04,
        1.1,
        0.45,
        0.0,
        Look(
            (108, 70, 50),
            (26, 18, 16),
            (150, 84, 178),
            (30, 30, 36),
            (246, 210, 80),
            (240, 200, 90),
            "afro",
            0.0,
            0.96,
            0.25,
            "plain",
        ),
    ),
    "farid": Dancer(
        "farid",
        Body(1.78, 1.04, 1.03, 0.98, 1.0),
        1.0,
        0.95,
        0.8,
        2.0,
        Look(
            (214, 166, 130),
            (72, 52, 38),
            (74, 120, 196),
            (196, 186, 164),
            (250, 250, 250),
            (236, 236, 236),
            "short",
            0.4,
            0.5,
            0.5,
            "stripes",
        ),
    ),
}

_SKINS = ((240, 204, 174), (226, 178, 148), (204, 152, 116), (160, 108, 76), (116, 76, 54))
_HAIRS = ((28, 24, 24), (60, 38, 26), (108, 70, 38), (178, 134, 74), (150, 60, 40))
_BRIGHT = (
    (214, 64, 58),
    (62, 150, 168),
    (238, 178, 52),
    (150, 84, 178),
    (84, 160, 84),
    (236, 232, 220),
    (232, 122, 150),
    (74, 120, 196),
)
_DARK = ((38, 44, 66), (70, 62, 60), (52, 78, 118), (30, 30, 36), (96, 98, 84), (150, 140, 120))


def make_dancer(name):
    """Dancer by name.

    Parameters
    ----------
    name : str
        One of `choreo.synth.names.DANCERS`, or any other id, whose proportions, style
        and clothes are drawn from a hash of it.

    Returns
    -------
    Dancer
    """
    if name in _NAMED:
        return _NAMED[name]
    rng = np.random.default_rng(derived_seed("dancer", name))

    body = Body(*(float(rng.normal(m, s)) for m, s in _SPREAD))
    look = Look(
        skin=one_of(rng, _SKINS),
        hair=one_of(rng, _HAIRS),
        shirt=one_of(rng, _BRIGHT),
        trousers=one_of(rng, _DARK),
        shoes=one_of(rng, ((245, 245, 245), (60, 60, 64), *_BRIGHT[:3])),
        accent=one_of(rng, _BRIGHT),
        cut=one_of(rng, ("short", "bun", "long", "afro", "cap")),
        sleeve=one_of(rng, (0.0, 0.35, 0.45, 0.95)),
        leg=one_of(rng, (0.5, 0.96, 0.96)),
        loose=float(rng.uniform(0.2, 0.8)),
        pattern=one_of(rng, ("plain", "stripes", "panel", "yoke")),
    )
    return Dancer(
        name,
        body,
        flair=float(rng.uniform(0.93, 1.08)),
        bounce=float(rng.uniform(0.85, 1.15)),
        snap=float(rng.uniform(0.3, 0.8)),
        elbows=float(rng.uniform(-4, 6)),
        look=look,
    )


# Mean and deviation: height, girth, shoulders, hips, legs.
_SPREAD = ((1.71, 0.06), (1.0, 0.05), (1.0, 0.03), (1.0, 0.03), (1.0, 0.012))


@dataclass(frozen=True)
class Dance:
    """A dancer's movement to a whole song.

    Attributes
    ----------
    dancer : Dancer
    motion : Motion
        Its time is the song's, in seconds.
    accents : ndarray, shape (K,)
        When the keys are reached, in seconds.
    counts : ndarray, shape (K,)
        Where in the song each accent belongs, in beats from its first; halves between beats.
    jitter : ndarray, shape (K,)
        Distance of each accent from there in seconds, later positive.
    motifs : tuple of (float, str)
        Start of each bar in seconds and the motif danced in it; ``a+b`` has the arms of b.
    """

    dancer: Dancer
    motion: Motion
    accents: np.ndarray
    counts: np.ndarray
    jitter: np.ndarray
    motifs: tuple

    def pose(self, t):
        """Pose at song times `t` (seconds); see `choreo.synth.motion.Motion.pose`."""
        return self.motion.pose(t)


def make_dance(song, dancer, take, seed):
    """Choreograph a song.

    Parameters
    ----------
    song : choreo.synth.songs.Song
    dancer : Dancer
    take : int
    seed : int
        Seed of the study.

    Returns
    -------
    Dance
    """
    rng = np.random.default_rng(derived_seed("dance", song.name, dancer.name, take, seed))
    writer = _Writer(song, dancer, rng)
    motifs = []
    for placed in compose(song, dancer.name, take, seed):
        for key in placed.keys:
            writer.add(placed.bar * BAR + key.at, key)
        for bar in range(placed.bar, placed.bar + placed.bars):
            motifs.append((float(song.downbeats[bar]), placed.name))
    return writer.finish(tuple(motifs))


class _Writer:
    """Turns keys on beats into a `Motion`, keeping book of the feet."""

    def __init__(self, song, dancer, rng):
        self.song, self.dancer, self.body, self.rng = song, dancer, dancer.body, rng
        ends = np.append(song.beats, 2 * song.beats[-1] - song.beats[-2])
        self.when = lambda count: float(np.interp(count, np.arange(len(ends)), ends))
        self.energy, self.audible = energy(song), song.audible
        self.base = np.zeros(2)
        self.facing = 0.0
        self.times, self.values, self.delays, self.jitter = [], [], [], []
        self.steps = ([], [])
        self.jumps = []
        self.groove = np.zeros(len(song.beats))
        self.feet = [self._stand(side, (0, 0, 0)) for side in (0, 1)]
        self.first = list(self.feet)
        self.time = 0.0
        self.accents, self.counts = [], []
        self.habit = np.radians(rng.normal(0, 2.0, len(CHANNELS)))
        self.habit[[INDEX[n] for n in ("x", "z", "facing", "dip", "hip_yaw", "hip_roll")]] = 0
        self._append(0.0, self._rest(), 0.0, 0.6)

    def _rest(self):
        values = np.zeros(len(CHANNELS))
        for side in ("left", "right"):
            for part, angle in zip(_ARM, ARMS["rest"]):
                values[INDEX[f"{side}_{part}"]] = np.radians(angle)
        values[INDEX["bend"]] = np.radians(3)
        values[INDEX["dip"]] = 0.02
        return values

    def _append(self, time, values, snap, gap, turn_from=_JUMP[0]):
        # To a fast beat there is no time to wait.
        wait = (0.10 + 0.22 * snap) * min(1.0, gap / 0.6) ** 2
        delay = np.full(len(CHANNELS), wait)
        # The body leads and the arms follow, all arriving together.
        delay[[INDEX[n] for n in ("x", "z", "dip")]] = 0.0
        delay[[INDEX[n] for n in ("facing", "hip_yaw", "hip_roll")]] = turn_from
        delay[[INDEX[n] for n in ("bend", "side", "twist")]] = 0.06 + 0.1 * snap
        self.times.append(time)
        self.values.append(values)
        self.delays.append(delay)

    def _stand(self, side, offset):
        """Where a foot of this offset stands: x, height, z, yaw."""
        sign = 1 if side == 0 else -1
        across = sign * 1.15 * self.body.hip_half + offset[0]
        c, s = np.cos(self.facing), np.sin(self.facing)
        x = self.base[0] + c * across + s * offset[1]
        z = self.base[1] - s * across + c * offset[1]
        return np.array([x, offset[2], z, self.facing + sign * _TOE_OUT])

    def add(self, count, key):
        """Append a key that is reached on a count (in beats from the song's first)."""
        beat = int(count)
        jitter = float(np.clip(self.rng.normal(0, JITTER), -MOST_JITTER, MOST_JITTER))
        time = self.when(count) + jitter
        gap = time - self.time
        if self.audible.silent[beat] and self.accents:
            # Nothing to be heard: the pose is held as it is, both feet where they are.
            self._append(time, self.values[-1].copy(), 0.0, gap)
            self.time = time
            return
        energy = self.energy[beat]
        # The faster the movement, the smaller.
        size = (0.54 + 0.5 * energy) * self.dancer.flair * min(1.0, gap / 0.5) ** 0.6
        self._move(key, size)
        values = self._values(key, size)
        begin = max(_JUMP[0], 1 - _FLIGHT / gap) if key.jump else _JUMP[0]
        self._step(key, size, time, gap, begin)
        weight = 0.5 + (key.weight - 0.5) * min(1.0, size)
        left, right = self.feet
        for axis, name in ((0, "x"), (2, "z")):
            places = [foot[axis] for foot in (left, right)]
            values[INDEX[name]] = weight * places[0] + (1 - weight) * places[1]
        values[INDEX["facing"]] = self.facing
        sharp = 1 + 0.25 * self.audible.bright[beat]
        snap = min(1.0, self.dancer.snap * (0.5 + 0.7 * energy) * sharp)
        self._append(time, values, snap, gap, begin)
        self.accents.append(time)
        self.counts.append(count)
        self.jitter.append(jitter)
        quick = min(1.0, (self.when(beat + 1) - self.when(beat)) / 0.42)
        self.groove[beat] = (0.012 + 0.028 * energy) * self.dancer.bounce * quick
        self.time = time

    def _move(self, key, size):
        c, s = np.cos(self.facing), np.sin(self.facing)
        across, ahead = (size * step for step in key.move)
        goal = self.base + np.array([c * across + s * ahead, -s * across + c * ahead])
        if key.turn:
            # Turning on both feet is the moment to come back to the middle.
            goal *= 0.6
        self.base = np.clip(goal, -_FAR, _FAR)
        self.facing += np.radians(key.turn)

    def _values(self, key, size):
        values = self._rest()
        rest = values.copy()
        for side, arm in (("left", key.left), ("right", key.right)):
            for part, angle in zip(_ARM, ARMS[arm]):
                bend = self.dancer.elbows if part == "elbow" else 0
                values[INDEX[f"{side}_{part}"]] = np.radians(angle + bend)
        for name, angle in (
            ("bend", key.bend),
            ("side", key.side),
            ("twist", key.twist),
            ("head_yaw", key.head[0]),
            ("head_pitch", key.head[1] - 0.5 * key.bend),
            ("head_roll", -0.4 * key.side),
            ("hip_yaw", key.hips[0]),
            ("hip_roll", key.hips[1]),
        ):
            values[INDEX[name]] = np.radians(angle)
        values = rest + size * (values - rest) + self.habit
        noise = np.radians(self.rng.normal(0, 2.5, len(CHANNELS)))
        noise[: INDEX["bend"]] = 0
        values += noise
        dip = 0.015 + size * key.dip + self.rng.normal(0, 0.004)
        values[INDEX["dip"]] = min(dip, _LOWEST)
        return _within_limits(values)

    def _step(self, key, size, time, gap, begin):
        goals = [
            self._stand(side, (size * o[0], size * o[1], size * o[2]))
            for side, o in ((0, key.left_foot), (1, key.right_foot))
        ]
        moving = [i for i in (0, 1) if np.abs(goals[i] - self.feet[i]).max() > 1e-9]
        # A foot in the air comes down first, and a foot goes up last.
        moving.sort(key=lambda i: goals[i][1] - self.feet[i][1])
        window = (0.2, 0.97)
        if key.jump:
            window = (begin, _JUMP[1])
            start, end = (self.time + share * gap for share in window)
            # A jump is no higher than about gravity allows in its time.
            self.jumps.append((start, end, min(size * key.jump, 0.75 * (end - start) ** 2)))
        for order, i in enumerate(moving):
            first, end = window
            if len(moving) == 2 and not key.jump:
                first, end = ((0.0, 0.52), (0.46, 0.98))[order]
            far = np.hypot(*(goals[i] - self.feet[i])[[0, 2]])
            lift = 0.0 if key.jump else min(0.10, 0.03 + 0.16 * far)
            self.steps[i].append(
                (self.time + first * gap, self.time + end * gap, self.feet[i], goals[i], lift)
            )
            self.feet[i] = goals[i]

    def finish(self, motifs):
        """Return the whole dance."""
        sway = [
            (INDEX[name], amplitude, frequency, self.rng.uniform(0, 2 * np.pi))
            for name, amplitude, frequency in (
                ("x", 0.004, 0.31),
                ("bend", 0.012, 0.27),
                ("side", 0.010, 0.23),
                ("head_yaw", 0.03, 0.19),
                ("left_abduct", 0.012, 0.29),
                ("right_abduct", 0.012, 0.26),
            )
        ]
        groove = self.groove.copy()
        for i in range(1, len(groove)):
            if groove[i] == 0:
                groove[i] = groove[i - 1]
        motion = Motion(
            body=self.body,
            times=np.array(self.times),
            values=np.array(self.values),
            delay=np.array(self.delays),
            feet=tuple(Steps.collect(rows, self.first[i]) for i, rows in enumerate(self.steps)),
            jumps=np.array(self.jumps).reshape(-1, 3),
            beats=self.song.beats,
            groove=groove,
            sway=np.array(sway),
        )
        accents, counts, jitter = map(np.array, (self.accents, self.counts, self.jitter))
        return Dance(self.dancer, motion, accents, counts, jitter, motifs)


def _bounds():
    """Least and most of every channel, less the little that sway adds."""
    low = np.full(len(CHANNELS), -np.inf)
    high = -low
    for index, name in enumerate(CHANNELS):
        limits = LIMITS.get(name) or LIMITS.get(name.split("_")[-1])
        if limits:
            margin = 0.02 if "elbow" not in name else 0.0
            low[index], high[index] = np.radians(limits)
            low[index] += margin
            high[index] -= margin
    return low, high


_LEAST, _MOST = _bounds()


def _within_limits(values):
    """Clip the angles to the range of motion."""
    return np.clip(values, _LEAST, _MOST)
