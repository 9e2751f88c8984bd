"""The dance vocabulary: key poses on the beat, one motif a bar, phrases by section and style.

A motif is a bar of key poses. Each key says where the body is at that beat; the way
there is made by `choreo.synth.motion`. Angles in degrees, lengths in metres, "left" is
the dancer's left. A mirrored motif swaps the sides.
"""

from dataclasses import dataclass, replace

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
}
"""Arm poses by name."""


@dataclass(frozen=True)
class Key:
    """The body at one beat.

    Attributes
    ----------
    at : float
        Beats from the start of the bar.
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


def _there_and_back(first, second):
    """Two keys, then their mirror images: a bar that ends where it began."""
    return (
        first,
        second,
        replace(first.mirrored(), at=first.at + 2),
        replace(second.mirrored(), at=second.at + 2),
    )


_OUT = 0.30

MOTIFS = {
    "sway": _there_and_back(
        Key(0, "low_out", "rest", side=7, hips=(6, 5), weight=0.85, dip=0.03, head=(10, 4)),
        Key(1, "rest", "low_out", side=-7, hips=(-6, -5), weight=0.15, dip=0.03, head=(-10, 4)),
    ),
    "bounce": (
        Key(0, "groove", "groove", bend=10, dip=0.09, head=(0, 14), left_foot=(0.07, 0, 0)),
        Key(1, "groove", "groove", bend=3, side=6, dip=0.04, weight=0.7, left_foot=(0.07, 0, 0)),
        Key(2, "groove", "groove", bend=10, dip=0.09, head=(0, 14), left_foot=(0.07, 0, 0)),
        Key(3, "groove", "groove", bend=3, side=-6, dip=0.04, weight=0.3, left_foot=(0.07, 0, 0)),
    ),
    "step_touch": (
        Key(
            0,
            "side",
            "groove",
            side=-4,
            twist=8,
            weight=0.85,
            dip=0.06,
            left_foot=(0.42, 0, 0),
            head=(14, 0),
        ),
        Key(1, "clap", "clap", bend=6, weight=0.75, dip=0.03, move=(0.42, 0)),
        Key(
            2,
            "groove",
            "side",
            side=4,
            twist=-8,
            weight=0.15,
            dip=0.06,
            right_foot=(-0.42, 0, 0),
            head=(-14, 0),
        ),
        Key(3, "clap", "clap", bend=6, weight=0.25, dip=0.03, move=(-0.42, 0)),
    ),
    "grapevine": (
        Key(0, "side", "side", weight=0.8, dip=0.05, left_foot=(0.36, 0, 0), head=(20, 0)),
        Key(
            1,
            "chest",
            "chest",
            twist=-12,
            weight=0.35,
            dip=0.06,
            left_foot=(0, 0, 0),
            right_foot=(0.12, -0.20, 0),
            move=(0.36, 0),
        ),
        Key(
            2,
            "side",
            "side",
            weight=0.8,
            dip=0.05,
            left_foot=(0.36, 0, 0),
            right_foot=(0.12, -0.20, 0),
            head=(20, 0),
        ),
        Key(3, "high", "high", weight=0.6, dip=0.02, move=(0.36, 0)),
    ),
    "swing": _there_and_back(
        Key(
            0,
            "swing_front",
            "swing_back",
            twist=-14,
            weight=0.2,
            dip=0.05,
            left_foot=(0.02, 0.22, 0),
            head=(6, 2),
        ),
        Key(1, "swing_back", "swing_front", twist=12, weight=0.6, dip=0.03, head=(-6, 2)),
    ),
    "cross": (
        Key(0, "side", "side", weight=0.5, dip=0.03, left_foot=(0.12, 0, 0)),
        Key(1, "across", "across", bend=14, dip=0.10, left_foot=(0.12, 0, 0), head=(0, 10)),
        Key(2, "high", "high", bend=-4, dip=0.02, left_foot=(0.12, 0, 0), head=(0, -12)),
        Key(3, "chest", "chest", bend=4, dip=0.06, left_foot=(0.12, 0, 0)),
    ),
    "march": _there_and_back(
        Key(0, "pump", "swing_back", twist=-10, weight=0.1, dip=0.02, left_foot=(0.02, 0.16, 0.34)),
        Key(1, "groove", "groove", weight=0.5, dip=0.07),
    ),
    "rise": (
        Key(0, "low_out", "low_out", bend=16, dip=0.15, head=(0, 8)),
        Key(1, "side", "low_out", bend=10, dip=0.10, side=4),
        Key(2, "side", "side", bend=4, dip=0.06, side=-4),
        Key(3, "vee", "vee", bend=-6, dip=0.01, head=(0, -14)),
    ),
    "disco": (
        Key(
            0,
            "point",
            "hip",
            side=-9,
            twist=6,
            hips=(8, 8),
            weight=0.8,
            dip=0.04,
            left_foot=(0.2, 0, 0),
            head=(24, -10),
        ),
        Key(
            1,
            "across",
            "hip",
            bend=14,
            twist=-14,
            hips=(-8, -6),
            weight=0.2,
            dip=0.11,
            left_foot=(0.2, 0, 0),
            head=(-14, 12),
        ),
        Key(
            2,
            "point",
            "hip",
            side=-9,
            twist=6,
            hips=(8, 8),
            weight=0.8,
            dip=0.04,
            left_foot=(0.2, 0, 0),
            head=(24, -10),
        ),
        Key(
            3,
            "across",
            "hip",
            bend=14,
            twist=-14,
            hips=(-8, -6),
            weight=0.2,
            dip=0.11,
            left_foot=(0.2, 0, 0),
            head=(-14, 12),
        ),
    ),
    "jack": (
        Key(
            0,
            "vee",
            "vee",
            dip=0.08,
            left_foot=(0.22, 0, 0),
            right_foot=(-0.22, 0, 0),
            jump=0.11,
            head=(0, -8),
        ),
        Key(1, "groove", "groove", bend=10, dip=0.13, jump=0.07),
        Key(
            2,
            "vee",
            "vee",
            dip=0.08,
            left_foot=(0.22, 0, 0),
            right_foot=(-0.22, 0, 0),
            jump=0.11,
            head=(0, -8),
        ),
        Key(3, "chest", "chest", bend=8, dip=0.12, jump=0.07),
    ),
    "lunge": _there_and_back(
        Key(
            0,
            "push",
            "hip",
            bend=8,
            side=8,
            twist=10,
            weight=0.85,
            dip=0.16,
            left_foot=(_OUT, 0.1, 0),
            head=(18, 0),
        ),
        Key(1, "vee", "vee", bend=-3, weight=0.5, dip=0.02, head=(0, -8)),
    ),
    "kick": _there_and_back(
        Key(
            0,
            "swing_back",
            "push",
            bend=-4,
            twist=10,
            weight=0.08,
            dip=0.05,
            left_foot=(0.04, 0.42, 0.36),
        ),
        Key(1, "side", "side", weight=0.55, dip=0.09, bend=6),
    ),
    "shuffle": (
        Key(0, "pump", "back", bend=8, weight=0.75, dip=0.08, left_foot=(0.26, 0.05, 0)),
        Key(1, "back", "pump", bend=8, weight=0.6, dip=0.05, move=(0.26, 0)),
        Key(2, "pump", "back", bend=8, weight=0.75, dip=0.08, left_foot=(0.26, 0.05, 0)),
        Key(3, "wave", "wave", bend=0, weight=0.6, dip=0.03, move=(0.26, 0)),
    ),
    "robot": (
        Key(0, "goal", "hang", twist=10, head=(25, 0), dip=0.04),
        Key(2, "hang", "goal", twist=-10, head=(-25, 0), dip=0.04),
    ),
    "ripple": (
        Key(0, "wave", "low_out", side=-8, weight=0.7, hips=(0, 6), dip=0.04, head=(16, -4)),
        Key(2, "low_out", "wave", side=8, weight=0.3, hips=(0, -6), dip=0.04, head=(-16, -4)),
    ),
    "reach": (
        Key(0, "high", "rest", side=-8, twist=8, weight=0.75, dip=0.03, head=(14, -14)),
        Key(2, "chest", "chest", bend=12, dip=0.10, head=(0, 14)),
    ),
    "spin": (
        Key(0, "chest", "swing_back", twist=-14, bend=4, weight=0.4, dip=0.10, head=(16, 0)),
        Key(1, "groove", "groove", dip=0.06, turn=180, jump=0.07),
        Key(2, "low_out", "low_out", dip=0.08, turn=180, jump=0.07),
        Key(3, "point", "hip", side=-8, hips=(0, 6), weight=0.75, dip=0.03, head=(20, -8)),
    ),
    "gather": (
        Key(0, "rest", "rest", bend=6, dip=0.05, head=(0, 6)),
        Key(1, "across", "across", bend=18, dip=0.12, head=(0, 12)),
        Key(2, "groove", "groove", bend=12, dip=0.14, head=(0, 6)),
        Key(3, "wave", "wave", bend=0, dip=0.04, head=(0, -6)),
    ),
    "finish": (
        Key(0, "vee", "vee", bend=-5, dip=0.02, head=(0, -14)),
        Key(2, "chest", "chest", bend=10, dip=0.06, head=(0, 12)),
        Key(3, "hip", "point", side=6, weight=0.3, hips=(0, -6), dip=0.02, head=(-18, -8)),
    ),
}
"""Motifs by name: a bar of keys each, danced to the left."""

PHRASES = {
    "intro": {"house": ("sway", "bounce"), "funk": ("bounce", "sway"), None: ("sway", "sway")},
    "verse": {
        "house": ("step_touch", "step_touch", "grapevine", "grapevine"),
        "hiphop": ("bounce", "swing", "cross", "swing"),
        "funk": ("swing", "step_touch", "swing", "cross"),
        "tropical": ("step_touch", "sway", "step_touch", "cross"),
        "electro": ("swing", "swing", "cross", "cross"),
        "disco": ("grapevine", "grapevine", "step_touch", "step_touch"),
    },
    "build": {None: ("march", "rise")},
    "chorus": {
        "house": ("jack", "lunge", "jack", "lunge"),
        "hiphop": ("lunge", "shuffle", "shuffle", "kick"),
        "funk": ("kick", "disco", "kick", "lunge"),
        "tropical": ("shuffle", "shuffle", "disco", "lunge"),
        "electro": ("jack", "kick", "jack", "shuffle"),
        "disco": ("disco", "disco", "kick", "jack"),
    },
    "break": {
        "electro": ("robot", "robot"),
        "hiphop": ("robot", "ripple"),
        "house": ("ripple", "reach"),
        None: ("reach", "ripple"),
    },
    "outro": {None: ("sway", "gather")},
}
"""Motifs of a section's bars by its kind and the song's style (None: any other style)."""

TURNAROUND = {"verse": "spin", "chorus": "spin", "intro": "gather", "break": "gather"}
"""What the last bar of a section is danced to, where the drums play a fill."""


def phrase(kind, style):
    """Motif names for the bars of a section, in order, repeated as long as it lasts."""
    by_style = PHRASES[kind]
    return by_style.get(style) or by_style[None]


def pool(kind):
    """All motifs that are danced in sections of this kind, in a fixed order."""
    return sorted({motif for phrases in PHRASES[kind].values() for motif in phrases})
