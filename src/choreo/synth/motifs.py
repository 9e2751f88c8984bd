"""The dance vocabulary: motifs of key poses, on the beat and between beats.

A motif is a row of key poses over one bar, two or four. Each key says where the body is at
that count; the way there is made by `choreo.synth.motion`. Angles in degrees, lengths in
metres, "left" is the dancer's left. A mirrored motif swaps the sides. What the motifs are is
text, a module a group, in `choreo.synth.vocabulary`, which also says how it is written; which
of them is danced when is for `choreo.synth.grammar` to choose.
"""

import itertools
from dataclasses import dataclass, replace

from choreo.synth.vocabulary import accents, combinations, grooves, levels, poses, steps, turns

ARMS = {
    # flexion (forwards), abduction (sideways), rotation (outwards), elbow
    "rest": (4, 11, 0, 18),
    "groove": (24, 20, -18, 82),
    "swing_front": (48, 8, -5, 40),
    "swing_back": (-30, 14, 0, 22),
    "low_out": (6, 46, 10, 16),
    "side": (6, 86, 15, 14),
    "wave": (6, 98, 60, 62),
    "high": (24, 142, 25, 22),
    "vee": (16, 150, 25, 10),
    "front": (84, 6, 0, 14),
    "push": (80, 22, -5, 30),
    "hip": (-16, 44, -60, 96),
    "chest": (50, 18, -52, 108),
    "clap": (62, 4, -30, 50),
    "point": (28, 132, 20, 6),
    "across": (44, -14, -12, 24),
    "goal": (8, 84, 80, 92),
    "hang": (8, 84, -72, 90),
    "head": (20, 112, 62, 128),
    "pump": (52, 22, -8, 92),
    "back": (-40, 16, 0, 14),
    "up": (150, 30, 0, 8),
    "box": (82, 10, -20, 88),
    "guard": (40, 22, -20, 128),
    "punch": (88, 4, 0, 6),
    "lasso": (40, 128, 50, 78),
    "shoulder": (24, 62, 20, 140),
    "wing": (10, 66, -62, 112),
    "clap_up": (120, 60, -10, 58),
    "knee": (40, 12, 0, 22),
    "floor": (58, 10, 0, 8),
}
"""Arm poses by name."""


@dataclass(frozen=True)
class Key:
    """The body at one count.

    Attributes
    ----------
    at : float
        Counts from the start of the motif, four to a bar.
    left, right : str
        Arm poses.
    bend, side, twist : float
        Chest forwards, to the left, turned to the left.
    head : (float, float)
        Turned to the left, nodded down.
    hips : (float, float)
        Turned to the left, dropped to the left.
    dip : float
        How much lower than upright the pelvis is.
    weight : float
        Share of the weight on the left foot.
    left_foot, right_foot : (float, float, float)
        Sideways to the dancer's left, forwards, up; from the foot's place under the hip.
    move : (float, float)
        How far the place to stand moves: to the dancer's left, forwards.
    turn : float
        How far the dancer turns to the left.
    jump : float
        Height of the jump that lands on this key.
    """

    at: float
    left: str = "rest"
    right: str = "rest"
    bend: float = 3
    side: float = 0
    twist: float = 0
    head: tuple = (0, 0)
    hips: tuple = (0, 0)
    dip: float = 0.02
    weight: float = 0.5
    left_foot: tuple = (0, 0, 0)
    right_foot: tuple = (0, 0, 0)
    move: tuple = (0, 0)
    turn: float = 0
    jump: float = 0

    def mirrored(self):
        """Return the same key with left and right swapped."""

        def flip(foot):
            return (-foot[0], foot[1], foot[2])

        return replace(
            self,
            left=self.right,
            right=self.left,
            side=-self.side,
            twist=-self.twist,
            head=(-self.head[0], self.head[1]),
            hips=(-self.hips[0], -self.hips[1]),
            weight=1 - self.weight,
            left_foot=flip(self.right_foot),
            right_foot=flip(self.left_foot),
            move=(-self.move[0], self.move[1]),
            turn=-self.turn,
        )


BAR = 4
"""Counts in a bar."""


@dataclass(frozen=True)
class Motif:
    """A movement that a dancer knows.

    Attributes
    ----------
    name : str
    group : str
        The module of `choreo.synth.vocabulary` that it is from.
    bars : int
    energy : (float, float)
        Range of loudness that it suits, 0 to 1.
    feel : str
        ``smooth``, ``bouncy`` or ``sharp``.
    keys : tuple of Key
    """

    name: str
    group: str
    bars: int
    energy: tuple
    feel: str
    keys: tuple

    @property
    def shortest(self):
        """Fewest counts from one key to the next, from the last to the end of it included."""
        times = [key.at for key in self.keys] + [BAR * self.bars]
        return min(b - a for a, b in itertools.pairwise(times))

    @property
    def turning(self):
        """Most counts in which half a turn is made; 0 without one."""
        times = [key.at for key in self.keys]
        gaps = [b - a for a, b, key in zip(times, times[1:], self.keys[1:]) if abs(key.turn) > 90]
        return max(gaps, default=0.0)

    def mirrored(self):
        """Return the same motif with left and right swapped."""
        return replace(self, keys=tuple(key.mirrored() for key in self.keys))

    def with_arms(self, other):
        """Return the same motif with the arms of another, count by count, round and round."""
        span = BAR * other.bars

        def arms(key):
            there = [one for one in other.keys if one.at <= key.at % span] or other.keys[-1:]
            return replace(key, left=there[-1].left, right=there[-1].right)

        return replace(self, name=f"{self.name}+{other.name}", keys=tuple(map(arms, self.keys)))


_FIELDS = {
    "A": ("left", "right"),
    "L": ("left",),
    "R": ("right",),
    "b": ("bend",),
    "s": ("side",),
    "t": ("twist",),
    "h": ("head",),
    "p": ("hips",),
    "d": ("dip",),
    "w": ("weight",),
    "l": ("left_foot",),
    "r": ("right_foot",),
    "m": ("move",),
    "T": ("turn",),
    "j": ("jump",),
}


def _key(line):
    at, *words = line.split()
    values = {}
    for word in words:
        letter, text = word.split("=")
        for name in _FIELDS[letter]:
            values[name] = text if letter in "ALR" else _numbers(text, name)
    return Key(float(at), **values)


def _numbers(text, name):
    numbers = tuple(float(number) for number in text.split(","))
    if name.endswith("foot"):
        return (*numbers, 0.0, 0.0)[:3]
    return numbers if len(numbers) > 1 else numbers[0]


def _again(keys, span, turn_over):
    return [replace(key.mirrored() if turn_over else key, at=key.at + span / 2) for key in keys]


def read_motifs(text, group):
    """Motifs by name, in the order of a text as `choreo.synth.vocabulary` describes it."""
    found = {}
    for block in text.strip().split("\n\n"):
        head, *lines = block.strip().splitlines()
        name, bars, energy, feel = (part.strip() for part in head.split("|"))
        keys = []
        for line in lines:
            if line in ("mirror", "again"):
                keys += _again(keys, BAR * int(bars), line == "mirror")
            else:
                keys.append(_key(line))
        low, high = (float(end) for end in energy.split("-"))
        found[name] = Motif(name, group, int(bars), (low, high), feel, tuple(keys))
    return found


def _combined(motifs):
    """Motifs of `choreo.synth.vocabulary.combinations`: others in a row, a bar or more each."""
    found = {}
    for line in combinations.TEXT.strip().splitlines():
        name, parts = line.split(":")
        keys, bars, members = [], 0, []
        for part in parts.split():
            motif = motifs[part.strip("~")]
            members.append(motif)
            shown = motif.mirrored() if part.endswith("~") else motif
            keys += [replace(key, at=key.at + BAR * bars) for key in shown.keys]
            bars += motif.bars
        low, high = (sum(m.energy[i] for m in members) / len(members) for i in (0, 1))
        found[name] = Motif(name, "combinations", bars, (low, high), members[0].feel, tuple(keys))
    return found


def _all():
    found = {}
    for group in (grooves, steps, accents, levels, turns, poses):
        found |= read_motifs(group.TEXT, group.__name__.rpartition(".")[2])
    return found | _combined(found)


MOTIFS = _all()
"""Motifs by name, danced to the left."""
